import EtalonMetrology
import EtalonUncertainty

/// Published examples whose data come in a form of their own.
enum PropagationCases {
  /// A mean of observations and rectangular influences, expanded with a given factor (GUM-5, example 15).
  static func observations(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let mean = try InputQuantity.typeA(name: "mean", observations: try referenceCase.doubles("observations"))
    let halfWidths = try referenceCase.doubles("rectangular_halfwidths")
    var inputs = [mean]
    for (i, halfWidth) in halfWidths.enumerated() {
      inputs.append(
        InputQuantity(name: "b\(i)", estimate: 0, distribution: .rectangular(halfWidth: halfWidth)))
    }
    let text = inputs.map(\.name).joined(separator: " + ")
    let budget = try MeasurementModel(text, inputs: inputs).budget(coverage: 0.95)
    let k = referenceCase.inputs["k"]?.double ?? budget.coverageFactor
    return Evaluation([
      "mean": .number(budget.estimate), "u_mean": .number(mean.standardUncertainty),
      "uc": .number(budget.standardUncertainty), "U95": .number(k * budget.standardUncertainty),
      "U": .number(k * budget.standardUncertainty), "veff": .number(min(budget.degreesOfFreedom, 1e300)),
    ])
  }

  /// A complex model of quantities known by magnitude and phase (NIST TN 1900, E15).
  static func complex(_ referenceCase: ReferenceCase) throws -> Evaluation {
    var forms: [(name: String, form: ComplexForm)] = []
    var inputs: [InputQuantity] = []
    for member in try referenceCase.input("magnitude_phase_rad").members ?? [] {
      guard let magnitude = member.value["mod"]?.double, let phase = member.value["arg"]?.double,
        let uMagnitude = member.value["u_mod"]?.double, let uPhase = member.value["u_arg"]?.double
      else { throw EvaluationFault.malformed(member.name, expected: "mod, arg, u_mod and u_arg") }
      forms.append((member.name, .polar))
      inputs.append(
        InputQuantity(name: member.name + ".magnitude", estimate: magnitude, distribution: .normal(uMagnitude)))
      inputs.append(InputQuantity(name: member.name + ".phase", estimate: phase, distribution: .normal(uPhase)))
    }
    let model = try MeasurementModel(complex: try referenceCase.text("model"), forms: forms, inputs: inputs)
    let budgets = try model.budgets(coverage: 0.95)
    return Evaluation([
      "re": .number(budgets[0].estimate), "u_re": .number(budgets[0].standardUncertainty),
      "im": .number(budgets[1].estimate), "u_im": .number(budgets[1].standardUncertainty),
      "r_re_im": .number(try model.outputCorrelations()[0][1]),
    ])
  }

  /// Decay-corrected counting of a sample against a standard in repeated cycles (GUM H.4), by both approaches: the ratio
  /// of the correlated means, and the mean of the ratios.
  static func decayingSource(_ referenceCase: ReferenceCase) throws -> Evaluation {
    guard let columns = try referenceCase.input("columns").array?.compactMap(\.text) else {
      throw EvaluationFault.malformed("columns", expected: "a list of names")
    }
    let rows = try referenceCase.matrix("rows")
    let constants = [
      "T0": try referenceCase.double("T0_min"), "lambda": try referenceCase.double("lambda_per_min"),
    ]
    let sample = try Expression(parsing: "(C_x - C_B)/T0*exp(lambda*t_x)", variables: columns, constants: constants)
    let standard = try Expression(parsing: "(C_S - C_B)/T0*exp(lambda*t_S)", variables: columns, constants: constants)
    let rx = try rows.map { try sample.evaluate($0) }
    let rs = try rows.map { try standard.evaluate($0) }
    let means = try SimultaneousObservations(names: ["Rx", "Rs"], series: [rx, rs])
    let ratios = try InputQuantity.typeA(name: "R", observations: zip(rx, rs).map { $0 / $1 })
    func factor(_ name: String) throws -> InputQuantity {
      let value = try referenceCase.input(name)
      guard let x = value["x"]?.double, let u = value["u"]?.double else {
        throw EvaluationFault.malformed(name, expected: "an estimate and its uncertainty")
      }
      return InputQuantity(name: name, estimate: x, distribution: .normal(u))
    }
    let factors = [try factor("A_S"), try factor("m_S"), try factor("m_x")]
    let first = try MeasurementModel(
      outputs: ["R = Rx/Rs", "Ax = A_S*(m_S/m_x)*Rx/Rs"], inputs: means.inputs + factors,
      correlations: means.correlations
    ).budgets(coverage: 0.95)
    let second = try MeasurementModel("A_S*(m_S/m_x)*R", inputs: [ratios] + factors).budget(coverage: 0.95)
    return Evaluation([
      "Rx_mean": .number(means.inputs[0].estimate), "u_Rx": .number(means.inputs[0].standardUncertainty),
      "Rs_mean": .number(means.inputs[1].estimate), "u_Rs": .number(means.inputs[1].standardUncertainty),
      "r_RxRs": .number(means.correlations[0].coefficient),
      "R_approach1": .number(first[0].estimate), "u_R_approach1": .number(first[0].standardUncertainty),
      "R_approach2": .number(ratios.estimate), "u_R_approach2": .number(ratios.standardUncertainty),
      "Ax_approach1": .number(first[1].estimate), "u_Ax_approach1": .number(first[1].standardUncertainty),
      "Ax_approach2": .number(second.estimate), "u_Ax_approach2": .number(second.standardUncertainty),
    ])
  }
}
