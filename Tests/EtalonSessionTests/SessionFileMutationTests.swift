import EtalonMetrology
import XCTest

@testable import EtalonSession

/// The good session with each key deleted, doubled or misspelt, and with bytes changed at random.
final class SessionFileMutationTests: XCTestCase {
  /// One key of the session: its line, column, text, and the lines and columns of its whole entry.
  private struct Key {
    var name: String
    var line: Int
    var column: Int
    /// Line of the key that this one belongs to; 1 at the top.
    var parentLine: Int
    var isFlow: Bool
  }

  private func keys(_ node: YAMLNode, parentLine: Int, text: [String]) -> [Key] {
    switch node.content {
    case .scalar: return []
    case .sequence(let items): return items.flatMap { keys($0, parentLine: parentLine, text: text) }
    case .mapping(let entries):
      let before = String(text[node.place.line - 1].unicodeScalars.prefix(node.place.column))
      let isFlow = before.hasSuffix("{")
      return entries.flatMap { entry in
        [
          Key(
            name: entry.key, line: entry.place.line, column: entry.place.column, parentLine: parentLine,
            isFlow: isFlow)
        ] + keys(entry.value, parentLine: entry.place.line, text: text)
      }
    }
  }

  /// Keys that a session may leave out; deleting one must leave a session that means something else.
  private let optional: Set<String> = [
    "environment", "reject", "retry", "checkpoint", "interrupt", "check", "range", "U_max", "refuse", "after",
    "room.temperature", "room.humidity", "identify", "certificate", "as_left", "dut", "ref",
  ]

  /// Keys whose names the user chooses; another name is a fault elsewhere, or none at all.
  private let chosen: Set<String> = ["dut", "ref", "bath", "room", "calibration", "verification"]

  func testEachKeyDeletedDoubledAndMisspelt() throws {
    let text = try SessionFixture.text()
    let lines = text.components(separatedBy: "\n")
    let tree = try StrictYAML.parse(SourceFile(name: "s.yaml", bytes: Array(text.utf8)), kind: .session)
    let all = keys(tree, parentLine: 1, text: lines)
    XCTAssertGreaterThan(all.count, 100)
    for key in all {
      misspell(key, lines)
      double(key, lines)
      delete(key, lines)
    }
  }

  private func misspell(_ key: Key, _ lines: [String]) {
    var edited = lines
    var scalars = Array(edited[key.line - 1].unicodeScalars)
    scalars.insert("q", at: key.column)
    edited[key.line - 1] = String(String.UnicodeScalarView(scalars))
    let found = SessionFixture.diagnostics(edited.joined(separator: "\n"))
    if found.isEmpty {
      // An influence of the model is free in its last part.
      XCTAssertTrue(
        chosen.contains(key.name) || key.name.contains("."), "'\(key.name)' misspelt in line \(key.line) was accepted")
      return
    }
    if chosen.contains(key.name) { return }
    if key.line < 10 && key.column == 3 {
      // A parameter is missed where it is used, and the message has the name that the file gives it.
      let name = String(scalars[(key.column - 1)..<(key.column + key.name.unicodeScalars.count)].map(Character.init))
      XCTAssertTrue(found.allSatisfy { $0.nearest == name }, "\(found)")
      return
    }
    XCTAssertTrue(found.contains { $0.line == key.line }, "'\(key.name)' misspelt in line \(key.line): \(found)")
  }

  private func double(_ key: Key, _ lines: [String]) {
    var edited = lines
    let expected: SourcePlace
    if key.isFlow {
      var scalars = Array(edited[key.line - 1].unicodeScalars)
      let copy = Array("\(key.name): 1, ".unicodeScalars)
      scalars.insert(contentsOf: copy, at: key.column - 1)
      edited[key.line - 1] = String(String.UnicodeScalarView(scalars))
      expected = SourcePlace(line: key.line, column: key.column + copy.count)
    } else {
      let isItem = edited[key.line - 1].unicodeScalars.prefix(key.column - 1).contains("-")
      if isItem { return }
      edited.insert(String(repeating: " ", count: key.column - 1) + "\(key.name): 1", at: key.line - 1)
      expected = SourcePlace(line: key.line + 1, column: key.column)
    }
    let found = SessionFixture.diagnostics(edited.joined(separator: "\n"))
    XCTAssertTrue(
      found.contains { $0.place == expected && $0.reason.contains("'\(key.name)' stands twice") },
      "'\(key.name)' doubled in line \(key.line): \(found)")
  }

  private func delete(_ key: Key, _ lines: [String]) {
    var edited = lines
    if key.isFlow {
      guard let shorter = removingFlowEntry(edited[key.line - 1], column: key.column) else {
        return XCTFail("'\(key.name)' in line \(key.line) is no entry")
      }
      edited[key.line - 1] = shorter
    } else {
      // The entry ends before the next line that is not deeper.
      var end = key.line
      while end < lines.count {
        let indent = lines[end].prefix { $0 == " " }.count
        if !lines[end].isEmpty && indent < key.column { break }
        end += 1
      }
      for index in (key.line - 1)..<end { edited[index] = "" }
    }
    let found = SessionFixture.diagnostics(edited.joined(separator: "\n"))
    if found.isEmpty {
      XCTAssertTrue(
        optional.contains(key.name) || key.name.contains("."), "'\(key.name)' deleted in line \(key.line) was accepted")
      return
    }
    if chosen.contains(key.name) || key.name == "parameters" || optional.contains(key.name) { return }
    // A missing key is shown at what lacks it; a name that others use, where they use it.
    let lacking = found.contains {
      $0.line == key.parentLine && $0.reason.contains("lacks the key") && $0.reason.contains("'\(key.name)'")
    }
    let emptied = found.contains { $0.line == key.parentLine && $0.reason.contains("mapping") }
    let used = ["soak", "hold", "rate", "samples"].contains(key.name) && key.line < 10
    let said = found.contains { $0.reason.contains("'\(key.name)'") || $0.reason.contains("declares no \(key.name)") }
    XCTAssertTrue(lacking || emptied || used || said, "'\(key.name)' deleted in line \(key.line): \(found)")
  }

  /// `line` without the flow entry whose key begins at `column`, and one comma.
  private func removingFlowEntry(_ line: String, column: Int) -> String? {
    var scalars = Array(line.unicodeScalars)
    var end = column - 1
    var depth = 0
    var isQuoted = false
    while end < scalars.count {
      let scalar = scalars[end]
      if scalar == "\"" { isQuoted.toggle() }
      if !isQuoted {
        if scalar == "[" || scalar == "{" { depth += 1 }
        if scalar == "]" || scalar == "}" {
          if depth == 0 { break }
          depth -= 1
        }
        if scalar == "," && depth == 0 {
          scalars.removeSubrange((column - 1)...end)
          return String(String.UnicodeScalarView(scalars))
        }
      }
      end += 1
    }
    guard end < scalars.count else { return nil }
    var begin = column - 1
    while begin > 0, scalars[begin - 1] == " " || scalars[begin - 1] == "," { begin -= 1 }
    scalars.removeSubrange(begin..<end)
    return String(String.UnicodeScalarView(scalars))
  }

  /// 2000 sessions with one to four bytes changed: each is refused with a place inside the file, or accepted with
  /// everything in range. A crash ends the test; the seed is that of the failing case.
  func testRandomBytes() throws {
    let original = Array(try SessionFixture.text().utf8)
    let interesting = Array("&*!|>{}[],:#'\"%@?-\t\n 0123456789$\\~KC".utf8) + [0, 0x80, 0xC3, 0xFF]
    var accepted = 0
    for seed in 1...2000 as ClosedRange<UInt64> {
      var stream = RandomStream(seed: seed)
      func pick(_ bound: Int) -> Int { Int(stream.next() % UInt64(bound)) }
      var bytes = original
      for _ in 0...pick(4) {
        let index = pick(bytes.count)
        switch pick(4) {
        case 0: bytes[index] = interesting[pick(interesting.count)]
        case 1: bytes[index] = UInt8(truncatingIfNeeded: stream.next())
        case 2: bytes.remove(at: index)
        default: bytes.insert(interesting[pick(interesting.count)], at: index)
        }
      }
      do throws(FileFault) {
        let plan = try SessionFile.load(SourceFile(name: "s.yaml", bytes: bytes))
        accepted += 1
        for points in plan.points {
          XCTAssertTrue(points.measure.samples.isMultiple(of: points.measure.blocks), "seed \(seed)")
          XCTAssertTrue(points.setpointsCelsius.allSatisfy(\.isFinite), "seed \(seed)")
        }
      } catch {
        let lines =
          bytes.split(separator: 0x0A, omittingEmptySubsequences: false).count + bytes.filter { $0 == 0x0D }.count
        for diagnostic in error.diagnostics {
          XCTAssertTrue((1...lines).contains(diagnostic.line), "seed \(seed): \(diagnostic)")
          XCTAssertGreaterThan(diagnostic.column, 0, "seed \(seed): \(diagnostic)")
          XCTAssertFalse(diagnostic.reason.isEmpty || diagnostic.fix.isEmpty, "seed \(seed)")
        }
      }
    }
    // Many slips fall into comments and titles, or change a number; most do not.
    XCTAssertGreaterThan(accepted, 50)
    XCTAssertLessThan(accepted, 1500)
  }

  /// What the scanner lets pass has no anchor left for the parser to expand: 3000 texts made of YAML's own signs.
  func testScannerSeesEveryAnchorThatTheParserSees() {
    let parts = [
      "&a ", "*a", "!t ", "a: ", "- ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", "'", "\"", "|\n", ">\n", "# ",
      "x", "x y", ": ", "\\", "''", "b:\n", " #", "|2\n", "---\n", "\t",
    ]
    var passed = 0
    for seed in 1...3000 as ClosedRange<UInt64> {
      var stream = RandomStream(seed: seed)
      var text = ""
      for _ in 0..<(3 + stream.next() % 12) { text += parts[Int(stream.next() % UInt64(parts.count))] }
      if !ProfileScanner.diagnostics(file: "f", text: text).isEmpty { continue }
      passed += 1
      do throws(FileFault) {
        _ = try StrictYAML.parse(SourceFile(name: "f", bytes: Array(text.utf8)), kind: .data)
      } catch {
        for diagnostic in error.diagnostics {
          XCTAssertFalse(
            diagnostic.reason.contains("anchors") || diagnostic.reason.contains("alias"), "seed \(seed): \(text)")
        }
      }
    }
    XCTAssertGreaterThan(passed, 100)
  }
}
