import EtalonMetrology

/// Calibrates a device while it works: a Schmidt-Kalman filter over the process value and the device's response.
///
/// Model, for the mean of one block of pairs:
/// ```
/// p = m + d                             process value as the device would show it without noise: level and motion
/// z = p + w                             indication
/// g(p) = Σ θₖ sᵏ,  s = (p − centre)/halfSpan
/// y + b(y) = g(p) − βᵀφ(y) − δ − γ + v  reference reading with the certificate's correction
/// ```
/// The state is (d, m, θ); d is an Ornstein-Uhlenbeck process, m and θ walk at random. The deviation β of the reference's
/// correction curve from the certificate (one for each basis function φ), its drift δ and the gradient γ are consider
/// parameters: they enter every covariance and are never estimated, so no number of samples averages them away.
///
/// **Both sides are noisy.** Regressing y on the noisy z would pull the slope towards zero. Instead the two readings of a
/// block are turned into two with independent errors:
/// ```
/// u = y + b(y) − g(z; θ̂)      error v − g′w: says how wrong θ is, and nothing about p
/// p̃ = z + a u/g′,  a = g′²σ_w²/(g′²σ_w² + σ_v²)    error (1 − a) w + a v/g′: says where p is
/// ```
/// p̃ is sufficient for p and its error is independent of that of u (L. A. Stefanski and R. J. Carroll, Biometrika 74 (1987)
/// 703, conditional scores). p̃ moves d and m; θ learns from u alone, with the regressors sᵏ at the filtered p̂. The
/// estimating equation is then free of bias whatever the motion of the process, as that of a generalised distance
/// regression is; the declared spread of the motion, through p̂ = m + K(p̃ − m), makes the information what it is: without
/// it the noise itself would count as excitation. Without noise of the device p̂ = z and the filter is recursive least
/// squares to rounding.
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
/// **Correlated noise** is met by block means; what correlation is left between neighbouring blocks, declared or
/// measured, enlarges the variance of u by (1 + r)/(1 − r).
public struct OnlineCalibration: Sendable {
  typealias Factors = ConsiderFactors<6, 8, Double>

  /// What became of a pair.
  public enum Outcome: Sendable, Equatable {
    /// It is in a block that is not full yet.
    case collected
    /// It completed a block and the state was updated.
    case updated
    /// It completed a block of the device alone: the process value was updated, the response was not.
    case heldOver
    /// It was not used.
    case refused(Refusal)
  }

  /// Why a pair or its block was not used.
  public enum Refusal: UInt8, Sendable {
    /// Missing, stale, skewed, out of range or rejected.
    case quality
    /// Not later than the pair before.
    case time
    /// The quantity moved too far within the block; the whole block is refused.
    case moving
    /// The values gave an innovation that is not finite, or one without variance.
    case notFinite
  }

  /// How well a measurement agreed with what was expected of it.
  public struct Innovation: Sendable, Equatable {
    /// Measured minus expected.
    public var value: Double
    /// Its variance, systematic part included.
    public var variance: Double
    /// The part of the variance that is common to all blocks at one place: that of the consider parameters.
    public var systematicVariance: Double
    /// value/√variance: close to standard normal while model and device agree.
    public var normalised: Double { value / variance.squareRoot() }
  }

  /// The configuration in force.
  public let configuration: OnlineCalibrationConfiguration
  /// Number of updates with both sides.
  public private(set) var updates = 0
  /// Number of pairs that were not used, including those of refused blocks.
  public private(set) var refusedPairs = 0
  /// How often the level was found to have moved and was started anew.
  public private(set) var moves = 0
  /// Agreement of reference and device in the last update (u); nil before the first.
  public private(set) var responseInnovation: Innovation?
  /// Agreement of the readings with the process model in the last update (p̃); nil before the first.
  public private(set) var processInnovation: Innovation?
  /// Whether the response keeps its place: blocks then move level and motion only, and every covariance stays true.
  ///
  /// For a monitor that holds the response while it decides whether device and reference have moved against each other.
  public var responseIsFrozen = false
  /// Factor by which correlation between blocks enlarges the innovation's variance at present, 1 or more.
  public private(set) var inflation: Double

  let stateCount: Int
  let considerFactor: InlineArray<4, InlineArray<4, Double>>
  let declaredInflation: Double
  let referenceVariance: Double
  let deviceVariance: Double
  let motionVariance: Double
  let motionCorrelation: Double
  let quantisation: QuantisationError
  var factors: Factors
  var state: InlineArray<6, Double>
  var instant: Instant?
  var started = false
  var anchor = 0.0
  var block = PairBlock()
  var innovationSquares = 0.0
  var innovationProducts = 0.0
  var innovationCount = 0.0
  var lastNormalised = 0.0

  /// Columns of the consider parameters: first those of the correction curve, then these.
  let driftColumn: Int
  let gradientColumn: Int
  let offsetColumn: Int
  let slopeColumn: Int

  /// - Throws: what is wrong with the configuration.
  public init(_ configuration: OnlineCalibrationConfiguration) throws(OnlineCalibrationConfiguration.Fault) {
    try configuration.check()
    self.configuration = configuration
    considerFactor = try Self.factor(configuration.reference)
    let period = configuration.periodSeconds
    let count = configuration.pairsPerBlock
    let device = configuration.deviceNoise
    let reference = configuration.reference.noise
    let motion = configuration.process.motion
    let scale = (configuration.response.halfSpan / configuration.response.mean.c1).magnitude
    quantisation = QuantisationError(
      step: configuration.resolution,
      process: CorrelatedNoise(
        standardDeviation: motion.standardDeviation * scale, correlationTimeSeconds: motion.correlationTimeSeconds),
      noise: device, count: count, periodSeconds: period)
    referenceVariance = reference.varianceOfMean(count: count, periodSeconds: period)
    deviceVariance = device.varianceOfMean(count: count, periodSeconds: period) + quantisation.varianceOfMean
    // The motion is declared in the unit of the reference; the level is kept in that of the indication.
    let nominalSlope = configuration.response.mean.c1 / configuration.response.halfSpan
    motionVariance =
      motion.varianceOfMean(count: count, periodSeconds: period) / (nominalSlope * nominalSlope)
    motionCorrelation =
      motionVariance > 0
      ? motion.covarianceOfNeighbouringMeans(count: count, periodSeconds: period)
        / motion.varianceOfMean(count: count, periodSeconds: period) : 0
    let noise = referenceVariance + nominalSlope * nominalSlope * deviceVariance
    let covariance =
      reference.covarianceOfNeighbouringMeans(count: count, periodSeconds: period)
      + nominalSlope * nominalSlope
      * (device.covarianceOfNeighbouringMeans(count: count, periodSeconds: period)
        + quantisation.covarianceOfNeighbouringMeans)
    declaredInflation = noise > 0 ? Self.inflation(correlation: covariance / noise) : 1
    inflation = declaredInflation

    let response = configuration.response
    stateCount = response.degree + 3
    driftColumn = configuration.reference.basisCount
    gradientColumn = driftColumn + 1
    offsetColumn = driftColumn + 2
    slopeColumn = driftColumn + 3
    var variances = InlineArray<6, Double>(repeating: 0)
    state = InlineArray(repeating: 0)
    for power in 0...response.degree {
      state[2 + power] = response.mean[power]
      variances[2 + power] = response.standardUncertainty[power] * response.standardUncertainty[power]
    }
    factors = Factors(
      variances: variances, count: stateCount,
      considerCount: configuration.resolution > 0 ? slopeColumn + 1 : offsetColumn)
  }

  /// (1 + r)/(1 − r), the factor by which a first-order autoregression of correlation r enlarges the variance of a mean.
  static func inflation(correlation: Double) -> Double {
    let r = min(max(correlation, 0), 0.98)
    return (1 + r) / (1 - r)
  }

  /// Cholesky factor of the certificate's covariance; a parameter without uncertainty gives a row of zeros.
  static func factor(
    _ reference: OnlineCalibrationConfiguration.Reference
  ) throws(OnlineCalibrationConfiguration.Fault) -> InlineArray<4, InlineArray<4, Double>> {
    var lower = InlineArray<4, InlineArray<4, Double>>(repeating: InlineArray(repeating: 0))
    for i in 0..<reference.basisCount {
      for j in 0...i {
        var sum = reference.covariance[i][j]
        guard sum.isFinite else { throw .covariance(row: i) }
        for k in 0..<j { sum -= lower[i][k] * lower[j][k] }
        // Rounding of a covariance of deficient rank leaves a rest of this order.
        let tolerance = 1e-12 * max(reference.covariance[i][i], 0)
        if i == j {
          guard sum >= -tolerance else { throw .covariance(row: i) }
          lower[i][i] = sum > tolerance ? sum.squareRoot() : 0
        } else if lower[j][j] > 0 {
          lower[i][j] = sum / lower[j][j]
        } else {
          let scale = (reference.covariance[i][i] * max(reference.covariance[j][j], 0)).squareRoot()
          guard sum.magnitude <= 1e-9 * scale else { throw .covariance(row: i) }
        }
      }
    }
    return lower
  }

  /// Takes one pair. A pair without a reference moves the process value only.
  public mutating func add(_ pair: Pair) -> Outcome {
    let hasReference = pair.reference.isFinite
    let bad = hasReference ? Pair.unusable : Pair.unusable.subtracting(.missing)
    guard pair.indication.isFinite, pair.quality.isDisjoint(with: bad) else {
      refusedPairs += 1
      return .refused(.quality)
    }
    if let last = block.last ?? instant, pair.instant <= last {
      refusedPairs += 1
      return .refused(.time)
    }
    // A block is of one kind and close to evenly spaced: pairs that were rejected may leave holes of a quarter of it, a
    // longer gap or a change of kind starts another.
    if block.count > 0 {
      let gap = pair.instant.seconds(since: block.last ?? pair.instant)
      let hole = max(1.5, Double(configuration.pairsPerBlock) / 4) * configuration.periodSeconds
      if gap > hole || block.hasReference != hasReference {
        refusedPairs += block.count
        block = PairBlock()
      }
    }
    block.add(pair, hasReference: hasReference)
    guard block.count == configuration.pairsPerBlock else { return .collected }
    let full = block
    block = PairBlock()
    guard full.spread <= configuration.maximumBlockSpread else {
      refusedPairs += full.count
      return .refused(.moving)
    }
    return update(full, at: pair.instant)
  }

  /// Whether the next pair, if it is taken, completes a block.
  var nextPairCompletesBlock: Bool { block.count + 1 >= configuration.pairsPerBlock }

  /// Standard deviation of the difference of reference and device in one block mean, in the unit of the reference.
  var blockNoise: Double {
    let slope = configuration.response.mean.c1 / configuration.response.halfSpan
    return (referenceVariance + slope * slope * deviceVariance).squareRoot()
  }

  /// Variance that the declared drift has added to the corrected value since the last block, at `indication`.
  func driftVariance(indication: Double, since later: Instant) -> Double {
    guard let instant, later > instant else { return 0 }
    let response = configuration.response
    let s = (indication - response.centre) / response.halfSpan
    var sum = 0.0
    var power = 1.0
    for index in 0...response.degree {
      let drift = response.driftPerRootSecond[index] * power
      sum += drift * drift
      power *= s
    }
    return sum * later.seconds(since: instant)
  }

  /// Lets time pass without readings: the process forgets, the response drifts as declared.
  ///
  /// An instant that is not later than the state's own changes nothing.
  public mutating func advance(to later: Instant) {
    guard let now = instant else { return }
    guard later > now else { return }
    let seconds = later.seconds(since: now)
    instant = later
    advance(seconds: seconds)
  }

  private mutating func advance(seconds: Double) {
    let response = configuration.response
    for power in 0...response.degree {
      let drift = response.driftPerRootSecond[power]
      factors.addNoise(variance: drift * drift * seconds, to: 2 + power)
    }
    let level = configuration.process.levelDriftPerRootSecond
    factors.addNoise(variance: level * level * seconds, to: 1)
    // Over one block the means' own correlation, over a longer time the process's.
    let length = configuration.periodSeconds * Double(configuration.pairsPerBlock)
    let phi = motionCorrelation * configuration.process.motion.correlation(seconds: max(0, seconds - length))
    state[0] *= phi
    factors.scaleFirst(by: phi)
    factors.addNoise(variance: motionVariance * (1 - phi * phi), to: 0)
  }

  /// Starts the level anew: nothing is known of it but what the next indication says.
  ///
  /// Called for every move that is known beforehand; a move of more than four standard deviations is found without it.
  public mutating func processMoved() {
    guard started else { return }
    moves += 1
    state[0] = 0
    factors.scaleFirst(by: 0)
    factors.addNoise(variance: motionVariance, to: 0)
    // Many times the range: after it the old level has no weight, and the factors lose no digits.
    let wide = 1e3 * configuration.response.halfSpan
    factors.addNoise(variance: wide * wide, to: 1)
  }

  private mutating func update(_ full: PairBlock, at end: Instant) -> Outcome {
    guard full.indication.isFinite, !full.hasReference || full.reference.isFinite else {
      refusedPairs += full.count
      return .refused(.notFinite)
    }
    if started { advance(to: end) } else { start(full.indication, at: end) }
    follow(full)
    guard full.hasReference else {
      // Without a reference z says where the process is, not what it is: the response does not learn from it.
      let none = Factors.StateVector(repeating: 0)
      measureProcess(
        full.indication, regressors: none, expectedShift: 0, consider: Factors.ConsiderVector(repeating: 0),
        noiseVariance: deviceVariance)
      renewQuantisation()
      return .heldOver
    }
    let measured = measurePair(full)
    renewQuantisation()
    guard measured else {
      refusedPairs += full.count
      return .refused(.notFinite)
    }
    updates += 1
    return .updated
  }

  private mutating func start(_ indication: Double, at end: Instant) {
    instant = end
    state[1] = indication
    anchor = indication
    started = true
    factors.addNoise(variance: motionVariance, to: 0)
    let wide = 1e3 * configuration.response.halfSpan
    factors.addNoise(variance: wide * wide, to: 1)
  }

  /// A reference reading with the certificate's correction.
  private func corrected(reading: Double) -> Double {
    let reference = configuration.reference
    let t = (reading - reference.centre) / reference.halfSpan
    var value = reading
    var basis = 1.0
    for index in 0..<reference.basisCount {
      value += reference.correction[index] * basis
      basis *= t
    }
    return value
  }

  /// Sensitivities of a corrected reference reading to the consider parameters where the quantity has the given value.
  ///
  /// They belong to the estimated value, never to the reading: the reading's own noise would be correlated with the
  /// innovation, and the small product of both would, over many thousand blocks, push the response away.
  private func considerSensitivities(at value: Double) -> Factors.ConsiderVector {
    let reference = configuration.reference
    var consider = Factors.ConsiderVector(repeating: 0)
    let t = (value - reference.centre) / reference.halfSpan
    var basis = 1.0
    for index in 0..<reference.basisCount {
      for column in 0...index { consider[column] -= basis * considerFactor[index][column] }
      basis *= t
    }
    consider[driftColumn] = -reference.driftStandardUncertainty
    consider[gradientColumn] = -reference.gradientStandardUncertainty
    return consider
  }

  private mutating func measurePair(_ full: PairBlock) -> Bool {
    let reference = corrected(reading: full.reference)
    let before = (state: state, factors: factors)
    guard let first = measurePair(full.indication, reference, around: state) else { return false }
    var last = first
    // Nine times its noise: more is an error of θ that would carry over into p̃.
    if first.value * first.value > 9 * first.noiseVariance {
      let around = state
      (state, factors) = before
      guard let second = measurePair(full.indication, reference, around: around) else { return false }
      last = second
    }
    let innovation = Innovation(
      value: last.value, variance: last.variance, systematicVariance: last.systematicVariance)
    responseInnovation = innovation
    watchCorrelation(innovation.normalised)
    return true
  }

  /// One pass over a pair of block means, with p̃ and the regressors computed from the response in `around`.
  ///
  /// Every derivative is taken at a place that the errors of this very block have not moved: before p̃ at the predicted
  /// one, before u at the one that p̃ gave.
  private mutating func measurePair(
    _ indication: Double, _ reference: Double, around: InlineArray<6, Double>
  ) -> (value: Double, variance: Double, systematicVariance: Double, noiseVariance: Double)? {
    let response = configuration.response
    let atIndication = (indication - response.centre) / response.halfSpan
    let predicted = (state[0] + state[1] - response.centre) / response.halfSpan
    let slope = polynomialSlope(predicted, around) / response.halfSpan
    let (toIndication, share) = weight(slope: slope)
    let noiseVariance = slope * slope * deviceVariance + referenceVariance
    let difference = reference - polynomial(atIndication, around)
    guard difference.isFinite, slope != 0 else { return nil }

    // p̃ = p + (a/g′)(Σ sᵏ (θₖ − θₖ′) + consider) + noise, with θ′ the response it was computed from.
    var shift = 0.0
    var regressors = powers(predicted)
    for index in 2..<stateCount {
      shift += regressors[index] * (state[index] - around[index])
      regressors[index] *= toIndication
    }
    var consider = considerSensitivities(at: polynomial(predicted, around))
    for column in 0..<offsetColumn { consider[column] *= toIndication }
    measureProcess(
      indication + toIndication * difference, regressors: regressors, expectedShift: toIndication * shift,
      consider: consider, noiseVariance: (1 - share) * deviceVariance)

    let place = (state[0] + state[1] - response.centre) / response.halfSpan
    let direction = powers(place)
    consider = considerSensitivities(at: polynomial(place, around))
    if configuration.resolution > 0 {
      consider[offsetColumn] = slope * quantisation.offset
      consider[slopeColumn] = slope * quantisation.slope * state[0]
    }
    let innovation = reference - polynomial(atIndication, state)
    guard innovation.isFinite,
      let update = factors.update(
        direction, consider: consider, noiseVariance: noiseVariance, inflation: inflation,
        learning: responseIsFrozen ? 2 : stateCount)
    else { return nil }
    for index in 0..<stateCount { state[index] += update.gain[index] * innovation }
    return (innovation, update.innovationVariance, update.systematicVariance, noiseVariance)
  }

  /// Starts the level anew when the process value is more than four standard deviations from where it was expected.
  ///
  /// With a reference it is p̃ that decides, not z: a choice that depended on the noise of z would select by it, and the
  /// response would learn from the selection.
  private mutating func follow(_ full: PairBlock) {
    let response = configuration.response
    let s = (full.indication - response.centre) / response.halfSpan
    var direction = Factors.StateVector(repeating: 0)
    var consider = Factors.ConsiderVector(repeating: 0)
    var reading = full.indication
    var noiseVariance = deviceVariance
    if full.hasReference {
      let slope = polynomialSlope(s, state) / response.halfSpan
      let (toIndication, share) = weight(slope: slope)
      let value = polynomial(s, state)
      reading += toIndication * (corrected(reading: full.reference) - value)
      direction = powers(s)
      consider = considerSensitivities(at: value)
      for index in 2..<stateCount { direction[index] *= toIndication }
      for column in 0..<offsetColumn { consider[column] *= toIndication }
      noiseVariance *= 1 - share
    }
    direction[0] = 1
    direction[1] = 1
    let innovation = reading - state[0] - state[1]
    let expected = factors.variance(along: direction, consider: consider) + noiseVariance
    guard innovation * innovation > 16 * expected else { return }
    processMoved()
    state[1] = reading
  }

  /// a/g′ and a: the weight of the reference in the reading p̃ of the process value.
  private func weight(slope: Double) -> (toIndication: Double, share: Double) {
    let deviceShare = slope * slope * deviceVariance
    let total = deviceShare + referenceVariance
    let share = total > 0 ? deviceShare / total : 0
    return (slope != 0 ? share / slope : 0, share)
  }

  /// Moves level and motion by a reading of the process value; the response keeps its place.
  private mutating func measureProcess(
    _ reading: Double, regressors: Factors.StateVector, expectedShift: Double, consider: Factors.ConsiderVector,
    noiseVariance: Double
  ) {
    var direction = regressors
    direction[0] = 1
    direction[1] = 1
    let innovation = reading - state[0] - state[1] - expectedShift
    if let update = factors.update(direction, consider: consider, noiseVariance: noiseVariance, learning: 2) {
      processInnovation = Innovation(
        value: innovation, variance: update.innovationVariance, systematicVariance: update.systematicVariance)
      for index in 0..<2 { state[index] += update.gain[index] * innovation }
    }
  }

  /// A display that rounds errs anew at every place.
  private mutating func renewQuantisation() {
    let step = configuration.resolution
    guard step > 0, (state[1] - anchor).magnitude > step / 2 else { return }
    anchor = state[1]
    factors.renewConsider(offsetColumn)
    factors.renewConsider(slopeColumn)
  }

  /// The regressors 1, s, s², s³ of the response, as far as its degree goes.
  func powers(_ s: Double) -> Factors.StateVector {
    var vector = Factors.StateVector(repeating: 0)
    var power = 1.0
    for index in 2..<stateCount {
      vector[index] = power
      power *= s
    }
    return vector
  }

  /// Lag-1 correlation of the normalised innovations, with a memory of a few hundred blocks.
  private mutating func watchCorrelation(_ normalised: Double) {
    guard configuration.inflatesMeasuredCorrelation else { return }
    let keep = 1 - 1.0 / 512
    innovationSquares = keep * innovationSquares + normalised * normalised
    innovationProducts = keep * innovationProducts + normalised * lastNormalised
    innovationCount = keep * innovationCount + 1
    lastNormalised = normalised
    guard innovationCount >= 30, innovationSquares > 0 else { return }
    let r = innovationProducts / innovationSquares
    // Bartlett's standard error of the correlation of independent values is 1/√n. It is looked at after every block, so
    // only what no run of independent innovations shows (3.5 of them, 1 look in 4000) counts.
    let measured = r > 0 && r * r * innovationCount > 12.25 ? Self.inflation(correlation: r) : 1
    inflation = max(declaredInflation, measured)
  }

  func polynomial(_ s: Double, _ state: InlineArray<6, Double>) -> Double {
    var sum = 0.0
    var index = stateCount - 1
    while index >= 2 {
      sum = sum * s + state[index]
      index -= 1
    }
    return sum
  }

  func polynomialSlope(_ s: Double, _ state: InlineArray<6, Double>) -> Double {
    var sum = 0.0
    var index = stateCount - 1
    while index >= 3 {
      sum = sum * s + Double(index - 2) * state[index]
      index -= 1
    }
    return sum
  }
}
