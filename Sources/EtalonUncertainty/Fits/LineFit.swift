import EtalonMetrology

/// A straight line y = a + b x with the covariance of its parameters, for use in both directions.
///
/// Made by fitting (see the static functions, after ISO/TS 28037:2010) or from the figures of a certificate.
public struct LineFit: Sendable {
  /// How the line was found, and so what its covariance means.
  public enum Method: Sendable, Equatable {
    /// Equal and unknown uncertainties of y, estimated by the residuals with n − 2 degrees of freedom (GUM H.3).
    case ordinary
    /// As `ordinary`, with the covariance enlarged by (n − 2)/(n − 4): the covariance matrix of the parameters' joint t
    /// distribution (ISO/TS 28037 annex E).
    case ordinaryBayesian
    /// Stated uncertainties of independent y (ISO/TS 28037 clause 6).
    case weighted
    /// Stated uncertainties of x and y, each pair independent of the others (clauses 7 and 8).
    case generalisedDistance
    /// Stated covariance matrix of y (clause 9).
    case gaussMarkov
    /// Stated covariance matrix of x and y (clause 10).
    case generalisedGaussMarkov
    /// Parameters taken over from elsewhere.
    case stated
  }

  /// How the line was found.
  public let method: Method
  /// a, in the unit of y.
  public let intercept: Double
  /// b, in the unit of y over that of x.
  public let slope: Double
  /// Covariance matrix of (a, b).
  public let covariance: Matrix
  /// For uncertain abscissae: the covariance that first-order propagation (GUM 5.1.2) of the data's uncertainties through
  /// the equations of the estimate gives. `covariance` is that of the Gauss-Newton normal matrix, as ISO/TS 28037
  /// prescribes; the two differ by the size of the residuals. Nil for other methods.
  public let propagatedCovariance: Matrix?
  /// Number of points; 0 for a stated line.
  public let pointCount: Int
  /// Points less two; 0 for a stated line.
  public let degreesOfFreedom: Int
  /// Observed chi-squared for stated uncertainties, Σ (y − a − b x)² in the squared unit of y for the ordinary methods.
  public let residualSumOfSquares: Double
  /// y − a − b x at each point, in the unit of y.
  public let residuals: [Double]
  /// Abscissae estimated along with the line; the given ones where they are exact.
  public let estimatedAbscissae: [Double]

  /// u(a).
  public var interceptStandardUncertainty: Double { covariance[0, 0].squareRoot() }
  /// u(b).
  public var slopeStandardUncertainty: Double { covariance[1, 1].squareRoot() }
  /// cov(a, b).
  public var interceptSlopeCovariance: Double { covariance[0, 1] }
  /// r(a, b); nil where a parameter has no uncertainty.
  public var interceptSlopeCorrelation: Double? {
    let product = interceptStandardUncertainty * slopeStandardUncertainty
    return product > 0 ? min(1, max(-1, interceptSlopeCovariance / product)) : nil
  }
  /// √(residual sum of squares / degrees of freedom); nil where no degree of freedom is left. For stated uncertainties
  /// this is the Birge ratio, near 1 for consistent data.
  public var residualStandardDeviation: Double? {
    degreesOfFreedom > 0 ? (residualSumOfSquares / Double(degreesOfFreedom)).squareRoot() : nil
  }

  init(
    method: Method, intercept: Double, slope: Double, covariance: Matrix, propagatedCovariance: Matrix? = nil,
    residualSumOfSquares: Double, residuals: [Double], abscissae: [Double]
  ) throws(FitFault) {
    self.method = method
    self.intercept = intercept
    self.slope = slope
    self.covariance = covariance
    self.propagatedCovariance = propagatedCovariance
    self.residualSumOfSquares = residualSumOfSquares
    self.residuals = residuals
    estimatedAbscissae = abscissae
    pointCount = residuals.count
    degreesOfFreedom = max(0, residuals.count - 2)
    guard intercept.isFinite, slope.isFinite, covariance.elements.allSatisfy(\.isFinite),
      propagatedCovariance?.elements.allSatisfy(\.isFinite) ?? true, residualSumOfSquares.isFinite
    else { throw .overflow("a parameter of the line or its covariance") }
  }

  /// A line whose parameters a certificate states.
  /// - Parameters:
  ///   - correlation: r(a, b), from −1 to 1.
  /// - Throws: `notFinite`; `notPositive` for a negative uncertainty; `notPositiveDefinite` for a correlation beyond 1.
  public init(
    intercept: Double, interceptStandardUncertainty: Double, slope: Double, slopeStandardUncertainty: Double,
    correlation: Double
  ) throws(FitFault) {
    try Weighting.checkFinite([intercept, slope], named: "parameters of the line", count: 2)
    let uncertainties = [interceptStandardUncertainty, slopeStandardUncertainty]
    try Weighting.checkNotNegative(uncertainties, named: "standard uncertainties of the line", count: 2)
    guard correlation.magnitude <= 1 else { throw .notPositiveDefinite(input: "correlation of a and b", index: 1) }
    let product = interceptStandardUncertainty * slopeStandardUncertainty * correlation
    var matrix = Matrix(diagonal: uncertainties.map { $0 * $0 })
    matrix[0, 1] = product
    matrix[1, 0] = product
    try self.init(
      method: .stated, intercept: intercept, slope: slope, covariance: matrix, residualSumOfSquares: 0, residuals: [],
      abscissae: [])
  }

  // MARK: - Fitting with exact abscissae

  /// Equal and unknown uncertainties of y; their size follows from the residuals (GUM H.3; ISO/TS 28037 annex E).
  /// - Parameter bayesian: enlarges the covariance by (n − 2)/(n − 4), which takes five points; see `Method`.
  /// - Throws: `FitFault`; three points are needed at least.
  public static func ordinary(x: [Double], y: [Double], bayesian: Bool = false) throws(FitFault) -> LineFit {
    let fit = try PolynomialFit.fit(x: x, y: y, weighting: .equal, degree: 1)
    guard bayesian else { return try LineFit(fit, x: x, method: .ordinary, factor: 1) }
    guard x.count > 4 else { throw .tooFewPoints(needed: 5, received: x.count) }
    return try LineFit(
      fit, x: x, method: .ordinaryBayesian, factor: Double(x.count - 2) / Double(x.count - 4))
  }

  /// Stated standard uncertainties of independent y (ISO/TS 28037 clause 6).
  /// - Throws: `FitFault`; two points are needed at least.
  public static func weighted(
    x: [Double], y: [Double], standardUncertainties: [Double]
  ) throws(FitFault) -> LineFit {
    let fit = try PolynomialFit.fit(
      x: x, y: y, weighting: .standardUncertainties(standardUncertainties), degree: 1)
    return try LineFit(fit, x: x, method: .weighted, factor: 1)
  }

  /// Stated covariance matrix of y (ISO/TS 28037 clause 9).
  /// - Throws: `FitFault`; `notPositiveDefinite` names the row.
  public static func gaussMarkov(x: [Double], y: [Double], covariance: Matrix) throws(FitFault) -> LineFit {
    let fit = try PolynomialFit.fit(x: x, y: y, weighting: .covariance(covariance), degree: 1)
    return try LineFit(fit, x: x, method: .gaussMarkov, factor: 1)
  }

  private init(_ fit: PolynomialFit, x: [Double], method: Method, factor: Double) throws(FitFault) {
    try self.init(
      method: method, intercept: fit.coefficients[0], slope: fit.coefficients[1],
      covariance: fit.covariance.scaled(by: factor), residualSumOfSquares: fit.linearFit.residualSumOfSquares,
      residuals: fit.residuals, abscissae: x)
  }
}
