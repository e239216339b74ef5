/// A number and a unit, kept as they were written.
///
/// The number is converted when asked for, so that 10 °C gives exactly 10 in °C, and the kind of quantity travels with the
/// unit: °C is a temperature, K a difference.
public struct Quantity: Equatable, Sendable {
  /// The number before the unit; finite.
  public let number: Double
  /// The unit as written.
  public let unit: Unit

  /// - Parameters:
  ///   - number: finite.
  ///   - unit: any.
  public init(_ number: Double, _ unit: Unit) {
    precondition(number.isFinite, "a quantity has a finite number")
    self.number = number
    self.unit = unit
  }

  /// The value in coherent SI units; a temperature in kelvin above absolute zero.
  public var value: Double {
    scaled(Self.shifted(number, by: unit.offset), by: unit.multiplier, over: unit.divisor)
  }

  /// x + offset for an offset of hundredths, such as 273.15, which no binary number is: hundredths are whole numbers, so
  /// 300 K is 26.85 °C and not 26.850000000000023 °C.
  private static func shifted(_ x: Double, by offset: Double) -> Double {
    // The double nearest to a decimal of two places stands for that decimal: −273.15 °C is 0 K.
    let whole = Elementary.nearestInteger(x * 100)
    let hundredths = (whole / 100 == x ? whole : x * 100) + Elementary.nearestInteger(offset * 100)
    return offset == 0 || !hundredths.isFinite ? x + offset : hundredths / 100
  }

  private func scaled(_ x: Double, by multiplier: Double, over divisor: Double) -> Double {
    // One rounding where either side is 1; the exact quotient of the two would be rounded before use.
    if divisor == 1 { return x * multiplier }
    if multiplier == 1 { return x / divisor }
    return x * multiplier / divisor
  }

  /// The number of this quantity in another unit of the same dimension and kind; exactly `number` in its own unit.
  ///
  /// K names differences here; for a temperature on a scale ask in °C or in `Unit.thermodynamicKelvin`.
  /// - Throws: `dimension`, `kind`, `quantity`; `belowAbsoluteZero` for a temperature on a scale; `outOfRange` where the number in the
  ///   other unit is beyond what a `Double` holds, or too near zero for its digits.
  public func value(in other: Unit) throws(QuantityFault) -> Double {
    if unit.kind == .thermodynamicTemperature, value < 0 { throw Self.belowAbsoluteZero(description) }
    let converted = try converted(to: other)
    guard converted.isFinite else {
      throw QuantityFault(reason: .outOfRange, text: description, fix: "ask for it in a larger unit")
    }
    // A number that loses its digits or vanishes; the zero of another scale is a number as good as any.
    if other != unit, unit.offset == other.offset, number != 0, converted.magnitude < .leastNormalMagnitude {
      throw QuantityFault(reason: .outOfRange, text: description, fix: "ask for it in a smaller unit")
    }
    return converted
  }

  /// Whether numbers in the other unit can stand for this quantity: 1 Hz is no rad/s, though the dimension is the same.
  public func isSameQuantity(as other: Unit) -> Bool {
    other.dimension == unit.dimension && QuantityMarks(unit).remedy(towards: QuantityMarks(other)) == nil
  }

  private static func belowAbsoluteZero(_ text: String) -> QuantityFault {
    QuantityFault(reason: .belowAbsoluteZero, text: text, fix: "write a temperature of at least -273.15 °C or 0 K")
  }

  private func converted(to other: Unit) throws(QuantityFault) -> Double {
    if other == unit { return number }
    guard other.dimension == unit.dimension else {
      throw QuantityFault(
        reason: .dimension(expected: other.dimension, received: unit.dimension), text: description,
        fix: "write a quantity in \(other.symbol) or a multiple of it")
    }
    guard other.kind == unit.kind || Self.agree(other.kind, unit.kind) else {
      let fix: String
      switch other.kind {
      case .temperatureDifference: fix = "use K for a difference"
      case .thermodynamicTemperature: fix = "use °C for a temperature"
      case .relativeHumidity: fix = "use %RH for a relative humidity"
      case .logarithmicRatio: fix = "use dB, B or Np for it"
      case .ordinary where unit.kind == .logarithmicRatio: fix = "use dB, B or Np, or calculate the ratio that is meant"
      case .ordinary: fix = "use \(other.symbol) for it"
      }
      throw QuantityFault(reason: .kind(expected: other.kind, received: unit.kind), text: description, fix: fix)
    }
    if let fix = QuantityMarks(unit).remedy(towards: QuantityMarks(other)) {
      throw QuantityFault(reason: .quantity(expected: other, received: unit), text: description, fix: fix)
    }
    if other.multiplier == unit.multiplier && other.divisor == unit.divisor {
      return Self.shifted(number, by: unit.offset - other.offset)
    }
    // (number + offset) m1 d2 / (d1 m2) − offset2, with common factors of the two scales cancelled.
    var up = unit.multiplier
    var down = unit.divisor
    if other.multiplier != up { down *= other.multiplier } else { up = 1 }
    if other.divisor != unit.divisor {
      up *= other.divisor
    } else {
      down = down / unit.divisor
    }
    if up >= down, (up / down).rounded() * down == up {
      up /= down
      down = 1
    } else if down > up, (down / up).rounded() * up == down {
      down /= up
      up = 1
    }
    return Self.shifted(scaled(Self.shifted(number, by: unit.offset), by: up, over: down), by: -other.offset)
  }

  /// Kinds that differ in a compound unit only by bookkeeping: 1/(1/K) is K.
  private static func agree(_ a: Unit.Kind, _ b: Unit.Kind) -> Bool {
    (a == .ordinary && b == .temperatureDifference) || (a == .temperatureDifference && b == .ordinary)
  }
}

extension Quantity: CustomStringConvertible {
  /// Number, space, unit; the number alone for the unit one.
  public var description: String {
    unit == .one ? Self.text(number) : "\(Self.text(number)) \(unit.symbol)"
  }

  /// The shortest decimal text that reads back as the same number, without a superfluous `.0`.
  static func text(_ number: Double) -> String {
    let bytes = Array("\(number)".utf8)
    if bytes.count > 2, bytes[bytes.count - 2] == 0x2E, bytes[bytes.count - 1] == 0x30 {
      return String(decoding: bytes.dropLast(2), as: UTF8.self)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads `10 °C`, `0.02 K/min`, `20 %RH`, `-0.20 K`, `240`, `1 h 30 min`, `1.5×10^-3 m`, `12 \milli\kelvin`.
  ///
  /// The number becomes the double nearest to the decimal text. Several numbers with units may follow one another for
  /// times only; they become seconds.
  /// - Throws: `QuantityFault` naming what is wrong and the fix.
  public static func parse(_ text: String) throws(QuantityFault) -> Quantity {
    let scalars = UnitParser(text).scalars
    if scalars.isEmpty {
      throw QuantityFault(reason: .empty, text: text, fix: "write a number and a unit, as in 10 °C")
    }
    var parts: [Quantity] = []
    var start = 0
    while start < scalars.count {
      var end = start
      let number = try decimal(scalars, at: &end, of: text)
      let unitStart = end
      // A part ends where a space is followed by a digit; within a unit a digit never follows a space.
      while end < scalars.count {
        if end > unitStart, scalars[end] == " ", end + 1 < scalars.count, UnitParser.digit(scalars[end + 1]) != nil,
          scalars[end - 1] != "/", scalars[end - 1] != "·"
        {
          break
        }
        end += 1
      }
      let unit: Unit
      if scalars[unitStart..<end].allSatisfy({ $0 == " " }) {
        unit = .one
      } else {
        var view = String.UnicodeScalarView()
        for scalar in scalars[unitStart..<end] { view.append(scalar) }
        do throws(UnitFault) { unit = try Unit.parse(String(view)) } catch {
          throw QuantityFault(reason: .unit(error), text: text, fix: error.fix)
        }
      }
      let part = Quantity(number, unit)
      guard part.value.isFinite else {
        throw QuantityFault(reason: .outOfRange, text: text, fix: "use a number within ±1.7e308 in SI units")
      }
      if part.unit.kind == .thermodynamicTemperature, part.value < 0 { throw Self.belowAbsoluteZero(text) }
      parts.append(part)
      start = end
    }
    if parts.count == 1 { return parts[0] }
    var sum = 0.0
    for part in parts {
      guard part.unit.dimension == Unit.second.dimension, part.number >= 0 else {
        throw QuantityFault(
          reason: .unit(
            UnitFault(
              reason: .syntax(at: part.description), text: text, fix: "write one number and one unit", nearest: nil)),
          text: text, fix: "write one number and one unit; only times may be added up, as in 1 h 30 min")
      }
      sum += part.value
    }
    guard sum.isFinite else {
      throw QuantityFault(reason: .outOfRange, text: text, fix: "use a number within ±1.7e308 in SI units")
    }
    return Quantity(sum, .second)
  }

  /// Reads a decimal number from `position` on and leaves `position` after it.
  private static func decimal(
    _ scalars: [Unicode.Scalar], at position: inout Int, of text: String
  ) throws(QuantityFault) -> Double {
    while position < scalars.count && scalars[position] == " " { position += 1 }
    var digits: [UInt8] = []
    var count = 0
    func ascii(_ i: Int) -> UInt8 { i < scalars.count && scalars[i].isASCII ? UInt8(scalars[i].value) : 0 }
    func isDigit(_ i: Int) -> Bool { ascii(i) >= 0x30 && ascii(i) <= 0x39 }
    if ascii(position) == 0x2B {
      position += 1
    } else if position < scalars.count && (scalars[position] == "-" || scalars[position] == "−") {
      digits.append(0x2D)
      position += 1
    }
    func whole(_ i: inout Int) {
      while isDigit(i) {
        digits.append(ascii(i))
        count += 1
        i += 1
      }
    }
    whole(&position)
    if ascii(position) == 0x2E && (isDigit(position + 1) || count > 0) {
      digits.append(0x2E)
      position += 1
      // A point needs a digit after it for the conversion below.
      if !isDigit(position) { digits.append(0x30) }
      whole(&position)
    }
    if count == 0 {
      throw QuantityFault(
        reason: .notANumber, text: text, fix: "begin with a number such as 10, -0.20 or 1e-6; never NaN or infinity")
    }
    if ascii(position) == 0x2C {
      throw QuantityFault(reason: .decimalComma, text: text, fix: "use a point, as in 0.05")
    }
    let signed = ascii(position + 1) == 0x2D || ascii(position + 1) == 0x2B
    if ascii(position) | 0x20 == 0x65 && isDigit(position + (signed ? 2 : 1)) {
      digits.append(0x65)
      if signed { digits.append(ascii(position + 1)) }
      position += signed ? 2 : 1
      whole(&position)
    } else if let ten = timesTen(scalars, position) {
      digits.append(0x65)
      position = ten
      if position < scalars.count, scalars[position] == "-" || scalars[position] == "−" || scalars[position] == "⁻" {
        digits.append(0x2D)
        position += 1
      }
      let before = count
      while position < scalars.count, let digit = UnitParser.digit(scalars[position]) {
        digits.append(UInt8(0x30 + digit))
        count += 1
        position += 1
      }
      if count == before {
        throw QuantityFault(reason: .notANumber, text: text, fix: "write the power of ten as in 1.5×10^-3 or 1.5e-3")
      }
    }
    guard count <= 60, let number = Double(String(decoding: digits, as: UTF8.self)), number.isFinite else {
      throw QuantityFault(reason: .outOfRange, text: text, fix: "use a number within ±1.7e308 and at most 60 digits")
    }
    return number
  }

  /// The position after `×10^` or `·10`, if it stands at `position`.
  private static func timesTen(_ scalars: [Unicode.Scalar], _ position: Int) -> Int? {
    var i = position
    func skip() { while i < scalars.count && scalars[i] == " " { i += 1 } }
    skip()
    guard i < scalars.count, scalars[i] == "×" || scalars[i] == "·" || scalars[i] == "*" else { return nil }
    i += 1
    skip()
    guard i + 2 < scalars.count, scalars[i] == "1", scalars[i + 1] == "0" else { return nil }
    i += 2
    if scalars[i] == "^" { i += 1 }
    return i
  }
}
