import EtalonMetrology
import XCTest

/// Special functions and distributions against 18 digits computed by mpmath 1.3.0 with 60 digits, and against the tables
/// that metrologists use. Relative tolerances are those of the docstrings.
final class SpecialFunctionTests: XCTestCase {
  private func assert(_ value: Double, _ expected: Double, relative: Double, line: UInt = #line) {
    XCTAssertLessThanOrEqual(
      abs(value - expected), relative * abs(expected), "\(value), expected \(expected)", line: line)
  }

  func testLogarithmOfGamma() throws {
    let rows: [(Double, Double)] = [
      (0.5, 0.57236494292470008707), (1.007603747302461, -0.0043416247530599222743),
      (1.5, -0.12078223763524522235), (2.000001, 4.227846576245292362e-7), (3.25, 0.93580193110872535826),
      (7.9, 8.3242658680088096349), (100.5, 361.43554046777762156), (1_000_000, 12815504.56914761166),
    ]
    for (x, expected) in rows { assert(try SpecialFunctions.lnGamma(x), expected, relative: 1e-14) }
    XCTAssertEqual(try SpecialFunctions.lnGamma(1), 0)
    XCTAssertEqual(try SpecialFunctions.lnGamma(2), 0)
  }

  func testIncompleteGamma() throws {
    let rows: [(a: Double, x: Double, lower: Double, upper: Double)] = [
      (0.5, 0.1, 0.34527915398142298, 0.65472084601857702), (2.5, 4, 0.843764372422277673, 0.156235627577722327),
      (50, 30, 0.000518891462548034293, 0.999481108537451966),
      (770, 949, 0.99999999913386692, 8.66133080154998811e-10),
    ]
    for row in rows {
      let pair = try SpecialFunctions.incompleteGamma(row.a, row.x)
      assert(pair.lower, row.lower, relative: 1e-13)
      assert(pair.upper, row.upper, relative: 1e-13)
    }
  }

  func testNormal() throws {
    let rows: [(Double, Double)] = [
      (-30, 4.90671392714818706e-198), (-8, 6.22096057427178412e-16), (-1, 0.158655253931457051),
      (0.5, 0.691462461274013104), (3, 0.998650101968369905),
    ]
    for (z, p) in rows {
      assert(NormalDistribution.standard.cumulative(z), p, relative: 2e-13)
      if p < 0.99 { assert(try NormalDistribution.standard.quantile(p), z, relative: 1e-14) }
    }
    // JCGM 100:2008, table G.1.
    XCTAssertEqual(try NormalDistribution.coverageFactor(probability: 0.95), 1.960, accuracy: 5e-4)
    XCTAssertEqual(try NormalDistribution.coverageFactor(probability: 0.9973), 3.000, accuracy: 5e-4)
    let shifted = try NormalDistribution(mean: 10, standardDeviation: 0.4)
    assert(shifted.cumulative(9.6), 0.158655253931457051, relative: 1e-13)
    assert(shifted.upperTail(10.4), 0.158655253931457051, relative: 1e-13)
  }

  func testStudentT() throws {
    let rows: [(Double, Double, Double)] = [
      (1, -1, 0.25), (2.7, -3.5, 0.0232628024609706623), (10, 1.5, 0.91774633677727991),
      (4000, -2, 0.02278388030576007), (20_000, -2, 0.022756880979249971),
    ]
    for (degrees, t, p) in rows {
      let distribution = try StudentT(degreesOfFreedom: degrees)
      assert(distribution.cumulative(t), p, relative: 1e-12)
      assert(try distribution.quantile(p), t, relative: 1e-12)
    }
    // JCGM 100:2008, table G.2, printed to two decimals.
    let table: [(Double, Double, Double)] = [
      (1, 0.9545, 13.97), (5, 0.99, 4.03), (10, 0.9545, 2.28), (10, 0.95, 2.23), (50, 0.9973, 3.16),
      (.infinity, 0.95, 1.96), (.infinity, 0.9545, 2.000),
    ]
    for (degrees, p, k) in table {
      XCTAssertEqual(
        try StudentT(degreesOfFreedom: degrees).coverageFactor(probability: p), k, accuracy: 0.0051, "\(degrees) \(p)")
    }
  }

  /// The density is the derivative of the cumulative probability.
  func testDensityIsTheSlope() throws {
    let h = 1e-5
    for degrees in [0.7, 3, 12.5, 300, 8000] {
      let t = try StudentT(degreesOfFreedom: degrees)
      let chi = try ChiSquare(degreesOfFreedom: degrees)
      let f = try FDistribution(numerator: degrees, denominator: 7)
      for x in [0.3, 1.1, 2.5] {
        assert(t.density(x), (t.cumulative(x + h) - t.cumulative(x - h)) / (2 * h), relative: 1e-8)
        assert(f.density(x), (f.cumulative(x + h) - f.cumulative(x - h)) / (2 * h), relative: 1e-7)
        let y = degrees * (0.9 + 0.05 * x)
        let step = h * y
        assert(chi.density(y), (chi.cumulative(y + step) - chi.cumulative(y - step)) / (2 * step), relative: 1e-5)
      }
    }
  }

  func testChiSquareAndF() throws {
    let rows: [(Double, Double, Double)] = [
      (1, 3.841458820694124, 0.949999999999999943), (7.5, 2, 0.027799164855620114), (100, 140, 0.994859497541494106),
    ]
    for (degrees, x, p) in rows {
      let chi = try ChiSquare(degreesOfFreedom: degrees)
      assert(chi.cumulative(x), p, relative: 1e-12)
      assert(try chi.quantile(p), x, relative: 1e-12)
    }
    let fRows: [(Double, Double, Double, Double)] = [
      (3, 12, 2.5, 0.890845287604993718), (1.5, 200, 0.1, 0.150866699791336267), (40, 60, 3, 0.9999412903660466),
    ]
    for (m, n, x, p) in fRows {
      let f = try FDistribution(numerator: m, denominator: n)
      assert(f.cumulative(x), p, relative: 1e-12)
      assert(try f.quantile(p), x, relative: 1e-11)
    }
    // NIST/SEMATECH e-Handbook, 1.3.6.7.4 and 1.3.6.7.3, three decimals.
    XCTAssertEqual(try ChiSquare(degreesOfFreedom: 10).quantile(0.95), 18.307, accuracy: 5e-4)
    XCTAssertEqual(try ChiSquare(degreesOfFreedom: 30).quantile(0.05), 18.493, accuracy: 5e-4)
    XCTAssertEqual(try FDistribution(numerator: 3, denominator: 12).quantile(0.95), 3.490, accuracy: 5e-4)
    // An infinite denominator leaves a chi-squared over its degrees of freedom.
    assert(
      try FDistribution(numerator: 10, denominator: .infinity).quantile(0.95),
      try ChiSquare(degreesOfFreedom: 10).quantile(0.95) / 10, relative: 1e-13)
  }

  func testFaults() {
    func fault<T>(_ body: () throws(DistributionFault) -> T) -> DistributionFault? {
      do {
        _ = try body()
        return nil
      } catch {
        return error
      }
    }
    XCTAssertEqual(fault { () throws(DistributionFault) in try StudentT(degreesOfFreedom: 0) }, .degreesOfFreedom(0))
    XCTAssertEqual(
      fault { () throws(DistributionFault) in try ChiSquare(degreesOfFreedom: .infinity) }, .degreesOfFreedom(.infinity)
    )
    XCTAssertEqual(
      fault { () throws(DistributionFault) in try NormalDistribution(mean: 0, standardDeviation: -1) },
      .standardDeviation(-1))
    XCTAssertEqual(
      fault { () throws(DistributionFault) in try NormalDistribution.standard.quantile(1) }, .probability(1))
    XCTAssertEqual(fault { () throws(DistributionFault) in try SpecialFunctions.lnGamma(0) }, .argument(0))
    XCTAssertEqual(
      fault { () throws(DistributionFault) in try FDistribution(numerator: 2, denominator: -3) }, .degreesOfFreedom(-3))
    XCTAssertNotNil(fault { () throws(DistributionFault) in try StudentT(degreesOfFreedom: .nan) })
    XCTAssertNotNil(fault { () throws(DistributionFault) in try NormalDistribution.standard.quantile(.nan) })
  }
}
