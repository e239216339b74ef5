import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

/// JCGM 100:2008, Annex H.1: the page, its example and the published figures; tolerances are half of their last digit.
final class GumH1ExampleTests: XCTestCase {
  func testPublishedResult() throws {
    // Example begins.
    let gauge = try MeasurementModel(
      "l = lS + d - lS*(dalpha*theta + alphaS*dtheta)",
      inputs: [
        InputQuantity(name: "lS", estimate: 50_000_623, distribution: .normal(25), degreesOfFreedom: 18),
        InputQuantity(name: "d", estimate: 215, distribution: .normal(9.7), degreesOfFreedom: 25.6),
        InputQuantity(name: "dalpha", estimate: 0, distribution: .normal(0.58e-6), degreesOfFreedom: 50),
        InputQuantity(name: "theta", estimate: -0.1, distribution: .normal(0.41)),
        InputQuantity(name: "alphaS", estimate: 11.5e-6, distribution: .normal(1.2e-6)),
        InputQuantity(name: "dtheta", estimate: 0, distribution: .normal(0.029), degreesOfFreedom: 2),
      ])
    let budget = try gauge.budget(coverage: 0.99, rule: .truncated)
    let secondOrder = try gauge.secondOrder()
    // Example ends.

    // H.1.4, H.1.6 and H.1.7.
    XCTAssertEqual(budget.estimate, 50_000_838, accuracy: 0.5)
    XCTAssertEqual(budget.standardUncertainty, 32, accuracy: 0.5)
    XCTAssertEqual(budget.coverageFactor, 2.92, accuracy: 0.005)
    XCTAssertEqual(budget.expandedUncertainty, 93, accuracy: 0.5)
    XCTAssertEqual(secondOrder.standardUncertainty, 34, accuracy: 0.5)
    // What the page says of the Monte Carlo.
    let result = try gauge.monteCarlo(coverage: 0.99, seed: 1, trials: .fixed(200_000))
    XCTAssertEqual(result.standardUncertainty, secondOrder.standardUncertainty, accuracy: 0.3)
    XCTAssertFalse(result.validity(of: budget).isValid)
  }

  func testPageShowsWhatRuns() throws {
    try DocumentExample.assertPage("gum-h1-end-gauge.md", isCompiledIn: #filePath)
  }
}
