import EtalonCore
import EtalonLinux
import Glibc
import XCTest

/// The calendar clock is stepped under a running loop. Only on the virtual board: the clock of a real machine is not ours.
final class ClockStepTests: XCTestCase {
  func testStepOfAnHourIsToldAndMovesNoDeadline() throws {
    try VirtualBoard.require("/proc/sys/kernel/hostname", "kernel")
    guard VirtualBoard.isExpected else {
      throw XCTSkip("the calendar clock is stepped on the virtual board only; scripts/virtual-board brings one")
    }
    var world = try LinuxWorld(ports: [], signals: .none)
    let period: Int64 = 5_000_000
    var due = world.now() + period
    var spacing: [Int64] = []
    var last: Instant?
    var steps: [(utc: Int64, at: Instant)] = []
    var before: (utc: Int64, at: Instant)?
    while spacing.count < 40 {
      if spacing.count == 20, before == nil {
        let mapping = LinuxClock.mapping()
        before = (mapping.utcNanoseconds, mapping.instant)
        var later = timespec(
          tv_sec: Int(mapping.utcNanoseconds / 1_000_000_000) + 3600,
          tv_nsec: Int(mapping.utcNanoseconds % 1_000_000_000))
        XCTAssertEqual(clock_settime(CLOCK_REALTIME, &later), 0, String(cString: strerror(errno)))
      }
      let next = world.nextInput(until: due)
      switch next.input {
      case .clockStepped(let utc): steps.append((utc, next.instant))
      case .wake:
        if let last { spacing.append(next.instant - last) }
        last = next.instant
        due = due + period
      default: XCTFail("\(next)")
      }
    }
    XCTAssertEqual(steps.count, 1)
    let start = try XCTUnwrap(before)
    let told = try XCTUnwrap(steps.first)
    // An hour, to the time that the loop needed to hear of it.
    XCTAssertEqual(Double((told.utc - start.utc) - (told.at - start.at)) * 1e-9, 3600, accuracy: 0.05)
    // Sample spacing is that of the monotonic clock: 40 periods, none of them an hour, all of them in all.
    XCTAssertEqual(Double(spacing.reduce(0, +)) * 1e-9, 0.2, accuracy: 0.1)
  }
}
