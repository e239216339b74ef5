import EtalonCore

/// Twin of the BC200 bath controller (its data sheet: Docs/reference/virtual-bench-devices.md, "BC200").
final class BC200Twin: SCPITwin {
  private enum Command: Int {
    case setState = 100
    case state, setPower, power, setDeadMan, deadMan, all, room
  }

  private static let headers: [(pattern: StaticString, command: Int)] = [
    ("HEATer:POWer", Command.setPower.rawValue), ("HEATer:ALL?", Command.all.rawValue),
    ("HEATer:POWer?", Command.power.rawValue), ("HEATer:STATe", Command.setState.rawValue),
    ("HEATer:STATe?", Command.state.rawValue), ("HEATer:DEADman", Command.setDeadMan.rawValue),
    ("HEATer:DEADman?", Command.deadMan.rawValue), ("MEASure:ROOM?", Command.room.rawValue),
  ]

  static let greatestWatts = 1_500.0
  static let deadManRange = 0.5...600.0

  private let factoryDeadManSeconds: Double
  private var isOn = false
  private var watts = 0.0
  private var deadManSeconds: Double
  private var lastSign: Int64 = 0
  private var tripped = false

  init(_ configuration: SimConfiguration, serial: String, characterNanoseconds: Int64) {
    factoryDeadManSeconds = configuration.controller.deadManSeconds
    deadManSeconds = factoryDeadManSeconds
    super.init(
      own: Self.headers, identity: "ETALON,BC200,\(serial),1.0",
      replyDelaySeconds: configuration.controller.replyDelaySeconds, pacedCharacterNanoseconds: characterNanoseconds)
  }

  /// Whether the output is on.
  var isOutputOn: Bool { isOn }

  /// Power that the output gives now, in watts.
  var outputWatts: Double { isOn ? watts : 0 }

  private var tripsAt: Int64 { isOn ? lastSign + Int64((deadManSeconds * 1e9).rounded()) : .max }

  override var nextEvent: Int64 { min(super.nextEvent, tripsAt) }

  override func act(at now: Int64, bath: inout StirredBath) {
    if tripsAt <= now {
      isOn = false
      tripped = true
    } else {
      super.act(at: now, bath: &bath)
    }
  }

  override func powerOff(at now: Int64) {
    isOn = false
    watts = 0
  }

  override func powerOn(at now: Int64, bath: inout StirredBath) {
    super.powerOn(at: now, bath: &bath)
    deadManSeconds = factoryDeadManSeconds
    tripped = false
  }

  override func reset(at now: Int64) {
    isOn = false
    watts = 0
    deadManSeconds = factoryDeadManSeconds
  }

  override func execute(_ command: Int, at now: Int64, bath: inout StirredBath) throws(SCPIError) -> Int64 {
    guard let command = Command(rawValue: command) else { throw .undefinedHeader }
    switch command {
    case .setState:
      try parser.expectArguments(1...1)
      isOn = try parser.boolean(0)
      if isOn {
        lastSign = now
        tripped = false
      }
    case .setPower:
      try parser.expectArguments(1...1)
      let value = try parser.number(0)
      guard (0...Self.greatestWatts).contains(value) else { throw .outOfRange }
      watts = value
      lastSign = now
    case .setDeadMan:
      try parser.expectArguments(1...1)
      let value = try parser.number(0)
      guard Self.deadManRange.contains(value) else { throw .outOfRange }
      deadManSeconds = value
    default:
      try parser.expectArguments(0...0)
      beginResponse()
      answerQuery(command, at: now, bath: &bath)
    }
    return 0
  }

  private func answerQuery(_ command: Command, at now: Int64, bath: inout StirredBath) {
    switch command {
    case .state: response.append(isOn ? 0x31 : 0x30)
    case .power: TwinText.append(watts, decimals: 2, to: &response)
    case .deadMan: TwinText.append(deadManSeconds, decimals: 1, to: &response)
    case .all:
      let remaining = isOn ? max(0, Double(tripsAt - now) * 1e-9) : 0
      response.append(isOn ? 0x31 : 0x30)
      response.append(0x2C)
      TwinText.append(watts, decimals: 2, to: &response)
      response.append(0x2C)
      TwinText.append(remaining, decimals: 1, to: &response)
      response.append(0x2C)
      response.append(tripped ? 0x31 : 0x30)
    case .room:
      bath.advance(toNanoseconds: now)
      TwinText.append(bath.roomCelsius, decimals: 2, plus: true, to: &response)
      response.append(0x2C)
      TwinText.append(bath.relativeHumidityPercent, decimals: 1, to: &response)
      response.append(0x2C)
      TwinText.append(bath.pascals, decimals: 0, to: &response)
    default: break
    }
  }
}
