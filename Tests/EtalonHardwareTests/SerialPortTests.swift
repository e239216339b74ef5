import CSerialPort
import EtalonCore
import EtalonLinux
import Glibc
import XCTest

/// Real serial ports: who they are, how they are opened and set, and what their receivers and control lines tell.
final class SerialPortTests: XCTestCase {
  private let settings = SerialSettings(baud: 115_200)

  private func address(_ serial: String) -> PortAddress {
    .usb(vendor: nil, product: nil, serialNumber: serial, interface: nil)
  }

  private func open(_ address: PortAddress, _ settings: SerialSettings? = nil) throws -> Input {
    var world = try LinuxWorld(ports: [.port(address, settings: settings ?? self.settings)], signals: .none)
    return world.next()
  }

  private func fault(_ address: PortAddress, _ settings: SerialSettings? = nil) throws -> PortFault? {
    if case .lost(_, let fault) = try open(address, settings) { return fault }
    return nil
  }

  func testPortsAreListedWithTheirIdentity() throws {
    let first = try VirtualBoard.usbSerial(vendor: 0x1209, product: 0x0001, serial: "LIST-1")
    let second = try VirtualBoard.usbSerial(vendor: 0x1d6b, product: 0x0104, serial: nil, controller: 2)
    let entries = try PortList().entries()
    let one = try XCTUnwrap(entries.first { $0.identity.usb?.serialNumber == "LIST-1" })
    XCTAssertEqual(one.path, try first.hostPath())
    XCTAssertEqual(one.identity.usb?.vendor, 0x1209)
    XCTAssertEqual(one.identity.usb?.product, 0x0001)
    XCTAssertEqual(one.identity.usb?.productName, "virtual instrument")
    XCTAssertEqual(one.identity.usb?.interface, 0)
    XCTAssertEqual(one.identity.physicalPath, "platform-dummy_hcd.0-usb-0:1:1.0")
    XCTAssertEqual(one.driver, "cdc_acm")
    let path = try XCTUnwrap(try second.hostPath())
    let two = try XCTUnwrap(entries.first { $0.path == path })
    XCTAssertEqual(two.identity.physicalPath, "platform-dummy_hcd.2-usb-0:1:1.0")
    XCTAssertNil(two.identity.usb?.serialNumber)
    // libserialport reads the same facts its own way.
    var port: OpaquePointer?
    XCTAssertEqual(sp_get_port_by_name(one.path, &port), SP_OK)
    defer { sp_free_port(port) }
    var vendor: Int32 = 0
    var product: Int32 = 0
    XCTAssertEqual(sp_get_port_usb_vid_pid(port, &vendor, &product), SP_OK)
    XCTAssertEqual([vendor, product], [0x1209, 0x0001])
    XCTAssertEqual(String(cString: sp_get_port_usb_serial(port)), "LIST-1")
  }

  func testOpenBySerialNumberAfterTheNumberChanged() throws {
    let wanted = try VirtualBoard.usbSerial(serial: "WANTED")
    let other = try VirtualBoard.usbSerial(serial: "OTHER", controller: 1)
    let before = try wanted.hostPath()
    try wanted.unplug()
    try other.unplug()
    try VirtualBoard.wait("both ports to go") { try wanted.hostPath() == nil && other.hostPath() == nil }
    try other.plug()
    try wanted.plug()
    XCTAssertNotEqual(try wanted.hostPath(), before, "the order of plugging in decides the number")
    XCTAssertEqual(try other.hostPath(), before)
    let far = try FarSide(wanted)
    let otherFar = try FarSide(other)
    var world = try LinuxWorld(ports: [.port(address("WANTED"), settings: settings)], signals: .none)
    guard case .opened(0) = world.next() else { return XCTFail("not opened") }
    XCTAssertEqual(try world.ask("who?\r", of: far, answer: "WANTED\r"), "WANTED\r")
    XCTAssertEqual(otherFar.take(), "", "the other device hears nothing")
  }

  func testDevicesThatCanNotBeToldApartAreRefused() throws {
    let first = try VirtualBoard.usbSerial(vendor: 0x1234, product: 2, serial: nil, controller: 0)
    let second = try VirtualBoard.usbSerial(vendor: 0x1234, product: 2, serial: nil, controller: 1)
    let either = PortAddress.usb(vendor: 0x1234, product: 2, serialNumber: nil, interface: nil)
    XCTAssertEqual(try fault(either), .ambiguous)
    XCTAssertNil(try fault(.physicalPath("platform-dummy_hcd.1-usb-0:1:1.0")))
    try second.unplug()
    try VirtualBoard.wait("the second port to go") { try second.hostPath() == nil }
    XCTAssertNil(try fault(either))
    XCTAssertEqual(try fault(.physicalPath("platform-dummy_hcd.1-usb-0:1:1.0")), .missing)
    XCTAssertNotNil(try first.hostPath())
  }

  func testAPortIsHeldByOne() throws {
    let device = try VirtualBoard.usbSerial(serial: "HELD")
    let path = try XCTUnwrap(try device.hostPath())
    var world = try LinuxWorld(ports: [.port(address("HELD"), settings: settings)], signals: .none)
    guard case .opened(0) = world.next() else { return XCTFail("not opened") }
    XCTAssertEqual(try fault(.path(path)), .busy)
    // One who asks for no lock is kept out by the kernel's claim, unless he may administer the system.
    guard geteuid() == 0 else { return }
    XCTAssertEqual(chmod(path, 0o666), 0)
    XCTAssertEqual(seteuid(65534), 0)
    let intruder = Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK)
    let code = errno
    XCTAssertEqual(seteuid(0), 0)
    XCTAssertEqual(intruder, -1)
    XCTAssertEqual(code, EBUSY)
    world.perform(.close(0))
    XCTAssertNil(try fault(.path(path)), "what is closed is free")
  }

  func testNoPermission() throws {
    let device = try VirtualBoard.usbSerial(serial: "PRIVATE")
    try XCTSkipIf(geteuid() != 0, "only root can become somebody else")
    let path = try XCTUnwrap(try device.hostPath())
    XCTAssertEqual(chmod(path, 0o600), 0)
    XCTAssertEqual(seteuid(65534), 0)
    let byName = try fault(.path(path))
    let byIdentity = try fault(address("PRIVATE"))
    XCTAssertEqual(seteuid(0), 0)
    XCTAssertEqual(byName, .permission)
    XCTAssertEqual(byIdentity, .permission)
  }

  func testTheConsoleIsRefused() throws {
    try VirtualBoard.require(VirtualBoard.gadgetFolder, "kernel of the virtual board")
    for path in ["/dev/console", "/dev/tty0", "/dev/tty"] where access(path, F_OK) == 0 {
      XCTAssertEqual(try fault(.path(path)), .systemConsole, path)
    }
    XCTAssertEqual(access("/dev/tty0", F_OK), 0)
  }

  /// A burst that fills frames exactly is followed by silence, and silence is no hang-up: the port stays and brings more.
  func testSilenceAfterFullFramesIsNoHangUp() throws {
    let device = try VirtualBoard.usbSerial(serial: "FULL")
    let far = try FarSide(device)
    var world = try LinuxWorld(ports: [.port(address("FULL"), settings: SerialSettings(baud: 115_200))], signals: .none)
    guard case .opened(0) = world.next() else { return XCTFail("the port did not open") }
    for count in [256, 512, 256, 1] {
      far.send(String(repeating: "x", count: count))
      var received = 0
      while received < count {
        let input = world.next()
        guard case .bytes(0, let frame, _) = input else { return XCTFail("after \(received) of \(count): \(input)") }
        received += frame.count
      }
      XCTAssertEqual(received, count)
      let quiet = world.nextInput(until: world.now() + 50_000_000).input
      guard case .wake = quiet else { return XCTFail("after \(count) bytes and silence: \(quiet)") }
    }
  }

  /// A USB port takes every setting; reading it back by other means shows that it is there.
  func testSettingsAreApplied() throws {
    let device = try VirtualBoard.usbSerial(serial: "SET")
    let path = try XCTUnwrap(try device.hostPath())
    for settings in [
      SerialSettings(baud: 9600, dataBits: 7, parity: .even, stopBits: 2),
      SerialSettings(baud: 250_000, dataBits: 8, parity: .odd, stopBits: 1), SerialSettings(baud: 115_200),
    ] {
      var world = try LinuxWorld(ports: [.port(address("SET"), settings: settings)], signals: .none)
      guard case .opened(0) = world.next() else { return XCTFail("\(settings)") }
      let descriptor = Glibc.open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK)
      XCTAssertGreaterThanOrEqual(descriptor, 0, "root passes the claim")
      var attributes = termios()
      XCTAssertEqual(tcgetattr(descriptor, &attributes), 0)
      XCTAssertEqual(attributes.c_cflag & tcflag_t(CSIZE), tcflag_t(settings.dataBits == 7 ? CS7 : CS8))
      XCTAssertEqual(attributes.c_cflag & tcflag_t(PARENB) != 0, settings.parity != .none)
      XCTAssertEqual(attributes.c_cflag & tcflag_t(PARODD) != 0, settings.parity == .odd)
      XCTAssertEqual(attributes.c_cflag & tcflag_t(CSTOPB) != 0, settings.stopBits == 2)
      XCTAssertEqual(attributes.c_lflag & tcflag_t(ICANON | ECHO | ISIG), 0)
      close(descriptor)
    }
  }

  /// The device side of a gadget says yes to every setting and applies none: each is told by its name.
  func testSettingsThatAreNotAppliedAreNamed() throws {
    let device = try VirtualBoard.usbSerial(serial: "STUBBORN")
    let path = PortAddress.path(device.farPath)
    XCTAssertNil(try fault(path, SerialSettings(baud: 9600)), "what it has already is no fault")
    XCTAssertEqual(try fault(path, SerialSettings(baud: 19200)), .baudNotApplied)
    XCTAssertEqual(try fault(path, SerialSettings(baud: 9600, dataBits: 7)), .dataBitsNotApplied)
    XCTAssertEqual(try fault(path, SerialSettings(baud: 9600, parity: .even)), .parityNotApplied)
    XCTAssertEqual(try fault(path, SerialSettings(baud: 9600, stopBits: 2)), .stopBitsNotApplied)
  }

  func testABreakOfTheDeviceIsALineError() throws {
    let device = try VirtualBoard.usbSerial(serial: "BREAK")
    let far = try FarSide(device)
    var world = try LinuxWorld(ports: [.port(address("BREAK"), settings: settings)], signals: .none)
    guard case .opened(0) = world.next() else { return XCTFail("not opened") }
    XCTAssertEqual(try world.ask("a\r", of: far, answer: "b\r"), "b\r", "no error without a break")
    far.sendBreak()
    far.send("x")
    guard case .lineErrors(0, let errors) = world.next() else { return XCTFail("no line error") }
    XCTAssertEqual(errors, .breakCondition)
  }

  /// What the control lines do is seen on the USB bus: requests 0x22 (control lines: bit 0 DTR, bit 1 RTS) and 0x23
  /// (break) of Communications Class subclass PSTN 1.2, table 13.
  func testControlLinesReachTheDeviceAndAreReleased() throws {
    let device = try VirtualBoard.usbSerial(serial: "LINES")
    defer { withExtendedLifetime(device) {} }
    let bus = try BusMonitor()
    do {
      var world = try LinuxWorld(ports: [.port(address("LINES"), settings: settings)], signals: .none)
      guard case .opened(0) = world.next() else { return XCTFail("not opened") }
      XCTAssertEqual(try bus.take().last, "22 3", "opening asserts both")
      world.perform(.modem(0, ModemChange(released: .dataTerminalReady)))
      XCTAssertEqual(try bus.take(), ["22 2"])
      world.perform(.modem(0, ModemChange(asserted: .dataTerminalReady, released: .requestToSend)))
      XCTAssertEqual(try bus.take(), ["22 1"], "both change in one request")
    }
    XCTAssertEqual(try bus.take().last, "22 0", "both lines are released with the world")
    var world = try LinuxWorld(ports: [.port(address("LINES"), settings: settings)], signals: .none)
    guard case .opened(0) = world.next() else { return XCTFail("not opened") }
    _ = try bus.take()
    // This kind of device can not send a break: a reset that does not happen must not look like one that did.
    world.perform(.modem(0, ModemChange(asserted: .breakCondition)))
    guard case .lost(0, .settingsRefused) = world.next() else { return XCTFail("a break without effect") }
    XCTAssertEqual(try bus.take().last, "22 0", "both lines are released when the port is lost")
  }

  /// A process that is killed releases nothing itself; the kernel does it with the last descriptor.
  func testControlLinesOfAKilledProcessAreReleased() throws {
    let device = try VirtualBoard.usbSerial(serial: "KILLED")
    let path = try XCTUnwrap(try device.hostPath())
    let bench = try BenchText("ref: {device: dt100, port: \(path)}")
    let bus = try BusMonitor()
    let program = try Program(["read", "ref", "--bench", bench.path])
    let far = try FarSide(device)
    _ = try far.takeLine()
    XCTAssertEqual(try bus.take().last { $0.hasPrefix("22") }, "22 3")
    program.signal(SIGKILL)
    XCTAssertEqual(try program.wait().status, nil)
    XCTAssertEqual(try bus.take().last { $0.hasPrefix("22") }, "22 0")
  }

  /// As users meet it: exit 77, and the message names the group.
  func testAnUnprivilegedUserIsToldTheGroup() throws {
    let device = try VirtualBoard.usbSerial(serial: "GROUP")
    try XCTSkipIf(geteuid() != 0, "only root can become somebody else")
    let path = try XCTUnwrap(try device.hostPath())
    XCTAssertEqual(chmod(path, 0o660), 0)
    let bench = try BenchText("ref: {device: dt100, port: {usb: {serial: GROUP}}}")
    let ended = try Program(["read", "ref", "--bench", bench.path], user: 65534).wait()
    XCTAssertEqual(ended.status, 77, ended.text)
    XCTAssertTrue(ended.text.contains("dialout"), ended.text)
  }
}
