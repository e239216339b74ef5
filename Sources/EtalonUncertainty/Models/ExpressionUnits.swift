import EtalonMetrology

extension Expression {
  /// The unit of the result, from the units in which the values of the variables are given.
  ///
  /// Numbers enter a model as they are, so terms that are added must have the same unit and not only the same dimension.
  /// A number in the text takes the unit of what it is added to or compared with, and is a plain factor otherwise.
  /// Temperatures: °C minus °C is a difference in K; °C plus K is in °C; °C plus °C is refused.
  /// - Parameter units: one for each variable, in their order.
  /// - Throws: `valueCount`; `units` with the operation and the reason.
  public func unit(of units: [Unit]) throws(ExpressionFault) -> Unit {
    guard units.count == variables.count else {
      throw .valueCount(expected: variables.count, received: units.count)
    }
    var registers: [Unit] = []
    for (i, instruction) in tape.instructions.enumerated() {
      func fault(_ reason: String) -> ExpressionFault {
        .units(operation: tape.text(of: Int32(i), variables: variables), reason: reason)
      }
      let a = Int(instruction.a)
      let b = Int(instruction.b)
      let unit: Unit
      switch instruction.operation {
      case .constant: unit = .one
      case .variable: unit = units[a]
      case .multiply:
        // The last step of a tape may be a product with 1 that only names the result; it keeps the unit as it is.
        if tape.constantValue(instruction.b) == 1 {
          unit = registers[a]
        } else {
          unit = registers[a] * registers[b]
        }
      case .divide: unit = registers[a] / registers[b]
      case .negate, .abs:
        if registers[a].kind == .thermodynamicTemperature { throw fault("a temperature has no negative; use K") }
        unit = registers[a]
      case .integerPower:
        guard (-9...9).contains(instruction.b) else { throw fault("the exponent is beyond 9") }
        unit = registers[a].raised(to: Int8(instruction.b))
      case .sqrt:
        guard let root = registers[a].squareRoot else { throw fault("\(registers[a]) has no square root") }
        unit = root
      case .add, .subtract, .minimum, .maximum, .atan2:
        let x = tape.constantValue(instruction.a) == nil ? registers[a] : registers[b]
        let y = tape.constantValue(instruction.b) == nil ? registers[b] : registers[a]
        guard x.dimension == y.dimension else { throw fault("\(x) and \(y) have different dimensions") }
        guard x.hasScale(of: y) else { throw fault("\(x) and \(y) differ in scale; give both in one unit") }
        unit = try Self.sum(x, y, instruction.operation, fault)
      case .power, .exp, .log, .log10, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh:
        guard registers[a].hasScale(of: .one) else { throw fault("the argument has the unit \(registers[a]), not 1") }
        if instruction.operation == .power, !registers[b].hasScale(of: .one) {
          throw fault("the exponent has the unit \(registers[b]), not 1")
        }
        unit = .one
      }
      guard unit.isWithinLimits else { throw fault("the unit has too many factors or too large an exponent") }
      registers.append(unit)
    }
    return registers[tape.result]
  }

  private static func sum(
    _ x: Unit, _ y: Unit, _ operation: Tape.Operation, _ fault: (String) -> ExpressionFault
  ) throws(ExpressionFault) -> Unit {
    if operation == .atan2 { return .one }
    let first = x.kind == .thermodynamicTemperature
    let second = y.kind == .thermodynamicTemperature
    switch operation {
    case .add where first && second: throw fault("two temperatures cannot be added")
    case .add: return second ? y : x
    case .subtract where second && !first: throw fault("a temperature cannot be taken from a difference")
    case .subtract: return first && second ? x.forDifferences : x
    default:
      if first != second { throw fault("a temperature cannot be compared with a difference") }
      return x
    }
  }
}
