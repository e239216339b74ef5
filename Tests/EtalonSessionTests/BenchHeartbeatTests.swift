import EtalonCore
import XCTest

@testable import EtalonSession

/// `heartbeat` of a bench file.
final class BenchHeartbeatTests: XCTestCase {
  private let good = """
    lines:
      heater: {line: GPIO17, direction: output}
      alive:  {line: GPIO27, direction: output}
      door:   {line: GPIO5, direction: input}
      lamp:   {line: GPIO6, direction: output, initial: active}
    roles:
      dut:  {device: dt100, port: /dev/ttyUSB1}
      bath: {device: line_heater, power: 1.5 kW, window: 2 s, dead_man: 10 s, lines: {output: heater}}
    heartbeat: {line: alive, every: 0.5 s, limit: 2 s}
    """

  private func load(_ text: String) throws(FileFault) -> BenchPlan {
    try BenchFile.load(SourceFile(name: SessionFixture.board + "/bench.yaml", bytes: Array(text.utf8)))
  }

  func testALineBeats() throws {
    let bench = try load(good)
    XCTAssertEqual(bench.ownLines.map(\.name), ["alive", "door", "lamp"])
    XCTAssertEqual(
      bench.deadMan,
      DeadMan(.line(0), Heartbeat(.toggled, periodNanoseconds: 500_000_000, limitNanoseconds: 2_000_000_000)))
    XCTAssertNil(
      try load(good.replacingOccurrences(of: "heartbeat: {line: alive, every: 0.5 s, limit: 2 s}", with: "")).deadMan)
  }

  func testAModemLineIsHeld() throws {
    let bench = try load(
      good.replacingOccurrences(of: "{line: alive,", with: "{role: dut, modem_line: rts, form: held,"))
    XCTAssertEqual(
      bench.deadMan,
      DeadMan(
        .modem(0, .requestToSend), Heartbeat(.held, periodNanoseconds: 500_000_000, limitNanoseconds: 2_000_000_000)))
  }

  func testFaultsAreTold() throws {
    for (old, new, reason) in [
      ("{line: alive,", "{line: alife,", "there is no line 'alife'"),
      ("{line: alive,", "{line: heater,", "belongs to a device"),
      ("{line: alive,", "{line: door,", "must be an output here"),
      ("{line: alive,", "{line: lamp,", "active without a sign of life"),
      ("{line: alive,", "{", "carried either by a line, or by a modem line"),
      ("{line: alive,", "{role: dut,", "carried either by a line, or by a modem line"),
      ("{line: alive,", "{role: dud, modem_line: dtr,", "there is no role 'dud'"),
      ("{line: alive,", "{role: bath, modem_line: dtr,", "has no serial port"),
      ("every: 0.5 s", "every: 2 s", "do not fit"),
      ("every: 0.5 s", "every: 10 us", "do not fit"),
      ("limit: 2 s", "limit: 2 min", "do not fit"),
      ("limit: 2 s", "limit: 2 s, twice: yes", "twice"),
    ] {
      XCTAssertTrue(good.contains(old), old)
      XCTAssertThrowsError(try load(good.replacingOccurrences(of: old, with: new)), new) {
        XCTAssertTrue("\($0)".contains(reason), "\(new): \($0)")
      }
    }
  }
}
