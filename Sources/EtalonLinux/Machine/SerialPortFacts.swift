/// One serial port of the machine as a person wants to know it: `PortEntry`, the name that stays, and who holds it. Nothing
/// is opened to learn it.
public struct SerialPortFacts: Sendable, Equatable {
  /// A process that has the port open.
  public struct Holder: Sendable, Equatable {
    /// Process number.
    public var process: Int
    /// Name of the program, at most 15 characters as the kernel keeps it.
    public var name: String

    /// A holder from its facts.
    public init(process: Int, name: String) {
      self.process = process
      self.name = name
    }
  }

  /// What the kernel says about the port.
  public var entry: PortEntry
  /// A path that names the device or its socket and stays the same: below `/dev/serial/by-id`, else `/dev/serial/by-path`,
  /// else the device path of a port that is part of the machine; nil for a USB port without such a link.
  public var stablePath: String?
  /// Who has it open, as far as this user may see.
  public var holders: [Holder]

  /// Device path, for example `/dev/ttyUSB0`. The number is given out in the order of plugging and means nothing.
  public var path: String { entry.path }
  /// Whether the kernel writes its messages there. Such a port is never used for an instrument.
  public var isConsole: Bool { entry.isConsole }

  /// A port from its facts.
  public init(entry: PortEntry, stablePath: String?, holders: [Holder]) {
    self.entry = entry
    self.stablePath = stablePath
    self.holders = holders
  }

  /// All serial ports with hardware behind them: those of the machine by name, then those of USB by identity (vendor,
  /// product, serial number or socket, function). The order does not depend on the order of plugging.
  /// - Parameter root: where the system's files are; another folder than `/` is for tests.
  /// - Throws: when sysfs can not be read.
  public static func all(root: String = "/") throws(PortScanFault) -> [SerialPortFacts] {
    let files = SystemFiles(root: root)
    let holders = Self.holders(files)
    let ports = try PortList(root: files.root + "/sys").entries().map { entry in
      SerialPortFacts(
        entry: entry,
        stablePath: stablePath(files, name: entry.name) ?? (entry.transport == .native ? entry.path : nil),
        holders: holders[entry.path] ?? [])
    }
    return ports.sorted { a, b in
      switch (a.entry.identity.usb, b.entry.identity.usb) {
      case (let x?, let y?):
        let place = (a.entry.identity.physicalPath ?? "", b.entry.identity.physicalPath ?? "")
        let first = (x.vendor, x.product, x.serialNumber ?? "", x.serialNumber == nil ? place.0 : "", x.interface ?? 0)
        let second = (y.vendor, y.product, y.serialNumber ?? "", y.serialNumber == nil ? place.1 : "", y.interface ?? 0)
        return first == second ? SystemFiles.isBefore(a.path, b.path) : first < second
      case (nil, nil): return SystemFiles.isBefore(a.path, b.path)
      case (let x, _): return x == nil
      }
    }
  }

  private static func stablePath(_ files: SystemFiles, name: String) -> String? {
    for folder in ["/dev/serial/by-id", "/dev/serial/by-path"] {
      for link in files.names(in: folder) {
        if files.link(folder + "/" + link)?.split(separator: "/").last.map(String.init) == name {
          return folder + "/" + link
        }
      }
    }
    return nil
  }

  /// Who has which terminal open. Other users' processes answer only to the superuser.
  private static func holders(_ files: SystemFiles) -> [String: [Holder]] {
    var holders: [String: [Holder]] = [:]
    for name in files.names(in: "/proc") {
      guard let process = Int(name) else { continue }
      var seen: Set<String> = []
      for descriptor in files.names(in: "/proc/\(name)/fd") {
        guard let path = files.link("/proc/\(name)/fd/\(descriptor)"), path.hasPrefix("/dev/tty"),
          seen.insert(path).inserted
        else { continue }
        holders[path, default: []].append(Holder(process: process, name: files.text("/proc/\(name)/comm") ?? "?"))
      }
    }
    return holders
  }
}
