/// Flags pairs whose difference of device and reference lies too far from that of its neighbours.
///
/// A pair is an outlier when |x − median| exceeds k robust standard deviations of the window about it, 1.4826 times the
/// median absolute deviation (F. R. Hampel, J. Am. Stat. Assoc. 69 (1974) 383; R. K. Pearson, *Outliers in process modeling
/// and identification*, IEEE Trans. Control Syst. Technol. 10 (2002) 55). The scale is never below half the resolution:
/// readings that round to one value have a median absolute deviation of zero and would condemn every other. Taking the
/// difference leaves the common motion of the process out.
///
/// Flagged pairs are handed on, never dropped. The window is centred, so pairs come out half a window later; at both ends
/// it is shorter. Storage is in place; nothing allocates.
public struct HampelRejector: Sendable {
  static let capacity = 41
  /// Number of pairs in the window, odd, 3...41.
  public let window: Int
  /// Threshold in robust standard deviations.
  public let threshold: Double
  /// Smallest scale: half the resolution.
  public let smallestScale: Double
  /// Number of pairs flagged so far.
  public private(set) var rejected = 0
  /// Number of pairs handed on so far.
  public private(set) var judged = 0

  private var ring: InlineArray<41, Pair>
  /// Number of pairs taken in and handed out since the start.
  private var taken = 0
  private var given = 0

  /// - Parameters:
  ///   - window: odd, 3...41.
  ///   - threshold: k, above 0.
  ///   - resolution: smallest step of the difference, 0 or more.
  public init(window: Int, threshold: Double, resolution: Double) throws(SamplingFault) {
    guard window >= 3, window <= Self.capacity, window % 2 == 1 else { throw .window(window) }
    guard threshold > 0, threshold.isFinite else { throw .threshold(threshold) }
    guard resolution >= 0, resolution.isFinite else { throw .resolution(resolution) }
    self.window = window
    self.threshold = threshold
    smallestScale = resolution / 2
    ring = InlineArray(
      repeating: Pair(
        instant: Instant(nanoseconds: 0), reference: .nan, indication: .nan, raw: .nan, quality: .missing, tick: 0))
  }

  /// Takes a pair and gives the one in the middle of the window, judged; nil while half a window is not full.
  public mutating func add(_ pair: Pair) -> Pair? {
    ring[taken % window] = pair
    taken += 1
    guard taken > window / 2 else { return nil }
    return judge()
  }

  /// At the end of a series: gives one of the pairs that are left; nil when there is none.
  public mutating func flush() -> Pair? {
    guard given < taken else { return nil }
    return judge()
  }

  private mutating func judge() -> Pair {
    var pair = ring[given % window]
    if pair.isUsable {
      let first = max(0, given - window / 2)
      let last = min(taken - 1, given + window / 2)
      var values = InlineArray<41, Double>(repeating: 0)
      var count = 0
      for index in first...last where ring[index % window].isUsable {
        values[count] = ring[index % window].difference
        count += 1
      }
      // Fewer than three values have no majority that an outlier could differ from.
      if count >= 3 {
        let median = Self.median(&values, count)
        for index in 0..<count { values[index] = (values[index] - median).magnitude }
        let scale = max(1.4826 * Self.median(&values, count), smallestScale)
        if (pair.difference - median).magnitude > threshold * scale {
          pair.quality.insert(.outlier)
          rejected += 1
        }
      }
    }
    given += 1
    judged += 1
    return pair
  }

  /// Median of the first `count` values by insertion sort, which is the fastest for so few.
  private static func median(_ values: inout InlineArray<41, Double>, _ count: Int) -> Double {
    for index in 1..<count {
      let value = values[index]
      var place = index
      while place > 0 && values[place - 1] > value {
        values[place] = values[place - 1]
        place -= 1
      }
      values[place] = value
    }
    let middle = count / 2
    return count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
  }
}
