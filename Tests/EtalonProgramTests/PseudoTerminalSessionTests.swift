import Foundation
import Glibc
import XCTest

/// The whole session over real bytes in real time: the twins in one process, the run in another, pseudo-terminals between.
final class PseudoTerminalSessionTests: XCTestCase {
  func testSessionOverPseudoTerminalsAgreesWithTheSimulationAndReplays() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let twins = try RunningTwins(program)
    for role in ["ref", "dut", "bath", "room"] {
      XCTAssertEqual(access(twins.folder + "/" + role, F_OK), 0, "no pseudo-terminal for \(role)")
    }

    let out = scratch("run")
    let result = try twins.session(out: out, json: true).wait(limit: 180)
    print("the session over pseudo-terminals took \(result.seconds) s of wall time")
    let summary = try result.object()
    XCTAssertEqual(summary["exit"] as? Int, Int(result.status), result.errors)
    XCTAssertTrue(
      ["conforming", "inconclusive"].contains(summary["verdict"] as? String), "\(summary["verdict"] ?? "")")
    XCTAssertEqual(summary["safe_state_confirmed"] as? Bool, true)
    XCTAssertEqual(summary["simulated"] as? Bool, false)
    // 3 set points up and down, then 4 others: the device of this seed is adjusted.
    let points = try XCTUnwrap(summary["points"] as? [[String: Any]])
    XCTAssertEqual(points.count, 10)
    let remarks = try XCTUnwrap(summary["remarks"] as? [String])
    XCTAssertFalse(remarks.contains { $0.contains("trying again") }, "a healthy run needs no second try: \(remarks)")
    // A machine under load is given half as much again as the minute that the session must keep to.
    XCTAssertLessThan(result.seconds, 90)
    XCTAssertFalse(try twins.heater().isOn)

    let verified = try program.json(["verify", out, "--json"])
    XCTAssertEqual(verified.status, 0)
    XCTAssertEqual(verified.object["ok"] as? Bool, true)
    let replayed = try program.json(["replay", out, "--json"])
    XCTAssertEqual(replayed.status, 0)
    XCTAssertEqual(replayed.object["identical"] as? Bool, true)
    XCTAssertGreaterThan(try XCTUnwrap(replayed.object["compared"] as? Int), 1000)

    let simulated = try program.json(
      EtalonProgram.fast + ["--seed", "3", "--json", "--out", scratch("simulated")])
    try assertAgreement(points, XCTUnwrap(simulated.object["points"] as? [[String: Any]]))

    twins.process.send(SIGTERM)
    XCTAssertEqual(try twins.process.wait(limit: 10).status, 0)
    for name in ["ref", "dut", "bath", "room", "bench.yaml"] {
      var status = stat()
      XCTAssertEqual(lstat(twins.folder + "/" + name, &status), -1, "\(name) is still there")
    }
  }

  /// Both runs meet the same bath, reference and device, since the seed is the same; what differs is the readings' noise
  /// (type A) and where the noise falls on the steps of the indication. Both are in each budget with their standard
  /// uncertainty, so the difference of two errors has u² = the sum of both for both runs. As left, the coefficients come
  /// from the as-found means of the same run: a parabola through two visits of three set points carries at most the
  /// variance of one visit to a point between them (its leverage at the nodes is 1/2, and here nowhere above 1).
  private func assertAgreement(_ real: [[String: Any]], _ simulated: [[String: Any]]) throws {
    XCTAssertEqual(real.count, simulated.count)
    func own(_ point: [String: Any]) throws -> Double {
      let rows = try XCTUnwrap(point["budget"] as? [[String: Any]])
      let names = ["readings (type A)", "dut.resolution"]
      let contributions = rows.filter { names.contains($0["name"] as? String ?? "") }
        .compactMap { $0["contribution"] as? Double }
      XCTAssertEqual(contributions.count, 2, "\(rows)")
      return contributions.reduce(0) { $0 + $1 * $1 }
    }
    var worst = 0.0
    for (a, b) in zip(real, simulated) {
      for key in ["phase", "direction"] { XCTAssertEqual(a[key] as? String, b[key] as? String) }
      XCTAssertEqual(a["setpoint"] as? Double, b["setpoint"] as? Double)
      let difference = try XCTUnwrap(a["error"] as? Double) - XCTUnwrap(b["error"] as? Double)
      var variance = try own(a) + own(b)
      if a["phase"] as? String == "as_left" { variance *= 2 }
      worst = max(worst, abs(difference) / variance.squareRoot())
      // Three standard uncertainties at each of ten points: a false alarm in about 3 of 100 runs if all were normal, and
      // far fewer because the greater part is a rectangle, which ends at √3.
      XCTAssertLessThanOrEqual(abs(difference), 3 * variance.squareRoot(), "at \(a["setpoint"] ?? "") °C: \(a) \(b)")
      // Much smaller than what both have in common, so the test could fail.
      XCTAssertLessThan(variance.squareRoot(), try XCTUnwrap(a["u"] as? Double))
    }
    print("largest difference between run and simulation: \(worst) standard uncertainties")
  }

  /// Another seed is another device: the comparison above would find it.
  func testAnotherSeedDoesNotAgree() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    var errors: [[Double]] = []
    for seed in ["3", "4"] {
      let run = try program.json(EtalonProgram.fast + ["--seed", seed, "--json", "--out", scratch.next("out")])
      let points = try XCTUnwrap(run.object["points"] as? [[String: Any]])
      errors.append(points.filter { $0["phase"] as? String == "as_found" }.compactMap { $0["error"] as? Double })
    }
    XCTAssertEqual(errors[0].count, 6)
    XCTAssertEqual(errors[1].count, 6)
    XCTAssertGreaterThan(zip(errors[0], errors[1]).map { abs($0 - $1) }.max() ?? 0, 0.02)
  }

  /// PyVISA-py, which nobody here wrote, speaks with the device's twin.
  func testThirdPartyClientReadsTheDevice() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let python =
      ProcessInfo.processInfo.environment["ETALON_JUDGE_PYTHON"]
      ?? EtalonProgram.repository + "/.build/judges/bin/python"
    guard access(python, X_OK) == 0 else {
      throw XCTSkip("no PyVISA-py: '\(python)' is not there; scripts/test installs it")
    }
    let judge = EtalonProgram.repository + "/Tests/EtalonProgramTests/Judges/pyvisa_judge.py"
    let twins = try RunningTwins(program)
    let result = try ChildProcess([python, judge, twins.folder + "/dut", "115200"], outputsIn: scratch).wait(limit: 60)
    XCTAssertEqual(result.status, 0, result.errors)
    let object = try result.object()
    XCTAssertEqual(object["identity"] as? String, "ETALON,DT100,DT100-0042,1.0")
    let celsius = try XCTUnwrap(object["celsius"] as? Double)
    // The bath cools from the room towards its sink.
    XCTAssertTrue((0...30).contains(celsius), "\(celsius)")
    XCTAssertEqual(object["error"] as? Int, 0, "\(object)")
    XCTAssertEqual(object["error_after_nonsense"] as? Int, -113, "IEEE 488.2 undefined header: \(object)")
  }
}
