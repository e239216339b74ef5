import CEtalonLinux
import CSerialPort
import EtalonCore
import Glibc

/// A real serial port, opened and set by libserialport, raw and never waiting. Exclusive: opening one that is held by
/// another is refused. Bytes go through the kernel's terminal interface directly, because libserialport answers 0 both
/// for silence and for a port that is gone.
///
/// A real port has no other side that could hang up, so every end of it means that the device vanished.
public struct SerialPort: Port, ~Copyable {
  private var stream: TerminalStream
  /// Which port it is.
  public let entry: PortEntry
  private var counts = etalon_line_counts()
  private let hasCounts: Bool

  /// For the loop that waits for it.
  var descriptor: Int32 { stream.descriptor }
  /// Whether bytes wait for the wire to take them.
  var isBlocked: Bool { stream.isBlocked }

  /// Opens the port, claims it, applies `settings`, reads them back, and drops the input from before. The kernel asserts
  /// DTR and RTS on opening.
  /// - Throws: `systemConsole` for the port that the kernel writes its console to, without opening it; `otherDevice` when
  ///   the device was exchanged since the list was made; a setting's own fault when the port accepted and did not apply it.
  public init(_ entry: PortEntry, settings: SerialSettings, ports: PortList = PortList()) throws(PortFault) {
    guard !entry.isConsole else { throw .systemConsole }
    let descriptor = try Self.open(entry, settings: settings)
    do throws(PortFault) {
      // Between the list and the opening another device may have got the name.
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw Self.fault(errno) }
      guard UInt64(status.st_rdev) == entry.deviceNumber,
        case .serial(let opened) = ports.kind(of: UInt64(status.st_rdev)),
        opened.identity == entry.identity
      else { throw .otherDevice }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    self.entry = entry
    hasCounts = etalon_line_counts_get(descriptor, &counts) == 0
    stream = TerminalStream(descriptor: descriptor)
  }

  deinit {
    // A break has no owner in the kernel; DTR and RTS fall with the last descriptor, also that of a killed process.
    _ = etalon_modem_change(
      stream.descriptor, 0, UInt32(ETALON_MODEM_DTR | ETALON_MODEM_RTS | ETALON_MODEM_BREAK))
  }

  private static func open(_ entry: PortEntry, settings: SerialSettings) throws(PortFault) -> Int32 {
    guard settings.baud > 0, settings.baud <= Int(Int32.max), (7...8).contains(settings.dataBits),
      (1...2).contains(settings.stopBits)
    else { throw .settingsRefused }
    // The permission is asked first: libserialport opens with a message to no one, and errno is not always its own.
    guard access(entry.path, R_OK | W_OK) == 0 else { throw openingFault(errno) }
    var port: OpaquePointer?
    errno = 0
    guard sp_get_port_by_name(entry.path, &port) == SP_OK, let port else { throw .missing }
    defer { sp_free_port(port) }
    errno = 0
    let opened = sp_open(port, SP_MODE_READ_WRITE)
    guard opened == SP_OK else { throw openingFault(opened == SP_ERR_FAIL ? errno : EIO) }
    defer { sp_close(port) }
    var handle: Int32 = -1
    guard sp_get_port_handle(port, &handle) == SP_OK else { throw .inputOutput }
    // The lock ends with its owner, even a killed one; the kernel's claim also keeps out those who ask for no lock. One
    // who may administer the system passes the claim, so it is asked for and not only relied upon.
    guard flock(handle, LOCK_EX | LOCK_NB) == 0 else { throw errno == EWOULDBLOCK ? .busy : .inputOutput }
    guard etalon_terminal_is_claimed(handle) == 0 else { throw .busy }
    guard etalon_terminal_claim(handle) == 0 else { throw fault(errno) }
    try apply(settings, to: port, handle)
    guard tcflush(handle, TCIFLUSH) == 0 else { throw fault(errno) }
    // libserialport keeps its descriptor to itself and closes it; ours is the same opening of the port.
    let own = fcntl(handle, F_DUPFD_CLOEXEC, 0)
    guard own >= 0 else { throw .inputOutput }
    return own
  }

  private static func apply(
    _ settings: SerialSettings, to port: OpaquePointer, _ handle: Int32
  ) throws(PortFault) {
    let parity: sp_parity
    switch settings.parity {
    case .none: parity = SP_PARITY_NONE
    case .even: parity = SP_PARITY_EVEN
    case .odd: parity = SP_PARITY_ODD
    }
    let changes: [() -> sp_return] = [
      { sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE) },
      { sp_set_baudrate(port, Int32(settings.baud)) },
      { sp_set_bits(port, Int32(settings.dataBits)) },
      { sp_set_parity(port, parity) },
      { sp_set_stopbits(port, Int32(settings.stopBits)) },
    ]
    for change in changes {
      errno = 0
      switch change() {
      case SP_OK: break
      case SP_ERR_FAIL where errno == EIO || errno == ENODEV || errno == ENXIO: throw .vanished
      default: throw .settingsRefused
      }
    }
    // A driver that can not do a setting leaves it as it was and reports success, so only reading back tells.
    var configuration: OpaquePointer?
    guard sp_new_config(&configuration) == SP_OK, let configuration else { throw .inputOutput }
    defer { sp_free_config(configuration) }
    errno = 0
    guard sp_get_config(port, configuration) == SP_OK else { throw fault(errno) }
    var baud: Int32 = 0
    var bits: Int32 = 0
    var stopBits: Int32 = 0
    var applied = SP_PARITY_INVALID
    guard sp_get_config_baudrate(configuration, &baud) == SP_OK, sp_get_config_bits(configuration, &bits) == SP_OK,
      sp_get_config_parity(configuration, &applied) == SP_OK,
      sp_get_config_stopbits(configuration, &stopBits) == SP_OK
    else { throw .inputOutput }
    let parities = [
      SP_PARITY_NONE.rawValue: SerialSettings.Parity.none, SP_PARITY_EVEN.rawValue: .even, SP_PARITY_ODD.rawValue: .odd,
    ]
    if let fault = Self.difference(
      settings, baud: Int(baud), dataBits: Int(bits), parity: parities[applied.rawValue], stopBits: Int(stopBits))
    {
      throw fault
    }
    // The lines fall when the last descriptor is closed: so a killed process leaves no target in reset. And libserialport
    // leaves VMIN at 0, with which a silent port answers "end of file" as one that is gone does; with 1 it answers "try
    // again".
    var attributes = termios()
    guard tcgetattr(handle, &attributes) == 0 else { throw fault(errno) }
    attributes.c_cflag |= tcflag_t(HUPCL)
    withUnsafeMutableBytes(of: &attributes.c_cc) { characters in
      characters[Int(VMIN)] = 1
      characters[Int(VTIME)] = 0
    }
    guard tcsetattr(handle, TCSANOW, &attributes) == 0 else { throw fault(errno) }
  }

  /// The first setting that a port did not apply, from what it says it has; `parity` is nil for a kind that is none of ours.
  static func difference(
    _ wanted: SerialSettings, baud: Int, dataBits: Int, parity: SerialSettings.Parity?, stopBits: Int
  ) -> PortFault? {
    // The divider of a UART hits few rates exactly. Sampling in the middle of bits, a frame of ten bits stands half a bit
    // of skew over 9.5 bits, 5 %, which the two sides share.
    if abs(baud - wanted.baud) * 50 > wanted.baud { return .baudNotApplied }
    if dataBits != wanted.dataBits { return .dataBitsNotApplied }
    if parity != wanted.parity { return .parityNotApplied }
    if stopBits != wanted.stopBits { return .stopBitsNotApplied }
    return nil
  }

  /// Queues the bytes; a port that can not take more than 64 KiB of them ahead of its wire is a fault.
  public mutating func write(_ frame: Frame) throws(PortFault) {
    do throws(PortFault) { try stream.write(frame) } catch { throw Self.asVanished(error) }
  }

  /// The bytes that have arrived, at most 256; none means that the port is there and silent.
  public mutating func read() throws(PortFault) -> Frame {
    do throws(PortFault) {
      let frame = try stream.read()
      // A driver that forgets to report the end of its port still can not count what is in it.
      if frame.isEmpty, etalon_terminal_pending(stream.descriptor) < 0 { throw PortFault.vanished }
      return frame
    } catch { throw Self.asVanished(error) }
  }

  /// Goes on with the bytes that wait.
  mutating func flush() throws(PortFault) {
    do throws(PortFault) { try stream.flush() } catch { throw Self.asVanished(error) }
  }

  /// The errors that the receiver saw since the last call; none where the port does not count them.
  mutating func takeLineErrors() -> LineErrors {
    guard hasCounts else { return [] }
    var present = etalon_line_counts()
    guard etalon_line_counts_get(stream.descriptor, &present) == 0 else { return [] }
    var errors: LineErrors = []
    if present.framing != counts.framing { errors.insert(.framing) }
    if present.parity != counts.parity { errors.insert(.parity) }
    if present.overrun != counts.overrun { errors.insert(.overrun) }
    if present.break_condition != counts.break_condition { errors.insert(.breakCondition) }
    counts = present
    return errors
  }

  /// Asserts and releases modem lines, DTR and RTS together where both change.
  public mutating func change(_ change: ModemChange) throws(PortFault) {
    guard
      etalon_modem_change(stream.descriptor, UInt32(change.asserted.rawValue), UInt32(change.released.rawValue)) == 0
    else { throw errno == ENOTTY || errno == EINVAL || errno == EOPNOTSUPP ? .settingsRefused : Self.fault(errno) }
  }

  private static func fault(_ code: Int32) -> PortFault { asVanished(TerminalStream.fault(code)) }

  private static func asVanished(_ fault: PortFault) -> PortFault { fault == .hangUp ? .vanished : fault }

  private static func openingFault(_ code: Int32) -> PortFault {
    switch code {
    case ENOENT, ENOTDIR, ENODEV, ENXIO: .missing
    case EACCES, EPERM: .permission
    case EBUSY: .busy
    // A UART that the driver keeps a name for and that is not there.
    case EIO, ENOTTY: .notATerminal
    default: .inputOutput
    }
  }
}
