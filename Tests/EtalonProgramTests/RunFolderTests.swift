import Foundation
import Glibc
import XCTest

/// Where a run puts its record, and what happens when that is not possible.
final class RunFolderTests: XCTestCase {
  private func simulate(_ out: String?) -> [String] {
    EtalonProgram.fast + ["--seed", "3", "--json"] + (out.map { ["--out", $0] } ?? [])
  }

  func testFolderInUseIsRefusedAndNothingIsOverwritten() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let twins = try RunningTwins(program)
    let out = scratch("mine")
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
    try "mine".write(toFile: out + "/summary.json", atomically: true, encoding: .utf8)
    for arguments in [simulate(out), ["run", EtalonProgram.session, "--bench", twins.bench, "--out", out]] {
      let result = try program.run(arguments)
      XCTAssertEqual(result.status, 64, result.errors)
      XCTAssertTrue(result.errors.contains("nothing is ever overwritten"), result.errors)
      XCTAssertEqual(result.output, "")
      XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: out), ["summary.json"])
      XCTAssertEqual(try String(contentsOfFile: out + "/summary.json", encoding: .utf8), "mine")
    }
    // An empty folder is taken.
    let empty = scratch("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
    XCTAssertEqual(try program.run(simulate(empty)).status, 0)
  }

  func testFolderThatMayNotBeWritten() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let board = scratch("board")
    try FileManager.default.copyItem(atPath: EtalonProgram.board, toPath: board)
    let closed = scratch("closed")
    try FileManager.default.createDirectory(atPath: closed, withIntermediateDirectories: false)
    chmod(closed, 0o555)
    let user = geteuid() == 0 ? try program.asNobody() : program
    let result = try user.run(
      ["simulate", board + "/sessions/thermometer.yaml", "--seed", "3", "--out", closed + "/run"])
    XCTAssertEqual(result.status, 74, result.errors)
    XCTAssertTrue(result.errors.contains("no permission for '\(closed)/run'"), result.errors)
    XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: closed), [])
  }

  /// A disk that is full before the run begins, and one that fills in the middle with the heater on.
  func testFullDisk() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    guard geteuid() == 0 else { throw XCTSkip("only root can mount a small disk") }
    let disk = scratch("disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
    let mounted = try ChildProcess(
      ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", disk], outputsIn: scratch
    ).wait(limit: 10)
    guard mounted.status == 0 else { throw XCTSkip("a small disk can not be mounted here: \(mounted.errors)") }
    defer { XCTAssertEqual(umount2(disk, Int32(MNT_DETACH)), 0) }

    let twins = try RunningTwins(program)
    let out = disk + "/run"
    let run = try program.start(
      ["run", try program.warmSession(), "--board", EtalonProgram.board, "--bench", twins.bench, "--out", out]
        + EtalonProgram.shortened)
    let result = try run.wait(limit: 60)
    XCTAssertEqual(result.status, 73, result.errors)
    XCTAssertTrue(result.errors.contains("no space is left"), result.errors)
    XCTAssertFalse(try twins.heater().isOn, "the heater is still on")
    let record = try RunRecord(runFolder: out)
    XCTAssertTrue(record.actuatorStates.contains(true), "the disk was full before the heater was on")
    let safe = ProgressText(run).recordsSafe
    XCTAssertGreaterThan(safe, 0)
    XCTAssertGreaterThanOrEqual(record.records.count, safe)
    let verified = try program.json(["verify", out, "--json"])
    XCTAssertEqual(verified.status, 0, "\(verified.object)")
    XCTAssertGreaterThanOrEqual(try XCTUnwrap(verified.object["records"] as? Int), safe)

    // No room for a second run at all: nothing is begun.
    let second = try program.run(
      ["run", EtalonProgram.session, "--bench", twins.bench, "--out", disk + "/second"] + EtalonProgram.shortened)
    XCTAssertEqual(second.status, 73, second.errors)
  }

  func testNameOfTheRunFolder() throws {
    let scratch = try ScratchFolder()
    let place = scratch("place")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    let program = try EtalonProgram(scratch: scratch).inFolder(place)
    var names: [String] = []
    var contents: [Data] = []
    for number in 1...2 {
      let result = try program.run(simulate(nil))
      XCTAssertEqual(result.status, 0, result.errors)
      let found = try FileManager.default.contentsOfDirectory(atPath: place + "/runs").sorted()
      XCTAssertEqual(found.count, number, "a run has no folder of its own: \(found)")
      let new = try XCTUnwrap(found.first { !names.contains($0) })
      // <UTC>-<session>-<serial>-<id>: the simulation begins at the moment that its file names.
      XCTAssertTrue(new.hasPrefix("20260101T000000Z-thermometer-DT100-0042-"), new)
      XCTAssertEqual(try result.object()["run"] as? String, new)
      names.append(new)
      contents.append(try Data(contentsOf: URL(fileURLWithPath: place + "/runs/\(names[0])/ledger/records.bin")))
    }
    XCTAssertEqual(contents[0], contents[1], "the second run changed the first one's record")
  }

  func testOneSeedGivesOneDigestAndEveryAlterationIsFound() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    var digests: [String] = []
    for name in ["a", "b"] {
      let run = try program.json(simulate(scratch(name)))
      let ledger = try XCTUnwrap(run.object["ledger"] as? [String: Any])
      digests.append(try XCTUnwrap(ledger["digest"] as? String))
    }
    XCTAssertEqual(digests[0], digests[1])
    XCTAssertEqual(digests[0].count, 64)
    let other = try program.json(EtalonProgram.fast + ["--seed", "4", "--json", "--out", scratch("c")])
    XCTAssertNotEqual((other.object["ledger"] as? [String: Any])?["digest"] as? String, digests[0])

    let out = scratch("a")
    let ledger = out + "/ledger/records.bin"
    let sound = try Data(contentsOf: URL(fileURLWithPath: ledger))
    func put(_ bytes: Data, _ path: String) throws { try bytes.write(to: URL(fileURLWithPath: path)) }
    let clean = try program.json(["verify", out, "--json"])
    XCTAssertEqual(clean.status, 0)
    XCTAssertTrue(clean.object["first_bad"] is NSNull)

    // One bit anywhere: near the beginning, in the middle, in the last record.
    for place in [200, sound.count / 2, sound.count - 30] {
      var bytes = sound
      bytes[bytes.startIndex + place] ^= 0x10
      try put(bytes, ledger)
      let verified = try program.json(["verify", out, "--json"])
      XCTAssertEqual(verified.status, 4, "byte \(place)")
      XCTAssertEqual(verified.object["ok"] as? Bool, false)
      XCTAssertNotNil(verified.object["first_bad"] as? Int, "\(verified.object)")
    }
    // Cut off within the last record, and between two records.
    let last = try RunRecord(runFolder: scratch("b")).records.last
    let lastBytes = 25 + (try XCTUnwrap(last)).payload.count
    for cut in [7, lastBytes] {
      try put(sound.dropLast(cut), ledger)
      XCTAssertEqual(try program.json(["verify", out, "--json"]).status, 4, "\(cut) bytes were cut off unnoticed")
    }
    try put(sound, ledger)
    XCTAssertEqual(try program.run(["verify", out]).status, 0)

    // A better verdict written over the summary is found by replay, another digest by verify.
    let summary = try String(contentsOfFile: out + "/summary.json", encoding: .utf8)
    XCTAssertEqual(try program.run(["replay", out]).status, 0)
    XCTAssertTrue(summary.contains("\"decision\" : \"pass\""), summary)
    let altered = summary.replacingOccurrences(of: "\"decision\" : \"pass\"", with: "\"decision\" : \"fail\"")
    try put(Data(altered.utf8), out + "/summary.json")
    XCTAssertEqual(try program.run(["replay", out]).status, 4)
    try put(
      Data(summary.replacingOccurrences(of: digests[0], with: String(repeating: "0", count: 64)).utf8),
      out + "/summary.json")
    XCTAssertEqual(try program.run(["verify", out]).status, 4)
    try put(Data("{".utf8), out + "/summary.json")
    XCTAssertEqual(try program.run(["verify", out]).status, 4)
    XCTAssertEqual(try program.run(["replay", out]).status, 4)
  }
}
