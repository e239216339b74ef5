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

/// A program as a process of its own: `etalon`, or another. `ETALON_BINARY` names another `etalon` than that of the debug
/// build. It is started
/// and waited for without Foundation, whose processes need network sockets that the virtual board does not have.
final class Program {
  private var process: pid_t = 0
  private let output: Int32

  /// - Parameter user: as whom it runs, with no group but that user's own.
  init(_ arguments: [String], user: UInt32? = nil, executable: String? = nil) throws {
    let binary = executable ?? ProcessInfo.processInfo.environment["ETALON_BINARY"] ?? ".build/debug/etalon"
    guard access(binary, X_OK) == 0 else {
      throw VirtualBoard.Missing(reason: "\(binary) is not built; swift build --product etalon, or set ETALON_BINARY")
    }
    var words = [binary] + arguments
    if let user { words = ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"] + words }
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw VirtualBoard.Missing(reason: "no pipe is left") }
    output = ends[0]
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    for stream in [STDOUT_FILENO, STDERR_FILENO] { posix_spawn_file_actions_adddup2(&actions, ends[1], stream) }
    posix_spawn_file_actions_addclose(&actions, ends[1])
    var list: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    list.append(nil)
    let code = posix_spawn(&process, words[0], &actions, nil, &list, environ)
    for word in list { free(word) }
    posix_spawn_file_actions_destroy(&actions)
    close(ends[1])
    guard code == 0 else {
      close(output)
      throw VirtualBoard.Missing(reason: "\(words[0]) does not start: \(String(cString: strerror(code)))")
    }
  }

  deinit {
    close(output)
    guard process > 0 else { return }
    kill(process, SIGKILL)
    var status: Int32 = 0
    waitpid(process, &status, 0)
  }

  func signal(_ number: Int32) { if process > 0 { kill(process, number) } }

  /// Waits for its end: its exit status (nil when a signal ended it) and all that it said.
  func wait() throws -> (status: Int32?, text: String) {
    var said: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(output, &bytes, bytes.count)
      guard count > 0 else { break }
      said += bytes[..<count]
    }
    var status: Int32 = 0
    guard waitpid(process, &status, 0) == process else { throw VirtualBoard.Missing(reason: "its end is not told") }
    process = 0
    let exited = status & 0x7F == 0
    return (exited ? status >> 8 & 0xFF : nil, String(decoding: said, as: UTF8.self))
  }
}
