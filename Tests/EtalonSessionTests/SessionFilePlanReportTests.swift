import XCTest

@testable import EtalonSession

/// What `plan` says: steps, times, and set points that the plant refuses.
final class SessionFilePlanReportTests: XCTestCase {
  func testPlanOfTheThermometerSession() throws {
    let session = try SessionFile.load(path: SessionFixture.session)
    let board = try BoardFile.load(directory: SessionFixture.board)
    let report = try PlanReport(session: session, board: board)
    XCTAssertEqual(report.steps.map(\.name), ["identify", "as_found", "adjust", "as_left"])
    XCTAssertEqual(report.steps[1].visits.map(\.setpointCelsius), [10, 25, 50, 50, 25, 10])
    XCTAssertEqual(report.steps[3].visits.map(\.setpointCelsius), [12, 17.5, 37.5, 48])
    XCTAssertEqual(report.steps[1].visits[3].travelSeconds, 0)
    // Every visit soaks 600 s, holds 120 s and measures 240 s; ten visits, and travel on top.
    let travel = report.steps.flatMap(\.visits).reduce(0) { $0 + $1.travelSeconds }
    XCTAssertEqual(report.seconds - travel, 10 * 960, accuracy: 1e-6)
    // Four to six hours is what the session is meant to take.
    XCTAssertGreaterThan(report.seconds, 3.5 * 3600)
    XCTAssertLessThan(report.seconds, 6 * 3600)
    let text = report.text()
    XCTAssertTrue(text.contains("plant holds 6.85 °C to 64.54 °C"), text)
    XCTAssertTrue(text.contains("17.5 °C up"), text)
    let object = try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any]
    XCTAssertEqual(object?["session"] as? String, "thermometer")
    XCTAssertEqual((object?["steps"] as? [[String: Any]])?.count, 4)
  }

  func testSetPointsThatThePlantCanNotHold() throws {
    let board = try BoardFile.load(directory: SessionFixture.board)
    let text = try SessionFixture.text()
      .replacingOccurrences(of: "range: [0 °C, 60 °C]", with: "range: [0 °C, 90 °C]")
      .replacingOccurrences(of: "range: [8 °C, 55 °C]", with: "range: [0 °C, 90 °C]")
      .replacingOccurrences(of: "setpoints: [10 °C, 25 °C, 50 °C]", with: "setpoints: [6.5 °C, 25 °C, 70 °C]")
    let session = try SessionFixture.load(text)
    do throws(FileFault) {
      _ = try PlanReport(session: session, board: board)
      XCTFail("the plant can not hold them")
    } catch {
      XCTAssertEqual(error.exitStatus, 65)
      XCTAssertEqual(error.diagnostics.count, 2)
      let line = try XCTUnwrap(SessionFixture.line(of: "setpoints: [6.5", in: text))
      XCTAssertEqual(error.diagnostics[0].place, SourcePlace(line: line, column: 17))
      XCTAssertTrue(error.diagnostics[0].reason.contains("set point 6.5 °C of 'calibration'"))
      XCTAssertTrue(error.diagnostics[0].reason.contains("6.85 °C to 64.54 °C"))
      XCTAssertEqual(error.diagnostics[1].place, SourcePlace(line: line, column: 32))
    }
  }

  func testSetPointsThatAreReachedTooLate() throws {
    let board = try BoardFile.load(directory: SessionFixture.board)
    let text = try SessionFixture.text().replacingOccurrences(of: "timeout: 45 min", with: "timeout: 20 min")
    let session = try SessionFixture.load(text)
    XCTAssertThrowsError(try PlanReport(session: session, board: board)) {
      XCTAssertTrue("\($0)".contains("the timeout of 'calibration' is 20 min"), "\($0)")
    }
  }

  func testDurations() {
    XCTAssertEqual(PlanReport.duration(0.25), "0.3 s")
    XCTAssertEqual(PlanReport.duration(240), "4 min")
    XCTAssertEqual(PlanReport.duration(4 * 3600 + 300), "4 h 05 min")
    XCTAssertEqual(PlanReport.decimal(-0.005), "-0.01")
    XCTAssertEqual(PlanReport.decimal(17.5), "17.5")
  }
}
