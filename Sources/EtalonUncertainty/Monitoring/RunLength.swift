import EtalonMetrology

/// Average run lengths of one-sided cumulative sums and of exponentially weighted averages for normal observations, in
/// units of their standard deviation.
enum RunLength {
  /// One-sided cumulative sum from 0 with increments N(drift, 1) and decision interval h.
  static func cusum(drift: Double, decision h: Double) throws(MonitoringFault) -> Double {
    let rule = GaussLegendre(order: 64, from: 0, to: h)
    let n = rule.nodes.count
    // Unknowns: L at 0 and at the nodes. L(s) = 1 + L(0) Φ(−s − drift) + ∫₀ʰ L(x) φ(x − s − drift) dx.
    var system = LinearSystem(count: n + 1)
    for row in 0...n {
      let s = row == 0 ? 0 : rule.nodes[row - 1]
      system[row, 0] = -NormalDistribution.standard.cumulative(-s - drift)
      for column in 0..<n {
        system[row, column + 1] =
          -rule.weights[column] * NormalDistribution.standard.density(rule.nodes[column] - s - drift)
      }
      system[row, row] += 1
    }
    let solution = system.solve([Double](repeating: 1, count: n + 1))
    // A run length near the reciprocal of rounding can not be told from infinity.
    guard let first = solution?.first, first >= 1, first < 1e12 else {
      throw .runLengthNotResolved(estimate: solution?.first ?? .infinity)
    }
    return first
  }

  /// Exponentially weighted average from 0 with observations N(shift, 1), weight λ and constant limits ±h.
  static func ewma(shift: Double, weight lambda: Double, limit h: Double) throws(MonitoringFault) -> Double {
    let rule = GaussLegendre(order: 64, from: -h, to: h)
    let n = rule.nodes.count
    var system = LinearSystem(count: n)
    for row in 0..<n {
      for column in 0..<n {
        let z = (rule.nodes[column] - (1 - lambda) * rule.nodes[row]) / lambda - shift
        system[row, column] = -rule.weights[column] / lambda * NormalDistribution.standard.density(z)
      }
      system[row, row] += 1
    }
    guard let solution = system.solve([Double](repeating: 1, count: n)) else {
      throw .runLengthNotResolved(estimate: .infinity)
    }
    var start = 1.0
    for column in 0..<n {
      let z = rule.nodes[column] / lambda - shift
      start += rule.weights[column] / lambda * NormalDistribution.standard.density(z) * solution[column]
    }
    guard start >= 1, start < 1e12 else { throw .runLengthNotResolved(estimate: start) }
    return start
  }
}
