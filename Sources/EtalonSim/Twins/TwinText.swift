/// How the instruments write and read numbers as ASCII, without any library whose result could differ between systems.
enum TwinText {
  /// Appends a decimal integer.
  static func append(_ value: Int64, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(0x2D) }
    appendDigits(value.magnitude, minimum: 1, to: &bytes)
  }

  private static func appendDigits(_ value: UInt64, minimum: Int, to bytes: inout [UInt8]) {
    let start = bytes.count
    var rest = value
    var count = 0
    repeat {
      bytes.append(0x30 + UInt8(rest % 10))
      rest /= 10
      count += 1
    } while rest > 0 || count < minimum
    var low = start
    var high = bytes.count - 1
    while low < high {
      bytes.swapAt(low, high)
      low += 1
      high -= 1
    }
  }

  /// Appends a fixed-point number rounded to nearest, ties away from zero; no negative zero.
  /// - Precondition: |value|·10^decimals is below 9·10¹⁸.
  static func append(_ value: Double, decimals: Int, plus: Bool = false, width: Int = 0, to bytes: inout [UInt8]) {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64((value * scale).rounded(.toNearestOrAwayFromZero))
    let start = bytes.count
    if scaled < 0 { bytes.append(0x2D) } else if plus { bytes.append(0x2B) }
    appendDigits(scaled.magnitude, minimum: decimals + 1, to: &bytes)
    if decimals > 0 { bytes.insert(0x2E, at: bytes.count - decimals) }
    while bytes.count - start < width { bytes.insert(0x20, at: start) }
  }

  /// Appends an NR3 number with sign, `digits` significant digits and an exponent of at least two digits.
  static func append(_ value: Double, scientificDigits digits: Int, to bytes: inout [UInt8]) {
    bytes.append(value < 0 ? 0x2D : 0x2B)
    var (decimal, exponent) = shortestDecimal(value.magnitude)
    if decimal.count > digits {
      let up = decimal[digits] >= 5
      decimal.removeSubrange(digits...)
      if up {
        var index = digits - 1
        while index >= 0, decimal[index] == 9 {
          decimal[index] = 0
          index -= 1
        }
        if index >= 0 {
          decimal[index] += 1
        } else {
          decimal = [1] + decimal.dropLast()
          exponent += 1
        }
      }
    }
    while decimal.count < digits { decimal.append(0) }
    for (index, digit) in decimal.enumerated() {
      bytes.append(0x30 + digit)
      if index == 0 { bytes.append(0x2E) }
    }
    bytes.append(0x45)
    bytes.append(exponent < 0 ? 0x2D : 0x2B)
    appendDigits(UInt64(exponent.magnitude), minimum: 2, to: &bytes)
  }

  /// Digits of the shortest decimal that reads back as `value`, and the power of ten of the first of them.
  static func shortestDecimal(_ value: Double) -> (digits: [UInt8], exponent: Int) {
    guard value > 0 else { return ([0], 0) }
    var digits: [UInt8] = []
    var exponent = 0
    var point: Int?
    var seenExponent = false
    var negativeExponent = false
    for byte in value.description.utf8 {
      switch byte {
      case 0x30...0x39 where seenExponent: exponent = exponent * 10 + Int(byte - 0x30)
      case 0x30...0x39: digits.append(byte - 0x30)
      case 0x2E: point = digits.count
      case 0x65: seenExponent = true
      case 0x2D: negativeExponent = true
      default: break
      }
    }
    if negativeExponent { exponent = -exponent }
    exponent += (point ?? digits.count) - 1
    while digits.count > 1, digits[0] == 0 {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1, digits[digits.count - 1] == 0 { digits.removeLast() }
    return (digits, exponent)
  }

  static func append(_ text: StaticString, to bytes: inout [UInt8]) {
    for index in 0..<text.utf8CodeUnitCount { bytes.append(text.utf8Start[index]) }
  }

  static func append(_ text: String, to bytes: inout [UInt8]) { bytes.append(contentsOf: text.utf8) }

  /// What stands where a decimal number should.
  enum NumberFault: Error, Equatable {
    case notANumber
    case invalidCharacter
    case exponentTooLarge
    case suffix
  }

  static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  /// Reads an NR1, NR2 or NR3 number that fills `range`; rounded correctly.
  static func number(_ bytes: [UInt8], _ range: Range<Int>) throws(NumberFault) -> Double {
    var index = range.lowerBound
    let end = range.upperBound
    guard index < end else { throw .notANumber }
    var negative = false
    if bytes[index] == 0x2B || bytes[index] == 0x2D {
      negative = bytes[index] == 0x2D
      index += 1
    }
    var mantissa: UInt64 = 0
    var digits = 0
    var significant = 0
    var exponent = 0
    var afterPoint = false
    scan: while index < end {
      switch bytes[index] {
      case 0x30...0x39:
        digits += 1
        if significant > 0 || bytes[index] != 0x30 { significant += 1 }
        if significant <= 19 { mantissa = mantissa * 10 + UInt64(bytes[index] - 0x30) }
        if afterPoint { exponent -= 1 }
      case 0x2E where !afterPoint: afterPoint = true
      default: break scan
      }
      index += 1
    }
    guard digits > 0 else {
      if index < end, isLetter(bytes[index]) || bytes[index] == 0x22 || bytes[index] == 0x27 || bytes[index] == 0x23 {
        throw .notANumber
      }
      throw .invalidCharacter
    }
    if index < end, bytes[index] == 0x45 || bytes[index] == 0x65 {
      index += 1
      var negativeExponent = false
      if index < end, bytes[index] == 0x2B || bytes[index] == 0x2D {
        negativeExponent = bytes[index] == 0x2D
        index += 1
      }
      guard index < end, (0x30...0x39).contains(bytes[index]) else { throw .invalidCharacter }
      var written = 0
      while index < end, (0x30...0x39).contains(bytes[index]) {
        written = min(written * 10 + Int(bytes[index] - 0x30), 1_000_000)
        index += 1
      }
      // IEEE 488.2, 7.7.2.4.1: the exponent's magnitude is at most 32 000.
      guard written <= 32_000 else { throw .exponentTooLarge }
      exponent += negativeExponent ? -written : written
    }
    guard index == end else {
      if isLetter(bytes[index]) || bytes[index] == 0x25 { throw .suffix }
      throw .invalidCharacter
    }
    let magnitude: Double
    if significant <= 15, exponent.magnitude <= 22 {
      // Both operands are exact, so that the one operation rounds correctly.
      let power = powersOfTen[Int(exponent.magnitude)]
      magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    } else {
      var start = range.lowerBound
      if bytes[start] == 0x2B || bytes[start] == 0x2D { start += 1 }
      guard let value = Double(String(decoding: bytes[start..<end], as: UTF8.self)) else { throw .invalidCharacter }
      magnitude = value
    }
    return negative ? -magnitude : magnitude
  }

  static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  static func uppercased(_ byte: UInt8) -> UInt8 { (0x61...0x7A).contains(byte) ? byte - 32 : byte }

  /// CRC-32 (ISO-HDLC): reflected polynomial EDB88320, initial value and final XOR FFFFFFFF; the check value of
  /// `123456789` is CBF43926.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return crc ^ 0xFFFF_FFFF
  }
}
