/// Circular functions and their inverses; angles in radians.
extension Elementary {
  /// The remainder of x after subtraction of quadrant · π/2, as a pair with |high| ≤ π/4 (1 + 2^-20).
  struct Reduced {
    var quadrant: Int
    var high: Double
    var low: Double
  }

  /// π/2 = 33 + 33 + 33 bits + rest, so that products with whole numbers below 2^20 are exact (Cody and Waite).
  static func reduce(_ x: Double) -> Reduced {
    let magnitude = Swift.abs(x)
    if magnitude <= 0.7853981633974483 { return Reduced(quadrant: 0, high: x, low: 0) }
    if magnitude > 1_000_000 { return reduceHuge(x) }
    let k = nearestInteger(x * 0.6366197723675814)
    let first = x - k * 1.5707963267341256
    let a = DoubleDouble(sumOf: first, -k * 6.077100506303966e-11)
    let b = DoubleDouble(sumOf: a.high, a.low - k * 2.0222662487111665e-21)
    let low = b.low - k * 8.4784276603689e-32
    return Reduced(quadrant: Int(k) & 3, high: b.high, low: low)
  }

  /// One 64-bit word of 2/π: bits 64 i … 64 i + 63 after the binary point.
  static func wordOfTwoOverPi(_ i: Int) -> UInt64 {
    switch i {
    case 0: return 0xa2f9_836e_4e44_1529
    case 1: return 0xfc27_57d1_f534_ddc0
    case 2: return 0xdb62_9599_3c43_9041
    case 3: return 0xfe51_63ab_debb_c561
    case 4: return 0xb724_6e3a_424d_d2e0
    case 5: return 0x0649_2eea_09d1_921c
    case 6: return 0xfe1d_eb1c_b129_a73e
    case 7: return 0xe882_35f5_2ebb_4484
    case 8: return 0xe99c_7026_b45f_7e41
    case 9: return 0x3991_d639_8353_39f4
    case 10: return 0x9c84_5f8b_bdf9_283b
    case 11: return 0x1ff8_97ff_de05_980f
    case 12: return 0xef2f_118b_5a0a_6d1f
    case 13: return 0x6d36_7ecf_27cb_09b7
    case 14: return 0x4f46_3f66_9e5f_ea2d
    case 15: return 0x7527_bac7_ebe5_f17b
    case 16: return 0x3d07_39f7_8a52_92ea
    case 17: return 0x6bfb_5fb1_1f8d_5d08
    case 18: return 0x5603_3046_fc7b_6bab
    default: return 0
    }
  }

  /// Reduction by exact integer arithmetic with a 192-bit window of 2/π (Payne and Hanek, SIGNUM 18 (1983) 19).
  static func reduceHuge(_ x: Double) -> Reduced {
    let significand = (x.bitPattern & 0x000f_ffff_ffff_ffff) | 0x0010_0000_0000_0000
    let exponent = Int(x.bitPattern >> 52 & 0x7ff) - 1075  // |x| = significand · 2^exponent
    // Bits of 2/π that weigh 4 or more after the product do not matter; the window starts two bits above.
    let start = Swift.max(exponent - 2, 0)
    // When the exponent is below 2 the window starts at the binary point and the product is shifted instead.
    let shift = start - (exponent - 2)
    let word = start / 64
    let offset = UInt64(start % 64)
    func window(_ i: Int) -> UInt64 {
      let upper = wordOfTwoOverPi(word + i)
      return offset == 0 ? upper : (upper << offset) | (wordOfTwoOverPi(word + i + 1) >> (64 - offset))
    }
    let p2 = window(2).multipliedFullWidth(by: significand)
    let p1 = window(1).multipliedFullWidth(by: significand)
    let w0 = window(0).multipliedFullWidth(by: significand)
    let middle = p1.low.addingReportingOverflow(p2.high)
    let carry: UInt64 = middle.overflow ? 1 : 0
    let topSum = w0.low &+ p1.high &+ carry
    // The product modulo 2^192 in units of 2^-(190): three words, most significant first.
    var high = topSum
    var mid = middle.partialValue
    var low = p2.low
    if shift > 0 {
      // Only 2^20 < |x| < 2^54 comes here; bits above the window are needed and lie in w0.high.
      let s = UInt64(shift)
      let overflowWord =
        w0.high &+ (w0.low.addingReportingOverflow(p1.high).overflow ? 1 : 0)
        &+ ((w0.low &+ p1.high).addingReportingOverflow(carry).overflow ? 1 : 0)
      low = (mid << (64 - s)) | (low >> s)
      mid = (high << (64 - s)) | (mid >> s)
      high = (overflowWord << (64 - s)) | (high >> s)
    }
    var quadrant = Int(high >> 62)
    // The fraction of a quarter turn, 190 bits, rounded to the nearest quadrant.
    var f2 = (high << 2) | (mid >> 62)
    var f1 = (mid << 2) | (low >> 62)
    let negative = f2 >> 63 == 1
    if negative {
      quadrant += 1
      f2 = ~f2
      f1 = ~f1
    }
    // A fraction near 0 keeps its digits because the words are normalised before they become doubles.
    var zeros = f2.leadingZeroBitCount
    var f0 = negative ? ~(low << 2) : low << 2
    if zeros == 64 {
      f2 = f1
      f1 = f0
      f0 = 0
      zeros = 64 + f2.leadingZeroBitCount
    }
    let z = UInt64(zeros % 64)
    if z > 0 {
      f2 = (f2 << z) | (f1 >> (64 - z))
      f1 = (f1 << z) | (f0 >> (64 - z))
    }
    let scale = powerOfTwo(-zeros)
    let upper = Double(f2 >> 11) * 1.1102230246251565e-16  // 2^-53
    let lower = (Double(f2 & 0x7ff) * 18_014_398_509_481_984 + Double(f1 >> 10)) * 3.009265538105056e-36  // 2^-118
    let fraction = DoubleDouble.normalised(upper * scale, lower * scale)
    let angle = fraction * DoubleDouble(high: 1.5707963267948966, low: 6.123233995736766e-17)
    var sign = negative ? -1.0 : 1.0
    if x < 0 {
      sign = -sign
      quadrant = -quadrant
    }
    return Reduced(quadrant: quadrant & 3, high: sign * angle.high, low: sign * angle.low)
  }

  /// sin(r + low) for |r| ≤ π/4 as head and tail.
  @inline(__always)
  static func sineKernel(_ r: Double, _ low: Double) -> DoubleDouble {
    let z = r * r
    var p = 1.591810123027412e-10
    p = p * z - 2.5051131455427946e-08
    p = p * z + 2.755731610068303e-06
    p = p * z - 0.0001984126983675497
    p = p * z + 0.008333333333330946
    p = p * z - 0.16666666666666666
    return DoubleDouble(high: r, low: r * z * p + low * (1 - 0.5 * z))
  }

  /// cos(r + low) for |r| ≤ π/4 as head and tail.
  @inline(__always)
  static func cosineKernel(_ r: Double, _ low: Double) -> DoubleDouble {
    let z = r * r
    var p = -1.1382614868556325e-11
    p = p * z + 2.0876146024689747e-09
    p = p * z - 2.7557317270560326e-07
    p = p * z + 2.4801587298763433e-05
    p = p * z - 0.0013888888888887395
    p = p * z + 0.041666666666666664
    let half = 0.5 * z
    let head = 1 - half
    return DoubleDouble(high: head, low: ((1 - head) - half) + (z * z * p - r * low))
  }

  /// Head plus tail of a kernel, which are not in normal form.
  @inline(__always)
  private static func rounded(_ pair: DoubleDouble) -> Double { pair.high + pair.low }

  /// Sine of an angle in radians; error below 1 ulp for every finite argument.
  /// - Returns: NaN for an infinite argument.
  public static func sin(_ x: Double) -> Double {
    if x.isNaN || x.isInfinite { return .nan }
    if Swift.abs(x) < 1e-150 { return x }
    let reduced = reduce(x)
    let value =
      reduced.quadrant & 1 == 0
      ? rounded(sineKernel(reduced.high, reduced.low)) : rounded(cosineKernel(reduced.high, reduced.low))
    return reduced.quadrant >= 2 ? -value : value
  }

  /// Cosine of an angle in radians; error below 1 ulp for every finite argument.
  /// - Returns: NaN for an infinite argument.
  public static func cos(_ x: Double) -> Double {
    if x.isNaN || x.isInfinite { return .nan }
    let reduced = reduce(x)
    let value =
      reduced.quadrant & 1 == 0
      ? rounded(cosineKernel(reduced.high, reduced.low)) : rounded(sineKernel(reduced.high, reduced.low))
    return reduced.quadrant == 1 || reduced.quadrant == 2 ? -value : value
  }

  /// Tangent of an angle in radians; error below 1.5 ulp for every finite argument.
  /// - Returns: NaN for an infinite argument.
  public static func tan(_ x: Double) -> Double {
    if x.isNaN || x.isInfinite { return .nan }
    if Swift.abs(x) < 1e-150 { return x }
    let reduced = reduce(x)
    let sine = sineKernel(reduced.high, reduced.low)
    let cosine = cosineKernel(reduced.high, reduced.low)
    let s = DoubleDouble.normalised(sine.high, sine.low)
    let c = DoubleDouble.normalised(cosine.high, cosine.low)
    return reduced.quadrant & 1 == 0 ? (s / c).doubleValue : -(c / s).doubleValue
  }

  /// (atan(√z) − √z) / √z³ on 0 … (7/16)².
  @inline(__always)
  private static func arctangentSeries(_ z: Double) -> Double {
    var p = 0.014773184616983806
    p = p * z - 0.033128134256069586
    p = p * z + 0.04492259293193656
    p = p * z - 0.05216679739313656
    p = p * z + 0.05876946456755061
    p = p * z - 0.06666241923359964
    p = p * z + 0.07692285554889286
    p = p * z - 0.09090908355602592
    p = p * z + 0.11111111096645038
    p = p * z - 0.14285714285566806
    p = p * z + 0.1999999999999941
    return p * z - 0.3333333333333333
  }

  /// Inverse tangent, −π/2 … π/2; error below 1 ulp.
  ///
  /// The argument is brought below 7/16 with atan x = atan c + atan((x − c) / (1 + c x)), c = ½, 1, 3/2, ∞.
  public static func atan(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    let a = Swift.abs(x)
    if a < 1e-9 { return x }
    var base = DoubleDouble(0)
    var r = a
    if a >= 2.4375 {
      base = DoubleDouble(high: 1.5707963267948966, low: 6.123233995736766e-17)
      r = -1 / a
    } else if a >= 1.1875 {
      base = DoubleDouble(high: 0.982793723247329, low: 1.3903311031230998e-17)
      r = (a - 1.5) / (1 + 1.5 * a)
    } else if a >= 0.6875 {
      base = DoubleDouble(high: 0.7853981633974483, low: 3.061616997868383e-17)
      r = (a - 1) / (a + 1)
    } else if a >= 0.4375 {
      base = DoubleDouble(high: 0.4636476090008061, low: 2.2698777452961687e-17)
      r = (2 * a - 1) / (2 + a)
    }
    let z = r * r
    let value = base.high + (r + (r * z * arctangentSeries(z) + base.low))
    return x < 0 ? -value : value
  }

  /// Angle of the point (x, y), −π … π; error below 2 ulp.
  /// - Returns: The special values of IEEE 754-2019 clause 9.2.1 (`atan2`).
  public static func atan2(_ y: Double, _ x: Double) -> Double {
    if x.isNaN || y.isNaN { return .nan }
    let pi = 3.141592653589793
    let piLow = 1.2246467991473532e-16
    var angle: Double
    let ay = Swift.abs(y)
    let ax = Swift.abs(x)
    if ay == 0 {
      angle = 0
    } else if ax == 0 || (ay == .infinity && ax != .infinity) {
      return y < 0 ? -0.5 * pi : 0.5 * pi
    } else if ax == .infinity {
      angle = ay == .infinity ? 0.25 * pi : 0
    } else {
      angle = atan(ay / ax)
    }
    if x.sign == .minus { angle = pi - (angle - piLow) }
    return y.sign == .minus ? -angle : angle
  }

  /// (asin(√z) − √z) / √z³ on 0 … ¼.
  @inline(__always)
  private static func arcsineSeries(_ z: Double) -> Double {
    var p = 0.028757851367421566
    p = p * z - 0.014851887071247204
    p = p * z + 0.01740087944269402
    p = p * z + 0.005457506718640358
    p = p * z + 0.01032281435018578
    p = p * z + 0.011479177415184906
    p = p * z + 0.013971212973552933
    p = p * z + 0.017352392720869973
    p = p * z + 0.02237217294214989
    p = p * z + 0.030381944138531247
    p = p * z + 0.04464285714635543
    p = p * z + 0.07499999999998433
    return p * z + 0.16666666666666669
  }

  /// asin √((1 − a)/2) for ½ ≤ a ≤ 1 as a pair.
  @inline(__always)
  private static func halfComplement(_ a: Double) -> DoubleDouble {
    let z = 0.5 * (1 - a)
    if z == 0 { return DoubleDouble(0) }
    let s = z.squareRoot()
    let square = DoubleDouble(productOf: s, s)
    let correction = ((z - square.high) - square.low) / (2 * s)
    return DoubleDouble.normalised(s, correction + s * z * arcsineSeries(z))
  }

  /// Inverse sine, −π/2 … π/2; error below 1 ulp.
  /// - Returns: NaN outside −1 … 1.
  public static func asin(_ x: Double) -> Double {
    let a = Swift.abs(x)
    if x.isNaN || a > 1 { return .nan }
    if a < 1e-9 { return x }
    if a < 0.5 {
      let z = x * x
      return x + x * z * arcsineSeries(z)
    }
    let h = halfComplement(a)
    let value =
      (DoubleDouble(high: 1.5707963267948966, low: 6.123233995736766e-17)
      - DoubleDouble(high: 2 * h.high, low: 2 * h.low)).doubleValue
    return x < 0 ? -value : value
  }

  /// Inverse cosine, 0 … π; error below 1 ulp.
  /// - Returns: NaN outside −1 … 1.
  public static func acos(_ x: Double) -> Double {
    let a = Swift.abs(x)
    if x.isNaN || a > 1 { return .nan }
    if a < 0.5 {
      let z = x * x
      let tail = x * z * arcsineSeries(z)
      let head = DoubleDouble(sumOf: 1.5707963267948966, -x)
      return head.high + (head.low + (6.123233995736766e-17 - tail))
    }
    let h = halfComplement(a)
    let angle = DoubleDouble(high: 2 * h.high, low: 2 * h.low)
    if x > 0 { return angle.doubleValue }
    return (DoubleDouble(high: 3.141592653589793, low: 1.2246467991473532e-16) - angle).doubleValue
  }
}
