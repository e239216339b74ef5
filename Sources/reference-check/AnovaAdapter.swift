import EtalonMetrology
import EtalonUncertainty

extension CategoryAdapter {
  /// One-way analysis of variance (NIST StRD; JCGM GUM-5 homogeneity): data as decimal text are read without rounding.
  static let oneWayAnova = CategoryAdapter(category: "anova-one-way") { referenceCase in
    let anova = try OneWayAnova(groups: groups(of: referenceCase))
    guard let f = anova.fStatistic, let rSquared = anova.rSquared else {
      throw EvaluationFault.engine("nothing scatters")
    }
    return Evaluation([
      "between_df": .integer(anova.betweenDegreesOfFreedom),
      "between_ss": .number(anova.betweenSumOfSquares),
      "between_ms": .number(anova.betweenMeanSquare),
      "f": .number(f),
      "within_df": .integer(anova.withinDegreesOfFreedom),
      "within_ss": .number(anova.withinSumOfSquares),
      "within_ms": .number(anova.withinMeanSquare),
      "r_squared": .number(rSquared),
      "residual_sd": .number(anova.withinStandardDeviation),
      "ss_between": .number(anova.betweenSumOfSquares),
      "ss_within": .number(anova.withinSumOfSquares),
      "ms_between": .number(anova.betweenMeanSquare),
      "ms_within": .number(anova.withinMeanSquare),
      "s_between": .number(anova.betweenStandardDeviation),
      "grand_mean": .number(anova.grandMean),
    ])
  }

  /// Balanced nested design given by the mean and the standard deviation of each day (GUM H.5).
  static let nestedAnova = CategoryAdapter(category: "anova-nested") { referenceCase in
    let means = try referenceCase.doubles("day_mean_V")
    guard let count = try referenceCase.input("K").int else {
      throw EvaluationFault.malformed("inputs.K", expected: "a whole number")
    }
    let anova = try OneWayAnova(
      groupMeans: means, groupStandardDeviations: referenceCase.doubles("day_sd_V"),
      groupSizes: means.map { _ in count })
    guard let f = anova.fStatistic else { throw EvaluationFault.engine("nothing scatters") }
    return Evaluation([
      "grand_mean": .number(anova.grandMean),
      "s_of_day_means": .number((anova.betweenMeanSquare / Double(count)).squareRoot()),
      "s_pooled_within": .number(anova.withinStandardDeviation),
      "F": .number(f),
      "s_between": .number(anova.betweenStandardDeviation),
      "u_grand_mean": .number(anova.standardUncertaintyOfGrandMean),
      "u_grand_mean_pooled": .number(anova.pooledStandardUncertaintyOfGrandMean),
    ])
  }

  private static func groups(of referenceCase: ReferenceCase) throws -> [[DoubleDouble]] {
    if let list = referenceCase.inputs["groups"]?.array {
      return try list.map { group in
        guard let values = group.array else { throw EvaluationFault.malformed("inputs.groups", expected: "lists") }
        return try values.map(decimal)
      }
    }
    // The large data sets follow a rule: value[0] = first[j]; then first[j] − 0.1 for odd and + 0.1 for even i.
    guard referenceCase.inputs["compact_rule"] != nil, let first = try referenceCase.input("first").array,
      let count = try referenceCase.input("replicates").int
    else { throw EvaluationFault.missing("inputs.groups") }
    let tenth = try decimal(.literal("0.1"))
    return try first.map { text in
      let start = try decimal(text)
      return (0..<count).map { $0 == 0 ? start : ($0 % 2 == 1 ? start - tenth : start + tenth) }
    }
  }

  private static func decimal(_ value: JSONValue) throws -> DoubleDouble {
    guard let text = value.decimalText, let number = DoubleDouble(decimal: text.utf8) else {
      throw EvaluationFault.malformed("inputs.groups", expected: "decimal numbers")
    }
    return number
  }
}
