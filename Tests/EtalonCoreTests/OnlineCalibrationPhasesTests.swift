import EtalonCore
import EtalonMetrology
import XCTest

/// A whole life of an on-line calibration: learning, calibrated, moved over ramps to other places, and holdover after the
/// reference has left, with a response that drifts as declared. `ETALON_FULL=1` runs 1000 seeds.
final class OnlineCalibrationPhasesTests: XCTestCase {
  private enum Phase: Int, CaseIterable { case learning, calibrated, moved, holdover }

  private struct Tally {
    var covered = 0
    var squares = 0.0
  }

  private let drift = Coefficients(5e-4, 3e-4, 0, 0)
  private let holdoverStart = 2500
  private let end = 4000

  private func scenario() -> CalibrationScenario {
    var scenario = CalibrationScenario()
    scenario.degree = 2
    scenario.processTime = 8
    return scenario
  }

  private func configuration(_ scenario: CalibrationScenario) -> OnlineCalibrationConfiguration {
    var configuration = scenario.configuration
    configuration.response.driftPerRootSecond = drift
    configuration.maximumBlockSpread = 0.2
    return configuration
  }

  private func run(_ configuration: OnlineCalibrationConfiguration, seeds: Int) throws -> [Tally] {
    let scenario = scenario()
    var tallies = [Tally](repeating: Tally(), count: Phase.allCases.count)
    for seed in 1...seeds {
      var random = RandomStream(seed: UInt64(seed), stream: 123)
      var truth = CalibrationScenario.Truth(scenario.configuration, &random)
      var calibration = try OnlineCalibration(configuration)
      var motion = CalibrationScenario.Wander(scenario.processSpread, time: scenario.processTime, &random)
      var level = 20 + random.uniform(-0.5, 0.5)
      var target = level
      // One instant for each phase, drawn from the seed.
      let instants: [Int: Phase] = [
        100 + Int(random.uniform(0, 100)): .learning, 600 + Int(random.uniform(0, 300)): .calibrated,
        2100 + Int(random.uniform(0, 300)): .moved, end - 1: .holdover,
      ]
      for tick in 0..<end {
        truth.theta.c0 += drift.c0 * random.normal()
        truth.theta.c1 += drift.c1 * random.normal()
        if tick == 1000 { target = 35 }
        if tick == 1900 { target = 31 }
        level += max(-0.02, min(0.02, target - level))
        let x = level + motion.next(&random)
        let z = truth.indication(x) + scenario.deviceNoise * random.normal()
        let y = truth.reference(x) + scenario.referenceNoise * random.normal()
        let gone = tick >= holdoverStart
        let instant = Instant(nanoseconds: Int64(tick) * 1_000_000_000)
        let pair = Pair(
          instant: instant, reference: gone ? .nan : y, indication: z, raw: .nan, quality: gone ? .missing : [],
          tick: UInt32(tick))
        _ = calibration.add(pair)
        guard let phase = instants[tick] else { continue }
        let corrected = try XCTUnwrap(calibration.corrected(indication: z))
        let error = (corrected.value - x) / corrected.standardUncertainty
        tallies[phase.rawValue].squares += error * error
        if error.magnitude <= 1.959963984540054 { tallies[phase.rawValue].covered += 1 }
      }
    }
    return tallies
  }

  func testEveryPhaseCoversTheTruth() throws {
    let seeds = CalibrationScenario.sideSeeds
    let tallies = try run(configuration(scenario()), seeds: seeds)
    for phase in Phase.allCases {
      let tally = tallies[phase.rawValue]
      let share = Double(tally.covered) / Double(seeds)
      let rms = (tally.squares / Double(seeds)).squareRoot()
      print("coverage, \(phase): \(share), rms of error/u \(rms), seeds 1...\(seeds)")
      // Three binomial standard errors about 95 % for 1000 seeds; for fewer as in the coverage tests.
      XCTAssertGreaterThanOrEqual(
        share, CalibrationScenario.isFull ? 0.929 : CalibrationScenario.coverageThreshold, "\(phase)")
      XCTAssertEqual(rms, 1, accuracy: CalibrationScenario.isFull ? 0.07 : CalibrationScenario.rmsTolerance, "\(phase)")
    }
  }

  func testNegativeControlWithoutGrowthInHoldover() throws {
    try CalibrationScenario.skipWithoutSeeds()
    var configuration = configuration(scenario())
    configuration.response.driftPerRootSecond = Coefficients(0, 0, 0, 0)
    let seeds = CalibrationScenario.sideSeeds
    let tally = try run(configuration, seeds: seeds)[Phase.holdover.rawValue]
    let share = Double(tally.covered) / Double(seeds)
    print("negative control, no growth in holdover: \(share), seeds 1...\(seeds)")
    XCTAssertLessThan(share, CalibrationScenario.coverageThreshold)
  }
}
