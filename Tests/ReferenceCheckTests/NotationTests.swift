import EtalonMetrology
import XCTest

@testable import reference_check

/// Histories of calibrations and priors of conformity cases in their several notations.
final class NotationTests: XCTestCase {
  private func report(_ category: String, inputs: String, expected: String, tolerance: String) throws -> CaseReport {
    let text = #"{"id": "c", "category": "\#(category)", "inputs": \#(inputs), "expected": \#(expected), "#
    return CaseReport(
      evaluating: try ReferenceCase(JSONReader.read(Array((text + #""tolerance": \#(tolerance)}"#).utf8))))
  }

  // NCSLI RP-1, method A3: 15 of 20 in tolerance at 365 days, target 0.95: 231 days, rejected with 0.9949.
  func testIntervalFromCountsAlone() throws {
    let expected = #"{"assets": [{"interval_days": 231, "rejection_confidence": 0.9949}]}"#
    let tolerance = #"{"interval_days": 0.5, "rejection": 1e-4}"#
    func check(_ history: String) throws -> CaseReport {
      try report(
        "calibration-interval", inputs: #"{"assets": [{\#(history), "I0_days": 365, "target": 0.95}]}"#,
        expected: expected, tolerance: tolerance)
    }
    let counts = try check(#""n": 20, "in_tol": 15"#)
    XCTAssertEqual(counts.status, .pass, counts.line)
    XCTAssertEqual(try check(#""n": 20, "in_tol": 14"#).status, .fail)
    XCTAssertEqual(try check(#""n": 20"#).status, .fail)
    XCTAssertEqual(try check(#""passfail": [1, 1, 0], "n": 20, "in_tol": 15"#).status, .fail)
    // Rejected with less than the confidence that is asked for, the interval stays.
    XCTAssertEqual(try check(#""n": 20, "in_tol": 15, "conf": 0.5"#).status, .pass)
    XCTAssertEqual(try check(#""n": 20, "in_tol": 15, "conf": 0.999"#).status, .fail)
  }

  // A conforming half: the prior's median is the limit. With y at the limit too, a prior that is symmetric about it leaves
  // one half (JCGM 106:2012, equation 5).
  func testEveryKindOfPriorIsRead() throws {
    for prior in [
      #""normal(10, 0.5)""#, #""N(mu=10, sigma=0.5)""#, #""uniform(9, 11)""#, #""rectangular(low 9, high 11 mm)""#,
      #"{"dist": "normal", "mean": 10, "sd": 0.5}"#, #"{"dist": "uniform", "low": 9, "high": 11}"#,
    ] {
      let half = try report(
        "conformity", inputs: #"{"prior": \#(prior), "measured": 10, "u_m": 0.1, "TU": 10}"#,
        expected: #"{"producer_risk": 0.5}"#, tolerance: #"{"abs": 1e-9}"#)
      XCTAssertEqual(half.status, .pass, prior + half.line)
    }
    func distribution(_ text: String) throws -> PriorNotation { try PriorNotation(.string(text), named: "prior") }
    guard case .gamma(let gamma) = try distribution("Gamma(shape 4, scale 1/4 um)") else {
      return XCTFail("no gamma distribution")
    }
    XCTAssertEqual(gamma, try GammaDistribution(shape: 4, scale: 0.25))
    guard case .logNormal(let lognormal) = try distribution("lognormal(sigma=0.434, mu=-2.325)") else {
      return XCTFail("no lognormal distribution")
    }
    XCTAssertEqual(lognormal, try LogNormalDistribution(logMean: -2.325, logStandardDeviation: 0.434))
  }

  func testPriorsThatAreNotKnownAreRefused() throws {
    for text in [
      "cauchy(0, 1)", "normal(1)", "normal(mu=1, scale=2)", "gamma(shape 4, rate 4)", "normal", "normal(a, b)",
    ] {
      XCTAssertThrowsError(try PriorNotation(.string(text), named: "prior"), text) { error in
        XCTAssertTrue(error is EvaluationFault, "\(error)")
      }
    }
  }
}
