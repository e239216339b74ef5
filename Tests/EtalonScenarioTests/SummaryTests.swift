import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonTesting
import Foundation
import XCTest

/// `summary.json` is a contract: every key with its type, in a simulated, a failed and a stopped run.
final class SummaryTests: XCTestCase {
  private func summary(_ observed: Observed) throws -> [String: Any] {
    let summary = Summary(
      run: "a-run", header: observed.outcome.header, results: observed.results,
      ledgerRecords: observed.outcome.ledger.records, ledgerDigest: observed.outcome.ledger.digest)
    return try XCTUnwrap(try JSONSerialization.jsonObject(with: summary.json()) as? [String: Any])
  }

  private func isNull(_ value: Any?) -> Bool { value is NSNull }

  func testEveryKeyOfACompleteRun() throws {
    let observed = try Observed(try Scenario.short(seed: 1))
    let json = try summary(observed)
    XCTAssertEqual(json["run"] as? String, "a-run")
    XCTAssertEqual(json["session"] as? String, "short")
    XCTAssertEqual(json["board"] as? String, "virtual-bench")
    XCTAssertEqual(json["simulated"] as? Bool, true)
    XCTAssertEqual(json["seed"] as? Int, 1)
    XCTAssertEqual(json["version"] as? String, "test")
    XCTAssertEqual(json["verdict"] as? String, observed.results.verdict.rawValue)
    for key in ["as_found", "as_left"] {
      let verdict = try XCTUnwrap(json[key] as? String, key)
      XCTAssertTrue(["conforming", "nonconforming", "inconclusive"].contains(verdict), verdict)
    }
    XCTAssertEqual(json["verdict"] as? String, json["as_left"] as? String, "the verdict is that of as left")
    XCTAssertEqual(json["exit"] as? Int, Int(observed.exit))
    let ended = try XCTUnwrap(json["ended"] as? String)
    XCTAssertTrue(ended.hasPrefix("2026-01-01T00:"), "sim-fast.yaml starts at the year's beginning: \(ended)")
    XCTAssertTrue(ended.hasSuffix("Z"), ended)
    XCTAssertGreaterThan(try XCTUnwrap(json["samples"] as? Int), 300)
    XCTAssertNotNil(json["gaps"] as? Int)
    XCTAssertNotNil(json["faults"] as? Int)

    let ledger = try XCTUnwrap(json["ledger"] as? [String: Any])
    XCTAssertEqual(ledger["records"] as? Int, Int(observed.outcome.ledger.records))
    XCTAssertEqual((ledger["digest"] as? String)?.count, 64, "SHA-256 in hexadecimal digits")

    let coefficients = try XCTUnwrap(json["coefficients"] as? [String: Any])
    let before = try XCTUnwrap(coefficients["before"] as? [String: Any])
    let after = try XCTUnwrap(coefficients["after"] as? [String: Any])
    XCTAssertEqual((before["coefficients"] as? [Double])?.count, 4)
    XCTAssertEqual((after["coefficients"] as? [Double])?.count, 4)
    XCTAssertEqual((after["count"] as? Int), (before["count"] as? Int).map { $0 + 1 })

    let points = try XCTUnwrap(json["points"] as? [[String: Any]])
    XCTAssertEqual(points.count, 5)
    for point in points {
      XCTAssertTrue(["as_found", "as_left"].contains(point["phase"] as? String))
      XCTAssertTrue(["up", "down"].contains(point["direction"] as? String))
      XCTAssertTrue(["pass", "fail", "inconclusive"].contains(point["decision"] as? String))
      for key in ["setpoint", "reference", "indication", "error", "u", "k", "U", "limit"] {
        XCTAssertNotNil(point[key] as? Double, key)
      }
      XCTAssertTrue(point["dof"] is Double || isNull(point["dof"]), "null means infinite")
      let truth = try XCTUnwrap(point["truth"] as? [String: Any])
      XCTAssertNotNil(truth["error"] as? Double)
      XCTAssertNotNil(truth["covered"] as? Bool)
      let error = try XCTUnwrap(point["error"] as? Double)
      let reference = try XCTUnwrap(point["reference"] as? Double)
      let indication = try XCTUnwrap(point["indication"] as? Double)
      XCTAssertEqual(error, indication - reference, accuracy: 1e-9, "the reference is the corrected one")
    }
  }

  func testAFailedRunSaysWhy() throws {
    var run = try Scenario.short(seed: 1)
    run.faults = FaultPlanBuilder.wire("dut", .silent, at: 0)
    let observed = try Observed(run)
    let json = try summary(observed)
    XCTAssertEqual(json["verdict"] as? String, "failed")
    XCTAssertEqual(json["exit"] as? Int, 69)
    XCTAssertTrue(isNull(json["as_found"]))
    XCTAssertTrue(isNull(json["as_left"]))
    XCTAssertEqual((json["points"] as? [Any])?.count, 0)
    XCTAssertTrue(try XCTUnwrap(json["reason"] as? String).contains("dut"))
    XCTAssertNotNil(json["ended"] as? String)
    XCTAssertGreaterThan(try XCTUnwrap(json["faults"] as? Int), 0)
  }

  func testTheSameRunGivesTheSameBytes() throws {
    func bytes() throws -> Data {
      let observed = try Observed(try Scenario.short(seed: 9))
      return try Summary(
        run: "r", header: observed.outcome.header, results: observed.results,
        ledgerRecords: observed.outcome.ledger.records, ledgerDigest: observed.outcome.ledger.digest
      ).json()
    }
    XCTAssertEqual(try bytes(), try bytes())
  }
}
