/// Why a file that the user wrote can not be used: every fault that one pass found, and what the process should exit with.
public struct FileFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What kind of input is at fault.
  public enum Kind: Equatable, Sendable, CaseIterable {
    /// An option on the command line.
    case usage
    /// A session file.
    case session
    /// Another data file: a certificate, the description of a simulation.
    case data
    /// A board's description.
    case board
    /// A bench file, or a bench that does not offer what a session needs.
    case bench
    /// There is no such file.
    case missing
    /// The file may not be read.
    case permission
    /// The operating system failed to read the file.
    case inputOutput

    /// Exit status of the process (BSD sysexits where they fit).
    public var exitStatus: Int32 {
      switch self {
      case .usage: return 64
      case .session, .data: return 65
      case .missing: return 66
      case .inputOutput: return 74
      case .permission: return 77
      case .board, .bench: return 78
      }
    }
  }

  /// What kind of input is at fault.
  public var kind: Kind
  /// What is wrong, in the order of the file; never empty.
  public var diagnostics: [Diagnostic]

  /// A fault from its diagnostics, at least one.
  public init(_ kind: Kind, _ diagnostics: [Diagnostic]) {
    precondition(!diagnostics.isEmpty, "a fault says what is wrong")
    self.kind = kind
    self.diagnostics = diagnostics
  }

  /// Exit status of the process.
  public var exitStatus: Int32 { kind.exitStatus }

  /// All diagnostics as printed; a fault that has no place in a file is printed without one.
  public var description: String {
    switch kind {
    case .usage, .missing, .permission, .inputOutput:
      return diagnostics.map { diagnostic in
        var text = "error: \(diagnostic.reason)\n  fix: \(diagnostic.fix)"
        if let nearest = diagnostic.nearest { text += "\n  did you mean '\(nearest)'?" }
        return text
      }.joined(separator: "\n")
    case .session, .data, .board, .bench:
      return diagnostics.map(\.description).joined(separator: "\n")
    }
  }
}
