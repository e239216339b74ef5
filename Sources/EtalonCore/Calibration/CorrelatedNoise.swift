import EtalonMetrology

/// A stationary random disturbance: its standard deviation and how long it remembers.
///
/// The autocorrelation is exp(−|t|/τ) (Ornstein-Uhlenbeck process); τ = 0 means independent samples.
@frozen
public struct CorrelatedNoise: Sendable, Equatable {
  /// Standard deviation of one sample, in the unit of the quantity, 0 or more.
  public var standardDeviation: Double
  /// Correlation time τ in seconds, 0 or more.
  public var correlationTimeSeconds: Double

  /// - Parameters:
  ///   - standardDeviation: of one sample, 0 or more and finite.
  ///   - correlationTimeSeconds: 0 or more and finite.
  public init(standardDeviation: Double, correlationTimeSeconds: Double = 0) {
    self.standardDeviation = standardDeviation
    self.correlationTimeSeconds = correlationTimeSeconds
  }

  /// Correlation of two samples that are `seconds` apart (0 or more).
  public func correlation(seconds: Double) -> Double {
    guard correlationTimeSeconds > 0 else { return seconds == 0 ? 1 : 0 }
    return Elementary.exp(-seconds / correlationTimeSeconds)
  }

  /// Variance of the mean of `count` consecutive samples.
  ///
  /// σ²/n · [(1 + φ)/(1 − φ) − 2φ(1 − φⁿ)/(n(1 − φ)²)], the sum of the autocovariances of n samples with φ the correlation
  /// of neighbours (N. F. Zhang, Metrologia 43 (2006) S276, equation 7 with ρ(k) = φᵏ).
  public func varianceOfMean(count: Int, periodSeconds: Double) -> Double {
    let variance = standardDeviation * standardDeviation
    let phi = correlation(seconds: periodSeconds)
    guard phi < 1 else { return variance }
    let n = Double(count)
    let power = correlation(seconds: periodSeconds * n)
    let one = 1 - phi
    return variance / n * ((1 + phi) / one - 2 * phi * (1 - power) / (n * one * one))
  }

  /// Covariance of the means of two neighbouring blocks of `count` samples: σ² φ (1 − φⁿ)² / (n² (1 − φ)²).
  public func covarianceOfNeighbouringMeans(count: Int, periodSeconds: Double) -> Double {
    let variance = standardDeviation * standardDeviation
    let phi = correlation(seconds: periodSeconds)
    guard phi < 1 else { return variance }
    let ratio = (1 - correlation(seconds: periodSeconds * Double(count))) / ((1 - phi) * Double(count))
    return variance * phi * ratio * ratio
  }
}
