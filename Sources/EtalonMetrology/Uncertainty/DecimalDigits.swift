/// A finite number as the shortest run of decimal digits that reads back as the same `Double`.
///
/// Rounding for print works on these digits and not on the binary value, so that 0.125 is a half as the reader sees it.
struct DecimalDigits: Equatable {
  var isNegative: Bool
  /// Significant digits 0 … 9, none leading; empty for zero.
  var digits: [UInt8]
  /// Power of ten of the first digit; 0 for zero.
  var exponent: Int

  init(_ x: Double) {
    precondition(x.isFinite, "only finite numbers have digits")
    isNegative = x < 0
    digits = []
    exponent = 0
    var point = 0
    var seenPoint = false
    var scale = 0
    let bytes = Array("\(x.magnitude)".utf8)
    var i = 0
    while i < bytes.count {
      let byte = bytes[i]
      if byte == 0x2E {
        seenPoint = true
      } else if byte | 0x20 == 0x65 {
        var negative = false
        for b in bytes[(i + 1)...] {
          if b == 0x2D { negative = true }
          if b >= 0x30 && b <= 0x39 { scale = scale * 10 + Int(b - 0x30) }
        }
        if negative { scale = -scale }
        break
      } else {
        digits.append(byte - 0x30)
        if !seenPoint { point += 1 }
      }
      i += 1
    }
    var leading = 0
    while leading < digits.count && digits[leading] == 0 { leading += 1 }
    digits.removeFirst(leading)
    while digits.last == 0 { digits.removeLast() }
    exponent = digits.isEmpty ? 0 : point - 1 - leading + scale
  }

  /// Rounds to a multiple of 10^place; a half goes away from zero.
  mutating func round(toPlace place: Int) {
    let keep = exponent - place + 1
    if digits.isEmpty || keep >= digits.count { return }
    if keep < 0 {
      digits = []
      exponent = 0
      return
    }
    let up = digits[keep] >= 5
    digits.removeLast(digits.count - keep)
    if up {
      var i = keep - 1
      while i >= 0 {
        if digits[i] < 9 {
          digits[i] += 1
          break
        }
        digits[i] = 0
        i -= 1
      }
      if i < 0 {
        digits.insert(1, at: 0)
        exponent += 1
      }
    }
    while digits.last == 0 { digits.removeLast() }
    if digits.isEmpty { exponent = 0 }
  }

  /// Plain decimal text with every digit down to 10^place, `place` 0 or negative; a rounded zero has no sign.
  func text(downTo place: Int) -> String {
    var bytes: [UInt8] = []
    if isNegative && !digits.isEmpty { bytes.append(0x2D) }
    var position = max(exponent, 0)
    if digits.isEmpty { position = 0 }
    while position >= min(place, 0) {
      if position == -1 { bytes.append(0x2E) }
      bytes.append(0x30 + digit(at: position))
      position -= 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The digit that stands at 10^position.
  func digit(at position: Int) -> UInt8 {
    let i = exponent - position
    return i >= 0 && i < digits.count ? digits[i] : 0
  }
}
