/// Why a statistic of data can not be given.
public enum StatisticsFault: Error, Equatable, Sendable {
  /// The data hold fewer values than the statistic needs.
  case tooFewValues(needed: Int, received: Int)
  /// A value is not-a-number or infinite.
  case notFinite(index: Int)
  /// Squares of the values leave the range of a `Double`.
  case overflow
  /// A weight, a number of values or a standard deviation that has to be positive, or at least zero, is not.
  case notPositive(index: Int, value: Double)
  /// Lists that belong together have different lengths.
  case lengthMismatch(expected: Int, received: Int)
}

extension StatisticsFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .tooFewValues(let needed, let received): return "\(received) values, at least \(needed) are needed"
    case .notFinite(let index): return "value \(index) (counted from 0) is not a finite number"
    case .overflow: return "the squares of the values leave the range of a number"
    case .notPositive(let index, let value): return "value \(index) (counted from 0) is \(value) and has to be positive"
    case .lengthMismatch(let expected, let received): return "\(received) values where \(expected) are needed"
    }
  }
}
