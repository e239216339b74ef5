import EtalonCore
import EtalonMetrology

/// Twin of a MAX31865 with a Pt100 in the bath (data sheet MAX31865 rev. 3: register map, table 1; configuration, table
/// 2; one-shot conversion 62.5 ms with the 50 Hz filter). Frames reach it bit by bit over its interface, from a simulated
/// wire as from the levels of real lines.
///
/// The resistance is that of IEC 60751, 4.2, at the bath's temperature plus the device's error; the code is rounded to
/// its 15 bits.
final class MAX31865Twin: DeviceTwin {
  static let referenceOhm = 400.0

  private let truth: BenchTruth
  private var random: RandomStream
  private let conversionNanoseconds: Int64
  private var slave = SPISlave()
  private var registers: [UInt8] = [0, 0, 0, 0xFF, 0xFF, 0, 0, 0]
  private var address: UInt8?
  private var isWriting = false
  private var convertsUntil = Int64.max
  private(set) var window: TruthWindow?

  init(_ configuration: SimConfiguration, truth: BenchTruth, seed: UInt64, characterNanoseconds: Int64) {
    self.truth = truth
    random = RandomStream(seed: seed, stream: SimStream.deviceNoise.rawValue)
    conversionNanoseconds = 62_500_000
    super.init(replyDelaySeconds: 0, pacedCharacterNanoseconds: characterNanoseconds)
  }

  override func powerOn(at now: Int64, bath: inout StirredBath) {
    registers = [0, 0, 0, 0xFF, 0xFF, 0, 0, 0]
    convertsUntil = .max
  }

  override var nextEvent: Int64 { convertsUntil }

  override func act(at now: Int64, bath: inout StirredBath) {
    let end = convertsUntil
    convertsUntil = .max
    registers[0] &= ~0x20
    let middle = end - conversionNanoseconds / 2
    bath.advance(toNanoseconds: middle)
    let celsius = bath.deviceCelsius(atNanoseconds: middle)
    var error = truth.deviceError(
      at: celsius, hours: bath.hours(atNanoseconds: middle), direction: bath.deviceDirection)
    error += truth.deviceNoiseKelvin * random.normal()
    if faults.isOn(.offsetStep) { error += faults.value(.offsetStep) ?? 0 }
    let code = (Self.resistance(celsius + error) / Self.referenceOhm * 32_768).rounded()
    let word = UInt16(min(max(code, 0), 32_767)) << 1 | (faults.isOn(.saturate) ? 1 : 0)
    registers[1] = UInt8(word >> 8)
    registers[2] = UInt8(word & 0xFF)
    registers[7] = faults.isOn(.saturate) ? 0x80 : 0
    window?.add(error: Self.celsius(Double(word >> 1) * Self.referenceOhm / 32_768) - celsius)
  }

  /// The temperature of a resistance, by Newton's method on R(t): its slope changes by 3 parts in 10⁴ for each kelvin,
  /// so a few steps reach the last digit.
  static func celsius(_ ohm: Double) -> Double {
    var t = (ohm - 100) / 0.39
    for _ in 0..<8 { t -= (resistance(t) - ohm) / (0.39083 - 1.155e-4 * t) }
    return t
  }

  /// R(t) of a Pt100, IEC 60751, 4.2, above and below 0 °C.
  static func resistance(_ t: Double) -> Double {
    let common = 1 + 3.9083e-3 * t - 5.775e-7 * t * t
    return 100 * (t < 0 ? common - 4.183e-12 * (t - 100) * t * t * t : common)
  }

  func openWindow() { window = TruthWindow() }
  func closeWindow() -> TruthWindow? {
    defer { window = nil }
    return window
  }

  /// Takes the levels of its lines (`select` true is selected) and gives that of its data line, nil when it drives none.
  func levels(select: Bool, clock: Bool, data: Bool, at now: Int64) -> Bool? {
    guard isPowered, !faults.isOn(.silent) else { return nil }
    switch slave.take(selected: select, clock: clock, data: data) {
    case .none, .end: break
    case .begin:
      address = nil
      slave.outgoing = 0
    case .byte(let byte): exchange(byte, at: now)
    }
    return slave.dataOut
  }

  /// The first byte of a frame is the address, with bit 7 for writing; it counts up from byte to byte.
  private func exchange(_ byte: UInt8, at now: Int64) {
    guard let place = address else {
      isWriting = byte & 0x80 != 0
      address = byte & 0x07
      slave.outgoing = isWriting ? 0 : registers[Int(byte & 0x07)]
      return
    }
    if isWriting { write(byte, to: place, at: now) }
    address = (place + 1) & 0x07
    slave.outgoing = isWriting ? 0 : registers[Int(place + 1) & 0x07]
  }

  private func write(_ byte: UInt8, to place: UInt8, at now: Int64) {
    switch place {
    case 0:
      // The fault-clear bit clears itself.
      registers[0] = byte & ~0x02
      if byte & 0x02 != 0 { registers[7] = 0 }
      if byte & 0x20 != 0 { convertsUntil = now + conversionNanoseconds }
    case 3...6: registers[Int(place)] = byte
    default: break
    }
  }

  /// A frame under one selection, as a simulated wire carries it.
  override func take(_ frame: Frame, at now: Int64, bath: inout StirredBath) {
    var reply: [UInt8] = []
    _ = levels(select: true, clock: false, data: false, at: now)
    for byte in frame {
      var received: UInt8 = 0
      for bit in 0..<8 {
        let level = byte >> UInt8(7 - bit) & 1 == 1
        let answer = levels(select: true, clock: true, data: level, at: now) ?? true
        received = received << 1 | (answer ? 1 : 0)
        _ = levels(select: true, clock: false, data: level, at: now)
      }
      reply.append(received)
    }
    _ = levels(select: false, clock: false, data: false, at: now)
    emit(reply, from: now)
  }
}
