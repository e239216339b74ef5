import EtalonMetrology

extension CategoryAdapter {
  /// Mean, standard deviation and lag-1 autocorrelation of a series (NIST StRD, univariate).
  static let univariate = CategoryAdapter(category: "univariate") { referenceCase in
    let values: [DoubleDouble]
    if referenceCase.inputs["digits_concatenated"] != nil {
      values = try referenceCase.text("digits_concatenated").map { digit in
        guard let value = digit.wholeNumberValue else {
          throw EvaluationFault.malformed("inputs.digits_concatenated", expected: "decimal digits")
        }
        return DoubleDouble(value)
      }
    } else {
      // The values are decimal literals and are read as such, not rounded.
      guard let literals = try referenceCase.input("y").array else {
        throw EvaluationFault.malformed("inputs.y", expected: "a list of numbers")
      }
      values = try literals.map { literal in
        guard let value = literal.decimalText.flatMap({ DoubleDouble(decimal: $0.utf8) }) else {
          throw EvaluationFault.malformed("inputs.y", expected: "a list of numbers")
        }
        return value
      }
    }
    let statistics = try SampleStatistics(precise: values)
    guard let correlation = statistics.lag1Autocorrelation else {
      throw EvaluationFault.engine("all values are equal, so that their autocorrelation is not defined")
    }
    return Evaluation([
      "mean": .number(statistics.mean),
      "sd_n_minus_1": .number(statistics.standardDeviation),
      "autocorr_lag1": .number(correlation),
    ])
  }
}
