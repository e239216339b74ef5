import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import XCTest

/// Devices that are unplugged in a run and come back: the samples between are gone, what was measured is not.
final class InterruptionTests: XCTestCase {
  private func run(_ plan: FaultPlan) throws -> Observed {
    var run = try Scenario.short(seed: 1)
    run.faults = plan
    return try Observed(run)
  }

  private func kinds(_ bytes: [UInt8]) throws -> [UInt8] {
    var reader = try LedgerReader(bytes: bytes)
    var kinds: [UInt8] = []
    while let record = try reader.next() { kinds.append(record.kind) }
    return kinds
  }

  func testADeviceThatComesBackCostsOnlyTheGap() throws {
    let at = try Timeline.short().firstWindow + 0.3
    let undisturbed = try run(FaultPlan([]))
    for device in ["ref", "dut", "bath"] {
      let observed = try run(FaultPlanBuilder.wire(device, .unplug, at: at, for: 0.2))
      XCTAssertEqual(observed.exit, undisturbed.exit, "\(device): \(observed.outcome)")
      XCTAssertEqual(observed.results.points.count, undisturbed.results.points.count, device)
      XCTAssertEqual(observed.results.safeStateConfirmed, true, device)
      let told = observed.results.remarks.filter { $0.contains(device) }
      XCTAssertTrue(told.contains { $0.contains("was interrupted: the device went away") }, "\(told)")
      XCTAssertTrue(told.contains { $0.contains("is back after 0.2 s") }, "\(told)")
      let kinds = try kinds(observed.ledger)
      XCTAssertEqual(kinds.filter { $0 == RecordKind.interrupted.rawValue }.count, 1, "the gap is on record")
      XCTAssertEqual(kinds.filter { $0 == RecordKind.resumed.rawValue }.count, 1)
      if device != "bath" { XCTAssertGreaterThan(observed.results.gaps, undisturbed.results.gaps, device) }
      let replay = try Replay(bytes: observed.ledger)
      XCTAssertTrue(replay.isIdentical, "\(device): \(String(describing: replay.firstDifference))")
    }
  }

  func testADeviceThatStaysAwayEndsTheRun() throws {
    let at = try Timeline.short().firstWindow + 0.3
    let observed = try run(FaultPlanBuilder.wire("dut", .unplug, at: at))
    XCTAssertEqual(observed.exit, 69, "\(observed.outcome)")
    XCTAssertTrue(observed.results.failure?.reason.contains("went away") ?? false, "\(observed.outcome)")
    XCTAssertEqual(observed.results.safeStateConfirmed, true)
  }

  /// Away at any moment, also while devices are identified, adjusted or switched off: the run ends, and the safe state is
  /// told rightly.
  func testAnUnplugAtAnyMomentEndsTheRunOneWayOrTheOther() throws {
    let timeline = try Timeline.short()
    for (step, device) in ["ref", "dut", "bath", "dut", "ref", "bath"].enumerated() {
      let at = [
        0.001, timeline.firstWindow * 0.5, timeline.adjusting - 0.01, timeline.adjusting + 0.01, timeline.end - 0.05,
        timeline.end - 0.02,
      ][step]
      let observed = try run(FaultPlanBuilder.wire(device, .unplug, at: at, for: 0.3))
      XCTAssertFalse(observed.ranAway, "\(device) at \(at)")
      XCTAssertTrue([0, 1, 2, 69, 74].contains(observed.exit), "\(device) at \(at): \(observed.outcome)")
      XCTAssertEqual(observed.results.safeStateConfirmed, true, "\(device) at \(at)")
      XCTAssertTrue(try Replay(bytes: observed.ledger).isIdentical, "\(device) at \(at)")
    }
  }
}
