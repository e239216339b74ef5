/// Elementary functions in our own source, so that a microcontroller, a board and a simulation agree bit for bit.
///
/// They use only addition, subtraction, multiplication, division and square root, which IEEE 754 rounds exactly;
/// the system's mathematics library is never called. Error bounds are stated with each function in units in the last
/// place (ulp) of a normal result, and tested against values of higher precision. Outside its domain a function returns
/// what IEEE 754-2019 clause 9.2 prescribes; callers that promise a number check the domain first.
///
/// Unless another source is named, the polynomials are interpolations at the Chebyshev nodes of the stated interval,
/// computed with 60 digits.
public enum Elementary {
  static let ln2High = 6.93147180369123816490e-01
  static let ln2Low = 1.90821492927058770002e-10

  /// Rounds to the nearest integer, ties to even, for magnitudes below 2^51, without a library call.
  @inline(__always)
  static func nearestInteger(_ x: Double) -> Double { (x + 6_755_399_441_055_744) - 6_755_399_441_055_744 }

  /// 2^k for −1022 ≤ k ≤ 1023.
  @inline(__always)
  static func powerOfTwo(_ k: Int) -> Double { Double(bitPattern: UInt64(bitPattern: Int64(k + 1023)) << 52) }

  /// Splits a positive finite number into x = 2^k m with m from √½ (included) to √2.
  @inline(__always)
  static func decompose(_ x: Double) -> (k: Int, significand: Double) {
    var bits = x.bitPattern
    var shift = 0
    if bits < 0x0010_0000_0000_0000 {
      bits = (x * 18_014_398_509_481_984).bitPattern  // 2^54: subnormal numbers become normal.
      shift = 54
    }
    let offset = bits &+ (0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd)
    let k = Int(truncatingIfNeeded: offset >> 52) - 1023 - shift
    return (k, Double(bitPattern: (offset & 0x000f_ffff_ffff_ffff) &+ 0x3fe6_a09e_667f_3bcd))
  }

  /// Natural logarithm; error below 1 ulp.
  ///
  /// Argument reduction x = 2^k (1 + f) and the odd minimax polynomial in s = f / (2 + f) of FreeBSD msun `e_log.c`.
  /// - Returns: −∞ for 0, NaN for a negative argument or NaN, +∞ for +∞.
  public static func log(_ x: Double) -> Double {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x == .infinity { return .infinity }
    let (exponent, significand) = decompose(x)
    let f = significand - 1
    let k = Double(exponent)
    let s = f / (2 + f)
    let z = s * s
    let w = z * z
    let even = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
    let odd =
      z
      * (0.6666666666666735130 + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591)))
    let r = even + odd
    let half = 0.5 * f * f
    return k * ln2High - ((half - (s * (half + r) + k * ln2Low)) - f)
  }

  /// Exponential function; error below 1 ulp.
  ///
  /// Argument reduction x = k ln 2 + r and the rational approximation of FreeBSD msun `e_exp.c`.
  /// - Returns: 0 below −745.14, +∞ above 709.79, NaN for NaN.
  public static func exp(_ x: Double) -> Double { exp(x, tail: 0) }

  /// exp(x + tail) for a tail far smaller than x or than 1, so that exponents known to more than a double keep their digits.
  static func exp(_ x: Double, tail: Double) -> Double {
    if x.isNaN { return .nan }
    if x > 709.782712893383973096 { return .infinity }
    if x < -745.13321910194110842 { return 0 }
    let k = nearestInteger(x * 1.44269504088896338700)
    let high = x - k * ln2High
    let low = k * ln2Low - tail
    let r = high - low
    let c = r - exponentialRemainder(r * r)
    let y = 1 - ((low - (r * c) / (2 - c)) - high)
    // Two steps, because 2^k itself may lie outside the normal range although the result does not.
    let first = Int(k) / 2
    let second = Int(k) - first
    return y * powerOfTwo(first) * powerOfTwo(second)
  }

  /// t P(t) of msun `e_exp.c`, with exp(r) = 1 + r + r c / (2 − c) and c = r − t P(t), t = r².
  @inline(__always)
  static func exponentialRemainder(_ t: Double) -> Double {
    t
      * (1.66666666666666019037e-01 + t
        * (-2.77777777770155933842e-03 + t
          * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))))
  }

  /// exp(x) − 1 without cancellation near 0; error below 1.5 ulp.
  public static func expm1(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    if x > 709.782712893383973096 { return .infinity }
    if x < -40 { return -1 }
    if Swift.abs(x) < 1e-300 { return x }
    if x > 40 { return exp(x) }
    let k = nearestInteger(x * 1.44269504088896338700)
    let high = x - k * ln2High
    let low = k * ln2Low
    let r = high - low
    let c = r - exponentialRemainder(r * r)
    let tail = (r * c) / (2 - c) - ((r - high) + low)
    if k == 0 { return r + tail }
    let scale = powerOfTwo(Int(k))
    let head = DoubleDouble(sumOf: scale - 1, scale * r)
    return head.high + (head.low + scale * tail)
  }

  /// Natural logarithm as a pair of doubles for a positive finite pair; relative error below 2^-64.
  static func logPair(_ x: DoubleDouble) -> DoubleDouble {
    let (k, significand) = decompose(x.high)
    // Scaling by a power of two is exact; two steps keep both factors normal.
    let half = k / 2
    let low = x.low * powerOfTwo(-half) * powerOfTwo(half - k)
    let f = DoubleDouble(sumOf: significand - 1, low)
    let s = f / (f + 2)
    let z = s * s
    // artanh series: ln(1 + f) = 2 s (1 + z/3 + z²/5 + …); z ≤ 0.0295, so the part after z/3 needs only a double.
    let t = z.high
    var p = 1.0 / 27
    p = p * t + 1.0 / 25
    p = p * t + 1.0 / 23
    p = p * t + 1.0 / 21
    p = p * t + 1.0 / 19
    p = p * t + 1.0 / 17
    p = p * t + 1.0 / 15
    p = p * t + 1.0 / 13
    p = p * t + 1.0 / 11
    p = p * t + 1.0 / 9
    p = p * t + 1.0 / 7
    p = p * t + 0.2
    let third = DoubleDouble(high: 0.3333333333333333, low: 1.850371707708594e-17)
    let series = z * third + p * t * t
    let twoS = DoubleDouble(high: 2 * s.high, low: 2 * s.low)
    let logarithm = twoS + twoS * series
    if k == 0 { return logarithm }
    return DoubleDouble(high: 0.6931471805599453, low: 2.3190468138462996e-17) * Double(k) + logarithm
  }

  /// ln(1 + x) without loss near 0; error below 1 ulp.
  /// - Returns: −∞ for −1, NaN below −1.
  public static func log1p(_ x: Double) -> Double {
    if x.isNaN || x < -1 { return .nan }
    if x == -1 { return -.infinity }
    if x == .infinity { return .infinity }
    if Swift.abs(x) < 1e-17 { return x }
    return logPair(DoubleDouble(sumOf: 1, x)).doubleValue
  }

  /// Decimal logarithm; error below 1 ulp, exact for powers of ten that are doubles.
  /// - Returns: −∞ for 0, NaN for a negative argument.
  public static func log10(_ x: Double) -> Double {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x == .infinity { return .infinity }
    return (logPair(DoubleDouble(x)) * DoubleDouble(high: 0.4342944819032518, low: 1.098319650216765e-17)).doubleValue
  }

  /// Binary logarithm; error below 1 ulp, exact for powers of two.
  /// - Returns: −∞ for 0, NaN for a negative argument.
  public static func log2(_ x: Double) -> Double {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x == .infinity { return .infinity }
    let (k, significand) = decompose(x)
    if significand == 1 { return Double(k) }
    let fraction =
      logPair(DoubleDouble(significand)) * DoubleDouble(high: 1.4426950408889634, low: 2.0355273740931033e-17)
    return (fraction + Double(k)).doubleValue
  }

  /// x raised to y; error below 1 ulp. Whole exponents up to 64 in magnitude are rounded correctly in all but
  /// exceptional cases, so that 10^−3 is the double nearest to 0.001.
  /// - Returns: The special values of IEEE 754-2019 clause 9.2.1 (`pow`); NaN for a negative base with a fractional
  ///   exponent.
  public static func pow(_ x: Double, _ y: Double) -> Double {
    if y == 0 || x == 1 { return 1 }
    if x.isNaN || y.isNaN { return .nan }
    let magnitude = Swift.abs(x)
    if y.isInfinite {
      if magnitude == 1 { return 1 }
      return (magnitude > 1) == (y > 0) ? .infinity : 0
    }
    let yMagnitude = Swift.abs(y)
    let isWhole = yMagnitude >= 4_503_599_627_370_496 || nearestInteger(y) == y
    let isOdd = isWhole && yMagnitude < 9_007_199_254_740_992 && Int64(y) & 1 == 1
    let negative = x.sign == .minus && isOdd
    if magnitude == 0 || magnitude == .infinity {
      let result: Double = (magnitude == 0) == (y > 0) ? 0 : .infinity
      return negative ? -result : result
    }
    if x < 0 && !isWhole { return .nan }
    let result = positivePower(magnitude, y, isWhole: isWhole)
    return negative ? -result : result
  }

  private static func positivePower(_ x: Double, _ y: Double, isWhole: Bool) -> Double {
    if isWhole && Swift.abs(y) <= 64 && Swift.abs(decompose(x).k) < 14 {
      var remaining = Int(Swift.abs(y))
      var square = DoubleDouble(x)
      var product = DoubleDouble(1)
      while remaining > 0 {
        if remaining & 1 == 1 { product = product * square }
        remaining >>= 1
        if remaining > 0 { square = square * square }
      }
      return y > 0 ? product.doubleValue : (DoubleDouble(1) / product).doubleValue
    }
    let logarithm = logPair(DoubleDouble(x))
    let estimate = logarithm.high * y
    if estimate > 720 { return .infinity }
    if estimate < -760 { return 0 }
    let exponent = logarithm * y
    return exp(exponent.high, tail: exponent.low)
  }

  /// Cube root; error below 1 ulp, exact for cubes of doubles with few digits.
  public static func cbrt(_ x: Double) -> Double {
    if x == 0 || x.isNaN || x.isInfinite { return x }
    let (k, significand) = decompose(Swift.abs(x))
    var third = k / 3
    if k - 3 * third < 0 { third -= 1 }
    let reduced = significand * powerOfTwo(k - 3 * third)
    // Halley's iteration triples the digits; the start is a chord of the cube root on [0.7, 5.7].
    var t = 0.7 + 0.2 * reduced
    for _ in 0..<4 {
      let cube = t * t * t
      t *= (cube + 2 * reduced) / (2 * cube + reduced)
    }
    let cube = DoubleDouble(productOf: t, t) * t
    t -= (cube - reduced).doubleValue / (3 * t * t)
    let scaled = t * powerOfTwo(third)
    return x < 0 ? -scaled : scaled
  }

  /// √(x² + y²) without overflow or underflow on the way; error below 1 ulp.
  public static func hypot(_ x: Double, _ y: Double) -> Double {
    let a = Swift.max(Swift.abs(x), Swift.abs(y))
    let b = Swift.min(Swift.abs(x), Swift.abs(y))
    if a == .infinity { return .infinity }
    if x.isNaN || y.isNaN { return .nan }
    if a == 0 || b < a * 1e-17 { return a + b }
    let k = decompose(a).k
    let half = k / 2
    let down = powerOfTwo(-half)
    let rest = powerOfTwo(half - k)
    let p = a * down * rest
    let q = b * down * rest
    let root = (DoubleDouble(productOf: p, p) + DoubleDouble(productOf: q, q)).squareRoot().doubleValue
    return root * powerOfTwo(half) * powerOfTwo(k - half)
  }
}
