import EtalonLedger
import Glibc
import XCTest

/// A recorder that meets the faults of real disks.
final class LedgerFaultTests: XCTestCase {
  private func expectFault(
    _ folder: String, _ expected: (LedgerFault) -> Bool, file: StaticString = #filePath, line: UInt = #line
  ) {
    XCTAssertThrowsError(try LedgerWriter(runFolder: folder, mode: .wait), file: file, line: line) {
      guard let fault = $0 as? LedgerFault, expected(fault) else { return XCTFail("\($0)", file: file, line: line) }
    }
  }

  func testFolderThatCanNotBeMade() throws {
    let scratch = Scratch()
    let plain = scratch.path + "/plain"
    close(open(plain, O_WRONLY | O_CREAT, 0o644))
    expectFault(plain) { $0 == .exists(path: plain) }
    expectFault(plain + "/below") { $0 == .missing(path: plain + "/below") }
    expectFault("/proc/etalon/run") { $0 == .missing(path: "/proc/etalon") }
  }

  func testFolderWithoutPermission() throws {
    let scratch = Scratch()
    let closed = scratch.path + "/closed"
    XCTAssertEqual(mkdir(closed, 0o555), 0)
    XCTAssertEqual(chmod(scratch.path, 0o755), 0)
    // Root may write anywhere, so the test is somebody else for these lines.
    let isRoot = geteuid() == 0
    if isRoot { XCTAssertEqual(seteuid(65534), 0) }
    defer { if isRoot { XCTAssertEqual(seteuid(0), 0) } }
    // Which part of the path is refused depends on the folders above.
    for folder in [closed + "/run", closed] {
      expectFault(folder) {
        if case .permission(let path) = $0 { path.hasPrefix(closed) } else { false }
      }
    }
  }

  func testReadOnlyFileSystem() throws {
    let scratch = Scratch()
    guard mount("tmpfs", scratch.path, "tmpfs", UInt(MS_RDONLY), "size=64k") == 0 else {
      throw XCTSkip("mounting a file system is not allowed here (error \(errno))")
    }
    defer { umount(scratch.path) }
    expectFault(scratch.path + "/run") { $0 == .readOnly(path: scratch.path + "/run") }
  }

  /// The file system is full in the middle of a run: the fault is published, nothing after it is acknowledged, what was
  /// acknowledged is there, and the loop is never held up.
  func testDiskFull() throws {
    let scratch = Scratch()
    guard mount("tmpfs", scratch.path, "tmpfs", 0, "size=256k") == 0 else {
      throw XCTSkip("mounting a file system is not allowed here (error \(errno)); the limit test covers the same path")
    }
    defer { umount(scratch.path) }
    let writer = try LedgerWriter(runFolder: scratch.path + "/run", mode: .wait)
    try fillUntilFault(writer)
  }

  /// The same with the limit on file sizes, which needs no rights.
  func testFileSizeLimit() throws {
    let scratch = Scratch()
    var before = rlimit()
    XCTAssertEqual(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before), 0)
    let writer = try LedgerWriter(runFolder: scratch.path + "/run", mode: .wait)
    var limit = before
    limit.rlim_cur = 200_000
    // The signal that goes with the limit comes to the thread that wrote, and the recorder blocks it.
    XCTAssertEqual(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit), 0)
    defer { XCTAssertEqual(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before), 0) }
    try fillUntilFault(writer)
  }

  private func fillUntilFault(_ writer: LedgerWriter) throws {
    let bytes = [UInt8](repeating: 3, count: 1000)
    var appended = 0
    var fault: LedgerFault?
    while fault == nil && appended < 2000 {
      bytes.withUnsafeBytes { writer.append(kind: 1, instant: 0, payload: $0) }
      appended += 1
      if appended % 20 == 0 {
        do { try writer.flush() } catch { fault = error }
      }
    }
    XCTAssertEqual(fault, .diskFull(path: writer.path))
    XCTAssertEqual(writer.failure, .diskFull(path: writer.path))
    let acknowledged = writer.acknowledged
    XCTAssertGreaterThan(acknowledged, 0)
    XCTAssertLessThan(acknowledged, UInt64(appended))
    // More than the ring holds: the loop goes on.
    for _ in 0..<10_000 { bytes.withUnsafeBytes { writer.append(kind: 1, instant: 0, payload: $0) } }
    XCTAssertEqual(writer.acknowledged, acknowledged)
    XCTAssertThrowsError(try writer.close()) { XCTAssertEqual($0 as? LedgerFault, .diskFull(path: writer.path)) }
    let found = try LedgerVerification(path: writer.path)
    XCTAssertTrue(found.isSound)
    XCTAssertGreaterThanOrEqual(found.records, acknowledged)
  }

  /// The process is killed while it writes; all that it had acknowledged is sound. The child is this test program
  /// itself, told by the environment to write until it is killed.
  func testKilledProcess() throws {
    if let folder = getenv("ETALON_LEDGER_TEST_FOLDER") { try writeUntilKilled(String(cString: folder)) }
    let program = CommandLine.arguments[0]
    for round in 0..<4 {
      let scratch = Scratch()
      let run = scratch.path + "/run"
      var ends: [Int32] = [-1, -1]
      XCTAssertEqual(pipe(&ends), 0)
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      posix_spawn_file_actions_adddup2(&actions, ends[1], 3)
      let name = "EtalonLedgerTests.LedgerFaultTests/testKilledProcess"
      let arguments = [strdup(program), strdup(name), nil]
      let variables = [strdup("ETALON_LEDGER_TEST_FOLDER=\(run)"), nil]
      defer { for text in arguments + variables { free(text) } }
      var child: pid_t = 0
      XCTAssertEqual(posix_spawn(&child, program, &actions, nil, arguments, variables), 0)
      posix_spawn_file_actions_destroy(&actions)
      close(ends[1])
      // Each word is a number of acknowledged records.
      var acknowledged: UInt64 = 0
      var word: UInt64 = 0
      var words = 0
      while read(ends[0], &word, 8) == 8 {
        acknowledged = word
        words += 1
        if words == 2 + 3 * round { XCTAssertEqual(kill(child, SIGKILL), 0) }
      }
      close(ends[0])
      var status: Int32 = 0
      XCTAssertEqual(waitpid(child, &status, 0), child)
      XCTAssertEqual(status & 0x7F, SIGKILL, "the child ended by itself: \(status)")
      XCTAssertGreaterThan(acknowledged, 0)
      let found = try LedgerVerification(path: run + "/" + LedgerWriter.fileName)
      XCTAssertTrue(found.isSound, "\(found)")
      XCTAssertGreaterThanOrEqual(found.records, acknowledged)
    }
  }

  private func writeUntilKilled(_ folder: String) throws -> Never {
    let writer = try LedgerWriter(runFolder: folder, mode: .wait)
    var reported: UInt64 = 0
    var index = 0
    while true {
      writer.appendSample(index)
      index += 1
      var acknowledged = writer.acknowledged
      if acknowledged != reported {
        reported = acknowledged
        guard write(3, &acknowledged, 8) == 8 else { exit(1) }
      }
    }
  }
}
