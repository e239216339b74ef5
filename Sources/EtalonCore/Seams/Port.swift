/// Why a port can not be used. Silence is not among them: a port that says nothing is a matter of the driver's time-out.
public enum PortFault: UInt8, Error, Equatable, Sendable {
  /// No such path, or no such device behind it.
  case missing = 1
  /// The path is there but is not a serial port or terminal.
  case notATerminal = 2
  /// The user may not open it.
  case permission = 3
  /// Another process holds it.
  case busy = 4
  /// The program on the other side of a pseudo-terminal hung up.
  case hangUp = 5
  /// The port refused the settings, or did not apply one that has no fault of its own.
  case settingsRefused = 6
  /// The operating system reported another input/output error.
  case inputOutput = 7
  /// The device behind the port went away: unplugged, reset or without power.
  case vanished = 8
  /// The kernel writes its console to this port, so it is not opened.
  case systemConsole = 9
  /// The port accepted the baud rate and did not apply it.
  case baudNotApplied = 10
  /// The port accepted the number of data bits and did not apply it.
  case dataBitsNotApplied = 11
  /// The port accepted the parity and did not apply it.
  case parityNotApplied = 12
  /// The port accepted the number of stop bits and did not apply it.
  case stopBitsNotApplied = 13
  /// Another device than the one that was there before answers to the port's name.
  case otherDevice = 14
  /// More than one device has the identity by which the port is named.
  case ambiguous = 15
  /// The device came back under another name than the path by which the bench names it.
  case movedElsewhere = 16
}

/// Control lines of a serial port that a program drives.
@frozen public struct ModemLines: OptionSet, Sendable, Equatable {
  /// The set as bits.
  public let rawValue: UInt8
  /// A set from its bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// DTR, data terminal ready.
  public static let dataTerminalReady = ModemLines(rawValue: 1)
  /// RTS, request to send.
  public static let requestToSend = ModemLines(rawValue: 2)
  /// The transmit line itself, held low: a break.
  public static let breakCondition = ModemLines(rawValue: 4)
}

/// A change of control lines. Lines in neither set stay as they are; where DTR and RTS both change, they change in one
/// request, as reset circuits with two transistors want it.
@frozen public struct ModemChange: Sendable, Equatable {
  /// Lines to assert.
  public var asserted: ModemLines
  /// Lines to release; a line may be in one of the two sets only.
  public var released: ModemLines
  /// A change from its parts.
  @inlinable public init(asserted: ModemLines = [], released: ModemLines = []) {
    precondition(asserted.isDisjoint(with: released), "a line can not be asserted and released at once")
    self.asserted = asserted
    self.released = released
  }
}

/// What a serial receiver can report beside bytes.
@frozen public struct LineErrors: OptionSet, Sendable, Equatable {
  /// The set as bits.
  public let rawValue: UInt8
  /// A set from its bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// A stop bit was not where it belongs.
  public static let framing = LineErrors(rawValue: 1)
  /// The parity bit was wrong.
  public static let parity = LineErrors(rawValue: 2)
  /// Bytes arrived faster than they were taken.
  public static let overrun = LineErrors(rawValue: 4)
  /// The line was held low for longer than a character.
  public static let breakCondition = LineErrors(rawValue: 8)
}

/// How a serial line is set.
@frozen public struct SerialSettings: Equatable, Sendable {
  /// Parity of each character.
  @frozen public enum Parity: UInt8, Sendable { case none, even, odd }
  /// Symbols per second, for example 9600.
  public var baud: Int
  /// Data bits, 7 or 8.
  public var dataBits: Int
  /// Parity of each character.
  public var parity: Parity
  /// Stop bits, 1 or 2.
  public var stopBits: Int

  /// Settings of a line; 8 data bits, no parity and 1 stop bit unless given.
  @inlinable public init(baud: Int, dataBits: Int = 8, parity: Parity = .none, stopBits: Int = 1) {
    self.baud = baud
    self.dataBits = dataBits
    self.parity = parity
    self.stopBits = stopBits
  }

  /// Bits that one character takes on the wire: start, data, parity and stop bits.
  @inlinable public var bitsPerCharacter: Int { 1 + dataBits + (parity == .none ? 0 : 1) + stopBits }

  /// Nanoseconds that one character takes on the wire, rounded down.
  @inlinable public var characterNanoseconds: Int64 { Int64(bitsPerCharacter) * 1_000_000_000 / Int64(baud) }
}

/// The seam to a stream of bytes. One owner per port; closing happens when the value is consumed.
public protocol Port: ~Copyable {
  /// Queues bytes for sending without waiting for the wire.
  mutating func write(_ frame: Frame) throws(PortFault)
  /// Takes the bytes that have arrived, at most a frame; an empty frame means that nothing is there now.
  mutating func read() throws(PortFault) -> Frame
}

/// The seam to one digital line; how it is set is told by `LineSettings`.
public protocol Line: ~Copyable {
  /// Drives an output to its active (`true`) or inactive level.
  mutating func set(_ active: Bool) throws(PortFault)
  /// Reads the present level.
  mutating func read() throws(PortFault) -> Bool
}
