import EtalonMetrology
import EtalonUncertainty
import XCTest

final class FitPolynomialTests: XCTestCase {
  func testExactPolynomialOfNISTWampler2() throws {
    // NIST StRD, Wampler2: y = Σ 0.1ᵏ xᵏ at x = 0 … 20; certified standard deviations 0, F infinite.
    let x = (0...20).map(Double.init)
    let y = [
      1.00000, 1.11111, 1.24992, 1.42753, 1.65984, 1.96875, 2.38336, 2.94117, 3.68928, 4.68559, 6.00000, 7.71561,
      9.92992, 12.75603, 16.32384, 20.78125, 26.29536, 33.05367, 41.26528, 51.16209, 63.00000,
    ]
    let fit = try PolynomialFit.fit(x: x, y: y, degree: 5)
    for (k, coefficient) in fit.coefficients.enumerated() {
      var certified = 1.0
      for _ in 0..<k { certified /= 10 }
      // The ordinates are rounded to 2⁻⁵² of 63; the worst-determined coefficient passes that on a thousandfold.
      XCTAssertEqual(coefficient / certified, 1, accuracy: 1e-11, "c\(k)")
    }
    XCTAssertTrue(fit.linearFit.isExact)
    XCTAssertEqual(fit.linearFit.fStatistic, .infinity)
    XCTAssertEqual(try XCTUnwrap(fit.residualStandardDeviation), 0, accuracy: 1e-14)
  }

  func testQuadraticOfNISTPontius() throws {
    // NIST StRD, Pontius (load cell): certified to fifteen digits; double inputs allow thirteen.
    let loads = (0..<40).map { 150_000.0 * Double($0 % 20 + 1) }
    let deflections = [
      0.11019, 0.21956, 0.32949, 0.43899, 0.54803, 0.65694, 0.76562, 0.87487, 0.98292, 1.09146, 1.20001, 1.30822,
      1.41599, 1.52399, 1.63194, 1.73947, 1.84646, 1.95392, 2.06128, 2.16844, 0.11052, 0.22018, 0.32939, 0.43886,
      0.54798, 0.65739, 0.76596, 0.87474, 0.98300, 1.09150, 1.20004, 1.30818, 1.41613, 1.52408, 1.63159, 1.73965,
      1.84696, 1.95445, 2.06177, 2.16829,
    ]
    let fit = try PolynomialFit.fit(x: loads, y: deflections, degree: 2)
    let certified = [0.673565789473684E-03, 0.732059160401003E-06, -0.316081871345029E-14]
    let deviations = [0.107938612033077E-03, 0.157817399981659E-09, 0.486652849992036E-16]
    for k in 0...2 {
      XCTAssertEqual(fit.coefficients[k] / certified[k], 1, accuracy: 1e-12)
      XCTAssertEqual(fit.standardUncertainties[k] / deviations[k], 1, accuracy: 1e-11)
    }
    // Back from a deflection to the load, and forth again.
    let load = try fit.inverse(of: 1.0, standardUncertainty: 0.0002)
    XCTAssertEqual(try fit.value(at: load.value).value, 1.0, accuracy: 1e-15)
    let slope = try fit.value(at: load.value).slope
    XCTAssertGreaterThan(load.standardUncertainty, 0.0002 / slope)
    XCTAssertEqual(load.standardUncertainty, 0.0002 / slope, accuracy: 0.1 * 0.0002 / slope)
  }

  func testWeightsAndUncertaintiesGiveTheSameCurve() throws {
    let x = [1.0, 2, 3, 4, 5, 6]
    let y = [3.2, 4.3, 7.6, 8.6, 11.7, 12.8]
    let u = [0.5, 0.5, 0.5, 1, 1, 1]
    let absolute = try PolynomialFit.fit(x: x, y: y, weighting: .standardUncertainties(u), degree: 1)
    let relative = try PolynomialFit.fit(x: x, y: y, weights: u.map { 7 / ($0 * $0) }, degree: 1)
    // ISO/TS 28037:2010, 6.3, table 6: a = 0.885, b = 2.057, u(a) = 0.530, u(b) = 0.178.
    XCTAssertEqual(absolute.coefficients[0], 0.885, accuracy: 0.0006)
    XCTAssertEqual(absolute.coefficients[1], 2.057, accuracy: 0.0006)
    XCTAssertEqual(absolute.standardUncertainties[0], 0.530, accuracy: 0.0006)
    XCTAssertEqual(absolute.standardUncertainties[1], 0.178, accuracy: 0.0006)
    for k in 0...1 { XCTAssertEqual(relative.coefficients[k], absolute.coefficients[k], accuracy: 1e-13) }
    // Relative weights leave the size to the residuals: smaller by √(χ²/ν) = √(4.131/4).
    let ratio = relative.standardUncertainties[1] / absolute.standardUncertainties[1]
    XCTAssertEqual(ratio, (absolute.linearFit.residualSumOfSquares / 4).squareRoot(), accuracy: 1e-12)
  }

  func testRootsAndAmbiguity() throws {
    // y = (x − 1)(x − 2)(x − 3) has its three roots found within the data, and no single inverse of 0.
    let x = stride(from: 0.0, through: 4.0, by: 0.5).map { $0 }
    let fit = try PolynomialFit.fit(x: x, y: x.map { ($0 - 1) * ($0 - 2) * ($0 - 3) }, degree: 3)
    let roots = try fit.abscissae(of: 0)
    XCTAssertEqual(roots.count, 3)
    for (root, expected) in zip(roots, [1.0, 2, 3]) { XCTAssertEqual(root, expected, accuracy: 1e-12) }
    XCTAssertThrowsError(try fit.inverse(of: 0))
    XCTAssertThrowsError(try fit.inverse(of: 100)) { fault in
      guard case .notInvertible? = fault as? FitFault else { return XCTFail("\(fault)") }
    }
    XCTAssertEqual(try fit.inverse(of: 6).value, 4, accuracy: 1e-12)
  }

  func testGeneralLinearModelWithoutConstant() throws {
    // NIST StRD, NoInt2: y = B1 x; certified to fifteen digits, R² about zero.
    let fit = try LinearFit.fit(columns: [[4, 5, 6]], y: [3, 4, 4], constant: false)
    XCTAssertEqual(fit.parameters[0], 0.727272727272727, accuracy: 5e-15)
    XCTAssertEqual(fit.standardUncertainties[0], 0.0420827318078432, accuracy: 5e-16)
    XCTAssertEqual(try XCTUnwrap(fit.residualStandardDeviation), 0.369274472937998, accuracy: 5e-15)
    XCTAssertEqual(try XCTUnwrap(fit.rSquared), 0.993348115299335, accuracy: 5e-15)
    XCTAssertEqual(try XCTUnwrap(fit.fStatistic), 298.6666666666667, accuracy: 1e-11)
    let value = try fit.value(at: [10])
    XCTAssertEqual(value.value, 7.27272727272727, accuracy: 1e-13)
    XCTAssertEqual(value.standardUncertainty, 0.420827318078432, accuracy: 1e-14)
  }

  func testBadInputIsNamed() {
    func assertFault(_ expected: FitFault, line: UInt = #line, _ body: () throws -> Void) {
      XCTAssertThrowsError(try body(), line: line) { XCTAssertEqual($0 as? FitFault, expected, line: line) }
    }
    assertFault(.invalidDegree(-1)) { _ = try PolynomialFit.fit(x: [1, 2], y: [1, 2], degree: -1) }
    assertFault(.tooFewPoints(needed: 4, received: 3)) {
      _ = try PolynomialFit.fit(x: [1, 2, 3], y: [1, 2, 3], degree: 2)
    }
    assertFault(.duplicateAbscissae(different: 2, needed: 3)) {
      _ = try PolynomialFit.fit(x: [1, 1, 2, 2], y: [1, 2, 3, 4], degree: 2)
    }
    assertFault(.notPositive(input: "weights", index: 0, value: 0)) {
      _ = try PolynomialFit.fit(x: [1, 2, 3], y: [1, 2, 3], weights: [0, 1, 1], degree: 1)
    }
    // A column that is the sum of two others, and one that differs from a multiple only by rounding.
    assertFault(.undeterminedParameter(name: "x3")) {
      _ = try LinearFit.fit(
        columns: [[1, 2, 3, 4, 6], [2, 1, 5, 3, 1], [3, 3, 8, 7, 7]], y: [1, 2, 3, 4, 5], constant: false)
    }
    assertFault(.undeterminedParameter(name: "tenth")) {
      let column = [1.0, 2.3, 3.7, 4.1, 6.9]
      _ = try LinearFit.fit(
        columns: [column, column.map { $0 / 10 }], y: [1, 2, 3, 4, 5], constant: false, names: ["whole", "tenth"])
    }
    assertFault(.undeterminedParameter(name: "x1")) {
      _ = try LinearFit.fit(columns: [[0, 0, 0]], y: [1, 2, 3], constant: false)
    }
    assertFault(.invalidDegree(0)) { _ = try LinearFit.fit(columns: [], y: [1, 2, 3], constant: false) }
    assertFault(.lengthMismatch(input: "names", expected: 1, received: 2)) {
      _ = try LinearFit.fit(columns: [[1, 2, 3]], y: [1, 2, 3], constant: false, names: ["a", "b"])
    }
    assertFault(.overflow("a sum of the fit")) {
      _ = try LinearFit.fit(columns: [[1, 2, 3]], y: [1e200, -1e200, 1e200], constant: false)
    }
  }

  func testNothingIsEverNotANumber() throws {
    // Constant ordinates: no scatter to explain, so R² and F are absent and not 0/0.
    let fit = try PolynomialFit.fit(x: [1, 2, 3, 4], y: [5, 5, 5, 5], degree: 1)
    XCTAssertNil(fit.linearFit.rSquared)
    XCTAssertNil(fit.linearFit.fStatistic)
    XCTAssertEqual(fit.coefficients, [5, 0])
    // As many points as parameters with stated uncertainties: no degree of freedom, no residual standard deviation.
    let through = try PolynomialFit.fit(
      x: [1, 2], y: [1, 3], weighting: .standardUncertainties([0.1, 0.1]), degree: 1)
    XCTAssertNil(through.residualStandardDeviation)
    XCTAssertEqual(through.standardUncertainties[1], 0.02.squareRoot(), accuracy: 1e-15)
  }
}
