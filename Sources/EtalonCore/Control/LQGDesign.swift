import EtalonMetrology

/// What a linear-quadratic Gaussian controller is made from. Solved once, off the hot path, in double precision.
///
/// The cost is Σ (z − r)² + ρ k² (u − uₛ)² over the periods, uₛ the output that holds the set point against the estimated
/// disturbance. ρ follows from the closed-loop time τ_c: the optimum of a first-order process has the pole
/// −√(1 + 1/ρ)/τ₁ (B. D. O. Anderson and J. B. Moore, *Optimal Control* (1990), section 3.1), so ρ = 1/((τ₁/τ_c)² − 1).
public struct LQGDesign: Sendable, Equatable {
  /// The process.
  public var model: ProcessModel
  /// Length of a control period in seconds, above 0.
  public var periodSeconds: Double
  /// Smallest and largest output.
  public var limits: ClosedRange<Double>
  /// Standard uncertainty of the corrected value for which the design is meant, above 0.
  public var nominalStandardUncertainty: Double
  /// What disturbs the process.
  public var disturbance: ProcessObserver<Double>.Disturbance
  /// Weight ρ of the output, above 0.
  public var outputWeight: Double

  /// A design for a closed-loop time.
  /// - Parameters:
  ///   - closedLoopSeconds: τ_c, above 0; nil takes 0.7 times the model's delay and shorter lag, at least one period.
  ///   - disturbance: nil takes a walk at the input that moves through 0.2 % of the output's span within the lag τ₁, and one
  ///     of the quantity that moves through a third of the nominal uncertainty within a second, as stirring does.
  public init(
    model: ProcessModel, periodSeconds: Double, limits: ClosedRange<Double>, nominalStandardUncertainty: Double,
    closedLoopSeconds: Double? = nil, disturbance: ProcessObserver<Double>.Disturbance? = nil
  ) {
    self.model = model
    self.periodSeconds = periodSeconds
    self.limits = limits
    self.nominalStandardUncertainty = nominalStandardUncertainty
    let span = limits.upperBound - limits.lowerBound
    self.disturbance =
      disturbance
      ?? .init(
        outputPerRootSecond: 0.002 * span / max(model.lagSeconds, periodSeconds).squareRoot(),
        quantityPerRootSecond: nominalStandardUncertainty / 3)
    outputWeight = Self.weight(
      closedLoopSeconds: closedLoopSeconds ?? max(0.7 * model.apparentDelaySeconds, periodSeconds),
      lagSeconds: model.lagSeconds)
  }

  /// ρ = 1/((τ₁/τ_c)² − 1); a closed loop that is not quicker than the process gets a weight of 10⁴.
  static func weight(closedLoopSeconds: Double, lagSeconds: Double) -> Double {
    let ratio = lagSeconds / closedLoopSeconds
    return ratio > 1.00005 ? 1 / (ratio * ratio - 1) : 1e4
  }

  /// The weight for a loop that is slower by `factor`.
  func weight(slowdown factor: Double) -> Double {
    // τ_c from ρ and back.
    let closedLoop = model.lagSeconds / (1 + 1 / outputWeight).squareRoot()
    return Self.weight(closedLoopSeconds: closedLoop * factor, lagSeconds: model.lagSeconds)
  }

  /// State matrix and input vector of one period for the states (z, x) without disturbance; the input is k u.
  var period: (a: RiccatiDoubling<2>.Square, b: RiccatiDoubling<2>.Vector) {
    let step = model.step(seconds: periodSeconds)
    return ([[step.keep, step.couple], [0, step.lagKeep]], [step.take, 1 - step.lagKeep])
  }

  /// The Riccati solution for a loop that is slower by `slowdown`.
  public func solve(slowdown: Double = 1) throws(ControlFault) -> RiccatiDoubling<2> {
    let (a, b) = period
    return try RiccatiDoubling<2>(
      a: a, b: b, q: [[1, 0], [0, 0]], r: slowdown == 1 ? outputWeight : weight(slowdown: slowdown))
  }
}
