/// Why a control chart or its run length has no value.
public enum MonitoringFault: Error, Equatable, Sendable {
  /// A parameter outside its range.
  case parameter(name: String, value: Double)
  /// An observation that is not finite, with its index where there is a list.
  case observation(Double, index: Int)
  /// The run length is beyond what the method can give with its accuracy.
  case runLengthNotResolved(estimate: Double)
  /// The integral equation of the run length needs so many points; at most 512 are solved.
  case tooManyPoints(Double)
}

extension MonitoringFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .parameter(let name, let value): return "\(name) can not be \(value)"
    case .observation(let x, let index): return "observation \(index) (counted from 0) is \(x)"
    case .runLengthNotResolved(let estimate): return "the run length, about \(estimate), can not be resolved"
    case .tooManyPoints(let needed):
      return
        "the run length needs a rule of \(needed) points and at most 512 are solved; give a decision interval of fewer "
        + "standard deviations, or a larger weight"
    }
  }
}
