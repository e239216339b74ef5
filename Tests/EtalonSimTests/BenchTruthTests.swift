import EtalonCore
import EtalonMetrology
import XCTest

@testable import EtalonSim

/// The truth of a run comes from exactly the distributions that were declared.
final class BenchTruthTests: XCTestCase {
  /// JCGM 100, 4.3.7 and 4.3.9: a/√3 and a/√6.
  func testPriorsHaveTheirMoments() {
    let priors: [Prior] = [
      .normal(mean: 1, standardDeviation: 0.2), .rectangular(mean: 1, halfWidth: 0.3),
      .triangular(mean: 1, halfWidth: 0.4),
    ]
    for prior in priors {
      var random = RandomStream(seed: 8)
      let values = (0..<40_000).map { _ in prior.draw(using: &random) }
      let mean = values.reduce(0, +) / 40_000
      let deviation = (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 40_000).squareRoot()
      // Four standard errors of 40 000 draws: 2 % of the standard deviation for either.
      XCTAssertEqual(mean, 1, accuracy: 0.02 * prior.standardDeviation)
      XCTAssertEqual(deviation, prior.standardDeviation, accuracy: 0.02 * prior.standardDeviation)
      if case .normal = prior { continue }
      XCTAssertLessThanOrEqual(values.map { abs($0 - 1) }.max() ?? 1, 0.4)
    }
    var random = RandomStream(seed: 8)
    XCTAssertEqual(Prior.fixed(3).draw(using: &random), 3)
    XCTAssertEqual(Prior.fixed(3).standardDeviation, 0)
  }

  func testCertificateDrawsHaveTheCovarianceOfTheCertificate() throws {
    let points = ReferenceTruth.Points(
      points: [
        .init(celsius: 0, correctionKelvin: 0.01, standardUncertaintyKelvin: 0.010),
        .init(celsius: 30, correctionKelvin: -0.02, standardUncertaintyKelvin: 0.020),
        .init(celsius: 60, correctionKelvin: 0.03, standardUncertaintyKelvin: 0.015),
      ], correlation: 0.6)
    var random = RandomStream(seed: 12)
    let count = 20_000
    var sums = [Double](repeating: 0, count: 3)
    var products = [Double](repeating: 0, count: 9)
    for _ in 0..<count {
      let truth = try ReferenceTruth.draw(points, using: &random)
      let z = (0..<3).map {
        (truth.correctionsKelvin[$0] - points.points[$0].correctionKelvin)
          / points.points[$0].standardUncertaintyKelvin
      }
      for i in 0..<3 {
        sums[i] += z[i]
        for j in 0..<3 { products[3 * i + j] += z[i] * z[j] }
      }
    }
    for i in 0..<3 {
      XCTAssertEqual(sums[i] / Double(count), 0, accuracy: 0.03)
      for j in 0..<3 {
        // Four standard errors of 20 000 draws.
        XCTAssertEqual(products[3 * i + j] / Double(count), i == j ? 1 : 0.6, accuracy: 0.04)
      }
    }
  }

  /// Three points make a parabola: here 0.01 + 0.001 t − 0.00002 t².
  func testTheCurveIsThePolynomialThroughThePoints() throws {
    func polynomial(_ t: Double) -> Double { 0.01 + 0.001 * t - 0.00002 * t * t }
    let truth = try ReferenceTruth(
      celsius: [0, 30, 60], correctionsKelvin: [polynomial(0), polynomial(30), polynomial(60)])
    for t in [-5.0, 0, 12.5, 30, 45, 60, 70] {
      XCTAssertEqual(truth.correction(at: t), polynomial(t), accuracy: 1e-15)
      let indication = truth.indication(at: t)
      XCTAssertEqual(indication + truth.correction(at: indication), t, accuracy: 1e-9)
    }
  }

  func testFullCorrelationAndBadCertificates() throws {
    var points = ReferenceTruth.Points.standard
    points.correlation = 1
    var random = RandomStream(seed: 1)
    let truth = try ReferenceTruth.draw(points, using: &random)
    let shifts = (0..<3).map { truth.correctionsKelvin[$0] - points.points[$0].correctionKelvin }
    XCTAssertEqual(shifts[0], shifts[1], accuracy: 1e-12)
    XCTAssertEqual(shifts[0], shifts[2], accuracy: 1e-12)
    XCTAssertNotEqual(shifts[0], 0)

    func fault(_ change: (inout ReferenceTruth.Points) -> Void) -> ReferenceTruthFault? {
      var points = ReferenceTruth.Points.standard
      change(&points)
      do {
        _ = try ReferenceTruth.draw(points, using: &random)
        return nil
      } catch {
        return error
      }
    }
    XCTAssertEqual(fault { $0.points = [] }, .pointCount(0))
    XCTAssertEqual(fault { $0.points += $0.points }, .pointCount(6))
    XCTAssertEqual(fault { $0.points[2].celsius = 0 }, .duplicate(0, 2))
    XCTAssertEqual(
      fault { $0.points[1].standardUncertaintyKelvin = -1 }, .uncertainty(index: 1, -1))
    // Three quantities can not all be correlated by less than −1/2.
    XCTAssertEqual(fault { $0.correlation = -0.6 }, .correlation(-0.6, count: 3))
    XCTAssertNil(fault { $0.correlation = -0.4 })
    XCTAssertEqual(fault { $0.correlation = 1.2 }, .correlation(1.2, count: 3))
  }

  func testEachQuantityHasItsOwnStream() throws {
    var configuration = SimConfiguration()
    let before = try BenchTruth.draw(configuration, seed: 77)
    configuration.device.offsetKelvin = .rectangular(mean: 0, halfWidth: 1)
    configuration.reference.certificate.points.removeLast()
    let after = try BenchTruth.draw(configuration, seed: 77)
    XCTAssertNotEqual(before.deviceOffsetKelvin, after.deviceOffsetKelvin)
    XCTAssertEqual(before.deviceGain, after.deviceGain)
    XCTAssertEqual(before.gradientKelvin, after.gradientKelvin)
    XCTAssertEqual(before.referenceDriftKelvin, after.referenceDriftKelvin)
    let other = try BenchTruth.draw(configuration, seed: 78)
    XCTAssertNotEqual(after, other)
  }

  /// The truth of a window is the mean of what is shown minus what is true, over exactly the conversions in it.
  func testTruthOfAWindow() throws {
    var configuration = SimConfiguration.ideal(celsius: 30)
    configuration.device.offsetKelvin = .fixed(0.07)
    configuration.gradientKelvin = .fixed(0.25)
    var world = try SimulatedWorld(configuration, seed: 1)
    func measure(_ count: Int) -> [String] {
      var shown: [String] = []
      for _ in 0..<count {
        world.perform(.send(1, Frame(ascii: "MEAS?\n"), confidential: false))
        let deadline = world.now() + 1_000_000_000
        while true {
          let timed = world.nextInput(until: deadline)
          if case .wake = timed.input { break }
          if case .bytes(1, let frame, _) = timed.input { shown.append(String(decoding: frame, as: UTF8.self)) }
        }
      }
      return shown
    }
    XCTAssertEqual(measure(3), ["+30.32\n", "+30.32\n", "+30.32\n"])
    world.perform(.window(open: true))
    _ = measure(5)
    world.perform(.window(open: false))
    guard case .truth(let error, let readings) = world.nextInput(until: world.now()).input else {
      return XCTFail("the truth comes at once")
    }
    // Shown 30.32, true 30.25.
    XCTAssertEqual(error, 0.07, accuracy: 1e-9)
    XCTAssertEqual(readings, 5)
    XCTAssertEqual(world.bench.trueCelsius().device, 30.25, accuracy: 1e-9)
    XCTAssertEqual(world.bench.trueCelsius().reference, 30, accuracy: 1e-9)
    world.perform(.window(open: true))
    world.perform(.window(open: false))
    guard case .wake = world.nextInput(until: world.now()).input else {
      return XCTFail("a window without a conversion has no truth")
    }
  }

  /// What a session computes from what it is told differs from the truth by what the budget says, over many benches.
  ///
  /// At 45 °C the parabola through 0, 30 and 60 °C has the weights −1/8, 3/4 and 3/8; with u = 10 mK and r = 0.6 the
  /// variance of the correction is u² ((1 − r) Σw² + r) (JCGM 100, equation 16).
  func testErrorsOfManyBenchesMatchTheBudget() throws {
    var configuration = SimConfiguration.ideal(celsius: 45)
    let defaults = SimConfiguration()
    configuration.reference = defaults.reference
    configuration.reference.noiseKelvin = 0
    configuration.device.offsetKelvin = defaults.device.offsetKelvin
    configuration.device.gain = defaults.device.gain
    configuration.device.curvatureKelvin = defaults.device.curvatureKelvin
    configuration.gradientKelvin = defaults.gradientKelvin
    let nominal = try ReferenceTruth(celsius: [0, 30, 60], correctionsKelvin: [0.010, -0.004, 0.013])
    let squares = 1.0 / 64 + 9.0 / 16 + 9.0 / 64
    let variance = 1e-4 * (0.4 * squares + 0.6) + 0.020 * 0.020 / 3 + 0.015 * 0.015 / 3
    let count = 1000
    var sum = 0.0
    var covered = 0
    for seed in 0..<UInt64(count) {
      var probe = try BenchProbe(configuration, seed: seed)
      var outbox = Outbox()
      probe.bench.openWindow(at: Instant(nanoseconds: probe.now), into: &outbox)
      let shown = try XCTUnwrap(Double(probe.ask("MEAS?\n").dropLast()))
      let reading = try XCTUnwrap(Double(probe.ask("FETC?\r", port: 0).dropLast()))
      let truth = try XCTUnwrap(probe.bench.closeWindow(at: Instant(nanoseconds: probe.now), into: &outbox))
      XCTAssertEqual(truth.readings, 1)
      let found = shown - (reading + nominal.correction(at: reading))
      let normalised = (found - truth.error) / variance.squareRoot()
      sum += normalised * normalised
      covered += normalised.magnitude <= 2 ? 1 : 0
    }
    // The root mean square of 1000 values has a relative standard error of 2.2 %; four of them.
    XCTAssertEqual((sum / Double(count)).squareRoot(), 1, accuracy: 0.09)
    // 95.45 % of a normal distribution; the rectangular parts make it a little more.
    XCTAssertEqual(Double(covered) / Double(count), 0.957, accuracy: 0.025)
  }
}
