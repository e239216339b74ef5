import EtalonCore
import EtalonMetrology
import XCTest

/// Regression on noise and its traps: a process held at one place, then a move of 13 K. The truth is drawn from the
/// priors, so a 95 % interval must cover it; `ETALON_FULL=1` runs 200 seeds.
final class OnlineCalibrationCoverageTests: XCTestCase {
  private func check(
    _ scenario: CalibrationScenario, _ name: String, file: StaticString = #filePath, line: UInt = #line
  ) throws {
    let result = try scenario.coverage(CalibrationScenario.estimate(scenario.configuration))
    print("coverage \(name): \(result.share), rms of error/u \(result.rms), seeds \(CalibrationScenario.seeds)")
    XCTAssertGreaterThanOrEqual(result.share, CalibrationScenario.coverageThreshold, name, file: file, line: line)
  }

  func testWhiteNoise() throws {
    for noise in [0.005, 0.010, 0.020] {
      for time in [0.0, 10.0] {
        for degree in [1, 2] {
          for setpoint in [20.0, 28.0] {
          var s = CalibrationScenario()
          s.deviceNoise = noise; s.processTime = time; s.degree = degree
            s.setpoint = setpoint
          try check(s, "white \(noise) tau \(time) degree \(degree) set \(setpoint)")
          }
        }
      }
    }
  }

  func testCorrelated() throws {
    for noise in [0.005, 0.010, 0.020] {
      for time in [0.0, 10.0, 30.0] {
          var s = CalibrationScenario()
          s.deviceNoise = noise; s.processTime = time; s.deviceTime = 5; s.referenceTime = 5
          try check(s, "correlated \(noise) tau \(time)")
        var c = s.configuration
        c.pairsPerBlock = 1; c.deviceNoise.correlationTimeSeconds = 0; c.reference.noise.correlationTimeSeconds = 0
        c.inflatesMeasuredCorrelation = false
        print("   removed ", try s.coverage(CalibrationScenario.estimate(c)))
      }
    }
  }

  func testResolution() throws {
    for noise in [0.002, 0.005, 0.010, 0.020] {
      for time in [0.0, 10.0, 30.0] {
          var s = CalibrationScenario()
          s.deviceNoise = noise; s.processTime = time; s.resolution = 5 * noise
          try check(s, "resolution \(noise) tau \(time)")
          var c = s.configuration
          c.resolution = 0
        c.inflatesMeasuredCorrelation = false
          print("   removed ", try s.coverage(CalibrationScenario.estimate(c)))
      }
    }
  }
}
