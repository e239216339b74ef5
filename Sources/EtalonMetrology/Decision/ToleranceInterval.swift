/// The permissible values of a quantity, with one or two tolerance limits (JCGM 106:2012, 3.3.4).
@frozen
public struct ToleranceInterval: Equatable, Sendable {
  /// Lower limit; −∞ when there is none.
  public let lower: Double
  /// Upper limit; +∞ when there is none.
  public let upper: Double

  /// - Throws: `.tolerance` for limits that are not numbers or not in order, or when there is no limit at all.
  public init(lower: Double = -.infinity, upper: Double = .infinity) throws(DecisionFault) {
    guard lower < upper, lower.isFinite || upper.isFinite, lower != .infinity, upper != -.infinity else {
      throw .tolerance(lower: lower, upper: upper)
    }
    self.lower = lower
    self.upper = upper
  }

  /// Whether a value lies within the limits, the limits included.
  @inlinable
  public func contains(_ x: Double) -> Bool { x >= lower && x <= upper }

  /// Half of the distance between the limits; infinite with one limit.
  public var halfWidth: Double { 0.5 * (upper - lower) }

  /// The interval with each limit moved inwards by w; a negative w moves outwards.
  /// - Throws: `.noAcceptance` when nothing is left.
  public func guarded(by w: Double) throws(DecisionFault) -> ToleranceInterval {
    guard w.isFinite else { throw .guardBand(w) }
    guard lower + w < upper - w else { throw .noAcceptance(guardBand: w, lower: lower, upper: upper) }
    return try ToleranceInterval(lower: lower + w, upper: upper - w)
  }
}

/// Why no statement of conformity can be made.
public enum DecisionFault: Error, Equatable, Sendable {
  /// Limits that are not numbers, not in order, or both absent.
  case tolerance(lower: Double, upper: Double)
  /// A standard or expanded uncertainty that is not positive and finite.
  case uncertainty(Double)
  /// A measured value or a parameter that is not finite.
  case notFinite(Double)
  /// A test uncertainty ratio for which the rule gives no acceptance interval.
  case testUncertaintyRatio(Double)
  /// A guard band that is not finite.
  case guardBand(Double)
  /// The guard bands meet, so that nothing would be accepted.
  case noAcceptance(guardBand: Double, lower: Double, upper: Double)
  /// A probability outside the open interval 0 … 1.
  case probability(Double)
  /// A risk that no acceptance limit reaches, with the smallest risk found.
  case riskNotReachable(target: Double, best: Double)
  /// No item is ever accepted, so that there is no share of the accepted ones.
  case nothingAccepted
  /// No item is ever rejected, so that there is no share of the rejected ones.
  case nothingRejected
  /// No item of the population can give the measured value.
  case excludedByPopulation(measured: Double)
  /// An integral over the distribution that did not converge.
  case integral(Quadrature.Fault)
}

extension DecisionFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .tolerance(let lower, let upper): return "\(lower) to \(upper) is no usable tolerance"
    case .uncertainty(let u): return "the standard uncertainty \(u) is not positive and finite"
    case .notFinite(let x): return "the value \(x) is not finite"
    case .testUncertaintyRatio(let ratio): return "with a test uncertainty ratio of \(ratio) the rule accepts nothing"
    case .guardBand(let w): return "the guard band \(w) is not finite"
    case .noAcceptance(let w, let lower, let upper):
      return "guard bands of \(w) leave nothing of the tolerance \(lower) to \(upper)"
    case .probability(let p): return "the risk \(p) does not lie between 0 and 1"
    case .riskNotReachable(let target, let best): return "no guard band gives the risk \(target); nearest is \(best)"
    case .nothingAccepted: return "no item is ever accepted, so that there is no share of the accepted ones"
    case .nothingRejected: return "no item is ever rejected, so that there is no share of the rejected ones"
    case .excludedByPopulation(let x): return "no item of the population can give the measured value \(x)"
    case .integral(let fault): return fault.description
    }
  }
}
