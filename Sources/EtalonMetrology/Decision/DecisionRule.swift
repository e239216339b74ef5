/// How far the acceptance limits lie inside the tolerance limits.
@frozen
public enum DecisionRule: Equatable, Sendable {
  /// w = 0: simple acceptance, shared risk (JCGM 106:2012, 8.2; ILAC-G8:09/2019, 4.2.1).
  case simpleAcceptance
  /// w = U with U = 2 u: ILAC-G8:09/2019, table 1 and 4.2.2, at most 2.3 % specific false accept.
  case expandedUncertainty
  /// w = 1.65 u: ISO 14253-1:2017, 5.2, proving conformity with 95 % for a tolerance wide against the uncertainty.
  case iso14253
  /// w = r U with U = 2 u (ILAC-G8:09/2019, table 1); a negative r relaxes (guarded rejection, JCGM 106, 8.3.3).
  case multiple(Double)
  /// Acceptance at √(1 − 1/TUR²) of the tolerance: uncertainty and tolerance combined as root sum of squares.
  case rootSumOfSquares
  /// Acceptance at (1 − 1/TUR) of the tolerance: the limit less the 95 % expanded uncertainty.
  case ninetyFivePercent
  /// Acceptance at (1.25 − 1/TUR) of the tolerance, at most all of it (NCSLI RP-10).
  case rp10
  /// Acceptance at 1 − M/TUR with M = 1.04 − exp(0.38 ln TUR − 0.54), at most all: global false accept at most 2 %
  /// (M. Dobbert, NCSLI Measure 3(4) (2008) 44, managed risk).
  case managedRisk

  /// The part of the half tolerance inside which a symmetric two-sided result is accepted, for a test uncertainty ratio
  /// TUR = T / U, U = 2 u.
  /// - Returns: 0 (only the middle is accepted) to 1; for `multiple` with a negative factor above 1.
  /// - Throws: `.testUncertaintyRatio` when the ratio is not positive or the guard bands overlap.
  public func acceptanceFraction(testUncertaintyRatio tur: Double) throws(DecisionFault) -> Double {
    guard tur > 0, tur.isFinite else { throw .testUncertaintyRatio(tur) }
    let fraction: Double
    switch self {
    case .simpleAcceptance: fraction = 1
    case .expandedUncertainty, .ninetyFivePercent: fraction = 1 - 1 / tur
    case .iso14253: fraction = 1 - 0.825 / tur
    case .multiple(let r):
      guard r.isFinite else { throw .guardBand(r) }
      fraction = 1 - r / tur
    case .rootSumOfSquares:
      guard tur >= 1 else { throw .testUncertaintyRatio(tur) }
      fraction = (1 - 1 / (tur * tur)).squareRoot()
    case .rp10: fraction = Swift.min(1, 1.25 - 1 / tur)
    case .managedRisk:
      let m = 1.04 - Elementary.exp(0.38 * Elementary.log(tur) - 0.54)
      fraction = Swift.min(1, 1 - m / tur)
    }
    guard fraction >= 0 else { throw .testUncertaintyRatio(tur) }
    return fraction
  }

  /// The guard band w for a standard uncertainty, so that acceptance is from lower + w to upper − w.
  /// - Parameter tolerance: Needed by the rules that are stated in the test uncertainty ratio; they need both limits.
  /// - Throws: `.uncertainty`, `.tolerance` when such a rule meets one limit only, `.testUncertaintyRatio`.
  public func guardBand(standardUncertainty u: Double, tolerance: ToleranceInterval) throws(DecisionFault) -> Double {
    guard u > 0, u.isFinite else { throw .uncertainty(u) }
    switch self {
    case .simpleAcceptance: return 0
    case .expandedUncertainty: return 2 * u
    case .iso14253: return 1.65 * u
    case .multiple(let r):
      guard r.isFinite else { throw .guardBand(r) }
      return 2 * r * u
    case .rootSumOfSquares, .ninetyFivePercent, .rp10, .managedRisk:
      let half = tolerance.halfWidth
      guard half.isFinite else { throw .tolerance(lower: tolerance.lower, upper: tolerance.upper) }
      return try half * (1 - acceptanceFraction(testUncertaintyRatio: half / (2 * u)))
    }
  }

  /// The acceptance interval of this rule.
  public func acceptance(standardUncertainty u: Double, tolerance: ToleranceInterval) throws(DecisionFault)
    -> ToleranceInterval
  {
    try tolerance.guarded(by: guardBand(standardUncertainty: u, tolerance: tolerance))
  }
}
