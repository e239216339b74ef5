/// What became of a pair.
public enum CalibrationOutcome: Sendable, Equatable {
  /// It is in a block that is not full yet.
  case collected
  /// It completed a block and the state was updated.
  case updated
  /// It completed a block of the device alone: the process value was updated, the response was not.
  case heldOver
  /// The reference alone was read: the process value was updated, the response was not.
  case referenceOnly
  /// Nothing was read: time passed.
  case predicted
  /// It was not used.
  case refused(Refusal)

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
}

/// How well a measurement agreed with what was expected of it.
@frozen
public struct CalibrationInnovation: Sendable, Equatable {
  /// Measured minus expected.
  public var value: Double
  /// Its variance, systematic part included.
  public var variance: Double
  /// The part of the variance that is common to all blocks at one place: that of the consider parameters.
  public var systematicVariance: Double
  /// value/√variance: close to standard normal while model and device agree.
  public var normalised: Double { value / variance.squareRoot() }
  @inlinable init(value: Double, variance: Double, systematicVariance: Double) {
    self.value = value
    self.variance = variance
    self.systematicVariance = systematicVariance
  }
}

/// A value with its standard uncertainty, in the unit of the reference.
@frozen
public struct CorrectedValue: Sendable, Equatable {
  /// Best estimate of the measurand.
  public var value: Double
  /// Standard uncertainty, systematic parts included.
  public var standardUncertainty: Double
  /// Whether it lies outside the range that is declared valid.
  public var isExtrapolated: Bool
  /// A value with the given parts.
  @inlinable public init(value: Double, standardUncertainty: Double, isExtrapolated: Bool) {
    self.value = value
    self.standardUncertainty = standardUncertainty
    self.isExtrapolated = isExtrapolated
  }
}

extension OnlineCalibrationFilter {
  /// The corrected value of an indication, from the device alone.
  ///
  /// The uncertainty holds the response's (with the reference's systematic parts), the device's noise and the rounding of
  /// its display. It is that of one indication, or of the mean of several, that has not itself been learned from; for
  /// one that has, use what `estimate` returned.
  /// - Parameter readings: number of consecutive readings of which `indication` is the mean, 1 or more.
  /// - Returns: nil when the indication is not finite.
  @inlinable public func corrected(indication: Double, readings: Int = 1) -> CorrectedValue? {
    precondition(readings >= 1, "a mean has at least one reading")
    guard indication.isFinite else { return nil }
    let p = model.relative(indication: indication)
    let place = model.place(p, state, inputs)
    var direction = State(repeating: 0)
    model.sensitivities(place, state, inputs, into: &direction)
    let step = configuration.resolution
    let noise = Scalar(
      configuration.deviceNoise.varianceOfMean(count: readings, periodSeconds: configuration.periodSeconds)
        + step * step / 12)
    let variance =
      factors.variance(along: direction, consider: Factors.ConsiderVector(repeating: 0))
      + place.slope * place.slope * noise
    return corrected(place.x, variance, at: p)
  }

  /// Variance that the declared drift has added to the corrected value since the last block, at `indication`.
  @inlinable func driftVariance(indication: Double, since later: Instant) -> Double {
    guard let instant, later > instant, indication.isFinite else { return 0 }
    let place = model.place(model.relative(indication: indication), state, inputs)
    var direction = State(repeating: 0)
    model.sensitivities(place, state, inputs, into: &direction)
    let seconds = Scalar(later.seconds(since: instant))
    // With θ ← F θ + noise the variance along a direction h is that along Fᵀ h, and what the noise adds.
    var added: Scalar = 0
    var hasRates = false
    var moved = direction
    var power = 0
    while power <= model.degree {
      let part = direction[model.base + power]
      added += part * part * model.driftVariances[power] * seconds
      if model.rates[power] > 0 {
        hasRates = true
        moved[model.rates[power]] += seconds * part
      }
      power += 1
    }
    if hasRates {
      let none = Factors.ConsiderVector(repeating: 0)
      added += factors.variance(along: moved, consider: none) - factors.variance(along: direction, consider: none)
    }
    return max(0, Double(added))
  }

  /// The process value from everything known so far: all indications, all reference readings and the process model.
  ///
  /// It is that of the last block; nil before the first.
  @inlinable public var processValue: CorrectedValue? {
    guard started else { return nil }
    let p = state[0] + state[1]
    let place = model.place(p, state, inputs)
    var direction = State(repeating: 0)
    model.sensitivities(place, state, inputs, into: &direction)
    direction[0] = place.slope
    direction[1] = place.slope
    return corrected(
      place.x, factors.variance(along: direction, consider: Factors.ConsiderVector(repeating: 0)), at: p)
  }

  /// Standard uncertainties of their difference by which reference and device may disagree in one pair. Chance never exceeds
  /// it; 6 would be enough for that, but while a response with a wide prior is learnt from its first rows, what the
  /// linearisation leaves out reached it in one of 1000 simulated benches.
  @usableFromInline static var largestDisagreement: Scalar { 10 }

  /// Whether the last pair of readings contradicted each other, so that it has no value (only where values of pairs are
  /// asked for).
  @inlinable public var isContradicted: Bool { record.isContradicted }

  /// The quantity behind readings that are not taken in yet, from them and the response alone.
  @inlinable
  mutating func row(_ readings: Readings) -> CorrectedValue? {
    let p = model.relative(indication: readings.indication)
    var agreement = referenceAgreement
    let fused =
      references.count > 1
      ? references.fuse(readings.references, age: age, agreement: &agreement)
      : references.only(readings.references[0])
    return row(p, fused)
  }

  /// The best combination of the device's value g(z; θ̂) − g′ŵ, whose error is e₁, and the reference's, whose error is
  /// e₂: x₁ + (x₂ − x₁)(Var e₁ − Cov)/S with S = Var(e₁ − e₂), which is what a filter with nothing known of x beforehand
  /// gives. Both errors hold what the response owes to the same certificate.
  /// - Returns: nil where x₂ − x₁ is more than `largestDisagreement` times √S: one of the two readings is wrong, and
  ///   nothing tells which.
  @inlinable
  mutating func row(_ p: Scalar, _ fused: FusedReading<Scalar>?) -> CorrectedValue? {
    let place = model.place(p, state, inputs)
    let slope = place.slope
    var direction = State(repeating: 0)
    model.sensitivities(place, state, inputs, into: &direction)
    var consider = Factors.ConsiderVector(repeating: 0)
    addQuantisation(slope: slope, to: &consider)
    var value = place.x
    if hasNoiseStates {
      direction[2] = -slope
      value -= slope * state[2]
    }
    let device = factors.varianceInPlace(&direction, &consider) + slope * slope * rowDeviceVariance
    guard let fused else { return corrected(value, device, at: p) }
    var other = State(repeating: 0)
    var reading = fused.value
    if hasNoiseStates {
      other[3] = 1
      direction[3] = 1
      reading -= state[3]
    }
    var systematic = references.sensitivities(at: place.x, fused, age: age)
    let noise = fused.noiseVariance * rowReferenceShare
    let reference = factors.varianceInPlace(&other, &systematic) + noise
    for column in 0..<offsetColumn { consider[column] = systematic[column] }
    let difference =
      factors.varianceInPlace(&direction, &consider) + slope * slope * rowDeviceVariance + noise
    guard difference > 0 else { return corrected(value, device, at: p) }
    let apart = reading - value
    record.isContradicted = apart * apart > Self.largestDisagreement * Self.largestDisagreement * difference
    if record.isContradicted { return nil }
    // Var e₁ − Cov(e₁, e₂), with 2 Cov = Var e₁ + Var e₂ − S.
    let gain = (device - reference + difference) / (2 * difference)
    return corrected(value + gain * apart, device - gain * gain * difference, at: p)
  }

  /// - Parameters:
  ///   - x: the quantity from the middle of the range.
  ///   - p: the indication it belongs to, from the middle of the range.
  @inlinable
  func corrected(_ x: Scalar, _ variance: Scalar, at p: Scalar) -> CorrectedValue? {
    let value = Double(x) + model.quantityCentre
    guard value.isFinite, variance.isFinite else { return nil }
    let argument: Double
    switch model.form {
    case .correction: argument = Double(p) + model.indicationCentre
    case .indication, .callendarVanDusen: argument = value
    }
    return CorrectedValue(
      value: value, standardUncertainty: Double(max(0, variance)).squareRoot(),
      isExtrapolated: !configuration.validRange.contains(argument))
  }

  /// The response's coefficients θ at present; those above the degree are 0.
  @inlinable public var coefficients: Coefficients {
    var values = InlineArray<4, Double>(repeating: 0)
    for power in 0...model.degree {
      values[power] = configuration.response.mean[power] + Double(state[model.base + power])
    }
    return Coefficients(values[0], values[1], values[2], values[3])
  }

  /// Standard uncertainty of the coefficient of `power`, 0...degree, systematic parts included.
  @inlinable public func standardUncertainty(ofCoefficient power: Int) -> Double {
    precondition(power >= 0 && power <= model.degree, "the response has no such coefficient")
    return deviation(model.base + power)
  }

  /// Covariance of two coefficients, systematic parts included.
  @inlinable public func covariance(ofCoefficients first: Int, _ second: Int) -> Double {
    precondition(
      first >= 0 && first <= model.degree && second >= 0 && second <= model.degree,
      "the response has no such coefficient")
    return Double(factors.covariance(model.base + first, model.base + second))
  }

  /// A parameter beside the polynomial's coefficients.
  public enum Parameter: Sendable, Equatable {
    /// Change of offset and of gain with the second quantity.
    case auxiliaryOffset, auxiliaryGain
    /// Amount of creep.
    case creep
    /// Linear drift of a coefficient, per second.
    case rate(ofCoefficient: Int)
  }

  /// A parameter beside the polynomial's coefficients with its standard uncertainty; nil when the response has none such.
  public func value(of parameter: Parameter) -> (value: Double, standardUncertainty: Double)? {
    let index: Int
    switch parameter {
    case .auxiliaryOffset: index = model.auxiliaryOffset
    case .auxiliaryGain: index = model.auxiliaryGain
    case .creep: index = model.creep
    case .rate(let power): index = power >= 0 && power < 4 ? model.rates[power] : 0
    }
    guard index > 0 else { return nil }
    return (Double(model.means[index] + state[index]), deviation(index))
  }

  @inlinable func deviation(_ index: Int) -> Double { Double(max(0, factors.covariance(index, index))).squareRoot() }

  /// Whether the data say something about a coefficient: its uncertainty is below the given share of the prior's.
  ///
  /// What the data do not excite keeps its prior, and a caller should say so.
  @inlinable public func isIdentified(coefficient power: Int, shareOfPrior: Double = 0.9) -> Bool {
    standardUncertainty(ofCoefficient: power) < shareOfPrior * configuration.response.standardUncertainty[power]
  }

  /// The part of the uncertainty that no number of readings averages away, where the quantity has the given value: that
  /// of the best combination of the references' certificates, drifts and gradients.
  ///
  /// A drift that the references and the device have in common is not in it: no comparison can detect it.
  public func systematicStandardUncertainty(at value: Double) -> Double {
    let x = Scalar(value - model.quantityCentre)
    var information = 0.0
    for index in 0..<references.count {
      let variance = Double(references.systematicVariance(index, at: x, age: age))
      guard variance > 0 else { return 0 }
      information += 1 / variance
    }
    return (1 / information).squareRoot()
  }
}
