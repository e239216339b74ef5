/// A SCPI error or event number.
struct SCPIError: Error, Equatable {
  let code: Int16

  init(_ code: Int16) { self.code = code }

  static let invalidCharacter = SCPIError(-101)
  static let syntax = SCPIError(-102)
  static let invalidSeparator = SCPIError(-103)
  static let dataType = SCPIError(-104)
  static let parameterNotAllowed = SCPIError(-108)
  static let missingParameter = SCPIError(-109)
  static let mnemonicTooLong = SCPIError(-112)
  static let undefinedHeader = SCPIError(-113)
  static let invalidCharacterInNumber = SCPIError(-121)
  static let exponentTooLarge = SCPIError(-123)
  static let suffixNotAllowed = SCPIError(-138)
  static let invalidString = SCPIError(-151)
  static let commandProtected = SCPIError(-203)
  static let settingsConflict = SCPIError(-221)
  static let outOfRange = SCPIError(-222)
  static let illegalValue = SCPIError(-224)
  static let memory = SCPIError(-311)
  static let queueOverflow = SCPIError(-350)
  static let inputOverrun = SCPIError(-363)

  /// The text of SCPI-99, volume 2, 21.8.
  var text: StaticString {
    switch code {
    case 0: "No error"
    case -101: "Invalid character"
    case -102: "Syntax error"
    case -103: "Invalid separator"
    case -104: "Data type error"
    case -108: "Parameter not allowed"
    case -109: "Missing parameter"
    case -112: "Program mnemonic too long"
    case -113: "Undefined header"
    case -121: "Invalid character in number"
    case -123: "Exponent too large"
    case -138: "Suffix not allowed"
    case -151: "Invalid string data"
    case -203: "Command protected"
    case -221: "Settings conflict"
    case -222: "Data out of range"
    case -224: "Illegal parameter value"
    case -311: "Memory error"
    case -350: "Queue overflow"
    case -363: "Input buffer overrun"
    default: "Device-specific error"
    }
  }

  /// Bit of the standard event register: 32 for −1xx, 16 for −2xx, 8 for −3xx and positive codes, 4 for −4xx.
  var eventBit: UInt8 {
    switch code {
    case -199 ... -100: 32
    case -299 ... -200: 16
    case -499 ... -400: 4
    default: 8
    }
  }
}

/// Status registers and error queue of an IEEE 488.2 device (IEEE 488.2, clause 11; SCPI-99, volume 2, clause 21).
struct SCPIStatus {
  static let queueLength = 20
  private(set) var errors: [SCPIError] = []
  var event: UInt8 = 128
  var eventEnable: UInt8 = 0
  private(set) var requestEnable: UInt8 = 0

  init() { errors.reserveCapacity(Self.queueLength) }

  /// Notes an error. The 21st replaces the newest entry by −350.
  mutating func push(_ error: SCPIError) {
    event |= error.eventBit
    if errors.count < Self.queueLength {
      errors.append(error)
    } else {
      errors[Self.queueLength - 1] = .queueOverflow
      event |= SCPIError.queueOverflow.eventBit
    }
  }

  /// Takes the oldest error; code 0 when there is none.
  mutating func pop() -> SCPIError { errors.isEmpty ? SCPIError(0) : errors.removeFirst() }

  mutating func takeEvent() -> UInt8 {
    defer { event = 0 }
    return event
  }

  /// `*CLS`.
  mutating func clear() {
    event = 0
    errors.removeAll(keepingCapacity: true)
  }

  /// `*SRE`; bit 6 can not be enabled (IEEE 488.2, 11.3.2.3).
  mutating func setRequestEnable(_ value: UInt8) { requestEnable = value & ~64 }

  /// The status byte, with the master summary in bit 6.
  func byte(messageAvailable: Bool) -> UInt8 {
    var byte: UInt8 = 0
    if event & eventEnable != 0 { byte |= 32 }
    if !errors.isEmpty { byte |= 4 }
    if messageAvailable { byte |= 16 }
    if byte & requestEnable != 0 { byte |= 64 }
    return byte
  }
}
