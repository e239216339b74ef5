import EtalonMetrology
import XCTest

final class StatisticsTests: XCTestCase {
  /// NIST StRD, NumAcc4: 10000000.2, then 10000000.1 and 10000000.3 in turn, 1001 values; certified mean 10000000.2,
  /// s = 0.1, r1 = −0.999.
  private let numAcc4 = [10_000_000.2] + (0..<1000).map { $0 % 2 == 0 ? 10_000_000.1 : 10_000_000.3 }

  func testNumAcc4() throws {
    let statistics = try SampleStatistics(numAcc4)
    XCTAssertEqual(statistics.mean, 10_000_000.2, accuracy: 2e-9)
    // The data themselves keep 0.1 to 2⁻²⁹ only; the certified values hold for the decimal ones.
    XCTAssertEqual(statistics.standardDeviation, 0.1, accuracy: 1e-9)
    XCTAssertEqual(try XCTUnwrap(statistics.lag1Autocorrelation), -0.999, accuracy: 1e-9)
    XCTAssertEqual(statistics.minimum, 10_000_000.1)
    XCTAssertEqual(statistics.maximum, 10_000_000.3)
  }

  func testDecimalValuesOfNumAcc4ReachAllCertifiedDigits() throws {
    let literals = ["10000000.2"] + (0..<1000).map { $0 % 2 == 0 ? "10000000.1" : "10000000.3" }
    let statistics = try SampleStatistics(
      precise: literals.map { try XCTUnwrap(DoubleDouble(decimal: $0.utf8)) })
    XCTAssertEqual(statistics.mean, 10_000_000.2)
    XCTAssertEqual(statistics.standardDeviation, 0.1, accuracy: 2e-17)
    XCTAssertEqual(try XCTUnwrap(statistics.lag1Autocorrelation), -0.999, accuracy: 2e-16)
  }

  func testRunningStatisticsOfNumAcc4() throws {
    var running = RunningStatistics()
    for value in numAcc4 { try running.add(value) }
    XCTAssertEqual(running.count, 1001)
    XCTAssertEqual(try XCTUnwrap(running.mean), 10_000_000.2, accuracy: 2e-9)
    XCTAssertEqual(try XCTUnwrap(running.standardDeviation), 0.1, accuracy: 1e-9)
    XCTAssertEqual(try XCTUnwrap(running.standardUncertaintyOfMean), 0.1 / 1001.0.squareRoot(), accuracy: 1e-10)
    XCTAssertEqual(running.degreesOfFreedom, 1000)
  }

  func testMergingIsAsIfTheValuesHadComeInTurn() throws {
    var whole = RunningStatistics()
    var first = RunningStatistics()
    var second = RunningStatistics()
    for (index, value) in numAcc4.enumerated() {
      try whole.add(value)
      if index < 333 { try first.add(value) } else { try second.add(value) }
    }
    first.merge(second)
    first.merge(RunningStatistics())
    XCTAssertEqual(first.count, whole.count)
    XCTAssertEqual(try XCTUnwrap(first.mean), try XCTUnwrap(whole.mean), accuracy: 2e-9)
    XCTAssertEqual(try XCTUnwrap(first.standardDeviation), try XCTUnwrap(whole.standardDeviation), accuracy: 1e-12)
    XCTAssertEqual(first.minimum, whole.minimum)
    var empty = RunningStatistics()
    empty.merge(first)
    XCTAssertEqual(empty, first)
  }

  func testRunningStatisticsRefuseWhatIsNoNumber() throws {
    var running = RunningStatistics()
    XCTAssertNil(running.mean)
    try running.add(1)
    XCTAssertNil(running.standardDeviation)
    XCTAssertThrowsError(try running.add(.nan)) { XCTAssertEqual($0 as? StatisticsFault, .notFinite(index: 1)) }
    XCTAssertEqual(running.count, 1)
    XCTAssertEqual(running.mean, 1)
  }

  func testPooledStandardDeviationOfGUMH5() throws {
    // GUM H.5.2.2: ten days of five observations pool to s_a = 85 µV with forty degrees of freedom.
    let pooled = try PooledStandardDeviation(
      standardDeviations: [60.0, 77, 111, 101, 67, 93, 80, 73, 88, 86], counts: [Int](repeating: 5, count: 10))
    XCTAssertEqual(pooled.standardDeviation, 85, accuracy: 0.5)
    XCTAssertEqual(pooled.degreesOfFreedom, 40)
    XCTAssertEqual(try pooled.standardUncertaintyOfMean(ofFurther: 4), pooled.standardDeviation / 2, accuracy: 1e-12)
  }

  func testPooledFaults() {
    func assertFault(_ expected: StatisticsFault, line: UInt = #line, _ body: () throws -> Void) {
      XCTAssertThrowsError(try body(), line: line) { XCTAssertEqual($0 as? StatisticsFault, expected, line: line) }
    }
    assertFault(.lengthMismatch(expected: 2, received: 1)) {
      _ = try PooledStandardDeviation(standardDeviations: [1.0, 2], counts: [3])
    }
    assertFault(.notPositive(index: 1, value: -2)) {
      _ = try PooledStandardDeviation(standardDeviations: [1.0, -2], counts: [3, 3])
    }
    assertFault(.notPositive(index: 0, value: 0)) {
      _ = try PooledStandardDeviation(standardDeviations: [1.0], counts: [0])
    }
    assertFault(.tooFewValues(needed: 2, received: 1)) {
      _ = try PooledStandardDeviation(standardDeviations: [1.0, 1], counts: [1, 1])
    }
    assertFault(.notFinite(index: 0)) {
      _ = try PooledStandardDeviation(standardDeviations: [Double.nan], counts: [3])
    }
  }

  /// A first-order autoregressive series of unit variance.
  private func autoregressive(_ correlation: Double, count: Int, seed: UInt64) -> [Double] {
    var random = RandomStream(seed: seed)
    var value = 0.0
    var values: [Double] = []
    for _ in 0..<count + 100 {
      // The sum of twelve uniform numbers less 6 has unit variance, which is all that is needed here.
      let noise = (0..<12).reduce(-6.0) { sum, _ in sum + random.uniform() }
      value = correlation * value + (1 - correlation * correlation).squareRoot() * noise
      values.append(value)
    }
    return Array(values.dropFirst(100))
  }

  func testEffectiveSampleSizeOfAnAutoregressiveSeries() throws {
    // n_eff/n = (1 − ρ)/(1 + ρ) for long series (G. V. Bayley and J. M. Hammersley, 1946): 1/9 for ρ = 0.8. The estimate
    // scatters by about 5 % at this length; half a dozen seeds stay within 25 %.
    for seed in 1...6 as ClosedRange<UInt64> {
      let values = autoregressive(0.8, count: 20_000, seed: seed)
      let mean = try AutocorrelatedMean(values)
      XCTAssertEqual(mean.effectiveSampleSize, 20_000 / 9.0, accuracy: 0.25 * 20_000 / 9, "seed \(seed)")
      XCTAssertEqual(mean.standardDeviation, 1, accuracy: 0.1, "seed \(seed)")
      XCTAssertGreaterThan(mean.cutOffLag, 5, "seed \(seed)")
    }
  }

  func testIndependentValuesKeepTheirNumber() throws {
    // One lag in twenty exceeds the 95 % limit by chance; even then hardly anything is lost.
    for seed in 1...6 as ClosedRange<UInt64> {
      let values = autoregressive(0, count: 5000, seed: seed)
      let mean = try AutocorrelatedMean(values)
      XCTAssertGreaterThan(mean.effectiveSampleSize, 4500, "seed \(seed)")
      let plain = try SampleStatistics(values)
      XCTAssertEqual(
        mean.standardUncertainty, plain.standardUncertaintyOfMean, accuracy: 0.06 * plain.standardUncertaintyOfMean)
    }
  }

  func testClaimedUncertaintyOfACorrelatedMeanCoversTheTruth() throws {
    // 400 series of 400 values about 0: about 95 % of the means lie within two claimed standard uncertainties, where s/√n
    // would be too small by a factor of three and cover about half. 88 % allows for four standard deviations of the count
    // (1.1 % each) and the few per cent by which a short series underestimates its correlation.
    var covered = 0
    var coveredIfIndependent = 0
    for seed in 1...400 as ClosedRange<UInt64> {
      let values = autoregressive(0.8, count: 400, seed: 1000 + seed)
      let mean = try AutocorrelatedMean(values)
      if mean.mean.magnitude <= 2 * mean.standardUncertainty { covered += 1 }
      if mean.mean.magnitude <= 2 * (try SampleStatistics(values)).standardUncertaintyOfMean {
        coveredIfIndependent += 1
      }
    }
    XCTAssertGreaterThan(covered, 352)
    XCTAssertLessThan(coveredIfIndependent, 280)
  }

  func testFaultsOfSeries() {
    func assertFault(_ expected: StatisticsFault, line: UInt = #line, _ body: () throws -> Void) {
      XCTAssertThrowsError(try body(), line: line) { XCTAssertEqual($0 as? StatisticsFault, expected, line: line) }
    }
    assertFault(.tooFewValues(needed: 2, received: 0)) { _ = try SampleStatistics([Double]()) }
    assertFault(.tooFewValues(needed: 2, received: 1)) { _ = try SampleStatistics([1.0]) }
    assertFault(.notFinite(index: 1)) { _ = try SampleStatistics([1, Double.nan, 2]) }
    assertFault(.notFinite(index: 2)) { _ = try SampleStatistics([1, 2, Double.infinity]) }
    assertFault(.overflow) { _ = try SampleStatistics([1e200, -1e200]) }
    assertFault(.tooFewValues(needed: 8, received: 3)) { _ = try AutocorrelatedMean([1.0, 2, 3]) }
  }

  func testEqualValuesHaveNoAutocorrelation() throws {
    let statistics = try SampleStatistics([3.0, 3, 3])
    XCTAssertEqual(statistics.standardDeviation, 0)
    XCTAssertNil(statistics.lag1Autocorrelation)
    XCTAssertEqual(try AutocorrelatedMean([Double](repeating: 3, count: 9)).standardUncertainty, 0)
  }

  func testDecimalTextIsKeptBeyondADouble() throws {
    let value = try XCTUnwrap(DoubleDouble(decimal: "1000000000000.4".utf8))
    // 10¹³ times the fraction is 4·10¹² exactly; a Double would hold 0.4000244140625.
    let fraction = value - 1_000_000_000_000.0
    XCTAssertEqual(fraction.doubleValue, 0.4, accuracy: 1e-18)
    XCTAssertEqual(try XCTUnwrap(DoubleDouble(decimal: "-.5E-3".utf8)).doubleValue, -0.0005)
    XCTAssertEqual(try XCTUnwrap(DoubleDouble(decimal: "12.".utf8)).doubleValue, 12)
    XCTAssertEqual(try XCTUnwrap(DoubleDouble(decimal: "0e-400".utf8)).doubleValue, 0)
    for text in ["", ".", "-", "1e", "1e+", "e5", "1.2.3", "1,2", "nan", "inf", "0x10", "1e99999", "1e400", "1 "] {
      XCTAssertNil(DoubleDouble(decimal: text.utf8), text)
    }
  }
}
