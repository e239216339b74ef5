import Glibc

/// One serial port of the machine, as the kernel describes it.
public struct PortEntry: Sendable, Equatable {
  /// How the port is connected.
  public enum Transport: String, Sendable {
    /// A USB device.
    case usb
    /// A UART of the board or of a card.
    case native
  }

  /// The kernel's name, for example `ttyUSB0`.
  public var name: String
  /// Major and minor number of the device.
  public var deviceNumber: UInt64
  /// How it is connected.
  public var transport: Transport
  /// Which device it is.
  public var identity: PortIdentity
  /// The kernel's driver, for example `ftdi_sio`; nil where the kernel names none.
  public var driver: String?
  /// Whether the kernel writes its console there; such a port is never opened.
  public var isConsole: Bool

  /// The path of its device file.
  public var path: String { "/dev/" + name }
}

/// The serial ports that the machine has now, read from sysfs: no port is opened for it, as opening one can reset the
/// device behind it.
public struct PortList: Sendable {
  /// Where sysfs is mounted; another folder serves tests.
  let root: String

  /// The ports of this machine.
  public init() { root = "/sys" }

  init(root: String) { self.root = root }

  /// What a device number is.
  enum Kind: Equatable {
    /// A real port, through libserialport.
    case serial(PortEntry)
    /// The slave side of a pseudo-terminal.
    case pseudoTerminal
    /// A terminal that no hardware stands behind, for example the far side of a USB gadget.
    case virtualTerminal(name: String)
    /// The system console, or the screen and keyboard.
    case console
    /// No terminal.
    case other
  }

  /// All ports, in the order of their names with numbers as numbers. A UART that the kernel reserves a name for and that
  /// is not there is left out.
  /// - Throws: `inputOutput` when sysfs can not be read.
  public func entries() throws(PortScanFault) -> [PortEntry] {
    let folder = root + "/class/tty"
    guard let names = Self.names(in: folder) else { throw PortScanFault(path: folder, code: errno) }
    let consoles = consoleNames()
    var entries: [PortEntry] = []
    for name in names {
      if let entry = entry(named: name, consoles: consoles) { entries.append(entry) }
    }
    return entries.sorted { Self.key($0.name) < Self.key($1.name) }
  }

  /// The ports that an address names; for a path the one port that it leads to, if it is a serial port.
  public func entries(at address: PortAddress) throws(PortScanFault) -> [PortEntry] {
    guard case .path(let path) = address else { return try entries().filter { address.names($0.identity) } }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFCHR,
      case .serial(let entry) = kind(of: UInt64(status.st_rdev))
    else { return [] }
    return [entry]
  }

  /// What stands behind a device number: never guessed from a name.
  func kind(of device: UInt64) -> Kind {
    let (major, minor) = Self.split(device)
    // Documentation/admin-guide/devices.txt: 136 to 143 are the slave sides of pseudo-terminals, 4:0 to 4:63 and 5:0 the
    // virtual consoles and "the terminal of this process", 5:1 the system console.
    if (136...143).contains(major) { return .pseudoTerminal }
    if major == 5 && minor <= 1 || major == 4 && minor < 64 { return .console }
    guard let target = Self.link("\(root)/dev/char/\(major):\(minor)") else { return .other }
    let name = Self.lastComponent(target)
    guard Self.exists("\(root)/class/tty/\(name)/dev") else { return .other }
    let consoles = consoleNames()
    if consoles.contains(name) { return .console }
    if let entry = entry(named: name, consoles: consoles) { return .serial(entry) }
    return .virtualTerminal(name: name)
  }

  /// Names of the terminals that the kernel writes its console to.
  private func consoleNames() -> [String] {
    guard let text = Self.text("\(root)/class/tty/console/active") else { return [] }
    return text.split(separator: " ").map(String.init)
  }

  /// A real port; nil for a terminal without hardware.
  private func entry(named name: String, consoles: [String]) -> PortEntry? {
    let folder = "\(root)/class/tty/\(name)"
    // Most terminals have no hardware, and one question tells.
    guard Self.exists(folder + "/device"), let hardware = Self.resolved(folder + "/device"),
      let numbers = Self.text(folder + "/dev"), let device = Self.deviceNumber(numbers)
    else { return nil }
    // The driver of the PC's UARTs keeps names for ports that are not there: their type is 0, "unknown".
    if Self.text(folder + "/type") == "0" { return nil }
    let chain = Self.parents(of: hardware, below: Self.resolved(root) ?? root)
    let usb = Self.usbIdentity(chain)
    // Newer kernels put devices of their own, `port` and `ctrl`, between a port and its hardware
    // (drivers/tty/serial/serial_base_bus.c).
    let driver = chain.lazy.compactMap { Self.link($0 + "/driver") }.map(Self.lastComponent)
      .first { $0 != "port" && $0 != "ctrl" }
    return PortEntry(
      name: name, deviceNumber: device, transport: usb == nil ? .native : .usb,
      identity: PortIdentity(usb: usb, physicalPath: Self.physicalPath(chain)), driver: driver,
      isConsole: consoles.contains(name))
  }

  /// The device's folder and those above it, up to the root of the devices.
  private static func parents(of folder: String, below root: String) -> [String] {
    var chain: [String] = []
    var path = folder
    while path.utf8.count > root.utf8.count + "/devices".utf8.count, path.hasPrefix(root) {
      chain.append(path)
      guard let slash = path.lastIndex(of: "/") else { break }
      path = String(path[..<slash])
    }
    return chain
  }

  private static func usbIdentity(_ chain: [String]) -> USBIdentity? {
    var interface: Int?
    for folder in chain {
      if interface == nil, let number = text(folder + "/bInterfaceNumber") { interface = Int(number, radix: 16) }
      guard let vendor = text(folder + "/idVendor").flatMap({ UInt16($0, radix: 16) }),
        let product = text(folder + "/idProduct").flatMap({ UInt16($0, radix: 16) })
      else { continue }
      let serial = text(folder + "/serial")
      return USBIdentity(
        vendor: vendor, product: product, serialNumber: serial == "" ? nil : serial, interface: interface,
        manufacturerName: text(folder + "/manufacturer"), productName: text(folder + "/product"))
    }
    return nil
  }

  /// The place as udev names it (systemd, src/udev/udev-builtin-path_id.c): for each bus on the way up one part, for
  /// USB the sockets on the way without the number of the bus, which depends on the order of starting.
  private static func physicalPath(_ chain: [String]) -> String? {
    var parts: [String] = []
    var index = 0
    while index < chain.count {
      let name = lastComponent(chain[index])
      let bus = link(chain[index] + "/subsystem").map(lastComponent)
      switch bus {
      case "usb":
        // The interface is `<bus>-<sockets>:<configuration>.<interface>`; the devices above it repeat its sockets.
        guard let dash = name.firstIndex(of: "-") else { break }
        parts.append("usb-0:\(name[name.index(after: dash)...])")
        while index + 1 < chain.count, link(chain[index + 1] + "/subsystem").map(lastComponent) == "usb" { index += 1 }
      case "pci", "platform", "amba":
        if bus != "amba" || parts.isEmpty { parts.append("\(bus!)-\(name)") }
        while index + 1 < chain.count, link(chain[index + 1] + "/subsystem").map(lastComponent) == bus { index += 1 }
      default: break
      }
      index += 1
    }
    return parts.isEmpty ? nil : parts.reversed().joined(separator: "-")
  }

  // MARK: Files of sysfs

  /// `ttyUSB10` comes after `ttyUSB9`.
  private static func key(_ name: String) -> (String, Int) {
    let digits = name.reversed().prefix { $0.isNumber }
    return (String(name.dropLast(digits.count)), Int(String(digits.reversed())) ?? -1)
  }

  /// Major and minor of a Linux device number (glibc, sys/sysmacros.h).
  static func split(_ device: UInt64) -> (major: UInt64, minor: UInt64) {
    (device >> 8 & 0xFFF | device >> 32 & 0xFFFF_F000, device & 0xFF | device >> 12 & 0xFFFF_FF00)
  }

  private static func deviceNumber(_ text: String) -> UInt64? {
    let parts = text.split(separator: ":").compactMap { UInt64($0) }
    guard parts.count == 2 else { return nil }
    let (major, minor) = (parts[0], parts[1])
    return (major & 0xFFF) << 8 | (major & ~0xFFF) << 32 | minor & 0xFF | (minor & ~0xFF) << 12
  }

  private static func names(in folder: String) -> [String]? {
    guard let directory = opendir(folder) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// The text of an attribute without the white space around it; nil when there is none.
  private static func text(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { return nil }
    var text = String(decoding: bytes[..<count], as: UTF8.self)[...]
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text.drop { $0.isWhitespace })
  }

  private static func link(_ path: String) -> String? {
    var target = [UInt8](repeating: 0, count: 4096)
    let count = target.withUnsafeMutableBytes {
      readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return count > 0 ? String(decoding: target[..<count], as: UTF8.self) : nil
  }

  private static func resolved(_ path: String) -> String? {
    guard let whole = realpath(path, nil) else { return nil }
    defer { free(whole) }
    return String(cString: whole)
  }

  private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  private static func lastComponent(_ path: String) -> String {
    String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
  }
}

/// The list of ports can not be read.
public struct PortScanFault: Error, Sendable, Equatable {
  /// What could not be read.
  public var path: String
  /// The operating system's error number.
  public var code: Int32

  /// What happened, for people.
  public var reason: String { "\(path) can not be read (\(String(cString: strerror(code))))" }

  /// Reason and remedy, for people.
  public var explanation: String { "\(reason); is sysfs mounted? mount -t sysfs sysfs /sys" }
}
