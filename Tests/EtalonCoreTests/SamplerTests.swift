import EtalonCore
import XCTest

final class SamplerTests: XCTestCase {
  private let second: Int64 = 1_000_000_000

  private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  private func reading(
    _ value: Double, _ milliseconds: Int64, conversion: UInt32 = 0, quality: ReadingQuality = []
  ) -> Reading {
    Reading(value: value, raw: value / 100, conversion: conversion, instant: at(milliseconds), quality: quality)
  }

  private func makeSampler(align: Int64 = 100) throws -> Sampler {
    try Sampler(
      .init(periodNanoseconds: second, alignNanoseconds: align * 1_000_000), startingAt: Instant(nanoseconds: 0))
  }

  func testInterpolatesTheReferenceToTheDevicesInstant() throws {
    var sampler = try makeSampler()
    XCTAssertEqual(sampler.begin(at: at(0)), Sampler.Tick(number: 0, due: at(0), missed: 0))
    XCTAssertNil(sampler.begin(at: at(999)))
    XCTAssertEqual(sampler.add(reading(10, 20), from: .reference, tick: 0), .accepted)
    XCTAssertEqual(sampler.add(reading(50, 220), from: .device, tick: 0), .accepted)
    XCTAssertNil(sampler.nextPair(at: at(230)), "a later reading of the reference may still come")
    XCTAssertEqual(sampler.deadline, at(2000))
    XCTAssertNotNil(sampler.begin(at: at(1000)))
    XCTAssertEqual(sampler.add(reading(11, 1020), from: .reference, tick: 1), .accepted)
    let pair = try XCTUnwrap(sampler.nextPair(at: at(1020)))
    // 200 ms of 1000 ms: a fifth of the way from 10 to 11.
    XCTAssertEqual(pair.reference, 10.2, accuracy: 1e-12)
    XCTAssertEqual(pair.indication, 50)
    XCTAssertEqual(pair.raw, 0.5)
    XCTAssertEqual(pair.instant, at(220))
    XCTAssertEqual(pair.tick, 0)
    XCTAssertTrue(pair.isUsable)
    XCTAssertEqual(sampler.counters.samples, 1)
  }

  func testNearestWithinTheLimitElseSkewed() throws {
    for (align, skewed) in [(150 as Int64, false), (50, true)] {
      var sampler = try makeSampler(align: align)
      XCTAssertNotNil(sampler.begin(at: at(0)))
      XCTAssertEqual(sampler.add(reading(10, 20), from: .reference), .accepted)
      XCTAssertEqual(sampler.add(reading(50, 120), from: .device), .accepted)
      XCTAssertNil(sampler.nextPair(at: at(1999)))
      let pair = try XCTUnwrap(sampler.nextPair(at: at(2000)))
      XCTAssertEqual(pair.reference, 10)
      XCTAssertEqual(pair.quality, skewed ? .skewed : [])
      XCTAssertEqual(sampler.counters.gaps, skewed ? 1 : 0)
    }
  }

  func testFarApartReferenceReadingsAreNotJoinedByALine() throws {
    var sampler = try makeSampler()
    XCTAssertNotNil(sampler.begin(at: at(0)))
    XCTAssertEqual(sampler.add(reading(10, 0), from: .reference), .accepted)
    for tick in 1...3 { XCTAssertNotNil(sampler.begin(at: at(Int64(tick) * 1000))) }
    XCTAssertEqual(sampler.add(reading(50, 2000), from: .device, tick: 2), .accepted)
    XCTAssertEqual(sampler.add(reading(20, 3000), from: .reference), .accepted)
    XCTAssertEqual(sampler.nextPair(at: at(3000))?.quality, .missing)
    XCTAssertEqual(sampler.nextPair(at: at(3000))?.quality, .missing)
    let pair = try XCTUnwrap(sampler.nextPair(at: at(3000)))
    XCTAssertEqual(pair.quality, .skewed)
    XCTAssertEqual(pair.reference, 20)
  }

  func testMissingSidesAndLongestGap() throws {
    var sampler = try makeSampler()
    XCTAssertNotNil(sampler.begin(at: at(0)))
    XCTAssertEqual(sampler.add(reading(50, 0), from: .device, tick: 0), .accepted)
    let lonely = try XCTUnwrap(sampler.nextPair(at: at(2000)))
    XCTAssertEqual(lonely.quality, .missing)
    XCTAssertTrue(lonely.reference.isNaN)
    XCTAssertEqual(lonely.indication, 50)
    XCTAssertNotNil(sampler.begin(at: at(2500)))
    XCTAssertEqual(sampler.add(reading(10, 2500), from: .reference), .accepted)
    XCTAssertNil(sampler.nextPair(at: at(2600)))
    XCTAssertEqual(sampler.add(reading(50, 2500), from: .device), .accepted)
    XCTAssertEqual(sampler.nextPair(at: at(2600))?.isUsable, true)
    XCTAssertEqual(sampler.counters.longestGapNanoseconds, 2_500_000_000)
    XCTAssertEqual(sampler.counters.samples, 1)
    // Tick 0 without reference, tick 1 missed.
    XCTAssertEqual(sampler.counters.gaps, 2)
    XCTAssertEqual(sampler.counters.missedTicks, 1)
    XCTAssertNil(sampler.flush())
  }

  func testMissedTicksAreCountedAndNeverCaughtUp() throws {
    var sampler = try makeSampler()
    XCTAssertEqual(sampler.begin(at: at(4200)), Sampler.Tick(number: 4, due: at(4000), missed: 4))
    XCTAssertNil(sampler.begin(at: at(4200)))
    XCTAssertEqual(sampler.nextTick, at(5000))
    XCTAssertEqual(sampler.counters.missedTicks, 4)
    XCTAssertEqual(sampler.counters.gaps, 4)
  }

  func testDuplicatesBackwardsAndValuesThatAreNone() throws {
    var sampler = try makeSampler()
    XCTAssertNotNil(sampler.begin(at: at(0)))
    XCTAssertEqual(sampler.add(reading(10, 10, conversion: 7), from: .reference), .accepted)
    XCTAssertEqual(sampler.add(reading(10, 500, conversion: 7), from: .reference), .duplicate)
    XCTAssertEqual(sampler.add(reading(10, 10, conversion: 8), from: .reference), .duplicate)
    XCTAssertEqual(sampler.add(reading(10, 5, conversion: 9), from: .reference), .backwards)
    XCTAssertEqual(sampler.add(reading(.nan, 600), from: .reference), .notFinite)
    XCTAssertEqual(sampler.add(reading(.infinity, 700), from: .device), .notFinite)
    XCTAssertEqual(sampler.add(reading(50, 20, quality: .stale), from: .device), .stale)
    XCTAssertEqual(sampler.add(reading(50, 10), from: .device, tick: 3), .noTick)
    XCTAssertEqual(sampler.add(reading(50, 30, quality: .retried), from: .device, tick: 0), .accepted)
    XCTAssertEqual(sampler.counters.duplicates, 3)
    XCTAssertEqual(sampler.counters.backwards, 1)
    XCTAssertEqual(sampler.counters.notFinite, 2)
    XCTAssertEqual(sampler.counters.late, 1)
    let pair = try XCTUnwrap(sampler.flush())
    XCTAssertEqual(pair.quality, .retried)
    XCTAssertTrue(pair.isUsable)
  }

  func testQualityOfBothSidesStaysWithThePair() throws {
    var sampler = try makeSampler()
    XCTAssertNotNil(sampler.begin(at: at(0)))
    XCTAssertEqual(sampler.add(reading(10, 0, quality: .overRange), from: .reference), .accepted)
    XCTAssertEqual(sampler.add(reading(50, 0, quality: .retried), from: .device), .accepted)
    let pair = try XCTUnwrap(sampler.nextPair(at: at(10)))
    XCTAssertEqual(pair.quality, [.overRange, .retried])
    XCTAssertFalse(pair.isUsable)
  }

  func testBadConfigurations() {
    func fault(_ configuration: Sampler.Configuration) -> SamplingFault? {
      do {
        _ = try Sampler(configuration, startingAt: at(0))
        return nil
      } catch { return error }
    }
    XCTAssertEqual(fault(.init(periodNanoseconds: 0, alignNanoseconds: 1)), .notPositive(nanoseconds: 0))
    XCTAssertEqual(
      fault(.init(periodNanoseconds: 10, alignNanoseconds: 1, waitNanoseconds: 80)), .wait(periods: 8))
    XCTAssertNil(fault(.init(periodNanoseconds: 10, alignNanoseconds: 0)))
  }
}
