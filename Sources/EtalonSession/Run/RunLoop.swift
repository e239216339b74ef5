import EtalonCore

/// Keeps records. Appending never waits for the disk in a real run; what is on stable storage is told elsewhere.
public protocol Recorder: ~Copyable {
  /// Adds one record.
  mutating func append(kind: UInt8, instant: Instant, payload: [UInt8])
  /// Adds the records that an automaton decided on.
  mutating func append(_ outbox: borrowing Outbox, at instant: Instant)
  /// A reason to stop because records can not be kept any longer; nil while all is well.
  var stopRequest: StopRequest? { get }
}

/// A recorder that keeps nothing, for automatons whose life is no evidence.
public struct NoRecorder: Recorder {
  /// A recorder that keeps nothing.
  public init() {}
  /// Drops the record.
  public mutating func append(kind: UInt8, instant: Instant, payload: [UInt8]) {}
  /// Drops the records.
  public mutating func append(_ outbox: borrowing Outbox, at instant: Instant) {}
  /// Always nil: nothing can go wrong.
  public var stopRequest: StopRequest? { nil }
}

/// The one loop: take the next input from the world, record it, let the automaton decide, record, perform.
///
/// It is the same for a Linux board, a simulation and the twins' own process.
/// - Parameters:
///   - interrupt: asked before every turn whether somebody wants the run to stop; for worlds that do not tell by an input.
///   - observe: called after every turn, for people who watch; it must not take long. Without one nothing is called: a
///     closure over a generic parameter costs a copy of the whole automaton.
public func runLoop<A: Automaton, W: World & ~Copyable, R: Recorder & ~Copyable>(
  _ automaton: inout A, in world: inout W, recorder: inout R, interrupt: () -> StopRequest? = { nil },
  observe: ((borrowing A, Instant) -> Void)? = nil
) {
  var outbox = Outbox()
  var payload: [UInt8] = []
  payload.reserveCapacity(512)
  var recorderHasFailed = false
  while !automaton.isFinished {
    let timed: TimedInput
    if !recorderHasFailed, let request = recorder.stopRequest {
      recorderHasFailed = true
      timed = TimedInput(.stop(request), at: world.now())
    } else if let request = interrupt() {
      timed = TimedInput(.stop(request), at: world.now())
    } else {
      timed = world.nextInput(until: automaton.nextWake)
    }
    var encoder = RecordEncoder(payload)
    timed.input.encode(into: &encoder)
    payload = encoder.take()
    recorder.append(kind: timed.input.recordKind.rawValue, instant: timed.instant, payload: payload)
    payload.removeAll(keepingCapacity: true)
    outbox.clear()
    automaton.handle(timed.input, at: timed.instant, into: &outbox)
    recorder.append(outbox, at: timed.instant)
    for action in outbox.actions { world.perform(action) }
    if let observe { observe(automaton, timed.instant) }
  }
}
