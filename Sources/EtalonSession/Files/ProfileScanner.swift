/// Reads YAML text once, token by token, and reports what the strict profile does not allow, before a YAML parser sees it.
///
/// An anchor costs nothing here, however often aliases repeat it, because nothing is expanded. The profile keeps plain
/// (unquoted) text on one line, so that the place where a token begins is always known.
struct ProfileScanner {
  /// Deepest nesting of mappings and sequences.
  static let maximumDepth = 32

  private struct Container {
    var column: Int
    var isFlow: Bool
    var isMapping: Bool
    var opened: SourcePlace
    /// Keys so far and their lines.
    var keys: [String: Int] = [:]
  }

  private enum Token { case none, scalar, key, indicator, closing }

  private let file: String
  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var line = 1
  private var lineStart = 0
  private var containers: [Container] = []
  private var flowDepth = 0
  private var last = Token.none
  private var lastPlace = SourcePlace.start
  private var hasContent = false
  private var stopped = false
  private(set) var diagnostics: [Diagnostic] = []

  init(file: String, text: String) {
    self.file = file
    scalars = Array(text.unicodeScalars)
  }

  private var place: SourcePlace { SourcePlace(line: line, column: index - lineStart + 1) }

  private mutating func report(
    _ reason: String, fix: String, at place: SourcePlace? = nil, nearest: String? = nil
  ) {
    // A file of nothing but faults needs no million messages.
    if diagnostics.count >= 100 { stopped = true }
    diagnostics.append(
      Diagnostic(file: file, place: place ?? self.place, reason: reason, fix: fix, nearest: nearest))
  }

  private func at(_ offset: Int) -> Unicode.Scalar? {
    index + offset < scalars.count ? scalars[index + offset] : nil
  }

  private static func isBreak(_ scalar: Unicode.Scalar) -> Bool { scalar == "\n" || scalar == "\r" }

  /// Whether a token ends before `offset`: blank, line break or the end.
  private func isBlank(_ offset: Int) -> Bool {
    guard let scalar = at(offset) else { return true }
    return scalar == " " || scalar == "\t" || Self.isBreak(scalar)
  }

  private static func isFlowIndicator(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "," || scalar == "[" || scalar == "]" || scalar == "{" || scalar == "}"
  }

  /// Steps over a line break, which stands at `index`.
  private mutating func newLine() {
    if scalars[index] == "\r", at(1) == "\n" { index += 1 }
    index += 1
    line += 1
    lineStart = index
  }

  private mutating func skipLine() {
    while index < scalars.count, !Self.isBreak(scalars[index]) { index += 1 }
  }

  /// Reads the whole text and gives what is wrong with it, in the order of the file.
  static func diagnostics(file: String, text: String) -> [Diagnostic] {
    var scanner = ProfileScanner(file: file, text: text)
    if !scanner.checkCharacters() { return scanner.diagnostics }
    scanner.indentation()
    while scanner.index < scanner.scalars.count && !scanner.stopped { scanner.token() }
    return scanner.diagnostics
  }

  /// Refuses characters that a text file does not have, and those that YAML takes for a line break and editors do not.
  private mutating func checkCharacters() -> Bool {
    while index < scalars.count {
      let scalar = scalars[index]
      switch scalar.value {
      case 0x0A, 0x0D:
        newLine()
        continue
      case 0x09, 0x20...0x7E, 0xA0...0x2027, 0x202A...0xFEFE, 0xFF00...0xFFFD, 0x10000...: break
      case 0:
        report("the file is binary: it has a zero byte", fix: "name a YAML file in UTF-8")
        return false
      default:
        let code = String(scalar.value, radix: 16, uppercase: true)
        let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
        report("the character \(name) is not allowed", fix: "remove it; a YAML file is plain text in UTF-8")
        return false
      }
      index += 1
    }
    index = 0
    line = 1
    lineStart = 0
    return true
  }

  /// At the start of a line: steps over its indentation, which must not have a tab.
  private mutating func indentation() {
    while let scalar = at(0), scalar == " " { index += 1 }
    guard at(0) == "\t" else { return }
    let tab = place
    while let scalar = at(0), scalar == " " || scalar == "\t" { index += 1 }
    guard let scalar = at(0), !Self.isBreak(scalar), scalar != "#" else { return }
    report("a tab indents this line", fix: "indent with spaces, two for each level", at: tab)
  }

  private mutating func token() {
    let scalar = scalars[index]
    let inFlow = flowDepth > 0
    switch scalar {
    case " ", "\t": index += 1
    case "\n", "\r":
      newLine()
      indentation()
    case "#": skipLine()
    case "\"", "'": quoted(scalar)
    case "&", "*", "!": property(scalar)
    case "[", "{": open(scalar)
    case "]", "}": close(scalar)
    case ",":
      if !inFlow { return plain() }
      index += 1
      last = .indicator
    case "%" where index == lineStart && !inFlow:
      report("YAML directives are not part of the profile", fix: "remove this line")
      skipLine()
    case "-" where !inFlow && index == lineStart && at(1) == "-" && at(2) == "-" && isBlank(3): document()
    case "." where !inFlow && index == lineStart && at(1) == "." && at(2) == "." && isBlank(3):
      report("the end-of-document mark '...' is not part of the profile", fix: "remove this line")
      index += 3
    case "-" where isBlank(1) && !inFlow:
      enter(at: place, isMapping: false)
      index += 1
      last = .indicator
      hasContent = true
    case "?" where isBlank(1):
      report("keys that begin with '?' are not part of the profile", fix: "write 'key: value'")
      stopped = true
    case ":" where isBlank(1) || (inFlow && (at(1).map(Self.isFlowIndicator) ?? true)):
      index += 1
      last = .indicator
    case "|" where !inFlow, ">" where !inFlow: block()
    default: plain()
    }
  }

  private mutating func document() {
    if hasContent {
      report("a second document begins here", fix: "keep one document in each file")
      stopped = true
    }
    index += 3
    last = .indicator
  }

  private mutating func property(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "&": report("anchors are not part of the profile", fix: "remove '\(word())'; write the value where it is used")
    case "*":
      report(
        "aliases are not part of the profile",
        fix: "write the value again in place of '\(word())', or use a parameter; quote text that begins with '*'")
    default:
      report("tags are not part of the profile", fix: "remove '\(word())'; the key decides the type of its value")
    }
    while let next = at(0), !isBlank(0), !(flowDepth > 0 && Self.isFlowIndicator(next)) { index += 1 }
    last = .indicator
    hasContent = true
  }

  private func word() -> String {
    var view = String.UnicodeScalarView()
    var offset = 0
    while offset < 40, let scalar = at(offset), !isBlank(offset), offset == 0 || !Self.isFlowIndicator(scalar) {
      view.append(scalar)
      offset += 1
    }
    return String(view)
  }

  // MARK: Collections

  /// A block sequence or mapping has an entry at `place`: ends what is deeper, and begins a collection if none is there.
  private mutating func enter(at place: SourcePlace, isMapping: Bool) {
    let column = place.column
    while let top = containers.last, !top.isFlow,
      top.column > column || (top.column == column && isMapping && !top.isMapping)
    {
      containers.removeLast()
    }
    if let top = containers.last, !top.isFlow, top.column == column, top.isMapping == isMapping { return }
    push(Container(column: column, isFlow: false, isMapping: isMapping, opened: place))
  }

  private mutating func push(_ container: Container) {
    containers.append(container)
    if containers.count > Self.maximumDepth {
      report(
        "nested deeper than \(Self.maximumDepth) levels", fix: "flatten the file; no known key lies so deep",
        at: container.opened)
      stopped = true
    }
  }

  private mutating func open(_ bracket: Unicode.Scalar) {
    if follows() { return }
    push(Container(column: place.column, isFlow: true, isMapping: bracket == "{", opened: place))
    flowDepth += 1
    index += 1
    last = .indicator
    hasContent = true
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    guard flowDepth > 0, let top = containers.lastIndex(where: \.isFlow) else {
      report("'\(bracket)' has no opening bracket", fix: "remove it, or quote the text that it belongs to")
      stopped = true
      return
    }
    let opening: Unicode.Scalar = containers[top].isMapping ? "{" : "["
    guard (opening == "{") == (bracket == "}") else {
      let opened = containers[top].opened
      report(
        "'\(bracket)' closes the '\(opening)' of line \(opened.line), column \(opened.column)",
        fix: "close '\(opening)' with '\(opening == "{" ? "}" : "]")'")
      stopped = true
      return
    }
    containers.removeSubrange(top...)
    flowDepth -= 1
    index += 1
    last = .closing
  }

  // MARK: Scalars

  /// Whether a value begins where none is due; reports it.
  private mutating func follows() -> Bool {
    guard last == .scalar || last == .closing else { return false }
    if flowDepth > 0, let top = containers.last(where: \.isFlow) {
      let bracket = top.isMapping ? "{" : "["
      report(
        "a comma is missing, or the '\(bracket)' of line \(top.opened.line), column \(top.opened.column) is not closed",
        fix: "put ',' between entries and '\(top.isMapping ? "}" : "]")' after the last")
    } else if place.line == lastPlace.line {
      report(
        "text follows a value that has ended", fix: "quote the whole value, or put a comment sign '#' before the text")
    } else {
      report(
        "this line is neither 'key: value' nor '- item'",
        fix: "write ': ' after the key; text of several lines needs quotes")
    }
    stopped = true
    return true
  }

  /// Records a scalar that began at `start` and ended before `index`: a key when a value indicator follows.
  private mutating func ended(_ text: String, from start: SourcePlace, quoted: Bool) {
    hasContent = true
    var offset = 0
    while let scalar = at(offset), scalar == " " || scalar == "\t" { offset += 1 }
    let inFlow = flowDepth > 0
    var isKey = false
    if at(offset) == ":" {
      isKey = isBlank(offset + 1) || (inFlow && (quoted || (at(offset + 1).map(Self.isFlowIndicator) ?? true)))
    }
    guard isKey else {
      last = .scalar
      lastPlace = start
      return
    }
    if !inFlow { enter(at: start, isMapping: true) }
    if let top = containers.indices.last, containers[top].isMapping {
      if let first = containers[top].keys[text] {
        report(
          "the key '\(text)' stands twice; the first is in line \(first)", fix: "remove or rename one of the two",
          at: start)
      } else {
        containers[top].keys[text] = start.line
      }
    }
    if text == "<<" && !quoted {
      report("merge keys are not part of the profile", fix: "write the keys out where they are used", at: start)
    }
    last = .key
    index += offset + 1
  }

  private mutating func plain() {
    let start = place
    let begin = index
    let inFlow = flowDepth > 0
    if inFlow && follows() { return }
    while let scalar = at(0), !Self.isBreak(scalar) {
      if scalar == ":" && (isBlank(1) || (inFlow && (at(1).map(Self.isFlowIndicator) ?? true))) { break }
      if scalar == "#", index > begin, scalars[index - 1] == " " || scalars[index - 1] == "\t" { break }
      if inFlow && Self.isFlowIndicator(scalar) {
        if scalar == "{", index > begin, scalars[index - 1] == "$" {
          report(
            "a parameter inside braces or brackets needs quotes", fix: "write \"\(placeholder())\", or use block style",
            at: SourcePlace(line: line, column: index - lineStart))
          stopped = true
        }
        break
      }
      index += 1
    }
    var end = index
    while end > begin, scalars[end - 1] == " " || scalars[end - 1] == "\t" { end -= 1 }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[begin..<end])
    let resume = index
    index = end
    let wasScalar = last == .scalar || last == .closing
    let before = lastPlace
    let lastBefore = last
    ended(String(view), from: start, quoted: false)
    if last == .scalar {
      // Not a key: in block style it must be the value of a key or an item.
      if wasScalar {
        last = lastBefore
        lastPlace = before
        index = begin
        _ = follows()
        return
      }
      index = resume
    }
  }

  private func placeholder() -> String {
    var view = String.UnicodeScalarView()
    var offset = -1
    while offset < 60, let scalar = at(offset), !Self.isBreak(scalar) {
      view.append(scalar)
      if scalar == "}" { break }
      offset += 1
    }
    return String(view)
  }

  private mutating func quoted(_ quote: Unicode.Scalar) {
    let start = place
    let lastBefore = last
    let before = lastPlace
    let begin = index
    let inFlow = flowDepth > 0
    if inFlow && follows() { return }
    index += 1
    while index < scalars.count {
      let scalar = scalars[index]
      if Self.isBreak(scalar) {
        newLine()
        continue
      }
      if scalar == "\\" && quote == "\"" {
        index += 1
        if let escaped = at(0), !Self.isBreak(escaped) { index += 1 }
        continue
      }
      index += 1
      if scalar != quote { continue }
      if quote == "'" && at(0) == "'" {
        index += 1
        continue
      }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars[(begin + 1)..<(index - 1)])
      ended(String(view), from: start, quoted: true)
      if last == .scalar && (lastBefore == .scalar || lastBefore == .closing) {
        last = lastBefore
        lastPlace = before
        report(
          "this text is neither 'key: value' nor '- item'", fix: "write ': ' after the key, or quote the whole value",
          at: start)
        stopped = true
      }
      return
    }
    report("the quote is not closed", fix: "end the text with \(quote)", at: start)
    stopped = true
  }

  /// Steps over a literal or folded block: all following lines that are blank or as far indented as its first.
  private mutating func block() {
    if last == .scalar || last == .closing {
      _ = follows()
      return
    }
    var indent = containers.last.map { $0.column - 1 } ?? -1
    var least: Int?
    while let scalar = at(0), !Self.isBreak(scalar), scalar != "#" {
      if let digit = scalar.properties.numericType == .decimal ? Int(String(scalar)) : nil, digit > 0 {
        least = max(indent, 0) + digit
      }
      index += 1
    }
    skipLine()
    hasContent = true
    last = .scalar
    lastPlace = place
    indent += 1
    while index < scalars.count {
      newLine()
      let begin = index
      while at(0) == " " { index += 1 }
      let width = index - begin
      guard let scalar = at(0) else { return }
      if Self.isBreak(scalar) { continue }
      if width < least ?? indent {
        index = begin
        indentation()
        return
      }
      if least == nil { least = width }
      skipLine()
    }
  }
}
