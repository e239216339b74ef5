import EtalonMetrology

/// A measurand given by an equation h(y, x₁ … x_N) = 0 (GUM F.2 remarks; JCGM 102, 6.2.3 and 6.3).
///
/// The value is the root that Newton's iteration reaches from the starting value; the derivatives are
/// ∂y/∂xᵢ = −(∂h/∂xᵢ)/(∂h/∂y), exact like those of the equation.
public struct ImplicitExpression: Sendable, Equatable {
  /// Name of the measurand in the equation.
  public let measurand: String
  /// Names of the inputs.
  public let variables: [String]
  /// Where the search begins.
  public let start: Double
  /// The equation's left side, with the measurand as its first variable.
  let equation: Expression

  /// - Parameters:
  ///   - text: `left = right` or an expression that is zero.
  ///   - measurand: the name to solve for.
  ///   - start: near the root meant, where there are several.
  ///   - variables: names of the inputs.
  public init(
    parsing text: String, solvingFor measurand: String, from start: Double = 0, variables: [String]
  ) throws(ExpressionFault) {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count <= 2 else { throw .syntax(text: text, at: 0, expected: "at most one =") }
    let left = parts.count == 2 ? "(\(parts[0])) - (\(parts[1]))" : text
    equation = try Expression(parsing: left, variables: [measurand] + variables)
    self.measurand = measurand
    self.variables = variables
    self.start = start
  }

  /// The root for the given values of the inputs.
  /// - Throws: `noRoot`, and the faults of the equation.
  public func evaluate(_ values: [Double]) throws(ExpressionFault) -> Double {
    try solve(values, from: start).root
  }

  /// The root and its derivatives in the order of `variables`.
  public func gradient(_ values: [Double]) throws(ExpressionFault) -> (value: Double, gradient: [Double]) {
    let (root, slopes) = try solve(values, from: start)
    return (root, slopes.dropFirst().map { -$0 / slopes[0] })
  }

  /// Newton's iteration with the step halved while it makes the equation worse, until the root stands still.
  func solve(_ values: [Double], from start: Double) throws(ExpressionFault) -> (root: Double, slopes: [Double]) {
    var point = [start] + values
    var slopes = [Double](repeating: 0, count: point.count)
    var residual = try equation.gradient(point, into: &slopes)
    for _ in 0..<100 {
      if residual == 0 && slopes[0] != 0 { return (point[0], slopes) }
      guard slopes[0] != 0 else { break }
      let step = residual / slopes[0]
      var factor = 1.0
      let origin = point[0]
      while true {
        point[0] = origin - factor * step
        if let next = equation.valueIfDefined(point), abs(next) < abs(residual) { break }
        factor /= 2
        // No better neighbour: the root is as near as the arithmetic allows, if the step is that of rounding.
        if factor < 1e-10 {
          guard abs(step) <= 1e-9 * max(abs(origin), Double.leastNormalMagnitude) else {
            throw .noRoot(variable: measurand, lastValue: origin, residual: residual)
          }
          point[0] = origin
          _ = try equation.gradient(point, into: &slopes)
          return (origin, slopes)
        }
      }
      residual = try equation.gradient(point, into: &slopes)
      if abs(step) * factor <= 1e-15 * abs(point[0]) { return (point[0], slopes) }
    }
    throw .noRoot(variable: measurand, lastValue: point[0], residual: residual)
  }
}
