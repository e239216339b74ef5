import CEtalonLinux
import EtalonCore
import EtalonLinux
import Glibc
import XCTest

final class RealTimeTests: XCTestCase {
  /// What can not be granted is listed with the command that grants it, and the rest is granted all the same.
  func testWhatIsNotGrantedIsSaid() {
    let asked = RealTime(RealTimeRequest(priority: 1000, processor: 100_000))
    XCTAssertEqual(asked.lacks.map(\.part), [.processor, .priority])
    XCTAssertEqual(asked.lacks.map(\.code), [EINVAL, EINVAL])
    XCTAssertTrue(RealTimeLack(part: .priority, code: EPERM).explanation.contains("limits.d"))
    XCTAssertTrue(RealTimeLack(part: .lockedMemory, code: ENOMEM).explanation.contains("memlock"))
    XCTAssertTrue(RealTimeLack(part: .latency, code: EACCES).explanation.contains("/dev/cpu_dma_latency"))
    for part in RealTimeLack.Part.allCases {
      XCTAssertTrue(
        RealTimeLack(part: part, code: EPERM).explanation.contains(String(cString: strerror(EPERM))), "\(part)")
    }
  }

  func testNothingAskedIsNothingChanged() {
    let asked = RealTime(RealTimeRequest())
    XCTAssertEqual(asked.lacks, [])
    XCTAssertEqual(sched_getscheduler(0) & ~0x4000_0000, SCHED_OTHER)
  }

  /// The thread is a real-time thread while the value lives, and threads that it starts meanwhile are not.
  func testRealTimeEndsWithTheValue() throws {
    do {
      let asked = RealTime(.usual(priority: 10))
      try XCTSkipUnless(
        asked.lacks.isEmpty, "this user gets no real time: " + asked.lacks.map(\.explanation).joined(separator: "; "))
      XCTAssertEqual(sched_getscheduler(0) & ~0x4000_0000, SCHED_FIFO)
      var policy: Int32 = -1
      var thread = pthread_t()
      let created = pthread_create(
        &thread, nil,
        { argument in
          argument!.assumingMemoryBound(to: Int32.self).pointee = sched_getscheduler(0) & ~0x4000_0000
          return nil
        }, &policy)
      XCTAssertEqual(created, 0)
      XCTAssertEqual(pthread_join(thread, nil), 0)
      XCTAssertEqual(policy, SCHED_OTHER)
    }
    XCTAssertEqual(sched_getscheduler(0) & ~0x4000_0000, SCHED_OTHER)
  }

  /// A loop that spins is not woken early, and nothing that arrived before the spin is passed over.
  func testSpinKeepsDeadlinesAndInput() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(
      ports: [.serial(path: terminal.slavePath, settings: SerialSettings(baud: 9600))], signals: .none)
    world.spinNanoseconds = 200_000
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    for milliseconds in [2, 0, 1, 5] as [Int64] {
      let deadline = world.now() + milliseconds * 1_000_000
      let next = world.nextInput(until: deadline)
      XCTAssertTrue(next.isWake)
      XCTAssertGreaterThanOrEqual(next.instant, deadline)
    }
    terminal.send("t: 25.000 C")
    let next = world.nextInput(until: world.now() + patienceNanoseconds)
    XCTAssertEqual(next.text, "t: 25.000 C")
  }

  /// A deadline beyond the kernel's timers, or one that stands still, does not keep the loop from other input.
  func testTimerIsSetAnewAfterEachWake() throws {
    var world = try LinuxWorld(ports: [], signals: .none)
    for _ in 0..<50 {
      let deadline = world.now() + 100_000
      let next = world.nextInput(until: deadline)
      XCTAssertTrue(next.isWake)
      XCTAssertGreaterThanOrEqual(next.instant, deadline)
    }
  }
}
