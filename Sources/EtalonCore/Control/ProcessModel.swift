import EtalonMetrology

/// A process of first or second order with delay: what an identification finds and what controllers are designed from.
///
/// ```
/// τ₂ v̇ = u − v,   τ₁ ẏ = k v + idle − y,   the output u acts after the delay θ
/// ```
/// With τ₂ = 0 it is of first order. Quantity and output have the units of the controller.
public struct ProcessModel: Sendable, Equatable {
  /// Static gain k: change of the quantity for each unit of output in steady state; not 0.
  public var gain: Double
  /// The longer lag τ₁ in seconds, above 0.
  public var lagSeconds: Double
  /// The shorter lag τ₂ in seconds, 0 or more.
  public var secondLagSeconds: Double
  /// Delay θ in seconds, 0 or more.
  public var delaySeconds: Double
  /// Value of the quantity in steady state with output 0.
  public var idle: Double
  /// How well the parameters are known; nil for a declared model.
  public var uncertainty: Uncertainty?

  /// Standard uncertainties of an identified model.
  public struct Uncertainty: Sendable, Equatable {
    /// Of the static gain.
    public var gain: Double
    /// Of the longer lag, seconds.
    public var lagSeconds: Double
    /// Of the shorter lag, seconds.
    public var secondLagSeconds: Double
    /// Of the delay, seconds.
    public var delaySeconds: Double
    /// Of the value without output.
    public var idle: Double
    /// Of k/τ₁, the rate for each unit of output: far better known than k and τ₁ by themselves after a short test.
    public var rate: Double
    /// Of θ + τ₂, seconds: better known than θ and τ₂ by themselves.
    public var apparentDelaySeconds: Double
  }

  /// A declared model.
  public init(
    gain: Double, lagSeconds: Double, secondLagSeconds: Double = 0, delaySeconds: Double, idle: Double = 0
  ) {
    self.gain = gain
    self.lagSeconds = lagSeconds
    self.secondLagSeconds = secondLagSeconds
    self.delaySeconds = delaySeconds
    self.idle = idle
  }

  /// Rate of the quantity for each unit of output, right after the delay and the shorter lag: k/τ₁.
  public var rate: Double { gain / lagSeconds }

  /// θ + τ₂ in seconds: how late the process seems to answer.
  public var apparentDelaySeconds: Double { delaySeconds + secondLagSeconds }

  /// Output that holds `value` in steady state, not limited.
  public func holdingOutput(_ value: Double) -> Double { (value - idle) / gain }

  /// The model of first order by the half rule: half of the shorter lag goes to the delay, half to the longer lag
  /// (S. Skogestad, J. Process Control 13 (2003) 291, equation 10).
  public var firstOrder: ProcessModel {
    ProcessModel(
      gain: gain, lagSeconds: lagSeconds + secondLagSeconds / 2, delaySeconds: delaySeconds + secondLagSeconds / 2,
      idle: idle)
  }

  /// - Throws: `.notPositive` or `.outOfRange`.
  public func check() throws(ControlFault) {
    guard gain != 0, gain.isFinite else { throw .outOfRange(gain) }
    try ControlFault.checkPositive(lagSeconds)
    guard secondLagSeconds >= 0, secondLagSeconds <= lagSeconds else { throw .outOfRange(secondLagSeconds) }
    guard delaySeconds >= 0, delaySeconds.isFinite else { throw .outOfRange(delaySeconds) }
    guard idle.isFinite else { throw .outOfRange(idle) }
  }

  /// The exact solution over `seconds` for constant input, in scaled states (see `ProcessObserver`).
  func step(seconds h: Double) -> (keep: Double, couple: Double, take: Double, lagKeep: Double) {
    let alpha = Elementary.exp(-h / lagSeconds)
    guard secondLagSeconds > 0 else { return (alpha, 0, 1 - alpha, 0) }
    let beta = Elementary.exp(-h / secondLagSeconds)
    let difference = secondLagSeconds - lagSeconds
    let couple =
      difference.magnitude > 1e-5 * lagSeconds
      ? (beta - alpha) * secondLagSeconds / difference : h / lagSeconds * alpha
    return (alpha, couple, 1 - alpha - couple, beta)
  }
}
