import EtalonCore

/// The answer to `*IDN?`: maker, model, serial number and firmware, separated by commas (IEEE 488.2-1992, 10.14).
enum Identification {
  /// The identity in a whole line; nil unless it has four fields of printable characters.
  static func parse(_ line: Frame) -> DeviceIdentity? { parse(line, 0..<line.count) }

  /// The identity in `range` of a line.
  static func parse(_ line: Frame, _ range: Range<Int>) -> DeviceIdentity? {
    guard line.isPrintable(in: range), let fields = FieldList(line, range, separator: UInt8(ascii: ",")),
      fields.count == 4, !fields[0].isEmpty, !fields[1].isEmpty
    else { return nil }
    var start = fields[2].lowerBound
    var end = fields[2].upperBound
    while start < end && line[start] == 0x20 { start += 1 }
    while end > start && line[end - 1] == 0x20 { end -= 1 }
    return DeviceIdentity(text: line.slice(range), serial: line.slice(start..<end))
  }
}
