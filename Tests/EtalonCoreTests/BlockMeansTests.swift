import EtalonCore
import EtalonMetrology
import XCTest

final class BlockMeansTests: XCTestCase {
  private func pair(_ tick: Int, _ reference: Double, _ indication: Double, _ quality: ReadingQuality = []) -> Pair {
    Pair(
      instant: Instant(nanoseconds: Int64(tick) * 1_000_000_000), reference: reference, indication: indication,
      raw: indication / 200, quality: quality, tick: UInt32(tick))
  }

  func testMeansOfEveryColumn() throws {
    var means = try BlockMeans(samples: 6, blocks: 3)
    // Differences 1, 3 | 5, 7 | 3, 5: block means 2, 6, 4.
    for (tick, difference) in [1.0, 3, 5, 7, 3, 5].enumerated() {
      XCTAssertNil(means.result(.difference))
      XCTAssertFalse(means.isComplete)
      means.add(pair(tick, 20, 20 + difference))
    }
    XCTAssertTrue(means.isComplete)
    XCTAssertEqual(means.mean(of: .difference, block: 1), 6)
    let result = try XCTUnwrap(means.result(.difference))
    XCTAssertEqual(result.mean, 4, accuracy: 1e-12)
    XCTAssertEqual(result.standardDeviation, 2, accuracy: 1e-12)
    XCTAssertEqual(result.standardUncertainty, 2 / 3.0.squareRoot(), accuracy: 1e-12)
    XCTAssertEqual(result.degreesOfFreedom, 2)
    XCTAssertFalse(result.isInflated)
    XCTAssertEqual(try XCTUnwrap(means.result(.reference)).mean, 20)
    XCTAssertEqual(try XCTUnwrap(means.result(.reference)).standardUncertainty, 0)
    XCTAssertEqual(try XCTUnwrap(means.result(.indication)).mean, 24, accuracy: 1e-12)
    XCTAssertEqual(try XCTUnwrap(means.result(.raw)).mean, 0.12, accuracy: 1e-15)
  }

  func testUnusablePairsTakeTheirPlaceAndEnterNoMean() throws {
    var means = try BlockMeans(samples: 4, blocks: 2)
    means.add(pair(0, 0, 1))
    means.add(pair(1, 0, 100, .outlier))
    means.add(pair(2, 0, 3))
    means.add(pair(3, 0, 3))
    XCTAssertEqual(means.unusable, 1)
    XCTAssertEqual(means.mean(of: .difference, block: 0), 1)
    XCTAssertEqual(try XCTUnwrap(means.result(.difference)).mean, 2)
    // A block without any value gives no result rather than a wrong one.
    var empty = try BlockMeans(samples: 4, blocks: 2)
    empty.add(pair(0, 0, 1))
    empty.add(pair(1, 0, 1))
    empty.add(pair(2, .nan, 1, .missing))
    empty.add(pair(3, 0, 1, .skewed))
    XCTAssertNil(empty.result(.difference))
  }

  /// Correlation time 5 samples: the intervals from blocks of 12 cover, those from the single samples do not.
  func testCoverageWithCorrelatedSamplesAndNegativeControl() throws {
    let runs = 400
    var covered = 0
    var naive = 0
    for seed in 1...runs {
      var random = RandomStream(seed: UInt64(seed), stream: 4)
      var noise = CalibrationScenario.Wander(0.01, time: 5, &random)
      var means = try BlockMeans(samples: 240, blocks: 20)
      var sum = 0.0
      var squares = 0.0
      for tick in 0..<240 {
        let value = noise.next(&random)
        means.add(pair(tick, 25, 25 + value))
        sum += value
        squares += value * value
      }
      let result = try XCTUnwrap(means.result(.difference))
      // Student's t for 95 % at 19 degrees of freedom (GUM table G.2), larger where blocks were found correlated.
      let k = result.degreesOfFreedom >= 18.9 ? 2.093 : 2.093 + 12 / (result.degreesOfFreedom * 10)
      if result.mean.magnitude <= k * result.standardUncertainty { covered += 1 }
      let mean = sum / 240
      let single = ((squares / 240 - mean * mean) / 239).squareRoot()
      if mean.magnitude <= 1.96 * single { naive += 1 }
    }
    // Blocks of 12 keep a correlation of 0.25 between neighbours, which the test finds only when it is significant.
    XCTAssertGreaterThan(Double(covered) / Double(runs), 0.88)
    XCTAssertLessThan(Double(naive) / Double(runs), 0.60)
  }

  func testStronglyCorrelatedBlocksAreInflated() throws {
    var means = try BlockMeans(samples: 20, blocks: 20)
    for tick in 0..<20 { means.add(pair(tick, 0, Double(tick))) }
    let result = try XCTUnwrap(means.result(.difference))
    XCTAssertTrue(result.isInflated)
    XCTAssertGreaterThan(result.standardUncertainty, 2 * result.standardDeviation / 20.0.squareRoot())
    XCTAssertLessThan(result.degreesOfFreedom, 5)
  }

  func testCorrelationTimeIsMeasured() throws {
    for time in [0.0, 2, 5] {
      var random = RandomStream(seed: 6)
      var noise = CalibrationScenario.Wander(1, time: time, &random)
      var estimate = CorrelationTime()
      for _ in 0..<20_000 { estimate.add(100 + noise.next(&random)) }
      let measured = try XCTUnwrap(estimate.samples)
      XCTAssertFalse(measured.isLowerBound)
      // Standard error about τ √(2τ·2/n): 3 % at τ = 5; cutting the sum where it ends in the noise adds as much.
      XCTAssertEqual(measured.value, time, accuracy: time == 0 ? 0.3 : 0.12 * time)
    }
    var estimate = CorrelationTime()
    for _ in 0..<100 { estimate.add(3) }
    XCTAssertNil(estimate.samples, "equal values have no correlation")
    XCTAssertFalse(estimate.add(.nan))
  }

  func testBlocksShorterThanTheCorrelationAreReported() throws {
    var random = RandomStream(seed: 9)
    var noise = CalibrationScenario.Wander(1, time: 20, &random)
    var short = try BlockMeans(samples: 640, blocks: 64)
    for tick in 0..<640 { short.add(pair(tick, 0, noise.next(&random))) }
    XCTAssertEqual(short.areLongerThanCorrelation, false)
    var white = CalibrationScenario.Wander(1, time: 0, &random)
    var long = try BlockMeans(samples: 640, blocks: 20)
    for tick in 0..<640 { long.add(pair(tick, 0, white.next(&random))) }
    XCTAssertEqual(long.areLongerThanCorrelation, true)
  }

  func testBadShapes() {
    for (samples, blocks) in [(10, 1), (10, 3), (0, 2), (1000, 65), (130, 65)] {
      XCTAssertThrowsError(try BlockMeans(samples: samples, blocks: blocks)) {
        XCTAssertEqual($0 as? SamplingFault, .blocks(samples: samples, blocks: blocks))
      }
    }
  }
}
