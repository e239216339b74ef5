/// Sigma-tau on line: overlapping Allan deviation, modified Allan deviation and time deviation of a phase that comes sample by
/// sample, in bounded memory and without allocation.
///
/// Each averaging factor m has a ring of phases and one of block sums at a stride s that divides m: s = 1 as long as m/s fits
/// into the ring, so that every overlapping term is there and the result is that of the off-line formula (W. J. Riley, NIST
/// SP 1065, equations 11 and 14). For larger m the second differences begin at every s-th phase only. The estimate stays
/// unbiased; its equivalent degrees of freedom are lower by less than 2 % for m/s of 16 or more in white frequency noise,
/// because second differences that begin within m/16 of each other are the same to within a sixteenth.
///
/// A missing phase leaves out exactly the terms that need it.
///
/// Memory: `factors` × (2 × `ring` + 12) numbers of 8 bytes. With 20 factors and rings of 97 that is 33 KB, for averaging
/// times of 1 s to 2¹⁹ s. `ring` must be at least 3 m/s + 1, so that rings of 97 hold 32 strides for each m.
public struct StreamingStability<let factors: Int, let ring: Int>: Sendable {
  /// One averaging factor's result.
  @frozen public struct Point: Sendable, Equatable {
    /// Averaging factor m.
    public var averagingFactor: Int
    /// Every how many phases a second difference begins; 1 for fully overlapping.
    public var stride: Int
    /// Overlapping Allan variance; NaN without terms.
    public var allanVariance: Double
    /// Number of its terms.
    public var terms: Int
    /// Modified Allan variance; NaN without terms.
    public var modifiedVariance: Double
    /// Number of its terms.
    public var modifiedTerms: Int

    /// Overlapping Allan deviation.
    public var allanDeviation: Double { allanVariance.squareRoot() }
    /// Modified Allan deviation.
    public var modifiedDeviation: Double { modifiedVariance.squareRoot() }
    /// Time deviation in seconds (SP 1065, equation 15).
    public func timeDeviation(intervalSeconds: Double) -> Double {
      Double(averagingFactor) * intervalSeconds * (modifiedVariance / 3).squareRoot()
    }
  }

  private struct Level: Sendable {
    var factor = 1
    var stride = 1
    var phases = InlineArray<ring, Double>(repeating: .nan)
    var sums = InlineArray<ring, Double>(repeating: .nan)
    /// Entries written so far, and the place of the next.
    var phaseCount = 0
    var phasePlace = 0
    var sumCount = 0
    var sumPlace = 0
    /// Phases of the block under way.
    var block = 0.0
    var squares = 0.0
    var terms = 0
    var modifiedSquares = 0.0
    var modifiedTerms = 0
    /// Phases until the next one that is kept.
    var until = 0
    var inBlock = 0
  }

  /// Time from one phase to the next in seconds.
  public let intervalSeconds: Double
  /// Number of phases taken, missing ones included.
  public private(set) var count = 0
  private var levels: InlineArray<factors, Level>

  /// Octaves: m = 1, 2, 4, …
  /// - Returns: nil for an interval that is not positive, or a ring of less than 7.
  public init?(intervalSeconds: Double) {
    var octaves = InlineArray<factors, Int>(repeating: 1)
    for index in 0..<factors { octaves[index] = 1 << min(index, 40) }
    self.init(intervalSeconds: intervalSeconds, averagingFactors: octaves)
  }

  /// Given averaging factors.
  /// - Returns: nil for a factor below 1, an interval that is not positive, or a ring of less than 7.
  public init?(intervalSeconds: Double, averagingFactors: InlineArray<factors, Int>) {
    guard intervalSeconds > 0, intervalSeconds.isFinite, ring >= 7, factors >= 1 else { return nil }
    self.intervalSeconds = intervalSeconds
    levels = InlineArray(repeating: Level())
    for index in 0..<factors {
      let m = averagingFactors[index]
      guard m >= 1 else { return nil }
      var stride = (m + (ring - 1) / 3 - 1) / ((ring - 1) / 3)
      while m % stride != 0 { stride += 1 }
      levels[index].factor = m
      levels[index].stride = stride
    }
  }

  /// Takes the next phase in seconds; nil, or one that is not finite, is missing.
  public mutating func take(phaseSeconds: Double?) {
    let x = phaseSeconds.map { $0.isFinite ? $0 : .nan } ?? .nan
    count += 1
    for index in 0..<factors { Self.take(x, &levels[index]) }
  }

  private static func take(_ x: Double, _ level: inout Level) {
    if level.until == 0 {
      level.until = level.stride
      takePhase(x, &level)
    }
    level.until -= 1
    level.block += x
    level.inBlock += 1
    if level.inBlock == level.stride {
      takeBlock(level.block, &level)
      level.block = 0
      level.inBlock = 0
    }
  }

  // A ring is only ever touched inside its level: passed on by itself it would be copied for each access.

  private static func index(_ place: Int, back: Int) -> Int { place >= back ? place - back : place - back + ring }

  private static func takePhase(_ x: Double, _ level: inout Level) {
    level.phases[level.phasePlace] = x
    level.phasePlace = level.phasePlace + 1 == ring ? 0 : level.phasePlace + 1
    level.phaseCount += 1
    let span = level.factor / level.stride
    guard level.phaseCount > 2 * span else { return }
    let middle = level.phases[index(level.phasePlace, back: span + 1)]
    let first = level.phases[index(level.phasePlace, back: 2 * span + 1)]
    let difference = (x - middle) - (middle - first)
    guard difference.isFinite else { return }
    level.squares += difference * difference
    level.terms += 1
  }

  private static func takeBlock(_ sum: Double, _ level: inout Level) {
    level.sums[level.sumPlace] = sum
    level.sumPlace = level.sumPlace + 1 == ring ? 0 : level.sumPlace + 1
    level.sumCount += 1
    let span = level.factor / level.stride
    guard level.sumCount >= 3 * span else { return }
    // Summed anew each time: a running sum would keep the rounding of everything that ever passed, and a missing phase.
    var window = 0.0
    var last = index(level.sumPlace, back: 1)
    var middle = index(level.sumPlace, back: span + 1)
    var first = index(level.sumPlace, back: 2 * span + 1)
    var left = span
    while left > 0 {
      window += (level.sums[last] - level.sums[middle]) - (level.sums[middle] - level.sums[first])
      last = last == 0 ? ring - 1 : last - 1
      middle = middle == 0 ? ring - 1 : middle - 1
      first = first == 0 ? ring - 1 : first - 1
      left -= 1
    }
    guard window.isFinite else { return }
    let mean = window / Double(level.factor)
    level.modifiedSquares += mean * mean
    level.modifiedTerms += 1
  }

  /// The result of one averaging factor, by its place in the list; it has no value before 2 m + 1 phases.
  public func point(_ index: Int) -> Point {
    let level = levels[index]
    let tau = Double(level.factor) * intervalSeconds
    func variance(_ sum: Double, _ terms: Int) -> Double { terms == 0 ? .nan : sum / Double(terms) / (2 * tau * tau) }
    return Point(
      averagingFactor: level.factor, stride: level.stride, allanVariance: variance(level.squares, level.terms),
      terms: level.terms, modifiedVariance: variance(level.modifiedSquares, level.modifiedTerms),
      modifiedTerms: level.modifiedTerms)
  }

  /// Averaging factor number `index`.
  public func averagingFactor(_ index: Int) -> Int { levels[index].factor }
}
