import EtalonMetrology

/// Why a comparison of results has no value.
public enum ComparisonFault: Error, Equatable, Sendable {
  /// Fewer participants than the method needs.
  case tooFew(needed: Int, received: Int)
  /// A value that is not finite.
  case value(Double, participant: String)
  /// A standard or expanded uncertainty that is not positive and finite.
  case uncertainty(Double, participant: String)
  /// Two participants of the same name, so that results could not be told apart.
  case duplicateName(String)
  /// Another number of values than of uncertainties or names.
  case lengthMismatch(input: String, expected: Int, received: Int)
  /// A parameter of a method outside its range.
  case parameter(name: String, value: Double)
  /// A distribution function that has no value.
  case distribution(DistributionFault)
  /// An iteration that did not reach its tolerance.
  case noConvergence(String)
}

extension ComparisonFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .tooFew(let needed, let received): return "\(received) participants, at least \(needed) are needed"
    case .value(let x, let name): return "the value \(x) of \(name) is not finite"
    case .uncertainty(let u, let name):
      return "the uncertainty \(u) of \(name) is not above 0 and finite, or its square leaves the range of a number"
    case .duplicateName(let name): return "there are two participants '\(name)'"
    case .lengthMismatch(let input, let expected, let received):
      return "\(input): \(received) values where \(expected) are needed"
    case .parameter(let name, let value): return "\(name) can not be \(value)"
    case .distribution(let fault): return fault.description
    case .noConvergence(let what): return "\(what) did not converge"
    }
  }
}
