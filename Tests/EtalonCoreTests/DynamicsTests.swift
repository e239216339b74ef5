import EtalonCore
import EtalonMetrology
import XCTest

/// Reference and device follow a moving quantity with different lags, drawn from what is declared. Temperatures in °C.
final class DynamicsTests: XCTestCase {
  private enum Phase: Int, CaseIterable { case held, ramp, turn, heldAfter }

  private struct Tally {
    var covered = 0
    var squares = 0.0
  }

  private static let declaredReference = UncertainSeconds(4, standardUncertainty: 0.3)
  private static let declaredDevice = UncertainSeconds(6, standardUncertainty: 1.5)

  private func scenario() -> CalibrationScenario {
    var scenario = CalibrationScenario()
    scenario.processSpread = 0
    scenario.referenceNoise = 0.002
    scenario.deviceNoise = 0.005
    scenario.degree = 2
    scenario.gainUncertainty = 0.004
    return scenario
  }

  private func configuration(measurand: DynamicsSettings.Measurand) -> CalibrationChannel.Configuration {
    var calibration = scenario().configuration
    calibration.process.motion = CorrelatedNoise(standardDeviation: 0.003, correlationTimeSeconds: 8)
    calibration.process.levelDriftPerRootSecond = 0.002
    return CalibrationChannel.Configuration(
      calibration: calibration,
      dynamics: DynamicsSettings(
        referenceLag: Self.declaredReference, deviceLag: Self.declaredDevice, measurand: measurand))
  }

  /// Rate of the quantity in K/s that a heater asks for at a time; what it heats gives it on with a lag of 12 s.
  private func rate(_ seconds: Double) -> Double {
    switch seconds {
    case 300..<560: 0.05
    case 860..<1060: -0.03
    default: 0
    }
  }

  /// Runs one world for each seed; `visit` sees every sample with the truth of its measurand.
  private func run(
    _ configuration: CalibrationChannel.Configuration, seed: UInt64, _ measurand: DynamicsSettings.Measurand,
    _ visit: (_ tick: Int, _ sample: ChannelSample, _ truth: Double) -> Void
  ) throws -> (channel: CalibrationChannel, relativeLag: Double) {
    var random = RandomStream(seed: seed, stream: 31)
    let scenario = scenario()
    let truth = CalibrationScenario.Truth(configuration.calibration, &random)
    let referenceLag =
      Self.declaredReference.value + Self.declaredReference.standardUncertainty * random.normal()
    let deviceLag = Self.declaredDevice.value + Self.declaredDevice.standardUncertainty * random.normal()
    var channel = try CalibrationChannel(configuration)
    let steps = 4
    let h = 1 / Double(steps)
    var heater = 0.0
    var level = 20 + random.uniform(-0.5, 0.5)
    var stirring = CalibrationScenario.Wander(0.003, time: 8 / h, &random)
    var atReference = FirstOrderLag()
    var atDevice = FirstOrderLag()
    for step in 0..<1400 * steps {
      let seconds = Double(step) * h
      heater += (rate(seconds) - heater) * h / 12
      level += heater * h
      let x = level + stirring.next(&random)
      atReference.take(x, seconds: h, timeConstant: referenceLag)
      atDevice.take(x, seconds: h, timeConstant: deviceLag)
      guard step % steps == 0 else { continue }
      let z = truth.indication(atDevice.output) + scenario.deviceNoise * random.normal()
      let y = truth.reference(atReference.output) + scenario.referenceNoise * random.normal()
      let sample = channel.take(
        pair: Pair(
          instant: Instant(nanoseconds: Int64(step) * 250_000_000), reference: y, indication: z, raw: .nan, quality: [],
          tick: UInt32(step / steps)))
      visit(step / steps, sample, measurand == .element ? atDevice.output : x)
    }
    return (channel, deviceLag - referenceLag)
  }

  private struct Result {
    var tallies = [Tally](repeating: Tally(), count: Phase.allCases.count)
    /// Root mean square of the error of the identified lag over its uncertainty, and the mean uncertainty.
    var lagRatio = 0.0
    var lagUncertainty = 0.0

    func share(_ phase: Phase, seeds: Int) -> Double { Double(tallies[phase.rawValue].covered) / Double(seeds) }
  }

  /// - Parameter truthOf: measurand of the truth, where it is not the one that the channel was told.
  private func coverage(
    _ configuration: CalibrationChannel.Configuration, truthOf: DynamicsSettings.Measurand? = nil
  ) throws -> Result {
    var result = Result()
    var squares = 0.0
    for seed in 1...Self.seeds {
      var choice = RandomStream(seed: UInt64(seed), stream: 32)
      // One instant for each phase, drawn from the seed.
      let instants: [Int: Phase] = [
        200 + Int(choice.uniform(0, 100)): .held, 380 + Int(choice.uniform(0, 180)): .ramp,
        860 + Int(choice.uniform(0, 60)): .turn, 1200 + Int(choice.uniform(0, 200)): .heldAfter,
      ]
      let measurand = truthOf ?? configuration.dynamics.measurand
      let (channel, relativeLag) = try run(configuration, seed: UInt64(seed), measurand) { tick, sample, truth in
        guard let phase = instants[tick] else { return }
        let error = (sample.corrected - truth) / sample.standardUncertainty
        result.tallies[phase.rawValue].squares += error * error
        if error.magnitude <= 1.959963984540054 { result.tallies[phase.rawValue].covered += 1 }
      }
      let found = channel.dynamics.relativeLag
      let error = found.standardUncertainty > 0 ? (found.value - relativeLag) / found.standardUncertainty : 0
      squares += error * error
      result.lagUncertainty += found.standardUncertainty / Double(Self.seeds)
    }
    result.lagRatio = (squares / Double(Self.seeds)).squareRoot()
    return result
  }

  /// Seeds of a run; eight in everyday runs.
  private static var seeds: Int { CalibrationScenario.isFull ? 1000 : 8 }
  /// Three binomial standard errors below 95 % of 1000 seeds; fewer than 5 of 8 have the probability 0.0004.
  private static var threshold: Double { CalibrationScenario.isFull ? 0.929 : 0.6 }

  private func check(_ measurand: DynamicsSettings.Measurand) throws {
    let result = try coverage(configuration(measurand: measurand))
    for phase in Phase.allCases {
      let share = result.share(phase, seeds: Self.seeds)
      let rms = (result.tallies[phase.rawValue].squares / Double(Self.seeds)).squareRoot()
      print("coverage, \(measurand), \(phase): \(share), rms of error/u \(rms), seeds 1...\(Self.seeds)")
      XCTAssertGreaterThanOrEqual(share, Self.threshold, "\(phase), seeds 1...\(Self.seeds)")
    }
    print("lag: rms of error/u \(result.lagRatio), u \(result.lagUncertainty) s, seeds 1...\(Self.seeds)")
    XCTAssertLessThan(result.lagUncertainty, 0.1, "the ramps teach the lag, which is declared to 1.5 s")
    // Eight squares of a standard normal variable have a root mean square above 1.81 with the probability 0.001.
    XCTAssertLessThan(result.lagRatio, 1.81, "seeds 1...\(Self.seeds)")
  }

  func testElementIsCoveredWhileTheQuantityMoves() throws { try check(.element) }

  func testQuantityIsCoveredWhileItMoves() throws { try check(.quantity) }

  /// Without any lag the corrected value is late by that of the device: six seconds at 0.05 K/s.
  func testNegativeControlWithoutTheLagCorrection() throws {
    var configuration = configuration(measurand: .element)
    configuration.dynamics = DynamicsSettings()
    let share = try coverage(configuration, truthOf: .quantity).share(.ramp, seeds: Self.seeds)
    print("negative control, no lag correction: coverage on the ramp \(share), seeds 1...\(Self.seeds)")
    XCTAssertLessThan(share, 0.5)
  }

  func testLagsThatCanNotBeAreRefused() {
    var configuration = configuration(measurand: .element)
    configuration.dynamics.deviceLag.value = -1
    XCTAssertThrowsError(try CalibrationChannel(configuration)) {
      XCTAssertEqual($0 as? CalibrationChannel.Fault, .dynamics)
    }
  }
}
