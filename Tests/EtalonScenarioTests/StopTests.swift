import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import XCTest

/// Stopping a run: at the next checkpoint, now, and whenever it comes. The heater is off afterwards, always.
final class StopTests: XCTestCase {
  /// Runs and asks for a stop each time that `trigger` says so for the first, second, ... time.
  private func run(
    _ run: SimulatedRun, requests: [StopRequest],
    when trigger: @escaping (EtalonSession.Progress, Int) -> Bool
  ) throws -> (observed: Observed, askedAt: [Instant]) {
    var asked: [Instant] = []
    var isDue = false
    let observed = try Observed(
      run,
      interrupt: {
        guard isDue else { return nil }
        isDue = false
        return requests[asked.count - 1]
      },
      observe: { engine, instant in
        guard !isDue, asked.count < requests.count, trigger(engine.progress, asked.count) else { return }
        isDue = true
        asked.append(instant)
      })
    return (observed, asked)
  }

  private func measurements(_ observed: Observed) throws -> Int {
    var reader = try LedgerReader(bytes: observed.ledger)
    var count = 0
    while let record = try reader.next() {
      if record.kind == RecordKind.measurement.rawValue { count += 1 }
    }
    return count
  }

  private func check(
    _ observed: Observed, exit: Int32 = 3, file: StaticString = #filePath, line: UInt = #line
  ) throws {
    XCTAssertEqual(observed.exit, exit, "\(observed.outcome)", file: file, line: line)
    XCTAssertFalse(observed.ranAway, file: file, line: line)
    XCTAssertFalse(observed.bench.isHeaterOn, "\(observed.outcome)", file: file, line: line)
    XCTAssertEqual(observed.results.safeStateConfirmed, true, "\(observed.outcome)", file: file, line: line)
    let verification = LedgerVerification(bytes: observed.ledger, expectedDigest: observed.outcome.ledger.digest)
    XCTAssertTrue(verification.isSound, "\(verification)", file: file, line: line)
    let replay = try Replay(bytes: observed.ledger)
    XCTAssertTrue(replay.isIdentical, "\(String(describing: replay.firstDifference))", file: file, line: line)
    XCTAssertTrue(replay.isComplete, file: file, line: line)
  }

  /// A loop that was too late for the dead-man: the run fails, says why, and takes the heater off.
  func testALateLoopEndsTheRun() throws {
    let (observed, asked) = try run(Scenario.short(seed: 5), requests: [.loopLate]) { progress, _ in
      progress.activity == .measuring && progress.windowSamples == 20
    }
    XCTAssertEqual(asked.count, 1)
    try check(observed, exit: 74)
    XCTAssertEqual(observed.results.verdict, .failed)
    XCTAssertTrue(try XCTUnwrap(observed.results.failure?.reason).contains("dead-man"))
    XCTAssertTrue(observed.results.points.isEmpty)
  }

  func testOnceWhileMeasuringFinishesThePoint() throws {
    let (observed, asked) = try run(Scenario.short(seed: 1), requests: [.atCheckpoint]) { progress, _ in
      progress.activity == .measuring && progress.windowSamples == 20
    }
    XCTAssertEqual(asked.count, 1)
    try check(observed)
    XCTAssertEqual(observed.results.verdict, .stopped)
    XCTAssertEqual(try measurements(observed), 1)
    // The point that was finished is a result with its whole budget and its truth; the phase has no verdict.
    XCTAssertEqual(observed.results.points.count, 1)
    let point = try XCTUnwrap(observed.results.points.first)
    XCTAssertEqual(point.samples, 60)
    XCTAssertTrue(point.expandedUncertainty.isFinite)
    XCTAssertNotNil(point.truth)
    XCTAssertNil(observed.results.asFound)
    // 40 of 60 pairs were due, 25 ms apart, and the rejector gives each back ten pairs later.
    XCTAssertEqual(try XCTUnwrap(observed.results.ended).seconds(since: asked[0]), 1.2, accuracy: 0.5)
  }

  func testOnceElsewhereStopsAtOnce() throws {
    let activities: [EtalonSession.Progress.Activity] = [.identifying, .approaching, .soaking, .settling]
    for activity in activities {
      let (observed, asked) = try run(Scenario.short(seed: 1), requests: [.atCheckpoint]) { progress, _ in
        progress.activity == activity
      }
      XCTAssertEqual(asked.count, 1, "\(activity)")
      try check(observed)
      XCTAssertEqual(try measurements(observed), 0, "\(activity)")
      XCTAssertLessThan(try XCTUnwrap(observed.results.ended).seconds(since: asked[0]), 1, "\(activity)")
    }
  }

  func testTwiceWhileMeasuringStopsNow() throws {
    for second in [StopRequest.now, .atCheckpoint] {
      let (observed, asked) = try run(Scenario.short(seed: 1), requests: [.atCheckpoint, second]) { progress, count in
        progress.activity == .measuring && progress.windowSamples == 20 + 10 * count
      }
      XCTAssertEqual(asked.count, 2)
      try check(observed)
      XCTAssertEqual(try measurements(observed), 0)
      XCTAssertEqual(observed.results.points.count, 0)
      XCTAssertLessThan(try XCTUnwrap(observed.results.ended).seconds(since: asked[1]), 0.5)
    }
  }

  func testAStopBeforeTheFirstInput() throws {
    var isAsked = false
    let observed = try Observed(
      try Scenario.short(seed: 1),
      interrupt: {
        defer { isAsked = true }
        return isAsked ? nil : .now
      })
    try check(observed)
    XCTAssertEqual(observed.results.energised, false)
  }

  /// A stop waits for the point under way; when that point fails, nothing is left to wait for.
  func testAStopDoesNotWaitForAPointThatFails() throws {
    let timeline = try Timeline.short()
    var stopped = try Scenario.short(seed: 1)
    stopped.faults = FaultPlanBuilder.wire("dut", .silent, at: timeline.firstWindow + 0.5, for: 10)
    let (observed, asked) = try run(stopped, requests: [.atCheckpoint]) { progress, _ in
      progress.activity == .measuring && progress.windowSamples == 5
    }
    try check(observed)
    // The window gives up after the longest gap, 3 s; without the stop it would settle and measure again.
    XCTAssertLessThan(try XCTUnwrap(observed.results.ended).seconds(since: asked[0]), 6)
    XCTAssertEqual(try measurements(observed), 0)
  }

  /// Whenever the stop comes, the device is locked again and holds one whole set, the old or the new.
  func testAStopInTheMiddleOfTheAdjustment() throws {
    let untouched = try Observed(try Scenario.short(seed: 1))
    let old = try XCTUnwrap(untouched.results.before).coefficients
    let new = try XCTUnwrap(untouched.results.after).coefficients
    var inputs = 0
    var stores: Set<UInt32> = []
    for wait in stride(from: 0, through: 14, by: 2) {
      inputs = 0
      let (observed, asked) = try run(Scenario.short(seed: 1), requests: [.now]) { progress, _ in
        if progress.activity == .adjusting { inputs += 1 }
        return inputs > wait
      }
      guard asked.count == 1 else { continue }
      try check(observed)
      let memory = try XCTUnwrap(observed.bench.deviceMemory)
      XCTAssertTrue(memory.isLocked, "after \(wait) inputs")
      XCTAssertTrue(memory.stored == old || memory.stored == new, "after \(wait) inputs: \(memory)")
      XCTAssertEqual(memory.working, memory.stored, "after \(wait) inputs")
      stores.insert(memory.storeCount)
    }
    XCTAssertFalse(stores.isEmpty)
  }

  func testAFullDiskAndAFailedRecordStopTheRunWithTheirOwnCodes() throws {
    for (request, exit) in [(StopRequest.diskFull, Int32(73)), (.recordFailed, 74)] {
      let (observed, _) = try run(Scenario.short(seed: 1), requests: [request]) { progress, _ in
        progress.activity == .measuring && progress.windowSamples == 20
      }
      try check(observed, exit: exit)
    }
  }

  func testAStopAtAnyInstant() throws {
    let end = try Timeline.short().end
    for share in [0.001, 0.01, 0.03, 0.1, 0.3, 0.55, 0.7, 0.9] {
      let observed = try Observed(try Scenario.short(seed: 1), stops: [(.now, share * end)])
      try check(observed)
      XCTAssertLessThan(
        try XCTUnwrap(observed.results.ended).seconds(since: Instant(nanoseconds: 0)), share * end + 2, "\(share)")
    }
  }

  /// Lost edges are counted, a kernel that can not say how many is counted as such, and a calendar clock that is stepped by
  /// an hour is a remark and a count; none of it moves the run's own time.
  func testLostEdgesAndAStepOfTheClockAreInTheResults() throws {
    let run = try Scenario.short(seed: 1)
    let simulated = try SimulatedBench(board: run.board, simulation: run.simulation, session: run.plan)
    var engine = try SessionEngine(
      plan: run.plan, board: run.board, bench: simulated.bench, utcNanosecondsAtStart: run.simulation.utcNanoseconds)
    var outbox = Outbox()
    let instant = Instant(nanoseconds: 1_000_000_000)
    engine.handle(.edgesLost(0, count: 3), at: instant, into: &outbox)
    engine.handle(.edgesLost(1, count: 2), at: instant, into: &outbox)
    engine.handle(.edgesLost(0, count: 0), at: instant, into: &outbox)
    engine.handle(
      .clockStepped(utcNanoseconds: run.simulation.utcNanoseconds + 3_600_000_000_000), at: instant, into: &outbox)
    XCTAssertEqual(engine.results.edgesLost, 5)
    XCTAssertEqual(engine.results.edgeOverflows, 1)
    XCTAssertEqual(engine.results.timing.clockSteps, 1)
    XCTAssertEqual(
      engine.results.remarks.filter { $0.hasPrefix("the calendar clock was stepped and is now 3600.0 s from") }.count,
      1,
      "\(engine.results.remarks)")
  }
}
