import Foundation
import Glibc
import XCTest

/// Ports that can not be used, each with its own exit code and a message that says what to do.
final class PortFaultTests: XCTestCase {
  private func assertEnds(
    _ program: EtalonProgram, bench: String, out: String, status: Int32, says words: String, line: UInt = #line
  ) throws {
    let result = try program.run(
      ["run", EtalonProgram.session, "--bench", bench, "--out", out] + EtalonProgram.shortened, limit: 60)
    XCTAssertEqual(result.status, status, result.errors, line: line)
    XCTAssertTrue(result.errors.contains(words), result.errors, line: line)
    XCTAssertEqual(try program.run(["verify", out]).status, 0, line: line)
  }

  func testPortsThatCanNotBeUsed() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let twins = try RunningTwins(program)
    let port = "port: \(twins.folder)/ref"

    let missing = try twins.bench(replacing: port, with: "port: \(twins.folder)/nowhere")
    try assertEnds(program, bench: missing, out: scratch("missing"), status: 69, says: "no such port")
    XCTAssertEqual(try program.run(["read", "ref", "--bench", missing, "--count", "1"]).status, 69)

    let file = try scratch.write("no port\n", to: "file")
    for path in [file, "/dev/null"] {
      let bench = try twins.bench(replacing: port, with: "port: \(path)")
      try assertEnds(program, bench: bench, out: scratch.next("file"), status: 78, says: "not a serial port")
    }

    let holder = try program.start(["read", "ref", "--bench", twins.bench, "--period", "0.2"])
    XCTAssertTrue(waitUntil(limit: 10) { holder.output.contains("good") }, holder.errors)
    try assertEnds(
      program, bench: twins.bench, out: scratch("busy"), status: 75, says: "another program holds the port")
    // The holder was not disturbed.
    let lines = holder.output.count
    XCTAssertTrue(waitUntil(limit: 10) { holder.output.count > lines }, holder.errors)
    holder.send(SIGINT)
    XCTAssertTrue([0, 3].contains(try holder.wait(limit: 5).status))
    XCTAssertFalse(try twins.heater().isOn)
  }

  func testPortWithoutPermission() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let nobody = try program.asNobody()
    let twins = try RunningTwins(program)
    let place = scratch("nobody")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    chmod(place, 0o777)
    let device = try FileManager.default.destinationOfSymbolicLink(atPath: twins.folder + "/ref")
    XCTAssertEqual(chmod(device, 0o600), 0)
    // The board is where the user can read it, wherever the repository lies.
    let board = scratch("board")
    try FileManager.default.copyItem(atPath: EtalonProgram.board, toPath: board)
    let result = try nobody.run(
      ["run", board + "/sessions/thermometer.yaml", "--bench", twins.bench, "--out", place + "/run"]
        + EtalonProgram.shortened, limit: 60)
    XCTAssertEqual(result.status, 77, result.errors)
    XCTAssertTrue(result.errors.contains("no permission"), result.errors)
  }

  /// The twins go in the middle of a run. Nobody can confirm that the heater is off, so the exit code says that and the
  /// message says why (Docs/decisions/0005-unconfirmed-safe-state.md).
  func testTwinsKilledInTheMiddle() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let twins = try RunningTwins(program)
    let out = scratch("run")
    let run = try twins.program.start(
      ["run", try program.warmSession(), "--board", EtalonProgram.board, "--bench", twins.bench, "--out", out]
        + EtalonProgram.shortened)
    try run.waitFor("soaking")
    twins.process.kill()
    let result = try run.wait(limit: 30)
    XCTAssertEqual(result.status, 6, result.errors)
    XCTAssertTrue(result.errors.contains("hung up") || result.errors.contains("no such port"), result.errors)
    XCTAssertTrue(result.errors.contains("safe state was not confirmed"), result.errors)
    XCTAssertEqual(try program.run(["verify", out]).status, 0)
    XCTAssertEqual(try program.run(["replay", out]).status, 0)
  }

  /// Only the reference goes: the heater is off afterwards, and the exit code is that of the cause.
  func testReferenceSilentInTheMiddle() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let faults = try scratch.write(
      "etalon: 1\nfaults:\n  - {at: 4 s, layer: device, device: ref, kind: silent}\n", to: "faults.yaml")
    let twins = try RunningTwins(program, faults: faults)
    let out = scratch("run")
    let result = try twins.program.start(
      [
        "run", try program.warmSession(gap: "0.3 s"), "--board", EtalonProgram.board, "--bench", twins.bench, "--out",
        out,
      ] + EtalonProgram.shortened
    ).wait(limit: 90)
    XCTAssertEqual(result.status, 69, result.errors)
    XCTAssertTrue(result.errors.contains("ref"), result.errors)
    XCTAssertFalse(try twins.heater().isOn)
  }
}
