import EtalonCore
import EtalonLinux
import Glibc
import XCTest

/// The sign of life of a loop as the bench sees it: the level of a line, or the control lines that reach a device.
final class DeadManTests: XCTestCase {
  private func deadMan(_ carrier: DeadMan.Carrier, _ form: Heartbeat.Form) -> DeadMan {
    DeadMan(carrier, Heartbeat(form, periodNanoseconds: 50_000_000, limitNanoseconds: 1_000_000_000))
  }

  private func line(_ label: String) -> LineSpecification { LineSpecification(.offset(chip: label, 0), .output()) }

  /// A process of its own whose loop does nothing but turn.
  private func loop(_ label: String, _ form: Heartbeat.Form) throws -> ForkedChild {
    try ForkedChild { ready in
      do throws(PortFault) {
        var world = try LinuxWorld(ports: [], lines: [line(label)], signals: .none)
        world.deadMan = deadMan(.line(0), form)
        guard case .lineOpened = world.nextInput(until: nil).input else { return }
        ready()
        while true { _ = world.nextInput(until: nil) }
      } catch { print(error) }
    }
  }

  /// Waits until the line has changed so many times.
  private func waitForChanges(_ count: Int, of chip: SimulatedChip) throws {
    var level = try chip.level(0)
    var changes = 0
    try VirtualBoard.wait("\(count) beats") {
      let now = try chip.level(0)
      if now != level { changes += 1 }
      level = now
      return changes >= count
    }
  }

  func testALineBeatsWhileTheLoopTurnsAndStopsForGoodWhenItHung() throws {
    let chip = try VirtualBoard.gpioSim(label: "beat", lineCount: 1)
    var world = try LinuxWorld(ports: [], lines: [line("beat")], signals: .none)
    guard case .lineOpened(0, false) = world.nextInput(until: nil).input else { return XCTFail("not opened") }
    world.deadMan = deadMan(.line(0), .toggled)
    for beat in 1...8 {
      let end = world.now() + 20_000_000_000
      while world.heartbeatCount < UInt64(beat), world.now() < end {
        guard case .wake = world.nextInput(until: world.now() + 1_000_000).input else { return XCTFail("an input") }
      }
      XCTAssertEqual(try chip.level(0), beat % 2 == 1, "beat \(beat)")
    }
    // A decision that takes longer than the bench bears.
    usleep(1_200_000)
    guard case .stop(.loopLate) = world.nextInput(until: nil).input else {
      return XCTFail("the late turn was not told")
    }
    XCTAssertGreaterThan(try XCTUnwrap(world.heartbeatGapNanoseconds), 1_000_000_000)
    for _ in 0..<20 {
      guard case .wake = world.nextInput(until: world.now() + 20_000_000).input else { return XCTFail("an input") }
      XCTAssertFalse(try chip.level(0), "no beat after the end")
    }
  }

  /// A watchdog that waits for changes sees a process that is stopped: the level stays as it is. When it goes on, it finds
  /// itself late and lets the line fall.
  func testAHangingProcessGivesNoBeat() throws {
    let chip = try VirtualBoard.gpioSim(label: "hang", lineCount: 1)
    let child = try loop("hang", .toggled)
    try waitForChanges(4, of: chip)
    child.send(SIGSTOP)
    usleep(20_000)
    let level = try chip.level(0)
    for _ in 0..<60 {
      usleep(20_000)
      XCTAssertEqual(try chip.level(0), level, "a beat of a stopped process")
    }
    child.send(SIGCONT)
    try VirtualBoard.wait("the line to fall") { try !chip.level(0) }
    for _ in 0..<10 {
      usleep(20_000)
      XCTAssertFalse(try chip.level(0))
    }
    XCTAssertEqual(child.end(SIGKILL), SIGKILL)
  }

  /// After SIGKILL nothing of the program runs: the kernel gives the line back, and the board's pull holds it.
  func testAHeldLineFallsWhenTheProcessIsKilled() throws {
    let chip = try VirtualBoard.gpioSim(label: "held", lineCount: 1)
    let child = try loop("held", .held)
    try VirtualBoard.wait("the line to be held") { try chip.level(0) }
    XCTAssertEqual(child.end(SIGKILL), SIGKILL)
    XCTAssertFalse(try chip.level(0))
  }

  func testABeatingLineStopsWhenTheProcessIsKilled() throws {
    let chip = try VirtualBoard.gpioSim(label: "killedbeat", lineCount: 1)
    let child = try loop("killedbeat", .toggled)
    try waitForChanges(4, of: chip)
    XCTAssertEqual(child.end(SIGKILL), SIGKILL)
    for _ in 0..<10 {
      XCTAssertFalse(try chip.level(0))
      usleep(20_000)
    }
  }

  /// DTR as it goes over the USB bus: request 0x22 of Communications Class subclass PSTN 1.2, table 13, bit 0 DTR, bit 1 RTS.
  func testAModemLineBeatsAndFallsWhenTheProcessIsKilled() throws {
    let device = try VirtualBoard.usbSerial(serial: "BEAT")
    defer { withExtendedLifetime(device) {} }
    let bus = try BusMonitor()
    let address = PortAddress.usb(vendor: nil, product: nil, serialNumber: "BEAT", interface: nil)
    let child = try ForkedChild { ready in
      do throws(PortFault) {
        var world = try LinuxWorld(
          ports: [.port(address, settings: SerialSettings(baud: 9600))], signals: .none)
        guard case .opened(0) = world.nextInput(until: nil).input else { return }
        world.deadMan = deadMan(.modem(0, .dataTerminalReady), .toggled)
        ready()
        while true { _ = world.nextInput(until: nil) }
      } catch { print(error) }
    }
    var seen: [String] = []
    try VirtualBoard.wait("beats on the bus") {
      seen += try bus.take()
      return seen.filter { $0 == "22 2" }.count >= 3
    }
    let beats = seen.drop { $0 != "22 2" }
    for (place, request) in beats.enumerated() { XCTAssertEqual(request, place % 2 == 0 ? "22 2" : "22 3", "\(seen)") }
    XCTAssertEqual(child.end(SIGKILL), SIGKILL)
    XCTAssertEqual(try bus.take().last, "22 0")
  }
}
