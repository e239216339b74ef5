import Foundation
import Glibc
import XCTest

/// Ctrl-C, SIGTERM and SIGKILL in the middle of a session over pseudo-terminals.
final class StopAndKillTests: XCTestCase {
  private func start(_ twins: RunningTwins, out: String, bench: String? = nil, samples: Int = 20) throws -> ChildProcess
  {
    try twins.program.start([
      "run", try twins.program.warmSession(), "--board", EtalonProgram.board, "--bench", bench ?? twins.bench, "--out",
      out, "--set", "soak=0.5 s", "--set", "hold=1 s", "--set", "rate=25 Hz", "--set", "samples=\(samples)",
    ])
  }

  private func assertStopped(_ result: ChildProcess.Result, _ out: String, _ twins: RunningTwins) throws {
    XCTAssertEqual(result.status, 3, result.errors)
    let text = try Data(contentsOf: URL(fileURLWithPath: out + "/summary.json"))
    let summary = try XCTUnwrap(JSONSerialization.jsonObject(with: text) as? [String: Any])
    XCTAssertEqual(summary["verdict"] as? String, "stopped")
    XCTAssertEqual(summary["exit"] as? Int, 3)
    XCTAssertEqual(summary["safe_state_confirmed"] as? Bool, true)
    XCTAssertFalse(try twins.heater().isOn, "the heater is still on")
    XCTAssertEqual(try twins.program.run(["verify", out]).status, 0)
    XCTAssertEqual(try twins.program.run(["replay", out]).status, 0)
  }

  func testFirstInterruptFinishesTheMeasurementAndTheSecondDoesNot() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let twins = try RunningTwins(program)

    let once = scratch("once")
    var run = try start(twins, out: once)
    try run.waitFor("measuring")
    run.send(SIGINT)
    try assertStopped(run.wait(limit: 20), once, twins)
    XCTAssertEqual(
      try RunRecord(runFolder: once).count(RunRecord.Kind.measurement), 1, "the measurement was not finished")

    // 1000 samples take 40 s: only a stop before the checkpoint ends within the limit.
    let twice = scratch("twice")
    run = try start(twins, out: twice, samples: 1000)
    try run.waitFor("measuring")
    XCTAssertTrue(try RunRecord(runFolder: twice).actuatorStates.contains(true), "the heater was never on")
    run.send(SIGINT)
    poll(nil, 0, 200)
    XCTAssertTrue(run.isRunning, "the first request waits for the checkpoint")
    run.send(SIGINT)
    let second = monotonicSeconds()
    let result = try run.wait(limit: 10)
    XCTAssertLessThan(monotonicSeconds() - second, 5)
    try assertStopped(result, twice, twins)
    XCTAssertEqual(try RunRecord(runFolder: twice).count(RunRecord.Kind.measurement), 0)

    // On the way to a set point there is nothing to finish: SIGTERM stops at once.
    let term = scratch("term")
    run = try start(twins, out: term)
    try run.waitFor("approaching")
    run.send(SIGTERM)
    try assertStopped(run.wait(limit: 10), term, twins)
  }

  func testKilledAtAnyMomentLeavesWhatWasPromisedAndTheDeadManActs() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let twins = try RunningTwins(program)
    let impatient = try twins.bench(replacing: "dead_man: 30.0 s", with: "dead_man: 1 s")
    var promised = 0
    for (number, activity) in ["approaching", "soaking", "settling", "measuring"].enumerated() {
      let out = scratch("killed-\(number)")
      let run = try start(twins, out: out, bench: impatient)
      try run.waitFor(activity)
      // The progress is a little behind; the heater is on by then.
      poll(nil, 0, Int32(200 + 60 * number))
      run.send(SIGKILL)
      XCTAssertEqual(try run.wait(limit: 5).status, 128 + SIGKILL)
      let killed = monotonicSeconds()
      let safe = ProgressText(run).recordsSafe
      promised = max(promised, safe)

      let verified = try program.json(["verify", out, "--json"])
      XCTAssertEqual(verified.status, 0, "killed while \(activity): \(verified.object)")
      XCTAssertEqual(verified.object["ok"] as? Bool, true)
      XCTAssertGreaterThanOrEqual(try XCTUnwrap(verified.object["records"] as? Int), safe)
      let replayed = try program.json(["replay", out, "--json"])
      XCTAssertEqual(replayed.object["identical"] as? Bool, true, "killed while \(activity): \(replayed.object)")
      XCTAssertEqual(replayed.object["complete"] as? Bool, false)
      XCTAssertTrue(try RunRecord(runFolder: out).actuatorStates.contains(true), "the heater was never on")

      XCTAssertTrue(
        try waitUntil(limit: 15) { try !twins.heater(bench: impatient).isOn }, "the dead-man did not act: \(activity)")
      print("killed while \(activity): \(safe) records promised, heater off \(monotonicSeconds() - killed) s later")
      XCTAssertTrue(try twins.heater(bench: impatient).isTripped, "somebody else switched it off")
    }
    XCTAssertGreaterThan(promised, 0, "the progress never told how many records are safe")
  }

  func testNextStartAfterAKillGoesToTheSafeStateFirst() throws {
    let scratch = try ScratchFolder()
    let program = try EtalonProgram(scratch: scratch)
    let twins = try RunningTwins(program)
    // The dead-man of 30 s leaves the heater on when the run is killed.
    var run = try start(twins, out: scratch("killed"))
    try run.waitFor("measuring")
    run.send(SIGKILL)
    XCTAssertEqual(try run.wait(limit: 5).status, 128 + SIGKILL)
    XCTAssertTrue(try twins.heater().isOn, "without the next start nothing but the dead-man switches it off")

    let out = scratch("next")
    run = try start(twins, out: out)
    try run.waitFor("identifying")
    run.send(SIGTERM)
    XCTAssertEqual(try run.wait(limit: 20).status, 3)
    XCTAssertFalse(try twins.heater().isOn)
    let record = try RunRecord(runFolder: out)
    let first = try XCTUnwrap(record.sent.first)
    XCTAssertTrue(first.text.contains("HEAT:STAT OFF"), first.text)
    XCTAssertEqual(record.actuatorStates.first, false)
    // Nobody is asked anything before the heater has said that it is off.
    let confirmed = try XCTUnwrap(record.records.firstIndex { $0.kind == RunRecord.Kind.actuator })
    for sent in record.records[..<confirmed] where sent.kind == RunRecord.Kind.send {
      XCTAssertEqual(sent.payload.first, first.port, "another device was spoken to first")
    }
  }
}
