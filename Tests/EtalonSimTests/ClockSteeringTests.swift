import EtalonCore
import EtalonMetrology
import EtalonSim
import XCTest

/// The steering law on a simulated chip-scale clock, judged by its true phase.
final class ClockSteeringTests: XCTestCase {
  private let settings = ClockSteering.Settings(
    timeConstantSeconds: 600, periodSeconds: 30, limit: 2e-8, rateLimit: 1e-9, resolution: 1e-12)

  /// Phases of a run in ns, and the steer at its end; the first `free` seconds are not steered.
  private func run(
    seed: UInt64, seconds: Int, free: Int, start: Double = 300, settings: ClockSteering.Settings? = nil
  ) throws -> (phases: [Double], steer: Double, frequency: Double, largestChange: Double) {
    var clock = Oscillator(Oscillator.Parameters(), random: RandomStream(seed: seed, stream: 1))
    var jitter = RandomStream(seed: seed, stream: 2)
    var estimate = try ClockEstimator(
      ClockConfiguration(
        noise: ClockNoise(whiteFrequency: 3e-10, randomWalkFrequency: 1e-14),
        frequency: .init(standardUncertainty: 5e-10), ageing: .init(standardUncertainty: 1e-15),
        pulseNoiseNanoseconds: 74, resolutionNanoseconds: 1))
    var steering = try ClockSteering(settings ?? self.settings)
    var phases: [Double] = []
    var largest = 0.0
    for second in 0..<seconds {
      if second > 0 { clock.advance(seconds: 1) }
      let x = clock.phaseSeconds * 1e9 + start
      phases.append(x)
      _ = estimate.take(phaseNanoseconds: Int64((x + 74 * jitter.normal()).rounded()), atSecond: Int64(second))
      guard second >= free,
        let steer = steering.command(
          phaseSeconds: estimate.phaseNanoseconds * 1e-9, frequency: estimate.frequency.value,
          atSecond: Int64(second))
      else { continue }
      largest = max(largest, (steer - steering.steer).magnitude)
      estimate.adjustFrequency(by: steer - steering.steer)
      steering.confirm(steer: steer)
      clock.setSteer(steer)
    }
    return (phases, steering.steer, clock.frequency, largest)
  }

  /// From 300 ns and an unknown frequency onto the reference, and it stays there.
  func testBringsThePhaseIn() throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let result = try run(seed: seed, seconds: 8000, free: 600)
      let late = result.phases.suffix(3000)
      let rms = (late.reduce(0) { $0 + $1 * $1 } / Double(late.count)).squareRoot()
      XCTAssertLessThan(rms, 15, "seed \(seed)")
      XCTAssertLessThan(result.frequency.magnitude, 6e-11, "seed \(seed)")
      XCTAssertLessThanOrEqual(result.largestChange, settings.rateLimit + settings.resolution)
    }
  }

  /// Well below the time constant the steered clock is as stable as the free one.
  func testKeepsTheShortTermStability() throws {
    for seed in 1...2 as ClosedRange<UInt64> {
      let steered = try run(seed: seed, seconds: 6000, free: 600, start: 0)
      let free = try run(seed: seed, seconds: 6000, free: 6000, start: 0)
      var one = try XCTUnwrap(StreamingStability<6, 97>(intervalSeconds: 1))
      var other = one
      for x in steered.phases.dropFirst(1200) { one.take(phaseSeconds: x * 1e-9) }
      for x in free.phases.dropFirst(1200) { other.take(phaseSeconds: x * 1e-9) }
      for index in 0..<6 {
        XCTAssertLessThan(
          one.point(index).allanDeviation, 1.05 * other.point(index).allanDeviation,
          "\(one.point(index).averagingFactor) s, seed \(seed)")
      }
    }
  }

  /// The loop that the gains make is the Butterworth one: a start of x decays with overshoot 4.3 % of the change.
  func testLoopIsThatOfTheDesign() throws {
    var wide = settings
    wide.rateLimit = 1e-6
    wide.limit = 2e-6
    wide.resolution = 0
    let steering = try ClockSteering(wide)
    // ẍ = −k_x x/T − k_y ẋ/T, so ω² = k_x/T and 2ζω = k_y/T, near ω = 1/τ_c and ζ = 0.707 for T ≪ τ_c.
    let omega = (steering.gain.phase / 30).squareRoot()
    XCTAssertEqual(omega * 600, 1, accuracy: 0.05)
    XCTAssertEqual(steering.gain.frequency / 30 / (2 * omega), 0.7071, accuracy: 0.03)
  }

  func testLimitsAndSettings() throws {
    var tight = settings
    tight.limit = 3e-10
    tight.rateLimit = 1e-10
    var steering = try ClockSteering(tight)
    XCTAssertEqual(
      try XCTUnwrap(steering.command(phaseSeconds: 1e-3, frequency: 0, atSecond: 0)), -1e-10, accuracy: 1e-20)
    XCTAssertTrue(steering.isLimited)
    XCTAssertNil(steering.command(phaseSeconds: 1e-3, frequency: 0, atSecond: 29), "not due")
    steering.confirm(steer: -3e-10)
    XCTAssertNil(steering.command(phaseSeconds: 1e-3, frequency: 0, atSecond: 30), "at the limit")
    for change in [
      { $0.timeConstantSeconds = 30 }, { $0.limit = 0 }, { $0.rateLimit = -1 }, { $0.resolution = 1 },
      { $0.periodSeconds = 0 },
    ] as [(inout ClockSteering.Settings) -> Void] {
      var wrong = settings
      change(&wrong)
      XCTAssertThrowsError(try ClockSteering(wrong))
    }
  }

  /// The plant's Allan deviation is what its parameters say: white noise, flicker floor, ageing.
  func testOscillatorIsAsDeclared() throws {
    var parameters = Oscillator.Parameters()
    parameters.frequency = .fixed(0)
    parameters.ageingPerSecond = .fixed(0)
    parameters.randomWalkFrequency = 0
    var white = Oscillator(parameters, random: RandomStream(seed: 4))
    parameters.whiteFrequency = 0
    parameters.flickerFloor = 1e-11
    var flicker = Oscillator(parameters, random: RandomStream(seed: 5))
    var one = try XCTUnwrap(StreamingStability<7, 97>(intervalSeconds: 1))
    var other = one
    for _ in 0..<12_000 {
      one.take(phaseSeconds: white.phaseSeconds)
      other.take(phaseSeconds: flicker.phaseSeconds)
      white.advance(seconds: 1)
      flicker.advance(seconds: 1)
    }
    for index in [0, 2, 4] {
      let m = Double(one.averagingFactor(index))
      XCTAssertEqual(
        one.point(index).allanDeviation / (3e-10 / m.squareRoot()), 1, accuracy: 0.06, "white, \(m) s, seed 4")
      if index > 0 {
        XCTAssertEqual(other.point(index).allanDeviation / 1e-11, 1, accuracy: 0.15, "flicker, \(m) s, seed 5")
      }
    }
  }
}
