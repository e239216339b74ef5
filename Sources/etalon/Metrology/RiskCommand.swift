import ArgumentParser
import EtalonMetrology
import EtalonSession
import Foundation

/// `etalon risk`: conformity of a value, and risks of false decisions.
struct RiskCommand: ParsableCommand {
  enum Rule: String, ExpressibleByArgument, CaseIterable {
    case simple
    case ilacG8 = "ilac-g8"
    case iso14253
    case rss
    case test95
    case rp10
    case managed

    var rule: DecisionRule {
      switch self {
      case .simple: return .simpleAcceptance
      case .ilacG8: return .expandedUncertainty
      case .iso14253: return .iso14253
      case .rss: return .rootSumOfSquares
      case .test95: return .ninetyFivePercent
      case .rp10: return .rp10
      case .managed: return .managedRisk
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "risk",
    abstract: "Conformity with a tolerance: guard band, verdict, specific and global risks (JCGM 106).",
    discussion: """
      With --value the verdict on one measured value; with --process-sigma the probabilities of false accept and reject for \
      a population; with --target-risk also the guard band that holds the false accept at a target. The specific risk of the \
      value alone supposes nothing about the population (a flat prior); with --process-sigma that with the population as \
      prior is printed too. Exit code with --value: 0 pass, 1 fail, 2 in the guard band. The rules and their sources: \
      Docs/reference/metrology-commands.md. Numbers that begin with a minus sign are written as they are: --lower -1.

        etalon risk --lower 9.5 --upper 10.5 --u 0.05 --value 10.42 --rule ilac-g8
        etalon risk --lower -1 --upper 1 --u 0.125 --process-mean 0 --process-sigma 0.5 --target-risk 0.008
      """)

  @Option(parsing: .unconditional, help: "Lower tolerance limit.")
  var lower: Double?
  @Option(parsing: .unconditional, help: "Upper tolerance limit.")
  var upper: Double?
  @Option(parsing: .unconditional, help: "Standard uncertainty of the measurement.")
  var u: Double
  @Option(parsing: .unconditional, help: "Measured value.")
  var value: Double?
  @Option(parsing: .unconditional, help: "Mean of the population; the middle of the tolerance without.")
  var processMean: Double?
  @Option(parsing: .unconditional, help: "Standard deviation of the population.")
  var processSigma: Double?
  @Option(help: "Decision rule: simple, ilac-g8, iso14253, rss, test95, rp10 or managed.")
  var rule = Rule.ilacG8
  @Option(parsing: .unconditional, help: "Global false accept that the guard band should give.")
  var targetRisk: Double?
  @Flag(name: .long, help: "Print JSON.")
  var json = false
  @Flag(name: .long, help: "Print CSV.")
  var csv = false

  func validate() throws {
    if json && csv { throw ValidationError("give --json or --csv, not both") }
    if lower == nil && upper == nil { throw ValidationError("give --lower, --upper or both") }
    if targetRisk != nil && processSigma == nil { throw ValidationError("--target-risk needs --process-sigma") }
    if processMean != nil && processSigma == nil { throw ValidationError("--process-mean needs --process-sigma") }
    if value == nil && processSigma == nil { throw ValidationError("give --value, --process-sigma or both") }
  }

  /// Everything that was found, by name, in the order of printing.
  typealias Findings = [(name: String, label: String, value: Any)]

  func run() throws {
    var verdict: ConformityVerdict?
    var findings: Findings = []
    do {
      (findings, verdict) = try makeFindings()
    } catch let fault as DecisionFault {
      throw Fail.with(.badData, fault.description)
    } catch let fault as DistributionFault {
      throw Fail.with(.badData, fault.description)
    }
    if json {
      print(try ReportJSON.text(Dictionary(uniqueKeysWithValues: findings.map { ($0.name, $0.value) })))
    } else if csv {
      print(CSVText.row(findings.map { ($0.name, $0.value) }))
    } else {
      print(
        Text.table(
          findings.map { finding in
            [finding.label, (finding.value as? Double).map { Figures.significant($0, 6) } ?? "\(finding.value)"]
          }))
    }
    let code: EtalonSession.ExitCode
    switch verdict {
    case nil, .pass: return
    case .fail: code = .nonconforming
    case .conditionalPass, .conditionalFail: code = .inconclusive
    }
    throw ArgumentParser.ExitCode(code.rawValue)
  }

  static func words(_ verdict: ConformityVerdict) -> String {
    switch verdict {
    case .pass: return "pass"
    case .conditionalPass: return "conditional pass"
    case .conditionalFail: return "conditional fail"
    case .fail: return "fail"
    }
  }

  /// What is known of the item when the population is its prior: the product of two normal densities, with the mean weighted
  /// by the reciprocal variances (JCGM 106:2012, 6.2 and A.4.4).
  static func informed(
    _ value: Double, _ u: Double, _ process: NormalDistribution, _ tolerance: ToleranceInterval
  ) throws(DecisionFault) -> ConformityAssessment {
    let sigma = process.standardDeviation
    let weight = u * u / (u * u + sigma * sigma)
    return try ConformityAssessment(
      measuredValue: value + weight * (process.mean - value),
      standardUncertainty: u * sigma / (u * u + sigma * sigma).squareRoot(), tolerance: tolerance)
  }

  func makeFindings() throws -> (Findings, ConformityVerdict?) {
    let tolerance = try ToleranceInterval(lower: lower ?? -.infinity, upper: upper ?? .infinity)
    var guardBand = try rule.rule.guardBand(standardUncertainty: u, tolerance: tolerance)
    var ruleName = rule.rawValue
    let process = try processSigma.map { sigma in
      let middle = lower.flatMap { low in upper.map { 0.5 * (low + $0) } }
      guard let mean = processMean ?? middle else {
        throw Fail.with(.usage, "with one limit --process-sigma needs --process-mean")
      }
      return try NormalDistribution(mean: mean, standardDeviation: sigma)
    }
    if let targetRisk, let process {
      guardBand = try ConformityRisk.guardBand(
        falseAccept: targetRisk, process: process, tolerance: tolerance, standardUncertainty: u)
      ruleName = "target risk"
    }
    let acceptance = try tolerance.guarded(by: guardBand)
    var findings: Findings = [
      ("rule", "rule", ruleName), ("guard_band", "guard band w", guardBand),
      ("acceptance_lower", "accepted from", ReportJSON.number(acceptance.lower)),
      ("acceptance_upper", "accepted to", ReportJSON.number(acceptance.upper)),
    ]
    if tolerance.halfWidth.isFinite {
      // JCGM 106:2012, 7.6.3: the full width over 4 u, which is the test uncertainty ratio with U = 2 u.
      findings.append(("cm", "capability index C_m = (upper - lower)/4u, also TUR", tolerance.halfWidth / (2 * u)))
    }
    var verdict: ConformityVerdict?
    if let value {
      let assessment = try ConformityAssessment(measuredValue: value, standardUncertainty: u, tolerance: tolerance)
      let decided = try assessment.verdict(.multiple(guardBand / (2 * u)))
      verdict = decided
      findings.append(("verdict", "verdict", Self.words(decided)))
      findings.append(
        ("conformance_probability", "conformance, value alone", assessment.conformanceProbability))
      findings.append(("specific_risk", "specific risk, value alone", assessment.nonconformanceProbability))
      if let process {
        let informed = try Self.informed(value, u, process, tolerance)
        findings.append(
          ("conformance_probability_process", "conformance, population known", informed.conformanceProbability))
        findings.append(
          ("specific_risk_process", "specific risk, population known", informed.nonconformanceProbability))
      }
      let distance = Swift.min(tolerance.upper - value, value - tolerance.lower) / u
      findings.append(("limit_distance", "distance to the nearer limit / u", distance))
    }
    if let process {
      let risk = try ConformityRisk(
        process: process, tolerance: tolerance, acceptance: acceptance, standardUncertainty: u)
      findings.append(("nonconforming", "nonconforming items", risk.nonconforming))
      findings.append(("pfa", "false accept", try risk.falseAccept()))
      findings.append(("pfr", "false reject", try risk.falseReject()))
      findings.append(("accepted", "accepted items", try risk.acceptProbability()))
      findings.append(("pfa_conditional", "false among accepted", try risk.conditionalFalseAccept()))
    }
    return (findings, verdict)
  }
}
