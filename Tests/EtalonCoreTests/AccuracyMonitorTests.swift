import EtalonCore
import EtalonMetrology
import XCTest

/// What the monitor finds, how soon, how often it errs, and what it can not find. Temperatures in °C, one pair a second.
final class AccuracyMonitorTests: XCTestCase {
  private static var isFull: Bool { CalibrationScenario.isFull }

  /// A bench whose truth is drawn from what the channel is told, and can be spoilt.
  private struct Bench {
    var channel: CalibrationChannel
    let scenario: CalibrationScenario
    let truth: CalibrationScenario.Truth
    var motion: CalibrationScenario.Wander
    var random: RandomStream
    var tick = 0
    var level = 20.0
    var deviceOffset = 0.0
    var deviceNoiseFactor = 1.0
    var referenceOffset = 0.0
    var referenceIsGone = false
    var x = 20.0

    init(
      seed: UInt64, scenario: CalibrationScenario = AccuracyMonitorTests.scenario(), monitor: MonitorSettings,
      change: (inout OnlineCalibrationConfiguration) -> Void = { _ in }
    ) throws {
      self.scenario = scenario
      random = RandomStream(seed: seed, stream: 41)
      var calibration = scenario.configuration
      truth = CalibrationScenario.Truth(calibration, &random)
      change(&calibration)
      motion = CalibrationScenario.Wander(scenario.processSpread, time: scenario.processTime, &random)
      channel = try CalibrationChannel(.init(calibration: calibration, monitor: monitor))
    }

    /// The next second. `shown` replaces the indication that the device would give.
    @discardableResult
    mutating func step(shown: Double? = nil, quality: ReadingQuality = []) -> ChannelSample {
      x = level + motion.next(&random)
      let noise = scenario.deviceNoise * deviceNoiseFactor * random.normal()
      let z = shown ?? scenario.rounded(truth.indication(x) + deviceOffset + noise)
      let y = truth.reference(x) + referenceOffset + scenario.referenceNoise * random.normal()
      defer { tick += 1 }
      return channel.take(
        pair: Pair(
          instant: Instant(nanoseconds: Int64(tick) * 1_000_000_000), reference: referenceIsGone ? .nan : y,
          indication: z, raw: .nan, quality: referenceIsGone ? quality.union(.missing) : quality, tick: UInt32(tick)))
    }

    mutating func run(_ seconds: Int) { for _ in 0..<seconds { step() } }
  }

  private static func scenario() -> CalibrationScenario {
    var scenario = CalibrationScenario()
    scenario.processSpread = 0.005
    scenario.processTime = 20
    scenario.deviceNoise = 0.006
    return scenario
  }

  /// Standard deviation of the difference of device and reference in one block of one pair.
  private static let blockNoise = (0.005 * 0.005 + 0.006 * 0.006).squareRoot()

  private static func settings() -> MonitorSettings {
    var settings = MonitorSettings()
    settings.shift = 4
    settings.averageRunLength = 1e4
    return settings
  }

  // MARK: - Run lengths

  /// The sum alone: alarms without a shift, and the delay of a shift of four standard deviations, as designed.
  func testTheSumAlarmsAsOftenAndAsSoonAsDesigned() throws {
    let blocks = Self.isFull ? 10_000_000 : 200_000
    let averageRunLength = 1e4
    var sum = try XCTUnwrap(CumulativeSum(shift: 4, averageRunLength: averageRunLength))
    var random = RandomStream(seed: 1, stream: 42)
    var alarms = 0
    for _ in 0..<blocks where sum.take(random.normal()) { alarms += 1 }
    let expected = Double(blocks) / averageRunLength
    // Runs between alarms are close to geometric: the number of alarms is close to Poisson.
    XCTAssertEqual(Double(alarms), expected, accuracy: 3 * expected.squareRoot(), "seed 1")

    let steps = Self.isFull ? 1_000_000 : 10_000
    var delays = 0.0
    var squares = 0.0
    for _ in 0..<steps {
      var trial = sum
      trial.reset()
      var delay = 1.0
      while !trial.take(4 + random.normal()) { delay += 1 }
      delays += delay
      squares += delay * delay
    }
    let mean = delays / Double(steps)
    let error = ((squares / Double(steps) - mean * mean) / Double(steps)).squareRoot()
    let design = CusumRunLength.twoSided(mean: 4, reference: sum.reference, limit: sum.limit)
    print(
      "cumulative sum, h = \(sum.limit): \(alarms) alarms in \(blocks) blocks, design \(expected); mean delay \(mean) "
        + "blocks of \(steps) steps, design \(design), standard error \(error)")
    XCTAssertEqual(mean, design, accuracy: 3 * error, "seed 1")
  }

  /// The whole channel: innovations of the estimator in place of normal numbers.
  func testTheChannelAlarmsAsOftenAndAsSoonAsDesigned() throws {
    let blocks = Self.isFull ? 10_000_000 : 10_000
    let settings = Self.settings()
    var bench = try Bench(seed: 5, monitor: settings)
    bench.run(500)
    let before = bench.channel.monitor.alarms
    var delays = 0.0
    var squares = 0.0
    var trials = 0
    for block in 0..<blocks {
      bench.step()
      guard block % (Self.isFull ? 2000 : 100) == 0, bench.channel.state == .calibrated else { continue }
      var spoilt = bench
      spoilt.random = RandomStream(seed: UInt64(block), stream: 43)
      spoilt.deviceOffset = 4 * Self.blockNoise * (trials % 2 == 0 ? 1 : -1)
      let start = spoilt.channel.monitor.alarms
      var delay = 0.0
      while spoilt.channel.monitor.alarms == start && delay < 100 {
        spoilt.step()
        delay += 1
      }
      delays += delay
      squares += delay * delay
      trials += 1
    }
    let alarms = bench.channel.monitor.alarms - before
    let expected = Double(blocks) / settings.averageRunLength
    let mean = delays / Double(trials)
    let error = ((squares / Double(trials) - mean * mean) / Double(trials)).squareRoot()
    let sums = bench.channel.monitor.sums
    let design = CusumRunLength.twoSided(mean: 4, reference: sums.reference, limit: sums.limit)
    print(
      "channel: \(alarms) alarms in \(blocks) blocks, design \(expected); mean delay \(mean) blocks of \(trials) steps, "
        + "design \(design), standard error \(error)")
    XCTAssertEqual(Double(alarms), expected, accuracy: 3 * max(expected, 1).squareRoot() + 0.5, "seed 5")
    XCTAssertEqual(mean, design, accuracy: 3 * error, "seed 5")
  }

  // MARK: - The response does not absorb what is to be reported

  /// Share of a step that the response has followed after a minute, mean of four seeds.
  private func absorbed(holdsResponse: Bool) throws -> (share: Double, lost: Int) {
    var settings = Self.settings()
    settings.shift = 3
    settings.holdsResponse = holdsResponse
    settings.lossIsFinal = true
    var share = 0.0
    var lost = 0
    for seed: UInt64 in 1...4 {
      // A drift with which the filter follows within a few blocks.
      var bench = try Bench(seed: seed, monitor: settings) {
        $0.response.driftPerRootSecond = Coefficients(0.002, 0, 0, 0)
      }
      bench.run(200)
      let before = try XCTUnwrap(bench.channel.calibration.corrected(indication: 20)?.value)
      let step = 4 * Self.blockNoise
      bench.deviceOffset = step
      bench.run(60)
      let after = try XCTUnwrap(bench.channel.calibration.corrected(indication: 20)?.value)
      share += (before - after) / step / 4
      if bench.channel.state == .lost { lost += 1 }
    }
    return (share, lost)
  }

  func testAStepIsReportedAndNotAbsorbed() throws {
    let (share, lost) = try absorbed(holdsResponse: true)
    XCTAssertEqual(lost, 4)
    XCTAssertLessThan(share.magnitude, 0.4)
  }

  func testNegativeControlWithoutTheHoldAStepIsAbsorbed() throws {
    let (share, _) = try absorbed(holdsResponse: false)
    XCTAssertGreaterThan(share, 0.6)
  }

  // MARK: - States

  func testStatesAndHysteresis() throws {
    var settings = Self.settings()
    settings.learningBlocks = 20
    var bench = try Bench(seed: 3, monitor: settings)
    bench.run(10)
    XCTAssertEqual(bench.channel.state, .learning)
    bench.run(290)
    XCTAssertEqual(bench.channel.state, .calibrated)
    bench.deviceOffset = 0.1
    var seconds = 0
    while bench.channel.state != .lost && seconds < 50 {
      bench.step()
      seconds += 1
    }
    XCTAssertLessThanOrEqual(seconds, 3, "a step of thirteen standard deviations")
    XCTAssertEqual(bench.channel.monitor.lastTransition?.reasons.contains(.step), true)
    bench.run(200)
    XCTAssertEqual(bench.channel.state, .lost, "the step is still there")
    XCTAssertTrue(bench.step().flags.contains(.frozen))
    // The step goes: suspect after the recovery, then calibrated, never back at once.
    bench.deviceOffset = 0
    bench.run(settings.recoveryBlocks - 5)
    XCTAssertEqual(bench.channel.state, .lost)
    bench.run(150)
    XCTAssertEqual(bench.channel.state, .calibrated)
    // Told of another device it starts from the prior.
    bench.channel.deviceWasReplaced(at: Instant(nanoseconds: Int64(bench.tick) * 1_000_000_000))
    XCTAssertEqual(bench.channel.state, .learning)
    XCTAssertEqual(bench.channel.calibration.updates, 0)
  }

  func testASensorSwappedInMidRunIsFound() throws {
    for seed: UInt64 in 1...5 {
      var bench = try Bench(seed: seed, monitor: Self.settings())
      bench.run(300)
      let other = try Bench(seed: seed + 100, monitor: Self.settings())
      let place = (bench.truth.indication(20), other.truth.indication(20))
      bench.deviceOffset = place.1 - place.0
      guard bench.deviceOffset.magnitude > 6 * Self.blockNoise else { continue }
      bench.run(20)
      XCTAssertEqual(bench.channel.state, .lost, "seed \(seed)")
    }
  }

  func testAStuckIndicationIsFoundByRepetition() throws {
    var bench = try Bench(seed: 11, monitor: Self.settings())
    bench.run(200)
    let shown = bench.step().indication
    for _ in 0..<5 { bench.step(shown: shown) }
    XCTAssertEqual(bench.channel.state, .lost)
    XCTAssertTrue(bench.channel.monitor.reasons.contains(.stuck))
  }

  /// With a display coarser than the noise a good device repeats itself for hours; what is found is that it does not
  /// follow.
  func testACoarseDisplayIsStuckOnlyWhenItDoesNotFollow() throws {
    var scenario = Self.scenario()
    scenario.resolution = 0.1
    var bench = try Bench(seed: 12, scenario: scenario, monitor: Self.settings())
    bench.level = 20.04
    bench.run(1000)
    XCTAssertFalse(bench.channel.monitor.watch.isStuck, "a display that repeats while the quantity is held")
    let shown = bench.step().indication
    for _ in 0..<60 {
      bench.level += 0.01
      bench.step(shown: shown)
    }
    XCTAssertTrue(bench.channel.monitor.watch.isStuck)
    XCTAssertEqual(bench.channel.state, .lost)
  }

  func testSaturationHasNoValueAndPasses() throws {
    var settings = Self.settings()
    settings.scale = 0...60
    var bench = try Bench(seed: 13, monitor: settings)
    bench.run(200)
    let sample = bench.step(shown: 60)
    XCTAssertEqual(sample.refusal, .saturated)
    XCTAssertTrue(sample.corrected.isNaN)
    XCTAssertEqual(sample.state, .suspect)
    // A good device's sum is suspicious now and then, which would begin the clearing anew.
    var seconds = 0
    while bench.channel.state != .calibrated && seconds < 200 {
      bench.step()
      seconds += 1
    }
    XCTAssertEqual(bench.channel.state, .calibrated)
    XCTAssertFalse(bench.channel.monitor.reasons.contains(.saturated))
    XCTAssertEqual(bench.channel.refusals[.saturated], 1)
  }

  func testMoreNoiseThanDeclaredIsFoundAndAGoodDeviceIsNotBlamed() throws {
    var settings = Self.settings()
    settings.averageRunLength = 1e9
    var bench = try Bench(seed: 14, monitor: settings)
    for _ in 0..<(Self.isFull ? 200_000 : 2000) {
      bench.step()
      XCTAssertFalse(bench.channel.monitor.watch.isNoisy)
    }
    XCTAssertEqual(bench.channel.monitor.watch.varianceRatio, 1, accuracy: 0.45)
    bench.deviceNoiseFactor = 2.5
    bench.run(2 * settings.noiseWindow)
    XCTAssertTrue(bench.channel.monitor.watch.isNoisy)
    XCTAssertNotEqual(bench.channel.state, .calibrated)
  }

  // MARK: - The reference

  /// A step of the reference alone looks like one of the device: it is found, and can not be told from it.
  func testAReferenceThatStartsToLieIsFound() throws {
    var bench = try Bench(seed: 15, monitor: Self.settings())
    bench.run(300)
    bench.referenceOffset = 0.1
    bench.run(20)
    XCTAssertEqual(bench.channel.state, .lost)
  }

  /// A bias from the start that the device's prior does not contradict is learnt: with one reference nobody can know.
  func testABiasFromTheStartWithinThePriorIsUndetectable() throws {
    var bench = try Bench(seed: 16, monitor: Self.settings())
    bench.referenceOffset = 0.08
    bench.run(500)
    let sample = bench.step()
    XCTAssertEqual(bench.channel.state, .calibrated)
    XCTAssertGreaterThan((sample.corrected - bench.x).magnitude, 3 * sample.standardUncertainty)
  }

  /// One that is far beyond what device and certificate allow is found with the first blocks.
  func testABiasFromTheStartBeyondThePriorIsFound() throws {
    var bench = try Bench(seed: 17, monitor: Self.settings())
    bench.referenceOffset = 3
    bench.run(100)
    XCTAssertNotEqual(bench.channel.state, .calibrated)
    XCTAssertNotEqual(bench.channel.state, .learning)
  }

  // MARK: - Holdover

  private func holdover(grows: Bool, seeds: Int) throws -> (share: Double, growth: Double) {
    let drift = Coefficients(3e-3, 4e-4, 0, 0)
    var covered = 0
    var growth = 0.0
    for seed in 1...seeds {
      var bench = try Bench(seed: UInt64(seed), monitor: Self.settings()) {
        $0.pairsPerBlock = 4
        if grows { $0.response.driftPerRootSecond = drift }
      }
      bench.run(200)
      let before = bench.step().standardUncertainty
      bench.referenceIsGone = true
      // The device drifts as it was declared to.
      let seconds = 800
      bench.run(seconds)
      let offset = drift.c0 * Double(seconds).squareRoot() * bench.random.normal()
      bench.deviceOffset = -offset
      let sample = bench.step()
      XCTAssertTrue(sample.flags.contains(.holdover))
      growth += sample.standardUncertainty / before / Double(seeds)
      if (sample.corrected - bench.x).magnitude <= 1.959963984540054 * sample.standardUncertainty { covered += 1 }
    }
    return (Double(covered) / Double(seeds), growth)
  }

  func testHoldoverCoversTheTruth() throws {
    let seeds = Self.isFull ? 1000 : 12
    let (share, growth) = try holdover(grows: true, seeds: seeds)
    print("holdover of 800 s: coverage \(share), u grows by \(growth), seeds 1...\(seeds)")
    // Three binomial standard errors for 1000 seeds; fewer than 9 of 12 have the probability 0.002.
    XCTAssertGreaterThanOrEqual(share, Self.isFull ? 0.929 : 0.74)
    XCTAssertGreaterThan(growth, 1.5)
  }

  func testNegativeControlWithoutGrowthHoldoverDoesNotCover() throws {
    let seeds = Self.isFull ? 1000 : 12
    let (share, growth) = try holdover(grows: false, seeds: seeds)
    print("negative control, holdover without growth: coverage \(share), seeds 1...\(seeds)")
    XCTAssertLessThan(share, 0.74)
    XCTAssertEqual(growth, 1, accuracy: 0.05)
  }

  /// The reference is back: holdover ends, and what it finds is judged.
  func testHoldoverEndsWithTheReference() throws {
    var bench = try Bench(seed: 21, monitor: Self.settings())
    bench.run(200)
    bench.referenceIsGone = true
    bench.run(100)
    XCTAssertTrue(bench.step().flags.contains(.holdover))
    bench.referenceIsGone = false
    XCTAssertFalse(bench.step().flags.contains(.holdover))
    bench.run(20)
    XCTAssertEqual(bench.channel.state, .calibrated)
  }

  // MARK: - Range

  func testExtrapolationIsNeverSilent() throws {
    var bench = try Bench(seed: 22, monitor: Self.settings())
    bench.run(300)
    XCTAssertTrue(bench.step().flags.isDisjoint(with: [.extrapolated, .beyondLearned]))
    XCTAssertTrue(bench.step(shown: 30).flags.contains(.beyondLearned))
    XCTAssertTrue(bench.step(shown: 70).flags.contains([.extrapolated, .beyondLearned]))
  }
}
