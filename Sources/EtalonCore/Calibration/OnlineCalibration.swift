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
/// **Order of the two measurements.** z comes first. Given z and a process of declared spread, p̂ is the conditional mean
/// of p, so its error is independent of p̂ itself, and the regression of y on p̂ that follows has no bias towards zero
/// (regression calibration: R. J. Carroll et al., *Measurement Error in Nonlinear Models* (2006), chapter 4). Regressing
/// y on z itself would lose the factor σ_p²/(σ_p² + σ_w²) of the slope.
///
/// **Linearisation.** The model is linear in d, m and θ but for the products pᵏ·θₖ. The mean of what is neglected is
/// Cov(p, θ₁)/halfSpan + g″ Var(p)/2. The first factor of each is the uncertainty of one block's p (millikelvins) against
/// a span of tens of kelvins; for 10 mK, 2 % and a half span of 20 K both are below 1 µK, so they are left out. Where z
/// has no noise p is known exactly, the model is linear in θ, and the filter is recursive least squares to rounding.
///
/// **Resolution** coarser than the noise adds, at each place where the process stays, an offset and an error of the
/// local slope that no number of samples averages away (`QuantisationError`): two further consider parameters, renewed
/// when the level moves by half a step.
///
/// **Correlated noise** is met by block means; what correlation is left between neighbouring blocks, declared or
/// measured, enlarges the innovation's variance by (1 + r)/(1 − r).
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
  /// Agreement of the reference in the last update; nil before the first.
  public private(set) var referenceInnovation: Innovation?
  /// Agreement of the device's indication with the process model in the last update; nil before the first.
  public private(set) var deviceInnovation: Innovation?
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

  static let driftColumn = 4
  static let gradientColumn = 5
  static let offsetColumn = 6
  static let slopeColumn = 7

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
    quantisation = QuantisationError(
      step: configuration.resolution, process: motion, noise: device, count: count, periodSeconds: period)
    referenceVariance = reference.varianceOfMean(count: count, periodSeconds: period)
    deviceVariance = device.varianceOfMean(count: count, periodSeconds: period) + quantisation.varianceOfMean
    motionVariance = motion.varianceOfMean(count: count, periodSeconds: period)
    motionCorrelation =
      motionVariance > 0
      ? motion.covarianceOfNeighbouringMeans(count: count, periodSeconds: period) / motionVariance : 0
    let noise = referenceVariance + deviceVariance
    let covariance =
      reference.covarianceOfNeighbouringMeans(count: count, periodSeconds: period)
      + device.covarianceOfNeighbouringMeans(count: count, periodSeconds: period)
      + quantisation.covarianceOfNeighbouringMeans
    declaredInflation = noise > 0 ? Self.inflation(correlation: covariance / noise) : 1
    inflation = declaredInflation

    let response = configuration.response
    stateCount = response.degree + 3
    var variances = InlineArray<6, Double>(repeating: 0)
    state = InlineArray(repeating: 0)
    for power in 0...response.degree {
      state[2 + power] = response.mean[power]
      variances[2 + power] = response.standardUncertainty[power] * response.standardUncertainty[power]
    }
    factors = Factors(variances: variances, count: stateCount, considerCount: 8)
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
    // A block is evenly spaced and of one kind; a gap or a change of kind starts another.
    if block.count > 0 {
      let gap = pair.instant.seconds(since: block.last ?? pair.instant)
      if gap > 1.5 * configuration.periodSeconds || block.hasReference != hasReference {
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
    // Without a reference z says where the process is, not what it is: the response must not learn from it.
    measureIndication(full.indication, learning: full.hasReference ? stateCount : 2)
    guard full.hasReference else { return .heldOver }
    guard measureReference(full.reference) else {
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

  private mutating func measureIndication(_ indication: Double, learning: Int) {
    var direction = Factors.StateVector(repeating: 0)
    direction[0] = 1
    direction[1] = 1
    let none = Factors.ConsiderVector(repeating: 0)
    var innovation = indication - state[0] - state[1]
    let expected = factors.variance(along: direction, consider: none) + deviceVariance
    if innovation * innovation > 16 * expected {
      processMoved()
      innovation = indication - state[0] - state[1]
    }
    if let update = factors.update(direction, consider: none, noiseVariance: deviceVariance, learning: learning) {
      deviceInnovation = Innovation(value: innovation, variance: update.innovationVariance)
      for index in 0..<stateCount { state[index] += update.gain[index] * innovation }
    }
    let step = configuration.resolution
    if step > 0, (state[1] - anchor).magnitude > step / 2 {
      anchor = state[1]
      factors.renewConsider(Self.offsetColumn)
      factors.renewConsider(Self.slopeColumn)
    }
  }

  private mutating func measureReference(_ reading: Double) -> Bool {
    let response = configuration.response
    let reference = configuration.reference
    let p = state[0] + state[1]
    let s = (p - response.centre) / response.halfSpan
    let value = polynomial(s)
    let slope = polynomialSlope(s) / response.halfSpan
    var direction = Factors.StateVector(repeating: 0)
    direction[0] = slope
    direction[1] = slope
    var power = 1.0
    for index in 0...response.degree {
      direction[2 + index] = power
      power *= s
    }
    var consider = Factors.ConsiderVector(repeating: 0)
    let t = (reading - reference.centre) / reference.halfSpan
    var correction = 0.0
    var basis = 1.0
    for index in 0..<reference.basisCount {
      correction += reference.correction[index] * basis
      for column in 0...index { consider[column] -= basis * considerFactor[index][column] }
      basis *= t
    }
    consider[Self.driftColumn] = -reference.driftStandardUncertainty
    consider[Self.gradientColumn] = -reference.gradientStandardUncertainty
    consider[Self.offsetColumn] = slope * quantisation.offset
    consider[Self.slopeColumn] = slope * quantisation.slope * state[0]

    let innovation = reading + correction - value
    guard innovation.isFinite,
      let update = factors.update(
        direction, consider: consider, noiseVariance: referenceVariance, inflation: inflation, learning: stateCount)
    else { return false }
    for index in 0..<stateCount { state[index] += update.gain[index] * innovation }
    let measured = Innovation(value: innovation, variance: update.innovationVariance)
    referenceInnovation = measured
    watchCorrelation(measured.normalised)
    return true
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
    // Bartlett's standard error of the correlation of independent values is 1/√n; two of them are significant.
    let measured = r * r * innovationCount > 4 && r > 0 ? Self.inflation(correlation: r) : 1
    inflation = max(declaredInflation, measured)
  }

  private func polynomial(_ s: Double) -> Double {
    var sum = 0.0
    var index = configuration.response.degree
    while index >= 0 {
      sum = sum * s + state[2 + index]
      index -= 1
    }
    return sum
  }

  private func polynomialSlope(_ s: Double) -> Double {
    var sum = 0.0
    var index = configuration.response.degree
    while index >= 1 {
      sum = sum * s + Double(index) * state[2 + index]
      index -= 1
    }
    return sum
  }
}

extension OnlineCalibration {
  /// A value with its standard uncertainty, in the unit of the reference.
  public struct CorrectedValue: Sendable, Equatable {
    /// Best estimate of the measurand.
    public var value: Double
    /// Standard uncertainty, systematic parts included.
    public var standardUncertainty: Double
    /// Whether the indication lies outside the range that is declared valid.
    public var isExtrapolated: Bool
  }

  /// The corrected value of an indication, from the device alone.
  ///
  /// The uncertainty holds the response's (with the reference's systematic parts), the device's noise and the rounding of
  /// its display. It is that of one indication, or of the mean of several.
  /// - Parameter readings: number of consecutive readings of which `indication` is the mean, 1 or more.
  /// - Returns: nil when the indication is not finite.
  public func corrected(indication: Double, readings: Int = 1) -> CorrectedValue? {
    precondition(readings >= 1, "a mean has at least one reading")
    guard indication.isFinite else { return nil }
    let response = configuration.response
    let s = (indication - response.centre) / response.halfSpan
    let slope = polynomialSlope(s) / response.halfSpan
    var direction = Factors.StateVector(repeating: 0)
    var power = 1.0
    for index in 0...response.degree {
      direction[2 + index] = power
      power *= s
    }
    let none = Factors.ConsiderVector(repeating: 0)
    let step = configuration.resolution
    let noise =
      configuration.deviceNoise.varianceOfMean(count: readings, periodSeconds: configuration.periodSeconds)
      + step * step / 12
    let variance = factors.variance(along: direction, consider: none) + slope * slope * noise
    let value = polynomial(s)
    guard value.isFinite, variance.isFinite else { return nil }
    return CorrectedValue(
      value: value, standardUncertainty: max(0, variance).squareRoot(),
      isExtrapolated: !configuration.validRange.contains(indication))
  }

  /// The process value from everything known so far: all indications, all reference readings and the process model.
  ///
  /// It is that of the last block; nil before the first.
  public var processValue: CorrectedValue? {
    guard started else { return nil }
    let response = configuration.response
    let p = state[0] + state[1]
    let s = (p - response.centre) / response.halfSpan
    let slope = polynomialSlope(s) / response.halfSpan
    var direction = Factors.StateVector(repeating: 0)
    direction[0] = slope
    direction[1] = slope
    var power = 1.0
    for index in 0...response.degree {
      direction[2 + index] = power
      power *= s
    }
    let variance = factors.variance(along: direction, consider: Factors.ConsiderVector(repeating: 0))
    let value = polynomial(s)
    guard value.isFinite, variance.isFinite else { return nil }
    return CorrectedValue(
      value: value, standardUncertainty: max(0, variance).squareRoot(),
      isExtrapolated: !configuration.validRange.contains(p))
  }

  /// The response's coefficients θ at present; those above the degree are 0.
  public var coefficients: Coefficients {
    var values = InlineArray<4, Double>(repeating: 0)
    for power in 0...configuration.response.degree { values[power] = state[2 + power] }
    return Coefficients(values[0], values[1], values[2], values[3])
  }

  /// Standard uncertainty of the coefficient of `power`, 0...degree, systematic parts included.
  public func standardUncertainty(ofCoefficient power: Int) -> Double {
    precondition(power >= 0 && power <= configuration.response.degree, "the response has no such coefficient")
    return max(0, factors.covariance(2 + power, 2 + power)).squareRoot()
  }

  /// Covariance of two coefficients, systematic parts included.
  public func covariance(ofCoefficients first: Int, _ second: Int) -> Double {
    let degree = configuration.response.degree
    precondition(first >= 0 && first <= degree && second >= 0 && second <= degree, "the response has no such coefficient")
    return factors.covariance(2 + first, 2 + second)
  }

  /// Whether the data say something about a coefficient: its uncertainty is below the given share of the prior's.
  ///
  /// What the data do not excite keeps its prior, and a caller should say so.
  public func isIdentified(coefficient power: Int, shareOfPrior: Double = 0.9) -> Bool {
    standardUncertainty(ofCoefficient: power) < shareOfPrior * configuration.response.standardUncertainty[power]
  }
}

/// Running means of consecutive pairs of one kind.
struct PairBlock: Sendable {
  private(set) var count = 0
  private(set) var hasReference = false
  private(set) var last: Instant?
  private var origin = (reference: 0.0, indication: 0.0)
  private var sum = (reference: 0.0, indication: 0.0)
  private var lowest = Double.infinity
  private var highest = -Double.infinity

  /// Takes one pair in.
  mutating func add(_ pair: Pair, hasReference: Bool) {
    if count == 0 {
      // Sums of differences from the first value keep the digits that a large common offset would cost.
      origin = (pair.reference, pair.indication)
      self.hasReference = hasReference
    }
    count += 1
    last = pair.instant
    sum.reference += pair.reference - origin.reference
    sum.indication += pair.indication - origin.indication
    lowest = min(lowest, pair.indication)
    highest = max(highest, pair.indication)
  }

  var reference: Double { origin.reference + sum.reference / Double(count) }
  var indication: Double { origin.indication + sum.indication / Double(count) }
  var spread: Double { highest - lowest }
}
