import EtalonCore
import XCTest

/// The on-chip Riccati solution against closed ones (P. Benner, A. J. Laub and V. Mehrmann, collection of benchmark examples
/// SPC 95_23, DAREX, Chemnitz 1995).
final class RiccatiDoublingTests: XCTestCase {
  /// DAREX 1: X = (1 + √5)/2 Q. DAREX 5: X = [1 2; 2 2 + √5].
  func testPublishedExamples() throws {
    let first = try RiccatiDoubling<2>(a: [[4, 3], [-4.5, -3.5]], b: [1, -1], q: [[9, 6], [6, 4]], r: 1)
    let golden = 0.5 * (1 + 5.0.squareRoot())
    let expected: [[Double]] = [[9, 6], [6, 4]]
    for i in 0..<2 {
      for j in 0..<2 { XCTAssertEqual(first.cost[i][j], golden * expected[i][j], accuracy: 1e-10) }
    }
    let fifth = try RiccatiDoubling<2>(a: [[0, 1], [0, 0]], b: [0, 1], q: [[1, 2], [2, 4]], r: 1)
    XCTAssertEqual(fifth.cost[0][0], 1, accuracy: 1e-12)
    XCTAssertEqual(fifth.cost[0][1], 2, accuracy: 1e-12)
    XCTAssertEqual(fifth.cost[1][1], 2 + 5.0.squareRoot(), accuracy: 1e-12)
  }

  /// x = q + a² x r/(r + b² x) has a closed root.
  func testScalar() throws {
    for (a, q) in [(1.0, 0.0973), (0.5, 1), (1.3, 0.01), (0.99, 1e-8)] {
      let solution = try RiccatiDoubling<1>(a: [[a]], b: [1], q: [[q]], r: 1)
      let half = 0.5 * (a * a + q - 1)
      let root = half + (half * half + q).squareRoot()
      XCTAssertEqual(solution.cost[0][0] / root, 1, accuracy: 1e-10)
      XCTAssertEqual(solution.gain[0], root * a / (1 + root), accuracy: 1e-10)
    }
  }

  /// The sum of costs of the closed loop from any state is xᵀ X x, and any other gain costs more.
  func testCostIsThatOfTheClosedLoop() throws {
    let a: RiccatiDoubling<2>.Square = [[0.98, 0.02], [0, 0.9]]
    let b: RiccatiDoubling<2>.Vector = [0.001, 0.1]
    let solution = try RiccatiDoubling<2>(a: a, b: b, q: [[1, 0], [0, 0]], r: 1e-3)
    func cost(_ k0: Double, _ k1: Double) -> Double {
      var (z, x, sum) = (1.0, -0.5, 0.0)
      for _ in 0..<5000 {
        let u = -k0 * z - k1 * x
        sum += z * z + 1e-3 * u * u
        (z, x) = (a[0][0] * z + a[0][1] * x + b[0] * u, a[1][1] * x + b[1] * u)
      }
      return sum
    }
    let x = solution.cost
    let least = x[0][0] - x[0][1] + 0.25 * x[1][1]
    let (k0, k1) = (solution.gain[0], solution.gain[1])
    XCTAssertEqual(cost(k0, k1), least, accuracy: 1e-9 * least)
    for (f0, f1) in [(1.1, 1.0), (0.9, 1), (1, 1.1), (1, 0.9)] {
      XCTAssertGreaterThan(cost(f0 * k0, f1 * k1), least * (1 + 1e-5))
    }
  }

  func testRefusesWhatHasNoSolution() {
    XCTAssertThrowsError(try RiccatiDoubling<1>(a: [[1.1]], b: [0], q: [[1]], r: 1)) {
      XCTAssertEqual($0 as? ControlFault, .notStabilisable)
    }
    XCTAssertThrowsError(try RiccatiDoubling<1>(a: [[1.1]], b: [1], q: [[1]], r: 0)) {
      XCTAssertEqual($0 as? ControlFault, .notPositive(0))
    }
    XCTAssertThrowsError(try RiccatiDoubling<1>(a: [[.nan]], b: [1], q: [[1]], r: 1))
  }
}
