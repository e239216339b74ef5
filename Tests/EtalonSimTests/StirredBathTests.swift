import EtalonMetrology
import XCTest

@testable import EtalonSim

/// The plant against closed formulas of its differential equations.
final class StirredBathTests: XCTestCase {
  private func quiet(_ change: (inout StirredBath.Parameters) -> Void = { _ in }) -> StirredBath.Parameters {
    var parameters = StirredBath.Parameters()
    parameters.stirringNoiseKelvin = 0
    parameters.roomWanderKelvin = 0
    change(&parameters)
    return parameters
  }

  private func seconds(_ seconds: Double) -> Int64 { Int64((seconds * 1e9).rounded()) }

  /// Steady state: P = L (T − room) + K (T − sink), and the block is P/G above the liquid.
  func testSteadyStateMeetsTheClosedFormula() {
    for watts in [0.0, 400, 1122, 1500] {
      var bath = StirredBath(quiet(), seed: 1)
      bath.setHeater(watts: watts, atNanoseconds: 0)
      bath.advance(toNanoseconds: seconds(40_000))
      let expected = (watts + 6 * 23 + 20 * 2) / 26
      // 40 000 s are 49 time constants: what is left of the transient is below rounding.
      XCTAssertEqual(bath.bathCelsius, expected, accuracy: 1e-9)
      XCTAssertEqual(bath.parameters.steadyCelsius(watts: watts), expected, accuracy: 1e-12)
      XCTAssertEqual(bath.parameters.holdingWatts(celsius: expected), watts, accuracy: 1e-9)
      XCTAssertEqual(bath.blockCelsius - bath.bathCelsius, watts / 250, accuracy: 1e-9)
    }
  }

  /// Heat put in = heat stored + heat lost, with power switched in the middle of steps.
  func testEnergyIsConserved() {
    var bath = StirredBath(quiet(), seed: 1)
    let start = (bath.blockCelsius, bath.bathCelsius)
    var joulesIn = 0.0
    var joulesLost = 0.0
    var watts = 0.0
    var random = RandomStream(seed: 4)
    var switched = 0.0
    var before = bath.bathCelsius
    for step in 1...20_000 {
      let now = Double(step) * 0.1
      if step % 37 == 0 {
        // Somewhere within the last step, which is not yet over for the bath.
        let at = now - 0.1 + 0.1 * random.uniform()
        bath.setHeater(watts: 1500 * random.uniform(), atNanoseconds: seconds(at))
        joulesIn += watts * (at - switched)
        (watts, switched) = (bath.heaterWatts, at)
      }
      bath.advance(toNanoseconds: seconds(now))
      let mean = (before + bath.bathCelsius) / 2
      joulesLost += 0.1 * (6 * (mean - 23) + 20 * (mean - 2))
      before = bath.bathCelsius
    }
    joulesIn += watts * (2000 - switched)
    let stored = 3000 * (bath.blockCelsius - start.0) + 18_000 * (bath.bathCelsius - start.1)
    // The trapezoids over 0.1 s leave a few joules of some 10⁶.
    XCTAssertEqual(joulesIn, stored + joulesLost, accuracy: 1e-5 * joulesIn)
    XCTAssertGreaterThan(joulesIn, 1e6)
  }

  /// The slow time constant: eigenvalue of the two-mass system, from its characteristic polynomial.
  func testTimeConstants() {
    var bath = StirredBath(
      quiet {
        $0.roomCelsius = 0
        $0.sinkCelsius = 0
        $0.initialCelsius = 40
      }, seed: 1)
    let (a, b, c) = (250.0 / 3000, 250.0 / 18_000, 276.0 / 18_000)
    let sum = a + c
    let product = a * c - a * b
    let slow = (sum - (sum * sum - 4 * product).squareRoot()) / 2
    XCTAssertEqual(1 / slow, 806, accuracy: 20, "about 21 kJ/K over 26 W/K")
    bath.advance(toNanoseconds: seconds(300))
    let first = bath.bathCelsius
    bath.advance(toNanoseconds: seconds(1300))
    // After 300 s the fast mode (12 s) is gone to 10⁻¹¹.
    XCTAssertEqual(bath.bathCelsius / first, Elementary.exp(-1000 * slow), accuracy: 1e-9)
  }

  /// A first-order probe behind a ramp is late by its time constant.
  func testProbesLagByTheirTimeConstants() {
    var bath = StirredBath(
      quiet {
        $0.lossWattsPerKelvin = 0
        $0.coolingWattsPerKelvin = 0
      }, seed: 1)
    bath.setHeater(watts: 1050, atNanoseconds: 0)
    bath.advance(toNanoseconds: seconds(1000))
    let rate = 1050.0 / 21_000
    // The probe interpolates one step late; the liquid is shown at the last full step.
    XCTAssertEqual(
      bath.bathCelsius - bath.referenceCelsius(atNanoseconds: seconds(1000)), (4 + 0.1) * rate, accuracy: 1e-6)
    XCTAssertEqual(
      bath.bathCelsius - bath.deviceCelsius(atNanoseconds: seconds(1000)), (6 + 0.1) * rate, accuracy: 1e-6)
  }

  func testLookingChangesNothing() {
    var seldom = StirredBath(StirredBath.Parameters(), gradientKelvin: 0.01, seed: 9)
    var often = seldom
    var random = RandomStream(seed: 2)
    seldom.setHeater(watts: 700, atNanoseconds: seconds(12.345678))
    var now = 0.0
    while now < 12.345678 {
      often.advance(toNanoseconds: seconds(now))
      now += random.uniform() * 0.5
    }
    often.setHeater(watts: 700, atNanoseconds: seconds(12.345678))
    while now < 500 {
      often.advance(toNanoseconds: seconds(now))
      now += random.uniform() * 0.5
    }
    let end = seconds(500.05)
    seldom.advance(toNanoseconds: end)
    often.advance(toNanoseconds: end)
    XCTAssertEqual(seldom.deviceCelsius(atNanoseconds: end), often.deviceCelsius(atNanoseconds: end))
    XCTAssertEqual(seldom.referenceCelsius(atNanoseconds: end), often.referenceCelsius(atNanoseconds: end))
    XCTAssertEqual(seldom.roomCelsius, often.roomCelsius)
  }

  func testSpeedShortensAllTimes() {
    var slow = StirredBath(StirredBath.Parameters(), seed: 3)
    var fast = StirredBath(StirredBath.Parameters(), speed: 200, seed: 3)
    slow.setHeater(watts: 1000, atNanoseconds: 0)
    fast.setHeater(watts: 1000, atNanoseconds: 0)
    slow.advance(toNanoseconds: seconds(1000))
    fast.advance(toNanoseconds: seconds(5))
    XCTAssertEqual(slow.bathCelsius, fast.bathCelsius, accuracy: 1e-9)
    XCTAssertEqual(
      slow.referenceCelsius(atNanoseconds: seconds(1000)), fast.referenceCelsius(atNanoseconds: seconds(5)),
      accuracy: 1e-9)
    XCTAssertEqual(slow.hours(atNanoseconds: seconds(1000)), fast.hours(atNanoseconds: seconds(5)), accuracy: 1e-12)
  }

  /// Ornstein-Uhlenbeck: stationary standard deviation, correlation exp(−t/τ).
  func testStirringNoise() {
    let step = OrnsteinUhlenbeckStep(step: 0.1, correlationTime: 8, deviation: 0.002)
    var random = RandomStream(seed: 6)
    var state = 0.0
    var values: [Double] = []
    for index in 0..<400_000 {
      state = step.next(state, random.normal())
      if index % 80 == 0 { values.append(state) }
    }
    let variance = values.map { $0 * $0 }.reduce(0, +) / Double(values.count)
    let lagged = zip(values, values.dropFirst()).map { $0 * $1 }.reduce(0, +) / Double(values.count - 1)
    // 5000 values one correlation time apart; four standard errors of variance and correlation.
    XCTAssertEqual(variance.squareRoot(), 0.002, accuracy: 0.002 * 0.05)
    XCTAssertEqual(lagged / variance, 0.367_879, accuracy: 0.06)
  }
}
