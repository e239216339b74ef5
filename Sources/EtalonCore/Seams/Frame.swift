/// Up to 256 bytes that travel together, stored in place: making, copying and dropping one allocates nothing.
@frozen public struct Frame: Sendable {
  /// The most bytes a frame can hold.
  public static let capacity = 256

  @usableFromInline var storage: InlineArray<256, UInt8>
  /// How many bytes are in use, 0...256.
  public internal(set) var count: Int

  /// An empty frame.
  public init() {
    storage = InlineArray(repeating: 0)
    count = 0
  }

  /// A frame with the given bytes; at most 256, more is a programming error.
  public init(_ bytes: some Sequence<UInt8>) {
    self.init()
    for byte in bytes { append(byte) }
  }

  /// A frame with the bytes of a literal of ASCII text.
  public init(ascii text: StaticString) {
    self.init()
    for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
  }

  /// Whether another byte would not fit.
  public var isFull: Bool { count == Self.capacity }
  /// Whether there is no byte.
  public var isEmpty: Bool { count == 0 }

  /// Adds one byte; the frame must not be full.
  public mutating func append(_ byte: UInt8) {
    precondition(count < Self.capacity, "a frame holds at most 256 bytes")
    storage[count] = byte
    count += 1
  }

  /// Adds the bytes of a literal of ASCII text.
  public mutating func append(ascii text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
  }

  /// Empties the frame.
  public mutating func removeAll() { count = 0 }

  /// The byte at `index`, 0..<count.
  public subscript(index: Int) -> UInt8 {
    get {
      precondition(index >= 0 && index < count, "index outside the frame")
      return storage[index]
    }
    set {
      precondition(index >= 0 && index < count, "index outside the frame")
      storage[index] = newValue
    }
  }
}

extension Frame: RandomAccessCollection {
  /// Always 0.
  public var startIndex: Int { 0 }
  /// The number of bytes.
  public var endIndex: Int { count }
}

extension Frame: Equatable {
  /// Whether both hold the same bytes.
  public static func == (a: Frame, b: Frame) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a.storage[index] != b.storage[index] { return false }
    return true
  }
}
