import EtalonMetrology

/// One device that is calibrated while it works: alignment, estimator and accuracy monitor in one value.
///
/// Two ways in, not to be mixed: `take(pair:)` for pairs that a sampler has brought to a common instant already, or
/// `take(reference:at:)` and `take(indication:at:)` for readings as they come. Either gives a `ChannelSample` for each
/// indication at once; what it teaches about the response may follow when the reference's next reading is there. A value
/// that owns no clock; the same calls give the same numbers. After it was set up nothing allocates.
///
/// A block that would bring a sum of the monitor above half its limit does not move the response: the estimator is set
/// back to before it and takes it frozen, so that a step is not absorbed by the filter that should report it.
public struct CalibrationChannel: Sendable {
  /// What a channel is set up with.
  public struct Configuration: Sendable, Equatable {
    /// Priors, noises and the reference's certificate.
    public var calibration: OnlineCalibrationConfiguration
    /// How readings are brought to a common instant.
    public var alignment: PairAligner.Settings
    /// How reference and device follow the quantity.
    public var dynamics: DynamicsSettings
    /// What the monitor watches for.
    public var monitor: MonitorSettings
    /// Whether `estimate` is computed for each pair.
    public var estimatesQuantity = false

    /// - Parameter alignment: nil trusts a straight line over two and a half periods and waits for as long.
    public init(
      calibration: OnlineCalibrationConfiguration, alignment: PairAligner.Settings? = nil,
      dynamics: DynamicsSettings = DynamicsSettings(), monitor: MonitorSettings = MonitorSettings()
    ) {
      self.calibration = calibration
      let limit = 2.5 * calibration.periodSeconds
      self.alignment = alignment ?? PairAligner.Settings(interpolationLimitSeconds: limit, waitSeconds: limit)
      self.dynamics = dynamics
      self.monitor = monitor
    }
  }

  /// Why a channel can not be set up.
  public enum Fault: Error, Sendable, Equatable {
    /// The estimator's configuration is wrong.
    case calibration(OnlineCalibrationConfiguration.Fault)
    /// A time of the alignment is not above 0 or not finite.
    case alignment
    /// A lag, a dead time or an uncertainty of them is negative or not finite.
    case dynamics
    /// A setting of the monitor is out of the range that its documentation gives.
    case monitor
  }

  /// The configuration in force.
  public let configuration: Configuration
  /// The estimator: coefficients, their uncertainties, innovations of the last block.
  public private(set) var calibration: OnlineCalibration
  /// The monitor: state, reasons, sums, number of alarms, last transition.
  public private(set) var monitor: AccuracyMonitor
  /// The lags: what is known of them by now.
  public private(set) var dynamics: LagCompensator
  /// What was refused, by reason.
  public private(set) var refusals = RefusalCounters()
  /// Number of indications taken.
  public private(set) var indications = 0
  /// Number of blocks that the response was not allowed to learn from.
  public private(set) var frozenBlocks = 0
  /// The latest sample; nil before the first.
  public private(set) var latest: ChannelSample?
  /// Whether no reference is there.
  public private(set) var isInHoldover = false
  /// The quantity at the latest pair, from all readings up to and with that pair (`OnlineCalibrationFilter.estimate`);
  /// nil where it was not asked for, where nothing is known, and where the pair was not usable.
  public private(set) var estimate: CorrectedValue?

  private let holdoverSeconds: Double
  private let pairVariance: Double
  private var aligner: PairAligner
  private var rates: RateFit
  private var referenceWasSentAway = false
  private var lastReference: Instant?
  private var firstIndication: Instant?
  private var lastPair: Instant?
  private var lastForwarded: Instant?
  private var learnedLower = Double.infinity
  private var learnedUpper = -Double.infinity

  /// - Throws: what is wrong with the configuration.
  public init(_ configuration: Configuration) throws(Fault) {
    self.configuration = configuration
    do throws(OnlineCalibrationConfiguration.Fault) {
      calibration = try OnlineCalibration(configuration.calibration)
    } catch { throw .calibration(error) }
    let alignment = configuration.alignment
    guard alignment.interpolationLimitSeconds > 0, alignment.interpolationLimitSeconds.isFinite,
      alignment.waitSeconds > 0, alignment.waitSeconds.isFinite
    else { throw .alignment }
    guard configuration.dynamics.isSensible else { throw .dynamics }
    let settings = configuration.calibration
    dynamics = LagCompensator(configuration.dynamics, settings)
    aligner = PairAligner(
      alignment, motion: settings.process.motion, referenceNoise: settings.reference.noise.standardDeviation,
      periodSeconds: settings.periodSeconds)
    let slope = settings.response.nominalSlope
    let scaled = CorrelatedNoise(
      standardDeviation: settings.reference.noise.standardDeviation / slope.magnitude,
      correlationTimeSeconds: settings.reference.noise.correlationTimeSeconds)
    let expectation = IndicationWatch.Expectation(
      device: settings.deviceNoise, reference: scaled, resolution: settings.resolution,
      periodSeconds: settings.periodSeconds)
    guard let monitor = AccuracyMonitor(configuration.monitor, expecting: expectation) else { throw .monitor }
    self.monitor = monitor
    let device = settings.deviceNoise.standardDeviation * slope
    let reference = settings.reference.noise.standardDeviation
    let step = settings.resolution * slope
    pairVariance = device * device + reference * reference + step * step / 12
    let total = configuration.dynamics.deviceLag.value + configuration.dynamics.deadTimeSeconds
    rates = RateFit(
      windowSeconds: 2 * total, periodSeconds: settings.periodSeconds,
      noiseVariance: device * device + step * step / 12)
    holdoverSeconds =
      configuration.monitor.holdoverAfterSeconds
      ?? 3 * settings.periodSeconds * Double(settings.pairsPerBlock)
  }

  /// State of the accuracy.
  public var state: AccuracyState { monitor.state }

  // MARK: - Readings as they come

  /// Takes a reading of the reference, and lets the response learn from the indications that waited for it.
  /// - Returns: why the reading is refused; nil when it is taken.
  public mutating func take(
    reference value: Double, at instant: Instant, quality: ReadingQuality = []
  ) -> ChannelRefusal? {
    if let refusal = aligner.take(reference: value, at: instant, quality: quality) {
      refusals.add(refusal)
      return refusal
    }
    noteReference(at: instant)
    learnFromWaiting(at: instant)
    return nil
  }

  /// Takes an indication of the device and corrects it with what is known by now.
  ///
  /// An indication that is refused (not finite, flagged, not later than the one before) gives a sample without a value.
  public mutating func take(
    indication value: Double, at instant: Instant, quality: ReadingQuality = []
  ) -> ChannelSample {
    indications += 1
    if aligner.isFull { learnFromWaiting(at: instant) }
    let shown = instant + Int64(-configuration.dynamics.deadTimeSeconds * 1e9)
    let refusal = aligner.take(indication: value, at: shown, quality: quality)
    guard refusal == nil || refusal == .quality else {
      if let refusal { refusals.add(refusal) }
      return emit(value, at: instant, reference: .nan, refusal, isUsable: false)
    }
    noteTime(instant)
    monitor.take(indication: value, isOverRange: quality.contains(.overRange), at: instant)
    if let refusal {
      refusals.add(refusal)
      return emit(value, at: instant, reference: .nan, refusal, isUsable: false)
    }
    learnFromWaiting(at: instant)
    let matched = lastPair == shown
    return emit(value, at: instant, reference: matched ? lastReferenceValue : .nan, nil, isUsable: true)
  }

  // MARK: - Pairs

  /// Takes a pair that was brought to a common instant already; without a reference it moves the process value only.
  /// - Parameters:
  ///   - others: readings of the second and third reference at the same instant; NaN where there is none.
  ///   - auxiliary: the second quantity that the response depends on, where it is declared to.
  public mutating func take(
    pair: Pair, others: (second: Double, third: Double) = (.nan, .nan), auxiliary: Double = .nan
  ) -> ChannelSample {
    estimate = nil
    self.others = others
    self.auxiliary = auxiliary
    indications += 1
    if pair.reference.isFinite, pair.quality.isDisjoint(with: Pair.unusable) { noteReference(at: pair.instant) }
    noteTime(pair.instant)
    if pair.indication.isFinite {
      monitor.take(
        indication: pair.indication, isOverRange: pair.quality.contains(.overRange), at: pair.instant)
    }
    let refusal = learn(pair, alignmentVariance: 0, deadTimeSeconds: configuration.dynamics.deadTimeSeconds)
    let bad = pair.reference.isFinite ? Pair.unusable : Pair.unusable.subtracting(.missing)
    let isUsable = pair.indication.isFinite && pair.quality.isDisjoint(with: bad) && refusal != .backwards
    return emit(pair.indication, at: pair.instant, reference: pair.reference, refusal, isUsable: isUsable)
  }

  /// The corrected value of an indication, with what was known after the last block; mutates nothing.
  public mutating func corrected(indication: Double) -> CorrectedValue? {
    calibration.corrected(indication: indication)
  }

  // MARK: - What is known beforehand

  /// The reference is taken away on purpose: holdover begins at once.
  public mutating func referenceLeaves(at instant: Instant) {
    referenceWasSentAway = true
    aligner.forgetReference()
    dynamics.forget()
    learnFromWaiting(at: instant)
    isInHoldover = true
  }

  /// The reference is back: holdover ends with its next good reading.
  public mutating func referenceReturns(at instant: Instant) { referenceWasSentAway = false }

  /// The quantity is sent to another value: nothing of where it was helps to tell where it is.
  public mutating func processMoves(at instant: Instant) { calibration.processMoved() }

  /// The device was replaced or adjusted: its response is learnt anew from the prior.
  public mutating func deviceWasReplaced(at instant: Instant) {
    do throws(OnlineCalibrationConfiguration.Fault) {
      calibration = try OnlineCalibration(configuration.calibration)
    } catch { preconditionFailure("the same configuration was good when the channel was set up") }
    learnedLower = .infinity
    learnedUpper = -.infinity
    monitor.restart(at: instant)
  }

  // MARK: - Inside

  private var lastReferenceValue = Double.nan
  private var isTooFast = false
  private var others: (second: Double, third: Double) = (.nan, .nan)
  private var auxiliary = Double.nan

  private mutating func add(_ pair: Pair) -> CalibrationOutcome {
    guard configuration.estimatesQuantity else {
      return calibration.add(pair, others: others, auxiliary: auxiliary)
    }
    let (outcome, value) = calibration.estimate(pair, others: others, auxiliary: auxiliary)
    estimate = value
    return outcome
  }

  private mutating func noteReference(at instant: Instant) {
    guard !referenceWasSentAway else { return }
    lastReference = instant
    isInHoldover = false
  }

  private mutating func noteTime(_ instant: Instant) {
    if firstIndication == nil { firstIndication = instant }
    guard let since = lastReference ?? firstIndication else { return }
    if instant.seconds(since: since) > holdoverSeconds { isInHoldover = true }
  }

  private mutating func learnFromWaiting(at now: Instant) {
    while let aligned = aligner.next(at: now) {
      if let refusal = aligned.refusal {
        // An indication without a reference moves the process value while there is no reference to wait for.
        if refusal == .noNeighbour, isInHoldover {
          forward(aligned.pair)
        } else {
          refusals.add(refusal)
        }
        continue
      }
      _ = learn(aligned.pair, alignmentVariance: aligned.variance)
    }
  }

  private mutating func forward(_ pair: Pair) {
    if let lastForwarded, pair.instant.seconds(since: lastForwarded) < 0.6 * configuration.calibration.periodSeconds {
      return
    }
    _ = learn(pair, alignmentVariance: 0)
  }

  /// Whether a pair follows the last one by about a period.
  private mutating func continues(_ instant: Instant) -> Bool {
    defer { lastPair = instant }
    guard let lastPair else { return false }
    let seconds = instant.seconds(since: lastPair)
    return seconds > 0 && seconds < 1.5 * configuration.calibration.periodSeconds
  }

  private mutating func learn(
    _ taken: Pair, alignmentVariance: Double, deadTimeSeconds: Double = 0
  ) -> ChannelRefusal? {
    var pair = taken
    lastForwarded = pair.instant
    lastReferenceValue = pair.reference
    var matched: LagCompensator.Matched?
    isTooFast = false
    if pair.isUsable {
      if configuration.dynamics.isActive {
        let both = dynamics.match(
          reference: pair.reference, indication: pair.indication, at: pair.instant, deadTimeSeconds: deadTimeSeconds)
        pair.reference = both.reference
        pair.indication = both.indication
        matched = both
      }
      let slope = configuration.calibration.response.nominalSlope
      monitor.take(
        reference: pair.reference / slope, for: taken.indication, isContinuous: continues(pair.instant),
        at: pair.instant)
    }
    if alignmentVariance > pairVariance { return refuse(.misaligned) }
    if monitor.watch.isSaturated { return refuse(.saturated) }
    if let matched {
      guard matched.isSettled else { return refuse(.settling) }
      isTooFast = matched.error > configuration.dynamics.refusalRatio * calibration.blockNoise
      if isTooFast { return refuse(.lag) }
    }
    let refusedBefore = calibration.refusedPairs
    guard calibration.nextPairCompletesBlock else {
      calibration.responseIsFrozen = monitor.isFrozen
      return tell(add(pair), of: pair, lost: calibration.refusedPairs - refusedBefore)
    }
    // Only a pair that completes a block moves the response: only then is there anything to go back to.
    let before = calibration
    calibration.responseIsFrozen = monitor.isFrozen
    let outcome = add(pair)
    let lost = calibration.refusedPairs - refusedBefore
    guard case .updated = outcome else { return tell(outcome, of: pair, lost: lost) }
    refusals.add(.gap, lost)
    return judge(pair, before: before)
  }

  /// Counts what became of a pair that did not move the response.
  private mutating func tell(_ outcome: CalibrationOutcome, of pair: Pair, lost: Int) -> ChannelRefusal? {
    switch outcome {
    case .refused(let reason):
      let refusal: ChannelRefusal =
        switch reason {
        case .quality: .quality
        case .time: .backwards
        case .moving: .moving
        case .notFinite: .notFinite
        }
      refusals.add(refusal, lost)
      return refusal
    case .collected, .updated: refusals.add(.gap, lost)
    case .referenceOnly, .predicted: break
    case .heldOver:
      refusals.add(.gap, lost)
      monitor.takeHeldOver(updates: calibration.updates, at: pair.instant)
    }
    return nil
  }

  private mutating func judge(_ pair: Pair, before: OnlineCalibration) -> ChannelRefusal? {
    let x = normalisedInnovation
    let freezes = monitor.freezes(x)
    if freezes, !calibration.responseIsFrozen {
      calibration = before
      calibration.responseIsFrozen = true
      _ = add(pair)
    }
    if freezes || calibration.responseIsFrozen {
      frozenBlocks += 1
      refusals.add(.frozen, configuration.calibration.pairsPerBlock)
    } else {
      learnedLower = min(learnedLower, pair.indication)
      learnedUpper = max(learnedUpper, pair.indication)
    }
    monitor.takeBlock(x, updates: calibration.updates, at: pair.instant)
    return calibration.responseIsFrozen ? .frozen : nil
  }

  private var normalisedInnovation: Double {
    guard let innovation = calibration.responseInnovation else { return 0 }
    return AccuracyMonitor.normalised(
      value: innovation.value, variance: innovation.variance, systematicVariance: innovation.systematicVariance,
      inflation: calibration.inflation)
  }

  private mutating func refuse(_ reason: ChannelRefusal) -> ChannelRefusal {
    refusals.add(reason)
    return reason
  }

  private mutating func emit(
    _ indication: Double, at instant: Instant, reference: Double, _ refusal: ChannelRefusal?, isUsable: Bool
  ) -> ChannelSample {
    var sample = ChannelSample(instant: instant, indication: indication, reference: reference, state: monitor.state)
    if isUsable, !monitor.watch.isSaturated,
      let corrected = calibration.corrected(indication: indication)
    {
      // The estimator's covariance is that of its last block: since then the response has drifted as declared.
      let variance =
        corrected.standardUncertainty * corrected.standardUncertainty
        + calibration.driftVariance(indication: indication, since: instant)
      if let moved = followQuantity(corrected.value, variance, at: instant) {
        sample.corrected = moved.value
        sample.standardUncertainty = moved.variance.squareRoot()
        if moved.isFast { sample.flags.insert(.moving) }
        monitor.takeUncertainty(sample.standardUncertainty, at: instant)
      } else {
        sample.refusal = .settling
      }
      sample.state = monitor.state
      if corrected.isExtrapolated { sample.flags.insert(.extrapolated) }
      let margin = configuration.calibration.maximumBlockSpread
      let allowed = margin.isFinite ? margin : 6 * configuration.calibration.deviceNoise.standardDeviation
      if !(indication >= learnedLower - allowed && indication <= learnedUpper + allowed) {
        sample.flags.insert(.beyondLearned)
      }
    }
    if isInHoldover { sample.flags.insert(.holdover) }
    if monitor.isFrozen { sample.flags.insert(.frozen) }
    if monitor.window.isBelow { sample.flags.insert(.quiet) }
    if isTooFast { sample.flags.insert(.moving) }
    if let refusal { sample.refusal = refusal }
    if monitor.watch.isSaturated, refusal == nil { sample.refusal = .saturated }
    latest = sample
    return sample
  }

  /// The quantity outside from the state of the device's element: x = e + (τ + D) ė.
  ///
  /// Its variance holds the noise of the rate, ė² u²(τ), and what a lag leaves out of the declared motion about a level
  /// (σ² L/(L + τₘ) for an Ornstein-Uhlenbeck process behind a first-order lag L).
  /// - Returns: nil while no rate is known.
  private mutating func followQuantity(
    _ value: Double, _ variance: Double, at instant: Instant
  ) -> (value: Double, variance: Double, isFast: Bool)? {
    guard configuration.dynamics.measurand == .quantity else { return (value, variance, false) }
    rates.take(value, at: instant)
    guard let rate = rates.rate else { return nil }
    let lag = dynamics.deviceLag
    let late = lag.value + configuration.dynamics.deadTimeSeconds
    let motion = configuration.calibration.process.motion
    let spread = motion.standardDeviation * motion.standardDeviation
    let left = late > 0 ? spread * late / (late + motion.correlationTimeSeconds) : 0
    let fromLag = rate.value * rate.value * lag.standardUncertainty * lag.standardUncertainty
    let noise = late * late * rate.variance + 2 * late * rate.covarianceWithReading
    return (value + late * rate.value, variance + max(0, noise) + left + fromLag, fromLag > variance)
  }
}
