/// How a bench names the port of a device.
public enum PortNaming: Sendable, Hashable {
  /// By a path, for example `/dev/ttyUSB0`: whatever is plugged in there.
  case path(String)
  /// By what the USB device says about itself. Parts that are nil are not looked at.
  case usb(vendor: UInt16?, product: UInt16?, serialNumber: String?, interface: Int?)
  /// By the socket that it is plugged into, as udev writes it below `/dev/serial/by-path`.
  case physicalPath(String)

  /// How long a device that is named by what it is is waited for when it goes away, unless the bench says otherwise:
  /// enough for a reset of the bus or a cable that is put back at once.
  public static let usualReconnectSeconds = 10.0

  /// How long its device is waited for unless the bench says otherwise: a path says nothing about which device it is.
  var usualReconnectSeconds: Double {
    if case .path = self { return 0 }
    return Self.usualReconnectSeconds
  }

  /// The name in messages and in the record: the path itself, or what the device is found by.
  public var text: String {
    switch self {
    case .path(let path): return path
    case .physicalPath(let path): return "socket \(path)"
    case .usb(let vendor, let product, let serialNumber, let interface):
      func digits(_ number: UInt16?) -> String {
        guard let number else { return "*" }
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 4 - text.count) + text
      }
      var parts = ["usb"]
      if vendor != nil || product != nil { parts.append("\(digits(vendor)):\(digits(product))") }
      if let serialNumber { parts.append("serial \(serialNumber)") }
      if let interface { parts.append("interface \(interface)") }
      return parts.joined(separator: " ")
    }
  }
}
