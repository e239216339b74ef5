/// Coverage intervals of a sample (JCGM 101, 7.7).
struct CoverageIntervals {
  let symmetric: ClosedRange<Double>
  /// nil where it was not asked for.
  let shortest: ClosedRange<Double>?

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
  }
}
