import EtalonUncertainty

extension CategoryAdapter {
  /// A drifting level with observation noise and gaps.
  static let driftKalman = CategoryAdapter(
    category: "drift-kalman",
    rule: { referenceCase, path in
      // The diagnostics share one tolerance.
      if path.first == "computed" { return nil }
      return referenceCase.tolerance?["diagnostics"]?.double.map { .absolute($0) }
    },
    evaluate: { referenceCase in
      let missing = Set(referenceCase.inputs["missing_zero_based"]?.array?.compactMap(\.int) ?? [])
      let series = try referenceCase.doubles("y").enumerated().map { missing.contains($0.offset) ? nil : $0.element }
      let model = try LocalLevelModel(
        observationVariance: referenceCase.double("sigma2_eps"), driftVariance: referenceCase.double("sigma2_eta"))
      let filtered = try model.filter(series)
      let innovations = filtered.standardisedInnovations
      let diagnostics = try InnovationDiagnostics(innovations, lags: 9, part: referenceCase.asks(for: "H33") ? 33 : nil)
      func at(_ values: [Double], _ name: String) throws -> JSONValue {
        .object(
          try (referenceCase.expected[name]?.members ?? []).map { member in
            guard let index = Int(member.name), index >= filtered.from, index - filtered.from < values.count else {
              throw EvaluationFault.malformed("expected.\(name).\(member.name)", expected: "an index of the series")
            }
            return JSONValue.Member(name: member.name, value: .number(values[index - filtered.from]))
          })
      }
      let last = filtered.levels.count - 1
      return Evaluation(
        [
          "ljung_box_9": .number(diagnostics.ljungBox), "jarque_bera": .number(diagnostics.jarqueBera),
          "skewness": .number(diagnostics.skewness), "kurtosis": .number(diagnostics.kurtosis),
          "H33": .number(diagnostics.heteroscedasticity),
          "filtered_at": try at(filtered.levels, "filtered_at"),
          "variance_at": try at(filtered.variances, "variance_at"),
          "loglik_excluding_first": .number(filtered.logLikelihood),
        ],
        computed: [
          "loglik_excluding_first": .number(filtered.logLikelihood),
          "filtered_last": .number(filtered.levels[last]),
          "filtered_variance_last": .number(filtered.variances[last]),
          "filtered_first5": .numbers(Array(filtered.levels.prefix(5))),
          "filtered_var_first5": .numbers(Array(filtered.variances.prefix(5))),
          "ljung_box_9": .number(diagnostics.ljungBox), "jarque_bera": .number(diagnostics.jarqueBera),
          "skewness": .number(diagnostics.skewness), "kurtosis": .number(diagnostics.kurtosis),
          "H33": .number(diagnostics.heteroscedasticity),
        ])
    })
}
