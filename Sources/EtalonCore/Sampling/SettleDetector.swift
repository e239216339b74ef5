/// Says whether a signal has come to rest: slope and scatter about the line over the last `hold` of time.
///
/// A least-squares line through the samples of the window gives the slope; the standard deviation about it has n − 2
/// degrees of freedom. The buffer is allocated once; a window with more samples than it holds is thinned by taking every
/// n-th, which leaves slope and scatter as they are.
public struct SettleDetector: Sendable {
  static let capacity = 1024
  /// Length of the window.
  public let holdNanoseconds: Int64
  /// Every how many samples one is kept.
  public let decimation: Int
  /// Number of samples that must be in the window for an answer.
  let needed: Int
  private var instants: [Int64]
  private var values: [Double]
  private var start = 0
  private var count = 0
  private var skipped = 0
  private var first: Instant?

  /// - Parameters:
  ///   - holdNanoseconds: length of the window, above 0.
  ///   - periodNanoseconds: expected time between samples, above 0.
  public init(holdNanoseconds: Int64, periodNanoseconds: Int64) throws(SamplingFault) {
    guard holdNanoseconds > 0 else { throw .notPositive(nanoseconds: holdNanoseconds) }
    guard periodNanoseconds > 0 else { throw .notPositive(nanoseconds: periodNanoseconds) }
    self.holdNanoseconds = holdNanoseconds
    let expected = Int(holdNanoseconds / periodNanoseconds) + 1
    decimation = (expected + Self.capacity - 1) / Self.capacity
    // A device that answers more slowly than it is asked fills a quarter; a line needs three values for a scatter about it.
    needed = max(3, expected / decimation / 4)
    instants = [Int64](repeating: 0, count: Self.capacity)
    values = [Double](repeating: 0, count: Self.capacity)
  }

  /// Takes a value. One that is not finite or not later than the one before empties the window: what it said before no
  /// longer holds without a gap.
  public mutating func add(_ value: Double, at instant: Instant) {
    guard value.isFinite else { return reset() }
    if count > 0, instant.nanoseconds <= instants[(start + count - 1) % Self.capacity] { reset() }
    if first == nil { first = instant }
    while count > 0, instant.nanoseconds - instants[start] > holdNanoseconds { drop() }
    if skipped > 0 {
      skipped -= 1
      return
    }
    skipped = decimation - 1
    if count == Self.capacity { drop() }
    let place = (start + count) % Self.capacity
    instants[place] = instant.nanoseconds
    values[place] = value
    count += 1
  }

  /// Forgets everything; the next answer needs a full window again.
  public mutating func reset() {
    start = 0
    count = 0
    skipped = 0
    first = nil
  }

  private mutating func drop() {
    start = (start + 1) % Self.capacity
    count -= 1
  }

  /// Number of values in the window.
  public var sampleCount: Int { count }

  /// Whether values cover the whole window: its age since the first value after a reset reaches `hold`, at least a quarter
  /// of the expected samples are in it, and no two neighbours are further apart than a quarter of the window.
  public var isFull: Bool {
    guard let first, count >= needed else { return false }
    let newest = instants[(start + count - 1) % Self.capacity]
    let oldest = instants[start]
    // The oldest kept sample may be younger than the window by one step of the thinned series and one lost sample.
    let step = count > 1 ? (newest - oldest) / Int64(count - 1) : 0
    guard newest - first.nanoseconds >= holdNanoseconds - step, newest - oldest >= holdNanoseconds - 2 * step else {
      return false
    }
    var before = oldest
    for index in 1..<count {
      let next = instants[(start + index) % Self.capacity]
      // With few samples the spacing itself may be more than a quarter.
      if next - before > max(holdNanoseconds / 4, 2 * step) { return false }
      before = next
    }
    return true
  }

  /// Slope in units per second and standard deviation about the line; nil for fewer than three values.
  public var line: (slopePerSecond: Double, standardDeviation: Double)? {
    guard count >= 3 else { return nil }
    let origin = instants[start]
    let offset = values[start]
    var meanTime = 0.0
    var mean = 0.0
    for index in 0..<count {
      let place = (start + index) % Self.capacity
      meanTime += Double(instants[place] - origin) * 1e-9
      mean += values[place] - offset
    }
    meanTime /= Double(count)
    mean /= Double(count)
    var timeSquares = 0.0
    var products = 0.0
    var squares = 0.0
    for index in 0..<count {
      let place = (start + index) % Self.capacity
      let time = Double(instants[place] - origin) * 1e-9 - meanTime
      let value = values[place] - offset - mean
      timeSquares += time * time
      products += time * value
      squares += value * value
    }
    guard timeSquares > 0 else { return nil }
    let slope = products / timeSquares
    let rest = max(0, squares - slope * products)
    return (slope, (rest / Double(count - 2)).squareRoot())
  }

  /// Slope over the window in units per second; nil for fewer than three values.
  public var slope: Double? { line?.slopePerSecond }

  /// Standard deviation about the line; nil for fewer than three values.
  public var standardDeviation: Double? { line?.standardDeviation }

  /// Whether the window is full and both slope and scatter are within their limits.
  public func isSettled(slopeLimitPerSecond: Double, standardDeviationLimit: Double) -> Bool {
    guard isFull, let line else { return false }
    return line.slopePerSecond.magnitude <= slopeLimitPerSecond && line.standardDeviation <= standardDeviationLimit
  }
}
