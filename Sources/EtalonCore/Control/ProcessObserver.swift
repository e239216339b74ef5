import EtalonMetrology

/// Estimates where a process with delay is and what disturbs it: a Kalman filter on the model of `ProcessModel`.
///
/// States, all in the unit of the quantity: z = y − idle; x = k v, where the quantity is on its way to; m = k w, the
/// disturbance at the input, a random walk. One period of length T takes them by the exact solution
/// ```
/// z⁺ = α z + c x + (1 − α − c) (k u + m),   x⁺ = β x + (1 − β) (k u + m),   m⁺ = m
/// α = e^(−T/τ₁),  β = e^(−T/τ₂),  c = τ₂ (β − α)/(τ₂ − τ₁)
/// ```
/// **Delay.** The state is kept at the instants when an output begins to act, sₖ = s(tₖ + θ). Then sₖ₊₁ follows from sₖ
/// and uₖ alone, whatever the delay, and the value measured at tₖ is that of s(tₖ₋d + θ) led on by δ = d T − θ with
/// d = ⌈θ/T⌉. So a delay of any length, whole periods or not, costs no further states: the filter runs d periods late on
/// the outputs that it remembers, and sₖ is *predicted* from it with the outputs under way. For a linear process with
/// known delay the optimal control of the process with delay is that of the process without, on this prediction
/// (K. J. Åström and B. Wittenmark, *Computer-Controlled Systems*, 3rd ed. (1997), sections 3.2 and 11.3).
///
/// **Noise.** The variance of the measurement is the square of the corrected value's standard uncertainty at that instant,
/// so an uncertain value moves the estimate less. What is not measured is predicted.
@frozen
public struct ProcessObserver<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The states at one instant.
  @frozen public struct State: Sendable, Equatable {
    /// Quantity minus its value without output.
    public var z: Scalar
    /// Value that z is on its way to.
    public var x: Scalar
    /// Disturbance at the input.
    public var m: Scalar
    @inlinable init(z: Scalar, x: Scalar, m: Scalar) {
      self.z = z
      self.x = x
      self.m = m
    }
  }

  /// How the process is disturbed. Random walks: standard deviation after one second, which grows with the square root of
  /// the time.
  public struct Disturbance: Sendable, Equatable {
    /// At the input, in the unit of the output per √s; 0 or more.
    public var outputPerRootSecond: Double
    /// Of the quantity itself, in its unit per √s; 0 or more.
    public var quantityPerRootSecond: Double

    /// A disturbance as given.
    public init(outputPerRootSecond: Double, quantityPerRootSecond: Double = 0) {
      self.outputPerRootSecond = outputPerRootSecond
      self.quantityPerRootSecond = quantityPerRootSecond
    }
  }

  /// Largest number of periods that a delay may have.
  public static var longestDelay: Int { 63 }

  /// Length of a period in nanoseconds.
  public let periodNanoseconds: Int64
  /// Static gain of the process.
  public let gain: Scalar
  /// Value of the quantity without output.
  public let idle: Scalar
  /// Delay in whole periods, rounded up.
  public let delayPeriods: Int

  // One period, and the rest δ between the state of the filter and its measurement.
  @usableFromInline let keep: Scalar
  @usableFromInline let couple: Scalar
  @usableFromInline let take: Scalar
  @usableFromInline let lagKeep: Scalar
  @usableFromInline let lagTake: Scalar
  @usableFromInline let restKeep: Scalar
  @usableFromInline let restCouple: Scalar
  @usableFromInline let restTake: Scalar
  // The d-th power of the period's matrix, which leads a correction on to the prediction.
  @usableFromInline let leadKeep: Scalar
  @usableFromInline let leadCouple: Scalar
  @usableFromInline let leadTake: Scalar
  @usableFromInline let leadLagKeep: Scalar
  @usableFromInline let leadLagTake: Scalar
  @usableFromInline let quantityNoise: Scalar
  @usableFromInline let lagNoise: Scalar
  @usableFromInline let disturbanceNoise: Scalar
  @usableFromInline let initialVariance: Scalar

  @usableFromInline var filtered: State
  @usableFromInline var ahead: State
  // Upper half of the covariance of `filtered`.
  @usableFromInline var pzz: Scalar = 0
  @usableFromInline var pzx: Scalar = 0
  @usableFromInline var pzm: Scalar = 0
  @usableFromInline var pxx: Scalar = 0
  @usableFromInline var pxm: Scalar = 0
  @usableFromInline var pmm: Scalar = 0
  @usableFromInline var outputs: InlineArray<64, Scalar>
  @usableFromInline var place = 0
  @usableFromInline var hasStarted = false
  @usableFromInline var lastInnovation: Scalar = 0
  @usableFromInline var lastInnovationVariance: Scalar = 0

  /// An observer that has not seen its process.
  /// - Parameters:
  ///   - initialDisturbance: standard uncertainty, in the unit of the output, of what holds the process where it is found
  ///     beyond the model; at least that of the model's idle value.
  /// - Throws: what is wrong with the model; `.notPositive` for the period; `.outOfRange` for a disturbance;
  ///   `.delayTooLong`.
  public init(
    _ model: ProcessModel, periodSeconds: Double, disturbance: Disturbance, initialDisturbance: Double
  ) throws(ControlFault) {
    try model.check()
    try ControlFault.checkPositive(periodSeconds)
    for value in [disturbance.outputPerRootSecond, disturbance.quantityPerRootSecond, initialDisturbance] {
      guard value >= 0, value.isFinite else { throw .outOfRange(value) }
    }
    let periods = model.delaySeconds / periodSeconds
    // A delay that misses whole periods by rounding is whole.
    let whole = (periods - 1e-9).rounded(.up)
    guard whole <= Double(Self.longestDelay) else {
      throw .delayTooLong(periods: periods, atMost: Self.longestDelay)
    }
    periodNanoseconds = Int64((periodSeconds * 1e9).rounded())
    guard periodNanoseconds > 0 else { throw .notPositive(periodSeconds) }
    gain = Scalar(model.gain)
    idle = Scalar(model.idle)
    delayPeriods = max(0, Int(whole))
    let period = model.step(seconds: periodSeconds)
    keep = Scalar(period.keep)
    couple = Scalar(period.couple)
    take = Scalar(period.take)
    lagKeep = Scalar(period.lagKeep)
    lagTake = Scalar(1 - period.lagKeep)
    let rest = model.step(seconds: max(0, whole * periodSeconds - model.delaySeconds))
    restKeep = Scalar(rest.keep)
    restCouple = Scalar(rest.couple)
    restTake = Scalar(rest.take)
    let lead = model.step(seconds: Double(delayPeriods) * periodSeconds)
    leadKeep = Scalar(delayPeriods == 0 ? 1 : lead.keep)
    leadCouple = Scalar(delayPeriods == 0 ? 0 : lead.couple)
    leadTake = Scalar(delayPeriods == 0 ? 0 : lead.take)
    leadLagKeep = Scalar(delayPeriods == 0 ? 1 : lead.lagKeep)
    leadLagTake = Scalar(delayPeriods == 0 ? 0 : 1 - lead.lagKeep)
    let disturbanceStep = model.gain * disturbance.outputPerRootSecond
    disturbanceNoise = Scalar(disturbanceStep * disturbanceStep * periodSeconds)
    quantityNoise = Scalar(disturbance.quantityPerRootSecond * disturbance.quantityPerRootSecond * periodSeconds)
    // Keeps the shorter lag's state observable in single precision; a hundredth of what disturbs the input.
    lagNoise = Scalar(1e-4 * disturbanceStep * disturbanceStep * periodSeconds)
    initialVariance = Scalar(model.gain * initialDisturbance * model.gain * initialDisturbance)
    filtered = State(z: 0, x: 0, m: 0)
    ahead = filtered
    outputs = InlineArray(repeating: 0)
  }

  /// Whether it has seen a measurement.
  @inlinable public var isStarted: Bool { hasStarted }

  /// Measured minus expected at the last measurement.
  @inlinable public var innovation: Scalar { lastInnovation }

  /// Variance that was expected of it.
  @inlinable public var innovationVariance: Scalar { lastInnovationVariance }

  /// Estimated state when the next output begins to act.
  @inlinable public var predicted: State { ahead }

  /// Quantity expected when the next output begins to act.
  @inlinable public var expected: Scalar { idle + ahead.z }

  /// Estimated disturbance in the unit of the output.
  @inlinable public var disturbance: Scalar { ahead.m / gain }

  /// Standard uncertainty of the estimated disturbance, in the unit of the output.
  @inlinable public var disturbanceUncertainty: Scalar { pmm.squareRoot() / gain.magnitude }

  /// Standard uncertainty of the estimated quantity.
  @inlinable public var quantityUncertainty: Scalar { pzz.squareRoot() }

  /// Starts in steady state: at `measured`, held there by `output` and whatever disturbance that takes.
  @inlinable
  public mutating func start(measured: Scalar, standardUncertainty: Scalar, output: Scalar) {
    let z = measured - idle
    // x = z in steady state, and z = k u + m.
    filtered = State(z: z, x: z, m: z - gain * output)
    ahead = filtered
    let variance = standardUncertainty * standardUncertainty
    // Level, way and disturbance err together: a process that is not steady is wrong in x and m, not in z.
    pzz = variance
    pzx = variance
    pzm = variance
    pxx = variance + initialVariance
    pxm = variance
    pmm = variance + initialVariance
    for index in 0..<64 { outputs[index] = output }
    place = 0
    hasStarted = true
    lastInnovation = 0
    lastInnovationVariance = 0
  }

  /// Forgets everything.
  @inlinable
  public mutating func reset() {
    hasStarted = false
    filtered = State(z: 0, x: 0, m: 0)
    ahead = filtered
  }

  // A large value that is not mutated is copied whole for each access to an element; what runs in every period therefore
  // mutates formally, and works in place.

  /// Output that acts on the filter's state: the one given `delayPeriods` ago.
  @inlinable var delayedOutput: Scalar { outputs[(place &- delayPeriods) & 63] }

  /// The same in place.
  @inlinable @inline(__always)
  mutating func delayedOutputInPlace() -> Scalar { outputs[(place &- delayPeriods) & 63] }

  /// `predicted`, in place.
  @inlinable @inline(__always)
  mutating func predictedInPlace() -> State { ahead }

  /// Takes the value measured at the present instant.
  /// - Parameter standardUncertainty: 0 or more and finite.
  @inlinable @inline(__always)
  public mutating func measure(_ measured: Scalar, standardUncertainty: Scalar) {
    // h s is the measured value; h is a row over (z, x, m).
    let driven = gain * delayedOutputInPlace()
    let expected = restKeep * filtered.z + restCouple * filtered.x + restTake * (driven + filtered.m)
    let hz = pzz * restKeep + pzx * restCouple + pzm * restTake
    let hx = pzx * restKeep + pxx * restCouple + pxm * restTake
    let hm = pzm * restKeep + pxm * restCouple + pmm * restTake
    let variance = restKeep * hz + restCouple * hx + restTake * hm + standardUncertainty * standardUncertainty
    let difference = measured - idle - expected
    lastInnovation = difference
    lastInnovationVariance = variance
    guard variance > 0 else { return }
    let inverse = 1 / variance
    let lz = hz * inverse
    let lx = hx * inverse
    let lm = hm * inverse
    filtered.z += lz * difference
    filtered.x += lx * difference
    filtered.m += lm * difference
    ahead.z += (leadKeep * lz + leadCouple * lx + leadTake * lm) * difference
    ahead.x += (leadLagKeep * lx + leadLagTake * lm) * difference
    ahead.m = filtered.m
    // Rounding of a difference must not leave a negative variance.
    pzz = max(0, pzz - lz * hz)
    pzx -= lz * hx
    pzm -= lz * hm
    pxx = max(0, pxx - lx * hx)
    pxm -= lx * hm
    pmm = max(0, pmm - lm * hm)
  }

  /// Goes on by one period in which `output` was given.
  @inlinable @inline(__always)
  public mutating func advance(output: Scalar) {
    outputs[place & 63] = output
    let delayed = gain * delayedOutputInPlace()
    let toward = delayed + filtered.m
    filtered = State(
      z: keep * filtered.z + couple * filtered.x + take * toward, x: lagKeep * filtered.x + lagTake * toward,
      m: filtered.m)
    let aheadToward = gain * output + ahead.m
    ahead = State(
      z: keep * ahead.z + couple * ahead.x + take * aheadToward, x: lagKeep * ahead.x + lagTake * aheadToward,
      m: ahead.m)
    place = (place &+ 1) & 63
    // F P Fᵀ + Q for F = [keep couple take; 0 lagKeep lagTake; 0 0 1].
    let fzz = keep * pzz + couple * pzx + take * pzm
    let fzx = keep * pzx + couple * pxx + take * pxm
    let fzm = keep * pzm + couple * pxm + take * pmm
    let fxx = lagKeep * pxx + lagTake * pxm
    let fxm = lagKeep * pxm + lagTake * pmm
    pzz = fzz * keep + fzx * couple + fzm * take + quantityNoise
    pzx = fzx * lagKeep + fzm * lagTake
    pzm = fzm
    pxx = fxx * lagKeep + fxm * lagTake + lagNoise
    pxm = fxm
    pmm += disturbanceNoise
  }
}
