/// A reference value of a comparison with the weights that made it.
public struct ConsensusValue: Equatable, Sendable {
  /// The value, in the unit of the participants' values.
  public let value: Double
  /// Its standard uncertainty.
  public let standardUncertainty: Double
  /// Weight of each participant, in their order; the sum is 1.
  public let weights: [Double]
  /// Variance between participants beyond their own uncertainties; 0 where the method has none.
  public let betweenVariance: Double
}

/// Deviation of one participant from a reference value with its expanded uncertainty (MRA, T.8).
public struct DegreeOfEquivalence: Equatable, Sendable {
  /// Name of the participant.
  public let name: String
  /// Value less reference value.
  public let deviation: Double
  /// Expanded uncertainty of the deviation.
  public let expandedUncertainty: Double
  /// |deviation| / expanded uncertainty.
  public let normalisedError: Double
}

/// Chi-squared test of mutual consistency (M. G. Cox, Metrologia 39 (2002) 589, procedure A).
public struct ConsistencyTest: Equatable, Sendable {
  /// Observed Σ (x_i − y)² / u_i² about the weighted mean y.
  public let chiSquared: Double
  /// Participants less one.
  public let degreesOfFreedom: Int
  /// Probability of at least this chi-squared, if the values are consistent.
  public let probability: Double
  /// √(chi-squared / degrees of freedom): the factor by which all uncertainties would have to grow.
  public let birgeRatio: Double

  /// Whether the values are consistent at a significance level such as 0.05.
  public func isConsistent(level: Double = 0.05) -> Bool { probability >= level }
}
