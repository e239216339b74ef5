import EtalonCore
import EtalonMetrology
import XCTest

final class ConsiderFactorsTests: XCTestCase {
  /// Flow of the Nile at Aswan 1871 to 1970, in 10⁸ m³ (public domain; J. Durbin and S. J. Koopman, *Time Series Analysis
  /// by State Space Methods*, 2nd ed. (2012), pp. 37 and 40).
  static let nile: [Double] = [
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
    1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969, 831,
    726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845,
    944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918,
    986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
  ]

  /// Local-level filter with σ_ε² = 15099 and σ_η² = 1469.1 (Durbin and Koopman, p. 37), started diffuse at the first value.
  ///
  /// The filtered values are those of the project's reference set (`nile-local-level-kalman`); the standardised
  /// innovations' skewness −0.03, kurtosis 3.09, H(33) = 0.61 and Q(9) = 8.84 are the book's own (p. 40), printed with two
  /// decimals.
  func testNileLocalLevel() throws {
    let series = Self.nile
    var factors = ConsiderFactors<1, 0, Double>(variances: [15099], count: 1, considerCount: 0)
    var level = series[0]
    var values = [level]
    var variances = [factors.covariance(0, 0)]
    var standardised: [Double] = []
    var logLikelihood = 0.0
    for flow in series.dropFirst() {
      factors.addNoise(variance: 1469.1, to: 0)
      let innovation = flow - level
      let update = try XCTUnwrap(
        factors.update([1], consider: InlineArray(repeating: 0), noiseVariance: 15099, learning: 1))
      level += update.gain[0] * innovation
      values.append(level)
      variances.append(factors.covariance(0, 0))
      standardised.append(innovation / update.innovationVariance.squareRoot())
      logLikelihood -=
        0.5
        * (log(2 * Double.pi) + log(update.innovationVariance) + innovation * innovation / update.innovationVariance)
    }
    let firstValues = [1120.0, 1140.927839934822, 1072.7985295274439, 1117.3089545639095, 1129.972136111239]
    let firstVariances = [15099.0, 7899.7363793969125, 5781.46993870002, 4898.365194708502, 4478.723259878056]
    for index in 0..<5 {
      XCTAssertEqual(values[index], firstValues[index], accuracy: 1e-8 * firstValues[index])
      XCTAssertEqual(variances[index], firstVariances[index], accuracy: 1e-8 * firstVariances[index])
    }
    XCTAssertEqual(level, 798.3702926083641, accuracy: 1e-8 * 798)
    XCTAssertEqual(variances[99], 4032.157941808477, accuracy: 1e-8 * 4032)
    XCTAssertEqual(logLikelihood, -632.5456251156736, accuracy: 1e-8 * 632)

    let n = Double(standardised.count)
    let mean = standardised.reduce(0, +) / n
    func moment(_ power: Int) -> Double {
      standardised.reduce(0) { $0 + pow($1 - mean, Double(power)) } / n
    }
    XCTAssertEqual(moment(3) / pow(moment(2), 1.5), -0.03, accuracy: 0.011)
    XCTAssertEqual(moment(4) / pow(moment(2), 2), 3.09, accuracy: 0.011)
    let squares = standardised.map { $0 * $0 }
    XCTAssertEqual(squares.suffix(33).reduce(0, +) / squares.prefix(33).reduce(0, +), 0.61, accuracy: 0.011)
    var ljungBox = 0.0
    for lag in 1...9 {
      var sum = 0.0
      for t in lag..<standardised.count { sum += (standardised[t] - mean) * (standardised[t - lag] - mean) }
      let r = sum / (n * moment(2))
      ljungBox += r * r / (n - Double(lag))
    }
    XCTAssertEqual(n * (n + 2) * ljungBox, 8.84, accuracy: 0.011)
  }

  /// The factored form against the covariance form of the Schmidt-Kalman filter (gain of the consider part zero, Joseph
  /// form), with random measurements, process noise, a frozen state and a renewed consider parameter.
  func testAgainstCovarianceForm() throws {
    let states = 3
    let size = 5
    var random = RandomStream(seed: 5)
    typealias Factors = ConsiderFactors<3, 2, Double>
    var factors = Factors(variances: [4, 9, 1], count: 3, considerCount: 2)
    var full = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
    for (index, variance) in [4.0, 9.0, 1.0, 1.0, 1.0].enumerated() { full[index][index] = variance }
    for step in 0..<500 {
      // Process noise of every state and the dynamics of the first.
      factors.propagate(0, factor: 0.9, noiseVariance: 0)
      for j in 0..<size {
        full[0][j] *= 0.9
      }
      for j in 0..<size {
        full[j][0] *= 0.9
      }
      for index in 0..<states {
        let noise = 0.01 * Double(index + 1)
        factors.addNoise(variance: noise, to: index)
        full[index][index] += noise
      }
      if step % 100 == 99 {
        factors.renewConsider(1)
        for i in 0..<states {
          full[i][4] = 0
          full[4][i] = 0
        }
      }
      let h = (0..<size).map { _ in random.normal() }
      let noise = step % 50 == 7 ? 0 : 0.5
      let learning = step % 3 == 0 ? 2 : 3
      let update = try XCTUnwrap(
        factors.update([h[0], h[1], h[2]], consider: [h[3], h[4]], noiseVariance: noise, learning: learning))
      let ph = (0..<size).map { i in (0..<size).reduce(0) { $0 + full[i][$1] * h[$1] } }
      let innovationVariance = (0..<size).reduce(noise) { $0 + h[$1] * ph[$1] }
      XCTAssertEqual(update.innovationVariance, innovationVariance, accuracy: 1e-9 * innovationVariance)
      let gain = (0..<size).map { $0 < learning ? ph[$0] / innovationVariance : 0 }
      for i in 0..<learning { XCTAssertEqual(update.gain[i], gain[i], accuracy: 1e-9) }
      // P − K h P − P hᵀ Kᵀ + K S Kᵀ holds for every gain.
      for i in 0..<size {
        for j in 0..<size {
          full[i][j] += -gain[i] * ph[j] - ph[i] * gain[j] + gain[i] * gain[j] * innovationVariance
        }
      }
      for i in 0..<states {
        for j in 0..<states {
          // Rounding of the covariance form itself, relative to variances of the order of 1.
          XCTAssertEqual(factors.covariance(i, j), full[i][j], accuracy: 1e-9)
        }
      }
    }
  }

  func testInflationKeepsTheCovarianceOfTheStateLarger() throws {
    typealias Factors = ConsiderFactors<1, 1, Double>
    var plain = Factors(variances: [1], count: 1, considerCount: 1)
    var inflated = plain
    for _ in 0..<100 {
      XCTAssertNotNil(plain.update([1], consider: [0.1], noiseVariance: 1, learning: 1))
      XCTAssertNotNil(inflated.update([1], consider: [0.1], noiseVariance: 1, inflation: 9, learning: 1))
    }
    // n measurements of variance 1 leave 1/(1 + n) and the systematic 0.1² × (n/(n + 1))² beside it.
    XCTAssertEqual(plain.covariance(0, 0), 1 / 101.0 + 0.01, accuracy: 5e-4)
    XCTAssertGreaterThan(inflated.covariance(0, 0), 0.06)
  }

  func testExactMeasurementTwiceGivesNoUpdate() {
    var factors = ConsiderFactors<2, 0, Double>(variances: [1, 1], count: 2, considerCount: 0)
    let none = InlineArray<0, Double>(repeating: 0)
    XCTAssertNotNil(factors.update([1, 0], consider: none, noiseVariance: 0, learning: 2))
    XCTAssertEqual(factors.covariance(0, 0), 0)
    XCTAssertNil(factors.update([1, 0], consider: none, noiseVariance: 0, learning: 2))
    XCTAssertEqual(factors.covariance(1, 1), 1)
  }

  /// The same source in single precision stays within its rounding of double precision.
  func testSinglePrecision() {
    var single = ConsiderFactors<3, 1, Float>(variances: [1, 1, 1], count: 3, considerCount: 1)
    var double = ConsiderFactors<3, 1, Double>(variances: [1, 1, 1], count: 3, considerCount: 1)
    var random = RandomStream(seed: 3)
    for _ in 0..<20_000 {
      let h = [random.normal(), random.normal(), random.normal(), random.normal()]
      for index in 0..<3 {
        single.addNoise(variance: 1e-6, to: index)
        double.addNoise(variance: 1e-6, to: index)
      }
      XCTAssertNotNil(
        single.update(
          [Float(h[0]), Float(h[1]), Float(h[2])], consider: [Float(0.1 * h[3])], noiseVariance: 0.01,
          learning: 3))
      XCTAssertNotNil(
        double.update([h[0], h[1], h[2]], consider: [0.1 * h[3]], noiseVariance: 0.01, learning: 3))
    }
    for index in 0..<3 {
      let expected = double.covariance(index, index).squareRoot()
      // 1 % of a standard uncertainty does not change its two digits.
      XCTAssertEqual(Double(single.covariance(index, index)).squareRoot(), expected, accuracy: 0.01 * expected)
    }
  }
}
