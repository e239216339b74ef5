import EtalonCore
import EtalonSim
import XCTest

/// A heater that a digital line switches at full power only: the bounded PI controller and the time-proportioned output
/// reach a set point and hold it, on the simulated bath.
final class TimeProportionedHeaterTests: XCTestCase {
  /// Steers for `minutes` and returns the true temperature at the reference, once a second.
  private func steer(
    to setpoint: Double, minutes: Double, faults: FaultPlan = FaultPlan()
  ) throws -> (celsius: [Double], switches: Int, energyJoules: Double) {
    var configuration = SimConfiguration()
    configuration.lines = [LineConfiguration(name: "heater", direction: .output)]
    configuration.heaterLine = 0
    var world = try SimulatedWorld(configuration, seed: 4, faults: faults)
    let plant = configuration.plant
    var controller = try PIController(
      PIController.Configuration(
        heatCapacityJoulesPerKelvin: plant.blockJoulesPerKelvin + plant.liquidJoulesPerKelvin,
        lossWattsPerKelvin: plant.lossWattsPerKelvin + plant.coolingWattsPerKelvin,
        idleCelsius: plant.steadyCelsius(watts: 0), delaySeconds: 16 + 5, limitsWatts: 0...plant.maximumHeaterWatts))
    // A relay of 1.5 kW: windows of ten seconds, never on or off for less than 200 ms.
    var output = try TimeProportionedOutput(
      TimeProportionedOutput.Configuration(
        ratedWatts: plant.maximumHeaterWatts, windowNanoseconds: 10_000_000_000, minimumOnNanoseconds: 200_000_000,
        minimumOffNanoseconds: 200_000_000))
    var celsius: [Double] = []
    var switches = 0
    var energy = 0.0
    var isOn = false
    var nextReading = world.now()
    var since = world.now()
    let end = world.now() + Int64(minutes * 60e9)
    while world.now() < end {
      let due = output.nextSwitch.map { min($0, nextReading) } ?? nextReading
      let instant = world.nextInput(until: due).instant
      if instant >= nextReading {
        nextReading = instant + 1_000_000_000
        let shown = (world.bench.trueCelsius().reference * 1000).rounded() / 1000
        celsius.append(shown)
        _ = controller.update(measured: shown, setpoint: setpoint, at: instant)
      }
      let next = output.isOn(watts: controller.watts ?? 0, at: instant)
      if isOn { energy += plant.maximumHeaterWatts * instant.seconds(since: since) }
      since = instant
      if next != isOn {
        switches += 1
        isOn = next
        world.perform(.set(0, active: next))
        XCTAssertEqual(world.level(of: 0), next)
      }
    }
    return (celsius, switches, energy)
  }

  func testReachesAndHoldsASetPoint() throws {
    for setpoint in [12.0, 30, 50] {
      let (celsius, switches, energy) = try steer(to: setpoint, minutes: 60)
      XCTAssertEqual(celsius.count, 3600, accuracy: 2)
      let held = celsius.suffix(1200)
      let mean = held.reduce(0, +) / Double(held.count)
      XCTAssertEqual(mean, setpoint, accuracy: 0.01, "\(setpoint) °C")
      // One window of full power warms 21 kJ/K by 0.7 K; the block and the probe's lag let a tenth of it through.
      let worst = try XCTUnwrap(held.map { abs($0 - setpoint) }.max())
      XCTAssertLessThan(worst, 0.15, "\(setpoint) °C")
      let overshoot = try XCTUnwrap(celsius.map { ($0 - setpoint) * (setpoint > 23 ? 1 : -1) }.max())
      XCTAssertLessThan(overshoot, 0.5, "\(setpoint) °C")
      // The relay lives: at most one pulse in each window.
      XCTAssertLessThanOrEqual(switches, 2 * 361)
      XCTAssertGreaterThan(energy, 0)
    }
  }

  /// In the steady state the energy of the pulses is what room and cooler take: 6 W/K · 27 K + 20 W/K · 48 K at 50 °C.
  func testPulsesCarryTheHoldingPower() throws {
    let half = try steer(to: 50, minutes: 60).energyJoules
    let whole = try steer(to: 50, minutes: 90).energyJoules
    let watts = (whole - half) / 1800
    // The room wanders by 0.3 K (1.8 W), and one window's pulse more or less is 10 J/s of 1800 s.
    XCTAssertEqual(watts, 6 * 27 + 20 * 48, accuracy: 20)
  }

  /// A heater that stays off is seen: the set point is not reached, and the demand stands at its limit.
  func testAStuckLineIsSeen() throws {
    let faults = FaultPlan([FaultEntry(atSeconds: 60, layer: .plant, kind: .heaterStuckOff)])
    let (celsius, _, _) = try steer(to: 50, minutes: 30, faults: faults)
    XCTAssertLessThan(try XCTUnwrap(celsius.last), 30)
  }
}
