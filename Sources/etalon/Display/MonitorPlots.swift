import EtalonCore
import EtalonSession

/// The pictures of an on-line calibration, with the numbers of each below it.
struct MonitorPlots {
  let result: MonitorResult
  let number: Int
  let probability: Double
  /// When the run began: minutes count from there.
  let origin: Instant

  private static let blue = "#1f5fa8"
  private static let red = "#c0392b"
  private static let green = "#2e7d32"
  private static let grey = "#777"
  private static let orange = "#d17a00"
  private static let colours = [blue, red, green, orange]

  private var rows: [MonitorRow] { result.rows }
  private func minutes(_ instant: Instant) -> Double { instant.seconds(since: origin) / 60 }
  private func series(_ value: (MonitorRow) -> Double?) -> [(x: Double, y: Double)] {
    rows.compactMap { row in value(row).map { (minutes(row.instant), $0) } }
  }

  /// About two dozen rows, evenly spaced, the last among them.
  private var shown: [MonitorRow] {
    let step = max(1, (rows.count + 23) / 24)
    return rows.indices.filter { $0 % step == step - 1 || $0 == rows.count - 1 }.map { rows[$0] }
  }

  func html() -> [String] {
    var out = ["<h2>Monitor \(number)</h2>", phases()]
    if !result.alarms.isEmpty {
      out.append(
        table(
          ["after / min", "alarm", "done"],
          result.alarms.map { [Text.fixed(minutes($0.instant), 1), $0.reason, $0.action.rawValue] },
          leftAligned: [1, 2]))
    }
    guard !rows.isEmpty else { return out }
    out += figure(corrected(), ["time / min", "indication / °C", "corrected / °C", "U / mK", "truth / °C", "state"]) {
      row in
      [
        Text.fixed(row.indication, 2), Text.fixed(row.corrected, 4), milli(row.expandedUncertainty),
        row.truth.map { Text.fixed(row.indication - $0, 4) } ?? "—", "\(row.state)",
      ]
    }
    out += figure(
      errors(), ["time / min", "corrected − truth / mK", "corrected − reference / mK", "u / mK", "U / mK"]
    ) { row in
      [
        row.error.map { milli($0, sign: true) } ?? "—",
        row.reference.map { milli(row.corrected - $0, sign: true) } ?? "—", milli(row.uncertainty.standard),
        milli(row.expandedUncertainty),
      ]
    }
    out += figure(innovations(), ["time / min", "innovation / σ", "sum above / σ", "sum below / σ", "state"]) { row in
      [
        row.innovation.map { Text.fixed($0, 2, sign: true) } ?? "—", row.sums.map { Text.fixed($0.high, 2) } ?? "—",
        row.sums.map { Text.fixed($0.low, 2) } ?? "—", "\(row.state)",
      ]
    }
    let used = coefficientsUsed
    out += figure(
      coefficients(), ["time / min"] + used.flatMap { ["θ\($0) − first / mK", "u / mK"] }
    ) { row in
      used.flatMap {
        [
          milli(row.coefficients[$0] - rows[0].coefficients[$0], sign: true), milli(row.coefficientUncertainties[$0]),
        ]
      }
    }
    if rows.contains(where: { $0.watts != nil }) {
      out += figure(output(), ["time / min", "output / W", "set point / °C", "corrected / °C"]) { row in
        [
          row.watts.map { Text.fixed($0, 0) } ?? "—", row.setpoint.map { Text.fixed($0, 2) } ?? "—",
          Text.fixed(row.corrected, 3),
        ]
      }
    }
    return out
  }

  private func figure(
    _ plot: SVGPlot, _ head: [String], _ cells: (MonitorRow) -> [String]
  ) -> [String] {
    var plot = plot
    plot.height = 330
    for (number, phase) in result.step.phases.enumerated() where number < result.began.count {
      plot.layers.append(.marker(x: minutes(result.began[number]), label: phase.name, colour: Self.grey))
    }
    plot.region = "monitor\(number)-" + plot.title.filter { $0.isASCII && $0.isLetter }
    guard let svg = plot.svg() else { return [] }
    return [
      "<figure>", svg,
      table(head, shown.map { [Text.fixed(minutes($0.instant), 1)] + cells($0) }), "</figure>",
    ]
  }

  private func phases() -> String {
    table(
      [
        "phase", "began / min", "rows", "set point / °C", "reference", "last corrected / °C", "U / mK", "state",
        "covered",
      ],
      result.began.indices.map { index in
        let phase = result.step.phases[index]
        let own = rows.filter { $0.phase == index }
        let known = own.compactMap { row in row.error.map { abs($0) <= row.expandedUncertainty } }
        var cells: [String] = [phase.name, Text.fixed(minutes(result.began[index]), 1), "\(own.count)"]
        cells.append(own.last?.setpoint.map { Text.fixed($0, 2) } ?? "—")
        cells.append(phase.referencePresent ? "present" : "away")
        if let last = own.last {
          cells += [Text.fixed(last.corrected, 4), milli(last.expandedUncertainty), "\(last.state)"]
        } else {
          cells += ["—", "—", "—"]
        }
        cells.append(known.isEmpty ? "—" : "\(known.filter { $0 }.count) of \(known.count)")
        return cells
      }, leftAligned: [0, 4, 7])
  }

  // MARK: The five pictures

  private func corrected() -> SVGPlot {
    var plot = SVGPlot(
      title: "Corrected value with its \(Text.fixed(probability * 100, 2)) % band" + (hasTruth ? " and the truth" : ""),
      xLabel: "time / min", yLabel: "temperature / °C")
    plot.layers = [
      .band(
        rows.map {
          (minutes($0.instant), $0.corrected - $0.expandedUncertainty, $0.corrected + $0.expandedUncertainty)
        }, colour: Self.blue),
      .line(series { $0.corrected }, colour: Self.blue),
    ]
    if hasTruth {
      plot.layers.append(.line(series { row in row.truth.map { row.indication - $0 } }, colour: Self.red, dashed: true))
    }
    return plot
  }

  private var hasTruth: Bool { rows.contains { $0.truth != nil } }

  private func errors() -> SVGPlot {
    var plot = SVGPlot(
      title: hasTruth ? "Corrected value minus truth (red) within ±u and ±U" : "Standard and expanded uncertainty",
      xLabel: "time / min", yLabel: "mK")
    plot.layers = [
      .band(
        rows.map { (minutes($0.instant), -1e3 * $0.expandedUncertainty, 1e3 * $0.expandedUncertainty) },
        colour: Self.blue),
      .band(
        rows.map { (minutes($0.instant), -1e3 * $0.uncertainty.standard, 1e3 * $0.uncertainty.standard) },
        colour: Self.blue),
    ]
    if hasTruth { plot.layers.append(.line(series { $0.error.map { 1e3 * $0 } }, colour: Self.red)) }
    return plot
  }

  private func innovations() -> SVGPlot {
    var plot = SVGPlot(
      title: "Innovations (points) and the two sums of the accuracy monitor", xLabel: "time / min",
      yLabel: "standard deviations")
    plot.layers = [
      .line(series { $0.sums?.high }, colour: Self.orange),
      .line(series { $0.sums.map { -$0.low } }, colour: Self.orange),
      .points(series { $0.innovation }, colour: Self.blue),
    ]
    return plot
  }

  private var coefficientsUsed: [Int] {
    (0..<4).filter { power in rows.contains { $0.coefficientUncertainties[power] > 0 } }
  }

  private func coefficients() -> SVGPlot {
    let names = ["blue", "red", "green", "orange"]
    let used = coefficientsUsed
    var plot = SVGPlot(
      title: "Coefficients ±u from their beginning: "
        + used.map { "θ\($0) \(names[$0])" }.joined(separator: ", "), xLabel: "time / min", yLabel: "mK")
    for power in used {
      let first = rows[0].coefficients[power]
      plot.layers.append(
        .band(
          rows.map {
            let value = 1e3 * ($0.coefficients[power] - first)
            let u = 1e3 * $0.coefficientUncertainties[power]
            return (minutes($0.instant), value - u, value + u)
          }, colour: Self.colours[power]))
    }
    for power in used {
      plot.layers.append(
        .line(series { 1e3 * ($0.coefficients[power] - rows[0].coefficients[power]) }, colour: Self.colours[power]))
    }
    return plot
  }

  private func output() -> SVGPlot {
    var plot = SVGPlot(title: "Output of the controller", xLabel: "time / min", yLabel: "power / W")
    plot.layers = [.line(series { $0.watts }, colour: Self.green)]
    return plot
  }
}
