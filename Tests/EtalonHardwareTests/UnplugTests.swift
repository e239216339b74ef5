import EtalonCore
import EtalonLinux
import Foundation
import Glibc
import XCTest

/// Devices that are pulled out and come back. A port that vanished is never a time-out, and a sample is never taken from
/// another device than the one that the port was opened for.
final class UnplugTests: XCTestCase {
  private let settings = SerialSettings(baud: 115_200)
  private let seconds: Int64 = 1_000_000_000

  private func address(_ serial: String) -> PortAddress {
    .usb(vendor: nil, product: nil, serialNumber: serial, interface: nil)
  }

  private func world(_ address: PortAddress, reconnect: Int64 = 0) throws -> LinuxWorld {
    var world = try LinuxWorld(
      ports: [.port(address, settings: settings, reconnectNanoseconds: reconnect)], signals: .none)
    guard case .opened(0) = world.next() else { throw VirtualBoard.Missing(reason: "the port does not open") }
    return world
  }

  func testUnplugDuringARead() throws {
    let device = try VirtualBoard.usbSerial(serial: "READ")
    let far = try FarSide(device)
    var world = try world(address("READ"))
    world.perform(.send(0, Frame(text: "reading?\r"), confidential: false))
    _ = try far.takeLine()
    far.send("25.")
    let replyDeadline = world.now() + 2 * seconds
    guard case .bytes(0, let part, _) = world.nextInput(until: replyDeadline).input else { return XCTFail("no bytes") }
    XCTAssertEqual(part.count, 3)
    try device.unplug()
    let end = world.nextInput(until: replyDeadline)
    guard case .lost(0, .vanished) = end.input else { return XCTFail("\(end)") }
    XCTAssertLessThan(end.instant, replyDeadline)
    // A lost port takes actions without another report.
    world.perform(.send(0, Frame(text: "reading?\r"), confidential: false))
    world.perform(.modem(0, ModemChange(asserted: .requestToSend)))
    guard case .wake = world.nextInput(until: world.now() + seconds / 20).input else { return XCTFail("a report") }
  }

  func testUnplugBetweenFrames() throws {
    let device = try VirtualBoard.usbSerial(serial: "BETWEEN")
    let far = try FarSide(device)
    var world = try world(address("BETWEEN"))
    XCTAssertEqual(try world.ask("a\r", of: far, answer: "1\r"), "1\r")
    try device.unplug()
    guard case .lost(0, .vanished) = world.next() else { return XCTFail("not told") }
  }

  func testUnplugDuringAWrite() throws {
    let device = try VirtualBoard.usbSerial(serial: "WRITE")
    let far = try FarSide(device)
    var world = try world(address("WRITE"))
    // The device takes nothing, so bytes wait in every buffer on the way.
    for _ in 0..<160 { world.perform(.send(0, Frame(text: String(repeating: "w", count: 256)), confidential: false)) }
    try device.unplug()
    guard case .lost(0, .vanished) = world.next() else { return XCTFail("not told") }
    withExtendedLifetime(far) {}
  }

  /// The device comes back as another name, because something else took its own in between.
  func testReplugUnderAnotherName() throws {
    let device = try VirtualBoard.usbSerial(serial: "MOVING")
    let thief = try VirtualBoard.usbSerial(serial: "THIEF", controller: 1)
    try thief.unplug()
    let name = try device.hostPath()
    let far = try FarSide(device)
    var world = try world(address("MOVING"), reconnect: 20 * seconds)
    XCTAssertEqual(try world.ask("a\r", of: far, answer: "1\r"), "1\r")
    try device.unplug()
    guard case .interrupted(0, .vanished) = world.next() else { return XCTFail("not told") }
    try VirtualBoard.wait("the port to go") { try device.hostPath() == nil }
    try thief.plug()
    XCTAssertEqual(try thief.hostPath(), name)
    world.perform(.send(0, Frame(text: "to nobody\r"), confidential: false))
    let thiefFar = try FarSide(thief)
    thiefFar.send("wrong\r")
    try device.plug()
    XCTAssertNotEqual(try device.hostPath(), name)
    guard case .resumed(0, moved: true) = world.next() else { return XCTFail("not found again") }
    XCTAssertEqual(try world.ask("b\r", of: FarSide(device), answer: "2\r"), "2\r")
    XCTAssertEqual(thiefFar.take(), "", "the other device was not spoken to")
  }

  /// A bench that names a path gets neither the device at that path when it is another one, nor the right one elsewhere:
  /// it gets the reason.
  func testAPathIsNoIdentity() throws {
    let device = try VirtualBoard.usbSerial(serial: "MINE")
    let other = try VirtualBoard.usbSerial(serial: "YOURS", controller: 1)
    try other.unplug()
    let path = try XCTUnwrap(try device.hostPath())
    for comesBack in [false, true] {
      var world = try world(.path(path), reconnect: (comesBack ? 3 : 2) * seconds)
      try device.unplug()
      guard case .interrupted(0, .vanished) = world.next() else { return XCTFail("not told") }
      try VirtualBoard.wait("the port to go") { access(path, F_OK) != 0 }
      try other.plug()
      XCTAssertEqual(try other.hostPath(), path)
      let otherFar = try FarSide(other)
      otherFar.send("wrong\r")
      if comesBack { try device.plug() }
      guard case .lost(0, let fault) = world.next() else { return XCTFail("something was taken from \(path)") }
      XCTAssertEqual(fault, comesBack ? .movedElsewhere : .otherDevice)
      XCTAssertEqual(otherFar.take(), "")
      try device.unplug()
      try other.unplug()
      try VirtualBoard.wait("all ports to go") { try device.hostPath() == nil && other.hostPath() == nil }
      try device.plug()
      XCTAssertEqual(try device.hostPath(), path)
    }
  }

  /// Waiting for a device is bounded, costs next to nothing, and ends with the fault.
  func testADeviceThatStaysAway() throws {
    let device = try VirtualBoard.usbSerial(serial: "AWAY")
    var world = try world(address("AWAY"), reconnect: 2 * seconds)
    try device.unplug()
    guard case .interrupted(0, .vanished) = world.next() else { return XCTFail("not told") }
    let began = world.now()
    let processorBefore = Self.processorSeconds()
    let end = world.nextInput(until: began + 10 * seconds)
    let processor = Self.processorSeconds() - processorBefore
    guard case .lost(0, .vanished) = end.input else { return XCTFail("\(end)") }
    let waited = Double(end.instant - began) / 1e9
    XCTAssertEqual(waited, 2, accuracy: 0.5)
    XCTAssertLessThan(processor / waited, 0.05, "share of a processor while the device is gone")
    print("share of a processor while gone: \(processor / waited)")
  }

  /// Pulled out again and again, half of the time while another device takes its name: 24 times, and 200 with
  /// ETALON_FULL=1.
  func testManyUnplugs() throws {
    let count = ProcessInfo.processInfo.environment["ETALON_FULL"] == "1" ? 200 : 24
    let device = try VirtualBoard.usbSerial(serial: "OFTEN")
    let decoy = try VirtualBoard.usbSerial(serial: "DECOY", controller: 1)
    try decoy.unplug()
    var far = try FarSide(device)
    var world = try world(address("OFTEN"), reconnect: 20 * seconds)
    var (silences, wrong, moved, gone) = (0, 0, 0, 0)
    let processorBefore = Self.processorSeconds()
    let began = world.now()
    for cycle in 0..<count {
      // A sample that must be this device's and this cycle's.
      let answer = try world.ask("\(cycle)?\r", of: far, answer: "OFTEN \(cycle)\r")
      if answer != "OFTEN \(cycle)\r" { wrong += 1 }
      // The next request is never answered: the device is pulled out between request and reply, in the reply, or idle.
      if cycle % 3 != 2 {
        world.perform(.send(0, Frame(text: "more?\r"), confidential: false))
        _ = try far.takeLine()
      }
      if cycle % 3 == 1 { far.send("OFT") }
      try device.unplug()
      var told = false
      let replyDeadline = world.now() + seconds
      while !told {
        switch world.nextInput(until: replyDeadline).input {
        case .bytes(0, let frame, _): if String(decoding: Array(frame), as: UTF8.self) != "OFT" { wrong += 1 }
        case .interrupted(0, .vanished): (told, gone) = (true, gone + 1)
        case .wake: (told, silences) = (true, silences + 1)
        case let other: return XCTFail("cycle \(cycle): \(other)")
        }
      }
      try VirtualBoard.wait("the port to go") { try device.hostPath() == nil }
      var decoyFar: FarSide?
      if cycle % 2 == 0 {
        try decoy.plug()
        decoyFar = try FarSide(decoy)
        decoyFar?.send("DECOY \(cycle)\r")
      }
      try device.plug()
      far = try FarSide(device)
      guard case .resumed(0, let elsewhere) = world.next() else { return XCTFail("cycle \(cycle): not found again") }
      if elsewhere { moved += 1 }
      XCTAssertEqual(decoyFar?.take() ?? "", "", "the other device is never spoken to")
      try decoy.unplug()
      try VirtualBoard.wait("the other port to go") { try decoy.hostPath() == nil }
    }
    let share = (Self.processorSeconds() - processorBefore) / (Double(world.now() - began) / 1e9)
    print(
      "\(count) unplugs: \(gone) told, \(silences) taken for silence, \(wrong) wrong samples, \(moved) under another name"
    )
    print("share of a processor, the test's own looking included: \(share)")
    XCTAssertEqual(gone, count)
    XCTAssertEqual(silences, 0)
    XCTAssertEqual(wrong, 0)
    XCTAssertGreaterThan(moved, count / 4)
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
