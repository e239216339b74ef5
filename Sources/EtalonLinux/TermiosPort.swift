import CEtalonLinux
import EtalonCore
import Glibc

/// The slave side of a pseudo-terminal, or a terminal that no hardware stands behind, through the kernel's terminal
/// interface (POSIX.1-2017, chapter 11), raw and never waiting. libserialport can not open them. Exclusive: opening one that is held by another is refused.
///
/// A pseudo-terminal has no wire, so it takes any parity and number of data bits and applies none of them; its baud rate
/// is kept and can be seen from the other side.
public struct TermiosPort: Port, ~Copyable {
  private var stream: TerminalStream

  /// For the loop that waits for it.
  var descriptor: Int32 { stream.descriptor }
  /// Whether bytes wait for the wire to take them.
  var isBlocked: Bool { stream.isBlocked }

  /// Opens the port at `path`, claims it, applies `settings`, reads them back, and drops the input from before.
  public init(path: String, settings: SerialSettings) throws(PortFault) {
    let descriptor = try Self.open(path)
    do throws(PortFault) {
      try Self.claim(descriptor, settings: settings)
    } catch {
      // Closing gives the lock back.
      Glibc.close(descriptor)
      throw error
    }
    stream = TerminalStream(descriptor: descriptor)
  }

  private static func open(_ path: String) throws(PortFault) -> Int32 {
    var status = stat()
    guard stat(path, &status) == 0 else { throw openingFault(errno) }
    // Anything but a character device is left unopened: opening a queue or a file can have effects.
    guard status.st_mode & S_IFMT == S_IFCHR else { throw .notATerminal }
    let descriptor = Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw openingFault(errno) }
    return descriptor
  }

  private static func claim(_ opened: Int32, settings: SerialSettings) throws(PortFault) {
    guard isatty(opened) == 1 else { throw .notATerminal }
    var status = stat()
    guard fstat(opened, &status) == 0 else { throw TerminalStream.fault(errno) }
    // Major numbers 136 to 143 are the slave sides of pseudo-terminals (Documentation/admin-guide/devices.txt).
    let isPseudo = (136...143).contains(status.st_rdev >> 8 & 0xFFF)
    // The lock ends with its owner, even a killed one. The kernel's claim ends with the last descriptor; a
    // pseudo-terminal's other side keeps one open, so there the claim would outlive us and only the lock is taken.
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else { throw errno == EWOULDBLOCK ? .busy : .inputOutput }
    guard etalon_terminal_is_claimed(opened) == 0 else { throw .busy }
    if !isPseudo && etalon_terminal_claim(opened) != 0 { throw TerminalStream.fault(errno) }
    try apply(settings, to: opened, isPseudo: isPseudo)
    guard tcflush(opened, TCIFLUSH) == 0 else { throw TerminalStream.fault(errno) }
  }

  /// Queues the bytes; a port that can not take more than 64 KiB of them ahead of its wire is a fault.
  public mutating func write(_ frame: Frame) throws(PortFault) { try stream.write(frame) }
  /// The bytes that have arrived, at most 256.
  public mutating func read() throws(PortFault) -> Frame { try stream.read() }
  /// Goes on with the bytes that wait.
  mutating func flush() throws(PortFault) { try stream.flush() }

  static func openingFault(_ code: Int32) -> PortFault {
    switch code {
    case ENOENT, ENOTDIR, ENODEV, ENXIO: .missing
    case EACCES, EPERM: .permission
    case EBUSY: .busy
    case EISDIR: .notATerminal
    case EIO: .hangUp
    default: .inputOutput
    }
  }

  private static func apply(_ settings: SerialSettings, to descriptor: Int32, isPseudo: Bool) throws(PortFault) {
    var wanted = termios()
    guard tcgetattr(descriptor, &wanted) == 0 else { throw TerminalStream.fault(errno) }
    cfmakeraw(&wanted)
    // The C library takes the number itself and refuses one that is not a standard rate.
    guard let rate = speed_t(exactly: settings.baud), rate > 0, cfsetspeed(&wanted, rate) == 0 else {
      throw .settingsRefused
    }
    let size: tcflag_t
    switch settings.dataBits {
    case 7: size = tcflag_t(CS7)
    case 8: size = tcflag_t(CS8)
    default: throw .settingsRefused
    }
    guard settings.stopBits == 1 || settings.stopBits == 2 else { throw .settingsRefused }
    wanted.c_cflag &= ~tcflag_t(CSIZE | CSTOPB | PARENB | PARODD)
    wanted.c_cflag |= tcflag_t(CREAD | CLOCAL) | size
    if settings.stopBits == 2 { wanted.c_cflag |= tcflag_t(CSTOPB) }
    switch settings.parity {
    case .none: break
    case .even: wanted.c_cflag |= tcflag_t(PARENB)
    case .odd: wanted.c_cflag |= tcflag_t(PARENB | PARODD)
    }
    var isRefused = false
    if tcsetattr(descriptor, TCSANOW, &wanted) != 0 {
      // The C library compares parity and size itself and says EINVAL where nothing else changed at the same time; a
      // pseudo-terminal applies neither, and for others reading back tells which it was.
      guard errno == EINVAL else { throw TerminalStream.fault(errno) }
      isRefused = !isPseudo
    }
    // The call succeeds when any part of it was applied, so only reading back tells.
    var applied = termios()
    guard tcgetattr(descriptor, &applied) == 0 else { throw TerminalStream.fault(errno) }
    guard cfgetospeed(&applied) == cfgetospeed(&wanted), cfgetispeed(&applied) == cfgetispeed(&wanted) else {
      throw .baudNotApplied
    }
    if !isPseudo {
      guard applied.c_cflag & tcflag_t(CSIZE) == size else { throw .dataBitsNotApplied }
      let parity = tcflag_t(PARENB | PARODD)
      guard applied.c_cflag & parity == wanted.c_cflag & parity else { throw .parityNotApplied }
    }
    guard applied.c_cflag & tcflag_t(CSTOPB) == wanted.c_cflag & tcflag_t(CSTOPB) else { throw .stopBitsNotApplied }
    guard !isRefused, applied.c_lflag & tcflag_t(ICANON | ECHO | ISIG) == 0,
      applied.c_iflag & tcflag_t(IXON | ICRNL | ISTRIP) == 0, applied.c_oflag & tcflag_t(OPOST) == 0
    else { throw .settingsRefused }
  }
}
