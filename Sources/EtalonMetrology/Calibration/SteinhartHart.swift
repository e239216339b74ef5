/// Temperature of a thermistor: 1/T = A + B ln R + C (ln R)² + D (ln R)³ (Steinhart and Hart, Deep-Sea Research 15
/// (1968) 497; the quadratic term is usually left out). Argument in ohm, value in kelvin.
@frozen
public struct SteinhartHart: CalibrationFunction, Equatable, Sendable {
  /// A, 1/K.
  public let a: Double
  /// B, 1/K, of ln R.
  public let b: Double
  /// C, 1/K, of (ln R)².
  public let c: Double
  /// D, 1/K, of (ln R)³.
  public let d: Double
  /// The declared range of the resistance, ohm.
  public let range: ClosedRange<Double>

  /// - Throws: `.parameter` for a coefficient that is not finite (0 to 3 are A to D), `.range` for resistances that are
  ///   not positive and finite, `.notMonotone` when 1/T does not grow with the resistance at an end of the range.
  public init(a: Double, b: Double, c: Double = 0, d: Double, rangeOhm: ClosedRange<Double>) throws(CalibrationFault) {
    guard a.isFinite else { throw .parameter(a, index: 0) }
    guard b.isFinite else { throw .parameter(b, index: 1) }
    guard c.isFinite else { throw .parameter(c, index: 2) }
    guard d.isFinite else { throw .parameter(d, index: 3) }
    guard rangeOhm.lowerBound > 0, rangeOhm.upperBound.isFinite else {
      throw .range(lower: rangeOhm.lowerBound, upper: rangeOhm.upperBound)
    }
    self.a = a
    self.b = b
    self.c = c
    self.d = d
    range = rangeOhm
    let low = reciprocal(Elementary.log(rangeOhm.lowerBound))
    let high = reciprocal(Elementary.log(rangeOhm.upperBound))
    guard low.value > 0, low.slope > 0 else { throw .notMonotone(at: rangeOhm.lowerBound) }
    guard high.value > 0, high.slope > 0 else { throw .notMonotone(at: rangeOhm.upperBound) }
  }

  /// The coefficients without quadratic term that meet three calibrated points exactly.
  /// - Parameter points: Resistance in ohm and temperature in kelvin, in any order.
  public init(
    through points: (
      (ohm: Double, kelvin: Double), (ohm: Double, kelvin: Double), (ohm: Double, kelvin: Double)
    )
  ) throws(CalibrationFault) {
    let p = [points.0, points.1, points.2]
    for index in 0..<3 {
      guard p[index].ohm > 0, p[index].ohm.isFinite else { throw .parameter(p[index].ohm, index: 2 * index) }
      guard p[index].kelvin > 0, p[index].kelvin.isFinite else {
        throw .parameter(p[index].kelvin, index: 2 * index + 1)
      }
    }
    let x0 = Elementary.log(p[0].ohm)
    let x1 = Elementary.log(p[1].ohm)
    let x2 = Elementary.log(p[2].ohm)
    guard x0 != x1, x1 != x2, x0 != x2 else { throw .parameter(p[1].ohm, index: 2) }
    let y0 = 1 / p[0].kelvin
    let g1 = (1 / p[1].kelvin - y0) / (x1 - x0)
    let g2 = (1 / p[2].kelvin - y0) / (x2 - x0)
    let d = (g2 - g1) / (x2 - x1) / (x0 + x1 + x2)
    let b = g1 - d * (x0 * x0 + x0 * x1 + x1 * x1)
    let a = y0 - (b + x0 * x0 * d) * x0
    let low = Swift.min(p[0].ohm, Swift.min(p[1].ohm, p[2].ohm))
    let high = Swift.max(p[0].ohm, Swift.max(p[1].ohm, p[2].ohm))
    try self.init(a: a, b: b, d: d, rangeOhm: low...high)
  }

  private func reciprocal(_ x: Double) -> (value: Double, slope: Double) {
    (a + x * (b + x * (c + x * d)), b + x * (2 * c + x * 3 * d))
  }

  /// Temperature in kelvin at a resistance in ohm.
  public func value(at ohm: Double) throws(CalibrationFault) -> Double {
    try check(ohm)
    let r = reciprocal(Elementary.log(ohm)).value
    guard r > 0 else { throw .notMonotone(at: ohm) }
    return 1 / r
  }

  /// dT/dR in kelvin per ohm.
  public func derivative(at ohm: Double) throws(CalibrationFault) -> Double {
    try check(ohm)
    let (value, slope) = reciprocal(Elementary.log(ohm))
    guard value > 0 else { throw .notMonotone(at: ohm) }
    return -slope / (value * value * ohm)
  }

  /// Resistance in ohm at a temperature in kelvin.
  public func ohm(kelvin: Double) throws(CalibrationFault) -> Double { try inverse(kelvin) }
}
