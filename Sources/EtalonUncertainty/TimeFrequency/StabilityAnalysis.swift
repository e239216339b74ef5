import EtalonMetrology

/// One point of a sigma-tau diagram.
public struct StabilityPoint: Equatable, Sendable {
  /// Averaging factor m.
  public let averagingFactor: Int
  /// Averaging time τ, seconds.
  public let tauSeconds: Double
  /// The deviation: dimensionless for fractional frequency, seconds for time deviations.
  public let deviation: Double
  /// Number of terms in the sum.
  public let terms: Int
  /// Exponent α of the noise S_y(f) ∝ f^α that dominates at this τ: 2 white phase, 1 flicker phase, 0 white frequency,
  /// −1 flicker frequency, −2 random walk of frequency; nil when the record is too short to tell.
  public let noiseExponent: Int?
  /// Equivalent degrees of freedom; nil without a noise type, or where no published expression exists.
  public let degreesOfFreedom: Double?
  /// Confidence interval of the deviation, from the chi-squared distribution; nil without degrees of freedom, and for
  /// statistics that are biased.
  public let confidenceInterval: ClosedRange<Double>?

  /// Why a point has no confidence interval.
  public enum IntervalAbsence: Equatable, Sendable {
    /// The statistic is biased by a factor that depends on the noise, so that an interval about it misses the deviation.
    case biased
    /// No expression for the degrees of freedom is published for this statistic and noise, or none holds so near the end.
    case noDegreesOfFreedom
    /// The record is too short to tell the noise.
    case noiseNotKnown
  }

  /// Why there is no interval; nil where there is one.
  public let intervalAbsence: IntervalAbsence?
}

extension PhaseRecord {
  /// The statistic at averaging factor m and the number of terms in it.
  /// - Returns: Dimensionless for input in seconds, seconds for `tdev` and `ttotdev`.
  /// - Throws: `.averagingFactor`, `.tooFew`, `.onlyGaps`, `.outOfRange`.
  public func deviation(
    _ statistic: StabilityStatistic, averagingFactor m: Int
  ) throws(StabilityFault) -> (value: Double, terms: Int) {
    guard m >= 1 else { throw .averagingFactor(m) }
    if statistic == .theo1, m % 2 != 0 { throw .averagingFactor(m) }
    // The largest multiple of m that any statistic needs.
    guard m < Int.max / 4 else { throw .averagingFactor(m) }
    let needed = minimumCount(statistic, m)
    guard phase.count >= needed else { throw .tooFew(needed: needed, received: phase.count) }
    let tau = Double(m) * intervalSeconds
    let sum: (meanSquare: Double, terms: Int)
    var divisor = 2 * tau * tau
    switch statistic {
    case .adev: sum = secondDifferences(m, step: m)
    case .oadev: sum = secondDifferences(m, step: 1)
    case .mdev: sum = meanDifferences(m)
    case .tdev:
      sum = meanDifferences(m)
      divisor = 6
    case .hdev:
      sum = thirdDifferences(m, step: m)
      divisor = 6 * tau * tau
    case .ohdev:
      sum = thirdDifferences(m, step: 1)
      divisor = 6 * tau * tau
    case .totdev: sum = reflectedDifferences(m)
    case .mtotdev: sum = modifiedTotal(m)
    case .ttotdev:
      sum = modifiedTotal(m)
      divisor = 6
    case .theo1:
      sum = theo1Sum(m)
      divisor = tau * tau
    }
    guard sum.terms > 0 else { throw .onlyGaps(averagingFactor: m) }
    let value = (sum.meanSquare / divisor).squareRoot()
    guard value.isFinite else { throw .outOfRange(averagingFactor: m) }
    return (value, sum.terms)
  }

  /// Phases that the statistic needs at averaging factor m.
  private func minimumCount(_ statistic: StabilityStatistic, _ m: Int) -> Int {
    switch statistic {
    case .adev, .oadev: return 2 * m + 1
    case .mdev, .tdev, .mtotdev, .ttotdev: return 3 * m
    case .hdev, .ohdev: return 3 * m + 1
    case .totdev: return m + 2
    case .theo1: return m + 1
    }
  }

  /// The largest averaging factor that the record allows; below 1, or below 2 for Thêo1, where it allows none.
  public func largestAveragingFactor(for statistic: StabilityStatistic) -> Int {
    let n = phase.count
    switch statistic {
    case .adev, .oadev: return (n - 1) / 2
    case .mdev, .tdev, .mtotdev, .ttotdev: return n / 3
    case .hdev, .ohdev: return (n - 1) / 3
    case .totdev: return n - 2
    case .theo1: return (n - 1) / 2 * 2
    }
  }

  /// Averaging factors 1, 2, 4, … for which the statistic has at least two terms; from 10 in even steps for Thêo1.
  public func octaves(for statistic: StabilityStatistic) -> [Int] {
    var factors: [Int] = []
    var m = statistic == .theo1 ? 10 : 1
    while minimumCount(statistic, m) < phase.count {
      factors.append(m)
      guard m < phase.count else { break }
      m *= 2
    }
    return factors
  }

  /// The averaging factor of an averaging time.
  /// - Throws: `.averagingTime` when it is no multiple of the sampling interval within 1e-9 of it.
  public func averagingFactor(tauSeconds tau: Double) throws(StabilityFault) -> Int {
    let ratio = tau / intervalSeconds
    guard ratio.isFinite, ratio >= 0.5, ratio < 1e15, abs(ratio - ratio.rounded()) <= 1e-9 * max(1, ratio) else {
      throw .averagingTime(tau, interval: intervalSeconds)
    }
    return Int(ratio.rounded())
  }

  /// The sigma-tau table of a statistic with noise type, equivalent degrees of freedom and confidence interval.
  /// - Parameters:
  ///   - averagingFactors: Those of the table; `octaves(for:)` without.
  ///   - confidence: Two-sided level of the intervals, for example 0.683.
  /// - Throws: What `deviation` throws, and `.confidence`.
  public func stability(
    _ statistic: StabilityStatistic, averagingFactors: [Int]? = nil, confidence: Double = 0.683
  ) throws(StabilityFault) -> [StabilityPoint] {
    guard confidence > 0, confidence < 1 else { throw .confidence(confidence) }
    var points: [StabilityPoint] = []
    var noise: Int?
    for m in averagingFactors ?? octaves(for: statistic) {
      let value: Double
      let terms: Int
      do throws(StabilityFault) {
        (value, terms) = try deviation(statistic, averagingFactor: m)
      } catch {
        // Octaves that gaps leave nothing of are left out; averaging times that were asked for are not.
        if averagingFactors == nil, case .onlyGaps = error { continue }
        throw error
      }
      // At long averaging times too few data are left to tell; the noise of the shorter ones is carried on.
      if let found = noiseExponent(averagingFactor: m) { noise = found }
      let degrees = noise.flatMap { degreesOfFreedom(statistic, averagingFactor: m, noiseExponent: $0) }
      let absence: StabilityPoint.IntervalAbsence? =
        statistic.isBiased ? .biased : noise == nil ? .noiseNotKnown : degrees == nil ? .noDegreesOfFreedom : nil
      let factor = statistic == .theo1 ? 0.75 : 1
      points.append(
        StabilityPoint(
          averagingFactor: m, tauSeconds: factor * Double(m) * intervalSeconds, deviation: value, terms: terms,
          noiseExponent: noise, degreesOfFreedom: degrees,
          confidenceInterval: absence != nil
            ? nil
            : try degrees.map { degrees throws(StabilityFault) in
              try Self.interval(value, degrees, confidence)
            },
          intervalAbsence: absence))
    }
    if points.isEmpty, averagingFactors == nil {
      let least = statistic == .theo1 ? 10 : 1
      if hasGaps { throw .onlyGaps(averagingFactor: least) }
      throw .tooFew(needed: minimumCount(statistic, least) + 1, received: phase.count)
    }
    return points
  }

  private static func interval(
    _ value: Double, _ degrees: Double, _ confidence: Double
  ) throws(StabilityFault) -> ClosedRange<Double> {
    do {
      let chi = try ChiSquare(degreesOfFreedom: degrees)
      let tail = 0.5 * (1 - confidence)
      let low = value * (degrees / (try chi.quantile(1 - tail))).squareRoot()
      let high = value * (degrees / (try chi.quantile(tail))).squareRoot()
      return low...high
    } catch {
      throw .distribution(error)
    }
  }
}
