/// Why a distribution or a special function has no value to give.
public enum DistributionFault: Error, Equatable, Sendable {
  /// A probability outside the open interval 0 … 1, or not a number.
  case probability(Double)
  /// Degrees of freedom that are not positive, or not a number. Infinity is allowed where the limit exists.
  case degreesOfFreedom(Double)
  /// A standard deviation or scale that is not positive and finite.
  case standardDeviation(Double)
  /// An argument that is not a number or outside the function's domain.
  case argument(Double)
  /// The quantile lies outside the range of normal doubles, so it was not found.
  case notRepresentable(probability: Double)
}

extension DistributionFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .probability(let p): return "the probability \(p) does not lie between 0 and 1"
    case .degreesOfFreedom(let n): return "\(n) degrees of freedom are not possible here"
    case .standardDeviation(let s): return "the standard deviation or scale \(s) is not positive and finite"
    case .argument(let x): return "the function is not defined for \(x)"
    case .notRepresentable(let p): return "the quantile for the probability \(p) leaves the range of a number"
    }
  }
}
