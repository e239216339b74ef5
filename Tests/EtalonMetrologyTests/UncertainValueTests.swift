import XCTest

@testable import EtalonMetrology

private typealias Unit = EtalonMetrology.Unit

final class UncertainValueTests: XCTestCase {
  private var source = InfluenceSource()

  private func value(_ x: Double, _ u: Double, _ dof: Double = .infinity) throws -> UncertainValue {
    try UncertainValue(value: x, standardUncertainty: u, degreesOfFreedom: dof, influence: source.identity())
  }

  func testSharedInfluenceCorrelates() throws {
    let x = try value(10, 0.3)
    XCTAssertEqual((x - x).standardUncertainty, 0)
    XCTAssertEqual((x + x).standardUncertainty, 0.6, accuracy: 1e-15)
    XCTAssertEqual(try x.divided(by: x).standardUncertainty, 0, accuracy: 1e-17)
    // GUM 5.2.2, example: ten resistors compared with one standard, u(R_ref) = 10 Ω · 10⁻⁵ each fully shared.
    let standard = try value(1000, 0.1)
    var sum = UncertainValue(exact: 0)
    for _ in 0..<10 { sum = sum + standard }
    XCTAssertEqual(sum.standardUncertainty, 1, accuracy: 1e-14)
    let a = standard + (try value(0, 0.1))
    let b = standard + (try value(0, 0.1))
    XCTAssertEqual(a.correlation(with: b), 0.5, accuracy: 1e-15)
  }

  /// GUM H.1: the end gauge, table H.1 and H.1.6.
  func testEndGauge() throws {
    let lS = try value(50_000_623, 25, 18)
    let d = try value(215, 9.7, 25.6)
    let dalpha = try value(0, 5.8e-7, 50)
    let theta = try value(-0.1, 0.41)
    let alphaS = try value(1.15e-5, 1.2e-6)
    let dtheta = try value(0, 0.029, 2)
    let l = lS + d - lS * (dalpha * theta + alphaS * dtheta)
    XCTAssertEqual(l.value, 50_000_838, accuracy: 0.5)
    XCTAssertEqual(l.standardUncertainty, 32, accuracy: 0.5)
    XCTAssertEqual(l.degreesOfFreedom.rounded(.down), 16)
  }

  /// GUM H.2: impedance from correlated means with four degrees of freedom, tables H.2 to H.4; the printed correlation
  /// coefficients have two digits, which leaves u(R) uncertain by a unit of its second digit.
  func testEnsemble() throws {
    let ensemble = try UncertainValue.ensemble(
      values: [4.9990, 0.019661, 1.04446], standardUncertainties: [0.0032, 9.5e-6, 0.00075],
      correlation: [1, -0.36, 0.86, -0.36, 1, -0.65, 0.86, -0.65, 1], degreesOfFreedom: 4, from: &source)
    let z = try ensemble[0].divided(by: ensemble[1])
    let phi = ensemble[2]
    let cosine = try phi.mapped(to: Elementary.cos(phi.value), derivative: -Elementary.sin(phi.value))
    let r = z * cosine
    XCTAssertEqual(z.value, 254.26, accuracy: 0.005)
    XCTAssertEqual(z.standardUncertainty, 0.236, accuracy: 0.002)
    XCTAssertEqual(r.value, 127.73, accuracy: 0.005)
    XCTAssertEqual(r.standardUncertainty, 0.071, accuracy: 0.002)
    XCTAssertEqual(r.degreesOfFreedom, 4, accuracy: 1e-12)
    XCTAssertEqual(ensemble[0].correlation(with: ensemble[2]), 0.86, accuracy: 1e-12)
    // Counted as independent the same influences would seem to have more degrees of freedom than were observed.
    let independent = try value(1, 1, 4) + (try value(1, 1, 4))
    XCTAssertEqual(independent.degreesOfFreedom, 8, accuracy: 1e-12)
  }

  func testFaults() throws {
    let identity = source.identity()
    XCTAssertThrowsError(try UncertainValue(value: .nan, standardUncertainty: 1, influence: identity))
    XCTAssertThrowsError(try UncertainValue(value: 1, standardUncertainty: -1, influence: identity))
    XCTAssertThrowsError(
      try UncertainValue(value: 1, standardUncertainty: 1, degreesOfFreedom: 0, influence: identity))
    XCTAssertThrowsError(try value(1, 1).divided(by: UncertainValue(exact: 0)))
    XCTAssertThrowsError(
      try UncertainValue.ensemble(
        values: [0, 0, 0], standardUncertainties: [1, 1, 1], correlation: [1, 0.9, -0.9, 0.9, 1, 0.9, -0.9, 0.9, 1],
        from: &source)
    ) { XCTAssertEqual($0 as? UncertainValueFault, .correlation(row: 2, column: 2)) }
    XCTAssertThrowsError(
      try UncertainValue.ensemble(values: [0], standardUncertainties: [1, 2], correlation: [1], from: &source))
  }

  /// GUM 7.2.2: m_S = 100.021 47(35) g.
  func testConciseNotation() throws {
    let gram = try Unit.parse("g")
    let mass = try ConciseNotation.parse("100.021 47(35) g")
    XCTAssertEqual(mass, try ConciseNotation(value: 100.02147, standardUncertainty: 0.00035, unit: gram))
    XCTAssertEqual(try mass.text(), "100.02147(35) g")
    XCTAssertEqual(try mass.text(groups: true), "100.021 47(35) g")
    let cases: [(Double, Double, String)] = [
      (1.2345, 0.0067, "1.2345(67)"), (-0.0203, 0.0071, "-0.0203(71)"), (12.34, 1.5, "12.3(15)"), (0, 0.12, "0.00(12)"),
      (1.0, 0.0996, "1.00(10)"), (12345, 670, "1.235(67)e4"), (6.62607015e-34, 1.2e-42, "6.626070150(12)e-34"),
      (0.00001234, 0.0000005, "1.234(50)e-5"), (100, 25, "100(25)"), (-0.001, 0.5, "0.00(50)"),
      (9.999, 0.012, "9.999(12)"), (0.125, 0.1, "0.13(10)"),
    ]
    for (value, u, text) in cases {
      let notation = try ConciseNotation(value: value, standardUncertainty: u)
      XCTAssertEqual(try notation.text(), text)
      let read = try ConciseNotation.parse(text)
      XCTAssertEqual(read.standardUncertainty, u, accuracy: 0.05 * u, text)
      XCTAssertEqual(try read.text(), text)
    }
    XCTAssertEqual(try ConciseNotation.parse("12.3(1.5) °C").standardUncertainty, 1.5)
    XCTAssertEqual(try ConciseNotation.parse("−0.020(7) K").value, -0.02)
    XCTAssertEqual(try ConciseNotation.parse("1.2345(67)").standardUncertainty, 0.0067)
    for text in ["", "1.2", "1.2(", "1.2()", "(3)", "1.2(3) xyz", "a(3)", "1.2(0)", "1.2(x)", "1-2(3)", "1.2.3(4)"] {
      XCTAssertThrowsError(try ConciseNotation.parse(text), text) { XCTAssertTrue($0 is NotationFault) }
    }
  }

  /// Constants as CODATA and the SI Brochure print them, with the power of ten behind the bracket.
  func testConciseNotationWithPowerOfTen() throws {
    let unit = try Unit.parse("m^3/(kg·s^2)")
    let constant = try ConciseNotation(value: 6.67430e-11, standardUncertainty: 0.00015e-11, unit: unit)
    for text in [
      "6.674 30(15) × 10^-11 m^3/(kg·s^2)", "6.674\u{202F}30(15)×10⁻¹¹ m³/(kg·s²)", "6.67430(15)·10−11 m^3/(kg·s^2)",
      "6.67430(15)e-11 m^3/(kg·s^2)",
    ] {
      let read = try ConciseNotation.parse(text)
      XCTAssertEqual(read.value, constant.value, text)
      XCTAssertEqual(read.standardUncertainty, constant.standardUncertainty, text)
      XCTAssertEqual(read.unit.dimension, unit.dimension, text)
    }
    XCTAssertEqual(try ConciseNotation.parse("1.2(3)×10^2").value, 120)
    // What is no space and no sign ends the number; it is not passed over.
    for text in [
      "12±3(4)", "1.2⁻3(4)", "1.2€3(4)", "1−2(3)", "1.2(3)×10", "1.2(3)×10^ m", "1.2(3)×10^1234 m", "1.2(3)×11 m",
    ] {
      XCTAssertThrowsError(try ConciseNotation.parse(text), text)
    }
  }

  /// A fault says what to write instead.
  func testNotationFaultsNameTheRemedy() {
    XCTAssertThrowsError(try ConciseNotation.parse("1,5(3) kg")) {
      XCTAssertTrue("\($0)".hasSuffix("write digits and a decimal point before the bracket, as in 1.2345(67)"), "\($0)")
    }
    XCTAssertThrowsError(try ConciseNotation.parse("1.5(0) kg")) {
      XCTAssertTrue("\($0)".hasPrefix("the uncertainty 0.0 is not above 0; "), "\($0)")
    }
    XCTAssertThrowsError(try ConciseNotation.parse("1.5(2) kelvn")) {
      XCTAssertTrue("\($0)".contains("did you mean K"), "\($0)")
    }
  }

  func testRoundingForPrint() throws {
    // GUM 7.2.6: 10.057 62 Ω with u = 27 mΩ becomes 10.058 Ω; 10.47 mΩ may be rounded to 10 mΩ.
    let first = try ConciseNotation.rounded(value: 10.05762, uncertainty: 0.027)
    XCTAssertEqual(first.value, "10.058")
    XCTAssertEqual(first.uncertainty, "0.027")
    let second = try ConciseNotation.rounded(value: 0.00449, uncertainty: 0.01047)
    XCTAssertEqual(second.value, "0.004")
    XCTAssertEqual(second.uncertainty, "0.010")
    let large = try ConciseNotation.rounded(value: 123_456, uncertainty: 996)
    XCTAssertEqual(large.value, "123500")
    XCTAssertEqual(large.uncertainty, "1000")
    XCTAssertThrowsError(try ConciseNotation.rounded(value: 1, uncertainty: 0))
    XCTAssertThrowsError(try ConciseNotation.rounded(value: .nan, uncertainty: 1))
  }
}
