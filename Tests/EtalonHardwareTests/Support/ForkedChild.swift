import Foundation
import Glibc

/// A copy of the test process that shares its open lines: what one of the two does to a line the other can see, and a
/// line stays requested until both have let it go.
final class ForkedChild {
  private let process: pid_t
  private var isGone = false

  /// Runs `body` in the copy. It says that it has come so far by calling its argument; without an end of its own it then
  /// waits to be killed.
  init(_ body: (_ ready: () -> Void) -> Void) throws {
    typealias Fork = @convention(c) () -> pid_t
    // Swift hides the function because a copy has only one thread; the body here needs no other.
    guard let symbol = dlsym(nil, "fork") else { throw VirtualBoard.Missing(reason: "the C library has no fork") }
    let fork = unsafeBitCast(symbol, to: Fork.self)
    var pipes: [Int32] = [0, 0]
    guard pipe(&pipes) == 0 else { throw VirtualBoard.Missing(reason: "no pipe") }
    fflush(nil)
    process = fork()
    if process == 0 {
      var core = rlimit(rlim_cur: 0, rlim_max: 0)
      setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
      body {
        var byte: UInt8 = 1
        write(pipes[1], &byte, 1)
      }
      while true { pause() }
    }
    close(pipes[1])
    defer { close(pipes[0]) }
    var byte: UInt8 = 0
    guard process > 0, read(pipes[0], &byte, 1) == 1 else {
      throw VirtualBoard.Missing(reason: "the copy of the process did not start")
    }
  }

  /// Sends a signal that does not end the copy.
  func send(_ signal: Int32) { kill(process, signal) }

  /// Sends a signal and waits for the end; gives the signal that ended the copy, 0 for an exit.
  func end(_ signal: Int32) -> Int32 {
    kill(process, signal)
    return wait()
  }

  /// Waits for the end; gives the signal that ended the copy, 0 for an exit.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    isGone = true
    return status & 0x7F
  }

  deinit { if !isGone { _ = end(SIGKILL) } }
}
