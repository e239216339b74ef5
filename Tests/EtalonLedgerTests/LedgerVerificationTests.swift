import EtalonLedger
import Glibc
import XCTest

final class LedgerVerificationTests: XCTestCase {
  /// A file of format version 1, made byte by byte from the format's description by another program, with a checksum
  /// computed bit by bit. It must load for ever.
  func testReferenceFileOfVersionOne() throws {
    let digits =
      "8945544c4e0d0a1a01000000292b6cff000000000100000000000000000000000000000000cebcbe910d000000020100"
      + "00000000000000ca9a3b00000000743a2032352e30303020430d0ac3f7f6af14000000c80200000000000000ffffffff"
      + "ffffffff000102030405060708090a0b0c0d0e0f10111213f6f7c5fe"
    let text = Array(digits.utf8)
    let bytes = stride(from: 0, to: text.count, by: 2).map {
      UInt8(String(decoding: text[$0..<$0 + 2], as: UTF8.self), radix: 16)!
    }
    let digest = "1d9b4c00f40a97c8dbe30742fce1ea214b482e6b43f58f0af0f65a93ee6da760"
    let found = LedgerVerification(bytes: bytes, expectedRecords: 3, expectedDigest: digest)
    XCTAssertTrue(found.checks.allSatisfy { $0.outcome == .pass })
    XCTAssertEqual(
      try records(LedgerReader(bytes: bytes)),
      [
        LedgerRecord(kind: 1, sequence: 0, instant: 0, payload: []),
        LedgerRecord(kind: 2, sequence: 1, instant: 1_000_000_000, payload: Array("t: 25.000 C\r\n".utf8)),
        LedgerRecord(kind: 200, sequence: 2, instant: -1, payload: Array(0..<20)),
      ])
  }

  /// Random cuts, repetitions and changes: whatever is called sound is a beginning of what was written.
  func testRandomDamage() throws {
    let (bytes, starts, _) = try sampleLedger(20)
    var state: UInt64 = 20_260_101
    // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    func draw(_ bound: Int) -> Int {
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
      return Int((word ^ word >> 31) % UInt64(bound))
    }
    var sound = 0
    for round in 0..<4000 {
      var changed = bytes
      for _ in 0...draw(3) where !changed.isEmpty {
        let from = draw(changed.count)
        let to = min(changed.count, from + 1 + draw(60))
        switch draw(5) {
        case 0: changed.removeSubrange(from..<to)
        case 1: changed.insert(contentsOf: changed[from..<to], at: draw(changed.count))
        case 2: changed[from] = UInt8(draw(256))
        case 3: changed.removeSubrange(from...)
        default: for index in from..<to { changed[index] = 0 }
        }
      }
      let found = LedgerVerification(bytes: changed)
      guard found.isSound else { continue }
      sound += 1
      let end = starts[Int(found.records)]
      XCTAssertTrue(changed[..<end].elementsEqual(bytes[..<end]), "round \(round)")
      XCTAssertEqual(changed.count, end + found.tornBytes)
    }
    XCTAssertGreaterThan(sound, 100, "plain cuts are sound")
  }

  /// Every byte of a small ledger is changed in its lowest bit, its highest bit and all bits, one at a time. Each change
  /// is found, without any expectation from outside.
  func testEveryChangedByteIsFound() throws {
    let (bytes, _, summary) = try sampleLedger(12)
    XCTAssertTrue(LedgerVerification(bytes: bytes).isSound, "negative control")
    for index in bytes.indices {
      for change: UInt8 in [0x01, 0x80, 0xFF, 0x10] {
        var changed = bytes
        changed[index] ^= change
        let found = LedgerVerification(bytes: changed)
        XCTAssertFalse(found.isSound, "byte \(index) changed by \(change)")
        XCTAssertNotNil(found.firstBad)
        XCTAssertNotNil(found.damage)
        let expecting = LedgerVerification(
          bytes: changed, expectedRecords: summary.records, expectedDigest: summary.digest)
        XCTAssertFalse(expecting.isSound)
      }
    }
  }

  /// All 255 other values of each byte of a length are found, also in the last frame, where a greater length looks like
  /// a frame that was cut off.
  func testEveryLengthIsChecked() throws {
    let (bytes, starts, _) = try sampleLedger(6)
    for start in starts.dropLast() {
      for place in start..<start + 4 {
        for change in 1...255 as ClosedRange<UInt8> {
          var changed = bytes
          changed[place] ^= change
          XCTAssertFalse(LedgerVerification(bytes: changed).isSound, "frame at \(start), byte \(place), \(change)")
        }
      }
    }
  }

  /// Cut at every byte: the frames before the cut are sound and the rest is reported as torn; a summary that names more
  /// records makes it a failure.
  func testEveryTruncation() throws {
    let (bytes, starts, summary) = try sampleLedger(12)
    for length in LedgerFormat.headerBytes...bytes.count {
      let cut = Array(bytes[..<length])
      let whole = starts.lastIndex { $0 <= length } ?? 0
      let found = LedgerVerification(bytes: cut)
      XCTAssertTrue(found.isSound, "cut at \(length)")
      XCTAssertEqual(found.records, UInt64(whole))
      XCTAssertEqual(found.tornBytes, length - starts[whole])
      XCTAssertNil(found.firstBad)
      XCTAssertEqual(try records(LedgerReader(bytes: cut)).count, whole)
      if length < bytes.count {
        XCTAssertFalse(LedgerVerification(bytes: cut, expectedRecords: summary.records).isSound)
        XCTAssertFalse(LedgerVerification(bytes: cut, expectedDigest: summary.digest).isSound)
      }
    }
    for length in 0..<LedgerFormat.headerBytes {
      let found = LedgerVerification(bytes: Array(bytes[..<length]))
      XCTAssertEqual(found.framing, .fail, "a file without its header is not a ledger")
      XCTAssertEqual(found.records, 0)
    }
  }

  /// Cut, then one byte of a complete frame changed: found as well, except behind the cut frame's sequence number,
  /// where nothing was ever acknowledged.
  func testChangedByteBeforeATornTail() throws {
    let (bytes, starts, _) = try sampleLedger(5)
    let cut = Array(bytes[..<(starts[5] - 3)])
    XCTAssertTrue(LedgerVerification(bytes: cut).isSound, "negative control")
    for index in 0..<starts[4] {
      var changed = cut
      changed[index] ^= 0x01
      XCTAssertFalse(LedgerVerification(bytes: changed).isSound, "byte \(index)")
    }
  }

  /// Two bytes of a length changed, so that the frame seems to reach beyond the end of the file: the sound frames that
  /// follow tell that it was not cut off. And a tail that is cut off, but not from the record that is due.
  func testTailsThatWereNotCutOff() throws {
    let (bytes, starts, _) = try sampleLedger(8)
    for start in starts.dropLast(2) {
      var changed = bytes
      changed[start] ^= 0x55
      changed[start + 1] ^= 0x55
      let found = LedgerVerification(bytes: changed)
      XCTAssertEqual(found.framing, .fail)
      XCTAssertEqual(found.firstBad?.offset, UInt64(start))
    }
    for place in starts[7] + 5..<starts[7] + 13 {
      var changed = Array(bytes[..<(starts[8] - 1)])
      XCTAssertTrue(LedgerVerification(bytes: changed).isSound, "negative control")
      changed[place] ^= 1
      XCTAssertEqual(LedgerVerification(bytes: changed).framing, .fail, "byte \(place)")
    }
  }

  func testRemovedInsertedAndExchangedRecords() throws {
    let (bytes, starts, summary) = try sampleLedger(8)
    func frame(_ index: Int) -> [UInt8] { Array(bytes[starts[index]..<starts[index + 1]]) }
    func ledger(_ order: [Int]) -> [UInt8] { Array(bytes[..<starts[0]]) + order.flatMap(frame) }
    XCTAssertTrue(LedgerVerification(bytes: ledger(Array(0..<8))).isSound, "negative control")
    for removed in 0..<7 {
      let found = LedgerVerification(bytes: ledger((0..<8).filter { $0 != removed }))
      XCTAssertEqual(found.sequence, .fail)
      XCTAssertEqual(found.crc, .pass)
      XCTAssertEqual(found.framing, .pass)
      XCTAssertEqual(found.firstBad?.sequence, UInt64(removed))
      XCTAssertEqual(
        found.damage, .sequence(expected: UInt64(removed), received: UInt64(removed + 1)))
    }
    XCTAssertFalse(
      LedgerVerification(bytes: ledger(Array(0..<7)), expectedRecords: summary.records).isSound,
      "the last record is missed by its number")
    for place in 0..<8 {
      var order = Array(0..<8)
      order.insert(place, at: place)
      XCTAssertEqual(LedgerVerification(bytes: ledger(order)).sequence, .fail)
      if place < 7 {
        order = Array(0..<8)
        order.swapAt(place, place + 1)
        XCTAssertEqual(LedgerVerification(bytes: ledger(order)).sequence, .fail)
      }
    }
    // A byte too many or too few between the frames.
    for start in starts.dropLast() {
      var longer = bytes
      longer.insert(0, at: start)
      XCTAssertFalse(LedgerVerification(bytes: longer).isSound)
      var shorter = bytes
      shorter.remove(at: start)
      XCTAssertFalse(LedgerVerification(bytes: shorter).isSound)
    }
  }

  /// Each kind of damage fails its own check and leaves the others as they are.
  func testChecksAreSeparate() throws {
    let (bytes, starts, _) = try sampleLedger(8)
    var changed = bytes
    changed[starts[3] + 22] ^= 1
    var found = LedgerVerification(bytes: changed)
    XCTAssertEqual([found.framing, found.crc, found.sequence], [.pass, .fail, .pass])
    XCTAssertEqual(found.firstBad, .init(sequence: 3, offset: UInt64(starts[3])))
    XCTAssertEqual(found.records, 7)
    changed = bytes
    changed[starts[3] + 3] = 0xFF
    found = LedgerVerification(bytes: changed)
    XCTAssertEqual([found.framing, found.crc, found.sequence], [.fail, .pass, .pass])
    XCTAssertEqual(found.records, 3)
    found = LedgerVerification(bytes: Array(bytes[..<starts[0]]))
    XCTAssertEqual([found.framing, found.crc, found.sequence], [.pass, .absent, .absent])
    XCTAssertTrue(found.isSound)
    changed = bytes
    changed[8] = 2
    found = LedgerVerification(bytes: changed)
    XCTAssertEqual(found.damage, .header)
    let check = changed[..<12].withUnsafeBytes { CRC32C.checksum($0) }
    for index in 0..<4 { changed[12 + index] = UInt8(truncatingIfNeeded: check >> (8 * index)) }
    XCTAssertEqual(LedgerVerification(bytes: changed).damage, .version(2))
  }

  /// A reader stops at the damage with the place of it, and says the same when asked again.
  func testReaderStopsAtDamage() throws {
    var (bytes, starts, _) = try sampleLedger(8)
    bytes[starts[2] + 21] ^= 4
    var reader = try LedgerReader(bytes: bytes, name: "sample")
    XCTAssertEqual(try reader.next()?.sequence, 0)
    XCTAssertEqual(try reader.next()?.sequence, 1)
    for _ in 0..<2 {
      do {
        _ = try reader.next()
        XCTFail("the damage was not found")
      } catch {
        guard case .damaged("sample", UInt64(starts[2]), .checksum) = error else { return XCTFail("\(error)") }
      }
    }
  }

  func testFilesThatAreNoLedger() throws {
    let scratch = Scratch()
    let absent = scratch.path + "/absent"
    XCTAssertThrowsError(try LedgerVerification(path: absent)) {
      XCTAssertEqual($0 as? LedgerFault, .missing(path: absent))
    }
    XCTAssertEqual(try LedgerVerification(path: "/dev/null").framing, .fail)
    XCTAssertThrowsError(try LedgerVerification(path: scratch.path)) {
      XCTAssertEqual($0 as? LedgerFault, .inputOutput(path: scratch.path, code: EISDIR))
    }
    // Opening fails many times and leaves no descriptor behind.
    let before = open("/dev/null", O_RDONLY)
    close(before)
    for _ in 0..<100 { XCTAssertThrowsError(try records(LedgerReader(path: "/dev/null"))) }
    let after = open("/dev/null", O_RDONLY)
    close(after)
    XCTAssertEqual(before, after)
  }

  /// A file of many times the reader's buffer is read through with every frame in place.
  func testLongFile() throws {
    let scratch = Scratch()
    let writer = try LedgerWriter(runFolder: scratch.path, mode: .wait)
    let large = [UInt8](repeating: 0x5A, count: 700_001)
    for index in 0..<40 {
      large.withUnsafeBytes { writer.append(kind: 9, instant: 0, payload: $0) }
      writer.appendSample(index)
    }
    let summary = try writer.close()
    let found = try LedgerVerification(path: writer.path, expectedRecords: 80, expectedDigest: summary.digest)
    XCTAssertTrue(found.isSound)
    var reader = try LedgerReader(path: writer.path)
    var count = 0
    while let record = try reader.next() {
      XCTAssertEqual(record.payload.count, count % 2 == 0 ? large.count : payload(count / 2).count)
      count += 1
    }
    XCTAssertEqual(count, 80)
  }
}
