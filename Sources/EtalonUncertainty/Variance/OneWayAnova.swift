import EtalonMetrology

/// One-way analysis of variance: what of the scatter is between groups, and what within them.
///
/// Sums in double-double about the grand mean, so that a large common offset costs only the digits the data have lost by
/// rounding; data given as decimal text (`DoubleDouble(decimal:)`) lose none (NIST StRD, SmLs07 to SmLs09).
public struct OneWayAnova: Sendable {
  /// Number of groups, J ≥ 2.
  public let groupCount: Int
  /// Number of observations, n > J.
  public let observationCount: Int
  /// Mean of all observations.
  public let grandMean: Double
  /// Mean of each group.
  public let groupMeans: [Double]
  /// Σ nⱼ (ȳⱼ − ȳ)².
  public let betweenSumOfSquares: Double
  /// Σ Σ (yⱼᵢ − ȳⱼ)².
  public let withinSumOfSquares: Double
  /// Number of observations of each group.
  public let groupSizes: [Int]

  /// J − 1.
  public var betweenDegreesOfFreedom: Int { groupCount - 1 }
  /// n − J.
  public var withinDegreesOfFreedom: Int { observationCount - groupCount }
  /// Between sum of squares over its degrees of freedom.
  public var betweenMeanSquare: Double { betweenSumOfSquares / Double(betweenDegreesOfFreedom) }
  /// Within sum of squares over its degrees of freedom; the pooled variance within groups.
  public var withinMeanSquare: Double { withinSumOfSquares / Double(withinDegreesOfFreedom) }
  /// Ratio of the mean squares; infinite where nothing scatters within groups, nil where nothing scatters at all.
  public var fStatistic: Double? {
    if withinMeanSquare > 0 { return betweenMeanSquare / withinMeanSquare }
    return betweenMeanSquare > 0 ? .infinity : nil
  }
  /// Share of the sum of squares that the groups explain; nil where nothing scatters.
  public var rSquared: Double? {
    let total = betweenSumOfSquares + withinSumOfSquares
    return total > 0 ? betweenSumOfSquares / total : nil
  }
  /// Pooled experimental standard deviation within groups.
  public var withinStandardDeviation: Double { withinMeanSquare.squareRoot() }

  /// Effective size of the groups, n₀ = (n − Σ nⱼ²/n)/(J − 1); their size where all are equal.
  public var effectiveGroupSize: Double {
    let squares = groupSizes.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (Double(observationCount) - squares / Double(observationCount)) / Double(groupCount - 1)
  }

  /// Standard deviation between groups beyond what scatter within them explains, √((MS_b − MS_w)/n₀), 0 where MS_b does
  /// not exceed MS_w (GUM H.5.2, equation H.27; ISO Guide 35:2017, 7.7).
  public var betweenStandardDeviation: Double {
    max(0, (betweenMeanSquare - withinMeanSquare) / effectiveGroupSize).squareRoot()
  }

  /// Largest between-group standard deviation that scatter within groups may hide, √(MS_w/n₀) · (2/ν_w)^¼
  /// (T. P. J. Linsinger and others, Accred. Qual. Assur. 6 (2001) 20; ISO Guide 35:2017, 7.7): what to state for
  /// inhomogeneity when MS_b does not exceed MS_w.
  public var hiddenBetweenStandardDeviation: Double {
    (withinMeanSquare / effectiveGroupSize * (2 / Double(withinDegreesOfFreedom)).squareRoot()).squareRoot()
  }

  /// Experimental standard deviation of the grand mean of equally large groups, taken from the group means alone; right
  /// whether or not there is an effect between groups (GUM H.5.2.4), with J − 1 degrees of freedom.
  public var standardUncertaintyOfGrandMean: Double {
    (betweenMeanSquare / Double(observationCount)).squareRoot()
  }

  /// Experimental standard deviation of the grand mean with both sums of squares pooled, for the case that no effect
  /// between groups is accepted (GUM H.5.2.5, equation H.28), with n − 1 degrees of freedom.
  public var pooledStandardUncertaintyOfGrandMean: Double {
    let n = Double(observationCount)
    return ((betweenSumOfSquares + withinSumOfSquares) / (n - 1) / n).squareRoot()
  }

  /// From all observations.
  /// - Throws: `tooFewPoints` for fewer than two groups, an empty group or no second observation in any; `notFinite` with
  ///   the group named.
  public init(groups: [[Double]]) throws(FitFault) {
    try self.init(groups: groups.map { $0.map { DoubleDouble($0) } })
  }

  /// From all observations in double-double, as decimal text gives them.
  public init(groups: [[DoubleDouble]]) throws(FitFault) {
    try self.init(
      groups: groups, count: \.count,
      within: { group, mean in
        group.reduce(DoubleDouble.zero) { sum, value in
          let deviation = value - mean
          return sum + deviation * deviation
        }
      }
    ) { group in
      group.reduce(DoubleDouble.zero) { $0 + $1 } / DoubleDouble(group.count)
    }
  }

  /// From the mean, the experimental standard deviation and the number of observations of each group (GUM H.5).
  /// - Throws: as `init(groups:)`; `notPositive` for a negative standard deviation.
  public init(
    groupMeans: [Double], groupStandardDeviations: [Double], groupSizes: [Int]
  ) throws(FitFault) {
    try Weighting.checkFinite(groupMeans, named: "group means", count: groupMeans.count)
    try Weighting.checkNotNegative(
      groupStandardDeviations, named: "group standard deviations", count: groupMeans.count)
    guard groupSizes.count == groupMeans.count else {
      throw .lengthMismatch(input: "group sizes", expected: groupMeans.count, received: groupSizes.count)
    }
    let summaries = groupMeans.indices.map { (groupMeans[$0], groupStandardDeviations[$0], groupSizes[$0]) }
    try self.init(
      groups: summaries, count: \.2,
      within: { group, _ in DoubleDouble(productOf: group.1, group.1) * Double(max(0, group.2 - 1)) },
      mean: { DoubleDouble($0.0) })
  }

  private init<Group>(
    groups: [Group], count: (Group) -> Int, within: (Group, DoubleDouble) -> DoubleDouble,
    mean: (Group) -> DoubleDouble
  ) throws(FitFault) {
    guard groups.count > 1 else { throw .tooFewPoints(needed: 2, received: groups.count) }
    var sizes: [Int] = []
    var means: [DoubleDouble] = []
    var withinSum = DoubleDouble.zero
    var total = DoubleDouble.zero
    for (index, group) in groups.enumerated() {
      let size = count(group)
      guard size > 0 else { throw .notPositive(input: "size of group", index: index, value: Double(size)) }
      let average = mean(group)
      guard average.isFinite else { throw .notFinite(input: "group", index: index) }
      sizes.append(size)
      means.append(average)
      withinSum += within(group, average)
      total += average * Double(size)
    }
    let observations = sizes.reduce(0, +)
    guard observations > groups.count else {
      throw .tooFewPoints(needed: groups.count + 1, received: observations)
    }
    let grand = total / DoubleDouble(observations)
    var betweenSum = DoubleDouble.zero
    for index in means.indices {
      let deviation = means[index] - grand
      betweenSum += deviation * deviation * Double(sizes[index])
    }
    guard grand.isFinite, betweenSum.isFinite, withinSum.isFinite else { throw .overflow("a sum of squares") }
    groupCount = groups.count
    observationCount = observations
    groupSizes = sizes
    groupMeans = means.map(\.doubleValue)
    grandMean = grand.doubleValue
    betweenSumOfSquares = betweenSum.doubleValue
    withinSumOfSquares = withinSum.doubleValue
  }
}
