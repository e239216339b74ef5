/// Student's t-distribution with real degrees of freedom; infinite degrees of freedom give the standard normal.
@frozen
public struct StudentT: Equatable, Sendable {
  /// Degrees of freedom, > 0, infinity allowed.
  public let degreesOfFreedom: Double

  /// - Throws: `.degreesOfFreedom` for a value that is not positive.
  public init(degreesOfFreedom: Double) throws(DistributionFault) {
    guard degreesOfFreedom > 0 else { throw .degreesOfFreedom(degreesOfFreedom) }
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// Probability density at t (form of C. Loader, without cancellation for large degrees of freedom).
  public func density(_ t: Double) -> Double {
    let n = degreesOfFreedom
    if n == .infinity { return NormalDistribution.standard.density(t) }
    let a = Swift.abs(t)
    if a == .infinity { return 0 }
    let constant =
      -SpecialFunctions.deviance(0.5 * n, 0.5 * (n + 1)) + SpecialFunctions.stirlingError(0.5 * (n + 1))
      - SpecialFunctions.stirlingError(0.5 * n)
    let ratio = a / n.squareRoot() * (a / n.squareRoot())
    let exponent: Double
    let root: Double
    if ratio > 1e20 {
      root = n.squareRoot() / a
      exponent = n * (Elementary.log(a) - 0.5 * Elementary.log(n))
    } else if ratio > 0.2 {
      let half = 0.5 * Elementary.log1p(ratio)
      exponent = n * half
      root = Elementary.exp(-half)
    } else {
      exponent = -SpecialFunctions.deviance(0.5 * n, 0.5 * (n + a * a)) + 0.5 * a * a
      root = Elementary.exp(-0.5 * Elementary.log1p(ratio))
    }
    return 0.3989422804014327 * Elementary.exp(constant - exponent) * root
  }

  /// Above this the incomplete beta function becomes slow and Hill's expansion (Comm. ACM 13 (1970) 617, algorithm 395)
  /// is exact to double precision.
  private static let manyDegrees = 5e3

  private func normalDeviate(_ t: Double) -> Double {
    let n = degreesOfFreedom
    if n == .infinity { return t }
    let a = n - 0.5
    let b = 48 * a * a
    let w2 = a * Elementary.log1p(t * t / n)
    let w = w2.squareRoot()
    let second = (((4 * w2 + 33) * w2 + 240) * w2 + 855) / (10 * b * (b + 0.8 * w2 * w2 + 100))
    return w * (1 + (w2 + 3) / b - second)
  }

  /// P(T > t) for t ≥ 0.
  private func tail(_ t: Double) -> Double {
    let n = degreesOfFreedom
    if t == .infinity { return 0 }
    if n > Self.manyDegrees { return NormalDistribution.standard.upperTail(normalDeviate(t)) }
    let (inside, outside) = fractions(t)
    return 0.5 * SpecialFunctions.betaPair(0.5 * n, 0.5, outside, inside).lower
  }

  /// t² / (ν + t²) and ν / (ν + t²).
  private func fractions(_ t: Double) -> (inside: Double, outside: Double) {
    let ratio = t / degreesOfFreedom.squareRoot()
    if ratio > 1 {
      let inverse = 1 / ratio
      let square = inverse * inverse
      return (1 / (1 + square), square / (1 + square))
    }
    let square = ratio * ratio
    return (square / (1 + square), 1 / (1 + square))
  }

  /// P(0 < T < t) for t ≥ 0, without cancellation near 0.
  private func central(_ t: Double) -> Double {
    let n = degreesOfFreedom
    if n > Self.manyDegrees { return 0.5 * Elementary.erf(normalDeviate(t) * 0.7071067811865476) }
    let (inside, outside) = fractions(t)
    return 0.5 * SpecialFunctions.betaPair(0.5 * n, 0.5, outside, inside).upper
  }

  /// Probability of a value up to t; relative error below 1e-12 also in the lower tail.
  public func cumulative(_ t: Double) -> Double { t < 0 ? tail(-t) : 1 - tail(t) }

  /// Probability of a value above t, without cancellation in the upper tail.
  public func upperTail(_ t: Double) -> Double { t > 0 ? tail(t) : 1 - tail(-t) }

  /// The value not exceeded with probability p, 0 < p < 1; relative error below 1e-12.
  public func quantile(_ p: Double) throws(DistributionFault) -> Double {
    guard p > 0, p < 1 else { throw .probability(p) }
    if p == 0.5 { return 0 }
    if degreesOfFreedom == .infinity { return try NormalDistribution.standard.quantile(p) }
    let guess = startingQuantile(Swift.min(p, 1 - p), -Swift.abs(try NormalDistribution.standard.quantile(p)))
    let t: Double
    if Swift.abs(p - 0.5) < 0.2 {
      t = try SpecialFunctions.solve(Swift.abs(p - 0.5), from: guess, increasing: true) {
        (central($0), density($0))
      }
    } else {
      t = try SpecialFunctions.solve(Swift.min(p, 1 - p), from: guess, increasing: false) {
        (tail($0), density($0))
      }
    }
    return p < 0.5 ? -t : t
  }

  /// About the magnitude of the quantile for a tail of probability p with the normal quantile z < 0: G. W. Hill, algorithm
  /// 396, Comm. ACM 13 (1970) 619, good to six digits from three degrees of freedom on; |z| for fewer.
  private func startingQuantile(_ p: Double, _ z: Double) -> Double {
    let n = degreesOfFreedom
    guard n >= 3 else { return -z }
    let a = 1 / (n - 0.5)
    let b = 48 / (a * a)
    var c = ((20_700 * a / b - 98) * a - 16) * a + 96.36
    let d = ((94.5 / (b + c) - 3) / b + 1) * (a * 1.5707963267948966).squareRoot() * n
    var y = Elementary.pow(d * 2 * p, 2 / n)
    if y > 0.05 + a {
      let square = z * z
      if n < 5 { c += 0.3 * (n - 4.5) * (z + 0.6) }
      c = (((0.05 * d * z - 5) * z - 7) * z - 2) * z + b + c
      y = (((((0.4 * square + 6.3) * square + 36) * square + 94.5) / c - square - 3) / b + 1) * z
      y = Elementary.expm1(a * y * y)
    } else {
      let inner = 1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)
      y = (inner * y - 1) * (n + 1) / (n + 2) + 1 / y
    }
    let t = (n * y).squareRoot()
    return t > 0 && t.isFinite ? t : -z
  }

  /// The coverage factor t_p(ν) of the interval ±t with probability p (GUM G.3.2 and table G.2).
  public func coverageFactor(probability p: Double) throws(DistributionFault) -> Double {
    guard p > 0, p < 1 else { throw .probability(p) }
    return try -quantile(0.5 * (1 - p))
  }
}
