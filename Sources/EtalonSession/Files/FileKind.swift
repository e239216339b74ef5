/// Which kind of file of the strict profile a file is, told from its outermost keys.
public enum FileKind: String, Sendable, CaseIterable {
  case session, board, bench, certificate, simulation, faults, estimate
  /// A session of a clock bench.
  case clock

  /// The kind of a file. One that can not be read as YAML, or has none of the keys, is judged by its name, and is taken for
  /// a session in the end, whose reader then says what is wrong.
  public static func of(_ source: SourceFile) -> FileKind {
    do {
      let tree = try StrictYAML.parse(source, kind: .session)
      switch tree.content {
      case .sequence: return .faults
      case .scalar: break
      case .mapping(let entries):
        let keys = Set(entries.map(\.key))
        if keys.contains("session") && keys.contains("clock") { return .clock }
        if keys.contains("session") || keys.contains("steps") { return .session }
        if keys.contains("certificate") { return .certificate }
        if keys.contains("faults") && !keys.contains("reference") { return .faults }
        if keys.contains("response") && keys.contains("noise") { return .estimate }
        if keys.contains("clock") { return .estimate }
        if keys.contains("board") || keys.contains("voltage_domains") { return .board }
        if keys.contains("priors") || keys.contains("utc") || keys.contains("seed") { return .simulation }
        if keys.contains("roles") { return .bench }
      }
    } catch {
      // What is wrong with the text is told by the reader of its kind.
    }
    let name = source.name.split(separator: "/").last.map { $0.lowercased() } ?? ""
    if name == "board.yaml" { return .board }
    if name.hasPrefix("bench") { return .bench }
    if name.hasPrefix("sim") { return .simulation }
    return .session
  }
}
