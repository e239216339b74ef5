import EtalonMetrology

extension CategoryAdapter {
  /// Mean, standard deviation and lag-1 autocorrelation of a series (NIST StRD, univariate).
  static let univariate = CategoryAdapter(category: "univariate") { referenceCase in
    let values: [Double]
    if referenceCase.inputs["digits_concatenated"] != nil {
      values = try referenceCase.text("digits_concatenated").map { digit in
        guard let value = digit.wholeNumberValue else {
          throw EvaluationFault.malformed("inputs.digits_concatenated", expected: "decimal digits")
        }
        return Double(value)
      }
    } else {
      values = try referenceCase.doubles("y")
    }
    let statistics = try SampleStatistics(values)
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
