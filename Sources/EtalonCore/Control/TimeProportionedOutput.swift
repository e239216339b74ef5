/// Gives a mean power with a heater that is only on or off.
///
/// In each window the heater is on first and off afterwards, for a time in proportion to the wanted power. Switching
/// shorter than the relay allows is left out; what a window gave too much or too little, also because the caller came
/// late, is carried to the next one, so that the mean power is right in the long run.
///
/// The caller asks `isOn(watts:at:)` at the latest at `nextSwitch` and drives the line by the answer.
public struct TimeProportionedOutput: Sendable {
  /// What the output is set to.
  public struct Configuration: Sendable, Equatable {
    /// Power of the heater when it is on, above 0.
    public var ratedWatts: Double
    /// Length of a window in nanoseconds, above 0.
    public var windowNanoseconds: Int64
    /// Shortest time on, 0 or more.
    public var minimumOnNanoseconds: Int64
    /// Shortest time off, 0 or more; together with the shortest time on not longer than a window.
    public var minimumOffNanoseconds: Int64

    /// An output with the given power and times; they are checked when it is set up.
    public init(
      ratedWatts: Double, windowNanoseconds: Int64, minimumOnNanoseconds: Int64 = 0, minimumOffNanoseconds: Int64 = 0
    ) {
      self.ratedWatts = ratedWatts
      self.windowNanoseconds = windowNanoseconds
      self.minimumOnNanoseconds = minimumOnNanoseconds
      self.minimumOffNanoseconds = minimumOffNanoseconds
    }
  }

  /// Why an output can not be set up.
  public enum Fault: Error, Sendable, Equatable {
    /// The rated power is not above 0 and finite.
    case ratedWatts(Double)
    /// The window is not above 0, a shortest time is negative, or both together are longer than the window.
    case times
  }

  /// The configuration in force.
  public let configuration: Configuration
  /// Energy that the heater owes (positive) or gave too much, in joules.
  public private(set) var owedJoules = 0.0
  /// When to ask again at the latest; nil before the first question.
  public private(set) var nextSwitch: Instant?
  /// Whether the heater is on by the last answer.
  public private(set) var isOn = false
  private var windowEnd: Instant?
  private var offAt = Instant(nanoseconds: 0)
  private var last: Instant?
  private var wanted = 0.0

  /// An output that is off and owes nothing.
  public init(_ configuration: Configuration) throws(Fault) {
    guard configuration.ratedWatts > 0, configuration.ratedWatts.isFinite else {
      throw .ratedWatts(configuration.ratedWatts)
    }
    guard configuration.windowNanoseconds > 0, configuration.minimumOnNanoseconds >= 0,
      configuration.minimumOffNanoseconds >= 0,
      configuration.minimumOnNanoseconds <= configuration.windowNanoseconds - configuration.minimumOffNanoseconds
    else { throw .times }
    self.configuration = configuration
  }

  /// Whether the heater is to be on from now on.
  ///
  /// - Parameter watts: the power that is wanted from now on; it is limited to what the heater can give, and the time on
  ///   changes at the start of the next window. A value that is not finite counts as 0: a heater without a sound demand
  ///   is off.
  public mutating func isOn(watts: Double, at instant: Instant) -> Bool {
    if let last {
      precondition(instant >= last, "time does not go backwards")
      let seconds = instant.seconds(since: last)
      owedJoules += (wanted - (isOn ? configuration.ratedWatts : 0)) * seconds
    }
    last = instant
    wanted = watts.isFinite ? min(max(watts, 0), configuration.ratedWatts) : 0
    if !watts.isFinite {
      // No demand: off now, and nothing is owed for it.
      isOn = false
      owedJoules = 0
      windowEnd = nil
      nextSwitch = instant
      return false
    }
    if windowEnd.map({ instant >= $0 }) ?? true { startWindow(at: instant) }
    let end = windowEnd ?? instant
    isOn = instant < offAt
    nextSwitch = isOn ? min(offAt, end) : end
    return isOn
  }

  private mutating func startWindow(at instant: Instant) {
    let window = configuration.windowNanoseconds
    windowEnd = instant + window
    // More than one window is not owed: it would be paid in one burst long after it was wanted.
    let most = configuration.ratedWatts * Double(window) * 1e-9
    owedJoules = min(max(owedJoules, -most), most)
    let energy = wanted * Double(window) * 1e-9 + owedJoules
    let on = min(max(energy / configuration.ratedWatts * 1e9, 0), Double(window))
    var nanoseconds = Int64(on.rounded())
    if nanoseconds < configuration.minimumOnNanoseconds { nanoseconds = 0 }
    if window - nanoseconds < configuration.minimumOffNanoseconds { nanoseconds = window }
    offAt = instant + nanoseconds
  }
}
