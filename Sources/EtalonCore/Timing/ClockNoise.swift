/// How an oscillator, or the difference of two, wanders: the levels of a clock model driven by independent Wiener processes.
///
/// ```
/// dx = y dt + σ₁ dW₁      phase time x in s
/// dy = d dt + σ₂ dW₂      fractional frequency y
/// dd = σ₃ dW₃             ageing d in 1/s
/// ```
/// L. Galleani, L. Sacerdote, P. Tavella and C. Zucca, "A mathematical model for the atomic clock error", Metrologia 40
/// (2003) S257; C. Zucca and P. Tavella, "The clock model and its relationship with the Allan and related variances", IEEE
/// Trans. UFFC 52 (2005) 289. The Allan variance of such a clock with a constant ageing d is σ₁²/τ + σ₂²τ/3 + d²τ²/2.
///
/// The levels of two clocks that are compared with each other add as variances. Flicker of the frequency has no finite state
/// model; declare a σ₂ whose σ₂ √(τ/3) reaches the flicker floor at the longest time over which the clock is predicted.
@frozen public struct ClockNoise: Sendable, Equatable {
  /// σ₁ in s^½: the Allan deviation at 1 s that white noise of the frequency gives; 0 or more.
  public var whiteFrequency: Double
  /// σ₂ in s^−½: random walk of the frequency; 0 or more.
  public var randomWalkFrequency: Double
  /// σ₃ in s^−3⁄2: random walk of the ageing; 0 or more.
  public var ageingWalk: Double

  /// Levels from their values.
  public init(whiteFrequency: Double, randomWalkFrequency: Double, ageingWalk: Double = 0) {
    self.whiteFrequency = whiteFrequency
    self.randomWalkFrequency = randomWalkFrequency
    self.ageingWalk = ageingWalk
  }

  /// The levels of the difference of two independent clocks.
  public func combined(with other: ClockNoise) -> ClockNoise {
    func sum(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
    return ClockNoise(
      whiteFrequency: sum(whiteFrequency, other.whiteFrequency),
      randomWalkFrequency: sum(randomWalkFrequency, other.randomWalkFrequency),
      ageingWalk: sum(ageingWalk, other.ageingWalk))
  }

  /// Allan deviation at an averaging time, with a constant ageing and without σ₃ (which has no Allan variance).
  public func allanDeviation(tauSeconds tau: Double, ageingPerSecond ageing: Double = 0) -> Double {
    let white = whiteFrequency * whiteFrequency / tau
    let walk = randomWalkFrequency * randomWalkFrequency * tau / 3
    return (white + walk + ageing * ageing * tau * tau / 2).squareRoot()
  }

  var isValid: Bool {
    whiteFrequency >= 0 && whiteFrequency.isFinite && randomWalkFrequency >= 0 && randomWalkFrequency.isFinite
      && ageingWalk >= 0 && ageingWalk.isFinite
  }
}
