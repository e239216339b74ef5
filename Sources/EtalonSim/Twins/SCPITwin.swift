import EtalonCore

/// The IEEE 488.2 part of a SCPI twin: message exchange, common commands, status.
///
/// The units of a message are executed one by one; a unit in error ends the message. A unit that takes time delays those
/// behind it, and bytes that arrive meanwhile wait in the input buffer.
class SCPITwin: DeviceTwin {
  private enum Common: Int {
    case identify, clear, reset, event, setEventEnable, eventEnable, statusByte, setRequestEnable, requestEnable
    case setOperationComplete, operationComplete, wait, selfTest, error, version
  }

  private static let common: [(pattern: StaticString, command: Int)] = [
    ("*IDN?", Common.identify.rawValue), ("*CLS", Common.clear.rawValue), ("*RST", Common.reset.rawValue),
    ("*ESR?", Common.event.rawValue), ("*ESE", Common.setEventEnable.rawValue),
    ("*ESE?", Common.eventEnable.rawValue), ("*STB?", Common.statusByte.rawValue),
    ("*SRE", Common.setRequestEnable.rawValue), ("*SRE?", Common.requestEnable.rawValue),
    ("*OPC", Common.setOperationComplete.rawValue), ("*OPC?", Common.operationComplete.rawValue),
    ("*WAI", Common.wait.rawValue), ("*TST?", Common.selfTest.rawValue),
    ("SYSTem:ERRor[:NEXT]?", Common.error.rawValue), ("SYSTem:VERSion?", Common.version.rawValue),
  ]

  /// Commands of a device are numbered from here on.
  static let firstOwnCommand = 100

  private let identity: String
  private(set) var status = SCPIStatus()
  private var input = SCPIInput()
  private var isExecuting = false
  private var messageTookTime = false
  private var busyUntil = Int64.max
  /// The message under way.
  private(set) var parser: SCPIParser
  /// What the message under way has answered so far.
  var response: [UInt8] = []

  init(
    own: [(pattern: StaticString, command: Int)], identity: String, replyDelaySeconds: Double,
    pacedCharacterNanoseconds: Int64
  ) {
    // The device's own headers are the frequent ones and are tried first.
    parser = SCPIParser(SCPIHeaderTable(own + Self.common))
    self.identity = identity
    super.init(replyDelaySeconds: replyDelaySeconds, pacedCharacterNanoseconds: pacedCharacterNanoseconds)
    response.reserveCapacity(256)
  }

  // MARK: What a device adds

  /// Executes a command of the device, whose arguments are in `parser`; the result is how many nanoseconds it takes
  /// before `complete` is called, 0 when it is done.
  func execute(_ command: Int, at now: Int64, bath: inout StirredBath) throws(SCPIError) -> Int64 { 0 }

  /// The time of the command under way is over.
  func complete(at now: Int64, bath: inout StirredBath) {}

  /// `*RST`.
  func reset(at now: Int64) {}

  /// Puts the separator before the answer of a further query of the message.
  func beginResponse() {
    if !response.isEmpty { response.append(0x3B) }
  }

  /// Answers a query with an integer.
  func answer(_ value: Int64) {
    beginResponse()
    TwinText.append(value, to: &response)
  }

  // MARK: Message exchange

  override func take(_ frame: Frame, at now: Int64, bath: inout StirredBath) {
    input.take(frame)
    pump(at: now, bath: &bath)
  }

  override var nextEvent: Int64 { busyUntil }

  override func act(at now: Int64, bath: inout StirredBath) {
    guard busyUntil <= now else { return }
    busyUntil = .max
    complete(at: now, bath: &bath)
    pump(at: now, bath: &bath)
  }

  override func powerOn(at now: Int64, bath: inout StirredBath) {
    status = SCPIStatus()
    input.removeAll()
    isExecuting = false
    busyUntil = .max
    response.removeAll(keepingCapacity: true)
  }

  private func pump(at now: Int64, bath: inout StirredBath) {
    while busyUntil == .max {
      if isExecuting {
        executeUnit(at: now, bath: &bath)
        continue
      }
      switch input.next(into: &parser.line) {
      case .nothing: return
      case .overrun: status.push(.inputOverrun)
      case .message:
        parser.begin()
        isExecuting = true
        messageTookTime = false
      }
    }
  }

  private func executeUnit(at now: Int64, bath: inout StirredBath) {
    do {
      guard let command = try parser.next() else {
        finishMessage(at: now)
        return
      }
      if command < Self.firstOwnCommand, let common = Common(rawValue: command) {
        try execute(common, at: now)
      } else {
        let duration = try execute(command, at: now, bath: &bath)
        if duration > 0 {
          messageTookTime = true
          busyUntil = now + duration
        }
      }
    } catch {
      status.push(error)
      parser.abandon()
    }
  }

  private func finishMessage(at now: Int64) {
    isExecuting = false
    guard !response.isEmpty else { return }
    response.append(0x0A)
    emit(response, from: messageTookTime ? now : now + replyDelayNanoseconds)
    response.removeAll(keepingCapacity: true)
  }

  private func execute(_ command: Common, at now: Int64) throws(SCPIError) {
    switch command {
    case .setEventEnable, .setRequestEnable: try parser.expectArguments(1...1)
    default: try parser.expectArguments(0...0)
    }
    switch command {
    case .setEventEnable: status.eventEnable = try parser.byte(0)
    case .setRequestEnable: status.setRequestEnable(try parser.byte(0))
    case .clear: status.clear()
    case .reset: reset(at: now)
    // Every command has ended before the next begins, so that operation complete is always true.
    case .setOperationComplete: status.event |= 1
    case .wait: break
    case .identify:
      beginResponse()
      TwinText.append(identity, to: &response)
    case .event: answer(Int64(status.takeEvent()))
    case .eventEnable: answer(Int64(status.eventEnable))
    case .statusByte: answer(Int64(status.byte(messageAvailable: !response.isEmpty)))
    case .requestEnable: answer(Int64(status.requestEnable))
    case .operationComplete: answer(1)
    case .selfTest: answer(0)
    case .error:
      let error = status.pop()
      answer(Int64(error.code))
      TwinText.append(",\"", to: &response)
      TwinText.append(error.text, to: &response)
      response.append(0x22)
    case .version:
      beginResponse()
      TwinText.append("1999.0", to: &response)
    }
  }
}
