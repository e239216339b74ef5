import EtalonCore
import XCTest

@testable import EtalonSim

/// The BC200 twin against its data sheet (Docs/reference/virtual-bench-devices.md).
final class BC200TwinTests: XCTestCase {
  private func controller() throws -> BenchProbe { try BenchProbe(.ideal(celsius: 23.05)) }

  func testPowerOnStateAndFormats() throws {
    var probe = try controller()
    XCTAssertEqual(probe.ask("*IDN?\n", port: 2), "ETALON,BC200,0007,1.0\n")
    XCTAssertEqual(probe.ask("HEAT:STAT?\n", port: 2), "0\n")
    XCTAssertEqual(probe.ask("HEAT:POW?\n", port: 2), "0.00\n")
    XCTAssertEqual(probe.ask("HEAT:DEAD?\n", port: 2), "30.0\n")
    XCTAssertEqual(probe.ask("HEAT:ALL?\n", port: 2), "0,0.00,0.0,0\n")
    XCTAssertEqual(probe.ask("MEAS:ROOM?\n", port: 2), "+23.05,45.0,101325\n")
  }

  func testPowerIsHeldAndReported() throws {
    var probe = try controller()
    probe.ask("HEAT:POW 345.6;STAT ON\n", port: 2)
    XCTAssertEqual(probe.ask("HEAT:ALL?\n", port: 2), "1,345.60,29.8,0\n")
    XCTAssertEqual(probe.bench.bath.heaterWatts, 345.6)
    probe.ask("HEATER:STATE OFF\n", port: 2)
    XCTAssertEqual(probe.ask("HEAT:ALL?\n", port: 2), "0,345.60,0.0,0\n")
    XCTAssertEqual(probe.bench.bath.heaterWatts, 0)
  }

  func testLimits() throws {
    var probe = try controller()
    for command in ["HEAT:POW -1", "HEAT:POW 1500.01", "HEAT:DEAD 0.4", "HEAT:DEAD 601", "HEAT:POW 1E400"] {
      probe.ask(command + "\n", port: 2)
      XCTAssertEqual(probe.ask("SYST:ERR?\n", port: 2), "-222,\"Data out of range\"\n", command)
    }
    probe.ask("HEAT:POW 1500;DEAD 600;DEAD 0.5\n", port: 2)
    XCTAssertEqual(probe.ask("HEAT:POW?;DEAD?;:SYST:ERR?\n", port: 2), "1500.00;0.5;0,\"No error\"\n")
  }

  func testDeadManSwitchesOffAndSaysSo() throws {
    var probe = try controller()
    probe.ask("HEAT:DEAD 5;POW 1000;STAT ON\n", port: 2)
    probe.pass(4.7)
    XCTAssertEqual(probe.bench.bath.heaterWatts, 1000)
    probe.ask("HEAT:POW 900\n", port: 2)
    probe.pass(4.75)
    XCTAssertEqual(probe.bench.bath.heaterWatts, 900, "HEAT:POW restarts the dead-man")
    probe.pass(0.1)
    XCTAssertEqual(probe.bench.bath.heaterWatts, 0)
    XCTAssertEqual(probe.ask("HEAT:ALL?\n", port: 2), "0,900.00,0.0,1\n")
    probe.ask("HEAT:STAT ON\n", port: 2)
    XCTAssertEqual(probe.ask("HEAT:ALL?\n", port: 2), "1,900.00,4.8,0\n")
  }

  func testAskingDoesNotFeedTheDeadMan() throws {
    var probe = try controller()
    probe.ask("HEAT:DEAD 2;POW 100;STAT ON\n", port: 2)
    for _ in 0..<12 { probe.ask("HEAT:ALL?\n", port: 2) }
    XCTAssertEqual(probe.bench.bath.heaterWatts, 0)
  }

  func testResetAndPowerCycleSwitchOff() throws {
    let plan = FaultPlan([
      FaultEntry(atSeconds: 5, layer: .device, target: "bath", kind: .powerCycle, forSeconds: 2)
    ])
    var probe = try BenchProbe(.ideal(), faults: plan)
    probe.ask("HEAT:POW 700;STAT ON\n*RST\n", port: 2)
    XCTAssertEqual(probe.bench.bath.heaterWatts, 0)
    probe.ask("HEAT:POW 700;STAT ON\n", port: 2)
    XCTAssertEqual(probe.bench.bath.heaterWatts, 700)
    probe.pass(5)
    XCTAssertEqual(probe.bench.bath.heaterWatts, 0)
    XCTAssertEqual(probe.ask("HEAT:ALL?\n", port: 2), "", "no supply, no answer")
    probe.pass(2)
    XCTAssertEqual(probe.ask("HEAT:ALL?\n", port: 2), "0,0.00,0.0,0\n")
  }
}
