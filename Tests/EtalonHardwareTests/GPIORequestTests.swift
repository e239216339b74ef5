import EtalonCore
import EtalonLinux
import Glibc
import XCTest

/// Requesting and using lines of a real kernel. Each test runs with the version of libgpiod that the program is built
/// with.
final class GPIORequestTests: XCTestCase {
  private func fault(_ lines: [LineSpecification]) -> GPIOFault? {
    do throws(GPIOFault) {
      _ = try GPIOLines(lines)
      return nil
    } catch {
      return error
    }
  }

  func testLinesAreFoundByNameAndByLabelAndOffset() throws {
    let chip = try VirtualBoard.gpioSim(label: "find", lineCount: 8, names: [3: "heater", 5: "door"])
    var byName = try GPIOLines([LineSpecification(.name("heater"), .output())], consumer: "one")
    var byOffset = try GPIOLines([LineSpecification(.offset(chip: "find", 5), .input())], consumer: "two")
    try byName.set(0, true)
    XCTAssertTrue(try chip.level(3))
    XCTAssertTrue(try byName.read(0))
    try byName.set(0, false)
    XCTAssertFalse(try chip.level(3))
    XCTAssertFalse(try byOffset.read(0))
    try chip.drive(5, high: true)
    XCTAssertTrue(try byOffset.read(0))
    let lines = GPIOChips.lines().filter { $0.chip == "find" }
    XCTAssertEqual(lines.map(\.offset), Array(0..<8))
    XCTAssertEqual(lines.map(\.consumer), [nil, nil, nil, "one", nil, "two", nil, nil])
    XCTAssertEqual(lines[3].name, "heater")
    XCTAssertTrue(lines[3].isOutput)
    XCTAssertFalse(lines[5].isOutput)
  }

  func testWhatCanNotBeRequestedIsToldWithItsReason() throws {
    let chip = try VirtualBoard.gpioSim(
      label: "faults", lineCount: 4, names: [0: "pump", 1: "Valve", 2: "power", 3: "twice"],
      hogs: [2: ("board-supply", "output-high")])
    let other = try VirtualBoard.gpioSim(label: "other", lineCount: 2, names: [0: "lamp", 1: "twice"])
    let input = LineSettings.input()
    XCTAssertEqual(
      fault([LineSpecification(.offset(chip: "faults", 4), input)]), .outOfRange(chip: "faults", offset: 4, count: 4))
    XCTAssertEqual(fault([LineSpecification(.name("valve"), input)]), .noLine(name: "valve", nearest: "Valve"))
    XCTAssertEqual(fault([LineSpecification(.name("horn"), input)]), .noLine(name: "horn", nearest: nil))
    guard case .noChip("fault", let known) = fault([LineSpecification(.offset(chip: "fault", 0), input)]) else {
      return XCTFail("a chip that is not there")
    }
    XCTAssertTrue(Set(known).isSuperset(of: ["faults", "other"]))
    // The number of a chip is no name for it.
    XCTAssertNotNil(fault([LineSpecification(.offset(chip: chip.name, 0), input)]))
    guard case .ambiguousLine("twice", let places) = fault([LineSpecification(.name("twice"), input)]) else {
      return XCTFail("two lines of one name")
    }
    XCTAssertEqual(Set(places), ["faults 3", "other 1"])
    guard
      case .severalChips = fault([
        LineSpecification(.name("pump"), input), LineSpecification(.name("lamp"), input),
      ])
    else { return XCTFail("two chips in one request") }
    XCTAssertEqual(
      fault([LineSpecification(.name("pump"), input), LineSpecification(.offset(chip: "faults", 0), input)]), .list)
    XCTAssertEqual(fault([]), .list)
    XCTAssertEqual(
      fault([LineSpecification(.name("power"), .output())]), .busy(line: "power", consumer: "board-supply"))
    let holder = try GPIOLines([LineSpecification(.name("pump"), .output())], consumer: "the other program")
    let busy = fault([LineSpecification(.name("pump"), input)])
    XCTAssertEqual(busy, .busy(line: "pump", consumer: "the other program"))
    XCTAssertEqual(busy?.portFault, .busy)
    XCTAssertTrue(busy?.explanation.contains("'the other program'") == true)
    XCTAssertEqual(holder.count, 1)
    XCTAssertTrue(other.isLive)
  }

  /// One request, several lines, all with settings of their own; driving some leaves the others as they are.
  func testSeveralLinesWithDifferentSettings() throws {
    let chip = try VirtualBoard.gpioSim(label: "several", lineCount: 8)
    func line(_ offset: UInt32, _ settings: LineSettings) -> LineSpecification {
      LineSpecification(.offset(chip: "several", offset), settings)
    }
    var lines = try GPIOLines([
      line(0, .output(initial: true)), line(1, .output(isActiveLow: true)), line(2, .output()),
      line(3, .input(bias: .pullUp)), line(4, .input(isActiveLow: true, bias: .pullDown)), line(7, .output()),
    ])
    XCTAssertEqual(lines.chip, "several")
    XCTAssertEqual(try (0..<3).map { try chip.level($0) }, [true, true, false])
    XCTAssertEqual(try chip.pull(3), "pull-up")
    XCTAssertEqual(try chip.pull(4), "pull-down")
    // Places 0, 3 (pulled up) and 4 (low, and low is active) are active.
    XCTAssertEqual(try lines.readAll(), 0b01_1001)
    try lines.set(mask: 0b10_0110, active: 0b10_0010)
    XCTAssertEqual(try [0, 1, 2, 7].map { try chip.level($0) }, [true, false, false, true])
    try lines.set(2, true)
    XCTAssertEqual(try [0, 1, 2, 7].map { try chip.level($0) }, [true, false, true, true])
    try chip.drive(4, high: true)
    try chip.drive(3, high: false)
    XCTAssertEqual(try lines.readAll(), 0b10_0111)
  }

  func testSettingsThatContradictAreRefused() throws {
    _ = try VirtualBoard.gpioSim(label: "contra", lineCount: 2)
    var settings = LineSettings.output()
    settings.edges = .both
    let chip = try VirtualBoard.gpioSim(label: "contra2", lineCount: 2)
    XCTAssertEqual(fault([LineSpecification(.offset(chip: chip.label, 0), settings)]), .settings(line: "contra2 0"))
    settings = .input()
    settings.drive = .openDrain
    XCTAssertEqual(fault([LineSpecification(.offset(chip: chip.label, 0), settings)]), .settings(line: "contra2 0"))
  }

  func testDirectionCanBeChanged() throws {
    let chip = try VirtualBoard.gpioSim(label: "turn", lineCount: 2)
    var lines = try GPIOLines([LineSpecification(.offset(chip: "turn", 0), .output(initial: true))])
    XCTAssertTrue(try chip.level(0))
    try lines.reconfigure([.input(bias: .pullDown)])
    XCTAssertFalse(try lines.read(0))
    try chip.drive(0, high: true)
    XCTAssertTrue(try lines.read(0))
    try lines.reconfigure([.output(initial: false)])
    XCTAssertFalse(try chip.level(0))
    try lines.set(0, true)
    XCTAssertTrue(try chip.level(0))
  }

  /// A chip that is taken away while its line is in use is a fault of its own kind, not a level.
  func testGoneWhileRequested() throws {
    let chip = try VirtualBoard.gpioSim(label: "gone", lineCount: 2)
    var output = try GPIOLines([LineSpecification(.offset(chip: "gone", 0), .output(initial: true))])
    var input = try GPIOLines([LineSpecification(.offset(chip: "gone", 1), .input(edges: .both))])
    try chip.takeAway()
    XCTAssertThrowsError(try output.set(0, false)) { XCTAssertEqual($0 as? GPIOFault, .gone) }
    XCTAssertThrowsError(try output.read(0)) { XCTAssertEqual($0 as? GPIOFault, .gone) }
    XCTAssertThrowsError(try input.read(0)) { XCTAssertEqual($0 as? GPIOFault, .gone) }
    XCTAssertEqual(GPIOFault.gone.portFault, .vanished)
    var line: GPIOFault?
    do throws(GPIOFault) { _ = try GPIOLine(LineSpecification(.offset(chip: "gone", 0), .input())) } catch {
      line = error
    }
    guard case .noChip("gone", _) = line else { return XCTFail("\(String(describing: line))") }
  }

  /// `Line`, the seam: one line, its faults in terms of a port.
  func testOneLineBehindTheSeam() throws {
    let chip = try VirtualBoard.gpioSim(label: "seam", lineCount: 1)
    var line = try GPIOLine(LineSpecification(.offset(chip: "seam", 0), .output()))
    try line.set(true)
    XCTAssertTrue(try chip.level(0))
    XCTAssertTrue(try line.read())
    try chip.takeAway()
    XCTAssertThrowsError(try line.set(true)) { XCTAssertEqual($0 as? PortFault, .vanished) }
  }

  // MARK: Safe levels

  /// The copy of the process keeps the line requested, so its level shows what the first owner did last.
  func testSafeLevelIsGivenWhenTheValueEnds() throws {
    let chip = try VirtualBoard.gpioSim(label: "safe", lineCount: 2)
    var child: ForkedChild?
    do {
      var lines = try GPIOLines([
        LineSpecification(.offset(chip: "safe", 0), .output(initial: true, safe: false)),
        LineSpecification(.offset(chip: "safe", 1), .output(initial: false, safe: true)),
      ])
      child = try ForkedChild { ready in ready() }
      XCTAssertEqual(try lines.readAll(), 0b01)
    }
    XCTAssertFalse(try chip.level(0))
    XCTAssertTrue(try chip.level(1))
    XCTAssertEqual(child?.end(SIGKILL), SIGKILL)
    // Now nobody has the lines, and the kernel's pull holds them.
    XCTAssertFalse(try chip.level(1))
  }

  /// Whatever ends the process, its outputs go to their safe level first; only SIGKILL leaves that to the kernel.
  func testSafeLevelIsGivenHoweverTheProcessEnds() throws {
    let chip = try VirtualBoard.gpioSim(label: "ends", lineCount: 1)
    let ends: [(name: String, signal: Int32, isSafe: Bool, end: () -> Void)] = [
      ("abort", SIGABRT, true, { abort() }),
      ("a broken precondition", SIGILL, true, { preconditionFailure("meant to be broken") }),
      ("a null pointer", SIGSEGV, true, { UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1 }),
      ("a stack that overflows", SIGSEGV, true, { _ = Self.depth(1) }),
      ("SIGXCPU", SIGXCPU, true, { raise(SIGXCPU) }),
      ("SIGUSR1", SIGUSR1, true, { raise(SIGUSR1) }),
      ("SIGTERM", SIGTERM, true, { raise(SIGTERM) }),
      ("SIGINT", SIGINT, true, { raise(SIGINT) }),
      ("SIGHUP", SIGHUP, true, { raise(SIGHUP) }),
      ("SIGKILL", SIGKILL, false, { raise(SIGKILL) }),
    ]
    for (name, signal, isSafe, end) in ends {
      // What the parent of this process chose to ignore stays ignored, and ends nothing.
      var present = sigaction()
      XCTAssertEqual(sigaction(signal, nil, &present), 0)
      if present.__sigaction_handler.sa_handler.map({ unsafeBitCast($0, to: Int.self) }) == 1 { continue }
      var lines = try GPIOLines([LineSpecification(.offset(chip: "ends", 0), .output(initial: true, safe: false))])
      XCTAssertTrue(try chip.level(0), name)
      let child = try ForkedChild { ready in
        // What the copy says while it ends is nobody's business.
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO)
        ready()
        end()
      }
      XCTAssertEqual(child.wait(), signal, name)
      XCTAssertEqual(try chip.level(0), !isSafe, name)
      try lines.set(0, true)
    }
    XCTAssertFalse(try chip.level(0), "the kernel gave the line back")
  }

  /// Goes deeper until the stack ends.
  @inline(never)
  private static func depth(_ level: Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
      buffer[0] = UInt8(truncatingIfNeeded: level)
      return depth(level &+ 1) &+ Int(buffer[0])
    }
  }

  /// After SIGKILL of the only owner the kernel gives the line back, and the board's pull holds it.
  func testKernelGivesTheLineBackAfterAKill() throws {
    let chip = try VirtualBoard.gpioSim(label: "killed", lineCount: 1)
    let child = try ForkedChild { ready in
      do throws(GPIOFault) {
        var lines = try GPIOLines([LineSpecification(.offset(chip: "killed", 0), .output())])
        try lines.set(0, true)
        ready()
        // The lines are used after the wait, so that they are not given back before it.
        while try lines.read(0) { pause() }
      } catch { print(error.explanation) }
    }
    XCTAssertTrue(try chip.level(0))
    XCTAssertNotNil(fault([LineSpecification(.offset(chip: "killed", 0), .input())]))
    XCTAssertEqual(child.end(SIGKILL), SIGKILL)
    XCTAssertFalse(try chip.level(0))
    XCTAssertNil(fault([LineSpecification(.offset(chip: "killed", 0), .input())]))
  }
}
