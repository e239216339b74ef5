/// Up to 256 bytes that travel together, stored in place: making, copying and dropping one allocates nothing.
@frozen public struct Frame: Sendable {
  /// The most bytes a frame can hold.
  public static let capacity = 256

  @usableFromInline var storage: InlineArray<256, UInt8>
  @usableFromInline var used: Int

  /// How many bytes are in use, 0...256.
  @inlinable public var count: Int { used }

  /// An empty frame.
  @inlinable public init() {
    storage = InlineArray(repeating: 0)
    used = 0
  }

  /// A frame with the given bytes; at most 256, more is a programming error.
  @inlinable public init(_ bytes: some Sequence<UInt8>) {
    self.init()
    for byte in bytes { append(byte) }
  }

  /// A frame with the bytes of a literal of ASCII text.
  @inlinable public init(ascii text: StaticString) {
    self.init()
    for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
  }

  /// Whether another byte would not fit.
  @inlinable public var isFull: Bool { used == Self.capacity }
  /// Whether there is no byte.
  @inlinable public var isEmpty: Bool { used == 0 }

  /// Adds one byte; the frame must not be full.
  @inlinable public mutating func append(_ byte: UInt8) {
    precondition(used < Self.capacity, "a frame holds at most 256 bytes")
    storage[used] = byte
    used += 1
  }

  /// Adds the bytes of a literal of ASCII text.
  @inlinable public mutating func append(ascii text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
  }

  /// Empties the frame.
  @inlinable public mutating func removeAll() { used = 0 }

  /// The byte at `index` of a frame that the caller owns; changes nothing.
  ///
  /// Reading a byte of a frame that is only lent copies the whole frame first, so a loop over many bytes takes a frame of
  /// its own and reads it in place.
  @inlinable public mutating func byte(_ index: Int) -> UInt8 {
    precondition(index >= 0 && index < used, "index outside the frame")
    return storage[index]
  }

  /// The byte at `index`, 0..<count.
  @inlinable public subscript(index: Int) -> UInt8 {
    get {
      precondition(index >= 0 && index < used, "index outside the frame")
      return storage[index]
    }
    set {
      precondition(index >= 0 && index < used, "index outside the frame")
      storage[index] = newValue
    }
  }
}

extension Frame: RandomAccessCollection {
  /// Always 0.
  @inlinable public var startIndex: Int { 0 }
  /// The number of bytes.
  @inlinable public var endIndex: Int { used }
}

extension Frame: Equatable {
  /// Whether both hold the same bytes.
  public static func == (a: Frame, b: Frame) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a.storage[index] != b.storage[index] { return false }
    return true
  }
}
