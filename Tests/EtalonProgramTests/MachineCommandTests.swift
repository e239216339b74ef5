import Foundation
import XCTest

/// The verbs for a machine and what is connected to it, as a person at a new board uses them: doctor, ports, boards, scan,
/// read. The twins are the connected devices.
final class MachineCommandTests: XCTestCase {
  func testScanThenReadOverPseudoTerminals() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let twins = try RunningTwins(program)
    let bench = scratch("scanned.yaml")
    let ports = ["ref", "dut", "bath"].flatMap { ["--port", twins.folder + "/" + $0] }
    let asking = ["bench", "scan", "--board", EtalonProgram.board, "--baud", "115200"] + ports
    let dry = try program.run(asking + ["--dry-run", "--out", bench])
    XCTAssertEqual(dry.status, 0, dry.errors)
    XCTAssertTrue(dry.output.contains("at 115200 baud: who are you? as"), dry.output)
    XCTAssertFalse(FileManager.default.fileExists(atPath: bench))

    let certificate = EtalonProgram.board + "/certificates/ref-1502a.yaml"
    let scan = try program.json(asking + ["--certificate", certificate, "--out", bench, "--json"])
    XCTAssertEqual(scan.status, 0, "\(scan.object)")
    let states = try XCTUnwrap(scan.object["ports"] as? [[String: Any]]).compactMap { $0["state"] as? String }
    XCTAssertEqual(states, ["found", "found", "found"])
    XCTAssertEqual(scan.object["unserved"] as? [String], [])
    let valid = try program.run(["validate", bench, "--board", EtalonProgram.board])
    XCTAssertEqual(valid.status, 0, valid.errors)
    XCTAssertEqual(try program.run(asking + ["--out", bench]).status, 64, "nothing is overwritten")

    // All roles, three readings of each, from the bench that was written.
    let reading = try program.run(["read", "--bench", bench, "--count", "2", "--period", "0.05", "--json"])
    XCTAssertEqual(reading.status, 0, reading.errors)
    var counts: [String: Int] = [:]
    for line in reading.output.split(separator: "\n") {
      let object = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      guard object["identity"] == nil else { continue }
      XCTAssertEqual(object["quality"] as? String, "good", String(line))
      counts[try XCTUnwrap(object["role"] as? String), default: 0] += 1
    }
    XCTAssertEqual(counts, ["ref": 2, "dut": 2, "bath": 2, "room": 2])

    // Ctrl-C ends readings without an end.
    let endless = try program.start(["read", "ref", "room", "--bench", bench, "--period", "0.05"])
    XCTAssertTrue(waitUntil(limit: 10) { endless.output.contains("%RH") && endless.output.contains("°C  good") })
    endless.send(SIGINT)
    XCTAssertEqual(try endless.wait(limit: 5).status, 0)
  }

  /// A role of the board that nobody serves is named, with the exit status of an absent device; so is a silent port.
  func testScanNamesWhatIsMissing() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let missing = try program.run(["bench", "scan", "--port", scratch("nothing"), "--json"])
    XCTAssertEqual(missing.status, 69, missing.errors)
    XCTAssertTrue(missing.output.contains("no such port"), missing.output)
    XCTAssertTrue(missing.errors.contains("no device told who it is"), missing.errors)
    XCTAssertEqual(try program.run(["bench", "scan", "--baud", "7"]).status, 64)
    XCTAssertEqual(try program.run(["bench", "scan", "--board", "no-such-board"]).status, 66)
  }

  func testDoctorPortsAndBoards() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let doctor = try program.json(["doctor", "--json"])
    XCTAssertEqual(doctor.object["exit"] as? Int, Int(doctor.status))
    let findings = try XCTUnwrap(doctor.object["findings"] as? [[String: Any]])
    XCTAssertGreaterThan(findings.count, 12)
    for finding in findings where finding["state"] as? String != "ok" {
      XCTAssertFalse((finding["meaning"] as? String ?? "").isEmpty, "\(finding)")
    }
    let rule = try program.run(["doctor", "--udev-rule"])
    XCTAssertTrue(rule.output.contains("SUBSYSTEM==\"gpio\""), rule.output)
    let ports = try program.run(["ports", "--json"])
    XCTAssertTrue([0, 69].contains(ports.status), ports.errors)
    XCTAssertTrue(ports.output.contains("\"ports\""), ports.output)
    let boards = try program.inFolder(EtalonProgram.repository).json(["boards", "--json"])
    XCTAssertEqual(boards.status, 0)
    let names = try XCTUnwrap(boards.object["boards"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    XCTAssertTrue(names.contains("virtual-bench"), "\(names)")
    XCTAssertEqual(names, names.sorted())
  }

  /// `validate` takes every kind of file, and tells each fault with file, line and column.
  func testValidateEveryKind() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    for (file, words) in [
      (EtalonProgram.board, "valid board virtual-bench"), (EtalonProgram.session, "valid on board virtual-bench"),
      (EtalonProgram.board + "/bench.example.yaml", "valid bench on board virtual-bench"),
      (EtalonProgram.board + "/certificates/ref-1502a.yaml", "valid certificate VB-2026-0815"),
      (EtalonProgram.fastSimulation, "valid simulation"),
      (EtalonProgram.board + "/estimate/bath.yaml", "valid description of a table"),
      (
        try scratch.write("- {at: 40 min, layer: wire, device: ref, kind: silent, for: 10 s}\n", to: "faults.yaml"),
        "plan of 1"
      ),
    ] {
      let result = try program.run(["validate", file])
      XCTAssertEqual(result.status, 0, result.errors)
      XCTAssertTrue(result.output.contains(words), result.output)
    }
    let bad = try scratch.write("roles:\n  bath: {device: bc200, port: /dev/ttyUSB0}\n", to: "bench.yaml")
    let result = try program.run(["validate", bad])
    XCTAssertEqual(result.status, 78)
    XCTAssertTrue(result.errors.contains("bench.yaml:2:"), result.errors)
    XCTAssertTrue(result.errors.contains("order of plugging"), result.errors)
    XCTAssertTrue(result.errors.contains("dead-man"), result.errors)
    let json = try program.json(["validate", bad, "--json"])
    XCTAssertEqual((json.object["diagnostics"] as? [[String: Any]])?.count, 2)
    XCTAssertEqual(try program.run(["validate", bad, "--set", "a=b"]).status, 64)
  }
}
