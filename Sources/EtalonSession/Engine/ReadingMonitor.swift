import EtalonCore
import EtalonSensors

/// Reads roles of a bench periodically, without a session: the automaton of `etalon read`. It drives nothing.
///
/// Each role has a rhythm of its own, which begins when its device has told who it is. A port that is lost ends the roles
/// on it and leaves the others alone.
public struct ReadingMonitor: Automaton {
  /// What one exchange gave.
  public enum Outcome: Sendable {
    case identity(DeviceIdentity)
    case reading(Reading)
    case environment(Environment)
    case actuator(ActuatorState)
    case fault(ExchangeFault)
  }

  /// An outcome with its role and instant.
  public struct Item: Sendable {
    /// The role; for an identity the first one that is read on the device.
    public var role: String
    /// When it was known.
    public var instant: Instant
    /// What the exchange gave.
    public var outcome: Outcome
  }

  /// One role and what it is asked.
  private struct Channel: Sendable {
    let role: String
    let instrument: Int
    let request: DeviceRequest
    var next: Instant?
    var taken = 0
    var isDone = false
  }

  private var instruments: [Instrument] = []
  private var isIdentified: [Bool] = []
  private var channels: [Channel] = []
  private let periodNanoseconds: Int64
  private let count: Int?
  private var items: [Item] = []
  /// The devices that are read, in the order of their ports.
  public private(set) var devices: [BenchPlan.Instrument] = []
  /// Whether the readings asked for have come, or it failed or was stopped.
  public private(set) var isFinished = false
  /// The first reason why a role ended early.
  public private(set) var failure: Failure?

  /// - Parameters:
  ///   - roles: those to read, each one that `bench` offers; all of them when there is none.
  ///   - count: number of readings of each role; nil for no end.
  /// - Throws: `Failure` when no device serves a role, or a role is named twice.
  public init(roles: [String], bench: BenchPlan, periodSeconds: Double, count: Int?) throws(Failure) {
    periodNanoseconds = Int64(periodSeconds * 1e9)
    self.count = count
    let offered = bench.instruments.flatMap(\.roles)
    var places: [Int: Int] = [:]
    for role in roles.isEmpty ? offered : roles {
      guard let found = bench.instrument(for: role) else {
        throw Failure(
          .badBench, role: role,
          "the bench offers no device for role '\(role)'; it offers " + offered.joined(separator: ", "))
      }
      guard !channels.contains(where: { $0.role == role }) else {
        throw Failure(.usage, role: role, "the role '\(role)' is named twice")
      }
      if places[found.index] == nil {
        places[found.index] = instruments.count
        var plan = found.instrument
        // A driver that knows a dead-man time sets it when it identifies the device; reading changes nothing.
        plan.deadManSeconds = nil
        instruments.append(Instrument(plan, driver: try DriverCatalogue.makeDriver(for: plan)))
        isIdentified.append(false)
        devices.append(found.instrument)
      }
      channels.append(
        Channel(
          role: role, instrument: places[found.index] ?? 0, request: Self.request(role: role, of: found.instrument)))
    }
  }

  /// What shows a role's state without changing it.
  private static func request(role: String, of instrument: BenchPlan.Instrument) -> DeviceRequest {
    let roles = DriverCatalogue.roles(of: instrument.device)
    if roles.contains(.standard) || roles.contains(.device) { return .read }
    // A device with two duties shows the one that the role names: what it watches, or what it drives.
    return role == instrument.roles.first && roles.contains(.actuator) ? .readActuator : .readEnvironment
  }

  /// When a driver or a reading is due.
  public var nextWake: Instant? {
    var earliest: Instant?
    func take(_ instant: Instant?) {
      guard let instant else { return }
      earliest = earliest.map { min($0, instant) } ?? instant
    }
    for instrument in instruments { take(instrument.deadline) }
    for channel in channels where !channel.isDone { take(channel.next) }
    return earliest
  }

  /// Takes what came since the last call.
  public mutating func takeItems() -> [Item] {
    defer { items.removeAll(keepingCapacity: true) }
    return items
  }

  /// Takes one input; see `Automaton`.
  public mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    switch input {
    case .opened(let port):
      instruments[Int(port)].open()
      instruments[Int(port)].request(.identify, for: .identify)
    case .bytes(let port, let frame, let first):
      perform(instruments[Int(port)].receive(frame, first: first, at: instant), Int(port), instant, &outbox)
    case .lineErrors(let port, let errors):
      perform(instruments[Int(port)].receive(errors, at: instant), Int(port), instant, &outbox)
    case .interrupted(let port, let fault):
      let step = instruments[Int(port)].interrupt(fault, at: instant)
      if step.report == nil {
        items.append(Item(role: firstRole(of: Int(port)), instant: instant, outcome: .fault(.port(fault))))
      }
      perform(step, Int(port), instant, &outbox)
    case .resumed(let port, _):
      // What answers now may be another instrument on the same adapter: it is asked who it is.
      instruments[Int(port)].resume(asking: .identify, for: .identify)
    case .lost(let port, let fault):
      _ = instruments[Int(port)].lose(fault, at: instant)
      end(Int(port), .port(fault), instant)
    case .wake: wake(at: instant, &outbox)
    case .stop: isFinished = true
    default: break
    }
    for index in instruments.indices {
      while let step = instruments[index].startNext(at: instant) { perform(step, index, instant, &outbox) }
    }
  }

  private mutating func wake(at instant: Instant, _ outbox: inout Outbox) {
    for index in instruments.indices {
      if let deadline = instruments[index].deadline, deadline <= instant {
        perform(instruments[index].wake(at: instant), index, instant, &outbox)
      }
    }
    for index in channels.indices where !channels[index].isDone {
      guard let due = channels[index].next, due <= instant else { continue }
      channels[index].next = due + periodNanoseconds
      // A device that has not answered yet is not asked again: a reading is skipped, not made up for.
      let purpose = Instrument.Purpose.reading(tick: UInt32(index))
      let instrument = instruments[channels[index].instrument]
      guard instrument.current != purpose, !instrument.waiting.contains(where: { $0.purpose == purpose }) else {
        continue
      }
      instruments[channels[index].instrument].request(channels[index].request, for: purpose)
    }
  }

  private mutating func perform(_ step: DriverStep, _ index: Int, _ instant: Instant, _ outbox: inout Outbox) {
    if let frame = step.send { outbox.act(.send(PortIndex(index), frame, confidential: step.confidential)) }
    guard let report = step.report, let purpose = instruments[index].finish() else { return }
    guard case .reading(let tick) = purpose else {
      identify(report, index, instant)
      return
    }
    let channel = Int(tick)
    let outcome: Outcome
    switch report {
    case .identity(let identity): outcome = .identity(identity)
    case .reading(let reading): outcome = .reading(reading)
    case .environment(let environment): outcome = .environment(environment)
    case .actuator(let state): outcome = .actuator(state)
    case .adjustment: return
    case .fault(let fault): outcome = .fault(fault)
    }
    guard !channels[channel].isDone else { return }
    items.append(Item(role: channels[channel].role, instant: instant, outcome: outcome))
    channels[channel].taken += 1
    if let count, channels[channel].taken >= count { channels[channel].isDone = true }
    finishIfDone()
  }

  private mutating func identify(_ report: DeviceReport, _ index: Int, _ instant: Instant) {
    switch report {
    case .identity(let identity):
      isIdentified[index] = true
      items.append(Item(role: firstRole(of: index), instant: instant, outcome: .identity(identity)))
      for channel in channels.indices where channels[channel].instrument == index { channels[channel].next = instant }
    // Without an identity nobody knows what the numbers would mean.
    case .fault(let fault): end(index, fault, instant)
    default: end(index, .malformed(received: 0), instant)
    }
  }

  /// Ends the roles of one device.
  private mutating func end(_ index: Int, _ fault: ExchangeFault, _ instant: Instant) {
    let role = firstRole(of: index)
    items.append(Item(role: role, instant: instant, outcome: .fault(fault)))
    let reason = "\(role) at \(instruments[index].portName): \(fault.explanation)"
    if failure == nil { failure = Failure(fault.exitCode, role: role, reason) }
    for channel in channels.indices where channels[channel].instrument == index { channels[channel].isDone = true }
    finishIfDone()
  }

  private mutating func finishIfDone() {
    if channels.allSatisfy(\.isDone) { isFinished = true }
  }

  private func firstRole(of index: Int) -> String { channels.first { $0.instrument == index }?.role ?? "" }
}
