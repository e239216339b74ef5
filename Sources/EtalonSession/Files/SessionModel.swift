import EtalonUncertainty

/// Model and acceptance.
extension SessionReader {
  func model(_ roles: [SessionPlan.RoleRequirement]) -> SessionPlan.ModelPlan? {
    guard let mapping = root.required("model")?.mapping() else { return nil }
    let before = context.diagnostics.count
    let errorValue = mapping.required("error")
    let error = errorValue?.text()
    var probability: Double?
    var checks = false
    if let coverage = mapping.required("coverage")?.mapping() {
      if let value = coverage.required("p"), let percent = value.quantity(.share, .positive) {
        if percent >= 50 && percent <= 99.99 {
          probability = percent / 100
        } else {
          value.report(
            "a coverage probability of \(percent) % is out of range", fix: "write 50 % to 99.99 %, usually 95.45 %")
        }
      }
      _ = coverage.required("method")?.word(of: ["welch-satterthwaite"])
      checks = coverage.optional("check")?.word(of: ["monte-carlo", "none"]) == "monte-carlo"
      coverage.finish()
    }
    var inputs: [SessionPlan.ModelPlan.Input] = []
    let list = mapping.required("inputs")?.mapping()
    for (key, place, value) in list?.others() ?? [] {
      if let input = input(key, place, value, roles) { inputs.append(input) }
    }
    mapping.finish()
    guard context.diagnostics.count == before, let error, let errorValue, let probability, let list else { return nil }
    check(error, errorValue, inputs, roles)
    if !inputs.contains(where: { $0.source == .typeA }) {
      context.report(
        "no input is of type A, so the scatter of the readings counts for nothing",
        fix: "add an input such as ref.reading: {type: A}", at: list.place)
    }
    return SessionPlan.ModelPlan(
      error: error, coverageProbability: probability, checkByMonteCarlo: checks, inputs: inputs)
  }

  private func input(
    _ key: String, _ place: SourcePlace, _ value: ValueReader, _ roles: [SessionPlan.RoleRequirement]
  ) -> SessionPlan.ModelPlan.Input? {
    let before = context.diagnostics.count
    let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let role = roles.first { $0.name == parts[0] }
    if parts.count != 2 || !ValueReader.isIdentifier(key) {
      context.report("'\(key)' names no input", fix: "write role.influence, as in ref.drift", at: place)
    } else if role == nil && !roles.isEmpty {
      let names = roles.map(\.name)
      context.report(
        "the input '\(key)' belongs to no role of this session",
        fix: "begin it with one of: \(names.joined(separator: ", "))",
        at: place, nearest: NearestWord.nearest(to: parts[0], among: names).map { "\($0).\(parts[1])" })
    }
    guard let mapping = value.mapping() else { return nil }
    let type = mapping.required("type")?.word(of: ["A", "B"])
    var source: SessionPlan.ModelPlan.Source?
    switch type {
    case "A":
      source = .typeA
      if let role, role.kind != .standard && role.kind != .device {
        context.report(
          "the role '\(role.name)' gives no readings of the quantity", fix: "name the standard or the device", at: place
        )
      }
    case "B":
      if mapping.has("from") == mapping.has("distribution") && mapping.has("from") {
        context.report(
          "both 'from' and 'distribution' are given", fix: "keep one of them", at: mapping.place(of: "from"))
      }
      mapping.requiredOne(of: "from", "distribution")
      if let value = mapping.optional("from") {
        source = origin(value, role)
      } else if let value = mapping.optional("distribution") {
        source = distribution(value, mapping)
      }
    default: break
    }
    if type != nil { mapping.finish() } else if !mapping.has("type") { mapping.finishMissing() }
    guard let source, context.diagnostics.count == before else { return nil }
    return SessionPlan.ModelPlan.Input(name: key, source: source)
  }

  private func origin(_ value: ValueReader, _ role: SessionPlan.RoleRequirement?) -> SessionPlan.ModelPlan.Source? {
    switch value.word(of: ["certificate", "role", "up-down-difference"]) {
    case "certificate":
      if let role, role.kind != .standard {
        value.report("the role '\(role.name)' is not a standard and has no certificate", fix: "name the standard")
      } else if let role, !role.certificateRequired {
        value.report(
          "the budget needs the certificate of '\(role.name)', and its role does not require one",
          fix: "write 'certificate: required' in the role")
      }
      return .certificate
    case "role":
      if let role, role.resolutionKelvin == nil {
        value.report("the role '\(role.name)' declares no resolution", fix: "write 'resolution: 0.01 K' in the role")
      }
      return .resolutionOfRole
    case "up-down-difference":
      if let role, role.kind != .device {
        value.report("the role '\(role.name)' is not the device under test", fix: "name the device")
      }
      return .upDownDifference
    default: return nil
    }
  }

  private func distribution(_ value: ValueReader, _ mapping: MappingReader) -> SessionPlan.ModelPlan.Source? {
    switch value.word(of: ["rectangular", "triangular", "normal"]) {
    case "rectangular":
      return mapping.required("half_width")?.quantity(.temperatureDifference, .positive).map {
        .rectangular(halfWidth: $0)
      }
    case "triangular":
      return mapping.required("half_width")?.quantity(.temperatureDifference, .positive).map {
        .triangular(halfWidth: $0)
      }
    case "normal":
      return mapping.required("standard_uncertainty")?.quantity(.temperatureDifference, .positive).map {
        .normal(standardUncertainty: $0)
      }
    default:
      // Which width belongs to an unknown distribution is not known either.
      _ = mapping.optional("half_width")
      _ = mapping.optional("standard_uncertainty")
      return nil
    }
  }

  /// The expression of the error: its grammar, its names, and that the certificate's correction is applied with its sign.
  private func check(
    _ text: String, _ value: ValueReader, _ inputs: [SessionPlan.ModelPlan.Input],
    _ roles: [SessionPlan.RoleRequirement]
  ) {
    let expression: Expression
    do throws(ExpressionFault) { expression = try Expression(parsing: text) } catch {
      value.report("\(error)", fix: "write the error of the indication, as in dut - (ref + ref.correction)")
      return
    }
    if roles.isEmpty { return }
    let names = roles.map(\.name) + inputs.map(\.name)
    for name in expression.variables where !names.contains(name) {
      value.report(
        "the model uses '\(name)', which is neither a role nor an input",
        fix: "use one of: \(names.joined(separator: ", "))", nearest: NearestWord.nearest(to: name, among: names))
    }
    guard let device = roles.first(where: { $0.kind == .device })?.name,
      let standard = roles.first(where: { $0.kind == .standard })?.name
    else { return }
    // The engine measures the indication against the corrected reference and nothing else.
    let expected = [device: 1.0, standard: -1.0, "\(standard).correction": -1.0]
    let form = "\(device) - (\(standard) + \(standard).correction)"
    guard context.diagnostics.isEmpty else { return }
    guard Set(expression.variables) == Set(expected.keys) else {
      value.report("the error must be made of \(expected.keys.sorted().joined(separator: ", "))", fix: "write \(form)")
      return
    }
    // A linear form is known by its gradient at any two points and its value at zero.
    let points = [[Double](repeating: 0, count: 3), [17.5, -3.25, 41.0]]
    for point in points {
      do throws(ExpressionFault) {
        let (result, gradient) = try expression.gradient(point)
        var linear = 0.0
        var fits = true
        for (index, name) in expression.variables.enumerated() {
          fits = fits && gradient[index] == expected[name]
          linear += gradient[index] * point[index]
        }
        if fits && abs(result - linear) <= 1e-12 { continue }
        value.report("this version measures the error as \(form) only", fix: "write \(form)")
        return
      } catch {
        value.report("\(error)", fix: "write \(form)")
        return
      }
    }
    if !inputs.contains(where: { $0.name == "\(standard).correction" && $0.source == .certificate }) {
      value.report(
        "the input '\(standard).correction' does not come from the certificate",
        fix: "write \(standard).correction: {type: B, from: certificate}")
    }
    for input in inputs where input.source == .certificate && input.name != "\(standard).correction" {
      value.report(
        "the input '\(input.name)' comes from the certificate as well, which the error uses once",
        fix: "remove it, or give it a distribution of its own")
    }
  }

  // MARK: Acceptance

  func acceptance() -> SessionPlan.AcceptancePlan? {
    guard let mapping = root.required("acceptance")?.mapping() else { return nil }
    let before = context.diagnostics.count
    var limits: ClosedRange<Double>?
    if let item = mapping.required("limits")?.mapping() {
      limits = item.required("error")?.range(.temperatureDifference)
      item.finish()
    }
    var rule: SessionPlan.AcceptancePlan.Rule?
    var factor = 0.0
    var otherwise: SessionPlan.Decision?
    if let item = mapping.required("decision")?.mapping() {
      rule = item.required("rule")?.choice(SessionPlan.AcceptancePlan.Rule.self)
      if rule == .guarded {
        if let value = item.required("guard_band") { factor = guardBand(value) ?? 0 }
      }
      if rule == .simple, let value = item.optional("guard_band"), let band = guardBand(value), band != 0 {
        value.report("simple acceptance has no guard band", fix: "remove it, or write rule: guarded-acceptance")
      }
      otherwise = item.required("otherwise")?.choice(SessionPlan.Decision.self)
      if rule != nil || item.has("rule") == false { item.finish() }
    }
    mapping.finish()
    guard context.diagnostics.count == before, let limits, let rule, let otherwise else { return nil }
    return SessionPlan.AcceptancePlan(errorLimits: limits, rule: rule, guardBandFactor: factor, otherwise: otherwise)
  }

  /// Reads `1.0 U`.
  private func guardBand(_ value: ValueReader) -> Double? {
    guard let (text, origin) = value.resolved() else { return nil }
    let number = text.hasSuffix("U") ? text.dropLast().trimmingSuffix(" ") : text[...]
    guard text.hasSuffix("U"), let factor = Double(number), factor.isFinite, number.first?.isNumber ?? false else {
      value.report(
        "'\(text)' is no guard band\(origin)", fix: "write a multiple of the expanded uncertainty, as in 1.0 U")
      return nil
    }
    if factor <= 10 { return factor }
    value.report("a guard band of \(text) is out of range\(origin)", fix: "write 0 U to 10 U, usually 1.0 U")
    return nil
  }
}

extension Substring {
  func trimmingSuffix(_ character: Character) -> Substring {
    var text = self
    while text.last == character { text.removeLast() }
    return text
  }
}
