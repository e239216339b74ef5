import EtalonCore
import EtalonMetrology
import XCTest

/// Every row of a table by itself: the estimate of a pair's own quantity with the uncertainty that this row deserves, from
/// the very first one on, at a move, without a reference, without an indication. `ETALON_FULL=1` runs 1000 seeds.
final class OnlineCalibrationRowTests: XCTestCase {
  private struct World {
    var name: String
    var form = DeviceResponse.Form.correction
    var process = CorrelatedNoise(standardDeviation: 0.02)
    var reference = CorrelatedNoise(standardDeviation: 0.005)
    var device = CorrelatedNoise(standardDeviation: 0.010)
    var resolution = 0.0
    /// Correlation of the certificate's two terms.
    var correlation = 0.0
    var drift = Coefficients(0, 0, 0, 0)
    var ramp = false
    var irregular = false

    var configuration: OnlineCalibrationConfiguration {
      let u = correlation == 0 ? 0.010 : 0.030
      var covariance = InlineArray<4, InlineArray<4, Double>>(repeating: InlineArray(repeating: 0))
      covariance[0][0] = u * u
      covariance[1][1] = u * u
      covariance[1][0] = correlation * u * u
      covariance[0][1] = covariance[1][0]
      return OnlineCalibrationConfiguration(
        response: DeviceResponse(
          form: form, centre: 30, halfSpan: 25, degree: 1, mean: Coefficients(30, 25, 0, 0),
          standardUncertainty: Coefficients(0.1, 0.5, 0, 0), driftPerRootSecond: drift),
        process: .init(motion: process),
        reference: .init(
          centre: 30, halfSpan: 30, basisCount: 2, correction: Coefficients(0.012, -0.008, 0, 0),
          covariance: covariance, driftStandardUncertainty: 0.005, gradientStandardUncertainty: 0.004,
          noise: reference),
        deviceNoise: device, resolution: resolution, periodSeconds: 1, pairsPerBlock: 1)
    }
  }

  private enum Phase: Int, CaseIterable { case first, learning, calibrated, moved, holdover, referenceOnly }

  private struct Motion {
    let noise: CorrelatedNoise
    var value: Double

    init(_ noise: CorrelatedNoise, _ random: inout RandomStream) {
      self.noise = noise
      value = noise.standardDeviation * random.normal()
    }

    mutating func next(_ seconds: Double, _ random: inout RandomStream) -> Double {
      let phi = noise.correlation(seconds: seconds)
      value = phi * value + noise.standardDeviation * (1 - phi * phi).squareRoot() * random.normal()
      return value
    }
  }

  private struct Tally {
    var count = 0
    var covered = 0
    var squares = 0.0
  }

  /// Error over uncertainty of one row of each phase for each seed.
  private func run(
    _ world: World, seeds: Int,
    _ value: (inout OnlineCalibration, Pair) -> CorrectedValue? = { $0.estimate($1).value }
  ) throws -> [Tally] {
    var tallies = [Tally](repeating: Tally(), count: Phase.allCases.count)
    let configuration = world.configuration
    let (learned, moved, gone, end) = (60, 80, 110, 140)
    for seed in 1...seeds {
      var random = RandomStream(seed: UInt64(seed), stream: 31)
      let prior = configuration.response
      var offset = prior.mean.c0 + prior.standardUncertainty.c0 * random.normal()
      var gain = prior.mean.c1 + prior.standardUncertainty.c1 * random.normal()
      let reference = configuration.reference
      let first = random.normal()
      let second =
        world.correlation * first + (1 - world.correlation * world.correlation).squareRoot() * random.normal()
      let u = reference.covariance[0][0].squareRoot()
      let beta = (reference.correction.c0 + u * first, reference.correction.c1 + u * second)
      let systematic =
        reference.driftStandardUncertainty * random.normal() + reference.gradientStandardUncertainty * random.normal()
      var motion = Motion(world.process, &random)
      var forReference = Motion(world.reference, &random)
      var forDevice = Motion(world.device, &random)
      var level = 20 + random.uniform(-0.5, 0.5)
      var target = level
      let alone = moved + 15
      let instants: [Int: Phase] = [
        seed % 3: .first, 5 + Int(random.uniform(0, 20)): .learning, learned + Int(random.uniform(0, 19)): .calibrated,
        moved + seed % 4: .moved, alone: .referenceOnly, gone + Int(random.uniform(0, 29)): .holdover,
      ]
      var calibration = try OnlineCalibration(configuration)
      var time = 0.0
      for tick in 0..<end {
        let seconds = tick == 0 ? 0 : world.irregular ? random.uniform(0.2, 1) * (tick % 17 == 0 ? 40 : 1) : 1
        time += seconds
        offset += world.drift.c0 * seconds.squareRoot() * random.normal()
        gain += world.drift.c1 * seconds.squareRoot() * random.normal()
        if tick == moved { target += 13 }
        level += world.ramp ? max(-0.05 * seconds, min(0.05 * seconds, target - level)) : target - level
        let x = level + motion.next(seconds, &random)
        var z: Double
        if world.form == .correction { z = 30 + 25 * (x - offset) / gain } else { z = offset + gain * (x - 30) / 25 }
        z += forDevice.next(seconds, &random)
        if world.resolution > 0 { z = (z / world.resolution).rounded() * world.resolution }
        // x = y + β₀ + β₁(y − 30)/30 + systematic, solved for y.
        var y = 30 + (x - 30 - beta.0 - systematic) / (1 + beta.1 / 30)
        y += forReference.next(seconds, &random)
        if tick >= gone { y = .nan }
        if tick == alone { z = .nan }
        let pair = Pair(
          instant: Instant(nanoseconds: Int64(time * 1e9)), reference: y, indication: z, raw: .nan,
          quality: tick >= gone || tick == alone ? .missing : [], tick: UInt32(tick))
        let estimate = value(&calibration, pair)
        guard let phase = instants[tick] else { continue }
        guard let estimate else { continue }
        let error = (estimate.value - x) / estimate.standardUncertainty
        tallies[phase.rawValue].count += 1
        tallies[phase.rawValue].squares += error * error
        if error.magnitude <= 1.959963984540054 { tallies[phase.rawValue].covered += 1 }
      }
    }
    return tallies
  }

  private static let worlds: [World] = [
    World(name: "white noise"),
    World(
      name: "correlated noise, irregular times, drift",
      process: .init(standardDeviation: 0.02, correlationTimeSeconds: 10),
      reference: .init(standardDeviation: 0.005, correlationTimeSeconds: 20),
      device: .init(standardDeviation: 0.03, correlationTimeSeconds: 5), drift: Coefficients(1e-3, 5e-4, 0, 0),
      irregular: true),
    World(name: "quantised", device: .init(standardDeviation: 0.005), resolution: 0.05, ramp: true),
    World(name: "correlated certificate, indication", form: .indication, correlation: -0.9),
    World(name: "noisy device", device: .init(standardDeviation: 0.05)),
    World(name: "quantised at rest", process: .init(standardDeviation: 0.003), resolution: 0.05),
    World(name: "ramp", process: .init(standardDeviation: 0.002), device: .init(standardDeviation: 0.02), ramp: true),
    World(name: "one correlated noise", reference: .init(standardDeviation: 0.01, correlationTimeSeconds: 15)),
  ]

  func testEveryRowCoversTheTruth() throws {
    let isFull = CalibrationScenario.isFull
    // 1000 cost seconds in an optimised build; the 20 of a debug build are a smoke test and their limits say so.
    let counts = isFull || CalibrationScenario.isOptimised
    let seeds = counts ? 1000 : 20
    for world in counts ? Self.worlds : Array(Self.worlds.prefix(4)) {
      let tallies = try run(world, seeds: seeds)
      for phase in Phase.allCases {
        let tally = tallies[phase.rawValue]
        let share = Double(tally.covered) / Double(seeds)
        let rms = (tally.squares / Double(seeds)).squareRoot()
        print("rows, \(world.name), \(phase): \(share), rms of error/u \(rms), seeds 1...\(seeds)")
        XCTAssertEqual(tally.count, seeds, "\(world.name), \(phase)")
        // Three binomial standard errors about 95 % for 1000 seeds; of 20 fewer than 15 have the probability 3e-4.
        XCTAssertGreaterThanOrEqual(share, counts ? 0.929 : 0.75, "\(world.name), \(phase)")
        // Rounding alone is rectangular, and narrower than a normal error of the same u: its coverage is above 95 %.
        // The standard error of the root mean square of 1000 normal values is 0.022, of 20 it is 0.16.
        XCTAssertEqual(rms, 1, accuracy: counts ? 0.1 : 0.55, "\(world.name), \(phase)")
      }
    }
  }

  /// A corrected value of an indication that has itself been learned from, as if it had not: in the first rows its
  /// uncertainty is far too large.
  func testNegativeControlRowTakenTwice() throws {
    let world = World(name: "taken twice", device: .init(standardDeviation: 0.05))
    let twice = try run(world, seeds: 40) {
      _ = $0.add($1)
      return $0.corrected(indication: $1.indication)
    }
    let once = try run(world, seeds: 40)
    let ratio = (twice[Phase.first.rawValue].squares / once[Phase.first.rawValue].squares).squareRoot()
    print("negative control, row taken twice: error/u is \(ratio) times that of the estimate")
    XCTAssertLessThan(ratio, 0.6)
  }

  /// Correlation that is declared as none, in single rows.
  func testNegativeControlCorrelationForgotten() throws {
    var world = Self.worlds[1]
    world.device.standardDeviation = 0.003
    world.reference.standardDeviation = 0.020
    var forgetful = world.configuration
    forgetful.reference.noise.correlationTimeSeconds = 0
    forgetful.deviceNoise.correlationTimeSeconds = 0
    forgetful.inflatesMeasuredCorrelation = false
    var calibration = try OnlineCalibration(forgetful)
    let tallies = try run(world, seeds: 40) { _, pair in
      if pair.tick == 0, let fresh = try? OnlineCalibration(forgetful) { calibration = fresh }
      return calibration.estimate(pair).value
    }
    let rms = (tallies[Phase.holdover.rawValue].squares / 40).squareRoot()
    print("negative control, correlation forgotten: rms of error/u \(rms)")
    XCTAssertGreaterThan(rms, 1.2)
  }

  /// The first row is the prior and this row's two readings, by hand.
  func testFirstRowByHand() throws {
    var configuration = World(name: "").configuration
    configuration.reference.covariance = InlineArray(repeating: InlineArray(repeating: 0))
    configuration.reference.correction = Coefficients(0, 0, 0, 0)
    configuration.reference.driftStandardUncertainty = 0
    configuration.reference.gradientStandardUncertainty = 0.004
    var calibration = try OnlineCalibration(configuration)
    let pair = Pair(
      instant: Instant(nanoseconds: 0), reference: 30.05, indication: 30, raw: .nan, quality: [], tick: 0)
    let value = try XCTUnwrap(calibration.estimate(pair).value)
    // At the centre the gain does not matter: the device says 30 with u² = 0.1² + 0.01², the reference 30.05 with
    // u² = 0.005² + 0.004²; their errors are independent.
    let device = 0.1 * 0.1 + 0.01 * 0.01
    let reference = 0.005 * 0.005 + 0.004 * 0.004
    let variance = 1 / (1 / device + 1 / reference)
    XCTAssertEqual(value.value, variance * (30 / device + 30.05 / reference), accuracy: 1e-9)
    XCTAssertEqual(value.standardUncertainty, variance.squareRoot(), accuracy: 1e-9)
  }

  /// Nile (`nile-local-level-kalman`), through the whole estimator: a random walk without moves, a device of known
  /// response, no reference. And the same with two gaps of twenty years (Durbin and Koopman, 2.7): in a gap the level
  /// stays and its variance grows by σ_η² a year.
  func testNileThroughTheEstimator() throws {
    let configuration = OnlineCalibrationConfiguration(
      response: DeviceResponse(
        centre: 0, halfSpan: 1, degree: 1, mean: Coefficients(0, 1, 0, 0), standardUncertainty: Coefficients(0, 0, 0, 0)
      ),
      process: .init(
        motion: CorrelatedNoise(standardDeviation: 0), levelDriftPerRootSecond: 1469.1.squareRoot(), mayMove: false),
      reference: .init(
        range: -1.0...1.0, basisCount: 0, standardUncertainty: Coefficients(0, 0, 0, 0),
        noise: CorrelatedNoise(standardDeviation: 1)),
      deviceNoise: CorrelatedNoise(standardDeviation: 15099.0.squareRoot()), resolution: 0, periodSeconds: 1,
      pairsPerBlock: 1)
    func pair(_ index: Int, _ flow: Double) -> Pair {
      Pair(
        instant: Instant(nanoseconds: Int64(index) * 1_000_000_000), reference: .nan, indication: flow, raw: .nan,
        quality: .missing, tick: UInt32(index))
    }
    var calibration = try OnlineCalibration(configuration)
    var last: CorrectedValue?
    let first = [1120.0, 1140.927839934822, 1072.7985295274439, 1117.3089545639095, 1129.972136111239]
    for (index, flow) in ConsiderFactorsTests.nile.enumerated() {
      last = calibration.estimate(pair(index, flow)).value
      // The start is diffuse but for 1e-8 of the noise's variance.
      if index < 5 { XCTAssertEqual(try XCTUnwrap(last).value, first[index], accuracy: 1e-4) }
    }
    XCTAssertEqual(try XCTUnwrap(last).value, 798.3702926083641, accuracy: 1e-6)
    XCTAssertEqual(try XCTUnwrap(last).standardUncertainty, 4032.157941808477.squareRoot(), accuracy: 1e-6)

    var gapped = try OnlineCalibration(configuration)
    var level = 0.0
    var variance = 0.0
    for (index, flow) in ConsiderFactorsTests.nile.enumerated() {
      let isMissing = (20..<40).contains(index) || (60..<80).contains(index)
      let value = try XCTUnwrap(gapped.estimate(pair(index, isMissing ? .nan : flow)).value)
      if index == 0 {
        level = flow
        variance = 15099
      } else {
        variance += 1469.1
        if !isMissing {
          let gain = variance / (variance + 15099)
          level += gain * (flow - level)
          variance *= 1 - gain
        }
      }
      XCTAssertEqual(value.value, level, accuracy: 2e-4)
      XCTAssertEqual(value.standardUncertainty, variance.squareRoot(), accuracy: 1e-4)
    }
  }

  /// A spurious reading of either side: nothing tells which is wrong, so the row has no value, nor has what is predicted
  /// from it; the next row that agrees has one again.
  func testReadingsThatContradictEachOtherHaveNoValue() throws {
    for (reference, indication) in [(20.0, 23.0), (20.0, 99.0), (16.5, 20.0)] {
      var calibration = try OnlineCalibration(Self.worlds[0].configuration)
      var random = RandomStream(seed: 5)
      func pair(_ second: Int, _ y: Double, _ z: Double) -> Pair {
        Pair(
          instant: Instant(nanoseconds: Int64(second) * 1_000_000_000), reference: y, indication: z, raw: .nan,
          quality: y.isNaN ? .missing : [], tick: UInt32(second))
      }
      for second in 1..<200 {
        let good = pair(second, 20 + 0.002 * random.normal(), 20 + 0.005 * random.normal())
        let value = try XCTUnwrap(calibration.estimate(good).value)
        XCTAssertEqual(value.value, 20, accuracy: 0.2)
        XCTAssertFalse(calibration.isContradicted)
      }
      XCTAssertNil(calibration.estimate(pair(200, reference, indication)).value, "\(reference), \(indication)")
      XCTAssertTrue(calibration.isContradicted)
      XCTAssertNil(calibration.estimate(pair(201, .nan, .nan)).value, "predicted from a contradiction")
    }
  }

  /// NaN, repeated, reordered and backward samples leave the state as it was, to the last bit.
  func testBadRowsChangeNothing() throws {
    var clean = try OnlineCalibration(Self.worlds[1].configuration)
    var dirty = clean
    var random = RandomStream(seed: 9)
    func pair(_ second: Int, _ y: Double, _ z: Double, _ quality: ReadingQuality = []) -> Pair {
      Pair(
        instant: Instant(nanoseconds: Int64(second) * 1_000_000_000), reference: y, indication: z, raw: .nan,
        quality: quality, tick: UInt32(second))
    }
    for second in 10..<200 {
      let x = 20 + 0.02 * random.normal()
      let good = pair(second, x + 0.005 * random.normal(), x + 0.01 * random.normal())
      let expected = clean.estimate(good)
      let got = dirty.estimate(good)
      XCTAssertEqual(got.outcome, expected.outcome)
      XCTAssertEqual(got.value, expected.value)
      XCTAssertEqual(dirty.estimate(good).outcome, .refused(.time))
      XCTAssertEqual(dirty.estimate(pair(second - 5, 20, 20)).outcome, .refused(.time))
      XCTAssertEqual(dirty.add(pair(second + 1, 20, .nan)), .refused(.quality))
      XCTAssertEqual(dirty.add(pair(second + 1, 20, .infinity)), .refused(.quality))
      XCTAssertEqual(dirty.add(pair(second + 1, 20, 20, .outlier)), .refused(.quality))
    }
    XCTAssertEqual(dirty.coefficients, clean.coefficients)
    XCTAssertEqual(dirty.standardUncertainty(ofCoefficient: 1), clean.standardUncertainty(ofCoefficient: 1))
    XCTAssertEqual(dirty.refusedPairs, 5 * 190)
    XCTAssertNil(dirty.estimate(pair(500, .nan, .infinity, .outlier)).value)
  }
}
