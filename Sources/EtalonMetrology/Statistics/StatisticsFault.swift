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
