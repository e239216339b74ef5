/// A value and its standard uncertainty as one text, `1.2345(67)`: the digits in brackets are the uncertainty in units of
/// the last digits of the value (GUM 7.2.2, form 2; SI Brochure, 9th edition, section 5.4.5).
public struct ConciseNotation: Equatable, Sendable {
  /// The value.
  public let value: Double
  /// Its standard uncertainty, above 0.
  public let standardUncertainty: Double
  /// Unit of both.
  public let unit: Unit

  /// - Throws: `notPositive` for an uncertainty that is not above zero, `notFinite`.
  public init(value: Double, standardUncertainty: Double, unit: Unit = .one) throws(NotationFault) {
    guard value.isFinite, standardUncertainty.isFinite else { throw .notFinite }
    guard standardUncertainty > 0 else { throw .notPositive(standardUncertainty) }
    self.value = value
    self.standardUncertainty = standardUncertainty
    self.unit = unit
  }

  /// Value and uncertainty rounded to the same place, the uncertainty to so many significant digits (GUM 7.2.6).
  /// - Returns: plain decimal texts; a half is rounded away from zero.
  public static func rounded(
    value: Double, uncertainty: Double, digits: Int = 2
  ) throws(NotationFault) -> (value: String, uncertainty: String) {
    let (value, uncertainty, place) = try place(value, uncertainty, digits)
    return (value.text(downTo: place), uncertainty.text(downTo: place))
  }

  private static func place(
    _ value: Double, _ uncertainty: Double, _ count: Int
  ) throws(NotationFault) -> (DecimalDigits, DecimalDigits, Int) {
    guard value.isFinite, uncertainty.isFinite else { throw .notFinite }
    guard uncertainty > 0, count >= 1, count <= 9 else { throw .notPositive(uncertainty) }
    var u = DecimalDigits(uncertainty)
    u.round(toPlace: u.exponent - count + 1)
    // 0.0996 becomes 0.10: the place moves with the carry.
    let place = u.exponent - count + 1
    var v = DecimalDigits(value)
    v.round(toPlace: place)
    return (v, u, place)
  }

  /// The text with the uncertainty to so many significant digits, such as `1.2345(67) kg`.
  /// - Parameters:
  ///   - digits: of the uncertainty, 1 to 9.
  ///   - groups: whether the digits behind the point stand in groups of three, `1.234 5(67)`, as the SI Brochure allows.
  public func text(digits: Int = 2, groups: Bool = false) throws(NotationFault) -> String {
    var (v, u, place) = try Self.place(value, standardUncertainty, digits)
    // Very small numbers, and digits that end before the point, take a power of ten.
    var scale = 0
    let leading = v.digits.isEmpty ? u.exponent : max(v.exponent, u.exponent)
    if place > 0 || leading < -4 {
      scale = leading
      v.exponent -= v.digits.isEmpty ? 0 : scale
      u.exponent -= scale
      place -= scale
    }
    var text = v.text(downTo: place)
    if groups { text = Self.grouped(text) }
    var bracket: [UInt8] = []
    var position = u.exponent
    while position >= place {
      bracket.append(0x30 + u.digit(at: position))
      position -= 1
    }
    text += "(" + String(decoding: bracket, as: UTF8.self) + ")"
    if scale != 0 { text += "e\(scale)" }
    return unit == .one ? text : text + " " + unit.symbol
  }

  private static func grouped(_ text: String) -> String {
    var bytes: [UInt8] = []
    var after = -1
    let all = Array(text.utf8)
    for (i, byte) in all.enumerated() {
      bytes.append(byte)
      if after >= 0 { after += 1 }
      if byte == 0x2E { after = 0 }
      // A space after every third digit, but none at the end.
      if after > 0 && after % 3 == 0 && i + 1 < all.count { bytes.append(0x20) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads `1.234 5(67) kg`, `1.2345(67)e-3`, `6.674 30(15) × 10^-11 m^3/(kg·s^2)`, `12.3(1.5) °C`, `-0.020(7) K`.
  /// - Throws: `syntax` with what was expected, `unit`, `notPositive`, `notFinite`.
  public static func parse(_ text: String) throws(NotationFault) -> ConciseNotation {
    var number: [UInt8] = []
    var bracket: [UInt8] = []
    var places = 0
    var seenPoint = false
    let bytes = Array(text.utf8)
    var i = 0
    while i < bytes.count && bytes[i] != 0x28 {
      let byte = bytes[i]
      i += 1
      switch byte {
      case 0x20: continue
      case 0xC2 where bytes[i...].starts(with: [0xA0]): i += 1
      case 0xE2
      where bytes[i...].starts(with: [0x80, 0x86]) || bytes[i...].starts(with: [0x80, 0x89])
        || bytes[i...].starts(with: [0x80, 0xAF]):
        // Narrow spaces between groups.
        i += 2
      case 0xE2 where number.isEmpty && bytes[i...].starts(with: [0x88, 0x92]):
        // The minus sign of typesetters.
        number.append(0x2D)
        i += 2
      case 0x2E where !seenPoint:
        seenPoint = true
        number.append(byte)
      case 0x30...0x39:
        number.append(byte)
        if seenPoint { places += 1 }
      case 0x2B where number.isEmpty, 0x2D where number.isEmpty:
        number.append(byte)
      default: throw .syntax(text, expected: "digits and a decimal point before the bracket, as in 1.2345(67)")
      }
    }
    guard i < bytes.count else { throw .syntax(text, expected: "the uncertainty in brackets, as in 1.2345(67)") }
    i += 1
    while i < bytes.count && bytes[i] != 0x29 {
      guard (bytes[i] >= 0x30 && bytes[i] <= 0x39) || bytes[i] == 0x2E else {
        throw .syntax(text, expected: "digits in the bracket, as in 1.2345(67)")
      }
      bracket.append(bytes[i])
      i += 1
    }
    guard i < bytes.count else { throw .syntax(text, expected: "a closing bracket, as in 1.2345(67)") }
    i += 1
    var exponent: [UInt8] = []
    if i < bytes.count && bytes[i] | 0x20 == 0x65 {
      var j = i + 1
      if j < bytes.count && (bytes[j] == 0x2D || bytes[j] == 0x2B) { j += 1 }
      let first = j
      while j < bytes.count && bytes[j] >= 0x30 && bytes[j] <= 0x39 { j += 1 }
      if j > first {
        exponent = Array(bytes[i..<j])
        i = j
      }
    } else if let power = try powerOfTen(bytes[i...], in: text) {
      exponent = power.exponent
      i = power.end
    }
    func decimal(_ digits: [UInt8]) -> Double? { Double(String(decoding: digits + exponent, as: UTF8.self)) }
    // The uncertainty gets the places of the value by its own decimal text, so that it is rounded once.
    var uncertainty = bracket
    if !bracket.contains(0x2E) && places > 0 {
      while uncertainty.count <= places { uncertainty.insert(0x30, at: 0) }
      uncertainty.insert(0x2E, at: uncertainty.count - places)
    }
    guard !bracket.isEmpty, let value = decimal(number), let u = decimal(uncertainty) else {
      throw .syntax(text, expected: "a decimal number and its uncertainty, as in 1.2345(67)")
    }
    var rest = Array(bytes[i...])
    while rest.first == 0x20 { rest.removeFirst() }
    let unit: Unit
    if rest.isEmpty {
      unit = .one
    } else {
      do throws(UnitFault) { unit = try Unit.parse(String(decoding: rest, as: UTF8.self)) } catch { throw .unit(error) }
    }
    return try ConciseNotation(value: value, standardUncertainty: u, unit: unit)
  }

  /// The power of ten behind the bracket as the SI Brochure prints it, `× 10^-11` or `×10⁻¹¹`, as `e-11`; nil where none
  /// stands there.
  private static func powerOfTen(
    _ bytes: ArraySlice<UInt8>, in text: String
  ) throws(NotationFault) -> (exponent: [UInt8], end: Int)? {
    let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    var i = 0
    func skip() { while i < scalars.count && UnitParser.isSpace(scalars[i]) { i += 1 } }
    skip()
    guard i < scalars.count, scalars[i] == "×" || scalars[i] == "·" || scalars[i] == "*" else { return nil }
    i += 1
    skip()
    guard i + 1 < scalars.count, scalars[i] == "1", scalars[i + 1] == "0" else { return nil }
    i += 2
    var exponent: [UInt8] = [0x65]
    if i < scalars.count, scalars[i] == "^" { i += 1 }
    if i < scalars.count, scalars[i] == "-" || scalars[i] == "−" || scalars[i] == "⁻" {
      exponent.append(0x2D)
      i += 1
    }
    let sign = exponent.count
    while i < scalars.count, let digit = UnitParser.digit(scalars[i]) {
      exponent.append(UInt8(0x30 + digit))
      i += 1
    }
    guard exponent.count > sign, exponent.count <= sign + 3 else {
      throw .syntax(text, expected: "a power of ten as in 1.5(2)×10^-3 or 1.5(2)e-3")
    }
    var end = bytes.startIndex
    for scalar in scalars[..<i] { end += UTF8.width(scalar) }
    return (exponent, end)
  }
}

/// Why a text is no value with an uncertainty, or why the two cannot be written.
public enum NotationFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// The text does not have the form, with what was expected.
  case syntax(String, expected: String)
  /// The unit at the end cannot be read.
  case unit(UnitFault)
  /// The uncertainty is not above zero, or is asked for with no digits.
  case notPositive(Double)
  /// The value or the uncertainty is not a finite number.
  case notFinite

  /// Reason and fix in one line.
  public var description: String {
    switch self {
    case .syntax(let text, let expected): return "\"\(text)\" is no value with its uncertainty; write \(expected)"
    case .unit(let fault): return fault.description
    case .notPositive(let number):
      return "the uncertainty \(number) is not above 0; give it with 1 to 9 digits, or write the value without brackets"
    case .notFinite: return "the value or its uncertainty is not a finite number; write numbers within ±1.7e308"
    }
  }
}
