import EtalonCore
import EtalonMetrology
import XCTest

final class SettleDetectorTests: XCTestCase {
  private let second: Int64 = 1_000_000_000

  /// NIST Statistical Reference Datasets, linear regression, data set Norris: slope 1.00211681802045, residual standard
  /// deviation 0.884796396144373 (certified values). The regressor stands for the time in hundredths of a second.
  func testSlopeAndScatterOfNorris() throws {
    let x: [Double] = [
      0.2, 337.4, 118.2, 884.6, 10.1, 226.5, 666.3, 996.3, 448.6, 777.0, 558.2, 0.4, 0.6, 775.5, 666.9, 338.0, 447.5,
      11.6, 556.0, 228.1, 995.8, 887.6, 120.2, 0.3, 0.3, 556.8, 339.1, 887.2, 999.0, 779.0, 11.1, 118.3, 229.2, 669.1,
      448.9, 0.5,
    ]
    let y: [Double] = [
      0.1, 338.8, 118.1, 888.0, 9.2, 228.1, 668.5, 998.5, 449.1, 778.9, 559.2, 0.3, 0.1, 778.1, 668.8, 339.3, 448.9,
      10.8, 557.7, 228.3, 998.0, 888.8, 119.6, 0.3, 0.6, 557.6, 339.3, 888.0, 998.5, 778.9, 10.2, 117.6, 228.9, 668.4,
      449.2, 0.2,
    ]
    var detector = try SettleDetector(holdNanoseconds: 10 * second, periodNanoseconds: second / 4)
    var last: Int64 = 0
    for point in zip(x, y).sorted(by: { $0.0 < $1.0 }) {
      // Two points share a regressor; a nanosecond apart they are 1e-10 of the range apart.
      last = max(last + 1, Int64((point.0 * 1e7).rounded()))
      detector.add(point.1, at: Instant(nanoseconds: last))
    }
    XCTAssertEqual(detector.sampleCount, 36)
    XCTAssertEqual(try XCTUnwrap(detector.slope), 100.211681802045, accuracy: 1e-7)
    XCTAssertEqual(try XCTUnwrap(detector.standardDeviation), 0.884796396144373, accuracy: 1e-8)
  }

  func testSettlesOnlyAfterAFullQuietWindow() throws {
    var detector = try SettleDetector(holdNanoseconds: 120 * second, periodNanoseconds: second)
    var random = RandomStream(seed: 2)
    var settledAt: Int?
    for time in 0..<2000 {
      // 25 K away with a time constant of 100 s: the slope is below 0.02 K/min from 664 s on.
      let value = 50 - 25 * exp(-Double(time) / 100) + 0.003 * random.normal()
      detector.add(value, at: Instant(nanoseconds: Int64(time) * second))
      let settled = detector.isSettled(slopeLimitPerSecond: 0.02 / 60, standardDeviationLimit: 0.01)
      if time < 120 { XCTAssertFalse(settled, "the window is not full at \(time) s") }
      if settled && settledAt == nil { settledAt = time }
    }
    let time = try XCTUnwrap(settledAt)
    // The window's mean slope lies at most 120 s behind; noise of 3 mK moves the slope by 0.4 mK/min.
    XCTAssertGreaterThan(time, 640)
    XCTAssertLessThan(time, 800)
  }

  func testScatterAndGapsKeepItUnsettled() throws {
    var detector = try SettleDetector(holdNanoseconds: 10 * second, periodNanoseconds: second)
    for time in 0...20 {
      detector.add(time % 2 == 0 ? 0.05 : -0.05, at: Instant(nanoseconds: Int64(time) * second))
    }
    XCTAssertTrue(detector.isFull)
    XCTAssertFalse(detector.isSettled(slopeLimitPerSecond: 1, standardDeviationLimit: 0.01))
    XCTAssertTrue(detector.isSettled(slopeLimitPerSecond: 1, standardDeviationLimit: 0.1))
    detector.add(.nan, at: Instant(nanoseconds: 21 * second))
    XCTAssertFalse(detector.isFull)
    XCTAssertNil(detector.slope)
    for time in 22...26 { detector.add(0, at: Instant(nanoseconds: Int64(time) * second)) }
    XCTAssertFalse(detector.isSettled(slopeLimitPerSecond: 1, standardDeviationLimit: 1))
    // Time going backwards empties the window too.
    detector.add(0, at: Instant(nanoseconds: 3 * second))
    XCTAssertEqual(detector.sampleCount, 1)
  }

  func testDeviceSlowerThanItsTicksFillsTheWindowAndAGapDoesNot() throws {
    // Asked twenty times a second, it answers every third time.
    var detector = try SettleDetector(holdNanoseconds: 2 * second, periodNanoseconds: second / 20)
    func feed(_ range: ClosedRange<Int>) {
      for tick in range where tick % 3 == 0 { detector.add(20, at: Instant(nanoseconds: Int64(tick) * second / 20)) }
    }
    feed(0...30)
    XCTAssertFalse(detector.isFull)
    feed(31...60)
    XCTAssertTrue(detector.isSettled(slopeLimitPerSecond: 1e-6, standardDeviationLimit: 1e-6))
    // Nothing for 0.75 s: what happened in that time is not known until the gap has left the window.
    feed(75...80)
    XCTAssertFalse(detector.isFull)
    feed(81...120)
    XCTAssertTrue(detector.isFull)
  }

  func testThinnedWindowKeepsSlopeAndScatter() throws {
    // One kilohertz over 10 s: ten thousand samples in a buffer of 1024.
    var detector = try SettleDetector(holdNanoseconds: 10 * second, periodNanoseconds: second / 1000)
    XCTAssertEqual(detector.decimation, 10)
    var random = RandomStream(seed: 8)
    for index in 0..<15_000 {
      detector.add(
        2e-4 * Double(index) * 1e-3 + 0.01 * random.normal(), at: Instant(nanoseconds: Int64(index) * second / 1000))
    }
    XCTAssertTrue(detector.isFull)
    // Standard error of the slope: 0.01/(√1000 · 10/√12) = 1.1e-4; of the scatter 0.01/√2000.
    XCTAssertEqual(try XCTUnwrap(detector.slope), 2e-4, accuracy: 4e-4)
    XCTAssertEqual(try XCTUnwrap(detector.standardDeviation), 0.01, accuracy: 0.001)
  }

  func testBadTimes() {
    XCTAssertThrowsError(try SettleDetector(holdNanoseconds: 0, periodNanoseconds: 1))
    XCTAssertThrowsError(try SettleDetector(holdNanoseconds: 1, periodNanoseconds: -1))
  }
}
