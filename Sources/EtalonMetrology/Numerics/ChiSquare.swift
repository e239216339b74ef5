/// The chi-squared distribution with real degrees of freedom.
@frozen
public struct ChiSquare: Equatable, Sendable {
  /// Degrees of freedom, > 0 and finite.
  public let degreesOfFreedom: Double

  /// - Throws: `.degreesOfFreedom` for a value that is not positive and finite.
  public init(degreesOfFreedom: Double) throws(DistributionFault) {
    guard degreesOfFreedom > 0, degreesOfFreedom.isFinite else { throw .degreesOfFreedom(degreesOfFreedom) }
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// Probability density at x; infinite at 0 for fewer than two degrees of freedom, as the distribution is.
  public func density(_ x: Double) -> Double {
    if x < 0 || x == .infinity { return 0 }
    let a = 0.5 * degreesOfFreedom
    if x == 0 { return a > 1 ? 0 : (a == 1 ? 0.5 : .infinity) }
    let poisson =
      Elementary.exp(-SpecialFunctions.stirlingError(a) - SpecialFunctions.deviance(a, 0.5 * x))
      / (6.283185307179586 * a).squareRoot()
    return poisson * a / x
  }

  /// Probability of a value up to x; relative error below 1e-12.
  public func cumulative(_ x: Double) -> Double {
    x <= 0 ? 0 : SpecialFunctions.gammaPair(0.5 * degreesOfFreedom, 0.5 * x).lower
  }

  /// Probability of a value above x, without cancellation in the upper tail.
  public func upperTail(_ x: Double) -> Double {
    x <= 0 ? 1 : SpecialFunctions.gammaPair(0.5 * degreesOfFreedom, 0.5 * x).upper
  }

  /// The value not exceeded with probability p, 0 < p < 1; relative error below 1e-12.
  public func quantile(_ p: Double) throws(DistributionFault) -> Double {
    guard p > 0, p < 1 else { throw .probability(p) }
    // Wilson and Hilferty's cube as a start.
    let n = degreesOfFreedom
    let z = try NormalDistribution.standard.quantile(p)
    let root = 1 - 2 / (9 * n) + z * (2 / (9 * n)).squareRoot()
    let guess = root > 0.05 ? n * root * root * root : 0.5 * n * p
    if p < 0.5 {
      return try SpecialFunctions.solve(p, from: guess, increasing: true) { (cumulative($0), density($0)) }
    }
    return try SpecialFunctions.solve(1 - p, from: guess, increasing: false) { (upperTail($0), density($0)) }
  }
}
