import ArgumentParser
import EtalonSession
import EtalonTesting
import Foundation

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract:
      "Check a session, board, bench, certificate, simulation, fault or estimate file without running anything.",
    discussion: """
      The kind of the file is told from its keys. A session is checked against its board; boards and benches are checked \
      physically too: lines used twice, joined voltage domains, rates that a port can not make, port names that do not \
      stay, actuators without a safe state or dead-man. Every message has file, line and column, the reason and the fix.
      """)

  @OptionGroup var arguments: SessionArguments

  func run() throws {
    let checked: (kind: FileKind, sentence: String, object: [String: Any])
    do { checked = try check() } catch let fault as FileFault {
      if arguments.json { print(try Self.json(fault)) }
      throw Fail.with(fault)
    }
    guard arguments.json else {
      print(checked.sentence)
      return
    }
    var object = checked.object
    object["ok"] = true
    object["kind"] = checked.kind.rawValue
    print(try ReportJSON.text(object))
  }

  private func check() throws -> (FileKind, String, [String: Any]) {
    var file = arguments.session
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), isFolder.boolValue,
      FileManager.default.fileExists(atPath: file + "/board.yaml")
    {
      file += file.hasSuffix("/") ? "board.yaml" : "/board.yaml"
    }
    let source = try SourceFile(path: file, kind: .session)
    let kind = FileKind.of(source)
    if kind != .session, !arguments.overrides.isEmpty {
      throw FileFault(
        .usage,
        [
          Diagnostic(
            file: file, place: .start, reason: "--set is for sessions; this file is a \(kind.rawValue)",
            fix: "leave it out")
        ])
    }
    switch kind {
    case .session:
      let plan = try SessionFile.load(source, overrides: arguments.overrides)
      let directory =
        try arguments.board.map { try Boards.directory(of: $0) } ?? SessionFile.boardDirectory(ofSession: file)
      let board = try BoardFile.load(directory: directory)
      try BenchFile.check(board.bench, serves: plan)
      return (kind, "\(file): valid on board \(board.name)", ["session": plan.name, "board": board.name])
    case .board:
      let board = try BoardFile.load(source)
      try refuse(BoardLint.diagnostics(board, file: file), .board)
      return (kind, "\(file): valid board \(board.name)", ["board": board.name])
    case .bench:
      let bench = try BenchFile.load(source)
      let board = try board(near: file)
      try refuse(BenchLint.diagnostics(bench, board: board), .bench)
      let on = board.map { " on board \($0.name)" } ?? ""
      return (kind, "\(file): valid bench\(on)", ["board": ReportJSON.text(board?.name)])
    case .certificate:
      let certificate = try CertificateFile.load(source)
      return (kind, "\(file): valid certificate \(certificate.identifier)", ["certificate": certificate.identifier])
    case .clock:
      let session = try ClockSession.load(source)
      return (kind, "\(file): valid session of a clock bench", ["session": session.name])
    case .estimate where try ClockDeclarations.isClock(source):
      _ = try ClockEstimateFile(source)
      return (kind, "\(file): valid description of a table of pulses", [:])
    case .estimate:
      _ = try EstimateFile(source)
      return (kind, "\(file): valid description of a table", [:])
    case .simulation where try ClockSimFile.isOne(source):
      _ = try ClockSimFile.load(source)
      return (kind, "\(file): valid simulation of a clock bench", [:])
    case .simulation:
      _ = try SimFile.load(source)
      return (kind, "\(file): valid simulation", [:])
    case .faults:
      let plan = try FaultFile.load(source)
      return (kind, "\(file): valid fault plan of \(plan.entries.count) entries", ["entries": plan.entries.count])
    }
  }

  /// The board that a bench belongs to: the one that was named, else the one whose folder it lies in.
  private func board(near file: String) throws -> BoardPlan? {
    if let board = arguments.board { return try BoardFile.load(directory: try Boards.directory(of: board)) }
    let folder = URL(fileURLWithPath: file).standardizedFileURL.deletingLastPathComponent().path
    guard FileManager.default.fileExists(atPath: folder + "/board.yaml") else { return nil }
    return try BoardFile.load(directory: folder)
  }

  private func refuse(_ diagnostics: [Diagnostic], _ kind: FileFault.Kind) throws(FileFault) {
    if !diagnostics.isEmpty { throw FileFault(kind, diagnostics) }
  }

  static func json(_ fault: FileFault) throws -> String {
    try ReportJSON.text(
      [
        "ok": false, "exit": Int(fault.exitStatus),
        "diagnostics": fault.diagnostics.map { diagnostic -> [String: Any] in
          [
            "file": diagnostic.file, "line": diagnostic.line, "column": diagnostic.column, "reason": diagnostic.reason,
            "fix": diagnostic.fix, "nearest": ReportJSON.text(diagnostic.nearest),
          ]
        },
      ] as [String: Any])
  }
}
