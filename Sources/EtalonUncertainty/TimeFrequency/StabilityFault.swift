import EtalonMetrology

/// Why a stability statistic has no value.
public enum StabilityFault: Error, Equatable, Sendable {
  /// Fewer data than the statistic needs at this averaging factor.
  case tooFew(needed: Int, received: Int)
  /// A datum that is not finite, with its index. A missing datum is nil, not NaN.
  case notFinite(index: Int)
  /// A sampling interval that is not positive and finite.
  case interval(Double)
  /// An averaging factor the statistic can not use: not positive, or odd where it must be even.
  case averagingFactor(Int)
  /// Gaps leave no term for this averaging factor.
  case onlyGaps(averagingFactor: Int)
  /// Squares of differences of the data leave the range of a number.
  case outOfRange(averagingFactor: Int)
  /// An averaging time that is no multiple of the sampling interval.
  case averagingTime(Double, interval: Double)
  /// A confidence level outside the open interval 0 … 1.
  case confidence(Double)
  /// A distribution function that has no value.
  case distribution(DistributionFault)
}

/// The statistics of frequency stability (W. J. Riley, Handbook of Frequency Stability Analysis, NIST SP 1065, 2008,
/// section 5).
public enum StabilityStatistic: String, CaseIterable, Sendable {
  /// Allan deviation of adjacent averages, 5.2.
  case adev
  /// Overlapping Allan deviation, 5.2.4.
  case oadev
  /// Modified Allan deviation, 5.2.5.
  case mdev
  /// Time deviation τ MDEV / √3, 5.2.6.
  case tdev
  /// Hadamard deviation of adjacent averages, 5.2.9.
  case hdev
  /// Overlapping Hadamard deviation, 5.2.10.
  case ohdev
  /// Total deviation (data reflected at both ends), 5.2.11; without bias correction.
  case totdev
  /// Modified total deviation, 5.2.12; without bias correction.
  case mtotdev
  /// Time total deviation τ MTOTDEV / √3, 5.2.13; without bias correction.
  case ttotdev
  /// Thêo1, 5.2.15; without bias removal. The averaging time is 0.75 m τ₀, m even.
  case theo1
}

extension StabilityStatistic {
  /// Whether the estimate differs from the deviation that it is named after by a factor that the noise decides: at m = 1 of
  /// white frequency noise the modified total deviation is 0.71 of the modified Allan deviation (SP 1065, 5.2.12 and 5.2.15).
  public var isBiased: Bool { self == .mtotdev || self == .ttotdev || self == .theo1 }
}

extension StabilityFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .tooFew(let needed, let received):
      return "the record is too short: \(received) phases (one more than frequencies), at least \(needed) are needed"
    case .notFinite(let index): return "datum \(index) (counted from 0) is not finite; a missing one is a gap"
    case .interval(let seconds): return "the interval \(seconds) s is not positive and finite"
    case .averagingFactor(let m):
      return "the averaging factor \(m) can not be used; it is 1 or more, and even for theo1"
    case .onlyGaps(let m): return "gaps leave no term at the averaging factor \(m)"
    case .outOfRange(let m):
      return "at the averaging factor \(m) the squares of the differences leave the range of a number; check the unit"
    case .averagingTime(let tau, let interval):
      return "the averaging time \(tau) s is no whole multiple of the interval \(interval) s; give such a multiple"
    case .confidence(let p): return "the confidence \(p) does not lie between 0 and 1"
    case .distribution(let fault): return fault.description
    }
  }
}
