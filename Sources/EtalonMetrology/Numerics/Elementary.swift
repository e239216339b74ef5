/// Elementary functions in our own source, so that a microcontroller, a board and a simulation agree bit for bit.
///
/// They use only addition, subtraction, multiplication, division and square root, which IEEE 754 rounds exactly;
/// the system's mathematics library is never called. Error bounds are stated with each function and tested against
/// high-precision values.
public enum Elementary {
  static let ln2High = 6.93147180369123816490e-01
  static let ln2Low = 1.90821492927058770002e-10

  /// Natural logarithm; error below 1 unit in the last place.
  ///
  /// Argument reduction x = 2^k (1 + f) and the odd minimax polynomial in s = f / (2 + f) of FreeBSD msun `e_log.c`.
  /// - Returns: −∞ for 0, NaN for a negative argument or NaN, +∞ for +∞.
  public static func log(_ x: Double) -> Double {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x == .infinity { return .infinity }
    var exponent = x.exponent
    var significand = x.significand
    if significand > 1.4142135623730951 {
      significand *= 0.5
      exponent += 1
    }
    let f = significand - 1
    let k = Double(exponent)
    let s = f / (2 + f)
    let z = s * s
    let w = z * z
    let even = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
    let odd =
      z * (0.6666666666666735130 + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591)))
    let r = even + odd
    let half = 0.5 * f * f
    return k * ln2High - ((half - (s * (half + r) + k * ln2Low)) - f)
  }

  /// Exponential function; error below 1 unit in the last place.
  ///
  /// Argument reduction x = k ln 2 + r and the rational approximation of FreeBSD msun `e_exp.c`.
  /// - Returns: 0 below −745.14, +∞ above 709.79, NaN for NaN.
  public static func exp(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    if x > 709.782712893383973096 { return .infinity }
    if x < -745.13321910194110842 { return 0 }
    let k = (x * 1.44269504088896338700).rounded(.toNearestOrEven)
    let high = x - k * ln2High
    let low = k * ln2Low
    let r = high - low
    let t = r * r
    let c =
      r - t
      * (1.66666666666666019037e-01 + t
        * (-2.77777777770155933842e-03 + t
          * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))))
    let y = 1 - ((low - (r * c) / (2 - c)) - high)
    // Two steps, because 2^k itself may lie outside the normal range although the result does not.
    let first = Int(k) / 2
    let second = Int(k) - first
    return y * Double(sign: .plus, exponent: first, significand: 1) * Double(sign: .plus, exponent: second, significand: 1)
  }
}
