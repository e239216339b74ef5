import EtalonCore

/// One request and its one-line answer on a serial line: terminators, echo, time-outs, resynchronisation.
///
/// A value type without a clock: bytes and instants go in, events come out. After a fault everything that arrives is
/// discarded until the line has been quiet, so that the tail of a bad answer is never read as an answer. An answer that
/// comes later than that is kept apart by `Match`: the first request after a fault asks for something that no older
/// request asked for, and lines of another form are skipped.
public struct LineExchange: Sendable {
  /// How long the exchange waits.
  public struct Timing: Sendable, Equatable {
    /// From the end of the request on the wire to the first byte of the answer.
    public var replyNanoseconds: Int64
    /// From one byte of an answer to the next.
    public var gapNanoseconds: Int64
    /// Silence after which a line counts as quiet again.
    public var quietNanoseconds: Int64
    /// Puts the parts together.
    public init(replyNanoseconds: Int64, gapNanoseconds: Int64, quietNanoseconds: Int64) {
      self.replyNanoseconds = replyNanoseconds
      self.gapNanoseconds = gapNanoseconds
      self.quietNanoseconds = quietNanoseconds
    }
  }

  /// Which line is taken as the answer.
  public enum Match: Sendable, Equatable {
    /// The first line that comes.
    case any
    /// The first line that starts with this number and a semicolon; others are skipped until the time-out.
    case tag(UInt8)
    /// The first line with this number of fields separated by commas; others are skipped until the time-out.
    case fields(Int)
  }

  /// What one input led to.
  public enum Event: Sendable, Equatable {
    case none
    /// The answer is complete and stands in `reply`.
    case reply
    /// The exchange failed; the line is being discarded until `ready`.
    case fault(ExchangeFault)
    /// The line is quiet again.
    case ready
  }

  private enum Phase: Sendable { case idle, waiting, discarding }

  /// The line came to no rest: after this many quiet times the exchange is over even if bytes keep coming.
  private static let longestDiscardInQuietTimes: Int64 = 20

  /// How the serial line is set.
  public let settings: SerialSettings
  /// How long an answer may take.
  public let timing: Timing
  /// Whether the device may repeat the request before it answers.
  public let toleratesEcho: Bool

  /// The answer without its terminator, after `.reply`.
  public private(set) var reply = Frame()
  /// When the last byte of the request leaves the wire: the instant of sending and the time its bytes take.
  public private(set) var requestEnd = Instant(nanoseconds: 0)
  /// When the first byte of the answer had arrived, after `.reply`.
  public private(set) var replyFirst = Instant(nanoseconds: 0)
  /// When `wake` must be called at the latest.
  public private(set) var deadline: Instant?
  /// Whether bytes came while no answer was due, since the last request.
  public private(set) var hasStrayBytes = false

  private var phase = Phase.idle
  private var match = Match.any
  /// The request without terminators, as an echo repeats it.
  private var request = Frame()
  private var echoTaken = false
  /// End of the longest possible answer, or of the longest discarding.
  private var limit = Instant(nanoseconds: 0)
  private var skippedLines = 0
  private var lastSkippedCount = 0
  private var lastSkippedWasTagged = false

  /// Puts the parts together.
  public init(settings: SerialSettings, timing: Timing, toleratesEcho: Bool = false) {
    self.settings = settings
    self.timing = timing
    self.toleratesEcho = toleratesEcho
  }

  /// Whether an answer is awaited or the line is not quiet yet.
  public var isBusy: Bool { phase != .idle }

  /// Begins to wait for the answer to `message`, which is sent now; the exchange must not be busy.
  public mutating func begin(_ message: Frame, match: Match, at instant: Instant) {
    precondition(phase == .idle, "an exchange is under way")
    phase = .waiting
    self.match = match
    request.removeAll()
    if toleratesEcho && match == .any {
      for index in 0..<message.count where message[index] != 0x0D && message[index] != 0x0A {
        request.append(message[index])
      }
    }
    reply.removeAll()
    echoTaken = false
    skippedLines = 0
    lastSkippedCount = 0
    lastSkippedWasTagged = false
    hasStrayBytes = false
    let character = settings.characterNanoseconds
    requestEnd = instant + Int64(message.count) * character
    limit = requestEnd + (timing.replyNanoseconds + 2 * Int64(Frame.capacity) * character)
    deadline = requestEnd + timing.replyNanoseconds
  }

  /// Takes bytes; `first` is the instant of the first, `instant` that of the last. The instants between are taken as
  /// evenly spaced.
  public mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> Event {
    guard !frame.isEmpty else { return .none }
    switch phase {
    case .idle:
      hasStrayBytes = true
      return .none
    case .discarding:
      extendDiscarding(at: instant)
      return .none
    case .waiting:
      break
    }
    var own = frame
    for index in 0..<own.count {
      let byte = own.byte(index)
      if byte == 0x0A {
        if !reply.isEmpty && reply[reply.count - 1] == 0x0D { reply = reply.slice(0..<reply.count - 1) }
        if takeEcho() { continue }
        if matches() {
          guard index == frame.count - 1 else { return fail(.malformed(received: reply.count), at: instant) }
          phase = .idle
          deadline = nil
          return .reply
        }
        skipLine()
      } else if byte == 0x0D && toleratesEcho && (takeEcho() || skipEcho()) {
        continue
      } else {
        guard !reply.isFull else { return fail(.malformed(received: reply.count), at: instant) }
        if reply.isEmpty {
          let span = instant - first
          replyFirst = frame.count == 1 ? first : first + span * Int64(index) / Int64(frame.count - 1)
        }
        reply.append(byte)
      }
    }
    let start = requestEnd + timing.replyNanoseconds
    let next = min(instant + timing.gapNanoseconds, limit)
    deadline = match == .any && !reply.isEmpty ? next : reply.isEmpty && skippedLines == 0 ? start : max(start, next)
    return .none
  }

  /// Takes the errors that the receiver reported.
  public mutating func receive(_ errors: LineErrors, at instant: Instant) -> Event {
    guard !errors.isEmpty else { return .none }
    switch phase {
    case .idle:
      hasStrayBytes = true
      return .none
    case .discarding:
      extendDiscarding(at: instant)
      return .none
    case .waiting:
      return fail(.line(errors), at: instant)
    }
  }

  /// The deadline has come; earlier calls change nothing.
  public mutating func wake(at instant: Instant) -> Event {
    guard let deadline, instant >= deadline else { return .none }
    if phase == .discarding {
      phase = .idle
      self.deadline = nil
      return .ready
    }
    if !reply.isEmpty { return fail(.truncated(received: reply.count), at: instant) }
    if skippedLines == 0 { return fail(.timeout, at: instant) }
    return fail(lastSkippedWasTagged ? .stale : .malformed(received: lastSkippedCount), at: instant)
  }

  /// The port is gone: nothing is awaited any more.
  public mutating func lose() {
    phase = .idle
    deadline = nil
    hasStrayBytes = true
  }

  /// The owner found the answer malformed: what still comes is discarded until the line is quiet.
  public mutating func reject(at instant: Instant) {
    precondition(phase == .idle, "only a complete answer can be rejected")
    startDiscarding(at: instant)
  }

  /// The number of a line that starts with one to three digits and a semicolon.
  static func tag(of line: Frame) -> UInt32? {
    for index in 0..<min(line.count, 4) where line[index] == UInt8(ascii: ";") {
      return DecimalCoding.unsigned(line, 0..<index)
    }
    return nil
  }

  private func matches() -> Bool {
    switch match {
    case .any:
      return true
    case .tag(let number):
      return LineExchange.tag(of: reply) == UInt32(number)
    case .fields(let count):
      var commas = 0
      for byte in reply where byte == UInt8(ascii: ",") { commas += 1 }
      return commas == count - 1
    }
  }

  /// Drops the line if it is the echo of the request, or the line feed after such an echo.
  private mutating func takeEcho() -> Bool {
    guard toleratesEcho, match == .any else { return false }
    if echoTaken { return reply.isEmpty }
    guard reply == request else { return false }
    echoTaken = true
    reply.removeAll()
    return true
  }

  /// Skips a line that is not the answer; the line feed behind an echo that ended with CR is no line.
  private mutating func skipLine() {
    guard !reply.isEmpty else { return }
    skippedLines += 1
    lastSkippedCount = reply.count
    lastSkippedWasTagged = LineExchange.tag(of: reply) != nil
    reply.removeAll()
  }

  /// At a CR, where only certain lines are taken: whether what stands before it is none of them, as an echo without line
  /// feed is.
  private mutating func skipEcho() -> Bool {
    guard match != .any, !matches() else { return false }
    skipLine()
    return true
  }

  private mutating func fail(_ fault: ExchangeFault, at instant: Instant) -> Event {
    startDiscarding(at: instant)
    return .fault(fault)
  }

  private mutating func startDiscarding(at instant: Instant) {
    phase = .discarding
    limit = instant + Self.longestDiscardInQuietTimes * timing.quietNanoseconds
    deadline = instant + timing.quietNanoseconds
  }

  private mutating func extendDiscarding(at instant: Instant) {
    deadline = min(instant + timing.quietNanoseconds, limit)
  }
}
