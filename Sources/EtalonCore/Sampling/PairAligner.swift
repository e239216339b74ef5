/// Brings readings of reference and device that come at any instants to common ones.
///
/// Each indication waits until reference readings lie on both sides of it in time; the reference is then interpolated on
/// a straight line. Nothing is ever extrapolated. What the interpolation may have missed is told with the pair, as a
/// variance:
/// - the declared motion of the quantity, stationary with autocorrelation ρ, between readings a before and b after with
///   the weights p = b/(a + b) and q = a/(a + b): σ² (1 + p² + q² + 2pq ρ(a + b) − 2p ρ(a) − 2q ρ(b));
/// - the curvature of the reference's own last three readings beyond what its noise explains: (ẍ a b/2)².
///
/// Storage is in place and bounded; nothing allocates.
public struct PairAligner: Sendable {
  /// How far apart readings may be.
  public struct Settings: Sendable, Equatable {
    /// Largest distance of two reference readings between which a straight line is trusted, in seconds, above 0.
    public var interpolationLimitSeconds: Double
    /// How long an indication waits for the reference's next reading, in seconds, above 0.
    public var waitSeconds: Double

    /// Settings from their parts.
    public init(interpolationLimitSeconds: Double, waitSeconds: Double) {
      self.interpolationLimitSeconds = interpolationLimitSeconds
      self.waitSeconds = waitSeconds
    }
  }

  /// An indication with what there is of the reference.
  public struct Aligned: Sendable, Equatable {
    /// The pair; its reference is NaN where there is a refusal.
    public var pair: Pair
    /// Variance that the disagreement in time may cost, in the square of the reference's unit.
    public var variance: Double
    /// Why there is no reference; nil for a pair.
    public var refusal: ChannelRefusal?
  }

  private struct Point: Sendable {
    var instant = Instant(nanoseconds: 0)
    var value = Double.nan
    var quality: ReadingQuality = []
  }

  static let referenceCapacity = 8
  static let waitingCapacity = 32
  /// The settings in force.
  public let settings: Settings
  private let motion: CorrelatedNoise
  private let referenceNoise: Double
  private let periodSeconds: Double
  private var references = InlineArray<8, Point>(repeating: Point())
  private var referenceCount = 0
  private var waiting = InlineArray<32, Point>(repeating: Point())
  private var first = 0
  /// Number of indications that wait for a reference.
  public private(set) var waitingCount = 0
  private var lastIndication: Instant?
  private var lastPair: Instant?
  private var lastBracketEnd: Instant?
  private var ticks: UInt32 = 0

  /// - Parameters:
  ///   - motion: of the quantity about its level, in the unit of the reference.
  ///   - referenceNoise: standard deviation of one reference reading.
  ///   - periodSeconds: smallest useful distance of pairs.
  public init(_ settings: Settings, motion: CorrelatedNoise, referenceNoise: Double, periodSeconds: Double) {
    self.settings = settings
    self.motion = motion
    self.referenceNoise = referenceNoise
    self.periodSeconds = periodSeconds
  }

  /// When the latest reference reading was taken; nil before the first.
  public private(set) var lastReference: Instant?

  /// Takes a reading of the reference; tells why it is refused.
  public mutating func take(
    reference value: Double, at instant: Instant, quality: ReadingQuality
  ) -> ChannelRefusal? {
    guard value.isFinite else { return .notFinite }
    guard quality.isDisjoint(with: Pair.unusable) else { return .quality }
    if let last = lastReference {
      if instant == last { return .duplicate }
      if instant < last { return .backwards }
    }
    if referenceCount == Self.referenceCapacity {
      for index in 1..<Self.referenceCapacity { references[index - 1] = references[index] }
      referenceCount -= 1
    }
    references[referenceCount] = Point(instant: instant, value: value, quality: quality)
    referenceCount += 1
    lastReference = instant
    return nil
  }

  /// Takes an indication of the device; tells why it is refused.
  public mutating func take(
    indication value: Double, at instant: Instant, quality: ReadingQuality
  ) -> ChannelRefusal? {
    guard value.isFinite else { return .notFinite }
    guard quality.isDisjoint(with: Pair.unusable) else { return .quality }
    if let last = lastIndication {
      if instant == last { return .duplicate }
      if instant < last { return .backwards }
    }
    precondition(waitingCount < Self.waitingCapacity, "aligned indications are taken before so many wait")
    lastIndication = instant
    waiting[(first + waitingCount) % Self.waitingCapacity] = Point(instant: instant, value: value, quality: quality)
    waitingCount += 1
    return nil
  }

  /// Whether so many indications wait that the oldest has to go without a reference.
  public var isFull: Bool { waitingCount == Self.waitingCapacity }

  /// The oldest indication that has got its reference, or has waited for long enough at `now`; nil while none has.
  public mutating func next(at now: Instant) -> Aligned? {
    guard waitingCount > 0 else { return nil }
    let device = waiting[first]
    var before: Int?
    var after: Int?
    for index in 0..<referenceCount {
      if references[index].instant <= device.instant { before = index }
      if references[index].instant >= device.instant && after == nil { after = index }
    }
    guard let after else {
      let waited = now.seconds(since: device.instant)
      guard waited > settings.waitSeconds || isFull else { return nil }
      return give(device, .nan, 0, .noNeighbour)
    }
    guard let before else { return give(device, .nan, 0, .noNeighbour) }
    if before == after { return give(device, references[before].value, 0, crowding(device.instant, before, after)) }
    let a = device.instant.seconds(since: references[before].instant)
    let b = references[after].instant.seconds(since: device.instant)
    guard a + b <= settings.interpolationLimitSeconds else { return give(device, .nan, 0, .misaligned) }
    let q = a / (a + b)
    let p = 1 - q
    let value = p * references[before].value + q * references[after].value
    return give(device, value, variance(a, b, after), crowding(device.instant, before, after))
  }

  /// Pairs that are closer than the period, or that share one pair of far reference readings, tell one thing twice.
  private mutating func crowding(_ instant: Instant, _ before: Int, _ after: Int) -> ChannelRefusal? {
    if let lastPair, instant.seconds(since: lastPair) < 0.6 * periodSeconds { return .crowded }
    let end = references[after].instant
    let isLong = end.seconds(since: references[before].instant) > 1.6 * periodSeconds
    if isLong, let lastBracketEnd, lastBracketEnd == end { return .crowded }
    lastPair = instant
    lastBracketEnd = end
    return nil
  }

  private func variance(_ a: Double, _ b: Double, _ after: Int) -> Double {
    let q = a / (a + b)
    let p = 1 - q
    let spread = motion.standardDeviation * motion.standardDeviation
    let random =
      spread
      * (1 + p * p + q * q + 2 * p * q * motion.correlation(seconds: a + b)
        - 2 * p * motion.correlation(seconds: a) - 2 * q * motion.correlation(seconds: b))
    guard after >= 2 else { return max(0, random) }
    let (r0, r1, r2) = (references[after - 2], references[after - 1], references[after])
    let early = r1.instant.seconds(since: r0.instant)
    let late = r2.instant.seconds(since: r1.instant)
    let bend = (r2.value - r1.value) / late - (r1.value - r0.value) / early
    let noise =
      referenceNoise
      * (1 / (late * late) + 1 / (early * early) + (1 / late + 1 / early) * (1 / late + 1 / early)).squareRoot()
    let curvature = 2 * max(0, bend.magnitude - 3 * noise) / (early + late)
    let missed = curvature * a * b / 2
    return max(0, random) + missed * missed
  }

  private mutating func give(
    _ device: Point, _ reference: Double, _ variance: Double, _ refusal: ChannelRefusal?
  ) -> Aligned {
    first = (first + 1) % Self.waitingCapacity
    waitingCount -= 1
    ticks &+= 1
    let pair = Pair(
      instant: device.instant, reference: reference, indication: device.value, raw: .nan,
      quality: reference.isFinite ? device.quality : device.quality.union(.missing), tick: ticks)
    return Aligned(pair: pair, variance: variance, refusal: refusal)
  }

  /// The reference has left: nothing is interpolated across its absence.
  public mutating func forgetReference() {
    referenceCount = 0
    lastBracketEnd = nil
  }
}
