/// Takes readings of reference and device on a periodic schedule and emits them as pairs at a common instant.
///
/// A value that owns no clock: the caller asks for `nextTick`, calls `begin(at:)` when it has come, hands in readings as
/// they arrive and takes pairs until there is none. Storage is in place; nothing allocates.
///
/// - A tick that was missed is counted and lost. It is never caught up: two readings taken together would pretend to be
///   two periods apart.
/// - The reference is brought to the device's instant by linear interpolation between its two neighbouring readings where
///   both exist and are close enough; else the nearest reading serves if it is near enough; else the pair is flagged
///   `.skewed`, with the nearest reading. What never came gives a pair flagged `.missing`.
public struct Sampler: Sendable {
  /// How readings are taken and paired. Times are in nanoseconds.
  public struct Configuration: Sendable, Equatable {
    /// Time from tick to tick, above 0.
    public var periodNanoseconds: Int64
    /// Largest distance of a reference reading that may stand for the device's instant, 0 or more.
    public var alignNanoseconds: Int64
    /// Largest distance of two reference readings between which a straight line is trusted, above 0.
    public var interpolationLimitNanoseconds: Int64
    /// How long after its tick a pair waits for readings, above 0 and less than seven periods.
    public var waitNanoseconds: Int64

    /// - Parameters:
    ///   - interpolationLimitNanoseconds: nil takes two and a half periods.
    ///   - waitNanoseconds: nil takes two periods: the reference's reading after the device's belongs to the next tick.
    public init(
      periodNanoseconds: Int64, alignNanoseconds: Int64, interpolationLimitNanoseconds: Int64? = nil,
      waitNanoseconds: Int64? = nil
    ) {
      self.periodNanoseconds = periodNanoseconds
      self.alignNanoseconds = alignNanoseconds
      self.interpolationLimitNanoseconds = interpolationLimitNanoseconds ?? (periodNanoseconds / 2) * 5
      self.waitNanoseconds = waitNanoseconds ?? periodNanoseconds * 2
    }
  }

  /// Which side a reading is of.
  public enum Side: UInt8, Sendable { case reference = 1, device = 2 }

  /// What became of a reading.
  public enum Acceptance: UInt8, Sendable, Equatable {
    case accepted = 0
    /// Same conversion or same instant as the reading before; not used.
    case duplicate = 1
    /// Earlier than the reading before; not used.
    case backwards = 2
    /// Not a finite number; not used.
    case notFinite = 3
    /// The device repeated an old conversion; not used.
    case stale = 4
    /// No tick waits for it; not used.
    case noTick = 5
  }

  /// One tick of the schedule.
  public struct Tick: Sendable, Equatable {
    /// Number of the tick, from 0; missed ticks have numbers too.
    public var number: UInt32
    /// When it was due.
    public var due: Instant
    /// Number of ticks that were missed directly before it.
    public var missed: UInt32

    /// A tick with the given parts.
    public init(number: UInt32, due: Instant, missed: UInt32) {
      self.number = number
      self.due = due
      self.missed = missed
    }
  }

  /// What was counted so far.
  public struct Counters: Sendable, Equatable {
    /// Usable pairs emitted.
    public var samples: UInt32 = 0
    /// Ticks without a usable pair: missed, missing, skewed or bad.
    public var gaps: UInt32 = 0
    /// Ticks that were missed because the loop came too late; part of `gaps`.
    public var missedTicks: UInt32 = 0
    /// Longest time from one usable pair to the next, in nanoseconds, also from the start to the first.
    public var longestGapNanoseconds: Int64 = 0
    /// Readings refused as duplicates or old conversions.
    public var duplicates: UInt32 = 0
    /// Readings refused because time went backwards.
    public var backwards: UInt32 = 0
    /// Readings refused because they are not finite.
    public var notFinite: UInt32 = 0
    /// Readings that came when no tick waited for them.
    public var late: UInt32 = 0
  }

  /// Number of ticks that can wait for readings at the same time.
  static let capacity = 8

  private struct Waiting {
    var tick = Tick(number: 0, due: Instant(nanoseconds: 0), missed: 0)
    var device: Reading?
  }

  /// The configuration in force.
  public let configuration: Configuration
  /// When the next tick is due.
  public private(set) var nextTick: Instant
  /// Number of the next tick.
  public private(set) var nextNumber: UInt32 = 0
  /// What was counted since the start.
  public private(set) var counters = Counters()

  private var waiting = InlineArray<8, Waiting>(repeating: Waiting())
  private var waitingCount = 0
  private var references = InlineArray<16, Reading?>(repeating: nil)
  private var referenceCount = 0
  private var lastReference: Reading?
  private var lastDevice: Reading?
  private var lastSample: Instant

  /// A schedule whose first tick is due at `start`.
  /// - Throws: `notPositive` with the value that is not, `wait` when pairs would wait for too many periods.
  public init(_ configuration: Configuration, startingAt start: Instant) throws(SamplingFault) {
    guard configuration.periodNanoseconds > 0 else { throw .notPositive(nanoseconds: configuration.periodNanoseconds) }
    guard configuration.alignNanoseconds >= 0 else { throw .notPositive(nanoseconds: configuration.alignNanoseconds) }
    guard configuration.interpolationLimitNanoseconds > 0 else {
      throw .notPositive(nanoseconds: configuration.interpolationLimitNanoseconds)
    }
    guard configuration.waitNanoseconds > 0 else { throw .notPositive(nanoseconds: configuration.waitNanoseconds) }
    guard configuration.waitNanoseconds / configuration.periodNanoseconds < Int64(Self.capacity) - 1 else {
      throw .wait(periods: configuration.waitNanoseconds / configuration.periodNanoseconds)
    }
    self.configuration = configuration
    nextTick = start
    lastSample = start
  }

  /// Begins the tick that is due; nil when none is.
  ///
  /// Ticks whose successor is due as well are missed: they are counted and get no pair.
  public mutating func begin(at now: Instant) -> Tick? {
    guard now >= nextTick else { return nil }
    let missed = (now - nextTick) / configuration.periodNanoseconds
    let due = nextTick + missed * configuration.periodNanoseconds
    let tick = Tick(
      number: nextNumber &+ UInt32(truncatingIfNeeded: missed), due: due, missed: UInt32(truncatingIfNeeded: missed))
    counters.missedTicks &+= tick.missed
    counters.gaps &+= tick.missed
    nextNumber = tick.number &+ 1
    nextTick = due + configuration.periodNanoseconds
    precondition(waitingCount < Self.capacity, "pairs are taken before eight ticks wait for readings")
    waiting[waitingCount] = Waiting(tick: tick, device: nil)
    waitingCount += 1
    return tick
  }

  /// Takes a reading.
  /// - Parameter tick: number of the tick it was asked for; nil for a reading that came by itself, which goes to the tick
  ///   next to it in time that waits for one. It matters for the device only.
  public mutating func add(_ reading: Reading, from side: Side, tick: UInt32? = nil) -> Acceptance {
    let last = side == .reference ? lastReference : lastDevice
    let acceptance = judge(reading, after: last)
    switch acceptance {
    case .accepted: break
    case .duplicate, .stale: counters.duplicates &+= 1
    case .backwards: counters.backwards &+= 1
    case .notFinite: counters.notFinite &+= 1
    case .noTick: counters.late &+= 1
    }
    guard acceptance == .accepted else { return acceptance }
    switch side {
    case .reference:
      lastReference = reading
      keep(reading)
      return .accepted
    case .device:
      lastDevice = reading
      guard let place = place(of: reading, tick: tick) else {
        counters.late &+= 1
        return .noTick
      }
      waiting[place].device = reading
      return .accepted
    }
  }

  private func judge(_ reading: Reading, after last: Reading?) -> Acceptance {
    guard reading.value.isFinite else { return .notFinite }
    guard !reading.quality.contains(.stale) else { return .stale }
    guard let last else { return .accepted }
    if reading.conversion != 0 && reading.conversion == last.conversion { return .duplicate }
    if reading.instant == last.instant { return .duplicate }
    if reading.instant < last.instant { return .backwards }
    return .accepted
  }

  private func place(of reading: Reading, tick: UInt32?) -> Int? {
    var best: Int?
    var distance = Int64.max
    for index in 0..<waitingCount where waiting[index].device == nil {
      if let tick {
        if waiting[index].tick.number == tick { return index }
        continue
      }
      let away = (reading.instant - waiting[index].tick.due).magnitude
      // A reading just before a tick that has not begun belongs to the one that has.
      if away <= UInt64(configuration.periodNanoseconds), Int64(away) < distance {
        distance = Int64(away)
        best = index
      }
    }
    return best
  }

  private mutating func keep(_ reading: Reading) {
    if referenceCount == 16 {
      for index in 1..<16 { references[index - 1] = references[index] }
      referenceCount = 15
    }
    references[referenceCount] = reading
    referenceCount += 1
  }

  /// When `nextPair(at:)` has to be asked at the latest; nil while no tick waits.
  public var deadline: Instant? {
    waitingCount > 0 ? waiting[0].tick.due + configuration.waitNanoseconds : nil
  }

  /// The next pair that is complete, or that waited long enough; nil when there is none yet.
  public mutating func nextPair(at now: Instant) -> Pair? {
    guard waitingCount > 0 else { return nil }
    let first = waiting[0]
    let expired = now >= first.tick.due + configuration.waitNanoseconds
    guard let device = first.device else { return expired ? emit(missing(first.tick)) : nil }
    var before: Reading?
    var after: Reading?
    for index in 0..<referenceCount {
      guard let reading = references[index] else { continue }
      if reading.instant <= device.instant { before = reading }
      if reading.instant >= device.instant && after == nil { after = reading }
    }
    // Without a later reading the answer may still get better.
    guard after != nil || expired else { return nil }
    return emit(pair(first.tick, device, before, after))
  }

  /// Gives up on everything that waits, for the end of a window: each call gives one pair, nil when none is left.
  public mutating func flush() -> Pair? {
    guard waitingCount > 0 else { return nil }
    return nextPair(at: Instant(nanoseconds: .max))
  }

  private func missing(_ tick: Tick) -> Pair {
    Pair(
      instant: tick.due, reference: .nan, indication: .nan, raw: .nan, quality: .missing, tick: tick.number)
  }

  private func pair(_ tick: Tick, _ device: Reading, _ before: Reading?, _ after: Reading?) -> Pair {
    var pair = Pair(
      instant: device.instant, reference: .nan, indication: device.value, raw: device.raw, quality: device.quality,
      tick: tick.number)
    if let before, let after {
      let step = after.instant - before.instant
      if step == 0 {
        pair.reference = before.value
        pair.quality.formUnion(before.quality)
        return pair
      }
      if step <= configuration.interpolationLimitNanoseconds {
        let share = Double(device.instant - before.instant) / Double(step)
        pair.reference = before.value + share * (after.value - before.value)
        pair.quality.formUnion(before.quality)
        pair.quality.formUnion(after.quality)
        return pair
      }
    }
    let toBefore = before.map { device.instant - $0.instant } ?? .max
    let toAfter = after.map { $0.instant - device.instant } ?? .max
    guard let nearest = toBefore <= toAfter ? before : after else {
      pair.quality.insert(.missing)
      return pair
    }
    pair.reference = nearest.value
    pair.quality.formUnion(nearest.quality)
    if min(toBefore, toAfter) > configuration.alignNanoseconds { pair.quality.insert(.skewed) }
    return pair
  }

  private mutating func emit(_ pair: Pair) -> Pair {
    for index in 1..<max(1, waitingCount) { waiting[index - 1] = waiting[index] }
    waitingCount -= 1
    counters.longestGapNanoseconds = max(counters.longestGapNanoseconds, pair.instant - lastSample)
    if pair.isUsable {
      counters.samples &+= 1
      lastSample = pair.instant
    } else {
      counters.gaps &+= 1
    }
    return pair
  }
}
