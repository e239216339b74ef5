/// The distribution of a sum of independent effects: one normal, up to four rectangular.
///
/// With the normal part's standard deviation as the unit and I₀ = Φ, I₋₁ = φ, the n-th repeated integral of the normal
/// distribution obeys Iₙ(x) = (x Iₙ₋₁(x) + Iₙ₋₂(x))/n, and the distribution function of the sum with half-widths aᵢ is
/// ```
/// F(x) = Π 1/(2aᵢ) · Σ over all signs ε of (Π εᵢ) Iₙ(x + Σ εᵢ aᵢ)
/// ```
/// because convolving with a rectangle is the difference of two integrals. This is exact, and in place of a Monte Carlo
/// (JCGM 101:2008) where the model is a sum. Where rectangular parts dominate, a coverage factor of 1.96 would cover more
/// than 95 %: JCGM 100, G.1.3 and F.2.3.3.
public struct NormalRectangularSum: Sendable {
  /// Largest number of rectangular parts.
  public static let capacity = 4
  /// Rectangles narrower than this share of the normal part count as normal: the fourth cumulant that this neglects
  /// moves the 95 % point by less than 0.02 % of u.
  static let narrow = 0.3

  /// Standard deviation of the sum.
  public let standardDeviation: Double
  /// Standard deviation of the part that is taken as normal.
  let normal: Double
  /// Half-widths of the rectangular parts in units of `normal`.
  private let halfWidths: InlineArray<4, Double>
  private let count: Int

  /// - Parameters:
  ///   - normal: standard deviation of the normal part, 0 or more.
  ///   - halfWidths: of the rectangular parts, 0 or more each.
  /// - Throws: the argument that is negative or not finite.
  public init(normal: Double, halfWidths: InlineArray<4, Double>) throws(DistributionFault) {
    guard normal >= 0, normal.isFinite else { throw .standardDeviation(normal) }
    var variance = normal * normal
    var total = variance
    var widest = 0.0
    for index in 0..<Self.capacity {
      let a = halfWidths[index]
      guard a >= 0, a.isFinite else { throw .argument(a) }
      total += a * a / 3
      widest = max(widest, a)
    }
    // The narrow ones first: each makes the normal part a little wider.
    var taken = InlineArray<4, Bool>(repeating: false)
    var moved = true
    while moved {
      moved = false
      for index in 0..<Self.capacity where !taken[index] && halfWidths[index] <= Self.narrow * variance.squareRoot() {
        variance += halfWidths[index] * halfWidths[index] / 3
        taken[index] = true
        moved = true
      }
    }
    // Without any normal part the formula needs one that is too small to be seen.
    let deviation = max(variance.squareRoot(), 1e-4 * widest)
    var kept = InlineArray<4, Double>(repeating: 0)
    var count = 0
    for index in 0..<Self.capacity where !taken[index] {
      kept[count] = halfWidths[index] / deviation
      count += 1
    }
    self.normal = deviation
    self.halfWidths = kept
    self.count = count
    standardDeviation = total.squareRoot()
  }

  /// Probability of a value of magnitude `x` or less, 0 for a negative one.
  public func probability(within x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard normal > 0 else { return 1 }
    return min(1, max(0, 2 * signedSum(order: count, at: x / normal) - 1))
  }

  /// Half the width of the interval about the centre that holds a share `probability`, above 0 and below 1, of all values.
  /// - Throws: a probability outside that range.
  public func halfWidth(holding probability: Double) throws(DistributionFault) -> Double {
    guard probability > 0, probability < 1 else { throw .probability(probability) }
    guard standardDeviation > 0 else { return 0 }
    let target = (1 + probability) / 2
    let k = try NormalDistribution.standard.quantile(target)
    var low = 0.0
    var high = (k + 10) * standardDeviation / normal
    var x = k * standardDeviation / normal
    // Newton, kept between bounds that close in on the root.
    for _ in 0..<60 {
      let excess = signedSum(order: count, at: x) - target
      if excess > 0 { high = x } else { low = x }
      let density = signedSum(order: count - 1, at: x)
      var next = density > 0 ? x - excess / density : low
      if !(next > low && next < high) { next = (low + high) / 2 }
      if (next - x).magnitude <= 1e-12 * x { return next * normal }
      x = next
    }
    return x * normal
  }

  /// Σ over all signs of (Π εᵢ/(2aᵢ)) I_order(x + Σ εᵢ aᵢ): the distribution function for `order` = number of rectangles,
  /// its derivative for one less.
  private func signedSum(order: Int, at x: Double) -> Double {
    var sum = 0.0
    for signs in 0..<(1 << count) {
      var argument = x
      var factor = 1.0
      for index in 0..<count {
        let isPlus = signs & (1 << index) != 0
        argument += isPlus ? halfWidths[index] : -halfWidths[index]
        factor *= (isPlus ? 0.5 : -0.5) / halfWidths[index]
      }
      sum += factor * Self.integral(order: order, at: argument)
    }
    return sum
  }

  private static func integral(order: Int, at x: Double) -> Double {
    let normal = NormalDistribution.standard
    var before = normal.density(x)
    if order < 0 { return before }
    var value = normal.cumulative(x)
    var n = 1
    while n <= order {
      let next = (x * value + before) / Double(n)
      before = value
      value = next
      n += 1
    }
    return value
  }
}
