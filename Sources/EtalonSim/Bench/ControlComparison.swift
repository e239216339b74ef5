import EtalonCore
import EtalonMetrology

/// LQG, PID and on-off control on the same plant, the same noise and the same identified model.
///
/// For each seed the process is identified by a step test. Each controller then makes a small step, a large one that
/// saturates the actuator, and holds the set point. All of them see the same noise.
public struct ControlComparison: Sendable {
  /// The controllers that are compared.
  public enum Kind: String, Sendable, CaseIterable {
    /// `LQGController` with the default closed-loop time.
    case lqg
    /// `PIDController` with proportional and integral part by SIMC, closed-loop time = delay.
    case pi
    /// The same with derivative part.
    case pid
    /// `OnOffController` with a hysteresis of four standard uncertainties.
    case onOff = "on_off"
  }

  /// What the controllers have to do.
  public enum Task: String, Sendable, CaseIterable {
    /// A step that hardly saturates the actuator.
    case smallStep = "small_step"
    /// A step that saturates it for minutes.
    case largeStep = "large_step"
    /// Holding the set point.
    case hold
  }

  /// What one controller did in one task.
  public struct Entry: Sendable {
    /// The controller.
    public var kind: Kind
    /// The task.
    public var task: Task
    /// Overshoot, settling time, root mean square, energy.
    public var metrics: ResponseMetrics
  }

  /// Plant, noise and seed.
  public var trial: ControlTrial
  /// Where steps begin, °C.
  public var startCelsius: Double
  /// Size of the small step in kelvin.
  public var smallStepKelvin = 0.3
  /// Size of the large step in kelvin.
  public var largeStepKelvin: Double
  /// Change of the power for the identification, watts.
  public var identificationWatts: Double
  /// Half width of the band for settling after the small step, as a share of the step.
  public var smallBandShare = 0.05
  /// The same after the large step.
  public var largeBandShare = 0.01
  /// Length of the small step and of holding in seconds.
  public var smallStepSeconds = 600.0
  /// Length of holding in seconds.
  public var holdSeconds = 1_800.0
  /// Length of the large step in seconds.
  public var largeStepSeconds = 1_800.0

  /// A comparison on a plant: from a third of the range that the heater reaches, a large step over another third.
  public init(plant: StirredBath.Parameters, standardUncertainty: Double, periodSeconds: Double = 1, seed: UInt64) {
    trial = ControlTrial(
      plant: plant, standardUncertainty: standardUncertainty, periodSeconds: periodSeconds, seed: seed)
    let lowest = plant.steadyCelsius(watts: 0)
    let span = plant.steadyCelsius(watts: plant.maximumHeaterWatts) - lowest
    startCelsius = (lowest + span / 3).rounded()
    largeStepKelvin = (span / 3).rounded()
    identificationWatts = plant.maximumHeaterWatts / 4
  }

  /// Half width of the band within which a task counts as settled; holding has that of the small step.
  public func bandKelvin(_ task: Task) -> Double {
    task == .largeStep ? largeBandShare * largeStepKelvin : smallBandShare * smallStepKelvin
  }

  /// The model that the controllers are made from.
  public func identify() throws(ControlTrial.Fault) -> ProcessModel {
    try trial.identify(celsius: startCelsius, stepWatts: identificationWatts)
  }

  /// The LQG design for a model.
  public func design(_ model: ProcessModel) -> LQGDesign {
    LQGDesign(
      model: model, periodSeconds: trial.periodSeconds, limits: 0...trial.plant.maximumHeaterWatts,
      nominalStandardUncertainty: trial.standardUncertainty)
  }

  /// Runs controllers through tasks, all through all by default.
  /// - Parameter each: called after each period.
  /// - Throws: why there is no model or no controller.
  public func run(
    _ model: ProcessModel, kinds: [Kind] = Kind.allCases, tasks: [Task] = Task.allCases,
    each: (Kind, Task, ControlTrial.Period) -> Void = { _, _, _ in }
  ) throws(ControlFault) -> [Entry] {
    let limits = 0...trial.plant.maximumHeaterWatts
    let holding = trial.plant.holdingWatts(celsius: startCelsius)
    var entries: [Entry] = []
    for kind in kinds {
      for task in tasks {
        switch kind {
        case .lqg:
          let controller = try LQGController<Double>(design(model), initialOutput: holding)
          entries.append(run(controller, kind, task, each))
        case .pi, .pid:
          let configuration =
            kind == .pi
            ? try PIDController<Double>.Configuration.simcPI(model, limits: limits, periodSeconds: trial.periodSeconds)
            : try .simcPID(model, limits: limits, periodSeconds: trial.periodSeconds)
          let controller = try PIDController(configuration, initialOutput: holding)
          entries.append(run(controller, kind, task, each))
        case .onOff:
          let controller = try OnOffController(limits: limits, hysteresis: 4 * trial.standardUncertainty)
          entries.append(run(controller, kind, task, each))
        }
      }
    }
    return entries
  }

  private func run<C: Controller>(
    _ controller: C, _ kind: Kind, _ task: Task, _ each: (Kind, Task, ControlTrial.Period) -> Void
  ) -> Entry where C.Scalar == Double {
    var controller = controller
    let step =
      switch task {
      case .smallStep: smallStepKelvin
      case .largeStep: largeStepKelvin
      case .hold: 0.0
      }
    let seconds =
      switch task {
      case .smallStep: smallStepSeconds
      case .largeStep: largeStepSeconds
      case .hold: holdSeconds
      }
    let target = startCelsius + step
    var metrics = ResponseMetrics(
      from: startCelsius, to: target, band: bandKelvin(task), periodSeconds: trial.periodSeconds)
    let holding = trial.plant.holdingWatts(celsius: target)
    trial.run(&controller, from: startCelsius, seconds: seconds, setpoint: { _ in target }) { period in
      metrics.add(period.celsius, output: period.watts, holding: holding)
      each(kind, task, period)
    }
    return Entry(kind: kind, task: task, metrics: metrics)
  }
}
