import EtalonMetrology

/// Adjusting a calibration interval from a history of in- and out-of-tolerance results (NCSLI RP-1, method A3, interval
/// test).
///
/// The observed reliability is tested against the target with a binomial distribution. Q being the confidence with which
/// the target is rejected, an interval is shortened by the factor 10^((R_obs − R_target) Q) or lengthened by
/// 10^((R_obs − R_target) / (1 − Q)).
public struct IntervalTest: Equatable, Sendable {
  /// Limits of what the test may propose.
  public struct Limits: Equatable, Sendable {
    /// Largest factor by which the interval may grow, and whose reciprocal it may shrink to; > 1.
    public var maximumChange = 2.0
    /// Shortest interval, days.
    public var shortestDays = 14.0
    /// Longest interval, days.
    public var longestDays = 1826.0
    /// A smaller change than this is not worth making, days.
    public var smallestChangeDays = 5.0
    /// The interval is left alone unless the target is rejected with at least this confidence.
    public var rejectionConfidence = 0.5

    /// The usual limits: factor 2, 14 days to 5 years, changes of at least 5 days, confidence 50 %.
    public init() {}
  }

  /// Recommended interval, days.
  public let intervalDays: Double
  /// Interval that the formula gives before the limits of change and confidence, days.
  public let calculatedDays: Double
  /// Confidence with which the target reliability is rejected, 0 … 1.
  public let rejectionConfidence: Double
  /// Observed reliability, in tolerance / calibrations.
  public let observedReliability: Double
  /// Two-sided confidence limits of the reliability (Clopper and Pearson), for the confidence in `Limits`.
  public let reliabilityRange: ClosedRange<Double>

  /// - Parameters:
  ///   - inTolerance: Number of results found in tolerance.
  ///   - calibrations: Number of results at this interval, > 0.
  ///   - currentDays: The present interval, days, > 0.
  ///   - target: Target reliability at the end of the interval, 0 … 1.
  /// - Throws: `.counts`, `.parameter`.
  public init(
    inTolerance: Int, calibrations: Int, currentDays: Double, target: Double, limits: Limits = Limits()
  ) throws(IntervalFault) {
    guard calibrations > 0, inTolerance >= 0, inTolerance <= calibrations else {
      throw .counts(inTolerance: inTolerance, calibrations: calibrations)
    }
    guard currentDays > 0, currentDays.isFinite else {
      throw .parameter(name: "current interval in days", value: currentDays, allowed: "above 0 and finite")
    }
    guard target > 0, target < 1 else {
      throw .parameter(name: "target reliability", value: target, allowed: "between 0 and 1")
    }
    guard limits.maximumChange > 1 else {
      throw .parameter(name: "largest change of the interval", value: limits.maximumChange, allowed: "above 1")
    }
    let confidence = limits.rejectionConfidence
    guard confidence > 0, confidence < 1 else {
      throw .parameter(name: "confidence of the rejection", value: confidence, allowed: "between 0 and 1")
    }
    guard limits.shortestDays > 0, limits.shortestDays <= limits.longestDays else {
      throw .parameter(
        name: "shortest interval in days", value: limits.shortestDays, allowed: "above 0 and at most the longest")
    }
    let observed = Double(inTolerance) / Double(calibrations)
    do {
      let rejection = try Self.rejection(inTolerance, calibrations, target)
      let exponent = observed - target
      let change: Double
      if exponent > 0 {
        // Certainty makes the factor infinite; the limit of change remains.
        change =
          rejection < 1
          ? min(Elementary.pow(10, exponent / (1 - rejection)), limits.maximumChange)
          : limits.maximumChange
      } else {
        change = max(Elementary.pow(10, exponent * rejection), 1 / limits.maximumChange)
      }
      calculatedDays = change * currentDays
      rejectionConfidence = rejection
      reliabilityRange = try Self.range(inTolerance, calibrations, confidence)
    } catch {
      throw .distribution(error)
    }
    observedReliability = observed
    if rejectionConfidence > confidence, abs(calculatedDays - currentDays) >= limits.smallestChangeDays {
      intervalDays = min(max(calculatedDays, limits.shortestDays), limits.longestDays)
    } else {
      intervalDays = currentDays
    }
  }

  /// Interval at which an exponential loss of reliability, R(t) = exp(−t / θ), would reach the target (NCSLI RP-1, classical
  /// method): I₀ ln(target) / ln(observed). It does not limit the change and does not ask whether the data are enough.
  /// - Throws: `.parameter` unless the observed reliability lies between 0 and 1.
  public static func exponentialDays(
    currentDays: Double, observedReliability observed: Double, target: Double
  ) throws(IntervalFault) -> Double {
    guard currentDays > 0, currentDays.isFinite else {
      throw .parameter(name: "current interval in days", value: currentDays, allowed: "above 0 and finite")
    }
    guard observed > 0, observed < 1 else {
      throw .parameter(name: "observed reliability", value: observed, allowed: "between 0 and 1")
    }
    guard target > 0, target < 1 else {
      throw .parameter(name: "target reliability", value: target, allowed: "between 0 and 1")
    }
    return currentDays * Elementary.log(target) / Elementary.log(observed)
  }

  /// From a list of results, true for in tolerance.
  public init(results: [Bool], currentDays: Double, target: Double, limits: Limits = Limits()) throws(IntervalFault) {
    try self.init(
      inTolerance: results.count { $0 }, calibrations: results.count, currentDays: currentDays, target: target,
      limits: limits)
  }

  /// P(X ≤ k) of a binomial distribution, by the incomplete beta function (DLMF 8.17.5).
  private static func binomial(upTo k: Int, _ n: Int, _ p: Double) throws(DistributionFault) -> Double {
    if k < 0 { return 0 }
    if k >= n { return 1 }
    return try SpecialFunctions.incompleteBeta(Double(n - k), Double(k + 1), at: 1 - p, complement: p).lower
  }

  /// One less the two-sided significance of the observed number; one-sided where only one side is possible.
  private static func rejection(_ k: Int, _ n: Int, _ target: Double) throws(DistributionFault) -> Double {
    if k == 0 { return 1 - Elementary.pow(1 - target, Double(n)) }
    if k == n { return 1 - Elementary.pow(target, Double(n)) }
    let observed = Double(k) / Double(n)
    let tail =
      observed > target ? 1 - (try binomial(upTo: k - 1, n, target)) : try binomial(upTo: k, n, target)
    return max(0, 1 - 2 * tail)
  }

  private static func range(_ k: Int, _ n: Int, _ confidence: Double) throws(DistributionFault) -> ClosedRange<Double> {
    if k == 0 { return 0...(1 - Elementary.pow(1 - confidence, 1 / Double(n))) }
    if k == n { return Elementary.pow(1 - confidence, 1 / Double(n))...1 }
    let tail = 0.5 * (1 - confidence)
    // The beta quantile from the F quantile: B(a, b) = a F / (b + a F) with 2a and 2b degrees of freedom.
    func beta(_ a: Double, _ b: Double, _ p: Double) throws(DistributionFault) -> Double {
      let f = try FDistribution(numerator: 2 * a, denominator: 2 * b).quantile(p)
      return a * f / (b + a * f)
    }
    let lower = try beta(Double(k), Double(n - k + 1), tail)
    let upper = try beta(Double(k + 1), Double(n - k), 1 - tail)
    return lower...upper
  }
}
