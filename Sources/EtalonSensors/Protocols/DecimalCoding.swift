import EtalonCore

/// Decimal numbers as instruments write them: parsing and formatting in our own source, the same bits on every machine.
///
/// The forms are NR1 (`-12`), NR2 (`+25.01`) and NR3 (`+3.000E+01`) of IEEE 488.2-1992, 8.7.2 to 8.7.4.
public enum DecimalCoding {
  // MARK: Parsing

  /// The number that the whole of `range` spells in NR1, NR2 or NR3 form, correctly rounded (half to even).
  ///
  /// A significand of at most 2⁵³ and a power of ten of at most 22 are one exact multiplication or division (Clinger,
  /// PLDI 1990); everything else goes through exact integers.
  /// - Returns: nil unless the text is `[sign] digits [. digits] [E [sign] digits]` with nothing around it, has at most
  ///   19 significant digits, and is 0 or has a magnitude from 1E-300 to below 1E+301.
  public static func number(_ frame: Frame, _ range: Range<Int>) -> Double? {
    var index = range.lowerBound
    let isNegative = takeSign(frame, &index, range.upperBound)
    var significand: UInt64 = 0
    var significantDigits = 0
    var exponent = 0
    let wholeStart = index
    while index < range.upperBound, let digit = digit(frame[index]) {
      guard append(digit, to: &significand, count: &significantDigits) else { return nil }
      index += 1
    }
    guard index > wholeStart else { return nil }
    if index < range.upperBound, frame[index] == UInt8(ascii: ".") {
      index += 1
      let fractionStart = index
      while index < range.upperBound, let digit = digit(frame[index]) {
        guard append(digit, to: &significand, count: &significantDigits) else { return nil }
        index += 1
      }
      guard index > fractionStart else { return nil }
      exponent = fractionStart - index
    }
    if index < range.upperBound, frame[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      let isBelowOne = takeSign(frame, &index, range.upperBound)
      let start = index
      var written = 0
      while index < range.upperBound, index - start < 4, let digit = digit(frame[index]) {
        written = 10 * written + Int(digit)
        index += 1
      }
      guard index > start else { return nil }
      exponent += isBelowOne ? -written : written
    }
    guard index == range.upperBound else { return nil }
    if significand == 0 { return isNegative ? -0.0 : 0 }
    let leading = exponent + significantDigits - 1
    guard leading >= -300, leading <= 300 else { return nil }
    let magnitude = value(significand, timesTenTo: exponent)
    return isNegative ? -magnitude : magnitude
  }

  /// The non-negative whole number that the digits of `range` spell; nil for anything else, also for a sign.
  public static func unsigned(_ frame: Frame, _ range: Range<Int>) -> UInt32? {
    guard !range.isEmpty, range.count <= 10 else { return nil }
    var value: UInt64 = 0
    for index in range {
      guard let digit = digit(frame[index]) else { return nil }
      value = 10 * value + UInt64(digit)
    }
    return UInt32(exactly: value)
  }

  /// The whole number (NR1) that `range` spells, with or without a sign.
  public static func signed(_ frame: Frame, _ range: Range<Int>) -> Int32? {
    var index = range.lowerBound
    let isNegative = takeSign(frame, &index, range.upperBound)
    guard let magnitude = unsigned(frame, index..<range.upperBound) else { return nil }
    return Int32(exactly: isNegative ? -Int64(magnitude) : Int64(magnitude))
  }

  /// The number that `#H` and exactly eight hexadecimal digits spell (IEEE 488.2-1992, 8.7.6).
  public static func hexadecimal(_ frame: Frame, _ range: Range<Int>) -> UInt32? {
    guard range.count == 10, frame[range.lowerBound] == UInt8(ascii: "#") else { return nil }
    guard frame[range.lowerBound + 1] == UInt8(ascii: "H") else { return nil }
    var value: UInt32 = 0
    for index in range.lowerBound + 2..<range.upperBound {
      switch frame[index] {
      case let byte where byte >= 0x30 && byte <= 0x39: value = value << 4 | UInt32(byte - 0x30)
      case let byte where byte >= 0x41 && byte <= 0x46: value = value << 4 | UInt32(byte - 0x41 + 10)
      case let byte where byte >= 0x61 && byte <= 0x66: value = value << 4 | UInt32(byte - 0x61 + 10)
      default: return nil
      }
    }
    return value
  }

  // MARK: Formatting

  /// Appends `value` in NR3 form with a sign, `significantDigits` digits (2...17) and an exponent of at least two
  /// digits: `+3.000000000000E+01`. The exact value is rounded once, half to even.
  ///
  /// `value` must be finite; the frame must have room for 26 bytes.
  public static func appendScientific(_ value: Double, significantDigits: Int, to frame: inout Frame) {
    precondition(value.isFinite, "only finite numbers have a decimal form")
    precondition(significantDigits >= 2 && significantDigits <= 17, "2 to 17 significant digits")
    frame.append(value.sign == .minus ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    var exponent = 0
    var digits: UInt64 = 0
    if value != 0 {
      let lower = powerOfTen(significantDigits - 1)
      // floor(log10(2^e)) in integers; at most 1 too low for the logarithm of the value itself, which the loop mends.
      exponent = (Int(value.magnitude.exponent) * 1_262_611) >> 22
      digits = scaled(value.magnitude, decimals: significantDigits - 1 - exponent)
      while digits >= 10 * lower {
        exponent += 1
        digits = scaled(value.magnitude, decimals: significantDigits - 1 - exponent)
      }
      while digits < lower {
        exponent -= 1
        digits = scaled(value.magnitude, decimals: significantDigits - 1 - exponent)
      }
    }
    appendDigits(digits, width: significantDigits, decimals: significantDigits - 1, to: &frame)
    frame.append(UInt8(ascii: "E"))
    frame.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    let magnitude = UInt64(exponent.magnitude)
    appendDigits(magnitude, width: magnitude >= 100 ? 3 : 2, decimals: 0, to: &frame)
  }

  /// Appends `value` in NR2 form with `decimals` places (1...9), a sign only when negative: `345.60`. The exact value is
  /// rounded once, half to even.
  ///
  /// The magnitude must be below 10⁹; the frame must have room for 21 bytes.
  public static func appendFixed(_ value: Double, decimals: Int, to frame: inout Frame) {
    precondition(value.magnitude < 1e9, "magnitude outside the fixed form")
    precondition(decimals >= 1 && decimals <= 9, "1 to 9 decimals")
    let digits = scaled(value.magnitude, decimals: decimals)
    if value < 0 && digits != 0 { frame.append(UInt8(ascii: "-")) }
    var width = decimals + 1
    while width < 19 && digits >= powerOfTen(width) { width += 1 }
    appendDigits(digits, width: width, decimals: decimals, to: &frame)
  }

  // MARK: Exact arithmetic

  /// `value` · 10^`decimals`, rounded to a whole number, half to even; the result must be below 2⁶³.
  private static func scaled(_ value: Double, decimals: Int) -> UInt64 {
    guard value != 0 else { return 0 }
    let isSubnormal = value.exponentBitPattern == 0
    let significand = value.significandBitPattern | (isSubnormal ? 0 : 1 << 52)
    let binary = (isSubnormal ? 1 : Int(value.exponentBitPattern)) - 1075
    // One bit more than asked, so that the lowest bit says whether the dropped part is at least a half.
    var dropped = false
    let twice: UInt64
    if decimals >= 0 && decimals <= 19 && binary < 0 {
      // 54 bits and 10^19 below 2^64 fit 128 bits.
      let product = UInt128(significand << 1) * UInt128(powerOfTen(decimals))
      let quotient = binary > -128 ? product >> UInt128(-binary) : 0
      dropped = binary > -128 ? quotient << UInt128(-binary) != product : true
      precondition(quotient >> 64 == 0, "scaled value wider than 63 bits")
      twice = UInt64(truncatingIfNeeded: quotient)
    } else {
      var wide = WideInteger(significand << 1)
      if decimals > 0 { wide.multiplyByPowerOfTen(decimals) }
      if binary > 0 { wide.shiftLeft(binary) }
      if decimals < 0, wide.divideByPowerOfTen(-decimals) { dropped = true }
      if binary < 0, wide.shiftRight(-binary) { dropped = true }
      precondition(wide.bitLength <= 64, "scaled value wider than 63 bits")
      twice = wide.low
    }
    let whole = twice >> 1
    return twice & 1 == 1 && (dropped || whole & 1 == 1) ? whole + 1 : whole
  }

  /// `significand` · 10^`exponent`, rounded once, half to even; the result must lie within 1E-300 and 1E+301.
  private static func value(_ significand: UInt64, timesTenTo exponent: Int) -> Double {
    if significand <= 1 << 53, exponent >= -22, exponent <= 22 {
      var power = 1.0  // Exact: 10^22 = 5^22 · 2^22, and 5^22 is below 2^53.
      for _ in 0..<exponent.magnitude { power *= 10 }
      return exponent < 0 ? Double(significand) / power : Double(significand) * power
    }
    var wide = WideInteger(significand)
    var binary = 0
    var dropped = false
    if exponent >= 0 {
      wide.multiplyByPowerOfTen(exponent)
    } else {
      // log2(10) is below 3.3223; the quotient keeps more than 64 bits.
      binary = 66 + (-exponent * 34020) / 10240
      wide.shiftLeft(binary)
      dropped = wide.divideByPowerOfTen(-exponent)
    }
    let excess = wide.bitLength - 54
    if excess > 0 {
      if wide.shiftRight(excess) { dropped = true }
    } else {
      wide.shiftLeft(-excess)
    }
    let twice = wide.low
    var rounded = twice >> 1
    if twice & 1 == 1 && (dropped || rounded & 1 == 1) { rounded += 1 }
    return Double(sign: .plus, exponent: excess + 1 - binary, significand: Double(rounded))
  }

  // MARK: Characters

  @inline(__always) private static func digit(_ byte: UInt8) -> UInt8? {
    byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : nil
  }

  /// Steps over a sign and says whether it was a minus.
  private static func takeSign(_ frame: Frame, _ index: inout Int, _ end: Int) -> Bool {
    guard index < end else { return false }
    let byte = frame[index]
    if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") { index += 1 }
    return byte == UInt8(ascii: "-")
  }

  /// Adds a digit to a significand; false when it would be the 20th significant one.
  private static func append(_ digit: UInt8, to significand: inout UInt64, count: inout Int) -> Bool {
    if significand == 0 && digit == 0 { return true }
    guard count < 19 else { return false }
    significand = 10 * significand + UInt64(digit)
    count += 1
    return true
  }

  /// 10 to the power of `exponent`, 0...19.
  private static func powerOfTen(_ exponent: Int) -> UInt64 {
    var power: UInt64 = 1
    for _ in 0..<exponent { power *= 10 }
    return power
  }

  /// Appends `width` digits of `value` with leading zeros and a point before the last `decimals` of them.
  private static func appendDigits(_ value: UInt64, width: Int, decimals: Int, to frame: inout Frame) {
    var place = powerOfTen(width - 1)
    for index in 0..<width {
      if decimals > 0 && index == width - decimals { frame.append(UInt8(ascii: ".")) }
      frame.append(0x30 + UInt8((value / place) % 10))
      place /= 10
    }
  }
}
