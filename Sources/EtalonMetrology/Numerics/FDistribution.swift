/// Fisher's F-distribution with real degrees of freedom; either may be infinite.
@frozen
public struct FDistribution: Equatable, Sendable {
  /// Degrees of freedom of the numerator, > 0, infinity allowed.
  public let numeratorDegreesOfFreedom: Double
  /// Degrees of freedom of the denominator, > 0, infinity allowed.
  public let denominatorDegreesOfFreedom: Double

  /// - Throws: `.degreesOfFreedom` for a value that is not positive, or when both are infinite (all probability at 1).
  public init(numerator: Double, denominator: Double) throws(DistributionFault) {
    guard numerator > 0 else { throw .degreesOfFreedom(numerator) }
    guard denominator > 0, numerator.isFinite || denominator.isFinite else { throw .degreesOfFreedom(denominator) }
    numeratorDegreesOfFreedom = numerator
    denominatorDegreesOfFreedom = denominator
  }

  /// Probabilities below and above x > 0.
  private func pair(_ x: Double) -> (lower: Double, upper: Double) {
    let m = numeratorDegreesOfFreedom
    let n = denominatorDegreesOfFreedom
    if x == .infinity { return (1, 0) }
    if n == .infinity { return SpecialFunctions.gammaPair(0.5 * m, 0.5 * m * x) }
    if m == .infinity {
      let (lower, upper) = SpecialFunctions.gammaPair(0.5 * n, 0.5 * n / x)
      return (upper, lower)
    }
    let ratio = m * x / n
    let inside = ratio > 1 ? 1 / (1 + 1 / ratio) : ratio / (1 + ratio)
    let outside = 1 / (1 + ratio)
    return SpecialFunctions.betaPair(0.5 * m, 0.5 * n, inside, outside)
  }

  /// Probability of a value up to x; relative error below 1e-12.
  public func cumulative(_ x: Double) -> Double { x <= 0 ? 0 : pair(x).lower }

  /// Probability of a value above x, without cancellation in the upper tail.
  public func upperTail(_ x: Double) -> Double { x <= 0 ? 1 : pair(x).upper }

  /// Probability density at x; infinite at 0 for fewer than two degrees of freedom of the numerator, as the
  /// distribution is.
  public func density(_ x: Double) -> Double {
    if x < 0 || x == .infinity { return 0 }
    let a = 0.5 * numeratorDegreesOfFreedom
    let b = 0.5 * denominatorDegreesOfFreedom
    if x == 0 { return a > 1 ? 0 : (a == 1 ? 1 : .infinity) }
    if b == .infinity {
      return Elementary.exp(-SpecialFunctions.stirlingError(a) - SpecialFunctions.deviance(a, a * x))
        / (6.283185307179586 * a).squareRoot() * a / x
    }
    if a == .infinity {
      return Elementary.exp(-SpecialFunctions.stirlingError(b) - SpecialFunctions.deviance(b, b / x))
        / (6.283185307179586 * b).squareRoot() * b / x
    }
    let n = a + b
    let ratio = a / b * x
    let inside = ratio / (1 + ratio)
    let outside = 1 / (1 + ratio)
    let exponent =
      SpecialFunctions.stirlingError(n) - SpecialFunctions.stirlingError(a) - SpecialFunctions.stirlingError(b)
      - SpecialFunctions.deviance(a, n * inside) - SpecialFunctions.deviance(b, n * outside)
    let binomial = Elementary.exp(exponent) * (n / (6.283185307179586 * a * b)).squareRoot()
    // The beta density times the derivative of inside(x), which is inside · outside / x.
    return binomial * a * b / n / x
  }

  /// The value not exceeded with probability p, 0 < p < 1; relative error below 1e-12.
  public func quantile(_ p: Double) throws(DistributionFault) -> Double {
    guard p > 0, p < 1 else { throw .probability(p) }
    if p < 0.5 {
      return try SpecialFunctions.solve(p, from: 0.5, increasing: true) { (cumulative($0), density($0)) }
    }
    return try SpecialFunctions.solve(1 - p, from: 2, increasing: false) { (upperTail($0), density($0)) }
  }
}
