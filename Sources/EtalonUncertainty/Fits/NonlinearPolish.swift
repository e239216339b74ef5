import EtalonMetrology

extension NonlinearFit {
  /// A minimum found by one route.
  struct Candidate {
    let parameters: [DoubleDouble]
    let residuals: [DoubleDouble]
    let sumOfSquares: DoubleDouble
    /// Weighted (JᵀWJ)⁻¹, row by row.
    let inverseNormalMatrix: [DoubleDouble]
  }

  /// What became of a point that a route ended at.
  enum Polished {
    case minimum(Candidate)
    /// The effect of this parameter is a combination of those before it.
    case undetermined(parameter: Int)
    /// The residuals do not become orthogonal to the parameters' effects.
    case noMinimum
  }

  /// Gauss-Newton steps with residuals in double-double from a point near a minimum.
  static func polish(_ start: [Double], _ problem: ExpressionResiduals) -> Polished {
    let m = problem.pointCount
    let p = problem.parameterCount
    var parameters = start.map { DoubleDouble($0) }
    guard var current = weighted(parameters, problem) else { return .noMinimum }
    var orthogonality = Double.infinity
    var factorisation: HouseholderQR<DoubleDouble>?
    for _ in 0..<50 {
      guard let evaluated = problem.evaluate(parameters.map(\.doubleValue)) else { return .noMinimum }
      do {
        factorisation = try HouseholderQR(
          columns: evaluated.jacobian.map { DoubleDouble($0) }, rowCount: m, tolerance: 1e-13)
      } catch {
        return .undetermined(parameter: error.column)
      }
      guard let factorisation else { return .noMinimum }
      var rotated = current.weighted
      factorisation.applyTransposed(to: &rotated)
      let tangent = rotated[..<p].reduce(DoubleDouble.zero) { $0 + $1 * $1 }
      let normal = rotated[p...].reduce(DoubleDouble.zero) { $0 + $1 * $1 }
      orthogonality = relativeOffset(
        tangent: tangent.doubleValue, normal: normal.doubleValue, p: p, freedom: m - p, noise: current.noise)
      if orthogonality < 1e-12 { break }
      let step = factorisation.solve(current.weighted)
      var fraction = 1.0
      var improved = false
      while fraction > 1e-4 && !improved {
        let trial = parameters.indices.map { parameters[$0] + step[$0] * fraction }
        if let next = weighted(trial, problem), next.sumOfSquares < current.sumOfSquares {
          parameters = trial
          current = next
          improved = true
        } else {
          fraction /= 2
        }
      }
      if !improved { break }
    }
    // 10⁻⁶ of a standard uncertainty from the minimum, by the criterion's own scale.
    guard orthogonality < 1e-6, let factorisation else { return .noMinimum }
    return .minimum(
      Candidate(
        parameters: parameters, residuals: current.plain, sumOfSquares: current.sumOfSquares,
        inverseNormalMatrix: factorisation.inverseNormalMatrix()))
  }

  /// √(|tangent|²/p) / √(|normal|²/(n − p)); the residuals' own rounding stands in where they vanish or no degree of
  /// freedom is left.
  private static func relativeOffset(
    tangent: Double, normal: Double, p: Int, freedom: Int, noise: Double
  ) -> Double {
    let scatter = max(freedom > 0 ? (normal / Double(freedom)).squareRoot() : 0, noise)
    guard scatter > 0 else { return tangent > 0 ? .infinity : 0 }
    return (tangent / Double(p)).squareRoot() / scatter
  }

  private struct Weighted {
    let plain: [DoubleDouble]
    let weighted: [DoubleDouble]
    let sumOfSquares: DoubleDouble
    /// Rounding of one weighted residual.
    let noise: Double
  }

  private static func weighted(_ parameters: [DoubleDouble], _ problem: ExpressionResiduals) -> Weighted? {
    let m = problem.pointCount
    let plain: [DoubleDouble]
    let unit: Double
    if let precise = problem.preciseResiduals(parameters) {
      plain = precise
      unit = 1e-26
    } else {
      guard let residuals = problem.plainResiduals(parameters.map(\.doubleValue)) else { return nil }
      plain = residuals
      unit = 1e-15
    }
    var whitened = plain
    problem.whitening.apply(to: &whitened, from: 0, count: m)
    var scale = problem.response
    problem.whitening.apply(to: &scale, from: 0, count: m)
    let largest = scale.reduce(0) { max($0, $1.doubleValue.magnitude) }
    let sum = whitened.reduce(DoubleDouble.zero) { $0 + $1 * $1 }
    guard sum.isFinite else { return nil }
    return Weighted(plain: plain, weighted: whitened, sumOfSquares: sum, noise: unit * largest)
  }

  init(
    _ candidate: Candidate, problem: ExpressionResiduals, weighting: Weighting, iterations: Int
  ) throws(FitFault) {
    let p = problem.parameterCount
    model = problem.model
    parameters = candidate.parameters.map(\.doubleValue)
    residuals = candidate.residuals.map(\.doubleValue)
    residualSumOfSquares = candidate.sumOfSquares.doubleValue
    let freedom = problem.pointCount - p
    degreesOfFreedom = freedom
    let variance = freedom > 0 ? candidate.sumOfSquares / DoubleDouble(freedom) : DoubleDouble.zero
    residualStandardDeviation = freedom > 0 ? variance.squareRoot().doubleValue : nil
    iterationCount = iterations
    self.weighting = weighting
    var matrix = Matrix(rowCount: p, columnCount: p)
    for r in 0..<p {
      for c in 0..<p {
        let element = candidate.inverseNormalMatrix[r * p + c]
        matrix[r, c] = (weighting.isAbsolute ? element : element * variance).doubleValue
      }
    }
    covariance = matrix
    guard parameters.allSatisfy(\.isFinite), matrix.elements.allSatisfy(\.isFinite) else {
      throw .overflow("a parameter or its covariance")
    }
  }
}
