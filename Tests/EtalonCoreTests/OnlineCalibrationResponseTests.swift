import EtalonCore
import EtalonMetrology
import XCTest

/// Responses beside the straight correction: indication forms, Callendar-Van Dusen, second quantity, creep, linear drift;
/// several references; single precision; no excitation.
final class OnlineCalibrationResponseTests: XCTestCase {
  private func pair(_ second: Int, _ reference: Double, _ indication: Double) -> Pair {
    Pair(
      instant: Instant(nanoseconds: Int64(second) * 1_000_000_000), reference: reference, indication: indication,
      raw: .nan, quality: [], tick: UInt32(second))
  }

  private func configuration(
    _ response: DeviceResponse, process: Double = 10, device: Double = 0.005, reference: Double = 0.005
  ) -> OnlineCalibrationConfiguration {
    OnlineCalibrationConfiguration(
      response: response, process: .init(motion: CorrelatedNoise(standardDeviation: process)),
      reference: .init(
        range: 0.0...60.0, basisCount: 1, standardUncertainty: Coefficients(0.002, 0, 0, 0),
        noise: CorrelatedNoise(standardDeviation: reference)),
      deviceNoise: CorrelatedNoise(standardDeviation: device), resolution: 0, periodSeconds: 1, pairsPerBlock: 1)
  }

  /// IEC 60751 thermometer with R₀, A and B drawn from their priors, over −40 … 160 °C.
  func testCallendarVanDusen() throws {
    var squares = 0.0
    let seeds = 6
    for seed in 1...seeds {
      var random = RandomStream(seed: UInt64(seed), stream: 60751)
      let u = Coefficients(0.05, 4e-6, 1e-8, 0)
      let zero = 100 + u.c0 * random.normal()
      let a = 3.9083e-3 + u.c1 * random.normal()
      let b = -5.775e-7 + u.c2 * random.normal()
      let thermometer = try CallendarVanDusen(resistanceAtZeroOhm: zero, a: a, b: b)
      var calibration = try OnlineCalibration(
        configuration(
          DeviceResponse(resistanceThermometer: -40.0...160.0, standardUncertainty: u), process: 60, device: 0.002))
      for second in 0..<300 {
        let t = random.uniform(-40, 160)
        let ohm = try thermometer.value(at: t) + 0.002 * random.normal()
        XCTAssertEqual(calibration.add(pair(second, t + 0.005 * random.normal(), ohm)), .updated)
      }
      for (power, truth) in [zero, a, b].enumerated() {
        let error = calibration.coefficients[power] - truth
        squares += pow(error / calibration.standardUncertainty(ofCoefficient: power), 2)
        XCTAssertTrue(calibration.isIdentified(coefficient: power), "seed \(seed), coefficient \(power)")
      }
      for t in [-35.0, 0, 100] {
        let corrected = try XCTUnwrap(calibration.corrected(indication: try thermometer.value(at: t)))
        // 2 mΩ are 5 mK; the rest is what 300 pairs leave of the curve.
        XCTAssertEqual(corrected.value, t, accuracy: 4 * corrected.standardUncertainty, "seed \(seed)")
        XCTAssertLessThan(corrected.standardUncertainty, 0.007)
      }
    }
    // χ² of 18 normalised errors: beyond 42.3 with the probability 0.001.
    XCTAssertLessThan(squares, 42.3)
  }

  /// A device that indicates a polynomial of the quantity, of degree 3.
  func testIndicationForm() throws {
    let truth = Coefficients(30.2, 24.6, 0.3, -0.1)
    var calibration = try OnlineCalibration(
      configuration(
        DeviceResponse(
          form: .indication, centre: 30, halfSpan: 25, degree: 3, mean: Coefficients(30, 25, 0, 0),
          standardUncertainty: Coefficients(0.5, 0.5, 0.5, 0.2))))
    var random = RandomStream(seed: 4)
    for second in 0..<400 {
      let x = random.uniform(5, 55)
      let z = truth.value(at: (x - 30) / 25) + 0.005 * random.normal()
      _ = calibration.add(pair(second, x + 0.005 * random.normal(), z))
    }
    for power in 0...3 {
      let u = calibration.standardUncertainty(ofCoefficient: power)
      XCTAssertEqual(calibration.coefficients[power], truth[power], accuracy: 4 * u)
      XCTAssertLessThan(u, 0.01)
    }
  }

  /// Temperature as a second regressor: its influence on offset and gain is found, and left alone it is an error.
  func testSecondQuantity() throws {
    var response = DeviceResponse(direct: 5.0...55.0, degree: 1, standardUncertainty: Coefficients(0.1, 0.1, 0, 0))
    let plain = response
    response.auxiliary = .init(
      centre: 25, halfSpan: 10, offset: .init(standardUncertainty: 0.1), gain: .init(standardUncertainty: 0.1))
    var calibration = try OnlineCalibration(configuration(response))
    var without = try OnlineCalibration(configuration(plain))
    var random = RandomStream(seed: 5)
    for second in 0..<400 {
      let z = random.uniform(5, 55)
      let t = random.uniform(15, 35)
      let s = (z - 30) / 25
      let x = 30 + 25 * s + 0.08 * (t - 25) / 10 - 0.06 * (t - 25) / 10 * s
      let p = pair(second, x + 0.005 * random.normal(), z + 0.005 * random.normal())
      XCTAssertEqual(calibration.add(p, auxiliary: t), .updated)
      _ = without.add(p)
    }
    let offset = try XCTUnwrap(calibration.value(of: .auxiliaryOffset))
    let gain = try XCTUnwrap(calibration.value(of: .auxiliaryGain))
    XCTAssertEqual(offset.value, 0.08, accuracy: 4 * offset.standardUncertainty)
    XCTAssertEqual(gain.value, -0.06, accuracy: 4 * gain.standardUncertainty)
    XCTAssertLessThan(max(offset.standardUncertainty, gain.standardUncertainty), 0.002)
    XCTAssertNil(without.value(of: .auxiliaryOffset))
    // Its row needs the second quantity.
    XCTAssertEqual(calibration.add(pair(500, 30, 30)), .refused(.quality))
  }

  /// Load steps on a cell that creeps by 0.02 of a half span with 60 s.
  func testCreep() throws {
    var response = DeviceResponse(
      form: .indication, centre: 50, halfSpan: 50, degree: 1, mean: Coefficients(50, 50, 0, 0),
      standardUncertainty: Coefficients(0.05, 0.05, 0, 0))
    response.creep = .init(timeSeconds: 60, amount: .init(standardUncertainty: 0.05))
    var configuration = configuration(response, process: 0.01)
    configuration.reference.noise.standardDeviation = 0.002
    var calibration = try OnlineCalibration(configuration)
    var random = RandomStream(seed: 6)
    var creep = -1.0
    for second in 0..<600 {
      let load = [0.0, 90, 20, 60, 0, 100][second / 100]
      let s = (load - 50) / 50
      if second > 0 { creep += (1 - exp(-1.0 / 60)) * ((second % 100 == 0 ? creep : s) - creep) }
      let z = 50 + 50.01 * s + 0.02 * creep + 0.005 * random.normal()
      _ = calibration.add(pair(second, load + 0.002 * random.normal(), z))
    }
    let amount = try XCTUnwrap(calibration.value(of: .creep))
    XCTAssertEqual(amount.value, 0.02, accuracy: 4 * amount.standardUncertainty + 1e-4)
    XCTAssertLessThan(amount.standardUncertainty, 0.005)
  }

  /// A linear drift of unknown rate is found, and carries the value through a holdover; with θ₀ as phase the rate is the
  /// frequency offset of an oscillator.
  func testLinearDrift() throws {
    var response = DeviceResponse(direct: 5.0...55.0, degree: 1, standardUncertainty: Coefficients(0.1, 0.1, 0, 0))
    response.rateStandardUncertainty = Coefficients(1e-3, 0, 0, 0)
    var calibration = try OnlineCalibration(configuration(response, process: 0.01))
    var random = RandomStream(seed: 7)
    for second in 0..<500 {
      let x = 30 + 0.01 * random.normal()
      let z = x - 3e-4 * Double(second) + 0.005 * random.normal()
      _ = calibration.add(pair(second, x + 0.005 * random.normal(), z))
    }
    let rate = try XCTUnwrap(calibration.value(of: .rate(ofCoefficient: 0)))
    XCTAssertEqual(rate.value, 3e-4, accuracy: 4 * rate.standardUncertainty)
    XCTAssertLessThan(rate.standardUncertainty, 5e-6)
    calibration.advance(to: Instant(nanoseconds: 1500 * 1_000_000_000))
    let later = try XCTUnwrap(calibration.corrected(indication: 30 - 0.45))
    XCTAssertEqual(later.value, 30, accuracy: 3 * later.standardUncertainty)
  }

  // MARK: - Several references

  private func reference(_ u: Double) -> OnlineCalibrationConfiguration.Reference {
    .init(
      range: 0.0...60.0, basisCount: 1, standardUncertainty: Coefficients(u, 0, 0, 0),
      driftStandardUncertainty: 0.002, noise: CorrelatedNoise(standardDeviation: 0.003))
  }

  private func run(_ count: Int, lie: Double, liar: Int, third: Bool) throws -> OnlineCalibration {
    var configuration = configuration(
      DeviceResponse(direct: 5.0...55.0, degree: 1, standardUncertainty: Coefficients(0.1, 0.1, 0, 0)), process: 0.02)
    configuration.reference = reference(0.010)
    configuration.secondReference = reference(0.012)
    if third { configuration.thirdReference = reference(0.008) }
    var calibration = try OnlineCalibration(configuration)
    var random = RandomStream(seed: 8)
    for second in 0..<count {
      let x = 30 + 0.02 * random.normal()
      var readings = [0.0, 0, 0].map { _ in x + 0.003 * random.normal() }
      readings[liar] += lie
      XCTAssertEqual(
        calibration.add(pair(second, readings[0], x + 0.005 * random.normal()), others: (readings[1], readings[2])),
        .updated)
    }
    return calibration
  }

  func testFusedReferencesReachTheirBestCombinationAndNotMore() throws {
    let calibration = try run(1000, lie: 0, liar: 0, third: true)
    XCTAssertEqual(calibration.referenceAgreement.verdict, .agree)
    let parts = [0.010, 0.012, 0.008].map { $0 * $0 + 0.002 * 0.002 }
    let best = (1 / parts.reduce(0) { $0 + 1 / $1 }).squareRoot()
    XCTAssertEqual(calibration.systematicStandardUncertainty(at: 30), best, accuracy: 1e-6)
    let level = try XCTUnwrap(calibration.processValue)
    XCTAssertGreaterThanOrEqual(level.standardUncertainty, best)
    XCTAssertLessThan(level.standardUncertainty, 1.1 * best)
    XCTAssertLessThan(level.standardUncertainty, 0.008)
  }

  func testTwoReferencesThatDisagreeAreReported() throws {
    let calibration = try run(300, lie: 0.08, liar: 1, third: false)
    XCTAssertEqual(calibration.referenceAgreement.verdict, .disagree)
    XCTAssertGreaterThan(calibration.referenceAgreement.chiSquare, 10.83)
  }

  func testOfThreeReferencesTheLiarIsFoundAndLeftOut() throws {
    for liar in 0..<3 {
      let calibration = try run(300, lie: 0.15, liar: liar, third: true)
      XCTAssertEqual(calibration.referenceAgreement.verdict, .oneDisagrees(liar))
      let corrected = try XCTUnwrap(calibration.corrected(indication: 30))
      XCTAssertEqual(corrected.value, 30, accuracy: 3 * corrected.standardUncertainty)
    }
    // One that lies within its certificate can not be found.
    XCTAssertEqual(try run(300, lie: 0.01, liar: 2, third: true).referenceAgreement.verdict, .agree)
  }

  func testDriftSinceTheCertificateGrows() throws {
    var configuration = configuration(
      DeviceResponse(direct: 5.0...55.0, degree: 1, standardUncertainty: Coefficients(0.1, 0, 0, 0)), process: 0.02)
    configuration.reference.driftStandardUncertainty = 0.001
    configuration.reference.driftStandardUncertaintyPerSecond = 1e-5
    configuration.response.driftPerRootSecond = Coefficients(1e-3, 0, 0, 0)
    var calibration = try OnlineCalibration(configuration)
    for second in 0..<2000 { _ = calibration.add(pair(second, 30, 30)) }
    let u = (0.002 * 0.002 + 0.02099 * 0.02099).squareRoot()
    XCTAssertEqual(calibration.systematicStandardUncertainty(at: 30), u, accuracy: 1e-5)
    XCTAssertGreaterThan(try XCTUnwrap(calibration.processValue).standardUncertainty, 0.99 * u)
  }

  // MARK: - Precision and the long run

  /// Single precision from the same source: with the declared drift the corrected value stays within 1 % of its standard
  /// uncertainty of the double's. `ETALON_FULL=1` takes 10⁷ samples, `scripts/bench-calibration` 10⁸.
  func testSinglePrecision() throws {
    var configuration = CalibrationScenario().configuration
    configuration.response.driftPerRootSecond = Coefficients(1e-5, 1e-5, 0, 0)
    var double = try OnlineCalibration(configuration)
    var single = try OnlineCalibrationFilter<Float>(configuration)
    var random = RandomStream(seed: 10)
    let count = CalibrationScenario.isFull ? 10_000_000 : 4000
    for second in 0..<count {
      let x = (second / 500 % 2 == 0 ? 20 : 40) + 0.02 * random.normal()
      let p = pair(second, x + 0.005 * random.normal(), x + 0.05 + 0.01 * random.normal())
      _ = double.add(p)
      _ = single.add(p)
    }
    for z in [20.0, 30, 40] {
      let expected = try XCTUnwrap(double.corrected(indication: z))
      let got = try XCTUnwrap(single.corrected(indication: z))
      XCTAssertEqual(got.value, expected.value, accuracy: 0.01 * expected.standardUncertainty)
      XCTAssertEqual(
        got.standardUncertainty, expected.standardUncertainty, accuracy: 0.01 * expected.standardUncertainty)
    }
  }

  /// Without excitation the gain keeps its prior: its uncertainty neither collapses nor blows up.
  /// `ETALON_FULL=1` takes 10⁶ samples.
  func testNoExcitationNeitherCollapsesNorBlowsUp() throws {
    var configuration = CalibrationScenario().configuration
    configuration.process.motion.standardDeviation = 0
    configuration.response.driftPerRootSecond = Coefficients(1e-6, 0, 0, 0)
    var calibration = try OnlineCalibration(configuration)
    var random = RandomStream(seed: 11)
    let count = CalibrationScenario.isFull ? 1_000_000 : 3000
    for second in 0..<count {
      _ = calibration.add(pair(second, 30 + 0.005 * random.normal(), 30 + 0.02 * random.normal()))
    }
    let gain = calibration.standardUncertainty(ofCoefficient: 1)
    XCTAssertGreaterThan(gain, 0.95 * 0.5)
    XCTAssertLessThan(gain, 1.001 * 0.5)
    XCTAssertFalse(calibration.isIdentified(coefficient: 1))
    let here = try XCTUnwrap(calibration.corrected(indication: 30))
    XCTAssertGreaterThan(here.standardUncertainty, 0.0118)
    XCTAssertLessThan(here.standardUncertainty, 0.02)
  }
}
