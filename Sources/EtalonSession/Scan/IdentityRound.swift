import EtalonCore
import EtalonSensors

/// Asks the devices on some ports who they are, all ports at the same settings: one round of `etalon bench scan`.
///
/// Each port is asked by one driver after the other until a device tells an identity. Only the drivers' identify requests
/// are sent, and no setting of a device is touched.
public struct IdentityRound: Automaton {
  /// What a port gave.
  public enum Answer: Sendable {
    /// Nothing came, at none of the requests.
    case silence
    /// Bytes came that no driver takes for an answer: perhaps another rate, another parity or another protocol.
    case noise
    /// A device told who it is; `device` is the name of its driver, nil for a device that no driver knows.
    case identity(device: String?, DeviceIdentity)
    /// The port can not be used.
    case lost(PortFault)
  }

  private struct Port: Sendable {
    /// One for each driver of the round.
    var instruments: [Instrument]
    var current = 0
    var isDone = false
    var answer = Answer.silence
  }

  private var ports: [Port]
  /// Whether every port has answered or been asked by every driver, or a stop was requested.
  public private(set) var isFinished = false
  /// Whether a stop was requested.
  public private(set) var isStopped = false

  /// What each port gave, in the order of the ports.
  public var answers: [Answer] { ports.map(\.answer) }

  /// - Parameters:
  ///   - portCount: number of ports; the world has as many.
  ///   - round: settings of all ports, and the drivers that ask.
  /// - Throws: `Failure` for a driver that the catalogue does not have.
  public init(portCount: Int, round: ScanPlan.Round) throws(Failure) {
    var instruments: [Instrument] = []
    for device in round.devices {
      let plan = BenchPlan.Instrument(device: device, roles: [device], port: "", settings: round.settings)
      instruments.append(Instrument(plan, driver: try DriverCatalogue.makeDriver(for: plan)))
    }
    ports = Array(repeating: Port(instruments: instruments, isDone: instruments.isEmpty), count: portCount)
    isFinished = ports.allSatisfy(\.isDone)
  }

  /// When a driver's patience ends.
  public var nextWake: Instant? {
    ports.lazy.filter { !$0.isDone }.compactMap { $0.instruments[$0.current].deadline }.min()
  }

  /// Takes one input; see `Automaton`.
  public mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    switch input {
    case .opened(let port):
      for index in ports[Int(port)].instruments.indices {
        ports[Int(port)].instruments[index].open()
        ports[Int(port)].instruments[index].request(.identify, for: .identify)
      }
    case .bytes(let port, let frame, let first):
      guard !ports[Int(port)].isDone else { break }
      take(
        ports[Int(port)].instruments[ports[Int(port)].current].receive(frame, first: first, at: instant), port, &outbox)
    case .lineErrors(let port, let errors):
      guard !ports[Int(port)].isDone else { break }
      take(ports[Int(port)].instruments[ports[Int(port)].current].receive(errors, at: instant), port, &outbox)
    case .lost(let port, let fault):
      if !ports[Int(port)].isDone {
        ports[Int(port)].answer = .lost(fault)
        ports[Int(port)].isDone = true
      }
    case .wake:
      for index in ports.indices where !ports[index].isDone {
        let instrument = ports[index].instruments[ports[index].current]
        guard let deadline = instrument.deadline, deadline <= instant else { continue }
        take(ports[index].instruments[ports[index].current].wake(at: instant), PortIndex(index), &outbox)
      }
    case .stop:
      isStopped = true
      isFinished = true
    default: break
    }
    for index in ports.indices { goOn(index, instant, &outbox) }
    if ports.allSatisfy(\.isDone) { isFinished = true }
  }

  /// Begins the next request of a port whose line is quiet.
  private mutating func goOn(_ index: Int, _ instant: Instant, _ outbox: inout Outbox) {
    while !ports[index].isDone {
      let current = ports[index].current
      if let step = ports[index].instruments[current].startNext(at: instant) {
        take(step, PortIndex(index), &outbox)
        continue
      }
      // What a driver still waits for belongs to its own request and must not reach the next one.
      guard ports[index].instruments[current].isIdle else { return }
      if current + 1 == ports[index].instruments.count {
        ports[index].isDone = true
      } else {
        ports[index].current += 1
      }
    }
  }

  private mutating func take(_ step: DriverStep, _ port: PortIndex, _ outbox: inout Outbox) {
    if let frame = step.send { outbox.act(.send(port, frame, confidential: step.confidential)) }
    guard let report = step.report else { return }
    let index = Int(port)
    _ = ports[index].instruments[ports[index].current].finish()
    switch report {
    case .identity(let identity):
      let asked = ports[index].instruments[ports[index].current].roles.first ?? ""
      ports[index].answer = .identity(device: ScanPlan.device(of: identity, asked: asked), identity)
      ports[index].isDone = true
    case .fault(.timeout): break
    case .fault: ports[index].answer = .noise
    default: ports[index].answer = .noise
    }
  }
}
