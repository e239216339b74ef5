import EtalonCore

/// Where the fields of a reply are: up to eight ranges between separators that stand outside quoted text.
struct FieldList {
  static let capacity = 8
  private let start: Int
  /// Where each field ends; the next one starts behind the separator that stands there.
  private var ends = InlineArray<8, UInt16>(repeating: 0)
  private(set) var count = 0

  /// Splits `range` of `frame` at each `separator`; nil when there are more than eight fields or a quote is left open.
  ///
  /// A separator within quotation marks is text: `-113,"Undefined header;FOO"` has no second message unit
  /// (SCPI-99 vol. 2, 21.8.1 puts device-dependent information after a semicolon inside the quotes).
  init?(_ frame: Frame, _ range: Range<Int>, separator: UInt8) {
    start = range.lowerBound
    var isQuoted = false
    var own = frame
    for index in range {
      let byte = own.byte(index)
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if byte == separator && !isQuoted {
        guard count < Self.capacity - 1 else { return nil }
        ends[count] = UInt16(index)
        count += 1
      }
    }
    guard !isQuoted else { return nil }
    ends[count] = UInt16(range.upperBound)
    count += 1
  }

  subscript(index: Int) -> Range<Int> {
    precondition(index >= 0 && index < count, "no such field")
    let lower = index == 0 ? start : Int(ends[index - 1]) + 1
    return lower..<Int(ends[index])
  }
}

extension Frame {
  /// The bytes of `range` as a frame of their own.
  func slice(_ range: Range<Int>) -> Frame {
    var slice = Frame()
    var own = self
    for index in range { slice.append(own.byte(index)) }
    return slice
  }

  /// Appends another frame; both together must not exceed the capacity.
  mutating func append(_ other: Frame) {
    for index in 0..<other.count { append(other[index]) }
  }

  /// Whether the bytes of `range` are exactly the literal.
  func spells(_ text: StaticString, in range: Range<Int>) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count where self[range.lowerBound + offset] != text.utf8Start[offset] { return false }
    return true
  }

  /// Whether all bytes of `range` are printable ASCII characters.
  func isPrintable(in range: Range<Int>) -> Bool {
    for index in range where self[index] < 0x20 || self[index] > 0x7E { return false }
    return true
  }
}
