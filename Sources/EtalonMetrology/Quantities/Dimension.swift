/// The dimension of a quantity as exponents of the seven SI base quantities (SI Brochure, 9th edition, section 2.3.3).
///
/// All exponents 0 is dimension one: ratios, angles, counts.
public struct Dimension: Equatable, Sendable {
  /// Exponent of time (s).
  public var time: Int8
  /// Exponent of length (m).
  public var length: Int8
  /// Exponent of mass (kg).
  public var mass: Int8
  /// Exponent of electric current (A).
  public var current: Int8
  /// Exponent of thermodynamic temperature (K).
  public var temperature: Int8
  /// Exponent of amount of substance (mol).
  public var amount: Int8
  /// Exponent of luminous intensity (cd).
  public var luminosity: Int8

  /// A dimension from its exponents; those left out are 0.
  public init(
    time: Int8 = 0, length: Int8 = 0, mass: Int8 = 0, current: Int8 = 0, temperature: Int8 = 0, amount: Int8 = 0,
    luminosity: Int8 = 0
  ) {
    self.time = time
    self.length = length
    self.mass = mass
    self.current = current
    self.temperature = temperature
    self.amount = amount
    self.luminosity = luminosity
  }

  /// Dimension one.
  public static let one = Dimension()

  /// The dimension of a product.
  public static func * (a: Dimension, b: Dimension) -> Dimension {
    Dimension(
      time: a.time &+ b.time, length: a.length &+ b.length, mass: a.mass &+ b.mass, current: a.current &+ b.current,
      temperature: a.temperature &+ b.temperature, amount: a.amount &+ b.amount,
      luminosity: a.luminosity &+ b.luminosity)
  }

  /// The dimension of a quotient.
  public static func / (a: Dimension, b: Dimension) -> Dimension {
    a * b.raised(to: -1)
  }

  /// The dimension of an integer power; exponents are those of unit texts, at most ±9, so that nothing overflows.
  public func raised(to exponent: Int8) -> Dimension {
    Dimension(
      time: time &* exponent, length: length &* exponent, mass: mass &* exponent, current: current &* exponent,
      temperature: temperature &* exponent, amount: amount &* exponent, luminosity: luminosity &* exponent)
  }
}

extension Dimension: CustomStringConvertible {
  /// SI base units with exponents, for messages: `m·kg·s^-2`; `1` for dimension one.
  public var description: String {
    var text = ""
    func add(_ symbol: String, _ exponent: Int8) {
      if exponent == 0 { return }
      if !text.isEmpty { text += "·" }
      text += symbol
      if exponent != 1 { text += "^\(exponent)" }
    }
    add("kg", mass)
    add("m", length)
    add("s", time)
    add("A", current)
    add("K", temperature)
    add("mol", amount)
    add("cd", luminosity)
    return text.isEmpty ? "1" : text
  }
}
