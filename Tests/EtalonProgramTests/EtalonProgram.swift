import Foundation
import Glibc
import XCTest

/// The real program `etalon`, run as a child process.
struct EtalonProgram {
  let path: String
  let scratch: ScratchFolder
  /// Words before the program's path: another user, another folder.
  private var prefix: [String] = []

  /// The repository, from the place of this file.
  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static let board = repository + "/boards/virtual-bench"
  static let session = board + "/sessions/thermometer.yaml"
  static let fastSimulation = board + "/sim-fast.yaml"

  /// What makes the session short enough for real time; the values of the README.
  static let shortened = ["--set", "soak=0.2 s", "--set", "hold=0.5 s", "--set", "rate=32 Hz", "--set", "samples=20"]

  /// The shortened session in virtual time: cheap for a debug build too.
  static let fast = ["simulate", session, "--sim", fastSimulation] + shortened

  /// The program that `ETALON_RELEASE_BINARY` names, else the one beside the test bundle.
  init(scratch: ScratchFolder) throws {
    self.scratch = scratch
    if let named = ProcessInfo.processInfo.environment["ETALON_RELEASE_BINARY"], !named.isEmpty {
      guard access(named, X_OK) == 0 else { throw CommandFailure("ETALON_RELEASE_BINARY '\(named)' can not be run") }
      path = named
      return
    }
    let runner = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let bundle = Bundle(for: ChildProcess.self).bundleURL.deletingLastPathComponent()
    let places = [runner, bundle, URL(fileURLWithPath: Self.repository + "/.build/debug")].map {
      $0.appendingPathComponent("etalon").path
    }
    guard let found = places.first(where: { access($0, X_OK) == 0 }) else {
      throw XCTSkip(
        "no program 'etalon': ETALON_RELEASE_BINARY is not set and there is none in \(places.joined(separator: ", "))")
    }
    path = found
  }

  /// The same program, run in another folder.
  func inFolder(_ folder: String) -> EtalonProgram {
    var other = self
    other.prefix = ["/usr/bin/env", "-C", folder]
    return other
  }

  /// A copy of the program that the user 'nobody' can reach, run by that user.
  func asNobody() throws -> EtalonProgram {
    guard geteuid() == 0 else { throw XCTSkip("only root can run a program as another user") }
    guard access("/usr/bin/setpriv", X_OK) == 0 else { throw XCTSkip("setpriv is not installed") }
    let copy = scratch("etalon-for-nobody")
    if access(copy, X_OK) != 0 { try FileManager.default.copyItem(atPath: path, toPath: copy) }
    chmod(scratch.path, 0o755)
    var other = EtalonProgram(path: copy, scratch: scratch)
    other.prefix = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return other
  }

  private init(path: String, scratch: ScratchFolder) {
    self.path = path
    self.scratch = scratch
  }

  func start(_ arguments: [String]) throws -> ChildProcess {
    try ChildProcess(prefix + [path] + arguments, outputsIn: scratch)
  }

  /// Runs it to its end.
  func run(_ arguments: [String], limit: Double = 30) throws -> ChildProcess.Result {
    try start(arguments).wait(limit: limit)
  }

  /// Runs it to its end and reads its output as JSON.
  func json(_ arguments: [String], limit: Double = 30) throws -> (status: Int32, object: [String: Any]) {
    let result = try run(arguments, limit: limit)
    let parsed: Any
    do { parsed = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) } catch {
      throw CommandFailure("'\(arguments.joined(separator: " "))' printed no JSON: \(result.output)\n\(result.errors)")
    }
    guard let object = parsed as? [String: Any] else { throw CommandFailure("no JSON object: \(result.output)") }
    return (result.status, object)
  }
}

extension ChildProcess.Result {
  /// The JSON object on its output.
  func object() throws -> [String: Any] {
    guard let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else {
      throw CommandFailure("no JSON object: \(output)\n\(errors)")
    }
    return object
  }
}
