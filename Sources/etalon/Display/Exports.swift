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
    let failures = results.points.filter { $0.decision == .fail }.count
    let skipped = results.points.filter { $0.decision == .inconclusive }.count
    var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
    let errors = results.failure == nil ? 0 : 1
    lines.append(
      "<testsuite name=\"\(escaped(header.session))\" tests=\"\(results.points.count + errors)\" failures=\"\(failures)\" "
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
    if let failure = results.failure {
      lines.append("  <testcase classname=\"\(escaped(header.session))\" name=\"run\">")
      lines.append("    <error message=\"\(escaped(failure.reason))\"/>")
      lines.append("  </testcase>")
    }
    lines.append("</testsuite>")
    return lines.joined(separator: "\n") + "\n"
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
