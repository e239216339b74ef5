import EtalonCore
import EtalonMetrology
import XCTest

/// Sigma-tau on line against published values and against the off-line formulas.
final class StreamingStabilityTests: XCTestCase {
  /// Phases of the 1000 frequencies of NIST SP 1065, p. 107, from the multiplicative congruential generator given there.
  private var phases: [Double] {
    var n: UInt64 = 1_234_567_890
    var x = 0.0
    var phases = [0.0]
    for _ in 0..<1000 {
      x += Double(n) / 2_147_483_647
      phases.append(x)
      n = n * 16807 % 2_147_483_647
    }
    return phases
  }

  /// SP 1065, equation 11, with second differences that begin at every `stride`-th phase.
  private func allanVariance(_ x: [Double?], _ m: Int, stride: Int) -> (value: Double, terms: Int) {
    var sum = 0.0
    var terms = 0
    for i in Swift.stride(from: 0, to: x.count - 2 * m, by: stride) {
      guard let a = x[i], let b = x[i + m], let c = x[i + 2 * m] else { continue }
      sum += ((c - b) - (b - a)) * ((c - b) - (b - a))
      terms += 1
    }
    return (sum / Double(terms) / (2 * Double(m) * Double(m)), terms)
  }

  /// SP 1065, equation 14.
  private func modifiedVariance(_ x: [Double?], _ m: Int, stride: Int) -> (value: Double, terms: Int) {
    var sum = 0.0
    var terms = 0
    for i in Swift.stride(from: 0, through: x.count - 3 * m, by: stride) {
      var window = 0.0
      var isWhole = true
      for j in i..<(i + m) {
        guard let a = x[j], let b = x[j + m], let c = x[j + 2 * m] else {
          isWhole = false
          break
        }
        window += (c - b) - (b - a)
      }
      guard isWhole else { continue }
      sum += window / Double(m) * (window / Double(m))
      terms += 1
    }
    return (sum / Double(terms) / (2 * Double(m) * Double(m)), terms)
  }

  /// The published values have seven digits.
  func testPublishedThousandPoints() throws {
    var stability = try XCTUnwrap(
      StreamingStability<3, 301>(intervalSeconds: 1, averagingFactors: [1, 10, 100]))
    for x in phases { stability.take(phaseSeconds: x) }
    for (index, values) in [
      (2.922319e-01, 2.922319e-01, 1.687202e-01), (9.159953e-02, 6.172376e-02, 3.563623e-01),
      (3.241343e-02, 2.170921e-02, 1.253382e-00),
    ].enumerated() {
      let point = stability.point(index)
      XCTAssertEqual(point.stride, 1)
      XCTAssertEqual(point.allanDeviation / values.0, 1, accuracy: 3e-7)
      XCTAssertEqual(point.modifiedDeviation / values.1, 1, accuracy: 3e-7)
      XCTAssertEqual(point.timeDeviation(intervalSeconds: 1) / values.2, 1, accuracy: 3e-7)
    }
  }

  /// Fully overlapping factors give every term of the off-line formula, larger ones every stride-th; gaps leave out theirs.
  func testAgainstTheFormulaWithGaps() throws {
    for gaps in [[], [3, 40, 41, 42, 500], Array(200..<230)] {
      var x: [Double?] = phases
      for gap in gaps { x[gap] = nil }
      var stability = try XCTUnwrap(StreamingStability<8, 25>(intervalSeconds: 1))
      for value in x { stability.take(phaseSeconds: value) }
      for index in 0..<8 {
        let point = stability.point(index)
        XCTAssertEqual(point.stride, max(1, point.averagingFactor / 8))
        let allan = allanVariance(x, point.averagingFactor, stride: point.stride)
        XCTAssertEqual(point.terms, allan.terms, "m \(point.averagingFactor), gaps \(gaps)")
        XCTAssertEqual(point.allanVariance / allan.value, 1, accuracy: 1e-12)
        let modified = modifiedVariance(x, point.averagingFactor, stride: point.stride)
        XCTAssertEqual(point.modifiedTerms, modified.terms, "m \(point.averagingFactor), gaps \(gaps)")
        XCTAssertEqual(point.modifiedVariance / modified.value, 1, accuracy: 1e-9)
      }
    }
  }

  /// What strides cost: over white frequency noise the strided estimate scatters about the fully overlapping one by far less
  /// than that one scatters about the truth.
  func testStridesLoseLittle() throws {
    let m = 64
    var ratio = 0.0
    var scatter = 0.0
    for seed in 1...20 as ClosedRange<UInt64> {
      var random = RandomStream(seed: seed)
      var x = 0.0
      var phases: [Double?] = []
      var stability = try XCTUnwrap(StreamingStability<1, 49>(intervalSeconds: 1, averagingFactors: [64]))
      for _ in 0..<4000 {
        x += random.normal()
        phases.append(x)
        stability.take(phaseSeconds: x)
      }
      XCTAssertEqual(stability.point(0).stride, 4)
      let full = allanVariance(phases, m, stride: 1).value
      ratio += (stability.point(0).allanVariance / full - 1) * (stability.point(0).allanVariance / full - 1)
      scatter += (full * Double(m) - 1) * (full * Double(m) - 1)
    }
    XCTAssertLessThan(ratio, 0.02 * scatter, "seeds 1...20")
  }

  func testSettingsOutOfRangeAreRefused() {
    XCTAssertNil(StreamingStability<2, 25>(intervalSeconds: 0))
    XCTAssertNil(StreamingStability<2, 6>(intervalSeconds: 1))
    XCTAssertNil(StreamingStability<2, 25>(intervalSeconds: 1, averagingFactors: [1, 0]))
    let empty = StreamingStability<2, 25>(intervalSeconds: 1)
    XCTAssertEqual(empty?.point(0).terms, 0)
    XCTAssertEqual(empty?.point(0).allanVariance.isNaN, true)
  }
}
