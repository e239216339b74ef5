import EtalonCore
import EtalonSensors

/// Reads one role of a bench periodically, without a session: the automaton of `etalon read`.
public struct ReadingMonitor: Automaton {
  /// What one exchange gave.
  public enum Outcome: Sendable {
    case identity(DeviceIdentity)
    case reading(Reading)
    case environment(Environment)
    case actuator(ActuatorState)
    case fault(ExchangeFault)
  }

  private var instrument: Instrument
  private let request: DeviceRequest
  private let periodNanoseconds: Int64
  private let count: Int?
  private var taken = 0
  private var next: Instant?
  private var isIdentified = false
  /// What came since the last look, with its instant.
  public private(set) var outcomes: [(instant: Instant, outcome: Outcome)] = []
  /// Whether the readings asked for have come, or it failed or was stopped.
  public private(set) var isFinished = false
  /// Why it ended early.
  public private(set) var failure: Failure?

  /// - Parameters:
  ///   - role: one that `bench` offers.
  ///   - count: number of readings; nil for no end.
  /// - Throws: `Failure` when no device serves the role.
  public init(role: String, bench: BenchPlan, periodSeconds: Double, count: Int?) throws(Failure) {
    guard let found = bench.instrument(for: role) else {
      throw Failure(
        .badBench, role: role,
        "the bench offers no device for role '\(role)'; it offers "
          + bench.instruments.flatMap(\.roles).joined(separator: ", "))
    }
    instrument = Instrument(found.instrument, driver: try DriverCatalogue.makeDriver(for: found.instrument))
    let roles = DriverCatalogue.roles(of: found.instrument.device)
    if roles.contains(.standard) || roles.contains(.device) {
      request = .read
    } else {
      // A device with two duties shows the one that the role names: what it watches, or what it drives.
      request = role == found.instrument.roles.first && roles.contains(.actuator) ? .readActuator : .readEnvironment
    }
    periodNanoseconds = Int64(periodSeconds * 1e9)
    self.count = count
  }

  /// When the driver or the next reading is due.
  public var nextWake: Instant? {
    guard let deadline = instrument.deadline else { return next }
    return next.map { min($0, deadline) } ?? deadline
  }

  /// Takes what came since the last call.
  public mutating func takeOutcomes() -> [(instant: Instant, outcome: Outcome)] {
    defer { outcomes.removeAll(keepingCapacity: true) }
    return outcomes
  }

  /// Takes one input; see `Automaton`.
  public mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    switch input {
    case .opened:
      instrument.open()
      instrument.request(.identify, for: .identify)
    case .bytes(_, let frame, let first):
      perform(instrument.receive(frame, first: first, at: instant), instant, &outbox)
    case .lineErrors(_, let errors): perform(instrument.receive(errors, at: instant), instant, &outbox)
    case .lost(_, let fault):
      failure = Failure(fault.exitCode, "\(instrument.portName): \(fault.explanation)")
      isFinished = true
    case .wake:
      if let deadline = instrument.deadline, deadline <= instant {
        perform(instrument.wake(at: instant), instant, &outbox)
      }
      if let due = next, due <= instant {
        next = due + periodNanoseconds
        if instrument.isIdle { instrument.request(request, for: .reading(tick: 0)) }
      }
    case .stop: isFinished = true
    case .edge, .truth: break
    }
    while let step = instrument.startNext(at: instant) { perform(step, instant, &outbox) }
  }

  private mutating func perform(_ step: DriverStep, _ instant: Instant, _ outbox: inout Outbox) {
    if let frame = step.send { outbox.act(.send(0, frame, confidential: step.confidential)) }
    guard let report = step.report, instrument.finish() != nil else { return }
    var isReading = true
    switch report {
    case .identity(let identity):
      outcomes.append((instant, .identity(identity)))
      isIdentified = true
      isReading = false
      next = instant
    case .reading(let reading): outcomes.append((instant, .reading(reading)))
    case .environment(let environment): outcomes.append((instant, .environment(environment)))
    case .actuator(let state): outcomes.append((instant, .actuator(state)))
    case .adjustment: isReading = false
    case .fault(let fault):
      outcomes.append((instant, .fault(fault)))
      // Without an identity nobody knows what the numbers would mean.
      guard isIdentified else {
        failure = Failure(fault.exitCode, "\(instrument.portName): \(fault.explanation)")
        isFinished = true
        return
      }
    }
    if isReading { taken += 1 }
    if let count, taken >= count { isFinished = true }
  }
}
