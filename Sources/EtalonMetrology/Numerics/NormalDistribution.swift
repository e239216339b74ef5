/// The normal (Gaussian) distribution.
@frozen
public struct NormalDistribution: Equatable, Sendable {
  /// Expectation.
  public let mean: Double
  /// Standard deviation, > 0.
  public let standardDeviation: Double

  /// Expectation 0, standard deviation 1.
  public static var standard: NormalDistribution { NormalDistribution(uncheckedMean: 0, 1) }

  private init(uncheckedMean mean: Double, _ standardDeviation: Double) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// A distribution with finite mean and a positive finite standard deviation.
  public init(mean: Double, standardDeviation: Double) throws(DistributionFault) {
    guard mean.isFinite else { throw .argument(mean) }
    guard standardDeviation > 0, standardDeviation.isFinite else { throw .standardDeviation(standardDeviation) }
    self.init(uncheckedMean: mean, standardDeviation)
  }

  /// Probability density at x, per unit of x.
  public func density(_ x: Double) -> Double {
    let z = (x - mean) / standardDeviation
    return 0.3989422804014327 / standardDeviation * Elementary.exp(-0.5 * z * z)
  }

  /// Probability of a value up to x; relative error below 1e-14 for |z| < 8, 1e-13 in the far lower tail.
  public func cumulative(_ x: Double) -> Double {
    0.5 * Elementary.erfc((mean - x) / standardDeviation * 0.7071067811865476)
  }

  /// Probability of a value above x, without cancellation in the upper tail.
  public func upperTail(_ x: Double) -> Double {
    0.5 * Elementary.erfc((x - mean) / standardDeviation * 0.7071067811865476)
  }

  /// The value not exceeded with probability p, 0 < p < 1; relative error of (x − mean) below 1e-14.
  public func quantile(_ p: Double) throws(DistributionFault) -> Double {
    guard p > 0, p < 1 else { throw .probability(p) }
    if p == 0.5 { return mean }
    let central = p - 0.5
    if Swift.abs(central) < 0.25 {
      // Newton for erf(z / √2) / 2 = p − ½ keeps the relative accuracy at the centre.
      var z = 2.5066282746310002 * central * (1 + 1.0471975511965976 * central * central)
      for _ in 0..<4 {
        let error = 0.5 * Elementary.erf(z * 0.7071067811865476) - central
        let r = -error / (0.3989422804014327 * Elementary.exp(-0.5 * z * z))
        z += 2 * r / (2 - r * z)
      }
      return mean + standardDeviation * z
    }
    let tail = Swift.min(p, 1 - p)
    // Abramowitz and Stegun 26.2.23 within 4.5e-4, then Halley's method, which triples the digits each time.
    let t = (-2 * Elementary.log(tail)).squareRoot()
    var z =
      t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    for _ in 0..<3 {
      let scaled = Elementary.scaledErfc(z * 0.7071067811865476)
      let gauss = Elementary.exp(-0.5 * z * z)
      // (Q(z) − tail) / φ(z); far out φ is tiny but both parts share its scale.
      let r = (0.5 * scaled - tail / gauss) * 2.5066282746310002
      z += 2 * r / (2 - r * z)
    }
    return mean + standardDeviation * (p < 0.5 ? -z : z)
  }

  /// The coverage factor k of the interval mean ± k · standard deviation with probability p.
  public static func coverageFactor(probability p: Double) throws(DistributionFault) -> Double {
    guard p > 0, p < 1 else { throw .probability(p) }
    return try -standard.quantile(0.5 * (1 - p))
  }
}
