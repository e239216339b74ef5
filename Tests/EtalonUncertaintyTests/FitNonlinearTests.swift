import EtalonUncertainty
import XCTest

final class FitNonlinearTests: XCTestCase {
  // NIST StRD, BoxBOD (G. P. Box and others, 1978): six points, and a start from which many programs fail.
  private let days = [1.0, 2, 3, 5, 7, 10]
  private let demand = [109.0, 149, 149, 191, 213, 224]

  func testBoxBODFromTheFarStart() throws {
    let model = try RegressionModel(parsing: "y = b1*(1-exp(-b2*x))", predictors: ["x"])
    let fit = try NonlinearFit.fit(model, data: ["x": days, "y": demand], start: [1, 1])
    // Certified to eleven digits.
    XCTAssertEqual(fit.parameters[0], 2.1380940889E+02, accuracy: 1e-8)
    XCTAssertEqual(fit.parameters[1], 5.4723748542E-01, accuracy: 1e-10)
    XCTAssertEqual(fit.standardUncertainties[0], 1.2354515176E+01, accuracy: 1e-8)
    XCTAssertEqual(fit.standardUncertainties[1], 1.0455993237E-01, accuracy: 1e-10)
    XCTAssertEqual(fit.residualSumOfSquares, 1.1680088766E+03, accuracy: 1e-6)
    XCTAssertEqual(fit.degreesOfFreedom, 4)
  }

  func testParametersInNaturalOrderAndTransformedResponse() throws {
    let model = try RegressionModel(parsing: "log(y) = b10 - b2*x1*exp(-b3*x2)", predictors: ["x1", "x2"])
    XCTAssertEqual(model.parameters, ["b2", "b3", "b10"])
    XCTAssertEqual(model.response, "y")
  }

  func testStatedUncertaintiesGiveTheirCovariance() throws {
    // A model that is linear has the covariance of the linear fit (ISO/TS 28037:2010, 6.3, table 6).
    let model = try RegressionModel(parsing: "y = a + b*x", predictors: ["x"])
    let fit = try NonlinearFit.fit(
      model, data: ["x": [1, 2, 3, 4, 5, 6], "y": [3.2, 4.3, 7.6, 8.6, 11.7, 12.8]], start: [0, 1],
      weighting: .standardUncertainties([0.5, 0.5, 0.5, 1, 1, 1]))
    XCTAssertEqual(fit.parameters[0], 0.885, accuracy: 0.0006)
    XCTAssertEqual(fit.standardUncertainties[0], 0.530, accuracy: 0.0006)
    XCTAssertEqual(fit.covariance[0, 1], -0.082, accuracy: 0.0006)
    XCTAssertEqual(fit.residualSumOfSquares, 4.131, accuracy: 0.0006)
  }

  func testBadInputIsNamed() throws {
    func assertFault(_ expected: FitFault, line: UInt = #line, _ body: () throws -> Void) {
      XCTAssertThrowsError(try body(), line: line) { XCTAssertEqual($0 as? FitFault, expected, line: line) }
    }
    let model = try RegressionModel(parsing: "y = b1*(1-exp(-b2*x))", predictors: ["x"])
    assertFault(.notFinite(input: "y", index: 1)) {
      _ = try NonlinearFit.fit(model, data: ["x": [1, 2, 3], "y": [1, .nan, 2]], start: [1, 1])
    }
    assertFault(.notFinite(input: "x", index: 0)) {
      _ = try NonlinearFit.fit(model, data: ["x": [.infinity, 2, 3], "y": [1, 2, 2]], start: [1, 1])
    }
    assertFault(.notFinite(input: "starting values", index: 1)) {
      _ = try NonlinearFit.fit(model, data: ["x": self.days, "y": self.demand], start: [1, .nan])
    }
    assertFault(.lengthMismatch(input: "starting values", expected: 2, received: 1)) {
      _ = try NonlinearFit.fit(model, data: ["x": self.days, "y": self.demand], start: [1])
    }
    assertFault(.lengthMismatch(input: "x", expected: 6, received: 2)) {
      _ = try NonlinearFit.fit(model, data: ["x": [1, 2], "y": self.demand], start: [1, 1])
    }
    assertFault(.tooFewPoints(needed: 3, received: 2)) {
      _ = try NonlinearFit.fit(model, data: ["x": [1, 2], "y": [1, 2]], start: [1, 1])
    }
    assertFault(.invalidModel("there are no data named 'x'")) {
      _ = try NonlinearFit.fit(model, data: ["y": self.demand], start: [1, 1])
    }
    // The model divides by zero at the third point for the start.
    let hyperbola = try RegressionModel(parsing: "y = b1/(x - b2)", predictors: ["x"])
    assertFault(.modelUndefined(index: 2, parameters: [1, 3])) {
      _ = try NonlinearFit.fit(hyperbola, data: ["x": self.days, "y": self.demand], start: [1, 3])
    }
    // The response has no logarithm at the second point.
    let logarithmic = try RegressionModel(parsing: "log(y) = b1 + b2*x", predictors: ["x"])
    assertFault(.modelUndefined(index: 1, parameters: [-1])) {
      _ = try NonlinearFit.fit(logarithmic, data: ["x": [1, 2, 3, 4], "y": [1, -1, 2, 3]], start: [1, 1])
    }
  }

  func testParametersThatOnlyActTogetherAreNamed() throws {
    let model = try RegressionModel(parsing: "y = b1*b2*x", predictors: ["x"])
    XCTAssertThrowsError(try NonlinearFit.fit(model, data: ["x": days, "y": demand], start: [1, 1])) {
      XCTAssertEqual($0 as? FitFault, .undeterminedParameter(name: "b2"))
    }
  }

  func testNoMinimumIsNoResult() throws {
    // exp(b1 + x) falls short of zero for every b1: the sum decreases for ever as b1 goes to −∞.
    let model = try RegressionModel(parsing: "y = exp(b1 + x)", predictors: ["x"])
    XCTAssertThrowsError(
      try NonlinearFit.fit(model, data: ["x": [0, 1, 2, 3], "y": [-1, -2, -1, -3]], start: [0])
    ) { fault in
      switch fault as? FitFault {
      case .noConvergence?, .undeterminedParameter?: break
      default: XCTFail("\(fault)")
      }
    }
  }

  func testUnreadableModelsAreRefused() {
    for text in ["b1*x", "y = ", "y + z = b1*x", "y = b1*y*x", "y = 2*x", "y = b1*(x", "y = b1*fun(x)"] {
      XCTAssertThrowsError(try RegressionModel(parsing: text, predictors: ["x"]), text) { fault in
        guard case .invalidModel? = fault as? FitFault else { return XCTFail("\(text): \(fault)") }
      }
    }
    XCTAssertThrowsError(try RegressionModel(parsing: "y = b1*x", predictors: ["x"], parameters: ["b1", "b9"])) {
      XCTAssertTrue("\($0)".contains("b9"))
    }
  }
}
