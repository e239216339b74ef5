/// Lag-1 correlation of the normalised innovations, with a memory of a few hundred blocks.
@usableFromInline struct CorrelationWatch: Sendable {
  private var squares = 0.0
  private var products = 0.0
  private var count = 0.0
  private var last = 0.0

  @usableFromInline init() {}

  /// (1 + r)/(1 − r), the factor by which a first-order autoregression of correlation r enlarges the variance of a mean.
  static func inflation(correlation: Double) -> Double {
    let r = min(max(correlation, 0), 0.98)
    return (1 + r) / (1 - r)
  }

  /// Takes a normalised innovation.
  /// - Returns: the inflation that the correlation found so far asks for, 1 where none is found.
  @usableFromInline mutating func add(_ normalised: Double) -> Double {
    let keep = 1 - 1.0 / 512
    squares = keep * squares + normalised * normalised
    products = keep * products + normalised * last
    count = keep * count + 1
    last = normalised
    guard count >= 30, squares > 0 else { return 1 }
    let r = products / squares
    // Bartlett's standard error of the correlation of independent values is 1/√n. It is looked at after every block, so
    // only what no run of independent innovations shows (3.5 of them, 1 look in 4000) counts.
    return r > 0 && r * r * count > 12.25 ? Self.inflation(correlation: r) : 1
  }
}
