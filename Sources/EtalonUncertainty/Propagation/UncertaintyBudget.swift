import EtalonMetrology

/// The evaluation of one measurand after the GUM: estimate, combined and expanded uncertainty, and what they are made of.
public struct UncertaintyBudget: Equatable, Sendable {
  /// What one input adds.
  public struct Row: Equatable, Sendable {
    /// Name of the input.
    public let name: String
    /// Its estimate.
    public let estimate: Double
    /// Its standard uncertainty.
    public let standardUncertainty: Double
    /// Its distribution.
    public let distribution: ProbabilityDistribution
    /// Sensitivity coefficient ∂f/∂x at the estimates.
    public let sensitivity: Double
    /// |sensitivity| × standard uncertainty, in the unit of the measurand.
    public let contribution: Double
    /// Share of the variance of the measurand in percent. With correlations it counts half of every covariance with
    /// another input and may be negative; the shares add up to 100, or all are 0 where the uncertainty is 0.
    public let percent: Double
    /// Degrees of freedom; infinite where the standard uncertainty is taken as exactly known.
    public let degreesOfFreedom: Double
  }

  /// How effective degrees of freedom between whole numbers enter the t distribution (GUM G.4.1).
  public enum DegreesOfFreedomRule: Equatable, Sendable {
    /// As they are.
    case fractional
    /// Cut to the next lower whole number, which is on the safe side.
    case truncated
  }

  /// Name of the measurand.
  public let measurand: String
  /// f at the estimates of the inputs.
  public let estimate: Double
  /// Combined standard uncertainty by the law of propagation, GUM equations 10 and 13.
  public let standardUncertainty: Double
  /// Effective degrees of freedom by the Welch-Satterthwaite formula, GUM equation G.2b, with ensembles of correlated
  /// inputs taken as one term each (R. Willink, Metrologia 44 (2007) 340).
  public let degreesOfFreedom: Double
  /// Coverage probability asked for.
  public let coverageProbability: Double
  /// Coverage factor: quantile of t for the effective degrees of freedom.
  public let coverageFactor: Double
  /// Rows, largest contribution first; equal ones in the order of the inputs.
  public let rows: [Row]

  /// Expanded uncertainty U = k u.
  public var expandedUncertainty: Double { coverageFactor * standardUncertainty }
}

extension MeasurementModel {
  /// The budget of the first, or only, measurand.
  /// - Parameters:
  ///   - p: coverage probability between 0 and 1, such as 0.9545.
  ///   - rule: how fractional degrees of freedom are used.
  /// - Throws: `model` where the function or a derivative has no value at the estimates, `coverage`.
  public func budget(
    coverage p: Double, rule: UncertaintyBudget.DegreesOfFreedomRule = .fractional
  ) throws(UncertaintyFault) -> UncertaintyBudget {
    try budget(output: 0, coverage: p, rule: rule)
  }

  /// The budgets of all measurands.
  public func budgets(
    coverage p: Double, rule: UncertaintyBudget.DegreesOfFreedomRule = .fractional
  ) throws(UncertaintyFault) -> [UncertaintyBudget] {
    var budgets: [UncertaintyBudget] = []
    for i in outputs.indices { budgets.append(try budget(output: i, coverage: p, rule: rule)) }
    return budgets
  }

  /// Correlation coefficients of the measurands, a full matrix by rows (JCGM 102, 6.2).
  ///
  /// A measurand of uncertainty 0 is uncorrelated with all others.
  public func outputCorrelations() throws(UncertaintyFault) -> [[Double]] {
    var gradients: [[Double]] = []
    for i in outputs.indices {
      let gradient = try gradient(i).gradient
      gradients.append(zip(gradient, inputs).map { $0 * $1.standardUncertainty })
    }
    let variances = gradients.map { max(0, covariance($0, $0)) }
    var matrix: [[Double]] = []
    for i in outputs.indices {
      var row: [Double] = []
      for j in outputs.indices {
        let product = (variances[i] * variances[j]).squareRoot()
        row.append(i == j ? 1 : product > 0 ? covariance(gradients[i], gradients[j]) / product : 0)
      }
      matrix.append(row)
    }
    return matrix
  }

  /// Σ aᵢ r(xᵢ, xⱼ) bⱼ for contributions with sign.
  private func covariance(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    for i in correlation.correlated {
      for j in correlation.correlated where j != i { sum += a[i] * correlation[i, j] * b[j] }
    }
    return sum
  }

  private func budget(
    output: Int, coverage p: Double, rule: UncertaintyBudget.DegreesOfFreedomRule
  ) throws(UncertaintyFault) -> UncertaintyBudget {
    guard p > 0, p < 1 else { throw .coverage(p) }
    let (estimate, gradient) = try gradient(output)
    var signed = [Double](repeating: 0, count: inputs.count)
    for i in inputs.indices { signed[i] = gradient[i] * inputs[i].standardUncertainty }
    var shares = signed.map { $0 * $0 }
    for i in correlation.correlated {
      for j in correlation.correlated where j != i { shares[i] += signed[i] * correlation[i, j] * signed[j] }
    }
    let variance = max(0, shares.reduce(0, +))
    let u = variance.squareRoot()
    guard u.isFinite else {
      throw .model(
        output: outputs[output], .undefined(operation: "combined variance", arguments: signed))
    }
    let dof = effectiveDegreesOfFreedom(signed, variance)
    let counted = rule == .truncated && dof.isFinite ? dof.rounded(.down) : dof
    let k: Double
    do throws(DistributionFault) {
      k =
        counted == .infinity
        ? try NormalDistribution.coverageFactor(probability: p)
        : try StudentT(degreesOfFreedom: counted).coverageFactor(probability: p)
    } catch { throw .distribution(error) }
    let order = inputs.indices.sorted { (abs(signed[$0]), $1) > (abs(signed[$1]), $0) }
    let rows = order.map { i in
      UncertaintyBudget.Row(
        name: inputs[i].name, estimate: inputs[i].estimate, standardUncertainty: inputs[i].standardUncertainty,
        distribution: inputs[i].distribution, sensitivity: gradient[i], contribution: abs(signed[i]),
        percent: variance > 0 ? 100 * shares[i] / variance : 0, degreesOfFreedom: inputs[i].degreesOfFreedom)
    }
    return UncertaintyBudget(
      measurand: outputs[output], estimate: estimate, standardUncertainty: u, degreesOfFreedom: dof,
      coverageProbability: p, coverageFactor: k, rows: rows)
  }

  /// ν_eff = u⁴ / Σ uₖ⁴/νₖ over single inputs and ensembles of correlated inputs; infinite where nothing limits it. An
  /// ensemble whose members differ in degrees of freedom counts with the smallest of them, which gives too wide an interval
  /// rather than too narrow a one: R. Willink's extension (Metrologia 44 (2007) 340) is for equal ones.
  private func effectiveDegreesOfFreedom(_ signed: [Double], _ variance: Double) -> Double {
    guard variance > 0 else { return .infinity }
    var sum = 0.0
    for i in inputs.indices where !correlation.correlated.contains(i) {
      let part = signed[i] * signed[i] / variance
      if inputs[i].degreesOfFreedom.isFinite { sum += part * part / inputs[i].degreesOfFreedom }
    }
    for ensemble in correlation.ensembles {
      let active = ensemble.filter { signed[$0] != 0 }
      let dof = active.reduce(Double.infinity) { min($0, inputs[$1].degreesOfFreedom) }
      if dof == .infinity { continue }
      var part = 0.0
      for i in active {
        for j in active { part += signed[i] * (i == j ? 1 : correlation[i, j]) * signed[j] }
      }
      part = max(0, part) / variance
      sum += part * part / dof
    }
    return sum > 0 ? 1 / sum : .infinity
  }
}
