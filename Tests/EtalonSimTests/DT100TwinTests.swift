import EtalonCore
import EtalonMetrology
import XCTest

@testable import EtalonSim

/// The DT100 twin against its data sheet (Docs/reference/virtual-bench-devices.md).
final class DT100TwinTests: XCTestCase {
  /// Data sheet: count 8421376 is s = 1/128, with the factory set 30.234375 °C, shown as +30.23.
  func testExampleOfTheDataSheet() throws {
    var probe = try BenchProbe(.ideal(celsius: 30.234375))
    XCTAssertEqual(probe.ask("MEAS:ALL?\n"), "1,8421376,+30.23,1\n")
    XCTAssertEqual(probe.ask("MEAS:RAW?\n"), "8421376\n")
    XCTAssertEqual(probe.ask("MEAS?\n"), "+30.23\n")
    XCTAssertEqual(probe.ask("MEAS:ALL?\n"), "4,8421376,+30.23,1\n", "every conversion counts")
  }

  func testAConversionTakes20MillisecondsAndBelongsToItsMiddle() throws {
    var probe = try BenchProbe(.ideal())
    probe.pass(1)
    let asked = probe.now
    probe.ask("MEAS?\n")
    XCTAssertEqual(probe.answeredAt - asked, 20_000_000)
    let again = probe.now
    probe.ask("MEAS?;:READ?\n")
    XCTAssertEqual(probe.answeredAt - again, 40_000_000)
  }

  func testFactorySetAndCRC() throws {
    var probe = try BenchProbe()
    let set = "+3.000000000000E+01,+3.000000000000E+01,+0.000000000000E+00,+0.000000000000E+00"
    XCTAssertEqual(probe.ask("CAL:DATA?\n"), set + "\n")
    // Computed with Python's binascii.crc32 over the text above.
    XCTAssertEqual(probe.ask("CAL:CRC?\n"), "#H788A60B5\n")
    XCTAssertEqual(TwinText.crc32(Array("123456789".utf8)), 0xCBF4_3926, "check value of CRC-32 (ISO-HDLC)")
  }

  func testLockAndCode() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("CAL:SEC:STAT?\n"), "1\n")
    for command in ["CAL:DATA 1,2,3,4", "CAL:STOR", "CAL:REST"] {
      probe.ask(command + "\n")
      XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-203,\"Command protected\"\n", command)
    }
    probe.ask("CAL:SEC:STAT OFF,DT100\n")
    XCTAssertEqual(probe.ask("CAL:SEC:STAT?\n"), "0\n")
    probe.ask("CAL:SEC:STAT OFF,dt100\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-221,\"Settings conflict\"\n")
    XCTAssertEqual(probe.ask("CAL:SEC:STAT?\n"), "1\n", "a wrong code locks")
    probe.ask("CAL:SEC:STAT 0,\"DT100\"\n")
    XCTAssertEqual(probe.ask("CAL:SEC:STAT?\n"), "0\n")
    probe.ask("CAL:SEC:STAT ON\n")
    XCTAssertEqual(probe.ask("CAL:SEC:STAT?\n"), "1\n")
    probe.ask("CAL:SEC:STAT OFF\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-109,\"Missing parameter\"\n")
  }

  func testWriteStorePreviousRestore() throws {
    var probe = try BenchProbe(.ideal(celsius: 45))
    let factory = "+3.000000000000E+01,+3.000000000000E+01,+0.000000000000E+00,+0.000000000000E+00\n"
    let first = "+2.990000000000E+01,+3.010000000000E+01,-1.250000000000E-02,+1.234567890123E-05\n"
    let crcBefore = probe.ask("CAL:CRC?\n")
    probe.ask("CAL:SEC:STAT OFF,DT100;:CAL:DATA 29.9,30.1,-0.0125,1.2345678901234E-5\n")
    XCTAssertEqual(probe.ask("CAL:DATA?\n"), first)
    // s = 0.5: 29.9 + 15.05 − 0.003125 + 0.0000015 = 44.946877
    XCTAssertEqual(probe.ask("MEAS?\n"), "+44.95\n", "the working set is in force at once")
    XCTAssertEqual(probe.ask("CAL:CRC?\n"), crcBefore, "the stored set is the old one")
    XCTAssertEqual(probe.ask("CAL:COUN?\n"), "1\n")
    let asked = probe.now
    XCTAssertEqual(probe.ask("CAL:STOR;*OPC?\n"), "1\n")
    XCTAssertEqual(probe.answeredAt - asked, 50_000_000)
    XCTAssertEqual(probe.ask("CAL:COUN?\n"), "2\n")
    XCTAssertEqual(probe.ask("CAL:PREV?\n"), factory)
    XCTAssertNotEqual(probe.ask("CAL:CRC?\n"), crcBefore)
    XCTAssertTrue(probe.ask("MEAS:ALL?\n").hasSuffix(",+44.95,2\n"))
    probe.ask("CAL:REST\n")
    XCTAssertEqual(probe.ask("CAL:DATA?\n"), factory)
    XCTAssertEqual(probe.ask("CAL:COUN?\n"), "2\n", "a restored set is not stored")
    probe.ask("CAL:STOR\n")
    XCTAssertEqual(probe.ask("CAL:PREV?;COUN?\n"), first.dropLast() + ";3\n")
    XCTAssertEqual(probe.ask("CAL:CRC?\n"), crcBefore)
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
  }

  func testPowerOffForgetsTheWorkingSetAndLocks() throws {
    let plan = FaultPlan([FaultEntry(atSeconds: 10, layer: .device, target: "dut", kind: .powerCycle)])
    var probe = try BenchProbe(.ideal(), faults: plan)
    probe.ask("CAL:SEC:STAT OFF,DT100;:CAL:DATA 29,30,0,0\n*CLS\nMEAS?\n")
    XCTAssertEqual(probe.ask("MEAS:ALL?\n"), "2,7689557,+24.00,1\n")
    probe.pass(10)
    XCTAssertEqual(probe.ask("MEAS:ALL?\n"), "1,7689557,+25.00,1\n")
    XCTAssertEqual(probe.ask("CAL:SEC:STAT?\n"), "1\n")
    XCTAssertEqual(probe.ask("*ESR?\n"), "128\n")
  }

  func testSaturation() throws {
    for (celsius, count) in [(-1.0, "0"), (61.0, "16777215")] {
      var configuration = SimConfiguration.ideal(celsius: 30)
      configuration.device.offsetKelvin = .fixed((celsius - 30) * 3)
      configuration.plant.initialCelsius = 30
      var probe = try BenchProbe(configuration)
      XCTAssertEqual(probe.ask("MEAS:ALL?\n"), "1,\(count),+9.9E+37,1\n")
    }
  }

  func testResponseFollowsTheDrawnTruth() throws {
    var configuration = SimConfiguration.ideal(celsius: 45)
    configuration.device.offsetKelvin = .fixed(0.1)
    configuration.device.gain = .fixed(0.002)
    configuration.device.curvatureKelvin = .fixed(0.4)
    configuration.device.cubicKelvin = .fixed(0.08)
    var probe = try BenchProbe(configuration)
    // s = 0.5: 0.1 + 0.03 + 0.1 + 0.01 = 0.24 K
    XCTAssertEqual(probe.ask("MEAS?\n"), "+45.24\n")
  }

  func testNoiseHasItsStandardDeviation() throws {
    var configuration = SimConfiguration.ideal(celsius: 30)
    configuration.device.noiseKelvin = .fixed(0.003)
    var probe = try BenchProbe(configuration, seed: 5)
    var sum = 0.0
    var squares = 0.0
    let count = 4000
    for _ in 0..<count {
      let raw = try XCTUnwrap(Double(probe.ask("MEAS:RAW?\n", within: 0.03).dropLast()))
      let kelvin = (raw - 8_388_608) / 4_194_304 * 30
      sum += kelvin
      squares += kelvin * kelvin
    }
    let deviation = (squares / Double(count) - (sum / Double(count)) * (sum / Double(count))).squareRoot()
    // The relative standard deviation of a standard deviation of 4000 values is 1.1 %; four of them.
    XCTAssertEqual(deviation, 0.003, accuracy: 0.003 * 0.045)
    XCTAssertEqual(sum / Double(count), 0, accuracy: 4 * 0.003 / Double(count).squareRoot())
  }

  func testHysteresisIsTheHalfDifferenceOfRisingAndFalling() throws {
    var configuration = SimConfiguration.ideal(celsius: 30)
    configuration.device.hysteresisKelvin = .fixed(0.5)
    var probe = try BenchProbe(configuration)
    func error() -> Double {
      let shown = Double(probe.ask("MEAS?\n").dropLast()) ?? .nan
      return shown - probe.bench.trueCelsius().device
    }
    probe.ask("HEAT:POW 1500;STAT ON;DEAD 600\n", port: 2)
    probe.pass(120)
    XCTAssertEqual(error(), 0.5, accuracy: 0.03)
    probe.ask("HEAT:STAT OFF\n", port: 2)
    probe.pass(4000)
    XCTAssertEqual(error(), -0.5, accuracy: 0.03)
  }
}
