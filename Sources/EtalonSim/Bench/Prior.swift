import EtalonMetrology

/// The distribution from which a simulation draws a true value that a real bench would hide.
public enum Prior: Sendable, Equatable {
  /// Always the same value.
  case fixed(Double)
  /// Normal with the given standard deviation, 0 or more.
  case normal(mean: Double, standardDeviation: Double)
  /// Rectangular on mean ± halfWidth, half-width 0 or more.
  case rectangular(mean: Double, halfWidth: Double)
  /// Symmetric triangular on mean ± halfWidth, half-width 0 or more.
  case triangular(mean: Double, halfWidth: Double)

  /// Draws one value.
  public func draw(using random: inout RandomStream) -> Double {
    switch self {
    case .fixed(let value): value
    case .normal(let mean, let standardDeviation): mean + standardDeviation * random.normal()
    case .rectangular(let mean, let halfWidth): mean + halfWidth * random.uniform(-1, 1)
    // The sum of two independent rectangular numbers has a triangular distribution.
    case .triangular(let mean, let halfWidth): mean + halfWidth * (random.uniform() - random.uniform())
    }
  }

  /// Expectation of the distribution.
  public var mean: Double {
    switch self {
    case .fixed(let value): value
    case .normal(let mean, _), .rectangular(let mean, _), .triangular(let mean, _): mean
    }
  }

  /// Standard deviation: a/√3 for a rectangular and a/√6 for a triangular distribution of half-width a (JCGM 100,
  /// 4.3.7 and 4.3.9).
  public var standardDeviation: Double {
    switch self {
    case .fixed: 0
    case .normal(_, let standardDeviation): standardDeviation
    case .rectangular(_, let halfWidth): halfWidth / 3.0.squareRoot()
    case .triangular(_, let halfWidth): halfWidth / 6.0.squareRoot()
    }
  }
}
