import EtalonCore
import EtalonMetrology

/// The on-line calibration of a session: the estimator set up from what the session declares, and what it says of one
/// indication.
struct OnlineChannel: Sendable {
  private(set) var channel: CalibrationChannel
  /// Whether drift and gradient of the reference are declared rectangular.
  private let driftIsRectangular: Bool
  private let gradientIsRectangular: Bool
  private let coverageProbability: Double
  private var coverageFactor: Double?
  /// Standard uncertainty of a corrected value that a calibrated device reaches at best: what the reference leaves, the
  /// device's noise and its display. Controllers are designed for it.
  let bestStandardUncertainty: Double

  init(plan: SessionPlan, certificate: ReferenceCertificate) throws(Failure) {
    let calibration = try Self.configuration(plan, certificate)
    var settings = MonitorSettings()
    let k: Double
    do throws(DistributionFault) {
      k = try NormalDistribution.standard.quantile((1 + plan.model.coverageProbability) / 2)
    } catch { throw Failure(.badData, "the session's coverage probability gives no coverage factor: \(error)") }
    for case .monitor(let step) in plan.steps {
      if let limit = step.maximumExpandedUncertaintyKelvin {
        settings.uncertaintyLimit = min(settings.uncertaintyLimit ?? .infinity, limit / k)
      }
    }
    do throws(CalibrationChannel.Fault) {
      channel = try CalibrationChannel(
        CalibrationChannel.Configuration(
          calibration: calibration, dynamics: Self.dynamics(plan), monitor: settings))
    } catch {
      throw Failure(.badData, "the session gives no on-line calibration: \(error)")
    }
    degree = calibration.response.degree
    coverageProbability = plan.model.coverageProbability
    func isRectangular(_ name: String) -> Bool {
      // Several inputs of one kind add up to something that is no rectangle.
      let inputs = plan.model.inputs.filter { Self.kind(of: $0) == name }
      guard inputs.count == 1, case .rectangular = inputs[0].source else { return false }
      return true
    }
    driftIsRectangular = isRectangular("drift")
    gradientIsRectangular = isRectangular("gradient")
    let reference = calibration.reference
    let noise = calibration.deviceNoise.standardDeviation
    let resolution = calibration.resolution
    bestStandardUncertainty =
      (reference.covariance[0][0] + reference.driftStandardUncertainty * reference.driftStandardUncertainty
      + reference.gradientStandardUncertainty * reference.gradientStandardUncertainty + noise * noise
      + resolution * resolution / 12).squareRoot()
  }

  /// Lent, not copied: it is some kilobytes.
  var estimator: OnlineCalibration { _read { yield channel.calibration } }
  var state: AccuracyState { channel.state }
  /// Degree of the response.
  let degree: Int

  /// The corrected value of an indication, with what was known after the last block.
  mutating func corrected(_ indication: Double) -> CorrectedValue? { channel.corrected(indication: indication) }

  /// Takes a pair; one without a reference says where the process is, and lets time pass.
  mutating func add(_ pair: Pair) { _ = channel.take(pair: pair) }

  /// The device has another response now.
  mutating func restart(at instant: Instant) { channel.deviceWasReplaced(at: instant) }

  /// The reference goes away or comes back.
  mutating func setReference(away: Bool, at instant: Instant) {
    if away { channel.referenceLeaves(at: instant) } else { channel.referenceReturns(at: instant) }
  }

  /// What an indication says.
  struct Corrected {
    var value: Double
    var uncertainty: CorrectedUncertainty
    var expandedUncertainty: Double
  }

  /// - Parameters:
  ///   - instant: of the indication; what the response has drifted since its last block counts as well.
  ///   - isExact: whether the interval is computed anew from its parts; else it is that of the same coverage factor as
  ///     last time, which moves by less than a hundredth while the uncertainty moves slowly.
  mutating func corrected(_ indication: Double, at instant: Instant, isExact: Bool) -> Corrected? {
    guard let parts = estimator.correctedParts(indication: indication, at: instant) else { return nil }
    var normal = parts.rest * parts.rest
    var halfWidths = InlineArray<4, Double>(repeating: 0)
    if driftIsRectangular {
      halfWidths[0] = parts.drift * 3.0.squareRoot()
    } else {
      normal += parts.drift * parts.drift
    }
    if gradientIsRectangular {
      halfWidths[1] = parts.gradient * 3.0.squareRoot()
    } else {
      normal += parts.gradient * parts.gradient
    }
    halfWidths[2] = parts.rounding * 3.0.squareRoot()
    let uncertainty = CorrectedUncertainty(
      standard: parts.corrected.standardUncertainty, normal: normal.squareRoot(), halfWidths: halfWidths)
    let expanded: Double
    if !isExact, let coverageFactor {
      expanded = coverageFactor * uncertainty.standard
    } else {
      guard let exact = uncertainty.halfWidth(holding: coverageProbability) else { return nil }
      expanded = exact
      coverageFactor = uncertainty.standard > 0 ? exact / uncertainty.standard : nil
    }
    return Corrected(value: parts.corrected.value, uncertainty: uncertainty, expandedUncertainty: expanded)
  }

  // MARK: Set up

  /// Which of the estimator's two systematic parts an input of the budget belongs to; nil for other inputs.
  private static func kind(of input: SessionPlan.ModelPlan.Input) -> String? {
    switch input.source {
    case .rectangular, .triangular, .normal: input.name.hasSuffix(".gradient") ? "gradient" : "drift"
    default: nil
    }
  }

  private static func configuration(
    _ plan: SessionPlan, _ certificate: ReferenceCertificate
  ) throws(Failure) -> OnlineCalibrationConfiguration {
    var drift = 0.0
    var gradient = 0.0
    for input in plan.model.inputs {
      let u: Double
      switch input.source {
      case .rectangular(let halfWidth): u = halfWidth / 3.0.squareRoot()
      case .triangular(let halfWidth): u = halfWidth / 6.0.squareRoot()
      case .normal(let uncertainty): u = uncertainty
      default: continue
      }
      if kind(of: input) == "gradient" {
        gradient = (gradient * gradient + u * u).squareRoot()
      } else {
        drift = (drift * drift + u * u).squareRoot()
      }
    }
    var covariance = InlineArray<4, InlineArray<4, Double>>(repeating: InlineArray(repeating: 0))
    var correction = [0.0, 0.0, 0.0, 0.0]
    let count = certificate.coefficients.count
    for row in 0..<count {
      correction[row] = certificate.coefficients[row]
      for column in 0..<count { covariance[row][column] = certificate.covariance[row * count + column] }
    }
    let standard = plan.roles.first { $0.kind == .standard }
    let reference = OnlineCalibrationConfiguration.Reference(
      centre: certificate.centre, halfSpan: certificate.halfSpan, basisCount: count,
      correction: Coefficients(correction[0], correction[1], correction[2], correction[3]), covariance: covariance,
      driftStandardUncertainty: drift, gradientStandardUncertainty: gradient,
      noise: CorrelatedNoise(
        standardDeviation: standard?.noiseKelvin ?? usualReferenceNoise, correlationTimeSeconds: 0))
    let device = plan.roles.first { $0.kind == .device }
    let resolution = device?.resolutionKelvin ?? 0
    let (response, noise) = response(device, plan, certificate)
    return OnlineCalibrationConfiguration(
      response: response,
      process: .init(
        motion: CorrelatedNoise(standardDeviation: 0.005, correlationTimeSeconds: 30),
        levelDriftPerRootSecond: 0.001),
      reference: reference, deviceNoise: CorrelatedNoise(standardDeviation: noise, correlationTimeSeconds: 0),
      resolution: resolution, periodSeconds: 1 / plan.sampling.rateHertz,
      // While the bath moves, reference and device follow it with different lags: a block whose indications spread by
      // more than two steps of the display is refused.
      pairsPerBlock: 10, maximumBlockSpread: max(2 * resolution, 0.02))
  }

  /// The difference of the lags as the session declares it. What both have in common moves both alike, so the reference
  /// counts as immediate and the device as late by the difference; a device that is quicker turns the two round.
  private static func dynamics(_ plan: SessionPlan) -> DynamicsSettings {
    guard let lag = plan.roles.first(where: { $0.kind == .device })?.prior?.lagSeconds else {
      return DynamicsSettings()
    }
    let none = UncertainSeconds(0, standardUncertainty: 0)
    let difference = UncertainSeconds(lag.mean.magnitude, standardUncertainty: lag.standardDeviation)
    return lag.mean < 0
      ? DynamicsSettings(referenceLag: difference, deviceLag: none)
      : DynamicsSettings(referenceLag: none, deviceLag: difference)
  }

  /// Noise of a reading of the standard where the session says nothing, kelvin.
  private static let usualReferenceNoise = 0.002

  /// The prior of the response and the noise of the device: what the session declares, else errors within the acceptance
  /// limits' size.
  private static func response(
    _ device: SessionPlan.RoleRequirement?, _ plan: SessionPlan, _ certificate: ReferenceCertificate
  ) -> (OnlineCalibrationConfiguration.Response, noise: Double) {
    guard let prior = device?.prior else {
      let limits = plan.acceptance.errorLimits
      let limit = max(abs(limits.lowerBound), abs(limits.upperBound))
      return (
        .init(
          direct: certificate.lowerBound...certificate.upperBound, degree: 3,
          standardUncertainty: Coefficients(limit, limit, limit / 2, limit / 4)), 0.005
      )
    }
    let range = device?.rangeCelsius ?? certificate.lowerBound...certificate.upperBound
    let centre = (range.lowerBound + range.upperBound) / 2
    let halfSpan = (range.upperBound - range.lowerBound) / 2
    // x = z − error: to first order the error at z is that at x; what is neglected is the error times its own slope, some
    // 0.2 mK for 0.2 K and 0.1 %.
    let degree =
      prior.cubicKelvin != .fixed(0) ? 3 : prior.curvatureKelvin != .fixed(0) ? 2 : 1
    let rate = prior.driftKelvinPerHour.rootMeanSquare / 3600
    let wander = prior.wanderKelvinPerRootHour / 60
    return (
      .init(
        centre: centre, halfSpan: halfSpan, degree: degree,
        mean: Coefficients(
          centre - prior.offsetKelvin.mean, halfSpan * (1 - prior.gain.mean), -prior.curvatureKelvin.mean,
          -prior.cubicKelvin.mean),
        standardUncertainty: Coefficients(
          prior.offsetKelvin.standardDeviation, halfSpan * prior.gain.standardDeviation,
          prior.curvatureKelvin.standardDeviation, prior.cubicKelvin.standardDeviation),
        driftPerRootSecond: Coefficients(wander, 0, 0, 0), rateStandardUncertainty: Coefficients(rate, 0, 0, 0)),
      prior.noiseKelvin.rootMeanSquare
    )
  }
}

extension CorrectedUncertainty {
  /// Half the width of the interval about the value that holds it with the given probability; nil when the parts give none.
  public func halfWidth(holding probability: Double) -> Double? {
    do {
      return try NormalRectangularSum(normal: normal, halfWidths: halfWidths).halfWidth(holding: probability)
    } catch {
      // Parts of a finite variance always give one.
      return nil
    }
  }
}
