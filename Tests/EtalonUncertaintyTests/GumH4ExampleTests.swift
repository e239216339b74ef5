import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

/// JCGM 100:2008, Annex H.4: the page, its example and the figures of H.4.3; tolerances are half of their last digit.
final class GumH4ExampleTests: XCTestCase {
  func testPublishedResult() throws {
    // Example begins.
    let counts: [(tS: Double, cS: Double, cB: Double, tX: Double, cX: Double)] = [
      (243.74, 15380, 4054, 367.37, 41432), (984.53, 14978, 3922, 1107.66, 38706),
      (1723.87, 14394, 4200, 1846.99, 35860), (2463.17, 13254, 3830, 2586.28, 32238),
      (3217.56, 12516, 3956, 3340.68, 29640), (3956.83, 11058, 3980, 4079.94, 26356),
    ]
    let rate = try Expression(parsing: "(count - blank)/60*exp(1.25894e-4*t)")  // 1/min, t in min
    let sample = try counts.map { try rate.evaluate([$0.cX, $0.cB, $0.tX]) }
    let standard = try counts.map { try rate.evaluate([$0.cS, $0.cB, $0.tS]) }
    let factors = [
      InputQuantity(name: "AS", estimate: 0.1368, distribution: .normal(0.0018)),  // Bq/g
      InputQuantity(name: "mS", estimate: 5.0192, distribution: .normal(0.0050)),  // g
      InputQuantity(name: "mx", estimate: 5.0571, distribution: .normal(0.0010)),  // g
    ]
    let means = try SimultaneousObservations(names: ["Rx", "RS"], series: [sample, standard])
    let ratioOfMeans = try MeasurementModel(
      "Ax = AS*mS/mx*Rx/RS", inputs: means.inputs + factors, correlations: means.correlations
    ).budget(coverage: 0.95)
    let ratio = try InputQuantity.typeA(name: "R", observations: zip(sample, standard).map { $0 / $1 })
    let meanOfRatios = try MeasurementModel("Ax = AS*mS/mx*R", inputs: [ratio] + factors).budget(coverage: 0.95)
    // Example ends.

    XCTAssertEqual(means.correlations[0].coefficient, 0.646, accuracy: 0.0005)
    // 0.42995 and 0.43043 to one more digit: the first is printed as 0.4300.
    XCTAssertEqual(ratioOfMeans.estimate, 0.4300, accuracy: 0.0001)
    XCTAssertEqual(ratioOfMeans.standardUncertainty, 0.0083, accuracy: 0.00005)
    XCTAssertEqual(meanOfRatios.estimate, 0.4304, accuracy: 0.00005)
    XCTAssertEqual(meanOfRatios.standardUncertainty, 0.0084, accuracy: 0.00005)
  }

  func testPageShowsWhatRuns() throws {
    try DocumentExample.assertPage("gum-h4-radon.md", isCompiledIn: #filePath)
  }
}
