import EtalonMetrology

/// One oscillator that is watched while it works: edges with their time stamps in, phase, frequency and ageing with their
/// uncertainty, state and sigma-tau out.
///
/// - **Two lines**: the pulses of reference and oscillator are numbered each by itself (`PulseTracker`) and paired; the phase
///   is the difference of their stamps. The counter that stamps them cancels, but for its rate over that difference.
/// - **One line**: the oscillator is the counter itself, and the phase is what it reads at the reference's pulses.
///
/// A value without a clock: it takes edges and instants and owns nothing. Nothing allocates.
public struct ClockChannel: Sendable {
  /// The sigma-tau of the channel: 20 octaves, 32 strides each.
  public typealias Stability = StreamingStability<20, 97>

  /// What is declared.
  public struct Configuration: Sendable {
    /// Oscillator, pulses and reference.
    public var clock: ClockConfiguration
    /// What is expected of each line.
    public var pulses: PulseTracker.Expectation
    /// What the monitor watches for.
    public var monitor: MonitorSettings
    /// Accuracy must have been without a step or a wrong second for so many phases to count as calibrated.
    public var clearingPhases: Int

    /// A configuration; what is not given has its usual value.
    public init(
      clock: ClockConfiguration, pulses: PulseTracker.Expectation = PulseTracker.Expectation(),
      monitor: MonitorSettings = ClockChannel.usualMonitor, clearingPhases: Int = 60
    ) {
      self.clock = clock
      self.pulses = pulses
      self.monitor = monitor
      self.clearingPhases = clearingPhases
    }
  }

  /// For phases once a second: about one false alarm in four months, the state settled after a minute.
  public static var usualMonitor: MonitorSettings {
    var settings = MonitorSettings()
    settings.shift = 1
    settings.averageRunLength = 1e7
    settings.window = 60
    settings.windowProbability = 1e-9
    settings.learningBlocks = 60
    settings.clearingBlocks = 60
    settings.recoveryBlocks = 120
    return settings
  }

  /// What an edge, or time without one, led to.
  @frozen public struct Sample: Sendable, Equatable {
    /// The reference's second.
    public var second: Int64
    /// When, by the counter.
    public var instant: Instant
    /// The measured phase, nanoseconds; nil where time passed without one.
    public var measured: Int64?
    /// What became of it; nil where time passed without a phase.
    public var outcome: ClockOutcome?
    /// Whether the estimate is in holdover.
    public var isHoldover: Bool
    /// State after it.
    public var state: AccuracyState
  }

  /// The configuration in force.
  public let configuration: Configuration
  /// The estimate.
  public private(set) var clock: ClockEstimator
  /// The pulses of the reference.
  public private(set) var reference: PulseTracker
  /// The pulses of the oscillator; without use where the oscillator is the counter.
  public private(set) var oscillator: PulseTracker
  /// Innovations against their declared noise.
  public private(set) var monitor: AccuracyMonitor
  /// Sigma-tau of the measured phases, steps and leaps taken out, steering left in.
  public private(set) var stability: Stability
  /// What the latest edge was, by its line's tracker; nil before the first.
  public private(set) var lastEvent: PulseTracker.Event?
  /// Number of steps of the phase that were found.
  public private(set) var steps = 0
  /// Number of leap seconds that came as announced.
  public private(set) var leaps = 0
  /// Number of announced leap seconds that did not come.
  public private(set) var absentLeaps = 0

  private var first: Instant?
  private var pairedReference: Int64 = -1
  private var pairedOscillator: Int64 = -1
  private var stableSecond: Int64?
  private var stableOffset: Int64 = 0
  private var isPhaseForgotten = false
  private var phasesSinceFault = Int.max
  private var wasLost = false

  /// - Throws: the first declaration that makes no sense; `.limits` for the lines' or the monitor's.
  public init(_ configuration: Configuration) throws(ClockFault) {
    clock = try ClockEstimator(configuration.clock)
    guard let tracker = PulseTracker(configuration.pulses), let stability = Stability(intervalSeconds: 1),
      let monitor = AccuracyMonitor(
        configuration.monitor,
        expecting: IndicationWatch.Expectation(
          device: CorrelatedNoise(standardDeviation: max(1e-3, configuration.clock.pulseNoiseNanoseconds)),
          reference: CorrelatedNoise(standardDeviation: 0), resolution: 0, periodSeconds: 1))
    else { throw .limits }
    self.configuration = configuration
    reference = tracker
    oscillator = tracker
    self.monitor = monitor
    self.stability = stability
  }

  // MARK: Two lines

  /// Takes an edge of the reference's line, for two lines.
  public mutating func takeReference(edgeAt instant: Instant) -> Sample? {
    lastEvent = reference.take(edgeAt: instant)
    return pair(at: instant)
  }

  /// Takes an edge of the oscillator's line.
  public mutating func takeOscillator(edgeAt instant: Instant) -> Sample? {
    lastEvent = oscillator.take(edgeAt: instant)
    return pair(at: instant) ?? pass(to: instant)
  }

  private mutating func pair(at instant: Instant) -> Sample? {
    guard let one = reference.latest, let other = oscillator.latest, one.second != pairedReference,
      other.second != pairedOscillator
    else { return nil }
    let difference = one.instant - other.instant
    guard difference.magnitude < 500_000_000 else { return nil }
    pairedReference = one.second
    pairedOscillator = other.second
    // The counter's nanoseconds are those of its own rate.
    let phase = Int64((Double(difference) * (1e9 / reference.periodNanoseconds)).rounded())
    return take(phase, second: one.second, place: one.instant, at: instant)
  }

  // MARK: One line

  /// Takes an edge of the reference's line where the oscillator is the counter that gives the time stamps.
  /// - Parameter label: number of the second as the reference names it, where it does; the phase is then the counter's
  ///   reading against the named second, so that leap seconds and wrong numbers show.
  public mutating func takeReference(edgeAt instant: Instant, label: Int64?) -> Sample? {
    let event = reference.take(edgeAt: instant)
    lastEvent = event
    let pulse: PulseTracker.Pulse
    switch event {
    case .pulse(let taken), .relocked(let taken, _), .ambiguous(let taken): pulse = taken
    case .doubled, .stray, .backwards: return nil
    }
    let start = first ?? instant
    first = start
    let phase =
      label.map { instant.nanoseconds &- $0 &* 1_000_000_000 }
      ?? (instant - start) &- pulse.second &* 1_000_000_000
    return take(phase, second: pulse.second, place: nil, at: instant)
  }

  // MARK: Common

  private mutating func take(_ phase: Int64, second: Int64, place: Instant?, at instant: Instant) -> Sample {
    let start = first ?? instant
    first = start
    let stampPlace = place.map { ($0 - start) &- second &* 1_000_000_000 }
    if isPhaseForgotten {
      isPhaseForgotten = false
      clock.predict(to: second)
      stableOffset = stableOffset &+ (phase &- Int64(clock.phaseNanoseconds.rounded()))
    }
    let isFirst = clock.second == nil
    let outcome = clock.take(phaseNanoseconds: phase, atSecond: second, stampPlace: stampPlace)
    if phasesSinceFault < Int.max { phasesSinceFault += 1 }
    var isGood = false
    var isStable = false
    switch outcome {
    case .updated: isGood = true
    case .withinStep: isStable = true
    case .leapSecond(let jump):
      isGood = true
      leaps += 1
      stableOffset = stableOffset &+ jump &* 1_000_000_000
    case .leapSecondAbsent:
      isGood = true
      absentLeaps += 1
      phasesSinceFault = 0
    case .stepped(let nanoseconds):
      steps += 1
      phasesSinceFault = 0
      stableOffset = stableOffset &+ nanoseconds
      isGood = true
    case .wholeSecond: phasesSinceFault = 0
    case .outlier, .refused: break
    }
    fill(to: second, with: isGood || isStable ? phase &- stableOffset : nil)
    if isGood, !isFirst, let innovation = clock.innovation {
      let x = AccuracyMonitor.normalised(
        value: innovation.value, variance: innovation.variance, systematicVariance: innovation.systematicVariance,
        inflation: 1)
      monitor.takeBlock(x, updates: clock.updates, at: instant)
    }
    judge(at: instant)
    return sample(second, instant, phase, outcome)
  }

  /// Time has come to an instant, whether or not a pulse did: a reference that stays away leaves the estimate in holdover.
  /// - Returns: a sample when a second has passed without a phase.
  public mutating func pass(to instant: Instant) -> Sample? {
    guard let latest = reference.latest, let known = clock.second else { return nil }
    let seconds = Double(instant - latest.instant) / reference.periodNanoseconds
    // A pulse may come late by its window, and the oscillator's beside it by half a second.
    let second = latest.second + Int64((seconds - 0.6).rounded(.down))
    guard second > known else { return nil }
    clock.predict(to: second)
    fill(to: second, with: nil)
    if clock.isInHoldover { monitor.takeHeldOver(updates: clock.updates, at: instant) }
    judge(at: instant)
    return sample(second, instant, nil, nil)
  }

  private mutating func judge(at instant: Instant) {
    monitor.takeUncertainty(clock.phase.standardUncertainty, at: instant)
    let isLost = monitor.state == .lost
    if isLost, !wasLost { clock.forgetFrequency() }
    wasLost = isLost
  }

  private mutating func fill(to second: Int64, with phase: Int64?) {
    if let stableSecond {
      guard second > stableSecond else { return }
      var missing = second - stableSecond - 1
      while missing > 0 {
        stability.take(phaseSeconds: nil)
        missing -= 1
      }
    }
    stableSecond = second
    stability.take(phaseSeconds: phase.map { Double($0) * 1e-9 })
  }

  private func sample(_ second: Int64, _ instant: Instant, _ phase: Int64?, _ outcome: ClockOutcome?) -> Sample {
    Sample(
      second: second, instant: instant, measured: phase, outcome: outcome, isHoldover: clock.isInHoldover, state: state)
  }

  /// State at present: the monitor's, but *suspect* at best for a while after a step, a wrong second or a leap second that
  /// did not come.
  public var state: AccuracyState {
    monitor.state == .calibrated && phasesSinceFault < configuration.clearingPhases ? .suspect : monitor.state
  }

  /// The oscillator's frequency was changed on purpose at an instant of the counter.
  public mutating func adjustFrequency(by change: Double, at instant: Instant) {
    guard let latest = reference.latest, let known = clock.second else {
      clock.adjustFrequency(by: change)
      return
    }
    let now = Double(latest.second) + Double(instant - latest.instant) / reference.periodNanoseconds
    clock.adjustFrequency(by: change, secondsLater: now - Double(known))
  }

  /// The oscillator's pulse was synchronised: its phase is learnt anew.
  public mutating func forgetPhase() {
    clock.forgetPhase()
    isPhaseForgotten = clock.second != nil
  }

  /// Announces a leap second; see `LeapSecond`.
  public mutating func announce(_ leap: LeapSecond) { clock.announce(leap) }
}
