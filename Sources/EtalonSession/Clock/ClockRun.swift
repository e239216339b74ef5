import EtalonCore
import EtalonSensors

/// A chip-scale clock against a reference's pulses: synchronise, watch, steer, hold over. Decides and performs nothing.
///
/// Port 0 is the clock's serial line, line 0 the reference's pulses, line 1 the clock's. Every number that it tells follows
/// from the recorded inputs.
public struct ClockRun: Automaton, Sendable {
  /// One stretch of a run.
  public struct Stage: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// How long it lasts, in seconds of the reference.
    public var seconds: Int64
    /// Whether the clock is steered onto the reference.
    public var isSteered: Bool
    /// A stage from its parts.
    public init(name: String, seconds: Int64, isSteered: Bool) {
      self.name = name
      self.seconds = seconds
      self.isSteered = isSteered
    }
  }

  /// What is to be done.
  public struct Plan: Sendable {
    /// What the channel is told.
    public var channel: ClockChannel.Configuration
    /// How the clock is steered; nil where no stage steers.
    public var steering: ClockSteering.Settings?
    /// Whether the clock's pulse is first brought to the reference's.
    public var synchronises: Bool
    /// The stages, in order.
    public var stages: [Stage]
    /// Leap seconds that are announced.
    public var leaps: [LeapSecond]
    /// A plan from its parts.
    public init(
      channel: ClockChannel.Configuration, steering: ClockSteering.Settings?, synchronises: Bool, stages: [Stage],
      leaps: [LeapSecond] = []
    ) {
      self.channel = channel
      self.steering = steering
      self.synchronises = synchronises
      self.stages = stages
      self.leaps = leaps
    }
  }

  /// One second of the run.
  public struct Row: Sendable, Equatable {
    /// The reference's second.
    public var second: Int64
    /// Index of the stage.
    public var stage: Int
    /// Measured phase, nanoseconds; nil where none came.
    public var measuredNanoseconds: Int64?
    /// Estimated phase in nanoseconds, and its standard uncertainty.
    public var phase: (value: Double, standardUncertainty: Double)
    /// Estimated frequency.
    public var frequency: (value: Double, standardUncertainty: Double)
    /// Estimated ageing, 1/s.
    public var ageing: (value: Double, standardUncertainty: Double)
    /// State of the accuracy.
    public var state: AccuracyState
    /// Whether the estimate is in holdover.
    public var isHoldover: Bool
    /// Steer in force.
    public var steer: Double

    /// Whether all parts are the same.
    public static func == (a: Row, b: Row) -> Bool {
      a.second == b.second && a.stage == b.stage && a.measuredNanoseconds == b.measuredNanoseconds && a.phase == b.phase
        && a.frequency == b.frequency && a.ageing == b.ageing && a.state == b.state && a.isHoldover == b.isHoldover
        && a.steer == b.steer
    }
  }

  private enum Phase: Sendable { case opening, warming, askingSteer, synchronising, running, finished }

  /// The plan.
  public let plan: Plan
  /// The watched clock.
  public private(set) var channel: ClockChannel
  /// Every second of the run.
  public private(set) var rows: [Row] = []
  /// What happened that people should know, in order.
  public private(set) var remarks: [String] = []
  /// Why the run failed; nil while it did not.
  public private(set) var failure: String?
  /// Whether the run was stopped before its end.
  public private(set) var isStopped = false
  /// Serial number of the clock; empty before it told.
  public private(set) var serial = ""
  /// Number of steering commands that the clock confirmed.
  public private(set) var steerCommands = 0
  /// The stage under way.
  public private(set) var stage = 0
  /// The latest telemetry.
  public private(set) var telemetry: SA45s.Telemetry?

  private var driver: SA45s
  private var steering: ClockSteering?
  private var phase = Phase.opening
  private var stageStart: Int64?
  private var nextTelemetry: Instant?
  private var wantsSteer: Double?
  private var mustAskSteer = false
  private var nextPass: Instant?
  private var warmUntil: Instant?
  private var lastState = AccuracyState.learning

  /// - Throws: `ClockFault` or `ControlFault` for declarations that make no sense.
  public init(_ plan: Plan) throws {
    self.plan = plan
    channel = try ClockChannel(plan.channel)
    steering = try plan.steering.map { settings in try ClockSteering(settings) }
    driver = SA45s(configuration: SA45s.Configuration())
    for leap in plan.leaps { channel.announce(leap) }
  }

  /// Whether the last stage is over, the run was stopped, or it failed.
  public var isFinished: Bool { phase == .finished }

  /// When it wants to be woken at the latest.
  public var nextWake: Instant? {
    guard let deadline = driver.deadline else { return nextPass }
    return nextPass.map { min($0, deadline) } ?? deadline
  }

  // MARK: Inputs

  /// See `Automaton`.
  public mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    guard phase != .finished else { return }
    switch input {
    case .opened:
      phase = .warming
      warmUntil = instant + 600_000_000_000
      start(.telemetry, at: instant, &outbox)
    case .bytes(_, let frame, let first): take(driver.take(frame, first: first, at: instant), at: instant, &outbox)
    case .lineErrors(_, let errors): take(driver.take(errors, at: instant), at: instant, &outbox)
    case .lost(_, let fault), .interrupted(_, let fault):
      _ = driver.drop(fault)
      fail("the clock's port is gone (\(fault)); connect it and run again")
    case .lineLost(let line, let fault):
      fail("the line of the \(line == 0 ? "reference" : "clock") is gone (\(fault)); connect it and run again")
    case .edge(let line, let active, let stamp):
      guard active, phase == .running else { break }
      let sample =
        line == 0 ? channel.takeReference(edgeAt: stamp) : line == 1 ? channel.takeOscillator(edgeAt: stamp) : nil
      if let sample { note(sample, &outbox) }
    case .edgesLost(let line, let count):
      remarks.append("edges of the \(line == 0 ? "reference" : "clock") were lost: \(count)")
    case .stop:
      isStopped = true
      phase = .finished
    case .wake:
      take(driver.pass(to: instant), at: instant, &outbox)
      if phase == .running, let sample = channel.pass(to: instant) { note(sample, &outbox) }
    case .resumed, .lineOpened, .clockStepped, .truth: break
    }
    if let due = nextPass, instant >= due { nextPass = instant + 1_000_000_000 }
    next(at: instant, &outbox)
    if phase == .finished {
      outbox.record(RecordKind.end.rawValue) { encoder in
        encoder.append(isStopped)
        encoder.append(text: failure ?? "")
      }
    }
  }

  private mutating func fail(_ reason: String) {
    failure = reason
    phase = .finished
  }

  private mutating func start(_ command: SA45s.Command, at instant: Instant, _ outbox: inout Outbox) {
    take(driver.start(command, at: instant), at: instant, &outbox)
  }

  private mutating func take(_ step: SA45s.Step, at instant: Instant, _ outbox: inout Outbox) {
    if let frame = step.send {
      outbox.act(.send(0, frame, confidential: false))
      outbox.record(RecordKind.send.rawValue) { encoder in
        encoder.append(UInt8(0))
        encoder.append(frame)
      }
    }
    guard let report = step.report else { return }
    switch report {
    case .telemetry(let told):
      telemetry = told
      serial = String(decoding: told.serial, as: UTF8.self)
      nextTelemetry = instant + 60_000_000_000
      if phase == .warming, told.isLocked { phase = .askingSteer }
      if phase == .warming, let warmUntil, instant > warmUntil {
        fail("the clock is not locked after ten minutes (status \(told.status)); check its supply and temperature")
      }
      if phase == .running, !told.isLocked { remarks.append("the clock is not locked (status \(told.status))") }
    case .steer(let told): takeSteer(told, at: instant, &outbox)
    case .synchronised:
      phase = .running
      nextPass = instant + 2_000_000_000
    case .fault(let fault):
      remarks.append("an exchange with the clock failed: \(fault)")
      if phase == .synchronising, case .device(code: 1) = fault {
        fail("the clock sees no pulse of the reference; connect its 1PPS input")
      }
      // Whether a steer was taken is not known after a fault: ask, and never repeat.
      if wantsSteer != nil {
        wantsSteer = nil
        mustAskSteer = true
      }
    case .mode, .disciplineSeconds, .compensation, .timeOfDay: break
    }
  }

  private mutating func takeSteer(_ told: Int32, at instant: Instant, _ outbox: inout Outbox) {
    let inForce = wantsSteer ?? Double(told) * 1e-12
    if phase == .askingSteer {
      steering?.start(steer: inForce)
      phase = .running
      nextPass = instant + 2_000_000_000
      if plan.synchronises { phase = .synchronising }
      return
    }
    let before = steering?.steer ?? 0
    channel.adjustFrequency(by: inForce - before, at: instant)
    steering?.confirm(steer: inForce)
    if wantsSteer != nil { steerCommands += 1 }
    wantsSteer = nil
    mustAskSteer = false
    outbox.record(RecordKind.steering.rawValue) { $0.append(inForce) }
  }

  /// What the serial line is used for next.
  private mutating func next(at instant: Instant, _ outbox: inout Outbox) {
    guard phase != .finished, phase != .opening, !driver.isBusy else { return }
    switch phase {
    case .warming:
      if nextPass == nil || instant >= (nextTelemetry ?? instant) { start(.telemetry, at: instant, &outbox) }
      nextPass = nextTelemetry
    case .askingSteer: start(.reportSteer, at: instant, &outbox)
    case .synchronising: start(.synchronise, at: instant, &outbox)
    case .running:
      if mustAskSteer {
        start(.reportSteer, at: instant, &outbox)
      } else if let nextTelemetry, instant >= nextTelemetry {
        start(.telemetry, at: instant, &outbox)
      } else {
        steer(at: instant, &outbox)
      }
    case .opening, .finished: break
    }
  }

  /// Steers only what is known: not while learning, suspect, lost or in holdover, and not a clock that is not locked.
  private mutating func steer(at instant: Instant, _ outbox: inout Outbox) {
    guard plan.stages[stage].isSteered, var law = steering, let second = channel.clock.second,
      channel.state == .calibrated, !channel.clock.isInHoldover, telemetry?.isLocked == true,
      law.isDue(atSecond: second)
    else { return }
    let command = law.command(
      phaseSeconds: channel.clock.phaseNanoseconds * 1e-9, frequency: channel.clock.frequency.value, atSecond: second)
    steering = law
    guard let command else { return }
    wantsSteer = command
    start(.steer(Int64((command * 1e15).rounded())), at: instant, &outbox)
  }

  // MARK: Rows

  private mutating func note(_ sample: ClockChannel.Sample, _ outbox: inout Outbox) {
    let begin = stageStart ?? sample.second
    stageStart = begin
    let clock = channel.clock
    let row = Row(
      second: sample.second, stage: stage, measuredNanoseconds: sample.measured,
      phase: (clock.phaseNanoseconds, clock.phase.standardUncertainty),
      frequency: (clock.frequency.value, clock.frequency.standardUncertainty),
      ageing: (clock.ageing.value, clock.ageing.standardUncertainty), state: sample.state,
      isHoldover: sample.isHoldover, steer: steering?.steer ?? 0)
    rows.append(row)
    outbox.record(RecordKind.clock.rawValue) { encoder in
      encoder.append(row.second)
      encoder.append(row.measuredNanoseconds != nil)
      encoder.append(row.measuredNanoseconds ?? 0)
      encoder.append(row.phase.value)
      encoder.append(row.phase.standardUncertainty)
      encoder.append(row.frequency.value)
      encoder.append(row.frequency.standardUncertainty)
      encoder.append(row.ageing.value)
      encoder.append(row.ageing.standardUncertainty)
      encoder.append(row.state.rawValue)
      encoder.append(row.isHoldover)
    }
    switch sample.outcome {
    case .stepped(let by): remarks.append("second \(sample.second): the phase stepped by \(by) ns")
    case .wholeSecond(let by): remarks.append("second \(sample.second): the phase jumped by \(by) s, unannounced")
    case .leapSecond(let by): remarks.append("second \(sample.second): leap second of \(by) s, as announced")
    case .leapSecondAbsent: remarks.append("second \(sample.second): the announced leap second did not come")
    case .updated, .withinStep, .outlier, .refused, nil: break
    }
    if sample.state != lastState {
      remarks.append("second \(sample.second): \(lastState) -> \(sample.state)")
      lastState = sample.state
    }
    guard sample.second - begin >= plan.stages[stage].seconds else { return }
    if stage + 1 < plan.stages.count {
      stage += 1
      stageStart = sample.second
    } else {
      phase = .finished
    }
  }
}
