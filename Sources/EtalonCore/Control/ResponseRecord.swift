/// The record of an identification in bounded memory: means over bins, and when the output was switched.
///
/// A bin is one sample at first. After a switch of a step test bins grow with the time since it, because what is left of
/// the response is then slow; when all bins are taken, neighbours are merged.
struct ResponseRecord: Sendable {
  static let capacity = 256
  static let switchCapacity = 64

  /// Samples that are one mean.
  struct Bin: Sendable {
    /// Sum of the values minus `origin`, and their number.
    var sum = 0.0
    var count = 0.0
    /// First and last instant, seconds since the record began.
    var first = 0.0
    var last = 0.0
  }

  /// Spacing of the samples in seconds.
  let periodSeconds: Double
  /// Width of a bin as a share of the time since the last switch; 0 for bins of equal width.
  let growth: Double
  private(set) var bins = InlineArray<256, Bin>(repeating: Bin())
  private(set) var count = 0
  /// Output before the first switch.
  var initialOutput = 0.0
  private(set) var switchSeconds = InlineArray<64, Double>(repeating: 0)
  private(set) var switchChange = InlineArray<64, Double>(repeating: 0)
  private(set) var switches = 0
  /// First value; the others are kept as differences from it.
  private(set) var origin = 0.0
  private var merged = 1.0
  private(set) var samples = 0

  init(periodSeconds: Double, growth: Double) {
    self.periodSeconds = periodSeconds
    self.growth = growth
  }

  mutating func add(_ value: Double, seconds: Double) {
    if samples == 0 { origin = value }
    samples += 1
    if count > 0 {
      let since = switches > 0 ? seconds - switchSeconds[switches - 1] : 0
      let width = max(merged * periodSeconds, growth * since)
      let bin = bins[count - 1]
      // A bin never reaches across a switch, where the response has a corner.
      let crosses = switches > 0 && bin.first < switchSeconds[switches - 1] && seconds >= switchSeconds[switches - 1]
      if !crosses, seconds - bin.first < width - 0.5 * periodSeconds {
        bins[count - 1].sum += value - origin
        bins[count - 1].count += 1
        bins[count - 1].last = seconds
        return
      }
    }
    if count == Self.capacity { merge() }
    bins[count] = Bin(sum: value - origin, count: 1, first: seconds, last: seconds)
    count += 1
  }

  /// Notes that the output changed by `change`. More switches than fit are refused.
  mutating func change(by change: Double, seconds: Double) -> Bool {
    guard switches < Self.switchCapacity else { return false }
    switchSeconds[switches] = seconds
    switchChange[switches] = change
    switches += 1
    return true
  }

  private mutating func merge() {
    var kept = 0
    var index = 0
    while index < count {
      var bin = bins[index]
      if index + 1 < count {
        let next = bins[index + 1]
        bin.sum += next.sum
        bin.count += next.count
        bin.last = next.last
      }
      bins[kept] = bin
      kept += 1
      index += 2
    }
    count = kept
    merged *= 2
  }
}
