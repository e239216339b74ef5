/// What is declared of the devices of an on-line calibration before anything was measured.
///
/// A session declares it; a simulation with other priors takes the place of what the session says, so that the truth is
/// always drawn from exactly what the estimator is told.
public struct OnlineDeclarations: Sendable, Equatable {
  /// The errors of the device under test; nil for those that the session declares.
  public var device: DevicePrior?
  /// What the reference reads too much since its certificate, kelvin; nil for the session's budget.
  public var referenceDriftKelvin: DeclaredDistribution?
  /// Temperature at the device minus temperature at the reference, kelvin; nil for the session's budget.
  public var gradientKelvin: DeclaredDistribution?
  /// Standard deviation of the noise of a reading of the reference, kelvin; nil for the session's.
  public var referenceNoiseKelvin: Double?

  /// Declarations from their parts.
  public init(
    device: DevicePrior? = nil, referenceDriftKelvin: DeclaredDistribution? = nil,
    gradientKelvin: DeclaredDistribution? = nil, referenceNoiseKelvin: Double? = nil
  ) {
    self.device = device
    self.referenceDriftKelvin = referenceDriftKelvin
    self.gradientKelvin = gradientKelvin
    self.referenceNoiseKelvin = referenceNoiseKelvin
  }
}

/// The prior of a device's errors: indication minus true value at t is
/// offset + gain (t − c) + curvature s² + cubic s³ with s = (t − c)/h, where c and h are the middle and half the width of
/// the range of its role.
public struct DevicePrior: Sendable, Equatable {
  /// Error in the middle of the range, kelvin.
  public var offsetKelvin = DeclaredDistribution.fixed(0)
  /// Kelvin per kelvin.
  public var gain = DeclaredDistribution.fixed(0)
  /// Kelvin at either end of the range.
  public var curvatureKelvin = DeclaredDistribution.fixed(0)
  /// Kelvin at the upper end of the range, the opposite at the lower.
  public var cubicKelvin = DeclaredDistribution.fixed(0)
  /// Constant rate of the offset, kelvin per hour.
  public var driftKelvinPerHour = DeclaredDistribution.fixed(0)
  /// Random walk of the offset: its standard deviation after one hour, kelvin, 0 or more.
  public var wanderKelvinPerRootHour = 0.0
  /// Standard deviation of the noise of one indication before its display rounds, kelvin.
  public var noiseKelvin = DeclaredDistribution.fixed(0)
  /// Time constant of the device minus that of the reference, seconds; nil where nothing is said about it.
  public var lagSeconds: DeclaredDistribution?

  /// A device without errors.
  public init() {}
}

extension SessionPlan {
  /// The plan with other declarations in the place of its own.
  func declaring(_ declarations: OnlineDeclarations?) -> SessionPlan {
    guard let declarations else { return self }
    var plan = self
    for index in plan.roles.indices {
      switch plan.roles[index].kind {
      case .device: if let device = declarations.device { plan.roles[index].prior = device }
      case .standard: if let noise = declarations.referenceNoiseKelvin { plan.roles[index].noiseKelvin = noise }
      default: break
      }
    }
    for index in plan.model.inputs.indices {
      switch plan.model.inputs[index].name {
      case "ref.drift": plan.model.inputs[index].declare(declarations.referenceDriftKelvin)
      case "bath.gradient": plan.model.inputs[index].declare(declarations.gradientKelvin)
      default: break
      }
    }
    return plan
  }
}

extension SessionPlan.ModelPlan.Input {
  /// Takes another distribution; a budget's inputs have mean 0, so what is known to be there is no part of it.
  fileprivate mutating func declare(_ distribution: DeclaredDistribution?) {
    switch distribution {
    case nil: break
    case .fixed: source = .normal(standardUncertainty: 0)
    case .normal(_, let deviation): source = .normal(standardUncertainty: deviation)
    case .rectangular(_, let halfWidth): source = .rectangular(halfWidth: halfWidth)
    case .triangular(_, let halfWidth): source = .triangular(halfWidth: halfWidth)
    }
  }
}
