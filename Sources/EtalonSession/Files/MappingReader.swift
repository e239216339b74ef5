/// The keys of one mapping: those asked for are known, and `finish` reports the others and those that are missing.
public final class MappingReader {
  private let entries: [YAMLNode.Entry]
  /// What messages call it.
  public let name: String
  /// Where it begins.
  public let place: SourcePlace
  let context: DecodingContext
  private var known: [String] = []
  /// Groups of keys of which one must be there and none is.
  private var missing: [[String]] = []
  private var unavailable: [String] = []
  private var taken: Set<String> = []

  init(_ entries: [YAMLNode.Entry], name: String, place: SourcePlace, context: DecodingContext) {
    self.entries = entries
    self.name = name
    self.place = place
    self.context = context
  }

  /// The keys of a file's outermost mapping, or nil when it is something else, which is reported.
  public static func root(of node: YAMLNode, context: DecodingContext) -> MappingReader? {
    guard case .mapping(let entries) = node.content, !entries.isEmpty else {
      context.report(
        "the file holds \(node.kindName), not a mapping of keys", fix: "begin it with 'etalon: 1'", at: node.place)
      return nil
    }
    return MappingReader(entries, name: "the file", place: node.place, context: context)
  }

  private func take(_ key: String) -> ValueReader? {
    if !known.contains(key) { known.append(key) }
    guard let entry = entries.first(where: { $0.key == key }) else { return nil }
    taken.insert(key)
    return reader(entry)
  }

  private func reader(_ entry: YAMLNode.Entry) -> ValueReader {
    // An absent value has no place of its own; a list or mapping in block style begins lines below its key.
    var node = entry.value
    switch node.content {
    case .scalar(let text, let isQuoted): if text.isEmpty && !isQuoted { node.place = entry.place }
    case .sequence, .mapping: if node.place.line != entry.place.line { node.place = entry.place }
    }
    return ValueReader(node, name: "'\(entry.key)'", context: context)
  }

  /// The value of a key that must be there; nil, and a fault, when it is not.
  public func required(_ key: String) -> ValueReader? {
    let value = take(key)
    if value == nil && !missing.contains([key]) { missing.append([key]) }
    return value
  }

  /// Asks for one of several keys; none of them is a fault.
  public func requiredOne(of keys: String...) {
    var found = false
    for key in keys { found = take(key) != nil || found }
    if !found { missing.append(keys) }
  }

  /// The value of a key that may be there.
  public func optional(_ key: String) -> ValueReader? { take(key) }

  /// Whether a key is there; says nothing.
  public func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

  /// Where a key stands.
  public func place(of key: String) -> SourcePlace { entries.first { $0.key == key }?.place ?? place }

  /// Names keys of the language that this version can not act on; one that is there is reported as such.
  public func notAvailable(_ keys: String...) { unavailable += keys }

  /// All entries that were not asked for, for mappings whose keys the user chooses; `finish` counts them as known.
  public func others() -> [(key: String, place: SourcePlace, value: ValueReader)] {
    entries.filter { !taken.contains($0.key) }.map { entry in
      taken.insert(entry.key)
      return (entry.key, entry.place, reader(entry))
    }
  }

  /// Reports unknown keys, with the known one that each was probably meant to be, and missing ones.
  public func finish() { report(unknown: true) }

  /// Reports unknown keys only for `unknown`; one that was probably meant to be a missing key is always reported.
  fileprivate func report(unknown: Bool) {
    var meant: Set<String> = []
    let open = known.filter { !taken.contains($0) }
    for entry in entries where !taken.contains(entry.key) {
      if unavailable.contains(entry.key) {
        context.report(
          "'\(entry.key)' is not available yet in this version", fix: "remove it for now", at: entry.place)
        continue
      }
      // A key that is there already was hardly meant.
      let nearest = NearestWord.nearest(to: entry.key, among: open + unavailable)
      if let nearest { meant.insert(nearest) }
      if !unknown && !missing.contains(where: { $0.contains(nearest ?? "") }) { continue }
      let words = open.isEmpty ? known : open
      context.report(
        "unknown key '\(entry.key)' in \(name)",
        fix: words.isEmpty ? "remove it" : "use one of: \(words.joined(separator: ", "))", at: entry.place,
        nearest: nearest)
    }
    for keys in missing where !keys.contains(where: meant.contains) {
      let words = keys.map { "'\($0)'" }.joined(separator: " or ")
      context.report("\(name) lacks the key \(words)", fix: "add '\(keys[0]): ...'", at: place)
    }
  }
}

extension MappingReader {
  /// Reports only what is missing, where the known keys depend on a missing one.
  func finishMissing() { report(unknown: false) }
}
