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
}
