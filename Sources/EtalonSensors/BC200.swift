import EtalonCore

/// Bath controller: heater of 0 W to 1500 W with a dead-man, and monitor of the room.
///
/// Data sheet "Devices on the virtual bench", sections "Common to both SCPI devices" and "BC200". 19200 baud.
/// - `drive` sets the power before it switches on, so that an old power is never put out, and both commands restart the
///   dead-man. The controller's answer must say on and the power sent.
/// - `makeSafe` is judged by the state alone: whatever stands in the error queue, a heater that says it is off is off.
/// - `.readBack` has index 0 for a number (watts, dead-man seconds) and 1 for the heater's state (1 on, 0 off).
public struct BC200: CataloguedDriver {
  /// What can be set from outside; the defaults are the data sheet's.
  public struct Configuration: Sendable {
    /// How the serial line is set.
    public var settings: SerialSettings
    /// How long an answer may take.
    public var timing: LineExchange.Timing
    /// Set and read back when the controller is identified, 0.5 s to 600 s; nil leaves the controller's own.
    public var deadManSeconds: Double?

    /// Puts the parts together.
    public init(
      settings: SerialSettings = BC200.entry.settings,
      timing: LineExchange.Timing = LineExchange.Timing(
        replyNanoseconds: 400_000_000, gapNanoseconds: 100_000_000, quietNanoseconds: 60_000_000),
      deadManSeconds: Double? = nil
    ) {
      self.settings = settings
      self.timing = timing
      self.deadManSeconds = deadManSeconds
    }
  }

  /// What bench files and sessions know about this driver.
  public static let entry = CatalogueEntry(
    name: "bc200", model: "BC200", roles: [.actuator, .monitor], settings: SerialSettings(baud: 19200))

  private enum Task: Sendable { case none, identify, deadMan, drive, makeSafe, environment, actuator }

  private let configuration: Configuration
  private var client: SCPIClient
  private var task = Task.none
  private var identity = DeviceIdentity(text: Frame(), serial: Frame())
  /// The number sent and to be read back, as its text says.
  private var sent = 0.0

  /// A driver that has sent nothing yet.
  public init(configuration: Configuration) {
    self.configuration = configuration
    client = SCPIClient(exchange: LineExchange(settings: configuration.settings, timing: configuration.timing))
  }

  /// Configures the driver from what a bench file says.
  public init(options: SensorOptions) {
    var configuration = Configuration()
    if let settings = options.settings { configuration.settings = settings }
    configuration.deadManSeconds = options.deadManSeconds
    self.init(configuration: configuration)
  }

  /// Whether a request is under way, or the line is not quiet yet after a fault.
  public var isBusy: Bool { task != .none || client.isBusy }
  /// When `wake` must be called at the latest; nil when only bytes can change something.
  public var deadline: Instant? { client.deadline }

  /// Begins a request. A power that has no form on the wire (not finite, 10⁹ or more) is `.unsupported` and nothing is
  /// sent; one outside 0...1500 W is refused by the controller itself.
  public mutating func start(_ request: DeviceRequest, at instant: Instant) -> DriverStep {
    precondition(!isBusy, "a request is under way")
    switch request {
    case .identify:
      return send(.identify, query: Frame(ascii: "*IDN?"), at: instant)
    case .drive(let watts):
      guard watts.magnitude < 1e9 else { return DriverStep(report: .fault(.unsupported)) }
      var commands = Frame(ascii: "HEAT:POW ")
      sent = Self.append(watts, decimals: 2, to: &commands)
      commands.append(ascii: ";STAT ON")
      return send(.drive, commands: commands, query: Frame(ascii: "HEAT:ALL?"), checksErrors: true, at: instant)
    case .makeSafe:
      return send(
        .makeSafe, commands: Frame(ascii: "HEAT:STAT OFF"), query: Frame(ascii: "HEAT:ALL?"), at: instant)
    case .readEnvironment:
      return send(.environment, query: Frame(ascii: "MEAS:ROOM?"), at: instant)
    case .readActuator:
      return send(.actuator, query: Frame(ascii: "HEAT:ALL?"), at: instant)
    default:
      return DriverStep(report: .fault(.unsupported))
    }
  }

  /// Takes bytes; `first` is the instant of the first, `instant` that of the last.
  public mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> DriverStep {
    handle(client.receive(frame, first: first, at: instant), at: instant)
  }

  /// Takes the errors that the receiver reported.
  public mutating func receive(_ errors: LineErrors, at instant: Instant) -> DriverStep {
    handle(client.receive(errors, at: instant), at: instant)
  }

  /// The deadline has come; earlier calls change nothing.
  public mutating func wake(at instant: Instant) -> DriverStep { handle(client.wake(at: instant), at: instant) }

  /// The port is gone; a request under way fails with it.
  public mutating func lose(_ fault: PortFault, at instant: Instant) -> DriverStep {
    let wasUnderWay = task != .none
    task = .none
    client.lose()
    return wasUnderWay ? DriverStep(report: .fault(.port(fault))) : DriverStep()
  }

  private mutating func send(
    _ next: Task, commands: Frame = Frame(), query: Frame, checksErrors: Bool = false, at instant: Instant
  ) -> DriverStep {
    task = next
    return DriverStep(
      send: client.begin(commands: commands, query: query, checksErrors: checksErrors, at: instant))
  }

  private mutating func handle(_ event: LineExchange.Event, at instant: Instant) -> DriverStep {
    switch event {
    case .none, .ready: return DriverStep()
    case .fault(let fault): return finish(.fault(fault))
    case .reply: break
    }
    let line = client.reply
    switch task {
    case .none: preconditionFailure("an answer without a request")
    case .identify:
      guard let identity = Identification.parse(line, client.answer) else { return reject(at: instant) }
      guard let seconds = configuration.deadManSeconds else { return finish(.identity(identity)) }
      guard seconds.magnitude < 1e9 else { return finish(.fault(.unsupported)) }
      self.identity = identity
      var commands = Frame(ascii: "HEAT:DEAD ")
      sent = Self.append(seconds, decimals: 1, to: &commands)
      return send(
        .deadMan, commands: commands, query: Frame(ascii: "HEAT:DEAD?"), checksErrors: true, at: instant)
    case .deadMan:
      guard let seconds = Self.fixed(line, client.answer, decimals: 1) else { return reject(at: instant) }
      guard seconds == sent else { return mismatch(received: seconds) }
      return finish(.identity(identity))
    case .drive:
      guard let state = Self.state(line, client.answer) else { return reject(at: instant) }
      guard state.watts == sent else { return mismatch(received: state.watts) }
      guard state.isOn else { return finish(.fault(.readBack(index: 1, expected: 1, received: 0))) }
      return finish(.actuator(state))
    case .makeSafe:
      guard let state = Self.state(line, client.answer) else { return reject(at: instant) }
      guard !state.isOn else { return finish(.fault(.readBack(index: 1, expected: 0, received: 1))) }
      return finish(.actuator(state))
    case .actuator:
      guard let state = Self.state(line, client.answer) else { return reject(at: instant) }
      return finish(.actuator(state))
    case .environment:
      guard let environment = Self.environment(line, client.answer) else { return reject(at: instant) }
      return finish(.environment(environment))
    }
  }

  private mutating func finish(_ report: DeviceReport) -> DriverStep {
    task = .none
    return DriverStep(report: report)
  }

  private mutating func mismatch(received: Double) -> DriverStep {
    finish(.fault(.readBack(index: 0, expected: sent, received: received)))
  }

  private mutating func reject(at instant: Instant) -> DriverStep {
    client.reject(at: instant)
    return finish(.fault(.malformed(received: client.reply.count)))
  }

  /// Appends the number and returns what its text says.
  private static func append(_ value: Double, decimals: Int, to frame: inout Frame) -> Double {
    let start = frame.count
    DecimalCoding.appendFixed(value, decimals: decimals, to: &frame)
    guard let written = DecimalCoding.number(frame, start..<frame.count) else {
      preconditionFailure("a number written here can be read here")
    }
    return written
  }

  /// The answer to `HEATer:ALL?`: `state,power,remaining,tripped`.
  static func state(_ line: Frame, _ range: Range<Int>) -> ActuatorState? {
    guard let fields = FieldList(line, range, separator: UInt8(ascii: ",")), fields.count == 4,
      let isOn = flag(line, fields[0]), let watts = fixed(line, fields[1], decimals: 2),
      let remaining = fixed(line, fields[2], decimals: 1), let tripped = flag(line, fields[3]),
      isOn || remaining == 0
    else { return nil }
    return ActuatorState(isOn: isOn, watts: watts, deadManSeconds: remaining, tripped: tripped)
  }

  /// The answer to `MEASure:ROOM?`: temperature in °C, relative humidity in %, pressure in Pa.
  static func environment(_ line: Frame, _ range: Range<Int>) -> Environment? {
    guard let fields = FieldList(line, range, separator: UInt8(ascii: ",")), fields.count == 3,
      line[range.lowerBound] == UInt8(ascii: "+") || line[range.lowerBound] == UInt8(ascii: "-"),
      let celsius = fixed(line, fields[0].lowerBound + 1..<fields[0].upperBound, decimals: 2), celsius < 200,
      let humidity = fixed(line, fields[1], decimals: 1), humidity <= 100,
      let pascals = DecimalCoding.unsigned(line, fields[2]), pascals > 0
    else { return nil }
    let sign = line[range.lowerBound] == UInt8(ascii: "-") ? -1.0 : 1.0
    return Environment(celsius: sign * celsius, relativeHumidityPercent: humidity, pascals: Double(pascals))
  }

  private static func flag(_ line: Frame, _ range: Range<Int>) -> Bool? {
    if line.spells("0", in: range) { return false }
    return line.spells("1", in: range) ? true : nil
  }

  /// A number without sign and with exactly so many decimals.
  private static func fixed(_ line: Frame, _ range: Range<Int>, decimals: Int) -> Double? {
    guard range.count >= decimals + 2, range.count <= 12, line[range.upperBound - decimals - 1] == UInt8(ascii: "."),
      line[range.lowerBound] >= 0x30
    else { return nil }
    return DecimalCoding.number(line, range)
  }
}
