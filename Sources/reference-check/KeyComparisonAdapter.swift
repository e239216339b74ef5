import EtalonUncertainty

extension CategoryAdapter {
  /// Key comparison reference values and random-effects means.
  static let keyComparison = CategoryAdapter(category: "key-comparison") { referenceCase in
    if referenceCase.inputs["labs"] != nil { return try powerModerated(referenceCase) }
    let comparison = try InterlaboratoryComparison(
      values: referenceCase.doubles("x"), standardUncertainties: referenceCase.doubles("u"))
    let mean = comparison.weightedMean()
    let test = try comparison.consistency()
    func random(_ consensus: ConsensusValue) -> JSONValue {
      .dictionary([
        "mu": .number(consensus.value), "u": .number(consensus.standardUncertainty),
        "tau2": .number(consensus.betweenVariance),
      ])
    }
    return Evaluation([
      "weighted_mean": .number(mean.value),
      "u_weighted_mean": .number(mean.standardUncertainty),
      "chi2_obs": .number(test.chiSquared),
      "dof": .integer(test.degreesOfFreedom),
      "p_value": .number(test.probability),
      "consistent_95": .bool(test.isConsistent()),
      "birge_ratio": .number(test.birgeRatio),
      "dersimonian_laird": random(try comparison.derSimonianLaird()),
      "mandel_paule": random(try comparison.mandelPaule()),
    ])
  }

  private static func powerModerated(_ referenceCase: ReferenceCase) throws -> Evaluation {
    guard let labs = try referenceCase.input("labs").array else { throw EvaluationFault.missing("inputs.labs") }
    let participants = try labs.enumerated().map { index, lab in
      guard let x = lab["x"]?.double, let u = lab["u"]?.double else {
        throw EvaluationFault.malformed("inputs.labs.\(index)", expected: "a value with uncertainty")
      }
      // A laboratory may take part more than once, in different years.
      return InterlaboratoryComparison.Participant(
        name: "\(lab["lab"]?.text ?? "") \(lab["year"]?.text ?? "") \(index)", value: x, standardUncertainty: u)
    }
    let comparison = try InterlaboratoryComparison(participants)
    let reference = try comparison.powerModeratedMean()
    let mandelPaule = try comparison.mandelPaule()
    let arithmetic = try comparison.arithmeticMean()
    let degrees = try comparison.degreesOfEquivalence(with: reference)
    func pair(_ consensus: ConsensusValue) -> JSONValue {
      .dictionary(["x": .number(consensus.value), "u": .number(consensus.standardUncertainty)])
    }
    return Evaluation(
      ["kcrv": .number(reference.value), "u_kcrv": .number(reference.standardUncertainty)],
      computed: [
        "kcrv": .number(reference.value), "u_kcrv": .number(reference.standardUncertainty),
        "s2": .number(reference.betweenVariance), "weights": .numbers(reference.weights),
        "mandel_paule": pair(mandelPaule), "arithmetic_mean": pair(arithmetic),
        "degrees_of_equivalence": .array(
          zip(labs, degrees).map { lab, degree in
            .dictionary([
              "lab": lab["lab"] ?? .null, "D": .number(degree.deviation), "U": .number(degree.expandedUncertainty),
              "En": .number(degree.normalisedError),
            ])
          }),
      ])
  }
}
