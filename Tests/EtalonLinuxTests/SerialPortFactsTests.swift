import XCTest

@testable import EtalonLinux

/// Serial ports from the kernel's files, as a Raspberry Pi 4 with two adapters has them.
final class SerialPortFactsTests: XCTestCase {
  private func usbPort(
    _ root: FakeRoot, _ name: String, at socket: String, product: String, serial: String?, interface: String = "00"
  ) throws {
    let device = "sys/devices/platform/scb/pci0000:00/usb1/\(socket)"
    try root.write("0403\n", to: device + "/idVendor")
    try root.write("\(product)\n", to: device + "/idProduct")
    try root.write("FTDI\n", to: device + "/manufacturer")
    try root.write("USB Serial\n", to: device + "/product")
    if let serial { try root.write("\(serial)\n", to: device + "/serial") }
    let function = device + "/\(socket):1.\(Int(interface, radix: 16) ?? 0)"
    try root.write("\(interface)\n", to: function + "/bInterfaceNumber")
    try root.write("188:\(name.last!)\n", to: function + "/\(name)/tty/\(name)/dev")
    try root.link(function + "/\(name)/driver", to: "../../../../../../../../bus/usb-serial/drivers/ftdi_sio")
    try root.link("sys/class/tty/\(name)", to: "../../\(function.dropFirst("sys/".count))/\(name)/tty/\(name)")
    try root.link(function + "/\(name)/tty/\(name)/device", to: "../../../\(name)")
  }

  private func machine() throws -> FakeRoot {
    let root = try FakeRoot()
    try usbPort(root, "ttyUSB0", at: "1-1.4", product: "6001", serial: "FT9876")
    try usbPort(root, "ttyUSB1", at: "1-1.2", product: "6001", serial: "FT1234")
    try usbPort(root, "ttyUSB2", at: "1-1.1", product: "6015", serial: nil)
    try root.link("dev/serial/by-id/usb-FTDI_USB_Serial_FT1234-if00-port0", to: "../../ttyUSB1")
    try root.link("dev/serial/by-path/platform-usb-0:1.4:1.0-port0", to: "../../ttyUSB0")
    let uart = "sys/devices/platform/soc/fe201000.serial"
    try root.write("204:64\n", to: uart + "/tty/ttyAMA0/dev")
    try root.link(uart + "/driver", to: "../../../../bus/amba/drivers/uart-pl011")
    try root.link(uart + "/tty/ttyAMA0/device", to: "../..")
    try root.link("sys/class/tty/ttyAMA0", to: "../../devices/platform/soc/fe201000.serial/tty/ttyAMA0")
    // A port of the driver's table without hardware, and one that is no serial port at all.
    try root.write("0\n", to: "sys/devices/platform/serial8250/tty/ttyS3/type")
    try root.write("4:67\n", to: "sys/devices/platform/serial8250/tty/ttyS3/dev")
    try root.link("sys/devices/platform/serial8250/tty/ttyS3/device", to: "../..")
    try root.link("sys/class/tty/ttyS3", to: "../../devices/platform/serial8250/tty/ttyS3")
    try root.write("4:0\n", to: "sys/devices/virtual/tty/tty0/dev")
    try root.link("sys/class/tty/tty0", to: "../../devices/virtual/tty/tty0")
    try root.write("tty0 ttyAMA0\n", to: "sys/class/tty/console/active")
    try root.write("minicom\n", to: "proc/77/comm")
    try root.link("proc/77/fd/3", to: "/dev/ttyUSB1")
    try root.link("proc/77/fd/4", to: "/dev/ttyUSB1")
    return root
  }

  func testPortsWithIdentity() throws {
    let root = try machine()
    let ports = try SerialPortFacts.all(root: root.path)
    // Ports of the machine first, then by identity; the order of plugging is that of the numbers and does not show.
    XCTAssertEqual(ports.map(\.path), ["/dev/ttyAMA0", "/dev/ttyUSB1", "/dev/ttyUSB0", "/dev/ttyUSB2"])
    XCTAssertEqual(
      ports.map(\.stablePath),
      [
        "/dev/ttyAMA0", "/dev/serial/by-id/usb-FTDI_USB_Serial_FT1234-if00-port0",
        "/dev/serial/by-path/platform-usb-0:1.4:1.0-port0", nil,
      ])
    XCTAssertEqual(ports[1].entry.identity.usb?.serialNumber, "FT1234")
    XCTAssertEqual(ports[1].entry.driver, "ftdi_sio")
    XCTAssertEqual(ports[1].holders, [.init(process: 77, name: "minicom")])
    XCTAssertNil(ports[3].entry.identity.usb?.serialNumber)
    XCTAssertEqual(ports[0].entry.driver, "uart-pl011")
    XCTAssertTrue(ports[0].isConsole)
    XCTAssertFalse(ports[1].isConsole)
    XCTAssertEqual(ports[2].holders, [])
  }

  /// The same adapters under other numbers come in the same order.
  func testOrderDoesNotDependOnPlugging() throws {
    let root = try FakeRoot()
    try usbPort(root, "ttyUSB0", at: "1-1.2", product: "6001", serial: "FT1234")
    try usbPort(root, "ttyUSB1", at: "1-1.4", product: "6001", serial: "FT9876")
    try usbPort(root, "ttyUSB2", at: "1-1.3", product: "6011", serial: "FT4", interface: "01")
    let order = try SerialPortFacts.all(root: root.path).map(\.entry.identity.usb?.serialNumber)
    XCTAssertEqual(order, ["FT1234", "FT9876", "FT4"])
  }

  func testNamesWithNumbersAreSortedByNumber() {
    XCTAssertTrue(SystemFiles.isBefore("ttyUSB2", "ttyUSB10"))
    XCTAssertFalse(SystemFiles.isBefore("ttyUSB10", "ttyUSB2"))
    XCTAssertTrue(SystemFiles.isBefore("ttyACM9", "ttyUSB0"))
    XCTAssertFalse(SystemFiles.isBefore("a", "a"))
  }
}
