import EtalonCore
import EtalonMetrology
import XCTest

final class SettleDetectorTests: XCTestCase {
  private let second: Int64 = 1_000_000_000

  func testSlopeAndScatterOfNISTNorris() throws {
    // NIST StRD linear regression data set Norris (NIST 2003): slope 1.00211681802045, residual standard deviation
    // 0.884796396144373. The regressor stands for the time in units of 0.1 s; data in ascending order of it.
    let data: [(x: Double, y: Double)] = [
      (0.2, 0.1), (0.3, 0.3), (0.4, 0.3), (0.5, 0.2), (10.1, 9.2), (10.2, 10.2), (10.3, 10.9), (10.6, 10.8),
    ]
    // Eight of its points, with the line's own closed form as the witness.
    var detector = try SettleDetector(holdNanoseconds: 2 * second, periodNanoseconds: second / 10)
    for point in data { detector.add(point.y, at: Instant(nanoseconds: Int64((point.x * 1e8).rounded()))) }
    let n = Double(data.count)
    let mx = data.reduce(0) { $0 + $1.x } / n
    let my = data.reduce(0) { $0 + $1.y } / n
    let sxy = data.reduce(0) { $0 + ($1.x - mx) * ($1.y - my) }
    let sxx = data.reduce(0) { $0 + ($1.x - mx) * ($1.x - mx) }
    let syy = data.reduce(0) { $0 + ($1.y - my) * ($1.y - my) }
    XCTAssertEqual(try XCTUnwrap(detector.slope), 10 * sxy / sxx, accuracy: 1e-9)
    XCTAssertEqual(
      try XCTUnwrap(detector.standardDeviation), ((syy - sxy * sxy / sxx) / (n - 2)).squareRoot(), accuracy: 1e-9)
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
