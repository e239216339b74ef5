/// One named unit: how it is written and what it is in coherent SI.
///
/// SI Brochure, 9th edition: tables 2 (base), 4 (derived with special names) and 8 (accepted non-SI units). The scale is
/// a quotient of two numbers that binary floating point holds exactly wherever that is possible, so that 9 mK is the
/// double nearest 0.009 and not a rounding beside it.
struct UnitDefinition: Sendable {
  /// Written symbol, as printed.
  let symbol: String
  /// Name in D-SI notation (PTB, D-SI format 2.x), without the backslash; also the English name.
  let name: String
  let dimension: Dimension
  let multiplier: Double
  let divisor: Double
  /// Whether SI prefixes may stand before it.
  let takesPrefix: Bool

  init(
    _ symbol: String, _ name: String, _ dimension: Dimension, times multiplier: Double = 1, over divisor: Double = 1,
    prefix: Bool = false
  ) {
    self.symbol = symbol
    self.name = name
    self.dimension = dimension
    self.multiplier = multiplier
    self.divisor = divisor
    self.takesPrefix = prefix
  }

  private static let energy = Dimension(time: -2, length: 2, mass: 1)
  private static let pressure = Dimension(time: -2, length: -1, mass: 1)
  private static let voltage = Dimension(time: -3, length: 2, mass: 1, current: -1)
  private static let resistance = Dimension(time: -3, length: 2, mass: 1, current: -2)

  /// All known units. The order is part of nothing; a symbol stands once.
  static let all: [UnitDefinition] = [
    // Base units; the gram carries the prefixes of mass.
    UnitDefinition("s", "second", Dimension(time: 1), prefix: true),
    UnitDefinition("m", "metre", Dimension(length: 1), prefix: true),
    UnitDefinition("g", "gram", Dimension(mass: 1), over: 1000, prefix: true),
    UnitDefinition("A", "ampere", Dimension(current: 1), prefix: true),
    UnitDefinition("K", "kelvin", Dimension(temperature: 1), prefix: true),
    UnitDefinition("mol", "mole", Dimension(amount: 1), prefix: true),
    UnitDefinition("cd", "candela", Dimension(luminosity: 1), prefix: true),
    // Derived units with special names.
    UnitDefinition("rad", "radian", .one, prefix: true),
    UnitDefinition("sr", "steradian", .one, prefix: true),
    UnitDefinition("Hz", "hertz", Dimension(time: -1), prefix: true),
    UnitDefinition("N", "newton", Dimension(time: -2, length: 1, mass: 1), prefix: true),
    UnitDefinition("Pa", "pascal", pressure, prefix: true),
    UnitDefinition("J", "joule", energy, prefix: true),
    UnitDefinition("W", "watt", Dimension(time: -3, length: 2, mass: 1), prefix: true),
    UnitDefinition("C", "coulomb", Dimension(time: 1, current: 1), prefix: true),
    UnitDefinition("V", "volt", voltage, prefix: true),
    UnitDefinition("F", "farad", Dimension.one / resistance * Dimension(time: 1), prefix: true),
    UnitDefinition("Ω", "ohm", resistance, prefix: true),
    UnitDefinition("S", "siemens", Dimension.one / resistance, prefix: true),
    UnitDefinition("Wb", "weber", voltage * Dimension(time: 1), prefix: true),
    UnitDefinition("T", "tesla", voltage * Dimension(time: 1, length: -2), prefix: true),
    UnitDefinition("H", "henry", resistance * Dimension(time: 1), prefix: true),
    UnitDefinition("°C", "degreecelsius", Dimension(temperature: 1)),
    UnitDefinition("lm", "lumen", Dimension(luminosity: 1), prefix: true),
    UnitDefinition("lx", "lux", Dimension(length: -2, luminosity: 1), prefix: true),
    UnitDefinition("Bq", "becquerel", Dimension(time: -1), prefix: true),
    UnitDefinition("Gy", "gray", Dimension(time: -2, length: 2), prefix: true),
    UnitDefinition("Sv", "sievert", Dimension(time: -2, length: 2), prefix: true),
    UnitDefinition("kat", "katal", Dimension(time: -1, amount: 1), prefix: true),
    // Accepted for use with the SI.
    UnitDefinition("min", "minute", Dimension(time: 1), times: 60),
    UnitDefinition("h", "hour", Dimension(time: 1), times: 3600),
    UnitDefinition("d", "day", Dimension(time: 1), times: 86400),
    UnitDefinition("au", "astronomicalunit", Dimension(length: 1), times: 149_597_870_700),
    UnitDefinition("°", "degree", .one, times: Double.pi, over: 180),
    UnitDefinition("′", "arcminute", .one, times: Double.pi, over: 10_800),
    UnitDefinition("″", "arcsecond", .one, times: Double.pi, over: 648_000),
    UnitDefinition("ha", "hectare", Dimension(length: 2), times: 10_000),
    UnitDefinition("L", "litre", Dimension(length: 3), over: 1000, prefix: true),
    UnitDefinition("t", "tonne", Dimension(mass: 1), times: 1000, prefix: true),
    UnitDefinition("Da", "dalton", Dimension(mass: 1), times: 1.660_539_068_92e-27, prefix: true),
    UnitDefinition("eV", "electronvolt", energy, times: 1.602_176_634e-19, prefix: true),
    UnitDefinition("bar", "bar", pressure, times: 100_000, prefix: true),
    UnitDefinition("atm", "standardatmosphere", pressure, times: 101_325),
    UnitDefinition("Wh", "watthour", energy, times: 3600, prefix: true),
    UnitDefinition("Ah", "amperehour", Dimension(time: 1, current: 1), times: 3600, prefix: true),
    UnitDefinition("VA", "voltampere", Dimension(time: -3, length: 2, mass: 1), prefix: true),
    UnitDefinition("var", "var", Dimension(time: -3, length: 2, mass: 1), prefix: true),
    // Ratios.
    UnitDefinition("1", "one", .one),
    UnitDefinition("%", "percent", .one, over: 100),
    UnitDefinition("‰", "permille", .one, over: 1000),
    UnitDefinition("ppm", "ppm", .one, over: 1_000_000),
    UnitDefinition("ppb", "ppb", .one, over: 1_000_000_000),
    UnitDefinition("%RH", "relativehumidity", .one, over: 100),
    // Logarithmic ratios (SI Brochure, table 8; ISO 80000-1, annex C): 1 B = ½ ln 10 Np. Bels take no prefix here, so that
    // a gigabyte is not read as one.
    UnitDefinition("Np", "neper", .one, prefix: true),
    UnitDefinition("B", "bel", .one, times: 1.151_292_546_497_022_842),
    UnitDefinition("dB", "decibel", .one, times: 1.151_292_546_497_022_842, over: 10),
  ]

  /// Other ways of typing a symbol, each with the position of the symbol meant in `all`.
  static let aliases: [(typed: String, symbol: String)] = [
    ("Ω", "Ω"), ("Ohm", "Ω"), ("ohm", "Ω"), ("℃", "°C"), ("degC", "°C"), ("ºC", "°C"), ("˚C", "°C"), ("l", "L"),
    ("%rh", "%RH"), ("%r.h.", "%RH"), ("%rF", "%RH"), ("deg", "°"), ("'", "′"), ("\"", "″"), ("arcmin", "′"),
    ("arcsec", "″"), ("sec", "s"),
  ]

  static func index(ofSymbol symbol: String) -> Int? {
    all.firstIndex { sameBytes($0.symbol, symbol) }
  }

  /// Compares bytes, because comparison of characters would bring Unicode tables onto the chip.
  static func sameBytes(_ a: String, _ b: String) -> Bool {
    a.utf8.elementsEqual(b.utf8)
  }
}

/// An SI prefix (SI Brochure, 9th edition, table 7).
struct UnitPrefix: Sendable {
  let symbol: String
  let name: String
  let exponent: Int

  static let all: [UnitPrefix] = [
    UnitPrefix(symbol: "da", name: "deca", exponent: 1), UnitPrefix(symbol: "h", name: "hecto", exponent: 2),
    UnitPrefix(symbol: "k", name: "kilo", exponent: 3), UnitPrefix(symbol: "M", name: "mega", exponent: 6),
    UnitPrefix(symbol: "G", name: "giga", exponent: 9), UnitPrefix(symbol: "T", name: "tera", exponent: 12),
    UnitPrefix(symbol: "P", name: "peta", exponent: 15), UnitPrefix(symbol: "E", name: "exa", exponent: 18),
    UnitPrefix(symbol: "Z", name: "zetta", exponent: 21), UnitPrefix(symbol: "Y", name: "yotta", exponent: 24),
    UnitPrefix(symbol: "R", name: "ronna", exponent: 27), UnitPrefix(symbol: "Q", name: "quetta", exponent: 30),
    UnitPrefix(symbol: "d", name: "deci", exponent: -1), UnitPrefix(symbol: "c", name: "centi", exponent: -2),
    UnitPrefix(symbol: "m", name: "milli", exponent: -3), UnitPrefix(symbol: "µ", name: "micro", exponent: -6),
    UnitPrefix(symbol: "μ", name: "micro", exponent: -6), UnitPrefix(symbol: "u", name: "micro", exponent: -6),
    UnitPrefix(symbol: "n", name: "nano", exponent: -9), UnitPrefix(symbol: "p", name: "pico", exponent: -12),
    UnitPrefix(symbol: "f", name: "femto", exponent: -15), UnitPrefix(symbol: "a", name: "atto", exponent: -18),
    UnitPrefix(symbol: "z", name: "zepto", exponent: -21), UnitPrefix(symbol: "y", name: "yocto", exponent: -24),
    UnitPrefix(symbol: "r", name: "ronto", exponent: -27), UnitPrefix(symbol: "q", name: "quecto", exponent: -30),
  ]

  static func power(ofTen exponent: Int) -> Double {
    var value = 1.0
    for _ in 0..<exponent { value *= 10 }
    return value
  }
}
