import EtalonCore

/// Reference thermometer readout of the Hart/Fluke 1502A class.
///
/// Fluke/Hart 1502A user's guide: a command ends with CR, an answer with CR LF; with duplex FULL the command is echoed
/// first; `T` answers the last reading as `t: nnnn.nnn u`, blank-padded to eight columns, `u` one of C, F, K, O,
/// and ` hh:mm:ss` may follow; one new reading a second; `*IDN?` answers four fields, `*SN` the serial number.
///
/// The protocol has no checksum and no number of the reading. After a fault the driver therefore asks `*IDN?` first and
/// skips lines until one with four fields comes: its form can not be confused with that of a reading, and answers keep
/// their order, so a late reading is never taken for a new one.
///
/// A reading's instant is the first byte of its answer less half the update period. The guide does not say when within
/// its period the instrument converts; what is left is at most half a period either way.
public struct Hart1502A: CataloguedDriver {
  /// What can be set from outside; the defaults are the data sheet's.
  public struct Configuration: Sendable {
    /// How the serial line is set.
    public var settings: SerialSettings
    /// How long an answer may take.
    public var timing: LineExchange.Timing
    /// From one reading to the next.
    public var updatePeriodNanoseconds: Int64

    /// Puts the parts together.
    public init(
      settings: SerialSettings = Hart1502A.entry.settings,
      timing: LineExchange.Timing = LineExchange.Timing(
        replyNanoseconds: 600_000_000, gapNanoseconds: 150_000_000, quietNanoseconds: 100_000_000),
      updatePeriodNanoseconds: Int64 = 1_000_000_000
    ) {
      self.settings = settings
      self.timing = timing
      self.updatePeriodNanoseconds = updatePeriodNanoseconds
    }
  }

  /// 8 data bits, no parity; 1200 to 9600 baud can be set at the instrument, so a bench file should name it.
  public static let entry = CatalogueEntry(
    name: "hart_1502a", model: "1502A", roles: .standard, settings: SerialSettings(baud: 9600))

  private enum Task: Sendable { case none, identify, serial, synchronise, read }

  private let configuration: Configuration
  private var exchange: LineExchange
  private var task = Task.none
  private var isSynchronised = false
  private var identityText = Frame()

  /// A driver that has sent nothing yet.
  public init(configuration: Configuration) {
    self.configuration = configuration
    exchange = LineExchange(settings: configuration.settings, timing: configuration.timing, toleratesEcho: true)
  }

  /// Configures the driver from what a bench file says.
  public init(options: SensorOptions) {
    var configuration = Configuration()
    if let settings = options.settings { configuration.settings = settings }
    if let period = options.updatePeriodNanoseconds { configuration.updatePeriodNanoseconds = period }
    self.init(configuration: configuration)
  }

  /// Whether a request is under way, or the line is not quiet yet after a fault.
  public var isBusy: Bool { task != .none || exchange.isBusy }
  /// When `wake` must be called at the latest; nil when only bytes can change something.
  public var deadline: Instant? { exchange.deadline }

  /// Begins a request; what the device has not is `.unsupported`.
  public mutating func start(_ request: DeviceRequest, at instant: Instant) -> DriverStep {
    precondition(!isBusy, "a request is under way")
    switch request {
    case .identify: return send(.identify, at: instant)
    case .read: return send(isSynchronised && !exchange.hasStrayBytes ? .read : .synchronise, at: instant)
    default: return DriverStep(report: .fault(.unsupported))
    }
  }

  /// Takes bytes; `first` is the instant of the first, `instant` that of the last.
  public mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> DriverStep {
    handle(exchange.receive(frame, first: first, at: instant), at: instant)
  }

  /// Takes the errors that the receiver reported.
  public mutating func receive(_ errors: LineErrors, at instant: Instant) -> DriverStep {
    handle(exchange.receive(errors, at: instant), at: instant)
  }

  /// The deadline has come; earlier calls change nothing.
  public mutating func wake(at instant: Instant) -> DriverStep { handle(exchange.wake(at: instant), at: instant) }

  /// The port is gone; a request under way fails with it.
  public mutating func lose(_ fault: PortFault, at instant: Instant) -> DriverStep {
    let wasUnderWay = task != .none
    task = .none
    isSynchronised = false
    exchange.lose()
    return wasUnderWay ? DriverStep(report: .fault(.port(fault))) : DriverStep()
  }

  private mutating func send(_ next: Task, at instant: Instant) -> DriverStep {
    task = next
    var message = Frame()
    var match = LineExchange.Match.any
    switch next {
    case .none: preconditionFailure("nothing to send")
    case .identify, .synchronise:
      // The first terminator ends what the instrument may hold of a broken command.
      message.append(ascii: "\r*IDN?")
      match = .fields(4)
    case .serial: message.append(ascii: "*SN")
    case .read: message.append(ascii: "T")
    }
    message.append(0x0D)
    exchange.begin(message, match: match, at: instant)
    return DriverStep(send: message)
  }

  private mutating func handle(_ event: LineExchange.Event, at instant: Instant) -> DriverStep {
    switch event {
    case .none, .ready: return DriverStep()
    case .fault(let fault): return fail(fault)
    case .reply: break
    }
    let line = exchange.reply
    switch task {
    case .none: preconditionFailure("an answer without a request")
    case .identify:
      guard let identity = Identification.parse(line) else { return reject(line, at: instant) }
      isSynchronised = true
      if identity.serial.isEmpty || identity.serial == Frame(ascii: "0") {
        identityText = identity.text
        return send(.serial, at: instant)
      }
      task = .none
      return DriverStep(report: .identity(identity))
    case .serial:
      var start = line.spells("sn:", in: 0..<min(3, line.count)) ? 3 : 0
      while start < line.count && line[start] == 0x20 { start += 1 }
      guard start < line.count, line.isPrintable(in: 0..<line.count) else { return reject(line, at: instant) }
      task = .none
      let identity = DeviceIdentity(text: identityText, serial: line.slice(start..<line.count))
      return DriverStep(report: .identity(identity))
    case .synchronise:
      guard Identification.parse(line) != nil else { return reject(line, at: instant) }
      isSynchronised = true
      return send(.read, at: instant)
    case .read:
      guard let celsius = Self.celsius(line) else { return reject(line, at: instant) }
      task = .none
      let reading = Reading(
        value: celsius, raw: .nan, conversion: 0,
        instant: exchange.replyFirst + -configuration.updatePeriodNanoseconds / 2,
        quality: [])
      return DriverStep(report: .reading(reading))
    }
  }

  private mutating func reject(_ line: Frame, at instant: Instant) -> DriverStep {
    exchange.reject(at: instant)
    return fail(.malformed(received: line.count))
  }

  private mutating func fail(_ fault: ExchangeFault) -> DriverStep {
    task = .none
    isSynchronised = false
    return DriverStep(report: .fault(fault))
  }

  /// The value of `t: nnnn.nnn C` with an optional ` hh:mm:ss`; nil for every other line, also for another unit.
  static func celsius(_ line: Frame) -> Double? {
    guard line.count == 13 || line.count == 22 else { return nil }
    guard line.spells("t: ", in: 0..<3), line.spells(" C", in: 11..<13) else { return nil }
    var start = 3
    while start < 11 && line[start] == 0x20 { start += 1 }
    guard start < 7, line[7] == UInt8(ascii: ".") else { return nil }
    if line.count == 22 {
      guard line[13] == 0x20, line[16] == UInt8(ascii: ":"), line[19] == UInt8(ascii: ":"),
        let hour = DecimalCoding.unsigned(line, 14..<16), hour < 24,
        let minute = DecimalCoding.unsigned(line, 17..<19), minute < 60,
        let second = DecimalCoding.unsigned(line, 20..<22), second < 60
      else { return nil }
    }
    return DecimalCoding.number(line, start..<11)
  }
}
