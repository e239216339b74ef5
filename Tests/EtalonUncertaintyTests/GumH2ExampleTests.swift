import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

/// JCGM 100:2008, Annex H.2: the page, its example and the figures of table H.4.
final class GumH2ExampleTests: XCTestCase {
  func testPublishedResult() throws {
    // Example begins.
    let observed = try SimultaneousObservations(
      names: ["V", "I", "phi"],
      series: [
        [5.007, 4.994, 5.005, 4.990, 4.999],  // V
        [0.019663, 0.019639, 0.019640, 0.019685, 0.019678],  // A
        [1.0456, 1.0438, 1.0468, 1.0428, 1.0433],  // rad
      ])
    let circuit = try MeasurementModel(
      outputs: ["R = V/I*cos(phi)", "X = V/I*sin(phi)", "Z = V/I"],
      inputs: observed.inputs, correlations: observed.correlations)
    let budgets = try circuit.budgets(coverage: 0.95)
    let correlations = try circuit.outputCorrelations()
    // Example ends.

    for (budget, published) in zip(budgets, [(127.732, 0.071), (219.847, 0.295), (254.260, 0.236)]) {
      XCTAssertEqual(budget.estimate, published.0, accuracy: 0.0005)
      // The table was rounded from rounded intermediate values.
      XCTAssertEqual(budget.standardUncertainty, published.1, accuracy: 0.0006)
      XCTAssertEqual(budget.degreesOfFreedom, 4, accuracy: 1e-9)
    }
    XCTAssertEqual(correlations[0][1], -0.588, accuracy: 0.0005)
    XCTAssertEqual(correlations[0][2], -0.485, accuracy: 0.0005)
    XCTAssertEqual(correlations[1][2], 0.993, accuracy: 0.0005)
    // What the page says of leaving the correlations out.
    let independent = try MeasurementModel("V/I*cos(phi)", inputs: observed.inputs).budget(coverage: 0.95)
    XCTAssertEqual(independent.standardUncertainty / budgets[0].standardUncertainty, 3, accuracy: 0.5)
  }

  func testPageShowsWhatRuns() throws {
    try DocumentExample.assertPage("gum-h2-impedance.md", isCompiledIn: #filePath)
  }
}
