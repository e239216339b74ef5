import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

/// Drawing through a randomly shifted lattice: the same distributions, with fewer draws.
final class MonteCarloLatticeTests: XCTestCase {
  /// JCGM 101, 9.5, table 11: shortest 99 % interval [745, 932], u = 36. Random numbers need 590 000 draws and more for
  /// two stable digits at this probability; the default, the lattice, less than a third of 10⁶.
  func testGaugeBlockNeedsFewerDraws() throws {
    let model = try MonteCarloTests.gaugeBlock()
    for seed in [1, 2] as [UInt64] {
      let result = try model.monteCarlo(coverage: 0.99, seed: seed, threads: 2)
      XCTAssertLessThanOrEqual(result.trials, 333_333)
      XCTAssertLessThanOrEqual(try XCTUnwrap(result.stability), 0.5)
      XCTAssertEqual(result.estimate, 838, accuracy: 0.1)
      XCTAssertEqual(result.standardUncertainty, 36, accuracy: 0.5)
      XCTAssertEqual(result.shortestInterval.lowerBound, 745, accuracy: 2)
      XCTAssertEqual(result.shortestInterval.upperBound, 932, accuracy: 2)
    }
  }

  /// JCGM 101, 9.2.3: u = 2 and ±3.88 from four rectangular inputs, closer than as many random draws come.
  func testAdditiveRectangular() throws {
    let names = ["a", "b", "c", "d"]
    let model = try MeasurementModel(
      "a + b + c + d",
      inputs: names.map {
        InputQuantity(name: $0, estimate: 0, distribution: .rectangular(halfWidth: 3.0.squareRoot()))
      })
    let result = try model.monteCarlo(coverage: 0.95, seed: 1)
    XCTAssertLessThanOrEqual(result.trials, 333_333)
    XCTAssertEqual(result.estimate, 0, accuracy: 1e-3)
    XCTAssertEqual(result.standardUncertainty, 2, accuracy: 2e-3)
    XCTAssertEqual(result.symmetricInterval.lowerBound, -3.8794, accuracy: 0.016)
    XCTAssertEqual(result.symmetricInterval.upperBound, 3.8794, accuracy: 0.016)
    let threads = try model.monteCarlo(coverage: 0.95, seed: 1, sampling: .lattice, threads: 3)
    XCTAssertEqual(threads, result)
  }

  /// Each input alone has the mean and the standard deviation of its formula; a lattice leaves errors of order 1/N².
  func testDistributionsHaveTheirMoments() throws {
    for distribution in [
      ProbabilityDistribution.normal(2), .rectangular(halfWidth: 2), .triangular(halfWidth: 2), .arcsine(halfWidth: 2),
      .trapezoidal(halfWidth: 2, topRatio: 0.5), .curvilinearTrapezoidal(halfWidth: 2, inexactness: 0.5),
      .exponential(mean: 1.5), .studentT(scale: 1.5, degreesOfFreedom: 12),
    ] {
      let model = try MeasurementModel(
        "x", inputs: [InputQuantity(name: "x", estimate: 10, distribution: distribution)])
      let run = try model.monteCarlo(coverage: 0.95, seed: 5, trials: .fixed(65_536), sampling: .lattice)
      let s = distribution.standardDeviation
      XCTAssertEqual(run.estimate, 10, accuracy: 1e-3 * s, "\(distribution)")
      XCTAssertEqual(run.standardUncertainty, s, accuracy: 3e-3 * s, "\(distribution)")
    }
  }

  /// The quick quantiles against the exact ones.
  func testQuantileTables() throws {
    let probabilities = [1e-15, 1e-9, 1e-4, 0.003, 0.07, 0.2, 0.4, 0.5, 0.51, 0.8, 0.93, 0.999, 1 - 1e-9]
    for p in probabilities {
      let exact = try NormalDistribution.standard.quantile(p)
      // AS 241, PPND7: about one part in 10⁷.
      XCTAssertEqual(QuantileTable.normal(p), exact, accuracy: 3e-7 * max(1, abs(exact)), "\(p)")
      for dof in [2.5, 5, 18, 100] {
        let table = try QuantileTable(degreesOfFreedom: dof)
        let exact = try StudentT(degreesOfFreedom: dof).quantile(p)
        XCTAssertEqual(table(p), exact, accuracy: 1e-5 * max(1, abs(exact)), "\(p) \(dof)")
      }
    }
  }

  /// Correlated and truncated inputs stay random beside a lattice, and keep what they are.
  func testInputsThatStayRandom() throws {
    let model = try MeasurementModel(
      outputs: ["s = a + b", "d = a - b", "t = c + e"],
      inputs: [
        InputQuantity(name: "a", estimate: 0, distribution: .normal(1)),
        InputQuantity(name: "b", estimate: 0, distribution: .normal(1)),
        try .truncatedNormal(name: "c", peak: 0, standardDeviation: 1, from: 0, to: 3),
        InputQuantity(name: "e", estimate: 1, distribution: .exact),
      ], correlations: [InputCorrelation("a", "b", 0.5)])
    let joint = try model.jointMonteCarlo(coverage: 0.95, seed: 9, trials: .fixed(131_072), sampling: .lattice)
    let budgets = try model.budgets(coverage: 0.95)
    for (result, budget) in zip(joint.results, budgets) {
      // Four standard errors of the mean and of a standard deviation.
      XCTAssertEqual(result.estimate, budget.estimate, accuracy: 0.0111 * budget.standardUncertainty)
      XCTAssertEqual(
        result.standardUncertainty, budget.standardUncertainty, accuracy: 0.0095 * budget.standardUncertainty)
    }
  }
}
