import EtalonMetrology

/// What a resolution coarser than the noise does to a mean and to a slope, when process and noise move the input by a
/// Gaussian amount about one place.
///
/// A quantiser of step q adds the error e(v) = Σ (−1)ᵏ (q/πk) sin(2πkv/q). Where its input spreads by the standard
/// deviation σ, the k-th term of the mean shrinks by ρᵏ² with ρ = exp(−2π²σ²/q²) (B. Widrow and I. Kollár, *Quantization
/// Noise* (2008), chapter 4), and by Stein's lemma the regression slope of e on its Gaussian input is the mean of e′.
/// The place within one step is unknown, so its phase is rectangular. What is left is systematic for as long as the
/// process stays at one place: no number of samples averages it away, and a slope measured inside one step is worthless.
@frozen
public struct QuantisationError: Sendable, Equatable {
  /// Standard deviation of the systematic offset at one place, in the unit of the step.
  public let offset: Double
  /// Standard deviation of the systematic error of a slope measured at one place, relative.
  public let slope: Double
  /// Variance of the remaining, random part of a mean.
  public let varianceOfMean: Double
  /// Covariance of the random parts of two neighbouring means.
  public let covarianceOfNeighbouringMeans: Double

  /// Terms of the series: the rest of Σ 1/k² beyond is 2 % of the variance for an input that does not move at all.
  static let terms = 32

  /// - Parameters:
  ///   - step: resolution q, 0 or more; 0 means none.
  ///   - process: motion of the quantity in the unit of the indication.
  ///   - noise: noise before the quantiser.
  ///   - count: number of samples in one mean.
  public init(step: Double, process: CorrelatedNoise, noise: CorrelatedNoise, count: Int, periodSeconds: Double) {
    guard step > 0 else {
      offset = 0
      slope = 0
      varianceOfMean = 0
      covarianceOfNeighbouringMeans = 0
      return
    }
    let processVariance = process.standardDeviation * process.standardDeviation / (step * step)
    let noiseVariance = noise.standardDeviation * noise.standardDeviation / (step * step)
    let pi = Double.pi
    let exponent = -2 * pi * pi * (processVariance + noiseVariance)
    var offsets = 0.0
    var slopes = 0.0
    for k in 1...Self.terms {
      let square = Double(k * k)
      let shrunk = Elementary.exp(2 * exponent * square)
      offsets += shrunk / (2 * pi * pi * square)
      slopes += 2 * shrunk
    }
    let systematic = offsets * step * step
    offset = systematic.squareRoot()
    slope = slopes.squareRoot()

    // Autocovariance of e at a lag, over all phases: Σ q²/(2π²k²) exp(−2π²k² Var(difference)/q²).
    func autocovariance(_ lag: Int) -> Double {
      let seconds = Double(lag) * periodSeconds
      let difference =
        2
        * (processVariance * (1 - process.correlation(seconds: seconds))
          + noiseVariance * (1 - noise.correlation(seconds: seconds)))
      if lag == 0 { return step * step / 12 }
      var sum = 0.0
      for k in 1...Self.terms {
        let square = Double(k * k)
        sum += Elementary.exp(-2 * pi * pi * square * difference) / (2 * pi * pi * square)
      }
      return sum * step * step
    }
    let n = Double(count)
    var variance = autocovariance(0) / n
    var neighbours = 0.0
    for lag in 1..<max(2, 2 * count) {
      let covariance = autocovariance(lag)
      if lag < count { variance += 2 * (n - Double(lag)) / (n * n) * covariance }
      neighbours += (n - Double(abs(lag - count))) / (n * n) * covariance
    }
    varianceOfMean = max(0, variance - systematic)
    covarianceOfNeighbouringMeans = max(0, neighbours - systematic)
  }
}
