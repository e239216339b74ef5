import EtalonCore

/// Chip-scale atomic clock SA.45s: telemetry, steering, mode, discipline and time of day over its serial line.
///
/// SA.45s CSAC User Guide rev. D, programmer's reference: 57600 8N1; a command is `!`, a letter, arguments, CR LF, and
/// `*HH` before the end in checksum mode (exclusive or of the characters after `!`); an answer is one line.
///
/// - **No command that moves the clock is ever repeated by the driver**: after a fault the steer in force is asked for.
/// - What is kept in non-volatile memory (mode, discipline time) is read first and only written when it differs: the memory
///   bears 20 000 writes.
/// - After a fault the headers are asked for (`!6`), whose answer no other command gives, and lines of another form are
///   skipped, so that a late answer is never taken for a new one.
/// - A reading is that of the phase meter (mode M or D), in nanoseconds.
public struct SA45s: CataloguedDriver {
  /// What can be set from outside; the defaults are the data sheet's.
  public struct Configuration: Sendable {
    /// How the serial line is set.
    public var settings: SerialSettings
    /// How long an answer may take.
    public var timing: LineExchange.Timing
    /// Whether the clock is in checksum mode (mode bit 0x0040).
    public var usesChecksum: Bool

    /// Puts the parts together.
    public init(
      settings: SerialSettings = SA45s.entry.settings,
      timing: LineExchange.Timing = LineExchange.Timing(
        replyNanoseconds: 500_000_000, gapNanoseconds: 100_000_000, quietNanoseconds: 60_000_000),
      usesChecksum: Bool = false
    ) {
      self.settings = settings
      self.timing = timing
      self.usesChecksum = usesChecksum
    }
  }

  /// Bits of the mode.
  public enum ModeBit: UInt16, Sendable, CaseIterable {
    case analogTuning = 0x0001
    case phaseMeasurement = 0x0004
    case autoSynchronisation = 0x0008
    case discipline = 0x0010

    var letter: UInt8 {
      switch self {
      case .analogTuning: 0x41
      case .phaseMeasurement: 0x4D
      case .autoSynchronisation: 0x53
      case .discipline: 0x44
      }
    }
  }

  /// What a clock can be asked beyond what every device can.
  public enum Command: Sendable, Equatable {
    /// Everything it measures of itself.
    case telemetry
    /// Set the steer: relative frequency in 1e-15, within ±2 000 000 000.
    case steer(Int64)
    /// Change the steer, in 1e-15, within ±20 000 000.
    case changeSteer(Int64)
    /// The steer in force.
    case reportSteer
    /// Set or clear a mode bit. Setting one of M, S and D clears the other two.
    case setMode(ModeBit, Bool)
    /// Bring the output pulse to the input pulse, within 100 ns; takes up to 3 s.
    case synchronise
    /// Time constant of the discipline in seconds, 10...10 000.
    case setDisciplineSeconds(UInt32)
    /// Compensation of a cable for the discipline, in 100 ps, within ±1000.
    case setCompensation(Int32)
    /// Set the time of day in seconds.
    case setTimeOfDay(UInt32)
    /// The time of day, told after the next output pulse and naming it.
    case timeOfDay
  }

  /// What a command led to.
  public enum Report: Sendable, Equatable {
    case telemetry(Telemetry)
    /// The steer in force, in 1e-12, as the clock tells it.
    case steer(Int32)
    /// The mode in force.
    case mode(UInt16)
    case synchronised
    case disciplineSeconds(UInt32)
    case compensation(Int32)
    case timeOfDay(UInt32)
    /// The exchange failed; device codes: 1 no input pulse (`E`), 2 not understood (`?`), 3 the phase meter shows nothing.
    case fault(ExchangeFault)
  }

  /// One line of telemetry.
  public struct Telemetry: Sendable, Equatable {
    /// What the discipline is doing.
    public enum Discipline: UInt8, Sendable { case acquiring, locked, holdover }
    /// What the phase meter shows.
    public enum Phase: Sendable, Equatable {
      case nanoseconds(Int32)
      /// It is off.
      case off
      /// No pulse comes in.
      case noReference
    }
    /// 0 locked, 1...8 on the way there, 9 asleep.
    public var status: UInt8
    /// Alarm bits.
    public var alarms: UInt16
    /// Serial number.
    public var serial: Frame
    /// Mode bits.
    public var mode: UInt16
    /// Contrast of the resonance, above 2000 when locked.
    public var contrast: UInt32
    /// Temperature of the case in °C.
    public var celsius: Double
    /// Steer in force, 1e-12.
    public var steer: Int32
    /// Output pulse against input pulse.
    public var phase: Phase
    /// What the discipline is doing; nil in a form not known.
    public var discipline: Discipline?
    /// Time of day in seconds.
    public var timeOfDay: UInt32
    /// Firmware.
    public var firmware: Frame
    /// Whether the clock is locked to its atoms.
    public var isLocked: Bool { status == 0 }
  }

  /// What is done after one event; see `DriverStep`.
  public struct Step: Sendable {
    /// Bytes to send; nil for none.
    public var send: Frame?
    /// What was learnt; nil for nothing.
    public var report: Report?
  }

  /// What bench files and sessions know about this driver.
  public static let entry = CatalogueEntry(
    name: "sa45s", model: "SA.45s", roles: [.standard, .device], settings: SerialSettings(baud: 57600))

  /// Limits of the arguments of `!FA` and `!FD`, 1e-15.
  public static let steerLimit: Int64 = 2_000_000_000
  /// See `steerLimit`.
  public static let steerChangeLimit: Int64 = 20_000_000

  private enum Task: Sendable { case none, synchroniseLine, query, command }

  private let configuration: Configuration
  private var exchange: LineExchange
  private var task = Task.none
  private var command = Command.telemetry
  private var isSynchronised = false
  private var request: DeviceRequest?
  private var checksum: Bool

  /// A driver that has sent nothing yet.
  public init(configuration: Configuration) {
    self.configuration = configuration
    exchange = LineExchange(settings: configuration.settings, timing: configuration.timing)
    checksum = configuration.usesChecksum
  }

  /// Configures the driver from what a bench file says.
  public init(options: SensorOptions) {
    var configuration = Configuration()
    if let settings = options.settings { configuration.settings = settings }
    self.init(configuration: configuration)
  }

  /// Whether a request is under way, or the line is not quiet yet after a fault.
  public var isBusy: Bool { task != .none || exchange.isBusy }
  /// When `wake` must be called at the latest; nil when only bytes can change something.
  public var deadline: Instant? { exchange.deadline }

  // MARK: As a clock

  /// Begins a command; an argument that the clock does not take is `.unsupported`, and nothing is sent.
  public mutating func start(_ command: Command, at instant: Instant) -> Step {
    precondition(!isBusy, "a request is under way")
    request = nil
    guard Self.isPossible(command) else { return Step(report: .fault(.unsupported)) }
    self.command = command
    return begin(at: instant)
  }

  private mutating func begin(at instant: Instant) -> Step {
    guard isSynchronised, !exchange.hasStrayBytes else {
      return send(.synchroniseLine, Frame(ascii: "!6"), match: .fields(17), at: instant)
    }
    switch command {
    case .setMode: return send(.query, Frame(ascii: "!M?"), at: instant)
    case .setDisciplineSeconds: return send(.query, Frame(ascii: "!D?"), at: instant)
    default: return send(.command, Self.text(command), at: instant)
    }
  }

  /// Takes bytes; `first` is the instant of the first, `instant` that of the last.
  public mutating func take(_ frame: Frame, first: Instant, at instant: Instant) -> Step {
    handle(exchange.receive(frame, first: first, at: instant), at: instant)
  }

  /// Takes the errors that the receiver reported.
  public mutating func take(_ errors: LineErrors, at instant: Instant) -> Step {
    handle(exchange.receive(errors, at: instant), at: instant)
  }

  /// The deadline has come; earlier calls change nothing.
  public mutating func pass(to instant: Instant) -> Step { handle(exchange.wake(at: instant), at: instant) }

  /// The port is gone; a request under way fails with it.
  public mutating func drop(_ fault: PortFault) -> Step {
    let wasUnderWay = task != .none
    task = .none
    isSynchronised = false
    exchange.lose()
    return wasUnderWay ? Step(report: .fault(.port(fault))) : Step()
  }

  // MARK: As any device

  /// Begins a request; what the clock has not is `.unsupported`.
  public mutating func start(_ request: DeviceRequest, at instant: Instant) -> DriverStep {
    switch request {
    case .identify, .read:
      let step = start(.telemetry, at: instant)
      self.request = request
      return common(step)
    default: return DriverStep(report: .fault(.unsupported))
    }
  }

  /// Takes bytes; `first` is the instant of the first, `instant` that of the last.
  public mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> DriverStep {
    common(take(frame, first: first, at: instant))
  }

  /// Takes the errors that the receiver reported.
  public mutating func receive(_ errors: LineErrors, at instant: Instant) -> DriverStep {
    common(take(errors, at: instant))
  }

  /// The deadline has come; earlier calls change nothing.
  public mutating func wake(at instant: Instant) -> DriverStep { common(pass(to: instant)) }

  /// The port is gone; a request under way fails with it.
  public mutating func lose(_ fault: PortFault, at instant: Instant) -> DriverStep { common(drop(fault)) }

  private func common(_ step: Step) -> DriverStep {
    var result = DriverStep(send: step.send)
    switch step.report {
    case nil: break
    case .fault(let fault): result.report = .fault(fault)
    case .telemetry(let telemetry):
      if request == .identify {
        var text = Frame(ascii: "Microchip,SA.45s,")
        text.append(telemetry.serial)
        text.append(UInt8(ascii: ","))
        text.append(telemetry.firmware)
        result.report = .identity(DeviceIdentity(text: text, serial: telemetry.serial))
      } else if case .nanoseconds(let phase) = telemetry.phase {
        // The line tells the phase of the input pulse before it.
        result.report = .reading(
          Reading(
            value: Double(phase), raw: .nan, conversion: 0, instant: exchange.replyFirst,
            quality: telemetry.isLocked ? [] : .overRange))
      } else {
        result.report = .fault(.device(code: 3))
      }
    default: break
    }
    return result
  }

  // MARK: Exchange

  private mutating func send(_ next: Task, _ text: Frame, match: LineExchange.Match = .any, at instant: Instant) -> Step
  {
    task = next
    var message = text
    if checksum {
      var sum: UInt8 = 0
      for index in 1..<text.count { sum ^= text[index] }
      message.append(UInt8(ascii: "*"))
      message.append(Self.hexadecimalDigit(sum >> 4))
      message.append(Self.hexadecimalDigit(sum & 15))
    }
    message.append(0x0D)
    message.append(0x0A)
    var timing = configuration.timing
    // The next pulse is up to a second away, and a synchronisation gives up after three.
    if next == .command, command == .timeOfDay { timing.replyNanoseconds += 1_000_000_000 }
    if next == .command, command == .synchronise { timing.replyNanoseconds += 3_500_000_000 }
    exchange = LineExchange(settings: configuration.settings, timing: timing)
    exchange.begin(message, match: match, at: instant)
    return Step(send: message)
  }

  private mutating func handle(_ event: LineExchange.Event, at instant: Instant) -> Step {
    switch event {
    case .none, .ready: return Step()
    case .fault(let fault): return fail(fault)
    case .reply: break
    }
    let line = exchange.reply
    let whole = 0..<line.count
    switch task {
    case .none: preconditionFailure("an answer without a request")
    case .synchroniseLine:
      guard line.count > 12, line.spells("Status,Alarm", in: 0..<12) else { return fail(.stale) }
      isSynchronised = true
      return begin(at: instant)
    case .query:
      return answerToQuery(line, at: instant)
    case .command: break
    }
    if line.spells("?", in: whole) { return finish(.fault(.device(code: 2))) }
    switch command {
    case .telemetry:
      guard let telemetry = Self.telemetry(line) else { return reject(at: instant) }
      return finish(.telemetry(telemetry))
    case .steer(let wanted):
      guard let told = Self.labelled(line, "Steer = ") else { return reject(at: instant) }
      guard (Int64(told) * 1000 - wanted).magnitude < 1000 else {
        return finish(
          .fault(.readBack(index: 0, expected: Double(wanted) * 1e-15, received: Double(told) * 1e-12)))
      }
      return finish(.steer(told))
    case .changeSteer, .reportSteer:
      guard let told = Self.labelled(line, "Steer = ") else { return reject(at: instant) }
      return finish(.steer(told))
    case .setMode(let bit, let isOn):
      guard let mode = Self.mode(line) else { return reject(at: instant) }
      guard (mode & bit.rawValue != 0) == isOn else {
        return finish(
          .fault(.readBack(index: 0, expected: isOn ? 1 : 0, received: isOn ? 0 : 1)))
      }
      return finish(.mode(mode))
    case .synchronise:
      if line.spells("E", in: whole) { return finish(.fault(.device(code: 1))) }
      return line.spells("S", in: whole) ? finish(.synchronised) : reject(at: instant)
    case .setDisciplineSeconds(let wanted):
      guard let told = DecimalCoding.unsigned(line, whole) else { return reject(at: instant) }
      guard told == wanted else {
        return finish(.fault(.readBack(index: 0, expected: Double(wanted), received: Double(told))))
      }
      return finish(.disciplineSeconds(told))
    case .setCompensation(let wanted):
      guard let told = DecimalCoding.signed(line, whole) else { return reject(at: instant) }
      guard told == wanted else {
        return finish(.fault(.readBack(index: 0, expected: Double(wanted), received: Double(told))))
      }
      return finish(.compensation(told))
    case .setTimeOfDay, .timeOfDay:
      guard line.count > 12, line.spells("TimeOfDay = ", in: 0..<12),
        let told = DecimalCoding.unsigned(line, 12..<line.count)
      else { return reject(at: instant) }
      if case .setTimeOfDay(let wanted) = command, told != wanted {
        return finish(.fault(.readBack(index: 0, expected: Double(wanted), received: Double(told))))
      }
      return finish(.timeOfDay(told))
    }
  }

  /// What is in non-volatile memory is written only when it differs.
  private mutating func answerToQuery(_ line: Frame, at instant: Instant) -> Step {
    switch command {
    case .setMode(let bit, let isOn):
      guard let mode = Self.mode(line) else { return reject(at: instant) }
      if (mode & bit.rawValue != 0) == isOn { return finish(.mode(mode)) }
    case .setDisciplineSeconds(let wanted):
      guard let told = DecimalCoding.unsigned(line, 0..<line.count) else { return reject(at: instant) }
      if told == wanted { return finish(.disciplineSeconds(told)) }
    default: preconditionFailure("a query that no command needs")
    }
    return send(.command, Self.text(command), at: instant)
  }

  private mutating func finish(_ report: Report) -> Step {
    task = .none
    return Step(report: report)
  }

  private mutating func reject(at instant: Instant) -> Step {
    let count = exchange.reply.count
    exchange.reject(at: instant)
    return fail(.malformed(received: count))
  }

  private mutating func fail(_ fault: ExchangeFault) -> Step {
    task = .none
    isSynchronised = false
    return Step(report: .fault(fault))
  }

  // MARK: Text

  private static func isPossible(_ command: Command) -> Bool {
    switch command {
    case .steer(let value): value.magnitude <= UInt64(steerLimit)
    case .changeSteer(let value): value.magnitude <= UInt64(steerChangeLimit)
    case .setDisciplineSeconds(let seconds): (10...10_000).contains(seconds)
    case .setCompensation(let value): (-1000...1000).contains(value)
    default: true
    }
  }

  private static func text(_ command: Command) -> Frame {
    switch command {
    case .telemetry: return Frame(ascii: "!^")
    case .steer(let value): return frame("!FA", value)
    case .changeSteer(let value): return frame("!FD", value)
    case .reportSteer: return Frame(ascii: "!F?")
    case .setMode(let bit, let isOn):
      var frame = Frame(ascii: "!M")
      frame.append(isOn ? bit.letter : bit.letter | 0x20)
      return frame
    case .synchronise: return Frame(ascii: "!S")
    case .setDisciplineSeconds(let seconds): return frame("!D", Int64(seconds))
    case .setCompensation(let value): return frame("!DC", Int64(value))
    case .setTimeOfDay(let seconds): return frame("!TA", Int64(seconds))
    case .timeOfDay: return Frame(ascii: "!T?")
    }
  }

  private static func hexadecimalDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

  private static func frame(_ text: StaticString, _ value: Int64) -> Frame {
    var frame = Frame(ascii: text)
    if value < 0 { frame.append(UInt8(ascii: "-")) }
    var divisor: UInt64 = 1
    while value.magnitude / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      frame.append(0x30 + UInt8(value.magnitude / divisor % 10))
      divisor /= 10
    }
    return frame
  }

  /// The number behind a label.
  private static func labelled(_ line: Frame, _ label: StaticString) -> Int32? {
    let width = label.utf8CodeUnitCount
    guard line.count > width, line.spells(label, in: 0..<width) else { return nil }
    return DecimalCoding.signed(line, width..<line.count)
  }

  /// `0x` and four hexadecimal digits.
  static func mode(_ line: Frame) -> UInt16? { hexadecimal(line, 0..<line.count) }

  private static func hexadecimal(_ line: Frame, _ range: Range<Int>) -> UInt16? {
    guard range.count == 6, line.spells("0x", in: range.lowerBound..<range.lowerBound + 2) else { return nil }
    var value: UInt16 = 0
    for index in range.lowerBound + 2..<range.upperBound {
      switch line[index] {
      case let byte where byte >= 0x30 && byte <= 0x39: value = value << 4 | UInt16(byte - 0x30)
      case let byte where byte >= 0x41 && byte <= 0x46: value = value << 4 | UInt16(byte - 0x41 + 10)
      default: return nil
      }
    }
    return value
  }

  /// The 17 fields of `!^`; nil for every other line.
  static func telemetry(_ line: Frame) -> Telemetry? {
    guard line.isPrintable(in: 0..<line.count) else { return nil }
    var starts = InlineArray<18, Int>(repeating: 0)
    var count = 1
    for index in 0..<line.count where line[index] == UInt8(ascii: ",") {
      guard count < 17 else { return nil }
      starts[count] = index + 1
      count += 1
    }
    guard count == 17 else { return nil }
    starts[17] = line.count + 1
    func field(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] - 1 }
    for index in 0..<17 where field(index).isEmpty { return nil }
    guard let status = DecimalCoding.unsigned(line, field(0)), status <= 9, let alarms = hexadecimal(line, field(1)),
      let mode = hexadecimal(line, field(3)), let contrast = DecimalCoding.unsigned(line, field(4)),
      let celsius = DecimalCoding.number(line, field(9)), let steer = DecimalCoding.signed(line, field(10)),
      let seconds = DecimalCoding.unsigned(line, field(14))
    else { return nil }
    let phase: Telemetry.Phase
    if line.spells("---", in: field(12)) {
      phase = .off
    } else if line.spells("NEEDREFPPS", in: field(12)) {
      phase = .noReference
    } else if let nanoseconds = DecimalCoding.signed(line, field(12)) {
      phase = .nanoseconds(nanoseconds)
    } else {
      return nil
    }
    let discipline = DecimalCoding.unsigned(line, field(13)).flatMap {
      Telemetry.Discipline(rawValue: UInt8(truncatingIfNeeded: min($0, 255)))
    }
    return Telemetry(
      status: UInt8(status), alarms: alarms, serial: line.slice(field(2)), mode: mode, contrast: contrast,
      celsius: celsius, steer: steer, phase: phase, discipline: discipline, timeOfDay: seconds,
      firmware: line.slice(field(16)))
  }
}
