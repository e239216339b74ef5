/// What a calibration channel makes of one indication.
@frozen public struct ChannelSample: Sendable, Equatable {
  /// What is to be known beside the value.
  @frozen public struct Flags: OptionSet, Sendable, Hashable {
    /// The set as bits.
    public let rawValue: UInt16
    /// A set from its bits.
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// No reference is there: the response is the last one, its uncertainty grows as declared.
    public static let holdover = Flags(rawValue: 1)
    /// The indication lies outside the range that is declared valid.
    public static let extrapolated = Flags(rawValue: 2)
    /// The indication lies outside the range in which the device has been compared with its reference so far.
    public static let beyondLearned = Flags(rawValue: 4)
    /// The quantity moves faster than the dynamic correction can follow within the noise.
    public static let moving = Flags(rawValue: 8)
    /// The response does not learn, because the monitor holds it.
    public static let frozen = Flags(rawValue: 16)
    /// Innovations are below their chi-square band: the declared noises are larger than the real ones.
    public static let quiet = Flags(rawValue: 32)
  }

  /// The device's instant.
  public var instant: Instant
  /// What the device showed.
  public var indication: Double
  /// The reference's reading at that instant before its correction; NaN where there is none (yet).
  public var reference: Double
  /// The corrected value in the unit of the reference; NaN when the indication can not be used.
  public var corrected: Double
  /// Its standard uncertainty, systematic and dynamic parts included; NaN with the value.
  public var standardUncertainty: Double
  /// State of the channel after the sample.
  public var state: AccuracyState
  /// What is to be known beside the value.
  public var flags: Flags
  /// Why the response could not learn from the sample; nil where it did, or still may.
  public var refusal: ChannelRefusal?

  init(instant: Instant, indication: Double, reference: Double, state: AccuracyState) {
    self.instant = instant
    self.indication = indication
    self.reference = reference
    corrected = .nan
    standardUncertainty = .nan
    self.state = state
    flags = []
  }

  /// Equal in every bit that is a number; two values that are not numbers are equal too.
  public static func == (a: ChannelSample, b: ChannelSample) -> Bool {
    a.instant == b.instant && a.indication.bitPattern == b.indication.bitPattern
      && a.reference.bitPattern == b.reference.bitPattern && a.corrected.bitPattern == b.corrected.bitPattern
      && a.standardUncertainty.bitPattern == b.standardUncertainty.bitPattern && a.state == b.state
      && a.flags == b.flags && a.refusal == b.refusal
  }
}

/// Why a reading, a pair or a block of pairs was not used to learn from.
public enum ChannelRefusal: UInt8, Sendable, CaseIterable {
  /// Missing, stale, over range, skewed or an outlier by what is known of the reading.
  case quality = 0
  /// Same instant as the reading before.
  case duplicate = 1
  /// Earlier than the reading before: reordered, or a clock that went backwards.
  case backwards = 2
  /// Not a finite number.
  case notFinite = 3
  /// No reading of the other side lies on both sides in time; nothing is extrapolated.
  case noNeighbour = 4
  /// The readings are so far apart in time that the quantity may have moved by more than the noise between them.
  case misaligned = 5
  /// A gap or the reference's coming and going cut the block short.
  case gap = 6
  /// The quantity moved too far within a block.
  case moving = 7
  /// Rate of the quantity times uncertainty of the lag is more than the noise allows.
  case lag = 8
  /// The dynamics have not been followed for long enough since the start or since a gap.
  case settling = 9
  /// The indication is at a limit of its scale.
  case saturated = 10
  /// The monitor holds the response because device and reference seem to move against each other.
  case frozen = 11
  /// Closer to the pair before than the declared period.
  case crowded = 12

  /// The reason in words.
  public var words: StaticString {
    switch self {
    case .quality: "flagged bad by the reading itself"
    case .duplicate: "same instant as the reading before"
    case .backwards: "earlier than the reading before"
    case .notFinite: "not a finite number"
    case .noNeighbour: "no reading of the other side before and after"
    case .misaligned: "readings too far apart in time for the noise"
    case .gap: "block cut short by a gap"
    case .moving: "quantity moved too far within the block"
    case .lag: "quantity too fast for what is known of the lag"
    case .settling: "dynamics not followed for long enough"
    case .saturated: "indication at a limit of its scale"
    case .frozen: "held by the monitor"
    case .crowded: "closer to the pair before than the period"
    }
  }
}

/// Counts of refused readings and pairs by reason.
@frozen public struct RefusalCounters: Sendable, Equatable {
  @usableFromInline var counts = InlineArray<16, UInt64>(repeating: 0)

  /// Nothing was refused.
  public init() {}

  /// Number refused for one reason.
  @inlinable public subscript(reason: ChannelRefusal) -> UInt64 { counts[Int(reason.rawValue)] }

  /// Number refused for all reasons.
  public var total: UInt64 {
    var sum: UInt64 = 0
    for index in 0..<16 { sum += counts[index] }
    return sum
  }

  mutating func add(_ reason: ChannelRefusal, _ number: Int = 1) {
    counts[Int(reason.rawValue)] += UInt64(max(0, number))
  }

  /// Whether both count the same.
  public static func == (a: Self, b: Self) -> Bool {
    for index in 0..<16 where a.counts[index] != b.counts[index] { return false }
    return true
  }
}
