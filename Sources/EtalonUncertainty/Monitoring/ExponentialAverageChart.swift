import EtalonMetrology

/// Exponentially weighted moving average chart with exact limits: z_i = λ x_i + (1 − λ) z_{i−1}, and
/// target ± L σ √(λ / (2 − λ) (1 − (1 − λ)^{2i})) (S. W. Roberts, Technometrics 1 (1959) 239; NIST/SEMATECH e-Handbook
/// 6.3.2.4).
@frozen
public struct ExponentialAverageChart: Equatable, Sendable {
  /// Value that the process should have.
  public let target: Double
  /// Standard deviation of one observation, > 0.
  public let standardDeviation: Double
  /// Weight λ of the newest observation, 0 < λ ≤ 1.
  public let weight: Double
  /// Width of the limits in standard deviations of z, > 0.
  public let width: Double
  /// The average z.
  public private(set) var average: Double
  /// Observations taken.
  public private(set) var count = 0
  private var decay = 1.0

  /// - Parameter start: z before the first observation; the target without.
  /// - Throws: `.parameter`.
  public init(
    target: Double, standardDeviation: Double, weight: Double, width: Double, start: Double? = nil
  ) throws(MonitoringFault) {
    guard target.isFinite else { throw .parameter(name: "target", value: target) }
    guard standardDeviation > 0, standardDeviation.isFinite else {
      throw .parameter(name: "standardDeviation", value: standardDeviation)
    }
    guard weight > 0, weight <= 1 else { throw .parameter(name: "weight", value: weight) }
    guard width > 0, width.isFinite else { throw .parameter(name: "width", value: width) }
    let first = start ?? target
    guard first.isFinite else { throw .parameter(name: "start", value: first) }
    self.target = target
    self.standardDeviation = standardDeviation
    self.weight = weight
    self.width = width
    average = first
  }

  /// Half of the distance between the limits for the present average; 0 before the first observation.
  public var halfWidth: Double {
    width * standardDeviation * (weight / (2 - weight) * (1 - decay)).squareRoot()
  }

  /// Whether the average lies outside its limits.
  public var isSignalling: Bool { count > 0 && abs(average - target) > halfWidth }

  /// Takes one observation and tells whether the chart signals.
  /// - Throws: `.observation` for a value that is not finite; the average stays as it was.
  public mutating func take(_ x: Double) throws(MonitoringFault) -> Bool {
    guard x.isFinite else { throw .observation(x, index: count) }
    average = weight * x + (1 - weight) * average
    decay *= (1 - weight) * (1 - weight)
    count += 1
    return isSignalling
  }

  /// Average run length with the limits of the steady state for normal observations of a constant mean
  /// (S. V. Crowder, Technometrics 29 (1987) 401: the integral equation with Gauss and Legendre's rule).
  public func averageRunLength(mean: Double) throws(MonitoringFault) -> Double {
    guard mean.isFinite else { throw .parameter(name: "mean", value: mean) }
    return try RunLength.ewma(
      shift: (mean - target) / standardDeviation, weight: weight,
      limit: width * (weight / (2 - weight)).squareRoot())
  }
}
