import EtalonCore
import EtalonMetrology
import Glibc

/// Rows of `etalon estimate` on standard output, as CSV or as a JSON array with one object a line.
struct EstimateOutput {
  private let json: Bool
  private let degree: Int
  private var isFirst = true

  init(json: Bool, degree: Int) {
    self.json = json
    self.degree = degree
  }

  mutating func begin() {
    if json {
      print("[", terminator: "")
    } else {
      let values = (0...degree).map { "c\($0)" }
      print((["t", "corrected", "u", "state"] + values + values.map { "u_" + $0 }).joined(separator: ","))
    }
  }

  mutating func write(_ row: EstimateRow, _ sample: ChannelSample, _ channel: CalibrationChannel) {
    let calibration = channel.calibration
    let coefficients = (0...degree).map { Self.number(calibration.coefficients[$0]) }
    let uncertainties = (0...degree).map { Self.number(calibration.standardUncertainty(ofCoefficient: $0)) }
    let state = Self.state(sample)
    let value = channel.estimate.map { Self.number($0.value) }
    let u = channel.estimate.map { Self.number($0.standardUncertainty) }
    if json {
      print(isFirst ? "" : ",")
      let time = Double(row.time.replacing(",", with: ".")).map(Self.number) ?? "null"
      print(
        "{\"t\": \(time), \"corrected\": \(value ?? "null"), \"u\": \(u ?? "null"), \"state\": \"\(state)\", "
          + "\"coefficients\": [\(coefficients.joined(separator: ", "))], "
          + "\"u_coefficients\": [\(uncertainties.joined(separator: ", "))], "
          + "\"extrapolated\": \(channel.estimate?.isExtrapolated ?? false)}", terminator: "")
    } else {
      let time = row.time.replacing(",", with: ".")
      print(([time, value ?? "", u ?? "", state] + coefficients + uncertainties).joined(separator: ","))
    }
    isFirst = false
  }

  mutating func end() {
    if json { print("\n]") }
  }

  /// The shortest text that reads back as the same number.
  private static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }

  private static func state(_ sample: ChannelSample) -> String {
    switch sample.state {
    case .lost: return "lost"
    case .suspect: return "suspect"
    case .learning: return sample.flags.contains(.holdover) ? "holdover" : "learning"
    case .calibrated: return sample.flags.contains(.holdover) ? "holdover" : "calibrated"
    }
  }
}
