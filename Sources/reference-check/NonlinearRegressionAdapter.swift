import EtalonMetrology
import EtalonUncertainty

extension CategoryAdapter {
  /// Nonlinear least squares (NIST StRD): fitted from both published starts, which must end at the same minimum.
  static let nonlinearRegression = CategoryAdapter(category: "nonlinear-regression") { referenceCase in
    let names = (referenceCase.inputs.members ?? []).map(\.name)
    let predictors = names.filter { $0.hasPrefix("x") }
    let model = try RegressionModel(parsing: referenceCase.text("model"), predictors: predictors)
    var data: [String: [DoubleDouble]] = [:]
    for name in predictors + [model.response] {
      guard let values = try referenceCase.input(name).array else {
        throw EvaluationFault.malformed("inputs.\(name)", expected: "a list of numbers")
      }
      data[name] = try values.map { value in
        guard let number = value.decimalText.flatMap({ DoubleDouble(decimal: $0.utf8) }) else {
          throw EvaluationFault.malformed("inputs.\(name)", expected: "a list of numbers")
        }
        return number
      }
    }
    let starts = names.filter { $0.hasPrefix("start") }
    var evaluations: [(start: String, results: JSONValue)] = []
    for start in starts {
      let fit = try NonlinearFit.fit(model, data: data, start: referenceCase.doubles(start))
      guard let deviation = fit.residualStandardDeviation else {
        throw EvaluationFault.engine("no degree of freedom is left")
      }
      let results: JSONValue = .dictionary([
        "params": .numbers(fit.parameters),
        "param_sd": .numbers(fit.standardUncertainties),
        "residual_ss": .number(fit.residualSumOfSquares),
        "residual_sd": .number(deviation),
        "df": .integer(fit.degreesOfFreedom),
      ])
      evaluations.append((start, results))
    }
    guard let first = evaluations.first else { throw EvaluationFault.missing("inputs.start1") }
    var evaluation = Evaluation(results: first.results)
    if !referenceCase.isBlind {
      for further in evaluations.dropFirst() {
        var comparison = Comparison(referenceCase)
        comparison.compareExpected(with: further.results)
        evaluation.checks += comparison.agreements
      }
    }
    return evaluation
  }
}
