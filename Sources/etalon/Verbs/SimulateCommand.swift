import ArgumentParser
import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Run a session on a simulated bench, in virtual time.")

  @OptionGroup var arguments: SessionArguments

  @Option(name: .long, help: "Simulation file; by default the board's sim.yaml.")
  var sim: String?

  @Option(name: .long, help: "Fault plan, beside the faults of the simulation file.")
  var faults: String?

  @Option(name: .long, help: "Seed of everything random; by default the simulation file's.")
  var seed: UInt64?

  @Option(name: .long, help: "The run folder; must be absent or empty. By default runs/<UTC>-<session>-<serial>-<id>.")
  var out: String?

  @Flag(name: .customLong("dry-run"), help: "Check everything and show the plan, but do not run.")
  var dryRun = false

  func run() throws {
    if try Fail.reporting({ try ClockDeclarations.isClock(SourceFile(path: arguments.session, kind: .session)) }) {
      return try simulateClock()
    }
    let run = try Fail.reporting {
      var run = try SimulatedRun(
        session: arguments.session, board: arguments.board, simulation: sim, seed: seed,
        overrides: arguments.overrides, version: Version.text)
      // A file that is named has other priors than the board's own: the session is told of them.
      run.isTold = sim != nil && run.simulation.isHonest
      if let faults { run.faults.entries += try FaultFile.load(path: faults).entries }
      return run
    }
    let bench = try Fail.reporting {
      let report = try PlanReport(session: run.plan, board: run.board)
      try BenchFile.check(run.board.bench, serves: run.plan)
      if dryRun { print(arguments.json ? try report.json() : report.text()) }
      return try SimulatedBench(
        board: run.board, simulation: run.simulation, session: run.plan, isTold: run.isTold)
    }
    if dryRun { return }

    let header = run.header(bench: bench.bench)
    let output = try RunOutput(out: out, header: header, mode: .wait)
    var line = ProgressLine(quiet: arguments.json && isatty(2) == 0)
    Interrupts.install()
    let outcome = try Fail.reporting {
      try run.start(sink: output.writer, interrupt: Interrupts.next) { engine, _ in line.show(engine.progress) }
    }
    line.end()
    try output.finish(results: outcome.results, header: header, ledger: outcome.ledger, json: arguments.json)
  }
}
