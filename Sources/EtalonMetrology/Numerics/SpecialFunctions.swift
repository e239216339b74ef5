/// The gamma and beta functions behind the distributions.
///
/// The densities inside the incomplete functions are formed from `stirlingError` and `deviance` (C. Loader, "Fast and
/// accurate computation of binomial probabilities", 2000), so large parameters cost no digits.
public enum SpecialFunctions {
  static let lnSqrtTwoPi = 0.9189385332046728

  /// ln Γ(x) for x > 0; relative error below 1e-14, also beside the zeros at 1 and 2.
  public static func lnGamma(_ x: Double) throws(DistributionFault) -> Double {
    guard x > 0, x.isFinite else { throw .argument(x) }
    return logGamma(x)
  }

  /// ln Γ(x) for a positive finite x.
  static func logGamma(_ x: Double) -> Double {
    if x >= 8 {
      return (x - 0.5) * Elementary.log(x) - x + (lnSqrtTwoPi + stirlingSeries(x))
    }
    var y = x
    if y < 1 { return logGammaOneTwo(y + 1) - Elementary.log(y) }
    var product = 1.0
    while y > 2 {
      y -= 1
      product *= y
    }
    return logGammaOneTwo(y) + Elementary.log(product)
  }

  /// ln Γ on 1 … 2: (x − 1)(x − 2) times a polynomial in x − 3/2, interpolated at Chebyshev nodes.
  private static func logGammaOneTwo(_ x: Double) -> Double {
    let u = x - 1.5
    var p = -7.760660152513446e-06
    p = p * u + 1.2140008083973407e-05
    p = p * u - 8.355075869795273e-06
    p = p * u + 1.3186019073996835e-05
    p = p * u - 2.7201673025504752e-05
    p = p * u + 4.30276814976503e-05
    p = p * u - 6.614136022346414e-05
    p = p * u + 0.00010535512483785591
    p = p * u - 0.0001689178215524898
    p = p * u + 0.00027131373861446925
    p = p * u - 0.00043799307479613914
    p = p * u + 0.000711519067515296
    p = p * u - 0.0011644145847310124
    p = p * u + 0.0019229163127905161
    p = p * u - 0.0032120740737152814
    p = p * u + 0.005446457839126065
    p = p * u - 0.009425622448525798
    p = p * u + 0.01679709863127416
    p = p * u - 0.031308487501010646
    p = p * u + 0.06291140107456439
    p = p * u - 0.14595989591430608
    p = p * u + 0.4831289505409809
    return (x - 1) * (x - 2) * p
  }

  /// ln Γ(x) − [(x − ½) ln x − x + ½ ln 2π] for x ≥ 8 (DLMF 5.11.1).
  private static func stirlingSeries(_ x: Double) -> Double {
    let z = 1 / (x * x)
    var p = -3617.0 / 122400
    p = p * z + 1.0 / 156
    p = p * z - 691.0 / 360360
    p = p * z + 1.0 / 1188
    p = p * z - 1.0 / 1680
    p = p * z + 1.0 / 1260
    p = p * z - 1.0 / 360
    p = p * z + 1.0 / 12
    return p / x
  }

  /// ln Γ(x + 1) − (x + ½) ln x + x − ½ ln 2π for x > 0: what Stirling's formula leaves out.
  static func stirlingError(_ x: Double) -> Double {
    if x >= 8 { return stirlingSeries(x) }
    if x < 1 { return logGamma(x + 1) - (x + 0.5) * Elementary.log(x) + x - lnSqrtTwoPi }
    // δ(x) − δ(x + 1) = (x + ½) ln(1 + 1/x) − 1, a sum of small terms.
    var y = x
    var sum = 0.0
    while y < 8 {
      sum += (y + 0.5) * Elementary.log1p(1 / y) - 1
      y += 1
    }
    return sum + stirlingSeries(y)
  }

  /// x ln(x / m) + m − x for positive x and m, without cancellation when they are close.
  static func deviance(_ x: Double, _ m: Double) -> Double {
    let difference = x - m
    if Swift.abs(difference) < 0.1 * (x + m) {
      let v = difference / (x + m)
      var sum = difference * v
      var term = 2 * x * v
      let square = v * v
      var odd = 3.0
      while odd < 100 {
        term *= square
        let next = sum + term / odd
        if next == sum { return next }
        sum = next
        odd += 2
      }
      return sum
    }
    return x * Elementary.log(x / m) + m - x
  }

  /// Both regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 − P (DLMF 8.2.4); relative error of the smaller
  /// below 1e-13 for a up to 10^6.
  public static func incompleteGamma(_ a: Double, _ x: Double) throws(DistributionFault) -> (
    lower: Double, upper: Double
  ) {
    guard a > 0, a.isFinite else { throw .argument(a) }
    guard x >= 0 else { throw .argument(x) }
    return gammaPair(a, x)
  }

  static func gammaPair(_ a: Double, _ x: Double) -> (lower: Double, upper: Double) {
    if x == 0 { return (0, 1) }
    if x == .infinity { return (1, 0) }
    let exponent = deviance(a, x)
    if a >= 1e6 { return temme(a, x, exponent: exponent) }
    // x^a e^−x / Γ(a + 1)
    let density = Elementary.exp(-stirlingError(a) - exponent) / (6.283185307179586 * a).squareRoot()
    if x < a + 1 {
      var sum = 1.0
      var term = 1.0
      var n = a
      repeat {
        n += 1
        term *= x / n
        sum += term
      } while term > sum * 1e-17
      let lower = Swift.min(density * sum, 1)
      return (lower, 1 - lower)
    }
    // Continued fraction, DLMF 8.9.2, by Lentz's method.
    var b = x + 1 - a
    var c = 1e300
    var d = 1 / b
    var h = d
    var i = 1.0
    while i < 100_000 {
      let an = -i * (i - a)
      b += 2
      d = an * d + b
      if Swift.abs(d) < 1e-300 { d = 1e-300 }
      c = b + an / c
      if Swift.abs(c) < 1e-300 { c = 1e-300 }
      d = 1 / d
      let factor = d * c
      h *= factor
      if Swift.abs(factor - 1) < 1e-16 { break }
      i += 1
    }
    let upper = Swift.min(density * a * h, 1)
    return (1 - upper, upper)
  }

  /// Temme's uniform expansion (DLMF 8.12.3 to 8.12.11) to the order 1/a; for a ≥ 10^6 the rest is below 1e-13.
  private static func temme(_ a: Double, _ x: Double, exponent: Double) -> (lower: Double, upper: Double) {
    let eta = (2 * exponent / a).squareRoot() * (x < a ? -1 : 1)
    if exponent > 745 { return x < a ? (0, 1) : (1, 0) }
    var c0 = 1.0 / 25515
    c0 = c0 * eta - 139.0 / 777_600
    c0 = c0 * eta + 1.0 / 2835
    c0 = c0 * eta + 1.0 / 864
    c0 = c0 * eta - 2.0 / 135
    c0 = c0 * eta + 1.0 / 12
    c0 = c0 * eta - 1.0 / 3
    let c1 = -1.0 / 540 - eta / 288
    let rest = Elementary.exp(-exponent) / (6.283185307179586 * a).squareRoot() * (c0 + c1 / a)
    let root = exponent.squareRoot()
    if x < a {
      let lower = Swift.max(0, 0.5 * Elementary.erfc(root) - rest)
      return (lower, 1 - lower)
    }
    let upper = Swift.max(0, 0.5 * Elementary.erfc(root) + rest)
    return (1 - upper, upper)
  }

  /// Both regularised incomplete beta functions I_x(a, b) and 1 − I_x(a, b) (DLMF 8.17.2); relative error of the smaller
  /// below 1e-13 for parameters up to 10^5.
  /// - Parameters:
  ///   - x: Upper limit, 0 … 1.
  ///   - complement: 1 − x, given on its own so that no digits are lost when x is near 1.
  public static func incompleteBeta(_ a: Double, _ b: Double, at x: Double, complement: Double)
    throws(DistributionFault) -> (lower: Double, upper: Double)
  {
    guard a > 0, a.isFinite else { throw .argument(a) }
    guard b > 0, b.isFinite else { throw .argument(b) }
    guard x >= 0, x <= 1 else { throw .argument(x) }
    guard complement >= 0, complement <= 1 else { throw .argument(complement) }
    return betaPair(a, b, x, complement)
  }

  static func betaPair(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> (lower: Double, upper: Double) {
    if x == 0 { return (0, 1) }
    if y == 0 { return (1, 0) }
    let n = a + b
    // x^a y^b Γ(n + 1) / (Γ(a + 1) Γ(b + 1)), a binomial probability.
    let exponent = stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y)
    let density = Elementary.exp(exponent) * (n / (6.283185307179586 * a * b)).squareRoot()
    if x < (a + 1) / (n + 2) {
      let lower = Swift.min(density * b / n * betaFraction(a, b, x), 1)
      return (lower, 1 - lower)
    }
    let upper = Swift.min(density * a / n * betaFraction(b, a, y), 1)
    return (1 - upper, upper)
  }

  /// The continued fraction of DLMF 8.17.22 by Lentz's method.
  private static func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    func guarded(_ v: Double) -> Double { Swift.abs(v) < 1e-300 ? 1e-300 : v }
    let n = a + b
    var c = 1.0
    var d = 1 / guarded(1 - n * x / (a + 1))
    var h = d
    var m = 1.0
    while m < 1_000_000 {
      let twice = 2 * m
      let even = m * (b - m) * x / ((a + twice - 1) * (a + twice))
      d = 1 / guarded(1 + even * d)
      c = guarded(1 + even / c)
      h *= d * c
      let odd = -(a + m) * (n + m) * x / ((a + twice) * (a + twice + 1))
      d = 1 / guarded(1 + odd * d)
      c = guarded(1 + odd / c)
      let factor = d * c
      h *= factor
      if Swift.abs(factor - 1) < 1e-16 { break }
      m += 1
    }
    return h
  }

  /// The positive argument at which a monotone probability reaches `target`, by Newton's method on both logarithms,
  /// kept inside a bracket.
  /// - Parameters:
  ///   - start: A positive guess.
  ///   - increasing: Whether the probability grows with the argument.
  ///   - evaluate: Probability and density at an argument.
  static func solve(
    _ target: Double, from start: Double, increasing: Bool,
    _ evaluate: (Double) -> (probability: Double, density: Double)
  ) throws(DistributionFault) -> Double {
    var low = 1e-300
    var high = 1e300
    var t = Swift.min(Swift.max(start, low), high)
    let goal = Elementary.log(target)
    var previous = Double.infinity
    for _ in 0..<300 {
      let (probability, density) = evaluate(t)
      let excess = probability > 0 ? Elementary.log(probability) - goal : -.infinity
      if excess == 0 { return t }
      if (excess > 0) == increasing { high = t } else { low = t }
      let slope = t * density / probability * (increasing ? 1 : -1)
      let step = -excess / slope
      var next = step.isFinite && Swift.abs(step) < 30 ? t * Elementary.exp(step) : .nan
      if !(next > low && next < high) {
        // The step that leaves a bracket of neighbouring doubles has nothing left to gain.
        if high <= low * (1 + 4e-16) { return t }
        next = low.squareRoot() * high.squareRoot()
      }
      let change = Swift.abs(next - t)
      t = next
      // The iteration converges quadratically: after a change of 10⁻⁸ the rest is that of rounding.
      if change <= 1e-8 * t || (change < 1e-14 * t && change >= previous) { return t }
      previous = change
    }
    throw .notRepresentable(probability: target)
  }
}
