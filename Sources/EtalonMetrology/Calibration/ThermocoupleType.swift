/// The letter-designated thermocouples with their reference functions on the ITS-90 (NIST Monograph 175, IEC 60584-1).
/// Argument in °C, value in mV, reference junction at 0 °C.
@frozen
public enum ThermocoupleType: UInt8, CaseIterable, CalibrationFunction, Sendable {
  /// Platinum 30 % rhodium against platinum 6 % rhodium.
  case b = 0x42
  /// Tungsten 5 % rhenium against tungsten 26 % rhenium.
  case c = 0x43
  /// Nickel-chromium against copper-nickel.
  case e = 0x45
  /// Iron against copper-nickel.
  case j = 0x4a
  /// Nickel-chromium against nickel-aluminium.
  case k = 0x4b
  /// Nickel-chromium-silicon against nickel-silicon.
  case n = 0x4e
  /// Platinum 13 % rhodium against platinum.
  case r = 0x52
  /// Platinum 10 % rhodium against platinum.
  case s = 0x53
  /// Copper against copper-nickel.
  case t = 0x54

  /// The type of a capital letter.
  /// - Returns: nil for any other text.
  public init?(letter: String) {
    var code: UInt8 = 0
    var count = 0
    for byte in letter.utf8 {
      code = byte
      count += 1
    }
    guard count == 1, let type = ThermocoupleType(rawValue: code) else { return nil }
    self = type
  }

  /// The capital letter.
  public var letter: Character { Character(Unicode.Scalar(rawValue)) }

  /// The range of the reference function, °C.
  public var range: ClosedRange<Double> { bounds.lower...bounds.upper }

  /// The part of the range, °C, in which an electromotive force has one temperature. It is the whole range but for type B,
  /// whose function has a minimum near 21 °C: there it begins at 250 °C like the inverse function of Monograph 175.
  public var inverseRange: ClosedRange<Double> {
    switch self {
    case .b: return 250...bounds.upper
    default: return range
    }
  }

  /// Electromotive force in mV at a temperature in °C.
  public func value(at celsius: Double) throws(CalibrationFault) -> Double {
    try check(celsius)
    return evaluate(celsius).value
  }

  /// Seebeck coefficient dE/dt in mV per kelvin.
  public func derivative(at celsius: Double) throws(CalibrationFault) -> Double {
    try check(celsius)
    return evaluate(celsius).slope
  }

  /// Value and derivative of the piece that holds.
  func evaluate(_ t: Double) -> (value: Double, slope: Double) {
    let piece = segment(at: t)
    var value = 0.0
    var slope = 0.0
    var index = piece.degree
    while index >= 0 {
      slope = slope * t + value
      value = value * t + piece.coefficients[index]
      index -= 1
    }
    if piece.hasGaussian {
      let shift = t - 126.9686
      let gauss = 0.1185976 * Elementary.exp(-1.183432e-4 * shift * shift)
      value += gauss
      slope -= gauss * 2 * 1.183432e-4 * shift
    }
    return (value, slope)
  }

  /// Temperature in °C of the measuring junction.
  ///
  /// The reference function itself is inverted by iteration, so the result returns to the given electromotive force;
  /// the approximate inverse polynomials of Monograph 175 are not used.
  /// - Parameters:
  ///   - millivolts: Electromotive force against the reference junction, mV.
  ///   - referenceJunctionCelsius: Temperature of the reference junction, °C.
  /// - Throws: `.outsideRange` for a reference junction outside the type's range, and with bounds in mV for an
  ///   electromotive force outside those of `inverseRange`.
  public func celsius(millivolts: Double, referenceJunctionCelsius: Double = 0) throws(CalibrationFault) -> Double {
    guard millivolts.isFinite else { throw .notFinite(millivolts) }
    let offset = referenceJunctionCelsius == 0 ? 0 : try value(at: referenceJunctionCelsius)
    return try inverse(millivolts + offset, in: inverseRange)
  }
}

/// A calibrated thermocouple: the reference function of its type plus the deviation polynomial of its certificate, both
/// in mV against °C.
public struct CalibratedThermocouple: CalibrationFunction, Equatable, Sendable {
  /// The letter type.
  public let type: ThermocoupleType
  /// What its certificate adds to the reference function, mV.
  public let deviation: PolynomialFunction

  /// A thermocouple of a type with a deviation in mV declared on a range in °C that lies in the type's inverse range.
  public init(type: ThermocoupleType, deviation: PolynomialFunction) throws(CalibrationFault) {
    let allowed = type.inverseRange
    guard deviation.range.lowerBound >= allowed.lowerBound, deviation.range.upperBound <= allowed.upperBound else {
      throw .range(lower: deviation.range.lowerBound, upper: deviation.range.upperBound)
    }
    self.type = type
    self.deviation = deviation
  }

  /// The range of the deviation polynomial, °C.
  public var range: ClosedRange<Double> { deviation.range }

  /// Electromotive force in mV at a temperature in °C.
  public func value(at celsius: Double) throws(CalibrationFault) -> Double {
    try deviation.value(at: celsius) + type.value(at: celsius)
  }

  /// dE/dt in mV per kelvin.
  public func derivative(at celsius: Double) throws(CalibrationFault) -> Double {
    try deviation.derivative(at: celsius) + type.derivative(at: celsius)
  }

  /// Temperature in °C of an electromotive force in mV.
  public func celsius(millivolts: Double) throws(CalibrationFault) -> Double { try inverse(millivolts) }
}
