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
    let slope = polynomialSlope(s, state) / response.halfSpan
    let direction = powers(s)
    let none = Factors.ConsiderVector(repeating: 0)
    let step = configuration.resolution
    let noise =
      configuration.deviceNoise.varianceOfMean(count: readings, periodSeconds: configuration.periodSeconds)
      + step * step / 12
    let variance = factors.variance(along: direction, consider: none) + slope * slope * noise
    let value = polynomial(s, state)
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
    let slope = polynomialSlope(s, state) / response.halfSpan
    var direction = powers(s)
    direction[0] = slope
    direction[1] = slope
    let variance = factors.variance(along: direction, consider: Factors.ConsiderVector(repeating: 0))
    let value = polynomial(s, state)
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
    precondition(
      first >= 0 && first <= degree && second >= 0 && second <= degree, "the response has no such coefficient")
    return factors.covariance(2 + first, 2 + second)
  }

  /// Whether the data say something about a coefficient: its uncertainty is below the given share of the prior's.
  ///
  /// What the data do not excite keeps its prior, and a caller should say so.
  public func isIdentified(coefficient power: Int, shareOfPrior: Double = 0.9) -> Bool {
    standardUncertainty(ofCoefficient: power) < shareOfPrior * configuration.response.standardUncertainty[power]
  }
}
