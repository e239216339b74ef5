import EtalonMetrology

/// Least-squares polynomial y = Σ cₖ xᵏ.
///
/// The powers, the factorisation and the residuals are held in double-double, so that the tenth-degree reference problem of
/// NIST (StRD, Filip) comes out to the digits that double inputs allow, in the plain basis of powers.
public struct PolynomialFit: Sendable {
  /// c₀ … c_degree; cₖ in the unit of y over that of xᵏ.
  public let coefficients: [Double]
  /// Covariance matrix of the coefficients, in their order.
  public let covariance: Matrix
  /// y − fitted value, in the unit of y, in the order of the points.
  public let residuals: [Double]
  /// √(weighted residual sum of squares / degrees of freedom); nil where no degree of freedom is left.
  public let residualStandardDeviation: Double?
  /// Points less coefficients.
  public let degreesOfFreedom: Int
  /// The same fit with its sums of squares.
  public let linearFit: LinearFit
  /// Smallest and largest abscissa of the data: outside, the polynomial is extrapolated.
  public let range: ClosedRange<Double>

  /// Degree of the polynomial.
  public var degree: Int { coefficients.count - 1 }
  /// Standard uncertainties of the coefficients.
  public var standardUncertainties: [Double] { linearFit.standardUncertainties }

  /// Fits a polynomial to points of equal or relatively weighted ordinates; the residuals give the uncertainty.
  /// - Parameters:
  ///   - x: exactly known abscissae, n of them.
  ///   - y: n ordinates.
  ///   - weights: positive, proportional to 1/u²; nil for equal weights.
  ///   - degree: 0 or more; n must exceed degree + 1.
  /// - Throws: `FitFault`.
  public static func fit(
    x: [Double], y: [Double], weights: [Double]? = nil, degree: Int
  ) throws(FitFault) -> PolynomialFit {
    if let weights { return try fit(x: x, y: y, weighting: .relative(weights), degree: degree) }
    return try fit(x: x, y: y, weighting: .equal, degree: degree)
  }

  /// Fits a polynomial with anything that can be known about the ordinates.
  /// - Throws: `FitFault`; `duplicateAbscissae` where too few abscissae differ for the degree.
  public static func fit(
    x: [Double], y: [Double], weighting: Weighting, degree: Int
  ) throws(FitFault) -> PolynomialFit {
    guard degree >= 0 else { throw .invalidDegree(degree) }
    let needed = degree + (weighting.isAbsolute ? 1 : 2)
    guard x.count >= needed else { throw .tooFewPoints(needed: needed, received: x.count) }
    try Weighting.checkFinite(x, named: "x", count: y.count)
    let different = Set(x).count
    guard different > degree else { throw .duplicateAbscissae(different: different, needed: degree + 1) }
    let m = x.count
    var design = [DoubleDouble](repeating: DoubleDouble(1.0), count: m * (degree + 1))
    for k in 0..<degree {
      for r in 0..<m { design[(k + 1) * m + r] = design[k * m + r] * x[r] }
    }
    let fit = try LinearFit(
      design: design, y: y, weighting: weighting, names: (0...degree).map { "c\($0)" }, constant: true)
    return PolynomialFit(fit, range: x.min()!...x.max()!)
  }

  private init(_ fit: LinearFit, range: ClosedRange<Double>) {
    coefficients = fit.parameters
    covariance = fit.covariance
    residuals = fit.residuals
    residualStandardDeviation = fit.residualStandardDeviation
    degreesOfFreedom = fit.degreesOfFreedom
    linearFit = fit
    self.range = range
  }

  /// The polynomial, its slope and the standard uncertainty that both the coefficients and the abscissa give it.
  /// - Parameters:
  ///   - x: abscissa.
  ///   - standardUncertainty: of the abscissa, independent of the fit; 0 for an exactly known one.
  public func value(
    at x: Double, standardUncertainty: Double = 0
  ) throws(FitFault) -> (value: Double, slope: Double, standardUncertainty: Double) {
    guard x.isFinite else { throw .notFinite(input: "x", index: 0) }
    guard standardUncertainty.isFinite, standardUncertainty >= 0 else {
      throw .notPositive(input: "standard uncertainty of x", index: 0, value: standardUncertainty)
    }
    var value = DoubleDouble.zero
    var slope = DoubleDouble.zero
    for coefficient in coefficients.reversed() {
      slope = slope * x + value
      value = value * x + coefficient
    }
    var power = 1.0
    let powers = coefficients.map { _ in
      defer { power *= x }
      return power
    }
    let fromX = slope.doubleValue * standardUncertainty
    let variance = max(0, covariance.bilinear(powers, powers)) + fromX * fromX
    guard value.isFinite, variance.isFinite else { throw .overflow("the polynomial at \(x)") }
    return (value.doubleValue, slope.doubleValue, variance.squareRoot())
  }
}
