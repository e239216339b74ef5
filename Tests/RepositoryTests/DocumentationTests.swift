import Foundation
import XCTest

/// The documentation says what is there: links lead somewhere, verbs exist, examples compile.
final class DocumentationTests: XCTestCase {
  /// All pages of the repository: README, Docs and the boards' own.
  private func pages() throws -> [SourceFile] {
    var paths = ["README.md"]
    for folder in ["Docs", "boards"] {
      let base = Repository.root.appendingPathComponent(folder)
      guard let names = FileManager.default.enumerator(atPath: base.path) else { continue }
      for case let name as String in names where name.hasSuffix(".md") { paths.append("\(folder)/\(name)") }
    }
    return try paths.sorted().map { path in
      SourceFile(
        path: path, text: try String(contentsOf: Repository.root.appendingPathComponent(path), encoding: .utf8))
    }
  }

  private func page(_ path: String) throws -> SourceFile {
    try XCTUnwrap(try pages().first { $0.path == path })
  }

  func testRelativeLinksLeadSomewhere() throws {
    let pages = try pages()
    XCTAssertGreaterThan(pages.count, 10, "the pages are found")
    var checked = 0
    for page in pages {
      let folder = Repository.root.appendingPathComponent(page.path).deletingLastPathComponent()
      for link in DocumentationRules.relativeLinks(in: page.text) {
        checked += 1
        let target =
          link.path.isEmpty
          ? Repository.root.appendingPathComponent(page.path)
          : folder.appendingPathComponent(link.path).standardizedFileURL
        XCTAssertTrue(
          FileManager.default.fileExists(atPath: target.path), "\(page.path): '\(link.path)' leads nowhere")
        guard !link.heading.isEmpty, target.pathExtension == "md" else { continue }
        let headings = DocumentationRules.headings(of: try String(contentsOf: target, encoding: .utf8))
        XCTAssertTrue(headings.contains(link.heading), "\(page.path): no heading '#\(link.heading)' in \(link.path)")
      }
    }
    XCTAssertGreaterThan(checked, 20, "the links are found")
  }

  func testEveryVerbOfThePagesExists() throws {
    let known = DocumentationRules.verbs(inSources: try Repository.swiftFiles(below: "Sources/etalon"))
    for page in try pages() {
      let named = DocumentationRules.verbs(in: page.text)
      XCTAssertTrue(named.isSubset(of: known), "\(page.path): \(named.subtracting(known).sorted()) do not exist")
    }
    let readme = DocumentationRules.verbs(in: try page("README.md").text)
    XCTAssertTrue(
      readme.isSuperset(of: ["simulate", "run", "twin", "read", "plan", "validate", "replay", "verify"]),
      "the README shows the verbs of a first calibration, it has \(readme.sorted())")
  }

  func testEveryScriptOfThePagesExists() throws {
    for page in try pages() {
      for match in page.text.matches(of: #/\bscripts/([a-z0-9-]+)/#) {
        XCTAssertTrue(
          FileManager.default.isExecutableFile(
            atPath: Repository.root.appendingPathComponent("scripts/\(match.1)").path),
          "\(page.path): there is no scripts/\(match.1)")
      }
    }
  }

  func testSwiftExampleOfTheReadmeIsACompiledTest() throws {
    let blocks = DocumentationRules.blocks("swift", in: try page("README.md").text)
    XCTAssertEqual(blocks.count, 1, "the README has one example in Swift")
    let examples = try Repository.swiftFiles(below: "Tests/EtalonScenarioTests")
      .compactMap(DocumentationRules.markedExample)
    XCTAssertEqual(
      examples.count, 1, "one scenario test has the lines '// README example' and '// end' around the README's example")
    XCTAssertEqual(
      blocks.first, examples.first?.trimmingCharacters(in: .newlines),
      "the README's example and the compiled one are the same text")
  }

  func testExitStatusesOfTheReadmeAreThoseOfTheProgram() throws {
    let files = try Repository.swiftFiles(below: "Sources/EtalonSession/Engine")
    let source = try XCTUnwrap(files.first { $0.path.hasSuffix("/ExitCode.swift") })
    let known = Set(source.code.matches(of: #/case [a-zA-Z]+ = ([0-9]+)/#).map { String($0.1) })
    XCTAssertGreaterThan(known.count, 10)
    let readme = try page("README.md").text
    let section = try XCTUnwrap(readme.split(separator: "\n## ").first { $0.hasPrefix("Exit status") })
    let named = Set(section.matches(of: #/(?:\| |, )([0-9]+)(?= \||, [0-9])/#).map { String($0.1) })
    XCTAssertEqual(known.symmetricDifference(named).sorted(), [], "the table names exactly the program's statuses")
  }

  // MARK: The rules themselves

  func testLinksAndHeadingsAreFound() {
    let page = """
      # A title, with words
      See [one](a.md) and [two](b/c.md#part-1), ![three](d.svg), [four](https://e.org/f) and [five](#a-title-with-words).
      ```
      [six](g.md)
      # no heading
      ```
      ## Is it right?
      """
    XCTAssertEqual(
      DocumentationRules.relativeLinks(in: page).map { $0.path + "|" + $0.heading },
      ["a.md|", "b/c.md|part-1", "d.svg|", "|a-title-with-words"])
    XCTAssertEqual(DocumentationRules.headings(of: page), ["a-title-with-words", "is-it-right"])
  }

  func testVerbsAndBlocksAreFound() {
    let page = """
      Call `etalon frobnicate` or:
      ```sh
      scripts/etalon simulate a.yaml
      ```
      but not "etalon is a word" or `Etalon run`.
      ```swift
      let a = 1
      let b = 2
      ```
      """
    XCTAssertEqual(DocumentationRules.verbs(in: page), ["frobnicate", "simulate"])
    XCTAssertEqual(DocumentationRules.blocks("swift", in: page), ["let a = 1\nlet b = 2"])
    let file = SourceFile(path: "a.swift", text: "import A\n// README example\nlet a = 1\n// end\nlet b = 2\n")
    XCTAssertEqual(DocumentationRules.markedExample(in: file), "let a = 1")
    XCTAssertNil(DocumentationRules.markedExample(in: SourceFile(path: "b.swift", text: "// README example\n")))
  }
}
