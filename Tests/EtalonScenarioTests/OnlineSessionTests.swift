import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation
import XCTest

/// On-line calibration while a bath is held and moved: what a session says, what it does when accuracy is lost, and that
/// its record replays.
final class OnlineSessionTests: XCTestCase {
  private static let session = Scenario.board + "/sessions/online.yaml"

  /// The session of the bench with phases of four minutes.
  private static func quick(seed: UInt64, phase: String = "4 min") throws -> SimulatedRun {
    try SimulatedRun(session: session, seed: seed, overrides: ["phase=\(phase)"])
  }

  nonisolated(unsafe) private static let run = Result { try Observed(quick(seed: 5)) }

  func testARunGoesThroughItsPhasesAndReplays() throws {
    let run = try Self.run.get()
    let results = run.results
    XCTAssertNil(results.failure, "\(run.outcome)")
    XCTAssertEqual(results.safeStateConfirmed, true)
    let monitor = try XCTUnwrap(results.monitors.first)
    XCTAssertEqual(monitor.began.count, 4)
    for phase in 0..<4 {
      let count = monitor.rows.filter { $0.phase == phase }.count
      XCTAssertTrue((23...25).contains(count), "phase \(phase): \(count) rows, \(run.outcome)")
    }
    // Every row knows its truth, and none without a reference in holdover has one.
    XCTAssertTrue(monitor.rows.allSatisfy { $0.truth != nil }, "\(run.outcome)")
    XCTAssertTrue(monitor.rows.allSatisfy { $0.phase != 3 || $0.reference == nil }, "\(run.outcome)")
    // No row is further off than five standard uncertainties: chance makes that 1 in a million.
    for row in monitor.rows {
      XCTAssertLessThan(abs(row.error ?? .infinity), 5 * row.uncertainty.standard, "\(row.instant), \(run.outcome)")
    }
    // The uncertainty falls while it learns, never below what the reference leaves, and grows without the reference.
    let first = try XCTUnwrap(monitor.rows.first).uncertainty.standard
    let calibrated = try XCTUnwrap(monitor.rows.last { $0.phase == 1 }).uncertainty.standard
    let held = monitor.rows.filter { $0.phase == 3 }.map(\.uncertainty.standard)
    XCTAssertGreaterThan(first, 0.1)
    XCTAssertLessThan(calibrated, 0.03)
    XCTAssertGreaterThan(calibrated, 0.015)
    XCTAssertGreaterThan(try XCTUnwrap(held.last), try XCTUnwrap(held.first))
    // The reference is away, not silent: nobody counts its ticks as gaps.
    XCTAssertTrue((0..<10).contains(results.gaps), "\(results.gaps) gaps, \(run.outcome)")

    let replay = try Replay(bytes: run.ledger)
    XCTAssertTrue(replay.isIdentical, "\(String(describing: replay.firstDifference)), \(run.outcome)")
    let again = try XCTUnwrap(replay.results.monitors.first)
    XCTAssertEqual(again.rows.count, monitor.rows.count)
    for (a, b) in zip(again.rows, monitor.rows) {
      XCTAssertEqual(a.corrected.bitPattern, b.corrected.bitPattern)
      XCTAssertEqual(a.expandedUncertainty.bitPattern, b.expandedUncertainty.bitPattern)
      XCTAssertEqual(a.truth?.bitPattern, b.truth?.bitPattern)
    }
  }

  /// A simulation that is told has its distributions in the header, so that its record replays without the file.
  func testARunWithOtherPriorsReplays() throws {
    var run = try Self.quick(seed: 6, phase: "1 min")
    run.simulation = try SimFile.load(
      SourceFile(
        name: "other.yaml",
        bytes: Array("etalon: 1\npriors: {offset: {normal: 0.5 K}, reference_drift: {rectangular: 0.1 K}}\n".utf8)))
    run.isTold = true
    let other = try Observed(run)
    let row = try XCTUnwrap(other.results.monitors.first?.rows.first)
    XCTAssertGreaterThan(row.uncertainty.standard, 0.4, "\(other.outcome)")
    XCTAssertTrue(try Replay(bytes: other.ledger).isIdentical, "\(other.outcome)")
    // What the file does not name stays as the session declares it.
    let prior = try XCTUnwrap(other.outcome.header.bench.declarations?.device)
    XCTAssertEqual(prior.gain, .normal(mean: 0, standardDeviation: 0.001))
    XCTAssertEqual(prior.wanderKelvinPerRootHour, 0.04)
  }

  /// The reference jumps far beyond its certificate after the device was calibrated.
  private func jump(_ onLoss: SessionPlan.MonitorStep.OnLoss) throws -> Observed {
    var run = try Self.quick(seed: 8, phase: "5 min")
    guard case .monitor(var step) = run.plan.steps[1] else { throw XCTSkip("the session has no monitor") }
    step.onLoss = onLoss
    step.alarmLine = "siren"
    step.phases.removeLast(2)
    step.phases[1].seconds = 420
    run.plan.steps[1] = .monitor(step)
    run.faults.entries.append(
      FaultEntry(atSeconds: 420, layer: .device, target: "dut", kind: .offsetStep, forSeconds: nil, value: 0.5))
    return try Observed(run)
  }

  func testALossOfAccuracyRaisesTheAlarmAndIsNonconforming() throws {
    let run = try jump(.alarm)
    let monitor = try XCTUnwrap(run.results.monitors.first)
    XCTAssertEqual(monitor.alarms.count, 1, "\(run.outcome)")
    XCTAssertEqual(monitor.alarms.first?.state, .lost)
    XCTAssertEqual(run.results.verdict, .nonconforming, "\(run.outcome)")
    XCTAssertEqual(run.exit, 1)
    // It goes on to its end.
    XCTAssertEqual(monitor.began.count, 2)
    // The line on which the session signals is driven once, and stays active.
    var reader = try LedgerReader(bytes: run.ledger)
    var levels: [[UInt8]] = []
    while let record = try reader.next() {
      if record.kind == RecordKind.lineSet.rawValue { levels.append(Array(record.payload)) }
    }
    XCTAssertEqual(levels, [[0, 0, 1]], "\(run.outcome)")
    XCTAssertTrue(run.results.remarks.contains { $0.contains("lost its accuracy") }, "\(run.outcome)")
  }

  func testALossOfAccuracyStopsWhereTheSessionSaysSo() throws {
    let stopped = try jump(.stop)
    let went = try jump(.alarm)
    XCTAssertEqual(stopped.exit, 1, "\(stopped.outcome)")
    XCTAssertEqual(stopped.results.safeStateConfirmed, true)
    let long = try XCTUnwrap(went.results.monitors.first).rows.count
    XCTAssertLessThan(try XCTUnwrap(stopped.results.monitors.first).rows.count, long - 10, "\(stopped.outcome)")
  }

  /// After the replacement the bath is held by the reference again, not half a kelvin beside.
  func testAReplacedDeviceNoLongerSteers() throws {
    let alarmed = try jump(.alarm)
    let replaced = try jump(.replace)
    func last(_ run: Observed) throws -> Double {
      let row = try XCTUnwrap(run.results.monitors.first?.rows.last)
      return try XCTUnwrap(row.reference) - 27
    }
    XCTAssertEqual(try last(replaced), 0, accuracy: 0.1, "\(replaced.outcome)")
    XCTAssertLessThan(try last(alarmed), -0.2, "\(alarmed.outcome)")
  }

  // MARK: Control

  private func control(
    _ kind: SessionPlan.ControlLoop.Kind, within limit: Double, faults: [FaultEntry] = []
  ) throws -> Observed {
    var run = try Self.quick(seed: 9)
    guard case .monitor(let step) = run.plan.steps[1], var loop = step.loop else { throw XCTSkip("no loop") }
    loop.kind = kind
    run.plan.steps[1] = .control(
      SessionPlan.ControlStep(
        loop: loop, setpointCelsius: 26, holdSeconds: 180, timeoutSeconds: 1200, maximumErrorKelvin: limit,
        maximumDeadlineMisses: 0))
    run.faults.entries += faults
    return try Observed(run)
  }

  func testTheHoldIsJudgedByWhatIsRequired() throws {
    let good = try control(.pid, within: 0.06)
    let result = try XCTUnwrap(good.results.controls.first)
    XCTAssertEqual(result.verdict, .conforming, "\(result), \(good.outcome)")
    XCTAssertEqual(good.exit, 0, "\(good.outcome)")
    XCTAssertEqual(result.deadlineMisses, 0)
    XCTAssertGreaterThan(result.energyJoules, 0)
    XCTAssertEqual(result.heldSeconds, 180, accuracy: 2)

    let strict = try control(.pid, within: 0.001)
    XCTAssertEqual(strict.exit, 1, "\(strict.results.controls), \(strict.outcome)")
  }

  /// The record of a hold gives every number again; a replay reads the session from the record, so this one is a file.
  func testAHoldReplays() throws {
    let run = try Observed(
      SimulatedRun(session: Scenario.board + "/sessions/hold.yaml", seed: 4, overrides: ["hold=2 min"]))
    let result = try XCTUnwrap(run.results.controls.first)
    XCTAssertEqual(result.verdict, .conforming, "\(result), \(run.outcome)")
    XCTAssertTrue(try Replay(bytes: run.ledger).isIdentical, "\(run.outcome)")
  }

  func testAMissedDeadlineIsCounted() throws {
    let silent = FaultEntry(
      atSeconds: 60, layer: .wire, target: "dut", kind: .silent, forSeconds: 5, value: nil)
    let run = try control(.lqg, within: 1, faults: [silent])
    let result = try XCTUnwrap(run.results.controls.first)
    // Five seconds of silence are two whole periods of the loop.
    XCTAssertGreaterThanOrEqual(result.deadlineMisses, 2, "\(result), \(run.outcome)")
    XCTAssertEqual(result.verdict, .nonconforming)
    XCTAssertEqual(run.exit, 1)
  }

  // MARK: Coverage

  private func coverage(seeds: ClosedRange<UInt64>, _ change: (inout SimulatedRun) throws -> Void) throws
    -> [String: CoverageCampaign.Phase]
  {
    var run = try Self.quick(seed: 1, phase: "15 min")
    try change(&run)
    let report = try CoverageCampaign(run: run, seeds: seeds).report()
    XCTAssertEqual(report.failures, [])
    return Dictionary(uniqueKeysWithValues: report.phases.map { ($0.phase, $0) })
  }

  /// Each of these declares less than is true, and the campaign must find it: growth in holdover, the systematic parts of
  /// the reference, the prior of the response.
  func testWhatIsDeclaredTooSmallIsFound() throws {
    try XCTSkipUnless(Scenario.isFull, "hundreds of hours of bath time")
    let good = try coverage(seeds: 1...150) { _ in }
    for (name, phase) in good { XCTAssertEqual(phase.rms, 1, accuracy: 0.2, name) }
    func conceal(_ text: String) throws -> [String: CoverageCampaign.Phase] {
      try coverage(seeds: 1...150) { run in
        run.simulation = try SimFile.load(SourceFile(name: "lie.yaml", bytes: Array("etalon: 1\n\(text)".utf8)))
        XCTAssertFalse(run.simulation.isHonest)
      }
    }
    let drifts = try conceal("honest: false\npriors: {wander_per_root_hour: 0.15 K}\n")
    XCTAssertGreaterThan(try XCTUnwrap(drifts["holdover"]).rms, 1.2)
    let reference = try conceal("honest: false\npriors: {reference_drift: {rectangular: 0.08 K}}\n")
    XCTAssertGreaterThan(try XCTUnwrap(reference["calibrated"]).rms, 1.5)
    let gain = try conceal("honest: false\npriors: {gain: {normal: 0.6 %}}\n")
    XCTAssertGreaterThan(try XCTUnwrap(gain["moved"]).rms, 1.2)
  }
}
