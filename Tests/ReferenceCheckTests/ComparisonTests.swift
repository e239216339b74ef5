import XCTest

@testable import reference_check

/// The comparison itself: that it finds what does not agree.
final class ComparisonTests: XCTestCase {
  private func makeCase(
    expected: String, tolerance: String? = nil, computed: String? = nil
  ) throws -> ReferenceCase {
    var text = #"{"id": "c", "category": "none", "inputs": {}, "expected": \#(expected)"#
    if let tolerance { text += #", "tolerance": \#(tolerance)"# }
    if let computed { text += #", "computed": \#(computed)"# }
    return try ReferenceCase(JSONReader.read(Array((text + "}").utf8)))
  }

  private func passes(_ referenceCase: ReferenceCase, _ results: String) throws -> Bool {
    var comparison = Comparison(referenceCase)
    comparison.compareExpected(with: try JSONReader.read(Array(results.utf8)))
    return comparison.agreements.allSatisfy(\.passes)
  }

  func testNamedToleranceIsAbsoluteAndCoversWhatItEncloses() throws {
    let published = try makeCase(expected: #"{"u": {"a": 1.0, "b": 2.0}}"#, tolerance: #"{"u": 0.01}"#)
    XCTAssertTrue(try passes(published, #"{"u": {"a": 1.009, "b": 1.991}}"#))
    XCTAssertFalse(try passes(published, #"{"u": {"a": 1.011, "b": 2.0}}"#))
  }

  func testRelativeTolerances() throws {
    let all = try makeCase(expected: #"{"x": 200}"#, tolerance: #"{"rel": 0.01}"#)
    XCTAssertTrue(try passes(all, #"{"x": 201.9}"#))
    XCTAssertFalse(try passes(all, #"{"x": 202.1}"#))
    let named = try makeCase(expected: #"{"x": 200}"#, tolerance: #"{"x_rel": 0.01}"#)
    XCTAssertFalse(try passes(named, #"{"x": 202.1}"#))
  }

  func testToleranceInWordsIsTakenFromTheCase() throws {
    let alternatives = try makeCase(
      expected: #"{"u_a": 0.5, "other": {"u_a": 0.5}}"#,
      tolerance: #"{"u_a": "one of 0.5 (first source) or 0.7 (second source), each +-0.001"}"#)
    XCTAssertTrue(try passes(alternatives, #"{"u_a": 0.7005, "other": {"u_a": 0.4995}}"#))
    XCTAssertFalse(try passes(alternatives, #"{"u_a": 0.6, "other": {"u_a": 0.5}}"#))
    let range = try makeCase(
      expected: #"{"U99_published": 12}"#, tolerance: #"{"U99": "12 rounded; accept 11.5..13"}"#)
    XCTAssertTrue(try passes(range, #"{"U99_published": 12.99}"#))
    XCTAssertFalse(try passes(range, #"{"U99_published": 13.01}"#))
    // Words without a number widen nothing: half of the last digit holds.
    let loose = try makeCase(expected: #"{"u": 0.50}"#, tolerance: #"{"u": "close enough"}"#)
    XCTAssertFalse(try passes(loose, #"{"u": 0.51}"#))
  }

  func testAnotherFitWithWeightsIsHeldToItsOwnValues() throws {
    // Other data than Pearson's: three points on y = 1 + 2 x; the uncertainties of Pearson's line are no measure for it.
    let line = try ReferenceCase(
      JSONReader.read(
        Array(
          #"""
          {"id": "c", "category": "calibration-line-eiv",
           "inputs": {"x": [0, 1, 2], "y": [1, 3, 5], "w_x": [4, 4, 4], "w_y": [1, 1, 1]},
           "expected": {"a": 1, "b": 2, "u_a": 0.29193, "u_b": 0.057617}, "tolerance": {"abs": 1e-4}}
          """#.utf8)))
    XCTAssertEqual(CaseReport(evaluating: line).status, .fail)
    // u² of each y − b x is 1 + 4/4 = 2, so u(b) = √(2/2) and u(a) = √(2 (1/3 + 1/2)) by the normal matrix.
    let right = try ReferenceCase(
      JSONReader.read(
        Array(
          #"""
          {"id": "c", "category": "calibration-line-eiv",
           "inputs": {"x": [0, 1, 2], "y": [1, 3, 5], "w_x": [4, 4, 4], "w_y": [1, 1, 1]},
           "expected": {"a": 1, "b": 2, "u_a": 1.2909944, "u_b": 1}, "tolerance": {"abs": 1e-7}}
          """#.utf8)))
    let report = CaseReport(evaluating: right)
    XCTAssertEqual(report.status, .pass, report.line)
  }

  func testDigitsAndCertifiedZero() throws {
    let published = try makeCase(
      expected: #"{"params": ["1.000", "0.000"]}"#,
      tolerance: #"{"type": "min_log_relative_error_digits", "params": 8}"#)
    XCTAssertTrue(try passes(published, #"{"params": [1.000000005, 9e-10]}"#))
    XCTAssertFalse(try passes(published, #"{"params": [1.00000002, 0]}"#))
    XCTAssertFalse(try passes(published, #"{"params": [1, 2e-9]}"#))
  }

  func testWithoutToleranceHalfTheLastPublishedDigitAndEqualDegreesOfFreedom() throws {
    let published = try makeCase(expected: #"{"chi2_95": 9.488, "dof": 4}"#, tolerance: "{}")
    XCTAssertTrue(try passes(published, #"{"chi2_95": 9.4877, "dof": 4}"#))
    XCTAssertFalse(try passes(published, #"{"chi2_95": 9.4874, "dof": 4}"#))
    XCTAssertFalse(try passes(published, #"{"chi2_95": 9.488, "dof": 4.4}"#))
    XCTAssertEqual(Comparison.halfUnit(of: "1.5e-3"), 5e-5, accuracy: 1e-18)
    XCTAssertEqual(Comparison.halfUnit(of: "12"), 0.5)
  }

  func testMissingResultsAndWrongShapesFail() throws {
    let published = try makeCase(expected: #"{"a": 1, "list": [1, 2]}"#, tolerance: #"{"abs": 1}"#)
    XCTAssertFalse(try passes(published, #"{"a": 1}"#))
    XCTAssertFalse(try passes(published, #"{"a": 1, "list": [1]}"#))
    XCTAssertFalse(try passes(published, #"{"a": "nought", "list": [1, 2]}"#))
    XCTAssertTrue(try passes(published, #"{"a": 1, "list": [1, 2], "more": 3}"#))
  }

  func testBlindCaseNeedsEveryResult() throws {
    let blind = try makeCase(expected: #"{"a": null, "b": [null]}"#)
    XCTAssertTrue(blind.isBlind)
    XCTAssertTrue(try passes(blind, #"{"a": 1, "b": [2]}"#))
    XCTAssertFalse(try passes(blind, #"{"a": 1, "b": [null]}"#))
    XCTAssertFalse(try passes(blind, #"{"b": [2]}"#))
  }

  func testNullOfAPublishedCaseStandsForInfinity() throws {
    let published = try makeCase(expected: #"{"dof": null}"#, tolerance: "{}")
    XCTAssertFalse(published.isBlind)
    XCTAssertTrue(try passes(published, #"{"dof": null}"#))
    XCTAssertTrue(try passes(published, #"{"dof": "Infinity"}"#))
    XCTAssertFalse(try passes(published, #"{"dof": 12}"#))
  }

  func testComputedValuesAreComparedWhereReturned() throws {
    let published = try makeCase(
      expected: "{}", tolerance: #"{"computed_rel": 1e-6}"#, computed: #"{"u": 0.5, "v": 1}"#)
    var comparison = Comparison(published)
    comparison.compareComputed(with: .dictionary(["u": .number(0.500001)]))
    XCTAssertEqual(comparison.agreements.map(\.passes), [false])
  }

  func testCaseOfUnknownCategoryFails() throws {
    let report = CaseReport(evaluating: try makeCase(expected: #"{"a": null}"#))
    XCTAssertEqual(report.status, .fail)
    XCTAssertTrue(report.line.contains("no adapter"), report.line)
  }

  func testReaderKeepsLiteralsAndNamesWhatItRefuses() throws {
    let value = try JSONReader.read(Array(#"{"a": 1.50, "b": "ü\n\u00e9\ud83d\ude00", "c": [true, null]}"#.utf8))
    XCTAssertEqual(value["a"], .literal("1.50"))
    XCTAssertEqual(value["b"], .string("ü\né😀"))
    XCTAssertEqual(value["c"], .array([.bool(true), .null]))
    XCTAssertEqual(try JSONReader.read(Array(value.json.utf8)), value)
    for text in ["", "{", "[1,]", #"{"a" 1}"#, #"{"a": 1, "a": 2}"#, "1 2", "nul", "--1", #""\x""#, "NaN", "1e999"] {
      XCTAssertThrowsError(try JSONReader.read(Array(text.utf8)), text) { error in
        XCTAssertTrue(error is JSONValue.Fault, text)
      }
    }
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    XCTAssertThrowsError(try JSONReader.read(Array(deep.utf8)))
  }
}
