import EtalonMetrology
import EtalonUncertainty
import XCTest

/// GUM (JCGM 100:2008) H.3, as shown on the page `gum-h3-thermometer.md`.
final class GumH3ExampleTests: XCTestCase {
  func testPageShowsTheCodeBelow() throws {
    try DocumentExample.assertPage("gum-h3-thermometer.md", isCompiledIn: #filePath)
  }

  func testPublishedResults() throws {
    // Example begins.
    let readings = [21.521, 22.012, 22.512, 23.003, 23.507, 23.999, 24.513, 25.002, 25.503, 26.010, 26.511]  // °C
    let corrections = [-0.171, -0.169, -0.166, -0.159, -0.164, -0.165, -0.156, -0.157, -0.159, -0.161, -0.160]  // °C
    let origin = 20.0  // °C

    let line = try LineFit.ordinary(x: readings.map { $0 - origin }, y: corrections)
    let correction = try line.value(at: 30 - origin)  // at 30 °C
    // Example ends.

    // Half a unit of the last printed digit of H.3.3 and H.3.4.
    XCTAssertEqual(line.intercept, -0.1712, accuracy: 5e-5)
    XCTAssertEqual(line.interceptStandardUncertainty, 0.0029, accuracy: 5e-5)
    XCTAssertEqual(line.slope, 0.00218, accuracy: 5e-6)
    XCTAssertEqual(line.slopeStandardUncertainty, 0.00067, accuracy: 5e-6)
    XCTAssertEqual(try XCTUnwrap(line.interceptSlopeCorrelation), -0.930, accuracy: 5e-4)
    XCTAssertEqual(try XCTUnwrap(line.residualStandardDeviation), 0.0035, accuracy: 5e-5)
    XCTAssertEqual(correction.value, -0.1494, accuracy: 5e-5)
    XCTAssertEqual(correction.standardUncertainty, 0.0041, accuracy: 5e-5)
    // The page's remark on what leaving the covariance out would do, and its coverage factor.
    let withoutCovariance = (line.covariance[0, 0] + 100 * line.covariance[1, 1]).squareRoot()
    XCTAssertEqual(withoutCovariance, 0.0073, accuracy: 5e-5)
    let t = try StudentT(degreesOfFreedom: Double(line.degreesOfFreedom))
    XCTAssertEqual(try t.coverageFactor(probability: 0.95), 2.26, accuracy: 5e-3)
  }
}
