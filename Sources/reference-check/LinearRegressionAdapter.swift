import EtalonUncertainty

extension CategoryAdapter {
  /// Linear least squares (NIST StRD, linear regression): the model text says which columns there are.
  static let linearRegression = CategoryAdapter(category: "linear-regression") { referenceCase in
    let y = try referenceCase.doubles("y")
    let model = try referenceCase.text("model")
    let fit: LinearFit
    if let degree = polynomialDegree(of: model) {
      fit = try PolynomialFit.fit(x: referenceCase.doubles("x"), y: y, degree: degree).linearFit
    } else {
      let columns: [[Double]]
      if let rows = try referenceCase.input("x").matrix, let width = rows.first?.count {
        columns = (0..<width).map { column in rows.map { $0[column] } }
      } else {
        columns = [try referenceCase.doubles("x")]
      }
      let constant = model.contains("B0") && !model.contains("no intercept")
      fit = try LinearFit.fit(columns: columns, y: y, constant: constant)
    }
    guard let residualDeviation = fit.residualStandardDeviation, let rSquared = fit.rSquared, let f = fit.fStatistic
    else { throw EvaluationFault.engine("no degree of freedom is left for the analysis of variance") }
    let first = fit.parameterNames.first == "constant" || fit.parameterNames.first == "c0" ? 0 : 1
    return Evaluation([
      "params": .numbers(fit.parameters),
      "param_sd": .numbers(fit.standardUncertainties),
      "param_names": .array(fit.parameters.indices.map { .string("B\($0 + first)") }),
      "residual_sd": .number(residualDeviation),
      "r_squared": .number(rSquared),
      "anova": .dictionary([
        "regression_df": .integer(fit.regressionDegreesOfFreedom),
        "regression_ss": .number(fit.regressionSumOfSquares),
        "f": .number(f),
        "residual_df": .integer(fit.degreesOfFreedom),
        "residual_ss": .number(fit.residualSumOfSquares),
      ]),
    ])
  }

  /// Degree of a model written as a sum of powers, `sum_{k=0..5} Bk*x^k` or `B0 + B1*x + B2*(x**2)`; nil for others.
  private static func polynomialDegree(of model: String) -> Int? {
    if let start = model.range(of: "k=0..") {
      return Int(model[start.upperBound...].prefix { $0.isNumber })
    }
    // A power of x, not of anything else the text mentions (such as R^2).
    let powers = model.replacing("**", with: "^").split(separator: "x^", omittingEmptySubsequences: false).dropFirst()
      .compactMap { Int($0.prefix { $0.isNumber }) }
    return powers.max()
  }
}
