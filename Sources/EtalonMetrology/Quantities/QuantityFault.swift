/// Why a text is not a quantity, or why a quantity has no value in a unit.
public struct QuantityFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Equatable, Sendable {
    /// There is no text.
    case empty
    /// The text does not begin with a decimal number.
    case notANumber
    /// The number is beyond what binary floating point holds.
    case outOfRange
    /// A comma stands where a decimal point belongs.
    case decimalComma
    /// The unit is at fault.
    case unit(UnitFault)
    /// The quantity has another dimension than the one asked for.
    case dimension(expected: Dimension, received: Dimension)
    /// The dimension is right but the kind is not: a temperature where a difference belongs, a ratio for a humidity.
    case kind(expected: Unit.Kind, received: Unit.Kind)
    /// Named units of the same dimension that stand for different quantities: Hz and rad/s, Gy and Sv.
    case quantity(expected: Unit, received: Unit)
    /// A temperature below 0 K.
    case belowAbsoluteZero
  }
  /// What is wrong.
  public let reason: Reason
  /// The text or quantity at fault.
  public let text: String
  /// What to write instead, as a sentence.
  public let fix: String

  /// The nearest known unit, where the unit is misspelt.
  public var nearest: String? {
    if case .unit(let fault) = reason { return fault.nearest }
    return nil
  }

  /// Reason and fix in one line.
  public var description: String {
    let what: String
    switch reason {
    case .empty: what = "the quantity is missing"
    case .notANumber: what = "\"\(text)\" does not begin with a decimal number"
    case .outOfRange: what = "the number of \"\(text)\" is out of range"
    case .decimalComma: what = "\"\(text)\" has a comma in its number"
    case .unit(let fault): return "\"\(text)\": \(fault.description)"
    case .dimension(let expected, let received):
      what = "\"\(text)\" has the dimension \(received.description), expected \(expected.description)"
    case .kind(expected: .temperatureDifference, received: _): what = "\"\(text)\" is a temperature, not a difference"
    case .kind(expected: .thermodynamicTemperature, received: _):
      what = "\"\(text)\" is a difference, not a temperature"
    case .kind(expected: .relativeHumidity, received: _): what = "\"\(text)\" is not a relative humidity"
    case .kind(expected: .logarithmicRatio, received: _): what = "\"\(text)\" is not the logarithm of a ratio"
    case .kind(expected: .ordinary, received: .logarithmicRatio):
      what = "\"\(text)\" is the logarithm of a ratio, of powers or of amplitudes, and not a plain number"
    case .quantity(let expected, let received):
      what =
        "\"\(text)\" is in \(received.symbol), and \(expected.symbol) stands for another quantity of that dimension"
    case .belowAbsoluteZero: what = "\"\(text)\" is below absolute zero, which is -273.15 °C"
    case .kind(expected: .ordinary, received: _): what = "\"\(text)\" is a relative humidity, not a plain ratio"
    }
    return "\(what); \(fix)"
  }
}
