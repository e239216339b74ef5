import Foundation
import XCTest

/// What people hand to the program by mistake or in bad faith, and the answers that scripts rely on.
final class BadInputTests: XCTestCase {
  func testFilesThatAreNoSession() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let good = try String(contentsOfFile: EtalonProgram.session, encoding: .utf8)
    // Each level holds the one before nine times: 9⁹ values for a parser that follows aliases.
    var bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in 1...9 {
      let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(items)]\n"
    }
    let files: [(String, Data)] = [
      ("empty", Data()),
      ("binary", Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) })),
      ("zeros", Data(count: 4096)),
      ("large", Data(repeating: UInt8(ascii: "#"), count: 2 << 20)),
      ("bomb", Data(bomb.utf8)),
      ("tabs", Data(good.replacingOccurrences(of: "\n  ", with: "\n\t").utf8)),
      ("nothing-but-a-word", Data("thermometer\n".utf8)),
    ]
    for (name, bytes) in files {
      let file = try scratch.write(bytes, to: name + ".yaml")
      for verb in ["validate", "plan", "simulate"] {
        let result = try program.run([verb, file, "--board", EtalonProgram.board], limit: 20)
        XCTAssertEqual(result.status, 65, "\(verb) \(name): \(result.errors)")
        XCTAssertEqual(result.output, "", "\(verb) \(name)")
        let first = result.errors.split(separator: "\n").first.map(String.init) ?? ""
        XCTAssertTrue(first.hasPrefix(file + ":"), "\(verb) \(name): \(first)")
        let place = first.dropFirst(file.count + 1).split(separator: ":", maxSplits: 2)
        XCTAssertTrue(place.count == 3 && Int(place[0]) != nil && Int(place[1]) != nil, "\(verb) \(name): \(first)")
        // The alias bomb costs 33 s to a parser that follows it.
        XCTAssertLessThan(result.seconds, 10, "\(verb) \(name)")
      }
    }
  }

  func testWhatIsNotThere() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let nowhere = scratch("nowhere")
    let cases: [(arguments: [String], status: Int32)] = [
      (["validate", nowhere + ".yaml", "--board", EtalonProgram.board], 66),
      (["simulate", nowhere + ".yaml", "--board", EtalonProgram.board], 66),
      (["run", EtalonProgram.session, "--bench", nowhere + ".yaml"], 66),
      (["simulate", EtalonProgram.session, "--board", nowhere], 66),
      (["simulate", EtalonProgram.session, "--sim", nowhere + ".yaml"], 66),
      (["twin", "no-such-board", "--dir", nowhere], 66),
      (["verify", nowhere], 66),
      (["replay", nowhere], 66),
      (["campaign", "coverage", "no-such-board", "--seeds", "1..2"], 66),
      (["simulate"], 64),
      (["measure", EtalonProgram.session], 64),
      (["simulate", EtalonProgram.session, "--sead", "3"], 64),
      (["simulate", EtalonProgram.session, "--seed", "three"], 64),
      (["simulate", EtalonProgram.session, "--set", "sok=1 min"], 64),
      (["simulate", EtalonProgram.session, "--set", "soak"], 64),
      (["campaign", "coverage", EtalonProgram.board, "--seeds", "9..2"], 64),
      (["read", "ref", "--bench", nowhere, "--count", "0"], 64),
    ]
    for (arguments, status) in cases {
      let result = try program.inFolder(scratch.path).run(arguments)
      XCTAssertEqual(result.status, status, "\(arguments): \(result.errors)")
      XCTAssertFalse(result.errors.isEmpty, "\(arguments) says nothing")
      XCTAssertEqual(result.output, "", "\(arguments)")
    }
    let near = try program.run(["validate", EtalonProgram.session, "--set", "sok=1 min"])
    XCTAssertTrue(near.errors.contains("did you mean 'soak'?"), near.errors)
    XCTAssertEqual(FileManager.default.fileExists(atPath: scratch("runs")), false, "a run folder was begun for nothing")
  }

  func testSetPointThatThePlantCanNotHold() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let text = try String(contentsOfFile: EtalonProgram.session, encoding: .utf8)
    // 1.5 kW against 26 W/K hold no more than about 65 °C, and the sink of 2 °C nothing below it.
    for setpoints in ["[10 °C, 25 °C, 70 °C]", "[1 °C, 25 °C, 50 °C]"] {
      let file = try scratch.write(
        text.replacingOccurrences(of: "[10 °C, 25 °C, 50 °C]", with: setpoints)
          .replacingOccurrences(of: "range: [8 °C, 55 °C]", with: "range: [0 °C, 80 °C]")
          .replacingOccurrences(of: "range: [0 °C, 60 °C]", with: "range: [0 °C, 80 °C]"), to: "far.yaml")
      let result = try program.run(["plan", file, "--board", EtalonProgram.board])
      XCTAssertEqual(result.status, 65, result.errors)
      XCTAssertTrue(result.errors.contains("can not hold"), result.errors)
      XCTAssertEqual(try program.run(["simulate", file, "--board", EtalonProgram.board]).status, 65)
    }
  }

  func testEveryVerbSpeaksJSON() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    XCTAssertEqual(try program.json(["validate", EtalonProgram.session, "--json"]).object["ok"] as? Bool, true)
    let plan = try program.json(["plan", EtalonProgram.session, "--json"])
    XCTAssertEqual(plan.status, 0)
    XCTAssertFalse(plan.object.isEmpty)
    let out = scratch("out")
    let run = try program.json(EtalonProgram.fast + ["--seed", "3", "--json", "--out", out])
    let keys = [
      "run", "session", "board", "simulated", "seed", "version", "verdict", "as_found", "as_left", "exit", "ended",
      "points", "coefficients", "samples", "gaps", "faults", "ledger",
    ]
    for key in keys { XCTAssertNotNil(run.object[key], "summary has no '\(key)'") }
    let point = try XCTUnwrap((run.object["points"] as? [[String: Any]])?.first)
    for key in [
      "phase", "direction", "setpoint", "reference", "indication", "error", "u", "k", "dof", "U", "limit", "decision",
      "truth",
    ] { XCTAssertNotNil(point[key], "a point has no '\(key)'") }
    let stored = try Data(contentsOf: URL(fileURLWithPath: out + "/summary.json"))
    XCTAssertEqual(
      try program.run(EtalonProgram.fast + ["--seed", "3", "--json", "--out", scratch("again")]).output,
      String(decoding: stored, as: UTF8.self), "--json prints what summary.json holds")
    for key in ["ok", "records", "first_bad", "checks"] {
      XCTAssertNotNil(try program.json(["verify", out, "--json"]).object[key], "verify has no '\(key)'")
    }
    for key in ["identical", "compared", "first_difference"] {
      XCTAssertNotNil(try program.json(["replay", out, "--json"]).object[key], "replay has no '\(key)'")
    }
    let campaign = try program.run(
      [
        "campaign", "coverage", EtalonProgram.board, "--session", EtalonProgram.session, "--seeds", "1..2", "--json",
        "--sim", EtalonProgram.fastSimulation,
      ] + EtalonProgram.shortened, limit: 60)
    XCTAssertNoThrow(try JSONSerialization.jsonObject(with: Data(campaign.output.utf8)), campaign.output)
  }
}
