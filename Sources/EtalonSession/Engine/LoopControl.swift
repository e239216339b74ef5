import EtalonCore

/// The closed loop of a `control` or `monitor` step: its controller and its timing.
struct LoopControl: Sendable {
  let plan: SessionPlan.ControlLoop
  private var controller: LoopController
  /// Ticks of the sampler from one decision to the next.
  let ticksPerDecision: UInt32
  /// Whether the standard has taken the place of a device that lost its accuracy.
  var isReplaced = false
  private var lastTick: UInt32?
  /// Decisions made, and those that came too late or not at all.
  private(set) var decisions = 0
  private(set) var misses = 0
  /// Output of the last decision, watts.
  private(set) var watts: Double?
  private var clampIsHit = false

  init(
    _ plan: SessionPlan.ControlLoop, board: BoardPlan, plant: BenchPlan.Plant?, rateHertz: Double,
    standardUncertainty: Double
  ) throws(Failure) {
    self.plan = plan
    ticksPerDecision = UInt32(max(1, (plan.periodSeconds * rateHertz).rounded()))
    controller = try LoopController(plan, board: board, plant: plant, standardUncertainty: standardUncertainty)
  }

  /// Whether the reference's reading is what is held.
  var isSteeredByReference: Bool { !plan.inputIsDevice || isReplaced }

  /// Whether a decision is due at a tick.
  func isDue(_ tick: UInt32) -> Bool { lastTick.map { tick >= $0 + ticksPerDecision } ?? true }

  /// The output for a measured value; `clamped` is true when the process has just left the range it may be driven in.
  mutating func decide(
    _ value: Double, standardUncertainty: Double, setpoint: Double, tick: UInt32, at instant: Instant
  ) -> (watts: Double, clamped: Bool) {
    if let lastTick { misses += Int((tick - lastTick) / ticksPerDecision) - 1 }
    lastTick = tick
    decisions += 1
    var output = controller.update(value, standardUncertainty: standardUncertainty, setpoint: setpoint, at: instant)
    let beyond = value > plan.clampCelsius.upperBound
    if beyond {
      output = 0
      controller.applied(output)
    }
    let clamped = beyond && !clampIsHit
    clampIsHit = beyond
    watts = output
    return (output, clamped)
  }

  /// Misses up to a tick at which the loop ends.
  func misses(until tick: UInt32) -> Int {
    guard let lastTick, tick > lastTick else { return misses }
    return misses + max(0, Int((tick - lastTick) / ticksPerDecision) - 1)
  }
}

/// The kinds of controller that a session can ask for, designed from the board's plant.
///
/// Each slows down when the value that it acts on is less certain than a calibrated device's.
enum LoopController: Sendable {
  case pid(PIDController<Double>)
  case lqg(LQGController<Double>)
  case onOff(OnOffController<Double>)

  init(
    _ plan: SessionPlan.ControlLoop, board: BoardPlan, plant: BenchPlan.Plant?, standardUncertainty: Double
  ) throws(Failure) {
    let loss = board.lossWattsPerKelvin + board.coolingWattsPerKelvin
    let capacity = plant?.heatCapacityJoulesPerKelvin ?? board.heatCapacityJoulesPerKelvin
    let model = ProcessModel(
      gain: 1 / loss, lagSeconds: capacity / loss, delaySeconds: plant?.delaySeconds ?? board.delaySeconds,
      idle: board.steadyCelsius(watts: 0))
    let limits = 0...board.actuatorMaximumWatts
    do throws(ControlFault) {
      switch plan.kind {
      case .pid:
        var configuration = try PIDController<Double>.Configuration.simcPI(
          model, limits: limits, periodSeconds: plan.periodSeconds)
        configuration.forwardGain = loss
        configuration.nominalStandardUncertainty = standardUncertainty
        self = .pid(try PIDController(configuration))
      case .lqg:
        self = .lqg(
          try LQGController(
            LQGDesign(
              model: model, periodSeconds: plan.periodSeconds, limits: limits,
              nominalStandardUncertainty: standardUncertainty)))
      case .onOff: self = .onOff(try OnOffController(limits: limits, hysteresis: plan.bandKelvin))
      }
    } catch {
      throw Failure(
        .badBench, role: plan.output,
        "the board's plant gives no \(plan.kind.rawValue) controller: \(error.explanation)")
    }
  }

  mutating func update(
    _ value: Double, standardUncertainty: Double, setpoint: Double, at instant: Instant
  ) -> Double {
    let input = ControlInput(
      measured: value, standardUncertainty: standardUncertainty, setpoint: setpoint, at: instant)
    switch self {
    case .pid(var controller):
      let watts = controller.update(input)
      self = .pid(controller)
      return watts
    case .lqg(var controller):
      let watts = controller.update(input)
      self = .lqg(controller)
      return watts
    case .onOff(var controller):
      let watts = controller.update(input)
      self = .onOff(controller)
      return watts
    }
  }

  /// The actuator gives something else than what was decided.
  mutating func applied(_ watts: Double) {
    switch self {
    case .pid(var controller):
      controller.applied(watts)
      self = .pid(controller)
    case .lqg(var controller):
      controller.applied(watts)
      self = .lqg(controller)
    case .onOff: break
    }
  }
}

extension SessionEngine {
  mutating func beginLoop(
    _ plan: SessionPlan.ControlLoop, setpoint: Double, at instant: Instant, _ outbox: inout Outbox
  ) {
    do throws(Failure) {
      control.loop = try LoopControl(
        plan, board: board, plant: plant, rateHertz: self.plan.sampling.rateHertz,
        standardUncertainty: sampling.channel.bestStandardUncertainty)
      control.setpoint = setpoint
      progress.setpoint = setpoint
    } catch { fail(error, at: instant, &outbox) }
  }

  /// A reading of the device in an on-line step: what it means, whether the loop acts on it, and whether it makes a row.
  mutating func correct(_ reading: Reading, tick: UInt32, at instant: Instant, _ outbox: inout Outbox) {
    guard holding != nil || monitoring != nil else { return }
    guard
      let corrected = sampling.channel.corrected(
        reading.value, at: reading.instant, isExact: monitoring?.rowTick == tick)
    else { return }
    progress.corrected = corrected.value
    progress.expandedUncertainty = corrected.expandedUncertainty
    progress.accuracy = sampling.channel.state
    if control.loop?.isSteeredByReference == false {
      decide(
        corrected.value, standardUncertainty: corrected.uncertainty.standard,
        expandedUncertainty: corrected.expandedUncertainty, tick: tick, at: instant, &outbox)
    }
    watchAccuracy(corrected, at: instant, &outbox)
    finishRow(reading, corrected, tick: tick, &outbox)
  }

  /// One decision of the loop, if one is due and the actuator can take it.
  mutating func decide(
    _ value: Double, standardUncertainty: Double, expandedUncertainty: Double?, tick: UInt32, at instant: Instant,
    _ outbox: inout Outbox
  ) {
    guard let actuator, let setpoint = control.setpoint, control.loop?.isDue(tick) == true,
      instruments[actuator].isIdle, var loop = control.loop
    else { return }
    let decision = loop.decide(
      value, standardUncertainty: standardUncertainty, setpoint: setpoint, tick: tick, at: instant)
    control.loop = loop
    results.energised = true
    progress.watts = decision.watts
    instruments[actuator].request(.drive(watts: decision.watts), for: .drive)
    outbox.record(RecordKind.control.rawValue) {
      $0.append(tick)
      $0.append(setpoint)
      $0.append(value)
      $0.append(standardUncertainty)
      $0.append(decision.watts)
    }
    if decision.clamped {
      let remark =
        "\(value) °C is above the loop's clamp of \(loop.plan.clampCelsius.upperBound) °C: the output is off until it is back"
      results.remarks.append(remark)
      outbox.record(remark: remark)
    }
    hold(value, expandedUncertainty: expandedUncertainty, watts: decision.watts, at: instant)
  }

  /// Ends what an on-line step has under way, on every way out of it.
  mutating func endOnlineSteps(_ outbox: inout Outbox) {
    if var run = monitoring {
      closeRow(&run, &outbox)
      run.result.deadlineMisses = control.loop?.misses(until: sampling.sampler.nextNumber) ?? 0
      results.monitors.append(run.result)
    }
    if var hold = holding {
      hold.result.deadlineMisses = control.loop?.misses(until: sampling.sampler.nextNumber) ?? 0
      results.controls.append(hold.result)
    }
    monitoring = nil
    holding = nil
    control.loop = nil
    progress.corrected = nil
    progress.expandedUncertainty = nil
    progress.accuracy = nil
    progress.watts = nil
  }
}
