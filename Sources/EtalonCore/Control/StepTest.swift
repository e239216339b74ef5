import EtalonMetrology

/// Identifies a process from its response to one step of the output.
///
/// The test holds the first output until the noise is known, steps, and goes on until the model is known as well as
/// required. It decides; the caller performs: give `output`, and `add` each corrected value. Fits are made when the time since
/// the step has grown by a quarter, so a test of any length makes a few dozen.
public struct StepTest: Sendable {
  /// What the test is set to.
  public struct Configuration: Sendable, Equatable {
    /// Spacing of the values in seconds, above 0.
    public var periodSeconds: Double
    /// Output before the step.
    public var initialOutput: Double
    /// Output after it, different.
    public var stepOutput: Double
    /// Range that the quantity must not leave; without bounds by default.
    public var allowed: ClosedRange<Double> = -Double.infinity...Double.infinity
    /// Number of values before the step, 16...128.
    public var baselineCount = 100
    /// Longest time after the step in seconds, above 0.
    public var maximumSeconds: Double
    /// What must be known.
    public var requirements = IdentificationRequirements()

    /// A test with the given outputs.
    public init(periodSeconds: Double, initialOutput: Double, stepOutput: Double, maximumSeconds: Double) {
      self.periodSeconds = periodSeconds
      self.initialOutput = initialOutput
      self.stepOutput = stepOutput
      self.maximumSeconds = maximumSeconds
    }
  }

  /// Where the test is.
  public enum Phase: Sendable, Equatable {
    /// The noise is being measured.
    case baseline
    /// The response is being recorded.
    case responding
    /// It ended with a model.
    case identified
    /// It ended without one.
    case refused(IdentificationFault)
  }

  /// The configuration in force.
  public let configuration: Configuration
  /// Where the test is.
  public private(set) var phase = Phase.baseline
  /// Why the last fit was not enough; nil before the first fit.
  public private(set) var missing: IdentificationFault?
  private var record: ResponseRecord
  private var noise = BaselineNoise()
  private var identified: ProcessModel?
  private var start: Instant?
  private var last: Instant?
  private var stepInstant: Instant?
  private var nextFit = 0.0
  private var largest = 0.0
  private var level = 0.0
  private var deviation = 0.0
  private var inflation = 1.0
  private var lost = 0

  /// A test that has not begun.
  /// - Throws: `.notPositive` for a time, `.outOfRange` for outputs that are equal or not finite, or a number of values.
  public init(_ configuration: Configuration) throws(ControlFault) {
    try ControlFault.checkPositive(configuration.periodSeconds)
    try ControlFault.checkPositive(configuration.maximumSeconds)
    guard configuration.initialOutput.isFinite else { throw .outOfRange(configuration.initialOutput) }
    guard configuration.stepOutput.isFinite, configuration.stepOutput != configuration.initialOutput else {
      throw .outOfRange(configuration.stepOutput)
    }
    guard (16...BaselineNoise.capacity).contains(configuration.baselineCount) else {
      throw .outOfRange(Double(configuration.baselineCount))
    }
    self.configuration = configuration
    record = ResponseRecord(periodSeconds: configuration.periodSeconds, growth: 1.0 / 32)
    record.initialOutput = configuration.initialOutput
  }

  /// Output to give now.
  public var output: Double {
    switch phase {
    case .responding: configuration.stepOutput
    case .baseline, .identified, .refused: configuration.initialOutput
    }
  }

  /// Standard deviation of one value's noise, known after the baseline.
  public var noiseStandardDeviation: Double { deviation }

  /// The model.
  /// - Throws: why there is none: an unfinished, noisy or unidentified test gives no gains.
  public func model() throws(IdentificationFault) -> ProcessModel {
    if let identified { return identified }
    if case .refused(let fault) = phase { throw fault }
    throw .unfinished
  }

  /// Takes the value of an instant; one that is not finite or not later than the last is lost, and a tenth of all values may be.
  /// - Returns: the phase after it; the caller then gives `output`.
  @discardableResult
  public mutating func add(measured: Double, at instant: Instant) -> Phase {
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
    guard let stepped = stepInstant else {
      noise.add(measured)
      if noise.count == configuration.baselineCount {
        (deviation, inflation, level) = noise.evaluate()
        stepInstant = instant
        _ = record.change(by: configuration.stepOutput - configuration.initialOutput, seconds: seconds)
        nextFit = 20 * configuration.periodSeconds
        phase = .responding
      }
      return phase
    }
    largest = max(largest, (measured - level).magnitude)
    let since = instant.seconds(since: stepped)
    let isLast = since >= configuration.maximumSeconds
    guard since >= nextFit || isLast else { return phase }
    nextFit = 1.25 * since
    do throws(IdentificationFault) {
      identified = try fit(seconds: since)
      missing = nil
      phase = .identified
    } catch {
      missing = error
      if isLast { phase = .refused(error) }
    }
    return phase
  }

  private func fit(seconds: Double) throws(IdentificationFault) -> ProcessModel {
    // Noise below the rounding of the values has no place in a weight.
    let floor = 1e-9 * max(level.magnitude, largest)
    let sigma = max(deviation, floor)
    let ratio = largest / sigma
    guard ratio >= configuration.requirements.signalToNoise else {
      throw .noisy(signalToNoise: ratio, required: configuration.requirements.signalToNoise)
    }
    let fit = ResponseFit(record: record, sampleVariance: sigma * sigma * inflation, scaleSeconds: seconds)
    guard let result = fit.best() else {
      throw .unidentified(
        .rate, relativeUncertainty: 1, allowed: configuration.requirements.relativeRate)
    }
    try configuration.requirements.check(
      result, response: largest, noise: sigma, periodSeconds: configuration.periodSeconds, needsGain: true)
    return result.model
  }

  private mutating func lose() -> Phase {
    lost += 1
    return lost > 16 && lost * 10 > record.samples ? end(.interrupted) : phase
  }

  private mutating func end(_ fault: IdentificationFault) -> Phase {
    phase = .refused(fault)
    return phase
  }
}
