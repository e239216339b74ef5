/// Resistance of an industrial platinum thermometer: R(t) = R0 (1 + A t + B t² + C (t − 100 °C) t³), with C only below
/// 0 °C (IEC 60751:2022, 4.2). Argument in °C, value in ohm, −200 … 850 °C.
@frozen
public struct CallendarVanDusen: CalibrationFunction, Equatable, Sendable {
  /// Resistance at 0 °C, ohm.
  public let resistanceAtZeroOhm: Double
  /// A, 1/°C.
  public let a: Double
  /// B, 1/°C².
  public let b: Double
  /// C, 1/°C⁴.
  public let c: Double

  /// IEC 60751 coefficients with a nominal resistance, usually 100 Ω.
  /// - Throws: `.parameter` for a resistance that is not positive and finite or a coefficient that is not finite (0 is
  ///   the resistance, 1 to 3 are A to C).
  public init(
    resistanceAtZeroOhm: Double = 100, a: Double = 3.9083e-3, b: Double = -5.775e-7, c: Double = -4.183e-12
  ) throws(CalibrationFault) {
    guard resistanceAtZeroOhm > 0, resistanceAtZeroOhm.isFinite else { throw .parameter(resistanceAtZeroOhm, index: 0) }
    guard a > 0, a.isFinite else { throw .parameter(a, index: 1) }
    guard b.isFinite else { throw .parameter(b, index: 2) }
    guard c.isFinite else { throw .parameter(c, index: 3) }
    self.resistanceAtZeroOhm = resistanceAtZeroOhm
    self.a = a
    self.b = b
    self.c = c
  }

  /// −200 … 850 °C, where IEC 60751 declares the relation.
  public var range: ClosedRange<Double> { -200...850 }

  /// Resistance in ohm at a temperature in °C.
  public func value(at celsius: Double) throws(CalibrationFault) -> Double {
    try check(celsius)
    return resistanceAtZeroOhm * ratio(celsius)
  }

  @inline(__always)
  private func ratio(_ t: Double) -> Double {
    let quadratic = 1 + t * (a + t * b)
    return t < 0 ? quadratic + c * (t - 100) * t * t * t : quadratic
  }

  /// dR/dt in ohm per kelvin.
  public func derivative(at celsius: Double) throws(CalibrationFault) -> Double {
    try check(celsius)
    let t = celsius
    let quadratic = a + 2 * b * t
    return resistanceAtZeroOhm * (t < 0 ? quadratic + c * t * t * (4 * t - 300) : quadratic)
  }

  /// Temperature in °C of a resistance in ohm.
  /// - Throws: `.outsideRange` for resistances beyond those of −200 °C and 850 °C.
  public func celsius(resistanceOhm: Double) throws(CalibrationFault) -> Double { try inverse(resistanceOhm) }
}
