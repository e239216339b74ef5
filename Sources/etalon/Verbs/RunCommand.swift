import ArgumentParser
import EtalonCore
import EtalonLedger
import EtalonLinux
import EtalonSession

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a session on hardware, or on twins behind pseudo-terminals, in real time.")

  @OptionGroup var arguments: SessionArguments

  @Option(name: .long, help: "The bench file: which device serves which role, at which port.")
  var bench: String

  @Option(name: .long, help: "The run folder; must be absent or empty. By default runs/<UTC>-<session>-<serial>-<id>.")
  var out: String?

  @OptionGroup var realTime: RealTimeArguments

  @Flag(name: .customLong("dry-run"), help: "Check everything and show the plan, but do not run.")
  var dryRun = false

  func run() throws {
    let (source, plan, board, _) = try arguments.load()
    let bench = try Fail.reporting {
      let bench = try BenchFile.load(path: self.bench)
      let report = try PlanReport(session: plan, board: board)
      try BenchFile.check(bench, serves: plan)
      if dryRun { print(arguments.json ? try report.json() : report.text()) }
      return bench
    }
    let spin = try realTime.spinNanoseconds()
    if dryRun { return }

    // Before any thread starts: the recorder's thread must not take the signals that the loop waits for.
    LinuxWorld.blockSignals()
    let clock = LinuxClock.mapping()
    let header = RunHeader(
      version: Version.text, session: plan.name, board: board.name, timebase: .monotonic,
      utcNanosecondsAtStart: clock.utcNanoseconds, seed: 0, overrides: arguments.overrides,
      sessionText: source.bytes, boardPlan: board, bench: bench)
    var engine = try Fail.reporting {
      try SessionEngine(plan: plan, board: board, bench: bench, utcNanosecondsAtStart: clock.utcNanoseconds)
    }
    let output = try RunOutput(out: out, header: header, mode: .drop, rateHertz: plan.sampling.rateHertz)
    let specifications = bench.instruments.map { BenchPorts.specification($0, of: bench) }
    var world: LinuxWorld
    do throws(PortFault) {
      world = try LinuxWorld(
        ports: specifications, lines: bench.ownLines.map(\.specification), signals: .checkpointFirst)
    } catch {
      throw Fail.with(error.exitCode, error.explanation)
    }
    var recorder = LedgerRecording(output.writer, header: header, at: clock.instant)
    var line = ProgressLine(quiet: false)
    let writer = output.writer
    world.spinNanoseconds = spin
    world.deadMan = bench.deadMan
    // Last before the loop: no thread that was started before is a real-time thread.
    let granted = RealTime(realTime.request)
    world.isRealTime = granted.hasPriority
    for lack in granted.lacks { Text.toStandardError("warning: \(lack.explanation)\n") }
    runLoop(
      &engine, in: &world, recorder: &recorder,
      observe: { engine, _ in line.show(engine.progress, acknowledged: writer.acknowledged) })
    _ = consume granted
    line.end()
    if realTime.isAsked { Text.toStandardError("\(engine.results.timing.text)\n") }
    if let gap = world.heartbeatGapNanoseconds {
      Text.toStandardError(
        "error: the heartbeat ended after \(world.heartbeatCount) beats: \(Double(gap / 1_000_000) / 1000) s from one turn of "
          + "the loop to the next\n")
    }
    for fault in BenchPorts.lineFaults(of: world, ports: bench.instruments.count, lines: bench.ownLines.count) {
      Text.toStandardError("error: \(fault)\n")
    }
    let ledger: LedgerSummary
    do throws(LedgerFault) { ledger = try output.writer.close() } catch {
      // The record is lost from here on; what a person must know about the bench is not.
      if !arguments.json { print(ResultTable.text(engine.results)) }
      Text.toStandardError("error: \(error.explanation)\n")
      guard engine.results.isUnsafe else { throw ArgumentParser.ExitCode(error.exitCode.rawValue) }
      throw Fail.with(.unsafe, "the safe state was not confirmed; switch the actuator off by hand")
    }
    try output.finish(results: engine.results, header: header, ledger: ledger, json: arguments.json)
  }
}
