import EtalonMetrology

/// Why no calibration interval can be computed.
public enum IntervalFault: Error, Equatable, Sendable {
  /// No calibrations, or more of them in tolerance than there were.
  case counts(inTolerance: Int, calibrations: Int)
  /// A parameter outside its range, which is given in words.
  case parameter(name: String, value: Double, allowed: String)
  /// The fit of the drift curve failed.
  case fit(FitFault)
  /// A distribution function that has no value.
  case distribution(DistributionFault)
  /// The uncertainty right after calibration is above the target already, so no interval is short enough.
  case targetNotMet(atStart: Double, target: Double)
  /// Right after calibration the value, give or take its expanded uncertainty, lies beyond a limit by so much already.
  case outsideAtStart(by: Double)
  /// The target is never left: the drift curve gives no limit to the interval.
  case unlimited
}

extension IntervalFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .counts(let inTolerance, let calibrations):
      return "\(inTolerance) results in tolerance of \(calibrations) calibrations are not possible"
    case .parameter(let name, let value, let allowed): return "the \(name) is \(value); it must be \(allowed)"
    case .fit(let fault): return "drift curve: \(fault)"
    case .distribution(let fault): return fault.description
    case .targetNotMet(let start, let target):
      return
        "right after calibration the standard uncertainty, scatter about the drift curve included, is \(start) already, "
        + "above the target \(target)"
    case .outsideAtStart(let excess):
      return
        "right after calibration the value, give or take its expanded uncertainty, lies \(excess) beyond a limit already"
    case .unlimited:
      return
        "within 10 million days the target is not left, so the drift curve gives no interval; choose a target nearer to "
        + "what holds right after calibration"
    }
  }
}
