import EtalonMetrology

/// Average run lengths of one-sided cumulative sums and of exponentially weighted averages for normal observations, in
/// units of their standard deviation.
enum RunLength {
  /// Points of Gauss and Legendre's rule on an interval of the given length for a normal kernel of the given standard
  /// deviation, at least 64.
  ///
  /// The widest spacing of n points is π/2 of the mean one. At 0.8 standard deviations the rule's error on a normal density is
  /// below 2 exp(−2 (π/0.8)²) = 1e-13; with fewer points it samples the kernel beside its peak and gives any number.
  /// - Throws: `.tooManyPoints` above 512.
  static func points(length: Double, kernel: Double) throws(MonitoringFault) -> Int {
    let needed = (Double.pi / 2 * length / (0.8 * kernel)).rounded(.up)
    guard needed <= 512 else { throw .tooManyPoints(needed) }
    return max(64, Int(needed))
  }

  /// One-sided cumulative sum with increments N(drift, 1) and decision interval h, from 0 and from a head start.
  ///
  /// With T(s), the mean time from s until the sum is 0 or above h, and q(s), the probability that it is above h, the lengths
  /// are L(0) = T(0)/q(0) and L(s) = T(s) + (1 − q(s)) L(0): the integral equation of Goel and Wu in a form that takes no
  /// difference of near numbers, so that a length of 1e17 has as many digits as one of 10.
  /// - Returns: infinite lengths where q underflows.
  static func cusum(
    drift: Double, decision h: Double, headStart: Double
  ) throws(MonitoringFault) -> (fromZero: Double, fromHeadStart: Double) {
    let normal = NormalDistribution.standard
    let rule = GaussLegendre(order: try points(length: h, kernel: 1), from: 0, to: h)
    let n = rule.nodes.count
    func kernel(_ s: Double, _ column: Int) -> Double {
      rule.weights[column] * normal.density(rule.nodes[column] - s - drift)
    }
    var system = LinearSystem(count: n)
    for row in 0..<n {
      for column in 0..<n { system[row, column] = -kernel(rule.nodes[row], column) }
      system[row, row] += 1
    }
    let beyond = rule.nodes.map { normal.upperTail(h - $0 - drift) }
    guard let solution = system.solve(columns: [[Double](repeating: 1, count: n), beyond]) else {
      throw .runLengthNotResolved(estimate: .infinity)
    }
    func at(_ s: Double) -> (time: Double, signal: Double) {
      var time = 1.0
      var signal = normal.upperTail(h - s - drift)
      for column in 0..<n {
        let k = kernel(s, column)
        time += k * solution[0][column]
        signal += k * solution[1][column]
      }
      return (time, signal)
    }
    let zero = at(0)
    guard zero.signal > 0 else { return (.infinity, .infinity) }
    let length = zero.time / zero.signal
    let start = at(headStart)
    return (length, start.time + (1 - start.signal) * length)
  }

  /// Exponentially weighted average from 0 with observations N(shift, 1), weight λ and constant limits ±h.
  static func ewma(shift: Double, weight lambda: Double, limit h: Double) throws(MonitoringFault) -> Double {
    let rule = GaussLegendre(order: try points(length: 2 * h, kernel: lambda), from: -h, to: h)
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
