/// A polynomial Σ c_i ((x − centre) / scale)^i on a declared range.
public struct PolynomialFunction: CalibrationFunction, Equatable, Sendable {
  /// Coefficients from the constant term upwards, in the unit of the value.
  public let coefficients: [Double]
  /// What is subtracted from the argument.
  public let centre: Double
  /// What the difference is divided by, > 0.
  public let scale: Double
  /// The range of the argument.
  public let range: ClosedRange<Double>

  /// - Throws: `.empty` without coefficients, `.parameter` for a coefficient, centre or scale that is not finite or a
  ///   scale that is not positive (counted after the coefficients), `.range` for bounds that are not finite.
  public init(_ coefficients: [Double], centre: Double = 0, scale: Double = 1, range: ClosedRange<Double>)
    throws(CalibrationFault)
  {
    guard !coefficients.isEmpty else { throw .empty }
    for index in coefficients.indices where !coefficients[index].isFinite {
      throw .parameter(coefficients[index], index: index)
    }
    guard centre.isFinite else { throw .parameter(centre, index: coefficients.count) }
    guard scale > 0, scale.isFinite else { throw .parameter(scale, index: coefficients.count + 1) }
    guard range.lowerBound.isFinite, range.upperBound.isFinite else {
      throw .range(lower: range.lowerBound, upper: range.upperBound)
    }
    self.coefficients = coefficients
    self.centre = centre
    self.scale = scale
    self.range = range
  }

  /// The polynomial's value at x, by Horner's rule.
  public func value(at x: Double) throws(CalibrationFault) -> Double {
    try check(x)
    let s = (x - centre) / scale
    var value = 0.0
    var index = coefficients.count - 1
    while index >= 0 {
      value = value * s + coefficients[index]
      index -= 1
    }
    return value
  }

  /// The derivative with respect to x.
  public func derivative(at x: Double) throws(CalibrationFault) -> Double {
    try check(x)
    let s = (x - centre) / scale
    var value = 0.0
    var index = coefficients.count - 1
    while index >= 1 {
      value = value * s + Double(index) * coefficients[index]
      index -= 1
    }
    return value / scale
  }
}

/// Polynomials that follow each other without gap; a bound between two pieces belongs to the lower one.
public struct PiecewiseFunction: CalibrationFunction, Equatable, Sendable {
  /// The pieces in ascending order.
  public let pieces: [PolynomialFunction]

  /// - Throws: `.empty` without pieces, `.pieces` where a piece does not begin at the end of the one before it.
  public init(_ pieces: [PolynomialFunction]) throws(CalibrationFault) {
    guard !pieces.isEmpty else { throw .empty }
    for index in 1..<Swift.max(pieces.count, 1)
    where pieces[index].range.lowerBound != pieces[index - 1].range.upperBound {
      throw .pieces(at: pieces[index - 1].range.upperBound)
    }
    self.pieces = pieces
  }

  /// From the beginning of the first piece to the end of the last.
  public var range: ClosedRange<Double> {
    pieces[0].range.lowerBound...pieces[pieces.count - 1].range.upperBound
  }

  private func piece(at x: Double) throws(CalibrationFault) -> Int {
    try check(x)
    var index = 0
    while x > pieces[index].range.upperBound { index += 1 }
    return index
  }

  /// The value of the piece that holds at x.
  public func value(at x: Double) throws(CalibrationFault) -> Double {
    try pieces[piece(at: x)].value(at: x)
  }

  /// The derivative of the piece that holds at x.
  public func derivative(at x: Double) throws(CalibrationFault) -> Double {
    try pieces[piece(at: x)].derivative(at: x)
  }
}
