/// Why a control chart or its run length has no value.
public enum MonitoringFault: Error, Equatable, Sendable {
  /// A parameter outside its range.
  case parameter(name: String, value: Double)
  /// An observation that is not finite, with its index where there is a list.
  case observation(Double, index: Int)
  /// The run length is beyond what the method can give with its accuracy.
  case runLengthNotResolved(estimate: Double)
}

extension MonitoringFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .parameter(let name, let value): return "\(name) can not be \(value)"
    case .observation(let x, let index): return "observation \(index) (counted from 0) is \(x)"
    case .runLengthNotResolved(let estimate): return "the run length, about \(estimate), can not be resolved"
    }
  }
}
