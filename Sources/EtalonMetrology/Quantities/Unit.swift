/// A unit of measurement: a product of powers of named units, and the kind of quantity it stands for.
///
/// Two units are equal when they are written with the same named units and the same prefixes; `1/s` and `s^-1` are equal,
/// `1/s` and `Hz` are not, though quantities convert between them.
public struct Unit: Equatable, Sendable {
  /// Quantities of one dimension that must not be mistaken for one another.
  public enum Kind: Equatable, Sendable {
    /// Nothing beyond the dimension.
    case ordinary
    /// A temperature on a scale: °C, or K where it is said to be absolute.
    case thermodynamicTemperature
    /// A difference, error, correction or uncertainty of temperature: K, mK.
    case temperatureDifference
    /// Relative humidity: %RH.
    case relativeHumidity
    /// The logarithm of a ratio: dB, B, Np. Which ratio, of powers or of root-power quantities, the unit does not tell, so
    /// that there is no way to a plain number.
    case logarithmicRatio
  }

  /// One factor: positions in the tables of prefixes (none: -1) and units, and the exponent.
  struct Factor: Equatable, Sendable {
    var prefix: Int
    var unit: Int
    var exponent: Int8
  }

  let factors: [Factor]
  /// Exponents of the base quantities.
  public let dimension: Dimension
  /// The kind of quantity.
  public let kind: Kind
  /// Coherent SI value = (number + offset) × multiplier / divisor.
  public let multiplier: Double
  /// See `multiplier`.
  public let divisor: Double
  /// 273.15 for °C, otherwise 0.
  public let offset: Double

  init(factors: [Factor], kind forced: Kind? = nil) {
    // Like factors are merged; what cancels goes, so that V/V is one and mV/V stays as it is.
    var merged: [Factor] = []
    for factor in factors where UnitDefinition.all[factor.unit].name != "one" {
      if let i = merged.firstIndex(where: { $0.prefix == factor.prefix && $0.unit == factor.unit }) {
        // Far beyond what `isWithinLimits` allows, and short of an overflow.
        merged[i].exponent = Int8(max(-100, min(100, Int(merged[i].exponent) + Int(factor.exponent))))
        if merged[i].exponent == 0 { merged.remove(at: i) }
      } else {
        merged.append(factor)
      }
    }
    var dimension = Dimension.one
    var up = 1.0
    var down = 1.0
    var tens = 0
    for factor in merged {
      let definition = UnitDefinition.all[factor.unit]
      dimension = dimension * definition.dimension.raised(to: factor.exponent)
      if factor.prefix >= 0 { tens += UnitPrefix.all[factor.prefix].exponent * Int(factor.exponent) }
      for _ in 0..<factor.exponent.magnitude {
        up *= factor.exponent > 0 ? definition.multiplier : definition.divisor
        down *= factor.exponent > 0 ? definition.divisor : definition.multiplier
      }
    }
    // Powers of ten on both sides cancel first: a kilogram is 1, not 1000/1000 of a gram.
    while tens > 0 && down >= 10 && down.remainder(dividingBy: 10) == 0 {
      down /= 10
      tens -= 1
    }
    while tens < 0 && up >= 10 && up.remainder(dividingBy: 10) == 0 {
      up /= 10
      tens += 1
    }
    if tens > 0 { up *= UnitPrefix.power(ofTen: tens) }
    if tens < 0 { down *= UnitPrefix.power(ofTen: -tens) }
    if up == down {
      up = 1
      down = 1
    }
    self.factors = merged
    self.dimension = dimension
    multiplier = up
    divisor = down
    var kind = Kind.ordinary
    var offset = 0.0
    if merged.count == 1 && merged[0].exponent == 1 {
      switch UnitDefinition.all[merged[0].unit].name {
      case "kelvin": kind = .temperatureDifference
      case "degreecelsius":
        kind = .thermodynamicTemperature
        offset = 273.15
      case "relativehumidity": kind = .relativeHumidity
      case "neper", "bel", "decibel": kind = .logarithmicRatio
      default: break
      }
    }
    self.kind = forced ?? kind
    self.offset = offset
  }

  private static func named(_ symbol: String, prefix: Int = -1, kind: Kind? = nil) -> Unit {
    guard let index = UnitDefinition.index(ofSymbol: symbol) else {
      preconditionFailure("every unit constant stands in the table of units")
    }
    return Unit(factors: [Factor(prefix: prefix, unit: index, exponent: 1)], kind: kind)
  }

  /// The unit of ratios and counts.
  public static let one = Unit(factors: [])
  /// The unit of temperature differences.
  public static let kelvin = named("K")
  /// Kelvin on the thermodynamic scale; texts give this only through `asThermodynamicTemperature`.
  public static let thermodynamicKelvin = named("K", kind: .thermodynamicTemperature)
  /// Degree Celsius, a temperature on a scale.
  public static let degreeCelsius = named("°C")
  /// Second.
  public static let second = named("s")
  /// Hertz.
  public static let hertz = named("Hz")
  /// Percent.
  public static let percent = named("%")
  /// Percent of relative humidity.
  public static let percentRelativeHumidity = named("%RH")
  /// Pascal.
  public static let pascal = named("Pa")
  /// Metre.
  public static let metre = named("m")
  /// Volt.
  public static let volt = named("V")
  /// Ampere.
  public static let ampere = named("A")
  /// Ohm.
  public static let ohm = named("Ω")

  /// This unit as one of temperature on a scale: K becomes thermodynamic, every other unit stays what it is.
  public var asThermodynamicTemperature: Unit {
    kind == .temperatureDifference ? Unit(factors: factors, kind: .thermodynamicTemperature) : self
  }

  /// The unit of differences of this unit: K for °C, otherwise itself.
  public var forDifferences: Unit {
    guard kind == .thermodynamicTemperature else { return self }
    return offset != 0 ? .kelvin : Unit(factors: factors)
  }

  /// The unit of the product of two quantities; a difference takes the place of a temperature.
  public static func * (a: Unit, b: Unit) -> Unit {
    if a.factors.isEmpty { return b }
    if b.factors.isEmpty { return a }
    return Unit(factors: a.forDifferences.factors + b.forDifferences.factors)
  }

  /// The unit of an integer power of a quantity, exponent within ±9; a difference takes the place of a temperature.
  public func raised(to exponent: Int8) -> Unit {
    var powers = forDifferences.factors
    for i in powers.indices {
      powers[i].exponent = Int8(max(-100, min(100, Int(powers[i].exponent) * Int(exponent))))
    }
    return exponent == 0 ? .one : Unit(factors: powers)
  }

  /// The unit of the square root of a quantity; nil where an exponent is odd.
  public var squareRoot: Unit? {
    var halves = forDifferences.factors
    for i in halves.indices {
      guard halves[i].exponent % 2 == 0 else { return nil }
      halves[i].exponent /= 2
    }
    return Unit(factors: halves)
  }

  /// Whether the unit is one that a text may have: at most 12 factors, exponents within ±9. Products of units that go
  /// beyond mean nothing.
  public var isWithinLimits: Bool {
    factors.count <= 12 && factors.allSatisfy { $0.exponent.magnitude <= 9 }
  }

  /// Whether numbers in both units may be added as they are: same dimension and same scale.
  public func hasScale(of other: Unit) -> Bool {
    dimension == other.dimension && multiplier * other.divisor == other.multiplier * divisor
  }

  /// The unit of the quotient of two quantities.
  public static func / (a: Unit, b: Unit) -> Unit {
    if b.factors.isEmpty { return a }
    var below = b.forDifferences.factors
    for i in below.indices { below[i].exponent = 0 &- below[i].exponent }
    return Unit(factors: a.forDifferences.factors + below)
  }
}

extension Unit: CustomStringConvertible {
  /// The symbol as printed: `mK`, `K/min`, `kg/m³`, `W/(m²·K)`, `1/s`; `1` for the unit one.
  public var symbol: String {
    if factors.isEmpty { return "1" }
    let above = Self.product(factors.filter { $0.exponent > 0 })
    let lower = factors.filter { $0.exponent < 0 }
    if lower.isEmpty { return above }
    let below = Self.product(lower)
    return (above.isEmpty ? "1" : above) + "/" + (lower.count > 1 ? "(" + below + ")" : below)
  }

  /// Same as `symbol`.
  public var description: String { symbol }

  /// D-SI notation of digital calibration certificates: `\milli\kelvin`, `\kilogram\metre\tothe{-3}`.
  public var digitalSI: String {
    if factors.isEmpty { return "\\one" }
    var text = ""
    for factor in factors {
      let definition = UnitDefinition.all[factor.unit]
      if factor.prefix >= 0 { text += "\\" + UnitPrefix.all[factor.prefix].name }
      // The D-SI writes the kilogram as one word, and knows humidity only as a ratio.
      let joined = factor.prefix >= 0 && UnitPrefix.all[factor.prefix].exponent == 3 && definition.symbol == "g"
      text += (joined ? "" : "\\") + (definition.symbol == "%RH" ? "percent" : definition.name)
      if factor.exponent != 1 { text += "\\tothe{\(factor.exponent)}" }
    }
    return text
  }

  private static func product(_ factors: [Factor]) -> String {
    let superscripts = ["", "", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    var text = ""
    for factor in factors {
      if !text.isEmpty { text += "·" }
      if factor.prefix >= 0 { text += UnitPrefix.all[factor.prefix].symbol }
      text += UnitDefinition.all[factor.unit].symbol + superscripts[min(Int(factor.exponent.magnitude), 9)]
    }
    return text
  }
}
