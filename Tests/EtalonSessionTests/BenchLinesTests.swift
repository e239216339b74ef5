import EtalonCore
import XCTest

@testable import EtalonSession

/// Lines of a bench file: which they are, how they are set, and the devices that are reached over them.
final class BenchLinesTests: XCTestCase {
  private let good = """
    lines:
      heater:   {line: GPIO17, direction: output, bias: pull-down, safe: inactive}
      select:   {line: GPIO8, direction: output, active: low, initial: inactive}
      clock:    {chip: pinctrl-rp1, offset: 11, direction: output, drive: open-drain}
      data_out: {line: GPIO10, direction: output}
      data_in:  {line: GPIO9, direction: input, bias: pull-up}
      door:     {line: GPIO5, direction: input, active: low, edges: both, debounce: 5 ms}
    roles:
      dut:  {device: max31865, serial: PT-7, reference_resistor: 430 Ω, wires: 3, half_period: 10 us, lines: {select: select, clock: clock, data_out: data_out, data_in: data_in}}
      bath: {device: line_heater, power: 1.5 kW, window: 2 s, dead_man: 10 s, lines: {output: heater}}
    """

  private func load(_ text: String) throws(FileFault) -> BenchPlan {
    try BenchFile.load(SourceFile(name: SessionFixture.board + "/bench.yaml", bytes: Array(text.utf8)))
  }

  func testLinesAndTheirDevices() throws {
    let bench = try load(good)
    XCTAssertEqual(bench.lines.map(\.name), ["heater", "select", "clock", "data_out", "data_in", "door"])
    XCTAssertEqual(
      bench.lines[0].specification, LineSpecification(.name("GPIO17"), .output(bias: .pullDown)))
    XCTAssertEqual(bench.lines[1].specification.settings, .output(isActiveLow: true))
    XCTAssertEqual(
      bench.lines[2].specification,
      LineSpecification(.offset(chip: "pinctrl-rp1", 11), .output(drive: .openDrain)))
    XCTAssertEqual(
      bench.lines[5].specification.settings, .input(isActiveLow: true, edges: .both, debounceMicroseconds: 5000))
    XCTAssertEqual(
      bench.instruments[0].lines,
      .spi(select: 1, clock: 2, dataOut: 3, dataIn: 4, halfPeriodNanoseconds: 10_000))
    XCTAssertEqual(bench.instruments[0].details.serial, "PT-7")
    XCTAssertEqual(bench.instruments[0].details.referenceOhm, 430)
    XCTAssertEqual(bench.instruments[0].details.wires, 3)
    XCTAssertEqual(bench.instruments[1].lines, .levels([0]))
    XCTAssertEqual(bench.instruments[1].details.ratedWatts, 1500)
    XCTAssertEqual(bench.ownLines.map(\.name), ["door"], "the others belong to devices")
  }

  /// What the header of a run keeps of a bench with lines comes back; one without lines is as it always was.
  func testHeaderKeepsLines() throws {
    let board = try BoardFile.load(directory: SessionFixture.board)
    func header(_ bench: BenchPlan) -> RunHeader {
      RunHeader(
        version: "1", session: "s", board: "b", timebase: .monotonic, utcNanosecondsAtStart: 5, seed: 0, overrides: [],
        sessionText: [], boardPlan: board, bench: bench)
    }
    let bench = try load(good)
    let read = try RunHeader(decoding: header(bench).encoded())
    XCTAssertEqual(read.bench.lines, bench.lines)
    XCTAssertEqual(read.bench.instruments.map(\.lines), bench.instruments.map(\.lines))
    XCTAssertEqual(read.bench.instruments.map(\.details), bench.instruments.map(\.details))
    XCTAssertEqual(header(bench).encoded().first, 2)
    XCTAssertEqual(header(board.bench).encoded().first, 1)
  }

  func testFaultsAreTold() throws {
    for (old, new, reason) in [
      ("chip: pinctrl-rp1", "chip: gpiochip0", "changes from one start to the next"),
      ("line: GPIO10", "line: GPIO9", "are the same line"),
      ("{output: heater}", "{output: heather}", "there is no line 'heather'"),
      ("{output: heater}", "{output: door}", "must be an output here"),
      ("line: GPIO10,", "line: GPIO10, offset: 3,", "named either by 'line' or by 'chip' and 'offset'"),
      ("bias: pull-up", "safe: active", "makes no sense for an input"),
      ("direction: output}", "direction: output, edges: both}", "makes no sense for an output"),
      ("half_period: 10 us", "half_period: 1 s", "too long"),
      ("debounce: 5 ms", "debounce: 20 s", "out of range"),
    ] {
      XCTAssertTrue(good.contains(old), old)
      XCTAssertThrowsError(try load(good.replacingOccurrences(of: old, with: new)), new) {
        XCTAssertTrue("\($0)".contains(reason), "\($0)")
      }
    }
    XCTAssertThrowsError(try load(good.replacingOccurrences(of: ", lines: {output: heater}", with: ""))) {
      XCTAssertTrue("\($0)".contains("lines"), "\($0)")
    }
  }
}
