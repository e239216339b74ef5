import Yams

/// One value of a YAML file and where it stands. Every scalar is text until a schema gives it a type.
public struct YAMLNode: Sendable {
  /// A value.
  public enum Content: Sendable {
    /// Text; `isQuoted` tells `"10"` from `10`. Text that is absent is empty and not quoted.
    case scalar(String, isQuoted: Bool)
    /// Items in order.
    case sequence([YAMLNode])
    /// Entries in order; no key stands twice.
    case mapping([Entry])
  }

  /// One entry of a mapping.
  public struct Entry: Sendable {
    /// The key.
    public var key: String
    /// Where the key stands.
    public var place: SourcePlace
    /// The value.
    public var value: YAMLNode
  }

  /// The value.
  public var content: Content
  /// Where it begins.
  public var place: SourcePlace

  /// Word for messages.
  var kindName: String {
    switch content {
    case .scalar(let text, isQuoted: false) where text.isEmpty: return "nothing"
    case .scalar: return "a single value"
    case .sequence: return "a list"
    case .mapping: return "a mapping"
    }
  }
}

/// YAML without its traps: UTF-8 text of at most 1 MiB, 32 levels, one document; no anchors, aliases, merge keys or tags;
/// no duplicate keys; no tabs for indentation; plain text on one line; every scalar is text.
public enum StrictYAML {
  /// The tree of a file.
  ///
  /// Time is linear in the length of the file: what a parser would have to expand is refused before it is parsed.
  /// - Parameter kind: what the file is, for the exit status.
  /// - Throws: `FileFault` with everything that is wrong.
  public static func parse(_ source: SourceFile, kind: FileFault.Kind) throws(FileFault) -> YAMLNode {
    let file = source.name
    func fault(_ reason: String, _ fix: String, at place: SourcePlace = .start) -> FileFault {
      FileFault(kind, [Diagnostic(file: file, place: place, reason: reason, fix: fix)])
    }
    var bytes = source.bytes[...]
    guard bytes.count <= SourceFile.maximumBytes else {
      throw FileFault(kind, [SourceFile.tooLarge(name: file, bytes: bytes.count)])
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    if bytes.isEmpty { throw fault("the file is empty", "begin it with 'etalon: 1'") }
    if let zero = bytes.firstIndex(of: 0) {
      throw fault(
        "the file is binary: it has a zero byte", "name a YAML file in UTF-8", at: place(of: zero, in: bytes))
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw fault(
        "the file is not UTF-8 text", "save it as UTF-8", at: place(of: firstInvalid(bytes), in: bytes))
    }
    let refused = ProfileScanner.diagnostics(file: file, text: text)
    if !refused.isEmpty { throw FileFault(kind, refused) }
    let root: Node?
    do {
      // The basic resolver leaves scalars alone; `load` is never used.
      root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      throw FileFault(kind, [diagnostic(of: error, file: file)])
    } catch {
      throw fault("the file can not be read as YAML: \(error)", "check its indentation and brackets")
    }
    guard let root else { throw fault("the file has no content", "begin it with 'etalon: 1'") }
    var converter = Converter(file: file)
    let tree = converter.convert(root, depth: 1, fallback: .start)
    if !converter.diagnostics.isEmpty { throw FileFault(kind, converter.diagnostics) }
    return tree
  }

  private static func place(of offset: Int, in bytes: ArraySlice<UInt8>) -> SourcePlace {
    var place = SourcePlace.start
    for byte in bytes[bytes.startIndex..<offset] {
      if byte == 0x0A {
        place.line += 1
        place.column = 1
      } else if byte & 0xC0 != 0x80 {
        place.column += 1
      }
    }
    return place
  }

  /// Offset of the first byte that no UTF-8 text has there.
  private static func firstInvalid(_ bytes: ArraySlice<UInt8>) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = bytes.startIndex
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): offset += UTF8.width(scalar)
      case .emptyInput, .error: return min(offset, bytes.endIndex)
      }
    }
  }

  private struct Converter {
    let file: String
    var diagnostics: [Diagnostic] = []

    init(file: String) { self.file = file }

    mutating func report(_ reason: String, _ fix: String, at place: SourcePlace) {
      diagnostics.append(Diagnostic(file: file, place: place, reason: reason, fix: fix))
    }

    mutating func convert(_ node: Node, depth: Int, fallback: SourcePlace) -> YAMLNode {
      let place = node.mark.map { SourcePlace(line: $0.line, column: $0.column) } ?? fallback
      let nothing = YAMLNode(content: .scalar("", isQuoted: false), place: place)
      // The scanner has refused these; should it and the parser ever disagree, nothing with an anchor is walked through.
      guard node.anchor == nil else {
        report("anchors and aliases are not part of the profile", "write the value where it is used", at: place)
        return nothing
      }
      // Text at the end of the deepest branch is no level of its own.
      guard depth <= ProfileScanner.maximumDepth || node.scalar != nil else {
        report("nested deeper than \(ProfileScanner.maximumDepth) levels", "flatten the file", at: place)
        return nothing
      }
      switch node {
      case .scalar(let scalar):
        return YAMLNode(content: .scalar(scalar.string, isQuoted: scalar.style != .plain), place: place)
      case .sequence(let sequence):
        return YAMLNode(
          content: .sequence(sequence.map { convert($0, depth: depth + 1, fallback: place) }), place: place)
      case .mapping(let mapping):
        var entries: [YAMLNode.Entry] = []
        for (key, value) in mapping {
          let keyNode = convert(key, depth: depth + 1, fallback: place)
          guard case .scalar(let text, _) = keyNode.content else {
            report("a key must be text", "write 'key: value'", at: keyNode.place)
            continue
          }
          entries.append(
            YAMLNode.Entry(
              key: text, place: keyNode.place, value: convert(value, depth: depth + 1, fallback: keyNode.place)))
        }
        return YAMLNode(content: .mapping(entries), place: place)
      case .alias:
        report("aliases are not part of the profile", "write the value again", at: place)
        return nothing
      }
    }
  }

  /// What the YAML parser found, in the words of this project.
  private static func diagnostic(of error: YamlError, file: String) -> Diagnostic {
    func at(_ mark: Mark, _ reason: String, _ fix: String) -> Diagnostic {
      Diagnostic(
        file: file, place: SourcePlace(line: max(1, mark.line), column: max(1, mark.column)), reason: reason, fix: fix)
    }
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
      if problem.contains("mapping values are not allowed") {
        return at(mark, "a ': ' stands where no key can be", "check the indentation, or quote text that has ': ' in it")
      }
      if problem.contains("did not find expected key") || problem.contains("did not find expected '-' indicator") {
        return at(mark, "this line fits no level of indentation", "line it up with the entries that it belongs to")
      }
      if problem.contains("could not find expected ':'") {
        return at(mark, "a key without ':'", "write 'key: value'")
      }
      if problem.contains("cannot start any token") {
        return at(mark, "text can not begin with this character", "quote the text")
      }
      return at(mark, "not YAML: \(problem)", "check indentation, brackets, commas and quotes")
    case .composer(_, let problem, let mark, _):
      if problem.contains("another document") {
        return at(mark, "a second document begins here", "keep one document in each file")
      }
      return at(mark, "not part of the profile: \(problem)", "write the value where it is used")
    case .duplicatedKeysInMapping(let keys, let context):
      return at(
        context.mark, "the key '\(keys.first ?? "")' stands twice", "remove or rename one of the two")
    case .reader(let problem, _, _, _):
      return Diagnostic(file: file, place: .start, reason: "not readable: \(problem)", fix: "save it as UTF-8 text")
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      return Diagnostic(
        file: file, place: .start, reason: "not readable as YAML: \(error)", fix: "save it as UTF-8 text")
    }
  }
}
