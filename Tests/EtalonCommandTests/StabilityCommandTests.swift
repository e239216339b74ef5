import EtalonUncertainty
import Foundation
import XCTest

@testable import etalon

final class StabilityCommandTests: XCTestCase {
  /// NIST SP 1065, p. 107: nine frequencies, and OADEV and MDEV at the factors 1 and 2.
  private let nine = "y\n892\n809\n823\n798\n671\n644\n883\n903\n677\n"

  private func command(_ arguments: [String]) throws -> StabilityCommand {
    try StabilityCommand.parse(["data.csv"] + arguments)
  }

  func testTable() throws {
    let command = try command(["--frequency", "--statistic", "oadev,mdev", "--tau", "1,2"])
    let record = try command.makeRecord(try TextTable(text: nine, path: "data.csv"))
    let tables = try command.makeTables(record)
    XCTAssertEqual(tables.map(\.statistic), [.oadev, .mdev])
    XCTAssertEqual(tables[0].points[1].deviation, 85.95287, accuracy: 1e-5)
    XCTAssertEqual(tables[1].points[1].deviation, 74.78849, accuracy: 1e-5)
    let text = StabilityCommand.text(tables, 0.683)
    XCTAssertTrue(text.contains("85.953"), text)
    let json = StabilityCommand.json(tables, record, 0.683)
    XCTAssertTrue(JSONSerialization.isValidJSONObject(json))
    XCTAssertEqual(json["phases"] as? Int, 10)
    let csv = try TextTable(text: StabilityCommand.csv(tables), path: "out.csv")
    XCTAssertEqual(csv.rows.map { $0[0] + " " + $0[1] }, ["oadev 1.0", "oadev 2.0", "mdev 1.0", "mdev 2.0"])
    let picture = try XCTUnwrap(StabilityCommand.plot(tables, 0.683).svg())
    XCTAssertEqual(picture.components(separatedBy: "<circle").count - 1, 4)
    // Two colours are told apart by name.
    XCTAssertTrue(picture.contains(">OADEV</text>") && picture.contains(">MDEV</text>"), picture)
  }

  /// Hertz beside a nominal frequency give the same deviations, divided by it.
  func testNominal() throws {
    let table = try TextTable(text: nine, path: "data.csv")
    let fractional = try command(["--frequency", "--tau", "1"])
    let hertz = try command(["--frequency", "--nominal", "1000", "--tau", "1"])
    let first = try fractional.makeTables(fractional.makeRecord(table))[0].points[0].deviation
    let second = try hertz.makeTables(hertz.makeRecord(table))[0].points[0].deviation
    XCTAssertEqual(second, first / 1000, accuracy: 1e-12)
  }

  /// Nanoseconds are nanoseconds, and hertz without a nominal frequency are no fractional frequencies.
  func testUnitInTheHeading() throws {
    func deviation(_ arguments: [String], _ heading: String) throws -> Double {
      let command = try command(arguments + ["--tau", "1"])
      let table = try TextTable(text: heading + nine.dropFirst(1), path: "data.csv")
      return try command.makeTables(command.makeRecord(table))[0].points[0].deviation
    }
    XCTAssertEqual(
      try deviation(["--phase"], "y [ns]"), 1e-9 * (try deviation(["--phase"], "y")), accuracy: 1e-20)
    XCTAssertEqual(
      try deviation(["--frequency"], "y [ppb]"), 1e-9 * (try deviation(["--frequency"], "y")), accuracy: 1e-20)
    XCTAssertEqual(
      try deviation(["--frequency", "--nominal", "1e6"], "y [kHz]"),
      1e3 * (try deviation(["--frequency", "--nominal", "1e6"], "y [Hz]")), accuracy: 1e-9)
    XCTAssertThrowsError(try deviation(["--frequency"], "y [Hz]")) { error in
      XCTAssertTrue("\(error)".contains("--nominal"), "\(error)")
    }
    XCTAssertThrowsError(try deviation(["--phase"], "y [V]"))
  }

  /// A biased statistic has no interval, and every output says why; the total deviation at m = 1 is the Allan deviation.
  func testBiasedStatisticsHaveNoInterval() throws {
    let command = try command(["--frequency", "--statistic", "mtotdev,totdev,adev", "--tau", "1"])
    let series = (0..<200).map { "\(($0 * 7919 + 13) % 101)" }.joined(separator: "\n")
    let record = try command.makeRecord(try TextTable(text: "y\n\(series)\n", path: "data.csv"))
    let tables = try command.makeTables(record)
    XCTAssertNil(tables[0].points[0].confidenceInterval)
    XCTAssertEqual(tables[0].points[0].intervalAbsence, .biased)
    XCTAssertTrue(StabilityCommand.text(tables, 0.683).contains("no interval (—): the noise biases"))
    let statistics = StabilityCommand.json(tables, record, 0.683)["statistics"] as? [String: [[String: Any]]]
    XCTAssertTrue(statistics?["mtotdev"]?[0]["low"] is NSNull)
    for alpha in -2...2 {
      XCTAssertEqual(
        record.degreesOfFreedom(.totdev, averagingFactor: 1, noiseExponent: alpha),
        record.degreesOfFreedom(.adev, averagingFactor: 1, noiseExponent: alpha), "noise \(alpha)")
    }
  }

  /// Frequencies in hertz are no fractional ones; a series as wide as its mean may be.
  func testHertzWithoutNominal() throws {
    let hertz = try TextTable(text: "f\n10000000.01\n10000000.02\n9999999.98\n", path: "hz.csv")
    XCTAssertThrowsError(try command(["--frequency"]).makeRecord(hertz)) { error in
      XCTAssertTrue("\(error)".contains("--nominal"), "\(error)")
    }
    XCTAssertNoThrow(try command(["--frequency", "--nominal", "1e7"]).makeRecord(hertz))
    let long = try command(["--frequency", "--tau", "100"])
    XCTAssertThrowsError(try long.makeTables(long.makeRecord(TextTable(text: nine, path: "data.csv")))) { error in
      XCTAssertTrue("\(error)".contains("the longest possible is 4 s"), "\(error)")
    }
  }

  /// Empty cells, 'nan' and null are gaps; a word is a fault.
  func testGaps() throws {
    let command = try command(["--phase"])
    for text in ["t,x\n1,0\n2,\n3,1\n4,0\n5,2\n", "x\n0\nnan\n1\n0\n2\n", "[0, null, 1, 0, 2]", "x\n0\n\n1\n0\n2\n"] {
      let record = try command.makeRecord(try TextTable(text: text, path: "data.csv"))
      XCTAssertTrue(record.hasGaps, text)
      XCTAssertEqual(record.count, 5, text)
    }
    let whole = try command.makeRecord(try TextTable(text: "x\n0\n1\n0\n2\n", path: "data.csv"))
    XCTAssertFalse(whole.hasGaps)
    XCTAssertThrowsError(try command.makeRecord(try TextTable(text: "x\n0\nbad\n1\n", path: "data.csv"))) { error in
      XCTAssertTrue("\(error)".contains("data.csv:3: 'bad' in column 'x'"), "\(error)")
    }
    XCTAssertThrowsError(try TextTable(text: "a,b\n1,2\n3\n", path: "data.csv")) { error in
      XCTAssertEqual((error as? DataFault)?.line, 3)
    }
    XCTAssertThrowsError(try TextTable(text: "", path: "data.csv"))
    XCTAssertThrowsError(try TextTable(text: "{\"a\": [1], \"b\": [1, 2]}", path: "data.json"))
  }

  func testUsage() {
    XCTAssertThrowsError(try command([]))
    XCTAssertThrowsError(try command(["--phase", "--frequency"]))
    XCTAssertThrowsError(try command(["--phase", "--nominal", "10"]))
    XCTAssertThrowsError(try command(["--phase", "--statistic", "sigma"]))
    XCTAssertThrowsError(try command(["--phase", "--tau", "x"]))
  }
}
