import XCTest

@testable import EtalonSession

/// One edit of the good session for each kind of slip; each must be named at its place, with a fix.
final class SessionFileFaultTests: XCTestCase {
  /// Text to find, what takes its place, where the fault is shown relative to the edit, part of the reason, nearest word.
  private struct Slip {
    var old: String
    var new: String
    /// Column of the fault counted from the edit's first; nil where the fault lies in another line.
    var offset: Int?
    var reason: String
    var nearest: String?
    var fix: String?

    init(_ old: String, _ new: String, _ offset: Int?, _ reason: String, nearest: String? = nil, fix: String? = nil) {
      self.old = old
      self.new = new
      self.offset = offset
      self.reason = reason
      self.nearest = nearest
      self.fix = fix
    }
  }

  private let slips = [
    // Units and dimensions.
    Slip("hold: 2 min", "hold: 2", nil, "has no unit"),
    Slip("timeout: 45 min", "timeout: 45", 9, "'timeout' '45' has no unit", fix: "a time with its unit, as in 10 min"),
    Slip("timeout: 45 min", "timeout: 45 K", 9, "is not a time"),
    Slip("timeout: 45 min", "timeout: 45 mim", 9, "mim", nearest: "min"),
    Slip("timeout: 45 min", "timeout: -45 min", 9, "not above zero"),
    Slip("timeout: 45 min", "timeout: 0 s", 9, "not above zero"),
    Slip("timeout: 45 min", "timeout: 1e999 min", 9, "out of range"),
    Slip("timeout: 45 min", "timeout: nan", 9, "number"),
    Slip("timeout: 45 min", "timeout: 4,5 min", 9, "comma"),
    Slip("timeout: 45 min", "timeout:", 0, "has no value"),
    Slip("timeout: 45 min", "timeout: [45 min]", 9, "takes a single value, not a list"),
    Slip("std: 0.01 K", "std: 0.01 °C", 5, "°C where a difference is due", fix: "write 0.01 K"),
    Slip("setpoints: [10 °C, 25 °C", "setpoints: [10 °C, 25 K", 19, "K names a difference"),
    Slip("setpoints: [10 °C, 25 °C", "setpoints: [10 °C, 25", 19, "has no unit"),
    Slip("U_max: 0.10 K", "U_max: 0.10 °C", 7, "°C where a difference is due"),
    Slip("half_width: 0.020 K", "half_width: 0.020 °C", 12, "°C where a difference is due"),
    Slip("half_width: 0.020 K", "half_width: 0.020", 12, "has no unit"),
    Slip("half_width: 0.020 K", "half_width: -0.020 K", 12, "not above zero"),
    Slip("p: 95.45 %", "p: 95.45", 3, "has no unit"),
    Slip("p: 95.45 %", "p: 0.9545", 3, "has no unit"),
    Slip("max_fraction: 0.5 %", "max_fraction: 0.5 °", 14, "is not a share"),
    Slip("rate: ${rate}", "rate: 1 kBq", 6, "is not a rate"),
    Slip("p: 95.45 %", "p: 9545 %", 3, "out of range"),
    Slip("max_fraction: 1 %", "max_fraction: 1 K", 14, "is not a share"),
    Slip("[20 %RH, 70 %RH]", "[20 %, 70 %RH]", 1, "is not a relative humidity"),
    Slip("slope: 0.02 K/min", "slope: 0.02 K", 7, "is not a slope"),
    // Limits and lists.
    Slip("[-0.20 K, 0.20 K]", "[0.2 K, -0.2 K]", 0, "swapped", fix: "write [-0.2 K, 0.2 K]"),
    Slip("[18 °C, 28 °C]", "[28 °C, 28 °C]", 0, "equal"),
    Slip("[18 °C, 28 °C]", "[18 °C]", 0, "a lower and an upper limit"),
    Slip("setpoints: [10 °C, 25 °C, 50 °C]", "setpoints: []", 11, "empty list"),
    Slip("setpoints: [10 °C, 25 °C, 50 °C]", "setpoints: [10 °C, 10 °C, 50 °C]", 19, "not above the one before"),
    Slip(
      "setpoints: [10 °C, 25 °C, 50 °C]", "setpoints: [10 °C, 25 °C, 56 °C]", 26, "outside the range of the role 'bath'"
    ),
    Slip("order: [up, down]", "order: [up, dwon]", 12, "can not be 'dwon'", nearest: "down"),
    Slip("order: [up, down]", "order: [up, up]", 7, "twice"),
    Slip("order: [up, down]", "order: up", 7, "takes a list"),
    // Numbers.
    Slip("samples: 240", "samples: 240.5", nil, "is not an integer"),
    Slip("blocks: 20", "blocks: 7", nil, "do not make 7 equal blocks"),
    Slip("blocks: 20", "blocks: 1", 8, "out of range"),
    Slip("blocks: 20", "blocks: -20", 8, "out of range"),
    Slip("window: 21", "window: 20", 8, "no middle one"),
    Slip("k: 4", "k: 4 K", 3, "has a unit"),
    Slip("degree: 2", "degree: 4", 8, "out of range"),
    Slip("degree: 2", "degree: 3", nil, "needs 4 set points"),
    Slip("max: 2", "max: 99999999999999999999", 5, "out of range"),
    Slip("guard_band: 1.0 U", "guard_band: 1.0", 12, "no guard band"),
    Slip("guard_band: 1.0 U", "guard_band: 0.02 K", 12, "no guard band"),
    // References.
    Slip("signal: ref", "signal: reff", 8, "there is no role 'reff'", nearest: "ref"),
    Slip("signal: ref", "signal: bath", 8, "gives no readings"),
    Slip(
      "as_found: {points: calibration}", "as_found: {points: calibraton}", 19, "there are no points",
      nearest: "calibration"),
    Slip("finally: [bath.safe", "finally: [bth.safe", 10, "there is no role 'bth'", nearest: "bath"),
    Slip("finally: [bath.safe", "finally: [bath.sfe", 10, "nothing that can be done", nearest: "bath.safe"),
    Slip("finally: [bath.safe, dut.idle]", "finally: [dut.idle]", 9, "would stay on"),
    Slip("finally: [bath.safe, dut.idle]", "finally: [bath.safe, dut.safe]", 21, "no actuator"),
    Slip("room.temperature:", "rom.temperature:", 0, "there is no role 'rom'", nearest: "room"),
    Slip("room.humidity:", "room.humidty:", 0, "no signal", nearest: "humidity"),
    Slip("to: dut.coefficients", "to: dutt.coefficients", 4, "there is no role", nearest: "dut"),
    Slip("to: dut.coefficients", "to: ref.coefficients", 4, "only the device under test"),
    Slip("soak: ${soak}", "soak: ${soka}", 6, "no parameter 'soka'", nearest: "soak"),
    Slip("soak: ${soak}", "soak: 1${soak}", 6, "whole value"),
    // The model.
    Slip(
      "error: dut - (ref + ref.correction)", "error: dut - (ref + ref.corection)", 7, "'ref.corection'",
      nearest: "ref.correction"),
    Slip("error: dut - (ref + ref.correction)", "error: dut - (ref + ref.correction", 7, "needs"),
    Slip("error: dut - (ref + ref.correction)", "error: dut - (ref - ref.correction)", 7, "this version measures"),
    Slip("error: dut - (ref + ref.correction)", "error: dut - ref", 7, "must be made of"),
    Slip("error: dut - (ref + ref.correction)", "error: dut - sin(ref + ref.correction)", 7, "this version measures"),
    Slip("ref.drift: ", "reff.drift: ", 0, "belongs to no role", nearest: "ref.drift"),
    Slip("distribution: rectangular", "distribution: rectangle", 14, "can not be 'rectangle'", nearest: "rectangular"),
    Slip("from: role", "from: roll", 6, "can not be 'roll'", nearest: "role"),
    Slip("resolution: 0.01 K", "range: [0 °C, 60 °C]", nil, "declares no resolution"),
    Slip("certificate: required", "certificate: optional", nil, "does not require one"),
    Slip("order: [up, down]", "order: [up]", nil, "visited up and down"),
    // Steps.
    Slip("- as_left:", "- as_lef:", 2, "there is no step", nearest: "as_left"),
    Slip("- as_found: {points: calibration}", "- as_left: {points: calibration}", nil, "stands twice"),
    Slip("refuse: [expired", "refuse: [expird", 9, "can not be 'expird'", nearest: "expired"),
    Slip("valid: [10 °C, 50 °C]", "valid: [5 °C, 50 °C]", nil, "set points reach from"),
    Slip("valid: [10 °C, 50 °C]", "valid: [15 °C, 50 °C]", nil, "outside the range in which"),
    Slip("weights: 1/u^2", "weights: none", 9, "can not be 'none'"),
    Slip("when: any(abs(error) + U > 0.5 * limit)", "when: any(error > limit)", 6, "no condition"),
    Slip("after: adjust", "after: adjst", 7, "can not be 'adjst'"),
    Slip("safe: {heater: disabled}", "safe: {heater: enabled}", 15, "can not be 'enabled'"),
    Slip("safe: {heater: disabled}", "safe: {setpoint: 23 °C, heater: disabled}", 7, "not available yet"),
    Slip("resolution: 0.01 K", "resolution: 0.01 K, firmware: x", 20, "not available yet"),
    // The head.
    Slip("etalon: 1", "etalon: 2", 8, "version 2"),
    Slip("etalon: 1", "etalon: one", 8, "not an integer"),
    Slip("session: thermometer", "session: ../../etc", 9, "no name"),
    Slip("checkpoint: each-point", "checkpoint: never", 12, "can not be 'never'"),
  ]

  func testEverySlipIsNamedAtItsPlace() throws {
    let text = try SessionFixture.text()
    XCTAssertEqual(SessionFixture.diagnostics(text), [], "the unspoilt session is the control")
    for slip in slips {
      guard let line = SessionFixture.line(of: slip.old, in: text),
        let (edited, place) = SessionFixture.replacing(slip.old, with: slip.new, in: text, line: line)
      else {
        XCTFail("the session has no '\(slip.old)'")
        continue
      }
      let found = SessionFixture.diagnostics(edited)
      guard let match = found.first(where: { $0.reason.contains(slip.reason) }) else {
        XCTFail("\(slip.new): expected '\(slip.reason)', got \(found)")
        continue
      }
      if let offset = slip.offset {
        XCTAssertEqual(
          match.place, SourcePlace(line: place.line, column: place.column + offset), "\(slip.new): \(match)")
      }
      if let nearest = slip.nearest { XCTAssertEqual(match.nearest, nearest, "\(match)") }
      if let fix = slip.fix { XCTAssertTrue(match.fix.contains(fix), "\(match)") }
      XCTAssertFalse(match.fix.isEmpty)
    }
  }

  func testSeveralSlipsAreFoundInOnePass() throws {
    let text = try SessionFixture.text()
      .replacingOccurrences(of: "std: 0.01 K", with: "std: 0.01 °C")
      .replacingOccurrences(of: "[-0.20 K, 0.20 K]", with: "[0.20 K, -0.20 K]")
      .replacingOccurrences(of: "checkpoint:", with: "chekpoint:")
    let found = SessionFixture.diagnostics(text)
    XCTAssertEqual(found.count, 4, "\(found)")
    XCTAssertEqual(found.map(\.place), found.map(\.place).sorted(), "in the order of the file")
  }

  func testAParameterThatNothingUsesIsASlip() throws {
    let text = try SessionFixture.text().replacingOccurrences(
      of: "  samples: 240", with: "  samples: 240\n  spare: 1 s")
    let found = SessionFixture.diagnostics(text)
    XCTAssertEqual(found.count, 1)
    XCTAssertTrue(found[0].reason.contains("'spare' is never used"))
    XCTAssertEqual(found[0].place, SourcePlace(line: 10, column: 3))
  }

  func testAFaultInARoleMakesNoFaultsElsewhere() throws {
    let text = try SessionFixture.text()
    for (old, new) in [
      ("resolution: 0.01 K", "resolution: 0.01"), ("kind: device", "kind: devise"), ("U_max: 0.10 K", "U_mux: 0.10 K"),
      ("{heater: disabled}", "{heater: off}"), ("quantity: temperature, resolution", "quantity: voltage, resolution"),
    ] {
      XCTAssertTrue(text.contains(old), old)
      let found = SessionFixture.diagnostics(text.replacingOccurrences(of: old, with: new))
      // A resolution that can not be read is missed by the budget, too.
      let expected = old.hasPrefix("resolution") ? 2 : 1
      XCTAssertEqual(found.count, expected, "\(new): \(found)")
      XCTAssertTrue((12...15).contains(found[0].line), "\(new): \(found)")
    }
  }
}
