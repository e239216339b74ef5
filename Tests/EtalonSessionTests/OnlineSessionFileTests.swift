import EtalonCore
import Foundation
import XCTest

@testable import EtalonSession

/// The steps `control` and `monitor` and the prior of a device: what they mean, and every way of writing them wrong.
final class OnlineSessionFileTests: XCTestCase {
  private static let path = SessionFixture.board + "/sessions/online.yaml"
  private func text() throws -> String { try String(contentsOfFile: Self.path, encoding: .utf8) }

  func testTheExampleIsReadAsItIsMeant() throws {
    let plan = try SessionFixture.load(text())
    guard plan.steps.count == 2, case .monitor(let step) = plan.steps[1] else { return XCTFail("\(plan.steps)") }
    XCTAssertEqual(step.phases.map(\.name), ["learning", "calibrated", "moved", "holdover"])
    XCTAssertEqual(step.phases.map(\.seconds), [900, 900, 900, 900])
    XCTAssertEqual(step.phases.map(\.setpointCelsius), [27, nil, 40, nil])
    XCTAssertEqual(step.phases.map(\.referencePresent), [true, true, true, false])
    XCTAssertEqual(step.everySeconds, 10)
    XCTAssertEqual(step.onLoss, .alarm)
    XCTAssertEqual(step.loop?.kind, .lqg)
    XCTAssertEqual(step.loop?.clampCelsius, 8...55)
    let prior = try XCTUnwrap(plan.roles.first { $0.kind == .device }?.prior)
    XCTAssertEqual(prior.offsetKelvin, .normal(mean: 0, standardDeviation: 0.12))
    XCTAssertEqual(prior.gain, .normal(mean: 0, standardDeviation: 0.001))
    XCTAssertEqual(prior.lagSeconds, .rectangular(mean: 2, halfWidth: 1))
    XCTAssertEqual(prior.wanderKelvinPerRootHour, 0.04)
    XCTAssertEqual(plan.roles.first { $0.kind == .standard }?.noiseKelvin, 0.001)
    XCTAssertTrue(plan.points.isEmpty)
  }

  /// What a session declares of a device's lag is what its calibration works with; without it none is taken out.
  func testTheDeclaredLagIsHandedToTheCalibration() throws {
    var plan = try SessionFixture.load(text())
    let board = try BoardFile.load(directory: SessionFixture.board)
    let certificate = try XCTUnwrap(board.bench.instrument(for: "ref")?.instrument.certificate)
    let device = try XCTUnwrap(plan.roles.firstIndex { $0.kind == .device })
    func dynamics() throws -> DynamicsSettings {
      try OnlineChannel(plan: plan, certificate: certificate).channel.configuration.dynamics
    }
    XCTAssertEqual(try dynamics().deviceLag.value, 2)
    XCTAssertEqual(try dynamics().deviceLag.standardUncertainty, 1 / 3.0.squareRoot(), accuracy: 1e-12)
    XCTAssertEqual(try dynamics().referenceLag, UncertainSeconds(0, standardUncertainty: 0))
    // A device that is quicker than the reference turns the two round.
    plan.roles[device].prior?.lagSeconds = .normal(mean: -3, standardDeviation: 0.5)
    XCTAssertEqual(try dynamics().referenceLag, UncertainSeconds(3, standardUncertainty: 0.5))
    XCTAssertEqual(try dynamics().deviceLag, UncertainSeconds(0, standardUncertainty: 0))
    plan.roles[device].prior?.lagSeconds = nil
    XCTAssertFalse(try dynamics().isActive)
  }

  func testAnAlarmLineMustBeAnOutputOfTheBench() throws {
    let plan = try SessionFixture.load(text().replacingOccurrences(of: "else: alarm", with: "else: alarm, line: siren"))
    let board = try BoardFile.load(directory: SessionFixture.board)
    func engine(_ lines: [BenchPlan.Line]) throws {
      var bench = board.bench
      bench.lines = lines
      _ = try SessionEngine(plan: plan, board: board, bench: bench, utcNanosecondsAtStart: 0)
    }
    func line(_ name: String, _ settings: LineSettings) -> BenchPlan.Line {
      BenchPlan.Line(name: name, specification: LineSpecification(.name("GPIO17"), settings))
    }
    XCTAssertNoThrow(try engine([line("siren", .output())]))
    for wrong in [[], [line("siren", .input())], [line("lamp", .output())]] {
      XCTAssertThrowsError(try engine(wrong)) { error in
        XCTAssertEqual((error as? Failure)?.exitCode, .badBench)
        XCTAssertTrue((error as? Failure)?.reason.contains("'siren'") == true, "\(error)")
      }
    }
  }

  func testThePlanTellsPhasesAndTime() throws {
    let plan = try SessionFixture.load(text())
    let report = try PlanReport(session: plan, board: BoardFile.load(directory: SessionFixture.board))
    XCTAssertEqual(report.seconds, 3600)
    XCTAssertTrue(report.text().contains("holdover for 15 min without the reference"), report.text())
    XCTAssertTrue(report.text().contains("moved for 15 min at 40 °C"), report.text())
  }

  private static let control = """
      - control:
          loop: {input: dut, output: bath, kind: on-off, band: 0.1 K, setpoint: 37 °C, period: 2 s, clamp: [8 °C, 50 °C]}
          hold: 10 min
          require: {max_abs_error: 0.05 K, deadline_misses: 0}
    """

  /// The example with a `control` step at its end.
  private func withControl(_ control: String = control) throws -> String {
    try text().replacingOccurrences(of: "\nfinally:", with: "\n\(control)\n\nfinally:")
  }

  func testAControlStepIsRead() throws {
    let plan = try SessionFixture.load(withControl())
    guard plan.steps.count == 3, case .control(let step) = plan.steps[2] else { return XCTFail("\(plan.steps)") }
    XCTAssertEqual(step.setpointCelsius, 37)
    XCTAssertEqual(step.holdSeconds, 600)
    XCTAssertEqual(step.maximumErrorKelvin, 0.05)
    XCTAssertEqual(step.maximumDeadlineMisses, 0)
    XCTAssertEqual(step.loop.kind, .onOff)
    XCTAssertEqual(step.loop.bandKelvin, 0.1)
    XCTAssertEqual(step.loop.periodSeconds, 2)
  }

  /// Each mistake is told once, where it stands, with the reason and a fix.
  func testEveryMistakeIsToldWithItsPlaceAndFix() throws {
    let good = try withControl()
    XCTAssertEqual(SessionFixture.diagnostics(good), [], "the unspoilt session is the control")
    let cases: [(old: String, new: String, reason: String)] = [
      ("input: dut, output: bath, kind: lqg", "input: room, output: bath, kind: lqg", "measures nothing to hold"),
      ("input: dut, output: bath, kind: lqg", "input: dut, output: ref, kind: lqg", "drives nothing"),
      ("kind: lqg", "kind: lgq", "can not be 'lgq'"),
      ("kind: on-off, band", "kind: pid, band", "unknown key 'band'"),
      ("period: 2 s", "period: 2.5 s", "no whole number of sampling periods"),
      ("clamp: [8 °C, 50 °C]", "clamp: [8 °C, 60 °C]", "wider than the range of 'bath'"),
      ("setpoint: 37 °C", "setpoint: 51 °C", "outside the clamp"),
      ("setpoint: 40 °C", "setpoint: 4 °C", "outside the clamp"),
      ("setpoint: 40 °C", "setpoint: 40 K", "40 K"),
      (", setpoint: 27 °C", "", "the first phase has no set point"),
      ("name: learning,   for: \"${phase}\"", "name: learning, for: 1 min, reference: away", "away from the beginning"),
      ("name: moved", "name: holdover", "stands twice"),
      ("reference: away", "reference: gone", "can not be 'gone'"),
      ("else: alarm", "else: beep", "can not be 'beep'"),
      ("else: alarm", "else: alarm, lines: siren", "unknown key 'lines'"),
      ("else: warn}", "else: pause, give_up: 5 min}", "nothing of them can pause"),
      ("every: 10 s", "every: 0.3 s", "no whole number of sampling periods"),
      ("max_abs_error: 0.05 K", "max_abs_error: 0.05 °C", "°C where a difference is due"),
      ("deadline_misses: 0", "deadline_miss: 0", "unknown key 'deadline_miss'"),
      ("hold: 10 min", "held: 10 min", "unknown key 'held'"),
      ("offset:     {normal: 0.12 K}", "offset:     {normal: -0.12 K}", "negative"),
      ("offset:     {normal: 0.12 K}", "offset:     {gaussian: 0.12 K}", "gaussian"),
      ("lag:        {rectangular: 1 s, mean: 2 s}", "lags:       {rectangular: 1 s, mean: 2 s}", "unknown key 'lags'"),
    ]
    for (old, new, reason) in cases {
      guard let line = SessionFixture.line(of: old, in: good) else {
        XCTFail("'\(old)' is not in the session")
        continue
      }
      let spoilt = try XCTUnwrap(SessionFixture.replacing(old, with: new, in: good, line: line)).text
      let found = SessionFixture.diagnostics(spoilt)
      let hit = found.first { $0.reason.contains(reason) }
      XCTAssertNotNil(hit, "\(new): \(found)")
      XCTAssertFalse(hit?.fix.isEmpty ?? true, new)
      XCTAssertTrue(abs((hit?.place.line ?? 0) - line) <= 1, "\(new): line \(line), told \(hit?.place.line ?? 0)")
    }
  }

  /// Without a prior and without acceptance limits nothing says how wrong the device may be.
  func testADeviceOfWhichNothingIsKnownIsRefused() throws {
    let lines = try text().components(separatedBy: "\n")
    let first = try XCTUnwrap(lines.firstIndex { $0.contains("prior:") })
    let last = try XCTUnwrap(lines.firstIndex { $0.contains("lag:") })
    let without = (lines[..<first] + lines[(last + 1)...]).joined(separator: "\n")
    let found = SessionFixture.diagnostics(without)
    XCTAssertEqual(found.count, 1, "\(found)")
    XCTAssertTrue(found[0].reason.contains("nothing says how wrong it may be"), "\(found)")
  }

  /// A set point that the plant can not hold is refused by the plan.
  func testASetPointThatThePlantCanNotHoldIsRefused() throws {
    var plan = try SessionFixture.load(text())
    guard case .monitor(var step) = plan.steps[1] else { return XCTFail("no monitor") }
    step.phases[2].setpointCelsius = 90
    plan.steps[1] = .monitor(step)
    let board = try BoardFile.load(directory: SessionFixture.board)
    XCTAssertThrowsError(try PlanReport(session: plan, board: board)) { error in
      let reasons = (error as? FileFault)?.diagnostics.map(\.reason) ?? []
      XCTAssertTrue(reasons.contains { $0.contains("can not hold the set point 90 °C") }, "\(error)")
    }
  }
}
