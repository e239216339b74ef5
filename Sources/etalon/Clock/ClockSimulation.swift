import ArgumentParser
import EtalonCore
import EtalonLedger
import EtalonMetrology
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation

/// A session of a clock bench in virtual time.
extension SimulateCommand {
  func simulateClock() throws {
    if faults != nil {
      throw Fail.with(
        .usage, "--faults is for benches of devices; a clock bench takes 'outages' and lines in its sim.yaml")
    }
    if !arguments.overrides.isEmpty {
      throw Fail.with(.usage, "a session of a clock bench has no parameters for --set")
    }
    let source = try Fail.reporting { try SourceFile(path: arguments.session, kind: .session) }
    let session = try Fail.reporting { try ClockSession.load(source) }
    let directory = try Fail.reporting {
      try arguments.board ?? SessionFile.boardDirectory(ofSession: arguments.session)
    }
    let board = try Fail.reporting { try BoardFile.load(directory: directory) }
    let simulation = try Fail.reporting {
      try ClockSimFile.load(SourceFile(path: sim ?? directory + "/sim.yaml", kind: .bench))
    }
    if dryRun {
      for stage in session.plan.stages {
        print("\(stage.name): \(Text.duration(Double(stage.seconds)))\(stage.isSteered ? ", steered" : "")")
      }
      return
    }
    let usedSeed = seed ?? simulation.seed
    let header = RunHeader(
      version: Version.text, session: session.name, board: board.name, timebase: .simulated,
      utcNanosecondsAtStart: simulation.utcNanoseconds, seed: usedSeed, overrides: [], sessionText: source.bytes,
      boardPlan: board, bench: board.bench)
    let folder = out.map(RunFolder.init(path:)) ?? RunFolder.named(header: header, serial: "", in: "runs")
    var run: ClockRun
    do { run = try ClockRun(session.plan) } catch { throw Fail.with(.badData, "\(arguments.session): \(error)") }
    var world = ClockWorld(simulation.configuration, seed: usedSeed)
    let ledger: LedgerSummary
    do throws(LedgerFault) {
      let writer = try LedgerWriter(runFolder: folder.path, mode: .wait)
      try folder.write(source.bytes, to: "session.yaml")
      var recorder = LedgerRecording(writer, header: header, at: world.now())
      Interrupts.install()
      runLoop(&run, in: &world, recorder: &recorder, interrupt: Interrupts.next)
      ledger = try writer.close()
    } catch { throw Fail.with(RunOutput.exitCode(error), error.explanation) }
    try finish(run, session, world.truth, ledger, header, folder)
  }

  private func finish(
    _ run: ClockRun, _ session: ClockSession,
    _ truth: (phaseSeconds: Double, frequency: Double, ageingPerSecond: Double),
    _ ledger: LedgerSummary, _ header: RunHeader, _ folder: RunFolder
  ) throws {
    let verdict = session.verdict(run)
    let exit: EtalonSession.ExitCode =
      switch verdict {
      case .conforming: .conforming
      case .nonconforming: .nonconforming
      case .inconclusive: .inconclusive
      case .stopped: .stopped
      case .failed: .deviceAbsent
      }
    let summary = try ReportJSON.text(summary(run, session, truth, ledger, header, folder, verdict, exit)) + "\n"
    try Fail.reporting {
      try folder.write(Array(Self.csv(run).utf8), to: "clock.csv")
      if let plot = ClockReport.phasePlot(run.rows).svg() { try folder.write(Array(plot.utf8), to: "phase.svg") }
      if let plot = ClockReport.stabilityPlot(run.channel.stability).svg() {
        try folder.write(Array(plot.utf8), to: "sigma-tau.svg")
      }
      try folder.write(Array(summary.utf8), to: "summary.json")
    }
    if arguments.json {
      print(summary, terminator: "")
    } else {
      print(Self.text(run, session, truth, verdict))
      print("run folder: \(folder.path)")
    }
    if let failure = run.failure { Text.toStandardError("error: \(failure)\n") }
    if exit != .conforming { throw ArgumentParser.ExitCode(exit.rawValue) }
  }

  /// Estimate, claim and truth of the three quantities at the end.
  private static func quantities(
    _ run: ClockRun, _ truth: (phaseSeconds: Double, frequency: Double, ageingPerSecond: Double)
  ) -> [(name: String, unit: String, value: Double, u: Double, truth: Double)] {
    guard let last = run.rows.last else { return [] }
    return [
      ("phase", "ns", last.phase.value, last.phase.standardUncertainty, truth.phaseSeconds * 1e9),
      ("frequency", "", last.frequency.value, last.frequency.standardUncertainty, truth.frequency),
      ("ageing", "1/s", last.ageing.value, last.ageing.standardUncertainty, truth.ageingPerSecond),
    ]
  }

  private func summary(
    _ run: ClockRun, _ session: ClockSession,
    _ truth: (phaseSeconds: Double, frequency: Double, ageingPerSecond: Double),
    _ ledger: LedgerSummary, _ header: RunHeader, _ folder: RunFolder, _ verdict: Verdict,
    _ exit: EtalonSession.ExitCode
  ) -> [String: Any] {
    var results: [String: Any] = [:]
    for quantity in Self.quantities(run, truth) {
      let error = quantity.value - quantity.truth
      results[quantity.name] =
        [
          "value": quantity.value, "u": quantity.u, "U": 1.96 * quantity.u, "unit": quantity.unit,
          "truth": ["error": error, "covered": error.magnitude <= 1.96 * quantity.u] as [String: Any],
        ] as [String: Any]
    }
    var stages: [[String: Any]] = []
    for (index, stage) in run.plan.stages.enumerated() {
      let rows = run.rows.filter { $0.stage == index }
      let squares = rows.reduce(0) { $0 + $1.phase.value * $1.phase.value }
      stages.append([
        "name": stage.name, "seconds": rows.count, "steered": stage.isSteered,
        "rms_phase_ns": ReportJSON.number(rows.isEmpty ? nil : (squares / Double(rows.count)).squareRoot()),
        "final_phase_ns": ReportJSON.number(rows.last?.phase.value),
        "final_u_phase_ns": ReportJSON.number(rows.last?.phase.standardUncertainty),
      ])
    }
    var counts: [String: Any] = [:]
    for count in ClockReport.counts(run.channel) { counts[count.name] = count.count }
    return [
      "run": folder.name, "session": session.name, "board": header.board, "simulated": true, "seed": header.seed,
      "version": header.version, "verdict": verdict.rawValue, "exit": Int(exit.rawValue), "serial": run.serial,
      "results": results, "stages": stages, "pulses": counts, "steer": run.rows.last?.steer ?? 0,
      "steer_commands": run.steerCommands, "remarks": run.remarks,
      "state": run.rows.last.map { ClockReport.word($0.state, isHoldover: $0.isHoldover) } ?? "none",
      "stability": ClockReport.points(run.channel.stability).map { point -> [String: Any] in
        [
          "tau": point.averagingFactor, "oadev": point.allanDeviation, "terms": point.terms,
          "mdev": ReportJSON.number(point.modifiedVariance.isNaN ? nil : point.modifiedDeviation),
          "stride": point.stride,
        ]
      },
      "ledger": ["records": ledger.records, "digest": ledger.digest] as [String: Any],
    ]
  }

  private static func csv(_ run: ClockRun) -> String {
    var lines = [
      "second,stage,measured_ns,phase_ns,u_phase_ns,frequency,u_frequency,ageing_per_s,u_ageing_per_s,state,steer"
    ]
    for row in run.rows {
      lines.append(
        "\(row.second),\(run.plan.stages[row.stage].name),\(row.measuredNanoseconds.map { "\($0)" } ?? ""),"
          + "\(row.phase.value),\(row.phase.standardUncertainty),\(row.frequency.value),"
          + "\(row.frequency.standardUncertainty),\(row.ageing.value),\(row.ageing.standardUncertainty),"
          + "\(ClockReport.word(row.state, isHoldover: row.isHoldover)),\(row.steer)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(
    _ run: ClockRun, _ session: ClockSession,
    _ truth: (phaseSeconds: Double, frequency: Double, ageingPerSecond: Double),
    _ verdict: Verdict
  ) -> String {
    var rows = [["", "estimate", "U (95 %)", "error (simulated)"]]
    for quantity in quantities(run, truth) {
      rows.append([
        quantity.unit.isEmpty ? quantity.name : "\(quantity.name) / \(quantity.unit)",
        Figures.significant(quantity.value), Figures.significant(1.96 * quantity.u),
        Figures.significant(quantity.value - quantity.truth),
      ])
    }
    var text = "\(session.title)\nclock \(run.serial), \(run.rows.count) s, steering commands: \(run.steerCommands)\n\n"
    text += Text.table(rows) + "\n\n" + ClockReport.stabilityTable(run.channel.stability) + "\n\n"
    for count in ClockReport.counts(run.channel) where count.count > 0 { text += "\(count.words): \(count.count)\n" }
    for remark in run.remarks { text += "\(remark)\n" }
    return text + "\(verdict.rawValue)"
  }
}
