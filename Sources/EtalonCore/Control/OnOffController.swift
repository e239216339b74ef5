/// The simplest controller: full output below the set point, least output above it, with hysteresis.
///
/// Within the hysteresis the output stays as it is. The half width is never below twice the standard uncertainty of the
/// value: differences that are not known do not switch.
@frozen
public struct OnOffController<Scalar: BinaryFloatingPoint & Sendable>: Controller {
  /// Output below and above the set point: the limits.
  public let limits: ClosedRange<Scalar>
  /// Half width of the hysteresis in the unit of the quantity, 0 or more.
  public let hysteresis: Scalar
  /// Whether more output lowers the quantity.
  public let isReversed: Bool
  @usableFromInline var isUpper = false
  @usableFromInline var measured: Scalar?
  @usableFromInline var given: Scalar?
  @usableFromInline var widening: Scalar = 1
  @usableFromInline var last: Instant?

  /// A controller that has not seen its process.
  /// - Parameter isReversed: true where more output lowers the quantity, as for a cooler.
  /// - Throws: `.limits`; `.outOfRange` for a negative hysteresis.
  public init(limits: ClosedRange<Scalar>, hysteresis: Scalar, isReversed: Bool = false) throws(ControlFault) {
    try ControlFault.check(Double(limits.lowerBound)...Double(limits.upperBound))
    guard hysteresis >= 0, hysteresis.isFinite else { throw .outOfRange(Double(hysteresis)) }
    self.limits = limits
    self.hysteresis = hysteresis
    self.isReversed = isReversed
  }

  /// What a display shows.
  @inlinable public var status: ControlStatus<Scalar> {
    ControlStatus(
      kind: .onOff, output: given, integral: 0, expected: measured, isLimited: given != nil, slowdown: widening)
  }

  /// The output to give from now on. A known load changes nothing.
  @inlinable
  public mutating func update(_ input: ControlInput<Scalar>) -> Scalar {
    if let last, input.instant <= last { return given ?? limits.lowerBound }
    guard input.hasMeasurement, input.hasSetpoint else { return given ?? limits.lowerBound }
    last = input.instant
    measured = input.measured
    let half = max(hysteresis, 2 * input.standardUncertainty)
    widening = hysteresis > 0 ? half / hysteresis : 1
    let error = isReversed ? input.measured - input.setpoint : input.setpoint - input.measured
    if error > half {
      isUpper = true
    } else if error < -half {
      isUpper = false
    } else if given == nil {
      isUpper = error > 0
    }
    let output = isUpper ? limits.upperBound : limits.lowerBound
    given = output
    return output
  }

  /// Changes nothing: the next output does not depend on what this one became.
  @inlinable public mutating func applied(_ output: Scalar) {}

  /// Starts anew.
  @inlinable public mutating func reset() {
    isUpper = false
    measured = nil
    given = nil
    widening = 1
    last = nil
  }
}
