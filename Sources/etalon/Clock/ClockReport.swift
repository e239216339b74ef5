import EtalonCore
import EtalonSession

/// Results of a clock as people and programs read them.
enum ClockReport {
  static func word(_ state: AccuracyState, isHoldover: Bool) -> String {
    switch state {
    case .lost: "lost"
    case .suspect: "suspect"
    case .learning: isHoldover ? "holdover" : "learning"
    case .calibrated: isHoldover ? "holdover" : "calibrated"
    }
  }

  static func word(_ outcome: ClockOutcome?) -> String {
    switch outcome {
    case nil: "no_pulse"
    case .updated: "updated"
    case .outlier: "outlier"
    case .stepped: "stepped"
    case .leapSecond: "leap_second"
    case .wholeSecond: "whole_second"
    case .leapSecondAbsent: "leap_second_absent"
    case .withinStep: "within_step"
    case .refused: "refused"
    }
  }

  /// The averaging times that have at least two terms.
  static func points(_ stability: ClockChannel.Stability) -> [ClockChannel.Stability.Point] {
    (0..<20).map { stability.point($0) }.filter { $0.terms >= 2 }
  }

  static func stabilityTable(_ stability: ClockChannel.Stability) -> String {
    var rows = [["tau / s", "OADEV", "MDEV", "TDEV / s", "terms"]]
    for point in points(stability) {
      let hasModified = point.modifiedTerms > 0
      rows.append([
        "\(point.averagingFactor)", Figures.significant(point.allanDeviation),
        hasModified ? Figures.significant(point.modifiedDeviation) : "—",
        hasModified ? Figures.significant(point.timeDeviation(intervalSeconds: 1)) : "—", "\(point.terms)",
      ])
    }
    return Text.table(rows, leftAligned: [])
  }

  /// What happened to pulses, by name for programs and in words.
  static func counts(_ channel: ClockChannel) -> [(name: String, words: String, count: Int)] {
    [
      ("missing_reference", "missing pulses of the reference", Int(channel.reference.missing)),
      ("missing_oscillator", "missing pulses of the oscillator", Int(channel.oscillator.missing)),
      ("doubled", "second edges of one pulse", channel.reference.doubled + channel.oscillator.doubled),
      ("stray", "edges where no pulse was due", channel.reference.strays + channel.oscillator.strays),
      (
        "relocked", "times that pulses came elsewhere in the second",
        channel.reference.relocks + channel.oscillator.relocks
      ),
      ("outliers", "phases outside the gate", channel.clock.outliers), ("steps", "steps of the phase", channel.steps),
      ("whole_seconds", "jumps by whole seconds without announcement", channel.clock.wholeSeconds),
      ("leap_seconds", "leap seconds as announced", channel.leaps),
      ("absent_leap_seconds", "announced leap seconds that did not come", channel.absentLeaps),
    ]
  }

  static func countsJSON(_ channel: ClockChannel) -> String {
    "{" + counts(channel).map { "\"\($0.name)\": \($0.count)" }.joined(separator: ", ") + "}"
  }

  /// Phase with its 95 % band, and truth where it is known.
  static func phasePlot(_ rows: [ClockRun.Row]) -> SVGPlot {
    var plot = SVGPlot(title: "Phase against the reference", xLabel: "time / s", yLabel: "phase / ns")
    let step = max(1, rows.count / 1500)
    let some = stride(from: 0, to: rows.count, by: step).map { rows[$0] }
    plot.layers.append(
      .band(
        some.map {
          (
            x: Double($0.second), low: $0.phase.value - 1.96 * $0.phase.standardUncertainty,
            high: $0.phase.value + 1.96 * $0.phase.standardUncertainty
          )
        }, colour: "#1f5fa8"))
    plot.layers.append(.line(some.map { (x: Double($0.second), y: $0.phase.value) }, colour: "#1f5fa8"))
    return plot
  }

  static func stabilityPlot(_ stability: ClockChannel.Stability) -> SVGPlot {
    var plot = SVGPlot(title: "Sigma-tau of the measured phases", xLabel: "averaging time τ / s", yLabel: "OADEV")
    plot.xScale = .logarithmic
    plot.yScale = .logarithmic
    let curve = points(stability).map { (x: Double($0.averagingFactor), y: $0.allanDeviation) }
    plot.layers.append(.line(curve, colour: "#1f5fa8"))
    plot.layers.append(.points(curve, colour: "#1f5fa8"))
    return plot
  }
}
