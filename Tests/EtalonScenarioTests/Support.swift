import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation
import XCTest

/// The sessions of the virtual bench as scenario tests run them.
enum Scenario {
  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let board = repository + "/boards/virtual-bench"
  static let session = board + "/sessions/thermometer.yaml"

  /// Whether the full counts are asked for, which take long.
  static var isFull: Bool { ProcessInfo.processInfo.environment["ETALON_FULL"] == "1" }

  /// The session exactly as its file says, at the plant's own speed.
  static func full(seed: UInt64 = 1, overrides: [String] = []) throws -> SimulatedRun {
    try SimulatedRun(session: session, seed: seed, overrides: overrides)
  }

  /// The same session on a bench 200 times quicker, with waiting times to match: every step of it in some ten thousand
  /// exchanges, so that one run takes a second or two without optimisation.
  static func quick(seed: UInt64 = 1, overrides: [String] = []) throws -> SimulatedRun {
    try SimulatedRun(
      session: session, simulation: board + "/sim-fast.yaml", seed: seed,
      overrides: ["soak=1 s", "hold=1 s", "rate=40 Hz"] + (overrides.isEmpty ? ["samples=60"] : overrides))
  }

  /// As `quick`, with two calibration points and one visit each: enough for identify, adjust and as left.
  static func short(seed: UInt64 = 1) throws -> SimulatedRun {
    try SimulatedRun(
      session: repository + "/Tests/Fixtures/sessions/short.yaml", board: board,
      simulation: board + "/sim-fast.yaml", seed: seed)
  }

  /// No run of these tests takes so many inputs; one that does is stopped, so that no test can hang.
  static let greatestTurns = 2_000_000
}

/// A run with everything that an onlooker at the bench and a reader of the ledger can know of it.
struct Observed {
  var outcome: SimulatedRun.Outcome
  /// The bench, as the run left it.
  var bench: VirtualBench
  /// The ledger as a file would hold it.
  var ledger: [UInt8]
  /// Whether the run was ended by the limit of turns.
  var ranAway: Bool

  var results: SessionResults { outcome.results }
  var exit: Int32 { outcome.results.exitCode.rawValue }

  /// Runs and keeps the ledger.
  init(
    _ run: SimulatedRun, keepingLedger: Bool = true, stops: [(request: StopRequest, atSeconds: Double)] = [],
    interrupt: () -> StopRequest? = { nil }, observe: ((borrowing SessionEngine, Instant) -> Void)? = nil
  ) throws {
    let sink = LedgerDigester(keepingBytes: keepingLedger)
    var bench: VirtualBench?
    var turns = 0
    var ranAway = false
    outcome = try run.start(
      sink: sink,
      prepare: { world in
        bench = world.bench
        for stop in stops { world.schedule(stop.request, atSeconds: stop.atSeconds) }
      },
      interrupt: {
        turns += 1
        // A stop is taken once; should even that not end the run, the process ends rather than hang.
        precondition(turns < 2 * Scenario.greatestTurns, "the run does not end")
        if turns == Scenario.greatestTurns {
          ranAway = true
          return .now
        }
        return interrupt()
      }, observe: observe)
    self.bench = try XCTUnwrap(bench)
    ledger = sink.bytes
    self.ranAway = ranAway
  }

  /// Lets the bench stand alone for so long after the run.
  func leaveAlone(seconds: Double) throws {
    var outbox = Outbox()
    let end = try XCTUnwrap(results.ended)
    bench.handle(.wake, at: end + Int64(seconds * 1e9), into: &outbox)
  }
}

/// Fault plans in few words.
enum FaultPlanBuilder {
  static func wire(
    _ role: String, _ kind: FaultKind, at seconds: Double, for duration: Double? = nil, value: Double? = nil
  ) -> FaultPlan {
    FaultPlan([
      FaultEntry(atSeconds: seconds, layer: .wire, target: role, kind: kind, forSeconds: duration, value: value)
    ])
  }

  static func device(
    _ role: String, _ kind: FaultKind, at seconds: Double, for duration: Double? = nil, value: Double? = nil
  ) -> FaultPlan {
    FaultPlan([
      FaultEntry(atSeconds: seconds, layer: .device, target: role, kind: kind, forSeconds: duration, value: value)
    ])
  }

  static func plant(_ kind: FaultKind, at seconds: Double, for duration: Double? = nil, value: Double? = nil)
    -> FaultPlan
  {
    FaultPlan([FaultEntry(atSeconds: seconds, layer: .plant, kind: kind, forSeconds: duration, value: value)])
  }
}

/// When things happen in an undisturbed run of the short session with seed 1, seconds since the start.
struct Timeline {
  var firstWindow = 0.0
  var adjusting = 0.0
  var end = 0.0
  private static let measured = Result {
    var timeline = Timeline()
    let observed = try Observed(
      try Scenario.short(seed: 1),
      observe: { engine, instant in
        let seconds = Double(instant.nanoseconds) * 1e-9
        if engine.progress.activity == .measuring, timeline.firstWindow == 0 { timeline.firstWindow = seconds }
        if engine.progress.activity == .adjusting, timeline.adjusting == 0 { timeline.adjusting = seconds }
      })
    timeline.end = Double(try XCTUnwrap(observed.results.ended).nanoseconds) * 1e-9
    return timeline
  }
  static func short() throws -> Timeline { try measured.get() }
}
