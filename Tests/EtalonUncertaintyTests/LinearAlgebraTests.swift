import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

final class LinearAlgebraTests: XCTestCase {
  func testInverseNormalMatrixOfTheHilbertMatrix() throws {
    // The 6 × 6 Hilbert matrix H has the exact integer inverse whose first element is 36 and whose largest is 4410000
    // (R. T. Gregory and D. L. Karney, A Collection of Matrices, 1969); (HᵀH)⁻¹ = H⁻¹ H⁻¹.
    let n = 6
    var columns: [DoubleDouble] = []
    for c in 0..<n { for r in 0..<n { columns.append(DoubleDouble(1.0) / DoubleDouble(r + c + 1)) } }
    let inverse: [[Double]] = [
      [36, -630, 3360, -7560, 7560, -2772], [-630, 14700, -88200, 211680, -220500, 83160],
      [3360, -88200, 564480, -1411200, 1512000, -582120], [-7560, 211680, -1411200, 3628800, -3969000, 1552320],
      [7560, -220500, 1512000, -3969000, 4410000, -1746360], [-2772, 83160, -582120, 1552320, -1746360, 698544],
    ]
    let factorisation = try HouseholderQR(columns: columns, rowCount: n, tolerance: 1e-20)
    let found = factorisation.inverseNormalMatrix()
    for r in 0..<n {
      for c in 0..<n {
        let exact = (0..<n).reduce(0.0) { $0 + inverse[r][$1] * inverse[$1][c] }
        // The condition number of H is 1.5·10⁷; thirty-one digits less twice that leave more than a Double holds.
        XCTAssertEqual(found[r * n + c].doubleValue / exact, 1, accuracy: 1e-15)
      }
    }
    // H x = row sums has the solution 1.
    let sums = (0..<n).map { r in (0..<n).reduce(DoubleDouble.zero) { $0 + columns[$1 * n + r] } }
    for value in factorisation.solve(sums) { XCTAssertEqual((value - 1.0).doubleValue, 0, accuracy: 1e-22) }
  }

  func testScalesDoNotMatter() throws {
    // The same columns in other units: the solution changes by the units and by nothing else.
    let plain = try HouseholderQR<Double>(columns: [1, 1, 1, 1, 2, 4], rowCount: 3, tolerance: 1e-14)
    let scaled = try HouseholderQR<Double>(
      columns: [1e150, 1e150, 1e150, 1e-150, 2e-150, 4e-150], rowCount: 3, tolerance: 1e-14)
    let a = plain.solve([1, 2, 5])
    let b = scaled.solve([1, 2, 5])
    XCTAssertEqual(b[0] * 1e150, a[0], accuracy: 1e-13)
    XCTAssertEqual(b[1] * 1e-150, a[1], accuracy: 1e-13)
  }

  func testDependentColumnIsNamed() {
    XCTAssertThrowsError(
      try HouseholderQR<Double>(columns: [1, 2, 3, 2, 4, 6.000000000000001], rowCount: 3, tolerance: 1e-14)
    ) { XCTAssertEqual(($0 as? HouseholderQR<Double>.DependentColumn)?.column, 1) }
    XCTAssertThrowsError(try HouseholderQR<Double>(columns: [1, .nan, 3], rowCount: 3, tolerance: 1e-14))
  }

  func testCholeskyWhitensAndSolves() throws {
    // A = L Lᵀ with L = (2 0; 1 3): whitening (2, 4) gives (1, 1).
    let cholesky = try Cholesky<Double>([4, 2, 2, 10], count: 2)
    XCTAssertEqual(cholesky.factor, [2, 0, 1, 3])
    var vector = [2.0, 4]
    cholesky.whiten(&vector)
    XCTAssertEqual(vector, [1, 1])
    cholesky.solveTransposed(&vector)
    // A⁻¹ (2, 4) = (12, 12)/36.
    XCTAssertEqual(vector[0], 1.0 / 3, accuracy: 1e-15)
    XCTAssertEqual(vector[1], 1.0 / 3, accuracy: 1e-15)
  }

  func testCholeskyRefusesWhatIsNotPositiveDefinite() {
    for (elements, pivot) in [([1.0, 1, 1, 1], 1), ([1, 2, 2, 1], 1), ([0, 0, 0, 1], 0), ([-1, 0, 0, 1], 0)] {
      XCTAssertThrowsError(try Cholesky<Double>(elements, count: 2)) {
        XCTAssertEqual(($0 as? Cholesky<Double>.NotPositiveDefinite)?.pivot, pivot)
      }
    }
    XCTAssertThrowsError(try Cholesky<Double>([.nan], count: 1))
  }

  func testMatrixArithmetic() throws {
    let a = try Matrix(rows: [[1, 2], [3, 4], [5, 6]])
    XCTAssertEqual(a.transposed * a, try Matrix(rows: [[35, 44], [44, 56]]))
    XCTAssertEqual((a.transposed * a).bilinear([1, -1], [1, 0]), -9)
    XCTAssertEqual(a.scaled(by: 2)[2, 1], 12)
    XCTAssertThrowsError(try Matrix(rows: [[1, 2], [3]], named: "U")) {
      XCTAssertEqual($0 as? FitFault, .lengthMismatch(input: "U, row 1", expected: 2, received: 1))
    }
    XCTAssertThrowsError(try Matrix(rows: [[1, .infinity]], named: "U")) {
      XCTAssertEqual($0 as? FitFault, .notFinite(input: "U, row 0", index: 1))
    }
  }

  /// Values to 32 digits from mpmath 1.3 at 40 digits; 10⁻²⁸ leaves four of them for the argument's own rounding.
  func testElementaryFunctionsInDoubleDouble() throws {
    func check(_ value: DoubleDouble?, _ digits: String, line: UInt = #line) throws {
      let exact = try XCTUnwrap(DoubleDouble(decimal: digits.utf8), line: line)
      let found = try XCTUnwrap(value, line: line)
      XCTAssertLessThan(((found - exact) / exact).doubleValue.magnitude, 1e-28, digits, line: line)
    }
    try check(DoubleDouble(1.25).exponential(), "3.49034295746184137613054602967226548")
    try check(DoubleDouble(-20.0).exponential(), "0.00000000206115362243855782796594038015582098")
    try check(DoubleDouble(3.0).logarithm(), "1.0986122886681096913952452369225257")
    try check(DoubleDouble(2.0).sineAndCosine()?.sine, "0.909297426825681695396019865911744843")
    try check(DoubleDouble(2.0).sineAndCosine()?.cosine, "-0.41614683654714238699756822950076219")
    try check(DoubleDouble(0.75).arcTangent(), "0.643501108793284386802809228717322638")
    try check(DoubleDouble(2.0).raised(to: DoubleDouble(0.5)), "1.41421356237309504880168872420969808")
    try check(DoubleDouble(2.0).squareRoot(), "1.41421356237309504880168872420969808")
    try check(DoubleDouble(10.0).raised(to: -3), "0.001")
    XCTAssertNil(DoubleDouble(1000.0).exponential())
    XCTAssertEqual(DoubleDouble(-1000.0).exponential(), .zero)
    XCTAssertNil(DoubleDouble(0.0).logarithm())
    XCTAssertNil(DoubleDouble(-1.0).logarithm())
    XCTAssertNil(DoubleDouble(1e9).sineAndCosine())
  }

  func testLinearParametersAreSeen() throws {
    func linear(_ text: String) throws -> [String] {
      let model = try RegressionModel(parsing: text, predictors: ["x"])
      let problem = ExpressionResiduals(model: model, predictors: [], response: [], whitening: .none)
      return problem.linearParameters.map { model.parameters[$0] }
    }
    XCTAssertEqual(try linear("y = b1*exp(-b2*x) + b3*exp(-b4*x)"), ["b1", "b3"])
    XCTAssertEqual(try linear("y = (b1 + b2*x)/(1 + b3*x)"), ["b1", "b2"])
    XCTAssertEqual(try linear("y = b1*b2*x"), ["b1"])
    XCTAssertEqual(try linear("y = b1/b2*x"), ["b1"])
    XCTAssertEqual(try linear("y = exp(-b1*x)/(b2 + b3*x)"), [])
    XCTAssertEqual(try linear("y = b1 - b2*x - atan(b3/(x - b4))/pi"), ["b1", "b2"])
  }
}
