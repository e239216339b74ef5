/// The statement about one measured value.
@frozen
public enum ConformityVerdict: Equatable, Sendable {
  /// Inside the acceptance interval.
  case pass
  /// Inside the tolerance, but in its guard band (ILAC-G8:09/2019, 4.2.3, non-binary statement).
  case conditionalPass
  /// Outside the tolerance, but by no more than the guard band.
  case conditionalFail
  /// Outside the tolerance by more than the guard band.
  case fail
}

/// Conformity of one item from a measured value with a normal distribution of the true value (JCGM 106:2012, clause 7).
@frozen
public struct ConformityAssessment: Equatable, Sendable {
  /// Measured value, the expectation of the distribution.
  public let measuredValue: Double
  /// Standard uncertainty, > 0.
  public let standardUncertainty: Double
  /// Tolerance limits in the same unit.
  public let tolerance: ToleranceInterval
  private let distribution: NormalDistribution

  /// - Throws: `.notFinite` for the value, `.uncertainty` for an uncertainty that is not positive and finite.
  public init(measuredValue: Double, standardUncertainty: Double, tolerance: ToleranceInterval) throws(DecisionFault) {
    guard measuredValue.isFinite else { throw .notFinite(measuredValue) }
    do {
      distribution = try NormalDistribution(mean: measuredValue, standardDeviation: standardUncertainty)
    } catch {
      throw .uncertainty(standardUncertainty)
    }
    self.measuredValue = measuredValue
    self.standardUncertainty = standardUncertainty
    self.tolerance = tolerance
  }

  /// Probability that the true value conforms (equation 7 of JCGM 106).
  public var conformanceProbability: Double { 1 - nonconformanceProbability }

  /// Probability that the true value does not conform: the specific risk of accepting the item.
  public var nonconformanceProbability: Double {
    distribution.cumulative(tolerance.lower) + distribution.upperTail(tolerance.upper)
  }

  /// Process capability index: the distance from the value to the nearer limit in units of 3 u; negative outside.
  public var capabilityIndex: Double {
    Swift.min(tolerance.upper - measuredValue, measuredValue - tolerance.lower) / (3 * standardUncertainty)
  }

  /// Test uncertainty ratio T / U with U = 2 u; infinite with one limit.
  public var testUncertaintyRatio: Double { tolerance.halfWidth / (2 * standardUncertainty) }

  /// Measurement capability index C_m = T / (2 u · 2) of JCGM 106, 7.6.3, with T the full width.
  public var measurementCapabilityIndex: Double { 2 * tolerance.halfWidth / (4 * standardUncertainty) }

  /// The verdict of a decision rule.
  public func verdict(_ rule: DecisionRule) throws(DecisionFault) -> ConformityVerdict {
    let w = try rule.guardBand(standardUncertainty: standardUncertainty, tolerance: tolerance)
    // The limits are formed as `ToleranceInterval.guarded` forms them, so that a value on a limit is treated alike.
    func isWithin(_ margin: Double) -> Bool {
      measuredValue >= tolerance.lower + margin && measuredValue <= tolerance.upper - margin
    }
    if isWithin(w) { return .pass }
    if w < 0 { return .fail }
    if isWithin(0) { return .conditionalPass }
    return isWithin(-w) ? .conditionalFail : .fail
  }
}
