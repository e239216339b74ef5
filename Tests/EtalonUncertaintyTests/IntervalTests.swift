import EtalonMetrology
import EtalonUncertainty
import XCTest

/// Calibration intervals.
final class IntervalTests: XCTestCase {
  /// NCSLI RP-1 method A3, three assets of the 2019 NCSLI symposium's tutorial on intervals; days are printed whole,
  /// confidences to four decimals.
  func testMethodA3() throws {
    let rows: [(inTolerance: Int, days: Double, interval: Double, rejection: Double, range: [Double])] = [
      (15, 365, 231, 0.9949, [0.6516, 0.8286]), (14, 365, 205, 0.9993, [0.6, 0.7843]),
      (16, 730, 523, 0.9682, [0.7041, 0.8716]),
    ]
    for row in rows {
      let test = try IntervalTest(
        inTolerance: row.inTolerance, calibrations: 20, currentDays: row.days, target: 0.95)
      XCTAssertEqual(test.intervalDays, row.interval, accuracy: 0.5)
      XCTAssertEqual(test.rejectionConfidence, row.rejection, accuracy: 1e-4)
      XCTAssertEqual(test.reliabilityRange.lowerBound, row.range[0], accuracy: 1e-4)
      XCTAssertEqual(test.reliabilityRange.upperBound, row.range[1], accuracy: 1e-4)
    }
  }

  /// The same three assets by the exponential formula, three decimals.
  func testExponential() throws {
    for (observed, days, interval) in [(0.75, 365.0, 65.079), (0.7, 365, 52.491), (0.8, 730, 167.803)] {
      XCTAssertEqual(
        try IntervalTest.exponentialDays(currentDays: days, observedReliability: observed, target: 0.95), interval,
        accuracy: 5.1e-4)
    }
    XCTAssertThrowsError(try IntervalTest.exponentialDays(currentDays: 365, observedReliability: 1, target: 0.95))
  }

  /// What agrees with the target is left alone, what never fails may grow, and both are limited.
  func testLimits() throws {
    let agreeing = try IntervalTest(inTolerance: 19, calibrations: 20, currentDays: 365, target: 0.95)
    XCTAssertEqual(agreeing.intervalDays, 365)
    let perfect = try IntervalTest(inTolerance: 200, calibrations: 200, currentDays: 365, target: 0.7)
    XCTAssertGreaterThan(perfect.intervalDays, 365)
    XCTAssertLessThanOrEqual(perfect.intervalDays, 730)
    let hopeless = try IntervalTest(inTolerance: 0, calibrations: 30, currentDays: 20, target: 0.95)
    XCTAssertEqual(hopeless.intervalDays, 14)
    XCTAssertEqual(hopeless.calculatedDays, 10, accuracy: 1e-12)
    XCTAssertThrowsError(try IntervalTest(inTolerance: 3, calibrations: 2, currentDays: 1, target: 0.9)) { error in
      XCTAssertEqual(error as? IntervalFault, .counts(inTolerance: 3, calibrations: 2))
    }
    XCTAssertThrowsError(try IntervalTest(results: [], currentDays: 1, target: 0.9))
    XCTAssertThrowsError(try IntervalTest(results: [true], currentDays: 0, target: 0.9))
    XCTAssertThrowsError(try IntervalTest(results: [true], currentDays: 1, target: 1))
  }

  /// The drift curve of exact data y = 2 t has no scatter, so every interval follows by hand.
  func testDriftByHand() throws {
    let drift = try DriftInterval(days: [1, 2, 3, 4], deltas: [2, 4, 6, 8], order: 1)
    XCTAssertEqual(drift.coefficients[0], 2, accuracy: 1e-14)
    XCTAssertEqual(drift.residualStandardDeviation, 0, accuracy: 1e-13)
    let tolerance = try ToleranceInterval(lower: -5, upper: 5)
    // u0 = 1 and t(3 degrees, 95 %) = 3.182: 5 − 3.182 = 1.818 is used up after 0.909 days.
    let days = try drift.days(startingAt: 0, initial: 1, tolerance: tolerance, confidence: 0.95)
    XCTAssertEqual(days, (5 - 3.182446305284263) / 2, accuracy: 1e-9)
    // One limit: the one-sided t(3, 95 %) = 2.353.
    let oneSided = try drift.days(
      startingAt: 0, initial: 1, tolerance: ToleranceInterval(upper: 5), confidence: 0.95)
    XCTAssertEqual(oneSided, (5 - 2.353363434801823) / 2, accuracy: 1e-9)
    XCTAssertThrowsError(try drift.days(initial: 1, targetUncertainty: 2)) { error in
      XCTAssertEqual(error as? IntervalFault, .unlimited)
    }
    XCTAssertThrowsError(try drift.days(startingAt: 4, initial: 1, tolerance: tolerance, confidence: 0.95)) { error in
      guard case .outsideAtStart(let excess)? = error as? IntervalFault else { return XCTFail("\(error)") }
      XCTAssertEqual(excess, 3.182446305284263 - 1, accuracy: 1e-9)
    }
    XCTAssertThrowsError(try drift.days(initial: 3, targetUncertainty: 2)) { error in
      guard case .targetNotMet? = error as? IntervalFault else { return XCTFail("\(error)") }
    }
  }

  /// Data of NASA-HDBK-8739.19-5, tables 7-2 and 7-3: the interval found satisfies its own equation.
  func testDriftWithScatter() throws {
    let drift = try DriftInterval(
      days: [70, 86, 104, 135, 167, 173], deltas: [0.1, 0.11, 0.251, 0.299, 0.403, 0.615], order: 2)
    XCTAssertEqual(drift.degreesOfFreedom, 4)
    let days = try drift.days(initial: 0.28, targetUncertainty: 0.5)
    XCTAssertEqual(drift.standardUncertainty(afterDays: days, initial: 0.28), 0.5, accuracy: 1e-10)
    let limit = try drift.days(
      startingAt: 10.03, initial: 0.28, tolerance: ToleranceInterval(lower: 9, upper: 11), confidence: 0.9)
    let half = 2.131846786326649 * drift.standardUncertainty(afterDays: limit, initial: 0.28)
    XCTAssertEqual(10.03 + drift.drift(afterDays: limit) + half, 11, accuracy: 1e-9)
    XCTAssertThrowsError(try DriftInterval(days: [1, 2], deltas: [1, 2], order: 2))
    XCTAssertThrowsError(try DriftInterval(days: [1, -2, 3], deltas: [1, 2, 3], order: 1))
    XCTAssertThrowsError(try DriftInterval(days: [1, 2, 3], deltas: [1, 2, 3], order: 0))
  }
}
