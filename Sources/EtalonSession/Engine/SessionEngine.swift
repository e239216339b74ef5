import EtalonCore
import EtalonMetrology

/// A whole session as one value: it takes inputs with their instants and decides what to send, what to record and what
/// came out. It can not tell a real bench from a simulated one, and feeding it a recorded run gives that run again.
///
/// Order of a run: wait for the ports, bring actuators to their safe state, do the steps of the plan, go to the safe
/// state again, end. The safe state is gone to on every way out.
public struct SessionEngine: Automaton {
  enum Stage: Equatable {
    /// Waiting for every port to open or to be refused.
    case opening
    /// Bringing actuators to their safe state before anything else.
    case makingSafe
    case running(step: Int)
    /// Going to the safe state; the outcome is decided.
    case finishing
    case finished
  }

  let plan: SessionPlan
  let board: BoardPlan
  let plant: BenchPlan.Plant?
  /// UTC at the first input, nanoseconds since 1970; only for expiry and names.
  let utcNanosecondsAtStart: Int64
  var instruments: [Instrument]
  let reference: Int
  let device: Int
  /// Both, in the order of the sampler's sides; kept, so that a tick makes no array.
  let sides: [Int]
  let actuator: Int?
  let monitor: Int?
  let certificate: ReferenceCertificate
  /// Names of the lines, by their index.
  let lineNames: [String]

  var stage = Stage.opening
  var identification = Identification()
  var series: PointSeries?
  var adjusting: AdjustmentStep?
  var holding: HoldStep?
  var monitoring: MonitorRun?
  var safety = SafeStateSequence()
  var guardian: EnvironmentGuard
  var sampling: SamplingState
  var control: ControlState
  /// What was found so far.
  public internal(set) var results = SessionResults()
  /// Where the run is, for people who watch.
  public internal(set) var progress: Progress
  var stopAtCheckpoint = false
  /// How often a device that came back was asked who it is.
  var returnAttempts: [Int: Int] = [:]
  var slownessIsNoted = false
  /// When the run will be over by the estimate made at the beginning of the present visit.
  var visitEnds: Instant?

  /// - Throws: `Failure` when the bench does not offer what the session needs.
  public init(plan: SessionPlan, board: BoardPlan, bench: BenchPlan, utcNanosecondsAtStart: Int64) throws(Failure) {
    let plan = plan.declaring(bench.declarations)
    self.plan = plan
    self.board = board
    plant = bench.plant
    self.utcNanosecondsAtStart = utcNanosecondsAtStart
    func index(of kind: SessionPlan.RoleRequirement.Kind) throws(Failure) -> Int? {
      guard let role = plan.roles.first(where: { $0.kind == kind }) else { return nil }
      guard let found = bench.instrument(for: role.name) else {
        throw Failure(
          .badBench, role: role.name,
          "the bench offers no device for role '\(role.name)'; it offers "
            + bench.instruments.flatMap(\.roles).joined(separator: ", "))
      }
      return found.index
    }
    guard let reference = try index(of: .standard) else {
      throw Failure(.badData, "the session names no role of kind 'standard' to compare with")
    }
    guard let device = try index(of: .device) else {
      throw Failure(.badData, "the session names no role of kind 'device' to calibrate")
    }
    guard let certificate = bench.instruments[reference].certificate else {
      throw Failure(
        .badBench, role: bench.instruments[reference].roles.first ?? "",
        "the standard has no certificate on this bench; name its file with 'certificate:'")
    }
    self.reference = reference
    self.device = device
    sides = [reference, device]
    self.certificate = certificate
    actuator = try index(of: .actuator)
    monitor = try index(of: .monitor)
    var instruments: [Instrument] = []
    for instrument in bench.instruments {
      instruments.append(Instrument(instrument, driver: try DriverCatalogue.makeDriver(for: instrument)))
    }
    self.instruments = instruments
    let lines = bench.ownLines
    lineNames = lines.map(\.name)
    for case .monitor(let step) in plan.steps {
      guard let name = step.alarmLine else { continue }
      guard let line = lines.first(where: { $0.name == name }), line.specification.settings.direction == .output else {
        throw Failure(
          .badBench,
          "the session signals a loss of accuracy on the line '\(name)', and the bench has no output line of that name; "
            + "name one under 'lines:' of the bench file")
      }
    }
    guardian = EnvironmentGuard(plan.environment)
    sampling = try SamplingState(plan: plan, certificate: certificate)
    control = try ControlState(board: board, plant: bench.plant, periodSeconds: 1 / plan.sampling.rateHertz)
    progress = Progress(plan: plan)
  }

  /// Whether the safe state was gone to and nothing is left to do.
  public var isFinished: Bool { stage == .finished }

  /// The earliest instant at which a driver, the sampler or a visit has something to do.
  public var nextWake: Instant? { earliestWake() }

  /// Inlined, so that the engine is not copied for the call.
  @inline(__always) private func earliestWake() -> Instant? {
    guard !isFinished else { return nil }
    var earliest: Instant?
    func consider(_ instant: Instant?) {
      guard let instant else { return }
      if earliest.map({ instant < $0 }) ?? true { earliest = instant }
    }
    for index in instruments.indices { consider(instruments[index].deadline) }
    consider(sampling.nextWake)
    consider(series?.deadline)
    consider(monitoring?.phaseEnds)
    return earliest
  }

  /// Takes one input; see `Automaton`.
  public mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    if results.started == nil { results.started = instant }
    switch input {
    case .opened(let port): instruments[Int(port)].open()
    case .bytes(let port, let frame, let first):
      let step = instruments[Int(port)].receive(frame, first: first, at: instant)
      perform(step, of: Int(port), at: instant, &outbox)
    case .lineErrors(let port, let errors):
      let step = instruments[Int(port)].receive(errors, at: instant)
      perform(step, of: Int(port), at: instant, &outbox)
    case .interrupted(let port, let fault): interrupted(Int(port), fault, at: instant, &outbox)
    case .resumed(let port, let moved): resumed(Int(port), moved: moved, at: instant, &outbox)
    case .lost(let port, let fault):
      let step = instruments[Int(port)].lose(fault, at: instant)
      perform(step, of: Int(port), at: instant, &outbox)
      instruments[Int(port)].forgetWaiting()
      lost(Int(port), fault, at: instant, &outbox)
    case .edge, .lineOpened: break
    case .edgesLost(_, let count):
      results.edgesLost += UInt64(count)
      if count == 0 { results.edgeOverflows += 1 }
    case .lineLost(let line, let fault):
      let name = lineNames.indices.contains(Int(line)) ? lineNames[Int(line)] : "\(line)"
      fail(Failure(fault.exitCode, "line '\(name)': \(fault.lineExplanation)"), at: instant, &outbox)
    case .wake:
      if let due = earliestWake() { results.timing.lateness.add(nanoseconds: instant - due) }
      wake(at: instant, &outbox)
    case .clockStepped(let utc): note(clockStep: utc, at: instant, &outbox)
    case .stop(let request): stop(request, at: instant, &outbox)
    case .truth(let error, _): attach(truth: error)
    }
    advance(at: instant, &outbox)
    for index in instruments.indices {
      while let step = instruments[index].startNext(at: instant) {
        perform(step, of: index, at: instant, &outbox)
        advance(at: instant, &outbox)
      }
    }
  }

  mutating func wake(at instant: Instant, _ outbox: inout Outbox) {
    for index in instruments.indices {
      guard let deadline = instruments[index].deadline, deadline <= instant else { continue }
      let step = instruments[index].wake(at: instant)
      perform(step, of: index, at: instant, &outbox)
    }
    if let due = sampling.nextWake, due <= instant { tick(at: instant, &outbox) }
  }

  /// Sends what a driver wants sent and hands on what it reports.
  mutating func perform(_ step: DriverStep, of index: Int, at instant: Instant, _ outbox: inout Outbox) {
    if let frame = step.send {
      outbox.act(.send(PortIndex(index), frame, confidential: step.confidential))
      outbox.record(send: frame, port: index, confidential: step.confidential)
    }
    guard let report = step.report else { return }
    let purpose = instruments[index].finish()
    if case .fault(let fault) = report { note(fault, of: index, &outbox) }
    guard let purpose else { return }
    switch purpose {
    case .initialSafe, .finalSafe: safetyReport(report, of: index, at: instant, &outbox)
    case .reidentify: returnReport(report, of: index, at: instant, &outbox)
    case .identify, .readAdjustment: identificationReport(report, purpose, of: index, at: instant, &outbox)
    case .writeAdjustment: adjustmentReport(report, at: instant, &outbox)
    case .drive: driveReport(report, at: instant, &outbox)
    case .environment: environmentReport(report, at: instant, &outbox)
    case .reading(let tick): readingReport(report, tick: tick, of: index, at: instant, &outbox)
    }
  }

  /// Counts and records a failed exchange.
  mutating func note(_ fault: ExchangeFault, of index: Int, _ outbox: inout Outbox) {
    let role = instruments[index].roles.first ?? ""
    let kind = fault.kind
    if let place = results.faults.firstIndex(where: { $0.role == role && $0.kind == kind }) {
      results.faults[place].count += 1
    } else {
      results.faults.append((role, kind, 1))
    }
    outbox.record(fault: fault, port: index)
  }

  /// A port is gone: no run goes on without one of its devices.
  mutating func lost(_ index: Int, _ fault: PortFault, at instant: Instant, _ outbox: inout Outbox) {
    let role = instruments[index].roles.first ?? ""
    fail(
      Failure(
        fault.exitCode, role: role,
        "\(role) at \(instruments[index].portName): "
          + (instruments[index].isOnLines ? fault.lineExplanation : fault.explanation)),
      at: instant, &outbox)
  }

  mutating func stop(_ request: StopRequest, at instant: Instant, _ outbox: inout Outbox) {
    if request == .loopLate {
      fail(
        Failure(
          .inputOutput,
          "the loop turned later than the bench's dead-man bears, so the bench is in its safe state by itself; give the run "
            + "more of the machine (--realtime), or the heartbeat a longer limit"), at: instant, &outbox)
      return
    }
    guard stage != .finishing, stage != .finished else { return }
    if request == .atCheckpoint, series?.isMeasuring == true, !stopAtCheckpoint {
      stopAtCheckpoint = true
      progress.isStopping = true
      outbox.record(remark: "stop requested: the measurement under way is finished first")
      return
    }
    results.stop = request
    finish(at: instant, &outbox)
  }

  /// The first failure decides; a later one is remembered as a remark.
  mutating func fail(_ failure: Failure, at instant: Instant, _ outbox: inout Outbox) {
    if results.failure == nil, stage != .finishing, stage != .finished {
      results.failure = failure
      outbox.record(remark: failure.reason)
      finish(at: instant, &outbox)
    } else {
      results.remarks.append(failure.reason)
      outbox.record(remark: failure.reason)
    }
  }

  /// Leaves the plan and goes to the safe state.
  mutating func finish(at instant: Instant, _ outbox: inout Outbox) {
    // From here on a failure is a remark.
    stage = .finishing
    if series?.isMeasuring == true { closeWindow(&outbox) }
    evaluateWhatIsThere(at: instant, &outbox)
    sampling.stop()
    control.setpoint = nil
    endOnlineSteps(&outbox)
    progress.activity = .safing
    progress.setpoint = nil
    progress.stepName = "finally"
    progress.visitCount = 0
    progress.isStopping = false
    progress.remainingSeconds = 0
    visitEnds = nil
    for index in instruments.indices { instruments[index].forgetWaiting() }
    safety = SafeStateSequence()
    outbox.record(step: "finally", number: plan.steps.count + 1)
  }

  /// Does everything that needs no further input.
  mutating func advance(at instant: Instant, _ outbox: inout Outbox) {
    var moved = true
    while moved {
      switch stage {
      case .opening: moved = advanceOpening(at: instant, &outbox)
      case .makingSafe: moved = advanceSafety(final: false, at: instant, &outbox)
      case .running(let step): moved = advanceStep(step, at: instant, &outbox)
      case .finishing: moved = advanceSafety(final: true, at: instant, &outbox)
      case .finished: moved = false
      }
    }
  }

  private mutating func advanceOpening(at instant: Instant, _ outbox: inout Outbox) -> Bool {
    guard instruments.allSatisfy(\.isOpen) else { return false }
    safety = SafeStateSequence()
    stage = .makingSafe
    return true
  }

  /// Ends the present step and begins the next.
  mutating func beginStep(_ number: Int, at instant: Instant, _ outbox: inout Outbox) {
    guard number < plan.steps.count else {
      finish(at: instant, &outbox)
      return
    }
    stage = .running(step: number)
    progress.stepNumber = number + 1
    switch plan.steps[number] {
    case .identify:
      outbox.record(step: "identify", number: number + 1)
      identification = Identification()
    case .asFound(let name):
      outbox.record(step: "as_found", number: number + 1)
      beginSeries(name, phase: .asFound, at: instant)
    case .adjust:
      outbox.record(step: "adjust", number: number + 1)
      progress.stepName = "adjust"
      progress.visitCount = 0
      progress.setpoint = nil
      adjusting = AdjustmentStep()
    case .asLeft(let name):
      outbox.record(step: "as_left", number: number + 1)
      beginSeries(name, phase: .asLeft, at: instant)
    case .control(let step):
      outbox.record(step: "control", number: number + 1)
      beginHold(step, at: instant, &outbox)
    case .monitor(let step):
      outbox.record(step: "monitor", number: number + 1)
      beginMonitor(step, at: instant, &outbox)
    }
  }

  private mutating func advanceStep(_ number: Int, at instant: Instant, _ outbox: inout Outbox) -> Bool {
    switch plan.steps[number] {
    case .identify(let identify): return advanceIdentification(identify, number, at: instant, &outbox)
    case .asFound, .asLeft: return advanceSeries(number, at: instant, &outbox)
    case .adjust(let adjust): return advanceAdjustment(adjust, number, at: instant, &outbox)
    case .control: return advanceHold(number, at: instant, &outbox)
    case .monitor: return advanceMonitor(number, at: instant, &outbox)
    }
  }
}
