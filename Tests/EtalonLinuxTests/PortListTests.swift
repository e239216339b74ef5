import Foundation
import Glibc
import XCTest

@testable import EtalonLinux

/// What the list of ports says about trees that look like the kernel's: the shapes are those of /sys on a PC with a
/// four-port adapter, a Raspberry Pi and a virtual machine.
final class PortListTests: XCTestCase {
  /// A folder in the shape of /sys.
  private final class Tree {
    let scratch = Scratch()
    var root: String { scratch.path }

    init() { link("/class/tty/.keep", to: nil) }

    func write(_ path: String, _ text: String) {
      let whole = root + path
      XCTAssertNoThrow(
        try FileManager.default.createDirectory(
          atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true))
      XCTAssertNoThrow(try (text + "\n").write(toFile: whole, atomically: false, encoding: .utf8))
    }

    func link(_ path: String, to target: String?) {
      let whole = root + path
      XCTAssertNoThrow(
        try FileManager.default.createDirectory(
          atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true))
      if let target { XCTAssertEqual(symlink(root + target, whole), 0, path) }
    }

    /// A terminal `name` on a device's folder; without one it has no hardware.
    func terminal(_ name: String, _ numbers: String, on device: String?) {
      let folder = (device ?? "/devices/virtual") + "/tty/\(name)"
      write(folder + "/dev", numbers)
      if let device { link(folder + "/device", to: device) }
      link("/class/tty/\(name)", to: folder)
      link("/dev/char/\(numbers)", to: folder)
    }

    /// A USB device in a socket, with one interface.
    func usb(
      _ controller: String, bus: String, sockets: String, interface: Int = 0, vendor: String, product: String,
      serial: String?, driver: String
    ) -> String {
      let device = "\(controller)/usb\(bus)/\(bus)-\(sockets)"
      let folder = "\(device)/\(bus)-\(sockets):1.\(interface)"
      write(device + "/idVendor", vendor)
      write(device + "/idProduct", product)
      write(device + "/product", "a device")
      if let serial { write(device + "/serial", serial) }
      write(folder + "/bInterfaceNumber", "0\(interface)")
      if access(root + device + "/subsystem", F_OK) != 0 { link(device + "/subsystem", to: "/bus/usb") }
      link(folder + "/subsystem", to: "/bus/usb")
      link(folder + "/driver", to: "/bus/usb/drivers/\(driver)")
      return folder
    }
  }

  private func device(_ major: UInt64, _ minor: UInt64) -> UInt64 { major << 8 | minor }

  private func makeTree() -> Tree {
    let tree = Tree()
    for bus in ["usb", "pci", "platform", "usb/drivers/ftdi_sio", "usb/drivers/cdc_acm", "platform/drivers/serial8250"]
    {
      tree.write("/bus/\(bus)/.keep", "")
    }
    let pci = "/devices/pci0000:00/0000:00:14.0"
    tree.write(pci + "/vendor", "0x8086")
    tree.link(pci + "/subsystem", to: "/bus/pci")
    for interface in 0..<2 {
      let folder = tree.usb(
        pci, bus: "3", sockets: "1.4", interface: interface, vendor: "0403", product: "6011", serial: "FT4XYZ",
        driver: "ftdi_sio")
      tree.terminal("ttyUSB\(10 - interface)", "188:\(10 - interface)", on: folder)
    }
    let platform = "/devices/platform/soc/fe980000.usb"
    tree.write(platform + "/modalias", "")
    tree.link(platform + "/subsystem", to: "/bus/platform")
    tree.terminal(
      "ttyACM0", "166:0",
      on: tree.usb(
        platform, bus: "1", sockets: "1", vendor: "1209", product: "0001", serial: nil, driver: "cdc_acm"))
    let uart = "/devices/platform/serial8250"
    tree.write(uart + "/modalias", "")
    tree.link(uart + "/subsystem", to: "/bus/platform")
    tree.link(uart + "/driver", to: "/bus/platform/drivers/serial8250")
    for (number, type) in [(0, "4"), (1, "0"), (2, "4")] {
      tree.terminal("ttyS\(number)", "4:\(64 + number)", on: uart)
      tree.write("/class/tty/ttyS\(number)/type", type)
    }
    tree.terminal("ttyGS0", "240:0", on: nil)
    tree.terminal("console", "5:1", on: nil)
    tree.write("/class/tty/console/active", "tty0 ttyS2")
    return tree
  }

  func testPortsWithTheirIdentity() throws {
    let tree = makeTree()
    let entries = try PortList(root: tree.root).entries()
    XCTAssertEqual(
      entries.map(\.name), ["ttyACM0", "ttyS0", "ttyS2", "ttyUSB9", "ttyUSB10"],
      "terminals without hardware and UARTs that are not there are no ports; numbers are in the order of numbers")
    let adapter = entries[4]
    XCTAssertEqual(adapter.identity.usb?.vendor, 0x0403)
    XCTAssertEqual(adapter.identity.usb?.product, 0x6011)
    XCTAssertEqual(adapter.identity.usb?.serialNumber, "FT4XYZ")
    XCTAssertEqual(adapter.identity.usb?.interface, 0)
    XCTAssertEqual(adapter.identity.usb?.productName, "a device")
    XCTAssertEqual(adapter.identity.physicalPath, "pci-0000:00:14.0-usb-0:1.4:1.0")
    XCTAssertEqual(adapter.driver, "ftdi_sio")
    XCTAssertEqual(adapter.transport, .usb)
    XCTAssertEqual(entries[3].identity.usb?.interface, 1)
    XCTAssertEqual(entries[0].identity.physicalPath, "platform-fe980000.usb-usb-0:1:1.0")
    XCTAssertNil(entries[0].identity.usb?.serialNumber)
    XCTAssertEqual(entries[1].transport, .native)
    XCTAssertEqual(entries[1].driver, "serial8250")
    XCTAssertEqual(entries.filter(\.isConsole).map(\.name), ["ttyS2"])
  }

  func testAddressesNameOneOrSeveral() throws {
    let tree = makeTree()
    let list = PortList(root: tree.root)
    func names(_ address: PortAddress) throws -> [String] { try list.entries(at: address).map(\.name) }
    XCTAssertEqual(
      try names(.usb(vendor: nil, product: nil, serialNumber: "FT4XYZ", interface: 1)), ["ttyUSB9"])
    XCTAssertEqual(
      try names(.usb(vendor: 0x0403, product: nil, serialNumber: nil, interface: nil)), ["ttyUSB9", "ttyUSB10"])
    XCTAssertEqual(try names(.usb(vendor: 0x0403, product: 0x6001, serialNumber: nil, interface: nil)), [])
    XCTAssertEqual(try names(.physicalPath("platform-fe980000.usb-usb-0:1:1.0")), ["ttyACM0"])
    XCTAssertEqual(try names(.physicalPath("platform-fe980000.usb-usb-0:2:1.0")), [])
  }

  /// What a device number is decides how it is opened, not what it is called.
  func testKindsByNumber() throws {
    let tree = makeTree()
    let list = PortList(root: tree.root)
    XCTAssertEqual(list.kind(of: device(136, 0)), .pseudoTerminal)
    XCTAssertEqual(list.kind(of: device(143, 7)), .pseudoTerminal)
    XCTAssertEqual(list.kind(of: device(5, 1)), .console)
    XCTAssertEqual(list.kind(of: device(5, 0)), .console)
    XCTAssertEqual(list.kind(of: device(4, 1)), .console, "a virtual console")
    XCTAssertEqual(list.kind(of: device(4, 66)), .console, "the kernel's console is on this UART")
    XCTAssertEqual(list.kind(of: device(240, 0)), .virtualTerminal(name: "ttyGS0"))
    XCTAssertEqual(list.kind(of: device(1, 3)), .other)
    guard case .serial(let entry) = list.kind(of: device(4, 64)) else { return XCTFail("a UART is a port") }
    XCTAssertEqual(entry.name, "ttyS0")
    // Device numbers above the old limits (major 300, minor 70000) keep all their bits.
    XCTAssertEqual(PortList.split(0x1_1112_C70).major, 300)
    XCTAssertEqual(PortList.split(0x1_1112_C70).minor, 70_000)
  }

  func testSameDevice() {
    func identity(_ serial: String?, _ path: String, interface: Int = 0) -> PortIdentity {
      PortIdentity(
        usb: USBIdentity(vendor: 1, product: 2, serialNumber: serial, interface: interface), physicalPath: path)
    }
    XCTAssertTrue(identity("A", "p").isSameDevice(as: identity("A", "q")), "its serial number goes with it")
    XCTAssertFalse(identity("A", "p").isSameDevice(as: identity("B", "p")))
    XCTAssertFalse(identity("A", "p").isSameDevice(as: identity(nil, "p")))
    XCTAssertFalse(identity("A", "p", interface: 0).isSameDevice(as: identity("A", "p", interface: 1)))
    XCTAssertTrue(identity(nil, "p").isSameDevice(as: identity(nil, "p")))
    XCTAssertFalse(identity(nil, "p").isSameDevice(as: identity(nil, "q")), "without a number the place decides")
    let uart = PortIdentity(usb: nil, physicalPath: "platform-serial8250")
    XCTAssertTrue(uart.isSameDevice(as: uart))
    XCTAssertFalse(
      PortIdentity(usb: nil, physicalPath: nil).isSameDevice(as: PortIdentity(usb: nil, physicalPath: nil)))
  }

  func testNoSysfs() {
    XCTAssertThrowsError(try PortList(root: "/absent").entries()) { error in
      let fault = error as? PortScanFault
      XCTAssertEqual(fault?.code, ENOENT)
      XCTAssertEqual(fault?.explanation.contains("mount -t sysfs"), true)
    }
  }
}
