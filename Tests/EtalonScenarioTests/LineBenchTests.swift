import EtalonSession
import EtalonTesting
import XCTest

/// The board with a heater on one line and a converter on four: its session runs simulated, conforms and replays.
final class LineBenchTests: XCTestCase {
  func testSessionOnLines() throws {
    let run = try SimulatedRun(session: Scenario.repository + "/boards/line-bench/sessions/thermometer.yaml", seed: 5)
    let outcome = try run.start()
    XCTAssertEqual(outcome.results.verdict, .conforming, "\(outcome)")
    XCTAssertEqual(outcome.results.points.count, 2)
    XCTAssertEqual(outcome.results.deviceSerial, "PT100-0007")
    XCTAssertEqual(outcome.results.safeStateConfirmed, true)
    for point in outcome.results.points { XCTAssertEqual(point.covered, true, "\(outcome)") }
    XCTAssertNil(outcome.results.before, "the converter holds no coefficients")
  }

  /// The converter holds no coefficients: a session that wants to adjust them, or to read them, is refused by name.
  func testCoefficientsThatTheDeviceDoesNotHold() throws {
    var run = try SimulatedRun(session: Scenario.repository + "/boards/line-bench/sessions/thermometer.yaml", seed: 5)
    let other = try SimulatedRun(
      session: Scenario.repository + "/boards/virtual-bench/sessions/thermometer.yaml", seed: 5)
    run.plan.steps += other.plan.steps.filter { if case .adjust = $0 { true } else { false } }
    XCTAssertEqual(run.plan.steps.count, 3)
    let adjusting = try run.start().results
    XCTAssertEqual(adjusting.exitCode, .badBench)
    XCTAssertEqual(
      adjusting.failure?.reason, "dut holds no coefficients that could be adjusted; leave the step 'adjust' out")
    run.plan.steps = run.plan.steps.dropLast().map { step in
      guard case .identify(var identify) = step else { return step }
      identify.facts = identify.facts.map { ($0.role, $0.role == "dut" ? ["uid", "coefficients"] : $0.facts) }
      return .identify(identify)
    }
    let reading = try run.start().results
    XCTAssertEqual(reading.exitCode, .badBench)
    XCTAssertEqual(
      reading.failure?.reason, "dut holds no coefficients; leave 'coefficients' out of the step 'identify'")
  }
}
