import EtalonMetrology

/// Identifies a process from the oscillation under a relay (K. J. Åström and T. Hägglund, Automatica 20 (1984) 645).
///
/// The output is switched by ±d about a centre whenever the quantity passes the set point by the hysteresis ε. The test ends
/// when the last cycles agree. The oscillation gives one point of the process's frequency response, by the describing
/// function with hysteresis |G(iω)| = π a/(4 d), arg G(iω) = −π + asin(ε/a), and the ultimate gain and period; least squares
/// over the whole record give the model. A short test of a slow process does not see its static gain; the model then has a
/// large uncertainty of it and of the lag, while k/τ₁ and the delay, which the tuning rules live on, are well known.
public struct RelayTest: Sendable {
  /// What the test is set to.
  public struct Configuration: Sendable, Equatable {
    /// Spacing of the values in seconds, above 0.
    public var periodSeconds: Double
    /// Output about which the relay switches: one that holds the set point, or nearly.
    public var centreOutput: Double
    /// d, half the distance of the two outputs, above 0.
    public var amplitudeOutput: Double
    /// Value about which the quantity shall oscillate; nil takes the mean of the baseline.
    public var setpoint: Double?
    /// ε in the unit of the quantity, 0 or more; nil takes four standard deviations of the noise.
    public var hysteresis: Double?
    /// Whether more output lowers the quantity.
    public var isReversed = false
    /// Range that the quantity must not leave.
    public var allowed: ClosedRange<Double> = -Double.infinity...Double.infinity
    /// Number of values before the relay starts, 16...128.
    public var baselineCount = 60
    /// Number of cycles that must agree, 2...8.
    public var cycles = 4
    /// Largest spread of their periods and amplitudes, relative.
    public var relativeSpread = 0.1
    /// Longest time in seconds, above 0.
    public var maximumSeconds: Double
    /// What must be known; the static gain is not asked for.
    public var requirements = IdentificationRequirements()

    /// A test with the given outputs.
    public init(periodSeconds: Double, centreOutput: Double, amplitudeOutput: Double, maximumSeconds: Double) {
      self.periodSeconds = periodSeconds
      self.centreOutput = centreOutput
      self.amplitudeOutput = amplitudeOutput
      self.maximumSeconds = maximumSeconds
      requirements.signalToNoise = 6
    }
  }

  /// The steady oscillation.
  public struct Oscillation: Sendable, Equatable {
    /// Mean period of the last cycles in seconds.
    public var periodSeconds: Double
    /// Mean amplitude a, half from peak to peak, in the unit of the quantity.
    public var amplitude: Double
    /// Spread of the periods and of the amplitudes, the larger, relative to their means.
    public var relativeSpread: Double
    /// Ultimate gain 4 d/(π √(a² − ε²)) in units of the output for each unit of the quantity.
    public var ultimateGain: Double
    /// |G| at the frequency of the oscillation, quantity for each unit of output.
    public var processGain: Double
    /// arg G there, radians, −π...−π/2.
    public var processPhase: Double
  }

  /// The configuration in force.
  public let configuration: Configuration
  /// Where the test is.
  public private(set) var phase = StepTest.Phase.baseline
  /// The oscillation; nil before it is steady.
  public private(set) var oscillation: Oscillation?
  private var record: ResponseRecord
  private var noise = BaselineNoise()
  private var identified: ProcessModel?
  private var start: Instant?
  private var relayStart: Instant?
  private var last: Instant?
  private var isUpper = false
  private var level = 0.0
  private var deviation = 0.0
  private var inflation = 1.0
  private var epsilon = 0.0
  private var highest = -Double.infinity
  private var lowest = Double.infinity
  private var cycleStart: Double?
  private var periods = InlineArray<8, Double>(repeating: 0)
  private var amplitudes = InlineArray<8, Double>(repeating: 0)
  private var cycle = 0
  private var lost = 0

  /// A test that has not begun.
  /// - Throws: `.notPositive`, `.outOfRange`.
  public init(_ configuration: Configuration) throws(ControlFault) {
    try ControlFault.checkPositive(configuration.periodSeconds)
    try ControlFault.checkPositive(configuration.maximumSeconds)
    try ControlFault.checkPositive(configuration.amplitudeOutput)
    guard configuration.centreOutput.isFinite else { throw .outOfRange(configuration.centreOutput) }
    if let value = configuration.setpoint, !value.isFinite { throw .outOfRange(value) }
    if let value = configuration.hysteresis, !(value >= 0 && value.isFinite) { throw .outOfRange(value) }
    guard (16...BaselineNoise.capacity).contains(configuration.baselineCount) else {
      throw .outOfRange(Double(configuration.baselineCount))
    }
    guard (2...8).contains(configuration.cycles) else { throw .outOfRange(Double(configuration.cycles)) }
    try ControlFault.checkPositive(configuration.relativeSpread)
    self.configuration = configuration
    record = ResponseRecord(periodSeconds: configuration.periodSeconds, growth: 0)
    record.initialOutput = configuration.centreOutput
  }

  /// Output to give now.
  public var output: Double {
    guard phase == .responding else { return configuration.centreOutput }
    return configuration.centreOutput + (isUpper ? configuration.amplitudeOutput : -configuration.amplitudeOutput)
  }

  /// The model.
  /// - Throws: why there is none.
  public func model() throws(IdentificationFault) -> ProcessModel {
    if let identified { return identified }
    if case .refused(let fault) = phase { throw fault }
    throw .unfinished
  }

  /// Takes the value of an instant; one that is not finite or not later than the last is lost, and a tenth of all values may be.
  /// - Returns: the phase after it; the caller then gives `output`.
  @discardableResult
  public mutating func add(measured: Double, at instant: Instant) -> StepTest.Phase {
    guard phase == .baseline || phase == .responding else { return phase }
    if let last, instant <= last { return lose() }
    guard measured.isFinite else { return lose() }
    guard configuration.allowed.contains(measured) else { return end(.leftRange(measured)) }
    if let last, instant.seconds(since: last) > 10 * configuration.periodSeconds { return end(.interrupted) }
    last = instant
    let begin = start ?? instant
    start = begin
    let seconds = instant.seconds(since: begin)
    record.add(measured, seconds: seconds)
    guard let relayStart else {
      noise.add(measured)
      if noise.count == configuration.baselineCount {
        (deviation, inflation, level) = noise.evaluate()
        level = configuration.setpoint ?? level
        epsilon = configuration.hysteresis ?? 4 * deviation
        relayStart = instant
        phase = .responding
        isUpper = (measured <= level) != configuration.isReversed
        let amplitude = configuration.amplitudeOutput
        _ = record.change(by: isUpper ? amplitude : -amplitude, seconds: seconds)
      }
      return phase
    }
    highest = max(highest, measured)
    lowest = min(lowest, measured)
    let wantsUpper = configuration.isReversed ? measured > level + epsilon : measured < level - epsilon
    let wantsLower = configuration.isReversed ? measured < level - epsilon : measured > level + epsilon
    if isUpper ? wantsLower : wantsUpper {
      isUpper.toggle()
      let change = 2 * (isUpper ? configuration.amplitudeOutput : -configuration.amplitudeOutput)
      guard record.change(by: change, seconds: seconds) else { return end(spread()) }
      if isUpper { closeCycle(seconds) }
      if oscillation != nil { return finish() }
    }
    if instant.seconds(since: relayStart) >= configuration.maximumSeconds { return end(spread()) }
    return phase
  }

  private mutating func closeCycle(_ seconds: Double) {
    if let begin = cycleStart {
      periods[cycle % 8] = seconds - begin
      amplitudes[cycle % 8] = (highest - lowest) / 2
      cycle += 1
      judge()
    }
    cycleStart = seconds
    highest = -.infinity
    lowest = .infinity
  }

  private func statistics(_ values: InlineArray<8, Double>) -> (mean: Double, relativeSpread: Double) {
    var sum = 0.0
    var low = Double.infinity
    var high = -Double.infinity
    for back in 1...configuration.cycles {
      let value = values[(cycle - back) % 8]
      sum += value
      low = min(low, value)
      high = max(high, value)
    }
    let mean = sum / Double(configuration.cycles)
    return (mean, mean > 0 ? (high - low) / mean : .infinity)
  }

  private mutating func judge() {
    // The first cycle starts from rest and does not count.
    guard cycle > configuration.cycles else { return }
    let period = statistics(periods)
    let amplitude = statistics(amplitudes)
    // A period is known to one sample at either end.
    let resolution = 2 * configuration.periodSeconds / period.mean
    guard period.relativeSpread <= max(configuration.relativeSpread, resolution),
      amplitude.relativeSpread <= configuration.relativeSpread + 6 * deviation / amplitude.mean,
      amplitude.mean > epsilon
    else { return }
    let a = amplitude.mean
    let d = configuration.amplitudeOutput
    let root = (a * a - epsilon * epsilon).squareRoot()
    oscillation = Oscillation(
      periodSeconds: period.mean, amplitude: a,
      relativeSpread: max(period.relativeSpread, amplitude.relativeSpread), ultimateGain: 4 * d / (.pi * root),
      processGain: .pi * a / (4 * d), processPhase: Elementary.atan2(epsilon, root) - .pi)
  }

  private mutating func finish() -> StepTest.Phase {
    guard let oscillation else { return phase }
    let sigma = max(deviation, 1e-9 * max(level.magnitude, oscillation.amplitude))
    let required = configuration.requirements.signalToNoise
    guard oscillation.amplitude / sigma >= required else {
      return end(.noisy(signalToNoise: oscillation.amplitude / sigma, required: required))
    }
    let fit = ResponseFit(
      record: record, sampleVariance: sigma * sigma * inflation, scaleSeconds: oscillation.periodSeconds)
    guard let result = fit.best() else {
      return end(
        .unidentified(.rate, relativeUncertainty: 1, allowed: configuration.requirements.relativeRate))
    }
    do throws(IdentificationFault) {
      try configuration.requirements.check(
        result, response: oscillation.amplitude, noise: sigma, periodSeconds: configuration.periodSeconds,
        needsGain: false)
      identified = result.model
      phase = .identified
    } catch {
      return end(error)
    }
    return phase
  }

  /// Why there is no steady oscillation.
  private func spread() -> IdentificationFault {
    guard cycle >= configuration.cycles else {
      return .notSteady(relativeSpread: 1, allowed: configuration.relativeSpread)
    }
    return .notSteady(
      relativeSpread: max(statistics(periods).relativeSpread, statistics(amplitudes).relativeSpread),
      allowed: configuration.relativeSpread)
  }

  private mutating func lose() -> StepTest.Phase {
    lost += 1
    return lost > 16 && lost * 10 > record.samples ? end(.interrupted) : phase
  }

  private mutating func end(_ fault: IdentificationFault) -> StepTest.Phase {
    phase = .refused(fault)
    return phase
  }
}
