import XCTest

@testable import EtalonMetrology

// Foundation has classes of the same names.
private typealias Dimension = EtalonMetrology.Dimension
private typealias Unit = EtalonMetrology.Unit

final class QuantityTests: XCTestCase {
  func testNumbersStayAsTyped() throws {
    let ten = try Quantity.parse("10 °C")
    XCTAssertEqual(ten.number, 10)
    XCTAssertEqual(try ten.value(in: .degreeCelsius), 10.0)
    // SI Brochure 2.3.4: t/°C = T/K − 273.15.
    XCTAssertEqual(ten.value, 283.15)
    XCTAssertEqual(try ten.value(in: .thermodynamicKelvin), 283.15)
    XCTAssertEqual(try Quantity.parse("0.05 K").value, 0.05)
    XCTAssertEqual(try Quantity.parse("-0.20 K").value, -0.20)
    XCTAssertEqual(try Quantity.parse("−0.20 K").value, -0.20)
    XCTAssertEqual(try Quantity.parse("240"), Quantity(240, .one))
    XCTAssertEqual(try Quantity.parse("95.45 %").value, 0.9545)
    XCTAssertEqual(try Quantity.parse("9 mK").value, 0.009)
    XCTAssertEqual(try Quantity.parse("10 min").value, 600)
    XCTAssertEqual(try Quantity.parse("1.5 h").value, 5400)
    XCTAssertEqual(try Quantity.parse("1 h 30 min").value, 5400)
    XCTAssertEqual(try Quantity.parse("90min").value, 5400)
    XCTAssertEqual(try Quantity.parse("0.02 K/min").value, 0.02 / 60)
    XCTAssertEqual(try Quantity.parse("1/s").value, 1)
    XCTAssertEqual(try Quantity.parse("100 1/s").value, 100)
    XCTAssertEqual(try Quantity.parse("1.5×10^-3 m").value, 0.0015)
    XCTAssertEqual(try Quantity.parse("1.5·10⁻³ m").value, 0.0015)
    XCTAssertEqual(try Quantity.parse("12 \\milli\\kelvin").value, 0.012)
    XCTAssertEqual(try Quantity.parse("1e-6 m").value, 1e-6)
    XCTAssertEqual(try Quantity.parse("20 %RH").unit, .percentRelativeHumidity)
    XCTAssertEqual(try Quantity.parse("1e3eV").unit, try Unit.parse("eV"))
  }

  func testTypedDecimalsAreTheNearestDoubles() throws {
    // Hard cases of decimal conversion: 2^-1022 and its predecessor, and a number half-way between two doubles.
    XCTAssertEqual(try Quantity.parse("2.2250738585072011e-308 s").number, Double.leastNormalMagnitude.nextDown)
    XCTAssertEqual(try Quantity.parse("9007199254740993 s").number, 9_007_199_254_740_992)
  }

  func testConversionBetweenUnits() throws {
    func convert(_ text: String, _ unit: String) throws -> Double {
      try Quantity.parse(text).value(in: Unit.parse(unit))
    }
    XCTAssertEqual(try convert("12.5 K", "mK"), 12500)
    XCTAssertEqual(try convert("1013.25 hPa", "bar"), 1.01325)
    XCTAssertEqual(try convert("1 atm", "Pa"), 101_325)
    XCTAssertEqual(try convert("36 km/h", "m/s"), 10, accuracy: 1e-14)
    XCTAssertEqual(try convert("1 kWh", "MJ"), 3.6, accuracy: 1e-15)
    XCTAssertEqual(try convert("50 %", "1"), 0.5)
    XCTAssertEqual(try convert("2500 ppm", "%"), 0.25)
    XCTAssertEqual(try convert("10 µV/°C", "nV/mK"), 10)
    XCTAssertEqual(try convert("0.02 K/min", "K/min"), 0.02)
    XCTAssertEqual(try convert("1.2 g/cm³", "kg/m³"), 1200, accuracy: 1e-12)
    XCTAssertEqual(try convert("180 °", "rad"), Double.pi, accuracy: 1e-15)
    XCTAssertEqual(try Quantity(300, .thermodynamicKelvin).value(in: .degreeCelsius), 26.85)
    XCTAssertEqual(try convert("1 1/min", "Hz"), 1.0 / 60)
    // Compound units that reduce to a difference convert to K.
    XCTAssertEqual(try convert("6 K·min/min", "K"), 6)
  }

  func testTemperatureIsNotADifference() {
    XCTAssertThrowsError(try Quantity.parse("0.02 °C").value(in: .kelvin)) { error in
      let fault = error as? QuantityFault
      XCTAssertEqual(
        fault?.reason, .kind(expected: .temperatureDifference, received: .thermodynamicTemperature))
      XCTAssertTrue(fault?.description.contains("use K for a difference") ?? false, "\(error)")
    }
    XCTAssertThrowsError(try Quantity.parse("300 K").value(in: .degreeCelsius)) { error in
      XCTAssertEqual(
        (error as? QuantityFault)?.reason, .kind(expected: .thermodynamicTemperature, received: .temperatureDifference))
    }
    XCTAssertThrowsError(try Quantity.parse("20 %").value(in: .percentRelativeHumidity))
    XCTAssertThrowsError(try Quantity.parse("20 %RH").value(in: .percent))
    XCTAssertThrowsError(try Quantity.parse("20 s").value(in: .metre)) { error in
      XCTAssertEqual(
        (error as? QuantityFault)?.reason,
        .dimension(expected: Dimension(length: 1), received: Dimension(time: 1)))
    }
  }

  /// No temperature is below 0 K (SI Brochure, 2.3.1); a difference may be.
  func testNothingIsBelowAbsoluteZero() throws {
    for text in ["-273.16 °C", "-1000 °C"] {
      XCTAssertThrowsError(try Quantity.parse(text), text) { error in
        XCTAssertEqual((error as? QuantityFault)?.reason, .belowAbsoluteZero)
        XCTAssertTrue("\(error)".contains("-273.15 °C"), "\(error)")
      }
    }
    XCTAssertThrowsError(try Quantity(-1, .thermodynamicKelvin).value(in: .degreeCelsius)) {
      XCTAssertEqual(($0 as? QuantityFault)?.reason, .belowAbsoluteZero)
    }
    XCTAssertThrowsError(try Quantity(-274, .degreeCelsius).value(in: .degreeCelsius))
    XCTAssertEqual(try Quantity.parse("-273.15 °C").value(in: .thermodynamicKelvin), 0)
    XCTAssertEqual(try Quantity.parse("-300 K").value(in: .kelvin), -300)
  }

  /// ISO 80000-1, annex C: 1 Np = 20/ln 10 dB ≈ 8.685 890 dB. Whether a decibel is of powers or of amplitudes the unit does
  /// not say, so a plain number is refused.
  func testLogarithmicRatios() throws {
    let neper = try Unit.parse("Np")
    let decibel = try Unit.parse("dB")
    XCTAssertEqual(try Quantity(1, neper).value(in: decibel), 8.685889638065037, accuracy: 1e-14)
    XCTAssertEqual(try Quantity.parse("20 dB").value(in: neper), 2.302585092994046, accuracy: 1e-15)
    XCTAssertEqual(try Quantity.parse("20 dB").value(in: Unit.parse("B")), 2)
    XCTAssertEqual(try Quantity.parse("3 dB/m").value(in: Unit.parse("dB/km")), 3000)
    XCTAssertEqual(decibel.digitalSI, "\\decibel")
    XCTAssertEqual(try Unit.parse("\\decibel"), decibel)
    XCTAssertEqual(decibel.kind, .logarithmicRatio)
    for (text, unit) in [("20 dB", Unit.one), ("20 dB", .percent), ("0.5", decibel), ("10 %", neper)] {
      XCTAssertThrowsError(try Quantity.parse(text).value(in: unit), text) { error in
        guard case .kind? = (error as? QuantityFault)?.reason else { return XCTFail("\(error)") }
        XCTAssertTrue("\(error)".contains("logarithm of a ratio"), "\(error)")
      }
    }
    // A gigabyte is not a bel.
    XCTAssertThrowsError(try Unit.parse("GB"))
  }

  func testRefusedTexts() {
    let refused: [(String, QuantityFault.Reason?)] = [
      ("", .empty), ("   ", .empty), ("K", .notANumber), ("nan K", .notANumber), ("inf K", .notANumber),
      ("-inf", .notANumber), ("0x10 K", nil), ("0,05 K", .decimalComma), ("1e999 K", .outOfRange), (".", .notANumber),
      ("-", .notANumber), ("1 K 2 K", nil), ("1×10^ m", .notANumber), ("10 kelvins", nil), ("10 °C/", nil),
    ]
    for (text, reason) in refused {
      XCTAssertThrowsError(try Quantity.parse(text), text) { error in
        guard let fault = error as? QuantityFault else { return XCTFail("\(error)") }
        if let reason { XCTAssertEqual(fault.reason, reason, text) }
        XCTAssertFalse(fault.description.isEmpty)
      }
    }
    XCTAssertThrowsError(try Quantity.parse("10 kelvins")) { error in
      XCTAssertEqual((error as? QuantityFault)?.nearest, "K")
    }
  }

  func testNumbersBeyondTheRangeOfADouble() {
    for text in ["1e300 Qm", "1e308 h", "1e308 s 1e308 s"] {
      XCTAssertThrowsError(try Quantity.parse(text), text) {
        XCTAssertEqual(($0 as? QuantityFault)?.reason, .outOfRange)
      }
    }
    for (text, unit) in [("1e300 m", "qm"), ("1e-300 nm", "Gm"), ("3e-307 mm", "m")] {
      XCTAssertThrowsError(try Quantity.parse(text).value(in: Unit.parse(unit)), text) {
        XCTAssertEqual(($0 as? QuantityFault)?.reason, .outOfRange)
      }
    }
    XCTAssertEqual(try Quantity.parse("0 nm").value(in: Unit.parse("Gm")), 0)
  }

  func testPrintingReadsBack() throws {
    for text in ["10 °C", "0.05 K", "-0.2 K", "240", "1e-06 m", "20 %RH"] {
      let quantity = try Quantity.parse(text)
      XCTAssertEqual(try Quantity.parse(quantity.description), quantity)
    }
    XCTAssertEqual(try Quantity.parse("10.0 °C").description, "10 °C")
  }

  /// SI Brochure, 9th edition, 2.3.4 and table 4: named units that only share a dimension are not one another.
  func testUnitsOfOneDimensionAreNotOneQuantity() throws {
    let refused = [
      ("1 Hz", "rad/s"), ("1 rad/s", "Hz"), ("1 rad/s", "1/min"), ("1 Bq", "Hz"), ("1 Sv", "Gy"), ("1 lm", "cd"),
      ("1 lx", "cd/m²"), ("1 var", "W"), ("1 kVA", "kW"), ("1 kHz", "MBq"),
    ]
    for (text, unit) in refused {
      XCTAssertThrowsError(try Quantity.parse(text).value(in: .parse(unit)), "\(text) in \(unit)") { error in
        guard case .quantity? = (error as? QuantityFault)?.reason else { return XCTFail("\(error)") }
      }
    }
    let kept = [
      ("1 Hz", "1/s", 1.0), ("60 1/min", "Hz", 1), ("1 Bq", "1/s", 1), ("1 Sv", "J/kg", 1), ("1 lm", "cd·sr", 1),
      ("1 W", "J/s", 1), ("1 kVA", "V·A", 1000), ("1 J", "N·m", 1), ("1 W/Hz", "W·s", 1), ("1 sr", "rad²", 1),
    ]
    for (text, unit, expected) in kept {
      XCTAssertEqual(try Quantity.parse(text).value(in: .parse(unit)), expected, accuracy: 1e-12, "\(text) in \(unit)")
    }
  }

  /// Units of other systems are no slips of these.
  func testNoMisleadingSuggestion() {
    for typed in ["oz", "lb", "cal", "yr", "in", "rpm"] {
      XCTAssertThrowsError(try Unit.parse(typed)) { XCTAssertNil(($0 as? UnitFault)?.nearest, typed) }
    }
  }
}
