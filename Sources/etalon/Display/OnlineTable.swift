import EtalonSession

/// What the steps `control` and `monitor` found, as a person reads it.
enum OnlineTable {
  static func lines(_ results: SessionResults) -> [String] {
    results.controls.flatMap(held) + results.monitors.flatMap(monitored)
  }

  private static func held(_ control: ControlResult) -> [String] {
    let step = control.step
    func optional(_ value: Double?, _ text: (Double) -> String) -> String { value.map(text) ?? "—" }
    let rows = [
      ["control", "set point", "reached", "overshoot", "largest |error|", "rms", "U", "missed", "energy", "verdict"],
      ["", "°C", "", "mK", "mK", "mK", "mK", "", "kJ", ""],
      [
        step.loop.kind.rawValue, Text.fixed(step.setpointCelsius, 2),
        optional(control.reachedAfterSeconds) { Text.duration($0) }, milli(control.overshootKelvin),
        optional(control.greatestErrorKelvin) { milli($0) }, optional(control.rmsErrorKelvin) { milli($0) },
        optional(control.greatestExpandedUncertainty) { milli($0) }, "\(control.deadlineMisses)",
        Text.fixed(control.energyJoules / 1e3, 0), control.verdict.rawValue,
      ],
    ]
    return [Text.table(rows, leftAligned: [0]), ""]
  }

  private static func monitored(_ monitor: MonitorResult) -> [String] {
    let hasTruth = monitor.rows.contains { $0.truth != nil }
    var rows = [["monitor", "rows", "set point", "corrected", "U", "state"], ["", "", "°C", "°C", "mK", ""]]
    if hasTruth {
      rows[0] += ["error", "covered"]
      rows[1] += ["mK", ""]
    }
    for number in monitor.began.indices {
      let own = monitor.rows.filter { $0.phase == number }
      let last = own.last
      var row: [String] = [monitor.step.phases[number].name, "\(own.count)"]
      if let last {
        row.append(last.setpoint.map { Text.fixed($0, 2) } ?? "—")
        row += [Text.fixed(last.corrected, 3), milli(last.expandedUncertainty), "\(last.state)"]
      } else {
        row += ["—", "—", "—", "—"]
      }
      if hasTruth {
        let known = own.compactMap { row in row.error.map { abs($0) <= row.expandedUncertainty } }
        row.append(last?.error.map { milli($0, sign: true) } ?? "—")
        row.append(known.isEmpty ? "—" : "\(known.filter { $0 }.count) of \(known.count)")
      }
      rows.append(row)
    }
    return [Text.table(rows, leftAligned: [0]), ""]
  }
}
