import EtalonCore

/// Board thermometer under test, with a calibration set of its own.
///
/// Data sheet "Devices on the virtual bench", sections "Common to both SCPI devices" and "DT100". 9600 baud.
/// - Reading: `MEASure:ALL?`. The raw value is s = (N − 8 388 608) / 4 194 304, the scale in which the device's own
///   polynomial takes it. A conversion takes 20 ms, starts when the query has arrived and is over when the answer begins;
///   the reading belongs to its middle. The driver takes the middle between the end of the request and the start of the
///   answer, because delays before and after the conversion are alike, and 10 ms before the answer where the two are
///   less than 20 ms apart.
/// - A conversion number that is not newer than the last one marks the reading as stale. Two in a row that are lower
///   than before and count up mean that the device was switched off and on; from the second on readings count again.
/// - The calibration set's number in a reading must be the one that the driver read last, else somebody has stored
///   another set, and readings are faults `.commitCount` until `readAdjustment` has been asked again.
public struct DT100: CataloguedDriver {
  /// What can be set from outside; the defaults are the data sheet's.
  public struct Configuration: Sendable {
    /// How the serial line is set.
    public var settings: SerialSettings
    /// How long an answer may take.
    public var timing: LineExchange.Timing
    /// 1 to 32 letters, digits, hyphens and underscores in ASCII; another code makes `writeAdjustment` unsupported.
    public var unlockCode: Frame

    /// Puts the parts together.
    public init(
      settings: SerialSettings = DT100.entry.settings,
      timing: LineExchange.Timing = LineExchange.Timing(
        replyNanoseconds: 500_000_000, gapNanoseconds: 100_000_000, quietNanoseconds: 100_000_000),
      unlockCode: Frame = Frame(ascii: "DT100")
    ) {
      self.settings = settings
      self.timing = timing
      self.unlockCode = unlockCode
    }
  }

  /// What bench files and sessions know about this driver.
  public static let entry = CatalogueEntry(
    name: "dt100", model: "DT100", roles: .device, settings: SerialSettings(baud: 9600))

  /// Duration of a conversion.
  static let conversionNanoseconds: Int64 = 20_000_000
  /// From this value on the indication says "outside the range of the converter".
  static let overRangeIndication = 9.9e37

  private enum Task: Sendable { case none, identify, read, readAdjustment, write }

  private let configuration: Configuration
  private var client: SCPIClient
  private var task = Task.none
  private var conversions = ConversionCounter()
  private var writing = AdjustmentWriting()
  /// The calibration set's number as last read; nil when it is not known or being changed.
  private var knownCount: UInt32?

  /// A driver that has sent nothing yet.
  public init(configuration: Configuration) {
    self.configuration = configuration
    client = SCPIClient(
      exchange: LineExchange(settings: configuration.settings, timing: configuration.timing, toleratesEcho: true),
      clearing: Frame(ascii: "CAL:SEC:STAT ON"))
  }

  /// Configures the driver from what a bench file says.
  public init(options: SensorOptions) {
    var configuration = Configuration()
    if let settings = options.settings { configuration.settings = settings }
    if let code = options.unlockCode { configuration.unlockCode = code }
    self.init(configuration: configuration)
  }

  /// Whether a request is under way, or the line is not quiet yet after a fault.
  public var isBusy: Bool { task != .none || client.isBusy }
  /// When `wake` must be called at the latest; nil when only bytes can change something.
  public var deadline: Instant? { client.deadline }

  /// Whether `code` can stand in a command: 1 to 32 letters, digits, hyphens and underscores.
  public static func isUsable(code: Frame) -> Bool {
    for byte in code {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): continue
      default: return false
      }
    }
    return !code.isEmpty && code.count <= 32
  }

  /// Begins a request. `writeAdjustment` with a coefficient that is not finite or too small for a decimal exponent of two
  /// digits (0 is fine), or without a usable code, is `.unsupported`, and nothing is sent.
  public mutating func start(_ request: DeviceRequest, at instant: Instant) -> DriverStep {
    precondition(!isBusy, "a request is under way")
    switch request {
    case .identify:
      return send(.identify, query: Frame(ascii: "*IDN?"), at: instant)
    case .read:
      return send(.read, query: Frame(ascii: "MEAS:ALL?"), at: instant)
    case .readAdjustment:
      return send(.readAdjustment, query: Frame(ascii: "CAL:DATA?;COUN?;CRC?"), at: instant)
    case .writeAdjustment(let coefficients):
      guard Self.isUsable(code: configuration.unlockCode), let writing = AdjustmentWriting(coefficients) else {
        return DriverStep(report: .fault(.unsupported))
      }
      self.writing = writing
      knownCount = nil
      task = .write
      return sendWriting(at: instant)
    case .readEnvironment, .readActuator, .drive, .makeSafe:
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

  private mutating func send(_ next: Task, query: Frame, at instant: Instant) -> DriverStep {
    task = next
    // A reading carries the number of its conversion.
    return DriverStep(
      send: client.begin(
        commands: Frame(), query: query, checksErrors: false, isNumbered: next != .read, at: instant))
  }

  /// Sends the present stage of writing.
  private mutating func sendWriting(at instant: Instant) -> DriverStep {
    let frame = client.begin(
      commands: writing.commands(code: configuration.unlockCode), query: writing.query,
      checksErrors: writing.checksErrors, at: instant)
    return DriverStep(send: frame, confidential: writing.isConfidential)
  }

  private mutating func handle(_ event: LineExchange.Event, at instant: Instant) -> DriverStep {
    if task == .write { return handleWriting(event, at: instant) }
    switch event {
    case .none, .ready: return DriverStep()
    case .fault(let fault): return finish(.fault(fault))
    case .reply: break
    }
    let line = client.reply
    switch task {
    case .none, .write:
      preconditionFailure("an answer without a request")
    case .identify:
      guard let identity = Identification.parse(line, client.answer) else { return reject(at: instant) }
      return finish(.identity(identity))
    case .read:
      guard let shown = Shown(line, client.answer) else { return reject(at: instant) }
      if let expected = knownCount, expected != shown.count {
        return finish(.fault(.commitCount(expected: expected, received: shown.count)))
      }
      return finish(.reading(reading(shown)))
    case .readAdjustment:
      let evidence: AdjustmentEvidence
      switch AdjustmentEvidence.parse(line, client.answer) {
      case .malformed: return reject(at: instant)
      case .checksum(let expected, let received):
        return finish(.fault(.checksum(expected: expected, received: received)))
      case .good(let parsed): evidence = parsed
      }
      knownCount = evidence.adjustment.count
      return finish(.adjustment(evidence.adjustment))
    }
  }

  private mutating func handleWriting(_ event: LineExchange.Event, at instant: Instant) -> DriverStep {
    let outcome: AdjustmentWriting.Outcome
    switch event {
    case .none: return DriverStep()
    case .ready: outcome = .next
    case .fault(let fault): outcome = writing.fail(fault)
    case .reply: outcome = writing.take(client.reply, client.answer)
    }
    // A stage that follows a malformed or lost answer waits until the line is quiet.
    if case .malformed = outcome {
      client.reject(at: instant)
      return conclude(writing.fail(.malformed(received: client.reply.count)), at: instant)
    }
    return conclude(outcome, at: instant)
  }

  private mutating func conclude(_ outcome: AdjustmentWriting.Outcome, at instant: Instant) -> DriverStep {
    switch outcome {
    case .next: return client.isBusy ? DriverStep() : sendWriting(at: instant)
    case .failed(let fault): return finish(.fault(fault))
    case .done(let adjustment):
      knownCount = adjustment.count
      return finish(.adjustment(adjustment))
    case .malformed: preconditionFailure("a malformed answer is a failure")
    }
  }

  private mutating func finish(_ report: DeviceReport) -> DriverStep {
    task = .none
    return DriverStep(report: report)
  }

  private mutating func reject(at instant: Instant) -> DriverStep {
    client.reject(at: instant)
    return finish(.fault(.malformed(received: client.reply.count)))
  }

  private mutating func reading(_ shown: Shown) -> Reading {
    var quality: ReadingQuality = []
    if !conversions.isNew(shown.conversion) { quality.insert(.stale) }
    if shown.indication >= Self.overRangeIndication { quality.insert(.overRange) }
    let answerStart = client.exchange.replyFirst + -client.exchange.settings.characterNanoseconds
    let span = answerStart - client.exchange.requestEnd
    return Reading(
      value: shown.indication, raw: (Double(shown.raw) - 8_388_608) / 4_194_304, conversion: shown.conversion,
      instant: answerStart + -max(span, Self.conversionNanoseconds) / 2, quality: quality)
  }

  /// The answer to `MEASure:ALL?`: `conversion,N,indication,count`.
  struct Shown {
    var conversion: UInt32
    var raw: UInt32
    var indication: Double
    var count: UInt32

    init?(_ line: Frame, _ range: Range<Int>) {
      guard let fields = FieldList(line, range, separator: UInt8(ascii: ",")), fields.count == 4,
        let conversion = DecimalCoding.unsigned(line, fields[0]),
        let raw = DecimalCoding.unsigned(line, fields[1]), raw <= 16_777_215,
        let indication = DT100.indication(line, fields[2]), let count = DecimalCoding.unsigned(line, fields[3])
      else { return nil }
      self.conversion = conversion
      self.raw = raw
      self.indication = indication
      self.count = count
    }
  }

  /// An indication with sign and two decimals, or `+9.9E+37`.
  static func indication(_ line: Frame, _ range: Range<Int>) -> Double? {
    if line.spells("+9.9E+37", in: range) { return overRangeIndication }
    guard range.count >= 5, range.count <= 12, line[range.upperBound - 3] == UInt8(ascii: "."),
      line[range.lowerBound] == UInt8(ascii: "+") || line[range.lowerBound] == UInt8(ascii: "-")
    else { return nil }
    return DecimalCoding.number(line, range)
  }
}
