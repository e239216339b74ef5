import ArgumentParser
import EtalonSession

/// What `validate`, `plan`, `simulate` and `run` have in common.
struct SessionArguments: ParsableArguments {
  @Argument(help: "The session file; for validate any file of the language.")
  var session: String

  @Option(name: .long, help: "Folder of the board; by default the nearest folder above the session with a board.yaml.")
  var board: String?

  @Option(name: .customLong("set"), help: ArgumentHelp("Override a parameter of the session.", valueName: "name=value"))
  var overrides: [String] = []

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  @Flag(name: .customLong("no-input"), help: "Never ask; take the answers that the session gives for CI.")
  var noInput = false

  func load() throws -> (source: SourceFile, plan: SessionPlan, board: BoardPlan, boardDirectory: String) {
    try Fail.reporting {
      let source = try SourceFile(path: session, kind: .session)
      let plan = try SessionFile.load(source, overrides: overrides)
      let directory = try board ?? SessionFile.boardDirectory(ofSession: session)
      return (source, plan, try BoardFile.load(directory: directory), directory)
    }
  }
}

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what a session will do, step by step, and how long it will take.")

  @OptionGroup var arguments: SessionArguments

  func run() throws {
    let (_, plan, board, _) = try arguments.load()
    let report = try Fail.reporting {
      let report = try PlanReport(session: plan, board: board)
      try BenchFile.check(board.bench, serves: plan)
      return report
    }
    print(arguments.json ? try report.json() : report.text())
  }
}
