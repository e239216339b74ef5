/// Moves a set point at a bounded rate, so that a process follows without running into its limits.
///
/// The value runs straight from where it is to the target; a new target may come at any time. A rate of infinity makes
/// every change a step.
@frozen
public struct SetpointRamp<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Largest rate for each second, above 0; infinite for steps.
  public let maximumRate: Scalar
  /// Where the ramp ends.
  public private(set) var target: Scalar
  @usableFromInline var start: Scalar
  @usableFromInline var begin: Instant

  /// A ramp that stands at `value`.
  /// - Throws: `.notPositive` for a rate that is not above 0, `.outOfRange` for a value that is not finite.
  public init(at value: Scalar, maximumRate: Scalar, instant: Instant) throws(ControlFault) {
    guard maximumRate > 0 else { throw .notPositive(Double(maximumRate)) }
    guard value.isFinite else { throw .outOfRange(Double(value)) }
    self.maximumRate = maximumRate
    target = value
    start = value
    begin = instant
  }

  /// Sets another target; the ramp goes on from where it is at `instant`. A value that is not finite is ignored.
  public mutating func move(to value: Scalar, at instant: Instant) {
    guard value.isFinite else { return }
    start = self.value(at: instant)
    begin = instant
    target = value
  }

  /// Set point at an instant; that of the last move for an earlier one.
  @inlinable
  public func value(at instant: Instant) -> Scalar {
    guard maximumRate.isFinite else { return target }
    let way = maximumRate * Scalar(max(0, instant.seconds(since: begin)))
    return start < target ? min(start + way, target) : max(start - way, target)
  }

  /// Rate for each second at an instant; 0 once the target is reached.
  @inlinable
  public func rate(at instant: Instant) -> Scalar {
    guard maximumRate.isFinite, value(at: instant) != target else { return 0 }
    return start < target ? maximumRate : -maximumRate
  }
}
