import EtalonMetrology
import EtalonUncertainty
import Foundation
import XCTest

@testable import etalon

/// `compare`, `risk` and `interval`, with the published examples of their engines.
final class ComparisonCommandTests: XCTestCase {
  /// CCQM-K25, PCB 105 (data in the documentation of R metRology, `dsl`).
  private let laboratories = """
    lab,x,u
    A,10.21,0.381
    B,10.9,0.25
    C,10.94,0.13
    D,10.58,0.41
    E,10.81,0.445
    F,9.62,0.196
    G,10.8,0.093
    """

  func testCompare() throws {
    let table = try TextTable(text: laboratories, path: "k25.csv")
    let report = try CompareCommand.parse(["k25.csv"]).makeReport(table)
    XCTAssertFalse(report.isConsistent)
    XCTAssertEqual(report.method, "DerSimonian-Laird mean")
    XCTAssertEqual(report.reference.value, 10.557083301959404, accuracy: 1e-9)
    XCTAssertEqual(report.degrees.map(\.name), ["A", "B", "C", "D", "E", "F", "G"])
    let weighted = try CompareCommand.parse(["k25.csv", "--method", "weighted"]).makeReport(table)
    XCTAssertEqual(weighted.reference.value, 10.688564584785597, accuracy: 1e-9)
    // Under a stricter question the same data pass.
    let lenient = try CompareCommand.parse(["k25.csv", "--level", "1e-7"]).makeReport(table)
    XCTAssertTrue(lenient.isConsistent)
    XCTAssertEqual(lenient.method, "weighted mean")
    XCTAssertThrowsError(
      try CompareCommand.parse(["k.csv"]).makeReport(TextTable(text: "lab,x,u\nA,1,0\nB,2,1\n", path: "k.csv"))
    ) { error in
      XCTAssertEqual(error as? ComparisonFault, .uncertainty(0, participant: "A"))
    }
    XCTAssertThrowsError(
      try CompareCommand.parse(["k.csv"]).makeReport(TextTable(text: "lab,x,v\nA,1,1\n", path: "k.csv"))
    ) { error in
      XCTAssertTrue("\(error)".contains("no column"), "\(error)")
    }
    let metres = "lab,x [m],u [mm]\nA,1.001,1\nB,1.002,2\n"
    let scaled = try CompareCommand.parse(["k.csv"]).makeReport(TextTable(text: metres, path: "k.csv"))
    XCTAssertEqual(scaled.comparison.participants.map(\.standardUncertainty), [0.001, 0.002])
    XCTAssertThrowsError(
      try CompareCommand.parse(["k.csv"]).makeReport(
        TextTable(text: metres.replacing("mm", with: "V"), path: "k.csv"))
    ) { error in
      XCTAssertTrue("\(error)".contains("column 'u' is in V, which is no m"), "\(error)")
    }
  }

  private func finding(_ name: String, in findings: RiskCommand.Findings) -> Double {
    findings.first { $0.name == name }?.value as? Double ?? .nan
  }

  /// ILAC-G8:09/2019: w = U; the specific risk at the limit of acceptance is 2.3 %.
  func testRiskOfOneValue() throws {
    let arguments = ["--lower", "9.5", "--upper", "10.5", "--u", "0.05", "--value"]
    let (findings, verdict) = try RiskCommand.parse(arguments + ["10.4"]).makeFindings()
    XCTAssertEqual(verdict, .pass)
    XCTAssertEqual(finding("guard_band", in: findings), 0.1)
    XCTAssertEqual(finding("specific_risk", in: findings), 0.02275, accuracy: 1e-5)
    XCTAssertEqual(try RiskCommand.parse(arguments + ["10.42"]).makeFindings().1, .conditionalPass)
    XCTAssertEqual(try RiskCommand.parse(arguments + ["10.7"]).makeFindings().1, .fail)
    // Negative limits and values are numbers, not options.
    let negative = ["--lower", "-5", "--upper", "-1", "--u", "0.1", "--value", "-2"]
    XCTAssertEqual(try RiskCommand.parse(negative).makeFindings().1, .pass)
  }

  /// JCGM 106:2012, A.4.4: two normal densities of one width meet in the middle with 1/√2 of it.
  func testSpecificRiskWithThePopulationAsPrior() throws {
    let process = try NormalDistribution(mean: 0, standardDeviation: 1)
    let tolerance = try ToleranceInterval(lower: -.infinity, upper: 2)
    let informed = try RiskCommand.informed(2, 1, process, tolerance)
    XCTAssertEqual(informed.measuredValue, 1, accuracy: 1e-15)
    XCTAssertEqual(informed.standardUncertainty, 0.5.squareRoot(), accuracy: 1e-15)
    // Upper tail of the normal distribution at √2.
    XCTAssertEqual(informed.nonconformanceProbability, 0.0786496035, accuracy: 1e-10)
    let arguments = ["--upper", "2", "--u", "1", "--value", "2", "--process-sigma", "1", "--process-mean", "0"]
    let findings = try RiskCommand.parse(arguments + ["--rule", "simple"]).makeFindings().0
    XCTAssertEqual(finding("specific_risk", in: findings), 0.5, accuracy: 1e-15)
    XCTAssertEqual(finding("specific_risk_process", in: findings), 0.0786496035, accuracy: 1e-10)
    XCTAssertEqual(RiskCommand.words(.conditionalPass), "conditional pass")
    XCTAssertEqual(Figures.significant(9.99999999e-13, 6), "1.00000e-12")
  }

  /// Limits that hold an interval have their reason, and a curve is not trusted beyond its data in silence.
  func testIntervalNotes() throws {
    func notes(_ inTolerance: Int, _ calibrations: Int) throws -> [String] {
      let arguments = ["--in-tolerance", "\(inTolerance)", "--calibrations", "\(calibrations)"]
      return try IntervalCommand.parse(arguments + ["--current", "365", "--target", "0.9"]).fromHistory().last?.value
        as? [String] ?? []
    }
    let kept = try notes(19, 20)
    XCTAssertTrue(kept.contains { $0.contains("the interval stays") }, "\(kept)")
    let doubled = try notes(60, 60)
    XCTAssertTrue(doubled.contains { $0.contains("factor of 2") }, "\(doubled)")
    let path = NSTemporaryDirectory() + "drifts-\(ProcessInfo.processInfo.processIdentifier).csv"
    try "days,deltas\n100,0.1\n200,0.21\n300,0.29\n".write(toFile: path, atomically: true, encoding: .utf8)
    defer { XCTAssertNoThrow(try FileManager.default.removeItem(atPath: path)) }
    let arguments = ["--drifts", path, "--u0", "0.01", "--value", "0", "--upper"]
    let findings = try IntervalCommand.parse(arguments + ["1"]).fromDrifts(path)
    let texts = findings.last?.value as? [String] ?? []
    XCTAssertTrue(texts.contains { $0.contains("extrapolated") }, "\(texts)")
    XCTAssertThrowsError(try IntervalCommand.parse(arguments + ["-1"]).fromDrifts(path)) { error in
      XCTAssertTrue("\(error)".contains("at or above --upper"), "\(error)")
    }
  }

  /// D. Deaver: a tolerance of two process standard deviations at 4:1 accepts 0.8 % falsely.
  func testRiskOfAPopulation() throws {
    let arguments = ["--lower", "-2", "--upper", "2", "--u", "0.25", "--process-sigma", "1", "--rule", "simple"]
    let (findings, verdict) = try RiskCommand.parse(arguments).makeFindings()
    XCTAssertNil(verdict)
    XCTAssertEqual(finding("pfa", in: findings), 0.008, accuracy: 1e-4)
    let target = try RiskCommand.parse(arguments + ["--target-risk", "0.001"]).makeFindings().0
    XCTAssertEqual(finding("pfa", in: target), 0.001, accuracy: 1e-10)
    XCTAssertGreaterThan(finding("guard_band", in: target), 0)
    XCTAssertThrowsError(try RiskCommand.parse(["--u", "1", "--value", "1"]))
    XCTAssertThrowsError(try RiskCommand.parse(["--upper", "1", "--u", "1"]))
    XCTAssertThrowsError(try RiskCommand.parse(["--upper", "1", "--u", "0", "--value", "1"]).makeFindings()) { error in
      XCTAssertEqual(error as? DecisionFault, .uncertainty(0))
    }
  }

  /// NCSLI RP-1 method A3: 15 of 20 in tolerance at 365 days against 95 % gives 231 days.
  func testInterval() throws {
    let history = "1,1,0,1,0,1,1,1,1,0,1,1,1,1,1,0,1,1,1,0"
    let findings = try IntervalCommand.parse(["--history", history, "--current", "365", "--target", "0.95"])
      .fromHistory()
    XCTAssertEqual(findings[0].name, "interval_days")
    XCTAssertEqual(findings[0].value as? Double ?? .nan, 231, accuracy: 0.5)
    let counts = try IntervalCommand.parse([
      "--in-tolerance", "15", "--calibrations", "20", "--current", "365", "--target", "0.95",
    ]).fromHistory()
    XCTAssertEqual(counts[0].value as? Double, findings[0].value as? Double)
    XCTAssertThrowsError(try IntervalCommand.parse(["--history", "1,2", "--current", "1", "--target", "0.9"]))
    XCTAssertThrowsError(try IntervalCommand.parse(["--history", "1,1"]))
    XCTAssertThrowsError(try IntervalCommand.parse(["--drifts", "x.csv"]))
  }
}
