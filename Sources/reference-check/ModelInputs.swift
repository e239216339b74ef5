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
  /// Distributions that a Monte Carlo draws from where they differ from those of the inputs.
  private var sampled: [String: ProbabilityDistribution] = [:]

  /// Names that the models use and that are no measurands.
  private var names: [String] = []

  init(_ referenceCase: ReferenceCase) throws {
    try readModels(try referenceCase.input("model"))
    var covariances = CorrelationNotation()
    for member in referenceCase.inputs.members ?? [] {
      if ["model", "unit", "note"].contains(member.name) { continue }
      // A name of the model is a quantity, also when it begins like a correlation.
      if !names.contains(member.name), try covariances.read(member.name, member.value) {
        continue
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
    readSeparateUncertainties()
    constants = constants.filter { constant in !inputs.contains { $0.name == constant.key } }
    correlations += try covariances.correlations(between: inputs)
  }

  /// The model of all measurands, for the law of propagation or for a Monte Carlo.
  func model(forSampling: Bool = false) throws -> MeasurementModel {
    var inputs = self.inputs
    if forSampling {
      for (i, input) in inputs.enumerated() {
        guard let distribution = sampled[input.name] else { continue }
        inputs[i] = InputQuantity(
          name: input.name, estimate: input.estimate, distribution: distribution,
          degreesOfFreedom: input.degreesOfFreedom)
      }
    }
    if let unknown {
      let start = constants[unknown] ?? 0
      return try MeasurementModel(
        implicit: models[0], solvingFor: unknown, from: start, inputs: inputs, correlations: correlations)
    }
    return try MeasurementModel(outputs: models, inputs: inputs, correlations: correlations, constants: constants)
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
    let quantity = try QuantityNotation(name, value, group: group)
    inputs.append(quantity.input)
    sampled[name] = quantity.sampled
  }

  /// `A: 3, u_A: 0.1, dof_A: 9`: the estimate and its uncertainty as members of their own.
  private mutating func readSeparateUncertainties() {
    for name in names where !names.contains("u_" + name) && !inputs.contains(where: { $0.name == name }) {
      guard let x = constants[name], let u = constants["u_" + name], u > 0 else { continue }
      inputs.append(
        InputQuantity(
          name: name, estimate: x, distribution: .normal(u), degreesOfFreedom: constants["dof_" + name] ?? .infinity))
    }
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
