import EtalonCore
import EtalonLinux
import Glibc
import XCTest

/// The device's own end of a cable, where the test answers in the device's place. When the device is unplugged, the kernel
/// hangs this end up as well: it is opened anew for the next time.
final class FarSide {
  private let descriptor: Int32

  init(_ device: USBSerialDevice) throws {
    descriptor = open(device.farPath, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw VirtualBoard.Missing(reason: "\(device.farPath) can not be opened") }
    var settings = termios()
    guard tcgetattr(descriptor, &settings) == 0 else { throw VirtualBoard.Missing(reason: "no terminal") }
    cfmakeraw(&settings)
    guard tcsetattr(descriptor, TCSANOW, &settings) == 0 else { throw VirtualBoard.Missing(reason: "not raw") }
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    XCTAssertEqual(write(descriptor, bytes, bytes.count), bytes.count, "the cable takes a short answer at once")
  }

  /// Holds the line for a quarter of a second, as a receiver sees a break.
  func sendBreak() { XCTAssertEqual(tcsendbreak(descriptor, 0), 0) }

  /// What has arrived by now.
  func take() -> String {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = read(descriptor, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
  }

  /// Waits until a whole line has arrived.
  func takeLine() throws -> String {
    var text = ""
    try VirtualBoard.wait("a line at the device") {
      text += take()
      return text.hasSuffix("\r") || text.hasSuffix("\n")
    }
    return text
  }
}

extension LinuxWorld {
  /// The next input, which must come within a test's patience.
  mutating func next() -> Input {
    nextInput(until: now() + Int64(VirtualBoard.patienceSeconds * 1e9)).input
  }

  /// Sends a text and waits for the device's answer, at most a reply's time; nil when it is silent or away.
  mutating func ask(_ text: String, of far: FarSide, answer: String) throws -> String? {
    perform(.send(0, Frame(text: text), confidential: false))
    guard try far.takeLine() == text else { return nil }
    far.send(answer)
    var received = ""
    let deadline = now() + 1_000_000_000
    while received.utf8.count < answer.utf8.count {
      guard case .bytes(0, let frame, _) = nextInput(until: deadline).input else { return nil }
      received += String(decoding: Array(frame), as: UTF8.self)
    }
    return received
  }
}

extension Frame {
  /// A frame of a text.
  init(text: String) {
    self.init()
    for byte in text.utf8 { append(byte) }
  }
}
