import Foundation
import Glibc

/// A USB serial device (class CDC ACM) of the kernel's own gadget driver in a virtual socket, and its far side, where a
/// twin answers.
final class USBSerialDevice {
  let vendor: UInt16
  let product: UInt16
  let serial: String?
  let controller: Int
  /// The far side of the cable, for example `/dev/ttyGS0`; it is there also while the device is unplugged.
  let farPath: String
  private(set) var isPlugged = false

  private let folder: String

  /// Describes the device to the kernel; `plug()` puts it into its socket.
  init(vendor: UInt16, product: UInt16, serial: String?, name: String, controller: Int) throws {
    self.vendor = vendor
    self.product = product
    self.serial = serial
    self.controller = controller
    folder = "\(VirtualBoard.gadgetFolder)/etalon-\(controller)-\(vendor)-\(product)-\(serial ?? "none")"
    try VirtualBoard.makeFolder(folder)
    try VirtualBoard.write(String(format: "0x%04x", vendor), to: folder + "/idVendor")
    try VirtualBoard.write(String(format: "0x%04x", product), to: folder + "/idProduct")
    try VirtualBoard.makeFolder(folder + "/strings/0x409")
    if let serial { try VirtualBoard.write(serial, to: folder + "/strings/0x409/serialnumber") }
    try VirtualBoard.write(name, to: folder + "/strings/0x409/product")
    try VirtualBoard.makeFolder(folder + "/functions/acm.usb0")
    try VirtualBoard.makeFolder(folder + "/configs/c.1")
    let function = folder + "/functions/acm.usb0"
    guard symlink(function, folder + "/configs/c.1/acm.usb0") == 0 else {
      throw VirtualBoard.Missing(reason: "the function of \(folder): \(String(cString: strerror(errno)))")
    }
    let far = "/dev/ttyGS" + (try VirtualBoard.read(function + "/port_num"))
    farPath = far
    try VirtualBoard.wait("\(far) to appear") { access(far, F_OK) == 0 }
  }

  deinit {
    do { try unplug() } catch { print("the device \(folder) is left plugged in: \(error)") }
    Glibc.unlink(folder + "/configs/c.1/acm.usb0")
    VirtualBoard.removeFolders([
      folder + "/configs/c.1", folder + "/functions/acm.usb0", folder + "/strings/0x409", folder,
    ])
  }

  /// Puts the device into its socket and waits for the kernel to find it.
  func plug() throws {
    guard !isPlugged else { return }
    try VirtualBoard.write("dummy_udc.\(controller)", to: folder + "/UDC")
    isPlugged = true
    try VirtualBoard.wait("the device in socket \(controller) to be found") {
      guard let path = try hostPath() else { return false }
      return access(path, F_OK) == 0
    }
  }

  /// Pulls the device out of its socket.
  func unplug() throws {
    guard isPlugged else { return }
    try VirtualBoard.write("", to: folder + "/UDC")
    isPlugged = false
  }

  /// The host's present path of the device, for example `/dev/ttyACM0`; nil while it is not enumerated. It is found by
  /// the socket, not by what the device says about itself.
  func hostPath() throws -> String? {
    let host = "/sys/devices/platform/dummy_hcd.\(controller)"
    for bus in try FileManager.default.contentsOfDirectory(atPath: host) where bus.hasPrefix("usb") {
      let number = bus.dropFirst(3)
      let terminals = "\(host)/\(bus)/\(number)-1/\(number)-1:1.0/tty"
      guard FileManager.default.fileExists(atPath: terminals) else { continue }
      if let name = try FileManager.default.contentsOfDirectory(atPath: terminals).first { return "/dev/" + name }
    }
    return nil
  }
}
