import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import XCTest

/// What the world can do to a run. Whatever it is: the run ends with the code of its cause, the heater is off as its
/// controller knows, the ledger is sound and replays.
final class FaultTests: XCTestCase {
  /// A fault plan and what must come of it.
  private struct Case {
    var name: String
    var plan: FaultPlan
    var exit: [Int32]
    /// Whether a gap or a failed exchange must be on record.
    var leavesATrace = true
    /// Part of the reason that the run gives, when it failed.
    var reason = ""
  }

  /// Runs all cases and checks what holds for every one of them.
  private func check(_ cases: [Case], replays: Bool = false, line: UInt = #line) throws {
    for test in cases {
      var run = try Scenario.short(seed: 1)
      run.faults = test.plan
      let observed = try Observed(run)
      let text = "\(test.name): exit \(observed.exit), \(observed.outcome)"
      XCTAssertTrue(test.exit.contains(observed.exit), text, line: line)
      XCTAssertFalse(observed.ranAway, text, line: line)
      if test.leavesATrace {
        XCTAssertGreaterThan(
          observed.results.gaps + observed.results.faultCount + observed.results.remarks.count
            + (observed.results.failure == nil ? 0 : 1), 0, text, line: line)
      }
      if let failure = observed.results.failure {
        XCTAssertTrue(test.reason.isEmpty || failure.reason.contains(test.reason), text, line: line)
        XCTAssertEqual(observed.results.verdict, .failed, text, line: line)
      }
      try checkHeater(observed, text, line: line)
      let verification = LedgerVerification(
        bytes: observed.ledger, expectedRecords: observed.outcome.ledger.records,
        expectedDigest: observed.outcome.ledger.digest)
      XCTAssertTrue(verification.isSound, "\(text), \(verification)", line: line)
      if replays {
        let replay = try Replay(bytes: observed.ledger)
        XCTAssertTrue(replay.isIdentical, "\(text), \(String(describing: replay.firstDifference))", line: line)
      }
      for point in observed.results.points {
        XCTAssertTrue(point.error.isFinite && point.expandedUncertainty.isFinite, text, line: line)
      }
    }
  }

  /// Confirmed means off; not confirmed means exit 6 when this run had switched it on, and off after the dead-man time.
  private func checkHeater(_ observed: Observed, _ text: String, line: UInt) throws {
    if observed.results.safeStateConfirmed == true {
      XCTAssertFalse(observed.bench.isHeaterOn, text, line: line)
    } else if observed.results.energised {
      XCTAssertEqual(observed.exit, 6, text, line: line)
    }
    try observed.leaveAlone(seconds: 31)
    XCTAssertFalse(observed.bench.isHeaterOn, "after the dead-man time: \(text)", line: line)
  }

  private let devices = ["ref", "dut", "bath"]

  func testWithoutFaultTheSessionConforms() throws {
    try check([Case(name: "nothing", plan: FaultPlan(), exit: [0], leavesATrace: false)])
  }

  func testSilentFromTheStart() throws {
    for device in devices {
      try check([
        Case(
          name: "\(device) never answers", plan: FaultPlanBuilder.wire(device, .silent, at: 0), exit: [69],
          reason: device),
        Case(
          name: "\(device) has no supply", plan: FaultPlanBuilder.device(device, .silent, at: 0), exit: [69],
          reason: "does not answer"),
      ])
    }
  }

  func testSilentInTheMiddle() throws {
    let at = try Timeline.short().firstWindow + 0.3
    for device in devices {
      // A bath controller that says nothing any more can not confirm that it is off.
      let exit: Int32 = device == "bath" ? 6 : 69
      try check([
        Case(
          name: "\(device) falls silent", plan: FaultPlanBuilder.wire(device, .silent, at: at), exit: [exit],
          reason: device),
        Case(
          name: "\(device) loses its supply", plan: FaultPlanBuilder.device(device, .silent, at: at), exit: [exit],
          reason: device),
        Case(
          name: "\(device) is silent for two seconds", plan: FaultPlanBuilder.wire(device, .silent, at: at, for: 2),
          exit: [0]),
      ])
    }
  }

  func testSilentInTheMiddleLeavesGapsInTheRecord() throws {
    var run = try Scenario.short(seed: 1)
    run.faults = FaultPlanBuilder.wire("dut", .silent, at: try Timeline.short().firstWindow + 0.3, for: 2)
    let observed = try Observed(run)
    XCTAssertGreaterThan(observed.results.gaps, 0, "\(observed.outcome)")
    XCTAssertTrue(observed.results.faults.contains { $0.role == "dut" && $0.kind == "timeout" }, "\(observed.outcome)")
    XCTAssertTrue(observed.results.remarks.contains { $0.contains("trying again") }, "\(observed.outcome)")
    XCTAssertEqual(observed.results.points.filter { $0.phase == .asFound }.map(\.samples), [60, 60, 60])
  }

  func testOneSpoiltReplyIsNoNumberAndTheRunGoesOn() throws {
    let kinds: [FaultKind] = [.garbage, .half, .stale, .drop, .framing, .parity, .lineBreak, .split]
    for device in devices {
      // One after the other, from the first reading on.
      let entries = kinds.enumerated().map { place, kind in
        FaultEntry(atSeconds: 0.5 + 0.4 * Double(place), layer: .wire, target: device, kind: kind)
      }
      var run = try Scenario.short(seed: 1)
      run.faults = FaultPlan(entries)
      let observed = try Observed(run)
      XCTAssertEqual(observed.exit, 0, "\(device): \(observed.outcome)")
      let role = observed.results.faults.filter { $0.role == device }
      // A reply in two pieces is whole. The reply before cannot be told from the right one where it has no number of its
      // own (reference), and is no failed exchange but a reading marked as old where it has one (device). A digit that is
      // lost from the device's conversion number makes an old reading, too.
      let count = role.reduce(0) { $0 + $1.count }
      XCTAssertGreaterThanOrEqual(count, kinds.count - 3, "\(device): \(role), \(observed.outcome)")
      XCTAssertLessThanOrEqual(count, kinds.count - 1, "\(device): \(role), \(observed.outcome)")
      XCTAssertTrue(role.contains { $0.kind == "truncated" } && role.contains { $0.kind == "line error" }, "\(role)")
      XCTAssertFalse(observed.bench.isHeaterOn)
    }
  }

  func testSpoiltForSeconds() throws {
    let at = try Timeline.short().firstWindow + 0.3
    for device in devices {
      try check([
        Case(name: "\(device): garbage", plan: FaultPlanBuilder.wire(device, .garbage, at: at, for: 2), exit: [0]),
        Case(
          name: "\(device): noise", plan: FaultPlanBuilder.wire(device, .noise, at: at, for: 2, value: 0.002),
          exit: [0]),
        Case(
          name: "\(device): echo", plan: FaultPlanBuilder.wire(device, .echo, at: 0), exit: [0], leavesATrace: false),
        Case(
          name: "\(device): a late answer", plan: FaultPlanBuilder.wire(device, .delay, at: at, for: 2, value: 0.7),
          exit: [0]),
      ])
    }
  }

  func testAReplyThatNeverComesRight() throws {
    let at = try Timeline.short().firstWindow + 0.3
    for device in ["ref", "dut"] {
      try check([
        Case(
          name: "\(device): garbage for ever", plan: FaultPlanBuilder.wire(device, .garbage, at: at, for: 1000),
          exit: [74, 69], reason: device),
        Case(
          name: "\(device): half replies for ever", plan: FaultPlanBuilder.wire(device, .half, at: at, for: 1000),
          exit: [69], reason: device),
      ])
    }
    try check([
      Case(
        name: "bath: garbage for ever", plan: FaultPlanBuilder.wire("bath", .garbage, at: at, for: 1000), exit: [6],
        reason: "bath")
    ])
  }

  func testHangUp() throws {
    let at = try Timeline.short().firstWindow + 0.3
    for device in devices {
      let exit: Int32 = device == "bath" ? 6 : 69
      try check([
        Case(
          name: "\(device) hangs up in a reply", plan: FaultPlanBuilder.wire(device, .hangupInReply, at: at),
          exit: [exit], reason: "hung up"),
        Case(
          name: "\(device) hangs up", plan: FaultPlanBuilder.wire(device, .hangup, at: at), exit: [exit],
          reason: "hung up"),
        Case(
          name: "\(device) hangs up and comes back", plan: FaultPlanBuilder.wire(device, .hangup, at: at, for: 1),
          exit: [exit], reason: "hung up"),
      ])
    }
  }

  func testPortsThatCanNotBeOpened() throws {
    for device in devices {
      try check([
        Case(name: "no \(device)", plan: FaultPlanBuilder.wire(device, .missing, at: 0), exit: [69], reason: device),
        Case(
          name: "\(device) not permitted", plan: FaultPlanBuilder.wire(device, .permission, at: 0), exit: [77],
          reason: "permission"),
        Case(name: "\(device) held", plan: FaultPlanBuilder.wire(device, .busy, at: 0), exit: [75], reason: "holds"),
      ])
    }
  }

  /// Another run may have left the heater on: it is switched off also when another device of the bench is missing.
  func testTheHeaterIsMadeSafeAlsoWhenAnotherPortIsMissing() throws {
    for device in ["ref", "dut"] {
      var run = try Scenario.short(seed: 1)
      run.faults = FaultPlanBuilder.wire(device, .missing, at: 0)
      let observed = try Observed(run)
      XCTAssertEqual(observed.exit, 69, "\(observed.outcome)")
      XCTAssertEqual(observed.results.safeStateConfirmed, true, "\(observed.outcome)")
    }
  }

  func testSupplyThatFailsForAMoment() throws {
    let at = try Timeline.short().firstWindow + 0.3
    try check([
      Case(name: "dut", plan: FaultPlanBuilder.device("dut", .powerCycle, at: at, for: 1), exit: [0]),
      Case(name: "ref", plan: FaultPlanBuilder.device("ref", .powerCycle, at: at, for: 1), exit: [0]),
      Case(name: "bath", plan: FaultPlanBuilder.device("bath", .powerCycle, at: at, for: 1), exit: [0]),
    ])
  }

  func testAConverterAtItsEndGivesNoNumber() throws {
    let at = try Timeline.short().firstWindow + 0.3
    try check([
      Case(name: "for a moment", plan: FaultPlanBuilder.device("dut", .saturate, at: at, for: 1), exit: [0]),
      Case(name: "for ever", plan: FaultPlanBuilder.device("dut", .saturate, at: at), exit: [74], reason: "dut"),
      Case(name: "old conversions", plan: FaultPlanBuilder.device("dut", .stale, at: at), exit: [74], reason: "dut"),
    ])
  }

  func testHeaterThatDoesNotObey() throws {
    let at = try Timeline.short().firstWindow + 0.3
    try check([
      Case(
        name: "relay welded", plan: FaultPlanBuilder.plant(.heaterStuckOn, at: at), exit: [2], reason: "did not settle"),
      Case(
        name: "heater broken", plan: FaultPlanBuilder.plant(.heaterStuckOff, at: at), exit: [2],
        reason: "did not settle"),
    ])
  }

  func testRoomOutsideItsLimits() throws {
    let at = try Timeline.short().firstWindow + 0.3
    try check([
      Case(name: "for a while", plan: FaultPlanBuilder.plant(.roomStep, at: at, for: 25, value: 10), exit: [0]),
      Case(name: "for good", plan: FaultPlanBuilder.plant(.roomStep, at: at, value: 10), exit: [2], reason: "room"),
    ])
  }

  func testAClockThatJumpsOrDrifts() throws {
    let at = try Timeline.short().firstWindow + 0.3
    func clock(_ kind: FaultKind, _ value: Double) -> FaultPlan {
      FaultPlan([FaultEntry(atSeconds: at, layer: .clock, kind: kind, value: value)])
    }
    try check([
      Case(name: "forward by 2 s", plan: clock(.step, 2), exit: [0], leavesATrace: false),
      Case(name: "forward by 1000 s", plan: clock(.step, 1000), exit: [0, 2, 69], leavesATrace: false),
      Case(name: "back by 2 s", plan: clock(.step, -2), exit: [0], leavesATrace: false),
      Case(name: "1000 ppm fast", plan: clock(.drift, 1000), exit: [0], leavesATrace: false),
    ])
  }

  /// A byte of every reply is lost for a second: what still looks like an answer is no reading unless indication and raw
  /// value belong together.
  func testALostDigitIsNoReading() throws {
    var run = try Scenario.short(seed: 1)
    // Wide limits for gaps: the window itself must live with the spoilt replies.
    run.plan.sampling.maximumMissingFraction = 1
    run.faults = FaultPlanBuilder.wire("dut", .drop, at: try Timeline.short().firstWindow + 0.3, for: 1)
    let observed = try Observed(run)
    XCTAssertEqual(observed.exit, 0, "\(observed.outcome)")
    let before = try XCTUnwrap(observed.results.before).coefficients
    let first = try XCTUnwrap(observed.results.points.first)
    XCTAssertGreaterThan(first.missing, 10, "the window has seen the fault: \(observed.outcome)")
    // One raw value with a lost digit would move the mean of 60 by some tenths of a kelvin.
    XCTAssertEqual(before.value(at: first.raw), first.indication, accuracy: 0.005, "\(observed.outcome)")
    var reader = try LedgerReader(bytes: observed.ledger)
    var contradictions = 0
    while let record = try reader.next() {
      guard record.kind == RecordKind.exchangeFault.rawValue else { continue }
      if String(decoding: record.payload, as: UTF8.self).contains("contradicts itself") { contradictions += 1 }
    }
    XCTAssertGreaterThan(contradictions, 0, "\(observed.outcome)")
  }

  /// The reply to the query before, for two seconds: the bath's answers do not fit, the device's readings are old.
  func testRepliesOfTheQueryBefore() throws {
    let at = try Timeline.short().firstWindow + 0.3
    try check([
      Case(name: "dut", plan: FaultPlanBuilder.wire("dut", .stale, at: at, for: 2), exit: [0]),
      Case(name: "bath", plan: FaultPlanBuilder.wire("bath", .stale, at: at, for: 2), exit: [0]),
    ])
  }

  /// Plans that nobody thought of.
  func testRandomPlans() throws {
    let configuration = try Scenario.short().simulation.configuration
    let end = try Timeline.short().end
    try check(
      (1...(Scenario.isFull ? 200 : 6) as ClosedRange<UInt64>).map { seed in
        Case(
          name: "random plan \(seed)",
          plan: FaultPlan.random(seed: seed, count: 4, durationSeconds: end, configuration: configuration),
          exit: [0, 1, 2, 4, 6, 69, 74], leavesATrace: false)
      }, replays: true)
  }
}
