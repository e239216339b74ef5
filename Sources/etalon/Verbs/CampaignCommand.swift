import ArgumentParser
import EtalonSession
import EtalonTesting
import Foundation
import Synchronization

struct CampaignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "campaign", abstract: "Many seeded runs, and what they say together.",
    subcommands: [CoverageCommand.self, ControlCampaignCommand.self])
}

struct CoverageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coverage",
    abstract: "Run a board's on-line session for many seeds and count how often the interval covers the truth.")

  @Argument(help: "The board: a folder, or a name below boards/.")
  var board: String

  @Option(name: .long, help: "First and last seed, for example 1..200.")
  var seeds: String

  @Option(name: .long, help: "Session file; by default the board's sessions/online.yaml, else the first one there.")
  var session: String?

  @Option(
    name: .long,
    help:
      "Simulation file with other priors than the board's own: the truth is drawn from them, and the session is told.")
  var sim: String?

  @Option(name: .customLong("set"), help: ArgumentHelp("Override a parameter of the session.", valueName: "name=value"))
  var overrides: [String] = []

  @Option(
    name: .customLong("require-coverage"),
    help: ArgumentHelp("Fail unless every phase covers the truth in so many per cent.", valueName: "low..high"))
  var requiredCoverage: String?

  @Option(
    name: .customLong("require-rms"),
    help: ArgumentHelp(
      "Fail unless the root mean square of (error - truth)/u lies within, in every phase.", valueName: "low..high"))
  var requiredRMS: String?

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func run() throws {
    let coverageLimits = try requiredCoverage.map(Self.range)
    let rmsLimits = try requiredRMS.map(Self.range)
    let parts = seeds.components(separatedBy: "..")
    guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]), first <= last,
      last - first < 1_000_000
    else {
      throw Fail.with(.usage, "--seeds '\(seeds)' is no range of at most a million seeds; write it as 1..200")
    }
    let directory = try Boards.directory(of: board)
    let path = try session ?? Self.firstSession(in: directory)
    let base = try Fail.reporting {
      var run = try SimulatedRun(
        session: path, board: directory, simulation: sim, overrides: overrides, version: Version.text)
      run.isTold = sim != nil && run.simulation.isHonest
      return run
    }
    let campaign = CoverageCampaign(run: base, seeds: first...last)
    let shows = isatty(2) == 1
    let report = try Fail.reporting {
      try campaign.report { done, total in
        if shows { Text.toStandardError("\r\u{1B}[K\(done) of \(total) seeds") }
      }
    }
    if shows { Text.toStandardError("\r\u{1B}[K") }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report.phases), as: UTF8.self))
    } else {
      var rows = [["bench", "phase", "points", "covered", "rms (error-truth)/u", "mean u"]]
      for phase in report.phases {
        rows.append([
          phase.bench, phase.phase, "\(phase.n)", Text.fixed(phase.covered * 100, 2) + " %", Text.fixed(phase.rms, 3),
          Text.fixed(phase.meanU * 1e3, 2) + " mK",
        ])
      }
      print(Text.table(rows, leftAligned: [0, 1]))
      for failure in report.failures { print(failure) }
    }
    for phase in report.phases {
      if let limits = coverageLimits, !limits.contains(phase.covered * 100) {
        throw Fail.with(
          .nonconforming,
          "\(phase.phase): \(phase.covered * 100) % of the intervals cover the truth, required \(limits)")
      }
      if let limits = rmsLimits, !limits.contains(phase.rms) {
        throw Fail.with(.nonconforming, "\(phase.phase): the root mean square is \(phase.rms), required \(limits)")
      }
    }
    if !report.failures.isEmpty {
      throw ArgumentParser.ExitCode(EtalonSession.ExitCode.inconclusive.rawValue)
    }
  }

  private static func range(_ text: String) throws -> ClosedRange<Double> {
    let parts = text.components(separatedBy: "..")
    guard parts.count == 2, let low = Double(parts[0]), let high = Double(parts[1]), low <= high else {
      throw Fail.with(.usage, "'\(text)' is no range; write it as 91..99.5")
    }
    return low...high
  }

  private static func firstSession(in directory: String) throws -> String {
    let folder = directory + "/sessions"
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
      throw Fail.with(.missingFile, "'\(folder)' can not be read: \(error.localizedDescription)")
    }
    if names.contains("online.yaml") { return folder + "/online.yaml" }
    guard let name = names.first(where: { $0.hasSuffix(".yaml") }) else {
      throw Fail.with(.missingFile, "there is no session in '\(folder)'")
    }
    return folder + "/" + name
  }
}
