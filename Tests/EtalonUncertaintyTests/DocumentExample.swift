import Foundation
import XCTest

/// Holds the code of a page under `Docs/howto` equal to code that a test compiles and runs.
///
/// The page has one block ```` ```swift ````; the test file has the same lines, but for the imports, between the comments
/// `// Example begins.` and `// Example ends.`, indented as the test needs.
enum DocumentExample {
  static func assertPage(
    _ page: String, isCompiledIn source: String, file: StaticString = #filePath, line: UInt = #line
  ) throws {
    let root = URL(fileURLWithPath: source).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("Docs/howto/\(page)"), encoding: .utf8)
    let test = try String(contentsOf: URL(fileURLWithPath: source), encoding: .utf8)
    let shown = try block(of: text, from: "```swift", to: "```").filter { !$0.hasPrefix("import ") }
    let compiled = try block(of: test, from: "// Example begins.", to: "// Example ends.")
    XCTAssertEqual(
      trimmed(shown), trimmed(compiled), "\(page) shows other code than is compiled", file: file, line: line)
  }

  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// Lines between two marks, without their common indentation.
  private static func block(of text: String, from start: String, to end: String) throws -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    func place(_ mark: String, after first: Int) throws -> Int {
      guard let index = lines[first...].firstIndex(where: { $0.trimmingCharacters(in: .whitespaces) == mark }) else {
        throw Missing(description: "there is no line '\(mark)'")
      }
      return index
    }
    let first = try place(start, after: 0)
    let last = try place(end, after: first + 1)
    let inner = lines[(first + 1)..<last]
    let indentation = inner.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return inner.map { String($0.dropFirst(min(indentation, $0.prefix { $0 == " " }.count))) }
  }

  private static func trimmed(_ lines: [String]) -> String {
    lines.joined(separator: "\n").trimmingCharacters(in: .newlines)
  }
}
