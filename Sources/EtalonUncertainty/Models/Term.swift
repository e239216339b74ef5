import EtalonMetrology

/// A quantity inside a measurement function written in Swift: arithmetic on it records the model, so that the function
/// has the same exact derivatives and the same speed as one read from text.
///
/// ```swift
/// let model = try MeasurementModel(inputs: inputs, output: "R") { x in x[0] / x[1] * Term.cos(x[2]) }
/// ```
/// The function runs once. It must not branch on values; there are none yet.
public struct Term: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  indirect enum Node: Sendable {
    case constant(Double)
    case variable(Int)
    case operation(Tape.Operation, Term, Term?)
  }
  let node: Node

  init(_ node: Node) { self.node = node }

  /// A constant.
  public init(_ value: Double) { node = .constant(value) }
  /// A constant.
  public init(floatLiteral value: Double) { node = .constant(value) }
  /// A constant.
  public init(integerLiteral value: Int) { node = .constant(Double(value)) }

  private static func apply(_ operation: Tape.Operation, _ a: Term, _ b: Term? = nil) -> Term {
    Term(.operation(operation, a, b))
  }

  /// Sum.
  public static func + (a: Term, b: Term) -> Term { apply(.add, a, b) }
  /// Difference.
  public static func - (a: Term, b: Term) -> Term { apply(.subtract, a, b) }
  /// Product.
  public static func * (a: Term, b: Term) -> Term { apply(.multiply, a, b) }
  /// Quotient.
  public static func / (a: Term, b: Term) -> Term { apply(.divide, a, b) }
  /// Negative.
  public static prefix func - (a: Term) -> Term { apply(.negate, a) }
  /// Power.
  public static func pow(_ a: Term, _ b: Term) -> Term { apply(.power, a, b) }
  /// Exponential function.
  public static func exp(_ a: Term) -> Term { apply(.exp, a) }
  /// Natural logarithm.
  public static func log(_ a: Term) -> Term { apply(.log, a) }
  /// Decimal logarithm.
  public static func log10(_ a: Term) -> Term { apply(.log10, a) }
  /// Square root.
  public static func sqrt(_ a: Term) -> Term { apply(.sqrt, a) }
  /// Sine of an angle in radians.
  public static func sin(_ a: Term) -> Term { apply(.sin, a) }
  /// Cosine of an angle in radians.
  public static func cos(_ a: Term) -> Term { apply(.cos, a) }
  /// Tangent of an angle in radians.
  public static func tan(_ a: Term) -> Term { apply(.tan, a) }
  /// Arc tangent in radians.
  public static func atan(_ a: Term) -> Term { apply(.atan, a) }
  /// Angle of the point (x, y) in radians.
  public static func atan2(_ y: Term, _ x: Term) -> Term { apply(.atan2, y, x) }
  /// Hyperbolic tangent.
  public static func tanh(_ a: Term) -> Term { apply(.tanh, a) }
  /// Absolute value.
  public static func abs(_ a: Term) -> Term { apply(.abs, a) }

  func emit(into tape: inout Tape) -> Int32 {
    switch node {
    case .constant(let value): return tape.constant(value)
    case .variable(let index): return tape.emit(Tape.Instruction(operation: .variable, a: Int32(index)))
    case .operation(let operation, let first, let second):
      let a = first.emit(into: &tape)
      let b = second?.emit(into: &tape) ?? 0
      return tape.emit(operation, a, b)
    }
  }
}

extension Expression {
  /// A model written in Swift over variables of the given names.
  public init(variables: [String], _ function: ([Term]) -> Term) {
    var tape = Tape()
    let register = function(variables.indices.map { Term(.variable($0)) }).emit(into: &tape)
    tape.finish(register)
    self.init(text: nil, variables: variables, tape: tape)
  }
}
