import EtalonUncertainty
import Foundation

/// A fit as the command line shows it: table, JSON and plot from the same figures.
struct FitReport {
  struct Estimate {
    let input: Double
    let inputUncertainty: Double
    let value: Double
    let uncertainty: Double
  }

  /// What was done, with its source.
  var method: String
  var equation: String
  var names: [String]
  var parameters: [Double]
  var covariance: Matrix
  var residuals: [Double]
  var residualSumOfSquares: Double
  var residualStandardDeviation: Double?
  var degreesOfFreedom: Int
  var rSquared: Double?
  var consistency: FitConsistency?
  /// Uncertainties follow from the residuals, not from stated ones.
  var estimatesFromResiduals: Bool
  var xName = "x"
  var yName = "y"
  var xUnit: String?
  var yUnit: String?
  /// Data of the plot; empty for a model with several predictors.
  var x: [Double] = []
  var y: [Double] = []
  var xUncertainties: [Double]?
  var yUncertainties: [Double]?
  var forward: [Estimate] = []
  var inverse: [Estimate] = []
  /// Curve with its standard uncertainty; nil where it can not be drawn.
  var curve: [(x: Double, y: Double, u: Double)] = []

  var standardUncertainties: [Double] { covariance.diagonal.map { $0.squareRoot() } }

  var text: String {
    var lines = [equation, method, ""]
    var rows = [["parameter", "value", "u"]]
    for (index, name) in names.enumerated() {
      let figures = Figures.pair(parameters[index], standardUncertainties[index])
      rows.append([name, figures.value, figures.uncertainty])
    }
    lines.append(Text.table(rows))
    if let matrix = correlationRows() { lines += ["", "correlation of the parameters", Text.table(matrix)] }
    lines.append("")
    lines.append("points \(residuals.count), degrees of freedom \(degreesOfFreedom)")
    if let deviation = residualStandardDeviation {
      let meaning = estimatesFromResiduals ? "residual standard deviation" : "Birge ratio √(χ²/ν)"
      lines.append("\(meaning) \(Figures.significant(deviation))")
    }
    if let rSquared { lines.append("R² \(Figures.significant(rSquared, 6))") }
    if let consistency {
      lines.append(
        "χ² observed \(Figures.significant(consistency.observed)), 95 % limit \(Figures.significant(consistency.limit)): "
          + (consistency.isConsistent
            ? "model and stated uncertainties agree" : "model or stated uncertainties are WRONG (ISO/TS 28037, 6.2.2)"))
    }
    if !forward.isEmpty { lines += ["", Text.table(estimateRows(forward, from: xName, to: yName), leftAligned: [])] }
    if !inverse.isEmpty { lines += ["", Text.table(estimateRows(inverse, from: yName, to: xName), leftAligned: [])] }
    lines += notes.map { "note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// What a reader of the figures has to know beside them.
  var notes: [String] {
    guard let low = x.min(), let high = x.max() else { return [] }
    let outside =
      forward.map(\.input).filter { $0 < low || $0 > high } + inverse.map(\.value).filter { $0 < low || $0 > high }
    return outside.map {
      "\(xName) = \(Figures.significant($0, 6)) lies outside the data, \(Figures.significant(low, 6)) to "
        + "\(Figures.significant(high, 6)): u does not hold the doubt about the form of the curve there"
    }
  }

  private func estimateRows(_ estimates: [Estimate], from: String, to: String) -> [[String]] {
    [[from, "u(\(from))", to, "u(\(to))"]]
      + estimates.map { estimate in
        let figures = Figures.pair(estimate.value, estimate.uncertainty)
        return ["\(estimate.input)", "\(estimate.inputUncertainty)", figures.value, figures.uncertainty]
      }
  }

  private func correlationRows() -> [[String]]? {
    guard names.count > 1, standardUncertainties.allSatisfy({ $0 > 0 }) else { return nil }
    return [[""] + names]
      + names.indices.map { r in
        [names[r]]
          + names.indices.map { c in
            Text.fixed(covariance[r, c] / (standardUncertainties[r] * standardUncertainties[c]), 4)
          }
      }
  }

  /// Parameters, then values of the curve and of its inverse.
  var csv: String {
    func rows(_ estimates: [Estimate], _ kind: String, _ name: String) -> [[Any?]] {
      estimates.map { [kind, name, $0.input, $0.inputUncertainty, $0.value, $0.uncertainty] }
    }
    let values = names.indices.map { index -> [Any?] in
      ["parameter", names[index], nil, nil, parameters[index], standardUncertainties[index]]
    }
    return CSVText.table(
      ["kind", "name", "input", "u_input", "value", "u"],
      values + rows(forward, "at", yName) + rows(inverse, "inverse", xName))
  }

  var json: [String: Any] {
    var object: [String: Any] = [
      "method": method, "equation": equation, "points": residuals.count, "dof": degreesOfFreedom,
      "parameters": names.indices.map {
        ["name": names[$0], "value": parameters[$0], "u": standardUncertainties[$0]] as [String: Any]
      },
      "covariance": names.indices.map { r in names.indices.map { covariance[r, $0] } },
      "residuals": residuals, "residual_sum_of_squares": residualSumOfSquares,
      "residual_sd": residualStandardDeviation ?? NSNull(), "r_squared": rSquared ?? NSNull(),
      "at": forward.map { ["x": $0.input, "u_x": $0.inputUncertainty, "y": $0.value, "u": $0.uncertainty] },
      "inverse": inverse.map { ["y": $0.input, "u_y": $0.inputUncertainty, "x": $0.value, "u": $0.uncertainty] },
      "chi_squared": NSNull(), "notes": notes,
    ]
    if let consistency {
      object["chi_squared"] =
        [
          "observed": consistency.observed, "limit": consistency.limit, "probability": consistency.probability,
          "p": consistency.pValue, "consistent": consistency.isConsistent,
        ] as [String: Any]
    }
    return object
  }

  /// Quantity over unit, as an axis is labelled (ISO 80000-1, 7.1.4).
  private func label(_ name: String, _ unit: String?) -> String { unit.map { "\(name) / \($0)" } ?? name }

  /// Data with bars of one standard uncertainty, the curve, and the band of two standard uncertainties about it.
  var svg: String? {
    guard !x.isEmpty else { return nil }
    var plot = SVGPlot(title: equation, xLabel: label(xName, xUnit), yLabel: label(yName, yUnit))
    if !curve.isEmpty {
      plot.layers.append(.band(curve.map { ($0.x, $0.y - 2 * $0.u, $0.y + 2 * $0.u) }, colour: "#4477aa"))
      plot.layers.append(.line(curve.map { ($0.x, $0.y) }, colour: "#4477aa"))
    }
    plot.legend = [.init(label: "curve, band ± 2 u", colour: "#4477aa"), .init(label: "data ± u", colour: "#222222")]
    plot.layers.append(
      .points(Array(zip(x, y)).map { ($0.0, $0.1) }, xBars: xUncertainties, yBars: yUncertainties, colour: "#222222"))
    return plot.svg()
  }
}
