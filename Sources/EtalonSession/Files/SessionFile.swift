import Foundation

/// Reads session files.
public enum SessionFile {
  /// Reads and checks the session at `path`.
  ///
  /// - Parameter overrides: `name=value` texts of `--set`, each name at most once; a value takes the place of the
  ///   parameter's and is checked where it is used.
  /// - Throws: `FileFault` of kind `.missing`, `.session` (with every fault of the file), or `.usage` for an override.
  public static func load(path: String, overrides: [String] = []) throws(FileFault) -> SessionPlan {
    try load(SourceFile(path: path, kind: .session), overrides: overrides)
  }

  /// Reads and checks a session whose bytes are at hand.
  public static func load(_ source: SourceFile, overrides: [String] = []) throws(FileFault) -> SessionPlan {
    let tree = try StrictYAML.parse(source, kind: .session)
    if FileKind.of(source) == .clock {
      throw FileFault(
        .session,
        [
          Diagnostic(
            file: source.name, place: .start,
            reason: "this is a session of a clock bench, which is only simulated so far",
            fix: "use 'etalon simulate', or 'etalon estimate' for recorded time stamps")
        ])
    }
    let context = DecodingContext(file: source.name)
    guard let root = MappingReader.root(of: tree, context: context) else {
      try context.finish(.session)
      throw incomplete(source.name)
    }
    let reader = SessionReader(root: root, context: context)
    reader.parameters(try Override.parse(overrides, file: source.name))
    if let usage = reader.usageFault { throw usage }
    let plan = reader.plan()
    try context.finish(.session)
    guard let plan else { throw incomplete(source.name) }
    return plan
  }

  /// A reader gave nothing and no reason: a mistake in the reader, told as a fault so that nothing unchecked runs.
  private static func incomplete(_ file: String) -> FileFault {
    FileFault(
      .session,
      [Diagnostic(file: file, place: .start, reason: "the session can not be read", fix: "report this file as a bug")])
  }

  /// The nearest folder above the session that has a `board.yaml`.
  ///
  /// - Throws: `FileFault` of kind `.missing` when there is none up to the root.
  public static func boardDirectory(ofSession path: String) throws(FileFault) -> String {
    let start = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent()
    var folder = start
    while true {
      let board = folder.appendingPathComponent("board.yaml").path
      if FileManager.default.fileExists(atPath: board) { return folder.path }
      let parent = folder.deletingLastPathComponent()
      if parent.path == folder.path { break }
      folder = parent
    }
    throw FileFault(
      .missing,
      [
        Diagnostic(
          file: path, place: .start, reason: "no folder above '\(path)' has a board.yaml",
          fix: "keep sessions in boards/<board>/sessions, or name the board with --board")
      ])
  }
}

/// One `--set name=value`.
struct Override: Equatable {
  var name: String
  var value: String

  /// Splits the texts at their first `=`.
  static func parse(_ texts: [String], file: String) throws(FileFault) -> [Override] {
    var overrides: [Override] = []
    var faults: [Diagnostic] = []
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      func fault(_ reason: String, _ fix: String) {
        faults.append(Diagnostic(file: file, place: .start, reason: reason, fix: fix))
      }
      if parts.count != 2 || parts[0].isEmpty || parts[1].isEmpty {
        fault("--set \"\(text)\" is not name=value", "write it as --set soak=\"15 min\"")
      } else if parts[1].contains("${") {
        fault("--set \(parts[0]) refers to a parameter", "write the value itself")
      } else if overrides.contains(where: { $0.name == parts[0] }) {
        fault("--set \(parts[0]) is given twice", "give each parameter once")
      } else {
        overrides.append(Override(name: parts[0], value: parts[1]))
      }
    }
    if !faults.isEmpty { throw FileFault(.usage, faults) }
    return overrides
  }
}
