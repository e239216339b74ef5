/// Proportional-integral-derivative control with a filtered derivative, limits and anti-windup.
///
/// ```
/// u = forward + K (b r − y) + I − D,   dI/dt = K/Tᵢ (r − y),   D = K T_d s/(1 + s T_d/N) y
/// ```
/// (K. J. Åström and T. Hägglund, *Advanced PID Control* (2006), sections 3.3 to 3.5). The derivative acts on the measured
/// quantity only. While the output is limited, the integral takes nothing that would drive it further beyond the limit
/// (conditional integration).
///
/// **Uncertainty.** With u above the nominal one by a factor q the controller is that of a closed loop slower by q: gain
/// K/q, integral time q Tᵢ, though never above `longestIntegralSeconds`. So uncertainty moves the actuator no more than
/// designed for. A change of the gain makes no bump: the integral takes up the difference.
@frozen
public struct PIDController<Scalar: BinaryFloatingPoint & Sendable>: Controller {
  /// What a PID controller is set to.
  public struct Configuration: Sendable, Equatable {
    /// K, output for each unit of the quantity; not 0; negative where more output lowers the quantity.
    public var gain: Scalar
    /// Tᵢ in seconds, above 0; infinite for none.
    public var integralSeconds: Scalar
    /// T_d in seconds, 0 or more; 0 for none.
    public var derivativeSeconds: Scalar
    /// N, the derivative's largest gain as a multiple of K, above 0.
    public var derivativeGain: Scalar = 10
    /// b, share of a step of the set point that the proportional part sees, 0...1.
    public var setpointWeight: Scalar = 1
    /// Smallest and largest output.
    public var limits: ClosedRange<Scalar>
    /// Standard uncertainty of the quantity that the gains are meant for, above 0; infinite never slows down.
    public var nominalStandardUncertainty: Scalar = .infinity
    /// Integral time that a slowed-down loop does not exceed, `integralSeconds` or more; for SIMC the lag of the process.
    public var longestIntegralSeconds: Scalar = .infinity
    /// Output given forward in steady state is (r − idle) · this; 0 for none.
    public var forwardGain: Scalar = 0
    /// Value of the quantity without output, for the feed-forward.
    public var idle: Scalar = 0
    /// Output for each unit of the set point's rate, added forward; τ₁/k for a ramp followed without lag; 0 for none.
    public var rateGain: Scalar = 0

    /// Gains as given; they are checked when the controller is set up.
    public init(gain: Scalar, integralSeconds: Scalar, derivativeSeconds: Scalar = 0, limits: ClosedRange<Scalar>) {
      self.gain = gain
      self.integralSeconds = integralSeconds
      self.derivativeSeconds = derivativeSeconds
      self.limits = limits
    }

    /// Gains from a model by the SIMC rules for a PI controller, after the half rule:
    /// K = τ₁/(k (τ_c + θ)), Tᵢ = min(τ₁, 4 (τ_c + θ)) (S. Skogestad, J. Process Control 13 (2003) 291, equations 23, 24).
    /// - Parameters:
    ///   - closedLoopSeconds: τ_c; nil takes θ, the rule's "tight control".
    ///   - periodSeconds: of the control; half of it counts as delay, because an output is held for a period.
    /// - Throws: what is wrong with the model; `.notPositive` where delay, lag and period leave no delay at all.
    public static func simcPI(
      _ model: ProcessModel, limits: ClosedRange<Scalar>, periodSeconds: Double, closedLoopSeconds: Double? = nil
    ) throws(ControlFault) -> Configuration {
      try model.check()
      let first = model.firstOrder
      let delay = first.delaySeconds + periodSeconds / 2
      let horizon = (closedLoopSeconds ?? delay) + delay
      try ControlFault.checkPositive(horizon)
      var configuration = Configuration(
        gain: Scalar(first.lagSeconds / (first.gain * horizon)),
        integralSeconds: Scalar(min(first.lagSeconds, 4 * horizon)), limits: limits)
      configuration.longestIntegralSeconds = Scalar(first.lagSeconds)
      configuration.idle = Scalar(model.idle)
      return configuration
    }

    /// Gains from a model of second order by the SIMC rules for a PID controller in series form, K′ = τ₁/(k (τ_c + θ)),
    /// Tᵢ′ = min(τ₁, 4 (τ_c + θ)), T_d′ = τ₂ (ibid. equations 23 to 25), turned into the parallel form by equation 34:
    /// K = K′ (1 + T_d′/Tᵢ′), Tᵢ = Tᵢ′ (1 + T_d′/Tᵢ′), T_d = T_d′/(1 + T_d′/Tᵢ′).
    public static func simcPID(
      _ model: ProcessModel, limits: ClosedRange<Scalar>, periodSeconds: Double, closedLoopSeconds: Double? = nil
    ) throws(ControlFault) -> Configuration {
      try model.check()
      let delay = model.delaySeconds + periodSeconds / 2
      let horizon = (closedLoopSeconds ?? delay) + delay
      try ControlFault.checkPositive(horizon)
      let integral = min(model.lagSeconds, 4 * horizon)
      let factor = 1 + model.secondLagSeconds / integral
      var configuration = Configuration(
        gain: Scalar(model.lagSeconds / (model.gain * horizon) * factor), integralSeconds: Scalar(integral * factor),
        derivativeSeconds: Scalar(model.secondLagSeconds / factor), limits: limits)
      configuration.longestIntegralSeconds = Scalar(model.lagSeconds * factor)
      configuration.idle = Scalar(model.idle)
      return configuration
    }

    func check() throws(ControlFault) {
      guard gain != 0, gain.isFinite else { throw .outOfRange(Double(gain)) }
      guard integralSeconds > 0 else { throw .notPositive(Double(integralSeconds)) }
      guard derivativeSeconds >= 0, derivativeSeconds.isFinite else { throw .outOfRange(Double(derivativeSeconds)) }
      try ControlFault.checkPositive(Double(derivativeGain))
      guard setpointWeight >= 0, setpointWeight <= 1 else { throw .outOfRange(Double(setpointWeight)) }
      try ControlFault.check(Double(limits.lowerBound)...Double(limits.upperBound))
      guard nominalStandardUncertainty > 0 else { throw .notPositive(Double(nominalStandardUncertainty)) }
      guard longestIntegralSeconds >= integralSeconds else { throw .outOfRange(Double(longestIntegralSeconds)) }
      guard forwardGain.isFinite else { throw .outOfRange(Double(forwardGain)) }
      guard idle.isFinite else { throw .outOfRange(Double(idle)) }
      guard rateGain.isFinite else { throw .outOfRange(Double(rateGain)) }
    }
  }

  /// The configuration in force.
  public let configuration: Configuration
  @usableFromInline var integral: Scalar = 0
  @usableFromInline var derivative: Scalar = 0
  @usableFromInline var gain: Scalar
  @usableFromInline var slowdown: Scalar = 1
  @usableFromInline var given: Scalar?
  @usableFromInline var isLimited = false
  @usableFromInline var last: Instant?
  @usableFromInline var error: Scalar = 0
  @usableFromInline var measured: Scalar = 0
  /// Output that the actuator gives before the first update, from which the loop takes over without a bump.
  @usableFromInline var initial: Scalar?

  /// A controller that has not seen its process.
  /// - Parameter initialOutput: what the actuator gives now; the first update then gives the same as long as the quantity
  ///   is at its set point. Nil starts from the feed-forward alone.
  /// - Throws: what is wrong with the configuration.
  public init(_ configuration: Configuration, initialOutput: Scalar? = nil) throws(ControlFault) {
    try configuration.check()
    if let initialOutput, !initialOutput.isFinite { throw .outOfRange(Double(initialOutput)) }
    self.configuration = configuration
    gain = configuration.gain
    initial = initialOutput
  }

  /// Smallest and largest output.
  @inlinable public var limits: ClosedRange<Scalar> { configuration.limits }

  /// What a display shows.
  @inlinable public var status: ControlStatus<Scalar> {
    ControlStatus(
      kind: .pid, output: given, integral: integral, expected: last == nil ? nil : measured, isLimited: isLimited,
      slowdown: slowdown)
  }

  /// The output to give from now on.
  @inlinable
  public mutating func update(_ input: ControlInput<Scalar>) -> Scalar {
    let lower = configuration.limits.lowerBound
    let upper = configuration.limits.upperBound
    if let last, input.instant <= last { return given ?? lower }
    guard input.hasMeasurement, input.hasSetpoint else { return given ?? lower }
    let setpoint = input.setpoint
    let weighted = configuration.setpointWeight * setpoint - input.measured
    let forward =
      input.feedForward + configuration.forwardGain * (setpoint - configuration.idle)
      + configuration.rateGain * input.setpointRate

    // Gain and integral time after the uncertainty; the integral takes up what the proportional part loses.
    slowdown = max(1, input.standardUncertainty / configuration.nominalStandardUncertainty)
    let wantedGain = configuration.gain / slowdown
    var increment: Scalar = 0
    if let last {
      integral += (gain - wantedGain) * weighted
      gain = wantedGain
      let seconds = Scalar(input.instant.seconds(since: last))
      let integralSeconds = min(configuration.integralSeconds * slowdown, configuration.longestIntegralSeconds)
      increment = gain / integralSeconds * error * seconds
      if configuration.derivativeSeconds > 0 {
        // Backward differences (ibid. section 13.4): stable for every period.
        let filter = configuration.derivativeSeconds / configuration.derivativeGain
        derivative =
          (filter * derivative + gain * configuration.derivativeSeconds * (input.measured - measured))
          / (filter + seconds)
      }
    } else {
      gain = wantedGain
      // Cancels the absolute level of the proportional part at the set point, and takes over what is given now.
      integral = gain * (1 - configuration.setpointWeight) * setpoint
      if let initial { integral += initial - forward }
    }
    last = input.instant
    error = setpoint - input.measured
    measured = input.measured
    let wanted = forward + gain * weighted + integral + increment - derivative
    let output = min(max(wanted, lower), upper)
    let beyond = wanted - output
    isLimited = beyond != 0
    if beyond == 0 || (beyond > 0) != (increment > 0) { integral += increment }
    given = output
    return output
  }

  /// Takes note of what the actuator gives; the integral stays.
  @inlinable
  public mutating func applied(_ output: Scalar) {
    if output.isFinite { given = output }
  }

  /// Starts anew.
  @inlinable
  public mutating func reset() {
    integral = 0
    derivative = 0
    gain = configuration.gain
    slowdown = 1
    given = nil
    isLimited = false
    last = nil
    error = 0
    measured = 0
  }
}
