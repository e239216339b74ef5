import EtalonSession

/// The points of a run as comma-separated values (RFC 4180), for a spreadsheet.
enum PointsCSV {
  static func text(_ results: SessionResults) -> String {
    var rows = [
      "phase,direction,setpoint_celsius,reference_celsius,indication_celsius,error_kelvin,u_kelvin,k,dof,U_kelvin,"
        + "limit_kelvin,decision,samples,rejected,missing,true_error_kelvin"
    ]
    for point in results.points {
      var cells: [String] = [point.phase.rawValue, point.direction.rawValue]
      for number in [
        point.setpoint, point.referenceReading + point.referenceCorrection, point.indication, point.error,
        point.standardUncertainty, point.coverageFactor, point.degreesOfFreedom, point.expandedUncertainty,
        point.limit,
      ] { cells.append(number.isFinite ? "\(number)" : "") }
      cells += [point.decision.rawValue, "\(point.samples)", "\(point.rejected)", "\(point.missing)"]
      cells.append(point.truth.map { "\($0)" } ?? "")
      rows.append(cells.joined(separator: ","))
    }
    return rows.joined(separator: "\r\n") + "\r\n"
  }
}

/// A run as a JUnit report: one test case for each point, so that a CI shows which point failed.
enum JUnit {
  static func text(_ results: SessionResults, header: RunHeader) -> String {
    let online =
      results.controls.enumerated().map { ("control \($0 + 1)", $1.verdict, facts($1)) }
      + results.monitors.enumerated().map { ("monitor \($0 + 1)", $1.verdict, facts($1)) }
    let failures =
      results.points.filter { $0.decision == .fail }.count + online.filter { $0.1 == .nonconforming }.count
    let skipped =
      results.points.filter { $0.decision == .inconclusive }.count + online.filter { $0.1 == .inconclusive }.count
    var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
    let errors = results.failure == nil ? 0 : 1
    lines.append(
      "<testsuite name=\"\(escaped(header.session))\" tests=\"\(results.points.count + online.count + errors)\" failures=\"\(failures)\" "
        + "errors=\"\(errors)\" skipped=\"\(skipped)\">")
    for point in results.points {
      let name = "\(point.phase.rawValue) \(Text.fixed(point.setpoint, 2)) °C \(point.direction.rawValue)"
      let facts =
        "error \(Text.fixed(point.error * 1e3, 1, sign: true)) mK, U \(Text.fixed(point.expandedUncertainty * 1e3, 1)) mK, "
        + "limit ±\(Text.fixed(point.limit * 1e3, 0)) mK"
      lines.append("  <testcase classname=\"\(escaped(header.session))\" name=\"\(escaped(name))\">")
      switch point.decision {
      case .pass: lines.append("    <system-out>\(escaped(facts))</system-out>")
      case .fail: lines.append("    <failure message=\"\(escaped(facts))\"/>")
      case .inconclusive: lines.append("    <skipped message=\"inconclusive: \(escaped(facts))\"/>")
      }
      lines.append("  </testcase>")
    }
    for (name, verdict, facts) in online {
      lines.append("  <testcase classname=\"\(escaped(header.session))\" name=\"\(name)\">")
      switch verdict {
      case .nonconforming: lines.append("    <failure message=\"\(escaped(facts))\"/>")
      case .inconclusive: lines.append("    <skipped message=\"inconclusive: \(escaped(facts))\"/>")
      default: lines.append("    <system-out>\(escaped(facts))</system-out>")
      }
      lines.append("  </testcase>")
    }
    if let failure = results.failure {
      lines.append("  <testcase classname=\"\(escaped(header.session))\" name=\"run\">")
      lines.append("    <error message=\"\(escaped(failure.reason))\"/>")
      lines.append("  </testcase>")
    }
    lines.append("</testsuite>")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func facts(_ control: ControlResult) -> String {
    "\(Text.fixed(control.step.setpointCelsius, 2)) °C, largest |error| "
      + (control.greatestErrorKelvin.map { "\(Text.fixed($0 * 1e3, 1)) mK" } ?? "unknown: it was not reached")
      + ", \(control.deadlineMisses) missed deadlines"
  }

  private static func facts(_ monitor: MonitorResult) -> String {
    monitor.alarms.isEmpty ? "no alarm" : monitor.alarms.map(\.reason).joined(separator: "; ")
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }
}

/// The rows of every `monitor` step as comma-separated values (RFC 4180).
enum MonitorCSV {
  static func text(_ results: SessionResults) -> String {
    var lines = [
      "monitor,phase,t_seconds,setpoint_celsius,reference_celsius,indication_celsius,corrected_celsius,u_kelvin,U_kelvin,"
        + "state,innovation_sigma,sum_above_sigma,sum_below_sigma,theta0,theta1,theta2,theta3,u_theta0,u_theta1,u_theta2,"
        + "u_theta3,output_watts,true_error_kelvin"
    ]
    for (number, monitor) in results.monitors.enumerated() {
      for row in monitor.rows {
        let seconds = results.started.map { row.instant.seconds(since: $0) }
        var numbers: [Double?] = [
          seconds, row.setpoint, row.reference, row.indication, row.corrected, row.uncertainty.standard,
          row.expandedUncertainty,
        ]
        let name = monitor.step.phases[row.phase].name
        var cells = ["\(number + 1)", name] + numbers.map(cell) + ["\(row.state)"]
        numbers = [row.innovation, row.sums?.high, row.sums?.low]
        for power in 0..<4 { numbers.append(row.coefficients[power]) }
        for power in 0..<4 { numbers.append(row.coefficientUncertainties[power]) }
        numbers += [row.watts, row.truth]
        cells += numbers.map(cell)
        lines.append(cells.joined(separator: ","))
      }
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private static func cell(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "" }
    return "\(value)"
  }
}
