import EtalonSession

/// The results of a run as a person reads them.
enum ResultTable {
  static func text(_ results: SessionResults) -> String {
    var lines: [String] = []
    for phase in [PointResult.Phase.asFound, .asLeft] {
      let points = results.points.filter { $0.phase == phase }
      guard !points.isEmpty else { continue }
      let hasTruth = points.contains { $0.truth != nil }
      lines.append(phase == .asFound ? "as found" : "as left")
      var rows = [["", "set point", "reference", "indication", "error", "U", "k", "dof", "limit", "decision"]]
      var units = ["", "°C", "°C", "°C", "mK", "mK", "", "", "mK", ""]
      if hasTruth {
        rows[0] += ["true error", "covered"]
        units += ["mK", ""]
      }
      rows.append(units)
      for point in points {
        var row = [
          point.direction == .up ? "up" : "down", Text.fixed(point.setpoint, 2),
          Text.fixed(point.referenceReading + point.referenceCorrection, 3), Text.fixed(point.indication, 3),
          Text.fixed(point.error * 1e3, 1, sign: true), Text.fixed(point.expandedUncertainty * 1e3, 1),
          Text.fixed(point.coverageFactor, 2),
          // Beyond some thousands k no longer changes, and the digits would only pretend to mean something.
          point.degreesOfFreedom < 10_000 ? Text.fixed(point.degreesOfFreedom, 0) : "∞",
          "±" + Text.fixed(point.limit * 1e3, 0), point.decision.rawValue,
        ]
        if hasTruth {
          row.append(point.truth.map { Text.fixed($0 * 1e3, 1, sign: true) } ?? "—")
          row.append(point.covered.map { $0 ? "yes" : "no" } ?? "—")
        }
        rows.append(row)
      }
      lines.append(Text.table(rows, leftAligned: [0]))
      if points.contains(where: { $0.monteCarloValidates == false }) {
        lines.append("Monte Carlo does not confirm the first-order interval of every point (JCGM 101:2008 clause 8).")
      }
      lines.append("")
    }
    if let before = results.before?.coefficients, let after = results.after?.coefficients {
      lines.append("coefficients")
      lines.append(
        Text.table([
          ["", "a0", "a1", "a2", "a3"],
          ["before", "\(before.c0)", "\(before.c1)", "\(before.c2)", "\(before.c3)"],
          ["after", "\(after.c0)", "\(after.c1)", "\(after.c2)", "\(after.c3)"],
        ]))
      lines.append("")
    }
    lines += OnlineTable.lines(results)
    for remark in results.remarks { lines.append("note: \(remark)") }
    if results.stop == .atCheckpoint || results.stop == .now {
      lines.append(
        "stopped on request" + (results.safeStateConfirmed == true ? "; the actuator confirmed its safe state" : ""))
    }
    if let failure = results.failure { lines.append("failed: \(failure.reason)") }
    if results.isUnsafe {
      lines.append("WARNING: the safe state was NOT confirmed; switch the actuator off by hand.")
    }
    lines.append(
      "verdict: \(results.verdict.rawValue) (\(results.samples) samples, \(results.gaps) gaps, "
        + "\(results.faultCount) faulty exchanges)")
    return lines.joined(separator: "\n")
  }
}
