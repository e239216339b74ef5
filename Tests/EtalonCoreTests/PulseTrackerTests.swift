import EtalonCore
import XCTest

/// Which edges are pulses of which second.
final class PulseTrackerTests: XCTestCase {
  private func make(_ expectation: PulseTracker.Expectation = .init()) throws -> PulseTracker {
    try XCTUnwrap(PulseTracker(expectation))
  }

  private func second(_ event: PulseTracker.Event) -> Int64? {
    if case .pulse(let pulse) = event { return pulse.second }
    return nil
  }

  /// A counter 100 ppm off: numbers go on through gaps, long ones too once the rate is learnt.
  func testNumbersThroughGaps() throws {
    var tracker = try make()
    let period: Int64 = 1_000_100_000
    for k in 0..<40 as Range<Int64> {
      XCTAssertEqual(second(tracker.take(edgeAt: Instant(nanoseconds: 5_000 + k * period))), k)
    }
    XCTAssertEqual(tracker.periodNanoseconds, 1_000_100_000, accuracy: 1)
    // 100 ppm over 2000 s are 0.2 s: without the learnt rate this pulse would be a stray.
    guard case .pulse(let pulse) = tracker.take(edgeAt: Instant(nanoseconds: 5_000 + 2039 * period)) else {
      return XCTFail("not numbered")
    }
    XCTAssertEqual(pulse.second, 2039)
    XCTAssertEqual(pulse.missing, 1999)
    XCTAssertEqual(tracker.missing, 1999)
    XCTAssertEqual(tracker.pulses, 41)
  }

  func testDoubledStrayAndBackwards() throws {
    var tracker = try make()
    _ = tracker.take(edgeAt: Instant(nanoseconds: 0))
    XCTAssertEqual(tracker.take(edgeAt: Instant(nanoseconds: 300_000)), .doubled)
    XCTAssertEqual(tracker.take(edgeAt: Instant(nanoseconds: 400_000_000)), .stray(nanoseconds: 400_000_000))
    XCTAssertEqual(tracker.take(edgeAt: Instant(nanoseconds: 990_000_000)), .stray(nanoseconds: -10_000_000))
    XCTAssertEqual(second(tracker.take(edgeAt: Instant(nanoseconds: 1_000_000_100))), 1)
    XCTAssertEqual(tracker.take(edgeAt: Instant(nanoseconds: 900_000_000)), .backwards)
    XCTAssertEqual(second(tracker.take(edgeAt: Instant(nanoseconds: 1_999_999_900))), 2)
    XCTAssertEqual(tracker.doubled, 1)
    XCTAssertEqual(tracker.strays, 3)
    XCTAssertEqual(tracker.missing, 0)
  }

  /// A source that was restarted pulses elsewhere in the second: after three that agree the numbering follows.
  func testRelocks() throws {
    var tracker = try make()
    for k in 0..<5 as Range<Int64> { _ = tracker.take(edgeAt: Instant(nanoseconds: k * 1_000_000_000)) }
    XCTAssertEqual(tracker.take(edgeAt: Instant(nanoseconds: 5_300_000_000)), .stray(nanoseconds: 300_000_000))
    XCTAssertEqual(tracker.take(edgeAt: Instant(nanoseconds: 6_300_000_000)), .stray(nanoseconds: 300_000_000))
    guard case .relocked(let pulse, let by) = tracker.take(edgeAt: Instant(nanoseconds: 7_300_000_000)) else {
      return XCTFail("not relocked")
    }
    XCTAssertEqual(by, 300_000_000)
    XCTAssertEqual(pulse.second, 7)
    XCTAssertEqual(tracker.relocks, 1)
    XCTAssertEqual(second(tracker.take(edgeAt: Instant(nanoseconds: 8_300_000_000))), 8)
    // Strays that do not agree with each other never move the numbering.
    for (k, offset) in [110, 350, 220, 430, 290].enumerated() {
      let event = tracker.take(
        edgeAt: Instant(nanoseconds: 8_300_000_000 + Int64(k + 1) * 1_000_000_000 + Int64(offset) * 1_000_000))
      guard case .stray = event else { return XCTFail("\(event)") }
    }
    XCTAssertEqual(second(tracker.take(edgeAt: Instant(nanoseconds: 14_300_000_000))), 14)
  }

  /// A gap over which the counter may have gained half a second does not tell how many seconds it holds.
  func testLongGapIsAmbiguous() throws {
    var tracker = try make()
    for k in 0..<3 as Range<Int64> { _ = tracker.take(edgeAt: Instant(nanoseconds: k * 1_000_000_000)) }
    guard case .ambiguous = tracker.take(edgeAt: Instant(nanoseconds: 5_000 * 1_000_000_000)) else {
      return XCTFail("a rate of 2e-4 over 5000 s is a second")
    }
    XCTAssertNil(PulseTracker(.init(windowNanoseconds: 0)))
    XCTAssertNil(PulseTracker(.init(rateTolerance: 0.1)))
  }
}
