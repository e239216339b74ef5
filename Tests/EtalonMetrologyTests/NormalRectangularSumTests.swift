import XCTest

@testable import EtalonMetrology

/// The interval of a sum of normal and rectangular effects, against closed forms and the published case.
final class NormalRectangularSumTests: XCTestCase {
  private func sum(_ normal: Double, _ widths: [Double]) throws -> NormalRectangularSum {
    var halfWidths = InlineArray<4, Double>(repeating: 0)
    for (index, width) in widths.enumerated() { halfWidths[index] = width }
    return try NormalRectangularSum(normal: normal, halfWidths: halfWidths)
  }

  func testOnePartIsItsOwnInterval() throws {
    // The half width is found by bisection of a probability that is good to 1e-13.
    XCTAssertEqual(try sum(2, []).halfWidth(holding: 0.95), 2 * 1.959963984540054, accuracy: 1e-11)
    // The formula needs some normal part; it is a ten-thousandth of the rectangle.
    XCTAssertEqual(try sum(0, [3]).halfWidth(holding: 0.95), 3 * 0.95, accuracy: 3e-6)
  }

  /// Two equal rectangles make a triangle on ±2a: P(|x| ≤ t) = 1 − (1 − t/2a)².
  func testTwoEqualRectanglesMakeATriangle() throws {
    XCTAssertEqual(try sum(0, [1, 1]).halfWidth(holding: 0.95), 2 * (1 - 0.05.squareRoot()), accuracy: 1e-6)
    XCTAssertEqual(try sum(0, [1, 1]).probability(within: 0.5), 1 - 0.75 * 0.75, accuracy: 1e-6)
  }

  /// JCGM 101:2008, 9.2.3.4: four rectangular quantities of standard deviation 1 have the 95 % interval ±3.88.
  func testThePublishedSumOfFourRectangles() throws {
    let a = 3.0.squareRoot()
    let published = try sum(0, [a, a, a, a])
    XCTAssertEqual(try published.halfWidth(holding: 0.95), 3.88, accuracy: 0.005)
    XCTAssertEqual(published.standardDeviation, 2, accuracy: 1e-12)
  }

  /// JCGM 101:2008, 9.2.4.5: three rectangles of standard deviation 1 and one of 10 have the 95 % interval ±17.0.
  func testThePublishedSumWithOneDominantRectangle() throws {
    let a = 3.0.squareRoot()
    XCTAssertEqual(try sum(0, [a, a, a, 10 * a]).halfWidth(holding: 0.95), 17.0, accuracy: 0.05)
  }

  /// Drawn values lie inside as often as the interval says: 200 000 of them know a share of 95 % to 0.05 %.
  func testDrawnValuesLieInside() throws {
    for (index, parts) in [(15.0, [20.0, 15.0, 5.0]), (3, [20, 15]), (10, [40])].enumerated() {
      let half = try sum(parts.0, parts.1).halfWidth(holding: 0.95)
      var random = RandomStream(seed: 7, stream: UInt64(index))
      var inside = 0
      let count = 40_000
      for _ in 0..<count {
        var x = parts.0 * random.normal()
        for width in parts.1 { x += width * random.uniform(-1, 1) }
        if abs(x) <= half { inside += 1 }
      }
      // Four standard deviations of a binomial share.
      XCTAssertEqual(Double(inside) / Double(count), 0.95, accuracy: 4 * (0.95 * 0.05 / Double(count)).squareRoot())
    }
  }

  func testImpossibleArgumentsAreRefused() throws {
    XCTAssertThrowsError(try sum(-1, []))
    XCTAssertThrowsError(try sum(1, [-1]))
    XCTAssertThrowsError(try sum(1, [.nan]))
    XCTAssertThrowsError(try sum(1, []).halfWidth(holding: 1))
    XCTAssertEqual(try sum(0, []).halfWidth(holding: 0.9), 0)
  }
}
