import EtalonMetrology
import EtalonUncertainty
import XCTest

/// GUM (JCGM 100:2008) H.5, as shown on the page `gum-h5-zener-anova.md`.
final class GumH5ExampleTests: XCTestCase {
  func testPageShowsTheCodeBelow() throws {
    try DocumentExample.assertPage("gum-h5-zener-anova.md", isCompiledIn: #filePath)
  }

  func testPublishedResults() throws {
    // Example begins.
    let dailyMeans = [
      10.000_172, 10.000_116, 10.000_013, 10.000_144, 10.000_106, 10.000_031, 10.000_060, 10.000_125, 10.000_163,
      10.000_041,
    ]  // V
    let dailyDeviations = [60e-6, 77e-6, 111e-6, 101e-6, 67e-6, 93e-6, 80e-6, 73e-6, 88e-6, 86e-6]  // V

    let anova = try OneWayAnova(
      groupMeans: dailyMeans, groupStandardDeviations: dailyDeviations, groupSizes: Array(repeating: 5, count: 10))
    // Example ends.

    // Half a unit of the last digit printed in H.5.2.
    XCTAssertEqual(anova.grandMean, 10.000_097, accuracy: 0.5e-6)
    XCTAssertEqual((anova.betweenMeanSquare / 5).squareRoot(), 57e-6, accuracy: 0.5e-6)
    XCTAssertEqual(anova.withinStandardDeviation, 85e-6, accuracy: 0.5e-6)
    XCTAssertEqual(try XCTUnwrap(anova.fStatistic), 2.26, accuracy: 0.005)
    XCTAssertEqual(anova.betweenStandardDeviation, 43e-6, accuracy: 0.5e-6)
    XCTAssertEqual(anova.standardUncertaintyOfGrandMean, 18e-6, accuracy: 0.5e-6)
    XCTAssertEqual(anova.pooledStandardUncertaintyOfGrandMean, 13e-6, accuracy: 0.5e-6)
    // The limits of H.5.2.5, F(9, 40).
    let f = try FDistribution(numerator: 9, denominator: 40)
    XCTAssertEqual(try f.quantile(0.95), 2.12, accuracy: 0.005)
    XCTAssertEqual(try f.quantile(0.975), 2.45, accuracy: 0.005)
  }

  func testPublishedRatioFollowsFromTheRoundedDeviations() {
    XCTAssertEqual(5.0 * 57 * 57 / (85 * 85), 2.25, accuracy: 0.005)
  }
}
