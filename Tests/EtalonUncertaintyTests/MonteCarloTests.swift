import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

/// Propagation of distributions against the examples of JCGM 101:2008 and of other guides.
///
/// Tolerances are that of the publication, or four standard errors of the run where those are larger; seeds are fixed,
/// so that a test that passes always passes.
final class MonteCarloTests: XCTestCase {
  private func sum(_ distributions: [ProbabilityDistribution]) throws -> MeasurementModel {
    try MeasurementModel(
      distributions.indices.map { "X\($0 + 1)" }.joined(separator: " + "),
      inputs: distributions.enumerated().map {
        InputQuantity(name: "X\($0.offset + 1)", estimate: 0, distribution: $0.element)
      })
  }

  /// JCGM 101, 9.2.2, table 2: four standard normal inputs, u = 2.0, interval ±3.92.
  func testAdditiveNormal() throws {
    let model = try sum([ProbabilityDistribution](repeating: .normal(1), count: 4))
    let result = try model.monteCarlo(coverage: 0.95, seed: 7, trials: .fixed(1_000_000))
    XCTAssertEqual(result.estimate, 0, accuracy: 4 * 2e-3)
    XCTAssertEqual(result.standardUncertainty, 2, accuracy: 4 * 2 / 2e6.squareRoot())
    // Standard error of the 2.5 % quantile: √(0.025 · 0.975 / M) / density.
    XCTAssertEqual(result.symmetricInterval.lowerBound, -3.9199, accuracy: 0.022)
    XCTAssertEqual(result.symmetricInterval.upperBound, 3.9199, accuracy: 0.022)
    XCTAssertEqual(
      result.shortestInterval.upperBound - result.shortestInterval.lowerBound, 2 * 3.9199, accuracy: 0.022)
    XCTAssertTrue(result.validity(of: try model.budget(coverage: 0.95)).isValid)
  }

  /// JCGM 101, 9.2.3, table 3, and Annex E: four rectangular inputs, interval ±3.88 where the GUM gives ±3.92.
  func testAdditiveRectangular() throws {
    let model = try sum([ProbabilityDistribution](repeating: .rectangular(halfWidth: 3.0.squareRoot()), count: 4))
    let result = try model.monteCarlo(coverage: 0.95, seed: 8, trials: .fixed(1_000_000))
    XCTAssertEqual(result.standardUncertainty, 2, accuracy: 0.006)
    // Annex E, equation E.3: ±2√3 (2 − (3/5)^¼).
    XCTAssertEqual(result.symmetricInterval.lowerBound, -3.8794, accuracy: 0.016)
    XCTAssertEqual(result.symmetricInterval.upperBound, 3.8794, accuracy: 0.016)
  }

  /// JCGM 101, 9.2.4: one rectangular input ten times as wide as three others; the published interval is ±17.0, that of
  /// the GUM ±19.9, so the first order is not valid.
  func testOneDominantRectangular() throws {
    var inputs = [ProbabilityDistribution](repeating: .rectangular(halfWidth: 3.0.squareRoot()), count: 3)
    inputs.append(.rectangular(halfWidth: 10 * 3.0.squareRoot()))
    let evaluation = try sum(inputs).evaluate(coverage: 0.95, seed: 3)
    XCTAssertEqual(evaluation.budget.standardUncertainty, 10.1, accuracy: 0.05)
    XCTAssertEqual(evaluation.budget.expandedUncertainty, 19.9, accuracy: 0.05)
    XCTAssertEqual(evaluation.monteCarlo.symmetricInterval.upperBound, 17.0, accuracy: 0.15)
    let twoDigits = evaluation.monteCarlo.validity(of: evaluation.budget, significantDigits: 2)
    XCTAssertFalse(twoDigits.isValid)
    XCTAssertTrue(twoDigits.statement.contains("NOT valid"))
  }

  /// JCGM 101, 8.2: a verdict needs ends certain to a fifth of δ. For a sum of normal inputs the first order is exact, so
  /// that no seed and no number of trials may call it not valid.
  func testTooFewTrialsDoNotRefuteTheFirstOrder() throws {
    let model = try sum([.normal(0.6), .normal(0.6)])
    let budget = try model.budget(coverage: 0.95)
    var beyond = 0
    for seed in UInt64(1)...100 {
      let result = try model.monteCarlo(coverage: 0.95, seed: seed, trials: .fixed(10_000))
      let validity = result.validity(of: budget)
      XCTAssertEqual(validity.verdict, .undecided, validity.statement)
      XCTAssertTrue(validity.statement.contains("undecided: too few trials"))
      if max(validity.lowDifference, validity.highDifference) > validity.tolerance { beyond += 1 }
    }
    // u = 0.85 and δ = 0.005: nearly every one of these runs differs by more than δ, all by chance.
    XCTAssertGreaterThan(beyond, 50)
    let enough = try model.evaluate(coverage: 0.95, seed: 1)
    XCTAssertEqual(enough.validity.verdict, .valid, enough.validity.statement)
  }

  /// The standard error from the ranks is the scatter of the ends over many seeds.
  func testStandardErrorOfTheEnds() throws {
    let model = try sum([.normal(1)])
    var ends: [Double] = []
    var squares = 0.0
    for seed in UInt64(1)...200 {
      let result = try model.monteCarlo(coverage: 0.95, seed: seed, trials: .fixed(10_000))
      ends.append(result.symmetricInterval.upperBound)
      squares += result.endStandardError * result.endStandardError / 200
    }
    // √(0.025 · 0.975/10⁴) over the density 0.0584 is 0.0267. A standard deviation of 200 values is certain to 5 %; the larger of two estimates is some tenths too large.
    XCTAssertEqual(
      try SampleStatistics(ends).standardDeviation, 0.0267, accuracy: 4 * 0.05 * 0.0267)
    XCTAssertEqual(squares.squareRoot(), 0.0267, accuracy: 0.25 * 0.0267)
  }

  static func massCalibration() throws -> MeasurementModel {
    try MeasurementModel(
      "dm = (mRc + dmRc)*(1 + (rho_a - 1.2)*(1/rho_W - 1/rho_R)) - mnom",
      inputs: [
        InputQuantity(name: "mRc", estimate: 100_000, distribution: .normal(0.050)),
        InputQuantity(name: "dmRc", estimate: 1.234, distribution: .normal(0.020)),
        InputQuantity(name: "rho_a", estimate: 1.20, distribution: .rectangular(halfWidth: 0.10)),
        InputQuantity(name: "rho_W", estimate: 8000, distribution: .rectangular(halfWidth: 1000)),
        InputQuantity(name: "rho_R", estimate: 8000, distribution: .rectangular(halfWidth: 50)),
      ], constants: ["mnom": 100_000])
  }

  /// JCGM 101, 9.3, table 6: mass calibration in mg; first order 0.0539, second order 0.0750, Monte Carlo 0.0754 and
  /// [1.0834, 1.3825] (shortest); the first order is not valid.
  func testMassCalibration() throws {
    let model = try Self.massCalibration()
    let budget = try model.budget(coverage: 0.95)
    XCTAssertEqual(budget.estimate, 1.2340, accuracy: 5e-5)
    XCTAssertEqual(budget.standardUncertainty, 0.0539, accuracy: 5e-5)
    XCTAssertEqual(try model.secondOrder().standardUncertainty, 0.0750, accuracy: 5e-5)
    let result = try model.monteCarlo(coverage: 0.95, seed: 11, trials: .fixed(1_000_000))
    XCTAssertEqual(result.standardUncertainty, 0.0754, accuracy: 0.0003)
    XCTAssertEqual(result.shortestInterval.lowerBound, 1.0834, accuracy: 0.004)
    XCTAssertEqual(result.shortestInterval.upperBound, 1.3825, accuracy: 0.004)
    XCTAssertFalse(result.validity(of: budget, significantDigits: 1).isValid)
    XCTAssertFalse(result.validity(of: budget, significantDigits: 2).isValid)
  }

  /// NPL report DEM-ES-011, 9.2: Y = ln X, X rectangular from 0.1 to 1.1. Exact: mean −0.66490, u = 0.60623, shortest
  /// 95 % interval from ln 0.15 to the end of the support, ln 1.1.
  func testLogarithmOfRectangular() throws {
    let model = try MeasurementModel(
      "ln(X)", inputs: [InputQuantity(name: "X", estimate: 0.6, distribution: .rectangular(halfWidth: 0.5))])
    let budget = try model.budget(coverage: 0.95)
    XCTAssertEqual(budget.estimate, -0.511, accuracy: 5e-4)
    XCTAssertEqual(budget.standardUncertainty, 0.481, accuracy: 5e-4)
    XCTAssertEqual(budget.estimate + budget.expandedUncertainty, 0.432, accuracy: 5e-4)
    let result = try model.monteCarlo(coverage: 0.95, seed: 5, trials: .fixed(1_000_000))
    XCTAssertEqual(result.estimate, -0.6649002929, accuracy: 4 * 0.606e-3)
    XCTAssertEqual(result.standardUncertainty, 0.6062266974, accuracy: 4 * 0.606e-3)
    XCTAssertEqual(result.shortestInterval.lowerBound, -1.897119985, accuracy: 0.006)
    XCTAssertEqual(result.shortestInterval.upperBound, 0.0953101798, accuracy: 1e-4)
    // Nothing was drawn beyond the end of the support, so the interval does not reach beyond it.
    XCTAssertLessThanOrEqual(result.shortestInterval.upperBound, 0.0953101798043249)
    XCTAssertFalse(result.validity(of: budget).isValid)
  }

  static func gaugeBlock() throws -> MeasurementModel {
    func t(_ name: String, _ x: Double, _ u: Double, _ dof: Double) -> InputQuantity {
      InputQuantity(name: name, estimate: x, distribution: .studentT(scale: u, degreesOfFreedom: dof))
    }
    return try MeasurementModel(
      "dL = Ls + D + d1 + d2 - Ls*(dalpha*(theta0 + Delta) + alphaS*dtheta) - Lnom",
      inputs: [
        t("Ls", 50_000_623, 25, 18), t("D", 215, 6, 24), t("d1", 0, 4, 5), t("d2", 0, 7, 8),
        InputQuantity(name: "alphaS", estimate: 11.5e-6, distribution: .rectangular(halfWidth: 2e-6)),
        InputQuantity(name: "theta0", estimate: -0.1, distribution: .normal(0.2)),
        InputQuantity(name: "Delta", estimate: 0, distribution: .arcsine(halfWidth: 0.5)),
        InputQuantity(
          name: "dalpha", estimate: 0, distribution: .curvilinearTrapezoidal(halfWidth: 1e-6, inexactness: 0.1e-6)),
        InputQuantity(
          name: "dtheta", estimate: 0, distribution: .curvilinearTrapezoidal(halfWidth: 0.050, inexactness: 0.025)),
      ], constants: ["Lnom": 50_000_000])
  }

  /// JCGM 101, 9.5, table 11: 838 nm; GUM u = 32, Monte Carlo u = 36, shortest 99 % interval [745, 932].
  func testGaugeBlock() throws {
    let model = try Self.gaugeBlock()
    XCTAssertEqual(try model.budget(coverage: 0.99).standardUncertainty, 32, accuracy: 0.5)
    let result = try model.monteCarlo(coverage: 0.99, seed: 2, trials: .fixed(1_000_000), threads: 2)
    XCTAssertEqual(result.estimate, 838, accuracy: 0.5)
    XCTAssertEqual(result.standardUncertainty, 36, accuracy: 0.5)
    XCTAssertEqual(result.shortestInterval.lowerBound, 745, accuracy: 2)
    XCTAssertEqual(result.shortestInterval.upperBound, 932, accuracy: 2)
  }

  /// JCGM 101, 9.4: Y = X1² + X2² about zero; with r = 0 the mean is 50·10⁻⁶ and u = 50·10⁻⁶, with r = 0.9 u = 67·10⁻⁶ (2σ²√(1 + r²)),
  /// where the first order gives 0.
  func testComparisonLoss() throws {
    for (r, u) in [(0.0, 50e-6), (0.9, 67.27e-6)] {
      let inputs = ["X1", "X2"].map { InputQuantity(name: $0, estimate: 0, distribution: .normal(0.005)) }
      let model = try MeasurementModel(
        "X1^2 + X2^2", inputs: inputs, correlations: r == 0 ? [] : [InputCorrelation("X1", "X2", r)])
      let budget = try model.budget(coverage: 0.95)
      XCTAssertEqual(budget.standardUncertainty, 0)
      let result = try model.monteCarlo(coverage: 0.95, seed: 4, trials: .fixed(200_000))
      XCTAssertEqual(result.estimate, 50e-6, accuracy: 4 * u / 2e5.squareRoot())
      // The kurtosis of this sum of squares is at most 15, so that of u is √(14/4M).
      XCTAssertEqual(result.standardUncertainty, u, accuracy: 4 * u * (14 / 8e5).squareRoot())
      XCTAssertEqual(result.shortestInterval.lowerBound, 0, accuracy: 1e-7)
      XCTAssertFalse(result.validity(of: budget).isValid)
    }
  }

  /// The adaptive procedure stops with far fewer trials than 10⁶ and within its tolerance of the exact interval.
  func testAdaptiveProcedure() throws {
    let model = try sum([ProbabilityDistribution](repeating: .normal(1), count: 4))
    let result = try model.monteCarlo(coverage: 0.95, seed: 1)
    XCTAssertLessThanOrEqual(result.trials, 333_333)
    // 7.9.2: u = 2.0 has two digits, so δ = 0.05.
    XCTAssertEqual(try XCTUnwrap(result.numericalTolerance), 0.05, accuracy: 1e-15)
    XCTAssertLessThanOrEqual(try XCTUnwrap(result.stability), 0.05)
    XCTAssertEqual(result.symmetricInterval.upperBound, 3.9199, accuracy: 0.1)
    XCTAssertThrowsError(
      try model.monteCarlo(
        coverage: 0.95, seed: 1, trials: .adaptive(significantDigits: 3, maximum: 200_000), sampling: .random)
    ) {
      guard case UncertaintyFault.notStable(trials: 200_000, _, _) = $0 else { return XCTFail("\($0)") }
    }
  }

  func testNumericalToleranceIsHalfOfTheLastDigit() {
    // JCGM 101, 7.9.2, examples: u = 0.35 g gives 0.005; 2 K gives 0.5 for one digit. Powers of ten sit on an edge.
    for (u, digits, expected) in [
      (0.35, 2, 0.005), (2.0, 1, 0.5), (2.0, 2, 0.05), (35.8, 2, 0.5), (1.0, 1, 0.5), (1e-3, 1, 0.5e-3), (9.99, 1, 0.5),
      (1000.0, 2, 50.0), (1e-15, 2, 0.5e-16),
    ] {
      XCTAssertEqual(
        MonteCarloResult.numericalTolerance(of: u, significantDigits: digits), expected, accuracy: 1e-14 * expected)
    }
    XCTAssertEqual(MonteCarloResult.numericalTolerance(of: 0, significantDigits: 2), 0)
  }

  func testSameSeedSameResultAtAnyNumberOfThreads() throws {
    let model = try Self.gaugeBlock()
    let one = try model.monteCarlo(coverage: 0.95, seed: 99)
    for threads in [2, 3, 7] {
      XCTAssertEqual(try model.monteCarlo(coverage: 0.95, seed: 99, threads: threads), one)
    }
    let fixed = try model.monteCarlo(coverage: 0.95, seed: 99, trials: .fixed(25_001))
    XCTAssertEqual(try model.monteCarlo(coverage: 0.95, seed: 99, trials: .fixed(25_001), threads: 2), fixed)
    XCTAssertNotEqual(try model.monteCarlo(coverage: 0.95, seed: 100).estimate, one.estimate)
  }

  /// Every distribution has the mean 0, the standard deviation and the fourth moment of its formula, and stays in its
  /// support.
  func testDistributionsHaveTheirMoments() throws {
    let cases: [(ProbabilityDistribution, kurtosis: Double, support: Double)] = [
      (.normal(2), 3, .infinity), (.rectangular(halfWidth: 2), 1.8, 2), (.triangular(halfWidth: 2), 2.4, 2),
      // Sum of rectangular 1.5 and 0.5: κ = 3 − 1.2 (a⁴ + b⁴)/(a² + b²)².
      (.trapezoidal(halfWidth: 2, topRatio: 0.5), 3 - 1.2 * (1.5 * 1.5 * 1.5 * 1.5 + 0.0625) / (2.5 * 2.5), 2),
      (.arcsine(halfWidth: 2), 1.5, 2),
      // κ = 3 + 6/(ν − 4).
      (.studentT(scale: 1.5, degreesOfFreedom: 12), 3.75, .infinity), (.exponential(mean: 1.5), 9, .infinity),
      (.truncatedNormal(standardDeviation: 1, lower: -8, upper: 8), 3, 8),
      // (1/5)(a⁴ + 2 a² d² + d⁴/5) over the square of the variance, from E(limit²), E(limit⁴) and E((2r − 1)^2k).
      (
        .curvilinearTrapezoidal(halfWidth: 2, inexactness: 0.5),
        (16 + 2 * 4 * 0.25 + 0.0625 / 5) / 5 / ((4.0 / 3 + 0.25 / 9) * (4.0 / 3 + 0.25 / 9)), 2.5
      ),
    ]
    for (i, (distribution, kurtosis, support)) in cases.enumerated() {
      let model = try MeasurementModel(
        "x", inputs: [InputQuantity(name: "x", estimate: 10, distribution: distribution)])
      let run = try model.monteCarlo(coverage: 0.95, seed: UInt64(i), trials: .fixed(200_000))
      let s = distribution.standardDeviation
      XCTAssertEqual(run.estimate, 10, accuracy: 4 * s / 2e5.squareRoot(), "\(distribution)")
      // Standard error of a standard deviation: s √((κ − 1)/4M).
      XCTAssertEqual(
        run.standardUncertainty, s, accuracy: 4 * s * ((kurtosis - 1) / 8e5).squareRoot(), "\(distribution)")
      let all = try model.monteCarlo(coverage: 0.999, seed: UInt64(i), trials: .fixed(200_000))
      XCTAssertLessThanOrEqual(all.symmetricInterval.upperBound, 10 + support, "\(distribution)")
      XCTAssertGreaterThanOrEqual(all.symmetricInterval.lowerBound, 10 - support, "\(distribution)")
      let fourth = try MeasurementModel(
        "(x - 10)^4", inputs: [InputQuantity(name: "x", estimate: 10, distribution: distribution)]
      ).monteCarlo(coverage: 0.95, seed: UInt64(i), trials: .fixed(200_000))
      XCTAssertEqual(
        fourth.estimate / (s * s * s * s), kurtosis,
        accuracy: 5 * fourth.standardUncertainty / 2e5.squareRoot() / (s * s * s * s),
        "\(distribution)")
    }
  }

  /// Truncated normal numbers in each of the three ways of drawing have the mean and deviation of the formula.
  func testTruncatedNormal() throws {
    for (lower, upper) in [(-1.0, 2.0), (0.0, 0.7), (1.0, Double.infinity), (-4.0, -2.0), (2.0, 2.5), (-0.3, 5.0)] {
      let input = try InputQuantity.truncatedNormal(
        name: "x", peak: 0, standardDeviation: 1, from: lower, to: upper)
      let result = try MeasurementModel("x", inputs: [input]).monteCarlo(
        coverage: 0.95, seed: 6, trials: .fixed(400_000))
      let u = input.standardUncertainty
      XCTAssertEqual(result.estimate, input.estimate, accuracy: 4 * u / 4e5.squareRoot(), "\(lower) \(upper)")
      XCTAssertEqual(result.standardUncertainty, u, accuracy: 6 * u / 4e5.squareRoot(), "\(lower) \(upper)")
      XCTAssertGreaterThanOrEqual(result.symmetricInterval.lowerBound, lower)
      XCTAssertLessThanOrEqual(result.symmetricInterval.upperBound, upper)
    }
  }

  /// JCGM 102: a joint normal keeps its correlation, in a linear model exactly that of the first order.
  func testJointDistributionOfLinearModel() throws {
    let inputs = [
      InputQuantity(name: "a", estimate: 1, distribution: .normal(1)),
      InputQuantity(name: "b", estimate: 2, distribution: .normal(2)),
      InputQuantity(name: "c", estimate: 0, distribution: .normal(1)),
    ]
    let model = try MeasurementModel(
      outputs: ["s = a + b + c", "d = a - b"], inputs: inputs,
      correlations: [InputCorrelation("a", "b", 0.6), InputCorrelation("b", "c", -0.3)])
    let joint = try model.jointMonteCarlo(coverage: 0.95, seed: 12, trials: .fixed(200_000))
    let budgets = try model.budgets(coverage: 0.95)
    for (result, budget) in zip(joint.results, budgets) {
      XCTAssertEqual(result.estimate, budget.estimate, accuracy: 9e-3 * budget.standardUncertainty)
      XCTAssertEqual(
        result.standardUncertainty, budget.standardUncertainty, accuracy: 7e-3 * budget.standardUncertainty)
    }
    let correlations = try XCTUnwrap(joint.correlations)
    XCTAssertEqual(correlations[0][1], try model.outputCorrelations()[0][1], accuracy: 9e-3)
    XCTAssertEqual(correlations[1][0], correlations[0][1])
    // JCGM 102, 6.5.2.3: for two normal measurands k_0.95 = 2.45, whatever their correlation. The standard error of the
    // quantile is √(0.95·0.05/M) over the density k exp(−k²/2).
    let density = 2.4477 * Elementary.exp(-2.4477 * 2.4477 / 2)
    XCTAssertEqual(
      try XCTUnwrap(joint.ellipsoidalCoverageFactor), 2.4477, accuracy: 4 * (0.0475 / 2e5).squareRoot() / density)
    let dependent = try MeasurementModel(outputs: ["p = a + b", "q = 2*(a + b)"], inputs: Array(inputs.prefix(2)))
    XCTAssertNil(
      try dependent.jointMonteCarlo(coverage: 0.95, seed: 1, trials: .fixed(5000)).ellipsoidalCoverageFactor)
  }

  /// A joint t: both inputs share one χ², so their squares are correlated although they are not.
  func testJointT() throws {
    let inputs = ["a", "b"].map {
      InputQuantity(name: $0, estimate: 0, distribution: .studentT(scale: 1, degreesOfFreedom: 10))
    }
    let model = try MeasurementModel(
      outputs: ["p = a", "q = a^2", "r = b^2"], inputs: inputs, correlations: [InputCorrelation("a", "b", 1e-12)])
    let joint = try model.jointMonteCarlo(coverage: 0.95, seed: 13, trials: .fixed(200_000))
    XCTAssertEqual(joint.results[0].standardUncertainty, (10.0 / 8).squareRoot(), accuracy: 0.011)
    // Corr(a², b²) = (E w⁻² − (E w⁻¹)²)/(3 E w⁻² − (E w⁻¹)²), w = χ²/ν, E w⁻¹ = ν/(ν−2), E w⁻² = ν²/((ν−2)(ν−4)).
    let first = 10.0 / 8
    let second = 100.0 / (8 * 6)
    XCTAssertEqual(
      try XCTUnwrap(joint.correlations)[1][2], (second - first * first) / (3 * second - first * first), accuracy: 0.06)
  }

  func testImplicitModelIsDrawnLikeItsExplicitSolution() throws {
    let inputs = [InputQuantity(name: "c", estimate: 4, distribution: .normal(0.4))]
    let implicit = try MeasurementModel(implicit: "y^2 = c", solvingFor: "y", from: 1, inputs: inputs)
    let explicit = try MeasurementModel("sqrt(c)", inputs: inputs)
    let a = try implicit.monteCarlo(coverage: 0.95, seed: 3, trials: .fixed(20_000))
    let b = try explicit.monteCarlo(coverage: 0.95, seed: 3, trials: .fixed(20_000))
    XCTAssertEqual(a.estimate, b.estimate, accuracy: 1e-12)
    XCTAssertEqual(a.symmetricInterval.upperBound, b.symmetricInterval.upperBound, accuracy: 1e-12)
  }

  /// The values are those that the result summarises.
  func testValues() throws {
    let model = try Self.gaugeBlock()
    let values = try model.monteCarloValues(trials: 25_001, seed: 99)[0]
    let result = try model.monteCarlo(coverage: 0.95, seed: 99, trials: .fixed(25_001), threads: 2)
    XCTAssertEqual(values.reduce(0, +) / 25_001, result.estimate, accuracy: 1e-6)
    // M = 25 001, q = 23 751, r = 625: JCGM 101, 7.7.2.
    XCTAssertEqual(values.sorted()[624], result.symmetricInterval.lowerBound)
    let pair = try MeasurementModel(
      outputs: ["p = a", "q = 2*a"], inputs: [InputQuantity(name: "a", estimate: 0, distribution: .normal(1))]
    ).monteCarloValues(trials: 10, seed: 1)
    XCTAssertEqual(pair[1], pair[0].map { 2 * $0 })
    XCTAssertThrowsError(
      try MeasurementModel("ln(a)", inputs: [InputQuantity(name: "a", estimate: 1, distribution: .normal(1))])
        .monteCarloValues(trials: 100, seed: 1))
  }

  func testIntervalsOfAKnownSample() {
    // JCGM 101, 7.7.2: M = 1000, p = 0.95: q = 950, r = 25, so the 25th and the 975th value; shortest where it is dense.
    let values = (1...1000).map { Double($0 * $0) }.shuffled(using: &shuffler)
    let intervals = values.withUnsafeBufferPointer { CoverageIntervals($0, coverage: 0.95, shortest: true) }
    XCTAssertEqual(intervals.symmetric, 625...950_625)
    XCTAssertEqual(intervals.shortest, 1...904_401)
    let equal = [Double](repeating: 3, count: 100)
    let none = equal.withUnsafeBufferPointer { CoverageIntervals($0, coverage: 0.95, shortest: true) }
    XCTAssertEqual(none.symmetric, 3...3)
    for sample in [
      [-1e308, 0, 1, 1e308], [-5, 5, -1e-300, 0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude],
      (0..<200).map { $0 == 7 ? 1e300 : Double($0) },
    ] {
      XCTAssertEqual(OrderedTails.sorted(sample), sample.sorted())
      let tails = sample.withUnsafeBufferPointer { OrderedTails($0, count: sample.count - 1) }
      XCTAssertEqual(tails.low, Array(sample.sorted().dropLast()))
      XCTAssertEqual(tails.high, Array(sample.sorted().dropFirst()))
    }
  }

  private var shuffler = RandomStream(seed: 1)

  func testFaultsNameTheInputAndTheReason() throws {
    func fault(_ model: MeasurementModel, p: Double = 0.95, _ trials: MonteCarloTrials = .fixed(10_000))
      -> UncertaintyFault?
    {
      do throws(UncertaintyFault) {
        _ = try model.monteCarlo(coverage: p, seed: 1, trials: trials)
        return nil
      } catch {
        XCTAssertFalse(error.description.isEmpty)
        return error
      }
    }
    let x = InputQuantity(name: "x", estimate: 1, distribution: .normal(1))
    // The model has a value at the estimate, but not everywhere within the distribution.
    guard
      case .undefinedWithinDistribution("y", let values, .undefined("sqrt(x)", let arguments))? =
        fault(try MeasurementModel("sqrt(x)", inputs: [x]))
    else { return XCTFail("a square root of negative draws must be named") }
    XCTAssertEqual(values, arguments)
    XCTAssertLessThan(values[0], 0)
    let step = InputQuantity(name: "x", estimate: 1, distribution: .exact)
    XCTAssertEqual(
      fault(try MeasurementModel("1/(x - 1)", inputs: [step])),
      .model(output: "y", .undefined(operation: "1.0 / (x - 1.0)", arguments: [1, 0])))
    let box = InputQuantity(name: "b", estimate: 1, distribution: .rectangular(halfWidth: 1))
    XCTAssertEqual(
      fault(try MeasurementModel("x + b", inputs: [x, box], correlations: [InputCorrelation("x", "b", 0.5)])),
      .correlatedDistribution(input: "b"))
    let model = try MeasurementModel("x", inputs: [x])
    XCTAssertEqual(fault(model, p: 0), .coverage(0))
    XCTAssertEqual(fault(model, p: .nan)?.description.isEmpty, false)
    XCTAssertNotNil(fault(model, .fixed(10)))
    XCTAssertNotNil(fault(model, p: 0.999, .fixed(10_000)))
    XCTAssertNotNil(fault(model, .fixed(1_000_000_000)))
    // Exponentials of long tails have no variance and no divisor either: the procedure never becomes stable.
    let tails = InputQuantity(name: "x", estimate: 0, distribution: .studentT(scale: 1, degreesOfFreedom: 3))
    let unstable = fault(try MeasurementModel("x^3", inputs: [tails]), .adaptive(maximum: 500_000))
    guard case .notStable? = unstable else {
      return XCTFail("a distribution without variance must not become stable")
    }
    XCTAssertEqual(unstable?.description.contains("the variance may not exist"), true)
  }

  /// A quotient whose divisor has a density at zero has no variance. Every way to draw says so and names the input.
  func testDivisorThroughZeroIsNamedInEveryPath() throws {
    func normal(_ name: String, _ x: Double, _ u: Double) -> InputQuantity {
      InputQuantity(name: name, estimate: x, distribution: .normal(u))
    }
    let cauchy = try MeasurementModel("a/x", inputs: [normal("a", 1, 0.1), normal("x", 1, 1)])
    let expected = UncertaintyFault.divisorThroughZero(output: "y", divisor: "x", inputs: ["x"])
    for attempt in [
      { _ = try cauchy.monteCarlo(coverage: 0.95, seed: 1, trials: .fixed(10_000)) },
      { _ = try cauchy.monteCarlo(coverage: 0.95, seed: 1, trials: .fixed(40_000), sampling: .lattice) },
      { _ = try cauchy.monteCarlo(coverage: 0.95, seed: 1, threads: 2) },
      { _ = try cauchy.monteCarlo(coverage: 0.95, seed: 1, sampling: .random) },
      { _ = try cauchy.jointMonteCarlo(coverage: 0.95, seed: 1) },
      { _ = try cauchy.evaluate(coverage: 0.95, seed: 1) },
      { _ = try cauchy.monteCarloValues(trials: 10_000, seed: 1) },
    ] as [() throws -> Void] {
      XCTAssertThrowsError(try attempt()) { XCTAssertEqual($0 as? UncertaintyFault, expected) }
    }
    XCTAssertTrue(expected.description.contains("passes through zero within the distribution of \"x\""))
    // Zero at the edge of a distribution, twice over zero, a difference, a negative power, a tangent, an equation.
    for (text, inputs, divisor, names) in [
      ("1/x", [InputQuantity(name: "x", estimate: 1, distribution: .rectangular(halfWidth: 1))], "x", ["x"]),
      ("1/x^2", [normal("x", 1, 0.6)], "x^2", ["x"]),
      ("b + 1/(x - a)", [normal("a", 1, 0.4), normal("b", 1e6, 1), normal("x", 2, 0.4)], "x - a", ["a", "x"]),
      ("x^-1.5", [InputQuantity(name: "x", estimate: 1, distribution: .rectangular(halfWidth: 1))], "x", ["x"]),
      ("tan(x)", [normal("x", 1.3, 0.3)], "cos(x)", ["x"]),
    ] as [(String, [InputQuantity], String, [String])] {
      let model = try MeasurementModel(text, inputs: inputs)
      XCTAssertThrowsError(try model.monteCarlo(coverage: 0.95, seed: 2, trials: .fixed(50_000)), text) {
        XCTAssertEqual(
          $0 as? UncertaintyFault, .divisorThroughZero(output: "y", divisor: divisor, inputs: names), text)
      }
    }
    let implicit = try MeasurementModel(
      implicit: "x*y = 1", solvingFor: "y", from: 1,
      inputs: [InputQuantity(name: "x", estimate: 1, distribution: .rectangular(halfWidth: 1.5))])
    XCTAssertThrowsError(try implicit.monteCarlo(coverage: 0.95, seed: 3, trials: .fixed(10_000))) {
      guard case .divisorThroughZero("y", _, ["x"])? = $0 as? UncertaintyFault else { return XCTFail("\($0)") }
    }
    // What stays finite has a distribution: an angle, a parallel circuit, a divisor that is far from zero or always above.
    for (text, inputs) in [
      ("atan(y/x)", [normal("x", 1, 1), normal("y", 1, 1)]),
      (
        "1/(1/a + 1/b)",
        [normal("a", 1, 0.01), InputQuantity(name: "b", estimate: 1, distribution: .rectangular(halfWidth: 1))]
      ),
      ("a/x", [normal("a", 1, 0.1), normal("x", 1, 0.15)]), ("1/exp(x)", [normal("x", 0, 3)]),
    ] as [(String, [InputQuantity])] {
      let result = try MeasurementModel(text, inputs: inputs).monteCarlo(
        coverage: 0.95, seed: 4, trials: .fixed(50_000))
      XCTAssertTrue(result.hasStandardUncertainty, text)
    }
  }

  /// Two and three readings: the mean is t with one and two degrees of freedom, which has no standard deviation but
  /// intervals (JCGM 101, 6.4.9.5). GUM table G.2: t₉₅ = 12.71 and 4.30; t₉₉ = 63.66 and 9.92.
  func testTwoAndThreeReadings() throws {
    for (readings, p, factor) in [
      ([1.0, 3.0], 0.95, 12.706), ([1, 2, 3], 0.95, 4.3027), ([1, 2, 3], 0.99, 9.9248),
    ] {
      let input = try InputQuantity.typeA(name: "x", observations: readings)
      let half = factor * input.standardUncertainty
      let model = try MeasurementModel("x", inputs: [input])
      let fixed = try model.monteCarlo(coverage: p, seed: 6, trials: .fixed(40_000))
      XCTAssertFalse(fixed.hasStandardUncertainty)
      XCTAssertEqual(fixed.estimate, 2, accuracy: 0.04)
      // Four standard errors √(q(1 − q)/M)/density are 13 %, 7 % and 14 % of the ends.
      XCTAssertEqual(fixed.symmetricInterval.lowerBound, 2 - half, accuracy: 0.14 * half)
      XCTAssertEqual(fixed.symmetricInterval.upperBound, 2 + half, accuracy: 0.14 * half)
      // The first order says the same through its coverage factor.
      XCTAssertEqual(try model.budget(coverage: p).expandedUncertainty, half, accuracy: 1e-4 * half)
    }
    let three = try MeasurementModel("x", inputs: [.typeA(name: "x", observations: [1, 2, 3])])
    let adaptive = try three.monteCarlo(coverage: 0.95, seed: 6, trials: .adaptive(significantDigits: 1))
    XCTAssertEqual(adaptive.symmetricInterval.upperBound, 2 + 4.3027 / 3.0.squareRoot(), accuracy: 0.02)
    XCTAssertEqual(adaptive.validity(of: try three.budget(coverage: 0.95), significantDigits: 1).verdict, .valid)
    // Independent and joint: rows observed together share one χ².
    let together = try SimultaneousObservations(names: ["a", "b"], series: [[1, 2, 3], [5, 9, 7]])
    let joint = try MeasurementModel(
      outputs: ["s = a + b", "c = 2"], inputs: together.inputs, correlations: together.correlations
    )
    .jointMonteCarlo(coverage: 0.95, seed: 7, trials: .fixed(50_000))
    XCTAssertNil(joint.correlations)
    XCTAssertNil(joint.ellipsoidalCoverageFactor)
    // The sums of the rows are 6, 11, 10: u = √7/√3.
    XCTAssertEqual(
      joint.results[0].symmetricInterval.upperBound, 9 + 4.3027 * (7.0 / 3).squareRoot(), accuracy: 0.4)
    XCTAssertEqual(joint.results[1].standardUncertainty, 0)
  }
}
