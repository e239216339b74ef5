import ArgumentParser
import EtalonLinux
import Foundation

struct PortsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ports",
    abstract: "List the serial ports with their identity, in an order that plugging does not change.",
    discussion: "Nothing is opened. Exit codes: 0 at least one port for instruments, 69 none.")

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func run() throws {
    let ports = try KnownPorts.all()
    print(json ? try PortsReport.json(ports) : PortsReport.text(ports))
    if !ports.contains(where: { !$0.isConsole }) {
      throw Fail.with(.deviceAbsent, "no serial port for an instrument; plug an adapter in, and see 'etalon doctor'")
    }
  }
}

/// The ports of this machine.
enum KnownPorts {
  static func all() throws -> [SerialPortFacts] {
    do throws(PortScanFault) { return try SerialPortFacts.all() } catch {
      throw Fail.with(.inputOutput, error.explanation)
    }
  }
}

/// Serial ports as a person and as a program reads them.
enum PortsReport {
  static func text(_ ports: [SerialPortFacts]) -> String {
    var lines: [String] = []
    for port in ports {
      lines.append("\(port.path)\(note(port))")
      if let stable = port.stablePath, stable != port.path { lines.append("  stable  \(stable)") }
      if port.stablePath == nil {
        lines.append("  stable  none: udev made no link below /dev/serial; name the port by its USB identity")
      }
      if let usb = port.entry.identity.usb {
        let serial = usb.serialNumber.map { "serial \($0)" } ?? "no serial number"
        let function = usb.interface.map { ", function \($0)" } ?? ""
        lines.append("  usb     \(hex(usb.vendor)):\(hex(usb.product)) \(serial)\(function)")
        let title = [usb.manufacturerName, usb.productName].compactMap { $0 }.joined(separator: " ")
        if !title.isEmpty { lines.append("  device  \(title)") }
      }
      if let place = port.entry.identity.physicalPath { lines.append("  place   \(place)") }
      if let driver = port.entry.driver { lines.append("  driver  \(driver)") }
    }
    return lines.isEmpty ? "no serial ports" : lines.joined(separator: "\n")
  }

  /// Four hexadecimal digits, as `lsusb` shows them.
  private static func hex(_ number: UInt16) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }

  private static func note(_ port: SerialPortFacts) -> String {
    if port.isConsole { return "  (the system's console: refused for instruments)" }
    if port.holders.isEmpty { return "" }
    return "  (open in \(port.holders.map { "\($0.name), process \($0.process)" }.joined(separator: "; ")))"
  }

  static func json(_ ports: [SerialPortFacts]) throws -> String {
    try ReportJSON.text([
      "ports": ports.map { port -> [String: Any] in
        var usb: Any = NSNull()
        if let device = port.entry.identity.usb {
          usb =
            [
              "vendor": hex(device.vendor), "product": hex(device.product),
              "serial": ReportJSON.text(device.serialNumber), "manufacturer": ReportJSON.text(device.manufacturerName),
              "title": ReportJSON.text(device.productName),
              "interface": device.interface.map { $0 as Any } ?? NSNull(),
            ] as [String: Any]
        }
        return [
          "path": port.path, "stable_path": ReportJSON.text(port.stablePath),
          "physical_path": ReportJSON.text(port.entry.identity.physicalPath),
          "driver": ReportJSON.text(port.entry.driver), "usb": usb, "console": port.isConsole,
          "held_by": port.holders.map { ["process": $0.process, "name": $0.name] as [String: Any] },
        ]
      }
    ])
  }
}

extension ReportJSON {
  /// Text, or null.
  static func text(_ text: String?) -> Any { text.map { $0 as Any } ?? NSNull() }
}
