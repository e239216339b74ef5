import EtalonCore

/// A heater that one output line switches on and off at full power: the mean power is given by its share of time.
///
/// The line is a port of levels (`LinePort.levels`): one byte sets it, and the byte that comes back is its level as the
/// chip has it.
/// - A power takes effect with the next window; see `TimeProportionedOutput`.
/// - When nobody has asked for power for the dead-man time, the driver switches off by itself, for a session that hangs.
///   A program that crashes drives the line's safe level; after SIGKILL it is the board's pull resistor that must.
/// - `.readBack` has index 1: the level (1 on, 0 off).
public struct LineHeater: CataloguedDriver {
  /// What bench files and sessions know about this driver.
  public static let entry = CatalogueEntry(
    name: "line_heater", model: "LINE-HEATER", roles: .actuator, settings: SerialSettings(baud: 9600),
    connection: .level)

  /// Dead-man time where the bench states none.
  static let usualDeadManSeconds = 30.0
  /// A line answers at once; the rest is the host's own delay.
  static let replyNanoseconds: Int64 = 500_000_000

  private enum Task: Sendable { case none, drive, makeSafe, state }

  private let deadManNanoseconds: Int64
  private let serial: Frame
  private var output: TimeProportionedOutput?
  private var task = Task.none
  private var wanted: Double?
  private var lastSign = Instant(nanoseconds: 0)
  private var hasTripped = false
  /// The byte that was sent, while the answer is awaited.
  private var sent: UInt8?
  private var replyDue = Instant(nanoseconds: 0)

  /// Configures the driver from what a bench file says; without a power, or with times that make no window, every request
  /// to heat is `.unsupported`.
  public init(options: SensorOptions) {
    deadManNanoseconds = Int64((options.deadManSeconds ?? Self.usualDeadManSeconds) * 1e9)
    serial = options.serial ?? Frame()
    do throws(TimeProportionedOutput.Fault) {
      output = try TimeProportionedOutput(
        TimeProportionedOutput.Configuration(
          ratedWatts: options.ratedWatts ?? 0, windowNanoseconds: options.windowNanoseconds ?? 10_000_000_000))
    } catch {
      output = nil
    }
  }

  /// Whether a level is on its way.
  public var isBusy: Bool { sent != nil }

  /// When the answer is overdue, the heater must be switched, or the dead-man acts.
  public var deadline: Instant? {
    if sent != nil { return replyDue }
    guard wanted != nil else { return nil }
    let deadMan = lastSign + deadManNanoseconds
    return output?.nextSwitch.map { min($0, deadMan) } ?? deadMan
  }

  /// Begins a request.
  public mutating func start(_ request: DeviceRequest, at instant: Instant) -> DriverStep {
    precondition(!isBusy, "a request is under way")
    switch request {
    case .identify:
      guard output != nil else { return DriverStep(report: .fault(.unsupported)) }
      return DriverStep(report: .identity(DeviceIdentity(text: Frame(ascii: "line heater"), serial: serial)))
    case .drive(let watts):
      guard output != nil, watts.isFinite else { return DriverStep(report: .fault(.unsupported)) }
      wanted = watts
      lastSign = instant
      hasTripped = false
      task = .drive
      return send(at: instant)
    case .makeSafe:
      wanted = nil
      task = .makeSafe
      return send(at: instant)
    case .readActuator:
      task = .state
      return send(byte: 2, at: instant)
    default:
      return DriverStep(report: .fault(.unsupported))
    }
  }

  /// Sends the level that is due now.
  private mutating func send(at instant: Instant) -> DriverStep {
    // Without a demand the output is off at once and owes nothing.
    let isOn = output?.isOn(watts: wanted ?? .nan, at: instant) ?? false
    return send(byte: isOn ? 1 : 0, at: instant)
  }

  private mutating func send(byte: UInt8, at instant: Instant) -> DriverStep {
    sent = byte
    replyDue = instant + Self.replyNanoseconds
    var frame = Frame()
    frame.append(byte)
    return DriverStep(send: frame)
  }

  /// Takes the level as it is.
  public mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> DriverStep {
    guard let expected = sent else { return DriverStep() }
    guard frame.count == 1, frame[0] <= 1 else { return finish(.fault(.malformed(received: frame.count))) }
    let level = frame[0]
    guard expected == 2 || level == expected else {
      return finish(.fault(.readBack(index: 1, expected: Double(expected), received: Double(level))))
    }
    // A switch between two requests is nobody's answer.
    guard task != .none else {
      sent = nil
      return DriverStep()
    }
    let remaining = wanted == nil ? 0 : max(0, (lastSign + deadManNanoseconds).seconds(since: instant))
    return finish(
      .actuator(
        ActuatorState(isOn: level == 1, watts: wanted ?? 0, deadManSeconds: remaining, tripped: hasTripped)))
  }

  /// A line reports no errors of characters.
  public mutating func receive(_ errors: LineErrors, at instant: Instant) -> DriverStep { DriverStep() }

  /// Switches the heater when it is due; an answer that is overdue is a time-out.
  public mutating func wake(at instant: Instant) -> DriverStep {
    guard let due = deadline, due <= instant else { return DriverStep() }
    if sent != nil { return finish(.fault(.timeout)) }
    if instant >= lastSign + deadManNanoseconds {
      wanted = nil
      hasTripped = true
    }
    return send(at: instant)
  }

  /// The line is gone; a request under way fails with it.
  public mutating func lose(_ fault: PortFault, at instant: Instant) -> DriverStep {
    let wasUnderWay = task != .none
    wanted = nil
    sent = nil
    task = .none
    return wasUnderWay ? DriverStep(report: .fault(.port(fault))) : DriverStep()
  }

  private mutating func finish(_ report: DeviceReport) -> DriverStep {
    sent = nil
    task = .none
    return DriverStep(report: report)
  }
}
