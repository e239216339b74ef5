import EtalonMetrology

/// Why no calibration interval can be computed.
public enum IntervalFault: Error, Equatable, Sendable {
  /// No calibrations, or more of them in tolerance than there were.
  case counts(inTolerance: Int, calibrations: Int)
  /// A parameter outside its range.
  case parameter(name: String, value: Double)
  /// The fit of the drift curve failed.
  case fit(FitFault)
  /// A distribution function that has no value.
  case distribution(DistributionFault)
  /// The target is not met even right after calibration, so no interval is short enough.
  case targetNotMet(atStart: Double, target: Double)
  /// The target is never left: the drift curve gives no limit to the interval.
  case unlimited
}

extension IntervalFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .counts(let inTolerance, let calibrations):
      return "\(inTolerance) results in tolerance of \(calibrations) calibrations are not possible"
    case .parameter(let name, let value): return "\(name) can not be \(value)"
    case .fit(let fault): return "drift curve: \(fault)"
    case .distribution(let fault): return fault.description
    case .targetNotMet(let start, let target):
      return "the target \(target) is missed right after calibration already, by \(start - target)"
    case .unlimited: return "the drift curve never leaves the target, so it gives no interval"
    }
  }
}
