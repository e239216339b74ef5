import EtalonCore

/// The controller's side of SCPI over RS-232 (IEEE 488.2-1992, SCPI-99): commands, queries, status check, device clear.
///
/// Each exchange is one frame with one answer line:
/// ```
/// commands LF  *ESE 37;*ESE?; query ;:SYST:ERR? LF      ->   37;answer;0,"No error" LF
/// ```
/// Commands stand in a message of their own, because a message unit in error ends its message: the query after them is
/// answered also when the device refuses a command, and its error number comes with the answer.
///
/// The number of the exchange is written to the event enable register and read back in front of the answer. Only a line
/// with this number is taken, so neither the late answer to an older query nor an echo can be mistaken. A query whose
/// answer carries a number of its own may go without, which is shorter.
///
/// After a fault, after stray bytes and at the start the client is not synchronised, and the next exchange has its number
/// in any case. RS-232 has no device clear; in its place the frame starts with a line feed, which ends whatever the device
/// holds of a broken line, and `*CLS`, which empties the error queue.
public struct SCPIClient: Sendable {
  /// The line that the client talks on.
  public private(set) var exchange: LineExchange
  /// Whether everything that the device sends now can only be the answer to the next query.
  public private(set) var isSynchronised = false
  /// Where the answer to the query stands in `reply`: behind the number of the exchange, before the error entry.
  public private(set) var answer = 0..<0

  /// Commands that go out with each resynchronisation, for example a lock, without terminator; may be empty.
  private let clearing: Frame
  private var tag: UInt8 = 0
  private var isTagged = false
  private var checksErrors = false

  /// Puts the parts together.
  public init(exchange: LineExchange, clearing: Frame = Frame()) {
    self.exchange = exchange
    self.clearing = clearing
  }

  /// Whether a request is under way, or the line is not quiet yet after a fault.
  public var isBusy: Bool { exchange.isBusy }
  /// When `wake` must be called at the latest; nil when only bytes can change something.
  public var deadline: Instant? { exchange.deadline }
  /// The answer line as it came, with the number of the exchange and the error entry.
  public var reply: Frame { exchange.reply }

  /// Makes the frame of one exchange and begins to wait for its answer.
  ///
  /// - Parameters:
  ///   - commands: message units without answer, joined by semicolons; empty for none.
  ///   - query: message units with answers, joined by semicolons; not empty, starting from the root.
  ///   - checksErrors: whether the oldest entry of the error queue is asked for behind the query.
  ///   - isNumbered: false for a query whose answer carries a number of its own.
  /// - Returns: the frame to send; together they must fit one.
  public mutating func begin(
    commands: Frame, query: Frame, checksErrors: Bool, isNumbered: Bool = true, at instant: Instant
  ) -> Frame {
    self.checksErrors = checksErrors
    let isClearing = !isSynchronised || exchange.hasStrayBytes
    isTagged = isNumbered || isClearing
    isSynchronised = false
    var message = Frame()
    if isClearing {
      message.append(ascii: "\n*CLS\n")
      if !clearing.isEmpty {
        message.append(clearing)
        message.append(0x0A)
      }
    }
    if !commands.isEmpty {
      message.append(commands)
      message.append(0x0A)
    }
    if isTagged {
      tag = tag == 255 ? 1 : tag + 1
      message.append(ascii: "*ESE ")
      appendTag(to: &message)
      message.append(ascii: ";*ESE?;")
    }
    message.append(query)
    if checksErrors { message.append(ascii: ";:SYST:ERR?") }
    message.append(0x0A)
    exchange.begin(message, match: isTagged ? .tag(tag) : .any, at: instant)
    return message
  }

  /// Takes bytes; `first` is the instant of the first, `instant` that of the last.
  public mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> LineExchange.Event {
    settle(exchange.receive(frame, first: first, at: instant), at: instant)
  }

  /// Takes the errors that the receiver reported.
  public mutating func receive(_ errors: LineErrors, at instant: Instant) -> LineExchange.Event {
    settle(exchange.receive(errors, at: instant), at: instant)
  }

  /// The deadline has come; earlier calls change nothing.
  public mutating func wake(at instant: Instant) -> LineExchange.Event {
    settle(exchange.wake(at: instant), at: instant)
  }

  /// The port is gone; the next exchange resynchronises.
  public mutating func lose() {
    isSynchronised = false
    exchange.lose()
  }

  /// The owner found the answer malformed.
  public mutating func reject(at instant: Instant) {
    isSynchronised = false
    exchange.reject(at: instant)
  }

  /// Takes number and error entry off a complete line.
  private mutating func settle(_ event: LineExchange.Event, at instant: Instant) -> LineExchange.Event {
    guard event == .reply else { return event }
    let line = exchange.reply
    var start = 0
    if isTagged {
      while line[start] != UInt8(ascii: ";") { start += 1 }
      start += 1
    }
    answer = start..<line.count
    if checksErrors {
      guard let units = FieldList(line, answer, separator: UInt8(ascii: ";")), units.count >= 2,
        let code = Self.errorCode(line, units[units.count - 1])
      else {
        exchange.reject(at: instant)
        return .fault(.malformed(received: line.count))
      }
      // What else is in the queue is cleared by the resynchronisation that follows.
      guard code == 0 else { return .fault(.device(code: code)) }
      answer = start..<units[units.count - 1].lowerBound - 1
    }
    isSynchronised = true
    return .reply
  }

  /// The number of an entry of the error queue: `-113,"Undefined header"` (SCPI-99 vol. 2, 21.8).
  static func errorCode(_ frame: Frame, _ range: Range<Int>) -> Int32? {
    guard let parts = FieldList(frame, range, separator: UInt8(ascii: ",")), parts.count == 2 else { return nil }
    let text = parts[1]
    guard text.count >= 2, frame[text.lowerBound] == UInt8(ascii: "\""),
      frame[text.upperBound - 1] == UInt8(ascii: "\""), frame.isPrintable(in: text)
    else { return nil }
    return DecimalCoding.signed(frame, parts[0])
  }

  private func appendTag(to message: inout Frame) {
    if tag >= 100 { message.append(0x30 + tag / 100) }
    if tag >= 10 { message.append(0x30 + tag / 10 % 10) }
    message.append(0x30 + tag % 10)
  }
}
