/// Coverage intervals of a sample (JCGM 101, 7.7).
struct CoverageIntervals {
  let symmetric: ClosedRange<Double>
  /// nil where it was not asked for.
  let shortest: ClosedRange<Double>?
  /// Standard error of an end of the symmetric interval, the larger one, where the values are independent; infinite for
  /// too few values, and nil where the shortest interval was not asked for.
  let endStandardError: Double?

  /// Values within a coverage interval of M values, q = pM or the nearest whole number.
  static func inside(_ count: Int, _ p: Double) -> Int {
    max(1, min(count - 1, Int((p * Double(count)).rounded())))
  }

  init(
    _ sample: UnsafeBufferPointer<Double>, coverage p: Double, shortest wantsShortest: Bool,
    range: ClosedRange<Double>? = nil, threads: Int = 1
  ) {
    let count = sample.count
    let q = Self.inside(count, p)
    let outside = count - q
    let r = max(1, (outside + 1) / 2)
    let tails = OrderedTails(
      sample, count: wantsShortest ? outside : max(r, outside - r + 1), range: range, threads: threads)
    func rank(_ k: Int) -> Double {
      k <= tails.low.count ? tails.low[k - 1] : tails.high[k - 1 - (count - tails.high.count)]
    }
    symmetric = rank(r)...rank(min(count, r + q))
    guard wantsShortest else {
      shortest = nil
      endStandardError = nil
      return
    }
    var best = 0
    var least = Double.infinity
    for i in 0..<outside {
      let length = tails.high[i] - tails.low[i]
      if length < least {
        least = length
        best = i
      }
    }
    shortest = tails.low[best]...tails.high[best]
    // The number of values below a quantile has the standard deviation √(M q (1 − q)); the values twice
    // as many ranks away tell what that is at the end of the interval.
    let spread = (Double(r) * (1 - Double(r) / Double(count))).squareRoot()
    let reach = min(Int((2 * spread).rounded(.up)), r - 1, outside - r)
    guard reach > 0 else {
      endStandardError = .infinity
      return
    }
    let low = rank(r + reach) - rank(r - reach)
    let high = rank(r + q + reach) - rank(r + q - reach)
    endStandardError = max(low, high) / 2 * spread / Double(reach)
  }
}
