import CEtalonGPIO
import EtalonCore
import Glibc

/// The GPIO chips of this machine, looked at each time anew: chips come and go.
public enum GPIOChips {
  /// One line of a chip.
  public struct Line: Equatable, Sendable {
    /// Label of its chip.
    public var chip: String
    /// Path of its chip, for this moment only.
    public var path: String
    /// Place on the chip.
    public var offset: UInt32
    /// Its name; empty when the kernel knows none.
    public var name: String
    /// Who uses it; nil when nobody does, empty when somebody who gives no name.
    public var consumer: String?
    /// Whether it drives.
    public var isOutput: Bool
  }

  /// The version of libgpiod that this program was built with: 1 (for 1.6) or 2.
  public static var api: Int { Int(etalon_gpio_api()) }
  /// The version of the library in use, for example `1.6.3`.
  public static var libraryVersion: String { String(cString: etalon_gpio_version()) }
  /// Whether lost edges are counted exactly, by the kernel's sequence numbers (libgpiod 2).
  public static var countsLostEdges: Bool { api >= 2 }

  /// Paths of all chips, in the order of their numbers.
  public static func paths() -> [String] {
    guard let folder = opendir("/dev") else { return [] }
    defer { closedir(folder) }
    var numbers: [UInt32] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix("gpiochip"), let number = UInt32(name.dropFirst(8)) { numbers.append(number) }
    }
    return numbers.sorted().map { "/dev/gpiochip\($0)" }
  }

  /// All lines of all chips that may be opened.
  public static func lines() -> [Line] {
    paths().flatMap { path -> [Line] in
      guard let chip = etalon_gpio_open(path) else { return [] }
      defer { etalon_gpio_close(chip) }
      return (0..<etalon_gpio_count(chip)).compactMap { line($0, of: chip, path) }
    }
  }

  /// A line's state; nil when its chip went away meanwhile.
  static func line(_ offset: UInt32, of chip: OpaquePointer, _ path: String) -> Line? {
    var info = etalon_gpio_info()
    guard etalon_gpio_line_info(chip, offset, &info) == 0 else { return nil }
    return Line(
      chip: String(cString: etalon_gpio_label(chip)), path: path, offset: offset, name: text(&info.name),
      consumer: info.used != 0 ? text(&info.consumer) : nil, isOutput: info.output != 0)
  }

  private static func text<T>(_ buffer: inout T) -> String {
    withUnsafeBytes(of: &buffer) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// Finds a line.
  static func find(_ address: LineAddress) throws(GPIOFault) -> (path: String, label: String, offset: UInt32) {
    var labels: [String] = []
    var denied: String?
    var found: [(path: String, label: String, offset: UInt32)] = []
    var nearest: String?
    for path in paths() {
      guard let chip = etalon_gpio_open(path) else {
        let code = errno
        if code == EACCES || code == EPERM { denied = denied ?? path }
        continue
      }
      defer { etalon_gpio_close(chip) }
      let label = String(cString: etalon_gpio_label(chip))
      labels.append(label)
      switch address {
      case .offset(label, let offset):
        guard offset < etalon_gpio_count(chip) else {
          throw .outOfRange(chip: label, offset: offset, count: etalon_gpio_count(chip))
        }
        found.append((path, label, offset))
      case .offset: break
      case .name(let name):
        for offset in 0..<etalon_gpio_count(chip) {
          guard let line = line(offset, of: chip, path) else { continue }
          if line.name == name { found.append((path, label, offset)) }
          if line.name.lowercased() == name.lowercased() { nearest = line.name }
        }
      }
    }
    if found.count == 1 { return found[0] }
    // What may not be looked at may hold what is looked for.
    if found.isEmpty, let denied { throw .permission(path: denied) }
    switch address {
    case .offset(let label, _):
      throw found.isEmpty ? .noChip(label: label, known: labels) : .ambiguousChip(label: label)
    case .name(let name):
      throw found.isEmpty
        ? .noLine(name: name, nearest: nearest)
        : .ambiguousLine(name: name, places: found.map { "\($0.label) \($0.offset)" })
    }
  }
}

extension LineAddress {
  /// As messages call it: its name, or chip and offset.
  public var text: String {
    switch self {
    case .name(let name): name
    case .offset(let chip, let offset): "\(chip) \(offset)"
    }
  }
}
