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

  private static func processWithTarget(_ referenceCase: ReferenceCase) throws -> Evaluation {
    switch try PriorNotation(referenceCase.input("process"), named: "inputs.process") {
    case .normal(let process): return try risks(of: process, referenceCase)
    case .gamma(let process): return try risks(of: process, referenceCase)
    case .logNormal(let process): return try risks(of: process, referenceCase)
    case .rectangular(let process): return try risks(of: process, referenceCase)
    }
  }

  private static func risks<Process: ContinuousDistribution>(
    of process: Process, _ referenceCase: ReferenceCase
  ) throws -> Evaluation {
    let tolerance = try upperTolerance(referenceCase)
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
    let risk: Double
    switch try PriorNotation(referenceCase.input("prior"), named: "inputs.prior") {
    case .normal(let prior): risk = try producerRisk(prior, referenceCase)
    case .gamma(let prior): risk = try producerRisk(prior, referenceCase)
    case .logNormal(let prior): risk = try producerRisk(prior, referenceCase)
    case .rectangular(let prior): risk = try producerRisk(prior, referenceCase)
    }
    return Evaluation(["producer_risk": .number(risk)])
  }

  /// Probability that an item with the measured value conforms although it is rejected.
  private static func producerRisk<Prior: ContinuousDistribution>(
    _ prior: Prior, _ referenceCase: ReferenceCase
  ) throws -> Double {
    let measured = try referenceCase.double("measured")
    let tolerance = try upperTolerance(referenceCase)
    let u =
      referenceCase.inputs["u_rel"] == nil
      ? try referenceCase.double("u_m") : try abs(measured) * referenceCase.double("u_rel")
    return try ConformityRisk(
      process: prior, tolerance: tolerance, acceptance: tolerance, standardUncertainty: u
    ).conformance(measured: measured)
  }

  private static func upperTolerance(_ referenceCase: ReferenceCase) throws -> ToleranceInterval {
    try ToleranceInterval(upper: referenceCase.double(referenceCase.inputs["TU"] == nil ? "T_U" : "TU"))
  }
}
