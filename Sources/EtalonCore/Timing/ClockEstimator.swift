import EtalonMetrology

/// The estimator of an oscillator in double precision.
public typealias ClockEstimator = ClockFilter<Double>

/// What became of a measured phase.
@frozen public enum ClockOutcome: Sendable, Equatable {
  /// It was learnt from.
  case updated
  /// It is further from the expected phase than the gate allows, and was not learnt from.
  case outlier
  /// The last `stepAfter` phases were outside the gate and agree with each other: the phase has stepped by so many
  /// nanoseconds, and is learnt anew from this one on. Frequency and ageing keep what they know.
  case stepped(nanoseconds: Int64)
  /// The phase jumped by exactly so many seconds, as was announced; it was learnt from.
  case leapSecond(Int64)
  /// The phase jumped by exactly so many seconds, and nobody announced it; it was not learnt from. One of the two clocks
  /// counts its seconds wrongly.
  case wholeSecond(Int64)
  /// A leap second was announced for this second or one before, and the phase did not jump. It was learnt from.
  case leapSecondAbsent
  /// The stamps have not left their place within one coarse step since the phase that was learnt from last: it tells
  /// nothing new, and was only compared with what was expected.
  case withinStep
  /// Not later than the phase before.
  case refused
}

/// Estimates phase, frequency and ageing of an oscillator against a reference from phases measured once a second.
///
/// State (x, y, d) after the clock model of `ClockNoise`. Over τ whole seconds
/// ```
///     | 1 τ τ²/2 |       | σ₁²τ + σ₂²τ³/3 + σ₃²τ⁵/20   σ₂²τ²/2 + σ₃²τ⁴/8   σ₃²τ³/6 |
/// Φ = | 0 1 τ    |   Q = | …                           σ₂²τ + σ₃²τ³/3      σ₃²τ²/2 |
///     | 0 0 1    |       | …                           …                   σ₃²τ    |
/// ```
/// exact for every τ (Zucca and Tavella 2005, section II), so that missing pulses cost one prediction over the gap. Q is the
/// sum of three terms of rank one: σ₃²τ vvᵀ with v = (τ²/6, τ/2, 1), (σ₂²τ + σ₃²τ³/12) wwᵀ with w = (τ/2, 1, 0), and
/// σ₁²τ + σ₂²τ³/12 + σ₃²τ⁵/720 in the phase alone. The covariance is held as UD factors.
///
/// **Resolution.** The error of rounding to steps of q is a sawtooth of the phase. Two readings whose places in their steps
/// differ by f q have errors of the correlation r(f) = Σ 6/(πk)² cos 2πkf (the Fourier series of 1 − 6f + 6f²), shrunk by
/// exp(−2π²k²s²/q²) where the movement between them is only known to s; r is 0 at f = 0.21. So:
/// - where jitter of half a step or more dithers the stamps, what it leaves of the error (`QuantisationError`) is a consider
///   parameter, which no number of pulses averages away, renewed when r has fallen to 0;
/// - where jitter is less, readings within one step have the same value whatever the clock does, and a frequency learnt from
///   them would be 0 with a small uncertainty. A phase is then learnt from only when r has fallen to 0 since the last one.
///
/// **The reference's own errors** (where its mark is, its frequency) are not states: they are added to what is told.
///
/// **Precision.** The phase is a whole number of nanoseconds and a rest; the three means are kept in double precision,
/// covariance and gain in `Scalar`. The unit is the nanosecond, so that single precision holds the squares.
public struct ClockFilter<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  @usableFromInline typealias Factors = ConsiderFactors<3, 1, Scalar>
  @usableFromInline typealias State = InlineArray<3, Scalar>

  /// An estimate with its standard uncertainty.
  @frozen public struct Estimate: Sendable, Equatable {
    /// Best estimate.
    public var value: Double
    /// Standard uncertainty, systematic parts included.
    public var standardUncertainty: Double
    /// The part of it that is rectangular (resolution), as a standard uncertainty, for each of `rectangles` equal parts.
    public var rectangular: Double
    /// How many rectangular parts there are, 0...2.
    public var rectangles: Int

    /// Half the width of the interval that holds the value with a probability, for example 0.95.
    ///
    /// Normal and rectangular parts are convolved, since a factor of 1.96 covers too much where the resolution dominates.
    public func expandedUncertainty(holding probability: Double = 0.95) throws(DistributionFault) -> Double {
      let variance = standardUncertainty * standardUncertainty - Double(rectangles) * rectangular * rectangular
      let halfWidth = rectangular * 3.0.squareRoot()
      let sum = try NormalRectangularSum(
        normal: max(0, variance).squareRoot(),
        halfWidths: [rectangles > 0 ? halfWidth : 0, rectangles > 1 ? halfWidth : 0, 0, 0])
      return try sum.halfWidth(holding: probability)
    }
  }

  /// The declarations in force.
  public let configuration: ClockConfiguration
  /// Number of phases that were learnt from.
  public private(set) var updates = 0
  /// Number of phases outside the gate.
  public private(set) var outliers = 0
  /// Number of phases that jumped by whole seconds without announcement.
  public private(set) var wholeSeconds = 0
  /// The latest innovation, nanoseconds, and its variance and the part of it that is systematic; nil before the second phase.
  public private(set) var innovation: CalibrationInnovation?
  /// The second of the state; nil before the first phase.
  public private(set) var second: Int64?
  /// The second of the latest phase within the gate.
  public private(set) var lastUpdate: Int64?
  /// What was announced last and did not happen yet.
  public private(set) var announcement: LeapSecond?

  @usableFromInline var factors: Factors
  /// Whole nanoseconds of the phase; the rest is `fraction`.
  @usableFromInline var anchor: Int64 = 0
  @usableFromInline var fraction = 0.0
  /// Frequency in ns/s and ageing in ns/s².
  @usableFromInline var frequencyMean: Double
  @usableFromInline var ageingMean: Double
  @usableFromInline let variancePerPhase: Scalar
  /// Standard deviation of the rounding error that jitter leaves at one place; 0 where only moved stamps are learnt from.
  @usableFromInline let quantisation: Scalar
  /// Whether a phase is learnt from only when the stamps have moved.
  private let learnsMovedOnly: Bool
  /// Where the stamps were when the error of their resolution was renewed, and in which second.
  private var place: Double?
  private var placeSecond: Int64 = 0
  /// Standard deviation in the phase of the largest single rounding error of one stamp.
  private var rounding = 0.0
  private var strayPhase: Int64 = 0
  private var strays = 0

  /// Variance of a phase that nothing is known about, ns²: one second.
  @usableFromInline static var unknownVariance: Scalar { 1e18 }

  /// - Throws: the first declaration that makes no sense.
  public init(_ configuration: ClockConfiguration) throws(ClockFault) {
    if let fault = configuration.fault { throw fault }
    self.configuration = configuration
    frequencyMean = configuration.frequency.value * 1e9
    ageingMean = configuration.ageing.value * 1e9
    let yu = configuration.frequency.standardUncertainty * 1e9
    let du = configuration.ageing.standardUncertainty * 1e9
    factors = Factors(
      variances: [Self.unknownVariance, Scalar(yu * yu), Scalar(du * du)], count: 3, considerCount: 1)
    let stamps = Double(configuration.stampsPerPhase)
    let noise = configuration.pulseNoiseNanoseconds
    let error = QuantisationError(
      step: configuration.resolutionNanoseconds,
      process: CorrelatedNoise(standardDeviation: 0, correlationTimeSeconds: 0),
      noise: CorrelatedNoise(standardDeviation: noise / stamps.squareRoot(), correlationTimeSeconds: 0), count: 1,
      periodSeconds: 1)
    // A slope error of 2 %: jitter of 0.47 steps.
    learnsMovedOnly = error.slope > 0.02
    let step = configuration.resolutionNanoseconds
    variancePerPhase = Scalar(
      noise * noise + stamps * (learnsMovedOnly ? step * step / 12 : error.varianceOfMean))
    quantisation = learnsMovedOnly ? 0 : Scalar(stamps.squareRoot() * error.offset)
  }

  // MARK: Time

  /// Lets the state go on to a second; one that lies before changes nothing.
  public mutating func predict(to target: Int64) {
    guard let second, target > second else { return }
    self.second = target
    let tau = Double(target - second)
    fraction += tau * (frequencyMean + tau / 2 * ageingMean)
    frequencyMean += tau * ageingMean
    recentre()
    let t = Scalar(tau)
    factors.couple(0, to: 1, factor: t)
    factors.couple(0, to: 2, factor: t * t / 2)
    factors.couple(1, to: 2, factor: t)
    let levels = configuration.noise
    let s1 = levels.whiteFrequency * 1e9
    let s2 = levels.randomWalkFrequency * 1e9
    let s3 = levels.ageingWalk * 1e9
    factors.add([t * t / 6, t / 2, 1], weight: Scalar(s3 * s3 * tau))
    factors.add([t / 2, 1, 0], weight: Scalar(s2 * s2 * tau + s3 * s3 * tau * tau * tau / 12))
    factors.addNoise(
      variance: Scalar(
        s1 * s1 * tau + s2 * s2 * tau * tau * tau / 12 + s3 * s3 * tau * tau * tau * tau * tau / 720), to: 0)
  }

  private mutating func recentre() {
    let whole = fraction.rounded()
    guard whole != 0, whole.magnitude < 9e18 else { return }
    anchor &+= Int64(whole)
    fraction -= whole
  }

  // MARK: Measurements

  /// Says that one of the clocks will jump by a whole second; see `LeapSecond`.
  public mutating func announce(_ leap: LeapSecond) { announcement = leap }

  /// Takes a measured phase: reading of the oscillator minus that of the reference at the reference's mark.
  /// - Parameters:
  ///   - second: number of the reference's mark, counting on without gaps or leaps.
  ///   - stampPlace: where the stamps lie against the seconds of their own counter, nanoseconds; tells when they move on from
  ///     one step to the next. nil takes the phase.
  public mutating func take(
    phaseNanoseconds phase: Int64, atSecond target: Int64, stampPlace: Int64? = nil
  ) -> ClockOutcome {
    guard let second else {
      self.second = target
      anchor = phase
      fraction = 0
      _ = move(stampPlace)
      _ = learn(innovation: 0)
      return finish(.updated, target)
    }
    guard target > second || (target == second && lastUpdate != target) else { return .refused }
    predict(to: target)
    let difference = Double(phase &- anchor) - fraction
    let variance = expectedVariance
    let limit = configuration.gate * variance.squareRoot()
    if difference.magnitude <= limit {
      var outcome = ClockOutcome.updated
      let hasMoved = move(stampPlace)
      if let announcement, target > announcement.afterSecond {
        self.announcement = nil
        outcome = .leapSecondAbsent
      }
      if learnsMovedOnly, !hasMoved {
        lastUpdate = target
        strays = 0
        return outcome == .updated ? .withinStep : outcome
      }
      _ = learn(innovation: difference)
      return finish(outcome, target)
    }
    let seconds = (difference / 1e9).rounded()
    if seconds != 0, limit < 2.5e8, (difference - seconds * 1e9).magnitude <= limit {
      let jump = Int64(seconds)
      if let announcement, target > announcement.afterSecond, announcement.jump == jump {
        self.announcement = nil
        anchor &+= jump * 1_000_000_000
        place = nil
        _ = move(stampPlace)
        _ = learn(innovation: difference - seconds * 1e9)
        return finish(.leapSecond(jump), target)
      }
      wholeSeconds += 1
      return .wholeSecond(jump)
    }
    return stray(phase, difference: difference, limit: limit, at: target)
  }

  private mutating func stray(_ phase: Int64, difference: Double, limit: Double, at target: Int64) -> ClockOutcome {
    outliers += 1
    // Successive strays agree when they differ by what the frequency and the noise allow.
    let agree = strays > 0 && Double(phase &- strayPhase).magnitude <= 2 * limit + frequencyMean.magnitude
    strays = agree ? strays + 1 : 1
    strayPhase = phase
    guard strays >= configuration.stepAfter else { return .outlier }
    strays = 0
    let step = Int64(difference.rounded())
    anchor = phase
    fraction = 0
    place = nil
    factors.propagate(0, factor: 0, noiseVariance: Self.unknownVariance)
    _ = move(nil)
    _ = learn(innovation: 0)
    lastUpdate = target
    updates += 1
    return .stepped(nanoseconds: step)
  }

  private mutating func finish(_ outcome: ClockOutcome, _ target: Int64) -> ClockOutcome {
    updates += 1
    lastUpdate = target
    strays = 0
    return outcome
  }

  /// Whether the stamps have moved to another place in their step, so that their rounding error has nothing to do with that
  /// of the phase that was learnt from last; its consider parameter is then renewed.
  private mutating func move(_ stampPlace: Int64?) -> Bool {
    let step = configuration.resolutionNanoseconds
    guard step > 0, let second else { return true }
    let now = stampPlace.map(Double.init) ?? Double(anchor) + fraction
    if let place {
      let way = (now - place) / step
      if stampPlace != nil {
        // A measured place moves by whole steps, and one step may be the noise of one place.
        guard way.magnitude >= 1.5 else { return false }
      } else {
        let tau = Double(second - placeSecond)
        let white = configuration.noise.whiteFrequency * 1e9
        let spread = tau * tau * Double(factors.covariance(1, 1)) + tau * white * white
        guard Self.roundingCorrelation(steps: way, variance: spread / (step * step)) < 0.02 else { return false }
      }
    }
    place = now
    placeSecond = second
    if quantisation > 0 { factors.renewConsider(0) }
    return true
  }

  /// Correlation of two rounding errors whose places differ by so many steps, known to a variance in steps².
  static func roundingCorrelation(steps: Double, variance: Double) -> Double {
    let pi = Double.pi
    let way = steps - steps.rounded()
    var sum = 0.0
    for k in 1...4 {
      let square = Double(k * k)
      sum +=
        6 / (pi * pi * square) * Elementary.cos(2 * pi * Double(k) * way)
        * Elementary.exp(-2 * pi * pi * square * variance)
    }
    return sum
  }

  private mutating func learn(innovation value: Double) -> Bool {
    guard
      let update = factors.update(
        [1, 0, 0], consider: [quantisation], noiseVariance: variancePerPhase, learning: 3)
    else { return false }
    let gain = Double(update.gain[0])
    if learnsMovedOnly {
      let fresh = gain * configuration.resolutionNanoseconds / 12.0.squareRoot()
      rounding = max(rounding * (1 - gain), fresh)
    } else {
      rounding = Double(factors.sensitivity[0][0]).magnitude / Double(configuration.stampsPerPhase).squareRoot()
    }
    fraction += gain * value
    frequencyMean += Double(update.gain[1]) * value
    ageingMean += Double(update.gain[2]) * value
    recentre()
    if updates > 0 {
      innovation = CalibrationInnovation(
        value: value, variance: Double(update.innovationVariance), systematicVariance: Double(update.systematicVariance)
      )
    }
    return true
  }

  private var expectedVariance: Double {
    Double(factors.variance(along: [1, 0, 0], consider: [quantisation])) + Double(variancePerPhase)
  }

  /// The oscillator's frequency was changed on purpose, for example by a steering command.
  /// - Parameters:
  ///   - change: of the fractional frequency.
  ///   - seconds: when, counted from the second of the state; may be fractional.
  public mutating func adjustFrequency(by change: Double, secondsLater seconds: Double = 0) {
    // x(t) = x₀ + (y₀ + Δ)(t − t₀) − Δ (t_s − t₀) for every t after the change at t_s.
    frequencyMean += change * 1e9
    fraction -= change * 1e9 * seconds
    recentre()
  }

  /// The phase was set on purpose (a synchronisation): by how much is not known, so that it is learnt anew.
  public mutating func forgetPhase() {
    factors.propagate(0, factor: 0, noiseVariance: Self.unknownVariance)
    place = nil
  }

  /// The oscillator is not the one that was declared, or not as it was: frequency and ageing go back to their priors'
  /// uncertainty, with their present values.
  public mutating func forgetFrequency() {
    let yu = configuration.frequency.standardUncertainty * 1e9
    let du = configuration.ageing.standardUncertainty * 1e9
    factors.addNoise(variance: Scalar(yu * yu), to: 1)
    factors.addNoise(variance: Scalar(du * du), to: 2)
  }

  // MARK: Results

  /// Whole nanoseconds of the phase; `phase.value` counts from here.
  public var phaseAnchorNanoseconds: Int64 { anchor }

  /// Phase in nanoseconds beyond `phaseAnchorNanoseconds`.
  public var phase: Estimate {
    let reference = configuration.referencePhaseNanoseconds
    return Estimate(
      value: fraction, standardUncertainty: (Double(factors.covariance(0, 0)) + reference * reference).squareRoot(),
      rectangular: rounding, rectangles: rounding > 0 ? configuration.stampsPerPhase : 0)
  }

  /// Phase in nanoseconds; a phase of many seconds loses digits below 1e-16 of it.
  public var phaseNanoseconds: Double { Double(anchor) + fraction }

  /// Fractional frequency, steering included.
  public var frequency: Estimate {
    let u = configuration.referenceFrequency
    return Estimate(
      value: frequencyMean * 1e-9,
      standardUncertainty: (Double(factors.covariance(1, 1)) * 1e-18 + u * u).squareRoot(), rectangular: 0,
      rectangles: 0)
  }

  /// Ageing in 1/s.
  public var ageing: Estimate {
    Estimate(
      value: ageingMean * 1e-9, standardUncertainty: Double(factors.covariance(2, 2)).squareRoot() * 1e-9,
      rectangular: 0, rectangles: 0)
  }

  /// Whether no phase was within the gate for longer than is declared.
  public var isInHoldover: Bool {
    guard let second, let lastUpdate else { return false }
    return second - lastUpdate > configuration.holdoverAfterSeconds
  }
}

/// An announced jump of a clock by a whole second.
@frozen public struct LeapSecond: Sendable, Equatable {
  /// The last second before the jump, counted as the estimator's seconds.
  public var afterSecond: Int64
  /// By how many seconds the phase (oscillator minus reference) jumps: +1 where a reference that follows UTC inserts a
  /// second and the oscillator does not.
  public var jump: Int64
  /// An announcement from its parts.
  public init(afterSecond: Int64, jump: Int64) {
    self.afterSecond = afterSecond
    self.jump = jump
  }
}
