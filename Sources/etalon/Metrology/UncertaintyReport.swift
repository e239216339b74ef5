import EtalonMetrology
import EtalonUncertainty
import Foundation

/// A budget beside its Monte Carlo, as the command line shows it: table, JSON and plot from the same figures.
struct UncertaintyReport {
  /// Names of the measurands.
  let measurands: [String]
  let coverageProbability: Double
  /// One for each measurand; none where the model has no derivative at the estimates.
  let budgets: [UncertaintyBudget]
  /// Why there are no budgets.
  let budgetRefusal: String?
  let outputCorrelations: [[Double]]
  /// Second-order evaluations, where the model has them.
  let secondOrder: [SecondOrderEvaluation?]
  /// nil where no Monte Carlo was asked for, or where it was refused.
  let monteCarlo: JointMonteCarloResult?
  /// Why there is no Monte Carlo although it was asked for.
  let monteCarloRefusal: String?
  let significantDigits: Int
  let units: [EtalonMetrology.Unit]?
  /// Correlations of the inputs that are not 0.
  let correlations: [InputCorrelation]
  /// Inputs without a unit beside others that have one.
  let unitless: [String]

  /// What a reader of the figures has to know beside them.
  private var notes: [String] {
    var notes: [String] = []
    if !unitless.isEmpty {
      notes.append(
        "units are not checked and the result has none: no unit is given for \(unitless.joined(separator: ", "))")
    }
    if !correlations.isEmpty && !budgets.isEmpty {
      notes.append(
        "correlated inputs share their part of the variance: a share can be negative; together they are 100 %")
    }
    if monteCarlo != nil {
      for row in budgets.first?.rows ?? [] where row.degreesOfFreedom <= 3 && row.contribution != 0 {
        notes.append(
          "\(row.name) has \(Self.dof(row.degreesOfFreedom)) degrees of freedom: where its distribution is a t distribution, the "
            + "Monte Carlo draws from its long tails (JCGM 101, 6.4.9), and its u and intervals exceed those of the GUM"
        )
      }
    }
    return notes
  }

  private func unit(_ i: Int) -> String { units.map { $0[i] == .one ? "" : " " + $0[i].symbol } ?? "" }

  private func validity(_ i: Int) -> FirstOrderValidity? {
    guard !budgets.isEmpty else { return nil }
    return monteCarlo?.results[i].validity(of: budgets[i], significantDigits: significantDigits)
  }

  private static func dof(_ value: Double) -> String { value.isFinite ? Figures.significant(value, 3) : "∞" }

  /// A value beside its uncertainty of three digits: plain digits as long as they are readable.
  private static func pair(_ value: Double, _ u: Double) -> (value: String, uncertainty: String) {
    guard u > 1e-7, u < 1e9, abs(value) < 1e12 else { return Figures.pair(value, u) }
    do throws(NotationFault) {
      return try ConciseNotation.rounded(value: value, uncertainty: u, digits: 3)
    } catch {
      return Figures.pair(value, u)
    }
  }

  private func percent(_ p: Double) -> String { Figures.significant(100 * p, 4) + " %" }

  var text: String {
    var lines: [String] = []
    for (i, measurand) in measurands.enumerated() {
      if i > 0 { lines.append("") }
      if budgets.isEmpty {
        if let budgetRefusal { lines.append("\(measurand): no first-order (GUM) result: \(budgetRefusal).") }
      } else {
        lines += budgetLines(i)
      }
      if let result = monteCarlo?.results[i] { lines += sides(i, result) }
    }
    if let monteCarloRefusal {
      lines += ["", "No Monte Carlo: \(monteCarloRefusal). The first-order (GUM) result is NOT confirmed."]
    }
    if budgets.count > 1 {
      lines += ["", "correlation of the measurands (first order)", correlationTable(outputCorrelations)]
    }
    if measurands.count > 1, let monteCarlo { lines += jointLines(monteCarlo) }
    if !correlations.isEmpty {
      lines += ["", "correlation of the inputs"]
      lines.append(
        Text.table(
          correlations.map { [$0.first, $0.second, Figures.significant($0.coefficient)] }, leftAligned: [0, 1]))
    }
    if !notes.isEmpty { lines.append("") }
    lines += notes.map { "note: \($0)" }
    return lines.joined(separator: "\n")
  }

  private func correlationTable(_ correlations: [[Double]]) -> String {
    let rows = correlations.enumerated().map { [measurands[$0]] + $1.map { Text.fixed($0, 4) } }
    return Text.table([[""] + measurands] + rows)
  }

  /// Coverage factor of the region of a joint normal distribution, √χ²_p(n) (JCGM 102, 6.5.2.3).
  var normalCoverageFactor: Double? {
    do throws(DistributionFault) {
      return try ChiSquare(degreesOfFreedom: Double(measurands.count)).quantile(coverageProbability).squareRoot()
    } catch { return nil }
  }

  /// What a Monte Carlo says about the measurands together (JCGM 102, clause 7).
  private func jointLines(_ joint: JointMonteCarloResult) -> [String] {
    guard let correlations = joint.correlations else { return [] }
    var lines = ["", "correlation of the measurands (Monte Carlo)", correlationTable(correlations)]
    let region = measurands.count == 2 ? "elliptical" : "ellipsoidal"
    if let factor = joint.ellipsoidalCoverageFactor {
      let normal = normalCoverageFactor.map { "; \(Figures.significant($0)) for a joint normal distribution" } ?? ""
      lines += [
        "",
        "\(region) coverage region at \(percent(coverageProbability)): (y - estimate)ᵀ V⁻¹ (y - estimate) <= kp², "
          + "kp = \(Figures.significant(factor))\(normal)",
      ]
    } else {
      lines += ["", "no \(region) coverage region: one measurand follows from the others"]
    }
    return lines
  }

  /// The budget table and what it makes.
  private func budgetLines(_ i: Int) -> [String] {
    let budget = budgets[i]
    var rows = [["input", "estimate", "u", "dof", "sensitivity", "contribution", "%"]]
    for row in budget.rows {
      let figures = Self.pair(row.estimate, row.standardUncertainty)
      rows.append([
        row.name, row.standardUncertainty > 0 ? figures.value : "\(row.estimate)",
        row.standardUncertainty > 0 ? figures.uncertainty : "exact", Self.dof(row.degreesOfFreedom),
        Figures.significant(row.sensitivity), Figures.significant(row.contribution), Text.fixed(row.percent, 1),
      ])
    }
    let figures = Self.pair(budget.estimate, budget.standardUncertainty)
    var lines = [Text.table(rows), ""]
    lines.append("\(budget.measurand) = \(figures.value)\(unit(i)), u = \(figures.uncertainty)\(unit(i))")
    lines.append(
      "U = \(Figures.significant(budget.expandedUncertainty, 3))\(unit(i)) at \(percent(budget.coverageProbability)), k = "
        + "\(Figures.significant(budget.coverageFactor)), effective degrees of freedom \(Self.dof(budget.degreesOfFreedom))"
    )
    if let second = secondOrder[i] {
      lines.append("with terms of the second order u = \(Figures.significant(second.standardUncertainty, 3))\(unit(i))")
    }
    return lines
  }

  /// First order and Monte Carlo side by side, with the verdict.
  private func sides(_ i: Int, _ result: MonteCarloResult) -> [String] {
    var rows = [["", "estimate", "u", "low", "high", ""]]
    func side(_ name: String, _ y: Double, _ u: Double, _ low: Double, _ high: Double, _ note: String) {
      // A Monte Carlo shows the digits that its trials make sure. Long tails make u larger than the interval; its
      // ends are then shown to the digits of its half width.
      func digits(_ x: Double, _ u: Double) -> String { u > 0 ? Self.pair(x, u).value : "\(x)" }
      let fine = min(u, (high - low) / 2)
      let shown = u.isFinite ? Figures.significant(u, 3) : "none"
      rows.append([name, digits(y, u.isFinite ? u : fine), shown, digits(low, fine), digits(high, fine), note])
    }
    let p = percent(coverageProbability)
    if !budgets.isEmpty {
      let budget = budgets[i]
      let half = budget.expandedUncertainty
      side("GUM", budget.estimate, budget.standardUncertainty, budget.estimate - half, budget.estimate + half, p)
    }
    let u = result.standardUncertainty
    let symmetric = result.symmetricInterval
    side(
      "Monte Carlo", result.estimate, u, symmetric.lowerBound, symmetric.upperBound,
      budgets.isEmpty ? "symmetric, \(p)" : "symmetric")
    let shortest = result.shortestInterval
    side("", result.estimate, u, shortest.lowerBound, shortest.upperBound, "shortest")
    var lines = ["", Text.table(rows, leftAligned: [0, 5]), ""]
    let verdict = validity(i).map { " " + sentence($0) } ?? ""
    lines.append("\(result.trials) trials, seed \(result.seed).\(verdict)")
    if !result.hasStandardUncertainty {
      lines.append(
        "A t distribution with at most two degrees of freedom has no standard deviation (JCGM 101, 6.4.9.5): the Monte "
          + "Carlo gives the median and the intervals, and no standard uncertainty.")
    }
    return lines
  }

  /// The verdict of JCGM 101, clause 8, with the figures that a reader needs.
  private func sentence(_ validity: FirstOrderValidity) -> String {
    let differences =
      "interval ends differ by \(Figures.significant(validity.lowDifference, 2)) and "
      + "\(Figures.significant(validity.highDifference, 2)), tolerance \(Figures.significant(validity.tolerance, 2))"
    switch validity.verdict {
    case .valid: return "The first-order (GUM) result is valid: \(differences)."
    case .notValid: return "The first-order (GUM) result is NOT valid: \(differences). Use the Monte Carlo result."
    case .undecided:
      return
        "Whether the first-order (GUM) result is valid is undecided: too few trials; \(differences), standard error "
        + "of the ends \(Figures.significant(validity.endStandardError, 2))."
    }
  }

  /// Budget rows of each measurand, then its results: first order, and Monte Carlo with either interval.
  var csv: String {
    var rows: [[Any?]] = []
    for (i, measurand) in measurands.enumerated() {
      if !budgets.isEmpty {
        let budget = budgets[i]
        rows += budget.rows.map {
          [
            measurand, $0.name, $0.estimate, $0.standardUncertainty, $0.degreesOfFreedom, $0.sensitivity,
            $0.contribution, $0.percent, nil, nil,
          ]
        }
        let half = budget.expandedUncertainty
        rows.append([
          measurand, "GUM", budget.estimate, budget.standardUncertainty, budget.degreesOfFreedom, nil, nil, nil,
          budget.estimate - half, budget.estimate + half,
        ])
      }
      guard let result = monteCarlo?.results[i] else { continue }
      for (name, interval) in [
        ("Monte Carlo, symmetric", result.symmetricInterval), ("Monte Carlo, shortest", result.shortestInterval),
      ] {
        rows.append([
          measurand, name, result.estimate, result.standardUncertainty, nil, nil, nil, nil, interval.lowerBound,
          interval.upperBound,
        ])
      }
    }
    return CSVText.table(
      ["measurand", "quantity", "estimate", "u", "dof", "sensitivity", "contribution", "percent", "low", "high"], rows)
  }

  private func number(_ x: Double) -> Any { x.isFinite ? x : NSNull() }

  var json: [String: Any] {
    let list = measurands.enumerated().map { i, measurand -> [String: Any] in
      var object: [String: Any] = [
        "name": measurand, "p": coverageProbability, "unit": units.map { $0[i].symbol } ?? NSNull(),
        "estimate": NSNull(), "u": NSNull(), "dof": NSNull(), "k": NSNull(), "U": NSNull(), "budget": NSNull(),
        "u_second_order": NSNull(), "monte_carlo": NSNull(), "valid": NSNull(),
      ]
      if !budgets.isEmpty {
        let budget = budgets[i]
        object["estimate"] = budget.estimate
        object["u"] = budget.standardUncertainty
        object["dof"] = number(budget.degreesOfFreedom)
        object["k"] = budget.coverageFactor
        object["U"] = budget.expandedUncertainty
        object["u_second_order"] = secondOrder[i].map(\.standardUncertainty) ?? NSNull()
        object["budget"] = budget.rows.map { row -> [String: Any] in
          [
            "name": row.name, "estimate": row.estimate, "u": row.standardUncertainty,
            "dof": number(row.degreesOfFreedom),
            "sensitivity": row.sensitivity, "contribution": row.contribution, "percent": row.percent,
          ]
        }
      }
      if let result = monteCarlo?.results[i] {
        object["monte_carlo"] =
          [
            "trials": result.trials, "seed": result.seed, "estimate": result.estimate,
            "u": number(result.standardUncertainty),
            "symmetric": [result.symmetricInterval.lowerBound, result.symmetricInterval.upperBound],
            "shortest": [result.shortestInterval.lowerBound, result.shortestInterval.upperBound],
            "tolerance": result.numericalTolerance ?? NSNull(), "stability": result.stability ?? NSNull(),
          ] as [String: Any]
      }
      if let validity = validity(i) {
        object["valid"] =
          [
            "first_order": validity.verdict == .undecided ? NSNull() : validity.isValid,
            "tolerance": validity.tolerance, "d_low": validity.lowDifference, "d_high": validity.highDifference,
            "u_ends": number(validity.endStandardError),
          ] as [String: Any]
      }
      return object
    }
    let region: [String: Any]? = monteCarlo?.ellipsoidalCoverageFactor.map {
      ["p": coverageProbability, "k": $0, "k_normal": normalCoverageFactor ?? NSNull()]
    }
    return [
      "measurands": list, "correlations": outputCorrelations,
      "monte_carlo_correlations": monteCarlo?.correlations ?? NSNull(), "coverage_region": region ?? NSNull(),
      "budget_refusal": budgetRefusal ?? NSNull(),
      "monte_carlo_refusal": monteCarloRefusal ?? NSNull(), "notes": notes,
      "input_correlations": correlations.map { [$0.first, $0.second, $0.coefficient] as [Any] },
    ]
  }

  /// The Monte Carlo of the first measurand as a histogram of density, with the density of the first order over it.
  var svg: String? {
    guard let result = monteCarlo?.results.first, result.histogram.width > 0 else { return nil }
    let measurand = measurands[0]
    let label = units.map { $0[0] == .one ? measurand : "\(measurand) / \($0[0].symbol)" }
    var plot = SVGPlot(
      title: "\(measurand): \(result.trials) trials, seed \(result.seed)", xLabel: label ?? measurand,
      yLabel: "probability density" + (units?.first.map { $0 == .one ? "" : " / (\($0.symbol))⁻¹" } ?? ""))
    plot.legend = [.init(label: "Monte Carlo", colour: "#4477aa")]
    let histogram = result.histogram
    let scale = 1 / (Double(result.trials) * histogram.width)
    let bars = histogram.counts.enumerated().map { i, count in
      let from = histogram.lower + Double(i) * histogram.width
      return (from: from, to: from + histogram.width, height: Double(count) * scale)
    }
    // The outermost classes also count what lies beyond them and have no density of their own.
    .dropFirst().dropLast()
    guard let first = bars.firstIndex(where: { $0.height > 0 }), let last = bars.lastIndex(where: { $0.height > 0 })
    else { return nil }
    plot.layers.append(.bars(Array(bars[first...last]), colour: "#4477aa"))
    if let budget = budgets.first, budget.standardUncertainty > 0 {
      let u = budget.standardUncertainty
      let low = bars[first].from
      let high = bars[last].to
      let curve = (0...200).map { i -> (x: Double, y: Double) in
        let x = low + (high - low) * Double(i) / 200
        let z = (x - budget.estimate) / u
        return (x, NormalDistribution.standard.density(z) / u)
      }
      plot.layers.append(.line(curve, colour: "#cc3311", dashed: true))
      plot.legend.append(.init(label: "normal with the u of the GUM", colour: "#cc3311", dashed: true))
      for end in [-budget.expandedUncertainty, budget.expandedUncertainty] {
        plot.layers.append(.marker(x: budget.estimate + end, label: "", colour: "#cc3311"))
      }
      plot.legend.append(.init(label: "±U of the GUM", colour: "#cc3311"))
    }
    plot.layers.append(.marker(x: result.symmetricInterval.lowerBound, label: "low", colour: "#222222"))
    plot.layers.append(.marker(x: result.symmetricInterval.upperBound, label: "high", colour: "#222222"))
    return plot.svg()
  }
}
