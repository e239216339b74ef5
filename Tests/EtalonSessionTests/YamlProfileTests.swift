import XCTest

@testable import EtalonSession

/// The strict profile, against the YAML 1.2.2 specification's own traps: each is refused with its place.
final class YamlProfileTests: XCTestCase {
  /// The diagnostics of `text`, or none when it is accepted.
  private func diagnostics(_ bytes: [UInt8]) -> [Diagnostic] {
    do throws(FileFault) {
      _ = try StrictYAML.parse(SourceFile(name: "f.yaml", bytes: bytes), kind: .session)
      return []
    } catch { return error.diagnostics }
  }

  private func assertFault(
    _ text: String, _ line: Int, _ column: Int, _ part: String, file: StaticString = #filePath, at: UInt = #line
  ) {
    let found = diagnostics(Array(text.utf8))
    guard let first = found.first else { return XCTFail("accepted: \(text)", file: file, line: at) }
    XCTAssertEqual(first.line, line, first.description, file: file, line: at)
    XCTAssertEqual(first.column, column, first.description, file: file, line: at)
    XCTAssertTrue(first.reason.contains(part), first.description, file: file, line: at)
    XCTAssertFalse(first.fix.isEmpty, file: file, line: at)
  }

  private func tree(_ text: String) throws -> YAMLNode {
    try StrictYAML.parse(SourceFile(name: "f.yaml", bytes: Array(text.utf8)), kind: .session)
  }

  func testEachTrapIsRefusedWithItsPlace() {
    assertFault("", 1, 1, "empty")
    assertFault("\u{FEFF}", 1, 1, "empty")
    assertFault("# only a comment\n\n", 1, 1, "no content")
    assertFault("a: 1\nb: \u{0}\n", 2, 4, "binary")
    assertFault("a: 1\nb: \u{7}\n", 2, 4, "U+0007")
    assertFault("a: x\u{2028}b: y\n", 1, 5, "U+2028")
    assertFault("a:\n\tb: 1\n", 2, 1, "tab")
    assertFault("a:\n  \tb: 1\n", 2, 3, "tab")
    assertFault("a: [1,\n\t2]\n", 2, 1, "tab")
    assertFault("a: &x 1\n", 1, 4, "anchors")
    assertFault("a: 1\nb: *x\n", 2, 4, "aliases")
    assertFault("a: [1, *x]\n", 1, 8, "aliases")
    assertFault("? *x\n: 1\n", 1, 1, "'?'")
    assertFault("*x : 1\n", 1, 1, "aliases")
    assertFault("a: !!str 1\n", 1, 4, "tags")
    assertFault("a: !!str \"1\"\n", 1, 4, "tags")
    assertFault("a: {b: ! c}\n", 1, 8, "tags")
    assertFault("a: 1\n<<: {b: 1}\n", 2, 1, "merge")
    assertFault("a: 1\nb: 2\na: 3\n", 3, 1, "'a' stands twice")
    assertFault("a: {b: 1, c: 2, b: 3}\n", 1, 17, "'b' stands twice")
    assertFault("a:\n- b: 1\n  c: 2\n  b: 3\n", 4, 3, "'b' stands twice")
    assertFault("a: 1\n---\nb: 2\n", 2, 1, "second document")
    assertFault("a: 1\n...\n", 2, 1, "end-of-document")
    assertFault("%YAML 1.2\n---\na: 1\n", 1, 1, "directives")
    assertFault("a: 1\nrate 1 Hz\nb: 2\n", 2, 1, "neither")
    assertFault("a: one\n  two\n", 2, 3, "neither")
    assertFault("a: [1, 2\nb: 3\n", 2, 1, "is not closed")
    assertFault("a: [1, 2}\n", 1, 9, "closes the '['")
    assertFault("a: 1]\nb: ]\n", 2, 4, "no opening bracket")
    assertFault("a: \"open\nb: 2\n", 1, 4, "quote is not closed")
    assertFault("a: {n: ${x}}\n", 1, 8, "needs quotes")
    assertFault("a: \"b\" c\n", 1, 8, "follows")
    assertFault("a: b: c\n", 1, 5, "': '")
    assertFault("a: 1\n  b: 2\n", 2, 4, "': '")
    assertFault("a: @b\n", 1, 4, "begin with")
  }

  func testTextThatIsNotUTF8IsRefusedWhereItBegins() {
    let found = diagnostics([0x61, 0x3A, 0x20, 0x31, 0x0A, 0x62, 0x3A, 0x20, 0xC3, 0x28])
    XCTAssertEqual(found.first?.line, 2)
    XCTAssertEqual(found.first?.column, 4)
    XCTAssertTrue(found.first?.reason.contains("not UTF-8") ?? false)
  }

  func testTwoMebibytesAreRefusedBeforeTheyAreParsed() {
    let found = diagnostics([UInt8](repeating: 0x61, count: 2 << 20))
    XCTAssertTrue(found.first?.reason.contains("2097152 bytes") ?? false, "\(found)")
    // The limit itself is allowed: only what is longer is refused for its length.
    let longest = "a: " + String(repeating: "x", count: SourceFile.maximumBytes - 3)
    XCTAssertNoThrow(try tree(longest))
    XCTAssertThrowsError(try tree(longest + "x"))
  }

  /// Nine aliases at each of ten levels are 9^10 values: expanded or hashed, they would never end. 350 bytes.
  func testAliasBombCostsNothing() {
    var bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    let names = Array("abcdefghij")
    for index in 1..<names.count {
      let alias = "*\(names[index - 1])"
      bomb += "\(names[index]): &\(names[index]) [\((0..<9).map { _ in alias }.joined(separator: ","))]\n"
    }
    bomb += "? *j\n: 1\n"
    // A parser that expands or hashes this does not come back, so that coming back is the proof.
    let found = diagnostics(Array(bomb.utf8))
    XCTAssertEqual(found.first?.place, SourcePlace(line: 1, column: 4))
    XCTAssertTrue(found.first?.reason.contains("anchors") ?? false)
    XCTAssertLessThanOrEqual(found.count, 101)
  }

  func testDepth() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + "x" + String(repeating: "]", count: levels)
    }
    // The mapping is one level, its lists are the others.
    XCTAssertNoThrow(try tree("a: " + nested(31)))
    assertFault("a: " + nested(32), 1, 3 + 32, "deeper than 32")
    assertFault(String(repeating: "[", count: 100_000), 1, 33, "deeper than 32")
    assertFault(String(repeating: "- ", count: 100_000) + "x", 1, 65, "deeper than 32")
    var block = ""
    for level in 0..<40 { block += String(repeating: " ", count: level) + "k:\n" }
    assertFault(block, 33, 33, "deeper than 32")
  }

  func testEveryScalarIsText() throws {
    let text = "a: off\nb: 1:30\nc: 0x10\nd: null\ne: ~\nf: 1e3\ng: \"10\"\nh: 2026-01-01\n"
    guard case .mapping(let entries) = try tree(text).content else { return XCTFail("not a mapping") }
    let texts = entries.map { entry -> String in
      guard case .scalar(let text, _) = entry.value.content else { return "" }
      return text
    }
    XCTAssertEqual(texts, ["off", "1:30", "0x10", "null", "~", "1e3", "10", "2026-01-01"])
  }

  func testWhatTheProfileKeeps() throws {
    let text = """
      ---
      # a comment with & * ! and "
      a: 'it''s # no comment'   # &comment
      b: "a \\" # &x *y !z"
      c: a & b * c ! d#e [f] {g}
      url: http://host:80/x
      text: |
        &not an anchor
          *not an alias

        : - ? text
      folded: >-
        !not a tag
      list:
      - one
      - {k: "v", "q":w}
      - - x
        - y
      empty:
      after: {a: [b, "c d"],
        e: f}
      """
    guard case .mapping(let entries) = try tree(text).content else { return XCTFail("not a mapping") }
    XCTAssertEqual(
      entries.map(\.key), ["a", "b", "c", "url", "text", "folded", "list", "empty", "after"])
    guard case .scalar(let literal, _) = entries[4].value.content else { return XCTFail("no text") }
    XCTAssertEqual(literal, "&not an anchor\n  *not an alias\n\n: - ? text\n")
    XCTAssertEqual(entries[8].place, SourcePlace(line: 20, column: 1))
    // Windows line ends and a byte order mark change neither content nor places.
    let windows = "\u{FEFF}" + text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
    guard case .mapping(let same) = try tree(windows).content else { return XCTFail("not a mapping") }
    XCTAssertEqual(same.map(\.place), entries.map(\.place))
  }

  func testSeveralFaultsAreFoundInOnePass() {
    let found = diagnostics(Array("a: &x 1\nb: *x\nc: !t 2\nc: 3\n".utf8))
    XCTAssertEqual(found.map(\.line), [1, 2, 3, 4])
  }

  func testMessageHasTheFormThatEditorsRead() {
    let diagnostic = Diagnostic(
      file: "s.yaml", place: SourcePlace(line: 3, column: 7), reason: "unknown key 'soke'", fix: "use one of: soak",
      nearest: "soak")
    XCTAssertEqual(
      diagnostic.description, "s.yaml:3:7: error: unknown key 'soke'\n  fix: use one of: soak\n  did you mean 'soak'?")
  }

  func testNearestWord() {
    let words = ["samples", "blocks", "soak", "setpoints", "U"]
    XCTAssertEqual(NearestWord.nearest(to: "smaples", among: words), "samples")
    XCTAssertEqual(NearestWord.nearest(to: "Setpoint", among: words), "setpoints")
    XCTAssertEqual(NearestWord.nearest(to: "blokcs", among: words), "blocks")
    XCTAssertEqual(NearestWord.nearest(to: "u", among: words), "U")
    XCTAssertNil(NearestWord.nearest(to: "temperature", among: words))
    XCTAssertNil(NearestWord.nearest(to: "k", among: words))
    // Damerau (1964): an exchange of neighbours is one slip; Levenshtein alone would count two.
    XCTAssertEqual(NearestWord.editDistance(Array("ca".unicodeScalars), Array("ac".unicodeScalars)), 1)
    XCTAssertEqual(NearestWord.editDistance(Array("kitten".unicodeScalars), Array("sitting".unicodeScalars)), 3)
  }

  func testFilesThatCanNotBeRead() {
    func kind(_ path: String) -> FileFault.Kind? {
      do throws(FileFault) {
        _ = try SourceFile(path: path, kind: .session)
        return nil
      } catch { return error.kind }
    }
    XCTAssertEqual(kind("no/such/file.yaml"), .missing)
    XCTAssertEqual(kind("/dev"), .missing)
    XCTAssertEqual(kind("/dev/zero"), .missing)
    XCTAssertEqual(FileFault.Kind.allCases.map(\.exitStatus), [64, 65, 65, 78, 78, 66, 77, 74])
  }
}
