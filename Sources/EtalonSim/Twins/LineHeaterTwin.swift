import EtalonCore

/// Twin of a heater behind one output line: on or off at full power, and the level that can be read back. One byte comes
/// in (0 off, 1 on, 2 leave it), the level goes out.
final class LineHeaterTwin: DeviceTwin {
  /// Whether the heater is on.
  private(set) var isOutputOn = false

  init(characterNanoseconds: Int64) {
    super.init(replyDelaySeconds: 0, pacedCharacterNanoseconds: characterNanoseconds)
  }

  override func take(_ frame: Frame, at now: Int64, bath: inout StirredBath) {
    guard let byte = frame.last else { return }
    set(byte)
    emit([isOutputOn ? 1 : 0], from: now)
  }

  /// The level of a real line.
  func set(_ byte: UInt8) {
    if byte <= 1, !faults.isOn(.stuck) { isOutputOn = byte == 1 }
  }

  override func powerOff(at now: Int64) { isOutputOn = false }
}
