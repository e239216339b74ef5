import ArgumentParser
import EtalonMetrology
import EtalonSession
import EtalonUncertainty
import Foundation

/// `etalon stability`: the Allan family from phase or frequency data.
struct StabilityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stability",
    abstract: "Frequency stability from phase or frequency data: sigma-tau table and plot.",
    discussion: """
      FILE is CSV or JSON; an empty cell or 'nan' is a gap. Phase is in seconds; frequency is fractional, or in hertz with \
      --nominal. Confidence intervals follow from the noise type that the data show (NIST SP 1065). MTOTDEV, TTOTDEV and \
      THEO1 are given as defined, without bias correction: the noise decides by how much they lie low, so they have no \
      interval.

        etalon stability pps.csv --phase --interval 1
        etalon stability counter.csv --frequency --interval 10 --nominal 10e6 --statistic oadev,mdev --svg adev.svg
      """)

  @Argument(help: "CSV or JSON file; '-' is standard input.")
  var file: String
  @Flag(help: "The data are time deviations in seconds.")
  var phase = false
  @Flag(help: "The data are fractional frequencies, or frequencies in hertz with --nominal.")
  var frequency = false
  @Option(parsing: .unconditional, help: "Interval of the data in seconds.")
  var interval = 1.0
  @Option(parsing: .unconditional, help: "Nominal frequency in hertz: the data are frequencies in hertz.")
  var nominal: Double?
  @Option(help: "Column of the data; the last one without.")
  var column: String?
  @Option(
    help: "Statistics, with commas between: adev, oadev, mdev, tdev, hdev, ohdev, totdev, mtotdev, ttotdev, theo1.")
  var statistic = "oadev"
  @Option(help: "Averaging times in seconds, with commas between; octaves without.")
  var tau: String?
  @Option(help: "Level of the confidence intervals.")
  var confidence = 0.683
  @Option(help: "Write the sigma-tau plot to this file.")
  var svg: String?
  @Flag(name: .long, help: "Print JSON.")
  var json = false
  @Flag(name: .long, help: "Print CSV.")
  var csv = false

  func validate() throws {
    if json && csv { throw ValidationError("give --json or --csv, not both") }
    if phase == frequency { throw ValidationError("say whether the data are --phase or --frequency") }
    if let nominal, !(nominal > 0 && nominal.isFinite) { throw ValidationError("--nominal needs a positive frequency") }
    if nominal != nil && phase { throw ValidationError("--nominal belongs to --frequency") }
    for name in names where StabilityStatistic(rawValue: name) == nil {
      let known = StabilityStatistic.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("there is no statistic '\(name)'; there are \(known)")
    }
    if names.isEmpty { throw ValidationError("--statistic names no statistic") }
    for text in tauTexts where Double(text) == nil { throw ValidationError("'\(text)' in --tau is not a number") }
  }

  private var names: [String] {
    statistic.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
  }

  private var tauTexts: [String] {
    (tau ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  func run() throws {
    let tables: [(statistic: StabilityStatistic, points: [StabilityPoint])]
    let record: PhaseRecord
    do {
      record = try makeRecord(try TextTable.read(file))
      tables = try makeTables(record)
    } catch let fault as StabilityFault {
      throw Fail.with(.badData, "\(file): \(fault)")
    } catch let fault as DataFault {
      throw Fail.with(.badData, fault.description)
    }
    if let svg {
      guard let picture = Self.plot(tables, confidence).svg() else {
        throw Fail.with(.badData, "no deviation is above 0")
      }
      do {
        try picture.write(toFile: svg, atomically: true, encoding: .utf8)
      } catch {
        throw Fail.with(.inputOutput, "\(svg): \(error.localizedDescription)")
      }
    }
    if json {
      print(try ReportJSON.text(Self.json(tables, record, confidence)))
    } else {
      print(csv ? Self.csv(tables) : Self.text(tables, confidence))
    }
  }

  /// The record that the options describe.
  func makeRecord(_ table: TextTable) throws -> PhaseRecord {
    let index = try column.map { try table.column($0, usual: []) } ?? table.names.count - 1
    let factor = try ColumnUnits.factor(
      column: table.names[index], unit: table.units[index], to: phase ? "s" : nominal == nil ? "1" : "Hz",
      path: table.path,
      advice: phase
        ? "time deviations have a unit of time"
        : "frequencies in hertz take --nominal, fractional ones are plain numbers")
    var series = try table.numbers(index).map { $0.map { $0 * factor } }
    if phase { return try PhaseRecord(phaseSecondsWithGaps: series, intervalSeconds: interval) }
    if let nominal {
      series = series.map { $0.map { ($0 - nominal) / nominal } }
    } else {
      try Self.checkFractional(series.compactMap(\.self), path: table.path)
    }
    return try PhaseRecord(fractionalFrequencyWithGaps: series, intervalSeconds: interval)
  }

  /// Refuses frequencies in hertz. A fractional frequency is a small deviation, or a test series about as wide as its mean;
  /// a mean above 1 % with a scatter below a hundredth of it is a frequency, and its deviations would be in hertz.
  private static func checkFractional(_ values: [Double], path: String) throws(DataFault) {
    guard values.count > 1 else { return }
    let mean = values.reduce(0, +) / Double(values.count)
    let scatter = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    guard mean.magnitude > 0.01, mean.magnitude > 100 * scatter else { return }
    throw DataFault(
      path: path, line: nil,
      reason: "the mean \(Figures.significant(mean, 6)) can not be that of fractional frequencies; give --nominal for "
        + "frequencies in hertz, or subtract the mean")
  }

  func makeTables(_ record: PhaseRecord) throws -> [(statistic: StabilityStatistic, points: [StabilityPoint])] {
    let taus = tauTexts.compactMap(Double.init)
    return try names.compactMap(StabilityStatistic.init(rawValue:)).map { statistic in
      let factors =
        taus.isEmpty
        ? nil
        : try taus.map { tau in
          let factor = try record.averagingFactor(tauSeconds: statistic == .theo1 ? tau / 0.75 : tau)
          let largest = record.largestAveragingFactor(for: statistic)
          if factor > largest, largest > 0 {
            let longest = Double(largest) * record.intervalSeconds * (statistic == .theo1 ? 0.75 : 1)
            throw DataFault(
              path: file, line: nil,
              reason:
                "the averaging time \(Quantity(tau, .second)) is too long for \(statistic.rawValue.uppercased()) of "
                + "\(record.count) phases; the longest possible is \(Quantity(longest, .second))")
          }
          return factor
        }
      return (statistic, try record.stability(statistic, averagingFactors: factors, confidence: confidence))
    }
  }

  private static func noise(_ exponent: Int?) -> String {
    switch exponent {
    case 2: return "white phase"
    case 1: return "flicker phase"
    case 0: return "white frequency"
    case -1: return "flicker frequency"
    case -2: return "random walk frequency"
    default: return "not known"
    }
  }

  private static func reason(_ absence: StabilityPoint.IntervalAbsence) -> String {
    switch absence {
    case .biased: return "the noise biases the statistic, and an interval about it would miss the deviation"
    case .noDegreesOfFreedom: return "no degrees of freedom are published for the noise so near the end of the record"
    case .noiseNotKnown: return "the record is too short to tell the noise"
    }
  }

  static func text(_ tables: [(statistic: StabilityStatistic, points: [StabilityPoint])], _ confidence: Double)
    -> String
  {
    tables.map { statistic, points in
      var rows = [["tau / s", statistic.rawValue.uppercased(), "low", "high", "terms", "edf", "noise"]]
      for point in points {
        rows.append([
          Figures.significant(point.tauSeconds), Figures.significant(point.deviation, 5),
          point.confidenceInterval.map { Figures.significant($0.lowerBound) } ?? "—",
          point.confidenceInterval.map { Figures.significant($0.upperBound) } ?? "—", "\(point.terms)",
          point.degreesOfFreedom.map { Text.fixed($0, 1) } ?? "—", noise(point.noiseExponent),
        ])
      }
      var notes: [String] = []
      for absence in points.compactMap(\.intervalAbsence).map(reason) where !notes.contains(absence) {
        notes.append(absence)
      }
      return "confidence \(confidence)\n" + Text.table(rows, leftAligned: [6])
        + notes.map { "\nno interval (—): \($0)" }.joined()
    }.joined(separator: "\n\n")
  }

  static func csv(_ tables: [(statistic: StabilityStatistic, points: [StabilityPoint])]) -> String {
    var rows: [[Any?]] = []
    for (statistic, points) in tables {
      for point in points {
        rows.append([
          statistic.rawValue, point.tauSeconds, point.averagingFactor, point.deviation,
          point.confidenceInterval?.lowerBound, point.confidenceInterval?.upperBound, point.terms,
          point.degreesOfFreedom, point.noiseExponent, point.intervalAbsence.map(reason),
        ])
      }
    }
    return CSVText.table(
      [
        "statistic", "tau", "averaging_factor", "deviation", "low", "high", "terms", "edf", "noise_exponent",
        "no_interval",
      ],
      rows)
  }

  static func json(
    _ tables: [(statistic: StabilityStatistic, points: [StabilityPoint])], _ record: PhaseRecord, _ confidence: Double
  ) -> [String: Any] {
    var statistics: [String: Any] = [:]
    for (statistic, points) in tables {
      statistics[statistic.rawValue] = points.map { point -> [String: Any] in
        [
          "tau": point.tauSeconds, "averaging_factor": point.averagingFactor, "deviation": point.deviation,
          "low": ReportJSON.number(point.confidenceInterval?.lowerBound),
          "high": ReportJSON.number(point.confidenceInterval?.upperBound), "terms": point.terms,
          "edf": ReportJSON.number(point.degreesOfFreedom), "noise_exponent": point.noiseExponent ?? NSNull(),
          "no_interval": point.intervalAbsence.map(reason) ?? NSNull(),
        ]
      }
    }
    return [
      "interval": record.intervalSeconds, "phases": record.count, "gaps": record.hasGaps, "confidence": confidence,
      "statistics": statistics,
    ]
  }

  static func plot(
    _ tables: [(statistic: StabilityStatistic, points: [StabilityPoint])], _ confidence: Double
  ) -> SVGPlot {
    let names = tables.map { $0.statistic.rawValue.uppercased() }
    // Time deviations are times; beside the others, which are ratios, the legend has to say so.
    let areTimes = tables.map { [.tdev, .ttotdev].contains($0.statistic) }
    let unit = areTimes.allSatisfy(\.self) ? " / s" : ""
    var plot = SVGPlot(
      title: (names.count == 1 ? names[0] : "Stability") + ", bands \(Figures.significant(100 * confidence, 3)) %",
      xLabel: "averaging time τ / s", yLabel: "deviation σ(τ)" + unit)
    plot.xScale = .logarithmic
    plot.yScale = .logarithmic
    let colours = ["#1f5fa8", "#b3441e", "#2f7d32", "#6a3d9a", "#8a6d00", "#00838f"]
    for (index, table) in tables.enumerated() {
      let colour = colours[index % colours.count]
      let dashed = index >= colours.count
      plot.layers.append(
        .band(
          table.points.compactMap { point in
            point.confidenceInterval.map { (x: point.tauSeconds, low: $0.lowerBound, high: $0.upperBound) }
          }, colour: colour))
      if names.count > 1 {
        let label = names[index] + (areTimes[index] && unit.isEmpty ? " / s" : "")
        plot.legend.append(.init(label: label, colour: colour, dashed: dashed))
      }
      let curve = table.points.map { (x: $0.tauSeconds, y: $0.deviation) }
      plot.layers.append(.line(curve, colour: colour, dashed: dashed))
      plot.layers.append(.points(curve, colour: colour))
    }
    return plot
  }
}
