import EtalonCore
import EtalonMetrology
import XCTest

final class OnlineCalibrationTests: XCTestCase {
  private func pair(_ second: Int, _ reference: Double, _ indication: Double, _ quality: ReadingQuality = []) -> Pair {
    Pair(
      instant: Instant(nanoseconds: Int64(second) * 1_000_000_000), reference: reference, indication: indication,
      raw: .nan, quality: quality, tick: UInt32(max(0, second)))
  }

  /// Weighted least squares of the corrected reference readings on powers of s, by normal equations solved with partial
  /// pivoting; returns coefficients and their covariance.
  private func leastSquares(
    _ s: [Double], _ y: [Double], degree: Int, variance: Double
  ) -> (theta: [Double], covariance: [[Double]]) {
    let n = degree + 1
    var matrix = [[Double]](repeating: [Double](repeating: 0, count: 2 * n + 1), count: n)
    for (x, value) in zip(s, y) {
      for i in 0..<n {
        for j in 0..<n { matrix[i][j] += pow(x, Double(i + j)) / variance }
        matrix[i][n] += pow(x, Double(i)) * value / variance
      }
    }
    for i in 0..<n { matrix[i][n + 1 + i] = 1 }
    for column in 0..<n {
      let pivot = (column..<n).max { matrix[$0][column].magnitude < matrix[$1][column].magnitude } ?? column
      matrix.swapAt(column, pivot)
      let scale = matrix[column][column]
      for k in 0...2 * n { matrix[column][k] /= scale }
      for row in 0..<n where row != column {
        let factor = matrix[row][column]
        for k in 0...2 * n { matrix[row][k] -= factor * matrix[column][k] }
      }
    }
    return (matrix.map { $0[n] }, matrix.map { Array($0[(n + 1)...]) })
  }

  /// A device without noise, no drift, no prior: the filter is weighted least squares.
  func testNoiselessDeviceIsWeightedLeastSquares() throws {
    for degree in 1...3 {
      let noise = 0.005
      // A prior of 1e6 K leaves a share of (noise/1e6)² of itself in the estimate: nothing.
      let configuration = OnlineCalibrationConfiguration(
        response: .init(
          direct: 0.0...60.0, degree: degree, standardUncertainty: Coefficients(1e3, 1e3, 1e3, 1e3)),
        process: .init(motion: CorrelatedNoise(standardDeviation: 10)),
        reference: .init(
          range: 0.0...60.0, basisCount: 0, standardUncertainty: Coefficients(0, 0, 0, 0),
          noise: CorrelatedNoise(standardDeviation: noise)),
        deviceNoise: CorrelatedNoise(standardDeviation: 0), resolution: 0, periodSeconds: 1)
      var calibration = try OnlineCalibration(configuration)
      var random = RandomStream(seed: UInt64(degree))
      var places: [Double] = []
      var values: [Double] = []
      for second in 0..<2000 {
        let z = random.uniform(0, 60)
        let s = (z - 30) / 30
        let y = 30.1 + 29.7 * s + 0.05 * s * s - 0.02 * s * s * s + noise * random.normal()
        XCTAssertEqual(calibration.add(pair(second, y, z)), .updated)
        places.append(s)
        values.append(y)
      }
      let expected = leastSquares(places, values, degree: degree, variance: noise * noise)
      for power in 0...degree {
        let u = expected.covariance[power][power].squareRoot()
        // 1e-9 relative to the values of the curve, of the order of 30; 1e-6 of u for the small coefficients.
        XCTAssertEqual(calibration.coefficients[power], expected.theta[power], accuracy: 3e-8)
        XCTAssertEqual(calibration.standardUncertainty(ofCoefficient: power), u, accuracy: 1e-6 * u)
      }
      let corrected = try XCTUnwrap(calibration.corrected(indication: 42))
      let value = Coefficients(
        expected.theta[0], expected.theta[1], degree > 1 ? expected.theta[2] : 0, degree > 2 ? expected.theta[3] : 0)
      XCTAssertEqual(corrected.value, value.value(at: 0.4), accuracy: 42e-9)
    }
  }

  /// Noise on both sides, no drift, hardly a prior, a process that moves over the whole range: the filter is the
  /// generalised distance regression of ISO/TS 28037:2010, clause 7, here in its closed form for a straight line and
  /// uncertainties that are the same for all points (W. E. Deming, *Statistical Adjustment of Data* (1943)).
  func testLargeSpreadIsGeneralisedDistanceRegression() throws {
    for device in [0.005, 0.02, 0.2] {
      let noise = 0.02
      let configuration = OnlineCalibrationConfiguration(
        response: .init(direct: 0.0...60.0, degree: 1, standardUncertainty: Coefficients(100, 100, 0, 0)),
        process: .init(motion: CorrelatedNoise(standardDeviation: 17)),
        reference: .init(
          range: 0.0...60.0, basisCount: 0, standardUncertainty: Coefficients(0, 0, 0, 0),
          noise: CorrelatedNoise(standardDeviation: noise)),
        deviceNoise: CorrelatedNoise(standardDeviation: device), resolution: 0, periodSeconds: 1)
      var calibration = try OnlineCalibration(configuration)
      var random = RandomStream(seed: 21)
      var s: [Double] = []
      var y: [Double] = []
      for second in 0..<2000 {
        let p = random.uniform(0, 60)
        let z = p + device * random.normal()
        let reading = 0.3 + 1.01 * p + noise * random.normal()
        XCTAssertEqual(calibration.add(pair(second, reading, z)), .updated)
        s.append((z - 30) / 30)
        y.append(reading)
      }
      let n = Double(s.count)
      let meanS = s.reduce(0, +) / n
      let meanY = y.reduce(0, +) / n
      let ss = s.reduce(0) { $0 + ($1 - meanS) * ($1 - meanS) }
      let yy = y.reduce(0) { $0 + ($1 - meanY) * ($1 - meanY) }
      let sy = zip(s, y).reduce(0) { $0 + ($1.0 - meanS) * ($1.1 - meanY) }
      let ratio = noise * noise / (device * device / 900)
      let slope =
        (yy - ratio * ss + ((yy - ratio * ss) * (yy - ratio * ss) + 4 * ratio * sy * sy).squareRoot()) / (2 * sy)
      let variance = noise * noise + slope * slope * device * device / 900
      let slopeUncertainty = (variance / ss).squareRoot()
      let offsetUncertainty = (variance / n + slopeUncertainty * slopeUncertainty * meanS * meanS).squareRoot()
      XCTAssertEqual(calibration.coefficients.c1, slope, accuracy: 0.1 * slopeUncertainty)
      XCTAssertEqual(calibration.coefficients.c0, meanY - slope * meanS, accuracy: 0.1 * offsetUncertainty)
      XCTAssertEqual(
        calibration.standardUncertainty(ofCoefficient: 1), slopeUncertainty, accuracy: 0.02 * slopeUncertainty)
      XCTAssertEqual(
        calibration.standardUncertainty(ofCoefficient: 0), offsetUncertainty, accuracy: 0.02 * offsetUncertainty)
    }
  }

  /// With one reference the uncertainty never falls below its systematic part, and without excitation the gain keeps its
  /// prior.
  func testSystematicPartIsNotAveragedAwayAndPriorIsKept() throws {
    var scenario = CalibrationScenario()
    scenario.processSpread = 0
    scenario.deviceNoise = 0.020
    scenario.setpoint = 30
    let configuration = scenario.configuration
    var calibration = try OnlineCalibration(configuration)
    _ = scenario.normalisedError(seed: 3) { pairs, indication in
      for pair in pairs { _ = calibration.add(pair) }
      return (0, 1)
    }
    // At the middle of the certificate's range its slope does not matter.
    let floor = (0.010 * 0.010 + 0.005 * 0.005 + 0.004 * 0.004).squareRoot()
    let level = try XCTUnwrap(calibration.processValue)
    XCTAssertGreaterThan(level.standardUncertainty, 0.99 * floor)
    XCTAssertLessThan(level.standardUncertainty, 1.1 * floor)
    // The noise of 4000 readings is no excitation.
    XCTAssertFalse(calibration.isIdentified(coefficient: 1))
    XCTAssertGreaterThan(calibration.standardUncertainty(ofCoefficient: 1), 0.97 * 0.02 * 25)
  }

  /// In the long run the response follows the mean of the data: the systematic parts must not push it away.
  ///
  /// Taking the consider parameters' sensitivities at the noisy reading instead of the estimated value moves the response
  /// by 1.9 mK here, well within its uncertainty of 12 mK, so that no coverage shows it.
  func testLongRunFollowsTheMean() throws {
    var scenario = CalibrationScenario()
    scenario.gainUncertainty = 0.004
    var calibration = try OnlineCalibration(scenario.configuration)
    var random = RandomStream(seed: 1)
    let correction = 0.012 - 0.008 * (25.0 - 30) / 30
    for second in 0..<8000 {
      let x = 25 + 0.02 * random.normal()
      let y = x - correction + 0.005 * random.normal()
      _ = calibration.add(pair(second, y, x + 0.01 * random.normal()))
    }
    let corrected = try XCTUnwrap(calibration.corrected(indication: 25))
    // The mean of 8000 differences with a noise of 11.2 mK has a standard uncertainty of 0.125 mK.
    XCTAssertEqual(corrected.value, 25, accuracy: 0.0005)
    XCTAssertGreaterThan(corrected.standardUncertainty, 0.012)
  }

  /// The declared drift enlarges the uncertainty with the square root of time, also without readings.
  func testDriftGrowsInHoldover() throws {
    var configuration = CalibrationScenario().configuration
    configuration.response.driftPerRootSecond = Coefficients(1e-4, 0, 0, 0)
    var calibration = try OnlineCalibration(configuration)
    for second in 0..<100 { XCTAssertEqual(calibration.add(pair(second, 20, 20)), .updated) }
    let before = try XCTUnwrap(calibration.corrected(indication: 20))
    calibration.advance(to: Instant(nanoseconds: (99 + 40_000) * 1_000_000_000))
    let after = try XCTUnwrap(calibration.corrected(indication: 20))
    XCTAssertEqual(after.value, before.value)
    let growth =
      after.standardUncertainty * after.standardUncertainty - before.standardUncertainty * before.standardUncertainty
    // 1e-4 K/√s over 40 000 s is 0.02 K.
    XCTAssertEqual(growth.squareRoot(), 0.02, accuracy: 1e-6)
    // The device's own readings move the process value and teach the response nothing.
    XCTAssertEqual(calibration.add(pair(50_000, .nan, 20.5, .missing)), .heldOver)
    XCTAssertEqual(try XCTUnwrap(calibration.corrected(indication: 20)).value, before.value)
    XCTAssertEqual(try XCTUnwrap(calibration.processValue).value, before.value + 0.5, accuracy: 0.05)
  }

  func testRefusals() throws {
    var configuration = CalibrationScenario().configuration
    configuration.pairsPerBlock = 3
    configuration.maximumBlockSpread = 0.2
    var calibration = try OnlineCalibration(configuration)
    XCTAssertEqual(calibration.add(pair(0, 20, 20)), .collected)
    XCTAssertEqual(calibration.add(pair(0, 20, 20)), .refused(.time))
    XCTAssertEqual(calibration.add(pair(-5, 20, 20)), .refused(.time))
    XCTAssertEqual(calibration.add(pair(1, 20, .nan)), .refused(.quality))
    XCTAssertEqual(calibration.add(pair(1, 20, .infinity)), .refused(.quality))
    XCTAssertEqual(calibration.add(pair(1, 20, 20, .outlier)), .refused(.quality))
    XCTAssertEqual(calibration.add(pair(1, 20, 20)), .collected)
    XCTAssertEqual(calibration.add(pair(2, 20, 20.01)), .updated)
    XCTAssertEqual(calibration.add(pair(3, 20, 20)), .collected)
    XCTAssertEqual(calibration.add(pair(4, 20.5, 20.5)), .collected)
    XCTAssertEqual(calibration.add(pair(5, 20.9, 20.9)), .refused(.moving))
    // A gap starts another block.
    XCTAssertEqual(calibration.add(pair(6, 20, 20)), .collected)
    XCTAssertEqual(calibration.add(pair(60, 20, 20)), .collected)
    XCTAssertEqual(calibration.add(pair(61, 20, 20)), .collected)
    XCTAssertEqual(calibration.add(pair(62, 20, 20)), .updated)
    XCTAssertEqual(calibration.updates, 2)
    XCTAssertEqual(calibration.refusedPairs, 5 + 3 + 1)
    XCTAssertNil(calibration.corrected(indication: .nan))
    XCTAssertEqual(calibration.corrected(indication: 20)?.isExtrapolated, false)
    XCTAssertEqual(calibration.corrected(indication: 56)?.isExtrapolated, true)
  }

  func testMoveIsFoundAndKeepsTheResponse() throws {
    var calibration = try OnlineCalibration(CalibrationScenario().configuration)
    for second in 0..<200 { _ = calibration.add(pair(second, 20.1, 20)) }
    XCTAssertEqual(calibration.moves, 0)
    for second in 200..<400 { _ = calibration.add(pair(second, 33.1, 33)) }
    XCTAssertEqual(calibration.moves, 1)
    XCTAssertTrue(calibration.isIdentified(coefficient: 1))
    let normalised = try XCTUnwrap(calibration.responseInnovation).normalised
    XCTAssertLessThan(normalised.magnitude, 1)
  }

  func testConfigurationFaults() {
    var configuration = CalibrationScenario().configuration
    configuration.response.degree = 4
    XCTAssertThrowsError(try OnlineCalibration(configuration)) {
      XCTAssertEqual($0 as? OnlineCalibrationConfiguration.Fault, .degree(4))
    }
    configuration = CalibrationScenario().configuration
    configuration.deviceNoise.standardDeviation = -1
    XCTAssertThrowsError(try OnlineCalibration(configuration)) {
      XCTAssertEqual($0 as? OnlineCalibrationConfiguration.Fault, .negative(.deviceNoise))
    }
    configuration = CalibrationScenario().configuration
    configuration.reference.covariance[1][0] = 1
    XCTAssertThrowsError(try OnlineCalibration(configuration)) {
      XCTAssertEqual($0 as? OnlineCalibrationConfiguration.Fault, .covariance(row: 1))
    }
    configuration = CalibrationScenario().configuration
    configuration.response = .init(
      centre: .nan, halfSpan: 1, degree: 1, mean: Coefficients(0, 1, 0, 0),
      standardUncertainty: Coefficients(0, 0, 0, 0))
    XCTAssertThrowsError(try OnlineCalibration(configuration)) {
      XCTAssertEqual($0 as? OnlineCalibrationConfiguration.Fault, .range(.response))
    }
    configuration = CalibrationScenario().configuration
    configuration.periodSeconds = .nan
    XCTAssertThrowsError(try OnlineCalibration(configuration)) {
      XCTAssertEqual($0 as? OnlineCalibrationConfiguration.Fault, .range(.period))
    }
  }

  /// The closed sums for block means against the double sums they stand for.
  func testCorrelatedNoiseOfMeans() {
    let noise = CorrelatedNoise(standardDeviation: 2, correlationTimeSeconds: 5)
    let phi = exp(-1.0 / 5)
    for count in [1, 2, 7, 25] {
      var variance = 0.0
      var covariance = 0.0
      for i in 0..<count {
        for j in 0..<count {
          variance += 4 * pow(phi, Double(abs(i - j)))
          covariance += 4 * pow(phi, Double(count + j - i))
        }
      }
      let squares = Double(count * count)
      // Rounding of the sums.
      XCTAssertEqual(noise.varianceOfMean(count: count, periodSeconds: 1), variance / squares, accuracy: 1e-12)
      XCTAssertEqual(
        noise.covarianceOfNeighbouringMeans(count: count, periodSeconds: 1), covariance / squares, accuracy: 1e-12)
    }
    XCTAssertEqual(CorrelatedNoise(standardDeviation: 3).varianceOfMean(count: 9, periodSeconds: 1), 1)
    XCTAssertEqual(CorrelatedNoise(standardDeviation: 3).covarianceOfNeighbouringMeans(count: 9, periodSeconds: 1), 0)
  }

  /// The systematic part of rounding against a direct count over all places within a step.
  func testQuantisationErrorAgainstSimulation() {
    for sigma in [0.2, 0.3, 0.45] {
      let expected = QuantisationError(
        step: 1, process: CorrelatedNoise(standardDeviation: sigma), noise: CorrelatedNoise(standardDeviation: 0),
        count: 1, periodSeconds: 1)
      var random = RandomStream(seed: 12)
      var offsets = 0.0
      var slopes = 0.0
      let places = 64
      let draws = 4000
      for place in 0..<places {
        let centre = (Double(place) + 0.5) / Double(places)
        var mean = 0.0
        var product = 0.0
        for _ in 0..<draws {
          let deviation = sigma * random.normal()
          let error = (centre + deviation).rounded() - centre - deviation
          mean += error / Double(draws)
          product += error * deviation / (sigma * sigma * Double(draws))
        }
        offsets += mean * mean / Double(places)
        slopes += product * product / Double(places)
      }
      // 4000 draws leave 0.29/√4000 = 0.005 in each mean and 0.29/(σ√4000) in each slope, added in squares.
      XCTAssertEqual(offsets.squareRoot(), expected.offset, accuracy: 0.006)
      XCTAssertEqual(slopes.squareRoot(), expected.slope, accuracy: 0.03 + 0.02 * expected.slope)
      XCTAssertEqual(expected.varianceOfMean, 1.0 / 12 - expected.offset * expected.offset, accuracy: 2e-3)
    }
  }
}
