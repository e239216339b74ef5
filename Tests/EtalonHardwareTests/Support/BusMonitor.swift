import Glibc

/// What the host asks of serial devices over USB, as the kernel's usbmon shows it (Documentation/usb/usbmon.rst): a witness
/// that is no part of the code under test.
final class BusMonitor {
  private let descriptor: Int32

  init() throws {
    let path = "/sys/kernel/debug/usb/usbmon/0u"
    try VirtualBoard.require(path, "view of its USB buses (CONFIG_USB_MON, debugfs mounted)")
    descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw VirtualBoard.Missing(reason: "\(path) can not be opened") }
  }

  deinit { close(descriptor) }

  /// Requests for control lines and breaks that were submitted since the last call: request and value in hexadecimal
  /// digits without leading zeros, for example `22 3`.
  func take() throws -> [String] {
    var text = ""
    var bytes = [UInt8](repeating: 0, count: 4096)
    // The monitor hands out whole lines, one event with each reading.
    while true {
      let count = read(descriptor, &bytes, bytes.count)
      guard count > 0 else { break }
      text += String(decoding: bytes[..<count], as: UTF8.self)
    }
    var requests: [String] = []
    for line in text.split(separator: "\n") {
      // Tag, time, S for submission, address, s for a setup packet, type 21 (class, to an interface), request, value.
      let words = line.split(separator: " ")
      guard words.count > 7, words[2] == "S", words[4] == "s", words[5] == "21", words[6] == "22" || words[6] == "23"
      else { continue }
      let value = words[7].drop { $0 == "0" }
      requests.append("\(words[6]) \(value.isEmpty ? "0" : value)")
    }
    return requests
  }
}
