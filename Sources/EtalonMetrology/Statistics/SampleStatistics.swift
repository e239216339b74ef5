/// Mean, experimental standard deviation and lag-1 autocorrelation of a series, to the last digit its values carry.
///
/// Two passes with double-double sums; the results have the unit of the values.
@frozen
public struct SampleStatistics: Sendable, Equatable {
  /// Number of values, n ≥ 2.
  public let count: Int
  /// Arithmetic mean (GUM 4.2.1).
  public let mean: Double
  /// Experimental standard deviation with n − 1 degrees of freedom (GUM 4.2.2).
  public let standardDeviation: Double
  /// r1 = Σ (yᵢ − ȳ)(yᵢ₋₁ − ȳ) / Σ (yᵢ − ȳ)² (NIST/SEMATECH e-Handbook 1.3.5.12); nil where all values are equal.
  public let lag1Autocorrelation: Double?
  /// Smallest value.
  public let minimum: Double
  /// Largest value.
  public let maximum: Double

  /// Type A standard uncertainty of the mean of independent values, s/√n (GUM 4.2.3).
  public var standardUncertaintyOfMean: Double { standardDeviation / Double(count).squareRoot() }

  /// n − 1.
  public var degreesOfFreedom: Double { Double(count - 1) }

  /// Statistics of at least two finite values.
  /// - Throws: `tooFewValues`, `notFinite` with the index, `overflow`.
  @inlinable
  public init(_ values: some RandomAccessCollection<Double>) throws(StatisticsFault) {
    try self.init(precise: values.lazy.map { DoubleDouble($0) })
  }

  /// Statistics of values in double-double, as decimal text gives them (`DoubleDouble(decimal:)`): data with many constant
  /// leading digits then lose nothing.
  /// - Throws: as `init(_:)`.
  @inlinable
  public init(precise values: some RandomAccessCollection<DoubleDouble>) throws(StatisticsFault) {
    guard values.count > 1 else { throw .tooFewValues(needed: 2, received: values.count) }
    var sum = DoubleDouble.zero
    var low = Double.infinity
    var high = -Double.infinity
    var index = 0
    for value in values {
      guard value.isFinite else { throw .notFinite(index: index) }
      sum += value
      low = Swift.min(low, value.doubleValue)
      high = Swift.max(high, value.doubleValue)
      index += 1
    }
    let mean = sum / DoubleDouble(values.count)
    var squares = DoubleDouble.zero
    var products = DoubleDouble.zero
    var previous: DoubleDouble?
    for value in values {
      let deviation = value - mean
      squares += deviation * deviation
      if let before = previous { products += deviation * before }
      previous = deviation
    }
    guard mean.isFinite, squares.isFinite else { throw .overflow }
    count = values.count
    self.mean = mean.doubleValue
    standardDeviation = (squares / DoubleDouble(values.count - 1)).squareRoot().doubleValue
    lag1Autocorrelation = squares.high > 0 ? (products / squares).doubleValue : nil
    minimum = low
    maximum = high
  }
}
