import EtalonUncertainty
import XCTest

/// The code of the page `fit-a-calibration-curve.md`.
final class FitGuideExampleTests: XCTestCase {
  func testPageShowsTheCodeBelow() throws {
    try DocumentExample.assertPage("fit-a-calibration-curve.md", isCompiledIn: #filePath)
  }

  func testPublishedResults() throws {
    // Example begins.
    // A sensor's voltage y (V) against the reference temperature x (°C); both are uncertain.
    let line = try LineFit.generalisedDistance(
      x: [1.2, 1.9, 2.9, 4.0, 4.7, 5.9], y: [3.4, 4.4, 7.2, 8.5, 10.8, 13.5],
      xStandardUncertainties: [0.2, 0.2, 0.2, 0.2, 0.2, 0.2], yStandardUncertainties: [0.2, 0.2, 0.2, 0.4, 0.4, 0.4])
    let check = try line.consistency(probability: 0.95)

    // From a voltage back to the temperature; two of them share the line, and so are correlated.
    let temperature = try line.inverse(of: 10.5, standardUncertainty: 0.2)
    let both = try line.inverses(of: [5.0, 10.5], covariance: Matrix(diagonal: [0.04, 0.04]))
    let correlation = both.covariance[0, 1] / (both.standardUncertainties[0] * both.standardUncertainties[1])

    // A law with parameters, from rough starting values.
    let model = try RegressionModel(parsing: "y = b1*(1 - exp(-b2*x))", predictors: ["x"])
    let fit = try NonlinearFit.fit(
      model, data: ["x": [1, 2, 3, 5, 7, 10], "y": [109, 149, 149, 191, 213, 224]], start: [1, 1])
    // Example ends.

    // ISO/TS 28037:2010, 7.4, table 10, to the last printed digit.
    XCTAssertEqual(line.intercept, 0.5788, accuracy: 1e-4)
    XCTAssertEqual(line.slope, 2.1597, accuracy: 1e-4)
    XCTAssertEqual(line.interceptStandardUncertainty, 0.4764, accuracy: 1e-4)
    XCTAssertEqual(line.slopeStandardUncertainty, 0.1355, accuracy: 1e-4)
    XCTAssertEqual(check.observed, 2.743, accuracy: 6e-4)
    XCTAssertEqual(check.limit, 9.488, accuracy: 6e-4)
    XCTAssertTrue(check.isConsistent)
    // The inverse leads back, and the two share the line's uncertainty.
    XCTAssertEqual(try line.value(at: temperature.value).value, 10.5, accuracy: 1e-12)
    XCTAssertEqual(both.values[1], temperature.value, accuracy: 1e-12)
    XCTAssertEqual(both.standardUncertainties[1], temperature.standardUncertainty, accuracy: 1e-12)
    XCTAssertGreaterThan(correlation.magnitude, 0.01)
    XCTAssertLessThan(correlation.magnitude, 1)
    // NIST StRD, BoxBOD, certified to eleven digits.
    XCTAssertEqual(fit.parameters[0], 213.80940889, accuracy: 1e-7)
    XCTAssertEqual(fit.parameters[1], 0.54723748542, accuracy: 1e-10)
    XCTAssertEqual(fit.standardUncertainties[0], 12.354515176, accuracy: 1e-8)
    XCTAssertEqual(fit.standardUncertainties[1], 0.10455993237, accuracy: 1e-10)
  }
}
