/// Proportional-integral control of a heater's power with limits, after a model of first order with delay.
///
/// ```
/// P = P_forward(setpoint) − K (measured − setpoint weight · setpoint) + I,   dI/dt = K/Tᵢ (setpoint − measured)
/// ```
/// - The static loss is fed forward, so the integral only has to correct the model.
/// - A step of the set point moves the proportional term by `setpointWeight` of its full effect; with 0 the change is
///   bumpless: only the feed-forward and the integral's rate change (K. J. Åström and T. Hägglund, *Advanced PID Control*
///   (2006), section 3.4).
/// - While the output is limited the integral takes nothing that would drive it further beyond the limit (conditional
///   integration, ibid. section 3.5). Back-calculation would carry the integral to the far side of the feed-forward on a
///   long way at full or no power, and the set point would be overrun by what it then has to unlearn.
public struct PIController: Sendable {
  /// What the controller is set to. Temperatures in degrees Celsius, differences in kelvin.
  public struct Configuration: Sendable, Equatable {
    /// K in watts per kelvin, above 0.
    public var gainWattsPerKelvin: Double
    /// Tᵢ in seconds, above 0.
    public var integralSeconds: Double
    /// Smallest and largest power that the actuator can give.
    public var limitsWatts: ClosedRange<Double>
    /// Power that each kelvin above `idleCelsius` costs in steady state, 0 or more; 0 feeds nothing forward.
    public var lossWattsPerKelvin: Double
    /// Temperature that the plant takes without power.
    public var idleCelsius: Double
    /// Share of a step of the set point that the proportional term sees, 0...1.
    public var setpointWeight: Double
    /// Magnitude of the proportional action on the error, in watts, up to which the integral always learns. Beyond it the
    /// integral learns only while the quantity would not reach the set point by itself within the integral time: on the
    /// way to a far set point the error is no sign of a wrong model. Above 0; infinite by default.
    public var integralBandWatts = Double.infinity

    /// A controller with the given gains; they are checked when it is set up.
    public init(
      gainWattsPerKelvin: Double, integralSeconds: Double, limitsWatts: ClosedRange<Double>,
      lossWattsPerKelvin: Double = 0, idleCelsius: Double = 0, setpointWeight: Double = 0
    ) {
      self.gainWattsPerKelvin = gainWattsPerKelvin
      self.integralSeconds = integralSeconds
      self.limitsWatts = limitsWatts
      self.lossWattsPerKelvin = lossWattsPerKelvin
      self.idleCelsius = idleCelsius
      self.setpointWeight = setpointWeight
    }

    /// Gains from the plant by the SIMC rules: K = τ/(k (τ_c + θ)), Tᵢ = min(τ, 4 (τ_c + θ)) for k e^(−θs)/(τs + 1)
    /// (S. Skogestad, J. Process Control 13 (2003) 291, equations 23 and 24), here with k = 1/loss and τ = C/loss.
    ///
    /// - Parameters:
    ///   - heatCapacityJoulesPerKelvin: C, above 0.
    ///   - lossWattsPerKelvin: above 0.
    ///   - delaySeconds: θ: dead time, half of each smaller lag, and half a control period; above 0.
    ///   - closedLoopSeconds: τ_c; nil takes θ, the rule's "tight control" with a gain margin of 3.
    public init(
      heatCapacityJoulesPerKelvin: Double, lossWattsPerKelvin: Double, idleCelsius: Double, delaySeconds: Double,
      limitsWatts: ClosedRange<Double>, closedLoopSeconds: Double? = nil
    ) {
      let horizon = (closedLoopSeconds ?? delaySeconds) + delaySeconds
      self.init(
        gainWattsPerKelvin: heatCapacityJoulesPerKelvin / horizon,
        integralSeconds: min(heatCapacityJoulesPerKelvin / lossWattsPerKelvin, 4 * horizon), limitsWatts: limitsWatts,
        lossWattsPerKelvin: lossWattsPerKelvin, idleCelsius: idleCelsius)
    }

    /// Power that holds `celsius` in steady state by the model, not limited.
    public func holdingWatts(celsius: Double) -> Double { lossWattsPerKelvin * (celsius - idleCelsius) }

    /// Whether the actuator can hold `celsius` by the model.
    public func canHold(celsius: Double) -> Bool { limitsWatts.contains(holdingWatts(celsius: celsius)) }
  }

  /// Why a controller can not be set up.
  public enum Fault: Error, Sendable, Equatable {
    /// A gain or a time is not above 0 and finite.
    case notPositive(Double)
    /// A value is not finite, the loss is negative, or the weight is not 0...1.
    case outOfRange(Double)
  }

  /// The configuration in force.
  public let configuration: Configuration
  /// The integral part in watts.
  public private(set) var integralWatts = 0.0
  /// Output of the last update in watts; nil before the first.
  public private(set) var watts: Double?
  private var last: Instant?
  private var lastError = 0.0
  private var lastMeasured = 0.0
  /// Smoothed rate of change of the measured quantity, kelvin per second.
  private var rate = 0.0

  /// A controller that has not seen its process yet.
  public init(_ configuration: Configuration) throws(Fault) {
    for value in [configuration.gainWattsPerKelvin, configuration.integralSeconds] {
      guard value > 0, value.isFinite else { throw .notPositive(value) }
    }
    let limits = configuration.limitsWatts
    for value in [limits.lowerBound, limits.upperBound, configuration.idleCelsius] {
      guard value.isFinite else { throw .outOfRange(value) }
    }
    guard configuration.lossWattsPerKelvin >= 0, configuration.lossWattsPerKelvin.isFinite else {
      throw .outOfRange(configuration.lossWattsPerKelvin)
    }
    guard configuration.setpointWeight >= 0, configuration.setpointWeight <= 1 else {
      throw .outOfRange(configuration.setpointWeight)
    }
    self.configuration = configuration
  }

  private static func checkPositive(_ value: Double) throws(Fault) {
    guard value > 0, value.isFinite else { throw .notPositive(value) }
  }

  private static func checkFinite(_ value: Double) throws(Fault) {
    guard value.isFinite else { throw .outOfRange(value) }
  }

  /// The power to give from now on.
  ///
  /// The first update takes the integral so that the output is the one that holds `setpoint` by the model, for a process
  /// that is there; further away the limits and the integral do the rest. A value that is not finite, or time that does
  /// not advance, changes nothing and gives the last output (the lower limit before the first).
  /// - Parameters:
  ///   - measured: in degrees Celsius.
  ///   - setpoint: in degrees Celsius.
  public mutating func update(measured: Double, setpoint: Double, at instant: Instant) -> Double {
    let limits = configuration.limitsWatts
    guard measured.isFinite, setpoint.isFinite else { return watts ?? limits.lowerBound }
    let gain = configuration.gainWattsPerKelvin
    let weight = configuration.setpointWeight
    let proportional = gain * (weight * setpoint - measured)
    let forward = configuration.holdingWatts(celsius: setpoint)
    let error = setpoint - measured
    guard let before = last else {
      last = instant
      lastError = error
      lastMeasured = measured
      // Cancels the absolute level of the proportional term at the set point.
      integralWatts = -gain * (weight - 1) * setpoint
      let output = limit(forward + proportional + integralWatts)
      watts = output
      return output
    }
    guard instant > before else { return watts ?? limits.lowerBound }
    let seconds = instant.seconds(since: before)
    last = instant
    let increment = gain / configuration.integralSeconds * lastError * seconds
    lastError = error
    let wanted = forward + proportional + integralWatts + increment
    let output = limit(wanted)
    let beyond = wanted - output
    // Smoothed over an eighth of the integral time, so that the noise of one reading decides nothing.
    rate += ((measured - lastMeasured) / seconds - rate) * min(1, 8 * seconds / configuration.integralSeconds)
    lastMeasured = measured
    let arrives = rate * error > 0 && abs(rate) * configuration.integralSeconds > abs(error)
    let learns = abs(gain * error) <= configuration.integralBandWatts || !arrives
    if learns, beyond == 0 || (beyond > 0) != (increment > 0) { integralWatts += increment }
    watts = output
    return output
  }

  private func limit(_ value: Double) -> Double {
    min(max(value, configuration.limitsWatts.lowerBound), configuration.limitsWatts.upperBound)
  }

  /// Starts anew, as after construction.
  public mutating func reset() {
    integralWatts = 0
    watts = nil
    last = nil
    lastError = 0
    lastMeasured = 0
    rate = 0
  }
}
