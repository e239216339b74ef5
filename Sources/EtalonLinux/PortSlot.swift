import EtalonCore
import Glibc

/// One port of a world and what it is now. All transports can be absent: the port is lost or closed.
struct PortSlot: ~Copyable {
  /// A real serial port.
  var serial: SerialPort?
  /// The slave side of a pseudo-terminal, or a terminal without hardware.
  var terminal: TermiosPort?
  /// The master side of a pseudo-terminal.
  var pseudo: PseudoTerminal?
  /// A device on lines.
  var lines: LineConnection?
  var waitsForRoom = false
  /// How the port is named and set.
  var reconnect: Reconnect?
  /// The device that went away and is waited for.
  var away: Away?

  var descriptor: Int32 {
    switch serial {
    case .some(let port): return port.descriptor
    case .none: break
    }
    switch terminal {
    case .some(let port): return port.descriptor
    case .none: break
    }
    switch pseudo {
    case .some(let port): return port.descriptor
    case .none: return -1
    }
  }

  /// Whether bytes wait for the wire to take them.
  var isBlocked: Bool {
    switch serial {
    case .some(let port): return port.isBlocked
    case .none: break
    }
    switch terminal {
    case .some(let port): return port.isBlocked
    case .none: return false
    }
  }

  /// What the end of the port means, where the kernel only says that it ended.
  var endFault: PortFault {
    switch serial {
    case .some: return .vanished
    case .none: return .hangUp
    }
  }

  /// Opens the port at an address: a real port by libserialport, a pseudo-terminal by the terminal interface. What it is
  /// is told by its device number and never by its name.
  mutating func open(_ address: PortAddress, settings: SerialSettings, ports: PortList) throws(PortFault) {
    if case .path(let path) = address {
      var status = stat()
      guard stat(path, &status) == 0 else { throw TermiosPort.openingFault(errno) }
      let kind: PortList.Kind = status.st_mode & S_IFMT == S_IFCHR ? ports.kind(of: UInt64(status.st_rdev)) : .other
      switch kind {
      case .console: throw .systemConsole
      case .serial(let entry): serial = try SerialPort(entry, settings: settings, ports: ports)
      case .pseudoTerminal, .virtualTerminal, .other: terminal = try TermiosPort(path: path, settings: settings)
      }
      return
    }
    let found: [PortEntry]
    do throws(PortScanFault) { found = try ports.entries(at: address) } catch { throw .inputOutput }
    guard let entry = found.first else { throw .missing }
    guard found.count == 1 else { throw .ambiguous }
    serial = try SerialPort(entry, settings: settings, ports: ports)
  }

  mutating func read() throws(PortFault) -> Frame {
    if serial != nil { return try serial!.read() }
    if terminal != nil { return try terminal!.read() }
    if pseudo != nil { return try pseudo!.read() }
    return Frame()
  }

  mutating func write(_ frame: Frame) throws(PortFault) {
    if serial != nil { return try serial!.write(frame) }
    if terminal != nil { return try terminal!.write(frame) }
    if pseudo != nil { return try pseudo!.write(frame) }
  }

  mutating func flush() throws(PortFault) {
    if serial != nil { return try serial!.flush() }
    if terminal != nil { return try terminal!.flush() }
  }

  /// Changes modem lines; a port that is lost or closed has none, and a pseudo-terminal never had.
  mutating func change(_ change: ModemChange) throws(PortFault) {
    if serial != nil { return try serial!.change(change) }
    if terminal != nil || pseudo != nil || lines != nil { throw .settingsRefused }
  }

  mutating func takeLineErrors() -> LineErrors { serial != nil ? serial!.takeLineErrors() : [] }

  mutating func drop() {
    serial = nil
    terminal = nil
    pseudo = nil
    lines = nil
    waitsForRoom = false
    away = nil
  }
}
