import EtalonCore
import XCTest

final class HeartbeatTests: XCTestCase {
  private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
  private func heartbeat(_ form: Heartbeat.Form) -> Heartbeat {
    Heartbeat(form, periodNanoseconds: 100_000_000, limitNanoseconds: 500_000_000)
  }

  /// The first turn beats, then one beat for each period, however often the loop turns in between.
  func testBeatsOncePerPeriod() {
    var heartbeat = heartbeat(.toggled)
    XCTAssertNil(heartbeat.nextBeat)
    var levels: [Bool] = []
    for millisecond in 0...1000 as ClosedRange<Int64> {
      switch heartbeat.turn(at: at(7000 + millisecond)) {
      case .drive(let active): levels.append(active)
      case .nothing: break
      case .end: XCTFail("ended after \(millisecond) ms")
      }
    }
    XCTAssertEqual(levels, (0...10).map { $0 % 2 == 0 })
    XCTAssertEqual(heartbeat.nextBeat, at(8100))
    XCTAssertEqual(heartbeat.count, 11)
    XCTAssertFalse(heartbeat.hasEnded)
  }

  /// Turns that are late within the limit beat once, and beats that were missed are not caught up.
  func testNothingIsCaughtUp() {
    var heartbeat = heartbeat(.toggled)
    XCTAssertEqual(heartbeat.turn(at: at(0)), .drive(active: true))
    XCTAssertEqual(heartbeat.turn(at: at(499)), .drive(active: false))
    XCTAssertEqual(heartbeat.turn(at: at(500)), .nothing)
    XCTAssertEqual(heartbeat.nextBeat, at(599))
    XCTAssertEqual(heartbeat.turn(at: at(599)), .drive(active: true))
    XCTAssertEqual(heartbeat.count, 3)
  }

  /// A loop that turns after the limit gets no beat, then or ever.
  func testALateLoopEndsIt() {
    for form in [Heartbeat.Form.toggled, .held] {
      var heartbeat = heartbeat(form)
      XCTAssertEqual(heartbeat.turn(at: at(0)), .drive(active: true))
      XCTAssertEqual(heartbeat.turn(at: at(501)), .end(gapNanoseconds: 501_000_000))
      XCTAssertTrue(heartbeat.hasEnded)
      XCTAssertFalse(heartbeat.isActive)
      XCTAssertEqual(heartbeat.gapNanoseconds, 501_000_000)
      XCTAssertNil(heartbeat.nextBeat)
      for millisecond in stride(from: 502, to: 3000, by: 10) as StrideTo<Int64> {
        XCTAssertEqual(heartbeat.turn(at: at(millisecond)), .nothing, "\(form) after \(millisecond) ms")
      }
      XCTAssertEqual(heartbeat.count, 1)
    }
  }

  /// Exactly at the limit the watchdog still bears it.
  func testTheLimitItselfIsInTime() {
    var heartbeat = heartbeat(.toggled)
    XCTAssertEqual(heartbeat.turn(at: at(0)), .drive(active: true))
    XCTAssertEqual(heartbeat.turn(at: at(500)), .drive(active: false))
  }

  /// A held line is driven once; its turns are watched as those of a toggled one.
  func testAHeldLineIsDrivenOnce() {
    var heartbeat = heartbeat(.held)
    XCTAssertEqual(heartbeat.turn(at: at(0)), .drive(active: true))
    for millisecond in stride(from: 10, through: 2000, by: 10) as StrideThrough<Int64> {
      XCTAssertEqual(heartbeat.turn(at: at(millisecond)), .nothing)
    }
    XCTAssertTrue(heartbeat.isActive)
    XCTAssertEqual(heartbeat.turn(at: at(2600)), .end(gapNanoseconds: 600_000_000))
    XCTAssertFalse(heartbeat.isActive)
  }
}
