import EtalonMetrology

/// Orthogonal factorisation of a tall matrix with its columns scaled to unit length: A = Q R D.
///
/// Householder's reflections without forming Q (G. H. Golub and C. F. Van Loan, Matrix Computations, 5.2). Scaling takes the
/// units of the parameters out of the condition number. In `DoubleDouble` the residuals and the solution of the worst
/// published polynomial keep all digits of a `Double`.
struct HouseholderQR<Scalar: LinearScalar> {
  let rowCount: Int
  let columnCount: Int
  /// Column by column; below and on the diagonal the reflectors, above it R.
  private var factors: [Scalar]
  private var diagonal: [Scalar]
  private var scales: [Scalar]

  /// A column that the columns before it explain to the rounding of its elements.
  struct DependentColumn: Error {
    let column: Int
  }

  /// Factorises the matrix given column by column.
  /// - Parameter tolerance: length of what is left of a unit column, at or below which it counts as dependent.
  init(columns: [Scalar], rowCount: Int, tolerance: Double) throws(DependentColumn) {
    precondition(rowCount > 0 && columns.count % rowCount == 0, "The columns do not fill the matrix.")
    self.rowCount = rowCount
    let count = columns.count / rowCount
    columnCount = count
    precondition(count <= rowCount, "More columns than rows.")
    factors = columns
    diagonal = [Scalar](repeating: .zero, count: count)
    scales = [Scalar](repeating: .zero, count: count)
    let m = rowCount
    for c in 0..<count {
      let length = Self.length(factors, from: c * m, count: m)
      guard length > .zero, length.isFinite else { throw DependentColumn(column: c) }
      scales[c] = length
      for r in 0..<m { factors[c * m + r] = factors[c * m + r] / length }
    }
    let least = Scalar(tolerance)
    for c in 0..<count {
      let length = Self.length(factors, from: c * m + c, count: m - c)
      guard length > least else { throw DependentColumn(column: c) }
      let head = factors[c * m + c]
      let pivot = head < .zero ? length : -length
      diagonal[c] = pivot
      // v = x − pivot e₁, kept in place with vᵀv / 2 = −pivot · v₁.
      factors[c * m + c] = head - pivot
      let half = -(pivot * factors[c * m + c])
      for other in (c + 1)..<max(count, c + 1) {
        var dot = Scalar.zero
        for r in c..<m { dot += factors[c * m + r] * factors[other * m + r] }
        let factor = dot / half
        for r in c..<m { factors[other * m + r] -= factor * factors[c * m + r] }
      }
    }
  }

  private static func length(_ values: [Scalar], from start: Int, count: Int) -> Scalar {
    var largest = Scalar.zero
    for index in start..<start + count { largest = max(largest, values[index].magnitude) }
    guard largest > .zero, largest.isFinite else { return largest }
    var sum = Scalar.zero
    for index in start..<start + count {
      let part = values[index] / largest
      sum += part * part
    }
    return sum.squareRoot() * largest
  }

  /// Qᵀ b in place.
  func applyTransposed(to vector: inout [Scalar]) {
    let m = rowCount
    for c in 0..<columnCount {
      let half = -(diagonal[c] * factors[c * m + c])
      var dot = Scalar.zero
      for r in c..<m { dot += factors[c * m + r] * vector[r] }
      let factor = dot / half
      for r in c..<m { vector[r] -= factor * factors[c * m + r] }
    }
  }

  /// The parameters that minimise |A p − b|, in the units of the unscaled columns.
  func solve(_ right: [Scalar]) -> [Scalar] {
    var vector = right
    applyTransposed(to: &vector)
    var solution = [Scalar](repeating: .zero, count: columnCount)
    for c in stride(from: columnCount - 1, through: 0, by: -1) {
      var sum = vector[c]
      for other in (c + 1)..<max(columnCount, c + 1) { sum -= factors[other * rowCount + c] * solution[other] }
      solution[c] = sum / diagonal[c]
    }
    for c in 0..<columnCount { solution[c] = solution[c] / scales[c] }
    return solution
  }

  /// (AᵀA)⁻¹, row by row.
  func inverseNormalMatrix() -> [Scalar] {
    let n = columnCount
    // Rows of R⁻¹, upper triangular.
    var inverse = [Scalar](repeating: .zero, count: n * n)
    for c in 0..<n {
      inverse[c * n + c] = Scalar(1) / diagonal[c]
      for r in stride(from: c - 1, through: 0, by: -1) {
        var sum = Scalar.zero
        for k in (r + 1)...c { sum += factors[k * rowCount + r] * inverse[k * n + c] }
        inverse[r * n + c] = -(sum / diagonal[r])
      }
    }
    var result = [Scalar](repeating: .zero, count: n * n)
    for r in 0..<n {
      for c in r..<n {
        var sum = Scalar.zero
        for k in c..<n { sum += inverse[r * n + k] * inverse[c * n + k] }
        let element = sum / (scales[r] * scales[c])
        result[r * n + c] = element
        result[c * n + r] = element
      }
    }
    return result
  }
}
