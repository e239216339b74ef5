import EtalonMetrology
import XCTest

/// Reference functions of the letter types against the tables of NIST Monograph 175 (the same as IEC 60584-1:2013),
/// printed to 1 µV.
final class ThermocoupleTests: XCTestCase {
  /// Half a microvolt of rounding in the tables.
  private let table: [(ThermocoupleType, [(celsius: Double, millivolts: Double)])] = [
    (.b, [(0, 0), (250, 0.291), (630, 1.975), (631, 1.981), (1100, 5.780), (1820, 13.820)]),
    (.e, [(-270, -9.835), (-200, -8.825), (-100, -5.237), (0, 0), (100, 6.319), (660, 49.917), (1000, 76.373)]),
    (.j, [(-210, -8.095), (-100, -4.633), (0, 0), (660, 36.675), (770, 43.559), (1200, 69.553)]),
    (.k, [(-270, -6.458), (-200, -5.891), (-100, -3.554), (0, 0), (127, 5.206), (660, 27.447), (1372, 54.886)]),
    (.n, [(-270, -4.345), (-200, -3.990), (-100, -2.407), (0, 0), (100, 2.774), (660, 22.958), (1300, 47.513)]),
    (.r, [(-50, -0.226), (-25, -0.123), (0, 0), (660, 6.273), (1100, 11.850), (1768, 21.101)]),
    (.s, [(-50, -0.236), (-25, -0.127), (0, 0), (660, 5.857), (1100, 10.757), (1768, 18.693)]),
    (.t, [(-270, -6.258), (-200, -5.603), (-100, -3.379), (0, 0), (100, 4.279), (200, 9.288), (400, 20.872)]),
  ]

  func testTables() throws {
    for (type, rows) in table {
      for row in rows {
        XCTAssertEqual(
          try type.value(at: row.celsius), row.millivolts, accuracy: 0.000_501, "type \(type.letter) at \(row.celsius)")
      }
    }
  }

  /// To 1 nV: Monograph 175 evaluated by an independent program.
  func testSixDecimals() throws {
    XCTAssertEqual(try ThermocoupleType.k.value(at: -270), -6.457738, accuracy: 1e-6)
    XCTAssertEqual(try ThermocoupleType.k.value(at: 127), 5.206093, accuracy: 1e-6)
    XCTAssertEqual(try ThermocoupleType.k.value(at: 1372), 54.886364, accuracy: 1e-6)
    XCTAssertEqual(try ThermocoupleType.s.value(at: 1768), 18.692510, accuracy: 1e-6)
    XCTAssertEqual(try ThermocoupleType.t.value(at: -270), -6.257505, accuracy: 1e-6)
    XCTAssertEqual(try ThermocoupleType.k.derivative(at: 100), 0.041368573, accuracy: 1e-9)
    XCTAssertEqual(try ThermocoupleType.s.derivative(at: 25), 0.005991164, accuracy: 1e-9)
  }

  /// ASTM E230 type C: its two polynomials meet at 630.615 °C, and the table gives 37.070 mV at the end of the range.
  func testTypeC() throws {
    XCTAssertEqual(try ThermocoupleType.c.value(at: 100), 1.451, accuracy: 0.000_501)
    XCTAssertEqual(try ThermocoupleType.c.value(at: 2315), 37.070, accuracy: 0.000_501)
    let below = try ThermocoupleType.c.value(at: 630.615)
    let above = try ThermocoupleType.c.value(at: 630.615.nextUp)
    XCTAssertEqual(below, above, accuracy: 2e-7)
  }

  /// Adjacent polynomials of Monograph 175 were made to meet within the rounding of their coefficients.
  func testPiecesMeet() throws {
    let joints: [(ThermocoupleType, [Double])] = [
      (.b, [630.615]), (.e, [0]), (.j, [760]), (.k, [0]), (.n, [0]), (.r, [1064.18, 1664.5]), (.s, [1064.18, 1664.5]),
      (.t, [0]),
    ]
    for (type, bounds) in joints {
      for bound in bounds {
        XCTAssertEqual(
          try type.value(at: bound), try type.value(at: bound.nextUp), accuracy: 5e-6, "type \(type.letter) at \(bound)"
        )
      }
    }
  }

  /// The inverse returns to the temperature within 1 µK over the whole range but for the last kelvins above −270 °C, where
  /// the functions are flat and 1e-15 mV is more.
  func testInverse() throws {
    for type in ThermocoupleType.allCases {
      let range = type.inverseRange
      for index in 0...200 {
        let celsius = range.lowerBound + (range.upperBound - range.lowerBound) * Double(index) / 200
        let back = try type.celsius(millivolts: type.value(at: celsius))
        XCTAssertEqual(back, celsius, accuracy: celsius < -265 ? 1e-4 : 1e-6, "type \(type.letter)")
      }
    }
  }

  /// A reference junction at 25 °C adds its own electromotive force (IEC 60584-1, 3.2).
  func testReferenceJunction() throws {
    let millivolts = try ThermocoupleType.k.value(at: 200) - ThermocoupleType.k.value(at: 25)
    XCTAssertEqual(
      try ThermocoupleType.k.celsius(millivolts: millivolts, referenceJunctionCelsius: 25), 200, accuracy: 1e-9)
  }

  func testDerivativeIsTheSlope() throws {
    for type in ThermocoupleType.allCases {
      let range = type.range
      for fraction in [0.07, 0.33, 0.61, 0.93] {
        let t = range.lowerBound + fraction * (range.upperBound - range.lowerBound)
        let slope = (try type.value(at: t + 1e-3) - type.value(at: t - 1e-3)) / 2e-3
        XCTAssertEqual(try type.derivative(at: t), slope, accuracy: 1e-9)
      }
    }
  }

  func testOutsideRangeIsRefused() {
    for type in ThermocoupleType.allCases {
      for t in [type.range.lowerBound - 0.001, type.range.upperBound + 0.001] {
        XCTAssertThrowsError(try type.value(at: t)) { error in
          XCTAssertEqual(
            error as? CalibrationFault,
            .outsideRange(t, lower: type.range.lowerBound, upper: type.range.upperBound))
        }
      }
      XCTAssertThrowsError(try type.value(at: .nan))
      XCTAssertThrowsError(try type.celsius(millivolts: 100))
    }
    // Type B has two temperatures for one electromotive force near 21 °C.
    XCTAssertThrowsError(try ThermocoupleType.b.celsius(millivolts: 0.01))
    XCTAssertNil(ThermocoupleType(letter: "k"))
    XCTAssertEqual(ThermocoupleType(letter: "K"), .k)
  }

  /// A deviation polynomial is added to the reference function (IEC 60584-1, calibration of single thermocouples).
  func testDeviation() throws {
    let deviation = try PolynomialFunction([0, -1.39363e-05, 3.75578e-08, -2.17624e-11], range: 0...1100)
    let calibrated = try CalibratedThermocouple(type: .r, deviation: deviation)
    let millivolts = try calibrated.value(at: 660.323)
    XCTAssertEqual(try calibrated.celsius(millivolts: millivolts), 660.323, accuracy: 1e-8)
    XCTAssertNotEqual(try ThermocoupleType.r.celsius(millivolts: millivolts), 660.323, accuracy: 1e-4)
    XCTAssertThrowsError(try CalibratedThermocouple(type: .b, deviation: deviation))
  }
}
