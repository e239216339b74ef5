/// One thing that was looked at on a machine, with what to do about it.
public struct Finding: Sendable, Equatable {
  /// How bad it is.
  public enum State: String, Sendable {
    /// As it should be.
    case ok
    /// Etalon runs, and something is worse than it could be.
    case warning
    /// Something can not be used until it is mended.
    case missing
  }

  /// What is missing: decides the exit status.
  public enum Kind: Sendable {
    /// A device, a library or a service.
    case absent
    /// A right.
    case permission
    /// Room on the disk.
    case space
  }

  /// Short name, for scripts: `serial-access`.
  public var name: String
  /// How bad it is.
  public var state: State
  /// What is missing, where something is.
  public var kind: Kind
  /// What was found.
  public var found: String
  /// What that means for a bench; empty where all is well.
  public var meaning: String
  /// Commands that mend it, in order; empty where there is nothing to mend or no command can.
  public var remedy: [String]

  /// A finding from its parts.
  public init(
    _ name: String, _ state: State, found: String, meaning: String = "", kind: Kind = .absent, remedy: [String] = []
  ) {
    self.name = name
    self.state = state
    self.kind = kind
    self.found = found
    self.meaning = meaning
    self.remedy = remedy
  }
}
