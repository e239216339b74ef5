import EtalonMetrology

/// The on-line calibration in double precision.
public typealias OnlineCalibration = OnlineCalibrationFilter<Double>

/// Calibrates a device while it works: a Schmidt-Kalman filter over the process value and the device's response.
///
/// Model, for one pair or for the mean of one block of pairs:
/// ```
/// p = m + d                             process value as the device would show it without noise: level and motion
/// z = p + w                             indication
/// x = g(p; θ)                           the quantity: the response, in whichever form it is declared
/// y + b(y) = x − βᵀφ(x) − δ − γ + v     reference reading with the certificate's correction
/// ```
/// The state is (d, m, θ), with w and v before θ where their correlation is a state; d is an Ornstein-Uhlenbeck process,
/// m and θ walk at random, θ may drift at an unknown rate. The deviation β of the reference's correction curve from the
/// certificate (one for each basis function φ), its drift δ and the gradient γ are consider parameters: they enter every
/// covariance and are never estimated, so no number of samples averages them away.
///
/// **Both sides are noisy.** Regressing y on the noisy z would pull the slope towards zero. Instead the two readings are
/// turned into two with independent errors:
/// ```
/// u = y + b(y) − g(z; θ̂)      error v − g′w: says how wrong θ is, and nothing about p
/// p̃ = z − ŵ + λ(u − û),  λ = Cov(w, g′w − v)/Var(g′w − v)    error independent of that of u: says where p is
/// ```
/// p̃ is sufficient for p (L. A. Stefanski and R. J. Carroll, Biometrika 74 (1987) 703, conditional scores; for noise
/// without memory λ = g′σ_w²/(g′²σ_w² + σ_v²)). p̃ moves d and m; θ learns from u alone, with the regressors ∂g/∂θ at the
/// filtered p̂. The estimating equation is then free of bias whatever the motion of the process, as that of a generalised
/// distance regression is; the declared spread of the motion, through p̂ = m + K(p̃ − m), makes the information what it
/// is: without it the noise itself would count as excitation. Without noise of the device p̂ = z and the filter is
/// recursive least squares to rounding.
///
/// **Linearisation.** What is neglected in u are the products of the error of p̂ with that of θ₁, and g″ Var(p̂)/2. For
/// 10 mK, a gain known to 2 % and a half span of 20 K both are far below 1 mK in one block and average out, because the
/// first factor is independent from block to block. Where θ is known so badly that u is far larger than its noise (first
/// block, first block after a move), p̃ and the regressors are computed a second time with the θ of the first pass.
///
/// **Resolution** coarser than the noise adds, at each place where the process stays, an offset and an error of the
/// local slope that no number of samples averages away (`QuantisationError`): two further consider parameters, renewed
/// when the level moves by half a step.
///
/// **Correlated noise** is a state where every pair is used as it comes (`pairsPerBlock` 1), else it is met by block
/// means; what correlation is left between neighbouring innovations, declared or measured, enlarges the variance of u by
/// (1 + r)/(1 − r).
///
/// **Precision.** The state holds deviations from the prior and from the middle of the range, so that single precision
/// serves: only the difference of a reading and that middle is formed in double precision.
public struct OnlineCalibrationFilter<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  @usableFromInline typealias Factors = ConsiderFactors<12, 16, Scalar>
  @usableFromInline typealias State = InlineArray<12, Scalar>

  /// What became of a pair.
  public typealias Outcome = CalibrationOutcome
  /// Why a pair was not used.
  public typealias Refusal = CalibrationOutcome.Refusal
  /// How well a measurement agreed with what was expected of it.
  public typealias Innovation = CalibrationInnovation
  /// A value with its standard uncertainty.
  public typealias CorrectedValue = EtalonCore.CorrectedValue

  /// The configuration in force.
  public let configuration: OnlineCalibrationConfiguration
  /// Number of updates with both sides.
  @inlinable public var updates: Int { record.updates }
  /// Number of pairs that were not used, including those of refused blocks.
  @inlinable public var refusedPairs: Int { record.refusedPairs }
  /// How often the level was found to have moved and was started anew.
  public internal(set) var moves = 0
  /// Agreement of reference and device in the last update (u); nil before the first.
  @inlinable public var responseInnovation: Innovation? { record.responseInnovation }
  /// Agreement of the readings with the process model in the last update (p̃); nil before the first.
  @inlinable public var processInnovation: Innovation? { record.processInnovation }
  /// Factor by which correlation between blocks enlarges the innovation's variance at present, 1 or more.
  @inlinable public var inflation: Double { record.inflation }
  /// How well several references agree; always `.agree` with one.
  public internal(set) var referenceAgreement = ReferenceAgreement()
  /// Whether the response keeps its place: blocks then move level and motion only, and every covariance stays true.
  ///
  /// For a monitor that holds the response while it decides whether device and reference have moved against each other.
  public var responseIsFrozen = false

  /// What is told of the past.
  @usableFromInline struct Record: Sendable {
    @usableFromInline var updates = 0
    @usableFromInline var refusedPairs = 0
    @usableFromInline var isContradicted = false
    @usableFromInline var inflation: Double
    @usableFromInline var responseInnovation: CalibrationInnovation?
    @usableFromInline var processInnovation: CalibrationInnovation?
    init(inflation: Double) { self.inflation = inflation }
  }

  @usableFromInline var record: Record
  @usableFromInline let model: ResponseModel<Scalar>
  @usableFromInline let references: ReferenceSet<Scalar>
  /// Number of states in use.
  @usableFromInline let stateCount: Int
  /// Whether w and v are states 2 and 3.
  @usableFromInline let hasNoiseStates: Bool
  @usableFromInline let declaredInflation: Double
  /// Variances of the parts of w and v without memory in one block; `row` those of a single reading.
  @usableFromInline let deviceVariance: Scalar
  @usableFromInline let rowDeviceVariance: Scalar
  @usableFromInline let rowReferenceShare: Scalar
  @usableFromInline let deviceStateVariance: Scalar
  @usableFromInline let referenceStateVariance: Scalar
  @usableFromInline let motionVariance: Scalar
  @usableFromInline let motionCorrelation: Double
  @usableFromInline let wideVariance: Scalar
  @usableFromInline let quantisationOffset: Scalar
  @usableFromInline let quantisationSlope: Scalar
  /// Column of the quantisation's offset among the consider parameters, that of its slope is the next.
  @usableFromInline let offsetColumn: Int
  @usableFromInline var factors: Factors
  @usableFromInline var state: State
  @usableFromInline var instant: Instant?
  @usableFromInline var begin: Instant?
  @usableFromInline var started = false
  /// Size of the last move that was found and the number of readings of the device since.
  @usableFromInline var lastMove: Scalar = 0
  @usableFromInline var readingsSinceMove = 0
  @usableFromInline var anchor: Scalar = 0
  @usableFromInline var inputs = ResponseInputs<Scalar>()
  @usableFromInline var transition = Transition()
  @usableFromInline var block = PairBlock()
  @usableFromInline var correlationWatch = CorrelationWatch()

  /// Correlations over the time between two updates; kept because the time is most often the same.
  @usableFromInline struct Transition: Sendable {
    @usableFromInline var seconds = -1.0
    @usableFromInline var motion: Scalar = 0
    @usableFromInline var device: Scalar = 0
    @usableFromInline var reference: Scalar = 0
    @usableFromInline var creep: Scalar = 0
    @usableFromInline init() {}
  }

  /// - Throws: what is wrong with the configuration.
  public init(_ configuration: OnlineCalibrationConfiguration) throws(OnlineCalibrationConfiguration.Fault) {
    try configuration.check()
    self.configuration = configuration
    let response = configuration.response
    let period = configuration.periodSeconds
    let count = configuration.pairsPerBlock
    let device = configuration.deviceNoise
    let motion = configuration.process.motion
    let nominalSlope = response.nominalSlope
    references = try ReferenceSet(configuration)
    let reference = references.noise
    let states = count == 1 && (device.correlationTimeSeconds > 0 || reference.correlationTimeSeconds > 0)
    hasNoiseStates = states
    let processInIndication = CorrelatedNoise(
      standardDeviation: motion.standardDeviation / nominalSlope.magnitude,
      correlationTimeSeconds: motion.correlationTimeSeconds)
    let quantisation = QuantisationError(
      step: configuration.resolution, process: processInIndication, noise: device, count: count, periodSeconds: period)
    quantisationOffset = Scalar(quantisation.offset)
    quantisationSlope = Scalar(quantisation.slope)
    let single =
      count == 1
      ? quantisation
      : QuantisationError(
        step: configuration.resolution, process: processInIndication, noise: device, count: 1, periodSeconds: period)
    let whole = device.standardDeviation * device.standardDeviation
    deviceStateVariance = states ? Scalar(whole) : 0
    referenceStateVariance = states ? Scalar(reference.standardDeviation * reference.standardDeviation) : 0
    deviceVariance = Scalar(
      (states ? 0 : device.varianceOfMean(count: count, periodSeconds: period)) + quantisation.varianceOfMean)
    rowDeviceVariance = Scalar((states ? 0 : whole) + single.varianceOfMean)
    let referenceMean = reference.varianceOfMean(count: count, periodSeconds: period)
    // A block's variance of one reference is that of a single reading times one factor, and back.
    let ofOne = reference.standardDeviation * reference.standardDeviation
    rowReferenceShare = Scalar(states ? 0 : (referenceMean > 0 ? ofOne / referenceMean : 1))
    // The motion is declared in the unit of the reference; the level is kept in that of the indication.
    let motionOfMean = motion.varianceOfMean(count: count, periodSeconds: period)
    motionVariance = Scalar(motionOfMean / (nominalSlope * nominalSlope))
    motionCorrelation =
      motionOfMean > 0 ? motion.covarianceOfNeighbouringMeans(count: count, periodSeconds: period) / motionOfMean : 0
    let deviceMean = device.varianceOfMean(count: count, periodSeconds: period) + quantisation.varianceOfMean
    let noise = referenceMean + nominalSlope * nominalSlope * deviceMean
    let covariance =
      (states
        ? 0
        : reference.covarianceOfNeighbouringMeans(count: count, periodSeconds: period)
          + nominalSlope * nominalSlope * device.covarianceOfNeighbouringMeans(count: count, periodSeconds: period))
      + nominalSlope * nominalSlope * quantisation.covarianceOfNeighbouringMeans
    declaredInflation = noise > 0 ? CorrelationWatch.inflation(correlation: covariance / noise) : 1
    record = Record(inflation: declaredInflation)
    let scale = max(
      response.indicationHalfSpan, device.standardDeviation, processInIndication.standardDeviation,
      reference.standardDeviation / nominalSlope.magnitude)
    let wide = 1e4 * scale
    wideVariance = Scalar(wide * wide)

    let layout = try ResponseModel<Scalar>(response, base: states ? 4 : 2, capacity: 12)
    model = layout
    stateCount = layout.end
    offsetColumn = references.columns
    let considerCount = configuration.resolution > 0 ? references.columns + 2 : references.columns
    guard considerCount <= 16 else { throw .systematicParts(considerCount) }
    var variances = State(repeating: 0)
    layout.priorVariances(response, into: &variances)
    if states {
      variances[2] = deviceStateVariance
      variances[3] = referenceStateVariance
    }
    state = State(repeating: 0)
    factors = Factors(variances: variances, count: layout.end, considerCount: considerCount)
  }

  // MARK: - Readings

  /// Takes one pair. A pair without a reference moves the process value only.
  /// - Parameters:
  ///   - others: readings of the second and third reference at the same instant; NaN where there is none.
  ///   - auxiliary: the second quantity that the response depends on, where it is declared to; else it is not looked at.
  @inlinable
  public mutating func add(
    _ pair: Pair, others: (second: Double, third: Double) = (.nan, .nan), auxiliary: Double = .nan
  ) -> Outcome {
    take(pair, others: others, auxiliary: auxiliary, wantsValue: false).outcome
  }

  /// Takes one pair as `add` does and tells the quantity at its instant, from everything up to and with this pair.
  ///
  /// Where the level may move, the value rests on this pair's own readings, the response and the certificate; a pair
  /// without any reading is a prediction by the process model. Inside a block that is not full yet the response is that
  /// of the block before.
  /// - Returns: what became of the pair, and the value; nil while nothing is known of the quantity, and for a pair that is
  ///   not usable or out of time.
  @inlinable
  public mutating func estimate(
    _ pair: Pair, others: (second: Double, third: Double) = (.nan, .nan), auxiliary: Double = .nan
  ) -> (outcome: Outcome, value: CorrectedValue?) {
    take(pair, others: others, auxiliary: auxiliary, wantsValue: true)
  }

  @inlinable
  mutating func take(
    _ pair: Pair, others: (second: Double, third: Double), auxiliary: Double, wantsValue: Bool
  ) -> (outcome: Outcome, value: CorrectedValue?) {
    let readings = Readings(
      references: references.present(pair.reference, others.second, others.third), indication: pair.indication,
      auxiliary: auxiliary)
    let bad = readings.hasReference ? Pair.unusable : Pair.unusable.subtracting(.missing)
    let missing = pair.quality.contains(.missing) && !readings.indication.isFinite
    guard pair.quality.isDisjoint(with: missing ? bad.subtracting(.missing) : bad),
      !model.needsAuxiliary || auxiliary.isFinite, readings.indication.isFinite || wantsValue
    else {
      record.refusedPairs += 1
      return (.refused(.quality), nil)
    }
    if let last = block.last ?? instant, pair.instant <= last {
      record.refusedPairs += 1
      return (.refused(.time), nil)
    }
    guard readings.indication.isFinite else { return withoutDevice(readings, at: pair.instant) }
    guard configuration.pairsPerBlock > 1 else { return update(readings, at: pair.instant, wantsValue: wantsValue) }

    // A block is of one kind and close to evenly spaced: pairs that were rejected may leave holes of a quarter of it, a
    // longer gap or a change of kind starts another.
    if block.count > 0 {
      let gap = pair.instant.seconds(since: block.last ?? pair.instant)
      let hole = max(1.5, Double(configuration.pairsPerBlock) / 4) * configuration.periodSeconds
      if gap > hole || block.kind != readings.kind {
        record.refusedPairs += block.count
        block = PairBlock()
      }
    }
    let value = wantsValue ? row(readings) : nil
    block.add(readings, at: pair.instant)
    guard block.count == configuration.pairsPerBlock else { return (.collected, value) }
    let full = block
    block = PairBlock()
    guard full.spread <= configuration.maximumBlockSpread else {
      record.refusedPairs += full.count
      return (.refused(.moving), value)
    }
    let (outcome, _) = update(full.mean, at: pair.instant, wantsValue: false)
    if case .refused = outcome { record.refusedPairs += full.count - 1 }
    return (outcome, value)
  }

  @inlinable
  mutating func update(
    _ readings: Readings, at end: Instant, wantsValue: Bool
  ) -> (outcome: Outcome, value: CorrectedValue?) {
    let p = model.relative(indication: readings.indication)
    inputs.auxiliary = model.relative(auxiliary: readings.auxiliary)
    guard p.isFinite else {
      record.refusedPairs += 1
      return (.refused(.notFinite), nil)
    }
    if started { advance(to: end) } else { start(p, at: end) }
    let fused = fuse(readings)
    follow(p, fused)
    var value = wantsValue ? row(p, fused) : nil
    var outcome = Outcome.heldOver
    if let fused {
      if measurePair(p, fused) {
        record.updates += 1
        outcome = .updated
      } else {
        record.refusedPairs += 1
        outcome = .refused(.notFinite)
      }
    } else {
      // Without a reference z says where the process is, not what it is: the response does not learn from it.
      var direction = State(repeating: 0)
      if hasNoiseStates { direction[2] = 1 }
      measureProcess(
        p, direction: direction, expected: hasNoiseStates ? state[2] : 0,
        consider: Factors.ConsiderVector(repeating: 0),
        noiseVariance: deviceVariance)
    }
    renewQuantisation()
    readingsSinceMove &+= 1
    follow(creep: state[0] + state[1])
    let contradicts = fused != nil && value == nil
    if wantsValue && !configuration.process.mayMove && !contradicts { value = processValue }
    return (outcome, value)
  }

  /// A pair without an indication: the reference alone, or nothing at all.
  @usableFromInline
  mutating func withoutDevice(_ readings: Readings, at now: Instant) -> (outcome: Outcome, value: CorrectedValue?) {
    inputs.auxiliary = model.relative(auxiliary: readings.auxiliary)
    guard let fused = fuse(readings) else {
      guard started else { return (.predicted, nil) }
      advance(to: now)
      // Where the process is rests on a reading that may be the wrong one.
      if record.isContradicted { return (.predicted, nil) }
      return (.predicted, prediction)
    }
    if started {
      advance(to: now)
    } else {
      start(model.indication(of: fused.value, state, inputs), at: now)
    }
    followReference(fused)
    let place = model.place(state[0] + state[1], state, inputs)
    var consider = references.sensitivities(at: place.x, fused, age: age)
    var direction = State(repeating: 0)
    if hasNoiseStates { direction[3] = 1 }
    var value = fused.value
    if hasNoiseStates { value -= state[3] }
    let variance =
      factors.varianceInPlace(&direction, &consider) + fused.noiseVariance * rowReferenceShare
    model.sensitivities(place, state, inputs, into: &direction)
    direction[0] = place.slope
    direction[1] = place.slope
    let innovation = value - place.x
    if let update = factors.update(
      direction, consider: consider, noiseVariance: fused.noiseVariance * rowReferenceShare, learning: 2)
    {
      for index in 0..<2 { state[index] += update.gain[index] * innovation }
    }
    renewQuantisation()
    follow(creep: state[0] + state[1])
    guard configuration.process.mayMove else { return (.referenceOnly, processValue) }
    return (.referenceOnly, corrected(value, variance, at: state[0] + state[1]))
  }

  /// Whether the next pair, if it is taken, completes a block.
  var nextPairCompletesBlock: Bool { block.count + 1 >= configuration.pairsPerBlock }

  /// Standard deviation of the difference of reference and device in one block mean, in the unit of the reference.
  var blockNoise: Double {
    let slope = configuration.response.nominalSlope
    let count = configuration.pairsPerBlock
    let period = configuration.periodSeconds
    let reference = configuration.reference.noise.varianceOfMean(count: count, periodSeconds: period)
    let device =
      hasNoiseStates ? configuration.deviceNoise.varianceOfMean(count: count, periodSeconds: period) : 0
    return (reference + slope * slope * (device + Double(deviceVariance))).squareRoot()
  }

  /// What the process model says of an instant without any reading.
  ///
  /// A quantity that moved within the last readings may be on its way: then it can be as far from its level as the move
  /// that was found last was large.
  private var prediction: CorrectedValue? {
    guard var value = processValue, configuration.process.mayMove, readingsSinceMove < Self.settledAfter else {
      return processValue
    }
    let slope = model.place(state[0] + state[1], state, inputs).slope
    let move = Double(lastMove * slope)
    value.standardUncertainty = (value.standardUncertainty * value.standardUncertainty + move * move).squareRoot()
    return value
  }

  /// Number of readings without a further move after which the quantity counts as held again.
  private static var settledAfter: Int { 8 }

  // MARK: - Time

  /// Lets time pass without readings: the process forgets, the response drifts as declared.
  ///
  /// An instant that is not later than the state's own changes nothing.
  @inlinable
  public mutating func advance(to later: Instant) {
    guard let now = instant else { return }
    guard later > now else { return }
    let seconds = later.seconds(since: now)
    instant = later
    if seconds != transition.seconds { prepareTransition(seconds: seconds) }
    model.drift(seconds: Scalar(seconds), &state, &factors)
    let level = Scalar(configuration.process.levelDriftPerRootSecond)
    factors.addNoise(variance: level * level * Scalar(seconds), to: 1)
    let phi = transition.motion
    state[0] *= phi
    factors.propagate(0, factor: phi, noiseVariance: motionVariance * (1 - phi * phi))
    if hasNoiseStates {
      state[2] *= transition.device
      state[3] *= transition.reference
      factors.propagate(
        2, factor: transition.device,
        noiseVariance: deviceStateVariance * (1 - transition.device * transition.device))
      factors.propagate(
        3, factor: transition.reference,
        noiseVariance: referenceStateVariance * (1 - transition.reference * transition.reference))
    }
    inputs.creep += transition.creep * (inputs.load - inputs.creep)
  }

  @usableFromInline
  mutating func prepareTransition(seconds: Double) {
    transition.seconds = seconds
    let motion = configuration.process.motion
    if configuration.pairsPerBlock == 1 {
      transition.motion = Scalar(motion.correlation(seconds: seconds))
    } else {
      // Over one block the means' own correlation, over a longer time the process's.
      let length = configuration.periodSeconds * Double(configuration.pairsPerBlock)
      transition.motion = Scalar(motionCorrelation * motion.correlation(seconds: max(0, seconds - length)))
    }
    if hasNoiseStates {
      transition.device = Scalar(configuration.deviceNoise.correlation(seconds: seconds))
      transition.reference = Scalar(references.noise.correlation(seconds: seconds))
    }
    if let creep = configuration.response.creep {
      transition.creep = Scalar(1 - Elementary.exp(-seconds / creep.timeSeconds))
    }
  }

  /// Seconds since the first reading.
  @inlinable var age: Double {
    guard let begin, let instant else { return 0 }
    return instant.seconds(since: begin)
  }

  @usableFromInline
  mutating func start(_ p: Scalar, at end: Instant) {
    instant = end
    begin = end
    state[1] = p
    anchor = p
    started = true
    inputs.load = model.place(p, state, inputs).s
    inputs.creep = inputs.load
    factors.addNoise(variance: motionVariance, to: 0)
    factors.addNoise(variance: wideVariance, to: 1)
  }

  /// Starts the level anew: nothing is known of it but what the next indication says.
  ///
  /// Called for every move that is known beforehand; a move of more than four standard deviations is found without it.
  public mutating func processMoved() {
    guard started else { return }
    moves += 1
    readingsSinceMove = 0
    state[0] = 0
    factors.propagate(0, factor: 0, noiseVariance: motionVariance)
    // Many times range and noise: after it the old level has no weight, and the factors lose no digits.
    factors.addNoise(variance: wideVariance, to: 1)
  }

  /// Lets the response be learned anew: what is known of it is widened by the prior.
  public mutating func relearn() {
    var variances = State(repeating: 0)
    model.priorVariances(configuration.response, into: &variances)
    for index in model.base..<stateCount { factors.addNoise(variance: variances[index], to: index) }
  }

  // MARK: - Measurement

  /// The references' readings as one, corrected by their certificates, relative to the middle of the range.
  @inlinable
  mutating func fuse(_ readings: Readings) -> FusedReading<Scalar>? {
    guard references.count > 1 else { return references.only(readings.references[0]) }
    return fuseSeveral(readings)
  }

  @usableFromInline
  mutating func fuseSeveral(_ readings: Readings) -> FusedReading<Scalar>? {
    let before = referenceAgreement.verdict
    let fused = references.fuse(readings.references, age: age, agreement: &referenceAgreement)
    // What a reference taught that is believed no longer must be forgotten.
    if updates > 0, referenceAgreement.verdict != before, case .oneDisagrees = referenceAgreement.verdict { relearn() }
    return fused
  }

  @inlinable
  mutating func measurePair(_ p: Scalar, _ fused: FusedReading<Scalar>) -> Bool {
    let around = state
    let before = factors
    guard var last = measurePair(p, fused, around: around) else { return false }
    // Nine times its noise: more is an error of θ that would carry over into p̃.
    if last.innovation.value * last.innovation.value > 9 * Double(last.noiseVariance) {
      let learned = state
      state = around
      factors = before
      guard let second = measurePair(p, fused, around: learned) else { return false }
      last = second
    }
    record.responseInnovation = last.innovation
    if configuration.inflatesMeasuredCorrelation {
      record.inflation = max(declaredInflation, correlationWatch.add(last.innovation.normalised))
    }
    return true
  }

  /// λ, the variance of the noise of u for a known response, and the part of w without memory that is left in p̃.
  @inlinable
  mutating func weight(slope: Scalar, referenceVariance: Scalar) -> (lambda: Scalar, noiseVariance: Scalar) {
    var device = deviceVariance
    var reference = referenceVariance
    var both: Scalar = 0
    if hasNoiseStates {
      device += factors.covarianceInPlace(2, 2)
      reference += factors.covarianceInPlace(3, 3)
      both = factors.covarianceInPlace(2, 3)
    }
    let variance = slope * slope * device - 2 * slope * both + reference
    let lambda = variance > 0 ? (slope * device - both) / variance : 0
    return (lambda, variance)
  }

  /// Direction and consider part of p̃ but for level and motion, its variance without memory, and what is expected of it.
  @inlinable
  func processReading(
    slope: Scalar, lambda: Scalar, sensitivities: State, referenceVariance: Scalar,
    consider: inout Factors.ConsiderVector
  ) -> (direction: State, noiseVariance: Scalar) {
    var direction = sensitivities
    for index in model.base..<stateCount { direction[index] *= lambda }
    for column in 0..<offsetColumn { consider[column] *= lambda }
    let rest = 1 - lambda * slope
    if hasNoiseStates {
      direction[2] = rest
      direction[3] = lambda
    }
    return (direction, rest * rest * deviceVariance + lambda * lambda * referenceVariance)
  }

  /// One pass over a pair, with p̃ and the regressors computed from the response in `around`.
  ///
  /// Every derivative is taken at a place that the errors of this very pair have not moved: before p̃ at the predicted
  /// one, before u at the one that p̃ gave.
  @inlinable
  mutating func measurePair(
    _ p: Scalar, _ fused: FusedReading<Scalar>, around: State
  ) -> (innovation: Innovation, noiseVariance: Scalar)? {
    let predicted = model.place(state[0] + state[1], around, inputs)
    let slope = predicted.slope
    let (lambda, noiseVariance) = weight(slope: slope, referenceVariance: fused.noiseVariance)
    var difference = fused.value - model.place(p, around, inputs).x
    var expected: Scalar = 0
    if hasNoiseStates {
      expected = state[2]
      difference += slope * state[2] - state[3]
    }
    guard difference.isFinite, slope != 0 else { return nil }

    // p̃ = p + λ(Σ ∂g/∂θₖ (θₖ − θₖ′) + consider) + noise, with θ′ the response it was computed from.
    var sensitivities = State(repeating: 0)
    model.sensitivities(predicted, around, inputs, into: &sensitivities)
    for index in model.base..<stateCount {
      expected += lambda * sensitivities[index] * (state[index] - around[index])
    }
    var consider = references.sensitivities(at: predicted.x, fused, age: age)
    let reading = processReading(
      slope: slope, lambda: lambda, sensitivities: sensitivities, referenceVariance: fused.noiseVariance,
      consider: &consider)
    measureProcess(
      p + lambda * difference, direction: reading.direction, expected: expected, consider: consider,
      noiseVariance: reading.noiseVariance)
    renewQuantisation()

    let place = model.place(state[0] + state[1], around, inputs)
    var direction = State(repeating: 0)
    model.sensitivities(place, around, inputs, into: &direction)
    consider = references.sensitivities(at: place.x, fused, age: age)
    addQuantisation(slope: slope, to: &consider)
    var innovation = fused.value - model.place(p, state, inputs).x
    if hasNoiseStates {
      direction[2] = -slope
      direction[3] = 1
      innovation += slope * state[2] - state[3]
    }
    guard innovation.isFinite,
      let update = factors.update(
        &direction, &consider, noiseVariance: slope * slope * deviceVariance + fused.noiseVariance,
        inflation: Scalar(inflation), learning: responseIsFrozen ? model.base : stateCount)
    else { return nil }
    for index in 0..<stateCount { state[index] += update.gain[index] * innovation }
    return (
      Innovation(
        value: Double(innovation), variance: Double(update.innovationVariance),
        systematicVariance: Double(update.systematicVariance)), noiseVariance
    )
  }

  /// The display's rounding at the place where the process is, among the consider parameters.
  @inlinable
  func addQuantisation(slope: Scalar, to consider: inout Factors.ConsiderVector) {
    guard offsetColumn < factors.considerCount else { return }
    consider[offsetColumn] = slope * quantisationOffset
    consider[offsetColumn + 1] = slope * quantisationSlope * state[0]
  }

  /// Starts the level anew when the process value is more than four standard deviations from where it was expected.
  ///
  /// With a reference it is p̃ that decides, not z: a choice that depended on the noise of z would select by it, and the
  /// response would learn from the selection.
  @inlinable
  mutating func follow(_ p: Scalar, _ fused: FusedReading<Scalar>?) {
    let place = model.place(p, state, inputs)
    var direction = State(repeating: 0)
    var consider = Factors.ConsiderVector(repeating: 0)
    var reading = p
    var expected: Scalar = 0
    var noiseVariance = deviceVariance
    if hasNoiseStates {
      direction[2] = 1
      expected = state[2]
    }
    if let fused {
      let lambda = weight(slope: place.slope, referenceVariance: fused.noiseVariance).lambda
      var difference = fused.value - place.x
      if hasNoiseStates { difference += place.slope * state[2] - state[3] }
      reading += lambda * difference
      var sensitivities = State(repeating: 0)
      model.sensitivities(place, state, inputs, into: &sensitivities)
      consider = references.sensitivities(at: place.x, fused, age: age)
      (direction, noiseVariance) = processReading(
        slope: place.slope, lambda: lambda, sensitivities: sensitivities, referenceVariance: fused.noiseVariance,
        consider: &consider)
    }
    direction[0] = 1
    direction[1] = 1
    let innovation = reading - expected - state[0] - state[1]
    let variance = factors.varianceInPlace(&direction, &consider) + noiseVariance
    guard innovation * innovation > 16 * variance else { return }
    processMoved()
    state[1] = reading - expected
    lastMove = innovation
    renewQuantisation()
  }

  /// The same for a reading of the reference alone.
  private mutating func followReference(_ fused: FusedReading<Scalar>) {
    let place = model.place(state[0] + state[1], state, inputs)
    var direction = State(repeating: 0)
    model.sensitivities(place, state, inputs, into: &direction)
    direction[0] = place.slope
    direction[1] = place.slope
    var innovation = fused.value - place.x
    if hasNoiseStates {
      direction[3] = 1
      innovation -= state[3]
    }
    var consider = references.sensitivities(at: place.x, fused, age: age)
    let variance =
      factors.varianceInPlace(&direction, &consider) + fused.noiseVariance * rowReferenceShare
    guard innovation * innovation > 16 * variance else { return }
    processMoved()
    lastMove = place.slope != 0 ? innovation / place.slope : 0
    state[1] = model.indication(of: fused.value, state, inputs)
    renewQuantisation()
  }

  /// Moves level and motion by a reading of the process value; the response keeps its place.
  @inlinable
  mutating func measureProcess(
    _ reading: Scalar, direction: State, expected: Scalar, consider: Factors.ConsiderVector, noiseVariance: Scalar
  ) {
    var direction = direction
    direction[0] = 1
    direction[1] = 1
    let innovation = reading - state[0] - state[1] - expected
    var consider = consider
    if let update = factors.update(
      &direction, &consider, noiseVariance: noiseVariance, inflation: 1, learning: 2)
    {
      record.processInnovation = Innovation(
        value: Double(innovation), variance: Double(update.innovationVariance),
        systematicVariance: Double(update.systematicVariance))
      for index in 0..<2 { state[index] += update.gain[index] * innovation }
    }
  }

  /// A display that rounds errs anew at every place.
  @inlinable
  mutating func renewQuantisation() {
    guard offsetColumn < factors.considerCount else { return }
    guard (state[1] - anchor).magnitude > Scalar(configuration.resolution) / 2 else { return }
    anchor = state[1]
    factors.renewConsider(offsetColumn)
    factors.renewConsider(offsetColumn + 1)
  }

  /// The load that creep follows.
  @inlinable
  mutating func follow(creep p: Scalar) {
    guard configuration.response.creep != nil else { return }
    inputs.load = model.place(p, state, inputs).s
  }
}
