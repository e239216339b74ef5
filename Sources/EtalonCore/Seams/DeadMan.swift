/// The dead-man of a bench: what carries the sign of life of a world's loop, and when it is given.
public struct DeadMan: Equatable, Sendable {
  /// What carries the sign of life.
  public enum Carrier: Equatable, Sendable {
    /// An output line, by its place in the list of lines.
    case line(LineIndex)
    /// A modem line (DTR or RTS) of a port, by the port's place in the list of ports.
    case modem(PortIndex, ModemLines)
  }

  /// What carries the sign of life.
  public var carrier: Carrier
  /// When it is given.
  public var heartbeat: Heartbeat

  /// A dead-man of its parts.
  public init(_ carrier: Carrier, _ heartbeat: Heartbeat) {
    self.carrier = carrier
    self.heartbeat = heartbeat
  }
}
