import EtalonMetrology

/// What is known about the uncertainty of the ordinates of a fit.
public enum Weighting: Sendable, Equatable {
  /// Equal and unknown: the residuals give it (s² with n − p degrees of freedom).
  case equal
  /// Proportional to 1/√weight with an unknown factor: the residuals give it.
  case relative([Double])
  /// Known standard uncertainties of independent ordinates; the residuals only test them.
  case standardUncertainties([Double])
  /// Known covariance matrix of the ordinates; the residuals only test it.
  case covariance(Matrix)

  /// True where the covariance of the parameters follows from stated uncertainties and not from the residuals.
  public var isAbsolute: Bool {
    switch self {
    case .equal, .relative: return false
    case .standardUncertainties, .covariance: return true
    }
  }

  /// Makes rows of a linear problem uncorrelated with equal variance.
  enum Whitening {
    case none
    case factors([DoubleDouble])
    case triangular(Cholesky<DoubleDouble>)

    func apply(to vector: inout [Double], from start: Int, count: Int) {
      switch self {
      case .none: return
      case .factors(let factors): for r in 0..<count { vector[start + r] *= factors[r].doubleValue }
      case .triangular(let cholesky):
        var part = vector[start..<start + count].map { DoubleDouble($0) }
        cholesky.whiten(&part)
        for r in 0..<count { vector[start + r] = part[r].doubleValue }
      }
    }

    func apply(to vector: inout [DoubleDouble], from start: Int, count: Int) {
      switch self {
      case .none: return
      case .factors(let factors): for r in 0..<count { vector[start + r] *= factors[r] }
      case .triangular(let cholesky): cholesky.whiten(&vector, from: start)
      }
    }
  }

  func whitening(count: Int) throws(FitFault) -> Whitening {
    switch self {
    case .equal: return .none
    case .relative(let weights):
      try Self.checkPositive(weights, named: "weights", count: count)
      return .factors(weights.map { DoubleDouble($0).squareRoot() })
    case .standardUncertainties(let uncertainties):
      try Self.checkPositive(uncertainties, named: "standard uncertainties", count: count)
      return .factors(uncertainties.map { DoubleDouble(1.0) / DoubleDouble($0) })
    case .covariance(let matrix):
      try matrix.checkCovariance(named: "covariance of y", count: count)
      do {
        return .triangular(try Cholesky(matrix.elements.map { DoubleDouble($0) }, count: count))
      } catch {
        throw .notPositiveDefinite(input: "covariance of y", index: error.pivot)
      }
    }
  }

  static func checkFinite(_ values: [Double], named name: String, count: Int) throws(FitFault) {
    guard values.count == count else { throw .lengthMismatch(input: name, expected: count, received: values.count) }
    for (index, value) in values.enumerated() where !value.isFinite { throw .notFinite(input: name, index: index) }
  }

  static func checkPositive(_ values: [Double], named name: String, count: Int) throws(FitFault) {
    try checkFinite(values, named: name, count: count)
    for (index, value) in values.enumerated() where value <= 0 {
      throw .notPositive(input: name, index: index, value: value)
    }
  }

  static func checkNotNegative(_ values: [Double], named name: String, count: Int) throws(FitFault) {
    try checkFinite(values, named: name, count: count)
    for (index, value) in values.enumerated() where value < 0 {
      throw .notPositive(input: name, index: index, value: value)
    }
  }
}
