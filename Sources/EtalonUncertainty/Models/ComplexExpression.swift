import EtalonMetrology

/// How a complex quantity is known.
public enum ComplexForm: Equatable, Sendable {
  /// By magnitude and phase in radians; the inputs are `name.magnitude` and `name.phase`.
  case polar
  /// By real and imaginary part; the inputs are `name.real` and `name.imaginary`.
  case rectangular
}

/// A model between complex quantities, split into its real and imaginary part as functions of real inputs.
///
/// Operators, integer powers, exp, log, sqrt (principal values) and abs; other functions take real arguments only and are
/// refused.
struct ComplexExpression {
  let real: Expression
  let imaginary: Expression
  /// Names of the real inputs, two for each complex one.
  let variables: [String]

  init(parsing text: String, inputs: [(name: String, form: ComplexForm)]) throws(ExpressionFault) {
    let source = try Expression(parsing: text, variables: inputs.map(\.name))
    var variables: [String] = []
    for (name, form) in inputs {
      variables += form == .polar ? ["\(name).magnitude", "\(name).phase"] : ["\(name).real", "\(name).imaginary"]
    }
    self.variables = variables
    real = Expression(
      text: text, variables: variables, tape: try Self.part(source, inputs.map(\.form), imaginary: false))
    imaginary = Expression(
      text: text, variables: variables, tape: try Self.part(source, inputs.map(\.form), imaginary: true))
  }

  private typealias Pair = (re: Int32, im: Int32)

  private static func part(
    _ source: Expression, _ forms: [ComplexForm], imaginary: Bool
  ) throws(ExpressionFault) -> Tape {
    var tape = Tape()
    var pairs: [Pair] = []
    for (i, instruction) in source.tape.instructions.enumerated() {
      var a: Pair = (0, 0)
      var b: Pair = (0, 0)
      if instruction.operation != .constant && instruction.operation != .variable {
        a = pairs[Int(instruction.a)]
        if Tape.isBinary(instruction.operation) { b = pairs[Int(instruction.b)] }
      }
      switch instruction.operation {
      case .constant: pairs.append((tape.constant(instruction.constant), tape.constant(0)))
      case .variable:
        let first = tape.emit(Tape.Instruction(operation: .variable, a: 2 * instruction.a))
        let second = tape.emit(Tape.Instruction(operation: .variable, a: 2 * instruction.a + 1))
        if forms[Int(instruction.a)] == .polar {
          pairs.append(polar(first, second, &tape))
        } else {
          pairs.append((first, second))
        }
      case .add: pairs.append((tape.emit(.add, a.re, b.re), tape.emit(.add, a.im, b.im)))
      case .subtract: pairs.append((tape.emit(.subtract, a.re, b.re), tape.emit(.subtract, a.im, b.im)))
      case .negate: pairs.append((tape.emit(.negate, a.re), tape.emit(.negate, a.im)))
      case .multiply: pairs.append(product(a, b, &tape))
      case .divide: pairs.append(quotient(a, b, &tape))
      case .integerPower:
        var power: Pair = (tape.constant(1), tape.constant(0))
        for _ in 0..<instruction.b.magnitude { power = product(power, a, &tape) }
        pairs.append(
          instruction.b < 0 ? quotient((tape.constant(1), tape.constant(0)), power, &tape) : power)
      case .exp: pairs.append(polar(tape.emit(.exp, a.re), a.im, &tape))
      case .log: pairs.append((tape.emit(.log, magnitude(a, &tape)), tape.emit(.atan2, a.im, a.re)))
      case .sqrt:
        let half = tape.emit(.multiply, tape.emit(.atan2, a.im, a.re), tape.constant(0.5))
        pairs.append(polar(tape.emit(.sqrt, magnitude(a, &tape)), half, &tape))
      case .abs: pairs.append((magnitude(a, &tape), tape.constant(0)))
      default:
        throw .units(
          operation: source.tape.text(of: Int32(i), variables: source.variables),
          reason: "this function takes no complex argument")
      }
    }
    let result = pairs[source.tape.result]
    tape.finish(imaginary ? result.im : result.re)
    return tape
  }

  private static func polar(_ magnitude: Int32, _ phase: Int32, _ tape: inout Tape) -> Pair {
    (
      tape.emit(.multiply, magnitude, tape.emit(.cos, phase)), tape.emit(.multiply, magnitude, tape.emit(.sin, phase))
    )
  }

  private static func squared(_ a: Pair, _ tape: inout Tape) -> Int32 {
    tape.emit(.add, tape.emit(.multiply, a.re, a.re), tape.emit(.multiply, a.im, a.im))
  }

  private static func magnitude(_ a: Pair, _ tape: inout Tape) -> Int32 { tape.emit(.sqrt, squared(a, &tape)) }

  private static func product(_ a: Pair, _ b: Pair, _ tape: inout Tape) -> Pair {
    let re = tape.emit(.subtract, tape.emit(.multiply, a.re, b.re), tape.emit(.multiply, a.im, b.im))
    let im = tape.emit(.add, tape.emit(.multiply, a.re, b.im), tape.emit(.multiply, a.im, b.re))
    return (re, im)
  }

  private static func quotient(_ a: Pair, _ b: Pair, _ tape: inout Tape) -> Pair {
    let conjugate: Pair = (b.re, tape.emit(.negate, b.im))
    let above = product(a, conjugate, &tape)
    let below = squared(b, &tape)
    return (tape.emit(.divide, above.re, below), tape.emit(.divide, above.im, below))
  }
}
