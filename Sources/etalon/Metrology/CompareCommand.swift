import ArgumentParser
import EtalonMetrology
import EtalonSession
import EtalonUncertainty
import Foundation

/// `etalon compare`: reference value and degrees of equivalence of an interlaboratory comparison.
struct CompareCommand: ParsableCommand {
  enum Method: String, ExpressibleByArgument, CaseIterable {
    case auto, weighted, mean, median, pmm, dsl
    case mandelPaule = "mandel-paule"
  }

  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare results of several laboratories: consistency, reference value, degrees of equivalence.",
    discussion: """
      FILE is CSV with a line of names, or a JSON list of objects; columns lab, x and u (standard uncertainty) unless \
      named otherwise. Method auto takes the weighted mean when the chi-squared test passes, else the random-effects mean of \
      DerSimonian and Laird; pmm is the power-moderated mean of the CCRI(II). The exit code is 1 when the results are not \
      consistent.

        etalon compare k25.csv
        etalon compare ag110m.csv --method pmm --json
      """)

  @Argument(help: "CSV or JSON file; '-' is standard input.")
  var file: String
  @Option(help: "Column of the laboratories' names.")
  var name: String?
  @Option(help: "Column of the values.")
  var value: String?
  @Option(name: [.customLong("u"), .customLong("uncertainty")], help: "Column of the standard uncertainties.")
  var uncertainty: String?
  @Option(help: "auto, weighted, mean, median, pmm, dsl or mandel-paule.")
  var method = Method.auto
  @Option(parsing: .unconditional, help: "Significance level of the consistency test.")
  var level = 0.05
  @Option(parsing: .unconditional, help: "Coverage factor of the expanded uncertainties.")
  var k = 2.0
  @Flag(name: .long, help: "Print JSON.")
  var json = false
  @Flag(name: .long, help: "Print CSV.")
  var csv = false

  func validate() throws {
    if json && csv { throw ValidationError("give --json or --csv, not both") }
    guard level > 0, level < 1 else { throw ValidationError("--level lies between 0 and 1") }
    guard k > 0, k.isFinite else { throw ValidationError("--k is a positive number") }
  }

  /// What is printed.
  struct Report {
    let comparison: InterlaboratoryComparison
    let test: ConsistencyTest
    let isConsistent: Bool
    let method: String
    let reference: ConsensusValue
    let degrees: [DegreeOfEquivalence]
  }

  func run() throws {
    let report: Report
    do {
      report = try makeReport(try TextTable.read(file))
    } catch let fault as ComparisonFault {
      throw Fail.with(.badData, "\(file): \(fault)")
    } catch let fault as DataFault {
      throw Fail.with(.badData, fault.description)
    }
    print(json ? try ReportJSON.text(self.json(report)) : csv ? Self.csv(report) : text(report))
    if !report.isConsistent { throw ArgumentParser.ExitCode(EtalonSession.ExitCode.nonconforming.rawValue) }
  }

  func makeReport(_ table: TextTable) throws -> Report {
    let valueColumn = try table.column(value, usual: ["x", "value", "1"])
    let uncertaintyColumn = try table.column(uncertainty, usual: ["u", "uncertainty", "2"])
    let values = try table.completeNumbers(valueColumn)
    let factor = try ColumnUnits.factor(
      column: table.names[uncertaintyColumn], unit: table.units[uncertaintyColumn], to: table.units[valueColumn],
      path: table.path, advice: "give it in the unit of '\(table.names[valueColumn])'")
    let uncertainties = try table.completeNumbers(uncertaintyColumn).map { $0 * factor }
    let nameColumn =
      name != nil ? try table.column(name, usual: []) : table.names.firstIndex { ["lab", "name"].contains($0) }
    let comparison = try InterlaboratoryComparison(
      values.indices.map { index in
        InterlaboratoryComparison.Participant(
          name: nameColumn.map { table.rows[index][$0] } ?? "\(index + 1)", value: values[index],
          standardUncertainty: uncertainties[index])
      })
    let test = try comparison.consistency()
    let isConsistent = test.isConsistent(level: level)
    let (label, reference) = try consensus(comparison, isConsistent: isConsistent)
    return Report(
      comparison: comparison, test: test, isConsistent: isConsistent, method: label, reference: reference,
      degrees: try comparison.degreesOfEquivalence(with: reference, coverageFactor: k))
  }

  private func consensus(
    _ comparison: InterlaboratoryComparison, isConsistent: Bool
  ) throws -> (String, ConsensusValue) {
    switch method {
    case .auto where isConsistent, .weighted: return ("weighted mean", comparison.weightedMean())
    case .auto, .dsl: return ("DerSimonian-Laird mean", try comparison.derSimonianLaird())
    case .mean: return ("arithmetic mean", try comparison.arithmeticMean())
    case .median: return ("median", try comparison.median())
    case .pmm: return ("power-moderated mean", try comparison.powerModeratedMean())
    case .mandelPaule: return ("Mandel-Paule mean", try comparison.mandelPaule())
    }
  }

  private func text(_ report: Report) -> String {
    let figures = Figures.pair(report.reference.value, report.reference.standardUncertainty)
    var lines = [
      "χ² \(Figures.significant(report.test.chiSquared)) with \(report.test.degreesOfFreedom) degrees of freedom, "
        + "probability \(Figures.significant(report.test.probability, 3)), Birge ratio "
        + "\(Figures.significant(report.test.birgeRatio, 3)): "
        + (report.isConsistent ? "consistent" : "NOT consistent") + " at level \(level)",
      "\(report.method) \(figures.value), u \(figures.uncertainty)",
    ]
    if report.reference.betweenVariance > 0 {
      lines.append("between laboratories s \(Figures.significant(report.reference.betweenVariance.squareRoot(), 3))")
    }
    var rows = [["laboratory", "x", "u", "weight", "d", "U(d)", "|En|"]]
    for (index, participant) in report.comparison.participants.enumerated() {
      let own = Figures.pair(participant.value, participant.standardUncertainty)
      let degree = report.degrees[index]
      let difference = Figures.pair(degree.deviation, degree.expandedUncertainty)
      rows.append([
        participant.name, own.value, own.uncertainty, Text.fixed(report.reference.weights[index], 3), difference.value,
        difference.uncertainty, Text.fixed(degree.normalisedError, 2),
      ])
    }
    lines += ["", Text.table(rows)]
    return lines.joined(separator: "\n")
  }

  /// The laboratories, and the reference value after them.
  private static func csv(_ report: Report) -> String {
    let rows = report.degrees.enumerated().map { index, degree -> [Any?] in
      let participant = report.comparison.participants[index]
      return [
        degree.name, participant.value, participant.standardUncertainty, report.reference.weights[index],
        degree.deviation, degree.expandedUncertainty, degree.normalisedError,
      ]
    }
    let reference: [Any?] = [
      report.method, report.reference.value, report.reference.standardUncertainty, nil, nil, nil, nil,
    ]
    return CSVText.table(["name", "x", "u", "weight", "d", "U", "En"], rows + [reference])
  }

  private func json(_ report: Report) -> [String: Any] {
    [
      "chi2": report.test.chiSquared, "dof": report.test.degreesOfFreedom, "p_value": report.test.probability,
      "birge_ratio": report.test.birgeRatio, "consistent": report.isConsistent, "level": level,
      "method": report.method, "value": report.reference.value, "u": report.reference.standardUncertainty,
      "between_variance": report.reference.betweenVariance, "k": k,
      "laboratories": report.degrees.enumerated().map { index, degree -> [String: Any] in
        [
          "name": degree.name, "x": report.comparison.participants[index].value,
          "u": report.comparison.participants[index].standardUncertainty,
          "weight": report.reference.weights[index], "d": degree.deviation, "U": degree.expandedUncertainty,
          "En": degree.normalisedError,
        ]
      },
    ]
  }
}
