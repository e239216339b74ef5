import EtalonMetrology

/// Linear least squares in double-double: the common core of every fit whose model is linear in its parameters.
struct LinearLeastSquares {
  /// Parameters in the units of the columns.
  let parameters: [DoubleDouble]
  /// (AᵀWA)⁻¹, row by row.
  let inverseNormalMatrix: [DoubleDouble]
  /// y − A p, not weighted.
  let residuals: [DoubleDouble]
  /// Σ of the squared weighted residuals.
  let residualSumOfSquares: DoubleDouble
  /// Σ of the squared weighted ordinates: about their weighted mean if the model has a constant, else about zero.
  let totalSumOfSquares: DoubleDouble

  /// - Parameters:
  ///   - columns: design, column by column.
  ///   - constant: true if the columns can represent a constant.
  /// - Throws: `undeterminedParameter` with the name of the column, faults of the weighting, `overflow`.
  init(
    columns: [DoubleDouble], y: [Double], weighting: Weighting, names: [String], constant: Bool
  ) throws(FitFault) {
    let m = y.count
    let p = names.count
    let whitening = try weighting.whitening(count: m)
    var weighted = columns
    for c in 0..<p { whitening.apply(to: &weighted, from: c * m, count: m) }
    var right = y.map { DoubleDouble($0) }
    whitening.apply(to: &right, from: 0, count: m)
    let factorisation: HouseholderQR<DoubleDouble>
    do {
      // Abscissae are rounded to Doubles, so a column that differs from a combination of the others by less than their
      // rounding carries no information.
      factorisation = try HouseholderQR(columns: weighted, rowCount: m, tolerance: 8 * Double.ulpOfOne)
    } catch {
      throw .undeterminedParameter(name: names[error.column])
    }
    // One step of iterative refinement removes what the factorisation has rounded in double-double.
    var solution = factorisation.solve(right)
    var rest = Self.residuals(weighted, right, solution)
    let correction = factorisation.solve(rest)
    for c in 0..<p { solution[c] += correction[c] }
    rest = Self.residuals(weighted, right, solution)
    parameters = solution
    residuals = Self.residuals(columns, y.map { DoubleDouble($0) }, solution)
    residualSumOfSquares = rest.reduce(.zero) { $0 + $1 * $1 }
    inverseNormalMatrix = factorisation.inverseNormalMatrix()
    if constant {
      var one = [DoubleDouble](repeating: DoubleDouble(1.0), count: m)
      whitening.apply(to: &one, from: 0, count: m)
      var projection = DoubleDouble.zero
      var norm = DoubleDouble.zero
      for r in 0..<m {
        projection += one[r] * right[r]
        norm += one[r] * one[r]
      }
      let mean = projection / norm
      var sum = DoubleDouble.zero
      for r in 0..<m {
        let deviation = right[r] - mean * one[r]
        sum += deviation * deviation
      }
      totalSumOfSquares = sum
    } else {
      totalSumOfSquares = right.reduce(.zero) { $0 + $1 * $1 }
    }
    guard parameters.allSatisfy(\.isFinite), inverseNormalMatrix.allSatisfy(\.isFinite),
      residualSumOfSquares.isFinite, totalSumOfSquares.isFinite
    else { throw .overflow("a sum of the fit") }
  }

  private static func residuals(
    _ columns: [DoubleDouble], _ right: [DoubleDouble], _ solution: [DoubleDouble]
  ) -> [DoubleDouble] {
    var rest = right
    let m = right.count
    for c in solution.indices {
      for r in 0..<m { rest[r] -= columns[c * m + r] * solution[c] }
    }
    return rest
  }
}
