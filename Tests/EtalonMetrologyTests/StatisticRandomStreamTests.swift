import EtalonMetrology
import XCTest

/// The random stream against the distributions it promises; seeds are fixed, limits are far out in the tails of the
/// test statistics.
final class StatisticRandomStreamTests: XCTestCase {
  /// χ² over classes of equal probability, in which every layer, the wedges and the tail of the ziggurat take part.
  func testNormalNumbersFollowTheNormalDistribution() throws {
    let classes = 200
    let count = 2_000_000
    let edges = try (1..<classes).map { try NormalDistribution.standard.quantile(Double($0) / Double(classes)) }
    var stream = RandomStream(seed: 20)
    var counts = [Int](repeating: 0, count: classes)
    var beyondTail = 0
    var fourth = 0.0
    for _ in 0..<count {
      let x = stream.normal()
      var low = 0
      var high = edges.count
      while low < high {
        let middle = (low + high) / 2
        if edges[middle] < x { low = middle + 1 } else { high = middle }
      }
      counts[low] += 1
      if abs(x) > 3.654152885361009 { beyondTail += 1 }
      fourth += x * x * x * x
    }
    let expected = Double(count) / Double(classes)
    let chiSquare = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    // 199 degrees of freedom: mean 199, standard deviation 20.
    XCTAssertEqual(chiSquare, 199, accuracy: 4 * 20)
    // Beyond the last layer only Marsaglia's tail method delivers: 2 Q(3.654…) of all numbers.
    let tail = 2 * NormalDistribution.standard.upperTail(3.654152885361009) * Double(count)
    XCTAssertEqual(Double(beyondTail), tail, accuracy: 4 * tail.squareRoot())
    // Var(x⁴) = 96.
    XCTAssertEqual(fourth / Double(count), 3, accuracy: 4 * (96 / Double(count)).squareRoot())
  }

  func testFillingGivesTheSameNumbersAsSingleCalls() {
    var one = RandomStream(seed: 3, stream: 5)
    var many = one
    let numbers = withUnsafeTemporaryAllocation(of: Double.self, capacity: 1000) { storage in
      storage.initialize(repeating: 0)
      many.fillNormal(storage, mean: 2, standardDeviation: 3)
      return Array(storage)
    }
    XCTAssertEqual(numbers, (0..<1000).map { _ in 2 + 3 * one.normal() })
    let uniform = withUnsafeTemporaryAllocation(of: Double.self, capacity: 100) { storage in
      storage.initialize(repeating: 0)
      many.fillUniform(storage, -1, 4)
      return Array(storage)
    }
    XCTAssertEqual(uniform, (0..<100).map { _ in one.uniform(-1, 4) })
  }

  /// The generator's reference sequence: xoshiro256++ from the state that splitmix64 makes of seed 0 (published with
  /// the reference code of Blackman and Vigna; splitmix64(0) begins e220a8397b1dcdaf).
  func testGeneratorMatchesItsReference() {
    var state: UInt64 = 0
    func splitmix() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    let s = (0..<4).map { _ in splitmix() }
    XCTAssertEqual(s[0], 0xe220_a839_7b1d_cdaf)
    let sum = s[0] &+ s[3]
    var stream = RandomStream(seed: 0)
    XCTAssertEqual(stream.next(), (sum << 23 | sum >> 41) &+ s[0])
  }
}
