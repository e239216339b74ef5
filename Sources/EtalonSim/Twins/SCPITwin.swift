import EtalonCore

/// The IEEE 488.2 and SCPI-99 part of a twin: message exchange, parser, common commands, status.
///
/// A message ends with LF, CR LF is accepted. Its units are executed one by one; a unit in error ends the message.
/// A unit that takes time delays those behind it, and bytes that arrive meanwhile wait in the input buffer.
class SCPITwin: DeviceTwin {
  /// Longest program message without its terminator.
  static let lineLimit = 255

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

  private let table: SCPIHeaderTable
  private let identity: String
  private(set) var status = SCPIStatus()
  private var input: [UInt8] = []
  private var inputHead = 0
  private var line: [UInt8] = []
  private var lineTooLong = false
  private var isExecuting = false
  private var cursor = 0
  private var path: [UInt8] = []
  private var header: [UInt8] = []
  private var arguments: [Range<Int>] = []
  private var messageTookTime = false
  private var busyUntil: Int64?
  /// What the message under way has answered so far.
  var response: [UInt8] = []

  init(
    own: [(pattern: StaticString, command: Int)], identity: String, replyDelaySeconds: Double,
    pacedCharacterNanoseconds: Int64
  ) {
    // The device's own headers are the frequent ones and are tried first.
    table = SCPIHeaderTable(own + Self.common)
    self.identity = identity
    super.init(replyDelaySeconds: replyDelaySeconds, pacedCharacterNanoseconds: pacedCharacterNanoseconds)
    input.reserveCapacity(512)
    line.reserveCapacity(Self.lineLimit + 1)
    response.reserveCapacity(256)
  }

  // MARK: What a device adds

  /// Executes a command of the device; the result is how many nanoseconds it takes before `complete` is called, 0 when
  /// it is done.
  func execute(_ command: Int, at now: Int64, bath: inout StirredBath) throws(SCPIError) -> Int64 { 0 }

  /// The time of the command under way is over.
  func complete(at now: Int64, bath: inout StirredBath) {}

  /// `*RST`.
  func reset(at now: Int64) {}

  // MARK: Arguments of the unit under way

  var argumentCount: Int { arguments.count }

  /// Checks the number of arguments.
  func expectArguments(_ range: ClosedRange<Int>) throws(SCPIError) {
    if arguments.count < range.lowerBound { throw .missingParameter }
    if arguments.count > range.upperBound { throw .parameterNotAllowed }
  }

  func number(_ index: Int) throws(SCPIError) -> Double {
    do {
      return try TwinText.number(line, arguments[index])
    } catch {
      switch error {
      case .notANumber: throw .dataType
      case .invalidCharacter: throw .invalidCharacterInNumber
      case .exponentTooLarge: throw .exponentTooLarge
      case .suffix: throw .suffixNotAllowed
      }
    }
  }

  /// `ON`, `OFF`, `1` or `0`.
  func boolean(_ index: Int) throws(SCPIError) -> Bool {
    let range = arguments[index]
    if TwinText.isLetter(line[range.lowerBound]) {
      if equals(range, "ON") { return true }
      if equals(range, "OFF") { return false }
      throw .illegalValue
    }
    let value = try number(index)
    guard value == 0 || value == 1 else { throw .illegalValue }
    return value == 1
  }

  /// Whether the argument is this text, with or without quotation marks; letter case counts.
  func isText(_ index: Int, _ text: StaticString) -> Bool {
    var range = arguments[index]
    let first = line[range.lowerBound]
    if range.count >= 2, first == 0x22 || first == 0x27 { range = range.lowerBound + 1..<range.upperBound - 1 }
    guard range.count == text.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count where line[range.lowerBound + offset] != text.utf8Start[offset] { return false }
    return true
  }

  private func equals(_ range: Range<Int>, _ capitals: StaticString) -> Bool {
    guard range.count == capitals.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count
    where TwinText.uppercased(line[range.lowerBound + offset]) != capitals.utf8Start[offset] {
      return false
    }
    return true
  }

  private func byteArgument() throws(SCPIError) -> UInt8 {
    try expectArguments(1...1)
    let value = try number(0).rounded()
    guard (0...255).contains(value) else { throw .outOfRange }
    return UInt8(value)
  }

  /// Puts the separator before the answer of a further query of the message.
  func beginResponse() {
    if !response.isEmpty { response.append(0x3B) }
  }

  // MARK: Message exchange

  override func take(_ frame: Frame, at now: Int64, bath: inout StirredBath) {
    for index in 0..<frame.count { input.append(frame[index]) }
    pump(at: now, bath: &bath)
  }

  override var nextEvent: Int64 { busyUntil ?? .max }

  override func act(at now: Int64, bath: inout StirredBath) {
    guard let busyUntil, busyUntil <= now else { return }
    self.busyUntil = nil
    complete(at: now, bath: &bath)
    pump(at: now, bath: &bath)
  }

  override func powerOn(at now: Int64, bath: inout StirredBath) {
    status = SCPIStatus()
    input.removeAll(keepingCapacity: true)
    inputHead = 0
    line.removeAll(keepingCapacity: true)
    lineTooLong = false
    isExecuting = false
    busyUntil = nil
    response.removeAll(keepingCapacity: true)
    path.removeAll(keepingCapacity: true)
  }

  private func pump(at now: Int64, bath: inout StirredBath) {
    while busyUntil == nil {
      if isExecuting {
        executeUnit(at: now, bath: &bath)
        continue
      }
      guard inputHead < input.count else {
        input.removeAll(keepingCapacity: true)
        inputHead = 0
        return
      }
      let byte = input[inputHead]
      inputHead += 1
      if byte == 0x0A {
        if line.last == 0x0D { line.removeLast() }
        if lineTooLong || line.count > Self.lineLimit {
          lineTooLong = false
          line.removeAll(keepingCapacity: true)
          status.push(.inputOverrun)
        } else {
          isExecuting = true
          cursor = 0
          messageTookTime = false
          path.removeAll(keepingCapacity: true)
        }
      } else if line.count > Self.lineLimit {
        // One byte beyond the limit is kept, because it may be the CR that does not count.
        lineTooLong = true
      } else {
        line.append(byte)
      }
    }
  }

  private func finishMessage(at now: Int64) {
    isExecuting = false
    line.removeAll(keepingCapacity: true)
    guard !response.isEmpty else { return }
    response.append(0x0A)
    emit(response, from: messageTookTime ? now : now + replyDelayNanoseconds)
    response.removeAll(keepingCapacity: true)
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

  private func executeUnit(at now: Int64, bath: inout StirredBath) {
    while cursor < line.count, isBlank(line[cursor]) || line[cursor] == 0x3B { cursor += 1 }
    guard cursor < line.count else {
      finishMessage(at: now)
      return
    }
    do {
      let command = try parseUnit()
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
      cursor = line.count
    }
  }

  /// Reads header and arguments of the unit at the cursor and moves the cursor behind it.
  private func parseUnit() throws(SCPIError) -> Int {
    var index = cursor
    let isCommon = line[index] == 0x2A
    header.removeAll(keepingCapacity: true)
    if line[index] == 0x3A {
      index += 1
    } else if !isCommon {
      header.append(contentsOf: path)
    }
    var mnemonicLength = 0
    while index < line.count {
      let byte = line[index]
      if TwinText.isLetter(byte) || (0x30...0x39).contains(byte) || byte == 0x5F {
        mnemonicLength += 1
        // IEEE 488.2, 7.6.1.4.1: a mnemonic has at most twelve characters.
        guard mnemonicLength <= 12 else { throw .mnemonicTooLong }
      } else if byte == 0x3A {
        guard mnemonicLength > 0 else { throw .syntax }
        mnemonicLength = 0
      } else if byte == 0x2A, index == cursor {
        // The star of a common command.
      } else {
        break
      }
      header.append(TwinText.uppercased(byte))
      index += 1
    }
    let isQuery = index < line.count && line[index] == 0x3F
    if isQuery { index += 1 }
    if index < line.count, !isBlank(line[index]), line[index] != 0x3B {
      // Only white space may part a header from its data.
      throw (0x21...0x7E).contains(line[index]) ? .invalidSeparator : .invalidCharacter
    }
    guard mnemonicLength > 0 else { throw .syntax }
    try parseArguments(from: index)
    guard let command = table.command(header, isQuery: isQuery) else { throw .undefinedHeader }
    if !isCommon {
      path.removeAll(keepingCapacity: true)
      if let colon = header.lastIndex(of: 0x3A) { path.append(contentsOf: header[...colon]) }
    }
    return command
  }

  /// Splits what follows the header at commas; semicolons and commas within quotation marks belong to the text.
  private func parseArguments(from start: Int) throws(SCPIError) {
    arguments.removeAll(keepingCapacity: true)
    var index = start
    while index < line.count, isBlank(line[index]) { index += 1 }
    if index >= line.count || line[index] == 0x3B {
      cursor = index
      return
    }
    while true {
      while index < line.count, isBlank(line[index]) { index += 1 }
      let first = index
      if index < line.count, line[index] == 0x22 || line[index] == 0x27 {
        let quote = line[index]
        index += 1
        while index < line.count, line[index] != quote { index += 1 }
        guard index < line.count else { throw .invalidString }
        index += 1
      } else {
        while index < line.count, line[index] != 0x2C, line[index] != 0x3B {
          guard (0x20...0x7E).contains(line[index]) || isBlank(line[index]) else { throw .invalidCharacter }
          index += 1
        }
      }
      var last = index
      while last > first, isBlank(line[last - 1]) { last -= 1 }
      guard last > first else { throw .syntax }
      arguments.append(first..<last)
      while index < line.count, isBlank(line[index]) { index += 1 }
      if index >= line.count || line[index] == 0x3B { break }
      guard line[index] == 0x2C else { throw .invalidSeparator }
      index += 1
    }
    cursor = index
  }

  private func execute(_ command: Common, at now: Int64) throws(SCPIError) {
    switch command {
    case .setEventEnable:
      status.eventEnable = try byteArgument()
      return
    case .setRequestEnable:
      status.setRequestEnable(try byteArgument())
      return
    default: try expectArguments(0...0)
    }
    switch command {
    case .clear: status.clear()
    case .reset: reset(at: now)
    // Every command has ended before the next begins, so that operation complete is always true.
    case .setOperationComplete: status.event |= 1
    case .wait, .setEventEnable, .setRequestEnable: break
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

  /// Answers a query with an integer.
  func answer(_ value: Int64) {
    beginResponse()
    TwinText.append(value, to: &response)
  }
}
