import EtalonMetrology

/// One evaluation of every part of the metrology engine that runs on a chip, by name, for counting what it allocates.
///
/// `UncertainValue` is not among them: it carries a list of influences and is meant for results, not for samples.
struct MetrologyEvaluation {
  let name: String
  /// The evaluation with a number that makes each turn another one; its result keeps the work from being left out.
  let evaluate: (Int) throws -> Double

  static func all() throws -> [MetrologyEvaluation] {
    var list: [MetrologyEvaluation] = []
    /// Value, derivative and inverse of a function at points of its range.
    func add(_ name: String, _ function: some CalibrationFunction, _ from: Double, _ to: Double, inverse: Bool = true) {
      list.append(
        MetrologyEvaluation(name: name) { turn in
          let x = from + (to - from) * Double(turn % 97) / 96
          let y = try function.value(at: x)
          return try y + function.derivative(at: x) + (inverse ? function.inverse(y) : 0)
        })
    }
    add("Callendar-Van Dusen", try CallendarVanDusen(resistanceAtZeroOhm: 100), -200, 850)
    add("ITS-90 reference function", ITS90Reference(), 14, 1234)
    add(
      "ITS-90 thermometer",
      try PlatinumThermometer(subrange: .tin, coefficients: [-1.2134e-4, -9.919e-6], triplePointOhm: 25.319871), 274,
      500)
    for type in ThermocoupleType.allCases {
      add(
        "thermocouple type \(type.letter)", type, max(type.range.lowerBound, type.inverseRange.lowerBound),
        // A degree below the end, where the last bit of a voltage can not lie beyond the range of the inverse.
        type.range.upperBound - 1)
    }
    add(
      "Steinhart-Hart", try SteinhartHart(a: 1.1292e-3, b: 2.3411e-4, d: 8.775e-8, rangeOhm: 1000...100_000), 1000,
      100_000)
    let polynomial = try PolynomialFunction([0.1, 1, 1e-3, -2e-6], centre: 50, scale: 50, range: 0...100)
    add("polynomial", polynomial, 0, 100)
    add(
      "piecewise",
      try PiecewiseFunction([
        PolynomialFunction([0, 1], range: 0...50), PolynomialFunction([0, 0.9, 0.002], range: 50...100),
      ]), 0, 100)
    var running = RunningStatistics()
    list.append(
      MetrologyEvaluation(name: "running statistics") { turn in
        try running.add(1e6 + Double(turn % 13))
        return (running.mean ?? 0) + (running.standardDeviation ?? 0)
      })
    let tolerance = try ToleranceInterval(lower: -1, upper: 1)
    list.append(
      MetrologyEvaluation(name: "decision rule") { turn in
        let assessment = try ConformityAssessment(
          measuredValue: Double(turn % 30) / 20, standardUncertainty: 0.1, tolerance: tolerance)
        return try (assessment.verdict(.expandedUncertainty) == .pass ? 1 : 0) + assessment.nonconformanceProbability
      })
    let process = try NormalDistribution(mean: 0, standardDeviation: 0.5)
    list.append(
      MetrologyEvaluation(name: "global risk") { turn in
        let risk = try ConformityRisk(
          process: process, tolerance: tolerance, acceptance: tolerance,
          standardUncertainty: 0.1 + Double(turn % 7) / 100)
        return try risk.falseAccept() + risk.falseReject() + risk.conformance(measured: 0.9)
      })
    list.append(
      MetrologyEvaluation(name: "quantiles of t and of χ²") { turn in
        let dof = 3 + Double(turn % 40)
        return try StudentT(degreesOfFreedom: dof).coverageFactor(probability: 0.95)
          + ChiSquare(degreesOfFreedom: dof).quantile(0.95)
      })
    let celsius = Unit.degreeCelsius
    let kelvin = Unit.thermodynamicKelvin
    list.append(
      MetrologyEvaluation(name: "conversion of units") { turn in
        try Quantity(Double(turn % 100), celsius).value(in: kelvin)
      })
    var stream = RandomStream(seed: 1)
    list.append(MetrologyEvaluation(name: "random numbers") { _ in stream.normal() + stream.uniform() })
    list.append(
      MetrologyEvaluation(name: "elementary functions") { turn in
        let x = 0.1 + Double(turn % 50) / 10
        return Elementary.exp(x) + Elementary.log(x) + Elementary.sin(x) + Elementary.atan(x) + Elementary.pow(x, 1.5)
          + Elementary.tanh(x) + Elementary.erf(x) + Elementary.cbrt(x)
      })
    return list
  }
}
