import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import XCTest

/// A device that does not store what it was told: the read-back finds it, and the set from before is not lost.
///
/// These faults are what the read-back is for: a driver that did not compare would end them with a verdict.
final class AdjustmentFaultTests: XCTestCase {
  private func run(_ kind: FaultKind, value: Double? = nil) throws -> Observed {
    var run = try Scenario.short(seed: 1)
    run.faults = FaultPlanBuilder.device("dut", kind, at: 0, value: value)
    let observed = try Observed(run)
    XCTAssertNil(observed.results.after, "\(observed.outcome)")
    XCTAssertNil(observed.results.asLeft, "\(observed.outcome)")
    XCTAssertEqual(observed.results.verdict, .failed)
    XCTAssertEqual(observed.results.safeStateConfirmed, true)
    XCTAssertFalse(observed.bench.isHeaterOn)
    XCTAssertTrue(LedgerVerification(bytes: observed.ledger).isSound)
    XCTAssertTrue(try Replay(bytes: observed.ledger).isIdentical)
    XCTAssertEqual(observed.results.points.count, 3, "the points as found stay")
    XCTAssertEqual(observed.bench.deviceMemory?.isLocked, true)
    return observed
  }

  func testWithoutFaultTheReadBackFindsNothing() throws {
    let observed = try Observed(try Scenario.short(seed: 1))
    XCTAssertEqual(observed.exit, 0, "\(observed.outcome)")
    XCTAssertFalse(observed.results.faults.contains { $0.kind == "read-back" })
    XCTAssertNotNil(observed.results.after)
  }

  func testACoefficientThatArrivesAlteredIsNotStored() throws {
    for index in 0..<4 {
      let observed = try run(.writeCorrupt, value: Double(index))
      XCTAssertEqual(observed.exit, 4, "coefficient \(index): \(observed.outcome)")
      XCTAssertEqual(observed.results.faults.filter { $0.kind == "read-back" }.map(\.count), [1], "\(index)")
      XCTAssertTrue(
        try XCTUnwrap(observed.results.failure).reason.contains("coefficient \(index)"), "\(observed.outcome)")
      let memory = try XCTUnwrap(observed.bench.deviceMemory)
      XCTAssertEqual(memory.stored, observed.results.before?.coefficients, "nothing was stored")
      XCTAssertEqual(memory.storeCount, observed.results.before?.count)
    }
  }

  func testACoefficientThatIsStoredAlteredIsFound() throws {
    for index in 0..<4 {
      let observed = try run(.storeCorrupt, value: Double(index))
      XCTAssertEqual(observed.exit, 4, "coefficient \(index): \(observed.outcome)")
      let memory = try XCTUnwrap(observed.bench.deviceMemory)
      XCTAssertEqual(memory.previous, observed.results.before?.coefficients, "the set from before is kept")
    }
  }

  func testADeviceThatRefusesToStore() throws {
    let observed = try run(.refuseStore)
    // −311 "Memory error" is the device's own fault, an input/output error for the run.
    XCTAssertEqual(observed.exit, 74, "\(observed.outcome)")
    XCTAssertTrue(try XCTUnwrap(observed.results.failure).reason.contains("-311"), "\(observed.outcome)")
    let memory = try XCTUnwrap(observed.bench.deviceMemory)
    XCTAssertEqual(memory.stored, observed.results.before?.coefficients)
    XCTAssertEqual(memory.storeCount, observed.results.before?.count)
  }

  func testADeviceThatFallsSilentWhileItIsWritten() throws {
    var run = try Scenario.short(seed: 1)
    run.faults = FaultPlanBuilder.wire("dut", .silent, at: try Timeline.short().adjusting)
    let observed = try Observed(run)
    XCTAssertEqual(observed.exit, 69, "\(observed.outcome)")
    XCTAssertFalse(observed.bench.isHeaterOn)
    XCTAssertEqual(observed.results.points.count, 3)
  }
}
