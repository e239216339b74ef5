import EtalonMetrology
import EtalonUncertainty

extension CategoryAdapter {
  /// Guard bands, global and specific risks.
  static let conformity = CategoryAdapter(category: "conformity") { referenceCase in
    let inputs = referenceCase.inputs
    if inputs["TUR"] != nil { return try guardBands(referenceCase) }
    if inputs["in_tolerance_probability"] != nil { return try riskTable(referenceCase) }
    if inputs["prior"] != nil { return try posterior(referenceCase) }
    if inputs["process"] != nil { return try processWithTarget(referenceCase) }
    if let cases = inputs["cases"]?.array {
      return Evaluation(["cases": .array(try cases.map { try row($0, inputs) })])
    }
    throw EvaluationFault.unsupported("conformity inputs")
  }

  private static func guardBands(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let ratios = try referenceCase.doubles("TUR")
    func list(_ rule: DecisionRule) throws -> JSONValue {
      .numbers(try ratios.map { try rule.acceptanceFraction(testUncertaintyRatio: $0) })
    }
    return Evaluation([
      "rss": try list(.rootSumOfSquares), "test95": try list(.ninetyFivePercent), "rp10": try list(.rp10),
      "dobbert": try list(.managedRisk),
    ])
  }

  private static func riskTable(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let limits = try referenceCase.doubles("limits")
    guard limits.count == 2 else { throw EvaluationFault.malformed("inputs.limits", expected: "two limits") }
    let tolerance = try ToleranceInterval(lower: limits[0], upper: limits[1])
    // "sigma_test = sigma_process/4"
    guard let ratio = try referenceCase.text("ratio").split(separator: "/").last.flatMap({ Double($0) }) else {
      throw EvaluationFault.malformed("inputs.ratio", expected: "a ratio of standard deviations")
    }
    let guarded = try tolerance.guarded(by: referenceCase.inputs["guard_band"]?.double ?? 0)
    var accept: [Double] = []
    var conditional: [Double] = []
    for probability in try referenceCase.doubles("in_tolerance_probability") {
      let k = try NormalDistribution.coverageFactor(probability: probability)
      let sigma = tolerance.halfWidth / k
      let process = try NormalDistribution(
        mean: 0.5 * (tolerance.lower + tolerance.upper), standardDeviation: sigma)
      let risk = try ConformityRisk(
        process: process, tolerance: tolerance, acceptance: guarded, standardUncertainty: sigma / ratio)
      accept.append(100 * (try risk.falseAccept()))
      conditional.append(100 * (try risk.conditionalFalseAccept()))
    }
    return Evaluation(["pfa_percent": .numbers(accept), "cpfa_percent": .numbers(conditional)])
  }

  /// One row of a table of cases; what identifies the row is repeated in the result.
  private static func row(_ value: JSONValue, _ inputs: JSONValue) throws -> JSONValue {
    func number(_ name: String) throws -> Double {
      guard let number = value[name]?.double else { throw EvaluationFault.missing("cases.\(name)") }
      return number
    }
    var members = value.members ?? []
    func add(_ name: String, _ result: Double) { members.append(JSONValue.Member(name: name, value: .number(result))) }
    if value["SL"] != nil {
      let limit = try number("SL")
      let tolerance = try ToleranceInterval(lower: -limit, upper: limit)
      let multiplier = try number("GB")
      let sigma = inputs["process_sigma"]?.double ?? 1
      let risk = try ConformityRisk(
        process: NormalDistribution(mean: 0, standardDeviation: sigma), tolerance: tolerance,
        acceptance: ToleranceInterval(lower: -limit * multiplier, upper: limit * multiplier),
        standardUncertainty: 1 / number("TUR"))
      for name in ["pfa", "pfa_computed"] { add(name, try risk.falseAccept()) }
      for name in ["pfr", "pfr_computed"] { add(name, try risk.falseReject()) }
      return .object(members)
    }
    let assessment = try ConformityAssessment(
      measuredValue: number("mu"), standardUncertainty: number("sigma"),
      tolerance: ToleranceInterval(
        lower: value["LL"]?.double ?? -.infinity, upper: value["UL"]?.double ?? .infinity))
    add("cpk", assessment.capabilityIndex)
    for name in ["risk", "risk_computed"] { add(name, assessment.nonconformanceProbability) }
    return .object(members)
  }

  /// Numbers in a text such as "Gamma(shape 4, scale 1/4 um)" or "lognormal(mu=-2.325, sigma=0.434)", after each name.
  private static func parameter(_ name: String, in text: String) throws -> Double {
    guard let start = text.firstRange(of: name) else { throw EvaluationFault.malformed(text, expected: "'\(name)'") }
    let rest = text[start.upperBound...].drop { $0 == " " || $0 == "=" }
    let digits = rest.prefix { $0.isNumber || "+-./eE".contains($0) }
    let parts = digits.split(separator: "/").map { Double($0) }
    if parts.count == 2, let numerator = parts[0], let denominator = parts[1] { return numerator / denominator }
    guard parts.count == 1, let number = parts[0] else {
      throw EvaluationFault.malformed(text, expected: "a number after '\(name)'")
    }
    return number
  }

  private static func processWithTarget(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let text = try referenceCase.text("process")
    let process = try GammaDistribution(shape: parameter("shape", in: text), scale: parameter("scale", in: text))
    let tolerance = try ToleranceInterval(upper: referenceCase.double("T_U"))
    let u = try referenceCase.double("u_m")
    let risk = try ConformityRisk(
      process: process, tolerance: tolerance, acceptance: tolerance, standardUncertainty: u)
    let w = try ConformityRisk.guardBand(
      falseAccept: referenceCase.double("target_consumer_risk"), process: process, tolerance: tolerance,
      standardUncertainty: u)
    return Evaluation([
      "p_nonconforming": .number(risk.nonconforming),
      "consumer_risk_no_guard": .number(try risk.falseAccept()),
      "acceptance_limit": .number(tolerance.upper - w),
    ])
  }

  private static func posterior(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let text = try referenceCase.text("prior")
    let prior = try LogNormalDistribution(
      logMean: parameter("mu", in: text), logStandardDeviation: parameter("sigma", in: text))
    let measured = try referenceCase.double("measured")
    let tolerance = try ToleranceInterval(upper: referenceCase.double("TU"))
    let risk = try ConformityRisk(
      process: prior, tolerance: tolerance, acceptance: tolerance,
      standardUncertainty: measured * referenceCase.double("u_rel"))
    return Evaluation(["producer_risk": .number(try risk.conformance(measured: measured))])
  }
}
