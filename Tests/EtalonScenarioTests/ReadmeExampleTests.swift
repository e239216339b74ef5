// The example of the README, compiled and run; a test of the repository compares the two texts.
// README example
import EtalonTesting
import XCTest

final class BoardThermometerTests: XCTestCase {
  func testThermometerIsCalibrated() throws {
    let run = try SimulatedRun(session: "boards/virtual-bench/sessions/thermometer.yaml", seed: 7)
    let outcome = try run.start()
    XCTAssertEqual(outcome.results.verdict, .conforming, "\(outcome)")
  }
}
// end
