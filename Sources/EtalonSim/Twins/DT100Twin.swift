import EtalonCore
import EtalonMetrology

/// Twin of the DT100 board thermometer (its data sheet: Docs/reference/virtual-bench-devices.md, "DT100").
final class DT100Twin: SCPITwin {
  private enum Command: Int {
    case temperature = 100
    case raw, all
    case setSecure, secure, setData, data, store, previous, restore, count, crc
  }

  private static let headers: [(pattern: StaticString, command: Int)] = [
    ("MEASure:ALL?", Command.all.rawValue), ("MEASure[:TEMPerature]?", Command.temperature.rawValue),
    ("READ?", Command.temperature.rawValue), ("FETCh?", Command.temperature.rawValue),
    ("MEASure:RAW?", Command.raw.rawValue),
    ("CALibration:SECure:STATe", Command.setSecure.rawValue), ("CALibration:SECure:STATe?", Command.secure.rawValue),
    ("CALibration:DATA", Command.setData.rawValue), ("CALibration:DATA?", Command.data.rawValue),
    ("CALibration:STORe", Command.store.rawValue), ("CALibration:PREVious?", Command.previous.rawValue),
    ("CALibration:RESTore", Command.restore.rawValue), ("CALibration:COUNt?", Command.count.rawValue),
    ("CALibration:CRC?", Command.crc.rawValue),
  ]

  static let storeNanoseconds: Int64 = 50_000_000
  static let greatestCount = 16_777_215.0
  static let factory = Coefficients(30, 30, 0, 0)

  private let conversionNanoseconds: Int64
  private let truth: BenchTruth
  private var random: RandomStream
  private let wanderKelvinPerRootHour: Double
  private var wanderRandom: RandomStream
  private var wanderKelvin = 0.0
  private var wanderHours = 0.0
  private var sampleAt = Int64.max
  private var pending = Command.temperature

  // Survives without supply.
  private var slots: (Coefficients, Coefficients) = (factory, factory)
  private var storedSlot = 0
  private var storeCount: UInt32

  // Lost without supply.
  private var working = factory
  private var isLocked = true
  private var conversion: UInt32 = 0
  private var count = 8_388_608.0
  private var isSaturated = false

  private(set) var window: TruthWindow?

  init(_ configuration: SimConfiguration, serial: String, truth: BenchTruth, seed: UInt64, characterNanoseconds: Int64)
  {
    self.truth = truth
    conversionNanoseconds = Int64(configuration.device.conversionSeconds * 1e9)
    random = RandomStream(seed: seed, stream: SimStream.deviceNoise.rawValue)
    wanderKelvinPerRootHour = configuration.device.wanderKelvinPerRootHour
    wanderRandom = RandomStream(seed: seed, stream: SimStream.deviceWander.rawValue)
    storeCount = configuration.device.storeCount
    super.init(
      own: Self.headers, identity: "ETALON,DT100,\(serial),1.0",
      replyDelaySeconds: configuration.device.replyDelaySeconds, pacedCharacterNanoseconds: characterNanoseconds)
  }

  private var stored: Coefficients { storedSlot == 0 ? slots.0 : slots.1 }
  private var previous: Coefficients { storedSlot == 0 ? slots.1 : slots.0 }

  /// What is in its memory now.
  var memory: DeviceMemory {
    DeviceMemory(working: working, stored: stored, previous: previous, storeCount: storeCount, isLocked: isLocked)
  }

  override func powerOn(at now: Int64, bath: inout StirredBath) {
    super.powerOn(at: now, bath: &bath)
    working = stored
    isLocked = true
    conversion = 0
    sampleAt = .max
  }

  override func reset(at now: Int64) {
    working = stored
    isLocked = true
  }

  override var nextEvent: Int64 { min(super.nextEvent, sampleAt) }

  override func act(at now: Int64, bath: inout StirredBath) {
    if sampleAt <= now {
      let due = sampleAt
      sampleAt = .max
      sample(at: due, bath: &bath)
    } else {
      super.act(at: now, bath: &bath)
    }
  }

  /// The value of a conversion is that of its middle.
  private func sample(at middle: Int64, bath: inout StirredBath) {
    bath.advance(toNanoseconds: middle)
    let celsius = bath.deviceCelsius(atNanoseconds: middle)
    let noise = truth.deviceNoiseKelvin * random.normal()
    if !faults.isOn(.stale) { conversion &+= 1 }
    if !faults.isOn(.stale), !faults.isOn(.stuck) {
      let hours = bath.hours(atNanoseconds: middle)
      var error =
        truth.deviceError(at: celsius, hours: hours, direction: bath.deviceDirection) + wander(hours: hours)
      if faults.isOn(.offsetStep) { error += faults.value(.offsetStep) ?? 0 }
      let ideal = ((celsius + error + noise - 30) / 30 * 4_194_304 + 8_388_608).rounded()
      count = faults.isOn(.saturate) ? Self.greatestCount : min(max(ideal, 0), Self.greatestCount)
      isSaturated = faults.isOn(.saturate) || count != ideal
    }
    if !isSaturated { window?.add(error: indication - celsius) }
  }

  /// The random walk of the offset, moved on to an instant of plant time.
  private func wander(hours: Double) -> Double {
    guard wanderKelvinPerRootHour > 0 else { return 0 }
    let passed = max(0, hours - wanderHours)
    wanderHours = hours
    wanderKelvin += wanderKelvinPerRootHour * passed.squareRoot() * wanderRandom.normal()
    return wanderKelvin
  }

  /// Indication in °C as it is shown.
  private var indication: Double {
    (working.value(at: (count - 8_388_608) / 4_194_304) * 100).rounded(.toNearestOrAwayFromZero) / 100
  }

  func openWindow() { window = TruthWindow() }

  func closeWindow() -> TruthWindow? {
    defer { window = nil }
    return window
  }

  override func execute(_ command: Int, at now: Int64, bath: inout StirredBath) throws(SCPIError) -> Int64 {
    guard let command = Command(rawValue: command) else { throw .undefinedHeader }
    switch command {
    case .temperature, .raw, .all:
      try parser.expectArguments(0...0)
      pending = command
      sampleAt = now + conversionNanoseconds / 2
      return conversionNanoseconds
    case .setSecure: try setSecure()
    case .setData:
      try parser.expectArguments(4...4)
      guard !isLocked else { throw .commandProtected }
      var set = Coefficients(try parser.number(0), try parser.number(1), try parser.number(2), try parser.number(3))
      guard set.c0.isFinite, set.c1.isFinite, set.c2.isFinite, set.c3.isFinite else { throw .outOfRange }
      if faults.isOn(.writeCorrupt) { set.alter(Int(faults.value(.writeCorrupt) ?? 1)) }
      working = set
    case .store:
      try parser.expectArguments(0...0)
      guard !isLocked else { throw .commandProtected }
      guard !faults.isOn(.refuseStore) else { throw .memory }
      pending = .store
      return Self.storeNanoseconds
    case .restore:
      try parser.expectArguments(0...0)
      guard !isLocked else { throw .commandProtected }
      working = previous
    default:
      try parser.expectArguments(0...0)
      answerQuery(command)
    }
    return 0
  }

  private func setSecure() throws(SCPIError) {
    try parser.expectArguments(1...2)
    if try parser.boolean(0) {
      try parser.expectArguments(1...1)
      isLocked = true
      return
    }
    try parser.expectArguments(2...2)
    guard parser.isText(1, "DT100") else {
      isLocked = true
      throw .settingsConflict
    }
    isLocked = false
  }

  private func answerQuery(_ command: Command) {
    beginResponse()
    switch command {
    case .secure: response.append(isLocked ? 0x31 : 0x30)
    case .data: appendSet(working, to: &response)
    case .previous: appendSet(previous, to: &response)
    case .count: TwinText.append(Int64(storeCount), to: &response)
    case .crc:
      var text: [UInt8] = []
      appendSet(stored, to: &text)
      let crc = TwinText.crc32(text)
      TwinText.append("#H", to: &response)
      for shift in stride(from: 28 as UInt32, through: 0, by: -4) {
        let digit = UInt8(crc >> shift & 15)
        response.append(digit < 10 ? 0x30 + digit : 0x37 + digit)
      }
    default: break
    }
  }

  private func appendSet(_ set: Coefficients, to bytes: inout [UInt8]) {
    TwinText.append(set.c0, scientificDigits: 13, to: &bytes)
    for value in [set.c1, set.c2, set.c3] {
      bytes.append(0x2C)
      TwinText.append(value, scientificDigits: 13, to: &bytes)
    }
  }

  private func appendIndication() {
    let shown = indication
    // A polynomial with absurd coefficients has no place in the display either.
    if isSaturated || !(shown.magnitude < 1e9) {
      TwinText.append("+9.9E+37", to: &response)
    } else {
      TwinText.append(shown, decimals: 2, plus: true, to: &response)
    }
  }

  override func complete(at now: Int64, bath: inout StirredBath) {
    switch pending {
    case .temperature:
      beginResponse()
      appendIndication()
    case .raw: answer(Int64(count))
    case .all:
      answer(Int64(conversion))
      response.append(0x2C)
      TwinText.append(Int64(count), to: &response)
      response.append(0x2C)
      appendIndication()
      response.append(0x2C)
      TwinText.append(Int64(storeCount), to: &response)
    case .store:
      var written = working
      if faults.isOn(.storeCorrupt) { written.alter(Int(faults.value(.storeCorrupt) ?? 1)) }
      if storedSlot == 0 { slots.1 = written } else { slots.0 = written }
      storedSlot = 1 - storedSlot
      storeCount += 1
    default: break
    }
  }
}

/// What a device under test has in its memory, as somebody with a probe on it would see.
public struct DeviceMemory: Sendable, Equatable {
  /// The set from which indications are computed.
  public var working: Coefficients
  /// The set that survives without supply.
  public var stored: Coefficients
  /// The set that was stored before.
  public var previous: Coefficients
  /// How many sets were stored in the device's life.
  public var storeCount: UInt32
  /// Whether the calibration is protected.
  public var isLocked: Bool
}

/// Truth of one measurement window: the sum of indication minus true temperature over the conversions in it.
struct TruthWindow {
  private(set) var readings = 0
  private var sum = 0.0

  mutating func add(error: Double) {
    readings += 1
    sum += error
  }

  /// Mean error in kelvin; nil without a reading.
  var error: Double? { readings > 0 ? sum / Double(readings) : nil }
}

extension Coefficients {
  /// Changes one coefficient by about a thousandth, as a flipped bit of its storage does.
  mutating func alter(_ index: Int) {
    func altered(_ value: Double) -> Double { value == 0 ? 0.001 : value * (1 + 0x1p-10) }
    switch index {
    case 0: c0 = altered(c0)
    case 1: c1 = altered(c1)
    case 2: c2 = altered(c2)
    default: c3 = altered(c3)
    }
  }
}
