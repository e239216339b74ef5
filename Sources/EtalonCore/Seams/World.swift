/// Names a port of the bench by its place in the bench's list.
public typealias PortIndex = UInt8
/// Names a line of the bench by its place in the bench's list.
public typealias LineIndex = UInt8

/// How urgently a run is asked to stop.
public enum StopRequest: UInt8, Sendable {
  /// Finish the measurement under way, then stop; the run can be resumed.
  case atCheckpoint = 1
  /// Go to the safe state now.
  case now = 2
  /// The record can not be kept any longer because the disk is full; stop as for `now`.
  case diskFull = 3
  /// The record can not be kept any longer because of an input/output error; stop as for `now`.
  case recordFailed = 4
  /// The loop turned later than the bench's dead-man bears: the bench is in its safe state by itself; stop as for `now`.
  case loopLate = 5
}

/// Everything the world can do to a run. Each input is recorded with its instant before it is handled; feeding the
/// recorded inputs to the same automaton again gives the same run.
public enum Input: Sendable {
  /// The port is open and its settings are applied.
  case opened(PortIndex)
  /// Bytes arrived; `first` is the instant of the first of them, the input's own instant that of the last.
  case bytes(PortIndex, Frame, first: Instant)
  /// The receiver reported errors since the last input of this port.
  case lineErrors(PortIndex, LineErrors)
  /// The device behind the port went away, and the world waits for the same device to come back. What is sent to the port
  /// until then is dropped. It ends with `.resumed` or with `.lost`.
  case interrupted(PortIndex, PortFault)
  /// The same device is back and its settings are applied; `moved` tells that it has another name than before. What it
  /// said in between is gone.
  case resumed(PortIndex, moved: Bool)
  /// The port can no longer be used.
  case lost(PortIndex, PortFault)
  /// An input line changed; `at` is when, by the kernel's time stamp, which can lie before inputs that were given out
  /// earlier.
  case edge(LineIndex, active: Bool, at: Instant)
  /// Edges of a line were lost before the next one: at least `count`. 0 says that some may have been lost, because the
  /// kernel's buffer was full and it does not tell.
  case edgesLost(LineIndex, count: UInt32)
  /// The line is granted; its present level.
  case lineOpened(LineIndex, active: Bool)
  /// The line can no longer be used: it reports nothing more, and an output does not follow.
  case lineLost(LineIndex, PortFault)
  /// The instant that the automaton asked for has come.
  case wake
  /// The calendar clock was stepped and now shows this UTC, in nanoseconds since 1970. Instants are not touched by it.
  case clockStepped(utcNanoseconds: Int64)
  /// Somebody asks the run to stop.
  case stop(StopRequest)
  /// A simulated world tells the true error of the window that was marked last, in kelvin or the unit of the quantity.
  /// It goes to the result for comparison and nowhere else.
  case truth(error: Double, readings: Int)
}

/// Everything a run can do to the world. A failure to do it comes back as an input.
public enum Action: Sendable {
  /// Send these bytes. A confidential frame (one with an access code) is recorded by its length only.
  case send(PortIndex, Frame, confidential: Bool)
  /// Drive an output line.
  case set(LineIndex, active: Bool)
  /// Change the control lines of a port, for reset and boot pins. They are released when the port is closed, also when
  /// the process is killed; a break of a killed process ends when the port's driver ends it.
  case modem(PortIndex, ModemChange)
  /// Close a port; what follows on it is lost.
  case close(PortIndex)
  /// The window of a measurement opens (`true`) or closes; a simulated world keeps the truth of it.
  case window(open: Bool)
}

/// One input and when it came.
public struct TimedInput: Sendable {
  /// What happened.
  public var input: Input
  /// When it happened.
  public var instant: Instant
  /// An input and its instant.
  public init(_ input: Input, at instant: Instant) {
    self.input = input
    self.instant = instant
  }
}

/// What performs: a Linux board with its ports, lines and clock, or a simulation of one.
public protocol World: Timebase, ~Copyable {
  /// The next thing that happens; `.wake` when nothing happens before `deadline`.
  ///
  /// Without a deadline it waits for an input. Instants never go backwards.
  mutating func nextInput(until deadline: Instant?) -> TimedInput
  /// Does what the run decided. What goes wrong is reported by a later input.
  mutating func perform(_ action: Action)
}

/// What decides: a value that takes inputs with their instants and says what to do. It owns no clock, no thread and no
/// file descriptor.
public protocol Automaton {
  /// When it wants to be woken at the latest; nil when only the world can move it.
  var nextWake: Instant? { get }
  /// Whether it has nothing more to do.
  var isFinished: Bool { get }
  /// Takes one input and appends what follows from it to `outbox`.
  mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox)
}

/// What an automaton decided on one input: actions for the world and records for the ledger, in order.
///
/// The buffers are kept between inputs, so that a run in steady state does not allocate.
public struct Outbox: Sendable {
  /// Actions, in the order of deciding.
  public private(set) var actions: [Action] = []
  /// Payloads of all records, one after the other.
  public private(set) var payload: [UInt8] = []
  /// Kind and end offset in `payload` of each record.
  public private(set) var records: [(kind: UInt8, end: Int)] = []

  /// An empty outbox with room for a usual turn.
  public init() {
    actions.reserveCapacity(16)
    payload.reserveCapacity(4096)
    records.reserveCapacity(16)
  }

  /// Adds an action.
  public mutating func act(_ action: Action) { actions.append(action) }

  /// Adds a record; `encode` appends its payload.
  @inlinable
  public mutating func record(_ kind: UInt8, _ encode: (inout RecordEncoder) -> Void) {
    var encoder = RecordEncoder(takePayload())
    encode(&encoder)
    finishRecord(kind, encoder.take())
  }

  @usableFromInline mutating func takePayload() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &payload)
    return taken
  }

  @usableFromInline mutating func finishRecord(_ kind: UInt8, _ bytes: consuming [UInt8]) {
    payload = bytes
    records.append((kind, payload.count))
  }

  /// Empties the buffers and keeps their memory.
  public mutating func clear() {
    if !actions.isEmpty { actions.removeAll(keepingCapacity: true) }
    if !records.isEmpty {
      payload.removeAll(keepingCapacity: true)
      records.removeAll(keepingCapacity: true)
    }
  }
}
