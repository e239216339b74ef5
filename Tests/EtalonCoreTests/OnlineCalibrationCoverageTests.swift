import EtalonCore
import EtalonMetrology
import XCTest

/// Regression on noise and its traps: a process held at one place, then a move of 13 K. The truth is drawn from the
/// priors, so a 95 % interval must cover it. `ETALON_FULL=1` runs 1000 seeds and every combination.
final class OnlineCalibrationCoverageTests: XCTestCase {
  typealias Scenario = CalibrationScenario

  private func check(
    _ scenario: CalibrationScenario, _ name: String, seeds: Int = Scenario.sideSeeds,
    threshold: Double = Scenario.coverageThreshold, file: StaticString = #filePath, line: UInt = #line
  ) throws {
    let result = try scenario.coverage(seeds: seeds, Scenario.estimate(scenario.configuration))
    print("coverage, \(name): \(result.share), rms of error/u \(result.rms), seeds 1...\(seeds)")
    XCTAssertGreaterThanOrEqual(result.share, threshold, name, file: file, line: line)
    XCTAssertEqual(result.rms, 1, accuracy: Scenario.rmsTolerance, name, file: file, line: line)
  }

  private func checkFails(
    _ scenario: CalibrationScenario, _ name: String, file: StaticString = #filePath, line: UInt = #line,
    _ learn: ([Pair], Double) throws -> (value: Double, standardUncertainty: Double)
  ) throws {
    try Scenario.skipWithoutSeeds()
    let result = try scenario.coverage(seeds: Scenario.sideSeeds, learn)
    print("negative control, \(name): \(result.share), rms of error/u \(result.rms), seeds 1...\(Scenario.sideSeeds)")
    XCTAssertLessThan(result.share, Scenario.coverageThreshold, name, file: file, line: line)
  }

  func testDeviceNoiseAtConstantSetPointThenMove() throws {
    for noise in [0.005, 0.010, 0.020] {
      var scenario = Scenario()
      scenario.deviceNoise = noise
      // The headline figure: 92 % over 1000 seeds in the optimised run that is part of every test run.
      if Scenario.isOptimised {
        try check(scenario, "device noise \(noise) K", seeds: 1000, threshold: 0.92)
      } else {
        try check(scenario, "device noise \(noise) K")
      }
    }
  }

  func testSlowProcessOffCentreAndCurvature() throws {
    for noise in Scenario.isFull ? [0.005, 0.010, 0.020] : [0.020] {
      var scenario = Scenario()
      scenario.deviceNoise = noise
      scenario.processTime = 10
      scenario.setpoint = 28
      scenario.degree = 2
      try check(scenario, "device noise \(noise) K, slow process, curvature")
    }
  }

  func testSystematicPartsDominate() throws {
    var scenario = Scenario()
    scenario.gainUncertainty = 0.0002
    scenario.deviceNoise = 0.005
    try check(scenario, "certificate dominates")
  }

  func testCorrelatedNoise() throws {
    for noise in Scenario.isFull ? [0.005, 0.010, 0.020] : [0.010] {
      for time in Scenario.isFull ? [0.0, 10.0, 30.0] : [10.0] {
        try check(correlated(noise, processTime: time), "noise \(noise) K correlated over 5 s, process \(time) s")
      }
    }
  }

  func testNoiseOfAFifthOfTheLastDigit() throws {
    for noise in Scenario.isFull ? [0.002, 0.005, 0.010, 0.020] : [0.010] {
      for time in Scenario.isFull ? [0.0, 10.0, 30.0] : [0.0] {
        try check(coarse(noise, processTime: time), "noise \(noise) K, resolution \(5 * noise) K, process \(time) s")
      }
    }
  }

  func testNegativeControlWithoutConsiderStates() throws {
    var scenario = Scenario()
    scenario.gainUncertainty = 0.0002
    scenario.deviceNoise = 0.005
    var configuration = scenario.configuration
    configuration.reference.covariance = InlineArray(repeating: InlineArray(repeating: 0))
    configuration.reference.driftStandardUncertainty = 0
    configuration.reference.gradientStandardUncertainty = 0
    try checkFails(scenario, "no consider states", Scenario.estimate(configuration))
  }

  func testNegativeControlWithoutProcessState() throws {
    var scenario = Scenario()
    scenario.deviceNoise = 0.020
    try checkFails(scenario, "no process state, effective variance") { pairs, indication in
      try Self.effectiveVariance(scenario.configuration, pairs, indication)
    }
  }

  func testNegativeControlWithoutBlockMeans() throws {
    let scenario = correlated(0.005, processTime: 10)
    var configuration = scenario.configuration
    configuration.pairsPerBlock = 1
    configuration.deviceNoise.correlationTimeSeconds = 0
    configuration.reference.noise.correlationTimeSeconds = 0
    configuration.inflatesMeasuredCorrelation = false
    try checkFails(scenario, "no block means, no inflation", Scenario.estimate(configuration))
  }

  func testNegativeControlWithoutResolution() throws {
    let scenario = coarse(0.010, processTime: 0)
    var configuration = scenario.configuration
    configuration.resolution = 0
    try checkFails(scenario, "resolution left out", Scenario.estimate(configuration))
  }

  /// A correlation that nobody declared is found in the innovations and covered by their inflation.
  func testMeasuredCorrelationInflates() throws {
    var scenario = correlated(0.010, processTime: 30)
    scenario.referenceTime = 0
    scenario.referenceNoise = 0.001
    var configuration = scenario.configuration
    configuration.pairsPerBlock = 1
    configuration.deviceNoise.correlationTimeSeconds = 0
    var calibration = try OnlineCalibration(configuration)
    XCTAssertEqual(calibration.inflation, 1)
    _ = scenario.normalisedError(seed: 1) { pairs, _ in
      for pair in pairs { _ = calibration.add(pair) }
      return (0, 1)
    }
    // φ = exp(−1/5) gives (1 + φ)/(1 − φ) = 10.03; the estimate from about 500 remembered innovations is within 40 %.
    XCTAssertEqual(calibration.inflation, 10, accuracy: 4)
  }

  private func correlated(_ noise: Double, processTime: Double) -> CalibrationScenario {
    var scenario = Scenario()
    scenario.deviceNoise = noise
    scenario.processTime = processTime
    scenario.deviceTime = 5
    scenario.referenceTime = 5
    return scenario
  }

  private func coarse(_ noise: Double, processTime: Double) -> CalibrationScenario {
    var scenario = Scenario()
    scenario.deviceNoise = noise
    scenario.processTime = processTime
    scenario.resolution = 5 * noise
    return scenario
  }

  /// Plain recursive regression of y on the noisy z, with the noise of z only as additional variance; the certificate is
  /// considered as it should be.
  static func effectiveVariance(
    _ configuration: OnlineCalibrationConfiguration, _ pairs: [Pair], _ indication: Double
  ) throws -> (value: Double, standardUncertainty: Double) {
    typealias Factors = ConsiderFactors<2, 4, Double>
    let response = configuration.response
    let reference = configuration.reference
    let prior = response.standardUncertainty
    var factors = Factors(variances: [prior.c0 * prior.c0, prior.c1 * prior.c1], count: 2, considerCount: 4)
    var theta = (response.mean.c0, response.mean.c1)
    let device = configuration.deviceNoise.standardDeviation
    let noise = reference.noise.standardDeviation * reference.noise.standardDeviation + device * device
    for pair in pairs {
      let s = (pair.indication - response.centre) / response.halfSpan
      let t = (pair.reference - reference.centre) / reference.halfSpan
      let y = pair.reference + reference.correction.c0 + reference.correction.c1 * t
      let consider: Factors.ConsiderVector = [
        -reference.covariance[0][0].squareRoot(), -t * reference.covariance[1][1].squareRoot(),
        -reference.driftStandardUncertainty, -reference.gradientStandardUncertainty,
      ]
      guard let update = factors.update([1, s], consider: consider, noiseVariance: noise, learning: 2) else {
        throw Scenario.NoValue()
      }
      let innovation = y - theta.0 - theta.1 * s
      theta.0 += update.gain[0] * innovation
      theta.1 += update.gain[1] * innovation
    }
    let s = (indication - response.centre) / response.halfSpan
    let variance = factors.variance(along: [1, s], consider: [0, 0, 0, 0]) + device * device
    return (theta.0 + theta.1 * s, variance.squareRoot())
  }
}
