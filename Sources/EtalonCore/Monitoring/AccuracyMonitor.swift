/// Judges from the innovations of a calibration and from the indications themselves whether a device still measures as it
/// claims, and keeps the state *learning, calibrated, suspect, lost*.
///
/// What it takes of an innovation e of variance V = Vₛ + Vᵣ is x = sign(e) max(0, |e| − 3√Vₛ)/√(c Vᵣ). Vₛ is the part of
/// consider parameters, which no block can tell from a constant: it is taken off first, since a cumulative sum of a constant
/// that is within its declared uncertainty would end in an alarm. At a place where the response has been learnt Vₛ is
/// close to 0, because the response holds the same error. c is the inflation for correlated blocks.
///
/// | from | to | when |
/// |---|---|---|
/// | learning | calibrated | enough updates, the uncertainty within its limit, nothing suspicious |
/// | any | suspect | a sum above three quarters of its limit, a window above its band, stuck, saturated, noisy, uncertainty above its limit |
/// | suspect | calibrated, learning | nothing suspicious for `clearingBlocks` blocks |
/// | any | lost | alarm of the cumulative sum, stuck, window above its band for another full window |
/// | lost | suspect | nothing suspicious and no mean shift for `recoveryBlocks` blocks, unless loss is final |
public struct AccuracyMonitor: Sendable {
  /// The settings in force.
  public let settings: MonitorSettings
  /// State at present.
  public private(set) var state = AccuracyState.learning
  /// What speaks against the device at present.
  public private(set) var reasons: AccuracyReasons = []
  /// The cumulative sums.
  public private(set) var sums: CumulativeSum
  /// The latest innovations.
  public private(set) var window: InnovationWindow
  /// Watches the indications.
  public private(set) var watch: IndicationWatch
  /// Number of blocks judged.
  public private(set) var blocks = 0
  /// Number of alarms of the cumulative sum.
  public private(set) var alarms = 0
  /// Number of changes of the state.
  public private(set) var transitions = 0
  /// The latest change; nil before the first.
  public private(set) var lastTransition: AccuracyTransition?
  /// Normalised innovation of the latest block; NaN before the first.
  public private(set) var lastNormalised = Double.nan

  private var goodBlocks = 0
  private var blocksAbove = 0
  private var uncertaintyIsHigh = false

  /// - Returns: nil for settings out of range.
  public init?(_ settings: MonitorSettings, expecting expectation: IndicationWatch.Expectation) {
    guard settings.learningBlocks >= 1, settings.clearingBlocks >= 1, settings.recoveryBlocks >= settings.window,
      settings.uncertaintyLimit.map({ $0 > 0 && $0.isFinite }) ?? true,
      settings.holdoverAfterSeconds.map({ $0 > 0 && $0.isFinite }) ?? true,
      settings.averageRunLength >= 10, settings.averageRunLength <= 1e9,
      let sums = CumulativeSum(shift: settings.shift, averageRunLength: settings.averageRunLength),
      let window = InnovationWindow(size: settings.window, probability: settings.windowProbability),
      let watch = IndicationWatch(settings, expecting: expectation)
    else { return nil }
    self.settings = settings
    self.sums = sums
    self.window = window
    self.watch = watch
  }

  /// Whether the response must not learn: a sum is above half its limit, or accuracy is lost.
  public var isFrozen: Bool { settings.holdsResponse && (sums.isAboveHalf || state == .lost) }

  /// Whether it must not learn from a block with this normalised innovation.
  public func freezes(_ x: Double) -> Bool {
    settings.holdsResponse && (state == .lost || sums.sum(with: x) > sums.limit / 2)
  }

  /// The value that the sums take of an innovation.
  public static func normalised(value: Double, variance: Double, systematicVariance: Double, inflation: Double)
    -> Double
  {
    let random = (variance - systematicVariance) * inflation
    let allowance = 3 * max(0, systematicVariance).squareRoot()
    let rest = max(0, value.magnitude - allowance)
    guard random > 0 else { return rest > 0 ? (value < 0 ? -1e6 : 1e6) : 0 }
    return (value < 0 ? -rest : rest) / random.squareRoot()
  }

  /// Takes the innovation of one block with a reference.
  /// - Parameters:
  ///   - x: as `normalised` gives it.
  ///   - updates: number of blocks the response has learnt from.
  public mutating func takeBlock(_ x: Double, updates: Int, at instant: Instant) {
    blocks += 1
    lastNormalised = x
    let alarm = sums.take(x)
    if alarm { alarms += 1 }
    window.take(x)
    blocksAbove = window.isAbove ? blocksAbove + 1 : 0
    reasons.remove([.step, .spread])
    if alarm || sums.isSuspicious { reasons.insert(.step) }
    if window.isAbove { reasons.insert(.spread) }
    let shifted = window.normalisedMean.magnitude > 2.5758
    goodBlocks = reasons.isEmpty && !(state == .lost && shifted) ? goodBlocks + 1 : 0
    if alarm || blocksAbove > settings.window {
      change(to: .lost, reasons, instant)
      return
    }
    settle(updates, instant)
  }

  /// Takes a block without a reference: nothing is known of the innovations, only the indications themselves can clear.
  public mutating func takeHeldOver(updates: Int, at instant: Instant) {
    guard state == .suspect else { return }
    goodBlocks = reasons.isEmpty ? goodBlocks + 1 : 0
    settle(updates, instant)
  }

  /// Takes one indication.
  public mutating func take(indication: Double, isOverRange: Bool, at instant: Instant) {
    watch.take(indication: indication, isOverRange: isOverRange)
    judgeWatch(instant)
  }

  /// Takes the reference's reading that belongs to an indication (see `IndicationWatch`).
  public mutating func take(reference: Double, for indication: Double, isContinuous: Bool, at instant: Instant) {
    watch.take(reference: reference, for: indication, isContinuous: isContinuous)
    judgeWatch(instant)
  }

  private mutating func judgeWatch(_ instant: Instant) {
    reasons.remove([.stuck, .saturated, .noisy])
    if watch.isStuck { reasons.insert(.stuck) }
    if watch.isSaturated { reasons.insert(.saturated) }
    if watch.isNoisy { reasons.insert(.noisy) }
    guard !reasons.isDisjoint(with: [.stuck, .saturated, .noisy]) else { return }
    goodBlocks = 0
    if watch.isStuck {
      change(to: .lost, reasons, instant)
    } else if state != .lost {
      change(to: .suspect, reasons, instant)
    }
  }

  /// Takes the standard uncertainty of the latest corrected value; it is high above the limit and until it is below nine
  /// tenths of it again.
  public mutating func takeUncertainty(_ standardUncertainty: Double, at instant: Instant) {
    guard let limit = settings.uncertaintyLimit else { return }
    if standardUncertainty > limit { uncertaintyIsHigh = true }
    if standardUncertainty < 0.9 * limit { uncertaintyIsHigh = false }
    guard uncertaintyIsHigh else {
      reasons.remove(.uncertainty)
      return
    }
    if state == .calibrated {
      reasons.insert(.uncertainty)
      goodBlocks = 0
      change(to: .suspect, reasons, instant)
    }
  }

  /// Another device, or another response: everything is learnt anew.
  public mutating func restart(at instant: Instant) {
    sums.reset()
    window.reset()
    watch.reset()
    reasons = []
    goodBlocks = 0
    blocksAbove = 0
    uncertaintyIsHigh = false
    change(to: .learning, [], instant)
  }

  private mutating func settle(_ updates: Int, _ instant: Instant) {
    switch state {
    case .learning, .calibrated:
      if !reasons.isEmpty {
        change(to: .suspect, reasons, instant)
      } else if state == .learning, updates >= settings.learningBlocks, !uncertaintyIsHigh {
        change(to: .calibrated, [], instant)
      }
    case .suspect:
      guard goodBlocks >= settings.clearingBlocks else { return }
      change(to: updates >= settings.learningBlocks && !uncertaintyIsHigh ? .calibrated : .learning, [], instant)
    case .lost:
      guard !settings.lossIsFinal, goodBlocks >= settings.recoveryBlocks else { return }
      goodBlocks = 0
      change(to: .suspect, [], instant)
    }
  }

  private mutating func change(to next: AccuracyState, _ why: AccuracyReasons, _ instant: Instant) {
    guard next != state else { return }
    lastTransition = AccuracyTransition(from: state, to: next, reasons: why, instant: instant)
    transitions += 1
    state = next
  }
}
