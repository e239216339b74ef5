/// Why a fit can not be given.
public enum FitFault: Error, Equatable, Sendable {
  /// An input is not-a-number or infinite.
  case notFinite(input: String, index: Int)
  /// Inputs that belong together have different lengths.
  case lengthMismatch(input: String, expected: Int, received: Int)
  /// Fewer points than parameters, or just as many where the residuals have to give the uncertainty.
  case tooFewPoints(needed: Int, received: Int)
  /// A polynomial needs more different abscissae than its degree.
  case duplicateAbscissae(different: Int, needed: Int)
  /// A standard uncertainty, weight or half-width that has to be positive is not.
  case notPositive(input: String, index: Int, value: Double)
  /// A covariance matrix has no real standard deviations for some combination: its leading minor of this order fails.
  case notPositiveDefinite(input: String, index: Int)
  /// A covariance matrix is not symmetric.
  case notSymmetric(input: String, row: Int, column: Int)
  /// The data do not determine this parameter apart from those before it.
  case undeterminedParameter(name: String)
  /// A degree or a number of parameters outside what a fit takes.
  case invalidDegree(Int)
  /// The model has no finite value at a point for the parameters the iteration stands at.
  case modelUndefined(index: Int, parameters: [Double])
  /// The model could not be used; the text says why.
  case invalidModel(String)
  /// No minimum was reached from the starting values.
  case noConvergence(iterations: Int, residualSumOfSquares: Double)
  /// The curve can not be inverted at this indication.
  case notInvertible(indication: Double, reason: String)
  /// A result leaves the range of a `Double`.
  case overflow(String)
}

extension FitFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .notFinite(let input, let index): return "\(input): value \(index) (counted from 0) is not a finite number"
    case .lengthMismatch(let input, let expected, let received):
      return "\(input): \(received) values where \(expected) are needed"
    case .tooFewPoints(let needed, let received): return "\(received) points, at least \(needed) are needed"
    case .duplicateAbscissae(let different, let needed):
      return "only \(different) different abscissae, at least \(needed) are needed"
    case .notPositive(let input, let index, let value):
      return "\(input): value \(index) (counted from 0) is \(value) and has to be positive"
    case .notPositiveDefinite(let input, let index):
      return "\(input): not positive definite (row \(index), counted from 0)"
    case .notSymmetric(let input, let row, let column):
      return "\(input): not symmetric at row \(row), column \(column) (counted from 0)"
    case .undeterminedParameter(let name): return "the data do not determine the parameter '\(name)'"
    case .invalidDegree(let degree): return "a fit with \(degree) is not possible; the degree is 0 or more"
    case .modelUndefined(let index, let parameters):
      return "the model has no finite value at point \(index) (counted from 0) for the parameters \(parameters)"
    case .invalidModel(let reason): return "the model can not be used: \(reason)"
    case .noConvergence(let iterations, let sum):
      return "no minimum after \(iterations) iterations; residual sum of squares \(sum)"
    case .notInvertible(let indication, let reason): return "no inverse at the indication \(indication): \(reason)"
    case .overflow(let what): return "\(what) leaves the range of a number"
    }
  }
}
