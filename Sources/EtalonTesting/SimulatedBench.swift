import EtalonCore
import EtalonMetrology
import EtalonSession
import EtalonSim

/// Why a simulated bench can not stand in for a board.
public enum SimulatedBenchFault: Error, CustomStringConvertible, Sendable {
  /// The board names a device that the simulator has no twin of.
  case noTwin(device: String)
  /// The simulator refuses the configuration.
  case simulation(SimulationFault)

  /// Reason, for people.
  public var description: String {
    switch self {
    case .noTwin(let device):
      "the simulator has no twin of '\(device)'; it has \(TwinModel.allCases.map(\.rawValue).joined(separator: ", "))"
    case .simulation(.faultPlan(let fault)): "the fault plan does not fit the bench: \(Self.words(fault))"
    case .simulation(let fault): "the simulation can not be set up: \(fault)"
    }
  }

  private static func words(_ fault: FaultPlanFault) -> String {
    switch fault {
    case .unknownLayer(let name, let known):
      "there is no layer '\(name)'; use one of: \(known.joined(separator: ", "))"
    case .unknownKind(let name, let layer, let known):
      "the layer '\(layer.rawValue)' has no fault '\(name)'; use one of: \(known.joined(separator: ", "))"
    case .unknownTarget(let name, let index, let known):
      name.isEmpty
        ? "entry \(index + 1) names no device; add 'device:' with one of: \(known.joined(separator: ", "))"
        : "entry \(index + 1) names '\(name)'; use one of: \(known.joined(separator: ", "))"
    case .notOffered(let kind, let target, let index):
      "entry \(index + 1): '\(target)' can not have the fault '\(kind.name)'"
    case .missingValue(let kind, let index): "entry \(index + 1): the fault '\(kind.name)' needs a 'value'"
    case .value(let kind, let value, let index):
      "entry \(index + 1): the value \(value) makes no sense for '\(kind.name)'"
    case .time(let seconds, let index): "entry \(index + 1): \(seconds) s is no time of a run"
    }
  }
}

/// A board's bench made of twins.
///
/// What a run draws as truth comes from exactly the distributions that the session declares: the reference's correction
/// from its certificate, its drift and the gradient of the bath from the inputs `ref.drift` and `bath.gradient`, the
/// device's errors from the `prior` of its role, the noises from the roles. What the session does not declare comes from
/// the simulation file. A simulation file that is named beside the board's own takes the place of the session's
/// declarations, for the truth and for what the session is told alike, unless it says `honest: false`.
public struct SimulatedBench: Sendable {
  /// What stands on the bench and the distributions of what is drawn.
  public var configuration: SimConfiguration
  /// The bench as the session sees it; the place of an instrument is its port in the simulated world too.
  public var bench: BenchPlan

  /// Puts a twin in the place of every device of the board.
  /// - Parameters:
  ///   - session: whose declarations take precedence over the simulation file; nil where none is known.
  ///   - isTold: whether the file's distributions take the place of the session's declarations instead, so that the
  ///     session is told what the truth is drawn from.
  public init(
    board: BoardPlan, simulation: SimFile, session: SessionPlan? = nil, isTold: Bool = false
  ) throws(SimulatedBenchFault) {
    var configuration = simulation.configuration
    var bench = board.bench
    let serials = configuration.instruments
    configuration.instruments = []
    for index in bench.instruments.indices {
      let instrument = bench.instruments[index]
      guard let model = TwinModel(rawValue: instrument.device) else { throw .noTwin(device: instrument.device) }
      if let baud = simulation.bauds[model] { bench.instruments[index].settings.baud = baud }
      let settings = bench.instruments[index].settings
      configuration.instruments.append(
        SimConfiguration.Instrument(
          model: model, roles: instrument.roles, settings: settings, hostSettings: settings,
          serial: serials.first { $0.model == model }?.serial ?? "1"))
      if let certificate = instrument.certificate {
        configuration.reference.certificate = ReferenceTruth.Points(
          points: certificate.points.map {
            .init(
              celsius: $0.at, correctionKelvin: $0.correction, standardUncertaintyKelvin: $0.standardUncertainty)
          }, correlation: certificate.correlation)
      }
      if model == .hart1502A {
        bench.instruments[index].updatePeriodSeconds = configuration.reference.periodSeconds / configuration.speed
      }
      if model == .bc200 {
        configuration.controller.deadManSeconds = instrument.deadManSeconds ?? configuration.controller.deadManSeconds
      }
    }
    if configuration.speed != 1 {
      bench.plant = BenchPlan.Plant(
        heatCapacityJoulesPerKelvin: board.heatCapacityJoulesPerKelvin / configuration.speed,
        delaySeconds: board.delaySeconds / configuration.speed)
    }
    if let session {
      configuration.take(Self.declarations(of: session))
      Self.addAlarmLines(of: session, to: &bench)
    }
    if isTold || !simulation.isHonest {
      var declarations = simulation.declared
      declarations.device = simulation.prior(over: session?.roles.first { $0.kind == .device }?.prior)
      configuration.take(declarations)
      if isTold { bench.declarations = declarations }
    }
    configuration.lines = bench.ownLines.map {
      LineConfiguration(name: $0.name, direction: $0.specification.settings.direction == .output ? .output : .input)
    }
    self.configuration = configuration
    self.bench = bench
  }

  /// A board knows no lines of a machine; the one on which a session signals a loss of accuracy is there in simulation.
  private static func addAlarmLines(of session: SessionPlan, to bench: inout BenchPlan) {
    for case .monitor(let step) in session.steps {
      guard let name = step.alarmLine, !bench.lines.contains(where: { $0.name == name }) else { continue }
      bench.lines.append(BenchPlan.Line(name: name, specification: LineSpecification(.name(name), .output())))
    }
  }

  /// What a session itself declares.
  private static func declarations(of session: SessionPlan) -> OnlineDeclarations {
    func distribution(_ name: String) -> DeclaredDistribution? {
      switch session.model.inputs.first(where: { $0.name == name })?.source {
      case .rectangular(let halfWidth): .rectangular(mean: 0, halfWidth: halfWidth)
      case .triangular(let halfWidth): .triangular(mean: 0, halfWidth: halfWidth)
      case .normal(let uncertainty): .normal(mean: 0, standardDeviation: uncertainty)
      case .typeA, .certificate, .resolutionOfRole, .upDownDifference, nil: nil
      }
    }
    return OnlineDeclarations(
      device: session.roles.first { $0.kind == .device }?.prior, referenceDriftKelvin: distribution("ref.drift"),
      gradientKelvin: distribution("bath.gradient"),
      referenceNoiseKelvin: session.roles.first { $0.kind == .standard }?.noiseKelvin)
  }
}
