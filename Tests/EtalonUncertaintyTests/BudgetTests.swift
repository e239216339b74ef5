import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

/// Budgets against published examples of the GUM (JCGM 100:2008) and of other guides.
final class BudgetTests: XCTestCase {
  static func input(_ name: String, _ x: Double, _ u: Double, _ dof: Double = .infinity) -> InputQuantity {
    InputQuantity(name: name, estimate: x, distribution: .normal(u), degreesOfFreedom: dof)
  }

  /// GUM H.1, table H.1: lengths in nm, temperatures in °C.
  static func endGauge() throws -> MeasurementModel {
    try MeasurementModel(
      "l = lS + d - lS*(dalpha*theta + alphaS*dtheta)",
      inputs: [
        input("lS", 50_000_623, 25, 18), input("d", 215, 9.7, 25.6), input("dalpha", 0, 5.8e-7, 50),
        input("theta", -0.1, 0.41), input("alphaS", 1.15e-5, 1.2e-6), input("dtheta", 0, 0.029, 2),
      ])
  }

  func testEndGauge() throws {
    let budget = try Self.endGauge().budget(coverage: 0.99, rule: .truncated)
    XCTAssertEqual(budget.measurand, "l")
    XCTAssertEqual(budget.estimate, 50_000_838, accuracy: 0.5)
    // H.1.4: u_c = 32 nm; the tolerance of 0.5 is its last digit. 31.71 is the same sum to two more digits.
    XCTAssertEqual(budget.standardUncertainty, 32, accuracy: 0.5)
    XCTAssertEqual(budget.standardUncertainty, 31.71, accuracy: 0.005)
    // H.1.6: ν_eff = 16 (truncated), t_99(16) = 2.92, U_99 = 93 nm.
    XCTAssertEqual(budget.degreesOfFreedom.rounded(.down), 16)
    XCTAssertEqual(budget.coverageFactor, 2.92, accuracy: 0.005)
    XCTAssertEqual(budget.expandedUncertainty, 93, accuracy: 0.5)
    // Table H.1, contributions in nm: 25, 9.7, 2.9, 16.6 (16.7 unrounded), and two that vanish.
    let contributions = Dictionary(uniqueKeysWithValues: budget.rows.map { ($0.name, $0.contribution) })
    XCTAssertEqual(try XCTUnwrap(contributions["lS"]), 25, accuracy: 0.001)
    XCTAssertEqual(try XCTUnwrap(contributions["d"]), 9.7, accuracy: 0.001)
    XCTAssertEqual(try XCTUnwrap(contributions["dalpha"]), 2.9, accuracy: 0.05)
    XCTAssertEqual(try XCTUnwrap(contributions["dtheta"]), 16.7, accuracy: 0.05)
    XCTAssertEqual(try XCTUnwrap(contributions["theta"]), 0)
    XCTAssertEqual(try XCTUnwrap(contributions["alphaS"]), 0)
    XCTAssertEqual(budget.rows.map(\.name), ["lS", "dtheta", "d", "dalpha", "theta", "alphaS"])
    XCTAssertEqual(budget.rows.reduce(0) { $0 + $1.percent }, 100, accuracy: 1e-9)
    // H.1.7: with terms of the second order u_c = 34 nm.
    XCTAssertEqual(try Self.endGauge().secondOrder().standardUncertainty, 34, accuracy: 0.5)
    XCTAssertEqual(try Self.endGauge().secondOrder().standardUncertainty, 33.91, accuracy: 0.02)
  }

  /// GUM H.2, tables H.2 to H.4: five simultaneous observations of voltage, current and phase.
  func testResistanceAndReactance() throws {
    let observed = try SimultaneousObservations(
      names: ["V", "I", "phi"],
      series: [
        [5.007, 4.994, 5.005, 4.990, 4.999], [0.019663, 0.019639, 0.019640, 0.019685, 0.019678],
        [1.0456, 1.0438, 1.0468, 1.0428, 1.0433],
      ])
    let means = observed.inputs
    XCTAssertEqual(means[0].estimate, 4.9990, accuracy: 5e-5)
    XCTAssertEqual(means[0].standardUncertainty, 0.0032, accuracy: 5e-5)
    XCTAssertEqual(means[1].standardUncertainty, 9.5e-6, accuracy: 5e-8)
    XCTAssertEqual(means[2].standardUncertainty, 0.00075, accuracy: 5e-6)
    XCTAssertEqual(observed.correlations[0].coefficient, -0.36, accuracy: 0.005)
    XCTAssertEqual(observed.correlations[1].coefficient, 0.86, accuracy: 0.005)
    XCTAssertEqual(observed.correlations[2].coefficient, -0.65, accuracy: 0.005)
    let model = try MeasurementModel(
      outputs: ["R = V/I*cos(phi)", "X = V/I*sin(phi)", "Z = V/I"], inputs: means, correlations: observed.correlations)
    let budgets = try model.budgets(coverage: 0.95)
    for (budget, published) in zip(budgets, [(127.732, 0.071), (219.847, 0.295), (254.260, 0.236)]) {
      XCTAssertEqual(budget.estimate, published.0, accuracy: 0.0005)
      // Table H.4 was computed with rounded intermediate values; half a unit of its last digit and 0.0001 for that.
      XCTAssertEqual(budget.standardUncertainty, published.1, accuracy: 0.0006)
      // Willink's ensemble: five simultaneous observations leave four degrees of freedom.
      XCTAssertEqual(budget.degreesOfFreedom, 4, accuracy: 1e-9)
    }
    let r = try model.outputCorrelations()
    XCTAssertEqual(r[0][1], -0.588, accuracy: 0.0005)
    XCTAssertEqual(r[0][2], -0.485, accuracy: 0.0005)
    XCTAssertEqual(r[1][2], 0.993, accuracy: 0.0005)
    XCTAssertEqual(r[2][1], r[1][2])
  }

  /// EURACHEM/CITAC CG 4, example A1: cadmium standard, 1002.7 mg/L with u = 0.835 mg/L (0.9 in the rounded text).
  func testCadmiumStandard() throws {
    let model = try MeasurementModel(
      "c = 1000*m*P/V*(1 + dV + tV)",
      inputs: [
        InputQuantity(name: "P", estimate: 0.9999, distribution: .rectangular(halfWidth: 0.0001)),
        Self.input("m", 100.28, 0.05),
        InputQuantity(name: "V", estimate: 100, distribution: .triangular(halfWidth: 0.1)),
        Self.input("dV", 0, 0.02 / 100),
        InputQuantity(name: "tV", estimate: 0, distribution: .rectangular(halfWidth: 0.084 / 100)),
      ])
    let budget = try model.budget(coverage: 0.95)
    XCTAssertEqual(budget.estimate, 1002.7, accuracy: 0.05)
    XCTAssertEqual(budget.standardUncertainty, 0.835199, accuracy: 1e-5)
  }

  /// An X-ray fluorescence ratio of the Sandia course ENGR224: u = 0.00494, ν_eff = 27.7, U_95 = 0.0101; recomputed by
  /// GTC 1.5.1 as 0.0049318, 27.513 and 0.010110.
  func testWelchSatterthwaite() throws {
    let model = try MeasurementModel(
      "yc = X1/X2*Yu",
      inputs: [
        Self.input("X1", 0.182, 0.00093, 9), Self.input("X2", 0.1823, 0.00058, 19),
        Self.input("Yu", 0.6978, 0.0026, 19),
      ])
    let budget = try model.budget(coverage: 0.95)
    XCTAssertEqual(budget.estimate, 0.6966516730663741, accuracy: 1e-15)
    XCTAssertEqual(budget.standardUncertainty, 0.004931801999129712, accuracy: 1e-15)
    XCTAssertEqual(budget.degreesOfFreedom, 27.512731755714128, accuracy: 1e-10)
    XCTAssertEqual(budget.expandedUncertainty, 0.010110405163977617, accuracy: 1e-10)
  }

  /// NIST TN 1900 (2015), example E13: coefficient of thermal expansion, 1.7266·10⁻⁵ with u = 1.76·10⁻⁶ (1/°C); the
  /// tolerance is half a unit of the last published digit.
  func testThermalExpansion() throws {
    let model = try MeasurementModel(
      "alpha = (L1 - L0)/(L0*(T1 - T0))",
      inputs: [
        Self.input("L0", 1.4999, 0.0001, 3), Self.input("T0", 288.15, 0.02, 3), Self.input("L1", 1.5021, 0.0002, 3),
        Self.input("T1", 373.10, 0.05, 3),
      ])
    let budget = try model.budget(coverage: 0.95)
    XCTAssertEqual(budget.estimate, 1.7266e-5, accuracy: 5e-10)
    XCTAssertEqual(budget.standardUncertainty, 1.76e-6, accuracy: 5e-9)
  }

  /// JCGM GUM-5:2026, example 1: pH by two-point bracketing, 7.0002 with u = 0.0041; half a unit of the last digit.
  func testBracketedPH() throws {
    let model = try MeasurementModel(
      "pH = pH1 + (EX - ES1)*(pH2 - pH1)/(ES2 - ES1)",
      inputs: [
        Self.input("EX", -1.875, 0.025), Self.input("ES1", 6.15, 0.0289), Self.input("ES2", -26.35, 0.0289),
        Self.input("pH1", 6.864, 0.0051), Self.input("pH2", 7.4157, 0.0051),
      ])
    let budget = try model.budget(coverage: 0.95)
    XCTAssertEqual(budget.estimate, 7.0002, accuracy: 5e-5)
    XCTAssertEqual(budget.standardUncertainty, 0.0041, accuracy: 5e-5)
  }

  /// GUM H.4, table H.8: correlation of the two mean rates and their ratio, decay-corrected for six cycles.
  func testCorrelatedCountRates() throws {
    let cycles: [(standard: (t: Double, c: Double), blank: Double, sample: (t: Double, c: Double))] = [
      ((243.74, 15380), 4054, (367.37, 41432)), ((984.53, 14978), 3922, (1107.66, 38706)),
      ((1723.87, 14394), 4200, (1846.99, 35860)), ((2463.17, 13254), 3830, (2586.28, 32238)),
      ((3217.56, 12516), 3956, (3340.68, 29640)), ((3956.83, 11058), 3980, (4079.94, 26356)),
    ]
    let decay = 1.25894e-4
    let rs = cycles.map { ($0.standard.c - $0.blank) / 60 * Elementary.exp(decay * $0.standard.t) }
    let rx = cycles.map { ($0.sample.c - $0.blank) / 60 * Elementary.exp(decay * $0.sample.t) }
    let means = try SimultaneousObservations(names: ["Rx", "Rs"], series: [rx, rs])
    XCTAssertEqual(means.inputs[0].estimate, 652.60, accuracy: 0.005)
    XCTAssertEqual(means.inputs[0].standardUncertainty, 6.42, accuracy: 0.005)
    XCTAssertEqual(means.inputs[1].estimate, 206.09, accuracy: 0.005)
    XCTAssertEqual(means.inputs[1].standardUncertainty, 3.79, accuracy: 0.005)
    XCTAssertEqual(means.correlations[0].coefficient, 0.646, accuracy: 0.0005)
    let budget = try MeasurementModel("R = Rx/Rs", inputs: means.inputs, correlations: means.correlations)
      .budget(coverage: 0.95)
    XCTAssertEqual(budget.estimate, 3.167, accuracy: 0.0005)
    XCTAssertEqual(budget.standardUncertainty, 0.045, accuracy: 0.0005)
    XCTAssertEqual(budget.degreesOfFreedom, 5, accuracy: 1e-9)
  }

  /// A complex ratio agrees with its parts written out.
  func testComplexModel() throws {
    let inputs = [
      Self.input("a.magnitude", 2, 0.1), Self.input("a.phase", 0.5, 0.02), Self.input("b.real", 1, 0.05),
      Self.input("b.imaginary", -2, 0.03),
    ]
    let complex = try MeasurementModel(
      complex: "g = a/b - a^2", forms: [("a", .polar), ("b", .rectangular)], inputs: inputs)
    let written = try MeasurementModel(
      outputs: [
        "(m*cos(p)*r + m*sin(p)*i)/(r^2 + i^2) - m^2*cos(2*p)", "(m*sin(p)*r - m*cos(p)*i)/(r^2 + i^2) - m^2*sin(2*p)",
      ],
      inputs: zip(["m", "p", "r", "i"], inputs).map {
        InputQuantity(name: $0, estimate: $1.estimate, distribution: $1.distribution)
      })
    XCTAssertEqual(complex.outputs, ["g.real", "g.imaginary"])
    for (a, b) in zip(try complex.budgets(coverage: 0.95), try written.budgets(coverage: 0.95)) {
      XCTAssertEqual(a.estimate, b.estimate, accuracy: 1e-14)
      XCTAssertEqual(a.standardUncertainty, b.standardUncertainty, accuracy: 1e-14)
    }
    XCTAssertEqual(try complex.outputCorrelations()[0][1], try written.outputCorrelations()[0][1], accuracy: 1e-13)
    XCTAssertThrowsError(
      try MeasurementModel(complex: "tan(a)", forms: [("a", .polar)], inputs: Array(inputs.prefix(2))))
  }

  /// The implicit equation of a resistance thermometer has the closed solution of a quadratic.
  func testImplicitModelAgreesWithItsExplicitSolution() throws {
    let inputs = [
      Self.input("R0", 100, 0.002), Self.input("A", 3.9083e-3, 2e-6), Self.input("B", -5.775e-7, 1e-9),
      Self.input("R", 119.4, 0.001),
    ]
    let correlations = [InputCorrelation("A", "B", -0.9), InputCorrelation("R0", "A", 0.2)]
    let implicit = try MeasurementModel(
      implicit: "R0*(1 + A*t + B*t^2) = R", solvingFor: "t", inputs: inputs, correlations: correlations)
    let explicit = try MeasurementModel(
      "t = (-A + sqrt(A^2 - 4*B*(1 - R/R0)))/(2*B)", inputs: inputs, correlations: correlations)
    let a = try implicit.budget(coverage: 0.95)
    let b = try explicit.budget(coverage: 0.95)
    // The quadratic formula itself loses about four digits by cancellation.
    XCTAssertEqual(a.estimate, b.estimate, accuracy: 1e-10)
    XCTAssertEqual(a.standardUncertainty, b.standardUncertainty, accuracy: 1e-9 * b.standardUncertainty)
    // IEC 60751: 119.40 Ω is 50.0 °C within the rounding of its table.
    XCTAssertEqual(a.estimate, 50, accuracy: 0.02)
    XCTAssertThrowsError(
      try MeasurementModel(implicit: "t^2 + R = 0", solvingFor: "t", from: 1, inputs: [Self.input("R", 1, 0.1)])
        .budget(coverage: 0.95)
    ) {
      guard case UncertaintyFault.model(output: "t", .noRoot) = $0 else { return XCTFail("\($0)") }
    }
  }

  func testModelWrittenInSwift() throws {
    let inputs = [Self.input("a", 3, 0.1), Self.input("b", 2, 0.2)]
    let swift = try MeasurementModel(inputs: inputs) { x in Term.sqrt(x[0] * x[0] + 4 * x[1]) - Term.exp(-x[1]) }
    let text = try MeasurementModel("sqrt(a*a + 4*b) - exp(-b)", inputs: inputs)
    XCTAssertEqual(try swift.budget(coverage: 0.95), try text.budget(coverage: 0.95))
  }

  /// GUM 4.3: standard uncertainties of the type B distributions, and k and p of a certificate.
  func testTypeB() throws {
    XCTAssertEqual(
      ProbabilityDistribution.rectangular(halfWidth: 3).standardUncertainty, 3.0.squareRoot(), accuracy: 1e-15)
    XCTAssertEqual(
      ProbabilityDistribution.triangular(halfWidth: 6).standardUncertainty, 6.0.squareRoot(), accuracy: 1e-15)
    XCTAssertEqual(ProbabilityDistribution.arcsine(halfWidth: 2).standardUncertainty, 2.0.squareRoot(), accuracy: 1e-15)
    XCTAssertEqual(
      ProbabilityDistribution.trapezoidal(halfWidth: 1, topRatio: 1), .trapezoidal(halfWidth: 1, topRatio: 1))
    XCTAssertEqual(
      ProbabilityDistribution.trapezoidal(halfWidth: 1, topRatio: 1).standardUncertainty,
      ProbabilityDistribution.rectangular(halfWidth: 1).standardUncertainty, accuracy: 1e-15)
    XCTAssertEqual(
      ProbabilityDistribution.trapezoidal(halfWidth: 1, topRatio: 0).standardUncertainty,
      ProbabilityDistribution.triangular(halfWidth: 1).standardUncertainty, accuracy: 1e-15)
    // GUM 4.3.4, example: 10.000 742 Ω with U = 129 µΩ at 99 %: u = 50 µΩ.
    XCTAssertEqual(
      try ProbabilityDistribution.expanded(129, coverageProbability: 0.99).standardUncertainty, 50, accuracy: 0.1)
    // GUM 4.3.3, example: U = 240 µg at three standard deviations: u = 80 µg.
    XCTAssertEqual(ProbabilityDistribution.expanded(240, coverageFactor: 3).standardUncertainty, 80)
    // Half of a normal distribution: mean √(2/π), variance 1 − 2/π.
    let half = try InputQuantity.truncatedNormal(name: "x", peak: 0, standardDeviation: 1, from: 0, to: .infinity)
    XCTAssertEqual(half.estimate, (2 / Double.pi).squareRoot(), accuracy: 1e-14)
    XCTAssertEqual(half.standardUncertainty, (1 - 2 / Double.pi).squareRoot(), accuracy: 1e-14)
  }

  /// A reading with 4 degrees of freedom beside a certificate with infinitely many, correlated: the ensemble counts with 4.
  func testCorrelatedInputsOfDifferentDegreesOfFreedom() throws {
    let budget = try MeasurementModel(
      "a + b", inputs: [Self.input("a", 1, 0.1, 4), Self.input("b", 1, 0.1)],
      correlations: [InputCorrelation("a", "b", 0.5)]
    ).budget(coverage: 0.95)
    XCTAssertEqual(budget.standardUncertainty, 0.03.squareRoot(), accuracy: 1e-15)
    XCTAssertEqual(budget.degreesOfFreedom, 4)
    XCTAssertEqual(budget.coverageFactor, 2.776, accuracy: 5e-4)
  }

  func testBadInputsAreNamed() throws {
    func fault(
      _ inputs: [InputQuantity], of text: String = "a + b", _ correlations: [InputCorrelation] = [], p: Double = 0.95
    ) -> UncertaintyFault? {
      do throws(UncertaintyFault) {
        _ = try MeasurementModel(text, inputs: inputs, correlations: correlations).budget(coverage: p)
        return nil
      } catch {
        XCTAssertFalse(error.description.isEmpty)
        return error
      }
    }
    let a = Self.input("a", 1, 0.1)
    let b = Self.input("b", 2, 0.1)
    XCTAssertNil(fault([a, b]))
    XCTAssertEqual(fault([]), .model(output: "y", .unknownVariable("a", nearest: nil)))
    XCTAssertEqual(fault([], of: "1"), .modelSize(inputs: 0, outputs: 1))
    XCTAssertEqual(fault([a, b, a]), .duplicateName("a"))
    XCTAssertEqual(fault([a, Self.input("b", .infinity, 1)]), .estimate(input: "b", value: .infinity))
    XCTAssertEqual(
      fault([a, Self.input("b", 1, 0)]), .notPositive(input: "b", parameter: "standard uncertainty", value: 0))
    XCTAssertEqual(
      fault([a, Self.input("b", 1, -1)]), .notPositive(input: "b", parameter: "standard uncertainty", value: -1))
    XCTAssertNotNil(fault([a, Self.input("b", 1, .nan)]))
    XCTAssertEqual(fault([a, Self.input("b", 1, 1, 0.5)]), .degreesOfFreedom(input: "b", value: 0.5))
    XCTAssertEqual(fault([a, b], p: 1), .coverage(1))
    XCTAssertEqual(fault([a, b], [InputCorrelation("a", "c", 0.1)]), .correlationPair("a", "c"))
    XCTAssertEqual(fault([a, b], [InputCorrelation("a", "a", 0.1)]), .correlationPair("a", "a"))
    XCTAssertEqual(
      fault([a, b], [InputCorrelation("a", "b", 1.01)]), .correlationCoefficient("a", "b", 1.01))
    XCTAssertEqual(
      fault(
        [a, b, Self.input("c", 0, 1)], of: "a + b + c",
        [InputCorrelation("a", "b", 0.9), InputCorrelation("b", "c", 0.9), InputCorrelation("a", "c", -0.9)]),
      .correlationMatrix(input: "c"))
    XCTAssertEqual(
      fault([a, b], of: "a/(b - 2)"), .model(output: "y", .undefined(operation: "a / (b - 2.0)", arguments: [1, 0])))
    XCTAssertEqual(
      fault([a, b], of: "sqrt(b - 2) + a"),
      .model(output: "y", .notDifferentiable(operation: "sqrt(b - 2.0)", arguments: [0])))
    XCTAssertThrowsError(try InputQuantity.typeA(name: "a", observations: [1]))
    XCTAssertThrowsError(try InputQuantity.typeA(name: "a", observations: []))
    XCTAssertThrowsError(try InputQuantity.typeA(name: "a", observations: [1, .nan]))
    let equal = [Double](repeating: 1, count: 8)
    for make in [
      { try InputQuantity.typeA(name: "a", observations: equal) },
      { try InputQuantity.typeA(name: "a", series: equal) },
      { try SimultaneousObservations(names: ["b", "a"], series: [[1, 2, 3, 4, 5, 6, 7, 8], equal]).inputs[1] },
    ] {
      XCTAssertThrowsError(try make()) {
        XCTAssertEqual($0 as? UncertaintyFault, .equalReadings(input: "a", count: 8))
        XCTAssertTrue("\($0)".contains("all 8 readings of \"a\" are equal; give the resolution as a rectangular input"))
      }
    }
    XCTAssertThrowsError(try InputQuantity.typeA(name: "a", observations: [.infinity, .infinity])) {
      guard case UncertaintyFault.data? = $0 as? UncertaintyFault else { return XCTFail("\($0)") }
    }
    XCTAssertThrowsError(try SimultaneousObservations(names: ["a", "b"], series: [[1, 2], [1, 2, 3]]))
  }

  /// Fully correlated inputs add linearly, GUM 5.2.2, example: ten resistors calibrated with one standard.
  func testFullCorrelationAddsLinearly() throws {
    let inputs = (1...10).map { Self.input("R\($0)", 1000, 0.1) }
    var correlations: [InputCorrelation] = []
    for i in 1...10 { for j in 1..<i { correlations.append(InputCorrelation("R\(i)", "R\(j)", 1)) } }
    let text = inputs.map(\.name).joined(separator: " + ")
    let budget = try MeasurementModel(text, inputs: inputs, correlations: correlations).budget(coverage: 0.95)
    XCTAssertEqual(budget.standardUncertainty, 1, accuracy: 1e-12)
    XCTAssertEqual(budget.estimate, 10_000)
  }
}
