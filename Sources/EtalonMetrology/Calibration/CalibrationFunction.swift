/// Why a calibration function has no value to give.
public enum CalibrationFault: Error, Equatable, Sendable {
  /// An argument that is not a number or infinite.
  case notFinite(Double)
  /// An argument outside the range for which the function is declared; it is never extrapolated.
  case outsideRange(Double, lower: Double, upper: Double)
  /// A range whose bounds are not finite or not in order.
  case range(lower: Double, upper: Double)
  /// A coefficient or parameter that is not usable, with its position in the initialiser's list.
  case parameter(Double, index: Int)
  /// No coefficients or pieces.
  case empty
  /// Pieces that leave a gap or overlap, with the bound where they should meet.
  case pieces(at: Double)
  /// The inverse is not unique, because the function is not monotone on its range.
  case notMonotone(at: Double)
  /// An iteration ended without reaching its tolerance.
  case noConvergence(Double)
}

/// A function from one quantity to another with a declared range and a derivative: from temperature to resistance, from
/// indication to value.
public protocol CalibrationFunction {
  /// The range of the argument; outside it every method throws.
  var range: ClosedRange<Double> { get }
  /// The function's value at x.
  func value(at x: Double) throws(CalibrationFault) -> Double
  /// The derivative of the value with respect to x.
  func derivative(at x: Double) throws(CalibrationFault) -> Double
}

extension CalibrationFunction {
  /// Refuses arguments outside the declared range.
  @inlinable
  public func check(_ x: Double) throws(CalibrationFault) {
    guard x.isFinite else { throw .notFinite(x) }
    guard x >= range.lowerBound, x <= range.upperBound else {
      throw .outsideRange(x, lower: range.lowerBound, upper: range.upperBound)
    }
  }

  /// The argument at which a function that is monotone on its range takes the value y.
  ///
  /// Newton's method kept inside a shrinking bracket; the result satisfies the function to the last digits of y or the
  /// argument, whichever is coarser.
  /// - Throws: `.outsideRange` with the values at the ends of the range when y is not between them; `.notMonotone` where
  ///   the derivative is found to have the wrong sign.
  @inlinable
  public func inverse(_ y: Double) throws(CalibrationFault) -> Double {
    try inverse(y, in: range)
  }

  /// The argument in a part of the range at which the function takes the value y.
  @inlinable
  public func inverse(_ y: Double, in part: ClosedRange<Double>) throws(CalibrationFault) -> Double {
    guard y.isFinite else { throw .notFinite(y) }
    var low = part.lowerBound
    var high = part.upperBound
    let atLow = try value(at: low)
    let atHigh = try value(at: high)
    if y == atLow { return low }
    if y == atHigh { return high }
    let increasing = atHigh > atLow
    guard increasing ? (y > atLow && y < atHigh) : (y < atLow && y > atHigh) else {
      throw .outsideRange(y, lower: Swift.min(atLow, atHigh), upper: Swift.max(atLow, atHigh))
    }
    var x = low + (high - low) * ((y - atLow) / (atHigh - atLow))
    for _ in 0..<200 {
      let error = try value(at: x) - y
      if error == 0 { return x }
      if (error > 0) == increasing { high = x } else { low = x }
      let slope = try derivative(at: x)
      guard slope == 0 || (slope > 0) == increasing else { throw .notMonotone(at: x) }
      var next = x - error / slope
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      let step = Swift.abs(next - x)
      x = next
      // A step of rounding size, or a bracket of neighbouring doubles, has nothing left to gain.
      if step <= 4e-16 * Swift.max(Swift.abs(x), 1e-3 * (part.upperBound - part.lowerBound)) { return x }
    }
    throw .noConvergence(y)
  }
}

extension CalibrationFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .notFinite(let x): return "\(x) is not an argument the function can take"
    case .outsideRange(let x, let lower, let upper): return "\(x) lies outside the declared range \(lower) to \(upper)"
    case .range(let lower, let upper): return "\(lower) to \(upper) is no usable range"
    case .parameter(let value, let index):
      return "parameter \(index) (counted from 0) is \(value), which can not be used"
    case .empty: return "coefficients or pieces are missing, or their number does not fit"
    case .pieces(let bound): return "the pieces do not follow each other at \(bound)"
    case .notMonotone(let x): return "the function is not monotone at \(x), so its inverse is not unique"
    case .noConvergence(let y): return "the inverse of \(y) did not converge"
    }
  }
}
