import EtalonMetrology
import Foundation
import XCTest

@testable import etalon

final class UncertaintyCommandTests: XCTestCase {
  private func report(_ arguments: [String] = [], _ json: String, directory: String = ".") throws -> UncertaintyReport {
    try UncertaintyCommand.parse(["measurement.json"] + arguments).makeReport(json, directory: directory)
  }

  private let endGauge = """
    {"model": "l = lS + d - lS*(dalpha*theta + alphaS*dtheta)", "coverage": 0.99, "title": "GUM H.1",
     "inputs": {
       "lS": {"estimate": 50000623, "U": 75, "k": 3, "dof": 18, "unit": "nm"},
       "d": {"estimate": 215, "u": 9.7, "dof": 25.6, "unit": "nm"},
       "dalpha": {"estimate": 0, "u": 5.8e-7, "dof": 50, "unit": "1/K"},
       "theta": {"estimate": -0.1, "u": 0.41, "unit": "K"},
       "alphaS": {"estimate": 11.5e-6, "u": 1.2e-6, "unit": "1/K"},
       "dtheta": {"estimate": 0, "u": 0.029, "dof": 2, "unit": "K"}}}
    """

  func testEndGaugeOfGUMH1() throws {
    let report = try report(["--trials", "1000000"], endGauge)
    // GUM H.1.4, H.1.6, H.1.7; k for 16.7 degrees of freedom instead of 16 makes U 92 nm.
    XCTAssertEqual(report.budgets[0].estimate, 50_000_838, accuracy: 0.5)
    XCTAssertEqual(report.budgets[0].standardUncertainty, 32, accuracy: 0.5)
    XCTAssertEqual(try XCTUnwrap(report.secondOrder[0]).standardUncertainty, 34, accuracy: 0.5)
    XCTAssertEqual(report.units?.first?.symbol, "nm")
    XCTAssertTrue(report.text.contains("l = 50000838.0 nm, u = 31.7 nm"), report.text)
    XCTAssertTrue(report.text.contains("NOT valid"), report.text)
    let picture = try XCTUnwrap(report.svg)
    XCTAssertTrue(picture.contains("l / nm"))
    XCTAssertTrue(picture.contains("probability density / (nm)⁻¹"))
    XCTAssertTrue(picture.contains(">Monte Carlo</text>"))
    XCTAssertTrue(picture.contains(">50000800</text>"), picture)
    XCTAssertTrue(JSONSerialization.isValidJSONObject(report.json))
    let measurands = try XCTUnwrap(report.json["measurands"] as? [[String: Any]])
    XCTAssertEqual(measurands[0]["unit"] as? String, "nm")
    XCTAssertEqual((measurands[0]["budget"] as? [[String: Any]])?.first?["name"] as? String, "lS")
    XCTAssertEqual((measurands[0]["valid"] as? [String: Any])?["first_order"] as? Bool, false)
    XCTAssertTrue(try self.report(["--no-monte-carlo"], endGauge).svg == nil)
    // The ends of the interval of 10 000 trials are no better known than the tolerance.
    let sum = "{\"model\": \"a + b\", \"coverage\": 0.95, \"inputs\": {\"a\": \"1.0(1)\", \"b\": \"1.0(1)\"}}"
    let few = try self.report(["--trials", "10000"], sum)
    XCTAssertTrue(few.text.contains("undecided: too few trials"), few.text)
    XCTAssertFalse(few.text.contains("NOT valid"), few.text)
    let undecided = try XCTUnwrap(few.json["measurands"] as? [[String: Any]])[0]["valid"] as? [String: Any]
    XCTAssertTrue(undecided?["first_order"] is NSNull)
  }

  /// What an input file says twice, or for nothing, is a fault; what the figures do not hold is a note.
  func testIdleInputsDoubledKeysAndNotes() throws {
    func fault(_ json: String) -> String {
      do { return try report(["--no-monte-carlo"], json).text } catch { return "\(error)" }
    }
    let idle = fault("{\"model\": \"a + b\", \"inputs\": {\"a\": \"1.0(1)\", \"b\": \"1.0(1)\", \"c\": \"1.0(1)\"}}")
    XCTAssertTrue(idle.contains("the input 'c' does not appear in the model"), idle)
    let doubled = fault("{\"model\": \"a\",\n \"inputs\": {\"a\": {\"estimate\": 1, \"u\": 1,\n \"u\": 2}}}")
    XCTAssertTrue(doubled.contains("measurement.json:3: the key 'u' appears twice"), doubled)
    // The same key in two objects, and one that is only text, are none.
    XCTAssertNil(JSONDuplicates.first(in: #"{"a": {"u": 1}, "b": {"u": "u\": u"}, "c": ["u", "u"]}"#)?.key)
    let correlated = fault(
      "{\"model\": \"a - b\", \"correlations\": [[\"a\", \"b\", 0.5]], \"inputs\": {\"a\": \"1.0(1) V\", "
        + "\"b\": {\"estimate\": 1, \"u\": 0.1}}}")
    XCTAssertTrue(correlated.contains("a share can be negative"), correlated)
    XCTAssertTrue(correlated.contains("no unit is given for b"), correlated)
  }

  /// Without `--trials` the verdict is that of a Monte Carlo stable to a fifth of the tolerance (JCGM 101, 8.2): a normal
  /// distribution is valid whatever the seed.
  func testVerdictDoesNotDependOnTheSeed() throws {
    let json = "{\"model\": \"a + b\", \"coverage\": 0.95, \"inputs\": {\"a\": \"1.0(1)\", \"b\": \"1.0(1)\"}}"
    for seed in 1...8 {
      let report = try report(["--seed", "\(seed)", "--digits", "1"], json)
      XCTAssertTrue(report.text.contains("result is valid"), report.text)
      XCTAssertLessThanOrEqual(try XCTUnwrap(report.monteCarlo).results[0].endStandardError, 0.01)
    }
  }

  /// Long tails make u larger than the interval: 3 degrees of freedom and p = 0.5, where the half width is 0.765 u. The
  /// ends show as many digits as belong to it (JCGM 100, 7.2.6).
  func testEndsAreRoundedByTheInterval() throws {
    let json = """
      {"model": "a", "coverage": 0.5, "inputs": {"a": {"estimate": 10, "t": 0.07, "dof": 3}}}
      """
    let report = try report(["--trials", "20000"], json)
    let result = try XCTUnwrap(report.monteCarlo).results[0]
    XCTAssertGreaterThan(result.standardUncertainty, 0.1)
    XCTAssertLessThan(result.symmetricInterval.upperBound, 10.1)
    let low = try ConciseNotation.rounded(value: result.symmetricInterval.lowerBound, uncertainty: 0.05, digits: 3)
      .value
    XCTAssertTrue(report.text.contains(low), report.text)
  }

  /// GUM table G.2: t₉₅(5) = 2.57. The Monte Carlo draws the t that u and its degrees of freedom mean (JCGM 101, 6.4.9),
  /// also where a certificate gives U and k (6.4.9.7).
  func testDegreesOfFreedomAreDrawn() throws {
    for (given, factor) in [
      ("\"u\": 1, \"dof\": 5", 2.57), ("\"U\": 2, \"k\": 2, \"dof\": 5", 2.57), ("\"u\": 1", 1.96),
    ] {
      let json = "{\"model\": \"a\", \"coverage\": 0.95, \"inputs\": {\"a\": {\"estimate\": 0, \(given)}}}"
      let report = try report(["--trials", "100000", "--digits", "1"], json)
      let interval = try XCTUnwrap(report.monteCarlo).results[0].symmetricInterval
      // Four standard errors of the end of the interval of t: √(0.025 · 0.975/10⁵) over its density 0.031.
      XCTAssertEqual(interval.upperBound, factor, accuracy: 0.064, given)
      XCTAssertEqual(interval.lowerBound, -factor, accuracy: 0.064, given)
      XCTAssertTrue(report.text.contains("result is valid"), report.text)
    }
    let two = "{\"model\": \"a\", \"coverage\": 0.95, \"inputs\": {\"a\": {\"estimate\": 0, \"u\": 1, \"dof\": 2}}}"
    let drawn = try XCTUnwrap(try report(["--trials", "100000"], two).monteCarlo)
    // Four standard errors: √(0.025 · 0.975/10⁵) over the density 0.0108.
    XCTAssertEqual(drawn.results[0].symmetricInterval.upperBound, 4.30, accuracy: 0.19)
  }

  /// GUM H.2 with its data in a table beside the file.
  func testColumnsAreCorrelatedAsObserved() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { XCTAssertNoThrow(try FileManager.default.removeItem(at: directory)) }
    let table = """
      V [V], I [A], phi [rad]
      5.007, 0.019663, 1.0456
      4.994, 0.019639, 1.0438
      5.005, 0.019640, 1.0468
      4.990, 0.019685, 1.0428
      4.999, 0.019678, 1.0433
      """
    try table.write(to: directory.appendingPathComponent("h2.csv"), atomically: true, encoding: .utf8)
    let json = """
      {"model": ["R = V/I*cos(phi)", "X = V/I*sin(phi)", "Z = V/I"], "data": "h2.csv",
       "inputs": {"V": {"column": "V"}, "I": {"column": "I"}, "phi": {"column": "phi"}}}
      """
    let report = try report(["--no-monte-carlo"], json, directory: directory.path)
    XCTAssertEqual(report.budgets[0].estimate, 127.732, accuracy: 0.0005)
    XCTAssertEqual(report.budgets[0].standardUncertainty, 0.071, accuracy: 0.0005)
    XCTAssertEqual(report.outputCorrelations[1][2], 0.993, accuracy: 0.0005)
    XCTAssertEqual(report.units?[0].symbol, "V/A")
    XCTAssertTrue(report.text.contains("correlation of the measurands"), report.text)
  }

  func testInputsOfEveryKind() throws {
    let json = """
      {"model": "a + b + c + d + e + f + g + h + i + j*k", "constants": {"k": 0},
       "correlations": [["a", "b", 0.5]],
       "inputs": {"a": "1.0(1)", "b": {"estimate": 2, "u": 0.1}, "c": {"estimate": 0, "rectangular": 0.1},
         "d": {"estimate": 0, "triangular": 0.1}, "e": {"estimate": 0, "arcsine": 0.1},
         "f": {"estimate": 0, "trapezoidal": [0.1, 0.5]}, "g": {"estimate": 0, "ctrap": [0.1, 0.01]},
         "h": {"estimate": 0, "t": 0.1, "dof": 10}, "i": {"estimate": 0.1, "exponential": 0.1}, "j": 5}}
      """
    let report = try report(["--trials", "20000", "--digits", "1"], json)
    XCTAssertEqual(report.budgets[0].estimate, 3.1, accuracy: 1e-12)
    // 0.01 (1 + 1 + 2·0.5 + 1/3 + 1/6 + 1/2 + 1.25/6 + (1/3 + 0.01/9) + 1 + 1).
    let variance = 0.01 * (3 + 1.0 / 3 + 1.0 / 6 + 0.5 + 1.25 / 6 + 1.0 / 3 + 0.01 / 9 + 2)
    XCTAssertEqual(report.budgets[0].standardUncertainty, variance.squareRoot(), accuracy: 1e-12)
    XCTAssertNil(report.secondOrder[0])
    let implicit = """
      {"model": "R0*(1 + A*t) = R", "solve_for": "t", "inputs": {"R0": "100.00(1)", "A": 0.0039, "R": "107.80(1)"}}
      """
    XCTAssertEqual(try self.report(["--no-monte-carlo"], implicit).budgets[0].estimate, 20, accuracy: 1e-12)
  }

  /// A normal distribution cut off at the limits of a quantity: the standard one above 0 has mean √(2/π) and variance
  /// 1 − 2/π, and between −1 and 1 it has variance 0.2911251 (1 − 2 φ(1)/(2 Φ(1) − 1)).
  func testTruncatedNormal() throws {
    let json = """
      {"model": "a + b", "inputs": {"a": {"estimate": 5, "truncated": [2, 5, null]},
        "b": {"estimate": 0, "truncated": [1, -1, 1]}}}
      """
    let report = try report(["--trials", "100000", "--digits", "1"], json)
    let mean = 5 + 2 * (2 / Double.pi).squareRoot()
    XCTAssertEqual(report.budgets[0].estimate, mean, accuracy: 1e-9)
    let u = (4 * (1 - 2 / Double.pi) + 0.29112509).squareRoot()
    XCTAssertEqual(report.budgets[0].standardUncertainty, u, accuracy: 1e-7)
    let result = try XCTUnwrap(report.monteCarlo?.results[0])
    XCTAssertEqual(result.estimate, mean, accuracy: 5 * u / 100_000.0.squareRoot())
    XCTAssertEqual(result.standardUncertainty, u, accuracy: 5 * u / 100_000.0.squareRoot())
    XCTAssertGreaterThan(result.symmetricInterval.lowerBound, 4)
    for bad in ["[1, 2]", "[1, 2, 1]", "[0, 0, 1]", "[1, \"0\", 1]", "5"] {
      let json = "{\"model\": \"a\", \"inputs\": {\"a\": {\"estimate\": 0, \"truncated\": \(bad)}}}"
      XCTAssertThrowsError(try self.report(["--no-monte-carlo"], json), bad)
    }
  }

  /// JCGM 102, 7.7: the coverage region of two measurands is an ellipse; for a bivariate normal distribution its factor is
  /// √(χ²_0.95(2)) = 2.4477, whatever their correlation.
  func testCoverageRegionOfTwoMeasurands() throws {
    let json = """
      {"model": ["s = a + b", "d = a - 0.5*b"], "coverage": 0.95,
       "inputs": {"a": {"estimate": 1, "u": 0.1}, "b": {"estimate": 2, "u": 0.2}}}
      """
    let report = try report(["--trials", "200000", "--digits", "1"], json)
    let joint = try XCTUnwrap(report.monteCarlo)
    XCTAssertEqual(try XCTUnwrap(joint.ellipsoidalCoverageFactor), 2.4477, accuracy: 0.02)
    XCTAssertEqual(try XCTUnwrap(report.normalCoverageFactor), 2.447746830680816, accuracy: 1e-9)
    XCTAssertTrue(report.text.contains("correlation of the measurands (Monte Carlo)"), report.text)
    XCTAssertTrue(report.text.contains("elliptical coverage region at 95.00 %"), report.text)
    let correlations = try XCTUnwrap(report.json["monte_carlo_correlations"] as? [[Double]])
    // (0.01 − 0.02)/√(0.05 · 0.02).
    XCTAssertEqual(correlations[0][1], -0.01 / 0.001.squareRoot(), accuracy: 0.01)
    XCTAssertNotNil(report.json["coverage_region"] as? [String: Any])
    let single = try self.report(["--trials", "20000"], "{\"model\": \"a\", \"inputs\": {\"a\": \"1.0(1)\"}}")
    XCTAssertFalse(single.text.contains("coverage region"))
  }

  /// Three readings leave two degrees of freedom and a t distribution without variance: an interval, and no standard
  /// uncertainty (JCGM 101, 6.4.9.5).
  func testThreeReadingsHaveAnInterval() throws {
    let few = "{\"model\": \"a\", \"coverage\": 0.95, \"inputs\": {\"a\": {\"observations\": [1, 2, 3]}}}"
    let report = try report(["--digits", "1"], few)
    XCTAssertEqual(report.budgets[0].standardUncertainty, 1 / 3.0.squareRoot(), accuracy: 1e-15)
    let result = try XCTUnwrap(report.monteCarlo).results[0]
    XCTAssertEqual(result.symmetricInterval.upperBound, 2 + 4.3027 / 3.0.squareRoot(), accuracy: 0.05)
    XCTAssertTrue(report.text.contains("no standard uncertainty"), report.text)
    XCTAssertTrue(report.text.contains("result is valid"), report.text)
    let measurands = try XCTUnwrap(report.json["measurands"] as? [[String: Any]])
    XCTAssertTrue(try XCTUnwrap(measurands[0]["monte_carlo"] as? [String: Any])["u"] is NSNull)
    XCTAssertTrue(JSONSerialization.isValidJSONObject(report.json))
    XCTAssertNotNil(report.svg)
    XCTAssertThrowsError(try self.report(["--trials", "10"], few))
  }

  /// The table as CSV: rows of the budget, then the results, as many cells everywhere.
  func testCSV() throws {
    let table = try TextTable(text: try report(["--trials", "20000", "--digits", "1"], endGauge).csv, path: "out.csv")
    XCTAssertEqual(
      table.rows.map { $0[1] },
      [
        "lS", "dtheta", "d", "dalpha", "alphaS", "theta", "GUM", "Monte Carlo, symmetric", "Monte Carlo, shortest",
      ])
    XCTAssertEqual(try XCTUnwrap(Double(table.rows[6][3])), 31.7106, accuracy: 1e-4)
    XCTAssertEqual(table.rows[4][4], "", "infinite degrees of freedom are an empty cell")
  }

  /// A divisor through zero is refused whether the number of trials is given or not, and named.
  func testDivisorThroughZeroIsRefused() throws {
    let json = "{\"model\": \"1/x\", \"inputs\": {\"x\": {\"estimate\": 1, \"u\": 1}}}"
    for arguments in [[], ["--trials", "10000"]] {
      XCTAssertThrowsError(try report(arguments, json)) {
        XCTAssertTrue("\($0)".contains("passes through zero within the distribution of \"x\""), "\($0)")
      }
    }
    XCTAssertEqual(try report(["--no-monte-carlo"], json).budgets[0].standardUncertainty, 1)
  }

  /// |x| about 0 has no derivative and no first order; its distribution is half a normal one, with the mean √(2/π).
  func testKinkHasAMonteCarloOnly() throws {
    let json = "{\"model\": \"abs(x)\", \"coverage\": 0.95, \"inputs\": {\"x\": {\"estimate\": 0, \"u\": 1}}}"
    let report = try report(["--digits", "1"], json)
    XCTAssertTrue(report.budgets.isEmpty)
    XCTAssertEqual(try XCTUnwrap(report.monteCarlo).results[0].estimate, (2 / Double.pi).squareRoot(), accuracy: 0.02)
    XCTAssertTrue(report.text.contains("y: no first-order (GUM) result: y: abs(x) has no derivative"), report.text)
    XCTAssertNotNil(report.svg)
    let measurands = try XCTUnwrap(report.json["measurands"] as? [[String: Any]])
    XCTAssertTrue(measurands[0]["u"] is NSNull)
    XCTAssertNotNil(measurands[0]["monte_carlo"] as? [String: Any])
    XCTAssertThrowsError(try self.report(["--no-monte-carlo"], json))
  }

  /// The file that the page shows is one that the program reads.
  func testFileOfTheHowToPage() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appendingPathComponent("Docs/howto/evaluate-an-uncertainty.md"), encoding: .utf8)
    let shown = try XCTUnwrap(
      page.components(separatedBy: "```json").dropFirst().first?.components(separatedBy: "```").first)
    let report = try report(["--trials", "20000", "--digits", "1"], shown)
    // 10.026² / 50.013 by hand; u from u(U) = 0.00292, 0.005/√3 and 0.010.
    XCTAssertEqual(report.budgets[0].estimate, 2.00989, accuracy: 5e-6)
    XCTAssertEqual(report.budgets[0].standardUncertainty, 0.00169, accuracy: 5e-6)
    XCTAssertEqual(report.units?.first?.symbol, "V²/Ω")
    XCTAssertTrue(report.text.contains("result is valid"), report.text)
  }

  func testBadFilesAreNamed() {
    let bad = [
      ("{", "not JSON"), ("", "the file is empty"), ("[]", "no object"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": NaN}}", "around character 31"),
      ("{\"model\": 1, \"inputs\": {}}", "'model' must be"),
      ("{\"model\": \"a\"}", "'inputs' must be"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": 1}, \"x\": 1}", "'x' is no key"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": {\"u\": 1}}}", "estimate is missing"),
      (
        "{\"model\": \"a\", \"inputs\": {\"a\": {\"estimate\": 1, \"U\": 1}}}", "coverage factor k or its probability p"
      ),
      // What would be read past must be refused: it was meant.
      ("{\"model\": \"a\", \"inputs\": {\"a\": \"1(1)\"}, \"correlations\": {\"a,b\": 1}}", "must be a list of"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": \"1(1)\"}, \"constants\": [1]}", "must be an object"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": {\"estimate\": 1, \"u\": 1, \"k\": 2}}}", "'k' belongs to"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": {\"estimate\": 1, \"U\": 1, \"k\": 2, \"p\": 0.9}}}", "not both"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": {\"observations\": [1, 2], \"u\": 1}}}", "'u' has no meaning beside"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": {\"estimate\": true, \"u\": 1}}}", "must be a number"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": {\"estimate\": 1, \"u\": 1, \"sigma\": 2}}}", "'sigma' is no key"),
      ("{\"model\": \"a\", \"inputs\": {\"a\": {\"estimate\": 1, \"u\": -1}}}", "must be a finite number above 0"),
      ("{\"model\": \"a + b\", \"inputs\": {\"a\": \"1(1) V\", \"b\": \"1(1) A\"}}", "different dimensions"),
      ("{\"model\": \"a + b\", \"inputs\": {\"a\": {\"estimate\": 1, \"u\": 1}}}", "is no input"),
      ("{\"model\": \"1/a\", \"inputs\": {\"a\": {\"estimate\": 0, \"u\": 1}}}", "has no finite value"),
    ]
    for (json, message) in bad {
      XCTAssertThrowsError(try report(["--no-monte-carlo"], json), json) { error in
        XCTAssertTrue("\(error)".contains(message), "\(error)")
      }
    }
    XCTAssertThrowsError(try UncertaintyCommand.parse(["f.json", "--digits", "3"]))
    XCTAssertThrowsError(try UncertaintyCommand.parse(["f.json", "--no-monte-carlo", "--svg", "x.svg"]))
  }
}

final class ConvertCommandTests: XCTestCase {
  func testConversions() throws {
    let cases: [([String], Double, String)] = [
      (["12.5 °C", "K"], 285.65, "K"), (["-12.5 °C", "K"], 260.65, "K"), (["300 K", "°C"], 26.85, "°C"),
      (["5 K", "mK"], 5000, "mK"), (["1013.25 hPa", "bar"], 1.01325, "bar"), (["1 kWh"], 3.6e6, "kg·m²/s²"),
      (["20 °C"], 293.15, "K"), (["12 \\milli\\kelvin", "µK"], 12_000, "µK"), (["50 %RH"], 50, "%RH"),
      (["-273.15 °C", "K"], 0, "K"), (["20 dB", "B"], 2, "B"), (["1 dB"], 0.11512925464970229, "Np"),
    ]
    for (words, value, unit) in cases {
      let conversion = try ConvertCommand.convert(words)
      XCTAssertEqual(conversion.number, value, "\(words)")
      XCTAssertEqual(conversion.unit.symbol, unit, "\(words)")
    }
    let uncertain = try ConvertCommand.convert(["20.012(5) °C", "K"])
    XCTAssertEqual(uncertain.number, 293.162, accuracy: 1e-12)
    XCTAssertEqual(try XCTUnwrap(uncertain.uncertainty), 0.005, accuracy: 1e-15)
    XCTAssertEqual(try ConvertCommand.convert(["1.00(5) kPa", "Pa"]).uncertainty, 50)
    XCTAssertEqual(try ConvertCommand.parse(["-12.5 °C", "K"]).words, ["-12.5 °C", "K"])
  }

  /// The bracket of a value is told from that of a unit, also beside a power of ten.
  func testBracketsOfValueAndUnit() throws {
    for text in ["6.674 30(15)e-11 m^3/(kg·s^2)", "6.674 30(15) × 10^-11 m^3/(kg·s^2)"] {
      let constant = try ConvertCommand.convert([text])
      XCTAssertEqual(constant.number, 6.6743e-11, text)
      XCTAssertEqual(try XCTUnwrap(constant.uncertainty), 0.00015e-11, accuracy: 1e-27, text)
    }
    let plain = try ConvertCommand.convert(["20 W/(m^2·K)", "mW/(m^2·K)"])
    XCTAssertEqual(plain.number, 20000)
    XCTAssertNil(plain.uncertainty)
  }

  func testRefusedConversions() {
    for words in [
      [], ["-274 °C", "K"], ["-1 K", "°C"], ["20 dB", "%"], ["3", "Np"], ["5 mK", "s"], ["x K"], ["5 kelvn", "K"],
      ["5 K", "K", "K"], ["50 %", "%RH"], ["1(2", "K"], ["1e-300 nm", "Gm"], ["3e-307 mm", "m"],
    ] {
      XCTAssertThrowsError(try ConvertCommand.convert(words), "\(words)")
    }
    XCTAssertEqual(try ConvertCommand.convert(["5"]).number, 5)
  }
}
