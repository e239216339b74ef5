import EtalonMetrology

/// Estimates from evenly spaced samples how long their fluctuations are remembered.
///
/// Autocorrelations up to lag 64 are summed until the first that does not differ from zero by 1.96 of Bartlett's standard
/// errors (as in `AutocorrelatedMean`). For an exponential autocorrelation φᵏ the sum is φ/(1 − φ), from which the
/// correlation time is −Δt/ln φ. Storage is in place; nothing allocates.
public struct CorrelationTime: Sendable {
  static let lags = 64
  private var recent = InlineArray<64, Double>(repeating: 0)
  private var products = InlineArray<64, Double>(repeating: 0)
  private var pairs = InlineArray<64, Int>(repeating: 0)
  private var filled = 0
  private var next = 0
  private var origin = 0.0
  private var sum = 0.0
  private var squares = 0.0
  /// Number of values taken in.
  public private(set) var count = 0

  /// No values.
  public init() {}

  /// Takes the next value of the series.
  /// - Returns: false, with nothing changed but the chain interrupted, when it is not finite.
  @discardableResult
  public mutating func add(_ value: Double) -> Bool {
    guard value.isFinite else {
      interrupt()
      return false
    }
    if count == 0 { origin = value }
    let deviation = value - origin
    for lag in 0..<filled {
      let place = (next + Self.lags - 1 - lag) % Self.lags
      products[lag] += deviation * recent[place]
      pairs[lag] += 1
    }
    recent[next] = deviation
    next = (next + 1) % Self.lags
    filled = min(filled + 1, Self.lags)
    sum += deviation
    squares += deviation * deviation
    count += 1
    return true
  }

  /// A sample is missing: no products are formed across the gap.
  public mutating func interrupt() {
    filled = 0
    next = 0
  }

  /// Correlation time in numbers of samples; 0 when neighbours are not correlated, nil for fewer than 16 values or values
  /// that are all equal. `isLowerBound` says that the correlation reached beyond the largest lag.
  public var samples: (value: Double, isLowerBound: Bool)? {
    guard count >= 16 else { return nil }
    let mean = sum / Double(count)
    let variance = squares / Double(count) - mean * mean
    guard variance > 1e-20 * squares / Double(count), variance > 0 else { return nil }
    var total = 0.0
    var bartlett = 1.0
    var lag = 0
    var reached = false
    while lag < min(Self.lags, count / 4) {
      guard pairs[lag] > 0 else { break }
      // The estimate is centred by the mean, which lowers every autocorrelation by about 1/n.
      let rho = (products[lag] / Double(pairs[lag]) - mean * mean) / variance + 1 / Double(count)
      if rho <= 1.96 * (bartlett / Double(count)).squareRoot() {
        reached = true
        break
      }
      total += rho
      bartlett += 2 * rho * rho
      lag += 1
    }
    guard total > 0 else { return (0, false) }
    let phi = total / (1 + total)
    return (-1 / Elementary.log(phi), !reached)
  }
}
