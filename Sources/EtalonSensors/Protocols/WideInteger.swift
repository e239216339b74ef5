/// An unsigned integer of 1280 bits in place, just wide enough for the exact product of any finite `Double` and the
/// power of ten that moves its leading 17 digits before the decimal point.
///
/// Limbs are 32 bits wide, so that a 32-bit microcontroller divides and multiplies them in one step.
struct WideInteger {
  static let limbs = 40
  private var limb = InlineArray<40, UInt32>(repeating: 0)

  init(_ value: UInt64) {
    limb[0] = UInt32(truncatingIfNeeded: value)
    limb[1] = UInt32(truncatingIfNeeded: value >> 32)
  }

  /// The lowest 64 bits.
  var low: UInt64 { UInt64(limb[1]) << 32 | UInt64(limb[0]) }

  /// How many bits the value needs; 0 for zero.
  var bitLength: Int {
    var index = Self.limbs - 1
    while index >= 0 {
      if limb[index] != 0 { return 32 * index + 32 - limb[index].leadingZeroBitCount }
      index -= 1
    }
    return 0
  }

  /// Multiplies; the product must fit.
  mutating func multiply(by factor: UInt32) {
    var carry: UInt64 = 0
    for index in 0..<Self.limbs {
      let product = UInt64(limb[index]) * UInt64(factor) + carry
      limb[index] = UInt32(truncatingIfNeeded: product)
      carry = product >> 32
    }
    precondition(carry == 0, "product wider than 1280 bits")
  }

  /// Divides and says whether a remainder was dropped.
  mutating func divide(by divisor: UInt32) -> Bool {
    var remainder: UInt64 = 0
    var index = Self.limbs - 1
    while index >= 0 {
      let dividend = remainder << 32 | UInt64(limb[index])
      limb[index] = UInt32(truncatingIfNeeded: dividend / UInt64(divisor))
      remainder = dividend % UInt64(divisor)
      index -= 1
    }
    return remainder != 0
  }

  /// Multiplies by 10 to the power of `exponent`, 0 or more; the product must fit.
  mutating func multiplyByPowerOfTen(_ exponent: Int) {
    var left = exponent
    while left > 0 {
      let step = min(left, 9)
      multiply(by: Self.powerOfTen(step))
      left -= step
    }
  }

  /// Divides by 10 to the power of `exponent`, 0 or more, and says whether a remainder was dropped.
  ///
  /// Dividing step by step and rounding down each time gives the same quotient as one division.
  mutating func divideByPowerOfTen(_ exponent: Int) -> Bool {
    var left = exponent
    var dropped = false
    while left > 0 {
      let step = min(left, 9)
      if divide(by: Self.powerOfTen(step)) { dropped = true }
      left -= step
    }
    return dropped
  }

  /// Shifts to the left; the result must fit.
  mutating func shiftLeft(_ bits: Int) {
    precondition(bitLength + bits <= 32 * Self.limbs, "shifted out of 1280 bits")
    let whole = bits / 32
    let part = UInt32(bits % 32)
    var index = Self.limbs - 1
    while index >= 0 {
      let upper = index - whole >= 0 ? limb[index - whole] : 0
      let lower = index - whole - 1 >= 0 ? limb[index - whole - 1] : 0
      limb[index] = part == 0 ? upper : upper << part | lower >> (32 - part)
      index -= 1
    }
  }

  /// Shifts to the right and says whether a bit that was set was dropped.
  mutating func shiftRight(_ bits: Int) -> Bool {
    var dropped = false
    for index in 0..<Self.limbs where 32 * index < bits {
      let kept = bits - 32 * index
      let mask = kept >= 32 ? UInt32.max : (1 << UInt32(kept)) - 1
      if limb[index] & mask != 0 { dropped = true }
    }
    let whole = bits / 32
    let part = UInt32(bits % 32)
    for index in 0..<Self.limbs {
      let lower = index + whole < Self.limbs ? limb[index + whole] : 0
      let upper = index + whole + 1 < Self.limbs ? limb[index + whole + 1] : 0
      limb[index] = part == 0 ? lower : lower >> part | upper << (32 - part)
    }
    return dropped
  }

  /// 10 to the power of `exponent`, 0...9.
  private static func powerOfTen(_ exponent: Int) -> UInt32 {
    var power: UInt32 = 1
    for _ in 0..<exponent { power *= 10 }
    return power
  }
}
