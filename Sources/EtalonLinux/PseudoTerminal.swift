import CEtalonLinux
import EtalonCore
import Glibc

/// The master side of a pseudo-terminal, and a symbolic link by which clients find its slave side: a serial cable's end
/// for a twin. It keeps the slave open, so that clients can come and go without a fault on this side.
public struct PseudoTerminal: Port, ~Copyable {
  private var stream: TerminalStream
  private let slave: Int32
  /// Path of the slave side, for example `/dev/pts/3`.
  public let slavePath: String
  /// Path of the symbolic link to it.
  public let link: String

  /// For the loop that waits for it.
  var descriptor: Int32 { stream.descriptor }

  /// Makes a pseudo-terminal, sets it raw and without echo, and puts a link to it at `link`. A symbolic link that is
  /// there already, as a killed twin leaves it, is replaced; anything else is a fault (`busy`).
  public init(link: String) throws(PortFault) {
    let master = etalon_pty_open()
    guard master >= 0 else { throw Self.fault(errno) }
    do throws(PortFault) {
      (slave, slavePath) = try Self.openSlave(of: master, link: link)
    } catch {
      Glibc.close(master)
      throw error
    }
    stream = TerminalStream(descriptor: master)
    self.link = link
  }

  private static func openSlave(of master: Int32, link: String) throws(PortFault) -> (Int32, String) {
    var name: InlineArray<64, CChar> = InlineArray(repeating: 0)
    let (code, path) = withUnsafeMutableBytes(of: &name) {
      let text = $0.baseAddress!.assumingMemoryBound(to: CChar.self)
      let code = etalon_pty_name(master, text, $0.count)
      return (code, code == 0 ? String(cString: text) : "")
    }
    let slave = code == 0 ? open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1
    guard slave >= 0 else { throw Self.fault(code == 0 ? errno : code) }
    do throws(PortFault) {
      var settings = termios()
      guard tcgetattr(slave, &settings) == 0 else { throw Self.fault(errno) }
      cfmakeraw(&settings)
      guard tcsetattr(slave, TCSANOW, &settings) == 0 else { throw Self.fault(errno) }
      var status = stat()
      if lstat(link, &status) == 0 {
        guard status.st_mode & S_IFMT == S_IFLNK else { throw .busy }
        guard unlink(link) == 0 else { throw Self.fault(errno) }
      }
      guard symlink(path, link) == 0 else { throw Self.fault(errno) }
      return (slave, path)
    } catch {
      Glibc.close(slave)
      throw error
    }
  }

  deinit {
    // The link is ours only while it leads to our terminal.
    var target = [CChar](repeating: 0, count: 256)
    let count = readlink(link, &target, target.count - 1)
    if count > 0 && target[..<count].elementsEqual(slavePath.utf8.map { CChar(bitPattern: $0) }) { unlink(link) }
    Glibc.close(slave)
  }

  /// The baud rate that the client set; nil when it is none of the usual ones.
  public var clientBaud: Int? {
    var settings = termios()
    guard tcgetattr(slave, &settings) == 0 else { return nil }
    let coded = cfgetospeed(&settings)
    let usual = [
      300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600,
      1_000_000, 1_152_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
    ]
    for rate in usual {
      var sample = termios()
      if cfsetspeed(&sample, speed_t(rate)) == 0 && cfgetospeed(&sample) == coded { return rate }
    }
    return nil
  }

  /// Sends the bytes. What does not fit into the kernel's buffer is lost, as on a wire to which nobody listens: a
  /// device that talks by itself must not keep its old words for the next client.
  public mutating func write(_ frame: Frame) throws(PortFault) {
    try stream.write(frame)
    stream.discard()
  }
  /// The bytes that the client sent, at most 256.
  public mutating func read() throws(PortFault) -> Frame { try stream.read() }

  private static func fault(_ code: Int32) -> PortFault {
    switch code {
    case ENOENT, ENOTDIR: .missing
    case EACCES, EPERM, EROFS: .permission
    case EEXIST: .busy
    default: .inputOutput
    }
  }
}
