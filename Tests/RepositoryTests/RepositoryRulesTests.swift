import Foundation
import XCTest

/// The rules hold in the working tree, and each rule is proven by an example that breaks it.
final class RepositoryRulesTests: XCTestCase {
  private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

  // MARK: The working tree

  func testImportsOfTheWorkingTree() throws {
    let files = try Repository.swiftFiles(below: "Sources")
    XCTAssertGreaterThan(files.count, 20, "the sources are found")
    XCTAssertEqual(RepositoryRules.importViolations(files), [])
  }

  func testNothingUnfinishedInTheWorkingTree() throws {
    XCTAssertEqual(RepositoryRules.unfinishedViolations(try Repository.swiftFiles(below: "Sources")), [])
  }

  func testEveryDriverHasTwinTestAndLine() throws {
    let files = try Repository.swiftFiles(below: "Sources") + Repository.swiftFiles(below: "Tests")
    let path = "Sources/EtalonSensors/SensorCatalogue.swift"
    let catalogue = try XCTUnwrap(files.first { $0.path == path })
    XCTAssertEqual(RepositoryRules.driverViolations(paths: Set(files.map(\.path)), catalogue: catalogue), [])
  }

  // MARK: The rules themselves

  func testForbiddenImportsAreFound() {
    for (path, text) in [
      ("Sources/EtalonSim/Twins/A.swift", "import EtalonSensors\n"),
      ("Sources/EtalonSession/Engine/A.swift", "import EtalonCore\nimport EtalonLinux\n"),
      ("Sources/EtalonSession/Engine/A.swift", "@testable import EtalonSim"),
      ("Sources/EtalonMetrology/A.swift", "@preconcurrency import Foundation\n"),
      ("Sources/EtalonCore/Seams/A.swift", "  internal import Glibc\n"),
      ("Sources/EtalonSensors/A.swift", "import struct Foundation.Data\n"),
    ] {
      XCTAssertEqual(RepositoryRules.importViolations([file(path, text)]).count, 1, "\(path): \(text)")
    }
  }

  func testAllowedImportsPass() {
    for (path, text) in [
      ("Sources/EtalonSim/Twins/A.swift", "// import EtalonSensors\nimport EtalonCore\n"),
      (
        "Sources/EtalonSession/Engine/A.swift",
        "import EtalonSensors\nlet text = \"\"\"\n  import EtalonSim\n  \"\"\"\n"
      ),
      (
        "Sources/EtalonCore/Seams/A.swift",
        "/* import Foundation\n /* import Glibc */ import Foundation */ import EtalonMetrology"
      ),
      ("Sources/EtalonLinux/A.swift", "import Glibc\n"),
      ("Tests/EtalonSimTests/A.swift", "import EtalonSensors\n"),
    ] {
      XCTAssertEqual(RepositoryRules.importViolations([file(path, text)]), [])
    }
  }

  func testFaultsThrownAwayAndMarksAreFound() {
    for text in [
      "let a = try? read()\n", "return (try?read())\n", "// TODO: later\n", "let a = 1  // FIXME\n", "/* XXX */\n",
    ] {
      XCTAssertEqual(RepositoryRules.unfinishedViolations([file("Sources/A/A.swift", text)]).count, 1, text)
    }
    for text in [
      "// Never write try? here.\n", "let a = \"try? no\"\n", "func pop() -> Entry? {\n", "let TODOs = 1\n",
      "try read()\n",
    ] {
      XCTAssertEqual(RepositoryRules.unfinishedViolations([file("Sources/A/A.swift", text)]), [], text)
    }
  }

  func testDriversWithMissingPartsAreFound() {
    let whole: Set<String> = [
      "Sources/EtalonSensors/T100.swift", "Sources/EtalonSensors/SensorCatalogue.swift",
      "Sources/EtalonSensors/Protocols/LineExchange.swift", "Sources/EtalonSim/Twins/T100Twin.swift",
      "Tests/EtalonSensorsTests/T100Tests.swift",
    ]
    let line = file("Sources/EtalonSensors/SensorCatalogue.swift", "visitor.visit(T100.self)\n")
    XCTAssertEqual(RepositoryRules.driverViolations(paths: whole, catalogue: line), [])
    for part in ["Sources/EtalonSim/Twins/T100Twin.swift", "Tests/EtalonSensorsTests/T100Tests.swift"] {
      XCTAssertEqual(RepositoryRules.driverViolations(paths: whole.subtracting([part]), catalogue: line).count, 1, part)
    }
    for text in ["", "// visitor.visit(T100.self)\n", "visitor.visit(T1000.self)\n"] {
      let other = file("Sources/EtalonSensors/SensorCatalogue.swift", text)
      XCTAssertEqual(RepositoryRules.driverViolations(paths: whole, catalogue: other).count, 1, text)
    }
  }
}
