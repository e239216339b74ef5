/// Risks of accepting and rejecting items of a population by measurements with normal errors (JCGM 106:2012, clause 9).
///
/// `falseAccept` and `falseReject` are the global consumer's and producer's risk (equations 19 and 20): the probability
/// that a random item is nonconforming and accepted, or conforming and rejected.
public struct ConformityRisk<Process: ContinuousDistribution> {
  /// Distribution of the true values.
  public let process: Process
  /// Tolerance limits.
  public let tolerance: ToleranceInterval
  /// Acceptance limits for measured values.
  public let acceptance: ToleranceInterval
  /// Standard uncertainty of a measurement, > 0.
  public let standardUncertainty: Double

  /// - Throws: `.uncertainty` for an uncertainty that is not positive and finite.
  public init(
    process: Process, tolerance: ToleranceInterval, acceptance: ToleranceInterval, standardUncertainty: Double
  ) throws(DecisionFault) {
    guard standardUncertainty > 0, standardUncertainty.isFinite else { throw .uncertainty(standardUncertainty) }
    self.process = process
    self.tolerance = tolerance
    self.acceptance = acceptance
    self.standardUncertainty = standardUncertainty
  }

  /// Probability that a random item does not conform.
  public var nonconforming: Double { process.cumulative(tolerance.lower) + process.upperTail(tolerance.upper) }

  /// Probability that an item with true value x is rejected; small values keep their digits.
  private func rejection(_ x: Double) -> Double {
    let scale = 0.7071067811865476 / standardUncertainty
    return 0.5 * Elementary.erfc((x - acceptance.lower) * scale)
      + 0.5 * Elementary.erfc((acceptance.upper - x) * scale)
  }

  /// Probability that an item with true value x is accepted.
  private func accepted(_ x: Double) -> Double {
    let scale = 0.7071067811865476 / standardUncertainty
    let low = (acceptance.lower - x) * scale
    let high = (acceptance.upper - x) * scale
    // Of both forms the one without cancellation.
    if low > 0 { return 0.5 * Elementary.erfc(low) - 0.5 * Elementary.erfc(high) }
    if high < 0 { return 0.5 * Elementary.erfc(-high) - 0.5 * Elementary.erfc(-low) }
    return 1 - rejection(x)
  }

  private func integral(_ low: Double, _ high: Double, _ f: (Double) -> Double) throws(DecisionFault) -> Double {
    let bounds = process.support
    let a = Swift.max(low, bounds.lower)
    let b = Swift.min(high, bounds.upper)
    guard a < b else { return 0 }
    // Where acceptance begins and ends, and how far the errors of measurement reach there; without a limit, nothing.
    let u = standardUncertainty
    let lower = acceptance.lower
    let upper = acceptance.upper
    let breakpoints: InlineArray<10, Double> = [
      lower - 8 * u, lower - 3 * u, lower, lower + 3 * u, lower + 8 * u,
      upper - 8 * u, upper - 3 * u, upper, upper + 3 * u, upper + 8 * u,
    ]
    do {
      return try Quadrature.integrate(
        from: a, to: b, breakpoints: breakpoints.span, absoluteError: 1e-17, relativeError: 1e-11
      ) { f($0) * process.density($0) }
    } catch {
      throw .integral(error)
    }
  }

  /// Probability that a random item is nonconforming and accepted.
  public func falseAccept() throws(DecisionFault) -> Double {
    try integral(-.infinity, tolerance.lower) { accepted($0) } + integral(tolerance.upper, .infinity) { accepted($0) }
  }

  /// Probability that a random item is conforming and rejected.
  public func falseReject() throws(DecisionFault) -> Double {
    try integral(tolerance.lower, tolerance.upper) { rejection($0) }
  }

  /// Probability that a random item is accepted.
  public func acceptProbability() throws(DecisionFault) -> Double {
    try integral(-.infinity, .infinity) { accepted($0) }
  }

  /// Probability that an accepted item is nonconforming.
  /// - Throws: `.nothingAccepted`.
  public func conditionalFalseAccept() throws(DecisionFault) -> Double {
    let accept = try acceptProbability()
    guard accept > 0 else { throw .nothingAccepted }
    return try falseAccept() / accept
  }

  /// Probability that a rejected item is conforming.
  /// - Throws: `.nothingRejected`.
  public func conditionalFalseReject() throws(DecisionFault) -> Double {
    let reject = try integral(-.infinity, .infinity) { rejection($0) }
    guard reject > 0 else { throw .nothingRejected }
    return try falseReject() / reject
  }

  /// Probability that an item with a given measured value conforms, by Bayes' theorem (JCGM 106, equation 5): the
  /// producer's specific risk when it is rejected.
  /// - Throws: `.excludedByPopulation` when prior and measurement exclude each other.
  public func conformance(measured: Double) throws(DecisionFault) -> Double {
    guard measured.isFinite else { throw .notFinite(measured) }
    let u = standardUncertainty
    func likelihood(_ x: Double) -> Double {
      let z = (measured - x) / u
      return Elementary.exp(-0.5 * z * z)
    }
    let breakpoints: InlineArray<3, Double> = [measured - 3 * u, measured, measured + 3 * u]
    let bounds = process.support
    let low = Swift.max(bounds.lower, measured - 12 * u)
    let high = Swift.min(bounds.upper, measured + 12 * u)
    let process = self.process
    func mass(_ a: Double, _ b: Double) throws(DecisionFault) -> Double {
      guard a < b else { return 0 }
      do {
        return try Quadrature.integrate(
          from: a, to: b, breakpoints: breakpoints.span, absoluteError: 0, relativeError: 1e-11
        ) { likelihood($0) * process.density($0) }
      } catch {
        throw .integral(error)
      }
    }
    let inside = try mass(Swift.max(low, tolerance.lower), Swift.min(high, tolerance.upper))
    let outside =
      try mass(low, Swift.min(high, tolerance.lower)) + mass(Swift.max(low, tolerance.upper), high)
    guard inside + outside > 0 else { throw .excludedByPopulation(measured: measured) }
    return inside / (inside + outside)
  }

  /// The guard band w, the same at every tolerance limit, at which the global false accept takes a target value; negative
  /// when the target allows acceptance beyond the limits.
  /// - Throws: `.probability`; `.riskNotReachable` when even the widest or narrowest acceptance misses the target.
  public static func guardBand(
    falseAccept target: Double, process: Process, tolerance: ToleranceInterval, standardUncertainty u: Double
  ) throws(DecisionFault) -> Double {
    guard target > 0, target < 1 else { throw .probability(target) }
    guard u > 0, u.isFinite else { throw .uncertainty(u) }
    func risk(_ w: Double) throws(DecisionFault) -> Double {
      try ConformityRisk(
        process: process, tolerance: tolerance, acceptance: tolerance.guarded(by: w), standardUncertainty: u
      ).falseAccept()
    }
    var low = -40 * u
    var high = Swift.min(40 * u, tolerance.halfWidth * (1 - 1e-9))
    let most = try risk(low)
    let least = try risk(high)
    guard target <= most, target >= least else {
      throw .riskNotReachable(target: target, best: target > most ? most : least)
    }
    // The risk falls with w; bisection to the last digits of the tolerance's scale.
    while high - low > 1e-13 * Swift.max(u, Swift.abs(low)) {
      let middle = 0.5 * (low + high)
      guard middle > low, middle < high else { break }
      if try risk(middle) > target { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }
}

extension ConformityRisk: Sendable where Process: Sendable {}
