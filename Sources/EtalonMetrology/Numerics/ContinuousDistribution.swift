/// A distribution of one real quantity, as a prior for values of a product or process.
public protocol ContinuousDistribution {
  /// Probability density at x.
  func density(_ x: Double) -> Double
  /// Probability of a value up to x.
  func cumulative(_ x: Double) -> Double
  /// Probability of a value above x.
  func upperTail(_ x: Double) -> Double
  /// Bounds outside which less than 1e-16 of the probability lies on either side.
  var support: (lower: Double, upper: Double) { get }
}

extension NormalDistribution: ContinuousDistribution {
  /// Mean ± 8.3 standard deviations.
  public var support: (lower: Double, upper: Double) {
    (mean - 8.3 * standardDeviation, mean + 8.3 * standardDeviation)
  }
}

/// The lognormal distribution: ln X is normal with mean μ and standard deviation σ.
@frozen
public struct LogNormalDistribution: ContinuousDistribution, Equatable, Sendable {
  /// The distribution of ln X.
  public let logarithm: NormalDistribution

  /// - Parameters:
  ///   - logMean: Expectation μ of ln X.
  ///   - logStandardDeviation: Standard deviation σ of ln X, > 0.
  public init(logMean: Double, logStandardDeviation: Double) throws(DistributionFault) {
    logarithm = try NormalDistribution(mean: logMean, standardDeviation: logStandardDeviation)
  }

  /// Probability density at x; 0 for x ≤ 0.
  public func density(_ x: Double) -> Double { x > 0 ? logarithm.density(Elementary.log(x)) / x : 0 }

  /// Probability of a value up to x.
  public func cumulative(_ x: Double) -> Double { x > 0 ? logarithm.cumulative(Elementary.log(x)) : 0 }

  /// Probability of a value above x.
  public func upperTail(_ x: Double) -> Double { x > 0 ? logarithm.upperTail(Elementary.log(x)) : 1 }

  /// The exponential of the support of ln X.
  public var support: (lower: Double, upper: Double) {
    (Elementary.exp(logarithm.support.lower), Elementary.exp(logarithm.support.upper))
  }
}

/// The gamma distribution with shape a and scale b: mean a b, variance a b².
@frozen
public struct GammaDistribution: ContinuousDistribution, Equatable, Sendable {
  /// Shape, > 0.
  public let shape: Double
  /// Scale, > 0, in the unit of the quantity.
  public let scale: Double

  /// - Throws: `.argument` for a shape and `.standardDeviation` for a scale that is not positive and finite.
  public init(shape: Double, scale: Double) throws(DistributionFault) {
    guard shape > 0, shape.isFinite else { throw .argument(shape) }
    guard scale > 0, scale.isFinite else { throw .standardDeviation(scale) }
    self.shape = shape
    self.scale = scale
  }

  /// Probability density at x; 0 for x < 0.
  public func density(_ x: Double) -> Double {
    let y = x / scale
    if y < 0 { return 0 }
    if y == 0 { return shape > 1 ? 0 : (shape == 1 ? 1 / scale : .infinity) }
    let poisson =
      Elementary.exp(-SpecialFunctions.stirlingError(shape) - SpecialFunctions.deviance(shape, y))
      / (6.283185307179586 * shape).squareRoot()
    return poisson * shape / x
  }

  /// Probability of a value up to x.
  public func cumulative(_ x: Double) -> Double { x > 0 ? SpecialFunctions.gammaPair(shape, x / scale).lower : 0 }

  /// Probability of a value above x.
  public func upperTail(_ x: Double) -> Double { x > 0 ? SpecialFunctions.gammaPair(shape, x / scale).upper : 1 }

  /// From 0 to a bound by Chernoff's inequality, P(X > t) ≤ exp(−deviance).
  public var support: (lower: Double, upper: Double) {
    var upper = shape + 10
    while SpecialFunctions.deviance(shape, upper) < 37 { upper *= 1.25 }
    return (0, upper * scale)
  }
}

/// The rectangular distribution between two bounds.
@frozen
public struct RectangularDistribution: ContinuousDistribution, Equatable, Sendable {
  /// The bounds, the lower below the upper.
  public let lower: Double
  /// The upper bound.
  public let upper: Double

  /// - Throws: `.argument` for bounds that are not finite or not in order.
  public init(lower: Double, upper: Double) throws(DistributionFault) {
    guard lower.isFinite else { throw .argument(lower) }
    guard upper.isFinite, upper > lower else { throw .argument(upper) }
    self.lower = lower
    self.upper = upper
  }

  /// 1 / width between the bounds, 0 elsewhere.
  public func density(_ x: Double) -> Double { x < lower || x > upper ? 0 : 1 / (upper - lower) }

  /// Probability of a value up to x.
  public func cumulative(_ x: Double) -> Double {
    x <= lower ? 0 : (x >= upper ? 1 : (x - lower) / (upper - lower))
  }

  /// Probability of a value above x.
  public func upperTail(_ x: Double) -> Double {
    x <= lower ? 1 : (x >= upper ? 0 : (upper - x) / (upper - lower))
  }

  /// The bounds.
  public var support: (lower: Double, upper: Double) { (lower, upper) }
}
