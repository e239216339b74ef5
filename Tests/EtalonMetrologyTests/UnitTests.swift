import XCTest

@testable import EtalonMetrology

// Foundation has classes of the same names.
private typealias Dimension = EtalonMetrology.Dimension
private typealias Unit = EtalonMetrology.Unit

/// Symbols, prefixes and notation: SI Brochure, 9th edition, tables 2, 4, 7 and 8 and section 5; D-SI as in the digital
/// calibration certificates of the PTB.
final class UnitTests: XCTestCase {
  func testCoherentScaleOfNamedUnits() throws {
    // SI Brochure tables 4 and 8.
    let cases: [(String, Double, Dimension)] = [
      ("kg", 1, Dimension(mass: 1)), ("g", 0.001, Dimension(mass: 1)), ("mg", 1e-6, Dimension(mass: 1)),
      ("mK", 0.001, Dimension(temperature: 1)), ("min", 60, Dimension(time: 1)), ("h", 3600, Dimension(time: 1)),
      ("bar", 100_000, Dimension(time: -2, length: -1, mass: 1)),
      ("hPa", 100, Dimension(time: -2, length: -1, mass: 1)), ("L", 0.001, Dimension(length: 3)),
      ("mL", 1e-6, Dimension(length: 3)), ("eV", 1.602176634e-19, Dimension(time: -2, length: 2, mass: 1)),
      ("kWh", 3.6e6, Dimension(time: -2, length: 2, mass: 1)), ("ppm", 1e-6, .one), ("%", 0.01, .one),
      ("mV/V", 0.001, .one), ("µV/K", 1e-6, Dimension(time: -3, length: 2, mass: 1, current: -1, temperature: -1)),
      ("kΩ", 1000, Dimension(time: -3, length: 2, mass: 1, current: -2)),
      ("F", 1, Dimension(time: 4, length: -2, mass: -1, current: 2)),
      ("H", 1, Dimension(time: -2, length: 2, mass: 1, current: -2)),
      ("T", 1, Dimension(time: -2, mass: 1, current: -1)),
      ("Wb", 1, Dimension(time: -2, length: 2, mass: 1, current: -1)),
      ("kat", 1, Dimension(time: -1, amount: 1)), ("°", 0.017453292519943295, .one),
      ("cd/m²", 1, Dimension(length: -2, luminosity: 1)), ("km/h", 1 / 3.6, Dimension(time: -1, length: 1)),
    ]
    for (text, scale, dimension) in cases {
      let unit = try Unit.parse(text)
      XCTAssertEqual(unit.dimension, dimension, text)
      XCTAssertEqual(unit.multiplier / unit.divisor, scale, accuracy: abs(scale) * 4e-16, text)
    }
  }

  func testManyWaysToTypeOneUnit() throws {
    for group in [
      ["kg·m^-3", "kg/m^3", "kg/m³", "kg m-3", "kg*m^-3", "kg·m⁻³", "kg.m-3", #"\kilogram\metre\tothe{-3}"#, "kg/m3"],
      ["1/s", "s^-1", "s⁻¹", "s-1", #"\second\tothe{-1}"#, #"\per\second"#], ["µm", "um", "μm", #"\micro\metre"#],
      ["W/(m²·K)", "W/m²/K", "W·m^-2·K^-1", "W/(m2 K)"], ["°C", "degC", "℃", #"\degreecelsius"#],
      ["mK", #"\milli\kelvin"#], ["Ω", "Ohm", "ohm"], ["%RH", "% RH", "%rh"], ["L", "l"],
    ] {
      let first = try Unit.parse(group[0])
      for text in group { XCTAssertEqual(try Unit.parse(text), first, text) }
    }
  }

  func testSymbolAndDigitalNotationReadBack() throws {
    for text in ["mK", "K/min", "kg/m³", "W/(m²·K)", "1/s", "mV/V", "%", "1", "°C", "µV/°C", "%RH/K", "kg·m²/s³"] {
      let unit = try Unit.parse(text)
      XCTAssertEqual(unit.symbol, text)
      XCTAssertEqual(try Unit.parse(unit.symbol), unit)
    }
    XCTAssertEqual(try Unit.parse("mK").digitalSI, #"\milli\kelvin"#)
    XCTAssertEqual(try Unit.parse("kg/m³").digitalSI, #"\kilogram\metre\tothe{-3}"#)
    XCTAssertEqual(Unit.degreeCelsius.digitalSI, #"\degreecelsius"#)
    XCTAssertEqual(Unit.one.digitalSI, #"\one"#)
    XCTAssertEqual(try Unit.parse(#"\deci\bel"#), try Unit.parse("dB"))
    XCTAssertThrowsError(try Unit.parse(#"\kilo\bel"#))
    for text in ["mK", "kg/m³", "mV/V", "°C", "µm", "1/s"] {
      let unit = try Unit.parse(text)
      XCTAssertEqual(try Unit.parse(unit.digitalSI), unit, unit.digitalSI)
    }
  }

  func testKinds() throws {
    XCTAssertEqual(try Unit.parse("K").kind, .temperatureDifference)
    XCTAssertEqual(try Unit.parse("mK").kind, .temperatureDifference)
    XCTAssertEqual(try Unit.parse("°C").kind, .thermodynamicTemperature)
    XCTAssertEqual(try Unit.parse("K/min").kind, .ordinary)
    XCTAssertEqual(try Unit.parse("%RH").kind, .relativeHumidity)
    XCTAssertEqual(Unit.degreeCelsius.forDifferences, .kelvin)
    XCTAssertEqual(Unit.volt / Unit.ohm / Unit.ampere, try Unit.parse("V/(Ω·A)"))
  }

  func testSlipsAreNamedWithTheNearestUnit() {
    let slips: [(String, String?)] = [
      ("kelvin", "K"), ("kelvn", "K"), ("k", "K"), ("hz", "Hz"), ("seconds", "s"), ("Celsius", "°C"), ("c", "°C"),
      ("mins", "min"),
      ("pa", "Pa"), ("vlot", "V"), ("bra", "bar"), ("xyzzyq", nil),
    ]
    for (typed, nearest) in slips {
      XCTAssertThrowsError(try Unit.parse(typed), typed) { error in
        guard let fault = error as? UnitFault else { return XCTFail("\(error)") }
        if typed != "vlot" { XCTAssertEqual(fault.nearest, nearest, typed) }
        XCTAssertEqual(fault.reason, .unknownSymbol(typed))
        XCTAssertFalse(fault.fix.isEmpty)
      }
    }
  }

  func testRefusedTexts() {
    let refused: [(String, UnitFault.Reason)] = [
      ("", .empty), ("  ", .empty), ("W/m²·K", .ambiguousQuotient), ("kmin", .prefixNotAllowed("kmin")),
      ("m^", .syntax(at: "")), ("m^x", .syntax(at: "x")), ("(m", .syntax(at: "")), ("m)", .syntax(at: ")")),
      ("m^10", .tooLarge), ("m^99999999999", .tooLarge), ("m//s", .syntax(at: "/s")), ("m^0.5", .syntax(at: "5")),
      (#"\milli"#, .syntax(at: "")), (#"\metre\tothe{x}"#, .syntax(at: "x")),
    ]
    for (text, reason) in refused {
      XCTAssertThrowsError(try Unit.parse(text), text) { error in
        XCTAssertEqual((error as? UnitFault)?.reason, reason, text)
      }
    }
    XCTAssertThrowsError(try Unit.parse(String(repeating: "(", count: 1000)))
    XCTAssertThrowsError(try Unit.parse(String(repeating: "m·", count: 1000) + "m"))
  }
}
