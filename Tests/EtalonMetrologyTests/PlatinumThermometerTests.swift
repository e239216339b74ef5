import EtalonMetrology
import XCTest

/// Platinum thermometers against the standards that define them.
final class PlatinumThermometerTests: XCTestCase {
  /// IEC 60751 table 1, printed to 0.01 Ω, with two further decimals from the closed form.
  func testCallendarVanDusen() throws {
    let sensor = try CallendarVanDusen()
    let rows: [(Double, Double)] = [
      (-200, 18.5201), (-100, 60.2558), (0, 100), (100, 138.5055), (400, 247.0920), (850, 390.4811),
    ]
    for (celsius, ohm) in rows {
      XCTAssertEqual(try sensor.value(at: celsius), ohm, accuracy: 6e-5)
      XCTAssertEqual(try sensor.celsius(resistanceOhm: sensor.value(at: celsius)), celsius, accuracy: 1e-10)
    }
    XCTAssertEqual(try sensor.derivative(at: 0), 0.39083, accuracy: 1e-12)
    for t in [-150.0, -1, 30, 700] {
      let slope = (try sensor.value(at: t + 1e-3) - sensor.value(at: t - 1e-3)) / 2e-3
      XCTAssertEqual(try sensor.derivative(at: t), slope, accuracy: 1e-9)
    }
    XCTAssertThrowsError(try sensor.value(at: -200.01)) { error in
      XCTAssertEqual(error as? CalibrationFault, .outsideRange(-200.01, lower: -200, upper: 850))
    }
    XCTAssertThrowsError(try sensor.celsius(resistanceOhm: 391))
    XCTAssertThrowsError(try CallendarVanDusen(resistanceAtZeroOhm: 0)) { error in
      XCTAssertEqual(error as? CalibrationFault, .parameter(0, index: 0))
    }
  }

  /// ITS-90 table 1: W_r at the defining fixed points, eight decimals; 1.1e-8 allows the last of them to be rounded twice.
  func testReferenceFunctionAtFixedPoints() throws {
    let rows: [(celsius: Double, ratio: Double)] = [
      (-259.3467, 0.00119007), (-248.5939, 0.00844974), (-218.7916, 0.09171804), (-189.3442, 0.21585975),
      (-38.8344, 0.84414211), (0.01, 1), (29.7646, 1.11813889), (156.5985, 1.60980185), (231.928, 1.89279768),
      (419.527, 2.56891730), (660.323, 3.37600860), (961.78, 4.28642053),
    ]
    let reference = ITS90Reference()
    for row in rows {
      let kelvin = row.celsius + 273.15
      XCTAssertEqual(try reference.value(at: kelvin), row.ratio, accuracy: 1.1e-8)
      XCTAssertEqual(try reference.kelvin(ratio: row.ratio), kelvin, accuracy: 1.3e-4)
    }
    XCTAssertThrowsError(try reference.value(at: 13.8))
    XCTAssertThrowsError(try reference.kelvin(ratio: 4.3))
    XCTAssertThrowsError(try reference.kelvin(ratio: -1))
  }

  /// The two equations of the reference function meet at the triple point of water, within the eighth decimal to which
  /// their coefficients are published.
  func testReferenceFunctionIsContinuous() throws {
    let reference = ITS90Reference()
    XCTAssertEqual(try reference.value(at: 273.16), 1, accuracy: 1.1e-8)
    XCTAssertEqual(try reference.value(at: 273.16.nextUp), 1, accuracy: 1.1e-8)
    XCTAssertEqual(try reference.derivative(at: 273.16), try reference.derivative(at: 273.16.nextUp), accuracy: 1e-7)
    for kelvin in [14.5, 60, 200, 300, 800, 1200] {
      let slope = (try reference.value(at: kelvin + 1e-3) - reference.value(at: kelvin - 1e-3)) / 2e-3
      XCTAssertEqual(try reference.derivative(at: kelvin), slope, accuracy: 1e-8)
    }
  }

  /// NIST SP 250-81, worked deviation functions of the subranges 4 and 6: ΔW printed to nine decimals, evaluated at W_r.
  func testDeviationFunctions() throws {
    let argon = try PlatinumThermometer(
      subrange: .argon, coefficients: [-1.2579994e-04, 1.0678395e-05], triplePointOhm: 25)
    let below: [(Double, Double)] = [(-189.3442, 0.000111482), (-100, 0.000053258), (-38.8344, 0.000019889)]
    for (celsius, expected) in below {
      let ratio = try ITS90Reference().value(at: celsius + 273.15)
      XCTAssertEqual(try argon.deviation(atRatio: ratio).value, expected, accuracy: 2e-9)
    }
    let aluminium = try PlatinumThermometer(
      subrange: .aluminium, coefficients: [-1.6462789e-04, -8.4598339e-06, 1.8898584e-06], triplePointOhm: 25)
    let above: [(Double, Double)] = [
      (0, 0.000000007), (100, -0.000065852), (231.928, -0.000152378), (419.527, -0.000271813), (660.323, -0.000413567),
    ]
    for (celsius, expected) in above {
      let ratio = try ITS90Reference().value(at: celsius + 273.15)
      XCTAssertEqual(try aluminium.deviation(atRatio: ratio).value, expected, accuracy: 2e-9)
    }
  }

  /// IPQ certificate 501.20/1241312: resistances at the fixed points return the fixed points within 0.1 mK.
  func testCertificate() throws {
    let sprt = try PlatinumThermometer(
      subrange: .zinc, coefficients: [-1.2134e-04, -9.9190e-06], triplePointOhm: 25.319871)
    for (ohm, celsius) in [(25.319871, 0.010), (47.922451, 231.928), (65.039218, 419.527)] {
      XCTAssertEqual(try sprt.kelvin(resistanceOhm: ohm), celsius + 273.15, accuracy: 1e-4)
    }
    XCTAssertThrowsError(try sprt.kelvin(resistanceOhm: 70))
  }

  /// Equation 14: the term with d begins at the thermometer's own W(660.323 °C) and is quadratic beyond it.
  func testSilverTerm() throws {
    let abc = [-1.6e-4, -8.5e-6, 1.9e-6]
    let without = try PlatinumThermometer(subrange: .aluminium, coefficients: abc, triplePointOhm: 1)
    let with = try PlatinumThermometer(subrange: .silver, coefficients: abc + [-2e-5], triplePointOhm: 1)
    let aluminium = try without.value(at: 933.473)
    XCTAssertEqual(try with.value(at: 933.473), aluminium, accuracy: 1e-12)
    XCTAssertEqual(
      try with.deviation(atRatio: aluminium - 0.1).value, try without.deviation(atRatio: aluminium - 0.1).value)
    let beyond = aluminium + 0.5
    XCTAssertEqual(
      try with.deviation(atRatio: beyond).value - without.deviation(atRatio: beyond).value, -2e-5 * 0.25,
      accuracy: 1e-13)
  }

  /// Forward and back in every subrange with coefficients of the size found in certificates.
  func testEverySubrangeInverts() throws {
    let sizes = [-1.5e-4, 1e-5, 1e-8, -1e-9, 1e-9, -1e-10, 1e-11]
    for subrange in ITS90Subrange.allCases {
      let sprt = try PlatinumThermometer(
        subrange: subrange, coefficients: Array(sizes[0..<subrange.coefficientCount]), triplePointOhm: 25.5)
      let range = subrange.rangeKelvin
      for index in 0...40 {
        let kelvin = range.lowerBound + (range.upperBound - range.lowerBound) * Double(index) / 40
        let ohm = try sprt.value(at: kelvin)
        XCTAssertEqual(try sprt.kelvin(resistanceOhm: ohm), kelvin, accuracy: 2e-9 * kelvin, "\(subrange)")
        if index > 0 && index < 40 {
          let slope = (try sprt.value(at: kelvin + 1e-3) - sprt.value(at: kelvin - 1e-3)) / 2e-3
          XCTAssertEqual(try sprt.derivative(at: kelvin), slope, accuracy: 1e-6, "\(subrange)")
        }
      }
    }
    XCTAssertThrowsError(try PlatinumThermometer(subrange: .zinc, coefficients: [1e-4], triplePointOhm: 25))
    XCTAssertThrowsError(try PlatinumThermometer(subrange: .indium, coefficients: [.nan], triplePointOhm: 25))
    XCTAssertThrowsError(try PlatinumThermometer(subrange: .indium, coefficients: [0], triplePointOhm: -1))
  }
}
