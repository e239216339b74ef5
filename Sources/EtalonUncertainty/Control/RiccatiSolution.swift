/// The stabilising solution of an algebraic Riccati equation.
public struct RiccatiSolution: Equatable, Sendable {
  /// X, symmetric: the cost of the state x is xᵀ X x.
  public let cost: Matrix
  /// K of the optimal control u = −K x.
  public let gain: Matrix
  /// Largest element of the equation's residual over the largest element of its terms.
  public let relativeResidual: Double
}

/// Matrix arithmetic of the solvers.
extension Matrix {
  static func + (a: Matrix, b: Matrix) -> Matrix { a.combined(with: b, factor: 1) }
  static func - (a: Matrix, b: Matrix) -> Matrix { a.combined(with: b, factor: -1) }

  func combined(with other: Matrix, factor: Double) -> Matrix {
    var result = self
    for r in 0..<rowCount { for c in 0..<columnCount { result[r, c] += factor * other[r, c] } }
    return result
  }

  static func identity(_ n: Int) -> Matrix { Matrix(diagonal: [Double](repeating: 1, count: n)) }

  /// ½ (M + Mᵀ).
  var symmetrised: Matrix {
    var result = self
    for r in 0..<rowCount { for c in 0..<columnCount { result[r, c] = 0.5 * (self[r, c] + self[c, r]) } }
    return result
  }

  /// Largest magnitude of an element.
  var largest: Double { elements.reduce(0) { max($0, abs($1)) } }

  /// self⁻¹ · right, or nil for a singular matrix.
  func solved(_ right: Matrix) -> Matrix? {
    let columns = (0..<right.columnCount).map { c in (0..<right.rowCount).map { right[$0, c] } }
    guard let solution = LinearSystem(self).solve(columns: columns) else { return nil }
    var result = Matrix(rowCount: rowCount, columnCount: right.columnCount)
    for c in 0..<right.columnCount { for r in 0..<rowCount { result[r, c] = solution[c][r] } }
    return result
  }

  /// Checks extents and elements of a problem's matrix.
  func check(_ name: String, _ rows: Int, _ columns: Int, symmetric: Bool) throws(RiccatiFault) {
    guard rowCount == rows, columnCount == columns else {
      throw .extent(
        matrix: name, rows: rowCount, columns: columnCount, expectedRows: rows, expectedColumns: columns)
    }
    for r in 0..<rows {
      for c in 0..<columns where !self[r, c].isFinite { throw .notFinite(matrix: name, row: r, column: c) }
    }
    if symmetric {
      for r in 0..<rows {
        for c in 0..<r where abs(self[r, c] - self[c, r]) > 1e-12 * largest { throw .notSymmetric(matrix: name) }
      }
    }
  }
}
