import EtalonMetrology

/// Use of a fitted polynomial from indication back to quantity.
extension PolynomialFit {
  /// The abscissae at which the polynomial takes a value, within the range of the data, in ascending order.
  ///
  /// The roots of each derivative divide the range into parts on which the next lower one is monotonic, so none is missed.
  public func abscissae(of y: Double) throws(FitFault) -> [Double] {
    guard y.isFinite else { throw .notFinite(input: "y", index: 0) }
    var shifted = coefficients
    shifted[0] = (DoubleDouble(coefficients[0]) - y).doubleValue
    return Self.roots(of: shifted, in: range)
  }

  /// The abscissa that an indication stands for, and its standard uncertainty from the fit and from the indication:
  /// u²(x) = (u²(y) + Σ Σ xʲ xᵏ cov(cⱼ, cₖ)) / (dy/dx)².
  /// - Parameter standardUncertainty: of the indication, independent of the fit.
  /// - Throws: `notInvertible` where the indication is outside the values on the range of the data, is taken twice there, or
  ///   the curve is flat at it.
  public func inverse(
    of y: Double, standardUncertainty: Double = 0
  ) throws(FitFault) -> (value: Double, standardUncertainty: Double) {
    let joint = try inverses(of: [y], covariance: Matrix(diagonal: [standardUncertainty * standardUncertainty]))
    return (joint.values[0], joint.covariance[0, 0].squareRoot())
  }

  /// The abscissae of several indications with their full covariance matrix; the fit they share correlates them.
  /// - Parameter covariance: of the indications; nil for exact ones.
  public func inverses(
    of y: [Double], covariance inputs: Matrix? = nil
  ) throws(FitFault) -> (values: [Double], covariance: Matrix) {
    try Weighting.checkFinite(y, named: "y", count: y.count)
    try inputs?.checkCovariance(named: "covariance of y", count: y.count)
    var values: [Double] = []
    var slopes: [Double] = []
    var powers: [[Double]] = []
    for indication in y {
      let candidates = try abscissae(of: indication)
      guard let x = candidates.first else {
        throw .notInvertible(indication: indication, reason: "the curve does not take it within \(range)")
      }
      guard candidates.count == 1 else {
        throw .notInvertible(indication: indication, reason: "the curve takes it at \(candidates)")
      }
      let slope = try value(at: x).slope
      guard slope != 0 else { throw .notInvertible(indication: indication, reason: "the curve is flat at \(x)") }
      values.append(x)
      slopes.append(slope)
      var power = 1.0
      powers.append(
        coefficients.map { _ in
          defer { power *= x }
          return power
        })
    }
    var result = Matrix(rowCount: y.count, columnCount: y.count)
    for r in y.indices {
      for c in y.indices {
        let element = (covariance.bilinear(powers[r], powers[c]) + (inputs?[r, c] ?? 0)) / (slopes[r] * slopes[c])
        guard element.isFinite else { throw .overflow("the covariance of the abscissae") }
        result[r, c] = element
      }
      guard result[r, r] >= 0 else {
        throw .notPositiveDefinite(input: "covariance of the abscissae", index: r)
      }
    }
    return (values, result)
  }

  /// All real roots within a range, ascending.
  static func roots(of coefficients: [Double], in range: ClosedRange<Double>) -> [Double] {
    guard coefficients.count > 1 else { return [] }
    let derivative = coefficients.indices.dropFirst().map { Double($0) * coefficients[$0] }
    let borders = [range.lowerBound] + roots(of: derivative, in: range) + [range.upperBound]
    var found: [Double] = []
    for (low, high) in zip(borders, borders.dropFirst()) {
      guard let root = root(of: coefficients, from: low, to: high) else { continue }
      if let last = found.last, root <= last { continue }
      found.append(root)
    }
    return found
  }

  private static func evaluate(_ coefficients: [Double], _ x: Double) -> Double {
    coefficients.reversed().reduce(DoubleDouble.zero) { $0 * x + $1 }.doubleValue
  }

  /// The root on a part where the polynomial is monotonic, by bisection to neighbouring numbers; nil if it has none.
  private static func root(of coefficients: [Double], from: Double, to: Double) -> Double? {
    var low = from
    var high = to
    let first = evaluate(coefficients, low)
    let last = evaluate(coefficients, high)
    if first == 0 { return low }
    if last == 0 { return high }
    guard (first < 0) != (last < 0) else { return nil }
    while true {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { return low }
      let value = evaluate(coefficients, middle)
      if value == 0 { return middle }
      if (value < 0) == (first < 0) { low = middle } else { high = middle }
    }
  }
}
