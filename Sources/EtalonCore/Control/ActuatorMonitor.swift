/// What an actuator does in place of what it is told.
public enum ActuatorFault: Sendable, Equatable {
  /// It seems to stay at its lower limit.
  case stuckOff(told: Double, seen: Double)
  /// It seems to stay at its upper limit.
  case stuckOn(told: Double, seen: Double)
  /// It gives neither what it is told nor one of its limits, or a load acts that was not allowed for.
  case disobeys(told: Double, seen: Double)
}

extension ActuatorFault {
  /// Reason and remedy, for people; outputs in `unit`.
  public func explanation(unit: String) -> String {
    switch self {
    case .stuckOff(let told, let seen):
      "the actuator seems to be stuck off: the process moves as with \(Int(seen.rounded())) \(unit), told were "
        + "\(Int(told.rounded())) \(unit); check its supply, fuse and cable"
    case .stuckOn(let told, let seen):
      "the actuator seems to be stuck on: the process moves as with \(Int(seen.rounded())) \(unit), told were "
        + "\(Int(told.rounded())) \(unit); switch it off at the mains and check its relay"
    case .disobeys(let told, let seen):
      "the process moves as with \(Int(seen.rounded())) \(unit), told were \(Int(told.rounded())) \(unit); check the "
        + "actuator, the load and the model of the process"
    }
  }
}

/// Finds an actuator that does not do as it is told, from the process's answer alone.
///
/// The observer of the process estimates the output that must have acted: what was told plus its estimated disturbance. The
/// actuator is at fault when this disturbance exceeds, `confirmations` times in a row, what loads and an imperfect model
/// explain: the declared allowance plus `coverageFactor` standard uncertainties of the estimate. The estimate then says
/// whether the output that acts is nearer to the lower or to the upper limit. So an actuator that is stuck where it is told
/// to be anyway is found when it is told otherwise, not before.
///
/// The monitor works beside any controller, and takes the outputs that were really ordered.
public struct ActuatorMonitor: Sendable {
  /// What the monitor is set to.
  public struct Configuration: Sendable, Equatable {
    /// The process.
    public var model: ProcessModel
    /// Length of a control period in seconds, above 0.
    public var periodSeconds: Double
    /// Smallest and largest output.
    public var limits: ClosedRange<Double>
    /// Largest disturbance, in the unit of the output, that loads, surroundings and the model's own error explain, above 0.
    public var allowance: Double
    /// Standard uncertainties of the estimate on top of the allowance, above 0.
    public var coverageFactor = 4.0
    /// Times in a row that the disturbance must be beyond both, 1 or more.
    public var confirmations = 5
    /// Standard deviation of the disturbance's random walk in a second, in the unit of the output; nil lets it move
    /// through 0.3 of the allowance within the delay and shorter lag of the process, so that a fault shows about as soon.
    public var disturbancePerRootSecond: Double?

    /// A monitor for a process; nil for the allowance takes a quarter of the output's span.
    public init(model: ProcessModel, periodSeconds: Double, limits: ClosedRange<Double>, allowance: Double? = nil) {
      self.model = model
      self.periodSeconds = periodSeconds
      self.limits = limits
      self.allowance = allowance ?? 0.25 * (limits.upperBound - limits.lowerBound)
    }
  }

  /// The configuration in force.
  public let configuration: Configuration
  /// What was found; stays until `reset`.
  public private(set) var fault: ActuatorFault?
  private var observer: ProcessObserver<Double>
  private var told: Double?
  private var last: Instant?
  private var beyond = 0

  /// A monitor that has not seen its process.
  /// - Throws: what is wrong with the configuration.
  public init(_ configuration: Configuration) throws(ControlFault) {
    try ControlFault.check(configuration.limits)
    try ControlFault.checkPositive(configuration.allowance)
    try ControlFault.checkPositive(configuration.coverageFactor)
    guard configuration.confirmations >= 1 else { throw .notPositive(Double(configuration.confirmations)) }
    self.configuration = configuration
    let reach = max(configuration.model.apparentDelaySeconds, configuration.periodSeconds)
    observer = try ProcessObserver(
      configuration.model, periodSeconds: configuration.periodSeconds,
      disturbance: .init(
        outputPerRootSecond: configuration.disturbancePerRootSecond
          ?? 0.3 * configuration.allowance / reach.squareRoot()),
      initialDisturbance: configuration.allowance)
  }

  /// Output that seems to act: what was told `delay` ago plus the estimated disturbance; nil before the first value.
  public var seen: Double? {
    observer.isStarted ? observer.delayedOutput + observer.disturbance : nil
  }

  /// Takes the corrected value at an instant and the output that is ordered from then on.
  /// - Returns: the fault, when there is one.
  @discardableResult
  public mutating func add(
    measured: Double, standardUncertainty: Double, output: Double, at instant: Instant
  ) -> ActuatorFault? {
    let isMeasured = measured.isFinite && standardUncertainty.isFinite && standardUncertainty >= 0
    guard output.isFinite else { return fault }
    guard let last, let told else {
      if isMeasured {
        observer.start(measured: measured, standardUncertainty: standardUncertainty, output: output)
        self.last = instant
        self.told = output
      }
      return fault
    }
    let period = observer.periodNanoseconds
    let periods = (instant - last + period / 2) / period
    guard instant > last, periods > 0 else {
      self.told = output
      return fault
    }
    for _ in 0..<min(periods, 256) { observer.advance(output: told) }
    self.last = instant
    self.told = output
    guard isMeasured else { return fault }
    observer.measure(measured, standardUncertainty: standardUncertainty)
    judge()
    return fault
  }

  private mutating func judge() {
    guard fault == nil else { return }
    let disturbance = observer.disturbance
    let bound = configuration.allowance + configuration.coverageFactor * observer.disturbanceUncertainty
    guard disturbance.magnitude > bound else {
      beyond = 0
      return
    }
    beyond += 1
    guard beyond >= configuration.confirmations else { return }
    let acted = observer.delayedOutput
    let seen = acted + disturbance
    // The estimate still moves towards the output that acts: what it has passed of the way decides.
    let limits = configuration.limits
    if disturbance < 0, acted - limits.lowerBound <= 2 * -disturbance {
      fault = .stuckOff(told: acted, seen: seen)
    } else if disturbance > 0, limits.upperBound - acted <= 2 * disturbance {
      fault = .stuckOn(told: acted, seen: seen)
    } else {
      fault = .disobeys(told: acted, seen: seen)
    }
  }

  /// Starts anew, as after construction.
  public mutating func reset() {
    observer.reset()
    fault = nil
    told = nil
    last = nil
    beyond = 0
  }
}
