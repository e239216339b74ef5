import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

/// Frequency stability against the test suites of NIST SP 1065 (W. J. Riley 2008), section 12.
final class AllanDeviationTests: XCTestCase {
  /// SP 1065, p. 107: nine frequencies.
  private let short: [Double] = [892, 809, 823, 798, 671, 644, 883, 903, 677]

  /// SP 1065, p. 107: the 1000 frequencies of a multiplicative congruential generator.
  private var long: [Double] {
    var n: UInt64 = 1_234_567_890
    return (0..<1000).map { _ in
      defer { n = n * 16807 % 2_147_483_647 }
      return Double(n) / 2_147_483_647
    }
  }

  /// Seven digits are printed.
  func testNinePoints() throws {
    let record = try PhaseRecord(fractionalFrequency: short, intervalSeconds: 1)
    let table: [(StabilityStatistic, Double, Double)] = [
      (.adev, 91.22945, 115.8082), (.oadev, 91.22945, 85.95287), (.mdev, 91.22945, 74.78849),
      (.totdev, 91.22945, 93.90379), (.hdev, 70.80608, 116.7980), (.tdev, 52.67135, 86.35831),
      (.ohdev, 70.80607, 85.61487),
    ]
    for (statistic, first, second) in table {
      XCTAssertEqual(try record.deviation(statistic, averagingFactor: 1).value / first, 1, accuracy: 2e-7)
      XCTAssertEqual(try record.deviation(statistic, averagingFactor: 2).value / second, 1, accuracy: 1e-6)
    }
  }

  /// Table on p. 108, factors 1, 10 and 100 (10, 100 and 1000 for Thêo1); seven digits are printed. The modified total
  /// deviation and Thêo1 are those without bias correction, which allantools 2024.6 gives too.
  func testThousandPoints() throws {
    let record = try PhaseRecord(fractionalFrequency: long, intervalSeconds: 1)
    let table: [(StabilityStatistic, [Double])] = [
      (.adev, [2.922319e-01, 9.965736e-02, 3.897804e-02]), (.oadev, [2.922319e-01, 9.159953e-02, 3.241343e-02]),
      (.mdev, [2.922319e-01, 6.172376e-02, 2.170921e-02]), (.hdev, [2.943883e-01, 1.052754e-01, 3.910861e-02]),
      (.tdev, [1.687202e-01, 3.563623e-01, 1.253382e-00]), (.ohdev, [2.943883e-01, 9.581083e-02, 3.237638e-02]),
      (.totdev, [2.922319e-01, 9.134743e-02, 3.406530e-02]), (.mtotdev, [2.066391e-01, 5.552886e-02, 1.954675e-02]),
    ]
    for (statistic, values) in table {
      for (m, value) in zip([1, 10, 100], values) {
        XCTAssertEqual(
          try record.deviation(statistic, averagingFactor: m).value / value, 1, accuracy: 3e-7, "\(statistic) \(m)")
      }
    }
    for (m, value) in zip([10, 100, 1000], [1.075740e-01, 3.178931e-02, 5.052400e-03]) {
      XCTAssertEqual(try record.deviation(.theo1, averagingFactor: m).value / value, 1, accuracy: 3e-7)
    }
    XCTAssertEqual(
      try record.deviation(.ttotdev, averagingFactor: 10).value,
      10 * (try record.deviation(.mtotdev, averagingFactor: 10).value) / 3.0.squareRoot(), accuracy: 1e-12)
  }

  /// A frequency offset or, for the Hadamard deviation, a linear drift changes nothing.
  func testInvariance() throws {
    let record = try PhaseRecord(fractionalFrequency: long, intervalSeconds: 1)
    let offset = try PhaseRecord(fractionalFrequency: long.map { $0 + 1000 }, intervalSeconds: 1)
    let drifting = try PhaseRecord(
      fractionalFrequency: long.enumerated().map { $0.element + 0.01 * Double($0.offset) }, intervalSeconds: 1)
    for statistic in [StabilityStatistic.adev, .oadev, .mdev, .totdev, .mtotdev] {
      let value = try record.deviation(statistic, averagingFactor: 10).value
      XCTAssertEqual(try offset.deviation(statistic, averagingFactor: 10).value, value, accuracy: 1e-10)
      XCTAssertGreaterThan(abs(try drifting.deviation(statistic, averagingFactor: 10).value - value), 1e-4)
    }
    for statistic in [StabilityStatistic.hdev, .ohdev] {
      let value = try record.deviation(statistic, averagingFactor: 10).value
      XCTAssertEqual(try drifting.deviation(statistic, averagingFactor: 10).value, value, accuracy: 1e-9)
    }
  }

  /// A gap in phase leaves out exactly the terms that need it; a gap in frequency also those that span it.
  func testGaps() throws {
    let x: [Double] = [0, 3, 1, 4, 1, 5, 9, 2, 6]
    var series: [Double?] = x
    series[4] = nil
    let record = try PhaseRecord(phaseSecondsWithGaps: series, intervalSeconds: 1)
    XCTAssertTrue(record.hasGaps)
    var sum = 0.0
    var terms = 0
    for i in 0..<7 where ![i, i + 1, i + 2].contains(4) {
      let d = x[i + 2] - 2 * x[i + 1] + x[i]
      sum += d * d
      terms += 1
    }
    let result = try record.deviation(.oadev, averagingFactor: 1)
    XCTAssertEqual(result.terms, terms)
    XCTAssertEqual(result.value, (sum / Double(terms) / 2).squareRoot(), accuracy: 1e-14)

    var frequency: [Double?] = short
    frequency[4] = nil
    let cut = try PhaseRecord(fractionalFrequencyWithGaps: frequency, intervalSeconds: 1)
    // Adjacent pairs without the fifth: (0,1), (1,2), (2,3), (5,6), (6,7), (7,8).
    let differences = [0, 1, 2, 5, 6, 7].map { short[$0 + 1] - short[$0] }
    let expected = (differences.reduce(0) { $0 + $1 * $1 } / 12).squareRoot()
    let adev = try cut.deviation(.adev, averagingFactor: 1)
    XCTAssertEqual(adev.terms, 6)
    XCTAssertEqual(adev.value, expected, accuracy: 1e-10)
    XCTAssertEqual(try cut.deviation(.mdev, averagingFactor: 1).value, expected, accuracy: 1e-10)
    // With one interval nothing is reflected, and the total deviation is that of adjacent averages.
    let total = try cut.deviation(.totdev, averagingFactor: 1)
    XCTAssertEqual(total.terms, 6)
    XCTAssertEqual(total.value, expected, accuracy: 1e-10)
    XCTAssertThrowsError(try cut.deviation(.oadev, averagingFactor: 4)) { error in
      XCTAssertEqual(error as? StabilityFault, .onlyGaps(averagingFactor: 4))
    }
  }

  /// The total deviation of a record with gaps is the mean over the terms of the reflected record (SP 1065, equation 25)
  /// that have all their phases; gaps at the ends shorten the record.
  func testTotalDeviationWithGaps() throws {
    var series: [Double?] = Array(try PhaseRecord(fractionalFrequency: long, intervalSeconds: 1).phase.prefix(60))
    for index in [0, 7, 8, 31, 59] { series[index] = nil }
    let record = try PhaseRecord(phaseSecondsWithGaps: series, intervalSeconds: 1)
    let x = series[1...58].map { $0 ?? .nan }
    let n = x.count
    let reflected =
      (1..<n).reversed().map { 2 * x[0] - x[$0] } + x + (1..<n).map { 2 * x[n - 1] - x[n - 1 - $0] }
    for m in [1, 2, 5, 20, 56] {
      let squares = (1..<n - 1).map { i -> Double in
        let d = reflected[n - 1 + i - m] - 2 * x[i] + reflected[n - 1 + i + m]
        return d * d
      }.filter(\.isFinite)
      let result = try record.deviation(.totdev, averagingFactor: m)
      XCTAssertEqual(result.terms, squares.count, "\(m)")
      XCTAssertEqual(
        result.value, (squares.reduce(0, +) / Double(squares.count) / 2).squareRoot() / Double(m), accuracy: 1e-12,
        "\(m)")
    }
    // A missing frequency cuts: the terms that reach over it, directly or by reflection, are gone.
    var frequency: [Double?] = Array(long.prefix(40))
    frequency[20] = nil
    let cut = try PhaseRecord(fractionalFrequencyWithGaps: frequency, intervalSeconds: 1)
    let first = try PhaseRecord(fractionalFrequency: Array(long.prefix(20)), intervalSeconds: 1)
    let second = try PhaseRecord(fractionalFrequency: Array(long[21..<40]), intervalSeconds: 1)
    for (statistic, m) in [(StabilityStatistic.mtotdev, 3), (.ttotdev, 2), (.theo1, 12), (.oadev, 4), (.totdev, 1)] {
      let whole = try cut.deviation(statistic, averagingFactor: m)
      let a = try first.deviation(statistic, averagingFactor: m)
      let b = try second.deviation(statistic, averagingFactor: m)
      XCTAssertEqual(whole.terms, a.terms + b.terms, "\(statistic)")
      let mean = (Double(a.terms) * a.value * a.value + Double(b.terms) * b.value * b.value) / Double(whole.terms)
      XCTAssertEqual(whole.value, mean.squareRoot(), accuracy: 1e-10 * whole.value, "\(statistic)")
    }
    // A table without averaging times leaves out the octaves of which gaps leave nothing.
    XCTAssertEqual(try cut.stability(.oadev).map(\.averagingFactor), [1, 2, 4, 8])
    XCTAssertThrowsError(try cut.stability(.oadev, averagingFactors: [1, 16]))
    let dof = try XCTUnwrap(cut.degreesOfFreedom(.totdev, averagingFactor: 4, noiseExponent: 0))
    XCTAssertEqual(dof, 1.5 * 39 / 4, accuracy: 1e-12, "one interval less of record")
    let empty: [Double?] = [1, nil, nil, nil]
    XCTAssertThrowsError(
      try PhaseRecord(phaseSecondsWithGaps: empty, intervalSeconds: 1).deviation(.totdev, averagingFactor: 1)
    ) { XCTAssertEqual($0 as? StabilityFault, .onlyGaps(averagingFactor: 1)) }
  }

  /// Gaps that are not there change nothing.
  func testNoGapsAreNoGaps() throws {
    let whole = try PhaseRecord(fractionalFrequency: long, intervalSeconds: 1)
    let same = try PhaseRecord(fractionalFrequencyWithGaps: long, intervalSeconds: 1)
    XCTAssertFalse(same.hasGaps)
    XCTAssertEqual(
      try same.deviation(.mdev, averagingFactor: 7).value, try whole.deviation(.mdev, averagingFactor: 7).value)
  }

  /// Equivalent degrees of freedom of Greenhall and Riley for 1001 phases, as computed by allantools 2024.6
  /// (`edf_greenhall`).
  func testEquivalentDegreesOfFreedom() throws {
    let record = try PhaseRecord(fractionalFrequency: long, intervalSeconds: 1)
    let rows: [(StabilityStatistic, Int, Int, Double)] = [
      (.oadev, 0, 1, 782.0302990727438), (.oadev, 0, 10, 135.0714051003793), (.oadev, 0, 100, 12.814933422103863),
      (.oadev, 1, 10, 247.30683347246276), (.oadev, 1, 100, 53.87379823059394), (.oadev, 2, 10, 507.1731225296442),
      (.oadev, -1, 10, 114.66867588359153), (.oadev, -2, 50, 17.022832333276366), (.mdev, 0, 10, 94.6342584913727),
      (.mdev, 2, 50, 22.767506534239416), (.ohdev, 0, 10, 113.69890813206813), (.hdev, -2, 40, 18.206500956022946),
      (.adev, 0, 10, 66.98757687537804),
    ]
    for (statistic, alpha, m, degrees) in rows {
      let value = record.degreesOfFreedom(statistic, averagingFactor: m, noiseExponent: alpha)
      XCTAssertEqual(value ?? .nan, degrees, accuracy: 1e-6 * degrees, "\(statistic) \(alpha) \(m)")
    }
  }

  /// White, integrated and differenced noise are told apart (lag-1 method, SP 1065 5.5.6).
  func testNoiseIdentification() throws {
    var stream = RandomStream(seed: 7)
    let white = (0..<4096).map { _ in stream.normal() }
    var sum = 0.0
    let walk = white.map { value -> Double in
      sum += value
      return sum
    }
    XCTAssertEqual(try PhaseRecord(phaseSeconds: white, intervalSeconds: 1).noiseExponent(averagingFactor: 1), 2)
    XCTAssertEqual(try PhaseRecord(fractionalFrequency: white, intervalSeconds: 1).noiseExponent(averagingFactor: 1), 0)
    XCTAssertEqual(try PhaseRecord(fractionalFrequency: walk, intervalSeconds: 1).noiseExponent(averagingFactor: 1), -2)
    XCTAssertEqual(
      try PhaseRecord(fractionalFrequency: white, intervalSeconds: 1).noiseExponent(averagingFactor: 16), 0)
    XCTAssertNil(try PhaseRecord(fractionalFrequency: white, intervalSeconds: 1).noiseExponent(averagingFactor: 500))
  }

  /// The table's intervals enclose the deviation, and grow with the averaging time.
  func testTable() throws {
    let record = try PhaseRecord(fractionalFrequency: long, intervalSeconds: 2)
    let points = try record.stability(.oadev)
    XCTAssertEqual(points.map(\.averagingFactor), [1, 2, 4, 8, 16, 32, 64, 128, 256])
    var width = 0.0
    for point in points {
      XCTAssertEqual(point.tauSeconds, 2 * Double(point.averagingFactor))
      let interval = try XCTUnwrap(point.confidenceInterval)
      XCTAssertTrue(interval.contains(point.deviation))
      let relative = (interval.upperBound - interval.lowerBound) / point.deviation
      XCTAssertGreaterThan(relative, width)
      width = relative
    }
    XCTAssertEqual(try record.averagingFactor(tauSeconds: 20), 10)
    XCTAssertThrowsError(try record.averagingFactor(tauSeconds: 3))
  }

  func testFaults() throws {
    XCTAssertThrowsError(try PhaseRecord(phaseSeconds: [1, 2], intervalSeconds: 1)) { error in
      XCTAssertEqual(error as? StabilityFault, .tooFew(needed: 3, received: 2))
    }
    XCTAssertThrowsError(try PhaseRecord(phaseSeconds: [1, .nan, 2], intervalSeconds: 1)) { error in
      XCTAssertEqual(error as? StabilityFault, .notFinite(index: 1))
    }
    XCTAssertThrowsError(try PhaseRecord(fractionalFrequency: [1, 2, .infinity], intervalSeconds: 1))
    XCTAssertThrowsError(try PhaseRecord(fractionalFrequency: [1, 2], intervalSeconds: 0))
    let record = try PhaseRecord(fractionalFrequency: short, intervalSeconds: 1)
    XCTAssertThrowsError(try record.deviation(.oadev, averagingFactor: 0)) { error in
      XCTAssertEqual(error as? StabilityFault, .averagingFactor(0))
    }
    XCTAssertThrowsError(try record.deviation(.oadev, averagingFactor: 5)) { error in
      XCTAssertEqual(error as? StabilityFault, .tooFew(needed: 11, received: 10))
    }
    XCTAssertThrowsError(try record.deviation(.theo1, averagingFactor: 3))
    XCTAssertThrowsError(try record.deviation(.oadev, averagingFactor: .max)) { error in
      XCTAssertEqual(error as? StabilityFault, .averagingFactor(.max))
    }
    // Never an infinite deviation.
    let wild = try PhaseRecord(phaseSeconds: [1e300, -1e300, 1e300, 3, 5], intervalSeconds: 1)
    XCTAssertThrowsError(try wild.stability(.oadev)) { error in
      XCTAssertEqual(error as? StabilityFault, .outOfRange(averagingFactor: 1))
    }
    XCTAssertThrowsError(try record.stability(.oadev, confidence: 1))
  }
}
