import EtalonCore
import EtalonLedger
import EtalonMetrology
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation
import XCTest

/// A recorded run replays: every input fed again gives every decision again, bit for bit, and what was changed shows.
final class ReplayTests: XCTestCase {
  // Made once, when it is first asked for; nobody changes it.
  nonisolated(unsafe) private static let run = Result { try Observed(Scenario.short(seed: 11)) }
  private func recorded() throws -> Observed { try Self.run.get() }

  private func records(_ bytes: [UInt8]) throws -> [LedgerRecord] {
    var reader = try LedgerReader(bytes: bytes)
    var records: [LedgerRecord] = []
    while let record = try reader.next() { records.append(record) }
    return records
  }

  /// A ledger of the records, with right checksums: what somebody makes who wants to deceive.
  private func ledger(_ records: [LedgerRecord]) throws -> [UInt8] {
    let sink = LedgerDigester(keepingBytes: true)
    for record in records {
      record.payload.withUnsafeBytes { sink.append(kind: record.kind, instant: record.instant, payload: $0) }
    }
    _ = try sink.close()
    return sink.bytes
  }

  private func isDecision(_ record: LedgerRecord) -> Bool { RecordKind(rawValue: record.kind)?.isDecision == true }

  func testARunReplaysBitForBit() throws {
    let run = try recorded()
    let replay = try Replay(bytes: run.ledger)
    XCTAssertTrue(replay.isIdentical, "\(String(describing: replay.firstDifference)), \(run.outcome)")
    XCTAssertTrue(replay.isComplete)
    XCTAssertEqual(replay.records, run.outcome.ledger.records)
    let decisions = try records(run.ledger).filter { isDecision($0) || $0.kind == RecordKind.end.rawValue }
    XCTAssertEqual(replay.compared, UInt64(decisions.count), "every decision is compared")
    XCTAssertGreaterThan(decisions.count, 1000)
    XCTAssertEqual(replay.header.seed, 11)
    XCTAssertEqual(replay.results.exitCode, run.results.exitCode)
    XCTAssertEqual(replay.results.points.count, 5)
    for (again, first) in zip(replay.results.points, run.results.points) {
      XCTAssertEqual(again.error.bitPattern, first.error.bitPattern)
      XCTAssertEqual(again.expandedUncertainty.bitPattern, first.expandedUncertainty.bitPattern)
      XCTAssertEqual(again.truth?.bitPattern, first.truth?.bitPattern)
    }
  }

  /// A reading of the reference by which the heater was steered at once: the first number that differs is the power.
  func testAChangedInputShowsAtTheFirstDecisionThatItMoves() throws {
    var all = try records(try recorded().ledger)
    let place = try XCTUnwrap(
      all.indices.dropFirst(all.count / 2).first { index in
        all[index].kind == RecordKind.bytes.rawValue && all[index].payload.first == 0
          && all[index + 1].kind == RecordKind.send.rawValue && all[index + 1].payload.first == 2
      }, "a reading of the reference that is followed by a command to the bath")
    let digit = try XCTUnwrap(
      all[place].payload.indices.dropFirst(12).last { (0x30...0x39).contains(all[place].payload[$0]) })
    all[place].payload[digit] ^= 1
    let replay = try Replay(bytes: ledger(all))
    let difference = try XCTUnwrap(replay.firstDifference)
    XCTAssertEqual(difference.sequence, UInt64(place + 1))
    XCTAssertEqual(difference.kind, "send")
    XCTAssertFalse(replay.isIdentical)
  }

  func testAChangedDecisionIsNamed() throws {
    let all = try records(try recorded().ledger)
    let kinds: [RecordKind] = [
      .send, .window, .identity, .pair, .step, .visit, .measurement, .point, .adjustment, .environment, .actuator, .end,
    ]
    for kind in kinds {
      let place = try XCTUnwrap(all.lastIndex { $0.kind == kind.rawValue }, "\(kind)")
      var changed = all
      changed[place].payload[changed[place].payload.count - 1] ^= 1
      let difference = try XCTUnwrap(try Replay(bytes: ledger(changed)).firstDifference, "\(kind)")
      XCTAssertEqual(difference.sequence, UInt64(place), "\(kind)")
      XCTAssertEqual(difference.kind, "\(kind)")
      XCTAssertEqual(difference.instant.nanoseconds, all[place].instant)
    }
  }

  func testALeftOutAndAnInventedDecisionAreNamed() throws {
    let all = try records(try recorded().ledger)
    let place = try XCTUnwrap(all.firstIndex { $0.kind == RecordKind.point.rawValue })
    var without = all
    without.remove(at: place)
    XCTAssertEqual(try Replay(bytes: ledger(without)).firstDifference?.sequence, UInt64(place))
    var twice = all
    twice.insert(all[place], at: place)
    XCTAssertEqual(try Replay(bytes: ledger(twice)).firstDifference?.sequence, UInt64(place + 1))
    var longer = all
    longer.append(
      LedgerRecord(kind: RecordKind.wake.rawValue, sequence: 0, instant: all[all.count - 1].instant, payload: []))
    XCTAssertEqual(try Replay(bytes: ledger(longer)).firstDifference?.sequence, UInt64(all.count))
  }

  func testATruncatedLedgerReplaysAsFarAsItGoes() throws {
    let run = try recorded()
    let whole = try Replay(bytes: run.ledger).compared
    for share in [0.1, 0.5, 0.9] {
      // The cut goes through the middle of a frame, as a kill in the middle of a write does.
      let replay = try Replay(bytes: Array(run.ledger.prefix(Int(Double(run.ledger.count) * share) + 3)))
      XCTAssertTrue(replay.isIdentical, "\(share): \(String(describing: replay.firstDifference))")
      XCTAssertFalse(replay.isComplete)
      XCTAssertGreaterThan(replay.compared, 0)
      XCTAssertLessThan(replay.compared, whole)
    }
  }

  func testAnEmptyOrHeadlessLedgerIsRefused() throws {
    XCTAssertThrowsError(try Replay(bytes: []))
    XCTAssertThrowsError(try Replay(bytes: LedgerFormat.header()))
    let all = try records(try recorded().ledger)
    XCTAssertThrowsError(try Replay(bytes: ledger(Array(all.dropFirst()))))
  }

  /// A ledger with right checksums and wrong contents is refused or differs; it never brings replay down.
  func testAForgedLedgerNeverBringsReplayDown() throws {
    // The beginning of the run has every kind of input; replaying it costs little.
    let all = Array(try records(try recorded().ledger).prefix(400))
    var random = RandomStream(seed: 20_260_101, stream: 1)
    var noticed = 0
    for turn in 0..<150 {
      var forged = all
      let place = Int(random.next() % UInt64(forged.count))
      switch turn % 4 {
      case 0 where !forged[place].payload.isEmpty:
        let byte = Int(random.next() % UInt64(forged[place].payload.count))
        forged[place].payload[byte] = UInt8(truncatingIfNeeded: random.next())
      case 1: forged[place].instant = Int64(bitPattern: random.next())
      case 2: forged[place].kind = UInt8(random.next() % 255)
      default: forged[place].payload = Array(forged[place].payload.dropLast())
      }
      do {
        if try !Replay(bytes: ledger(forged)).isIdentical { noticed += 1 }
      } catch { noticed += 1 }
    }
    // Some changes mean nothing: the text of a remark in the header, a digit behind the last one that is read.
    XCTAssertGreaterThan(noticed, 100)
  }

  func testTheAccessCodeIsNowhereInTheLedger() throws {
    let run = try recorded()
    let all = try records(run.ledger)
    let confidential = all.filter { $0.kind == RecordKind.send.rawValue && $0.payload[1] == 1 }
    XCTAssertEqual(confidential.count, 1, "one frame of an adjustment holds the code")
    XCTAssertEqual(confidential[0].payload.count, 4, "port, mark and length; no bytes of the frame")
    // "DT100" is also the model's name, which the device tells; with the command before it, it is the code.
    XCTAssertFalse(contains(run.ledger, "OFF,DT100"))
    XCTAssertTrue(contains(run.ledger, "CAL:STOR"), "the search finds what is there")
  }

  /// With another code than the factory's the device refuses; the code is not in the ledger and the run still replays.
  func testACodeOfTheUsersOwnIsNowhereInTheLedgerAndTheRunReplays() throws {
    var run = try Scenario.short(seed: 12)
    let device = try XCTUnwrap(run.board.bench.instrument(for: "dut")).index
    run.board.bench.instruments[device].unlockCode = "open-sesame-42"
    let observed = try Observed(run)
    XCTAssertNotEqual(observed.exit, 0, "the device does not know this code")
    XCTAssertEqual(observed.bench.deviceMemory?.storeCount, 1)
    XCTAssertEqual(observed.bench.deviceMemory?.isLocked, true)
    XCTAssertFalse(contains(observed.ledger, "open-sesame"))
    let replay = try Replay(bytes: observed.ledger)
    XCTAssertTrue(replay.isIdentical, "\(String(describing: replay.firstDifference))")
    XCTAssertTrue(replay.isComplete)
  }

  private func contains(_ bytes: [UInt8], _ text: String) -> Bool {
    Data(bytes).range(of: Data(text.utf8)) != nil
  }
}
