/// Linear-quadratic Gaussian control with integral action, limits and delay.
///
/// ```
/// k u = xₛ + τ₂ ṙ − m̂ − K₁ (ẑ − zₛ) − K₂ (x̂ − xₛ),   zₛ = r − idle,  xₛ = zₛ + τ₁ ṙ
/// ```
/// ẑ, x̂ and m̂ are the predictions of `ProcessObserver` for the instant at which u begins to act.
/// - **Integral action** is the estimated disturbance m̂: in steady state it takes whatever value makes the quantity equal
///   to its set point (G. Pannocchia and J. B. Rawlings, AIChE J. 49 (2003) 426).
/// - **Limits** are inside the design: the observer goes on with the output that was really given, so m̂ learns nothing from
///   an output that could not be given, and there is nothing to unwind.
/// - **Uncertainty.** The observer's noise is that of the corrected value. With an uncertainty above the nominal one by a
///   factor q the state gains are besides those of a closed-loop time longer by q: the product of gain and uncertainty, what
///   the uncertainty moves the actuator by, stays that of the design. Gains for q = 1, 2, 4 ... 128 are solved beforehand;
///   between them the inverse of q interpolates.
/// - A missing measurement, and a period that was slept through, are predicted.
@frozen
public struct LQGController<Scalar: BinaryFloatingPoint & Sendable>: Controller {
  @usableFromInline static var levels: Int { 8 }

  /// Smallest and largest output.
  public let limits: ClosedRange<Scalar>
  @usableFromInline var process: ProcessObserver<Scalar>
  @usableFromInline let lag: Scalar
  @usableFromInline let secondLag: Scalar
  @usableFromInline let nominal: Scalar
  @usableFromInline var quantityGains: InlineArray<8, Scalar>
  @usableFromInline var lagGains: InlineArray<8, Scalar>
  @usableFromInline var slowdown: Scalar = 1
  @usableFromInline var given: Scalar?
  @usableFromInline var load: Scalar = 0
  @usableFromInline var isLimited = false
  @usableFromInline var last: Instant?
  @usableFromInline let initial: Scalar?

  /// A controller that has not seen its process.
  /// - Parameter initialOutput: what the actuator gives now, with the process steady; nil takes the lower limit.
  /// - Throws: what is wrong with the design.
  public init(_ design: LQGDesign, initialOutput: Scalar? = nil) throws(ControlFault) {
    try ControlFault.check(design.limits)
    try ControlFault.checkPositive(design.nominalStandardUncertainty)
    try ControlFault.checkPositive(design.outputWeight)
    if let initialOutput, !initialOutput.isFinite { throw .outOfRange(Double(initialOutput)) }
    process = try ProcessObserver(
      design.model, periodSeconds: design.periodSeconds,
      disturbance: .init(
        outputPerRootSecond: design.disturbance.outputPerRootSecond,
        quantityPerRootSecond: design.disturbance.quantityPerRootSecond),
      initialDisturbance: 0.1 * (design.limits.upperBound - design.limits.lowerBound))
    limits = Scalar(design.limits.lowerBound)...Scalar(design.limits.upperBound)
    lag = Scalar(design.model.lagSeconds)
    secondLag = Scalar(design.model.secondLagSeconds)
    nominal = Scalar(design.nominalStandardUncertainty)
    quantityGains = InlineArray(repeating: 0)
    lagGains = InlineArray(repeating: 0)
    initial = initialOutput
    var factor = 1.0
    for level in 0..<Self.levels {
      let solution = try design.solve(slowdown: factor)
      quantityGains[level] = Scalar(solution.gain[0])
      lagGains[level] = Scalar(solution.gain[1])
      factor *= 2
    }
  }

  /// Where the process is.
  @inlinable public var observer: ProcessObserver<Scalar> { process }

  /// What a display shows.
  @inlinable public var status: ControlStatus<Scalar> {
    ControlStatus(
      kind: .lqg, output: given, integral: -process.disturbance, expected: last == nil ? nil : process.expected,
      isLimited: isLimited, slowdown: slowdown)
  }

  /// Gains K₁ and K₂ for an uncertainty that is `factor` times the nominal one. It mutates formally only: see
  /// `ProcessObserver`.
  @inlinable @inline(__always)
  mutating func gains(_ factor: Scalar) -> (Scalar, Scalar) {
    guard factor > 1 else { return (quantityGains[0], lagGains[0]) }
    var level = 0
    var base: Scalar = 1
    while level < 7, factor > 2 * base {
      level += 1
      base *= 2
    }
    guard level < 7 else { return (quantityGains[7], lagGains[7]) }
    // Gains go about as 1/q; so does the share: 1 at q = base, 0 at 2 base.
    let share = 2 * base / factor - 1
    return (
      quantityGains[level + 1] + share * (quantityGains[level] - quantityGains[level + 1]),
      lagGains[level + 1] + share * (lagGains[level] - lagGains[level + 1])
    )
  }

  /// The output to give from now on. Periods are counted from the first input; one that comes less than half a period after
  /// the last gets the same output.
  @inlinable
  public mutating func update(_ input: ControlInput<Scalar>) -> Scalar {
    let lower = limits.lowerBound
    let upper = limits.upperBound
    if let last {
      let period = process.periodNanoseconds
      let periods = (input.instant - last + period / 2) / period
      guard input.instant > last, periods > 0, let given else { return given ?? lower }
      // After more than the memory of outputs the process is where the last output holds it; the covariance is what counts.
      for _ in 0..<min(periods, 256) { process.advance(output: given - load) }
      self.last = input.instant
      if input.hasMeasurement {
        process.measure(input.measured, standardUncertainty: input.standardUncertainty)
      }
    } else {
      guard input.hasMeasurement, input.hasSetpoint else { return given ?? lower }
      last = input.instant
      process.start(
        measured: input.measured, standardUncertainty: input.standardUncertainty,
        output: (given ?? initial ?? lower) - input.feedForward)
    }
    guard input.hasSetpoint else { return given ?? lower }
    if input.hasMeasurement { slowdown = max(1, input.standardUncertainty / nominal) }
    let (first, second) = gains(slowdown)
    let state = process.predictedInPlace()
    let z = input.setpoint - process.idle
    let x = z + lag * input.setpointRate
    let driven =
      x + secondLag * input.setpointRate - state.m - first * (state.z - z) - second * (state.x - x)
    let wanted = driven / process.gain + input.feedForward
    let output = min(max(wanted, lower), upper)
    isLimited = output != wanted
    load = input.feedForward
    given = output
    return output
  }

  /// The observer goes on with what the actuator gives.
  @inlinable
  public mutating func applied(_ output: Scalar) {
    if output.isFinite { given = output }
  }

  /// Starts anew, from the output that is given now.
  @inlinable
  public mutating func reset() {
    process.reset()
    slowdown = 1
    isLimited = false
    load = 0
    last = nil
  }
}
