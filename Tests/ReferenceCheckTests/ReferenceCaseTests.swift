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

  func testBlindCasesOfFitsAreEvaluated() throws {
    try check(
      "blind", ["univariate", "anova-one-way", "anova-nested", "calibration-line", "calibration-line-eiv"], count: 9,
      expecting: .blind)
  }
}
