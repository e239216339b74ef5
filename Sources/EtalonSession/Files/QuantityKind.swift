import EtalonMetrology

/// What kind of quantity a key takes, and the unit that its value is handed on in.
public struct QuantityKind: Sendable {
  /// With an article, for messages: `a time`.
  public var name: String
  /// Unit of the value handed on.
  public var unit: Unit
  /// How one is written, for fixes.
  public var example: String
  /// Symbols that are convertible and yet mean something else: a share is no angle, a rate no radioactivity.
  var foreignSymbols: [String] = []
  /// The greatest magnitude that makes sense, in `unit`.
  var greatestMagnitude = Double.greatestFiniteMagnitude

  /// A kind from its name with article, the unit of its values and an example.
  public init(name: String, unit: Unit, example: String) {
    self.name = name
    self.unit = unit
    self.example = example
  }

  private init(name: String, unit: Unit, example: String, foreignSymbols: [String]) {
    self.init(name: name, unit: unit, example: example)
    self.foreignSymbols = foreignSymbols
  }

  /// Whether a unit of the right dimension and kind means something else.
  func isForeign(_ unit: Unit) -> Bool { foreignSymbols.contains { unit.symbol.hasSuffix($0) } }

  private static func unit(_ symbol: String) -> Unit {
    do { return try Unit.parse(symbol) } catch { preconditionFailure("'\(symbol)' stands in the table of units") }
  }

  /// In seconds; at most ten years, so that every instant of a run can be told in nanoseconds.
  public static let time: QuantityKind = {
    var kind = QuantityKind(name: "a time", unit: .second, example: "10 min")
    kind.greatestMagnitude = 3.2e8
    return kind
  }()
  /// In hertz.
  public static let frequency = QuantityKind(
    name: "a rate", unit: .hertz, example: "1 Hz", foreignSymbols: ["Bq"])
  /// In degrees Celsius.
  public static let temperature = QuantityKind(name: "a temperature", unit: .degreeCelsius, example: "25 °C")
  /// In kelvin.
  public static let temperatureDifference = QuantityKind(
    name: "a temperature difference", unit: .kelvin, example: "0.02 K")
  /// In kelvin per second.
  public static let temperatureSlope = QuantityKind(
    name: "a slope of temperature", unit: unit("K/s"), example: "0.02 K/min")
  /// In percent of relative humidity.
  public static let relativeHumidity = QuantityKind(
    name: "a relative humidity", unit: .percentRelativeHumidity, example: "45 %RH")
  /// In pascal.
  public static let pressure = QuantityKind(name: "a pressure", unit: .pascal, example: "1013 hPa")
  /// In percent.
  public static let share = QuantityKind(
    name: "a share", unit: .percent, example: "1 %", foreignSymbols: ["rad", "sr", "°", "′", "″"])
  /// In volts.
  public static let voltage = QuantityKind(name: "a voltage", unit: unit("V"), example: "3.3 V")
  /// In watts.
  public static let power = QuantityKind(name: "a power", unit: unit("W"), example: "1500 W")
  /// In ohm.
  public static let resistance = QuantityKind(name: "a resistance", unit: unit("Ω"), example: "400 Ω")
  /// In joules per kelvin.
  public static let heatCapacity = QuantityKind(name: "a heat capacity", unit: unit("J/K"), example: "21 kJ/K")
  /// In watts per kelvin.
  public static let thermalConductance = QuantityKind(
    name: "a thermal conductance", unit: unit("W/K"), example: "6 W/K")
}
