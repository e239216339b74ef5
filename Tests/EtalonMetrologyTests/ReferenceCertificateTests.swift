import EtalonMetrology
import XCTest

/// The correction curve of a reference's certificate. Expected covariances follow from the law of propagation
/// (JCGM 100, equation 13) applied by hand to interpolating polynomials.
final class ReferenceCertificateTests: XCTestCase {
  private typealias Point = ReferenceCertificate.Point

  private func certificate(
    _ points: [ReferenceCertificate.Point], range: ClosedRange<Double> = 0...100, correlation: Double = 0,
    issued: String = "2026-01-15", due: String = "2027-01-15", degreesOfFreedom: Double = .infinity
  ) throws(ReferenceCertificate.Fault) -> ReferenceCertificate {
    try ReferenceCertificate(
      identifier: "C-1", instrumentSerial: "4711", issued: issued, due: due, range: range, points: points,
      correlation: correlation, degreesOfFreedom: degreesOfFreedom)
  }

  private func fault(_ body: () throws(ReferenceCertificate.Fault) -> ReferenceCertificate)
    -> ReferenceCertificate.Fault?
  {
    do {
      _ = try body()
      return nil
    } catch {
      return error
    }
  }

  /// Two points interpolate linearly: u² = (1 − p)² u₁² + p² u₂² + 2 p (1 − p) r u₁ u₂.
  func testTwoPoints() throws {
    let points = [
      Point(at: 100, correction: 0.05, standardUncertainty: 0.02),
      Point(at: 0, correction: 0.01, standardUncertainty: 0.01),
    ]
    for r in [0, 0.5, -0.5, 0.9] {
      let c = try certificate(points, correlation: r)
      XCTAssertEqual(try c.correction(at: 25), 0.02, accuracy: 1e-15)
      let expected = (0.75 * 0.75 * 1e-4 + 0.25 * 0.25 * 4e-4 + 2 * 0.75 * 0.25 * r * 2e-4).squareRoot()
      XCTAssertEqual(try c.standardUncertainty(at: 25), expected, accuracy: 1e-16)
      XCTAssertEqual(try c.standardUncertainty(at: 100), 0.02, accuracy: 1e-15)
      // The covariance of the two points themselves is what the certificate says.
      XCTAssertEqual(try c.covariance(at: 0, and: 100), r * 2e-4, accuracy: 1e-17)
      XCTAssertEqual(c.chiSquared, 0, accuracy: 1e-20)
      XCTAssertEqual(c.fitDegreesOfFreedom, 0)
    }
    XCTAssertEqual(try certificate(points).basis(at: 75), [1, 0.5])
  }

  /// Up to four points the curve goes through all of them and returns their uncertainties.
  func testInterpolation() throws {
    let points = [
      Point(at: 0, correction: 0.011, standardUncertainty: 0.01),
      Point(at: 30, correction: -0.02, standardUncertainty: 0.02),
      Point(at: 70, correction: 0.004, standardUncertainty: 0.015),
      Point(at: 100, correction: 0.03, standardUncertainty: 0.03),
    ]
    let c = try certificate(points, correlation: 0.3)
    XCTAssertEqual(c.coefficients.count, 4)
    for point in points {
      XCTAssertEqual(try c.correction(at: point.at), point.correction, accuracy: 1e-15)
      XCTAssertEqual(try c.standardUncertainty(at: point.at), point.standardUncertainty, accuracy: 1e-14)
    }
  }

  /// One point is a constant; a range of a single value is allowed.
  func testOnePoint() throws {
    let point = Point(at: 23, correction: 0.4, standardUncertainty: 0.1)
    let c = try certificate([point], range: 23...23, degreesOfFreedom: 12)
    XCTAssertEqual(try c.correction(at: 23), 0.4, accuracy: 1e-15)
    XCTAssertEqual(try c.standardUncertainty(at: 23), 0.1, accuracy: 1e-16)
    XCTAssertEqual(try c.basis(at: 23), [1])
    XCTAssertEqual(c.degreesOfFreedom, 12)
  }

  /// Six equal points on a cubic give the cubic back; the constant term of the mean of symmetric points has u²/n only for
  /// a straight fit, so the uncertainty is compared with the textbook hat matrix of a cubic on six equidistant points:
  /// its diagonal at the ends is 0.9920635 (orthogonal polynomials, e.g. Fisher and Yates table XXIII).
  func testLeastSquares() throws {
    let points = (0..<6).map { index -> Point in
      let x = 20 * Double(index)
      let s = (x - 50) / 50
      return Point(at: x, correction: 1 + 2 * s - s * s + 0.5 * s * s * s, standardUncertainty: 0.1)
    }
    let c = try certificate(points)
    for (coefficient, expected) in zip(c.coefficients, [1, 2, -1, 0.5]) {
      XCTAssertEqual(coefficient, expected, accuracy: 1e-13)
    }
    XCTAssertEqual(c.chiSquared, 0, accuracy: 1e-20)
    XCTAssertEqual(c.fitDegreesOfFreedom, 2)
    // Hat diagonal at the end: 1/6 + 25/70 + 25/84 + 25/180.
    let hat = 1.0 / 6 + 25.0 / 70 + 25.0 / 84 + 25.0 / 180
    XCTAssertEqual(try c.standardUncertainty(at: 0), 0.1 * hat.squareRoot(), accuracy: 1e-14)
  }

  /// A common error of all points (correlation r) can not be averaged away: u² of the level is at least r u².
  func testCorrelationIsNotAveragedAway() throws {
    let points = (0..<11).map { Point(at: 10 * Double($0), correction: 0, standardUncertainty: 0.1) }
    let c = try certificate(points, correlation: 0.8)
    XCTAssertGreaterThan(try c.standardUncertainty(at: 50), 0.1 * (0.8).squareRoot())
    XCTAssertLessThan(try c.standardUncertainty(at: 50), 0.1)
  }

  func testFaults() throws {
    let good = Point(at: 10, correction: 0, standardUncertainty: 0.1)
    let other = Point(at: 20, correction: 0, standardUncertainty: 0.1)
    let third = Point(at: 30, correction: 0, standardUncertainty: 0.1)
    typealias Fault = ReferenceCertificate.Fault
    XCTAssertEqual(fault { () throws(Fault) in try self.certificate([]) }, .noPoints)
    XCTAssertEqual(fault { () throws(Fault) in try self.certificate([good, other, good]) }, .duplicatePoints(at: 10))
    XCTAssertEqual(
      fault { () throws(Fault) in
        try self.certificate([good, Point(at: 20, correction: 0, standardUncertainty: 0)])
      }, .standardUncertainty(0, point: 1))
    XCTAssertEqual(
      fault { () throws(Fault) in
        try self.certificate([Point(at: 20, correction: .nan, standardUncertainty: 1)])
      }, .notFinite(point: 0))
    XCTAssertEqual(
      fault { () throws(Fault) in try self.certificate([good], range: 15...20) },
      .pointOutsideRange(at: 10, lower: 15, upper: 20))
    XCTAssertEqual(
      fault { () throws(Fault) in try self.certificate([good, other], correlation: 1) },
      .notPositiveDefinite(correlation: 1))
    // Three points can not all be correlated by −0.5.
    XCTAssertEqual(
      fault { () throws(Fault) in try self.certificate([good, other, third], correlation: -0.5) },
      .notPositiveDefinite(correlation: -0.5))
    XCTAssertEqual(
      fault { () throws(Fault) in try self.certificate([good], degreesOfFreedom: 0) }, .degreesOfFreedom(0))
    XCTAssertEqual(
      fault { () throws(Fault) in try self.certificate([good], issued: "2026-02-29") },
      .date(.noSuchDay(year: 2026, month: 2, day: 29)))
    XCTAssertEqual(
      fault { () throws(Fault) in try self.certificate([good], due: "15.1.2027") }, .date(.format("15.1.2027")))
    let issued = try CalendarDate(parsing: "2027-02-01")
    let due = try CalendarDate(parsing: "2027-01-15")
    XCTAssertEqual(
      fault { () throws(Fault) in try self.certificate([good], issued: "2027-02-01") },
      .datesOutOfOrder(issued: issued, due: due))
    let c = try certificate([good, other])
    XCTAssertThrowsError(try c.correction(at: 100.1)) { error in
      XCTAssertEqual(error as? ReferenceCertificate.Fault, .outsideRange(100.1, lower: 0, upper: 100))
    }
    XCTAssertThrowsError(try c.correction(at: .nan))
  }

  func testValidity() throws {
    let c = try certificate([Point(at: 1, correction: 0, standardUncertainty: 1)])
    XCTAssertFalse(c.isValid(on: try CalendarDate(parsing: "2026-01-14")))
    XCTAssertTrue(c.isValid(on: try CalendarDate(parsing: "2026-01-15")))
    XCTAssertTrue(c.isValid(on: try CalendarDate(parsing: "2027-01-15")))
    XCTAssertFalse(c.isValid(on: try CalendarDate(parsing: "2027-01-16")))
  }

  func testDates() throws {
    XCTAssertEqual(try CalendarDate(parsing: "1970-01-01").daysSince1970, 0)
    XCTAssertEqual(try CalendarDate(parsing: "2000-03-01").daysSince1970, 11017)
    XCTAssertEqual(try CalendarDate(parsing: "1969-12-31").daysSince1970, -1)
    XCTAssertEqual(try CalendarDate(parsing: "2024-02-29").text, "2024-02-29")
    for text in ["2024-2-29", "2024-02-29 ", "2024/02/29", "", "20240229"] {
      XCTAssertThrowsError(try CalendarDate(parsing: text)) { error in
        XCTAssertEqual(error as? CalendarDate.Fault, .format(text))
      }
    }
    XCTAssertThrowsError(try CalendarDate(parsing: "2100-02-29"))
    XCTAssertLessThan(try CalendarDate(parsing: "2026-09-30"), try CalendarDate(parsing: "2026-10-01"))
  }
}
