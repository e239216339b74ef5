import EtalonCore
import Glibc

/// The bytes of one terminal, real or pseudo: reads and writes that never wait. Closes its descriptor at its end.
struct TerminalStream: ~Copyable {
  /// The most bytes that wait for the wire: more than any device's longest exchange.
  static let queueBytes = 65_536

  let descriptor: Int32
  private var queue: [UInt8] = []
  private var queueStart = 0

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { Glibc.close(descriptor) }

  /// Whether bytes wait for the wire to take them.
  var isBlocked: Bool { queueStart < queue.count }

  /// Writes what the wire takes now and keeps the rest.
  mutating func write(_ frame: Frame) throws(PortFault) {
    guard queue.count - queueStart + frame.count <= Self.queueBytes else { throw .inputOutput }
    for byte in frame { queue.append(byte) }
    try flush()
  }

  /// Goes on with the bytes that wait.
  mutating func flush() throws(PortFault) {
    while isBlocked {
      let count = queue.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + queueStart, $0.count - queueStart)
      }
      if count > 0 {
        queueStart += count
      } else if count < 0 && errno == EAGAIN {
        break
      } else if count < 0 && errno != EINTR {
        throw Self.fault(errno)
      } else if count == 0 {
        throw .hangUp
      }
    }
    if !isBlocked {
      queue.removeAll(keepingCapacity: true)
      queueStart = 0
    } else if queueStart > Self.queueBytes / 2 {
      queue.removeFirst(queueStart)
      queueStart = 0
    }
  }

  /// Drops the bytes that wait.
  mutating func discard() {
    queue.removeAll(keepingCapacity: true)
    queueStart = 0
  }

  /// The bytes that have arrived, at most 256; none is not a fault.
  mutating func read() throws(PortFault) -> Frame {
    var bytes: InlineArray<256, UInt8> = InlineArray(repeating: 0)
    while true {
      let count = withUnsafeMutableBytes(of: &bytes) { Glibc.read(descriptor, $0.baseAddress!, $0.count) }
      if count > 0 {
        var frame = Frame()
        for index in 0..<count { frame.append(bytes[index]) }
        return frame
      }
      // A terminal that is still there answers "try again", never "end of file".
      if count == 0 { throw .hangUp }
      if errno == EAGAIN { return Frame() }
      if errno != EINTR { throw Self.fault(errno) }
    }
  }

  /// The class of an error of reading or writing.
  static func fault(_ code: Int32) -> PortFault {
    switch code {
    case EIO, ENODEV, ENXIO, EPIPE: .hangUp
    default: .inputOutput
    }
  }
}
