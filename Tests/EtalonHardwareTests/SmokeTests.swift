import Glibc
import XCTest

/// The virtual board itself: what the other tests stand on is there and does what it should, without any code under test.
final class SmokeTests: XCTestCase {
  func testChipAppearsIsDrivenAndGoesAway() throws {
    let chip = try VirtualBoard.gpioSim(label: "smoke", lineCount: 4, names: [1: "reset"])
    XCTAssertEqual(access(chip.path, R_OK | W_OK), 0, chip.path)
    XCTAssertFalse(try chip.level(2))
    try chip.drive(2, high: true)
    XCTAssertTrue(try chip.level(2))
    XCTAssertEqual(try chip.pull(2), "pull-up")
    try chip.takeAway()
    try VirtualBoard.wait("the chip to go away") { access(chip.path, F_OK) != 0 }
  }

  func testSerialDeviceIsFoundCarriesBytesAndIsUnplugged() throws {
    let device = try VirtualBoard.usbSerial(serial: "SMOKE-1")
    let path = try XCTUnwrap(try device.hostPath())
    let far = open(device.farPath, O_RDWR | O_NOCTTY | O_NONBLOCK)
    let near = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK)
    defer {
      close(far)
      close(near)
    }
    XCTAssertGreaterThanOrEqual(far, 0)
    XCTAssertGreaterThanOrEqual(near, 0)
    var settings = termios()
    for side in [far, near] {
      XCTAssertEqual(tcgetattr(side, &settings), 0)
      cfmakeraw(&settings)
      XCTAssertEqual(tcsetattr(side, TCSANOW, &settings), 0)
    }
    XCTAssertEqual(write(near, "ping", 4), 4)
    var bytes = [UInt8](repeating: 0, count: 16)
    var count = 0
    try VirtualBoard.wait("four bytes over the cable") {
      let more = bytes.withUnsafeMutableBytes { read(far, $0.baseAddress! + count, $0.count - count) }
      if more > 0 { count += more }
      return count == 4
    }
    XCTAssertEqual(bytes[..<4], Array("ping".utf8)[...])
    try device.unplug()
    try VirtualBoard.wait("the port to go away") { access(path, F_OK) != 0 }
  }
}
