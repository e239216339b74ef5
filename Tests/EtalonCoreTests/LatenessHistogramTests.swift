import EtalonCore
import XCTest

final class LatenessHistogramTests: XCTestCase {
  func testQuantilesAreThoseOfTheSortedValuesToTheWidthOfABin() throws {
    // A multiplicative congruential generator (Park and Miller) makes values over seven decades.
    for seed in [1, 7, 12345] as [UInt64] {
      var state = seed
      var values: [Int64] = []
      var histogram = LatenessHistogram()
      for _ in 0..<5000 {
        state = state * 48271 % 2_147_483_647
        let value = Int64(state) >> Int64(state % 23)
        values.append(value)
        histogram.add(nanoseconds: value)
      }
      values.sort()
      for probability in [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1] {
        let exact = values[max(0, Int((probability * 5000).rounded(.up)) - 1)]
        let quantile = try XCTUnwrap(histogram.quantileNanoseconds(probability))
        XCTAssertGreaterThanOrEqual(quantile, exact, "seed \(seed), p \(probability)")
        XCTAssertLessThanOrEqual(Double(quantile), Double(exact) * (1 + 1.0 / 32) + 1, "seed \(seed), p \(probability)")
      }
      XCTAssertEqual(histogram.maximumNanoseconds, values.last)
      XCTAssertEqual(histogram.count, 5000)
    }
  }

  func testEveryBinHoldsItsOwnEdges() {
    for value in [0, 1, 31, 32, 33, 63, 64, 1000, 999_999, 1 << 34] as [Int64] {
      var histogram = LatenessHistogram()
      histogram.add(nanoseconds: value)
      XCTAssertEqual(histogram.quantileNanoseconds(0.5), value)
      XCTAssertEqual(histogram.countUpTo(nanoseconds: value - 1), 0, "\(value)")
      XCTAssertEqual(histogram.countUpTo(nanoseconds: value + value / 31 + 1), 1, "\(value)")
    }
  }

  func testWhatIsBeyondTheLastBinIsCountedAndTheLargestKept() {
    var histogram = LatenessHistogram()
    histogram.add(nanoseconds: .max)
    histogram.add(nanoseconds: -5)
    XCTAssertEqual(histogram.count, 2)
    XCTAssertEqual(histogram.maximumNanoseconds, .max)
    XCTAssertEqual(histogram.quantileNanoseconds(0.5), 0)
  }

  func testEmptyHasNoQuantileAndNoBand() {
    XCTAssertNil(LatenessHistogram().quantileNanoseconds(0.5))
    XCTAssertNil(LatenessHistogram().band)
  }

  func testBandsAreThoseOfLinuxCNC() {
    for (maximum, band) in [
      (15_000, .excellent), (50_000, .good), (99_000, .usable), (100_001, .slow), (1_000_001, .unfit),
    ] as [(Int64, LatenessHistogram.Band)] {
      var histogram = LatenessHistogram()
      histogram.add(nanoseconds: maximum)
      XCTAssertEqual(histogram.band, band)
    }
  }

  func testSumOfTwoIsTheHistogramOfAll() {
    var first = LatenessHistogram()
    var second = LatenessHistogram()
    var both = LatenessHistogram()
    for value in 0..<1000 as Range<Int64> {
      if value % 3 == 0 { first.add(nanoseconds: value * value) } else { second.add(nanoseconds: value * value) }
      both.add(nanoseconds: value * value)
    }
    first.add(second)
    XCTAssertEqual(first, both)
  }
}
