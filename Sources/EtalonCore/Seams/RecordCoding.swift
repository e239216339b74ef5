/// Appends values to the payload of a record: little-endian integers, floats by their bit pattern, text with a length.
public struct RecordEncoder: ~Copyable {
  @usableFromInline var bytes: [UInt8]

  /// Continues after the bytes already in `bytes`.
  @inlinable public init(_ bytes: consuming [UInt8] = []) { self.bytes = bytes }

  /// The bytes written.
  @inlinable public consuming func take() -> [UInt8] { bytes }

  /// The bytes of an integer as they lie in memory, in one piece.
  @inlinable mutating func append(inOrder value: some FixedWidthInteger) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  /// One byte.
  @inlinable public mutating func append(_ value: UInt8) { bytes.append(value) }
  /// One byte, 1 for true.
  @inlinable public mutating func append(_ value: Bool) { bytes.append(value ? 1 : 0) }

  /// Two bytes, little-endian.
  @inlinable public mutating func append(_ value: UInt16) {
    append(inOrder: value.littleEndian)
  }

  /// Four bytes, little-endian.
  @inlinable public mutating func append(_ value: UInt32) {
    append(inOrder: value.littleEndian)
  }

  /// Eight bytes, little-endian.
  @inlinable public mutating func append(_ value: UInt64) {
    append(inOrder: value.littleEndian)
  }

  /// Eight bytes, two's complement, little-endian.
  @inlinable public mutating func append(_ value: Int64) { append(UInt64(bitPattern: value)) }
  /// Eight bytes, the bit pattern of IEEE 754 binary64, little-endian.
  @inlinable public mutating func append(_ value: Double) { append(value.bitPattern) }
  /// Eight bytes, nanoseconds.
  @inlinable public mutating func append(_ value: Instant) { append(value.nanoseconds) }

  /// Length (16 bits) and bytes.
  public mutating func append(_ frame: Frame) {
    append(UInt16(frame.count))
    var own = frame
    for index in 0..<own.count { bytes.append(own.byte(index)) }
  }

  /// Length in bytes (32 bits) and UTF-8.
  public mutating func append(text: String) {
    let utf8 = text.utf8
    append(UInt32(utf8.count))
    for byte in utf8 { bytes.append(byte) }
  }
}

/// Why a payload can not be read.
public enum RecordFault: Error, Equatable, Sendable {
  /// The payload ends at `offset`, before a value that starts there.
  case truncated(offset: Int)
  /// A value at `offset` is none that this version knows.
  case unknownValue(offset: Int, UInt64)
  /// Bytes are left over from `offset` on.
  case excess(offset: Int)
}

/// Reads what a `RecordEncoder` wrote.
public struct RecordDecoder {
  let bytes: [UInt8]
  /// Where the next value starts.
  public private(set) var offset = 0

  /// Starts at the beginning of a payload.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func integer(_ width: Int) throws(RecordFault) -> UInt64 {
    guard offset + width <= bytes.count else { throw .truncated(offset: offset) }
    var value: UInt64 = 0
    for index in 0..<width { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    offset += width
    return value
  }

  /// The next byte.
  public mutating func uint8() throws(RecordFault) -> UInt8 { UInt8(try integer(1)) }
  /// The next two bytes.
  public mutating func uint16() throws(RecordFault) -> UInt16 { UInt16(try integer(2)) }
  /// The next four bytes.
  public mutating func uint32() throws(RecordFault) -> UInt32 { UInt32(try integer(4)) }
  /// The next eight bytes.
  public mutating func uint64() throws(RecordFault) -> UInt64 { try integer(8) }
  /// The next eight bytes as a signed integer.
  public mutating func int64() throws(RecordFault) -> Int64 { Int64(bitPattern: try integer(8)) }
  /// The next eight bytes as a floating-point number.
  public mutating func double() throws(RecordFault) -> Double { Double(bitPattern: try integer(8)) }
  /// The next eight bytes as an instant.
  public mutating func instant() throws(RecordFault) -> Instant { Instant(nanoseconds: try int64()) }

  /// The next byte as a truth value; anything but 0 and 1 is a fault.
  public mutating func bool() throws(RecordFault) -> Bool {
    let at = offset
    let value = try integer(1)
    guard value <= 1 else { throw .unknownValue(offset: at, value) }
    return value == 1
  }

  /// The next frame with its length; at most 256 bytes.
  public mutating func frame() throws(RecordFault) -> Frame {
    let at = offset
    let count = Int(try integer(2))
    guard count <= Frame.capacity else { throw .unknownValue(offset: at, UInt64(count)) }
    guard offset + count <= bytes.count else { throw .truncated(offset: offset) }
    var frame = Frame()
    for index in 0..<count { frame.append(bytes[offset + index]) }
    offset += count
    return frame
  }

  /// The next text with its length; bytes that are no UTF-8 are replaced by U+FFFD.
  public mutating func text() throws(RecordFault) -> String {
    let count = Int(try integer(4))
    guard offset + count <= bytes.count else { throw .truncated(offset: offset) }
    let text = String(decoding: bytes[offset..<offset + count], as: UTF8.self)
    offset += count
    return text
  }

  /// Whether everything was read.
  public var isAtEnd: Bool { offset == bytes.count }

  /// Checks that nothing is left over.
  public func finish() throws(RecordFault) {
    guard offset == bytes.count else { throw .excess(offset: offset) }
  }
}
