/// Standard deviation pooled from several series of one kind of observation (GUM H.3.6 note, H.5.2.2; ISO 5725-2).
@frozen
public struct PooledStandardDeviation: Sendable, Equatable {
  /// √(Σ νᵢ sᵢ² / Σ νᵢ), in the unit of the observations.
  public let standardDeviation: Double
  /// Σ νᵢ with νᵢ = nᵢ − 1.
  public let degreesOfFreedom: Double

  /// Type A standard uncertainty of the mean of `count` further observations of the same kind (GUM 4.2.4).
  /// - Throws: `notPositive` for a count below 1.
  public func standardUncertaintyOfMean(ofFurther count: Int) throws(StatisticsFault) -> Double {
    guard count > 0 else { throw .notPositive(index: 0, value: Double(count)) }
    return standardDeviation / Double(count).squareRoot()
  }

  /// From the standard deviation and the number of observations of each series.
  /// - Throws: `lengthMismatch`; `notPositive` for a negative standard deviation or fewer than one observation;
  ///   `notFinite`; `tooFewValues` where no series has two observations.
  @inlinable
  public init(
    standardDeviations: some RandomAccessCollection<Double>, counts: some RandomAccessCollection<Int>
  ) throws(StatisticsFault) {
    guard standardDeviations.count == counts.count else {
      throw .lengthMismatch(expected: standardDeviations.count, received: counts.count)
    }
    var sum = DoubleDouble.zero
    var freedom = 0
    var index = 0
    var count = counts.makeIterator()
    for deviation in standardDeviations {
      guard deviation.isFinite else { throw .notFinite(index: index) }
      guard deviation >= 0 else { throw .notPositive(index: index, value: deviation) }
      let observations = count.next() ?? 0
      guard observations > 0 else { throw .notPositive(index: index, value: Double(observations)) }
      sum += DoubleDouble(productOf: deviation, deviation) * Double(observations - 1)
      freedom += observations - 1
      index += 1
    }
    guard freedom > 0 else { throw .tooFewValues(needed: 2, received: standardDeviations.isEmpty ? 0 : 1) }
    guard sum.isFinite else { throw .overflow }
    standardDeviation = (sum / DoubleDouble(freedom)).squareRoot().doubleValue
    degreesOfFreedom = Double(freedom)
  }
}
