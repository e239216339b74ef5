/// The reference function of the ITS-90 for standard platinum resistance thermometers: W_r(T90), the resistance ratio to
/// the triple point of water (H. Preston-Thomas, Metrologia 27 (1990) 3, equations 9a and 10a, table 4).
/// Argument in kelvin, 13.8033 … 1234.93 K.
@frozen
public struct ITS90Reference: CalibrationFunction, Equatable, Sendable {
  /// The reference function has no parameters.
  public init() {}

  /// 13.8033 … 1234.93 K, from the triple point of hydrogen to the freezing point of silver, with 1 nK at the ends so that
  /// a fixed point converted from °C stays inside.
  public var range: ClosedRange<Double> { 13.803299999...1234.930000001 }

  /// W_r at a temperature in kelvin.
  public func value(at kelvin: Double) throws(CalibrationFault) -> Double {
    try check(kelvin)
    return evaluate(kelvin).value
  }

  /// dW_r/dT in 1/K.
  public func derivative(at kelvin: Double) throws(CalibrationFault) -> Double {
    try check(kelvin)
    return evaluate(kelvin).slope
  }

  /// Temperature in kelvin at which W_r has a value, by inversion of the reference function itself.
  /// - Throws: `.outsideRange` with temperatures, for a result more than 0.2 mK beyond the range: the tabulated ratios of
  ///   the fixed points at its ends are rounded to 1e-8.
  public func kelvin(ratio: Double) throws(CalibrationFault) -> Double {
    guard ratio > 0, ratio.isFinite else { throw .notFinite(ratio) }
    // The two equations meet at the triple point of water within 1e-8; each is inverted on its own side.
    let isBelow = ratio <= evaluate(273.16).value
    let kelvin = try ITS90Widened().inverse(ratio, in: isBelow ? 13.7...273.16 : 273.16...1235)
    guard kelvin >= range.lowerBound - 2e-4, kelvin <= range.upperBound + 2e-4 else {
      throw .outsideRange(kelvin, lower: range.lowerBound, upper: range.upperBound)
    }
    return kelvin
  }

  func evaluate(_ kelvin: Double) -> (value: Double, slope: Double) {
    if kelvin <= 273.16 {
      let x = (Elementary.log(kelvin / 273.16) + 1.5) / 1.5
      let a: InlineArray<13, Double> = [
        -2.13534729, 3.18324720, -1.80143597, 0.71727204, 0.50344027, -0.61899395, -0.05332322, 0.28021362, 0.10715224,
        -0.29302865, 0.04459872, 0.11868632, -0.05248134,
      ]
      var value = 0.0
      var slope = 0.0
      for index in (0..<13).reversed() {
        slope = slope * x + value
        value = value * x + a[index]
      }
      let ratio = Elementary.exp(value)
      return (ratio, ratio * slope / (1.5 * kelvin))
    }
    let x = (kelvin - 754.15) / 481
    let c: InlineArray<10, Double> = [
      2.78157254, 1.64650916, -0.13714390, -0.00649767, -0.00234444, 0.00511868, 0.00187982, -0.00204472, -0.00046122,
      0.00045724,
    ]
    var value = 0.0
    var slope = 0.0
    for index in (0..<10).reversed() {
      slope = slope * x + value
      value = value * x + c[index]
    }
    return (value, slope / 481)
  }
}

/// The reference function a little beyond its range, so that a rounded ratio at an end still has an inverse.
private struct ITS90Widened: CalibrationFunction {
  var range: ClosedRange<Double> { 13.7...1235 }
  func value(at kelvin: Double) throws(CalibrationFault) -> Double {
    try check(kelvin)
    return ITS90Reference().evaluate(kelvin).value
  }
  func derivative(at kelvin: Double) throws(CalibrationFault) -> Double {
    try check(kelvin)
    return ITS90Reference().evaluate(kelvin).slope
  }
}

/// The subranges of the ITS-90 for platinum resistance thermometers, numbered as in NIST Technical Note 1265, table 2.
@frozen
public enum ITS90Subrange: Int, CaseIterable, Sendable {
  /// 13.8033 … 273.16 K.
  case hydrogen = 1
  /// 24.5561 … 273.16 K.
  case neon
  /// 54.3584 … 273.16 K.
  case oxygen
  /// 83.8058 … 273.16 K.
  case argon
  /// 0 … 961.78 °C.
  case silver
  /// 0 … 660.323 °C.
  case aluminium
  /// 0 … 419.527 °C.
  case zinc
  /// 0 … 231.928 °C.
  case tin
  /// 0 … 156.5985 °C.
  case indium
  /// 0 … 29.7646 °C.
  case gallium
  /// −38.8344 … 29.7646 °C.
  case mercuryToGallium

  /// The range of the subrange in kelvin.
  public var rangeKelvin: ClosedRange<Double> {
    switch self {
    case .hydrogen: return 13.8033...273.16
    case .neon: return 24.5561...273.16
    case .oxygen: return 54.3584...273.16
    case .argon: return 83.8058...273.16
    case .silver: return 273.15...1234.93
    case .aluminium: return 273.15...933.473
    case .zinc: return 273.15...692.677
    case .tin: return 273.15...505.078
    case .indium: return 273.15...429.7485
    case .gallium: return 273.15...302.9146
    case .mercuryToGallium: return 234.3156...302.9146
    }
  }

  /// How many coefficients the deviation function has, in the order a, b, c, d or a, b, c₁ … c₅.
  public var coefficientCount: Int {
    switch self {
    case .hydrogen: return 7
    case .neon: return 5
    case .oxygen: return 3
    case .argon: return 2
    case .silver: return 4
    case .aluminium: return 3
    case .zinc, .tin, .mercuryToGallium: return 2
    case .indium, .gallium: return 1
    }
  }
}

/// A calibrated standard platinum resistance thermometer: W − W_r is the deviation function of one ITS-90 subrange
/// (Metrologia 27 (1990) 3, equations 12 to 14). Argument in kelvin, value in ohm.
@frozen
public struct PlatinumThermometer: CalibrationFunction, Equatable, Sendable {
  /// The subrange it was calibrated in.
  public let subrange: ITS90Subrange
  /// Resistance at the triple point of water, ohm.
  public let triplePointOhm: Double
  private let coefficients: InlineArray<7, Double>
  /// W at the freezing point of aluminium, above which the term with d acts (equation 14); it is this thermometer's own
  /// ratio, which a, b and c give.
  private let aluminiumRatio: Double

  /// - Parameters:
  ///   - coefficients: a, b, c, d or a, b, c₁ … c₅ of the subrange, exactly as many as it has.
  ///   - triplePointOhm: Resistance at the triple point of water, ohm, > 0.
  /// - Throws: `.empty` for another number of coefficients, `.parameter` for one that is not finite or a resistance that
  ///   is not positive (counted after the coefficients), `.noConvergence` for coefficients no thermometer has.
  public init(subrange: ITS90Subrange, coefficients: [Double], triplePointOhm: Double) throws(CalibrationFault) {
    guard coefficients.count == subrange.coefficientCount else { throw .empty }
    var stored = InlineArray<7, Double>(repeating: 0)
    for index in coefficients.indices {
      guard coefficients[index].isFinite else { throw .parameter(coefficients[index], index: index) }
      stored[index] = coefficients[index]
    }
    guard triplePointOhm > 0, triplePointOhm.isFinite else {
      throw .parameter(triplePointOhm, index: coefficients.count)
    }
    self.subrange = subrange
    self.triplePointOhm = triplePointOhm
    self.coefficients = stored
    var w = 3.37600860
    if subrange == .silver {
      for _ in 0..<30 {
        let x = w - 1
        w = 3.37600860 + x * (stored[0] + x * (stored[1] + x * stored[2]))
      }
      guard w > 1, w < 10 else { throw .noConvergence(w) }
    }
    aluminiumRatio = w
  }

  /// Equal subranges, resistances and coefficients.
  public static func == (a: PlatinumThermometer, b: PlatinumThermometer) -> Bool {
    guard a.subrange == b.subrange, a.triplePointOhm == b.triplePointOhm else { return false }
    for index in 0..<7 where a.coefficients[index] != b.coefficients[index] { return false }
    return true
  }

  /// The subrange in kelvin, with 1 nK at the ends so that a fixed point converted from °C stays inside.
  public var range: ClosedRange<Double> {
    (subrange.rangeKelvin.lowerBound - 1e-9)...(subrange.rangeKelvin.upperBound + 1e-9)
  }

  /// The deviation W − W_r at a resistance ratio W, and its derivative with respect to W.
  public func deviation(atRatio w: Double) throws(CalibrationFault) -> (value: Double, slope: Double) {
    guard w > 0, w.isFinite else { throw .notFinite(w) }
    let x = w - 1
    let a = coefficients[0]
    let b = coefficients[1]
    switch subrange {
    case .hydrogen, .neon, .oxygen:
      let l = Elementary.log(w)
      var value = a * x + b * x * x
      var slope = a + 2 * b * x
      // Σ c_i (ln W)^(i + n) with n = 2, 0, 1 (equation 12).
      let shift = subrange == .hydrogen ? 2 : (subrange == .neon ? 0 : 1)
      var power = 1.0
      for _ in 0..<shift { power *= l }
      for index in 2..<subrange.coefficientCount {
        let exponent = index - 1 + shift
        slope += coefficients[index] * Double(exponent) * power / w
        power *= l
        value += coefficients[index] * power
      }
      return (value, slope)
    case .argon:
      let l = Elementary.log(w)
      return (a * x + b * x * l, a + b * (l + x / w))
    case .silver:
      let beyond = w > aluminiumRatio ? w - aluminiumRatio : 0
      let c = coefficients[2]
      let d = coefficients[3]
      return (
        x * (a + x * (b + x * c)) + d * beyond * beyond,
        a + x * (2 * b + x * 3 * c) + 2 * d * beyond
      )
    default:
      let c = coefficients[2]
      return (x * (a + x * (b + x * c)), a + x * (2 * b + x * 3 * c))
    }
  }

  /// Resistance in ohm at a temperature in kelvin.
  public func value(at kelvin: Double) throws(CalibrationFault) -> Double {
    try check(kelvin)
    return try triplePointOhm * ratio(at: kelvin)
  }

  /// W at a temperature: the solution of W − ΔW(W) = W_r.
  private func ratio(at kelvin: Double) throws(CalibrationFault) -> Double {
    let reference = ITS90Reference().evaluate(kelvin).value
    var w = reference
    for _ in 0..<50 {
      let (value, slope) = try deviation(atRatio: w)
      let step = (w - value - reference) / (1 - slope)
      w -= step
      guard w > 0 else { throw .noConvergence(kelvin) }
      if Swift.abs(step) <= 4e-16 * w { return w }
    }
    throw .noConvergence(kelvin)
  }

  /// dR/dT in ohm per kelvin.
  public func derivative(at kelvin: Double) throws(CalibrationFault) -> Double {
    try check(kelvin)
    let (_, slope) = try deviation(atRatio: ratio(at: kelvin))
    return triplePointOhm * ITS90Reference().evaluate(kelvin).slope / (1 - slope)
  }

  /// Temperature in kelvin of a resistance in ohm.
  /// - Throws: `.outsideRange` for a temperature outside the subrange, with a tolerance of 0.2 mK at its ends, because the
  ///   fixed points themselves scatter about the ends by rounding.
  public func kelvin(resistanceOhm: Double) throws(CalibrationFault) -> Double {
    guard resistanceOhm > 0, resistanceOhm.isFinite else { throw .notFinite(resistanceOhm) }
    let w = resistanceOhm / triplePointOhm
    let kelvin = try ITS90Reference().kelvin(ratio: w - deviation(atRatio: w).value)
    let low = range.lowerBound
    let high = range.upperBound
    guard kelvin >= low - 2e-4, kelvin <= high + 2e-4 else { throw .outsideRange(kelvin, lower: low, upper: high) }
    return kelvin
  }
}
