import EtalonMetrology

/// Least-squares fit of a model linear in its parameters: y = Σ pⱼ xⱼ.
///
/// Householder factorisation of the scaled design in double-double with one step of refinement, so that the published
/// reference problems of NIST (StRD, linear regression) come out to the digits that double inputs allow.
public struct LinearFit: Sendable {
  /// Names of the parameters, in order.
  public let parameterNames: [String]
  /// Parameters; unit of y over unit of the column.
  public let parameters: [Double]
  /// Covariance matrix of the parameters. From the residuals (s² (AᵀWA)⁻¹) for `equal` and `relative` weighting, from the
  /// stated uncertainties ((AᵀWA)⁻¹) otherwise (GUM H.3.3; ISO/TS 28037 clause 6).
  public let covariance: Matrix
  /// y − fitted value, in the unit of y, in the order of the points.
  public let residuals: [Double]
  /// Σ of the squared residuals, each weighted; dimensionless (the observed chi-squared) for stated uncertainties.
  public let residualSumOfSquares: Double
  /// Points less parameters.
  public let degreesOfFreedom: Int
  /// √(residual sum of squares / degrees of freedom); nil where no degree of freedom is left.
  public let residualStandardDeviation: Double?
  /// Share of the sum of squares that the model explains: about the mean if the model has a constant, else about zero
  /// (as NIST does for models through the origin); nil where all ordinates are equal.
  public let rSquared: Double?
  /// Sum of squares explained by the model; about the mean if it has a constant.
  public let regressionSumOfSquares: Double
  /// Degrees of freedom of the regression.
  public let regressionDegreesOfFreedom: Int
  /// True if every residual is within the rounding of the ordinates, so that the data carry no noise that could be seen.
  public let isExact: Bool
  /// What was known about the ordinates.
  public let weighting: Weighting

  /// Variance ratio of regression and residual; infinite for an exact fit, nil without degrees of freedom.
  public var fStatistic: Double? {
    guard degreesOfFreedom > 0, regressionDegreesOfFreedom > 0 else { return nil }
    if isExact || residualSumOfSquares == 0 { return regressionSumOfSquares > 0 ? .infinity : nil }
    return (regressionSumOfSquares / Double(regressionDegreesOfFreedom))
      / (residualSumOfSquares / Double(degreesOfFreedom))
  }

  /// Standard uncertainties of the parameters.
  public var standardUncertainties: [Double] { covariance.diagonal.map { $0.squareRoot() } }

  /// Fits `columns` (one list of abscissae for each parameter) to the ordinates.
  /// - Parameters:
  ///   - columns: values that multiply each parameter, one list of length n for each; may be empty with a constant.
  ///   - y: n ordinates.
  ///   - constant: puts a parameter for a constant before the others.
  ///   - weighting: what is known about the ordinates.
  ///   - names: of the columns; `x1`, `x2`, … without.
  /// - Throws: `FitFault` for empty, unequal, non-finite or dependent data, for fewer points than the parameters need and
  ///   for weightings that are not positive.
  public static func fit(
    columns: [[Double]], y: [Double], constant: Bool, weighting: Weighting = .equal, names: [String]? = nil
  ) throws(FitFault) -> LinearFit {
    if let names, names.count != columns.count {
      throw .lengthMismatch(input: "names", expected: columns.count, received: names.count)
    }
    var labels = names ?? columns.indices.map { "x\($0 + 1)" }
    for (index, column) in columns.enumerated() {
      try Weighting.checkFinite(column, named: labels[index], count: y.count)
    }
    var design = columns.flatMap { $0.map { DoubleDouble($0) } }
    if constant {
      labels.insert("constant", at: 0)
      design = [DoubleDouble](repeating: DoubleDouble(1.0), count: y.count) + design
    }
    return try LinearFit(design: design, y: y, weighting: weighting, names: labels, constant: constant)
  }

  /// - Parameter design: column by column, in double-double, so that powers of an abscissa are not rounded.
  init(
    design: [DoubleDouble], y: [Double], weighting: Weighting, names: [String], constant: Bool
  ) throws(FitFault) {
    let p = names.count
    guard p > 0 else { throw .invalidDegree(0) }
    let needed = weighting.isAbsolute ? p : p + 1
    guard y.count >= needed else { throw .tooFewPoints(needed: needed, received: y.count) }
    try Weighting.checkFinite(y, named: "y", count: y.count)
    let solution = try LinearLeastSquares(
      columns: design, y: y, weighting: weighting, names: names, constant: constant)
    parameterNames = names
    parameters = solution.parameters.map(\.doubleValue)
    residuals = solution.residuals.map(\.doubleValue)
    self.weighting = weighting
    let freedom = y.count - p
    degreesOfFreedom = freedom
    regressionDegreesOfFreedom = constant ? p - 1 : p
    residualSumOfSquares = solution.residualSumOfSquares.doubleValue
    let largest = y.reduce(0) { max($0, $1.magnitude) }
    // Each ordinate is rounded by up to half a unit in the last place of the largest one.
    let isExact = residuals.allSatisfy { $0.magnitude <= largest.ulp }
    self.isExact = isExact
    let variance =
      freedom > 0 ? solution.residualSumOfSquares / DoubleDouble(freedom) : DoubleDouble.zero
    residualStandardDeviation = freedom > 0 ? variance.squareRoot().doubleValue : nil
    let total = solution.totalSumOfSquares
    rSquared = total > .zero ? (DoubleDouble(1.0) - solution.residualSumOfSquares / total).doubleValue : nil
    regressionSumOfSquares = max(0, (total - solution.residualSumOfSquares).doubleValue)
    var matrix = Matrix(rowCount: p, columnCount: p)
    for r in 0..<p {
      for c in 0..<p {
        let element = solution.inverseNormalMatrix[r * p + c]
        matrix[r, c] = (weighting.isAbsolute ? element : element * variance).doubleValue
      }
    }
    covariance = matrix
    guard parameters.allSatisfy(\.isFinite), covariance.elements.allSatisfy(\.isFinite) else {
      throw .overflow("a parameter or its covariance")
    }
  }

  /// Σ pⱼ xⱼ at a new point with exactly known xⱼ (with 1 first, if the model has a constant), and the standard
  /// uncertainty it inherits from the parameters with their covariances.
  public func value(at row: [Double]) throws(FitFault) -> (value: Double, standardUncertainty: Double) {
    try Weighting.checkFinite(row, named: "row", count: parameters.count)
    var sum = DoubleDouble.zero
    for (index, x) in row.enumerated() { sum += DoubleDouble(productOf: parameters[index], x) }
    return (sum.doubleValue, max(0, covariance.bilinear(row, row)).squareRoot())
  }
}
