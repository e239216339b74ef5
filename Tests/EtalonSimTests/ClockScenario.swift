import EtalonCore
import EtalonMetrology
import EtalonSim
import Foundation
import XCTest

/// A clock run against the truth: an oscillator drawn from its priors, its pulses as time stamps, the channel that watches it.
struct ClockScenario {
  /// How the phase is measured.
  enum Lines { case two, counter }

  static var isFull: Bool { ProcessInfo.processInfo.environment["ETALON_FULL"] == "1" }
  static var isOptimised: Bool { ProcessInfo.processInfo.environment["ETALON_OPTIMISED"] == "1" }
  /// Seeds of the proof; a debug build takes the first of them.
  static var seeds: Int { isFull || isOptimised ? 1000 : 2 }

  var name: String
  var lines = Lines.two
  var oscillator = Oscillator.Parameters()
  var path = PulsePath.Parameters()
  /// Jitter of the reference's own pulses beside that of the path.
  var referenceJitterSeconds = 0.0
  var referencePhaseNanoseconds = 0.0
  var referenceFrequency = 0.0
  var hostRate = Prior.fixed(2e-5)
  var learningSeconds = isFull || isOptimised ? 1800 : 300
  var holdoverSeconds = 1800

  /// What the channel is told: exactly what the truth is drawn from.
  var declared: ClockConfiguration {
    let jitter = path.jitterSeconds * 1e9
    let stamps = lines == .two ? 2.0 : 1.0
    let reference = referenceJitterSeconds * 1e9
    return ClockConfiguration(
      noise: ClockNoise(
        whiteFrequency: oscillator.whiteFrequency, randomWalkFrequency: oscillator.randomWalkFrequency),
      frequency: .init(
        value: oscillator.frequency.mean, standardUncertainty: oscillator.frequency.standardDeviation),
      ageing: .init(
        value: oscillator.ageingPerSecond.mean, standardUncertainty: oscillator.ageingPerSecond.standardDeviation),
      pulseNoiseNanoseconds: (stamps * jitter * jitter + reference * reference).squareRoot(),
      resolutionNanoseconds: max(1, path.resolutionSeconds * 1e9), stampsPerPhase: lines == .two ? 2 : 1,
      referencePhaseNanoseconds: referencePhaseNanoseconds, referenceFrequency: referenceFrequency)
  }

  /// One number with its claim.
  struct Claim {
    var error: Double
    var standardUncertainty: Double
    var halfWidth: Double
    var isCovered: Bool { error.magnitude <= halfWidth }
  }
  /// Phase, frequency and ageing at one instant.
  struct Claims {
    var phase: Claim
    var frequency: Claim
    var ageing: Claim
    subscript(index: Int) -> Claim { index == 0 ? phase : index == 1 ? frequency : ageing }
  }

  /// One run: claims in learning, calibrated, holdover, at one instant each, drawn from the seed.
  func run(seed: UInt64, declared: ClockConfiguration? = nil, grows: Bool = true) throws -> [Claims] {
    var draw = RandomStream(seed: seed, stream: 7001)
    var clock = Oscillator(oscillator, random: RandomStream(seed: seed, stream: 7002))
    var referencePath = PulsePath(path, random: RandomStream(seed: seed, stream: 7003))
    var oscillatorPath = PulsePath(path, random: RandomStream(seed: seed, stream: 7004))
    let rate = hostRate.draw(using: &draw)
    let referencePhase = referencePhaseNanoseconds * draw.normal()
    let referenceRate = referenceFrequency * draw.normal()
    let learning = 2 + Int(draw.next() % 58)
    let calibrated = learningSeconds / 3 + Int(draw.next() % UInt64(learningSeconds * 2 / 3))
    let away = 1 + Int(draw.next() % UInt64(holdoverSeconds))
    // Where the phase lies in a step of the counter is nobody's choice.
    let start = draw.uniform() * 1e4
    let configuration = declared ?? self.declared
    var channel = try ClockChannel(ClockChannel.Configuration(clock: configuration))
    var claims: [Claims] = []
    let truePhaseAtFirst = start
    func stamped(_ trueNanoseconds: Double, _ path: inout PulsePath, at second: Int) -> [Int64] {
      // The host's counter; its own rate is exact over the whole seconds and rounding is left to the path.
      let whole = Int64(second) * 1_000_000_000
      let counter = lines == .two ? rate * (Double(whole) + trueNanoseconds) : 0
      return path.stamps(ofPulseAt: whole, fraction: trueNanoseconds + counter)
    }
    for second in 0...learningSeconds {
      if second > 0 { clock.advance(seconds: 1) }
      let x = clock.phaseSeconds * 1e9 + start
      // The reference's own errors: its mark is late where its phase is behind.
      let referenceError = referencePhase + referenceRate * Double(second) * 1e9
      let jitter = referenceJitterSeconds * 1e9 * draw.normal()
      if lines == .two {
        for stamp in stamped(-referenceError + jitter + 1e6, &referencePath, at: second + 1) {
          _ = channel.takeReference(edgeAt: Instant(nanoseconds: stamp))
        }
        for stamp in stamped(-x + 1e6, &oscillatorPath, at: second + 1) {
          _ = channel.takeOscillator(edgeAt: Instant(nanoseconds: stamp))
        }
      } else {
        for stamp in stamped(x - referenceError + jitter, &referencePath, at: second + 1) {
          // Labels make the phase absolute, so that the first stamp is an error like any other.
          _ = channel.takeReference(edgeAt: Instant(nanoseconds: stamp), label: Int64(second + 1))
        }
      }
      if second == learning || second == calibrated { claims.append(try claim(channel.clock, clock, truePhaseAtFirst)) }
    }
    // The reference is away: the oscillator goes on in one exact step.
    clock.advance(seconds: Double(away))
    if grows, let known = channel.clock.second {
      var later = channel.clock
      later.predict(to: known + Int64(away))
      claims.append(try claim(later, clock, truePhaseAtFirst))
    } else {
      // The negative control: the state goes on, the covariance stays.
      var later = channel.clock
      later.predict(to: (channel.clock.second ?? 0) + Int64(away))
      var result = try claim(later, clock, truePhaseAtFirst)
      let before = try claim(channel.clock, clock, truePhaseAtFirst)
      result.phase.halfWidth = before.phase.halfWidth
      result.phase.standardUncertainty = before.phase.standardUncertainty
      claims.append(result)
    }
    return claims
  }

  private func claim(_ estimate: ClockEstimator, _ truth: Oscillator, _ start: Double) throws -> Claims {
    let delay = lines == .two ? 0 : path.delaySeconds * 1e9
    let phase =
      Double(estimate.phaseAnchorNanoseconds) - start - delay - truth.phaseSeconds * 1e9 + estimate.phase.value
    let frequency = estimate.frequency.value - truth.frequency
    let ageing = estimate.ageing.value - truth.ageingPerSecond
    return Claims(
      phase: Claim(
        error: phase, standardUncertainty: estimate.phase.standardUncertainty,
        halfWidth: try estimate.phase.expandedUncertainty()),
      frequency: Claim(
        error: frequency, standardUncertainty: estimate.frequency.standardUncertainty,
        halfWidth: try estimate.frequency.expandedUncertainty()),
      ageing: Claim(
        error: ageing, standardUncertainty: estimate.ageing.standardUncertainty,
        halfWidth: try estimate.ageing.expandedUncertainty()))
  }

  /// Share of covered truths and root mean square of error/u over the seeds, by phase of the run and by quantity.
  func coverage(seeds: Int, declared: ClockConfiguration? = nil, grows: Bool = true) throws
    -> [[(share: Double, rms: Double, largest: Double)]]
  {
    var largest = [[Double]](repeating: [0, 0, 0], count: 3)
    var covered = [[Double]](repeating: [0, 0, 0], count: 3)
    var squares = [[Double]](repeating: [0, 0, 0], count: 3)
    for seed in 1...seeds {
      for (phase, claims) in try run(seed: UInt64(seed), declared: declared, grows: grows).enumerated() {
        for quantity in 0..<3 {
          let claim = claims[quantity]
          covered[phase][quantity] += claim.isCovered ? 1 : 0
          let ratio = claim.error / claim.standardUncertainty
          squares[phase][quantity] += ratio * ratio
          largest[phase][quantity] = max(largest[phase][quantity], ratio.magnitude)
        }
      }
    }
    return (0..<3).map { phase in
      (0..<3).map { quantity in
        (
          covered[phase][quantity] / Double(seeds), (squares[phase][quantity] / Double(seeds)).squareRoot(),
          largest[phase][quantity]
        )
      }
    }
  }
}
