import ArgumentParser
import EtalonMetrology
import EtalonSession
import EtalonUncertainty
import Foundation

/// `etalon interval`: how long until the next calibration.
struct IntervalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interval",
    abstract: "Calibration interval from a history of results (NCSLI RP-1 A3) or from drifts (NASA-HDBK-8739.19-5).",
    discussion: """
      A history is a list of 1 (in tolerance) and 0, or its counts. Drifts are a CSV or JSON file with columns days and \
      deltas; the curve has no constant term.

        etalon interval --history 1,1,0,1,1,1,1,0,1,1 --current 365 --target 0.95
        etalon interval --drifts history.csv --order 2 --u0 0.28 --value 10.03 --lower 9 --upper 11 --confidence 0.9
        etalon interval --drifts history.csv --u0 0.28 --u-target 0.5
      """)

  @Option(help: "Results in order, 1 for in tolerance, with commas between.")
  var history: String?
  @Option(parsing: .unconditional, help: "Number of results in tolerance.")
  var inTolerance: Int?
  @Option(parsing: .unconditional, help: "Number of calibrations.")
  var calibrations: Int?
  @Option(parsing: .unconditional, help: "Present interval in days.")
  var current: Double?
  @Option(parsing: .unconditional, help: "Reliability wanted at the end of the interval.")
  var target: Double?
  @Option(help: "CSV or JSON file of drifts.")
  var drifts: String?
  @Option(help: "Highest power of the time in the drift curve.")
  var order = 1
  @Option(parsing: .unconditional, help: "Standard uncertainty right after calibration.")
  var u0: Double?
  @Option(parsing: .unconditional, help: "Standard uncertainty at which the interval ends.")
  var uTarget: Double?
  @Option(parsing: .unconditional, help: "Value right after calibration.")
  var value: Double?
  @Option(parsing: .unconditional, help: "Lower limit of the value.")
  var lower: Double?
  @Option(parsing: .unconditional, help: "Upper limit of the value.")
  var upper: Double?
  @Option(
    help: """
      Confidence that the value is inside its limits at the end. With both limits it is two-sided: 0.9 leaves 5 % beyond \
      either, so that either limit is held with 95 %. With one limit it is one-sided.
      """)
  var confidence = 0.95
  @Flag(name: .long, help: "Print JSON.")
  var json = false
  @Flag(name: .long, help: "Print CSV.")
  var csv = false

  func validate() throws {
    if json && csv { throw ValidationError("give --json or --csv, not both") }
    if drifts != nil {
      if u0 == nil { throw ValidationError("--drifts needs --u0") }
      if uTarget == nil && value == nil { throw ValidationError("--drifts needs --u-target, or --value and limits") }
      if value != nil && lower == nil && upper == nil { throw ValidationError("--value needs --lower or --upper") }
      return
    }
    if history == nil && (inTolerance == nil || calibrations == nil) {
      throw ValidationError("give --history, --in-tolerance with --calibrations, or --drifts")
    }
    if current == nil || target == nil { throw ValidationError("a history needs --current and --target") }
    if let history, history.split(separator: ",").contains(where: { !["0", "1"].contains($0.filter { $0 != " " }) }) {
      throw ValidationError("--history is a list of 0 and 1")
    }
  }

  func run() throws {
    let findings: [(name: String, label: String, value: Any)]
    do {
      findings = try drifts.map(fromDrifts) ?? fromHistory()
    } catch let fault as IntervalFault {
      throw Fail.with(.badData, fault.description)
    } catch let fault as DecisionFault {
      throw Fail.with(.badData, fault.description)
    } catch let fault as DataFault {
      throw Fail.with(.badData, fault.description)
    }
    if json {
      print(try ReportJSON.text(Dictionary(uniqueKeysWithValues: findings.map { ($0.name, $0.value) })))
    } else if csv {
      print(CSVText.row(findings.map { ($0.name, ($0.value as? [String])?.joined(separator: "; ") ?? $0.value) }))
    } else {
      func shown(_ value: Any) -> String {
        if let number = value as? Double { return Figures.significant(number, 5) }
        if let list = value as? [Double] { return list.map { Figures.significant($0, 5) }.joined(separator: ", ") }
        return "\(value)"
      }
      print(Text.table(findings.filter { $0.name != "notes" }.map { [$0.label, shown($0.value)] }))
      for finding in findings where finding.name == "notes" {
        for note in finding.value as? [String] ?? [] { print("note: \(note)") }
      }
    }
  }

  func fromHistory() throws -> [(name: String, label: String, value: Any)] {
    let days = current ?? 0
    let wanted = target ?? 0
    let test: IntervalTest
    if let history {
      test = try IntervalTest(
        results: history.split(separator: ",").map { $0.contains("1") }, currentDays: days, target: wanted)
    } else {
      test = try IntervalTest(
        inTolerance: inTolerance ?? 0, calibrations: calibrations ?? 0, currentDays: days, target: wanted)
    }
    return [
      ("interval_days", "interval / d", test.intervalDays),
      ("calculated_days", "calculated / d", test.calculatedDays),
      ("rejection_confidence", "confidence that the reliability is not the target", test.rejectionConfidence),
      ("observed_reliability", "observed reliability", test.observedReliability),
      (
        "reliability_range", "its 50 % confidence interval",
        [test.reliabilityRange.lowerBound, test.reliabilityRange.upperBound]
      ),
      ("notes", "note", Self.limits(of: test, currentDays: days)),
    ]
  }

  /// Which limits stand between the formula and the recommendation.
  static func limits(of test: IntervalTest, currentDays: Double) -> [String] {
    let limits = IntervalTest.Limits()
    var notes: [String] = []
    let change = test.calculatedDays / currentDays
    if change >= limits.maximumChange || change <= 1 / limits.maximumChange {
      notes.append(
        "the calculated interval is held to a factor of \(Quantity(limits.maximumChange, .one)) of the present one")
    }
    if test.intervalDays == test.calculatedDays { return notes }
    if test.rejectionConfidence <= limits.rejectionConfidence {
      notes.append(
        "the interval stays: with \(Figures.significant(test.rejectionConfidence, 2)) the target is not rejected; "
          + "\(Quantity(limits.rejectionConfidence, .one)) is needed for a change")
    } else if abs(test.calculatedDays - currentDays) < limits.smallestChangeDays {
      notes.append(
        "the interval stays: a change below \(Quantity(limits.smallestChangeDays, .one)) d is not worth making")
    } else {
      notes.append(
        "the interval is held between \(Quantity(limits.shortestDays, .one)) d and \(Quantity(limits.longestDays, .one)) d"
      )
    }
    return notes
  }

  func fromDrifts(_ path: String) throws -> [(name: String, label: String, value: Any)] {
    let table = try TextTable.read(path)
    let times = try table.column(nil, usual: ["days", "t", "1"])
    let factor = try ColumnUnits.factor(
      column: table.names[times], unit: table.units[times], to: "d", path: path, advice: "times have a unit of time")
    let elapsed = try table.completeNumbers(times).map { $0 * factor }
    let drift = try DriftInterval(
      days: elapsed,
      deltas: table.completeNumbers(table.column(nil, usual: ["deltas", "delta", "2"])), order: order)
    let initial = u0 ?? 0
    var findings: [(name: String, label: String, value: Any)] = [
      ("coefficients", "coefficients b", drift.coefficients),
      ("residual_standard_deviation", "residual standard deviation", drift.residualStandardDeviation),
      ("dof", "degrees of freedom", drift.degreesOfFreedom),
    ]
    let longest = elapsed.max() ?? 0
    var notes: [String] = []
    func warn(_ days: Double, _ what: String) {
      guard days > longest else { return }
      notes.append(
        "the \(what) interval is \(Figures.significant(days / longest, 2)) times the longest time in the history, "
          + "\(Figures.significant(longest, 4)) d: the curve is extrapolated, and nothing confirms its form there")
    }
    if let uTarget {
      let days = try drift.days(initial: initial, targetUncertainty: uTarget)
      findings.append(("interval_uncertainty_days", "until u reaches its target / d", days))
      warn(days, "uncertainty")
    }
    if let value {
      let tolerance = try ToleranceInterval(lower: lower ?? -.infinity, upper: upper ?? .infinity)
      guard value > tolerance.lower, value < tolerance.upper else {
        let limit =
          value >= tolerance.upper ? "at or above --upper \(tolerance.upper)" : "at or below --lower \(tolerance.lower)"
        throw DataFault(
          path: path, line: nil,
          reason: "--value \(value) is \(limit) at the calibration already; adjust the device, or mend value or limit")
      }
      let days = try drift.days(startingAt: value, initial: initial, tolerance: tolerance, confidence: confidence)
      findings.append(("interval_reliability_days", "until a limit is touched / d", days))
      let isTwoSided = lower != nil && upper != nil
      findings.append(
        (
          "limit_confidence", "confidence at either limit, one-sided",
          isTwoSided ? 0.5 * (1 + confidence) : confidence
        ))
      warn(days, "reliability")
    }
    findings.append(("notes", "note", notes))
    return findings
  }
}
