import EtalonUncertainty
import XCTest

/// Control charts.
final class MonitoringTests: XCTestCase {
  private let concentrations = [
    102.0, 94.8, 98.3, 98.4, 102.0, 98.5, 99.0, 97.7, 100.0, 98.1, 101.3, 98.7, 101.1, 98.4, 97.0, 96.7, 100.3, 101.4,
    97.2, 101.0,
  ]

  /// Montgomery and Runger, 3rd ed., table 16-8: target 99, K = 1, H = 10.
  func testTabularCusum() throws {
    var chart = try TabularCusum(target: 99, reference: 1, decision: 10)
    let high = [2, 0, 0, 0, 2, 0.5, 0, 0, 0, 0, 1.3, 0, 1.1, 0, 0, 0, 0.3, 1.7, 0, 1]
    let low = [0, 3.2, 2.9, 2.5, 0, 0, 0, 0.3, 0, 0, 0, 0, 0, 0, 1, 2.3, 0, 0, 0.8, 0]
    for (index, x) in concentrations.enumerated() {
      XCTAssertFalse(try chart.take(x))
      XCTAssertEqual(chart.high, high[index], accuracy: 1e-12)
      XCTAssertEqual(chart.low, low[index], accuracy: 1e-12)
    }
    // A shift of the process signals on its side.
    var steps = 0
    repeat { steps += 1 } while try !chart.take(103)
    XCTAssertEqual(steps, 4)
    XCTAssertGreaterThan(chart.high, 10)
    XCTAssertEqual(chart.low, 0)
  }

  /// Montgomery, Introduction to Statistical Quality Control, 6th ed., table 9.3 (K = ½ σ): average run lengths of the
  /// two-sided chart for H = 4 σ and 5 σ, printed to three digits.
  func testCusumRunLengths() throws {
    let table: [(h: Double, shift: Double, length: Double, digit: Double)] = [
      (4, 0, 168, 0.5), (4, 0.25, 74.2, 0.05), (4, 0.5, 26.6, 0.05), (4, 1, 8.38, 0.005), (4, 2, 3.34, 0.005),
      (5, 0, 465, 0.5), (5, 0.5, 38.0, 0.05), (5, 1, 10.4, 0.05), (5, 2, 4.01, 0.005),
    ]
    for row in table {
      let chart = try TabularCusum(target: 10, reference: 1, decision: 2 * row.h)
      let length = try chart.averageRunLength(mean: 10 + 2 * row.shift, standardDeviation: 2)
      XCTAssertEqual(length, row.length, accuracy: 1.01 * row.digit, "h = \(row.h), shift \(row.shift)")
    }
  }

  /// z and exact limits by their definition (NIST/SEMATECH e-Handbook 6.3.2.4) for the first steps.
  /// J. M. Lucas and R. B. Crosier, Technometrics 24 (1982) 199: k = 0.5, h = 5, head start 2.5.
  func testRunLengthsWithHeadStart() throws {
    let chart = try TabularCusum(target: 10, reference: 1, decision: 10, headStart: 5)
    for (shift, length, digit) in [(0.0, 430.0, 0.5), (0.5, 28.7, 0.05), (1, 6.35, 0.005), (2, 2.36, 0.005)] {
      let found = try chart.averageRunLength(mean: 10 + 2 * shift, standardDeviation: 2)
      XCTAssertEqual(found, length, accuracy: digit, "\(shift)")
    }
  }

  /// A long decision interval and a small weight need more points than a short one; with too few the length would be any
  /// number. Reference values: the same integral equations with 600 and 800 points (numpy).
  func testRunLengthsOfWideCharts() throws {
    for (decision, shift, length) in [
      (50.0, 1.5, 50.74725473), (100, 1.0, 200.37174915), (100, 2.5, 50.61597739), (200, 1.5, 200.74725473),
    ] {
      // The other side never signals.
      let chart = try TabularCusum(target: 0, reference: 0.5, decision: decision)
      let found = try chart.averageRunLength(mean: shift, standardDeviation: 1)
      XCTAssertEqual(found, length, accuracy: 1e-6 * length, "\(decision), \(shift)")
    }
    // In control: half of the 4.901711491775683e16 and 10272101.4146 of one side.
    let quiet = try TabularCusum(target: 0, reference: 3.5, decision: 5)
    XCTAssertEqual(try quiet.averageRunLength(mean: 0, standardDeviation: 1), 2.4508557458878e16, accuracy: 1e6)
    let slow = try TabularCusum(target: 0, reference: 0.1, decision: 60)
    XCTAssertEqual(try slow.averageRunLength(mean: 0, standardDeviation: 1), 5136050.7073, accuracy: 0.001)
    for (weight, width, length) in [(0.01, 2.7, 2438.1576297), (0.003, 2.5, 4675.2710744)] {
      let chart = try ExponentialAverageChart(target: 0, standardDeviation: 1, weight: weight, width: width)
      XCTAssertEqual(try chart.averageRunLength(mean: 0), length, accuracy: 1e-6 * length, "\(weight)")
    }
    let endless = try TabularCusum(target: 0, reference: 0.5, decision: 1000)
    XCTAssertThrowsError(try endless.averageRunLength(mean: 3, standardDeviation: 1)) {
      XCTAssertTrue("\($0)".contains("at most 512"), "\($0)")
    }
  }

  func testExponentialAverage() throws {
    var chart = try ExponentialAverageChart(target: 99, standardDeviation: 2, weight: 0.2, width: 2.7)
    XCTAssertFalse(try chart.take(102))
    XCTAssertEqual(chart.average, 99.6, accuracy: 1e-12)
    XCTAssertEqual(chart.halfWidth, 2.7 * 2 * 0.2, accuracy: 1e-12)
    XCTAssertFalse(try chart.take(94.8))
    XCTAssertEqual(chart.average, 0.2 * 94.8 + 0.8 * 99.6, accuracy: 1e-12)
    XCTAssertEqual(chart.halfWidth, 2.7 * 2 * (0.2 / 1.8 * (1 - 0.4096)).squareRoot(), accuracy: 1e-12)
    var steps = 0
    repeat { steps += 1 } while try !chart.take(105)
    XCTAssertLessThan(steps, 5)
  }

  /// J. M. Lucas and M. S. Saccucci, Technometrics 32 (1990) 1, table 3: schemes with an in-control run length of 500.
  func testExponentialAverageRunLengths() throws {
    let table: [(weight: Double, width: Double, shift: Double, length: Double, digit: Double)] = [
      (0.1, 2.814, 0, 500, 1.5), (0.1, 2.814, 1, 10.3, 0.06), (0.25, 2.998, 0, 500, 1.5), (0.25, 2.998, 1, 11.1, 0.4),
      (0.4, 3.054, 0, 500, 1.5),
    ]
    for row in table {
      let chart = try ExponentialAverageChart(target: 0, standardDeviation: 1, weight: row.weight, width: row.width)
      XCTAssertEqual(try chart.averageRunLength(mean: row.shift), row.length, accuracy: row.digit, "\(row)")
    }
  }

  func testFaults() throws {
    XCTAssertThrowsError(try TabularCusum(target: 0, reference: 1, decision: 0)) { error in
      XCTAssertEqual(error as? MonitoringFault, .parameter(name: "decision", value: 0))
    }
    XCTAssertThrowsError(try TabularCusum(target: .nan, reference: 1, decision: 1))
    XCTAssertThrowsError(try TabularCusum(target: 0, reference: -1, decision: 1))
    XCTAssertThrowsError(try TabularCusum(target: 0, reference: 1, decision: 1, headStart: 1))
    XCTAssertThrowsError(try ExponentialAverageChart(target: 0, standardDeviation: 1, weight: 0, width: 3))
    XCTAssertThrowsError(try ExponentialAverageChart(target: 0, standardDeviation: 0, weight: 0.1, width: 3))
    var chart = try TabularCusum(target: 0, reference: 0.5, decision: 5)
    XCTAssertFalse(try chart.take(2))
    XCTAssertThrowsError(try chart.take(.nan))
    XCTAssertEqual(chart.high, 1.5, "a refused observation leaves no trace")
    XCTAssertThrowsError(try chart.averageRunLength(mean: 0, standardDeviation: 0))
    // Far inside the limits the run length is beyond what doubles hold: said, not guessed.
    XCTAssertThrowsError(try chart.averageRunLength(mean: 0, standardDeviation: 0.06)) { error in
      XCTAssertEqual(error as? MonitoringFault, .runLengthNotResolved(estimate: .infinity))
    }
  }
}
