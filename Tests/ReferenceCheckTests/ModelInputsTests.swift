import EtalonMetrology
import EtalonUncertainty
import XCTest

@testable import reference_check

/// The notations of quantities and correlations. The expected values follow by hand from the law of propagation
/// (GUM 5.1.2 and 5.2.2) and the standard deviations of the distributions (GUM 4.3.7, 4.3.9).
final class ModelInputsTests: XCTestCase {
  private func inputs(_ members: String) throws -> ModelInputs {
    let text = #"{"id": "c", "category": "uncertainty-propagation", "inputs": {\#(members)}, "expected": {"u": null}}"#
    return try ModelInputs(ReferenceCase(JSONReader.read(Array(text.utf8))))
  }

  private func uncertainty(_ members: String) throws -> Double {
    try inputs(members).model().budget(coverage: 0.95).standardUncertainty
  }

  private func assertRefused(_ members: String, line: UInt = #line) {
    XCTAssertThrowsError(try inputs(members), members, line: line) { error in
      XCTAssertTrue(error is EvaluationFault, "\(error)", line: line)
    }
  }

  func testStandardUncertaintyUnderItsSeveralNames() throws {
    // Each states u = 0.5 for x = 20.
    for stated in [
      #""u": 0.5"#, #""std": 0.5"#, #""standard_uncertainty": 0.5"#, #""u_percent": 2.5"#, #""u_rel": 0.025"#,
      #""U": 1, "k": 2"#, #""u_ppm": 25000"#, #""u": 0.5, "unit": "V", "dof": null"#,
    ] {
      XCTAssertEqual(try uncertainty(#""model": "y = A", "A": {"x": 20, \#(stated)}"#), 0.5, accuracy: 1e-15, stated)
    }
    XCTAssertEqual(try uncertainty(#""model": "y = A", "A": 20, "u_A": 0.5"#), 0.5, accuracy: 1e-15)
  }

  func testHalfWidthTakesTheShapeThatIsNamed() throws {
    let shapes = [("rectangular", 3.0), ("triangular", 6.0), ("arcsine", 2.0)]
    for (shape, divisor) in shapes {
      let u = try uncertainty(#""model": "y = A", "A": {"x": 1, "half_width": 0.3, "dist": "\#(shape)"}"#)
      XCTAssertEqual(u, 0.3 / divisor.squareRoot(), accuracy: 1e-15, shape)
    }
  }

  func testMembersThatAreNotKnownAreRefused() {
    for member in [
      #""uncertainty_of_something": 0.5"#, #""u": 0.5, "bias": 0.1"#, #""u": 0.5, "u_dof": 3"#, #""u": "small""#,
      #""u": 0.5, "dof": "many""#, #""u": -0.5"#, #""u": 0.5, "dist": "cauchy""#, #""half_width": 1, "dist": "normal""#,
    ] {
      assertRefused(#""model": "y = A", "A": {"x": 20, \#(member)}"#)
    }
  }

  func testCorrelationsInEveryForm() throws {
    // u² = 3² + 4² + 2 × 0.5 × 3 × 4 = 37.
    let quantities = #""model": "y = A + B", "A": {"x": 1, "u": 3}, "B": {"x": 2, "u": 4}"#
    for stated in [
      #""correlations": [["A", "B", 0.5]]"#, #""correlations": ["A", "B", 0.5]"#, #""correlation": 0.5"#,
      #""correlations": {"A_B": 0.5}"#, #""correlations": {"A,B": 0.5}"#, #""correlations": {"A": {"B": 0.5}}"#,
      #""correlations": [{"pair": ["A", "B"], "r": 0.5}]"#, #""correlations": [{"a": "A", "b": "B", "r": 0.5}]"#,
      #""correlation_matrix": [[1, 0.5], [0.5, 1]]"#, #""r_AB": 0.5"#, #""cov_A_B": 6"#,
    ] {
      XCTAssertEqual(try uncertainty(quantities + ", " + stated), 37.0.squareRoot(), accuracy: 1e-14, stated)
    }
    XCTAssertEqual(try uncertainty(quantities + #", "correlations": "none""#), 5, accuracy: 1e-14)
    for wrong in [
      #""correlations": [["A", "C", 0.5]]"#, #""correlations": [["A", 0.5]]"#, #""correlations": "strong""#,
      #""correlation_matrix": [[1, 0.5], [0.4, 1]]"#, #""correlations": {"A_B": 0.5, "B_A": 0.4}"#,
    ] {
      assertRefused(quantities + ", " + wrong)
    }
    assertRefused(
      #""model": "y = A + B + C", "A": {"x": 1, "u": 1}, "B": {"x": 1, "u": 1}, "C": {"x": 1, "u": 1}"#
        + #", "correlation": 0.5"#)
  }

  // NIST TN 1900, E13: t distributions are rescaled so that their standard deviation is the u that is stated.
  func testNamedStudentTHasTheStatedStandardDeviation() throws {
    let inputs = try inputs(#""model": "y = A", "A": {"x": 1, "u": 0.2, "dof": 5, "dist": "t"}"#)
    let drawn = try XCTUnwrap(inputs.model(forSampling: true).inputs.first)
    XCTAssertEqual(drawn.distribution, .studentT(scale: 0.2 * (3.0 / 5).squareRoot(), degreesOfFreedom: 5))
    XCTAssertEqual(drawn.distribution.standardDeviation, 0.2, accuracy: 1e-15)
    // The budget takes u and its degrees of freedom as they are.
    let budget = try inputs.model().budget(coverage: 0.95)
    XCTAssertEqual(budget.standardUncertainty, 0.2, accuracy: 1e-15)
    XCTAssertEqual(budget.degreesOfFreedom, 5, accuracy: 1e-12)
  }

  func testGroupNamesADistributionOrNothing() throws {
    // u is stated: the shape does not change it. A group whose name begins with t is no t distribution.
    for group in ["normal", "rectangular", "temperatures", "quantities"] {
      let inputs = try inputs(#""model": "y = A", "\#(group)": {"A": {"x": 1, "u": 0.2, "dof": 5}}"#)
      XCTAssertEqual(try inputs.model().budget(coverage: 0.95).standardUncertainty, 0.2, accuracy: 1e-15, group)
      let expected: ProbabilityDistribution =
        group == "rectangular" ? .rectangular(halfWidth: 0.2 * 3.0.squareRoot()) : .normal(0.2)
      XCTAssertEqual(try inputs.model(forSampling: true).inputs.first?.distribution, expected, group)
    }
  }
}
