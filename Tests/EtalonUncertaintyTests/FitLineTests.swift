import EtalonMetrology
import EtalonUncertainty
import XCTest

final class FitLineTests: XCTestCase {
  // ISO/TS 28037:2010, 6.3 (equal weights, p. 13), printed to three decimals.
  private let x = [1.0, 2, 3, 4, 5, 6]
  private let y = [3.3, 5.6, 7.1, 9.3, 10.7, 12.1]

  func testKnownEqualUncertaintiesOfISO28037() throws {
    let line = try LineFit.weighted(x: x, y: y, standardUncertainties: [Double](repeating: 0.5, count: 6))
    XCTAssertEqual(line.intercept, 1.867, accuracy: 0.0006)
    XCTAssertEqual(line.slope, 1.757, accuracy: 0.0006)
    XCTAssertEqual(line.interceptStandardUncertainty, 0.465, accuracy: 0.0006)
    XCTAssertEqual(line.slopeStandardUncertainty, 0.120, accuracy: 0.0006)
    XCTAssertEqual(line.interceptSlopeCovariance, -0.050, accuracy: 0.0006)
    let check = try line.consistency(probability: 0.95)
    XCTAssertEqual(check.observed, 1.665, accuracy: 0.0006)
    XCTAssertEqual(check.limit, 9.488, accuracy: 0.0006)
    XCTAssertTrue(check.isConsistent)
    let inverse = try line.inverse(of: 10.5, standardUncertainty: 0.5)
    XCTAssertEqual(inverse.value, 4.913, accuracy: 0.0006)
    XCTAssertEqual(inverse.standardUncertainty, 0.322, accuracy: 0.0006)
    let forward = try line.value(at: 3.5, standardUncertainty: 0.2)
    XCTAssertEqual(forward.value, 8.017, accuracy: 0.0006)
    XCTAssertEqual(forward.standardUncertainty, 0.406, accuracy: 0.0006)
  }

  func testInconsistentDataAreFound() throws {
    // The same points with a tenth of the uncertainty: chi-squared grows a hundredfold, to 166.5 against 9.488.
    let line = try LineFit.weighted(x: x, y: y, standardUncertainties: [Double](repeating: 0.05, count: 6))
    let check = try line.consistency()
    XCTAssertFalse(check.isConsistent)
    XCTAssertEqual(check.observed, 166.476, accuracy: 0.06)
    XCTAssertLessThan(check.pValue, 1e-30)
  }

  func testUnknownWeightsOfISO28037AnnexE() throws {
    // ISO/TS 28037:2010 annex E, pp. 58 and 59, printed to three decimals; the posterior's factor (m − 2)/(m − 4) is 2.
    let data = [3.014, 5.225, 7.004, 9.061, 11.201, 12.762]
    let line = try LineFit.ordinary(x: x, y: data)
    XCTAssertEqual(line.intercept, 1.172, accuracy: 0.0006)
    XCTAssertEqual(line.slope, 1.964, accuracy: 0.0006)
    XCTAssertEqual(line.interceptStandardUncertainty, 0.159, accuracy: 0.0006)
    XCTAssertEqual(line.slopeStandardUncertainty, 0.041, accuracy: 0.0006)
    XCTAssertEqual(line.residualSumOfSquares, 0.116, accuracy: 0.0006)
    let bayesian = try LineFit.ordinary(x: x, y: data, bayesian: true)
    XCTAssertEqual(bayesian.method, .ordinaryBayesian)
    XCTAssertEqual(bayesian.covariance[0, 0], 2 * line.covariance[0, 0], accuracy: 1e-12)
    XCTAssertThrowsError(try LineFit.ordinary(x: [1, 2, 3, 4], y: [1, 2, 3, 5], bayesian: true)) {
      XCTAssertEqual($0 as? FitFault, .tooFewPoints(needed: 5, received: 4))
    }
  }

  func testGeneralisedDistanceOfISO28037() throws {
    // ISO/TS 28037:2010, 7.4, p. 21, table 10, printed to four decimals.
    let line = try LineFit.generalisedDistance(
      x: [1.2, 1.9, 2.9, 4.0, 4.7, 5.9], y: [3.4, 4.4, 7.2, 8.5, 10.8, 13.5],
      xStandardUncertainties: [Double](repeating: 0.2, count: 6),
      yStandardUncertainties: [0.2, 0.2, 0.2, 0.4, 0.4, 0.4])
    XCTAssertEqual(line.intercept, 0.5788, accuracy: 0.0001)
    XCTAssertEqual(line.slope, 2.1597, accuracy: 0.0001)
    XCTAssertEqual(line.interceptStandardUncertainty, 0.4764, accuracy: 0.0001)
    XCTAssertEqual(line.slopeStandardUncertainty, 0.1355, accuracy: 0.0001)
    XCTAssertEqual(line.interceptSlopeCovariance, -0.0577, accuracy: 0.0001)
    XCTAssertEqual(line.residualSumOfSquares, 2.743, accuracy: 0.0006)
  }

  func testPearsonDataWithYorkWeights() throws {
    // Exact a and b: F. Neri and others, J. Phys. E 22 (1989) 215. Uncertainties: A. H. Kalantar, Meas. Sci. Technol. 3
    // (1992) 1113, who propagates those of the data, printed to five digits.
    let wx = [1000.0, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1]
    let wy = [1.0, 1.8, 4, 8, 20, 20, 70, 70, 100, 500]
    let line = try LineFit.generalisedDistance(
      x: [0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4], y: [5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5],
      xStandardUncertainties: wx.map { 1 / $0.squareRoot() }, yStandardUncertainties: wy.map { 1 / $0.squareRoot() })
    XCTAssertEqual(line.intercept, 5.47991022, accuracy: 1e-8)
    XCTAssertEqual(line.slope, -0.480533407, accuracy: 1e-9)
    let propagated = try XCTUnwrap(line.propagatedCovariance)
    XCTAssertEqual(propagated[0, 0].squareRoot(), 0.29193, accuracy: 1e-5)
    XCTAssertEqual(propagated[1, 1].squareRoot(), 0.057617, accuracy: 1e-6)
    // The two covariances must differ here, or one of them would not be what it says.
    XCTAssertGreaterThan(line.interceptStandardUncertainty, 0.2945)
  }

  func testLimitsOfUncertainAbscissaeAgree() throws {
    // Exact abscissae: clause 7 becomes clause 6, clause 10 becomes clause 9; a diagonal covariance: clause 10 becomes 7.
    let uy = [0.2, 0.3, 0.2, 0.4, 0.5, 0.4]
    let none = [Double](repeating: 0, count: 6)
    let weighted = try LineFit.weighted(x: x, y: y, standardUncertainties: uy)
    let exact = try LineFit.generalisedDistance(x: x, y: y, xStandardUncertainties: none, yStandardUncertainties: uy)
    assertEqual(exact, weighted)
    var covariance = Matrix(diagonal: uy.map { $0 * $0 })
    for r in 0..<6 { for c in 0..<6 where r != c { covariance[r, c] = 0.01 } }
    let markov = try LineFit.gaussMarkov(x: x, y: y, covariance: covariance)
    let full = try LineFit.generalisedGaussMarkov(
      x: x, y: y, xCovariance: Matrix(diagonal: none), yCovariance: covariance)
    assertEqual(full, markov)
    let ux = [0.1, 0.2, 0.1, 0.3, 0.2, 0.1]
    let distance = try LineFit.generalisedDistance(
      x: x, y: y, xStandardUncertainties: ux, yStandardUncertainties: uy, correlations: [0.5, 0, -0.5, 0.2, 0, 0.9])
    var cross = Matrix(rowCount: 6, columnCount: 6)
    for (i, r) in [0.5, 0, -0.5, 0.2, 0, 0.9].enumerated() { cross[i, i] = r * ux[i] * uy[i] }
    let matrices = try LineFit.generalisedGaussMarkov(
      x: x, y: y, xCovariance: Matrix(diagonal: ux.map { $0 * $0 }), yCovariance: Matrix(diagonal: uy.map { $0 * $0 }),
      xyCovariance: cross)
    assertEqual(matrices, distance)
  }

  private func assertEqual(_ a: LineFit, _ b: LineFit, line: UInt = #line) {
    XCTAssertEqual(a.intercept, b.intercept, accuracy: 1e-10, line: line)
    XCTAssertEqual(a.slope, b.slope, accuracy: 1e-10, line: line)
    for (u, v) in zip(a.covariance.elements, b.covariance.elements) {
      XCTAssertEqual(u, v, accuracy: 1e-10, line: line)
    }
    XCTAssertEqual(a.residualSumOfSquares, b.residualSumOfSquares, accuracy: 1e-9, line: line)
  }

  func testExchangingAxesGivesTheInverseLine() throws {
    // A distance regression does not prefer an axis: x on y is the same line (W. E. Deming, 1943).
    let u = [0.2, 0.2, 0.3, 0.2, 0.2, 0.3]
    let line = try LineFit.generalisedDistance(x: x, y: y, xStandardUncertainties: u, yStandardUncertainties: u)
    let exchanged = try LineFit.generalisedDistance(x: y, y: x, xStandardUncertainties: u, yStandardUncertainties: u)
    XCTAssertEqual(exchanged.slope, 1 / line.slope, accuracy: 1e-9)
    XCTAssertEqual(exchanged.intercept, -line.intercept / line.slope, accuracy: 1e-9)
    XCTAssertEqual(exchanged.residualSumOfSquares, line.residualSumOfSquares, accuracy: 1e-9)
  }

  func testJointInversesShareTheLine() throws {
    let line = try LineFit.weighted(x: x, y: y, standardUncertainties: [Double](repeating: 0.5, count: 6))
    let joint = try line.inverses(of: [5, 10], covariance: Matrix(diagonal: [0.01, 0.04]))
    let difference = joint.values[1] - joint.values[0]
    // x₂ − x₁ = (y₂ − y₁)/b holds no intercept: u² = (u²(y₁) + u²(y₂) + (x₂ − x₁)² u²(b))/b² (GUM 5.1.2).
    let expected =
      (0.05 + difference * difference * line.covariance[1, 1]) / (line.slope * line.slope)
    XCTAssertEqual(joint.covariance.bilinear([-1, 1], [-1, 1]), expected, accuracy: 1e-12)
    // Taking the two as independent would be wrong: they are not.
    XCTAssertNotEqual(joint.covariance[0, 0] + joint.covariance[1, 1], expected, accuracy: 1e-3)
  }

  func testThermometerCorrectionOfGUMH3() throws {
    // GUM H.3.3 and H.3.4: b(30 °C) = −0.1494 °C, u = 0.0041 °C; without the covariance u would be 0.0073 °C.
    let t = [21.521, 22.012, 22.512, 23.003, 23.507, 23.999, 24.513, 25.002, 25.503, 26.010, 26.511]
    let b = [-0.171, -0.169, -0.166, -0.159, -0.164, -0.165, -0.156, -0.157, -0.159, -0.161, -0.160]
    let line = try LineFit.ordinary(x: t.map { $0 - 20 }, y: b)
    let at30 = try line.value(at: 10)
    XCTAssertEqual(at30.value, -0.1494, accuracy: 5e-5)
    XCTAssertEqual(at30.standardUncertainty, 0.0041, accuracy: 5e-5)
    XCTAssertEqual(try XCTUnwrap(line.interceptSlopeCorrelation), -0.930, accuracy: 5e-4)
    XCTAssertEqual(line.degreesOfFreedom, 9)
  }

  func testStatedLine() throws {
    // R. Kessel and others, Measurement 45 (2012) 1661, table 7: U of the first and the last reading, k = 2.
    let line = try LineFit(
      intercept: 0, interceptStandardUncertainty: 0.00028, slope: 9.79912, slopeStandardUncertainty: 0.00114,
      correlation: -0.1212)
    let resolution = 0.00005 / 3.0.squareRoot()
    let linearity = 0.005 / 3.0.squareRoot()
    func expanded(_ x: Double) throws -> Double {
      let u = try line.value(at: x, standardUncertainty: resolution).standardUncertainty
      return 2 * (u * u + linearity * linearity).squareRoot()
    }
    XCTAssertEqual(try expanded(0), 0.0058, accuracy: 5e-5)
    XCTAssertEqual(try expanded(2.041), 0.0074, accuracy: 5e-5)
    XCTAssertThrowsError(
      try LineFit(
        intercept: 0, interceptStandardUncertainty: 1, slope: 1, slopeStandardUncertainty: 1, correlation: 1.1))
    XCTAssertThrowsError(
      try LineFit(
        intercept: 0, interceptStandardUncertainty: -1, slope: 1, slopeStandardUncertainty: 1, correlation: 0))
  }

  func testLargeOffsetCostsNoDigits() throws {
    // Moving the origin of both axes by 10⁶ changes the intercept by 10⁶ (1 − b) and nothing else.
    let ux = [Double](repeating: 0.25, count: 6)
    let near = try LineFit.generalisedDistance(
      x: x, y: y.map { $0 - 0.25 }, xStandardUncertainties: ux, yStandardUncertainties: ux)
    let far = try LineFit.generalisedDistance(
      x: x.map { $0 + 1_048_576 }, y: y.map { $0 - 0.25 + 1_048_576 }, xStandardUncertainties: ux,
      yStandardUncertainties: ux)
    // 2⁻³³ is the rounding of the data at 2²⁰.
    XCTAssertEqual(far.slope, near.slope, accuracy: 2e-9)
    XCTAssertEqual(far.slopeStandardUncertainty, near.slopeStandardUncertainty, accuracy: 1e-8)
  }

  func testBadInputIsNamed() {
    func assertFault(_ expected: FitFault, line: UInt = #line, _ body: () throws -> Void) {
      XCTAssertThrowsError(try body(), line: line) { XCTAssertEqual($0 as? FitFault, expected, line: line) }
    }
    let six = [Double](repeating: 0.5, count: 6)
    assertFault(.tooFewPoints(needed: 3, received: 0)) { _ = try LineFit.ordinary(x: [], y: []) }
    assertFault(.tooFewPoints(needed: 3, received: 1)) { _ = try LineFit.ordinary(x: [1], y: [1]) }
    assertFault(.tooFewPoints(needed: 3, received: 2)) { _ = try LineFit.ordinary(x: [1, 2], y: [1, 2]) }
    assertFault(.lengthMismatch(input: "x", expected: 5, received: 6)) {
      _ = try LineFit.ordinary(x: self.x, y: Array(self.y.dropLast()))
    }
    assertFault(.notFinite(input: "x", index: 2)) { _ = try LineFit.ordinary(x: [1, 2, .nan, 4], y: [1, 2, 3, 4]) }
    assertFault(.notFinite(input: "y", index: 1)) {
      _ = try LineFit.ordinary(x: [1, 2, 3, 4], y: [1, .infinity, 3, 4])
    }
    assertFault(.duplicateAbscissae(different: 1, needed: 2)) {
      _ = try LineFit.ordinary(x: [2, 2, 2, 2], y: [1, 2, 3, 4])
    }
    assertFault(.duplicateAbscissae(different: 1, needed: 2)) {
      _ = try LineFit.generalisedDistance(
        x: [2, 2], y: [1, 2], xStandardUncertainties: [1, 1], yStandardUncertainties: [1, 1])
    }
    assertFault(.notPositive(input: "standard uncertainties", index: 1, value: 0)) {
      _ = try LineFit.weighted(x: [1, 2, 3], y: [1, 2, 3], standardUncertainties: [1, 0, 1])
    }
    assertFault(.notPositive(input: "standard uncertainties", index: 2, value: -0.5)) {
      _ = try LineFit.weighted(x: [1, 2, 3], y: [1, 2, 3], standardUncertainties: [1, 1, -0.5])
    }
    assertFault(.notPositive(input: "standard uncertainties of x", index: 0, value: -1)) {
      _ = try LineFit.generalisedDistance(
        x: self.x, y: self.y, xStandardUncertainties: [-1, 1, 1, 1, 1, 1], yStandardUncertainties: six)
    }
    assertFault(.notPositive(input: "standard uncertainties of x and y", index: 3, value: 0)) {
      _ = try LineFit.generalisedDistance(
        x: self.x, y: self.y, xStandardUncertainties: [1, 1, 1, 0, 1, 1], yStandardUncertainties: [1, 1, 1, 0, 1, 1])
    }
    assertFault(.notPositiveDefinite(input: "correlations", index: 0)) {
      _ = try LineFit.generalisedDistance(
        x: self.x, y: self.y, xStandardUncertainties: six, yStandardUncertainties: six,
        correlations: [1, 0, 0, 0, 0, 0])
    }
    var indefinite = Matrix(diagonal: six)
    indefinite[0, 1] = 2
    indefinite[1, 0] = 2
    assertFault(.notPositiveDefinite(input: "covariance of y", index: 1)) {
      _ = try LineFit.gaussMarkov(x: self.x, y: self.y, covariance: indefinite)
    }
    assertFault(.notPositiveDefinite(input: "covariance of x", index: 1)) {
      _ = try LineFit.generalisedGaussMarkov(
        x: self.x, y: self.y, xCovariance: indefinite, yCovariance: Matrix(diagonal: six))
    }
    var skew = Matrix(diagonal: six)
    skew[4, 5] = 0.1
    assertFault(.notSymmetric(input: "covariance of y", row: 4, column: 5)) {
      _ = try LineFit.gaussMarkov(x: self.x, y: self.y, covariance: skew)
    }
    assertFault(.lengthMismatch(input: "covariance of y", expected: 6, received: 5)) {
      _ = try LineFit.gaussMarkov(x: self.x, y: self.y, covariance: Matrix(diagonal: [1, 1, 1, 1, 1]))
    }
  }

  func testFlatLineIsNotInverted() throws {
    // The slope is zero within its uncertainty, so an inverse would be noise divided by noise.
    let line = try LineFit.ordinary(x: [1, 2, 3, 4], y: [1.0, -1.0, -1.0, 1.01])
    XCTAssertThrowsError(try line.inverse(of: 0.5)) { fault in
      guard case .notInvertible(let indication, _)? = fault as? FitFault else { return XCTFail("\(fault)") }
      XCTAssertEqual(indication, 0.5)
    }
  }
}
