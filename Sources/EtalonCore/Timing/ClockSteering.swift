/// Brings a steered oscillator onto its reference: linear-quadratic state feedback on estimated phase and frequency, with
/// limits of the command and of its change.
///
/// Between commands x grows by T (y + u) and y by u, u the change of the steer. The cost Σ x² T + τ_c⁴ u²/T makes the closed
/// loop a second-order Butterworth one of the time constant τ_c for T ≪ τ_c (the poles of a double integrator under ∫ x² + ρ ẏ²
/// lie at ρ^−¼ e^±i3π/4; B. D. O. Anderson and J. B. Moore, *Optimal Control* (1990), section 3.1). Steering of clocks by such
/// a law: P. Koppang and R. Leland, "Linear quadratic stochastic control of atomic hydrogen masers", IEEE Trans. UFFC 46
/// (1999) 517.
///
/// The integral action is the estimated frequency, and the estimator is told the change that was really commanded, so that
/// limits wind nothing up. For averaging times well below τ_c the oscillator keeps its own stability, because the command
/// follows the estimate and not the pulses: choose τ_c where the oscillator's Allan deviation meets the reference's.
public struct ClockSteering: Sendable {
  /// What is declared about the steering.
  @frozen public struct Settings: Sendable, Equatable {
    /// Time constant τ_c of the closed loop in seconds, at least twice the period.
    public var timeConstantSeconds: Double
    /// Seconds between commands, 1 or more.
    public var periodSeconds: Int64
    /// Largest magnitude of the steer, relative frequency, above 0.
    public var limit: Double
    /// Largest change of the steer in one command, above 0.
    public var rateLimit: Double
    /// Smallest step of the steer, 0 or more.
    public var resolution: Double

    /// Settings from their parts.
    public init(
      timeConstantSeconds: Double, periodSeconds: Int64, limit: Double, rateLimit: Double, resolution: Double
    ) {
      self.timeConstantSeconds = timeConstantSeconds
      self.periodSeconds = periodSeconds
      self.limit = limit
      self.rateLimit = rateLimit
      self.resolution = resolution
    }
  }

  /// The settings in force.
  public let settings: Settings
  /// Gains on the phase in 1/s and on the frequency.
  public let gain: (phase: Double, frequency: Double)
  /// The steer in force, relative frequency.
  public private(set) var steer = 0.0
  /// Whether the last command met a limit.
  public private(set) var isLimited = false
  private var nextSecond: Int64?

  /// - Throws: `.outOfRange` for settings that make no sense.
  public init(_ settings: Settings) throws(ControlFault) {
    let period = Double(settings.periodSeconds)
    guard settings.periodSeconds >= 1, settings.timeConstantSeconds >= 2 * period, settings.timeConstantSeconds < 1e8
    else { throw .outOfRange(settings.timeConstantSeconds) }
    guard settings.limit > 0, settings.limit.isFinite else { throw .outOfRange(settings.limit) }
    guard settings.rateLimit > 0, settings.rateLimit.isFinite else { throw .outOfRange(settings.rateLimit) }
    guard settings.resolution >= 0, settings.resolution < settings.rateLimit else {
      throw .outOfRange(settings.resolution)
    }
    self.settings = settings
    // Time in units of the period, so that the numbers of the equation are near 1.
    let ratio = settings.timeConstantSeconds / period
    let solution = try RiccatiDoubling<2>(
      a: [[1, 1], [0, 1]], b: [1, 1], q: [[1, 0], [0, 0]], r: ratio * ratio * ratio * ratio)
    gain = (phase: solution.gain[0] / period, frequency: solution.gain[1])
  }

  /// Takes over the steer that the oscillator has.
  public mutating func start(steer: Double) { self.steer = steer }

  /// Whether a command is due at a second.
  public func isDue(atSecond second: Int64) -> Bool { nextSecond.map { second >= $0 } ?? true }

  /// The steer to command; nil where none is due or it does not change.
  /// - Parameters:
  ///   - phaseSeconds: of the oscillator against the reference, less the wanted one.
  ///   - frequency: of the oscillator against the reference, the present steer included.
  public mutating func command(phaseSeconds: Double, frequency: Double, atSecond second: Int64) -> Double? {
    guard isDue(atSecond: second), phaseSeconds.isFinite, frequency.isFinite else { return nil }
    nextSecond = second + settings.periodSeconds
    let wanted = -gain.phase * phaseSeconds - gain.frequency * frequency
    let change = min(max(wanted, -settings.rateLimit), settings.rateLimit)
    var next = min(max(steer + change, -settings.limit), settings.limit)
    if settings.resolution > 0 { next = (next / settings.resolution).rounded() * settings.resolution }
    isLimited = change != wanted || (steer + change).magnitude > settings.limit
    guard next != steer else { return nil }
    return next
  }

  /// The oscillator confirmed a steer.
  public mutating func confirm(steer: Double) { self.steer = steer }
}
