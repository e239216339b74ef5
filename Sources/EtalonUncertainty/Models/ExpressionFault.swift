/// Why a model text cannot be read, or why it has no value.
public enum ExpressionFault: Error, Equatable, Sendable {
  /// The text cannot be read from a character on (counted from 0).
  case syntax(text: String, at: Int, expected: String)
  /// No function has this name.
  case unknownFunction(String, nearest: String?)
  /// A function was given another number of arguments than it takes.
  case argumentCount(function: String, expected: Int, received: Int)
  /// The text names a quantity that is not among the inputs.
  case unknownVariable(String, nearest: String?)
  /// Longer than 20 000 characters, or nested deeper than 100 brackets.
  case tooLarge
  /// The number of values is not the number of variables.
  case valueCount(expected: Int, received: Int)
  /// A value handed in is not a finite number.
  case notFinite(variable: String, value: Double)
  /// An operation has no finite result: a division by zero, the logarithm of a negative number, an overflow.
  case undefined(operation: String, arguments: [Double])
  /// The value is finite, but its derivative is not: a square root at 0, an absolute value at 0.
  case notDifferentiable(operation: String, arguments: [Double])
  /// An operation on quantities that it cannot take.
  case units(operation: String, reason: String)
  /// The equation has no root that iteration from the starting value finds.
  case noRoot(variable: String, lastValue: Double, residual: Double)
}

extension ExpressionFault: CustomStringConvertible {
  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .syntax(let text, let at, let expected):
      return "the model \"\(text)\" needs \(expected) at character \(at + 1)"
    case .unknownFunction(let name, let nearest):
      return "there is no function \"\(name)\"" + (nearest.map { "; did you mean \($0)?" } ?? "")
    case .argumentCount(let function, let expected, let received):
      return "\(function) takes \(expected) arguments and received \(received)"
    case .unknownVariable(let name, let nearest):
      return "the model uses \"\(name)\", which is no input" + (nearest.map { "; did you mean \($0)?" } ?? "")
    case .tooLarge: return "the model text is too long or nested too deeply"
    case .valueCount(let expected, let received): return "the model needs \(expected) values and received \(received)"
    case .notFinite(let variable, let value): return "the value \(value) of \"\(variable)\" is not a finite number"
    case .undefined(let operation, let arguments): return "\(operation) has no finite value for \(arguments)"
    case .notDifferentiable(let operation, let arguments): return "\(operation) has no derivative at \(arguments)"
    case .units(let operation, let reason): return "\(operation): \(reason)"
    case .noRoot(let variable, let lastValue, let residual):
      return "no solution for \"\(variable)\" was found; the last value \(lastValue) leaves a residual of \(residual)"
    }
  }
}
