import EtalonCore
import EtalonSession

/// `report.html`: a run for people, in one file that needs no network. A pure function of the ledger: the same record
/// gives the same bytes.
struct RunReport {
  let run: String
  let header: RunHeader
  let results: SessionResults
  let plan: SessionPlan
  let ledgerRecords: UInt64
  let ledgerDigest: String

  /// The page.
  func html() -> String {
    var out = [
      "<!DOCTYPE html>", "<html lang=\"en\">", "<head>", "<meta charset=\"utf-8\">",
      "<title>\(escaped(header.session)) · \(escaped(run))</title>", "<style>", Self.style, "</style>", "</head>",
      "<body>", "<h1>\(escaped(plan.title))</h1>",
    ]
    if header.isSimulated {
      out.append("<p class=\"mark\">Simulated run: no certificate of a real instrument.</p>")
    }
    out.append(table(["", ""], facts, leftAligned: [0, 1], hasHead: false))
    if let failure = results.failure { out.append("<p class=\"bad\">\(escaped(failure.reason))</p>") }
    if !results.points.isEmpty { out += points() }
    for (number, control) in results.controls.enumerated() { out += held(control, number + 1) }
    for (number, monitor) in results.monitors.enumerated() {
      out += MonitorPlots(
        result: monitor, number: number + 1, probability: plan.model.coverageProbability,
        origin: results.started ?? Instant(nanoseconds: 0)
      ).html()
    }
    if !results.remarks.isEmpty {
      out.append("<h2>Remarks</h2>")
      out.append("<ul>" + results.remarks.map { "<li>\(escaped($0))</li>" }.joined() + "</ul>")
    }
    out.append("<h2>Record</h2>")
    out.append(
      "<p>\(ledgerRecords) records, SHA-256 <code>\(escaped(ledgerDigest))</code>. Everything on this page follows from "
        + "them: <code>etalon replay</code> computes it again.</p>")
    out += ["</body>", "</html>"]
    return out.joined(separator: "\n") + "\n"
  }

  private var facts: [[String]] {
    var rows = [
      ["verdict", results.verdict.rawValue], ["session", header.session], ["board", header.board],
      ["device", results.deviceSerial], ["reference", results.referenceSerial],
    ]
    if let started = results.started {
      rows.append(["started", UTCTimestamp(utcNanoseconds: header.utcNanosecondsAtStart).text])
      if let ended = results.ended { rows.append(["lasted", Text.duration(ended.seconds(since: started))]) }
    }
    rows.append(["samples, gaps, faults", "\(results.samples), \(results.gaps), \(results.faultCount)"])
    if header.isSimulated { rows.append(["seed", "\(header.seed)"]) }
    rows.append(["version", header.version])
    return rows
  }

  private func points() -> [String] {
    let rows = results.points.map { point in
      [
        point.phase.rawValue, point.direction.rawValue, Text.fixed(point.setpoint, 2),
        Text.fixed(point.referenceReading + point.referenceCorrection, 4), Text.fixed(point.indication, 4),
        milli(point.error, sign: true), milli(point.expandedUncertainty), Text.fixed(point.coverageFactor, 2),
        milli(point.limit), point.decision.rawValue, point.truth.map { milli($0, sign: true) } ?? "",
      ]
    }
    return [
      "<h2>Points</h2>",
      table(
        [
          "phase", "direction", "set point / °C", "reference / °C", "indication / °C", "error / mK", "U / mK", "k",
          "limit / mK", "decision", "true error / mK",
        ], rows, leftAligned: [0, 1]),
    ]
  }

  private func held(_ control: ControlResult, _ number: Int) -> [String] {
    func optional(_ value: Double?, _ text: (Double) -> String) -> String { value.map(text) ?? "—" }
    let step = control.step
    let rows = [
      ["verdict", control.verdict.rawValue, ""],
      ["set point", "\(Text.fixed(step.setpointCelsius, 2)) °C", step.loop.kind.rawValue],
      ["reached after", optional(control.reachedAfterSeconds) { Text.duration($0) }, ""],
      ["overshoot", "\(milli(control.overshootKelvin)) mK", ""],
      [
        "largest |error| in the hold", optional(control.greatestErrorKelvin) { "\(milli($0)) mK" },
        step.maximumErrorKelvin.map { "at most \(milli($0)) mK" } ?? "",
      ],
      ["root mean square", optional(control.rmsErrorKelvin) { "\(milli($0)) mK" }, ""],
      [
        "missed deadlines", "\(control.deadlineMisses) of \(control.decisions)",
        step.maximumDeadlineMisses.map { "at most \($0)" } ?? "",
      ],
      ["energy", "\(Text.fixed(control.energyJoules / 1e3, 1)) kJ", ""],
    ]
    return [
      "<h2>Control \(number)</h2>", table(["", "found", "required"], rows, leftAligned: [0, 1, 2]),
    ]
  }

  private static let style = """
    body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; }
    h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2em; } h3 { font-size: 1em; margin-bottom: 0.3em; }
    table { border-collapse: collapse; font-size: 0.85em; margin: 0.6em 0 1.2em; }
    th, td { padding: 0.15em 0.7em; border-bottom: 1px solid #ddd; text-align: right; }
    th { border-bottom: 1px solid #888; font-weight: normal; color: #555; }
    .left { text-align: left; } svg { width: 100%; height: auto; display: block; }
    .mark { background: #fff3cd; padding: 0.4em 0.8em; } .bad { background: #f8d7da; padding: 0.4em 0.8em; }
    code { font-size: 0.85em; overflow-wrap: anywhere; } figure { margin: 1em 0; }
    @media print { figure { break-inside: avoid; } }
    """
}

/// Thousandths of the unit, one decimal.
func milli(_ value: Double, sign: Bool = false) -> String { Text.fixed(value * 1e3, 1, sign: sign) }

func escaped(_ text: String) -> String { SVGPlot.escaped(text) }

/// A table of text; cells to the right but for the columns named.
func table(_ head: [String], _ rows: [[String]], leftAligned: Set<Int> = [], hasHead: Bool = true) -> String {
  func row(_ cells: [String], _ tag: String) -> String {
    "<tr>"
      + cells.enumerated().map {
        "<\(tag)\(leftAligned.contains($0) ? " class=\"left\"" : "")>\(escaped($1))</\(tag)>"
      }.joined() + "</tr>"
  }
  return "<table>\n" + (hasHead ? row(head, "th") + "\n" : "") + rows.map { row($0, "td") }.joined(separator: "\n")
    + "\n</table>"
}
