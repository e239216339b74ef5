extension OnlineCalibration {
  /// A corrected value with the parts of its uncertainty kept apart, so that each can be given its own distribution.
  public struct CorrectedParts: Sendable, Equatable {
    /// The corrected value.
    public var corrected: CorrectedValue
    /// What the reference's drift since its certificate contributes, in standard uncertainties of the value.
    public var drift: Double
    /// What the gradient between the places of reference and device contributes.
    public var gradient: Double
    /// What the rounding of this indication's display contributes.
    public var rounding: Double
    /// Everything else, taken together: response, certificate, noise.
    public var rest: Double

    /// Parts of the given sizes, all 0 or more.
    public init(corrected: CorrectedValue, drift: Double, gradient: Double, rounding: Double, rest: Double) {
      self.corrected = corrected
      self.drift = drift
      self.gradient = gradient
      self.rounding = rounding
      self.rest = rest
    }
  }

  /// As `corrected(indication:readings:)` for one indication, with the parts of the uncertainty kept apart and with what
  /// the response has drifted, as declared, from its last block to `instant`.
  /// - Returns: nil when the indication is not finite.
  public func correctedParts(indication: Double, at instant: Instant) -> CorrectedParts? {
    guard var corrected = corrected(indication: indication) else { return nil }
    corrected.standardUncertainty =
      (corrected.standardUncertainty * corrected.standardUncertainty
      + driftVariance(indication: indication, since: instant)).squareRoot()
    let place = model.place(model.relative(indication: indication), state, inputs)
    var direction = State(repeating: 0)
    model.sensitivities(place, state, inputs, into: &direction)
    // A copy, because what works in place mutates formally.
    var factors = factors
    var drift = 0.0
    var gradient = 0.0
    for index in 0..<references.count {
      let member = references.members[index]
      if member.driftColumn >= 0 {
        let part = factors.systematic(&direction, 0, member.driftColumn)
        drift += part * part
      }
      if member.gradientColumn >= 0 {
        let part = factors.systematic(&direction, 0, member.gradientColumn)
        gradient += part * part
      }
    }
    drift = drift.squareRoot()
    gradient = gradient.squareRoot()
    let rounding = place.slope.magnitude * configuration.resolution / 12.0.squareRoot()
    let u = corrected.standardUncertainty
    let rest = max(0, u * u - drift * drift - gradient * gradient - rounding * rounding).squareRoot()
    return CorrectedParts(corrected: corrected, drift: drift, gradient: gradient, rounding: rounding, rest: rest)
  }
}
