import EtalonMetrology

/// A record of time deviations x (phase, in seconds) at equal intervals, possibly with gaps.
///
/// Averaged fractional frequencies are integrated to phase, so every statistic is computed from phase. A missing phase
/// leaves out the terms that need it; a missing frequency also cuts the record, because the phase on both sides of it is
/// not related.
public struct PhaseRecord: Sendable {
  /// Sampling interval τ₀, seconds.
  public let intervalSeconds: Double
  /// Time deviations; what stands in a gap has no meaning.
  let phase: [Double]
  /// Number of missing phases before each index, one element longer than `phase`; nil without gaps.
  let missing: [Int]?
  /// Number of missing frequencies before each phase; nil without gaps.
  let cuts: [Int]?

  /// Number of phase values, gaps included: one more than of frequencies.
  public var count: Int { phase.count }

  /// Whether anything is missing.
  public var hasGaps: Bool { missing != nil || cuts != nil }

  private static func check(_ interval: Double, _ count: Int, least: Int) throws(StabilityFault) {
    guard interval > 0, interval.isFinite else { throw .interval(interval) }
    guard count >= least else { throw .tooFew(needed: least, received: count) }
  }

  /// From time deviations in seconds.
  /// - Throws: `.interval`, `.notFinite`, `.tooFew` for fewer than three.
  public init(phaseSeconds phase: [Double], intervalSeconds: Double) throws(StabilityFault) {
    try Self.check(intervalSeconds, phase.count, least: 3)
    for (index, x) in phase.enumerated() where !x.isFinite { throw .notFinite(index: index) }
    self.phase = phase
    self.intervalSeconds = intervalSeconds
    missing = nil
    cuts = nil
  }

  /// From time deviations in seconds, nil where one is missing.
  public init(phaseSecondsWithGaps series: [Double?], intervalSeconds: Double) throws(StabilityFault) {
    try Self.check(intervalSeconds, series.count, least: 3)
    var phase: [Double] = []
    var before = [0]
    for (index, x) in series.enumerated() {
      if let x, !x.isFinite { throw .notFinite(index: index) }
      phase.append(x ?? 0)
      before.append(before[index] + (x == nil ? 1 : 0))
    }
    self.phase = phase
    self.intervalSeconds = intervalSeconds
    missing = before[series.count] == 0 ? nil : before
    cuts = nil
  }

  /// From fractional frequencies averaged over each interval.
  /// - Throws: `.interval`, `.notFinite`, `.tooFew` for fewer than two.
  public init(fractionalFrequency frequency: [Double], intervalSeconds: Double) throws(StabilityFault) {
    try Self.check(intervalSeconds, frequency.count, least: 2)
    for (index, y) in frequency.enumerated() where !y.isFinite { throw .notFinite(index: index) }
    phase = Self.integrated(frequency, intervalSeconds)
    self.intervalSeconds = intervalSeconds
    missing = nil
    cuts = nil
  }

  /// From fractional frequencies averaged over each interval, nil where one is missing.
  public init(fractionalFrequencyWithGaps series: [Double?], intervalSeconds: Double) throws(StabilityFault) {
    try Self.check(intervalSeconds, series.count, least: 2)
    var before = [0]
    for (index, y) in series.enumerated() {
      if let y, !y.isFinite { throw .notFinite(index: index) }
      before.append(before[index] + (y == nil ? 1 : 0))
    }
    phase = Self.integrated(series.map { $0 ?? 0 }, intervalSeconds)
    self.intervalSeconds = intervalSeconds
    missing = nil
    cuts = before[series.count] == 0 ? nil : before
  }

  /// x_0 = 0, x_{k+1} = x_k + y_k τ₀; the mean frequency, to which no statistic answers, is removed first so that long
  /// records keep their digits.
  private static func integrated(_ frequency: [Double], _ interval: Double) -> [Double] {
    let mean = frequency.reduce(0, +) / Double(frequency.count)
    var phase = [Double](repeating: 0, count: frequency.count + 1)
    var sum = DoubleDouble(0.0)
    for (index, y) in frequency.enumerated() {
      sum += DoubleDouble(y - mean)
      phase[index + 1] = sum.doubleValue * interval
    }
    return phase
  }

  /// Whether the phase at an index is missing.
  func isMissing(_ index: Int) -> Bool { missing.map { $0[index + 1] != $0[index] } ?? false }

  /// Indices of the first and the last datum: what is missing at an end shortens the record.
  var dataRange: (first: Int, last: Int) {
    var first = 0
    var last = phase.count - 1
    func isCut(_ index: Int) -> Bool { cuts.map { $0[index + 1] != $0[index] } ?? false }
    while first < last, isMissing(first) || isCut(first) { first += 1 }
    while last > first, isMissing(last) || isCut(last - 1) { last -= 1 }
    return (first, last)
  }

  /// Whether the phases from first to last can be used together when all of them are needed.
  func isWhole(_ first: Int, _ last: Int) -> Bool {
    if let missing, missing[last + 1] != missing[first] { return false }
    if let cuts, cuts[last] != cuts[first] { return false }
    return true
  }

  /// Whether the phases at these equally spaced indices exist and are related.
  func isUsable(_ first: Int, step: Int, count: Int) -> Bool {
    if let cuts, cuts[first + step * (count - 1)] != cuts[first] { return false }
    if let missing {
      for index in stride(from: first, through: first + step * (count - 1), by: step)
      where missing[index + 1] != missing[index] {
        return false
      }
    }
    return true
  }
}
