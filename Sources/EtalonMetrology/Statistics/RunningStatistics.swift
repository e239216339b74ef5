/// Mean and experimental standard deviation of values that arrive one by one; constant size, no allocation.
///
/// Welford's recurrence (Technometrics 4 (1962) 419) with compensated accumulators, so that a large common offset costs no
/// more digits than the data themselves have lost. The values' unit is that of the results.
@frozen
public struct RunningStatistics: Sendable, Equatable {
  /// Number of values taken in.
  @inlinable
  public var count: Int { valueCount }
  /// Smallest value; +∞ while there is none.
  @inlinable
  public var minimum: Double { smallest }
  /// Largest value; −∞ while there is none.
  @inlinable
  public var maximum: Double { largest }
  @usableFromInline var valueCount = 0
  @usableFromInline var smallest = Double.infinity
  @usableFromInline var largest = -Double.infinity
  @usableFromInline var meanSum = DoubleDouble.zero
  @usableFromInline var squareSum = DoubleDouble.zero

  /// No values.
  @inlinable
  public init() {}

  /// Takes one value in.
  /// - Throws: `notFinite` with the index the value would have had; the statistics stay as they were.
  @inlinable
  public mutating func add(_ value: Double) throws(StatisticsFault) {
    guard value.isFinite else { throw .notFinite(index: count) }
    valueCount += 1
    smallest = min(smallest, value)
    largest = max(largest, value)
    let before = (DoubleDouble(value) - meanSum).high
    meanSum = meanSum + before / Double(count)
    let after = (DoubleDouble(value) - meanSum).high
    squareSum = squareSum + before * after
  }

  /// Takes in the values of another run, as if they had come one by one (T. F. Chan, G. H. Golub and R. J. LeVeque,
  /// The American Statistician 37 (1983) 242).
  public mutating func merge(_ other: RunningStatistics) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let total = Double(count + other.count)
    let difference = (other.meanSum - meanSum).high
    meanSum = meanSum + difference * (Double(other.count) / total)
    squareSum = squareSum + other.squareSum
    squareSum = squareSum + difference * difference * (Double(count) * Double(other.count) / total)
    valueCount += other.count
    smallest = min(smallest, other.minimum)
    largest = max(largest, other.maximum)
  }

  /// Arithmetic mean (GUM 4.2.1); nil without values.
  public var mean: Double? { count > 0 ? meanSum.doubleValue : nil }

  /// Experimental variance with n − 1 degrees of freedom (GUM 4.2.2); nil for fewer than two values or beyond the range
  /// of a `Double`.
  public var variance: Double? {
    guard count > 1 else { return nil }
    let variance = max(0, squareSum.doubleValue) / Double(count - 1)
    return variance.isFinite ? variance : nil
  }

  /// Experimental standard deviation (GUM 4.2.2); nil for fewer than two values.
  public var standardDeviation: Double? { variance?.squareRoot() }

  /// Type A standard uncertainty of the mean of independent values, s/√n (GUM 4.2.3); nil for fewer than two values.
  public var standardUncertaintyOfMean: Double? {
    variance.map { ($0 / Double(count)).squareRoot() }
  }

  /// n − 1; nil for fewer than two values.
  public var degreesOfFreedom: Double? { count > 1 ? Double(count - 1) : nil }
}
