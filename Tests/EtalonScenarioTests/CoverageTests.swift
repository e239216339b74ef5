import EtalonTesting
import XCTest

/// The truth oracle: claimed intervals against what the simulator knows. Points of one run share the reference's error, so
/// the seeds are the independent samples.
final class CoverageTests: XCTestCase {
  /// Six seeds say whether anything is grossly wrong.
  func testSixSeeds() throws {
    let report = try CoverageCampaign(run: try Scenario.quick(), seeds: 1...6).report()
    XCTAssertEqual(report.failures, [])
    XCTAssertEqual(report.phases.map(\.phase), ["as_found", "as_left"])
    for phase in report.phases {
      // The mean of six squared standard normal values is between 0.064 and 3.74 with 99.8 % (chi square, 6 degrees of
      // freedom: 0.381 and 22.46).
      XCTAssertGreaterThan(phase.rms, 0.25, "seeds 1 to 6, \(phase)")
      XCTAssertLessThan(phase.rms, 1.93, "seeds 1 to 6, \(phase)")
      // At a chance of 95 % each, four of six or more cover with 99.8 %.
      XCTAssertGreaterThanOrEqual(phase.covered, 0.5, "seeds 1 to 6, \(phase)")
    }
  }

  /// The limits of the project for seeds 1 to 200, with the session as its file says.
  func testTwoHundredSeeds() throws {
    try XCTSkipUnless(Scenario.isFull, "200 sessions; set ETALON_FULL=1")
    let report = try CoverageCampaign(run: try Scenario.full(), seeds: 1...200).report()
    XCTAssertEqual(report.failures, [])
    let asLeft = try XCTUnwrap(report.phases.first { $0.phase == "as_left" })
    XCTAssertGreaterThanOrEqual(asLeft.covered, 0.91, "\(asLeft)")
    XCTAssertLessThanOrEqual(asLeft.covered, 0.995, "\(asLeft)")
    XCTAssertGreaterThanOrEqual(asLeft.rms, 0.85, "\(asLeft)")
    XCTAssertLessThanOrEqual(asLeft.rms, 1.15, "\(asLeft)")
  }
}
