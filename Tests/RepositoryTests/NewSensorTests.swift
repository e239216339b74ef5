import Foundation
import XCTest

/// `scripts/new-sensor` in an empty tree that has only a catalogue.
final class NewSensorTests: XCTestCase {
  private var root = URL(fileURLWithPath: "/")

  override func setUpWithError() throws {
    root = FileManager.default.temporaryDirectory.appendingPathComponent("new-sensor-\(UUID().uuidString)")
    for folder in ["Sources/EtalonSensors", "Sources/EtalonSim/Twins", "Tests/EtalonSensorsTests"] {
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent(folder), withIntermediateDirectories: true)
    }
    let catalogue = "Sources/EtalonSensors/SensorCatalogue.swift"
    try FileManager.default.copyItem(
      at: Repository.root.appendingPathComponent(catalogue), to: root.appendingPathComponent(catalogue))
  }

  override func tearDownWithError() throws { try FileManager.default.removeItem(at: root) }

  /// Runs the script; returns its exit status and what it printed.
  private func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["bash", Repository.root.appendingPathComponent("scripts/new-sensor").path] + arguments + ["--root", root.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  func testSkeletonsAreComplete() throws {
    let before = try text("Sources/EtalonSensors/SensorCatalogue.swift")
    let (status, output) = try run(["X900"])
    XCTAssertEqual(status, 0, output)
    XCTAssertTrue(output.contains("X900Tests.testLiteralFrame fails until"), output)
    let paths: Set<String> = [
      "Sources/EtalonSensors/X900.swift", "Sources/EtalonSim/Twins/X900Twin.swift",
      "Tests/EtalonSensorsTests/X900Tests.swift",
    ]
    var files: [SourceFile] = []
    for path in paths.sorted() { files.append(SourceFile(path: path, text: try text(path))) }
    let after = try text("Sources/EtalonSensors/SensorCatalogue.swift")
    let catalogue = SourceFile(path: "Sources/EtalonSensors/SensorCatalogue.swift", text: after)
    XCTAssertEqual(RepositoryRules.driverViolations(paths: paths, catalogue: catalogue), [])
    XCTAssertEqual(RepositoryRules.importViolations(files), [])
    XCTAssertEqual(RepositoryRules.unfinishedViolations(files), [])
    XCTAssertEqual(
      after.split(separator: "\n").count, before.split(separator: "\n").count + 1, "one line more in the catalogue")
  }

  func testNothingIsOverwritten() throws {
    try "mine".write(
      to: root.appendingPathComponent("Sources/EtalonSim/Twins/X900Twin.swift"), atomically: true, encoding: .utf8)
    let before = try text("Sources/EtalonSensors/SensorCatalogue.swift")
    XCTAssertEqual(try run(["X900"]).status, 73)
    XCTAssertEqual(try text("Sources/EtalonSim/Twins/X900Twin.swift"), "mine")
    XCTAssertEqual(try text("Sources/EtalonSensors/SensorCatalogue.swift"), before)
    XCTAssertFalse(
      FileManager.default.fileExists(atPath: root.appendingPathComponent("Sources/EtalonSensors/X900.swift").path))
  }

  func testNamesThatAreNoTypes() throws {
    for name in ["x900", "9X", "X-9", "../X9", "X 9", ""] {
      XCTAssertEqual(try run([name]).status, 64, name)
    }
  }
}
