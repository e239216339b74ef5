import EtalonMetrology
import EtalonUncertainty

/// Reads the measurement models of the cases as their collectors wrote them: model texts with a remark behind them, and
/// quantities in several short notations.
struct ModelInputs {
  /// `y = f(…)` without remarks.
  var models: [String] = []
  /// Name to solve for, where the model is an equation.
  var unknown: String?
  var constants: [String: Double] = ["ln2": Elementary.log(2)]
  var inputs: [InputQuantity] = []
  var correlations: [InputCorrelation] = []

  /// Names that the models use and that are no measurands.
  private var names: [String] = []

  init(_ referenceCase: ReferenceCase) throws {
    try readModels(try referenceCase.input("model"))
    var covariances: [(String, Double)] = []
    for member in referenceCase.inputs.members ?? [] {
      if ["model", "unit", "note"].contains(member.name) { continue }
      if member.name == "correlations" || member.name == "correlation" {
        for pair in member.value.members ?? [] { covariances.append(("r_" + pair.name, try number(pair.value))) }
      } else if member.name.hasPrefix("r_") || member.name.hasPrefix("cov_"), let value = member.value.double {
        covariances.append((member.name, value))
      } else if let value = member.value.double {
        constants[member.name] = value
      } else if names.contains(member.name) {
        try add(member.name, member.value)
      } else if let text = member.value.text {
        if let distribution = DistributionText(text) {
          for name in expand(member.name) { inputs.append(try distribution.input(name)) }
        }
      } else if let group = member.value.members {
        // A group of quantities, by the name of their distribution or without one.
        for quantity in group where names.contains(quantity.name) {
          try add(quantity.name, quantity.value, member.name)
        }
      }
    }
    try readObservations(referenceCase)
    constants = constants.filter { constant in !inputs.contains { $0.name == constant.key } }
    for (name, value) in covariances { correlations.append(try correlation(name, value)) }
  }

  /// The model of all measurands.
  func model() throws -> MeasurementModel {
    if let unknown {
      let start = constants[unknown] ?? 0
      return try MeasurementModel(
        implicit: models[0], solvingFor: unknown, from: start, inputs: inputs, correlations: correlations)
    }
    return try MeasurementModel(outputs: models, inputs: inputs, correlations: correlations, constants: constants)
  }

  private func number(_ value: JSONValue) throws -> Double {
    guard let number = value.double else { throw EvaluationFault.malformed(value.json, expected: "a number") }
    return number
  }

  private mutating func readModels(_ value: JSONValue) throws {
    guard let texts = value.text.map({ [$0] }) ?? value.array?.compactMap(\.text), !texts.isEmpty else {
      throw EvaluationFault.malformed("model", expected: "a text or a list of texts")
    }
    for text in texts {
      // Constants and remarks follow the model behind commas that are outside of brackets.
      var parts = [""]
      var depth = 0
      for character in text {
        if character == "(" || character == "[" { depth += 1 }
        if character == ")" || character == "]" { depth -= 1 }
        if (character == "," && depth == 0) || character == ";" {
          parts.append("")
        } else {
          parts[parts.count - 1].append(character)
        }
      }
      for remark in parts.dropFirst() {
        let words = remark.split(separator: " ")
        if words.starts(with: ["solve", "for"]), words.count == 3 { unknown = String(words[2]) }
        let sides = remark.split(separator: "=")
        if sides.count == 2, let value = Double(sides[1].filter { $0 != " " }) {
          constants[sides[0].filter { $0 != " " }] = value
        }
      }
      var model = parts[0]
      while model.last == " " { model.removeLast() }
      // A unit or a remark in brackets at the end makes no expression together with what stands before it.
      if model.hasSuffix(")"), read(model) == nil, let open = model.lastIndex(of: "(") {
        model = String(model[..<open])
      }
      models.append(model)
      names += read(model)?.variables ?? []
    }
  }

  private func read(_ model: String) -> Expression? {
    let sides = model.split(separator: "=")
    let right = unknown == nil ? sides[sides.count - 1] : sides[0]
    do { return try Expression(parsing: String(right)) } catch { return nil }
  }

  /// `X` stands for every name of the model that begins so, `X1_X3` for X1 to X3.
  private func expand(_ key: String) -> [String] {
    if names.contains(key) { return [key] }
    let ends = key.split(separator: "_")
    if ends.count == 2, let stem = ends[0].first, ends[1].first == stem, let low = Int(ends[0].dropFirst()),
      let high = Int(ends[1].dropFirst()), low <= high
    {
      return (low...high).map { "\(stem)\($0)" }
    }
    return names.filter { name in name.hasPrefix(key) && !inputs.contains { $0.name == name } }.reduce(into: []) {
      if !$0.contains($1) { $0.append($1) }
    }
  }

  private mutating func add(_ name: String, _ value: JSONValue, _ group: String? = nil) throws {
    if let text = value.text {
      guard let distribution = DistributionText(text) else {
        throw EvaluationFault.malformed(name, expected: "a distribution")
      }
      inputs.append(try distribution.input(name))
      return
    }
    if let values = value.doubles {
      if let group, values.count == 2 {
        inputs.append(try DistributionText(kind: group, parameters: values).input(name))
      } else {
        inputs.append(try InputQuantity.typeA(name: name, observations: values))
      }
      return
    }
    inputs.append(try quantity(name, value))
  }

  /// `{x, u, dof}`, `{x, rect}`, `{x, triangular, repeatability_u, temperature_rect}`, or a sum of counted parts.
  private func quantity(_ name: String, _ value: JSONValue) throws -> InputQuantity {
    let members = value.members ?? []
    guard let x = value["x"]?.double ?? value["mean"]?.double else {
      // A molar mass: each member is [count, mass, rectangular half-width].
      let parts = members.filter { $0.value.doubles?.count == 3 }
      guard !parts.isEmpty else { throw EvaluationFault.malformed(name, expected: "a quantity with an estimate x") }
      let sum = try MeasurementModel(
        parts.map { "\($0.value.doubles![0])*\($0.name)" }.joined(separator: " + "),
        inputs: parts.map {
          InputQuantity(
            name: $0.name, estimate: $0.value.doubles![1],
            distribution: .rectangular(halfWidth: $0.value.doubles![2]))
        }
      ).budget(coverage: 0.95)
      return InputQuantity(name: name, estimate: sum.estimate, distribution: .normal(sum.standardUncertainty))
    }
    let dof = value["dof"].map { $0.double ?? .infinity } ?? .infinity
    if let named = ["dist", "distribution", "pdf"].lazy.compactMap({ value[$0]?.text }).first,
      let shaped = try Self.shaped(named.lowercased(), value["u"]?.double ?? value["s"]?.double, dof)
    {
      return InputQuantity(name: name, estimate: x, distribution: shaped, degreesOfFreedom: dof)
    }
    var parts: [ProbabilityDistribution] = []
    for member in members {
      guard let amount = member.value.double, amount != 0, !["x", "mean", "dof", "k"].contains(member.name) else {
        continue
      }
      let words = member.name.split(separator: "_")
      if words.contains("two") && words.contains("rect") {
        parts += [.rectangular(halfWidth: amount), .rectangular(halfWidth: amount)]
      } else if words.contains(where: { ["rect", "rectangular", "uniform"].contains($0) }) {
        parts.append(.rectangular(halfWidth: amount))
      } else if words.contains(where: { ["triangular", "tri"].contains($0) }) {
        parts.append(.triangular(halfWidth: amount))
      } else if words.contains(where: { ["halfwidth", "half", "hw"].contains($0) }) {
        parts.append(.rectangular(halfWidth: amount))
      } else if words.contains(where: { ["arcsine", "ushaped"].contains($0) }) {
        parts.append(.arcsine(halfWidth: amount))
      } else if words.contains("U") {
        parts.append(.expanded(amount, coverageFactor: value["k"]?.double ?? 2))
      } else if words.contains("rel") {
        parts.append(.normal(amount * abs(x)))
      } else if words.contains("u") {
        parts.append(.normal(amount))
      }
    }
    guard let only = parts.first else { return InputQuantity(name: name, estimate: x, distribution: .exact) }
    if parts.count == 1 { return InputQuantity(name: name, estimate: x, distribution: only, degreesOfFreedom: dof) }
    let sum = try MeasurementModel(
      parts.indices.map { "p\($0)" }.joined(separator: " + "),
      inputs: parts.enumerated().map { InputQuantity(name: "p\($0.offset)", estimate: 0, distribution: $0.element) }
    ).budget(coverage: 0.95)
    return InputQuantity(
      name: name, estimate: x, distribution: .normal(sum.standardUncertainty), degreesOfFreedom: dof)
  }

  /// A distribution given by its name and its standard uncertainty; nil where the name says nothing beyond that.
  private static func shaped(_ kind: String, _ u: Double?, _ dof: Double) throws -> ProbabilityDistribution? {
    guard let u else { return nil }
    if kind.hasPrefix("rect") || kind.hasPrefix("unif") { return .rectangular(halfWidth: u * 3.0.squareRoot()) }
    if kind.hasPrefix("tri") { return .triangular(halfWidth: u * 6.0.squareRoot()) }
    if kind.hasPrefix("arcs") || kind.hasPrefix("u-") { return .arcsine(halfWidth: u * 2.0.squareRoot()) }
    if kind.hasPrefix("t") || kind.hasPrefix("student") {
      return dof.isFinite ? .studentT(scale: u, degreesOfFreedom: dof) : .normal(u)
    }
    return kind.hasPrefix("norm") || kind.hasPrefix("gauss") || kind == "n" ? .normal(u) : nil
  }

  /// Series under `name_unit`, as many rows for each quantity of the model: observed together.
  private mutating func readObservations(_ referenceCase: ReferenceCase) throws {
    var observed: [(String, [Double])] = []
    for member in referenceCase.inputs.members ?? [] {
      guard let values = member.value.doubles, values.count > 2 else { continue }
      let stem = member.name.split(separator: "_").first.map(String.init) ?? member.name
      guard let name = [member.name, stem].first(where: names.contains), !inputs.contains(where: { $0.name == name })
      else { continue }
      observed.append((name, values))
    }
    guard !observed.isEmpty else { return }
    if observed.allSatisfy({ $0.1.count == observed[0].1.count }) {
      let together = try SimultaneousObservations(names: observed.map(\.0), series: observed.map(\.1))
      inputs += together.inputs
      correlations += together.correlations
    } else {
      for (name, values) in observed { inputs.append(try .typeA(name: name, observations: values)) }
    }
  }

  /// `r_AB`, `r_A_B` or `cov_A_B` between two inputs.
  private func correlation(_ key: String, _ value: Double) throws -> InputCorrelation {
    let isCovariance = key.hasPrefix("cov_")
    let pair = key.dropFirst(isCovariance ? 4 : 2)
    for a in inputs {
      for b in inputs where a.name + b.name == pair || a.name + "_" + b.name == pair {
        let scale = isCovariance ? a.standardUncertainty * b.standardUncertainty : 1
        return InputCorrelation(a.name, b.name, value / scale)
      }
    }
    throw EvaluationFault.malformed(key, expected: "a correlation between two inputs of the model")
  }
}

/// A distribution as text: `N(100000,0.050)`, `R(1.10,1.30)`, `t18(50000623,25)`, `U-shaped arcsine(-0.5,0.5)`,
/// `CTrap(-1.0e-6,1.0e-6,d=0.1e-6)`, `R(-10 sqrt3, 10 sqrt3)`; a remark may follow.
struct DistributionText {
  private let kind: String
  private let parameters: [Double]
  private let degreesOfFreedom: Double?

  init(kind: String, parameters: [Double]) {
    self.kind = kind.lowercased()
    self.parameters = parameters
    degreesOfFreedom = nil
  }

  init?(_ text: String) {
    guard let open = text.firstIndex(of: "("), let close = text.firstIndex(of: ")"), open < close else { return nil }
    var name = String(text[..<open].split(separator: " ").last ?? "")
    let digits = name.reversed().prefix { $0.isNumber || $0 == "." }.reversed()
    degreesOfFreedom = name.lowercased().hasPrefix("t") ? Double(String(digits)) : nil
    if degreesOfFreedom != nil { name.removeLast(digits.count) }
    kind = name.lowercased()
    var values: [Double] = []
    for part in text[text.index(after: open)..<close].split(separator: ",") {
      let number = part.split(separator: "=").last ?? part
      do {
        let roots = ["sqrt2": 2.0.squareRoot(), "sqrt3": 3.0.squareRoot(), "sqrt6": 6.0.squareRoot()]
        values.append(try Expression(parsing: String(number), variables: [], constants: roots).evaluate([]))
      } catch { return nil }
    }
    parameters = values
  }

  func input(_ name: String) throws -> InputQuantity {
    guard parameters.count >= 1 else { throw EvaluationFault.malformed(name, expected: "parameters of \(kind)") }
    let a = parameters[0]
    let b = parameters.count > 1 ? parameters[1] : 0
    let middle = (a + b) / 2
    let half = (b - a) / 2
    func bounded(_ distribution: ProbabilityDistribution) -> InputQuantity {
      InputQuantity(name: name, estimate: middle, distribution: distribution)
    }
    switch kind {
    case "n", "normal", "gauss": return InputQuantity(name: name, estimate: a, distribution: .normal(b))
    case "r", "rect", "rectangular", "uniform": return bounded(.rectangular(halfWidth: half))
    case "t" where degreesOfFreedom != nil, "student" where degreesOfFreedom != nil:
      return InputQuantity(
        name: name, estimate: a, distribution: .studentT(scale: b, degreesOfFreedom: degreesOfFreedom ?? .infinity))
    case "t", "tri", "triangular": return bounded(.triangular(halfWidth: half))
    case "u", "arcsine", "ushaped", "u-shaped": return bounded(.arcsine(halfWidth: half))
    case "trap", "trapezoidal":
      return bounded(.trapezoidal(halfWidth: half, topRatio: parameters.count > 2 ? parameters[2] : 0))
    case "ctrap":
      return bounded(.curvilinearTrapezoidal(halfWidth: half, inexactness: parameters.count > 2 ? parameters[2] : 0))
    case "ex", "exp", "exponential": return InputQuantity(name: name, estimate: a, distribution: .exponential(mean: a))
    default: throw EvaluationFault.unsupported("the distribution \(kind)")
    }
  }
}
