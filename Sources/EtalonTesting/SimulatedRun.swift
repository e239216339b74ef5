import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim

/// One session on one simulated bench, ready to run. This is what a test of a user's session imports:
///
/// ```swift
/// let run = try SimulatedRun(session: "boards/virtual-bench/sessions/thermometer.yaml", seed: 7)
/// let outcome = try run.start()
/// XCTAssertEqual(outcome.results.verdict, .conforming, "\(outcome)")
/// ```
public struct SimulatedRun: Sendable {
  /// The session, checked.
  public var plan: SessionPlan
  /// The board that it runs on.
  public var board: BoardPlan
  /// Twins, plant and priors.
  public var simulation: SimFile
  /// Whether the simulation file takes the place of what the session declares; see `SimulatedBench`.
  public var isTold = false
  /// Faults that happen, at first those of the simulation file.
  public var faults: FaultPlan
  /// Seed of everything random.
  public var seed: UInt64
  /// `name=value` of the session's parameters that were overridden.
  public var overrides: [String]
  /// The session file as it was read.
  public var source: SourceFile
  /// Version of Etalon that the header names.
  public var version: String

  /// Reads a session with its board and simulation.
  /// - Parameters:
  ///   - session: path of the session file.
  ///   - board: folder of the board; nil for the nearest above the session.
  ///   - simulation: path of the simulation file; nil for the board's `sim.yaml`.
  ///   - seed: nil for the simulation file's.
  ///   - overrides: `name=value` of the session's parameters.
  /// - Throws: `FileFault` with every fault of the file concerned.
  public init(
    session: String, board: String? = nil, simulation: String? = nil, seed: UInt64? = nil, overrides: [String] = [],
    version: String = "test"
  ) throws(FileFault) {
    source = try SourceFile(path: session, kind: .session)
    plan = try SessionFile.load(source, overrides: overrides)
    let directory: String
    if let board { directory = board } else { directory = try SessionFile.boardDirectory(ofSession: session) }
    self.board = try BoardFile.load(directory: directory)
    self.simulation = try SimFile.load(path: simulation ?? directory + "/sim.yaml")
    faults = self.simulation.faults
    self.seed = seed ?? self.simulation.seed
    self.overrides = overrides
    self.version = version
  }

  /// What came out, printed with the seed that makes it again.
  public struct Outcome: Sendable, CustomStringConvertible {
    /// What the session found.
    public var results: SessionResults
    /// The seed that makes this run again.
    public var seed: UInt64
    /// Number of records and their digest.
    public var ledger: LedgerSummary
    /// The header of the run's ledger.
    public var header: RunHeader
    /// Verdict, reason, remarks and digest, with the seed.
    public var description: String {
      "seed \(seed): \(results.verdict.rawValue), \(results.failure?.reason ?? "no failure"), "
        + "remarks: \(results.remarks), ledger \(ledger.digest)"
    }
  }

  /// Runs to the end in virtual time and keeps only the digest of the ledger.
  public func start() throws -> Outcome {
    try start(sink: LedgerDigester())
  }

  /// Runs to the end in virtual time.
  /// - Parameters:
  ///   - sink: where the records go.
  ///   - prepare: may change the simulated world before the run, for example schedule a stop.
  ///   - interrupt: asked before every turn whether the run shall stop.
  ///   - observe: called after every turn.
  public func start(
    sink: any LedgerSink, prepare: (inout SimulatedWorld) -> Void = { _ in },
    interrupt: () -> StopRequest? = { nil },
    observe: ((borrowing SessionEngine, Instant) -> Void)? = nil
  ) throws -> Outcome {
    let simulated = try SimulatedBench(board: board, simulation: simulation, session: plan, isTold: isTold)
    var world: SimulatedWorld
    do throws(SimulationFault) {
      world = try SimulatedWorld(simulated.configuration, seed: seed, faults: faults)
    } catch { throw SimulatedBenchFault.simulation(error) }
    prepare(&world)
    var engine = try SessionEngine(
      plan: plan, board: board, bench: simulated.bench, utcNanosecondsAtStart: simulation.utcNanoseconds)
    let header = header(bench: simulated.bench)
    var recorder = LedgerRecording(sink, header: header, at: world.now())
    runLoop(&engine, in: &world, recorder: &recorder, interrupt: interrupt, observe: observe)
    return Outcome(results: engine.results, seed: seed, ledger: try sink.close(), header: header)
  }

  /// The header of this run's ledger.
  public func header(bench: BenchPlan) -> RunHeader {
    RunHeader(
      version: version, session: plan.name, board: board.name, timebase: .simulated,
      utcNanosecondsAtStart: simulation.utcNanoseconds, seed: seed, overrides: overrides, sessionText: source.bytes,
      boardPlan: board, bench: bench)
  }
}
