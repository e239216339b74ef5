import EtalonCore
import EtalonMetrology
import EtalonUncertainty
import XCTest

/// The on-line calibration against the offline fit of the same data, where theory says that they agree: no drift, hardly
/// a prior, a process that moves over the whole range. The fit is the generalised distance regression of ISO/TS
/// 28037:2010, clause 7, as the metrology verbs use it.
final class GeneralisedDistanceTests: XCTestCase {
  func testStateWithinATenthAndUncertaintyWithinTwoPercent() throws {
    for (seed, deviceNoise) in [(1, 0.005), (2, 0.02), (3, 0.1)] {
      let referenceNoise = 0.02
      let configuration = OnlineCalibrationConfiguration(
        response: .init(direct: 0.0...60.0, degree: 1, standardUncertainty: Coefficients(100, 100, 0, 0)),
        process: .init(motion: CorrelatedNoise(standardDeviation: 17)),
        reference: .init(
          range: 0.0...60.0, basisCount: 0, standardUncertainty: Coefficients(0, 0, 0, 0),
          noise: CorrelatedNoise(standardDeviation: referenceNoise)),
        deviceNoise: CorrelatedNoise(standardDeviation: deviceNoise), resolution: 0, periodSeconds: 1, pairsPerBlock: 1)
      var calibration = try OnlineCalibration(configuration)
      var random = RandomStream(seed: UInt64(seed), stream: 28037)
      var s: [Double] = []
      var y: [Double] = []
      for second in 0..<400 {
        let p = random.uniform(0, 60)
        let z = p + deviceNoise * random.normal()
        let reading = -0.2 + 0.99 * p + referenceNoise * random.normal()
        let outcome = calibration.add(
          Pair(
            instant: Instant(nanoseconds: Int64(second) * 1_000_000_000), reference: reading, indication: z, raw: .nan,
            quality: [], tick: UInt32(second)))
        XCTAssertEqual(outcome, .updated)
        s.append((z - 30) / 30)
        y.append(reading)
      }
      let fit = try LineFit.generalisedDistance(
        x: s, y: y, xStandardUncertainties: [Double](repeating: deviceNoise / 30, count: s.count),
        yStandardUncertainties: [Double](repeating: referenceNoise, count: s.count))
      let u0 = fit.interceptStandardUncertainty
      let u1 = fit.slopeStandardUncertainty
      XCTAssertEqual(calibration.coefficients.c0, fit.intercept, accuracy: 0.1 * u0, "seed \(seed)")
      XCTAssertEqual(calibration.coefficients.c1, fit.slope, accuracy: 0.1 * u1, "seed \(seed)")
      XCTAssertEqual(calibration.standardUncertainty(ofCoefficient: 0), u0, accuracy: 0.02 * u0, "seed \(seed)")
      XCTAssertEqual(calibration.standardUncertainty(ofCoefficient: 1), u1, accuracy: 0.02 * u1, "seed \(seed)")
    }
  }
}
