import EtalonCore
import EtalonSensors

/// One device of the bench with its driver. The driver's type is erased here and nowhere lower: below, drivers are
/// concrete values; above, the engine speaks of roles.
struct Instrument: Sendable {
  /// What a request is for; the answer goes there.
  enum Purpose: Sendable, Equatable {
    case initialSafe, finalSafe, identify, reidentify, readAdjustment, writeAdjustment, drive, environment
    /// A reading for tick number `tick` of the sampler.
    case reading(tick: UInt32)
  }

  let roles: [String]
  let portName: String
  /// Whether it is reached over GPIO lines and not over a serial port.
  let isOnLines: Bool
  /// The dead-man time that the bench states, seconds.
  let deadManSeconds: Double?
  private(set) var driver: any Driver
  private(set) var isOpen = false
  private(set) var lost: PortFault?
  /// Since when the device is away.
  private(set) var interrupted: Instant?
  /// Requests that wait for the driver, in order.
  private(set) var waiting: [(request: DeviceRequest, purpose: Purpose)] = []
  /// What the request under way is for.
  private(set) var current: Purpose?

  init(_ plan: BenchPlan.Instrument, driver: any Driver) {
    roles = plan.roles
    portName = plan.lines == nil ? plan.port : "its lines"
    isOnLines = plan.lines != nil
    deadManSeconds = plan.deadManSeconds
    self.driver = driver
    waiting.reserveCapacity(8)
  }

  var deadline: Instant? { driver.deadline }

  /// Whether it can take a request at once.
  var isIdle: Bool { isOpen && lost == nil && current == nil && waiting.isEmpty && !driver.isBusy }

  /// Whether a reading is under way.
  var isReading: Bool {
    if case .reading = current { return true }
    return false
  }

  /// Whether an adjustment is under way.
  var isWriting: Bool { current == .writeAdjustment }

  mutating func open() { isOpen = true }

  mutating func lose(_ fault: PortFault, at instant: Instant) -> DriverStep {
    lost = fault
    return driver.lose(fault, at: instant)
  }

  /// The device is away for now: the request under way fails, readings that have not begun are forgotten, and nothing
  /// begins until it is back.
  mutating func interrupt(_ fault: PortFault, at instant: Instant) -> DriverStep {
    isOpen = false
    interrupted = instant
    waiting.removeAll { if case .reading = $0.purpose { true } else { false } }
    return driver.lose(fault, at: instant)
  }

  /// The device is back; the first thing that it is asked. Gives how long it was away, in seconds.
  @discardableResult
  mutating func resume(asking request: DeviceRequest, for purpose: Purpose, at instant: Instant? = nil) -> Double {
    isOpen = true
    waiting.removeAll { $0.purpose == purpose }
    waiting.insert((request, purpose), at: 0)
    defer { interrupted = nil }
    guard let interrupted, let instant else { return 0 }
    return instant.seconds(since: interrupted)
  }

  /// Queues a request.
  mutating func request(_ request: DeviceRequest, for purpose: Purpose) {
    waiting.append((request, purpose))
  }

  /// Forgets the requests that have not begun.
  mutating func forgetWaiting() { waiting.removeAll(keepingCapacity: true) }

  /// Begins the next waiting request if the driver is free.
  mutating func startNext(at instant: Instant) -> DriverStep? {
    guard isOpen, lost == nil, current == nil, !driver.isBusy, !waiting.isEmpty else { return nil }
    let next = waiting.removeFirst()
    current = next.purpose
    return driver.start(next.request, at: instant)
  }

  /// What the report just made was for; the request is no longer under way.
  mutating func finish() -> Purpose? {
    defer { current = nil }
    return current
  }

  mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> DriverStep {
    driver.receive(frame, first: first, at: instant)
  }

  mutating func receive(_ errors: LineErrors, at instant: Instant) -> DriverStep {
    driver.receive(errors, at: instant)
  }

  mutating func wake(at instant: Instant) -> DriverStep { driver.wake(at: instant) }
}
