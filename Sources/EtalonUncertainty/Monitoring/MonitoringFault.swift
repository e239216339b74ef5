/// Why a control chart or its run length has no value.
public enum MonitoringFault: Error, Equatable, Sendable {
  /// A parameter outside its range.
  case parameter(name: String, value: Double)
  /// An observation that is not finite, with its index where there is a list.
  case observation(Double, index: Int)
  /// The run length is beyond what the method can give with its accuracy.
  case runLengthNotResolved(estimate: Double)
}
