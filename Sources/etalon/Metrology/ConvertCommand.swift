import ArgumentParser
import EtalonMetrology
import EtalonSession
import Foundation

/// `etalon convert`: a quantity in another unit.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert a quantity into another unit.",
    discussion: """
      Units are written as people type them (mK, °C, mV/V, 1/s, kg·m^-3) or as in digital certificates (\\milli\\kelvin). \
      K beside °C is the temperature scale; K beside K is a difference. A value may carry its standard uncertainty: \
      20.012(5) °C or (20.012 ± 0.005) °C. Units that share a dimension but stand for different quantities (Hz, Bq and \
      rad/s; Gy and Sv; lm and cd; W, var and VA) are not converted into one another; status 65 and the reason.

        etalon convert "12.5 °C" K
        etalon convert "1013.25 hPa" bar --json
      """)

  // A quantity may begin with a minus sign, as options do.
  @Argument(parsing: .allUnrecognized, help: "Number and unit; without a unit to convert to, the SI value is printed.")
  var words: [String]
  @Flag(name: .long, help: "Print JSON.")
  var json = false
  @Flag(name: .long, help: "Print CSV.")
  var csv = false

  /// A quantity before and after.
  struct Conversion {
    let from: Quantity
    let number: Double
    let unit: EtalonMetrology.Unit
    /// Standard uncertainty in the new unit; nil where none was given.
    let uncertainty: Double?
  }

  func validate() throws {
    if json && csv { throw ValidationError("give --json or --csv, not both") }
  }

  func run() throws {
    let result: Conversion
    do { result = try Self.convert(words) } catch let fault as QuantityFault {
      throw Fail.with(.badData, fault.description)
    } catch let fault as UnitFault {
      throw Fail.with(.badData, fault.description)
    } catch let fault as NotationFault {
      throw Fail.with(.badData, fault.description)
    }
    if json {
      let object: [String: Any] = [
        "from": ["value": result.from.number, "unit": result.from.unit.symbol], "value": result.number,
        "unit": result.unit.symbol, "dsi": result.unit.digitalSI, "u": result.uncertainty ?? NSNull(),
      ]
      let data = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
      print(String(decoding: data, as: UTF8.self))
    } else if csv {
      print(
        CSVText.row([
          ("value", result.number), ("unit", result.unit.symbol), ("u", result.uncertainty),
          ("from_value", result.from.number), ("from_unit", result.from.unit.symbol),
        ]))
    } else if let u = result.uncertainty {
      print(try ConciseNotation(value: result.number, standardUncertainty: u, unit: result.unit).text())
    } else {
      print(Quantity(result.number, result.unit))
    }
  }

  static func convert(_ words: [String]) throws -> Conversion {
    guard words.count == 1 || words.count == 2 else {
      throw ValidationError("give a quantity and a unit, each in quotes where it has spaces: \"12.5 °C\" K")
    }
    var quantity: Quantity
    var uncertainty: Double?
    if let found = try PlusMinus.parse(words[0]) {
      quantity = Quantity(found.value, found.unit)
      uncertainty = found.standardUncertainty
    } else if carriesUncertainty(words[0]) {
      let concise = try ConciseNotation.parse(words[0])
      quantity = Quantity(concise.value, concise.unit)
      uncertainty = concise.standardUncertainty
    } else {
      quantity = try Quantity.parse(words[0])
    }
    var target = words.count == 2 ? try EtalonMetrology.Unit.parse(words[1]) : coherent(quantity.unit)
    // K beside a temperature means the scale.
    if quantity.unit.kind == .thermodynamicTemperature { target = target.asThermodynamicTemperature }
    if target.kind == .thermodynamicTemperature {
      quantity = Quantity(quantity.number, quantity.unit.asThermodynamicTemperature)
    }
    let spread = try uncertainty.map {
      try Quantity($0, quantity.unit.forDifferences).value(in: target.forDifferences)
    }
    return Conversion(from: quantity, number: try quantity.value(in: target), unit: target, uncertainty: spread)
  }

  /// Whether a bracket follows the digits of the value, as in 20.012(5) °C; those of units follow a sign or a space.
  private static func carriesUncertainty(_ text: String) -> Bool {
    guard let open = text.firstIndex(of: "("), open > text.startIndex else { return false }
    let before = text[text.index(before: open)]
    return before.isWholeNumber && before.isASCII || before == "."
  }

  /// The coherent SI unit of the same dimension, in base units.
  private static func coherent(_ unit: EtalonMetrology.Unit) -> EtalonMetrology.Unit {
    if unit.kind == .relativeHumidity { return unit }
    do throws(UnitFault) {
      if unit.kind == .logarithmicRatio { return try EtalonMetrology.Unit.parse("Np") }
      // Angles stay: an angular velocity is rad/s and a flux cd·sr, not 1/s and cd.
      let plain = unit.dimension.description
      for text in [plain, "rad·" + plain, "sr·" + plain] {
        let candidate = try EtalonMetrology.Unit.parse(text)
        if Quantity(1, unit).isSameQuantity(as: candidate) { return candidate }
      }
      return try EtalonMetrology.Unit.parse(plain)
    } catch {
      preconditionFailure("a dimension prints as a product of base units: \(error)")
    }
  }
}
