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
  /// The other side hung up, or the device was unplugged.
  case hangUp = 5
  /// The port accepted a setting (baud rate, parity) and did not apply it.
  case settingsRefused = 6
  /// The operating system reported another input/output error.
  case inputOutput = 7
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

/// The seam to one digital line.
public protocol Line: ~Copyable {
  /// Drives an output to its active (`true`) or inactive level.
  mutating func set(_ active: Bool) throws(PortFault)
  /// Reads the present level.
  mutating func read() throws(PortFault) -> Bool
}
