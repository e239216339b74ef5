import EtalonMetrology
import XCTest

/// Polynomials, pieces and thermistors.
final class CalibrationFunctionTests: XCTestCase {
  func testPolynomial() throws {
    // 3 + 2 s − s² with s = (x − 10)/5: at 20, s = 2.
    let polynomial = try PolynomialFunction([3, 2, -1], centre: 10, scale: 5, range: 0...20)
    XCTAssertEqual(try polynomial.value(at: 20), 3)
    XCTAssertEqual(try polynomial.derivative(at: 20), (2 - 2 * 2) / 5.0, accuracy: 1e-15)
    XCTAssertThrowsError(try polynomial.value(at: 20.5)) { error in
      XCTAssertEqual(error as? CalibrationFault, .outsideRange(20.5, lower: 0, upper: 20))
    }
    XCTAssertThrowsError(try PolynomialFunction([], range: 0...1)) { error in
      XCTAssertEqual(error as? CalibrationFault, .empty)
    }
    XCTAssertThrowsError(try PolynomialFunction([1, .nan], range: 0...1))
    XCTAssertThrowsError(try PolynomialFunction([1], scale: 0, range: 0...1))
  }

  /// A function with a maximum inside its range has no inverse there.
  func testNotMonotoneIsSaid() throws {
    let hump = try PolynomialFunction([0, 4, -3], range: 0...1)
    XCTAssertThrowsError(try hump.inverse(0.9)) { error in
      guard case .notMonotone? = error as? CalibrationFault else { return XCTFail("\(error)") }
    }
    let line = try PolynomialFunction([1, 2], range: 0...1)
    XCTAssertEqual(try line.inverse(1.5), 0.25, accuracy: 1e-15)
    XCTAssertThrowsError(try line.inverse(4)) { error in
      XCTAssertEqual(error as? CalibrationFault, .outsideRange(4, lower: 1, upper: 3))
    }
  }

  func testPieces() throws {
    let first = try PolynomialFunction([0, 1], range: 0...1)
    let second = try PolynomialFunction([-1, 2], range: 1...2)
    let function = try PiecewiseFunction([first, second])
    XCTAssertEqual(try function.value(at: 0.5), 0.5)
    XCTAssertEqual(try function.value(at: 1), 1)
    XCTAssertEqual(try function.value(at: 1.5), 2)
    XCTAssertEqual(try function.derivative(at: 1.5), 2)
    XCTAssertEqual(try function.inverse(2), 1.5, accuracy: 1e-15)
    XCTAssertThrowsError(try function.value(at: 2.1))
    let gap = try PolynomialFunction([0, 1], range: 2.5...3)
    XCTAssertThrowsError(try PiecewiseFunction([first, second, gap])) { error in
      XCTAssertEqual(error as? CalibrationFault, .pieces(at: 2))
    }
    XCTAssertThrowsError(try PiecewiseFunction([]))
  }

  /// 10 kΩ thermistor of type 44006 (YSI / Measurement Specialties): coefficients and resistances of its data sheet,
  /// 0 °C 29490 Ω, 25 °C 10000 Ω, 50 °C 3893 Ω, printed to four digits; 20 mK cover that rounding and the
  /// missing quadratic term.
  func testSteinhartHart() throws {
    let thermistor = try SteinhartHart(through: ((29490, 273.15), (10000, 298.15), (3893, 323.15)))
    XCTAssertEqual(try thermistor.value(at: 10000), 298.15, accuracy: 1e-9)
    XCTAssertEqual(try thermistor.value(at: 29490), 273.15, accuracy: 1e-9)
    // Data sheet: 18790 Ω at 10 °C.
    XCTAssertEqual(try thermistor.value(at: 18790), 283.15, accuracy: 0.02)
    XCTAssertEqual(try thermistor.ohm(kelvin: 298.15), 10000, accuracy: 1e-7)
    let slope = (try thermistor.value(at: 10001) - thermistor.value(at: 9999)) / 2
    XCTAssertEqual(try thermistor.derivative(at: 10000), slope, accuracy: 1e-9)
    XCTAssertThrowsError(try thermistor.value(at: 50))
    XCTAssertThrowsError(try SteinhartHart(a: 1e-3, b: -2e-4, d: 1e-7, rangeOhm: 100...1000))
    XCTAssertThrowsError(try SteinhartHart(a: 1e-3, b: 2e-4, d: 1e-7, rangeOhm: -1...1000))
    XCTAssertThrowsError(try SteinhartHart(through: ((1, 300), (1, 310), (2, 320))))
  }
}
