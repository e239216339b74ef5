import EtalonCore
import EtalonMetrology
import XCTest

/// A first-order plant with dead time, the model of the tuning rules, in steps of 0.1 s.
struct DelayedPlant {
  var celsius: Double
  let heatCapacity: Double
  let loss: Double
  let idle: Double
  var pipeline: [Double]
  var place = 0

  init(celsius: Double, heatCapacity: Double, loss: Double, idle: Double, delaySeconds: Double) {
    self.celsius = celsius
    self.heatCapacity = heatCapacity
    self.loss = loss
    self.idle = idle
    pipeline = [Double](repeating: loss * (celsius - idle), count: Int(delaySeconds * 10))
  }

  mutating func step(watts: Double) {
    let delayed = pipeline[place]
    pipeline[place] = watts
    place = (place + 1) % pipeline.count
    celsius += 0.1 * (delayed - loss * (celsius - idle)) / heatCapacity
  }
}

final class ControlTests: XCTestCase {
  // The virtual bench's bath: 21 kJ/K, 6 W/K to a room at 23 °C and 20 W/K to a sink at 2 °C, heater of 1.5 kW.
  private let capacity = 21e3
  private let loss = 26.0
  private let idle = (6.0 * 23 + 20 * 2) / 26
  private let delay = 12.0

  private func configuration(closedLoopSeconds: Double? = nil) -> PIController.Configuration {
    .init(
      heatCapacityJoulesPerKelvin: capacity, lossWattsPerKelvin: loss, idleCelsius: idle, delaySeconds: delay,
      limitsWatts: 0...1500, closedLoopSeconds: closedLoopSeconds)
  }

  /// Runs the loop once a second; returns temperatures once a second.
  private func run(
    _ controller: inout PIController, _ plant: inout DelayedPlant, from start: Int, seconds: Int, setpoint: Double,
    loadWatts: Double = 0
  ) -> [Double] {
    var values: [Double] = []
    for second in start..<start + seconds {
      let watts = controller.update(
        measured: plant.celsius, setpoint: setpoint, at: Instant(nanoseconds: Int64(second) * 1_000_000_000))
      XCTAssertTrue(controller.configuration.limitsWatts.contains(watts))
      for _ in 0..<10 { plant.step(watts: watts + loadWatts) }
      values.append(plant.celsius)
    }
    return values
  }

  func testSIMCRules() {
    // Skogestad 2003, equations 23 and 24: K = τ/(k (τ_c + θ)) = C/(τ_c + θ); Tᵢ = min(τ, 4 (τ_c + θ)).
    let configuration = configuration()
    XCTAssertEqual(configuration.gainWattsPerKelvin, 21e3 / 24, accuracy: 1e-9)
    XCTAssertEqual(configuration.integralSeconds, 96, accuracy: 1e-9)
    let slow = self.configuration(closedLoopSeconds: 400)
    XCTAssertEqual(slow.integralSeconds, 21e3 / 26, accuracy: 1e-9)
    XCTAssertTrue(configuration.canHold(celsius: 50))
    XCTAssertFalse(configuration.canHold(celsius: 70))
    XCTAssertFalse(configuration.canHold(celsius: 5))
  }

  func testReachesAndHoldsThroughTheLimitWithoutWindUp() throws {
    var controller = try PIController(configuration())
    var plant = DelayedPlant(celsius: 23, heatCapacity: capacity, loss: loss, idle: idle, delaySeconds: delay)
    let first = run(&controller, &plant, from: 0, seconds: 1800, setpoint: 50)
    // 27 K at (1500 − about 770) W mean take about 700 s; wound-up integral would overshoot by many kelvins.
    XCTAssertLessThan(first.max() ?? .infinity, 50.6)
    XCTAssertEqual(first[1799], 50, accuracy: 0.005)
    let settled = try XCTUnwrap(first.indices.last { (first[$0] - 50).magnitude > 0.05 })
    XCTAssertLessThan(settled, 1200)
    let second = run(&controller, &plant, from: 1800, seconds: 3600, setpoint: 25)
    XCTAssertGreaterThan(second.min() ?? 0, 24.4)
    XCTAssertEqual(second[3599], 25, accuracy: 0.005)
  }

  func testRejectsALoadAndCorrectsAWrongModel() throws {
    var configuration = configuration()
    configuration.lossWattsPerKelvin = 20
    var controller = try PIController(configuration)
    var plant = DelayedPlant(celsius: 40, heatCapacity: capacity, loss: loss, idle: idle, delaySeconds: delay)
    let values = run(&controller, &plant, from: 0, seconds: 1500, setpoint: 40)
    XCTAssertEqual(values[1499], 40, accuracy: 0.005)
    let loaded = run(&controller, &plant, from: 1500, seconds: 1500, setpoint: 40, loadWatts: -150)
    XCTAssertEqual(loaded[1499], 40, accuracy: 0.005)
    // SIMC: the largest deviation under a load step stays below its static effect divided by the loop's gain.
    XCTAssertGreaterThan(loaded.min() ?? 0, 40 - 150 / configuration.gainWattsPerKelvin * 1.5)
  }

  func testSetPointChangeIsBumpless() throws {
    var configuration = configuration()
    configuration.lossWattsPerKelvin = 0
    var controller = try PIController(configuration)
    let before = controller.update(measured: 30, setpoint: 30.5, at: Instant(nanoseconds: 0))
    let changed = controller.update(measured: 30, setpoint: 31, at: Instant(nanoseconds: 1))
    XCTAssertEqual(changed, before, accuracy: 1e-6)
    XCTAssertEqual(before, 0.5 * configuration.gainWattsPerKelvin, accuracy: 1e-9)
  }

  func testBadInput() throws {
    var controller = try PIController(configuration())
    XCTAssertEqual(controller.update(measured: .nan, setpoint: 30, at: Instant(nanoseconds: 0)), 0)
    let good = controller.update(measured: 30, setpoint: 30, at: Instant(nanoseconds: 10))
    XCTAssertEqual(good, loss * (30 - idle), accuracy: 1e-9)
    XCTAssertEqual(controller.update(measured: .infinity, setpoint: 30, at: Instant(nanoseconds: 20)), good)
    XCTAssertEqual(controller.update(measured: 20, setpoint: 30, at: Instant(nanoseconds: 5)), good)
    var bad = configuration()
    bad.integralSeconds = 0
    XCTAssertThrowsError(try PIController(bad)) { XCTAssertEqual($0 as? PIController.Fault, .notPositive(0)) }
  }

  func testTimeProportionedMeanPowerIsExactInTheLongRun() throws {
    for watts in [0.0, 7, 30, 333, 750, 1480, 1500] {
      var output = try TimeProportionedOutput(
        .init(
          ratedWatts: 1500, windowNanoseconds: 10_000_000_000, minimumOnNanoseconds: 500_000_000,
          minimumOffNanoseconds: 500_000_000))
      var joules = 0.0
      var now = Instant(nanoseconds: 0)
      var random = RandomStream(seed: 1)
      var changes: [(at: Instant, on: Bool)] = []
      while now.nanoseconds < 36_000_000_000_000 {
        let wasOn = output.isOn
        let on = output.isOn(watts: watts, at: now)
        if on != wasOn { changes.append((now, on)) }
        let wanted = try XCTUnwrap(output.nextSwitch)
        XCTAssertGreaterThan(wanted, now)
        // The loop wakes up to 20 ms late.
        let next = wanted + Int64(random.uniform(0, 20e6))
        if on { joules += 1500 * next.seconds(since: now) }
        now = next
      }
      // What is left over is at most one window's energy.
      XCTAssertEqual(joules, watts * now.seconds(since: Instant(nanoseconds: 0)), accuracy: 15_000)
      for (a, b) in zip(changes, changes.dropFirst()) {
        XCTAssertGreaterThanOrEqual(b.at - a.at, 480_000_000, "\(watts) W: switched too soon")
      }
    }
  }

  func testOutputWithoutSoundDemandIsOff() throws {
    var output = try TimeProportionedOutput(.init(ratedWatts: 100, windowNanoseconds: 1_000_000_000))
    XCTAssertTrue(output.isOn(watts: 100, at: Instant(nanoseconds: 0)))
    XCTAssertFalse(output.isOn(watts: .nan, at: Instant(nanoseconds: 100_000_000)))
    XCTAssertEqual(output.owedJoules, 0)
    XCTAssertFalse(output.isOn(watts: 0, at: Instant(nanoseconds: 200_000_000)))
    XCTAssertThrowsError(
      try TimeProportionedOutput(
        .init(ratedWatts: 100, windowNanoseconds: 10, minimumOnNanoseconds: 6, minimumOffNanoseconds: 6)))
  }
}
