/// Mean of an evenly spaced series whose values are not independent, with the standard uncertainty that this leaves.
///
/// Var(ȳ) = σ²/n · [1 + 2 Σ (1 − k/n) ρ(k)] = σ²/n_eff, where n_eff is the effective number of independent observations
/// (G. V. Bayley and J. M. Hammersley, Suppl. J. R. Stat. Soc. 8 (1946) 184; N. F. Zhang, Metrologia 43 (2006) S276,
/// equation 9). The sum ends at the cut-off lag: the first lag from which on the estimated ρ does not differ from zero at
/// the 95 % level by Bartlett's standard error, at most a quarter of the series. Treating such a series as independent
/// (GUM 4.2.3) would claim an uncertainty too small by √(n/n_eff).
@frozen
public struct AutocorrelatedMean: Sendable, Equatable {
  /// Arithmetic mean, in the unit of the values.
  public let mean: Double
  /// Experimental standard deviation of the values with the bias removed that correlation gives it (n − 1 replaced by
  /// n (1 − 1/n_eff)).
  public let standardDeviation: Double
  /// n_eff, from just above 1 to n; negative correlation is not credited.
  public let effectiveSampleSize: Double
  /// Largest lag whose correlation was taken into account; 0 for independent values.
  public let cutOffLag: Int
  /// Standard deviation / √n_eff.
  public var standardUncertainty: Double { standardDeviation / effectiveSampleSize.squareRoot() }
  /// n_eff − 1.
  public var degreesOfFreedom: Double { effectiveSampleSize - 1 }

  /// From at least eight values, so that a correlation can be seen at all.
  /// - Throws: `tooFewValues`; the faults of `SampleStatistics`; `tooFewValues` where correlation leaves fewer than two
  ///   effective observations, with the number that would be needed for two.
  @inlinable
  public init(_ values: some RandomAccessCollection<Double>) throws(StatisticsFault) {
    let n = values.count
    guard n >= 8 else { throw .tooFewValues(needed: 8, received: n) }
    let statistics = try SampleStatistics(values)
    mean = statistics.mean
    var squares = DoubleDouble.zero
    for value in values {
      let deviation = (DoubleDouble(value) - mean).high
      squares = squares + deviation * deviation
    }
    let total = squares.doubleValue
    var inflation = 1.0
    var bartlett = 1.0
    var lag = 0
    if total > 0 {
      while lag < n / 4 {
        let next = lag + 1
        var products = DoubleDouble.zero
        var first = values.startIndex
        var second = values.index(first, offsetBy: next)
        while second != values.endIndex {
          products = products + (values[first] - mean) * (values[second] - mean)
          values.formIndex(after: &first)
          values.formIndex(after: &second)
        }
        let rho = products.doubleValue / total
        // Bartlett's standard error of ρ(k) for a series uncorrelated beyond lag k − 1, times the 95 % normal quantile.
        let limit = 1.96 * (bartlett / Double(n)).squareRoot()
        guard rho.magnitude > limit else { break }
        inflation += 2 * (1 - Double(next) / Double(n)) * rho
        bartlett += 2 * rho * rho
        lag = next
      }
    }
    let effective = Double(n) / Swift.max(1, inflation)
    guard effective >= 2 else {
      throw .tooFewValues(needed: Int((2 * Swift.max(1, inflation)).rounded(.up)), received: n)
    }
    effectiveSampleSize = effective
    cutOffLag = lag
    // E(Σ(y − ȳ)²) = n σ² (1 − 1/n_eff).
    standardDeviation = (total / (Double(n) * (1 - 1 / effective))).squareRoot()
  }
}
