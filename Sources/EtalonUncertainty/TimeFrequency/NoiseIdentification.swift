/// Identification of power-law noise by the lag-1 autocorrelation (W. J. Riley and C. A. Greenhall, Proc. 18th European
/// Frequency and Time Forum, 2004; SP 1065, 5.5.6).
extension PhaseRecord {
  /// Fewer phases than this at an averaging factor do not tell one noise from another.
  static let fewestForNoise = 30

  /// The exponent α of the dominant noise at an averaging factor, −2 … 2, or nil when fewer than 30 consecutive averages
  /// without a gap are left or they do not vary.
  public func noiseExponent(averagingFactor m: Int) -> Int? {
    var series = decimated(m)
    guard series.count >= Self.fewestForNoise else { return nil }
    Self.removeQuadratic(&series)
    var differences = 0
    while true {
      guard let r = Self.lagOne(series) else { return nil }
      let delta = r / (1 + r)
      if delta < 0.25 || differences == 2 {
        let exponent = -Int((2 * delta).rounded()) - 2 * differences + 2
        return min(max(exponent, -2), 2)
      }
      series = zip(series.dropFirst(), series).map { $0 - $1 }
      differences += 1
    }
  }

  /// Every m-th phase of the longest part without a gap.
  private func decimated(_ m: Int) -> [Double] {
    guard hasGaps else { return stride(from: 0, to: phase.count, by: m).map { phase[$0] } }
    var best: [Double] = []
    var run: [Double] = []
    var previous = -1
    for index in stride(from: 0, to: phase.count, by: m) {
      let isThere = isUsable(index, step: 1, count: 1)
      let follows = previous >= 0 && (cuts.map { $0[index] == $0[previous] } ?? true)
      if !isThere || !follows {
        if run.count > best.count { best = run }
        run = []
      }
      if isThere { run.append(phase[index]) }
      previous = isThere ? index : -1
    }
    return run.count > best.count ? run : best
  }

  private static func lagOne(_ series: [Double]) -> Double? {
    let mean = series.reduce(0, +) / Double(series.count)
    var product = 0.0
    var square = 0.0
    var previous: Double?
    for value in series {
      let d = value - mean
      square += d * d
      if let previous { product += d * previous }
      previous = d
    }
    return square > 0 && square.isFinite ? product / square : nil
  }

  /// Takes out the least-squares parabola: frequency offset and drift. The polynomials are orthogonal on the equidistant
  /// points, so each coefficient is one projection.
  private static func removeQuadratic(_ series: inout [Double]) {
    let n = Double(series.count)
    let middle = 0.5 * (n - 1)
    let secondMoment = (n * n - 1) / 12
    var sums = (0.0, 0.0, 0.0)
    var norms = (0.0, 0.0)
    for (index, value) in series.enumerated() {
      let t = Double(index) - middle
      let q = t * t - secondMoment
      sums.0 += value
      sums.1 += value * t
      sums.2 += value * q
      norms.0 += t * t
      norms.1 += q * q
    }
    for index in series.indices {
      let t = Double(index) - middle
      series[index] -= sums.0 / n + sums.1 / norms.0 * t + sums.2 / norms.1 * (t * t - secondMoment)
    }
  }
}
