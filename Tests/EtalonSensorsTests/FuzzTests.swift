import EtalonCore
import EtalonMetrology
import Foundation
import XCTest

@testable import EtalonSensors

/// Random streams into each driver: it never traps, comes to rest, reports once, and reports nothing but what a
/// well-formed line said, judged by a second reading of the same lines with the library's own parser.
final class FuzzTests: XCTestCase {
  /// Streams into each driver; `ETALON_FUZZ_STREAMS` changes it, for example to 100 000 in a soak.
  private var streams: Int { ProcessInfo.processInfo.environment["ETALON_FUZZ_STREAMS"].flatMap { Int($0) } ?? 20_000 }

  /// Feeds one driver; `witness` says whether a good report follows from the lines delivered since the request.
  private func fuzz<D: Driver>(
    _ name: String, _ make: () -> D, requests: [DeviceRequest], answers: [String],
    witness: (DeviceReport, [[UInt8]]) -> Bool
  ) {
    let templates = answers.map { Array($0.utf8) }
    var random = RandomStream(seed: 0x5EED, stream: UInt64(name.utf8.reduce(0) { $0 + Int($1) }))
    var driver = make()
    var now = Instant(nanoseconds: 0)
    var good = 0
    var faults = 0
    for stream in 0..<streams {
      if stream % 64 == 0 { driver = make() }
      var lines: [[UInt8]] = [[]]
      var reported = 0
      func check(_ step: DriverStep) -> String? {
        if let report = step.report {
          reported += 1
          if report.fault == nil {
            good += 1
            if !witness(report, lines) { XCTFail("\(name), stream \(stream): \(report) does not follow from \(lines)") }
          } else {
            faults += 1
          }
        }
        return step.send?.text
      }
      let request = requests[Int(random.next() % UInt64(requests.count))]
      var pending = check(driver.start(request, at: now))
      var turns = 0
      while driver.isBusy {
        turns += 1
        guard turns < 400 else { return XCTFail("\(name), stream \(stream): no rest") }
        if let deadline = driver.deadline, turns > 40 || random.next() & 3 == 0 {
          now = max(now, deadline)
          pending = check(driver.wake(at: now)) ?? pending
          continue
        }
        var bytes = templates[Int(random.next() % UInt64(templates.count))]
        if let sent = pending, let enable = sent.range(of: "*ESE ") {
          let tag = sent[enable.upperBound...].prefix { $0 != ";" }
          if random.next() & 7 != 0 { bytes = Array("\(tag);".utf8) + bytes }
        }
        pending = nil
        switch random.next() & 7 {
        case 0: bytes = (0..<Int(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        case 1: bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() & 7)
        case 2: bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
        case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: Int(random.next() % UInt64(bytes.count)))
        case 4 where random.next() & 31 == 0: bytes = Array(repeating: 0x31, count: 300)
        case 5 where random.next() & 15 == 0:
          pending = check(driver.receive(LineErrors(rawValue: UInt8(random.next() & 15)), at: now))
        default: break
        }
        var index = 0
        while index < bytes.count {
          let end = min(bytes.count, index + 1 + Int(random.next() % 32))
          let first = now
          now = now + Int64(random.next() % 40_000_000)
          for byte in bytes[index..<end] {
            if byte == 0x0A { lines.append([]) } else { lines[lines.count - 1].append(byte) }
          }
          pending = check(driver.receive(Frame(bytes[index..<end]), first: first, at: now)) ?? pending
          index = end
        }
      }
      if reported != 1 { XCTFail("\(name), stream \(stream): \(reported) reports") }
      now = now + 1_000_000_000
    }
    XCTAssertGreaterThan(good, streams / 50, "\(name): good answers must be among the streams")
    XCTAssertGreaterThan(faults, streams / 20, "\(name): faults must be among the streams")
  }

  /// The lines as text without CR, and the same without a leading number and semicolon.
  private func texts(_ lines: [[UInt8]]) -> [String] {
    lines.flatMap { line -> [String] in
      var text = String(decoding: line, as: UTF8.self)
      if text.hasSuffix("\r") { text.removeLast() }
      // An echo that ended with CR alone stands before the answer.
      let behindEcho = text.split(separator: "\r", omittingEmptySubsequences: false).last.map(String.init) ?? text
      guard let cut = text.firstIndex(of: ";") else { return [text, behindEcho] }
      return [text, behindEcho, String(text[text.index(after: cut)...])]
    }
  }

  func testHart1502A() {
    fuzz(
      "hart_1502a", { Hart1502A(options: SensorOptions()) }, requests: [.identify, .read, .read],
      answers: [
        "t:  125.745 C\r\n", "T\r\nt:   -0.125 C\r\n", "HART,1502A,A12345,1.02\r\n", "HART,1502A,0,1\r\n", "sn: 12\r\n",
      ]
    ) { report, lines in
      switch report {
      case .reading(let reading):
        return texts(lines).contains { text in
          guard text.hasPrefix("t: "), text.utf8.count == 13 || text.utf8.count == 22 else { return false }
          let words = text.split(separator: " ")
          return words.count >= 3 && Double(words[1]) == reading.value && words[2] == "C"
        }
      case .identity(let identity):
        return texts(lines).contains { $0 == identity.text.text && $0.split(separator: ",").count >= 3 }
      default: return false
      }
    }
  }

  func testDT100() {
    let set = "+3.000000000000E+01,+3.000000000000E+01,+0.000000000000E+00,+0.000000000000E+00"
    let frame = Frame(set)
    let digits = String(CRC32.checksum(frame, 0..<frame.count), radix: 16, uppercase: true)
    let sum = "#H" + String(repeating: "0", count: 8 - digits.count) + digits
    fuzz(
      "dt100", { DT100(options: SensorOptions()) },
      requests: [.identify, .read, .read, .readAdjustment, .writeAdjustment(Coefficients(30, 30, 0, 0))],
      answers: [
        "17,8421376,+30.23,3\n", "18,0,+9.9E+37,3\n", "ETALON,DT100,0042,1.0\n", "\(set);3;\(sum)\n",
        "\(set);4;\(sum)\n",
        "3\n", "0;0,\"No error\"\n", "1;0,\"No error\"\n", "\(set);0,\"No error\"\n", "4;0,\"No error\"\n",
        "1;-221,\"Settings conflict\"\n",
      ]
    ) { report, lines in
      switch report {
      case .reading(let reading):
        return texts(lines).contains { text in
          let fields = text.split(separator: ",", omittingEmptySubsequences: false)
          guard fields.count == 4, let conversion = UInt32(fields[0]), let raw = Double(fields[1]) else { return false }
          return conversion == reading.conversion && (raw - 8_388_608) / 4_194_304 == reading.raw
            && Double(fields[2]) == reading.value
        }
      case .identity(let identity): return texts(lines).contains(identity.text.text)
      case .adjustment(let adjustment):
        return texts(lines).contains { text in
          let units = text.split(separator: ";", omittingEmptySubsequences: false)
          guard units.count == 3, let count = UInt32(units[1]) else { return false }
          let values = units[0].split(separator: ",").compactMap { Double($0) }
          return count == adjustment.count && values.count == 4 && values[0] == adjustment.coefficients.c0
            && values[1] == adjustment.coefficients.c1
        }
      default: return false
      }
    }
  }

  func testBC200() {
    fuzz(
      "bc200", { BC200(options: SensorOptions(deadManSeconds: 30)) },
      requests: [.identify, .drive(watts: 345.6), .makeSafe, .readEnvironment],
      answers: [
        "ETALON,BC200,0007,1.0\n", "30.0;0,\"No error\"\n", "1,345.60,29.8,0;0,\"No error\"\n", "0,345.60,0.0,1\n",
        "+23.05,45.2,101325\n", "1,345.60,29.8,0;-222,\"Data out of range\"\n",
      ]
    ) { report, lines in
      switch report {
      case .identity(let identity): return texts(lines).contains(identity.text.text)
      case .actuator(let state):
        return texts(lines).contains { text in
          let fields = text.split(separator: ";")[0].split(separator: ",", omittingEmptySubsequences: false)
          return fields.count == 4 && fields[0] == (state.isOn ? "1" : "0") && Double(fields[1]) == state.watts
            && Double(fields[2]) == state.deadManSeconds
        }
      case .environment(let environment):
        return texts(lines).contains { text in
          let fields = text.split(separator: ",", omittingEmptySubsequences: false).compactMap { Double($0) }
          return fields == [environment.celsius, environment.relativeHumidityPercent, environment.pascals]
        }
      default: return false
      }
    }
  }
}
