import EtalonMetrology
import EtalonUncertainty

extension CategoryAdapter {
  /// Propagation of uncertainty: budgets, correlated inputs and outputs, implicit and complex models.
  static let uncertaintyPropagation = CategoryAdapter(
    category: "uncertainty-propagation",
    rule: { referenceCase, path in
      let name = path.last ?? ""
      // GUM H.2, table H.4: u(X) = 0.295 Ω was rounded from rounded intermediate values; the same data give 0.2956.
      if name.hasPrefix("u"), let limit = referenceCase.tolerance?["u"]?.double,
        let published = referenceCase.expected[name]?.double, let computed = referenceCase.computed?[name]?.double
      {
        return .oneOf([published, computed], absolute: limit)
      }
      return nil
    }
  ) { referenceCase in
    if referenceCase.inputs["rows"] != nil { return try PropagationCases.decayingSource(referenceCase) }
    if referenceCase.inputs["observations"] != nil { return try PropagationCases.observations(referenceCase) }
    if referenceCase.inputs["magnitude_phase_rad"] != nil { return try PropagationCases.complex(referenceCase) }
    let inputs = try ModelInputs(referenceCase)
    let model = try inputs.model()
    let results = try PropagationResults(model, inputs, referenceCase)
    var members: [JSONValue.Member] = []
    for member in referenceCase.expected.members ?? [] {
      if let value = try results.value(of: member.name, like: member.value) {
        members.append(JSONValue.Member(name: member.name, value: value))
      }
    }
    return Evaluation(results: .object(members), computed: try results.computed(referenceCase))
  }
}

/// What a budget has to say under the names that the cases use.
struct PropagationResults {
  let model: MeasurementModel
  let inputs: ModelInputs
  let probability: Double
  let budgets: [UncertaintyBudget]
  let truncated: UncertaintyBudget
  private let referenceCase: ReferenceCase

  init(_ model: MeasurementModel, _ inputs: ModelInputs, _ referenceCase: ReferenceCase) throws {
    self.model = model
    self.inputs = inputs
    self.referenceCase = referenceCase
    probability = referenceCase.inputs["p"]?.double ?? 0.95
    budgets = try model.budgets(coverage: probability)
    truncated = try model.budget(coverage: probability, rule: .truncated)
  }

  /// The result of a name; nil where there is none.
  func value(of name: String, like published: JSONValue) throws -> JSONValue? {
    let budget = budgets[0]
    if let i = model.outputs.firstIndex(of: name) { return .number(budgets[i].estimate) }
    // u of one of several measurands: uR, u_R.
    if let i = model.outputs.firstIndex(where: { name == "u" + $0 || name == "u_" + $0 }) {
      return .number(budgets[i].standardUncertainty)
    }
    // r_RX between two measurands.
    if name.hasPrefix("r_") {
      let correlations = try model.outputCorrelations()
      for (i, a) in model.outputs.enumerated() {
        for (j, b) in model.outputs.enumerated() where "r_\(a)\(b)" == name || "r_\(a)_\(b)" == name {
          return .number(correlations[i][j])
        }
      }
    }
    switch name {
    case "y", "estimate", "guf_y": return .number(budget.estimate)
    case "u", "uc", "uc_published", "u_first_order", "u_guf", "guf_u", "u_combined":
      return .number(budget.standardUncertainty)
    case "variance": return .number(budget.standardUncertainty * budget.standardUncertainty)
    case "rel_u", "u_rel": return .number(budget.standardUncertainty / abs(budget.estimate))
    case "veff", "dof", "nu_eff", "dof_ensemble":
      return budget.degreesOfFreedom.isFinite ? .number(budget.degreesOfFreedom) : .null
    case "veff_truncated": return .number(budget.degreesOfFreedom.rounded(.down))
    case "uc_second_order", "uc_second_order_published", "u_second_order":
      return .number(try model.secondOrder().standardUncertainty)
    case "contributions", "sensitivities", "percent":
      return .object(
        budget.rows.map { row in
          let value = name == "contributions" ? row.contribution : name == "percent" ? row.percent : row.sensitivity
          return JSONValue.Member(name: row.name, value: .number(value))
        })
    case "input_means": return inputMap { $0.estimate }
    case "input_u": return inputMap { $0.standardUncertainty }
    case "input_r":
      return .object(
        inputs.correlations.map { JSONValue.Member(name: "\($0.first)_\($0.second)", value: .number($0.coefficient)) })
    default: break
    }
    // k99, U95, U99_published, interval99, and U or k alone for the probability of the case.
    let stem = name.prefix { $0.isLetter || $0 == "_" }
    let digits = name.dropFirst(stem.count).prefix { $0.isNumber || $0 == "." }
    let p = digits.isEmpty ? probability : try probability(String(digits))
    let truncates = referenceCase.asks(for: "veff_truncated")
    let wide = try model.budget(coverage: p, rule: truncates ? .truncated : .fractional)
    switch stem {
    case "k": return .number(wide.coverageFactor)
    case "U", "expanded":
      if let k = referenceCase.inputs["k"]?.double { return .number(k * wide.standardUncertainty) }
      return .number(wide.expandedUncertainty)
    case "interval", "interval_":
      return .numbers([wide.estimate - wide.expandedUncertainty, wide.estimate + wide.expandedUncertainty])
    default: return nil
    }
  }

  /// 95 is 0.95, 68 the probability of one standard uncertainty, 9545 is 0.9545.
  private func probability(_ digits: String) throws -> Double {
    guard let p = Double("0." + digits.filter { $0 != "." }) else {
      throw EvaluationFault.malformed(digits, expected: "a percentage")
    }
    return p
  }

  private func inputMap(_ value: (InputQuantity) -> Double) -> JSONValue {
    .object(model.inputs.map { JSONValue.Member(name: $0.name, value: .number(value($0))) })
  }

  /// The same results once more for the keys of `computed`.
  func computed(_ referenceCase: ReferenceCase) throws -> JSONValue? {
    guard let members = referenceCase.computed?.members else { return nil }
    var results: [JSONValue.Member] = []
    for member in members {
      if let value = try value(of: member.name, like: member.value) {
        results.append(JSONValue.Member(name: member.name, value: value))
      }
    }
    return .object(results)
  }
}
