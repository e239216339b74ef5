import EtalonCore
import EtalonMetrology
import XCTest

/// A whole channel against a truth that is drawn from what it is told.
final class CalibrationChannelTests: XCTestCase {
  private func instant(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64((seconds * 1e9).rounded())) }

  private func scenario() -> CalibrationScenario {
    var scenario = CalibrationScenario()
    scenario.processTime = 20
    scenario.processSpread = 0.01
    return scenario
  }

  /// Reference and device answer at different instants: the pairs are interpolated, and the corrected values cover.
  func testReadingsThatComeAtDifferentInstantsCalibrateTheDevice() throws {
    let scenario = scenario()
    var covered = 0
    let seeds: UInt64 = 20
    for seed in 1...seeds {
      var random = RandomStream(seed: seed, stream: 9)
      let truth = CalibrationScenario.Truth(scenario.configuration, &random)
      var motion = CalibrationScenario.Wander(scenario.processSpread, time: scenario.processTime / 0.4, &random)
      var channel = try CalibrationChannel(.init(calibration: scenario.configuration))
      var last: (sample: ChannelSample, x: Double)?
      // Time runs in steps of 0.4 period: the reference answers at every fifth step, the device two steps later.
      for step in 0..<5 * 120 {
        let x = 20 + motion.next(&random)
        let now = instant(Double(step) * 0.2)
        if step % 5 == 0 {
          let y = truth.reference(x) + scenario.referenceNoise * random.normal()
          XCTAssertNil(channel.take(reference: y, at: now))
        }
        if step % 5 == 2 {
          let z = truth.indication(x) + scenario.deviceNoise * random.normal()
          last = (channel.take(indication: z, at: now), x)
        }
      }
      let (sample, x) = try XCTUnwrap(last)
      XCTAssertGreaterThan(channel.calibration.updates, 100, "seed \(seed)")
      XCTAssertEqual(channel.state, .calibrated, "seed \(seed)")
      XCTAssertLessThan(sample.standardUncertainty, 0.025, "seed \(seed)")
      if (sample.corrected - x).magnitude <= 2 * sample.standardUncertainty { covered += 1 }
    }
    // Fewer than 16 of 20 have the probability 0.003 at a true coverage of 95 %.
    XCTAssertGreaterThanOrEqual(covered, 16)
  }

  func testReadingsOutOfOrderAreRefusedAndCounted() throws {
    var channel = try CalibrationChannel(.init(calibration: scenario().configuration))
    XCTAssertNil(channel.take(reference: 20, at: instant(0)))
    XCTAssertEqual(channel.take(reference: 20, at: instant(0)), .duplicate)
    XCTAssertEqual(channel.take(reference: 20, at: instant(-1)), .backwards)
    XCTAssertEqual(channel.take(reference: .nan, at: instant(1)), .notFinite)
    XCTAssertEqual(channel.take(reference: 20, at: instant(1), quality: .stale), .quality)
    XCTAssertNil(channel.take(indication: 20, at: instant(0.5)).refusal)
    let again = channel.take(indication: 21, at: instant(0.5))
    XCTAssertEqual(again.refusal, .duplicate)
    XCTAssertTrue(again.corrected.isNaN, "a refused indication has no corrected value")
    XCTAssertEqual(channel.take(indication: 21, at: instant(0.4)).refusal, .backwards)
    XCTAssertEqual(channel.take(indication: .infinity, at: instant(0.6)).refusal, .notFinite)
    XCTAssertEqual(channel.refusals[.duplicate], 2)
    XCTAssertEqual(channel.refusals[.backwards], 2)
    XCTAssertEqual(channel.refusals[.notFinite], 2)
    XCTAssertEqual(channel.refusals[.quality], 1)
    XCTAssertEqual(channel.refusals.total, 7)
  }

  /// A quantity that moves by more than the noise between two readings can not be interpolated.
  func testReadingsTooFarApartForTheNoiseAreRefused() throws {
    var scenario = CalibrationScenario()
    scenario.processTime = 0
    var channel = try CalibrationChannel(.init(calibration: scenario.configuration))
    XCTAssertNil(channel.take(reference: 20, at: instant(0)))
    XCTAssertNil(channel.take(indication: 20, at: instant(0.5)).refusal)
    XCTAssertNil(channel.take(reference: 20, at: instant(1)))
    XCTAssertEqual(channel.refusals[.misaligned], 1)
    XCTAssertEqual(channel.calibration.updates, 0)
    // At the same instant nothing is interpolated.
    XCTAssertNil(channel.take(reference: 20, at: instant(2)))
    XCTAssertNil(channel.take(indication: 20, at: instant(2)).refusal)
    XCTAssertEqual(channel.refusals[.misaligned], 1)
    // A gap of the reference is not bridged.
    XCTAssertNil(channel.take(indication: 20, at: instant(3)).refusal)
    XCTAssertNil(channel.take(reference: 20, at: instant(13)))
    XCTAssertEqual(channel.refusals[.misaligned], 2)
    // What has no reading before it is not extrapolated to.
    var other = try CalibrationChannel(.init(calibration: scenario.configuration))
    XCTAssertNil(other.take(indication: 20, at: instant(0)).refusal)
    XCTAssertNil(other.take(reference: 20, at: instant(1)))
    XCTAssertEqual(other.refusals[.noNeighbour], 1)
  }

  /// Montgomery, Introduction to Statistical Quality Control, table 9.3 (after Lucas and Crosier 1982): k = 0.5, h = 4 and 5
  /// have the run lengths 168 and 465, and 8.38 and 10.4 for a shift of 1.
  func testRunLengthsAreThePublishedOnes() throws {
    XCTAssertEqual(CusumRunLength.twoSided(mean: 0, reference: 0.5, limit: 4), 168, accuracy: 0.5)
    XCTAssertEqual(CusumRunLength.twoSided(mean: 0, reference: 0.5, limit: 5), 465, accuracy: 0.5)
    XCTAssertEqual(CusumRunLength.twoSided(mean: 1, reference: 0.5, limit: 4), 8.38, accuracy: 0.005)
    XCTAssertEqual(CusumRunLength.twoSided(mean: 1, reference: 0.5, limit: 5), 10.4, accuracy: 0.05)
    // The table of Docs/reference/accuracy-monitor.md, computed with numpy's Gauss-Legendre rule of order 64.
    for (shift, runLength, limit, delay) in [
      (1.0, 1e4, 8.053, 16.48), (1, 1e6, 12.657, 25.69), (2, 1e5, 5.312, 6.06), (4, 1e4, 1.948, 1.55),
      (4, 1e6, 3.086, 2.17),
    ] {
      let found = try XCTUnwrap(CusumRunLength.limit(reference: shift / 2, averageRunLength: runLength))
      XCTAssertEqual(found, limit, accuracy: 6e-4)
      let mean = CusumRunLength.twoSided(mean: shift, reference: shift / 2, limit: found)
      XCTAssertEqual(mean, delay, accuracy: 6e-3)
    }
    // Hawkins (1993): k = 0.5 and a run length of 370 need h = 4.77; k = 1.5 needs 1.61.
    XCTAssertEqual(try XCTUnwrap(CusumRunLength.limit(reference: 0.5, averageRunLength: 370)), 4.77, accuracy: 0.01)
    XCTAssertEqual(try XCTUnwrap(CusumRunLength.limit(reference: 1.5, averageRunLength: 370)), 1.61, accuracy: 0.01)
  }
}
