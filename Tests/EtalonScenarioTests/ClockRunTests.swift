import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation
import XCTest

/// A whole session of a clock bench: serial line and pulses, driver and twin, estimator and steering.
final class ClockRunTests: XCTestCase {
  private static let board = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("boards/chip-clock").path

  private func session() throws -> ClockSession {
    try ClockSession.load(SourceFile(path: Self.board + "/sessions/steer.yaml", kind: .session))
  }

  private func simulation() throws -> ClockBenchConfiguration {
    try ClockSimFile.load(SourceFile(path: Self.board + "/sim.yaml", kind: .bench)).configuration
  }

  private func run(
    _ plan: ClockRun.Plan, _ configuration: ClockBenchConfiguration, seed: UInt64
  ) throws -> (run: ClockRun, truth: (phaseSeconds: Double, frequency: Double, ageingPerSecond: Double)) {
    var automaton = try ClockRun(plan)
    var world = ClockWorld(configuration, seed: seed)
    var recorder = NoRecorder()
    runLoop(&automaton, in: &world, recorder: &recorder)
    return (automaton, world.truth)
  }

  /// Synchronise, watch, steer, lose the reference, find it again; the claim covers the truth at the end.
  func testSteersAndHoldsOver() throws {
    var plan = try session().plan
    plan.stages = [
      .init(name: "free", seconds: 300, isSteered: false), .init(name: "steered", seconds: 1500, isSteered: true),
    ]
    plan.steering?.timeConstantSeconds = 200
    var configuration = try simulation()
    configuration.outages = [1000...1100]
    for seed in 1...2 as ClosedRange<UInt64> {
      let (result, truth) = try run(plan, configuration, seed: seed)
      XCTAssertNil(result.failure, "seed \(seed)")
      XCTAssertEqual(result.serial, "2411CS00042")
      XCTAssertGreaterThan(result.steerCommands, 10, "seed \(seed)")
      let last = try XCTUnwrap(result.rows.last)
      XCTAssertEqual(last.state, .calibrated, "seed \(seed): \(result.remarks)")
      XCTAssertEqual(
        last.phase.value, truth.phaseSeconds * 1e9, accuracy: 4 * last.phase.standardUncertainty, "seed \(seed)")
      XCTAssertEqual(
        last.frequency.value, truth.frequency, accuracy: 4 * last.frequency.standardUncertainty, "seed \(seed)")
      XCTAssertLessThan(truth.phaseSeconds.magnitude, 200e-9, "seed \(seed)")
      let held = result.rows.filter(\.isHoldover)
      XCTAssertGreaterThan(held.count, 80, "seed \(seed)")
      let uncertainties = held.map(\.phase.standardUncertainty)
      XCTAssertEqual(uncertainties, uncertainties.sorted(), "it grows while the reference is away, seed \(seed)")
      // No command while nothing is known.
      XCTAssertEqual(Set(held.map(\.steer)).count, 1, "seed \(seed)")
      XCTAssertGreaterThan(result.channel.reference.missing, 90)
    }
  }

  /// The same seed gives the same rows, another one others.
  func testIsReproducible() throws {
    var plan = try session().plan
    plan.stages = [.init(name: "free", seconds: 100, isSteered: false)]
    let configuration = try simulation()
    let first = try run(plan, configuration, seed: 3).run.rows
    XCTAssertEqual(first, try run(plan, configuration, seed: 3).run.rows)
    XCTAssertNotEqual(first, try run(plan, configuration, seed: 4).run.rows)
  }

  /// A clock whose input sees no pulse, and one that never locks, end the run with the reason.
  func testReasonsOfFailure() throws {
    let plan = try session().plan
    var configuration = try simulation()
    configuration.outages = [0...100_000]
    XCTAssertEqual(try run(plan, configuration, seed: 1).run.failure?.contains("1PPS input"), true)
    configuration = try simulation()
    configuration.warmUpSeconds = 10_000
    XCTAssertEqual(try run(plan, configuration, seed: 1).run.failure?.contains("not locked"), true)
  }

  /// The recorded inputs give every decision again, and a changed one does not.
  func testReplays() throws {
    var text = try String(contentsOfFile: Self.board + "/sessions/steer.yaml", encoding: .utf8)
    text = text.replacing("for: 1 h", with: "for: 2 min").replacing("for: 150 min", with: "for: 3 min")
    text = text.replacing("time_constant: 600 s", with: "time_constant: 60 s")
    let source = SourceFile(name: "session.yaml", bytes: Array(text.utf8))
    let board = try BoardFile.load(directory: Self.board)
    let header = RunHeader(
      version: "test", session: "steer-chip-clock", board: board.name, timebase: .simulated,
      utcNanosecondsAtStart: 0, seed: 1, overrides: [], sessionText: source.bytes, boardPlan: board, bench: board.bench)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clock-\(UUID().uuidString)").path
    defer { XCTAssertNoThrow(try FileManager.default.removeItem(atPath: folder)) }
    let writer = try LedgerWriter(runFolder: folder, mode: .wait)
    var automaton = try ClockRun(ClockSession.load(source).plan)
    var world = ClockWorld(try simulation(), seed: 1)
    var recorder = LedgerRecording(writer, header: header, at: world.now())
    runLoop(&automaton, in: &world, recorder: &recorder)
    _ = try writer.close()
    let replay = try Replay(path: folder + "/" + LedgerWriter.fileName)
    XCTAssertNil(replay.firstDifference)
    XCTAssertTrue(replay.isComplete)
    XCTAssertGreaterThan(replay.compared, 400)
    XCTAssertEqual(replay.clock?.rows, automaton.rows)
    XCTAssertGreaterThan(automaton.steerCommands, 0)
  }

  func testVerdict() throws {
    let session = try session()
    var plan = session.plan
    plan.stages = [.init(name: "free", seconds: 200, isSteered: false)]
    let configuration = try simulation()
    let (result, _) = try run(plan, configuration, seed: 1)
    var strict = session
    strict.phaseLimitNanoseconds = 1e-3
    XCTAssertNotEqual(strict.verdict(result), .conforming)
    strict.phaseLimitNanoseconds = 1e6
    strict.frequencyLimit = 1e-6
    XCTAssertEqual(strict.verdict(result), .conforming)
    strict.frequencyLimit = 1e-16
    XCTAssertNotEqual(strict.verdict(result), .conforming)
  }
}
