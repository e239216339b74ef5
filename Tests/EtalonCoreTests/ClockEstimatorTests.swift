import EtalonMetrology
import XCTest

@testable import EtalonCore

/// The clock estimator against a filter written out in full matrices, and what it does with what no clock should do.
final class ClockEstimatorTests: XCTestCase {
  private func configuration(
    noise: Double = 40, resolution: Double = 0, walk: Double = 1e-11, ageingWalk: Double = 0
  ) -> ClockConfiguration {
    ClockConfiguration(
      noise: ClockNoise(whiteFrequency: 1e-9, randomWalkFrequency: walk, ageingWalk: ageingWalk),
      frequency: .init(value: 1e-7, standardUncertainty: 1e-7), ageing: .init(standardUncertainty: 1e-11),
      pulseNoiseNanoseconds: noise, resolutionNanoseconds: resolution)
  }

  /// Phases of a clock at 3e-8 and an ageing of 2e-12/s with white noise, ns.
  private func phases(_ count: Int, noise: Double = 40, seed: UInt64 = 5) -> [Int64] {
    var random = RandomStream(seed: seed)
    return (0..<count).map { k in
      let t = Double(k)
      return Int64((30 * t + 0.001 * t * t + noise * random.normal()).rounded())
    }
  }

  /// Kalman filter with the matrices of Zucca and Tavella (2005) and the Joseph form, in seconds scaled to nanoseconds.
  private struct Dense {
    var x: [Double]
    var p: [[Double]]
    let s1, s2, s3, r: Double

    private static func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
      var result = [[Double]](repeating: [0, 0, 0], count: 3)
      for i in 0..<3 { for j in 0..<3 { for k in 0..<3 { result[i][j] += a[i][k] * b[k][j] } } }
      return result
    }

    private static func transposed(_ a: [[Double]]) -> [[Double]] {
      var result = a
      for i in 0..<3 { for j in 0..<3 { result[i][j] = a[j][i] } }
      return result
    }

    mutating func predict(_ t: Double) {
      let f: [[Double]] = [[1, t, t * t / 2], [0, 1, t], [0, 0, 1]]
      x = [x[0] + t * x[1] + t * t / 2 * x[2], x[1] + t * x[2], x[2]]
      p = Self.product(Self.product(f, p), Self.transposed(f))
      let a = s1 * s1
      let b = s2 * s2
      let c = s3 * s3
      let t2 = t * t
      let t3 = t2 * t
      let q00: Double = a * t + b * t3 / 3 + c * t3 * t2 / 20
      let q01: Double = b * t2 / 2 + c * t2 * t2 / 8
      let q02: Double = c * t3 / 6
      let q11: Double = b * t + c * t3 / 3
      let q12: Double = c * t2 / 2
      let q: [[Double]] = [[q00, q01, q02], [q01, q11, q12], [q02, q12, c * t]]
      for i in 0..<3 { for j in 0..<3 { p[i][j] += q[i][j] } }
    }

    mutating func update(_ z: Double) {
      let s = p[0][0] + r
      let k = [p[0][0] / s, p[1][0] / s, p[2][0] / s]
      let v = z - x[0]
      for i in 0..<3 { x[i] += k[i] * v }
      let a: [[Double]] = [[1 - k[0], 0, 0], [-k[1], 1, 0], [-k[2], 0, 1]]
      p = Self.product(Self.product(a, p), Self.transposed(a))
      for i in 0..<3 { for j in 0..<3 { p[i][j] += k[i] * r * k[j] } }
    }
  }

  /// With every noise of the model and pulses missing, the factored filter is the full one.
  func testAgainstFullMatrices() throws {
    var clock = try ClockEstimator(configuration(ageingWalk: 3e-14))
    // The first phase is exact in the full filter's start: its variance is that of the noise.
    let data = phases(300)
    var dense = Dense(
      x: [Double(data[0]), 100, 0], p: [[1600, 0, 0], [0, 1e4, 0], [0, 0, 1e-4]], s1: 1, s2: 0.01, s3: 3e-5, r: 1600)
    XCTAssertEqual(clock.take(phaseNanoseconds: data[0], atSecond: 0), .updated)
    var last = 0
    for k in 1..<300 where k % 7 != 3 && !(100..<140).contains(k) {
      dense.predict(Double(k - last))
      dense.update(Double(data[k]))
      XCTAssertEqual(clock.take(phaseNanoseconds: data[k], atSecond: Int64(k)), .updated)
      last = k
      XCTAssertEqual(clock.phaseNanoseconds, dense.x[0], accuracy: 1e-6, "second \(k)")
      XCTAssertEqual(clock.frequency.value, dense.x[1] * 1e-9, accuracy: 1e-15)
      XCTAssertEqual(clock.ageing.value, dense.x[2] * 1e-9, accuracy: 1e-17)
      for (estimate, variance) in [
        (clock.phase.standardUncertainty, dense.p[0][0]), (clock.frequency.standardUncertainty * 1e9, dense.p[1][1]),
        (clock.ageing.standardUncertainty * 1e9, dense.p[2][2]),
      ] {
        XCTAssertEqual(estimate / variance.squareRoot(), 1, accuracy: 1e-9)
      }
    }
    // Without pulses the uncertainty grows as the model says.
    clock.predict(to: 5_000)
    dense.predict(Double(5_000 - last))
    XCTAssertEqual(clock.phase.standardUncertainty / dense.p[0][0].squareRoot(), 1, accuracy: 1e-9)
    XCTAssertTrue(clock.isInHoldover)
  }

  /// The phase of a clock that is many seconds off keeps its nanoseconds.
  func testPhaseOfManySeconds() throws {
    let far: Int64 = 4_000_000_000_000_000_000
    var near = try ClockEstimator(configuration())
    var away = try ClockEstimator(configuration())
    for (k, phase) in phases(100).enumerated() {
      _ = near.take(phaseNanoseconds: phase, atSecond: Int64(k))
      _ = away.take(phaseNanoseconds: phase + far, atSecond: Int64(k))
    }
    XCTAssertEqual(
      Double(away.phaseAnchorNanoseconds - far) + away.phase.value, near.phaseNanoseconds, accuracy: 1e-9)
    XCTAssertEqual(away.frequency.value, near.frequency.value, accuracy: 1e-20)
  }

  /// Single precision from the same source: the difference stays below 1 % of the standard uncertainty.
  func testSinglePrecision() throws {
    var double = try ClockFilter<Double>(configuration(resolution: 20))
    var single = try ClockFilter<Float>(configuration(resolution: 20))
    for (k, phase) in phases(5_000).enumerated() where k % 50 != 7 {
      _ = double.take(phaseNanoseconds: phase, atSecond: Int64(k))
      _ = single.take(phaseNanoseconds: phase, atSecond: Int64(k))
    }
    XCTAssertEqual(single.phaseNanoseconds, double.phaseNanoseconds, accuracy: 0.01 * double.phase.standardUncertainty)
    XCTAssertEqual(
      single.frequency.value, double.frequency.value, accuracy: 0.01 * double.frequency.standardUncertainty)
    XCTAssertEqual(single.ageing.value, double.ageing.value, accuracy: 0.01 * double.ageing.standardUncertainty)
    XCTAssertEqual(single.phase.standardUncertainty / double.phase.standardUncertainty, 1, accuracy: 1e-3)
  }

  private func learnt(_ count: Int = 200) throws -> ClockEstimator {
    var clock = try ClockEstimator(configuration())
    for (k, phase) in phases(count).enumerated() { _ = clock.take(phaseNanoseconds: phase, atSecond: Int64(k)) }
    return clock
  }

  private func phase(_ k: Int) -> Int64 { Int64(30 * Double(k) + 0.001 * Double(k * k)) }

  /// One wrong pulse changes nothing; five that agree are a step, and the frequency keeps what it knows.
  func testOutlierAndStep() throws {
    var clock = try learnt()
    let before = clock.frequency
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(200) + 5_000, atSecond: 200), .outlier)
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(201), atSecond: 201), .updated)
    XCTAssertEqual(clock.outliers, 1)
    for k in 202..<206 {
      XCTAssertEqual(clock.take(phaseNanoseconds: phase(k) + 5_000, atSecond: Int64(k)), .outlier)
    }
    guard case .stepped(let by) = clock.take(phaseNanoseconds: phase(206) + 5_000, atSecond: 206) else {
      return XCTFail("no step")
    }
    XCTAssertEqual(Double(by), 5_000, accuracy: 100)
    XCTAssertEqual(clock.phaseNanoseconds, Double(phase(206) + 5_000), accuracy: 1)
    XCTAssertEqual(clock.phase.standardUncertainty, 40, accuracy: 1, "what is known of the phase is this one pulse")
    XCTAssertEqual(clock.frequency.value, before.value, accuracy: 2 * before.standardUncertainty)
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(207) + 5_000, atSecond: 207), .updated)
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(207), atSecond: 207), .refused)
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(207), atSecond: 100), .refused)
  }

  /// A jump of exactly one second is a leap second only where one was announced.
  func testLeapSecond() throws {
    var clock = try learnt()
    clock.announce(LeapSecond(afterSecond: 209, jump: 1))
    for k in 200..<210 { XCTAssertEqual(clock.take(phaseNanoseconds: phase(k), atSecond: Int64(k)), .updated) }
    let u = clock.frequency.standardUncertainty
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(210) + 1_000_000_000, atSecond: 210), .leapSecond(1))
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(211) + 1_000_000_000, atSecond: 211), .updated)
    XCTAssertLessThanOrEqual(clock.frequency.standardUncertainty, 1.001 * u)
    XCTAssertEqual(clock.frequency.value, 3.04e-8, accuracy: 1e-9)
    XCTAssertNil(clock.announcement)
    XCTAssertEqual(clock.wholeSeconds, 0)
  }

  func testWrongSecondIsAFault() throws {
    var clock = try learnt()
    // Nobody announced it, or the other way round, or too early.
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(200) - 1_000_000_000, atSecond: 200), .wholeSecond(-1))
    clock.announce(LeapSecond(afterSecond: 200, jump: 1))
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(201) - 1_000_000_000, atSecond: 201), .wholeSecond(-1))
    clock.announce(LeapSecond(afterSecond: 202, jump: 1))
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(202) + 1_000_000_000, atSecond: 202), .wholeSecond(1))
    XCTAssertEqual(clock.wholeSeconds, 3)
    XCTAssertEqual(clock.lastUpdate, 199)
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(203), atSecond: 203), .leapSecondAbsent)
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(204), atSecond: 204), .updated)
    XCTAssertEqual(clock.frequency.value, 3.04e-8, accuracy: 1e-9)
  }

  /// A step of half a second is no whole second.
  func testHalfASecondIsAStep() throws {
    var clock = try learnt()
    for k in 200..<204 {
      XCTAssertEqual(clock.take(phaseNanoseconds: phase(k) + 500_000_000, atSecond: Int64(k)), .outlier)
    }
    guard case .stepped = clock.take(phaseNanoseconds: phase(204) + 500_000_000, atSecond: 204) else {
      return XCTFail("no step")
    }
  }

  /// A steering command moves the frequency at once and leaves the uncertainty as it is.
  func testSteering() throws {
    var clock = try learnt()
    let u = clock.frequency.standardUncertainty
    let y = clock.frequency.value
    clock.adjustFrequency(by: -2e-7, secondsLater: 0.5)
    XCTAssertEqual(clock.frequency.value, y - 2e-7, accuracy: 1e-18)
    XCTAssertEqual(clock.frequency.standardUncertainty, u)
    // From 199.5 s on: 100 ns of 200 ns/s by second 200.
    XCTAssertEqual(clock.take(phaseNanoseconds: phase(200) - 100, atSecond: 200), .updated)
    XCTAssertLessThan(try XCTUnwrap(clock.innovation).normalised.magnitude, 1)
  }

  /// Stamps that stay within one coarse step teach no frequency.
  func testCoarseStampsTeachOnlyWhenTheyMove() throws {
    var coarse = configuration(noise: 20, resolution: 1000, walk: 1e-14)
    coarse.stampsPerPhase = 1
    coarse.frequency = .init(value: 0, standardUncertainty: 1e-9)
    coarse.ageing = .init(standardUncertainty: 0)
    var clock = try ClockEstimator(coarse)
    XCTAssertEqual(clock.take(phaseNanoseconds: 0, atSecond: 0), .updated)
    // 95 % of a step that is half a microsecond to either side, and the jitter.
    XCTAssertEqual(try clock.phase.expandedUncertainty(), 475, accuracy: 5)
    var learntFrom = 1
    for k in 1..<200 as Range<Int64> where clock.take(phaseNanoseconds: 0, atSecond: k) == .updated { learntFrom += 1 }
    XCTAssertEqual(learntFrom, 1, "200 s at 1e-9 are a fifth of a step")
    XCTAssertEqual(clock.frequency.standardUncertainty, 1e-9, accuracy: 1e-11)
    XCTAssertGreaterThan(try clock.phase.expandedUncertainty(), 600, "half a step, and 199 ns of drift since")
    XCTAssertFalse(clock.isInHoldover)
  }

  /// 1 − 6f + 6f² (E. g. the covariance of a sawtooth), which is 0 at (1 − 1/√3)/2.
  func testRoundingCorrelation() {
    for f in [0.1, 0.25, 0.4, 0.5] {
      XCTAssertEqual(
        ClockEstimator.roundingCorrelation(steps: 3 + f, variance: 0), 1 - 6 * f + 6 * f * f, accuracy: 0.06)
    }
    XCTAssertEqual(ClockEstimator.roundingCorrelation(steps: 0.211, variance: 0), 0, accuracy: 0.03)
    XCTAssertEqual(ClockEstimator.roundingCorrelation(steps: 0, variance: 0.25), 0, accuracy: 0.01)
  }

  func testDeclarationsThatMakeNoSense() {
    func fault(_ change: (inout ClockConfiguration) -> Void) -> ClockFault? {
      var copy = configuration()
      change(&copy)
      return copy.fault
    }
    XCTAssertNil(fault { _ in })
    XCTAssertEqual(fault { $0.noise.whiteFrequency = -1 }, .noise)
    XCTAssertEqual(fault { $0.frequency.standardUncertainty = .nan }, .prior)
    XCTAssertEqual(fault { $0.ageing.value = 1 }, .prior)
    XCTAssertEqual(fault { $0.pulseNoiseNanoseconds = 0 }, .pulses)
    XCTAssertEqual(fault { $0.stampsPerPhase = 3 }, .pulses)
    XCTAssertEqual(fault { $0.gate = 1 }, .limits)
    XCTAssertEqual(fault { $0.referenceFrequency = .infinity }, .reference)
  }

  /// σ₁²/τ + σ₂²τ/3 + d²τ²/2 against values computed by hand.
  func testAllanDeviationOfTheModel() {
    let noise = ClockNoise(whiteFrequency: 3e-10, randomWalkFrequency: 3e-12)
    XCTAssertEqual(noise.allanDeviation(tauSeconds: 1), 3.0000500e-10, accuracy: 1e-16)
    XCTAssertEqual(noise.allanDeviation(tauSeconds: 300), 3.4641016e-11, accuracy: 1e-17)
    XCTAssertEqual(
      ClockNoise(whiteFrequency: 0, randomWalkFrequency: 0).allanDeviation(tauSeconds: 100, ageingPerSecond: 1e-12),
      7.0710678e-11, accuracy: 1e-17)
    XCTAssertEqual(noise.combined(with: noise).whiteFrequency, 3e-10 * 2.0.squareRoot(), accuracy: 1e-20)
  }
}
