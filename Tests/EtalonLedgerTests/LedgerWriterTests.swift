import Crypto
import EtalonLedger
import Glibc
import XCTest

final class LedgerWriterTests: XCTestCase {
  /// What was appended is read back, in order, and the digest is SHA-256 over the frames, computed here from the file.
  func testRecordsComeBack() throws {
    let scratch = Scratch()
    let writer = try LedgerWriter(runFolder: scratch.path + "/a/b/run", mode: .wait)
    for index in 0..<1000 { writer.appendSample(index) }
    let summary = try writer.close()
    XCTAssertEqual(summary.records, 1000)
    XCTAssertEqual(summary.lost, 0)
    XCTAssertEqual(writer.acknowledged, 1000)
    XCTAssertEqual(writer.path, scratch.path + "/a/b/run/ledger/records.bin")
    let bytes = try contents(writer.path)
    let digest = SHA256.hash(data: bytes[LedgerFormat.headerBytes...]).map { byte in
      String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
    XCTAssertEqual(summary.digest, digest.joined())
    let read = try records(LedgerReader(path: writer.path))
    XCTAssertEqual(read.count, 1000)
    for (index, record) in read.enumerated() {
      let expected = LedgerRecord(
        kind: UInt8(index % 7), sequence: UInt64(index), instant: Int64(index) * 1000 - 5, payload: payload(index))
      XCTAssertEqual(record, expected)
    }
    let found = try LedgerVerification(path: writer.path, expectedRecords: 1000, expectedDigest: summary.digest)
    XCTAssertTrue(found.isSound)
    XCTAssertTrue(found.checks.allSatisfy { $0.outcome == .pass })
  }

  /// The bytes of the first frame, written out by hand after the format's description.
  func testBytesOfAFrame() throws {
    let digester = LedgerDigester(keepingBytes: true)
    let payload: [UInt8] = [0x41, 0x42]
    payload.withUnsafeBytes { digester.append(kind: 3, instant: -2, payload: $0) }
    let bytes = digester.bytes
    XCTAssertEqual(Array(bytes[..<12]), [0x89, 0x45, 0x54, 0x4C, 0x4E, 0x0D, 0x0A, 0x1A, 1, 0, 0, 0])
    let frame: [UInt8] = [2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0xFE, 255, 255, 255, 255, 255, 255, 255, 0x41, 0x42]
    XCTAssertEqual(Array(bytes[16..<39]), frame)
    let check = frame.withUnsafeBytes { CRC32C.checksum($0) }
    XCTAssertEqual(Array(bytes[39...]), (0..<4).map { UInt8(truncatingIfNeeded: check >> (8 * $0)) })
  }

  /// File and memory give the same bytes and digest.
  func testDigesterAgreesWithWriter() throws {
    let scratch = Scratch()
    let writer = try LedgerWriter(runFolder: scratch.path, mode: .wait)
    for index in 0..<5000 { writer.appendSample(index) }
    let summary = try writer.close()
    let sample = try sampleLedger(5000)
    XCTAssertEqual(sample.summary, summary)
    XCTAssertEqual(sample.bytes, try contents(writer.path))
  }

  /// Frames of all sizes up to the greatest, many laps of the ring; the ring's end falls on every kind of place.
  func testLapsOfTheRing() throws {
    let scratch = Scratch()
    let writer = try LedgerWriter(runFolder: scratch.path, mode: .wait)
    let digester = LedgerDigester()
    let large = [UInt8](repeating: 0xA5, count: LedgerFormat.maximumPayloadBytes)
    let sizes = [large.count, 0, 1, 300_001, 77, 999_999, 4_096, 25, large.count - 1, 524_263, 3]
    for index in 0..<60 {
      large.withUnsafeBytes {
        let part = UnsafeRawBufferPointer(rebasing: $0[..<sizes[index % sizes.count]])
        writer.append(kind: 1, instant: 0, payload: part)
        digester.append(kind: 1, instant: 0, payload: part)
      }
    }
    let summary = try writer.close()
    XCTAssertEqual(summary, try digester.close())
    let found = try LedgerVerification(path: writer.path, expectedRecords: 60, expectedDigest: summary.digest)
    XCTAssertTrue(found.isSound)
  }

  /// `flush` returns after the records are on stable storage: another descriptor sees all of them.
  func testFlushAcknowledges() throws {
    let scratch = Scratch()
    let writer = try LedgerWriter(runFolder: scratch.path, mode: .drop)
    XCTAssertEqual(writer.acknowledged, 0)
    for index in 0..<10 {
      writer.appendSample(index)
      try writer.flush()
      XCTAssertEqual(writer.acknowledged, UInt64(index + 1))
      XCTAssertEqual(try LedgerVerification(path: writer.path).records, UInt64(index + 1))
    }
    XCTAssertEqual(try writer.close().records, 10)
  }

  /// Without a flush the recorder acknowledges by itself.
  func testAcknowledgesByItself() throws {
    let scratch = Scratch()
    let writer = try LedgerWriter(runFolder: scratch.path, mode: .drop)
    writer.appendSample(0)
    waitUntil { writer.acknowledged > 0 }
    XCTAssertEqual(writer.acknowledged, 1)
    XCTAssertEqual(try writer.close().records, 1)
  }

  func testFolderMustBeAbsentOrEmpty() throws {
    let scratch = Scratch()
    let run = scratch.path + "/run"
    XCTAssertEqual(mkdir(run, 0o755), 0)
    let writer = try LedgerWriter(runFolder: run, mode: .wait)
    XCTAssertThrowsError(try LedgerWriter(runFolder: run, mode: .wait)) {
      XCTAssertEqual($0 as? LedgerFault, .exists(path: run))
    }
    _ = try writer.close()
    XCTAssertThrowsError(try LedgerWriter(runFolder: run, mode: .wait)) {
      XCTAssertEqual($0 as? LedgerFault, .exists(path: run))
    }
    XCTAssertThrowsError(try LedgerWriter(runFolder: writer.path, mode: .wait)) {
      XCTAssertEqual($0 as? LedgerFault, .exists(path: writer.path))
    }
    XCTAssertTrue(try LedgerVerification(path: writer.path).isSound)
  }

  /// Lets the recorder run until `condition` holds; bounded by a number of turns, which only a failing test reaches.
  private func waitUntil(_ condition: () -> Bool) {
    var turns = 0
    while !condition() && turns < 50_000_000 {
      sched_yield()
      turns += 1
    }
    XCTAssertTrue(condition())
  }

  /// In the mode that waits nothing is lost however slow the disk is; in the other the record says what is missing.
  func testOverflow() throws {
    let scratch = Scratch()
    let large = [UInt8](repeating: 1, count: LedgerFormat.maximumPayloadBytes)
    let writer = try LedgerWriter(runFolder: scratch.path + "/drop", mode: .drop)
    // Faster than any disk: the loop copies a mebibyte in less time than checksum, hash and write of one take.
    for index in 0..<100 { large.withUnsafeBytes { writer.append(kind: 1, instant: Int64(index), payload: $0) } }
    XCTAssertGreaterThan(writer.lost, 0, "the ring of 4 MiB should have been full")
    waitUntil { writer.acknowledged >= 100 - writer.lost }
    // There is room now: the gap is told before the next record.
    let lostByThen = writer.lost
    for index in 100..<110 {
      large.withUnsafeBytes { bytes in
        writer.append(kind: 1, instant: Int64(index), payload: UnsafeRawBufferPointer(rebasing: bytes[..<8]))
      }
    }
    XCTAssertEqual(writer.lost, lostByThen)
    for index in 110..<200 { large.withUnsafeBytes { writer.append(kind: 1, instant: Int64(index), payload: $0) } }
    XCTAssertGreaterThan(writer.lost, lostByThen)
    let summary = try writer.close()
    XCTAssertEqual(summary.lost, writer.lost)
    let found = try LedgerVerification(
      path: writer.path, expectedRecords: summary.records, expectedDigest: summary.digest)
    XCTAssertTrue(found.isSound)
    var kept: UInt64 = 0
    var gaps = 0
    var lost: UInt64 = 0
    var next: Int64 = 0
    var reader = try LedgerReader(path: writer.path)
    while let record = try reader.next() {
      if record.kind == LedgerFormat.overflowKind {
        XCTAssertEqual(record.payload.count, 16)
        let count = record.payload[..<8].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let first = record.payload[8...].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        XCTAssertEqual(Int64(first), next)
        XCTAssertEqual(record.instant, next + Int64(count) - 1)
        next += Int64(count)
        lost += count
        gaps += 1
      } else {
        XCTAssertEqual(record.instant, next)
        next += 1
        kept += 1
      }
    }
    XCTAssertGreaterThanOrEqual(gaps, 2)
    XCTAssertEqual(lost, summary.lost)
    XCTAssertEqual(kept + lost, 200)

    let patient = try LedgerWriter(runFolder: scratch.path + "/wait", mode: .wait)
    for index in 0..<100 { large.withUnsafeBytes { patient.append(kind: 1, instant: Int64(index), payload: $0) } }
    let whole = try patient.close()
    XCTAssertEqual(whole.records, 100)
    XCTAssertEqual(whole.lost, 0)
  }

  /// The loop's share of the processor and the resident memory; printed, and bounded only where a bound can not fail on
  /// a slow machine.
  func testCostOfTheLoop() throws {
    let scratch = Scratch()
    let writer = try LedgerWriter(runFolder: scratch.path, mode: .wait)
    let bytes = [UInt8](repeating: 7, count: 60)
    let before = threadNanoseconds()
    bytes.withUnsafeBytes { for index in 0..<200_000 { writer.append(kind: 1, instant: Int64(index), payload: $0) } }
    let used = threadNanoseconds() - before
    print("200000 records of 60 bytes: \(Double(used) * 1e-6) ms of the loop's thread")
    XCTAssertEqual(try writer.close().records, 200_000)
    XCTAssertLessThan(used, 20_000_000_000)
  }
}
