import Foundation
import Glibc

/// A bench file for one test, in a folder of its own that goes with it.
final class BenchText {
  let path: String

  init(_ roles: String...) throws {
    var template = Array((NSTemporaryDirectory() + "/etalon-hardware-XXXXXX").utf8CString)
    let folder = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)!) }
    guard chmod(folder, 0o755) == 0 else { throw VirtualBoard.Missing(reason: folder) }
    path = folder + "/bench.yaml"
    let text = "roles:\n" + roles.map { "  \($0)\n" }.joined()
    try text.write(toFile: path, atomically: false, encoding: .utf8)
  }

  deinit {
    let folder = (path as NSString).deletingLastPathComponent
    do { try FileManager.default.removeItem(atPath: folder) } catch { print("\(folder) is left behind: \(error)") }
  }
}

/// The program `etalon` as a process of its own; `ETALON_BINARY` names another than that of the debug build.
final class Program {
  private let process = Process()
  private let output = Pipe()

  /// - Parameter user: as whom it runs, with no group but that user's own.
  init(_ arguments: [String], user: UInt32? = nil) throws {
    let binary = ProcessInfo.processInfo.environment["ETALON_BINARY"] ?? ".build/debug/etalon"
    guard access(binary, X_OK) == 0 else {
      throw VirtualBoard.Missing(reason: "\(binary) is not built; swift build --product etalon, or set ETALON_BINARY")
    }
    if let user {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
      process.arguments = ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", binary] + arguments
    } else {
      process.executableURL = URL(fileURLWithPath: binary)
      process.arguments = arguments
    }
    process.standardOutput = output
    process.standardError = output
    try process.run()
  }

  deinit { if process.isRunning { process.terminate() } }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Waits for its end: its exit status (nil when a signal ended it) and all that it said.
  func wait() throws -> (status: Int32?, text: String) {
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : nil
    return (status, String(decoding: data, as: UTF8.self))
  }
}
