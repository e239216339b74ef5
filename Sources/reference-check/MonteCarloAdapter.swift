import EtalonMetrology
import EtalonUncertainty

extension CategoryAdapter {
  /// Propagation of distributions, with the first order beside it.
  static let monteCarlo = CategoryAdapter(
    category: "monte-carlo",
    rule: { referenceCase, path in
      guard let name = path.first(where: { Int($0) == nil }) else { return nil }
      return MonteCarloRule.rule(referenceCase, name, path)
    }
  ) { referenceCase in
    if let cases = referenceCase.inputs["cases"]?.array { return try MonteCarloCases.list(referenceCase, cases) }
    let inputs = try ModelInputs(referenceCase)
    let results = try MonteCarloValues(try inputs.model(), inputs, referenceCase)
    var members: [JSONValue.Member] = []
    for member in referenceCase.expected.members ?? [] {
      if let value = try results.value(of: member.name, like: member.value) {
        members.append(JSONValue.Member(name: member.name, value: value))
      }
    }
    return Evaluation(results: .object(members))
  }
}

/// "Monte Carlo cases: add four standard errors of your own run" (README of the reference cases).
enum MonteCarloRule {
  /// Trials of every run of the checker.
  static let trials = 4_000_000
  /// A lattice, whose averages lie several times nearer to those of the distribution than independent draws.
  static let sampling = MonteCarloSampling.lattice

  static func rule(_ referenceCase: ReferenceCase, _ name: String, _ path: [String]) -> AgreementRule? {
    let tolerance = referenceCase.tolerance
    let isFirstOrder = name.contains("guf") || name.contains("order") || name == "estimate"
    guard !isFirstOrder else { return nil }
    var limit: Double?
    for key in path.reversed() where limit == nil { limit = tolerance?[key]?.double }
    if limit == nil, name.contains("shortest") || name.contains("sym") { limit = tolerance?["interval"]?.double }
    guard let base = limit ?? tolerance?["abs"]?.double else { return nil }
    let expected = referenceCase.expected
    guard let u = ["mc_u", "u_mcm", "u"].lazy.compactMap({ expected[$0]?.double }).first else { return nil }
    let root = Double(trials).squareRoot()
    var standardError = u / root
    if path.count > 1 || name.contains("interval") || name.contains("shortest") {
      // √(q (1 − q)/M)/f at the end of a central normal interval; distributions of interest have no thinner ends.
      let q = (1 - (referenceCase.inputs["p"]?.double ?? 0.95)) / 2
      do throws(DistributionFault) {
        let z = try NormalDistribution.standard.quantile(q)
        standardError = (q * (1 - q)).squareRoot() / NormalDistribution.standard.density(z) * u / root
      } catch { return nil }
    }
    return .absolute(base + 4 * standardError)
  }
}

/// What a Monte Carlo has to say under the names that the cases use.
struct MonteCarloValues {
  let firstOrder: PropagationResults
  let result: MonteCarloResult

  init(_ model: MeasurementModel, _ inputs: ModelInputs, _ referenceCase: ReferenceCase) throws {
    firstOrder = try PropagationResults(model, inputs, referenceCase)
    result = try inputs.model(forSampling: true).monteCarlo(
      coverage: firstOrder.probability, seed: 2026, trials: .fixed(MonteCarloRule.trials),
      sampling: MonteCarloRule.sampling, threads: 2)
  }

  func value(of name: String, like published: JSONValue) throws -> JSONValue? {
    func pair(_ interval: ClosedRange<Double>) -> JSONValue { .numbers([interval.lowerBound, interval.upperBound]) }
    let budget = firstOrder.budgets[0]
    switch name {
    case "y", "mc_mean", "mc_y", "mean", "y_mcm", "estimate_mcm": return .number(result.estimate)
    case "u", "mc_u", "u_mcm", "mcm_u", "u_mc": return .number(result.standardUncertainty)
    case "guf_upper": return .number(budget.estimate + budget.expandedUncertainty)
    case "guf_lower": return .number(budget.estimate - budget.expandedUncertainty)
    case "guf_interval", "interval_guf":
      return .numbers([
        budget.estimate - budget.expandedUncertainty, budget.estimate + budget.expandedUncertainty,
      ])
    case "validated", "guf_valid": return .bool(result.validity(of: budget).isValid)
    default: break
    }
    if name.contains("shortest") { return pair(result.shortestInterval) }
    if name.contains("sym") || name.contains("interval") { return pair(result.symmetricInterval) }
    if name == result.measurand { return .number(result.estimate) }
    return try firstOrder.value(of: name, like: published)
  }
}

/// Cases that are a list of input sets for one model.
enum MonteCarloCases {
  static func list(_ referenceCase: ReferenceCase, _ cases: [JSONValue]) throws -> Evaluation {
    var results: [JSONValue.Member] = []
    for member in referenceCase.expected.members ?? [] {
      var rows: [JSONValue] = []
      for row in member.value.array ?? [] {
        // The row belongs to the first case that has all its given numbers.
        guard let set = cases.first(where: { matches(row, $0) }) else {
          throw EvaluationFault.malformed(member.name, expected: "a row of one of the cases")
        }
        rows.append(try evaluate(referenceCase, set, row, firstOrder: member.name.contains("first_order")))
      }
      results.append(JSONValue.Member(name: member.name, value: .array(rows)))
    }
    return Evaluation(results: .object(results))
  }

  private static func matches(_ row: JSONValue, _ set: JSONValue) -> Bool {
    (row.members ?? []).allSatisfy { member in
      guard let wanted = set[member.name]?.double else { return true }
      return member.value.double == wanted
    }
  }

  private static func evaluate(
    _ referenceCase: ReferenceCase, _ set: JSONValue, _ row: JSONValue, firstOrder: Bool
  ) throws -> JSONValue {
    func number(_ name: String) -> Double? { set[name]?.double ?? referenceCase.inputs[name]?.double }
    let model = try referenceCase.input("model")
    guard let texts = model.text.map({ [$0] }) ?? model.array?.compactMap(\.text) else {
      throw EvaluationFault.malformed("model", expected: "a text or a list of texts")
    }
    var names: [String] = []
    for text in texts {
      let right = String(text.split(separator: "=").last ?? "")
      for name in try Expression(parsing: right).variables where !names.contains(name) { names.append(name) }
    }
    let inputs = try names.map { name in
      let key = name.lowercased()
      guard let x = number(name) ?? number(key),
        let u = number("u_" + name) ?? number("u_" + key) ?? number("u"), x.isFinite
      else { throw EvaluationFault.missing(name) }
      return InputQuantity(name: name, estimate: x, distribution: .normal(u))
    }
    let r = number("r") ?? 0
    let correlations = r == 0 || names.count < 2 ? [] : [InputCorrelation(names[0], names[1], r)]
    let measurement = try MeasurementModel(outputs: texts, inputs: inputs, correlations: correlations)
    let p = number("p") ?? 0.95
    var results: [(estimate: Double, u: Double)] = []
    var intervals: [ClosedRange<Double>] = []
    var shortest: [ClosedRange<Double>] = []
    if firstOrder {
      for budget in try measurement.budgets(coverage: p) {
        results.append((budget.estimate, budget.standardUncertainty))
      }
    } else {
      let joint = try measurement.jointMonteCarlo(
        coverage: p, seed: 2026, trials: .fixed(MonteCarloRule.trials), sampling: MonteCarloRule.sampling, threads: 2)
      for result in joint.results {
        results.append((result.estimate, result.standardUncertainty))
        intervals.append(result.symmetricInterval)
        shortest.append(result.shortestInterval)
      }
    }
    let members = try (row.members ?? []).map { member -> JSONValue.Member in
      if set[member.name] != nil { return member }
      for (i, output) in measurement.outputs.enumerated() {
        let isOnly = measurement.outputs.count == 1
        if member.name == output || (isOnly && member.name == "y") {
          return JSONValue.Member(name: member.name, value: .number(results[i].estimate))
        }
        if member.name == "u_" + output || (isOnly && member.name == "u") {
          return JSONValue.Member(name: member.name, value: .number(results[i].u))
        }
        if isOnly, !firstOrder, member.name.contains("shortest") || member.name.contains("interval") {
          let interval = member.name.contains("shortest") ? shortest[i] : intervals[i]
          return JSONValue.Member(
            name: member.name, value: .numbers([interval.lowerBound, interval.upperBound]))
        }
      }
      throw EvaluationFault.unsupported("the result \(member.name)")
    }
    return .object(members)
  }
}
