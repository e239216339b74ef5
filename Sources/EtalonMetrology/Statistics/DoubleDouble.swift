/// A number held as the unevaluated sum of two `Double`s: about 32 significant decimal digits.
///
/// For sums, residuals and orthogonal factors whose cancellation would cost a published digit. Built from addition,
/// subtraction, multiplication, division and square root alone, so every machine gets the same bits. Relative error of one
/// operation below 2^−100 (T. J. Dekker, Numer. Math. 18 (1971) 224; D. H. Bailey and co-workers, QD library). Magnitudes
/// must stay between about 1e−270 and 1e290, because a product is split into halves.
@frozen
public struct DoubleDouble: Sendable, Equatable {
  /// The value rounded to `Double`.
  public var high: Double
  /// What rounding left over; at most half a unit in the last place of `high`.
  public var low: Double

  @inlinable
  init(high: Double, low: Double) {
    self.high = high
    self.low = low
  }

  /// The same value, exactly.
  @inlinable
  public init(_ value: Double) { self.init(high: value, low: 0) }

  /// The same value, exactly for magnitudes below 2^53.
  @inlinable
  public init(_ value: Int) { self.init(high: Double(value), low: 0) }

  /// a + b without rounding error (Knuth's two-sum).
  @inlinable
  public init(sumOf a: Double, _ b: Double) {
    let sum = a + b
    let part = sum - a
    self.init(high: sum, low: (a - (sum - part)) + (b - part))
  }

  /// a · b without rounding error (Dekker's product of Veltkamp's halves).
  @inlinable
  public init(productOf a: Double, _ b: Double) {
    let splitter = 134_217_729.0  // 2^27 + 1
    let product = a * b
    let aScaled = splitter * a
    let aHigh = aScaled - (aScaled - a)
    let aLow = a - aHigh
    let bScaled = splitter * b
    let bHigh = bScaled - (bScaled - b)
    let bLow = b - bHigh
    self.init(high: product, low: ((aHigh * bHigh - product) + aHigh * bLow + aLow * bHigh) + aLow * bLow)
  }

  /// high + low for |low| ≤ |high|, brought to the normal form.
  @inlinable
  static func normalised(_ high: Double, _ low: Double) -> DoubleDouble {
    let sum = high + low
    return DoubleDouble(high: sum, low: low - (sum - high))
  }

  /// Zero.
  @inlinable
  public static var zero: DoubleDouble { DoubleDouble(high: 0, low: 0) }

  /// The nearest `Double`.
  @inlinable
  public var doubleValue: Double { high }

  /// Absolute value.
  @inlinable
  public var magnitude: DoubleDouble { high < 0 ? -self : self }

  /// True for neither infinite nor not-a-number.
  @inlinable
  public var isFinite: Bool { high.isFinite && low.isFinite }

  /// The negative, exactly.
  @inlinable
  public static prefix func - (a: DoubleDouble) -> DoubleDouble { DoubleDouble(high: -a.high, low: -a.low) }

  /// Sum.
  @inlinable
  public static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let sum = DoubleDouble(sumOf: a.high, b.high)
    let rest = DoubleDouble(sumOf: a.low, b.low)
    let first = normalised(sum.high, sum.low + rest.high)
    return normalised(first.high, first.low + rest.low)
  }

  /// Sum.
  @inlinable
  public static func + (a: DoubleDouble, b: Double) -> DoubleDouble {
    let sum = DoubleDouble(sumOf: a.high, b)
    return normalised(sum.high, sum.low + a.low)
  }

  /// Difference.
  @inlinable
  public static func - (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble { a + (-b) }

  /// Difference.
  @inlinable
  public static func - (a: DoubleDouble, b: Double) -> DoubleDouble { a + (-b) }

  /// Product.
  @inlinable
  public static func * (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let product = DoubleDouble(productOf: a.high, b.high)
    return normalised(product.high, product.low + (a.high * b.low + a.low * b.high))
  }

  /// Product.
  @inlinable
  public static func * (a: DoubleDouble, b: Double) -> DoubleDouble {
    let product = DoubleDouble(productOf: a.high, b)
    return normalised(product.high, product.low + a.low * b)
  }

  /// Quotient; infinite or not-a-number for a zero divisor.
  @inlinable
  public static func / (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let first = a.high / b.high
    guard first.isFinite else { return DoubleDouble(first) }
    let remainder = a - b * first
    let second = remainder.high / b.high
    let third = (remainder - b * second).high / b.high
    return normalised(first, second) + third
  }

  /// Adds in place.
  @inlinable
  public static func += (a: inout DoubleDouble, b: DoubleDouble) { a = a + b }

  /// Subtracts in place.
  @inlinable
  public static func -= (a: inout DoubleDouble, b: DoubleDouble) { a = a - b }

  /// Multiplies in place.
  @inlinable
  public static func *= (a: inout DoubleDouble, b: DoubleDouble) { a = a * b }

  /// Square root; 0 for 0, not-a-number for a negative value.
  @inlinable
  public func squareRoot() -> DoubleDouble {
    guard high > 0 else { return DoubleDouble(high == 0 ? 0 : .nan) }
    let root = high.squareRoot()
    let remainder = self - DoubleDouble(productOf: root, root)
    return DoubleDouble.normalised(root, remainder.high / (2 * root))
  }
}

extension DoubleDouble: Comparable {
  /// Order of the values.
  @inlinable
  public static func < (a: DoubleDouble, b: DoubleDouble) -> Bool {
    a.high < b.high || (a.high == b.high && a.low < b.low)
  }
}

extension DoubleDouble {
  /// The decimal literal in `digits` (UTF-8; sign, digits, point, exponent), with a relative error below 2^−98, where
  /// a `Double` would keep 2^−53. Data such as 1000000000000.4 lose their last digits in a `Double`; here they do not.
  /// - Returns: nil for anything that is not a finite decimal literal.
  public init?(decimal digits: some Sequence<UInt8>) {
    var isNegative = false
    var mantissa = DoubleDouble.zero
    var decimals = 0
    var exponent = 0
    var exponentIsNegative = false
    var digitCount = 0
    var exponentDigitCount = 0
    var part = Part.start
    for byte in digits {
      switch byte {
      case UInt8(ascii: "+"), UInt8(ascii: "-"):
        if part == .start {
          isNegative = byte == UInt8(ascii: "-")
          part = .integer
        } else if part == .exponentStart {
          exponentIsNegative = byte == UInt8(ascii: "-")
          part = .exponent
        } else {
          return nil
        }
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let digit = Int(byte - UInt8(ascii: "0"))
        if part == .exponentStart || part == .exponent {
          part = .exponent
          exponentDigitCount += 1
          guard exponentDigitCount <= 4 else { return nil }
          exponent = exponent * 10 + digit
        } else {
          if part == .start { part = .integer }
          if part == .fraction { decimals += 1 }
          digitCount += 1
          mantissa = mantissa * 10.0 + Double(digit)
        }
      case UInt8(ascii: "."):
        guard part == .start || part == .integer else { return nil }
        part = .fraction
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        guard digitCount > 0, part == .integer || part == .fraction else { return nil }
        part = .exponentStart
      default:
        return nil
      }
    }
    guard digitCount > 0, part != .exponentStart, part != .exponent || exponentDigitCount > 0 else { return nil }
    var power = (exponentIsNegative ? -exponent : exponent) - decimals
    var value = mantissa
    // 10^22 is the largest power of ten that a Double holds exactly.
    while power > 0 && value.high != 0 {
      let step = min(power, 22)
      value = value * DoubleDouble.powerOfTen(step)
      power -= step
      guard value.isFinite else { return nil }
    }
    while power < 0 && value.high != 0 {
      let step = min(-power, 22)
      value = value / DoubleDouble(DoubleDouble.powerOfTen(step))
      power += step
    }
    guard value.isFinite else { return nil }
    self = isNegative ? -value : value
  }

  private enum Part { case start, integer, fraction, exponentStart, exponent }

  private static func powerOfTen(_ exponent: Int) -> Double {
    var value = 1.0
    for _ in 0..<exponent { value *= 10 }
    return value
  }
}
