/// Hyperbolic functions and the error functions.
extension Elementary {
  /// Hyperbolic sine; error below 2 ulp.
  public static func sinh(_ x: Double) -> Double {
    let a = Swift.abs(x)
    if x.isNaN || x.isInfinite || a < 1e-9 { return x }
    let value: Double
    if a < 1 {
      let t = expm1(a)
      value = 0.5 * (2 * t - t * t / (t + 1))
    } else if a < 709 {
      let t = expm1(a)
      value = 0.5 * (t + t / (t + 1))
    } else {
      let root = exp(0.5 * a)
      value = 0.5 * root * root
    }
    return x < 0 ? -value : value
  }

  /// Hyperbolic cosine; error below 2 ulp.
  public static func cosh(_ x: Double) -> Double {
    let a = Swift.abs(x)
    if x.isNaN { return .nan }
    if a < 709 {
      let t = exp(a)
      return 0.5 * t + 0.5 / t
    }
    let root = exp(0.5 * a)
    return 0.5 * root * root
  }

  /// Hyperbolic tangent; error below 3 ulp.
  public static func tanh(_ x: Double) -> Double {
    let a = Swift.abs(x)
    if x.isNaN || a < 1e-9 { return x }
    let value: Double
    if a > 22 {
      value = 1
    } else if a >= 1 {
      value = 1 - 2 / (expm1(2 * a) + 2)
    } else {
      let t = expm1(-2 * a)
      value = -t / (t + 2)
    }
    return x < 0 ? -value : value
  }

  /// Error function 2/√π ∫₀ˣ exp(−t²) dt; error below 1.5 ulp.
  public static func erf(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    let a = Swift.abs(x)
    if a < 0.84 {
      let z = x * x
      var p = 1.0687686191469846e-08
      p = p * z - 1.5701227105190677e-07
      p = p * z + 1.6399720736388881e-06
      p = p * z - 1.4921969577624702e-05
      p = p * z + 0.00012055192652208321
      p = p * z - 0.000854832357563797
      p = p * z + 0.005223977572514907
      p = p * z - 0.02686617064038413
      p = p * z + 0.11283791670933264
      p = p * z - 0.3761263890318336
      // 2/√π = 1 + 0.128…: the leading product by 1 is exact.
      return x + x * (0.12837916709551256 + z * p)
    }
    let value = a > 6 ? 1 : 1 - upperErrorFunction(a)
    return x < 0 ? -value : value
  }

  /// Complementary error function 1 − erf x without cancellation; error below 4 ulp of a normal result.
  public static func erfc(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    if Swift.abs(x) < 0.5 { return 1 - erf(x) }
    if x > 0 { return upperErrorFunction(x) }
    return x < -6 ? 2 : 2 - upperErrorFunction(-x)
  }

  /// exp(x²) erfc(x), which neither underflows nor cancels; for x ≥ ½ with an error below 5 ulp, below that from erfc.
  public static func scaledErfc(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    if x < 0.5 { return exp(x * x) * erfc(x) }
    if x <= 28 { return upperScaled(x) }
    if x > 1e8 { return 0.5641895835477563 / x }
    // Asymptotic series, DLMF 7.12.1; the sixth term is below 1e-17 of the first for x > 28.
    let t = 0.5 / (x * x)
    return 0.5641895835477563 / x * (1 - t * (1 - 3 * t * (1 - 5 * t * (1 - 7 * t * (1 - 9 * t)))))
  }

  /// exp(x²) erfc(x) on ½ … 28: (x + ½) exp(x²) erfc(x) is a polynomial in (x − 3)/(x + 3).
  @inline(__always)
  private static func upperScaled(_ x: Double) -> Double {
    let t = (x - 3) / (x + 3)
    var p = -2.162685359553639e-09
    p = p * t - 5.3298144036966015e-09
    p = p * t + 1.71164953989113e-08
    p = p * t + 4.938719037470336e-08
    p = p * t - 6.716156204725646e-08
    p = p * t - 3.0731731707127087e-07
    p = p * t + 1.76346629206499e-07
    p = p * t + 1.735808338296787e-06
    p = p * t - 3.6502754412849936e-07
    p = p * t - 1.0050188056553044e-05
    p = p * t + 2.4745857238016663e-06
    p = p * t + 6.254966379318036e-05
    p = p * t - 5.257988004472589e-05
    p = p * t - 0.00038991613574593974
    p = p * t + 0.0009443451782001028
    p = p * t + 0.0012646959081675584
    p = p * t - 0.01188525745926819
    p = p * t + 0.03415401367197217
    p = p * t - 0.059636831707655893
    p = p * t + 0.06482257935138101
    p = p * t - 0.02378114717672535
    p = p * t - 0.0678105530622906
    p = p * t + 0.6265040291348648
    return p / (x + 0.5)
  }

  private static func upperErrorFunction(_ x: Double) -> Double {
    if x > 27.3 { return 0 }
    let square = DoubleDouble(productOf: x, x)
    return exp(-square.high, tail: -square.low) * upperScaled(x)
  }
}
