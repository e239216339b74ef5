import EtalonUncertainty
import XCTest

/// Riccati equations with closed solutions (P. Benner, A. J. Laub and V. Mehrmann, collections of benchmark examples
/// SPC 95_22 (continuous, CAREX) and SPC 95_23 (discrete, DAREX), Chemnitz 1995).
final class RiccatiTests: XCTestCase {
  private func matrix(_ rows: [[Double]]) throws -> Matrix { try Matrix(rows: rows) }

  private func assert(_ solution: RiccatiSolution, _ expected: [[Double]], accuracy: Double, line: UInt = #line) {
    for (r, row) in expected.enumerated() {
      for (c, value) in row.enumerated() {
        XCTAssertEqual(solution.cost[r, c], value, accuracy: accuracy, "\(r), \(c)", line: line)
      }
    }
  }

  /// CAREX 1: X = [2 1; 1 2]. CAREX 2: X = (1 + √2) Q.
  func testContinuous() throws {
    let first = try ContinuousRiccati.solve(
      a: matrix([[0, 1], [0, 0]]), b: matrix([[0], [1]]), q: matrix([[1, 0], [0, 2]]), r: matrix([[1]]))
    assert(first, [[2, 1], [1, 2]], accuracy: 1e-13)
    // K = R⁻¹ Bᵀ X.
    XCTAssertEqual(first.gain[0, 0], 1, accuracy: 1e-13)
    XCTAssertEqual(first.gain[0, 1], 2, accuracy: 1e-13)
    let second = try ContinuousRiccati.solve(
      a: matrix([[4, 3], [-4.5, -3.5]]), b: matrix([[1], [-1]]), q: matrix([[9, 6], [6, 4]]), r: matrix([[1]]))
    let f = 1 + 2.0.squareRoot()
    assert(second, [[9 * f, 6 * f], [6 * f, 4 * f]], accuracy: 1e-9)
  }

  /// DAREX 1: X = (1 + √5)/2 Q. DAREX 3 (R = 0): X = I. DAREX 5: X = [1 2; 2 2 + √5].
  func testDiscrete() throws {
    let first = try DiscreteRiccati.solve(
      a: matrix([[4, 3], [-4.5, -3.5]]), b: matrix([[1], [-1]]), q: matrix([[9, 6], [6, 4]]), r: matrix([[1]]))
    let golden = 0.5 * (1 + 5.0.squareRoot())
    assert(first, [[9 * golden, 6 * golden], [6 * golden, 4 * golden]], accuracy: 1e-11)
    let third = try DiscreteRiccati.solve(
      a: matrix([[2, -1], [1, 0]]), b: matrix([[1], [0]]), q: matrix([[0, 0], [0, 1]]), r: matrix([[0]]))
    assert(third, [[1, 0], [0, 1]], accuracy: 1e-12)
    let fifth = try DiscreteRiccati.solve(
      a: matrix([[0, 1], [0, 0]]), b: matrix([[0], [1]]), q: matrix([[1, 2], [2, 4]]), r: matrix([[1]]))
    assert(fifth, [[1, 2], [2, 2 + 5.0.squareRoot()]], accuracy: 1e-12)
  }

  /// The scalar equation has a closed root: x = q + a² x r / (r + b² x).
  func testScalar() throws {
    for (a, q) in [(1.0, 1469.1 / 15099), (0.5, 1), (1.3, 0.01), (0.99, 1e-8)] {
      let solution = try DiscreteRiccati.solve(
        a: matrix([[a]]), b: matrix([[1]]), q: matrix([[q]]), r: matrix([[1]]))
      let half = 0.5 * (a * a + q - 1)
      let root = half + (half * half + q).squareRoot()
      XCTAssertEqual(solution.cost[0, 0] / root, 1, accuracy: 1e-10)
    }
  }

  /// The filter's steady-state gain is the same root (the dual problem).
  func testDualOfTheFilter() throws {
    let model = try LocalLevelModel(observationVariance: 15099, driftVariance: 1469.1)
    let solution = try DiscreteRiccati.solve(
      a: matrix([[1]]), b: matrix([[1]]), q: matrix([[1469.1]]), r: matrix([[15099]]))
    XCTAssertEqual(model.steadyStateGain, solution.gain[0, 0], accuracy: 1e-12)
  }

  /// Every column of an eight-state chain is controlled, and the closed loop is what the equation says.
  func testLargerProblem() throws {
    let n = 8
    var a = Matrix(rowCount: n, columnCount: n)
    var b = Matrix(rowCount: n, columnCount: 2)
    for i in 0..<n {
      a[i, i] = 0.95 + 0.02 * Double(i)
      if i + 1 < n { a[i, i + 1] = 0.3 }
    }
    b[n - 1, 0] = 1
    b[3, 1] = 0.5
    let identity = Matrix(diagonal: [Double](repeating: 1, count: n))
    let discrete = try DiscreteRiccati.solve(a: a, b: b, q: identity, r: Matrix(diagonal: [1, 2]))
    XCTAssertLessThan(discrete.relativeResidual, 1e-12)
    let continuous = try ContinuousRiccati.solve(a: a, b: b, q: identity, r: Matrix(diagonal: [1, 2]))
    XCTAssertLessThan(continuous.relativeResidual, 1e-12)
  }

  func testFaults() throws {
    // An unstable mode that no input reaches.
    let unreachable = try Matrix(rows: [[2, 0], [0, 0.5]])
    let input = try Matrix(rows: [[0], [1]])
    let identity = Matrix(diagonal: [1, 1])
    let one = Matrix(diagonal: [1])
    XCTAssertThrowsError(try DiscreteRiccati.solve(a: unreachable, b: input, q: identity, r: one)) { error in
      XCTAssertEqual(error as? RiccatiFault, .notStabilisable)
    }
    XCTAssertThrowsError(try ContinuousRiccati.solve(a: unreachable, b: input, q: identity, r: one))
    XCTAssertThrowsError(try ContinuousRiccati.solve(a: unreachable, b: input, q: identity, r: Matrix(diagonal: [0]))) {
      XCTAssertEqual($0 as? RiccatiFault, .singularWeight)
    }
    XCTAssertThrowsError(try DiscreteRiccati.solve(a: unreachable, b: one, q: identity, r: one)) { error in
      XCTAssertEqual(
        error as? RiccatiFault, .extent(matrix: "B", rows: 1, columns: 1, expectedRows: 2, expectedColumns: 1))
    }
    XCTAssertThrowsError(
      try DiscreteRiccati.solve(a: unreachable, b: input, q: Matrix(rows: [[1, 1], [0, 1]]), r: one)
    ) { error in
      XCTAssertEqual(error as? RiccatiFault, .notSymmetric(matrix: "Q"))
    }
    var broken = identity
    broken[1, 1] = .nan
    XCTAssertThrowsError(try DiscreteRiccati.solve(a: broken, b: input, q: identity, r: one)) { error in
      XCTAssertEqual(error as? RiccatiFault, .notFinite(matrix: "A", row: 1, column: 1))
    }
  }
}
