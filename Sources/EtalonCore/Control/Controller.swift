/// What a controller is told at one instant.
///
/// The quantity is the corrected value of the process in any unit; outputs are in the unit of the actuator. Both stay the
/// same for the life of a controller.
@frozen
public struct ControlInput<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Equatable {
  /// Corrected value of the controlled quantity.
  public var measured: Scalar
  /// Standard uncertainty of `measured`, 0 or more. A controller acts the more slowly the larger it is against the one it
  /// was designed for. Infinite or NaN says that there is no value now.
  public var standardUncertainty: Scalar
  /// Wanted value.
  public var setpoint: Scalar
  /// Rate at which the wanted value moves, for each second (`SetpointRamp` gives it); 0 for a constant one.
  public var setpointRate: Scalar
  /// Output that a known load needs beyond what the process itself needs; 0 for none.
  public var feedForward: Scalar
  /// When the value was true.
  public var instant: Instant

  /// One input; a constant set point without a known load by default.
  @inlinable
  public init(
    measured: Scalar, standardUncertainty: Scalar, setpoint: Scalar, setpointRate: Scalar = 0, feedForward: Scalar = 0,
    at instant: Instant
  ) {
    self.measured = measured
    self.standardUncertainty = standardUncertainty
    self.setpoint = setpoint
    self.setpointRate = setpointRate
    self.feedForward = feedForward
    self.instant = instant
  }

  /// Whether there is a value with an uncertainty to act on.
  @inlinable public var hasMeasurement: Bool {
    measured.isFinite && standardUncertainty.isFinite && standardUncertainty >= 0
  }

  /// Whether there is a wanted value to act on.
  @inlinable public var hasSetpoint: Bool { setpoint.isFinite && setpointRate.isFinite && feedForward.isFinite }
}

/// The kinds of controllers.
public enum ControllerKind: UInt8, Sendable {
  /// `OnOffController`.
  case onOff = 1
  /// `PIDController`.
  case pid = 2
  /// `LQGController`.
  case lqg = 3
}

/// What a display or a record shows of a controller after an update.
@frozen
public struct ControlStatus<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Equatable {
  /// Which kind of controller it is.
  public var kind: ControllerKind
  /// Output in force, in the unit of the actuator; nil before the first update.
  public var output: Scalar?
  /// Output that the integral action contributes: the integral of a PID, the estimated disturbance with its sign turned
  /// for LQG, 0 for on-off.
  public var integral: Scalar
  /// What the controller expects the quantity to be when the present output begins to act; the last measured value for a
  /// controller without a model, nil before the first update.
  public var expected: Scalar?
  /// Whether the output is at one of its limits because more was wanted.
  public var isLimited: Bool
  /// Factor of 1 or more by which the loop is slowed down because the value is more uncertain than designed for.
  public var slowdown: Scalar

  /// A status as given.
  @inlinable
  public init(
    kind: ControllerKind, output: Scalar?, integral: Scalar, expected: Scalar?, isLimited: Bool, slowdown: Scalar
  ) {
    self.kind = kind
    self.output = output
    self.integral = integral
    self.expected = expected
    self.isLimited = isLimited
    self.slowdown = slowdown
  }
}

/// Decides the actuator's output from the corrected value.
///
/// A controller is a value: it owns no clock and no device. Loops are generic over it, so that nothing is erased and
/// nothing allocates for a sample. All controllers keep these rules:
/// - an input at an instant that does not come after the last one changes nothing and gives the last output;
/// - without a measurement (`hasMeasurement` is false) nothing is learnt: a controller without a model keeps its output,
///   one with a model goes on by prediction. How long that is allowed is for the session to say;
/// - without a finite set point the output stays; before the first valid input it is the lower limit;
/// - the output is always within `limits`.
public protocol Controller<Scalar>: Sendable {
  /// The type of every value; `Float` for chips, `Double` elsewhere.
  associatedtype Scalar: BinaryFloatingPoint & Sendable
  /// Smallest and largest output.
  var limits: ClosedRange<Scalar> { get }
  /// What a display shows.
  var status: ControlStatus<Scalar> { get }
  /// The output to give from `input.instant` on.
  mutating func update(_ input: ControlInput<Scalar>) -> Scalar
  /// Says that the actuator gives `output` in place of what the last update wanted (it rounds, it is limited further, it
  /// was in its safe state). A value that is not finite is ignored.
  mutating func applied(_ output: Scalar)
  /// Starts anew, as after construction.
  mutating func reset()
}

/// Why a controller or a model can not be set up.
public enum ControlFault: Error, Sendable, Equatable {
  /// A gain, time, spread or uncertainty that must be above 0 and finite is not.
  case notPositive(Double)
  /// A value is not finite or outside its range.
  case outOfRange(Double)
  /// The limits of the output are not finite or the lower one is not below the upper one.
  case limits(lower: Double, upper: Double)
  /// The delay is longer than so many periods; choose a longer period.
  case delayTooLong(periods: Double, atMost: Int)
  /// The Riccati equation has no stabilising solution for this model and weight.
  case notStabilisable
}

extension ControlFault {
  /// Reason and remedy, for people.
  public var explanation: String {
    switch self {
    case .notPositive(let value): "\(value) is not above 0 and finite, as a gain, a time or an uncertainty must be"
    case .outOfRange(let value): "\(value) is outside its range or not finite"
    case .limits(let lower, let upper): "the output's limits \(lower) and \(upper) are not finite and in order"
    case .delayTooLong(let periods, let atMost):
      "the process answers \(periods) periods late, more than \(atMost); choose a longer control period"
    case .notStabilisable:
      "no stabilising controller exists for this model; identify the process again or choose a slower closed loop"
    }
  }

  /// - Throws: `.limits` unless both are finite and in order.
  static func check(_ limits: ClosedRange<Double>) throws(ControlFault) {
    guard limits.lowerBound.isFinite, limits.upperBound.isFinite, limits.lowerBound < limits.upperBound else {
      throw .limits(lower: limits.lowerBound, upper: limits.upperBound)
    }
  }

  static func checkPositive(_ value: Double) throws(ControlFault) {
    guard value > 0, value.isFinite else { throw .notPositive(value) }
  }
}
