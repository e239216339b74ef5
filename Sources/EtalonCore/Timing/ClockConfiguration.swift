/// What is declared about an oscillator, the pulses that tell of it and the reference it is compared with.
@frozen public struct ClockConfiguration: Sendable, Equatable {
  /// A quantity that is known before the first pulse.
  @frozen public struct Prior: Sendable, Equatable {
    /// Best estimate.
    public var value: Double
    /// Standard uncertainty, 0 or more.
    public var standardUncertainty: Double
    /// A prior from its parts.
    public init(value: Double = 0, standardUncertainty: Double) {
      self.value = value
      self.standardUncertainty = standardUncertainty
    }
  }

  /// Noise of the oscillator and of the reference together.
  public var noise: ClockNoise
  /// Fractional frequency before the first pulse.
  public var frequency: Prior
  /// Ageing in 1/s before the first pulse.
  public var ageing: Prior
  /// Standard deviation of the noise of one measured phase without memory, nanoseconds: jitter of both pulses and of the time
  /// stamps, without their resolution.
  public var pulseNoiseNanoseconds: Double
  /// Step of the time stamps in nanoseconds; 0 for none that counts. Stamps are taken as rounded: where they are cut off, the
  /// difference of two is the same and a phase against the counter itself is half a step early.
  public var resolutionNanoseconds: Double
  /// How many time stamps one measured phase is made of: 2 for two lines, 1 for a line against the counter itself.
  public var stampsPerPhase: Int
  /// A phase further from the expected one than this many standard deviations is not learnt from.
  public var gate: Double
  /// After this many phases outside the gate in a row that agree with each other the phase counts as stepped.
  public var stepAfter: Int
  /// Seconds without a phase that was learnt from after which the estimate is in holdover.
  public var holdoverAfterSeconds: Int64
  /// Standard uncertainty of where the reference's mark is, nanoseconds (antenna, cable): no pulse averages it away.
  public var referencePhaseNanoseconds: Double
  /// Standard uncertainty of the reference's own fractional frequency: no pulse averages it away.
  public var referenceFrequency: Double

  /// A configuration; what is not given has its usual value.
  public init(
    noise: ClockNoise, frequency: Prior, ageing: Prior, pulseNoiseNanoseconds: Double, resolutionNanoseconds: Double,
    stampsPerPhase: Int = 2, gate: Double = 6, stepAfter: Int = 5, holdoverAfterSeconds: Int64 = 3,
    referencePhaseNanoseconds: Double = 0, referenceFrequency: Double = 0
  ) {
    self.noise = noise
    self.frequency = frequency
    self.ageing = ageing
    self.pulseNoiseNanoseconds = pulseNoiseNanoseconds
    self.resolutionNanoseconds = resolutionNanoseconds
    self.stampsPerPhase = stampsPerPhase
    self.gate = gate
    self.stepAfter = stepAfter
    self.holdoverAfterSeconds = holdoverAfterSeconds
    self.referencePhaseNanoseconds = referencePhaseNanoseconds
    self.referenceFrequency = referenceFrequency
  }

  /// The first declaration that makes no sense; nil when all do.
  public var fault: ClockFault? {
    func isUncertainty(_ value: Double) -> Bool { value >= 0 && value.isFinite }
    guard noise.isValid else { return .noise }
    guard frequency.value.magnitude < 0.01, isUncertainty(frequency.standardUncertainty),
      ageing.value.magnitude < 1e-6, isUncertainty(ageing.standardUncertainty)
    else { return .prior }
    guard isUncertainty(pulseNoiseNanoseconds), isUncertainty(resolutionNanoseconds),
      pulseNoiseNanoseconds + resolutionNanoseconds > 0, pulseNoiseNanoseconds < 1e8, resolutionNanoseconds < 1e8
    else { return .pulses }
    guard stampsPerPhase == 1 || stampsPerPhase == 2 else { return .pulses }
    guard gate >= 3, gate <= 100, stepAfter >= 2, stepAfter <= 1000, holdoverAfterSeconds >= 1 else { return .limits }
    guard isUncertainty(referencePhaseNanoseconds), isUncertainty(referenceFrequency) else { return .reference }
    return nil
  }
}

/// Why a clock can not be set up.
@frozen public enum ClockFault: Error, Sendable, Equatable {
  /// A noise level is negative or not finite.
  case noise
  /// A prior of frequency (below 1 %) or ageing (below 1e-6/s), or its uncertainty, makes no sense.
  case prior
  /// Noise and resolution of the pulses are both 0, or one is negative or 0.1 s and more.
  case pulses
  /// The gate (3...100), the count of a step (2...1000) or the time of the holdover is out of range.
  case limits
  /// An uncertainty of the reference is negative or not finite.
  case reference
}
