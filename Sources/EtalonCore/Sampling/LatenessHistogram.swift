/// How late a loop was woken: counts of lateness in fixed bins, so that adding costs a few instructions and no memory.
///
/// Lateness is the instant of a wake-up minus the instant that was asked for, in nanoseconds. Below 32 ns each
/// nanosecond has a bin of its own; above, each power of two is cut into 32 bins, so that a quantile is right to 3.2 %
/// (the scheme of G. Tene's HdrHistogram). Above 2³⁵ ns (34 s) everything is in the last bin; the largest value is kept
/// exactly.
public struct LatenessHistogram: Sendable, Equatable {
  /// Number of bins.
  static let binCount = 31 * 32

  var bins: InlineArray<992, UInt32>
  /// Number of wake-ups counted.
  public private(set) var count: UInt64 = 0
  /// The largest lateness, nanoseconds; 0 when nothing was counted.
  public private(set) var maximumNanoseconds: Int64 = 0

  /// An empty histogram.
  public init() { bins = InlineArray(repeating: 0) }

  /// Counts one wake-up. One that came early, which no kernel does, counts as not late.
  @inline(__always)
  public mutating func add(nanoseconds: Int64) {
    let value = max(nanoseconds, 0)
    let bin = Self.bin(of: UInt64(value))
    bins[bin] &+= bins[bin] == .max ? 0 : 1
    count &+= 1
    maximumNanoseconds = max(maximumNanoseconds, value)
  }

  /// Adds the counts of another histogram.
  public mutating func add(_ other: borrowing LatenessHistogram) {
    for bin in 0..<Self.binCount {
      let (sum, overflow) = bins[bin].addingReportingOverflow(other.bins[bin])
      bins[bin] = overflow ? .max : sum
    }
    count &+= other.count
    maximumNanoseconds = max(maximumNanoseconds, other.maximumNanoseconds)
  }

  /// The lateness that the share `probability` (0...1) of the wake-ups did not exceed, in nanoseconds: the upper edge of
  /// its bin, at most the largest value. nil when nothing was counted.
  public func quantileNanoseconds(_ probability: Double) -> Int64? {
    guard count > 0 else { return nil }
    let wanted = max(1, (min(max(probability, 0), 1) * Double(count)).rounded(.up))
    var seen = 0.0
    for bin in 0..<Self.binCount {
      seen += Double(bins[bin])
      if seen >= wanted { return min(Self.upperEdge(of: bin), maximumNanoseconds) }
    }
    return maximumNanoseconds
  }

  /// Number of wake-ups that were certainly not later than `nanoseconds`, to the width of a bin.
  public func countUpTo(nanoseconds: Int64) -> UInt64 {
    guard nanoseconds >= 0 else { return 0 }
    var seen: UInt64 = 0
    for bin in 0..<Self.binCount where Self.upperEdge(of: bin) <= nanoseconds { seen += UInt64(bins[bin]) }
    return seen
  }

  /// What a largest lateness means for the machine, in the bands of LinuxCNC's page "Latency Testing".
  @frozen public enum Band: UInt8, Sendable {
    /// At most 20 µs: very good for pulses made in software.
    case excellent = 1
    /// At most 50 µs: good.
    case good = 2
    /// At most 100 µs: usable.
    case usable = 3
    /// At most 1 ms: not for pulses made in software.
    case slow = 4
    /// Above 1 ms: not for a real-time loop at these rates.
    case unfit = 5
  }

  /// The band of the largest lateness; nil when nothing was counted.
  public var band: Band? {
    guard count > 0 else { return nil }
    return switch maximumNanoseconds {
    case ...20_000: .excellent
    case ...50_000: .good
    case ...100_000: .usable
    case ...1_000_000: .slow
    default: .unfit
    }
  }

  @inline(__always)
  static func bin(of value: UInt64) -> Int {
    guard value >= 32 else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let bin = (exponent - 4) * 32 + Int((value >> UInt64(exponent - 5)) & 31)
    return min(bin, binCount - 1)
  }

  static func upperEdge(of bin: Int) -> Int64 {
    guard bin >= 32 else { return Int64(bin) }
    let shift = Int64(bin / 32 - 1)
    return ((Int64(bin % 32) + 33) << shift) - 1
  }

  /// Whether all counts are equal.
  public static func == (a: LatenessHistogram, b: LatenessHistogram) -> Bool {
    guard a.count == b.count, a.maximumNanoseconds == b.maximumNanoseconds else { return false }
    for bin in 0..<binCount where a.bins[bin] != b.bins[bin] { return false }
    return true
  }
}
