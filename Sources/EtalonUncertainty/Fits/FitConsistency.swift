import EtalonMetrology

/// Whether the residuals of a fit agree with the stated uncertainties: the chi-squared check of ISO/TS 28037 (6.2.2 step 5).
public struct FitConsistency: Sendable, Equatable {
  /// Observed chi-squared.
  public let observed: Double
  /// Points less parameters.
  public let degreesOfFreedom: Int
  /// Probability of the limit, such as 0.95.
  public let probability: Double
  /// Quantile of the chi-squared distribution at that probability.
  public let limit: Double
  /// Probability of an observed value at least as large, if model and uncertainties are right.
  public let pValue: Double
  /// The observed value does not exceed the limit; otherwise the model or the uncertainties are in doubt.
  public var isConsistent: Bool { observed <= limit }

  /// - Throws: `tooFewPoints` without a degree of freedom; `notPositive` for a probability outside 0 … 1.
  public init(observed: Double, degreesOfFreedom: Int, probability: Double) throws(FitFault) {
    guard degreesOfFreedom > 0 else { throw .tooFewPoints(needed: 1, received: degreesOfFreedom) }
    guard observed.isFinite, observed >= 0 else {
      throw .notPositive(input: "observed chi-squared", index: 0, value: observed)
    }
    do {
      let distribution = try ChiSquare(degreesOfFreedom: Double(degreesOfFreedom))
      limit = try distribution.quantile(probability)
      pValue = distribution.upperTail(observed)
    } catch {
      throw .notPositive(input: "probability of the chi-squared limit", index: 0, value: probability)
    }
    self.observed = observed
    self.degreesOfFreedom = degreesOfFreedom
    self.probability = probability
  }
}

extension LineFit {
  /// Chi-squared check of a line fitted with stated uncertainties.
  /// - Throws: `tooFewPoints` for two points.
  public func consistency(probability: Double = 0.95) throws(FitFault) -> FitConsistency {
    try FitConsistency(observed: residualSumOfSquares, degreesOfFreedom: degreesOfFreedom, probability: probability)
  }
}

extension LinearFit {
  /// Chi-squared check of a fit with stated uncertainties.
  /// - Throws: `tooFewPoints` where no degree of freedom is left.
  public func consistency(probability: Double = 0.95) throws(FitFault) -> FitConsistency {
    try FitConsistency(observed: residualSumOfSquares, degreesOfFreedom: degreesOfFreedom, probability: probability)
  }
}
