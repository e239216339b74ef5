import EtalonCore
import XCTest

@testable import EtalonSession

/// Physical checks of boards and benches, each with the board that passes and the change that does not.
final class BoardLintTests: XCTestCase {
  private let good = """
    etalon: 1
    board: test
    title: A machine with a heater on a line
    machine: [Raspberry Pi 5]
    voltage_domains:
      header: {level: 3.3 V}
      logic5: {level: 5 V}
      rs232: {level: 12 V}
    ports:
      uart0: {path: /dev/ttyAMA0, domain: header, to: rs232, through: transceiver, clock: 48 MHz, divider: pl011}
      debug: {path: /dev/ttyAMA10, domain: header, console: true}
      usb: {bus: usb, domain: logic5}
    lines:
      heater: {line: GPIO17, pin: 11, domain: header, to: logic5, through: optocoupler, direction: output, use: heater, safe: inactive, dead_man: alive}
      alive: {line: GPIO27, pin: 13, domain: header, direction: output, use: watchdog}
      pps: {chip: pinctrl-rp1, offset: 4, domain: header, to: logic5, through: divider, direction: input, use: pulse}
    roles:
      ref: {device: hart_1502a, baud: 9600, at: usb}
      dut: {device: dt100, baud: 9600, at: uart0}
      bath: {device: bc200, baud: 19200, dead_man: 30 s, at: usb}
    plant: {kind: stirred-bath, heater: 1500 W, heat_capacity: 21 kJ/K, loss: 6 W/K, room: 23 °C, delay: 16 s}
    """

  private func lint(_ old: String = "", _ new: String = "", line: UInt = #line) throws -> [Diagnostic] {
    if !old.isEmpty { XCTAssertTrue(good.contains(old), old, line: line) }
    let text = old.isEmpty ? good : good.replacingOccurrences(of: old, with: new)
    let board = try BoardFile.load(SourceFile(name: "board.yaml", bytes: Array(text.utf8)))
    return BoardLint.diagnostics(board, file: "board.yaml")
  }

  private func assertOne(
    _ old: String, _ new: String, says words: String, at row: Int, line: UInt = #line
  ) throws {
    let found = try lint(old, new, line: line)
    XCTAssertEqual(found.count, 1, "\(found)", line: line)
    guard let first = found.first else { return }
    XCTAssertTrue(first.reason.contains(words), first.reason, line: line)
    XCTAssertFalse(first.fix.isEmpty, line: line)
    XCTAssertEqual(first.place.line, row, "\(first)", line: line)
    XCTAssertGreaterThan(first.place.column, 1, line: line)
  }

  func testGoodBoardHasNothingToSay() throws {
    XCTAssertEqual(try lint(), [])
    let board = try BoardFile.load(SourceFile(name: "board.yaml", bytes: Array(good.utf8)))
    XCTAssertTrue(board.hardware.isMachine("Raspberry Pi 5 Model B Rev 1.0"))
    XCTAssertFalse(board.hardware.isMachine("Raspberry Pi 4 Model B"))
    XCTAssertEqual(
      board.hardware.lines.map(\.address), [.name("GPIO17"), .name("GPIO27"), .offset(chip: "pinctrl-rp1", 4)])
    XCTAssertEqual(board.hardware.lines[0].deadMan, .watchdog(line: "alive"))
    XCTAssertEqual(board.hardware.lines[0].safe, false)
  }

  func testLineUsedTwice() throws {
    try assertOne("line: GPIO27, pin: 13", "line: GPIO17, pin: 13", says: "GPIO17 is used twice", at: 15)
    try assertOne("line: GPIO27, pin: 13", "line: GPIO27, pin: 11", says: "pin 11 has two lines", at: 15)
  }

  func testVoltageDomainsJoined() throws {
    try assertOne(
      ", through: divider, direction: input", ", direction: input",
      says: "'logic5' puts 5 V on 'header', which stands 3.3 V", at: 16)
    try assertOne(
      ", through: optocoupler, direction: output", ", direction: output",
      says: "3.3 V of 'header' may not be a high level for 'logic5' of 5 V", at: 14)
    try assertOne(", to: rs232, through: transceiver", ", to: rs232", says: "'rs232' puts 12 V on 'header'", at: 10)
    try assertOne("through: optocoupler", "through: divider", says: "drives through a divider", at: 14)
    // An input that stands 5 V needs nothing between.
    let tolerant = good.replacingOccurrences(
      of: "header: {level: 3.3 V}", with: "header: {level: 3.3 V, tolerates: 5 V}"
    )
    .replacingOccurrences(of: ", through: divider", with: "")
    let board = try BoardFile.load(SourceFile(name: "board.yaml", bytes: Array(tolerant.utf8)))
    XCTAssertEqual(BoardLint.diagnostics(board, file: "board.yaml"), [])
  }

  func testUnreachableRate() throws {
    // 48 MHz at 16 samples for each bit: 3 MBd is the greatest rate.
    try assertOne(
      "dut: {device: dt100, baud: 9600, at: uart0}", "dut: {device: dt100, baud: 4000000, at: uart0}",
      says: "its clock of 48.0 MHz makes 3000000 baud, 25.0 % away", at: 19)
  }

  func testRatesOfDividers() {
    typealias Divider = BoardHardware.RateDivider
    // AM335x Technical Reference Manual (SPRUH73), table "UART baud rate settings (48-MHz clock)": divisor 26 at 16x gives
    // 115.38 kBd, 0.16 %; 230400 at 16x with 13 gives 230.77 kBd; 921600 at 13x with 4 gives 923.08 kBd; 3 MBd at 16x.
    XCTAssertEqual(Divider.omap.nearestRate(to: 115_200, clockHertz: 48e6), 48e6 / (16 * 26), accuracy: 0.01)
    XCTAssertEqual(Divider.omap.nearestRate(to: 921_600, clockHertz: 48e6), 48e6 / (13 * 4), accuracy: 0.01)
    XCTAssertEqual(Divider.omap.nearestRate(to: 3_000_000, clockHertz: 48e6), 3e6, accuracy: 0.01)
    // A 16550 with the PC's crystal of 1.8432 MHz: exact for 115200, nothing above.
    XCTAssertEqual(Divider.uart16550.nearestRate(to: 115_200, clockHertz: 1.8432e6), 115_200)
    XCTAssertEqual(Divider.uart16550.nearestRate(to: 230_400, clockHertz: 1.8432e6), 115_200)
    // ARM DDI 0183, example of 3.3.6: 230400 from 4 MHz is a divisor of 1 + 5/64, which makes 231884 baud, 0.644 % off.
    let example = Divider.pl011.nearestRate(to: 230_400, clockHertz: 4e6)
    XCTAssertEqual(example, 4e6 / (16 * (1 + 5.0 / 64)), accuracy: 1e-6)
    XCTAssertEqual(abs(example - 230_400) / 230_400, 0.00644, accuracy: 0.00001)
    // Mini UART at a core clock of 500 MHz: 115200 from 500e6/(8·543).
    XCTAssertEqual(Divider.mini.nearestRate(to: 115_200, clockHertz: 500e6), 500e6 / (8 * 543), accuracy: 0.01)
  }

  func testSafeStatesAndDeadMan() throws {
    try assertOne(", safe: inactive", "", says: "'heater' (heater) has no safe state", at: 14)
    try assertOne(", dead_man: alive", "", says: "has no dead-man", at: 14)
    try assertOne("dead_man: alive", "dead_man: alibe", says: "no output line with 'use: watchdog'", at: 14)
    XCTAssertEqual(try lint("dead_man: alive", "dead_man: 2 s"), [])
    try assertOne("dead_man: 30 s, at: usb", "at: usb", says: "the actuator 'bath' has no dead-man time", at: 20)
  }

  func testPorts() throws {
    try assertOne("at: uart0", "at: uart1", says: "the board has no port 'uart1'", at: 19)
    try assertOne("at: uart0", "at: debug", says: "where the kernel writes its messages", at: 19)
    try assertOne("baud: 9600, at: usb", "baud: 9600, at: uart0", says: "are both at the port 'uart0'", at: 19)
    try assertOne("path: /dev/ttyAMA0", "path: /dev/ttyUSB0", says: "a number in the order of plugging", at: 10)
    try assertOne("path: /dev/ttyAMA10", "path: /dev/ttyAMA0", says: "are the same device", at: 11)
  }

  func testFaultsOfTheLanguage() throws {
    for (old, new, words) in [
      ("chip: pinctrl-rp1", "chip: gpiochip0", "is a chip's number"),
      ("level: 3.3 V", "level: 3.3", "has no unit"),
      ("domain: header, to: rs232", "domain: heater, to: rs232", "no voltage domain 'heater'"),
      ("use: pulse", "use: pulsse", "can not be 'pulsse'"),
      ("clock: 48 MHz, divider: pl011", "clock: 48 MHz", "a clock without its divider"),
      ("bus: usb, domain", "domain", "needs either a path or a bus"),
      ("use: watchdog}", "use: watchdog, colour: red}", "unknown key 'colour'"),
    ] {
      XCTAssertTrue(good.contains(old), old)
      let text = good.replacingOccurrences(of: old, with: new)
      do throws(FileFault) {
        _ = try BoardFile.load(SourceFile(name: "board.yaml", bytes: Array(text.utf8)))
        XCTFail("'\(new)' was accepted")
      } catch {
        XCTAssertEqual(error.kind, .board)
        XCTAssertTrue(error.description.contains(words), "\(error)")
      }
    }
  }

  func testBench() throws {
    let board = try BoardFile.load(SourceFile(name: "board.yaml", bytes: Array(good.utf8)))
    func lint(_ role: String) throws -> [String] {
      let bench = try BenchFile.load(SourceFile(name: "bench.yaml", bytes: Array("roles:\n  \(role)\n".utf8)))
      return BenchLint.diagnostics(bench, board: board).map(\.description)
    }
    XCTAssertEqual(try lint("dut: {device: dt100, port: /dev/serial/by-id/usb-FTDI-if00-port0}"), [])
    XCTAssertEqual(try lint("dut: {device: dt100, port: /dev/ttyAMA0}"), [])
    for (role, words) in [
      ("dut: {device: dt100, port: /dev/ttyUSB0}", "order of plugging"),
      ("dut: {device: dt100, port: /dev/ttyACM12}", "order of plugging"),
      ("dut: {device: dt100, port: /dev/tty1}", "is a console"),
      ("dut: {device: dt100, port: /dev/ttyAMA10}", "the kernel writes its messages"),
      ("dut: {device: dt100, port: /dev/ttyAMA0, baud: 4000000}", "can not be reached at 'uart0'"),
      ("bath: {device: bc200, port: /dev/ttyAMA0}", "add 'dead_man: 30.0 s', as the board has it"),
    ] {
      let found = try lint(role)
      XCTAssertEqual(found.count, 1, "\(found)")
      XCTAssertTrue(found.first?.contains(words) == true, "\(found)")
      XCTAssertTrue(found.first?.hasPrefix("bench.yaml:2:") == true, "\(found)")
    }
  }

  /// Every file below `boards/` is of a known kind, loads, and passes the physical checks.
  func testEveryFileOfEveryBoard() throws {
    let root = URL(fileURLWithPath: SessionFixture.board).deletingLastPathComponent()
    let names = try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
    XCTAssertTrue(names.contains("virtual-bench"))
    var loaded: [FileKind: Int] = [:]
    for name in names {
      let folder = root.appendingPathComponent(name).path
      let board = try BoardFile.load(directory: folder)
      XCTAssertEqual(board.name, name, "a board is named after its folder")
      XCTAssertEqual(BoardLint.diagnostics(board, file: folder + "/board.yaml"), [])
      XCTAssertTrue(FileManager.default.fileExists(atPath: folder + "/README.md"), "\(name) has no README.md")
      let paths = try XCTUnwrap(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
      for path in paths.sorted() where path.hasSuffix(".yaml") {
        let file = folder + "/" + path
        let source = try SourceFile(path: file, kind: .session)
        let kind = FileKind.of(source)
        loaded[kind, default: 0] += 1
        switch kind {
        case .session:
          let plan = try SessionFile.load(source)
          try BenchFile.check(board.bench, serves: plan)
          _ = try PlanReport(session: plan, board: board)
        case .board: XCTAssertEqual(path, "board.yaml")
        case .bench:
          let bench = try BenchFile.load(source)
          XCTAssertEqual(BenchLint.diagnostics(bench, board: board), [], file)
        case .certificate: _ = try CertificateFile.load(source)
        case .clock: _ = try ClockSession.load(source)
        case .estimate: XCTAssertTrue(path.hasPrefix("estimate/"), path)
        // Their readers belong to the simulator, whose tests load them.
        case .simulation, .faults: XCTAssertTrue(path.hasPrefix("sim") || path.hasPrefix("faults"), path)
        }
      }
    }
    XCTAssertGreaterThanOrEqual(loaded[.board] ?? 0, names.count)
    XCTAssertGreaterThanOrEqual((loaded[.session] ?? 0) + (loaded[.clock] ?? 0), names.count)
  }
}
