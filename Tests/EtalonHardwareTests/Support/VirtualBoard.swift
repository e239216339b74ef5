import Foundation
import Glibc
import XCTest

/// What the kernel under a test can be asked to simulate. `scripts/virtual-board` brings a kernel that has all of it; on
/// a plain host and on a real board the tests that need it say what is missing and are skipped.
///
/// The simulated hardware is made through configfs (Documentation/admin-guide/gpio/gpio-sim.rst and
/// Documentation/usb/gadget_configfs.rst of the kernel's source), none of it by the code under test.
enum VirtualBoard {
  /// Whether `scripts/virtual-board` runs the tests: then a missing part is a failure and no reason to skip.
  static let isExpected = ProcessInfo.processInfo.environment["ETALON_VIRTUAL_BOARD"] == "1"

  static let gpioFolder = "/sys/kernel/config/gpio-sim"
  static let gadgetFolder = "/sys/kernel/config/usb_gadget"
  static let controllerFolder = "/sys/class/udc"

  /// How long a test waits for the kernel to do what it was asked; only a failing test waits that long.
  static let patienceSeconds = 20.0

  /// Makes a GPIO chip; it goes away with the value that is handed back.
  /// - Parameters:
  ///   - label: the chip's label, unique among those of a test.
  ///   - lineCount: number of lines.
  ///   - names: names of some lines, by offset.
  ///   - hogs: lines that the kernel itself holds, by offset: consumer's name and direction (`input`, `output-high`, `output-low`).
  static func gpioSim(
    label: String, lineCount: Int, names: [Int: String] = [:], hogs: [Int: (name: String, direction: String)] = [:]
  ) throws -> SimulatedChip {
    try require(gpioFolder, "GPIO simulator (CONFIG_GPIO_SIM, module gpio-sim, configfs mounted)")
    return try SimulatedChip(label: label, lineCount: lineCount, names: names, hogs: hogs)
  }

  /// Makes a USB serial device and plugs it in; it goes away with the value that is handed back.
  /// - Parameters:
  ///   - serial: its serial number; nil for a device that has none, as cheap adapters are.
  ///   - controller: number of the virtual socket, 0 to 3; it decides the physical path.
  static func usbSerial(
    vendor: UInt16 = 0x1209, product: UInt16 = 0x0001, serial: String?, name: String = "virtual instrument",
    controller: Int = 0
  ) throws -> USBSerialDevice {
    try require(gadgetFolder, "USB gadgets (CONFIG_USB_CONFIGFS_ACM, configfs mounted)")
    try require(
      "\(controllerFolder)/dummy_udc.\(controller)",
      "virtual USB socket \(controller) (CONFIG_USB_DUMMY_HCD, dummy_hcd.num=4)")
    let device = try USBSerialDevice(
      vendor: vendor, product: product, serial: serial, name: name, controller: controller)
    try device.plug()
    return device
  }

  /// Skips the test, or fails it where the part was promised, when a file of the kernel is not there.
  static func require(_ path: String, _ part: String) throws {
    guard !FileManager.default.fileExists(atPath: path) else { return }
    let reason = "\(path) is not there: this machine has no \(part); scripts/virtual-board brings one"
    if isExpected { throw Missing(reason: reason) }
    throw XCTSkip(reason)
  }

  /// A part of the board that should be there, or a step that the kernel did not do.
  struct Missing: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
  }

  /// Waits until something holds: the kernel's own work, such as the enumeration of a device, has no event of its own.
  static func wait(_ what: String, until holds: () throws -> Bool) throws {
    let end = ProcessInfo.processInfo.systemUptime + patienceSeconds
    while true {
      if try holds() { return }
      guard ProcessInfo.processInfo.systemUptime < end else { throw Missing(reason: "waited in vain for: \(what)") }
      usleep(500)
    }
  }

  /// Writes an attribute of sysfs or configfs in one call, as the kernel wants it; an empty text is an empty line.
  static func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Missing(reason: "\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    let bytes = Array((text + "\n").utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw Missing(reason: "'\(text)' to \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// The text of an attribute without the line's end.
  static func read(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Missing(reason: "\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw Missing(reason: "\(path): \(String(cString: strerror(errno)))") }
    return String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  static func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw Missing(reason: "\(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Takes apart what was made, the last part first; what is not there is no fault.
  static func removeFolders(_ paths: [String]) {
    for path in paths where rmdir(path) != 0 && errno != ENOENT {
      print("\(path) is left behind: \(String(cString: strerror(errno)))")
    }
  }
}
