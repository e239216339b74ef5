import EtalonCore
import EtalonMetrology
import EtalonSim
import XCTest

/// The truth oracle of the clock channel: phase, frequency and ageing while learning, calibrated and in holdover, one instant
/// for each seed and phase. A debug build runs a few seeds; `scripts/optimised` and `ETALON_FULL=1` run 1000.
final class ClockCoverageTests: XCTestCase {
  private static let phases = ["learning", "calibrated", "holdover"]
  private static let quantities = ["phase", "frequency", "ageing"]

  /// A chip-scale clock against 1PPS on two lines of a small computer whose own clock is 20 ppm off.
  private var chipClock: ClockScenario {
    var scenario = ClockScenario(name: "chip clock, two lines")
    scenario.path.resolutionSeconds = 20e-9
    scenario.oscillator.ageingPerSecond = .normal(mean: 0, standardDeviation: 3e-15)
    scenario.referenceJitterSeconds = 20e-9
    scenario.referencePhaseNanoseconds = 10
    scenario.referenceFrequency = 1e-13
    return scenario
  }

  /// The computer's own crystal, with wandering and ageing that show.
  private var crystal: ClockScenario {
    var scenario = ClockScenario(name: "crystal of the counter")
    scenario.lines = .counter
    scenario.oscillator.whiteFrequency = 1e-9
    scenario.oscillator.randomWalkFrequency = 2e-11
    scenario.oscillator.frequency = .normal(mean: 0, standardDeviation: 5e-6)
    scenario.oscillator.ageingPerSecond = .normal(mean: 0, standardDeviation: 1e-12)
    scenario.path.jitterSeconds = 300e-9
    scenario.path.resolutionSeconds = 1e-6
    return scenario
  }

  /// A good oscillator whose pulses stay inside one coarse step of the counter for minutes.
  private var coarse: ClockScenario {
    var scenario = ClockScenario(name: "coarse time stamps")
    scenario.lines = .counter
    scenario.oscillator.whiteFrequency = 1e-9
    scenario.oscillator.randomWalkFrequency = 3e-12
    scenario.oscillator.frequency = .normal(mean: 0, standardDeviation: 5e-10)
    scenario.oscillator.ageingPerSecond = .normal(mean: 0, standardDeviation: 1e-14)
    scenario.path.jitterSeconds = 60e-9
    scenario.path.resolutionSeconds = 1e-6
    return scenario
  }

  private func check(
    _ scenario: ClockScenario, rmsLow: Double = 0.93, file: StaticString = #filePath, line: UInt = #line
  )
    throws
  {
    let seeds = ClockScenario.seeds
    let result = try scenario.coverage(seeds: seeds)
    for (phase, cells) in result.enumerated() {
      for (quantity, cell) in cells.enumerated() {
        let name = "\(scenario.name), \(Self.phases[phase]), \(Self.quantities[quantity])"
        print("clock coverage, \(name): \(cell.share), rms of error/u \(cell.rms), seeds 1...\(seeds)")
        if seeds >= 1000 {
          XCTAssertTrue((0.929...0.971).contains(cell.share), "\(name): \(cell.share)", file: file, line: line)
          XCTAssertTrue((rmsLow...1.07).contains(cell.rms), "\(name): \(cell.rms)", file: file, line: line)
        } else {
          // An error of 4.5 standard uncertainties has the probability 7e-6.
          XCTAssertLessThan(cell.largest, 4.5, name, file: file, line: line)
        }
      }
    }
  }

  func testChipClockAgainstPulsesOnTwoLines() throws { try check(chipClock) }
  func testCrystalOfTheCounter() throws { try check(crystal) }
  func testCoarseTimeStamps() throws { try check(coarse) }

  /// Negative control: with the resolution left out of the declaration the intervals do not cover.
  func testResolutionLeftOutDoesNotCover() throws {
    var scenario = coarse
    scenario.learningSeconds = ClockScenario.isFull || ClockScenario.isOptimised ? 1800 : 300
    var told = scenario.declared
    told.resolutionNanoseconds = 1
    let seeds = ClockScenario.isFull || ClockScenario.isOptimised ? 100 : 6
    let result = try scenario.coverage(seeds: seeds, declared: told)
    print("negative control, resolution left out: \(result[1]), seeds 1...\(seeds)")
    XCTAssertLessThan(result[1][0].share, 0.8, "phase, seeds 1...\(seeds)")
    XCTAssertGreaterThan(result[1][0].rms, 2, "phase, seeds 1...\(seeds)")
  }

  /// Negative control: with an uncertainty that does not grow in holdover the intervals do not cover.
  func testUncertaintyThatDoesNotGrowDoesNotCover() throws {
    let seeds = ClockScenario.isFull || ClockScenario.isOptimised ? 100 : 6
    let result = try crystal.coverage(seeds: seeds, grows: false)
    print("negative control, no growth in holdover: \(result[2][0]), seeds 1...\(seeds)")
    XCTAssertLessThan(result[2][0].share, 0.7, "phase, seeds 1...\(seeds)")
    XCTAssertGreaterThan(result[2][0].rms, 3, "phase, seeds 1...\(seeds)")
  }
}
