import Glibc

/// Walks through the frames of a ledger, from a file or from memory, in a buffer of fixed size.
struct FrameStream: ~Copyable {
  /// What was found at the present offset.
  enum Step {
    /// A sound frame with the sequence number that was due; it is the next `bytes` bytes of the buffer.
    case frame(bytes: Int)
    /// The end, right after a frame.
    case end
    /// The end, in the middle of a frame that was never completed.
    case torn(bytes: Int)
    /// The bytes are not what was written. `skip` leads to the next frame if the frame's own length seems sound.
    case damaged(LedgerDamage, skip: Int?)
  }

  private static let frameBytes = LedgerFormat.maximumPayloadBytes + LedgerFormat.overheadBytes

  private let path: String
  private let descriptor: Int32
  private let capacity: Int
  private let buffer: UnsafeMutableRawPointer
  private var start = 0
  private var end = 0
  private var isComplete = false
  /// Offset in the file of the next byte.
  private(set) var offset: UInt64 = 0

  /// Opens a file and checks its header.
  init(path: String) throws(LedgerFault) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    capacity = 4 * Self.frameBytes
    buffer = .allocate(byteCount: capacity, alignment: 64)
    guard descriptor >= 0 else { throw LedgerFault(code: errno, path: path) }
    try checkHeader()
  }

  /// Reads from memory and checks the header.
  init(bytes: [UInt8], name: String) throws(LedgerFault) {
    path = name
    descriptor = -1
    capacity = max(1, bytes.count)
    buffer = .allocate(byteCount: capacity, alignment: 64)
    bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: buffer, count: capacity).copyMemory(from: $0) }
    end = bytes.count
    isComplete = true
    try checkHeader()
  }

  deinit {
    if descriptor >= 0 { Glibc.close(descriptor) }
    buffer.deallocate()
  }

  /// The next `count` bytes.
  func view(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: buffer + start, count: count) }

  /// Goes on by `count` bytes, which must be in the buffer.
  mutating func advance(_ count: Int) {
    start += count
    offset += UInt64(count)
  }

  private mutating func checkHeader() throws(LedgerFault) {
    try fill()
    let header = LedgerFormat.header()
    guard end - start >= header.count else { throw .damaged(path: path, offset: 0, .header) }
    if !view(header.count).elementsEqual(header) {
      let check = view(header.count).loadUnaligned(fromByteOffset: 12, as: UInt32.self)
      let version = UInt32(littleEndian: view(header.count).loadUnaligned(fromByteOffset: 8, as: UInt32.self))
      let isSound = view(8).elementsEqual(header[..<8]) && UInt32(littleEndian: check) == CRC32C.checksum(view(12))
      throw .damaged(path: path, offset: 0, isSound ? .version(version) : .header)
    }
    advance(header.count)
  }

  /// Makes sure that the greatest frame and one more are in the buffer, or all that is left of the file.
  private mutating func fill() throws(LedgerFault) {
    guard !isComplete && end - start < 2 * Self.frameBytes else { return }
    buffer.copyMemory(from: buffer + start, byteCount: end - start)
    end -= start
    start = 0
    while end < capacity {
      let count = Glibc.read(descriptor, buffer + end, capacity - end)
      if count > 0 {
        end += count
      } else if count == 0 {
        isComplete = true
        return
      } else if errno != EINTR {
        throw LedgerFault(code: errno, path: path)
      }
    }
  }

  /// Looks at what comes next; `due` is the sequence number that the next frame must have.
  mutating func step(due: UInt64) throws(LedgerFault) -> Step {
    try fill()
    let left = end - start
    if left == 0 { return .end }
    guard left >= 4 else { return .torn(bytes: left) }
    let length = Self.length(buffer + start)
    guard length <= LedgerFormat.maximumPayloadBytes else { return .damaged(.length(length), skip: nil) }
    let bytes = Int(length) + LedgerFormat.overheadBytes
    guard bytes <= left else { return classifyTail(left, length: length, due: due) }
    let (expected, received) = Self.checksums(buffer + start, payloadBytes: Int(length))
    guard expected == received else {
      let leads = bytes == left || isSoundFrame(at: start + bytes)
      return .damaged(.checksum(expected: expected, received: received), skip: leads ? bytes : nil)
    }
    let sequence = Self.sequence(buffer + start)
    guard sequence == due else { return .damaged(.sequence(expected: due, received: sequence), skip: bytes) }
    return .frame(bytes: bytes)
  }

  /// Decides whether the last bytes of the file, which end before the frame that starts them, were cut off when the
  /// recorder ended or are a complete frame with a damaged length.
  private func classifyTail(_ left: Int, length: UInt32, due: UInt64) -> Step {
    // As much of the sequence number as is there must be the one that is due.
    for index in 0..<min(8, max(0, left - 5)) {
      let byte = buffer.load(fromByteOffset: start + 5 + index, as: UInt8.self)
      if byte != UInt8(truncatingIfNeeded: due >> UInt64(8 * index)) { return .damaged(.length(length), skip: nil) }
    }
    // A later frame that is sound shows that the recorder went on.
    var place = start + 1
    while end - place >= LedgerFormat.overheadBytes {
      // Numbers that a frame in these bytes can have; this also spares most places the checksum.
      let sequence = Self.sequence(buffer + place)
      if sequence >= due, sequence - due <= UInt64(left), isSoundFrame(at: place) {
        return .damaged(.length(length), skip: nil)
      }
      place += 1
    }
    // With one other byte in the length, is it a complete frame?
    for index in 0..<4 {
      for byte in 0...255 as ClosedRange<UInt32> {
        let shift = UInt32(8 * index)
        let other = length & ~(0xFF << shift) | byte << shift
        guard other != length, Int(other) + LedgerFormat.overheadBytes <= left else { continue }
        var check = CRC32C()
        withUnsafeBytes(of: other.littleEndian) { check.update($0) }
        let covered = LedgerFormat.prefixBytes + Int(other)
        check.update(UnsafeRawBufferPointer(start: buffer + start + 4, count: covered - 4))
        let stored = buffer.loadUnaligned(fromByteOffset: start + covered, as: UInt32.self)
        if UInt32(littleEndian: stored) == check.value { return .damaged(.length(length), skip: nil) }
      }
    }
    return .torn(bytes: left)
  }

  /// Whether a complete frame with a valid checksum starts at this place of the buffer.
  private func isSoundFrame(at place: Int) -> Bool {
    guard end - place >= LedgerFormat.overheadBytes else { return false }
    let length = Self.length(buffer + place)
    guard length <= LedgerFormat.maximumPayloadBytes, Int(length) + LedgerFormat.overheadBytes <= end - place else {
      return false
    }
    let (expected, received) = Self.checksums(buffer + place, payloadBytes: Int(length))
    return expected == received
  }

  private static func length(_ frame: UnsafeMutableRawPointer) -> UInt32 {
    UInt32(littleEndian: frame.loadUnaligned(as: UInt32.self))
  }

  private static func sequence(_ frame: UnsafeMutableRawPointer) -> UInt64 {
    UInt64(littleEndian: frame.loadUnaligned(fromByteOffset: 5, as: UInt64.self))
  }

  /// The checksum of the bytes there and the one that stands behind them.
  private static func checksums(
    _ frame: UnsafeMutableRawPointer, payloadBytes: Int
  ) -> (expected: UInt32, received: UInt32) {
    let covered = LedgerFormat.prefixBytes + payloadBytes
    let stored = frame.loadUnaligned(fromByteOffset: covered, as: UInt32.self)
    return (CRC32C.checksum(UnsafeRawBufferPointer(start: frame, count: covered)), UInt32(littleEndian: stored))
  }
}
