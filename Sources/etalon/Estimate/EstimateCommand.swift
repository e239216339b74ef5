import ArgumentParser
import EtalonCore
import EtalonMetrology
import EtalonSession

/// `etalon estimate`: a recorded table through the very same alignment, estimator and monitor as a running calibration.
struct EstimateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "estimate",
    abstract: "Calibrate a device from a recorded table, row by row, as a running calibration would have.",
    discussion: """
      TABLE is CSV with a line of names: t in seconds, ref and dut, empty where there was no reading; '-' is standard \
      input. For each row one row is printed: t, corrected, u, state, then the response's coefficients and their standard \
      uncertainties. A row knows what came before it and itself, nothing later. The file's keys: \
      Docs/reference/estimate-file.md.

        etalon estimate boards/virtual-bench/estimate/bath.csv --config boards/virtual-bench/estimate/bath.yaml

      With a file that has the key 'clock', TABLE holds time stamps of pulses: Docs/reference/clock-file.md.

        etalon estimate boards/chip-clock/estimate/pulses.csv --config boards/chip-clock/estimate/pulses.yaml
      """)

  @Argument(help: "CSV file; '-' is standard input.")
  var table: String
  @Option(help: "YAML file with response, noises, process and the reference's certificate.")
  var config: String
  @Flag(name: .long, help: "Print a JSON array with one object a line.")
  var json = false

  func run() throws {
    if try Fail.reporting({ try ClockDeclarations.isClock(SourceFile(path: config, kind: .data)) }) {
      return try ClockEstimate(table: table, config: config, json: json).run()
    }
    let file = try Fail.reporting { try EstimateFile(path: config) }
    var channel: CalibrationChannel
    var configuration = CalibrationChannel.Configuration(calibration: file.calibration, monitor: file.monitor)
    configuration.estimatesQuantity = true
    do {
      channel = try CalibrationChannel(configuration)
    } catch {
      throw Fail.with(.badData, "\(config): the calibration can not be set up: \(Self.words(error))")
    }
    do {
      var rows = try EstimateRows(path: table, columns: file.columns)
      var output = EstimateOutput(json: json, degree: file.calibration.response.degree)
      output.begin()
      var contradicted: (count: Int, first: String)?
      while let row = try rows.next() {
        output.write(row, Self.take(row, &channel), channel)
        if row.device.isFinite, row.references.contains(where: \.isFinite), channel.calibration.isContradicted {
          contradicted = ((contradicted?.count ?? 0) + 1, contradicted?.first ?? row.time)
        }
      }
      output.end()
      if let contradicted {
        Text.toStandardError(
          "note: rows without a value, because reference and device contradict each other by more than 10 standard "
            + "uncertainties of their difference: \(contradicted.count), the first at t = \(contradicted.first) s\n")
      }
      Text.toStandardError(Self.summary(channel))
    } catch let fault as DataFault {
      throw Fail.with(.badData, fault.description)
    }
  }

  private static func take(_ row: EstimateRow, _ channel: inout CalibrationChannel) -> ChannelSample {
    let reference = row.references.first ?? .nan
    let others = (
      second: row.references.count > 1 ? row.references[1] : .nan,
      third: row.references.count > 2 ? row.references[2] : .nan
    )
    let anyReference = row.references.contains { $0.isFinite }
    let quality: ReadingQuality = anyReference && row.device.isFinite ? [] : .missing
    return channel.take(
      pair: Pair(
        instant: row.instant, reference: reference, indication: row.device, raw: .nan, quality: quality,
        tick: UInt32(truncatingIfNeeded: row.index)), others: others, auxiliary: row.auxiliary)
  }

  /// What was refused, what could not be identified and what no comparison can show.
  private static func summary(_ channel: CalibrationChannel) -> String {
    var lines: [String] = []
    for reason in ChannelRefusal.allCases where channel.refusals[reason] > 0 {
      lines.append("rows that taught nothing, \(reason.words): \(channel.refusals[reason])")
    }
    let calibration = channel.calibration
    for power in 0...calibration.configuration.response.degree
    where calibration.configuration.response.standardUncertainty[power] > 0
      && !calibration.isIdentified(coefficient: power)
    {
      lines.append("coefficient c\(power) is not identified by the data: it keeps its prior")
    }
    switch calibration.referenceAgreement.verdict {
    case .agree: break
    case .disagree: lines.append("the references disagree by more than their certificates allow")
    case .oneDisagrees(let index):
      lines.append("reference \(index + 1) contradicts the others and was left out")
    }
    lines.append("a drift that reference and device have in common is not detectable")
    return lines.map { "note: \($0)\n" }.joined()
  }

  private static func words(_ fault: CalibrationChannel.Fault) -> String {
    switch fault {
    case .alignment: return "a time of the alignment is not above 0"
    case .dynamics: return "a lag, a dead time or an uncertainty of them is negative or not finite"
    case .monitor: return "a setting of 'monitor' is out of its range"
    case .calibration(.covariance(let row)):
      return "the correlations of the reference's correction are impossible (row \(row)); make them smaller"
    case .calibration(.systematicParts(let count)):
      return "the references have \(count) systematic parts; 14 fit"
    case .calibration(.parameters(let count)): return "the response has \(count) parameters; 8 fit"
    case .calibration(.missingReference): return "a third reference needs a second"
    case .calibration(let fault): return "\(fault)"
    }
  }
}
