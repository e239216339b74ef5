import EtalonMetrology

/// Average run lengths of cumulative sums of standard normal values, and the limit that gives a declared one.
///
/// The run length L(s) of the one-sided sum S = max(0, S + x − k) that starts at s and signals above h obeys
/// L(s) = 1 + L(0) Φ(−s − μ + k) + ∫₀ʰ L(x) φ(x − s − μ + k) dx for values x of mean μ (E. S. Page, Biometrika 41 (1954)
/// 100). It is solved with Gauss and Legendre's rule (A. L. Goel and S. M. Wu, Technometrics 13 (1971) 221); the Markov
/// chain of D. Brook and D. A. Evans (Biometrika 59 (1972) 539) is the same with a coarser rule. The two-sided scheme has
/// 1/L = 1/L⁺ + 1/L⁻ (C. S. van Dobben de Bruyn, *Cumulative Sum Tests* (1968)). Storage is in place, for chips.
public enum CusumRunLength {
  /// Largest order of the rule; its nodes stay closer than a standard deviation for every limit up to 36.
  static let capacity = 40

  /// Average number of values until the one-sided sum signals; infinity where it can not be told from that.
  /// - Parameters:
  ///   - drift: mean of the values minus the reference value k, in standard deviations.
  ///   - limit: h in standard deviations, above 0.
  public static func oneSided(drift: Double, limit: Double) -> Double {
    let order = limit <= 4 ? 16 : (limit <= 10 ? 24 : capacity)
    var nodes = InlineArray<40, Double>(repeating: 0)
    var weights = InlineArray<40, Double>(repeating: 0)
    rule(order, limit, &nodes, &weights)
    // Unknowns: L(0), then L at the nodes; the right side is 1 everywhere and takes the last column.
    var rows = InlineArray<41, InlineArray<42, Double>>(repeating: InlineArray(repeating: 0))
    let count = order + 1
    for row in 0..<count {
      let s = row == 0 ? 0 : nodes[row - 1]
      rows[row][0] = -NormalDistribution.standard.cumulative(-s - drift)
      for column in 0..<order {
        rows[row][column + 1] = -weights[column] * NormalDistribution.standard.density(nodes[column] - s - drift)
      }
      rows[row][row] += 1
      rows[row][count] = 1
    }
    let first = firstUnknown(&rows, count)
    return first >= 1 && first < 1e12 ? first : .infinity
  }

  /// Average number of values until one of the two sums signals.
  public static func twoSided(mean: Double, reference: Double, limit: Double) -> Double {
    let up = oneSided(drift: mean - reference, limit: limit)
    let down = oneSided(drift: -mean - reference, limit: limit)
    return 1 / (1 / up + 1 / down)
  }

  /// The limit h with which the two-sided scheme of reference value k has the given average run length in control.
  ///
  /// D. Siegmund's approximation (*Sequential Analysis* (1985): L ≈ (exp(2kb) − 2kb − 1)/(2k²),
  /// b = h + 1.166) gives the slope of ln L; from it the secant finds the limit to 1e-9.
  /// - Parameters:
  ///   - reference: k, above 0.
  ///   - averageRunLength: above the run length at h = 0, 1/(2 Φ(−k)).
  /// - Returns: nil when no limit gives it.
  public static func limit(reference: Double, averageRunLength: Double) -> Double? {
    guard reference > 0, averageRunLength > 1 else { return nil }
    let target = Elementary.log(averageRunLength)
    var low = 0.0
    var high = 40.0
    var h = min(max(Elementary.log(4 * reference * reference * averageRunLength + 1) / (2 * reference), 0.1), 30)
    for _ in 0..<60 {
      let excess = Elementary.log(twoSided(mean: 0, reference: reference, limit: h)) - target
      if excess > 0 { high = h } else { low = h }
      if excess.magnitude < 1e-10 || high - low < 1e-9 { break }
      let step = h - excess / (2 * reference + 0.5)
      h = step > low && step < high && excess.isFinite ? step : (low + high) / 2
    }
    guard h > 1e-6, h < 39.9 else { return nil }
    return h
  }

  /// Gauss and Legendre's rule on 0...limit by Newton's method (Abramowitz and Stegun 25.4.29).
  private static func rule(
    _ order: Int, _ limit: Double, _ nodes: inout InlineArray<40, Double>, _ weights: inout InlineArray<40, Double>
  ) {
    let n = Double(order)
    for index in 0..<order {
      var x = Elementary.cos(3.141592653589793 * (Double(index) + 0.75) / (n + 0.5))
      var slope = 1.0
      for _ in 0..<6 {
        var before = 1.0
        var value = x
        for degree in 2...order {
          let d = Double(degree)
          (before, value) = (value, ((2 * d - 1) * x * value - (d - 1) * before) / d)
        }
        slope = n * (x * value - before) / (x * x - 1)
        x -= value / slope
      }
      nodes[index] = limit * (1 - x) / 2
      weights[index] = limit / ((1 - x * x) * slope * slope)
    }
  }

  /// Gauss elimination with partial pivoting, for the first unknown only.
  private static func firstUnknown(_ rows: inout InlineArray<41, InlineArray<42, Double>>, _ count: Int) -> Double {
    // The unknowns are eliminated from the last to the first, so that the first is left without substituting back.
    var pivot = count - 1
    while pivot >= 1 {
      var best = pivot
      for row in 0..<pivot where rows[row][pivot].magnitude > rows[best][pivot].magnitude { best = row }
      if best != pivot { (rows[best], rows[pivot]) = (rows[pivot], rows[best]) }
      let divisor = rows[pivot][pivot]
      guard divisor != 0 else { return .infinity }
      for row in 0..<pivot {
        let factor = rows[row][pivot] / divisor
        if factor == 0 { continue }
        for column in 0..<pivot { rows[row][column] -= factor * rows[pivot][column] }
        rows[row][count] -= factor * rows[pivot][count]
      }
      pivot -= 1
    }
    return rows[0][count] / rows[0][0]
  }
}
