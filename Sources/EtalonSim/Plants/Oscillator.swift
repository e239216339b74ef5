import EtalonMetrology

/// A steered oscillator: white, flicker and random-walk noise of its frequency, ageing, temperature, and the steer.
///
/// ```
/// y(t) = y₀ + d t + flicker + walk + c (T − T₀) + steer + white      fractional frequency
/// x(t) = ∫ y dt                                                       what it reads too much
/// ```
/// White noise and random walk of the frequency advance exactly over any time (C. Zucca and P. Tavella, IEEE Trans. UFFC 52
/// (2005) 289). Flicker is a sum of Ornstein-Uhlenbeck processes whose time constants rise by the factor 4 and which all have
/// the variance of the flicker floor: their spectra add to h₋₁/f with h₋₁ = s²/ln 4, and the Allan variance of h₋₁/f is
/// 2 ln 2 h₋₁ = s² (NIST SP 1065, table 4). It holds from 1 s to 3 days.
public struct Oscillator: Sendable {
  /// What an oscillator is like.
  public struct Parameters: Sendable, Equatable {
    /// Allan deviation at 1 s of the white noise of the frequency.
    public var whiteFrequency = 3e-10
    /// Allan deviation of the flicker of the frequency.
    public var flickerFloor = 0.0
    /// Random walk of the frequency in one second, s^−½.
    public var randomWalkFrequency = 1e-14
    /// Frequency at the start.
    public var frequency = Prior.normal(mean: 0, standardDeviation: 5e-10)
    /// Ageing in 1/s.
    public var ageingPerSecond = Prior.normal(mean: 0, standardDeviation: 1e-15)
    /// Change of the frequency with temperature, 1/K.
    public var perKelvin = Prior.fixed(0)
    /// Swing of the temperature about its middle, kelvin, and its period.
    public var temperatureSwingKelvin = 0.0
    /// Period of the temperature's swing in seconds.
    public var temperaturePeriodSeconds = 86_400.0

    /// A chip-scale atomic clock: 3e-10/√τ.
    public init() {}
  }

  private static let flickerStates = 10

  /// What it is like.
  public let parameters: Parameters
  /// What it reads beyond true time, seconds.
  public private(set) var phaseSeconds = 0.0
  /// Seconds since the start.
  public private(set) var elapsedSeconds = 0.0
  /// Steer in force, relative frequency.
  public private(set) var steer = 0.0
  /// Ageing of this one, 1/s.
  public let ageingPerSecond: Double
  private let perKelvin: Double
  private var walk: Double
  private var flicker: [Double]
  private var random: RandomStream

  /// - Parameter random: decides frequency, ageing and all noise.
  public init(_ parameters: Parameters, random: RandomStream) {
    var random = random
    self.parameters = parameters
    walk = parameters.frequency.draw(using: &random)
    ageingPerSecond = parameters.ageingPerSecond.draw(using: &random)
    perKelvin = parameters.perKelvin.draw(using: &random)
    flicker = (0..<Self.flickerStates).map { _ in parameters.flickerFloor * random.normal() }
    self.random = random
  }

  /// Frequency at present without its white noise, steer included.
  public var frequency: Double {
    walk + ageingPerSecond * elapsedSeconds + flicker.reduce(0, +) + perKelvin * temperatureKelvin(elapsedSeconds)
      + steer
  }

  /// Temperature at present beyond its middle, kelvin.
  public var temperatureKelvin: Double { temperatureKelvin(elapsedSeconds) }

  private func temperatureKelvin(_ seconds: Double) -> Double {
    guard parameters.temperatureSwingKelvin != 0 else { return 0 }
    return parameters.temperatureSwingKelvin
      * Elementary.sin(2 * .pi * seconds / parameters.temperaturePeriodSeconds)
  }

  /// Lets `seconds` pass.
  public mutating func advance(seconds: Double) {
    guard seconds > 0 else { return }
    let root = seconds.squareRoot()
    let flickerBefore = flicker.reduce(0, +)
    if parameters.flickerFloor > 0 {
      var time = 1.0
      for index in flicker.indices {
        let keep = Elementary.exp(-seconds / time)
        flicker[index] =
          keep * flicker[index] + parameters.flickerFloor * (1 - keep * keep).squareRoot() * random.normal()
        time *= 4
      }
    }
    let middle = elapsedSeconds + seconds / 2
    let step = parameters.randomWalkFrequency * random.normal()
    var x = (walk + steer + ageingPerSecond * middle + perKelvin * temperatureKelvin(middle)) * seconds
    x += (flickerBefore + flicker.reduce(0, +)) / 2 * seconds
    x += parameters.whiteFrequency * root * random.normal()
    // The integral of the walk, given its end: half of it and what is left, τ³/12.
    x += seconds * root * (step / 2 + parameters.randomWalkFrequency * random.normal() / 12.0.squareRoot())
    walk += step * root
    phaseSeconds += x
    elapsedSeconds += seconds
  }

  /// Changes the steer from now on.
  public mutating func setSteer(_ value: Double) { steer = value }

  /// Folds the steer into the frequency that it has of itself.
  public mutating func latchSteer() {
    walk += steer
    steer = 0
  }

  /// Sets the phase, as a synchronisation does.
  public mutating func setPhase(seconds: Double) { phaseSeconds = seconds }
}
