import EtalonMetrology

/// Units in the headings of a data file: numbers of one column are brought to the unit of another, or refused.
///
/// A heading without a unit says nothing, and its numbers are taken as they are.
enum ColumnUnits {
  /// What a number of a column has to be multiplied by; the zero of a scale does not matter to uncertainties and differences.
  /// - Parameters:
  ///   - unit: in the heading of the column; nil for none.
  ///   - wanted: the unit to bring the numbers to; nil where that is not known.
  ///   - advice: what to do where the units do not fit.
  /// - Throws: `DataFault` naming column, both units and the remedy.
  static func factor(
    column: String, unit: String?, to wanted: String?, path: String, advice: String
  ) throws(DataFault) -> Double {
    guard let unit, let wanted, unit != wanted else { return 1 }
    let own: EtalonMetrology.Unit
    let other: EtalonMetrology.Unit
    do throws(UnitFault) {
      own = try .parse(unit)
      other = try .parse(wanted)
    } catch {
      throw DataFault(
        path: path, line: nil, reason: "column '\(column)' is in \(unit) where \(wanted) is needed: \(error); \(advice)"
      )
    }
    func isTemperature(_ kind: EtalonMetrology.Unit.Kind) -> Bool {
      kind == .thermodynamicTemperature || kind == .temperatureDifference
    }
    guard own.dimension == other.dimension,
      own.kind == other.kind || (isTemperature(own.kind) && isTemperature(other.kind))
    else {
      throw DataFault(
        path: path, line: nil, reason: "column '\(column)' is in \(unit), which is no \(wanted); \(advice)")
    }
    return own.multiplier * other.divisor / (own.divisor * other.multiplier)
  }
}
