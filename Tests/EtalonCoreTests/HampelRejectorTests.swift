import EtalonCore
import EtalonMetrology
import XCTest

final class HampelRejectorTests: XCTestCase {
  private func pair(_ tick: Int, _ difference: Double, _ quality: ReadingQuality = []) -> Pair {
    // The common motion of 0.1 K per sample must not count as an outlier.
    let reference = 20 + 0.1 * Double(tick)
    return Pair(
      instant: Instant(nanoseconds: Int64(tick)), reference: reference, indication: reference + difference, raw: .nan,
      quality: quality, tick: UInt32(tick))
  }

  private func run(_ rejector: inout HampelRejector, _ pairs: [Pair]) -> [Pair] {
    var all: [Pair] = []
    for pair in pairs { if let judged = rejector.add(pair) { all.append(judged) } }
    while let judged = rejector.flush() { all.append(judged) }
    return all
  }

  func testFlagsSpikesAndKeepsOrderAndNumber() throws {
    var rejector = try HampelRejector(window: 21, threshold: 4, resolution: 0.001)
    var random = RandomStream(seed: 4)
    var pairs = (0..<200).map { pair($0, 0.01 * random.normal()) }
    for tick in [0, 57, 58, 199] { pairs[tick] = pair(tick, 0.2) }
    let judged = run(&rejector, pairs)
    XCTAssertEqual(judged.map(\.tick), pairs.map(\.tick))
    XCTAssertEqual(judged.filter { $0.quality.contains(.outlier) }.map(\.tick), [0, 57, 58, 199])
    XCTAssertEqual(judged[57].indication, pairs[57].indication, "flagged, not changed")
    XCTAssertEqual(rejector.rejected, 4)
    XCTAssertEqual(rejector.judged, 200)
  }

  /// Most readings round to one value: without a scale of half the resolution, every other would be condemned.
  func testScaleIsNeverBelowHalfTheResolution() throws {
    let pairs = (0..<60).map { pair($0, $0 % 5 == 0 ? 0.01 : 0) }
    var rejector = try HampelRejector(window: 11, threshold: 4, resolution: 0.01)
    XCTAssertEqual(run(&rejector, pairs).filter { $0.quality.contains(.outlier) }.count, 0)
    var without = try HampelRejector(window: 11, threshold: 4, resolution: 0)
    XCTAssertEqual(run(&without, pairs).filter { $0.quality.contains(.outlier) }.count, 12)
  }

  func testMissingPairsPassAndDoNotJudge() throws {
    var rejector = try HampelRejector(window: 5, threshold: 3, resolution: 0.001)
    let missing = Pair(
      instant: Instant(nanoseconds: 0), reference: .nan, indication: .nan, raw: .nan, quality: .missing, tick: 0)
    let judged = run(&rejector, [missing, missing, pair(2, 0), pair(3, 5), missing])
    XCTAssertEqual(judged.count, 5)
    XCTAssertEqual(judged.filter { $0.quality.contains(.outlier) }.count, 0, "two values have no majority")
  }

  func testBadSettings() {
    for window in [2, 4, 1, 43] {
      XCTAssertThrowsError(try HampelRejector(window: window, threshold: 4, resolution: 0)) {
        XCTAssertEqual($0 as? SamplingFault, .window(window))
      }
    }
    XCTAssertThrowsError(try HampelRejector(window: 5, threshold: 0, resolution: 0))
    XCTAssertThrowsError(try HampelRejector(window: 5, threshold: 4, resolution: -1))
  }
}
