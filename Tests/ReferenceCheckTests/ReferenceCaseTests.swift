import Foundation
import XCTest

@testable import reference_check

/// Every published case through the public API, against the values of the standard, paper or data set that the case's
/// `source` cites, within the tolerance that the case states.
final class ReferenceCaseTests: XCTestCase {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/metrology")

  /// Evaluates the cases of one folder whose category is among those given.
  private func check(
    _ folder: String, _ categories: Set<String>, count: Int, expecting status: CaseReport.Status = .pass
  ) throws {
    var evaluated = 0
    for file in try CaseReport.caseFiles(in: Self.folder.appendingPathComponent(folder).path) {
      let referenceCase = try ReferenceCase(JSONReader.read([UInt8](Data(contentsOf: file))))
      guard categories.contains(referenceCase.category) else { continue }
      let report = CaseReport(evaluating: referenceCase)
      XCTAssertEqual(report.status, status, report.line)
      evaluated += 1
    }
    XCTAssertEqual(evaluated, count, "cases of \(categories.sorted()) in \(folder)")
  }

  // NIST StRD, univariate summary statistics: Lew, Lottery, NumAcc1, NumAcc3.
  func testUnivariate() throws { try check("cases", ["univariate"], count: 4) }

  // NIST StRD, univariate summary statistics: Mavro, Michelso, NumAcc2, NumAcc4, to 14 digits.
  func testFurtherUnivariate() throws { try check("nist", ["univariate"], count: 4) }

  // NIST StRD, analysis of variance: SiRstv, SmLs02, SmLs03, SmLs05, SmLs08, SmLs09; F to 13 digits.
  func testFurtherOneWayAnova() throws { try check("nist", ["anova-one-way"], count: 6) }

  // NIST StRD, analysis of variance: AtmWtAg, SmLs01, SmLs04, SmLs06, SmLs07.
  func testOneWayAnova() throws { try check("cases", ["anova-one-way"], count: 5) }

  // NIST StRD, linear regression: Longley, NoInt1, Norris, Wampler1, Wampler4.
  func testLinearRegression() throws { try check("cases", ["linear-regression"], count: 5) }

  // NIST StRD, linear regression: Filip, NoInt2, Pontius, Wampler2, Wampler3, Wampler5.
  func testFurtherLinearRegression() throws { try check("nist", ["linear-regression"], count: 6) }

  // NIST StRD, nonlinear regression, from both published starts.
  func testNonlinearRegression() throws { try check("cases", ["nonlinear-regression"], count: 10) }

  // NIST StRD, nonlinear regression: the other seventeen of the twenty-seven, from both published starts.
  func testFurtherNonlinearRegression() throws { try check("nist", ["nonlinear-regression"], count: 17) }

  // GUM H.3; ISO/TS 28037:2010 clause 6 and annex E.
  func testCalibrationLine() throws { try check("cases", ["calibration-line"], count: 3) }

  // ISO/TS 28037:2010 clause 7; Pearson's data with York's weights.
  func testCalibrationLineWithUncertainAbscissae() throws { try check("cases", ["calibration-line-eiv"], count: 2) }

  // EURACHEM/CITAC QUAM A1; GUM H.1 and H.2; JCGM GUM-5 example 1; NIST TN 1900 E13; Sandia XRF.
  func testUncertaintyPropagation() throws { try check("cases", ["uncertainty-propagation"], count: 6) }

  // JCGM 101:2008 9.2.2, 9.2.3 and 9.3; NPL's logarithm of a rectangular quantity.
  func testMonteCarlo() throws { try check("cases", ["monte-carlo"], count: 4) }

  // IEC 60751; ITS-90 (Metrologia 27 (1990) 3); NIST Monograph 175, types K, S and T.
  func testTemperature() throws { try check("cases", ["temperature"], count: 5) }

  // Guard bands (ANSI/NCSL Z540.3 methods); NCSLI RP-19 risk table.
  func testConformity() throws { try check("cases", ["conformity"], count: 2) }

  // BIPM.RI(II)-K1 Ag-110m and Ge-68; CCQM-K25 PCB 105.
  func testKeyComparison() throws { try check("cases", ["key-comparison"], count: 3) }

  // NBS Monograph 140, ten-point set.
  func testTimeAndFrequency() throws { try check("cases", ["time-frequency"], count: 1) }

  // NCSLI RP-1 method A3; Montgomery's tabular CUSUM; the Nile (Durbin and Koopman); CAREX 1 and DAREX 1.
  func testIntervalsMonitoringAndControl() throws {
    try check("cases", ["calibration-interval", "monitoring", "drift-kalman", "optimal-control"], count: 4)
  }

  func testNoPublishedCaseIsLeftOut() throws {
    XCTAssertEqual(try CaseReport.caseFiles(in: Self.folder.appendingPathComponent("cases").path).count, 54)
    XCTAssertEqual(try CaseReport.caseFiles(in: Self.folder.appendingPathComponent("blind").path).count, 34)
  }

  func testBlindCasesOfFitsAreEvaluated() throws {
    try check(
      "blind", ["univariate", "anova-one-way", "anova-nested", "calibration-line", "calibration-line-eiv"], count: 9,
      expecting: .blind)
  }

  /// The blind Monte Carlo cases are left to `scripts/reference-check`: millions of draws take long in a debug build.
  func testFurtherBlindCasesAreEvaluated() throws {
    try check(
      "blind",
      [
        "uncertainty-propagation", "temperature", "conformity", "time-frequency", "calibration-interval",
        "monitoring", "drift-kalman", "optimal-control",
      ], count: 20, expecting: .blind)
  }
}
