import EtalonMetrology

/// An input of a measurement model: name, estimate and what is known about it.
public struct InputQuantity: Equatable, Sendable {
  /// Name as in the model text.
  public let name: String
  /// Best estimate: the expectation of its distribution.
  public let estimate: Double
  /// Distribution of the deviation from the estimate.
  public let distribution: ProbabilityDistribution
  /// Degrees of freedom of the standard uncertainty, 1 or more; infinite where it is taken as exactly known.
  public let degreesOfFreedom: Double

  /// Standard uncertainty, in the unit of the estimate.
  public var standardUncertainty: Double { distribution.standardUncertainty }

  /// - Parameters:
  ///   - degreesOfFreedom: of the standard uncertainty; those of a t distribution unless given.
  public init(
    name: String, estimate: Double, distribution: ProbabilityDistribution, degreesOfFreedom: Double? = nil
  ) {
    self.name = name
    self.estimate = estimate
    self.distribution = distribution
    if let degreesOfFreedom {
      self.degreesOfFreedom = degreesOfFreedom
    } else if case .studentT(_, let dof) = distribution {
      self.degreesOfFreedom = dof
    } else {
      self.degreesOfFreedom = .infinity
    }
  }

  /// Type A: the mean of n independent observations, s/√n with n − 1 degrees of freedom (GUM 4.2), drawn from the
  /// t distribution that this means (JCGM 101, 6.4.9).
  public static func typeA(name: String, observations: [Double]) throws(UncertaintyFault) -> InputQuantity {
    try checkScatter(name, observations)
    do throws(StatisticsFault) {
      let statistics = try SampleStatistics(observations)
      return InputQuantity(
        name: name, estimate: statistics.mean,
        distribution: .studentT(
          scale: statistics.standardUncertaintyOfMean, degreesOfFreedom: statistics.degreesOfFreedom))
    } catch { throw .data(input: name, error) }
  }

  /// Type A: the mean of an evenly spaced series whose neighbours are correlated; its effective sample size takes the
  /// place of n (N. F. Zhang, Metrologia 43 (2006) S276).
  public static func typeA(name: String, series: [Double]) throws(UncertaintyFault) -> InputQuantity {
    try checkScatter(name, series)
    do throws(StatisticsFault) {
      let mean = try AutocorrelatedMean(series)
      return InputQuantity(
        name: name, estimate: mean.mean,
        distribution: .studentT(scale: mean.standardUncertainty, degreesOfFreedom: mean.degreesOfFreedom))
    } catch { throw .data(input: name, error) }
  }

  /// Refuses readings that are all equal: their standard deviation 0 tells of the resolution only.
  private static func checkScatter(_ name: String, _ readings: [Double]) throws(UncertaintyFault) {
    guard let first = readings.first, first.isFinite, readings.count > 1, readings.allSatisfy({ $0 == first }) else {
      return
    }
    throw .equalReadings(input: name, count: readings.count)
  }

  /// Type A: the mean of some observations with a standard deviation pooled from earlier ones (GUM 4.2.4).
  public static func typeA(
    name: String, mean: Double, observations: Int, pooled: PooledStandardDeviation
  ) throws(UncertaintyFault) -> InputQuantity {
    do throws(StatisticsFault) {
      return InputQuantity(
        name: name, estimate: mean,
        distribution: .studentT(
          scale: try pooled.standardUncertaintyOfMean(ofFurther: observations),
          degreesOfFreedom: pooled.degreesOfFreedom))
    } catch { throw .data(input: name, error) }
  }

  /// A normal distribution truncated at two values; the estimate becomes the mean of what is left.
  public static func truncatedNormal(
    name: String, peak: Double, standardDeviation: Double, from lower: Double, to upper: Double
  ) throws(UncertaintyFault) -> InputQuantity {
    let distribution = ProbabilityDistribution.truncatedNormal(
      standardDeviation: standardDeviation, lower: lower - peak, upper: upper - peak)
    try distribution.check(name)
    let moments = ProbabilityDistribution.truncatedMoments(standardDeviation, lower - peak, upper - peak)
    return InputQuantity(name: name, estimate: peak + moments.mean, distribution: distribution)
  }

  func check() throws(UncertaintyFault) {
    guard estimate.isFinite else { throw .estimate(input: name, value: estimate) }
    try distribution.check(name)
    guard degreesOfFreedom >= 1 else { throw .degreesOfFreedom(input: name, value: degreesOfFreedom) }
  }
}

/// The correlation coefficient of the estimates of two inputs (GUM 5.2.2).
public struct InputCorrelation: Equatable, Sendable {
  /// Name of one input.
  public let first: String
  /// Name of the other.
  public let second: String
  /// From −1 to 1.
  public let coefficient: Double

  /// A correlation between two inputs of the model.
  public init(_ first: String, _ second: String, _ coefficient: Double) {
    self.first = first
    self.second = second
    self.coefficient = coefficient
  }
}

/// Means, standard uncertainties and correlations of quantities observed together, row by row (GUM 5.2.3).
///
/// The ensemble shares n − 1 degrees of freedom.
public struct SimultaneousObservations: Equatable, Sendable {
  /// The means as inputs, with a joint t distribution.
  public let inputs: [InputQuantity]
  /// Correlation coefficients of all pairs.
  public let correlations: [InputCorrelation]

  /// - Parameters:
  ///   - names: one for each series.
  ///   - series: observations of each quantity, equally many, at least two, in the same order of time.
  public init(names: [String], series: [[Double]]) throws(UncertaintyFault) {
    guard names.count == series.count, !names.isEmpty else {
      throw .modelSize(inputs: names.count, outputs: series.count)
    }
    var inputs: [InputQuantity] = []
    for (name, values) in zip(names, series) {
      guard values.count == series[0].count else {
        throw .data(input: name, .lengthMismatch(expected: series[0].count, received: values.count))
      }
      inputs.append(try InputQuantity.typeA(name: name, observations: values))
    }
    var correlations: [InputCorrelation] = []
    let n = Double(series[0].count)
    for i in inputs.indices {
      for j in inputs.indices where j > i {
        var sum = DoubleDouble.zero
        for (x, y) in zip(series[i], series[j]) {
          sum = sum + (x - inputs[i].estimate) * (y - inputs[j].estimate)
        }
        // GUM equations 17 and 14: r = s(x̄, ȳ) / (s(x̄) s(ȳ)).
        let covariance = sum.doubleValue / (n * (n - 1))
        let r = covariance / (inputs[i].standardUncertainty * inputs[j].standardUncertainty)
        correlations.append(InputCorrelation(names[i], names[j], min(1, max(-1, r))))
      }
    }
    self.inputs = inputs
    self.correlations = correlations
  }
}
