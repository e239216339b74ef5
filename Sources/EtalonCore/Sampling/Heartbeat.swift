/// The sign of life of a loop to a watchdog of the bench (a dead-man): it is given while the loop turns and by nothing else.
///
/// The value decides; the world that is waited in asks it on each turn and drives the line. A loop that turned too late has
/// lost the watchdog's trust: the heartbeat ends there and is not taken up again, because the bench is in its safe state
/// by itself and must not come out of it while nobody looks. Beats are counted from the last one and never caught up.
@frozen public struct Heartbeat: Equatable, Sendable {
  /// What a sign of life is.
  @frozen public enum Form: UInt8, Sendable {
    /// The line changes its level with each beat. A watchdog that waits for changes sees a loop that hangs as well as
    /// one that is dead.
    case toggled = 1
    /// The line stays active from the first turn on. It falls when the process dies; while a loop hangs it can not.
    case held = 2
  }

  /// What one turn of the loop has to do.
  @frozen public enum Step: Equatable, Sendable {
    /// Nothing: the next beat is not due, or the heartbeat has ended.
    case nothing
    /// Drive the line.
    case drive(active: Bool)
    /// Release the line: the loop turned too late, so many nanoseconds after the beat before.
    case end(gapNanoseconds: Int64)
  }

  /// What a sign of life is.
  public let form: Form
  /// Time from one beat to the next, nanoseconds.
  public let periodNanoseconds: Int64
  /// Longest time between two beats that the watchdog bears, nanoseconds; more than the period.
  public let limitNanoseconds: Int64
  /// Level of the line.
  public private(set) var isActive = false
  /// Number of beats.
  public private(set) var count: UInt64 = 0
  /// The gap that ended the heartbeat, nanoseconds; nil while it goes on.
  public private(set) var gapNanoseconds: Int64?
  private var last = Instant(nanoseconds: 0)

  /// A heartbeat of its parts, before its first beat; `limitNanoseconds` is more than `periodNanoseconds`, which is positive.
  public init(_ form: Form, periodNanoseconds: Int64, limitNanoseconds: Int64) {
    precondition(periodNanoseconds > 0 && limitNanoseconds > periodNanoseconds, "a beat comes before its limit")
    self.form = form
    self.periodNanoseconds = periodNanoseconds
    self.limitNanoseconds = limitNanoseconds
  }

  /// Whether the heartbeat has ended for good.
  public var hasEnded: Bool { gapNanoseconds != nil }

  /// When the loop must turn next for the sake of the heartbeat; nil before the first turn and after the end.
  public var nextBeat: Instant? { count == 0 || hasEnded ? nil : last + periodNanoseconds }

  /// The loop turns.
  public mutating func turn(at instant: Instant) -> Step {
    guard !hasEnded else { return .nothing }
    if count > 0 {
      let gap = instant - last
      if gap > limitNanoseconds {
        gapNanoseconds = gap
        isActive = false
        return .end(gapNanoseconds: gap)
      }
      guard gap >= periodNanoseconds else { return .nothing }
    }
    last = instant
    count += 1
    switch form {
    case .toggled: isActive.toggle()
    case .held:
      guard !isActive else { return .nothing }
      isActive = true
    }
    return .drive(active: isActive)
  }
}
