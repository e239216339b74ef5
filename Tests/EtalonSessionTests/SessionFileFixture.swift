import Foundation
import XCTest

@testable import EtalonSession

/// The session of the virtual bench, and ways of spoiling it.
enum SessionFixture {
  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let board = repository + "/boards/virtual-bench"
  static let session = board + "/sessions/thermometer.yaml"

  static func text() throws -> String { try String(contentsOfFile: session, encoding: .utf8) }

  static func load(_ text: String, _ overrides: [String] = []) throws(FileFault) -> SessionPlan {
    try SessionFile.load(SourceFile(name: "s.yaml", bytes: Array(text.utf8)), overrides: overrides)
  }

  /// The diagnostics of a session, or none when it is accepted.
  static func diagnostics(_ text: String, _ overrides: [String] = []) -> [Diagnostic] {
    do throws(FileFault) {
      _ = try load(text, overrides)
      return []
    } catch { return error.diagnostics }
  }

  /// `text` with the only occurrence of `old` in line `line` (from 1) replaced, and where it begins.
  static func replacing(
    _ old: String, with new: String, in text: String, line: Int
  ) -> (text: String, place: SourcePlace)? {
    var lines = text.components(separatedBy: "\n")
    guard line <= lines.count, let range = lines[line - 1].range(of: old) else { return nil }
    let column = lines[line - 1][..<range.lowerBound].unicodeScalars.count + 1
    lines[line - 1].replaceSubrange(range, with: new)
    return (lines.joined(separator: "\n"), SourcePlace(line: line, column: column))
  }

  /// The number of the first line that has `part`.
  static func line(of part: String, in text: String) -> Int? {
    text.components(separatedBy: "\n").firstIndex { $0.contains(part) }.map { $0 + 1 }
  }
}
