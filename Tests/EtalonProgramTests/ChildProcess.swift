import Foundation
import Glibc
import XCTest

/// A child process with its two outputs in files, so that neither can block the other, and with an end that is never far:
/// it is killed at its limit, when the last reference to it goes, and with the process of the tests.
///
/// Tests of real programs must wait for them. The wait is a poll of a condition with a limit; no result depends on how
/// long it took.
final class ChildProcess {
  struct Result {
    /// Exit status; 128 + number for a signal, as a shell tells it.
    let status: Int32
    let output: String
    let errors: String
    /// From start to end.
    let seconds: Double
  }

  let identifier: pid_t
  private let command: String
  private let outputPath: String
  private let errorPath: String
  private let start = monotonicSeconds()
  private var status: Int32?

  /// Starts `arguments[0]`, a path.
  /// - Parameters:
  ///   - folder: where its outputs are kept.
  ///   - closing: signals to be blocked in the child; none by default, whatever the tests' process blocks.
  init(_ arguments: [String], outputsIn folder: ScratchFolder) throws {
    command = arguments.joined(separator: " ")
    outputPath = folder.next("output")
    errorPath = folder.next("errors")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, flags, 0o644)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The child starts with every signal open and at its default, as from a shell.
    var none = sigset_t()
    sigemptyset(&none)
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, arguments[0], &actions, &attributes, &words, environ)
    guard code == 0 else { throw CommandFailure("'\(command)' can not be started: \(String(cString: strerror(code)))") }
    identifier = pid
  }

  deinit { kill() }

  var output: String { text(outputPath) }
  var errors: String { text(errorPath) }

  var isRunning: Bool {
    if status != nil { return false }
    var word: Int32 = 0
    guard waitpid(identifier, &word, WNOHANG) == identifier else { return true }
    status = word & 0x7F == 0 ? (word >> 8) & 0xFF : 128 + (word & 0x7F)
    return false
  }

  /// Its status when it has ended.
  var endStatus: Int32? { isRunning ? nil : status }

  func send(_ signal: Int32) {
    if isRunning { Glibc.kill(identifier, signal) }
  }

  /// Ends it without mercy and takes its status.
  func kill() {
    guard isRunning else { return }
    Glibc.kill(identifier, SIGKILL)
    var word: Int32 = 0
    waitpid(identifier, &word, 0)
    status = 128 + SIGKILL
  }

  /// Its result; killed and a failure when it has not ended within `limit` seconds.
  func wait(limit: Double) throws -> Result {
    guard waitUntil(limit: limit, { !isRunning }) else {
      kill()
      throw CommandFailure("'\(command)' did not end within \(limit) s\n\(output)\n\(errors)")
    }
    return Result(status: status ?? -1, output: output, errors: errors, seconds: monotonicSeconds() - start)
  }

  private func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// Something that keeps a test from saying anything.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Polls `condition` every 10 ms; whether it held before `limit` seconds had gone.
func waitUntil(limit: Double, _ condition: () throws -> Bool) rethrows -> Bool {
  let end = monotonicSeconds() + limit
  while true {
    if try condition() { return true }
    guard monotonicSeconds() < end else { return false }
    poll(nil, 0, 10)
  }
}

func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}
