import EtalonMetrology

/// Brings reference and device to the same dynamics, and finds out how much later the device follows.
///
/// With the lags τᵣ of the reference and τ_d of the device the reading of the faster side is passed through
/// F(s) = (1 + τ₁ s)/(1 + τ₂ s) = ρ + (1 − ρ)/(1 + τ₂ s), ρ = τ₁/τ₂ ≤ 1, with τ₂ the slower one's lag: it then shows what
/// the slower side would. F has the gain 1 at rest and never amplifies noise.
///
/// **Identification** is a recursive prediction-error method (L. Ljung and T. Söderström, *Theory and Practice of Recursive
/// Identification* (1983), chapter 3) in the form of a Kalman filter. After the compensation with the present lag,
/// e = y′ + b(y′) − g₀(z′) = ψ δτ + o + γ s + κ s² + noise, ψ = −∂e/∂τ the rate as the slow side sees it, and o, γ, κ what
/// the response is wrong by: on a ramp an error of gain looks like one of lag until the ramp ends, and only a joint estimate
/// knows that. The regressor ψ comes from noisy readings; the lag learns only where it is eight times its own noise, so
/// that the pull towards 0 that noise in a regressor causes stays below 2 %. When the lag in use changes by δ, what the
/// filters remember is moved by their own sensitivities, ∂L(y)/∂τ = −(L(y) − L(L(y)))/τ; what that leaves, of the order
/// |ẏ| δ²/τ, fades with the lag and is told with the pair, as is the second derivative of F for the present uncertainty.
///
/// Storage is in place; nothing allocates.
public struct LagCompensator: Sendable {
  typealias Factors = ConsiderFactors<4, 1, Double>

  /// A pair of values that belong together.
  public struct Matched: Sendable, Equatable {
    /// Reference, before the certificate's correction.
    public var reference: Double
    /// Indication.
    public var indication: Double
    /// Rate of the quantity in units of the reference per second, as the slower side sees it.
    public var rate: Double
    /// Error in units of the reference that may be left by what is not known of the lags.
    public var error: Double
    /// Whether both filters have been fed for long enough.
    public var isSettled: Bool
  }

  /// The settings in force.
  public let settings: DynamicsSettings
  /// Number of pairs from which the lag has learnt.
  public private(set) var informativePairs = 0

  private let response: OnlineCalibrationConfiguration.Response
  private let reference: OnlineCalibrationConfiguration.Reference
  private let periodSeconds: Double
  private let deviceVariance: Double
  private let referenceVariance: Double
  private let inflation: Double
  private let priorVariance: Double
  private let stateCount: Int
  private var factors: Factors
  private var state = InlineArray<4, Double>(repeating: 0)
  private var slowedReference = FirstOrderLag()
  private var slowedIndication = FirstOrderLag()
  private var slowedMatched = FirstOrderLag()
  private var twiceSlowedReference = FirstOrderLag()
  private var twiceSlowedMatched = FirstOrderLag()
  private var slowedRate = FirstOrderLag()
  private var transient = 0.0
  private var lastPair: Instant?
  private var start: Instant?

  /// The lags, noises and the response's prior.
  public init(_ settings: DynamicsSettings, _ calibration: OnlineCalibrationConfiguration) {
    self.settings = settings
    response = calibration.response
    reference = calibration.reference
    periodSeconds = calibration.periodSeconds
    let step = calibration.resolution
    let device = calibration.deviceNoise
    deviceVariance = device.standardDeviation * device.standardDeviation + step * step / 12
    let noise = calibration.reference.noise
    referenceVariance = noise.standardDeviation * noise.standardDeviation
    let rho = max(noise.correlation(seconds: periodSeconds), device.correlation(seconds: periodSeconds))
    inflation = CorrelationWatch.inflation(correlation: rho)
    let d = settings.deviceLag.standardUncertainty
    let r = settings.referenceLag.standardUncertainty
    priorVariance = d * d + r * r
    // A cubic part is too small over one move to be mistaken for a lag.
    stateCount = 2 + min(response.degree, 2)
    var variances = InlineArray<4, Double>(repeating: 0)
    variances[0] = settings.identifies ? priorVariance : 0
    for power in 0...min(response.degree, 2) {
      let own = response.standardUncertainty[power]
      variances[1 + power] = own * own + max(0, reference.covariance[power][power])
    }
    let drift = reference.driftStandardUncertainty
    let gradient = reference.gradientStandardUncertainty
    variances[1] += drift * drift + gradient * gradient
    factors = Factors(variances: variances, count: stateCount, considerCount: 0)
  }

  /// How much later the device follows than the reference, with what is left of its uncertainty.
  public var relativeLag: UncertainSeconds {
    UncertainSeconds(
      settings.deviceLag.value - settings.referenceLag.value + state[0],
      standardUncertainty: (settings.identifies ? max(0, factors.covariance(0, 0)) : priorVariance).squareRoot())
  }

  /// The device's own lag: what was declared of both lags and what was found of their difference.
  ///
  /// With the priors τ_d ± u_d and τᵣ ± uᵣ and P₀ = u_d² + uᵣ² the difference of variance P gives
  /// u² = u_d² − u_d⁴ (1 − P/P₀)/P₀.
  public var deviceLag: UncertainSeconds {
    let own = settings.deviceLag.standardUncertainty * settings.deviceLag.standardUncertainty
    guard priorVariance > 0 else { return settings.deviceLag }
    let left = relativeLag.standardUncertainty
    let variance = own - own * own / priorVariance * (1 - left * left / priorVariance)
    return UncertainSeconds(
      max(0, settings.deviceLag.value + own / priorVariance * state[0]),
      standardUncertainty: max(0, variance).squareRoot())
  }

  /// Takes a pair and matches its sides.
  /// - Parameter deadTimeSeconds: dead time of the device that its instant does not hold yet; the reference is moved back
  ///   by it on the straight line of its present rate.
  public mutating func match(
    reference y: Double, indication z: Double, at instant: Instant, deadTimeSeconds: Double = 0
  ) -> Matched {
    let slow = max(settings.referenceLag.value, deviceFilterLag)
    var seconds = 0.0
    if let lastPair {
      seconds = instant.seconds(since: lastPair)
      // A straight line is not trusted over a longer gap than the filter forgets.
      if seconds > max(2.5 * periodSeconds, slow / 2) || seconds < 0 { forget() }
    }
    lastPair = instant
    let begun = start ?? instant
    start = begun
    slowedReference.take(y, seconds: seconds, timeConstant: deviceFilterLag)
    twiceSlowedReference.take(slowedReference.output, seconds: seconds, timeConstant: deviceFilterLag)
    slowedIndication.take(z, seconds: seconds, timeConstant: settings.referenceLag.value)
    var matched = Matched(
      reference: y, indication: z, rate: 0, error: 0,
      isSettled: instant.seconds(since: begun) >= 5 * slow)
    if deviceFilterLag >= settings.referenceLag.value {
      let share = deviceFilterLag > 0 ? settings.referenceLag.value / deviceFilterLag : 1
      matched.reference = share * y + (1 - share) * slowedReference.output
      slowedMatched.take(matched.reference, seconds: seconds, timeConstant: slow)
      twiceSlowedMatched.take(slowedMatched.output, seconds: seconds, timeConstant: slow)
      if slow > 0 { matched.rate = (matched.reference - slowedMatched.output) / slow }
    } else {
      let share = deviceFilterLag / settings.referenceLag.value
      matched.indication = share * z + (1 - share) * slowedIndication.output
      matched.rate = polynomialSlope(z) * (z - slowedIndication.output) / slow
    }
    matched.reference -= deadTimeSeconds * matched.rate
    slowedRate.take(matched.rate, seconds: seconds, timeConstant: slow)
    let uncertainty = relativeLag.standardUncertainty
    if slow > 0 {
      transient *= Elementary.exp(-seconds / slow)
      // Beyond the ramp: the second derivative of F for what is left of the difference, and for the lag in common, which
      // moves both time constants of F and is never known better than declared.
      let common = settings.referenceLag.standardUncertainty * relativeLag.value.magnitude
      let second =
        (uncertainty * uncertainty + common) * (matched.rate - slowedRate.output).magnitude / slow
      matched.error = matched.rate.magnitude * uncertainty + second + transient
      if matched.isSettled && settings.identifies && priorVariance > 0 { identify(matched, slow, second) }
    }
    return matched
  }

  /// The reference is away: its filters start anew when it is back.
  public mutating func forget() {
    slowedReference.reset()
    slowedIndication.reset()
    slowedMatched.reset()
    twiceSlowedReference.reset()
    twiceSlowedMatched.reset()
    slowedRate.reset()
    transient = 0
    lastPair = nil
    start = nil
  }

  private var deviceFilterLag: Double {
    max(0, settings.deviceLag.value + state[0])
  }

  private func polynomialSlope(_ z: Double) -> Double {
    let s = (z - response.centre) / response.halfSpan
    let c = response.mean
    return (c.c1 + s * (2 * c.c2 + s * 3 * c.c3)) / response.halfSpan
  }

  private mutating func identify(_ matched: Matched, _ slow: Double, _ second: Double) {
    let s = (matched.indication - response.centre) / response.halfSpan
    let c = response.mean
    let expected = c.c0 + s * (c.c1 + s * (c.c2 + s * c.c3))
    let t = (matched.reference - reference.centre) / reference.halfSpan
    var corrected = matched.reference
    var basis = 1.0
    for index in 0..<reference.basisCount {
      corrected += reference.correction[index] * basis
      basis *= t
    }
    let g = response.mean.c1 / response.halfSpan
    let noise = referenceVariance + g * g * deviceVariance + second * second + transient * transient
    let isReference = deviceFilterLag >= settings.referenceLag.value
    let rateNoise = (isReference ? referenceVariance : g * g * deviceVariance).squareRoot() / max(slow, periodSeconds)
    var direction = Factors.StateVector(repeating: 0)
    direction[0] = matched.rate.magnitude > 8 * rateNoise ? matched.rate : 0
    if direction[0] != 0 { informativePairs += 1 }
    var power = 1.0
    for index in 1..<stateCount {
      direction[index] = power
      power *= s
    }
    // o, γ and κ are subtracted here; the lag's own error is what the filter in use leaves.
    var innovation = corrected - expected
    for index in 1..<stateCount { innovation -= direction[index] * state[index] }
    guard innovation.isFinite,
      let update = factors.update(
        direction, consider: Factors.ConsiderVector(repeating: 0), noiseVariance: noise, inflation: inflation,
        learning: stateCount)
    else { return }
    let before = deviceFilterLag
    for index in 0..<stateCount { state[index] += update.gain[index] * innovation }
    state[0] = max(state[0], -settings.deviceLag.value)
    guard isReference, before > 0 else { return }
    // Both filters run with the device's lag: what they remember becomes that of the lag in use from now on.
    let change = deviceFilterLag - before
    let ofReference = (slowedReference.output - twiceSlowedReference.output) / before
    let ofMatched = (slowedMatched.output - twiceSlowedMatched.output) / before
    slowedReference.move(by: -ofReference * change)
    twiceSlowedReference.move(by: -2 * ofReference * change)
    // What it is fed with moves as much as it does itself.
    slowedMatched.move(by: -2 * ofMatched * change)
    twiceSlowedMatched.move(by: -3 * ofMatched * change)
    transient += matched.rate.magnitude * change * change / before
  }
}
