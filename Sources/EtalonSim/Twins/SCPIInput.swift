import EtalonCore

/// The input buffer of a SCPI device: bytes in, program messages out.
struct SCPIInput {
  /// Longest program message without its terminator.
  static let limit = 255

  /// What is in front of the buffer.
  enum Next: Equatable {
    case nothing
    case message
    /// A line longer than the limit was discarded.
    case overrun
  }

  private var bytes: [UInt8] = []
  private var head = 0
  private var isOverlong = false

  init() { bytes.reserveCapacity(512) }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    head = 0
    isOverlong = false
  }

  mutating func take(_ frame: Frame) {
    var own = frame
    for index in 0..<own.count { bytes.append(own.byte(index)) }
  }

  /// Puts the next complete message into `line`, without LF or CR LF.
  mutating func next(into line: inout [UInt8]) -> Next {
    var end = head
    while end < bytes.count, bytes[end] != 0x0A { end += 1 }
    guard end < bytes.count else {
      if end - head > Self.limit + 1 {
        // The line is lost already; its bytes need not be kept.
        isOverlong = true
        bytes.removeAll(keepingCapacity: true)
        head = 0
      } else if head > 0 {
        bytes.removeSubrange(0..<head)
        head = 0
      }
      return .nothing
    }
    var last = end
    if last > head, bytes[last - 1] == 0x0D { last -= 1 }
    let first = head
    head = end + 1
    defer {
      if head == bytes.count {
        bytes.removeAll(keepingCapacity: true)
        head = 0
      }
    }
    if isOverlong || last - first > Self.limit {
      isOverlong = false
      return .overrun
    }
    line.removeAll(keepingCapacity: true)
    for index in first..<last { line.append(bytes[index]) }
    return .message
  }
}
