import EtalonCore
import EtalonSensors
import Foundation
import XCTest

extension Frame {
  /// The frame as text; test material is ASCII.
  var text: String { String(decoding: self, as: UTF8.self) }

  init(_ text: String) { self.init(text.utf8) }
}

extension DeviceReport {
  var fault: ExchangeFault? { if case .fault(let fault) = self { fault } else { nil } }
  var reading: Reading? { if case .reading(let reading) = self { reading } else { nil } }
  var identity: DeviceIdentity? { if case .identity(let identity) = self { identity } else { nil } }
  var adjustment: Adjustment? { if case .adjustment(let adjustment) = self { adjustment } else { nil } }
  var actuator: ActuatorState? { if case .actuator(let state) = self { state } else { nil } }
  var environment: Environment? { if case .environment(let environment) = self { environment } else { nil } }
}

/// A driver, a clock that the test moves, and everything that was said: bytes go in by hand or from a stub.
struct Dialogue<D: Driver> {
  var driver: D
  var now = Instant(nanoseconds: 1_000_000_000_000)
  /// Every frame sent, with its confidentiality.
  var sent: [(text: String, isConfidential: Bool)] = []
  var reports: [DeviceReport] = []
  /// Nanoseconds between two bytes that a stub sends.
  let characterNanoseconds: Int64 = 1_041_666

  init(_ driver: D) { self.driver = driver }

  var last: DeviceReport? { reports.last }

  private mutating func note(_ step: DriverStep) -> String? {
    if let report = step.report { reports.append(report) }
    guard let frame = step.send else { return nil }
    sent.append((frame.text, step.confidential))
    return frame.text
  }

  /// Starts a request and returns the text that the driver sends.
  @discardableResult
  mutating func start(_ request: DeviceRequest) -> String? { note(driver.start(request, at: now)) }

  /// Delivers text in pieces of `size` bytes, each byte one character time after the one before, the first of them
  /// `afterMilliseconds` from now; returns what the driver sends in answer to the last piece.
  @discardableResult
  mutating func deliver(_ text: String, size: Int = 256, afterMilliseconds: Int64 = 30) -> String? {
    deliver(bytes: Array(text.utf8), size: size, afterMilliseconds: afterMilliseconds)
  }

  @discardableResult
  mutating func deliver(bytes: [UInt8], size: Int = 256, afterMilliseconds: Int64 = 30) -> String? {
    now = now + afterMilliseconds * 1_000_000
    var index = 0
    var next: String?
    while index < bytes.count {
      let end = min(index + size, bytes.count)
      let first = now
      now = now + Int64(end - index - 1) * characterNanoseconds
      next = note(driver.receive(Frame(bytes[index..<end]), first: first, at: now)) ?? next
      now = now + characterNanoseconds
      index = end
    }
    return next
  }

  @discardableResult
  mutating func deliver(errors: LineErrors) -> String? { note(driver.receive(errors, at: now)) }

  mutating func lose(_ fault: PortFault) { _ = note(driver.lose(fault, at: now)) }

  /// Moves the clock to the deadline and wakes the driver; returns what it sends.
  @discardableResult
  mutating func wake() -> String? {
    guard let deadline = driver.deadline else { return nil }
    now = max(now, deadline)
    return note(driver.wake(at: now))
  }

  /// Wakes until the driver is free, without an answer from anybody; returns how often it was woken.
  @discardableResult
  mutating func wakeUntilFree() -> Int {
    var count = 0
    while driver.isBusy && count < 100 {
      wake()
      count += 1
    }
    return count
  }

  /// Runs a request against a stub until the driver is free: the stub gets each frame sent and gives the answer or nil.
  @discardableResult
  mutating func run(_ request: DeviceRequest, size: Int = 256, stub: (String) -> String?) -> DeviceReport? {
    reports.removeAll()
    var pending = start(request)
    var rounds = 0
    while driver.isBusy && rounds < 100 {
      if let message = pending, let answer = stub(message) {
        pending = deliver(answer, size: size)
      } else {
        pending = wake()
      }
      rounds += 1
    }
    XCTAssertLessThan(rounds, 100, "the driver does not come to rest")
    XCTAssertEqual(reports.count, 1, "one request, one report")
    return reports.last
  }
}

/// The answer line to a message that asks for its number in front, or without a number when it does not ask.
func numbered(_ message: String, _ answer: String) -> String {
  guard let enable = message.range(of: "*ESE ") else { return answer + "\n" }
  return message[enable.upperBound...].prefix { $0 != ";" } + ";" + answer + "\n"
}

/// A stub of a SCPI device: takes the frame apart as IEEE 488.2 does and answers queries from a closure of the test.
struct SCPIStub {
  /// Every message unit with a command, in order.
  var commands: [String] = []
  /// Every query, in order.
  var queries: [String] = []
  /// The entry that `SYST:ERR?` gives; the test may change it while running.
  var errorEntry = "0,\"No error\""
  private var enable = ""

  /// The answer to one frame; `answer` gives that to the query without `*ESE?` and `SYST:ERR?`.
  mutating func reply(to frame: String, answer: (String) -> String?) -> String? {
    var reply: String?
    for message in frame.split(whereSeparator: { $0 == "\n" || $0 == "\r" }) {
      var query = message[...]
      var parts: [String] = []
      if query.hasPrefix("*ESE ") {
        let units = query.split(separator: ";", maxSplits: 2)
        enable = String(units[0].dropFirst(5))
        parts.append(enable)
        query = units[2]
      }
      guard query.contains("?") else {
        commands.append(String(query))
        continue
      }
      let asksError = query.hasSuffix(";:SYST:ERR?")
      if asksError { query = query.dropLast(11) }
      queries.append(String(query))
      guard let text = answer(String(query)) else { continue }
      parts.append(text)
      if asksError { parts.append(errorEntry) }
      reply = parts.joined(separator: ";") + "\n"
    }
    return reply
  }
}
