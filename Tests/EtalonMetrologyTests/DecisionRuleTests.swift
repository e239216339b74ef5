import EtalonMetrology
import XCTest

/// Guard bands, specific and global risks against published values.
final class DecisionRuleTests: XCTestCase {
  /// The published formulas at test uncertainty ratios 1.5 to 4: RSS, 95 % test, NCSLI RP-10, and Dobbert's managed risk
  /// (NCSLI Measure 3(4) (2008) 44).
  func testGuardBandMultipliers() throws {
    let ratios = [1.5, 2, 2.5, 3, 4]
    let expected: [(DecisionRule, [Double])] = [
      (
        .rootSumOfSquares,
        [0.7453559924999299, 0.8660254037844386, 0.916515138991168, 0.9428090415820634, 0.9682458365518543]
      ),
      (.ninetyFivePercent, [0.33333333333333337, 0.5, 0.6, 0.6666666666666667, 0.75]),
      (.rp10, [0.5833333333333334, 0.75, 0.85, 0.9166666666666667, 1.0]),
      (
        .managedRisk,
        [0.7598817960047097, 0.8591773459999559, 0.9141856345435068, 0.9482272419968958, 0.9867196754925653]
      ),
    ]
    for (rule, values) in expected {
      for (ratio, value) in zip(ratios, values) {
        XCTAssertEqual(
          try rule.acceptanceFraction(testUncertaintyRatio: ratio), value, accuracy: 1e-14, "\(rule) \(ratio)")
      }
    }
    // More than the tolerance is never accepted.
    XCTAssertEqual(try DecisionRule.rp10.acceptanceFraction(testUncertaintyRatio: 10), 1)
    XCTAssertEqual(try DecisionRule.managedRisk.acceptanceFraction(testUncertaintyRatio: 10), 1)
    XCTAssertThrowsError(try DecisionRule.rootSumOfSquares.acceptanceFraction(testUncertaintyRatio: 0.9))
    XCTAssertThrowsError(try DecisionRule.ninetyFivePercent.acceptanceFraction(testUncertaintyRatio: 0.99))
    XCTAssertThrowsError(try DecisionRule.simpleAcceptance.acceptanceFraction(testUncertaintyRatio: 0))
  }

  /// ILAC-G8:09/2019, table 1: with w = U the specific false accept at the acceptance limit is below 2.5 %, with
  /// w = 1.65 u (ISO 14253-1) 5 %, without guard band 50 %; the tolerance is wide against the uncertainty.
  func testSpecificRiskAtTheAcceptanceLimit() throws {
    let tolerance = try ToleranceInterval(lower: -10, upper: 10)
    let rows: [(DecisionRule, Double)] = [
      (.expandedUncertainty, 0.022750131948179), (.iso14253, 0.049471468033648), (.simpleAcceptance, 0.5),
    ]
    for (rule, risk) in rows {
      let acceptance = try rule.acceptance(standardUncertainty: 0.5, tolerance: tolerance)
      let atLimit = try ConformityAssessment(
        measuredValue: acceptance.upper, standardUncertainty: 0.5, tolerance: tolerance)
      XCTAssertEqual(atLimit.nonconformanceProbability, risk, accuracy: 1e-13)
      XCTAssertEqual(try atLimit.verdict(rule), .pass)
    }
  }

  func testVerdicts() throws {
    let tolerance = try ToleranceInterval(lower: 0, upper: 10)
    let rows: [(Double, ConformityVerdict)] = [
      (5, .pass), (8, .pass), (8.01, .conditionalPass), (10, .conditionalPass), (10.01, .conditionalFail),
      (12, .conditionalFail), (12.01, .fail), (-2.5, .fail), (0.5, .conditionalPass),
    ]
    for (value, verdict) in rows {
      let assessment = try ConformityAssessment(measuredValue: value, standardUncertainty: 1, tolerance: tolerance)
      XCTAssertEqual(try assessment.verdict(.expandedUncertainty), verdict, "\(value)")
    }
    let relaxed = try ConformityAssessment(measuredValue: 10.5, standardUncertainty: 1, tolerance: tolerance)
    XCTAssertEqual(try relaxed.verdict(.multiple(-1)), .pass)
    XCTAssertEqual(try relaxed.verdict(.simpleAcceptance), .fail)
    // One limit: only that side counts.
    let upper = try ToleranceInterval(upper: 10)
    let far = try ConformityAssessment(measuredValue: -1000, standardUncertainty: 1, tolerance: upper)
    XCTAssertEqual(try far.verdict(.expandedUncertainty), .pass)
    XCTAssertThrowsError(try far.verdict(.rootSumOfSquares))
  }

  /// Draft NCSLI RP-19: global false accept, unconditional and conditional, at a ratio of 4 between the standard deviations
  /// of process and test; printed to 1e-8 percent.
  func testGlobalRiskTable() throws {
    let tolerance = try ToleranceInterval(lower: -1, upper: 1)
    let rows: [(Double, Double, Double)] = [
      (0.6, 4.83860326, 8.26008199), (0.7, 3.92234109, 5.72322042), (0.8, 2.85583037, 3.63227145),
      (0.9, 1.59995312, 1.7988043), (0.95, 0.87100925, 0.92389664), (0.99, 0.19991684, 0.20243866),
    ]
    for (probability, accept, conditional) in rows {
      let sigma = 1 / (try NormalDistribution.coverageFactor(probability: probability))
      let risk = try ConformityRisk(
        process: NormalDistribution(mean: 0, standardDeviation: sigma), tolerance: tolerance, acceptance: tolerance,
        standardUncertainty: sigma / 4)
      XCTAssertEqual(100 * (try risk.falseAccept()), accept, accuracy: 1e-5)
      XCTAssertEqual(100 * (try risk.conditionalFalseAccept()), conditional, accuracy: 1e-5)
      XCTAssertEqual(risk.nonconforming, 1 - probability, accuracy: 1e-14)
      // All items are accepted or rejected, rightly or wrongly.
      let accepted = try risk.acceptProbability()
      XCTAssertEqual(
        accepted - (try risk.falseAccept()) + (try risk.falseReject()), probability, accuracy: 1e-12)
    }
  }

  /// D. Deaver, "How to maintain your confidence", pages 7 and 10: a tolerance of two process standard deviations measured
  /// at 4:1 accepts 0.8 % falsely; at 2:1 with a guard band of 91 % again 0.8 %.
  func testDeaver() throws {
    for (limit, ratio, multiplier, accept) in [(2.0, 4.0, 1.0, 0.008), (2, 2, 0.91, 0.008), (2.5, 4, 1, 0.0024)] {
      let risk = try ConformityRisk(
        process: NormalDistribution.standard, tolerance: ToleranceInterval(lower: -limit, upper: limit),
        acceptance: ToleranceInterval(lower: -limit * multiplier, upper: limit * multiplier),
        standardUncertainty: 1 / ratio)
      XCTAssertEqual(try risk.falseAccept(), accept, accuracy: 1e-4)
    }
  }

  /// JCGM 106:2012, 9.5.4: bearings with a gamma distribution (shape 4, scale 1/4 µm). P(Y > 2 µm) is the closed form
  /// e⁻⁸ (1 + 8 + 32 + 256/3). The guard band found for a target gives back the target.
  func testGammaProcess() throws {
    let process = try GammaDistribution(shape: 4, scale: 0.25)
    let tolerance = try ToleranceInterval(upper: 2)
    let closed = Elementary.exp(-8) * (1 + 8 + 32 + 256.0 / 3)
    XCTAssertEqual(process.upperTail(2), closed, accuracy: 1e-15)
    let w = try ConformityRisk.guardBand(
      falseAccept: 0.001, process: process, tolerance: tolerance, standardUncertainty: 0.25)
    XCTAssertGreaterThan(w, 0)
    let guarded = try ConformityRisk(
      process: process, tolerance: tolerance, acceptance: tolerance.guarded(by: w), standardUncertainty: 0.25)
    XCTAssertEqual(try guarded.falseAccept(), 0.001, accuracy: 1e-12)
    XCTAssertThrowsError(
      try ConformityRisk.guardBand(
        falseAccept: 0.5, process: process, tolerance: tolerance, standardUncertainty: 0.25))
  }

  /// A wide prior leaves the likelihood alone: the conformance probability becomes that of the normal distribution.
  func testBayesWithoutKnowledge() throws {
    let tolerance = try ToleranceInterval(upper: 10)
    let risk = try ConformityRisk(
      process: RectangularDistribution(lower: -1000, upper: 1000), tolerance: tolerance, acceptance: tolerance,
      standardUncertainty: 1)
    let assessment = try ConformityAssessment(measuredValue: 11, standardUncertainty: 1, tolerance: tolerance)
    XCTAssertEqual(try risk.conformance(measured: 11), assessment.conformanceProbability, accuracy: 1e-12)
    // Two normal distributions multiply to a normal one: prior N(0, 1), measured 2 with u = 1 gives N(1, ½).
    let normal = try ConformityRisk(
      process: NormalDistribution.standard, tolerance: ToleranceInterval(upper: 1), acceptance: tolerance,
      standardUncertainty: 1)
    XCTAssertEqual(try normal.conformance(measured: 2), 0.5, accuracy: 1e-12)
  }

  func testCapabilityAndRatios() throws {
    let tolerance = try ToleranceInterval(lower: 9, upper: 11)
    let assessment = try ConformityAssessment(measuredValue: 10.5, standardUncertainty: 0.4, tolerance: tolerance)
    XCTAssertEqual(assessment.capabilityIndex, 0.5 / 1.2, accuracy: 1e-15)
    XCTAssertEqual(assessment.testUncertaintyRatio, 1.25, accuracy: 1e-15)
    XCTAssertEqual(assessment.measurementCapabilityIndex, 1.25, accuracy: 1e-15)
    XCTAssertEqual(assessment.conformanceProbability + assessment.nonconformanceProbability, 1, accuracy: 1e-15)
  }

  func testFaults() throws {
    XCTAssertThrowsError(try ToleranceInterval(lower: 2, upper: 1)) { error in
      XCTAssertEqual(error as? DecisionFault, .tolerance(lower: 2, upper: 1))
    }
    XCTAssertThrowsError(try ToleranceInterval())
    XCTAssertThrowsError(try ToleranceInterval(lower: .nan, upper: 1))
    let tolerance = try ToleranceInterval(lower: -1, upper: 1)
    XCTAssertThrowsError(try tolerance.guarded(by: 1)) { error in
      XCTAssertEqual(error as? DecisionFault, .noAcceptance(guardBand: 1, lower: -1, upper: 1))
    }
    for u in [0, -1, Double.nan, .infinity] {
      XCTAssertThrowsError(try ConformityAssessment(measuredValue: 0, standardUncertainty: u, tolerance: tolerance))
      XCTAssertThrowsError(try DecisionRule.expandedUncertainty.guardBand(standardUncertainty: u, tolerance: tolerance))
      XCTAssertThrowsError(
        try ConformityRisk(
          process: NormalDistribution.standard, tolerance: tolerance, acceptance: tolerance, standardUncertainty: u))
    }
    // So far out that nothing is accepted, or rejected, and no share exists.
    let accepted = try ToleranceInterval(lower: 900, upper: 901)
    let far = try ConformityRisk(
      process: NormalDistribution.standard, tolerance: accepted, acceptance: accepted, standardUncertainty: 0.01)
    XCTAssertThrowsError(try far.conditionalFalseAccept()) { XCTAssertEqual($0 as? DecisionFault, .nothingAccepted) }
    XCTAssertThrowsError(try far.conformance(measured: 900)) {
      XCTAssertEqual($0 as? DecisionFault, .excludedByPopulation(measured: 900))
    }
    let wide = try ToleranceInterval(lower: -900, upper: 900)
    let all = try ConformityRisk(
      process: NormalDistribution.standard, tolerance: wide, acceptance: wide, standardUncertainty: 0.01)
    XCTAssertThrowsError(try all.conditionalFalseReject()) { XCTAssertEqual($0 as? DecisionFault, .nothingRejected) }
    XCTAssertThrowsError(try ConformityAssessment(measuredValue: .nan, standardUncertainty: 1, tolerance: tolerance))
    XCTAssertThrowsError(try GammaDistribution(shape: 0, scale: 1))
    XCTAssertThrowsError(try RectangularDistribution(lower: 1, upper: 1))
    XCTAssertThrowsError(try LogNormalDistribution(logMean: 0, logStandardDeviation: 0))
  }

  func testQuadrature() throws {
    XCTAssertEqual(try Quadrature.integrate(from: 0, to: 1) { Elementary.exp($0) }, 1.718281828459045, accuracy: 1e-14)
    XCTAssertEqual(try Quadrature.integrate(from: 1, to: 0) { $0 }, -0.5, accuracy: 1e-15)
    let kink = try Quadrature.integrate(from: 0, to: 1) { abs($0 - 1.0 / 3) }
    XCTAssertEqual(kink, 5.0 / 18, accuracy: 1e-12)
    // Breakpoints in any order, also outside; the requested error holds backwards as well.
    let edges: InlineArray<4, Double> = [0.7, -3, 0.2, 9]
    for (from, to, sign) in [(0.0, 1.0, 1.0), (1.0, 0.0, -1.0)] {
      let steps = try Quadrature.integrate(from: from, to: to, breakpoints: edges.span) {
        $0 < 0.2 ? 1 : $0 < 0.7 ? 2 : 3
      }
      XCTAssertEqual(steps, sign * 2.1, accuracy: 1e-14)
    }
    // 200 periods need far more intervals than there is room for at once; ∫ sin² over whole periods is half the range.
    let waves = try Quadrature.integrate(from: 0, to: 1, absoluteError: 1e-10) {
      let s = Elementary.sin(200 * Double.pi * $0)
      return s * s * (1 + $0)
    }
    XCTAssertEqual(waves, 0.75, accuracy: 1e-10)
    XCTAssertThrowsError(try Quadrature.integrate(from: 0, to: 1) { $0 < 1e-300 ? 1e300 : 1 / $0 }) {
      guard case .noConvergence? = $0 as? Quadrature.Fault else { return XCTFail("\($0)") }
    }
    XCTAssertThrowsError(try Quadrature.integrate(from: 0, to: 1) { _ in .nan })
    XCTAssertThrowsError(try Quadrature.integrate(from: 0, to: .infinity) { $0 })
  }
}
