/// What the reading of one file shares: the file's name, what was found wrong so far, and the parameters.
///
/// Readers report here and go on, so that one pass finds everything.
public final class DecodingContext {
  /// The file as the user named it.
  public let file: String
  /// What was found wrong, in the order of finding.
  public private(set) var diagnostics: [Diagnostic] = []
  /// Values that `${name}` stands for; nil in a file that has no parameters.
  var parameters: ParameterTable?

  /// A context for a file without parameters.
  public init(file: String) { self.file = file }

  /// Notes that something is wrong; after the hundredth fault nobody reads on.
  public func report(_ reason: String, fix: String, at place: SourcePlace, nearest: String? = nil) {
    if diagnostics.count >= 100 { return }
    diagnostics.append(Diagnostic(file: file, place: place, reason: reason, fix: fix, nearest: nearest))
  }

  /// Throws what was found, in the order of the file.
  public func finish(_ kind: FileFault.Kind) throws(FileFault) {
    if diagnostics.isEmpty { return }
    // The order of finding decides between diagnostics at one place.
    let sorted = diagnostics.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
    throw FileFault(kind, sorted.map(\.element))
  }
}

/// The parameters of a session, and what the command line set them to.
struct ParameterTable {
  struct Entry {
    var name: String
    var text: String
    var place: SourcePlace
    var isOverridden: Bool
    var isUsed = false
  }

  private(set) var entries: [Entry] = []

  mutating func add(_ entry: Entry) { entries.append(entry) }

  var names: [String] { entries.map(\.name) }

  /// The parameter's text and where it came from, for messages; marks it as used.
  mutating func use(_ name: String) -> (text: String, origin: String)? {
    guard let index = entries.firstIndex(where: { $0.name == name }) else { return nil }
    entries[index].isUsed = true
    let entry = entries[index]
    let origin =
      entry.isOverridden
      ? " (from --set \(name)=\"\(entry.text)\")" : " (parameter '\(name)', line \(entry.place.line))"
    return (entry.text, origin)
  }
}
