import EtalonCore
import XCTest

@testable import EtalonLinux

/// The world's part of a dead-man: instants are given, nothing waits.
final class HeartbeatWorldTests: XCTestCase {
  private let heartbeat = Heartbeat(.toggled, periodNanoseconds: 100_000_000, limitNanoseconds: 500_000_000)

  /// The run learns that the loop was late, once, and the gap is kept.
  func testALateTurnAsksForAStop() throws {
    var world = try LinuxWorld(ports: [], signals: .none)
    world.deadMan = DeadMan(.line(0), heartbeat)
    let start = world.now()
    world.beat(at: start)
    // The bench has no such line: whoever lives by it must know.
    guard case .lineLost(0, .missing) = world.nextInput(until: nil).input else {
      return XCTFail("the line is not there")
    }
    world.beat(at: start + 500_000_001)
    guard case .lineLost = world.nextInput(until: nil).input else { return XCTFail("the line is released first") }
    guard case .stop(.loopLate) = world.nextInput(until: nil).input else { return XCTFail("no stop") }
    XCTAssertEqual(world.heartbeatGapNanoseconds, 500_000_001)
    XCTAssertEqual(world.heartbeatCount, 1)
    XCTAssertTrue(world.nextInput(until: start).isWake, "told once")
  }

  /// A pseudo-terminal has no modem lines: the port is lost, so that no run goes on without the dead-man that it asked for.
  func testAPortWithoutModemLinesIsLost() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(
      ports: [.serial(path: terminal.slavePath, settings: SerialSettings(baud: 9600))], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    world.deadMan = DeadMan(.modem(0, .dataTerminalReady), heartbeat)
    // The first turn of the loop is the wait for this input.
    guard case .lost(0, .settingsRefused) = world.nextInput(until: nil).input else { return XCTFail("not refused") }
  }
}
