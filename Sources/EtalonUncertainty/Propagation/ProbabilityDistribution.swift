import EtalonMetrology

/// What is known about an input, as a distribution of its deviation from the estimate (JCGM 101, table 1).
///
/// Every distribution has mean 0, so that the estimate is the expectation. Parameters are in the unit of the input.
public enum ProbabilityDistribution: Equatable, Sendable {
  /// Normal with a standard uncertainty (JCGM 101, 6.4.7).
  case normal(Double)
  /// Rectangular within ± half-width (JCGM 101, 6.4.2).
  case rectangular(halfWidth: Double)
  /// Triangular within ± half-width (JCGM 101, 6.4.5).
  case triangular(halfWidth: Double)
  /// Symmetric trapezoidal within ± half-width; `topRatio` 0 … 1 is the width of the top over that of the base
  /// (JCGM 101, 6.4.4; GUM 4.3.9).
  case trapezoidal(halfWidth: Double, topRatio: Double)
  /// Rectangular with limits known only within ± inexactness, below the half-width (JCGM 101, 6.4.3).
  case curvilinearTrapezoidal(halfWidth: Double, inexactness: Double)
  /// Arc sine (U-shaped) within ± half-width: a sine of unknown phase (JCGM 101, 6.4.6).
  case arcsine(halfWidth: Double)
  /// Scaled and shifted t with scale u: a type A evaluation with few observations (JCGM 101, 6.4.9).
  /// In a budget u is the standard uncertainty and the degrees of freedom are counted.
  case studentT(scale: Double, degreesOfFreedom: Double)
  /// Normal with the given standard deviation cut off at two deviations from its peak, then shifted to mean 0.
  case truncatedNormal(standardDeviation: Double, lower: Double, upper: Double)
  /// Exponential with the given mean, for a quantity above zero known only by its estimate, shifted to mean 0
  /// (JCGM 101, 6.4.10).
  case exponential(mean: Double)
  /// Exactly known.
  case exact

  /// From a standard uncertainty with its degrees of freedom: a scaled t where they are finite, so that a Monte Carlo
  /// knows of them as the first order does (JCGM 101, 6.4.9), and normal without them (6.4.7).
  public static func stated(_ standardUncertainty: Double, degreesOfFreedom: Double) -> ProbabilityDistribution {
    guard degreesOfFreedom.isFinite else { return .normal(standardUncertainty) }
    return .studentT(scale: standardUncertainty, degreesOfFreedom: degreesOfFreedom)
  }

  /// From an expanded uncertainty and its coverage factor (GUM 4.3.3).
  public static func expanded(_ expandedUncertainty: Double, coverageFactor k: Double) -> ProbabilityDistribution {
    .normal(expandedUncertainty / k)
  }

  /// From an expanded uncertainty U with coverage probability p, normal or t with the degrees of freedom of the
  /// certificate (GUM 4.3.4, G.6.4; JCGM 101, 6.4.9.7): u = U / t_p.
  public static func expanded(
    _ expandedUncertainty: Double, coverageProbability p: Double, degreesOfFreedom: Double = .infinity
  ) throws(UncertaintyFault) -> ProbabilityDistribution {
    do throws(DistributionFault) {
      if degreesOfFreedom == .infinity {
        return .normal(expandedUncertainty / (try NormalDistribution.coverageFactor(probability: p)))
      }
      let k = try StudentT(degreesOfFreedom: degreesOfFreedom).coverageFactor(probability: p)
      return .studentT(scale: expandedUncertainty / k, degreesOfFreedom: degreesOfFreedom)
    } catch { throw .distribution(error) }
  }

  /// Standard uncertainty as a budget takes it: the standard deviation, and the scale for t (GUM 4.3, JCGM 101 table 1).
  public var standardUncertainty: Double {
    switch self {
    case .normal(let u): return u
    case .rectangular(let a): return a / 3.0.squareRoot()
    case .triangular(let a): return a / 6.0.squareRoot()
    case .trapezoidal(let a, let beta): return a * ((1 + beta * beta) / 6).squareRoot()
    case .curvilinearTrapezoidal(let a, let d): return (a * a / 3 + d * d / 9).squareRoot()
    case .arcsine(let a): return a / 2.0.squareRoot()
    case .studentT(let scale, _): return scale
    case .truncatedNormal(let s, let lower, let upper): return Self.truncatedMoments(s, lower, upper).deviation
    case .exponential(let mean): return mean
    case .exact: return 0
    }
  }

  /// Standard deviation of what a Monte Carlo draws: that of `standardUncertainty` but for t, where it is
  /// u √(ν/(ν − 2)), infinite up to two degrees of freedom.
  public var standardDeviation: Double {
    if case .studentT(let scale, let dof) = self, dof.isFinite {
      return dof > 2 ? scale * (dof / (dof - 2)).squareRoot() : .infinity
    }
    return standardUncertainty
  }

  /// Mean and standard deviation of a normal distribution truncated at two deviations from its peak.
  static func truncatedMoments(_ s: Double, _ lower: Double, _ upper: Double) -> (mean: Double, deviation: Double) {
    let normal = NormalDistribution.standard
    let a = lower / s
    let b = upper / s
    // Tails are subtracted on the side where they are small.
    let mass = a > 0 ? normal.upperTail(a) - normal.upperTail(b) : normal.cumulative(b) - normal.cumulative(a)
    let low = a.isFinite ? normal.density(a) : 0
    let high = b.isFinite ? normal.density(b) : 0
    let shift = (low - high) / mass
    let variance = 1 + ((a.isFinite ? a * low : 0) - (b.isFinite ? b * high : 0)) / mass - shift * shift
    return (s * shift, s * max(0, variance).squareRoot())
  }

  /// Whether every parameter is in its range.
  func check(_ input: String) throws(UncertaintyFault) {
    func positive(_ value: Double, _ parameter: String) throws(UncertaintyFault) {
      guard value > 0, value.isFinite else { throw .notPositive(input: input, parameter: parameter, value: value) }
    }
    switch self {
    case .normal(let u): try positive(u, "standard uncertainty")
    case .rectangular(let a), .triangular(let a), .arcsine(let a): try positive(a, "half-width")
    case .trapezoidal(let a, let beta):
      try positive(a, "half-width")
      guard beta >= 0, beta <= 1 else {
        throw .shape(input: input, parameter: "top ratio", value: beta, range: "from 0 to 1")
      }
    case .curvilinearTrapezoidal(let a, let d):
      try positive(a, "half-width")
      guard d >= 0, d < a else {
        throw .shape(input: input, parameter: "inexactness", value: d, range: "from 0 to below the half-width")
      }
    case .studentT(let scale, let dof):
      try positive(scale, "scale")
      guard dof >= 1 else { throw .degreesOfFreedom(input: input, value: dof) }
    case .truncatedNormal(let s, let lower, let upper):
      try positive(s, "standard deviation")
      guard lower < upper else {
        throw .shape(input: input, parameter: "lower limit", value: lower, range: "below the upper limit")
      }
      // Beyond this hardly anything of the distribution is left, and its moments lose their digits.
      guard lower / s < 6, upper / s > -6, (upper - lower) / s > 1e-3 else {
        throw .shape(input: input, parameter: "upper limit", value: upper, range: "where the distribution has mass")
      }
    case .exponential(let mean): try positive(mean, "mean")
    case .exact: break
    }
  }
}
