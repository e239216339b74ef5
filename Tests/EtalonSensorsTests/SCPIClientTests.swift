import EtalonCore
import XCTest

@testable import EtalonSensors

final class SCPIClientTests: XCTestCase {
  private let start = Instant(nanoseconds: 1_000_000_000)

  private func client() -> SCPIClient {
    SCPIClient(
      exchange: LineExchange(
        settings: SerialSettings(baud: 9600),
        timing: LineExchange.Timing(
          replyNanoseconds: 500_000_000, gapNanoseconds: 100_000_000, quietNanoseconds: 50_000_000)))
  }

  private func receive(_ text: String, _ client: inout SCPIClient) -> LineExchange.Event {
    client.receive(Frame(text), first: start + 30_000_000, at: start + 40_000_000)
  }

  private func answer(_ client: SCPIClient) -> String {
    String(decoding: client.reply[client.answer.lowerBound..<client.answer.upperBound], as: UTF8.self)
  }

  func testFirstExchangeClearsTheDevice() {
    var client = client()
    let frame = client.begin(
      commands: Frame(ascii: "SAMP:COUN 3"), query: Frame(ascii: "READ?"), checksErrors: true, at: start)
    XCTAssertEqual(frame.text, "\n*CLS\nSAMP:COUN 3\n*ESE 1;*ESE?;READ?;:SYST:ERR?\n")
    XCTAssertEqual(receive("1;+1.00000310E+00;+0,\"No error\"\r\n", &client), .reply)
    XCTAssertEqual(answer(client), "+1.00000310E+00")
    XCTAssertTrue(client.isSynchronised)
  }

  /// SCPI-99 vol. 2, 21.8: the description may hold device-dependent information behind a semicolon.
  func testErrorEntryWithSemicolonInQuotes() {
    var client = client()
    _ = client.begin(commands: Frame(ascii: "FOO"), query: Frame(ascii: "*OPC?"), checksErrors: true, at: start)
    XCTAssertEqual(receive("1;1;-113,\"Undefined header;FOO\"\n", &client), .fault(.device(code: -113)))
    XCTAssertFalse(client.isSynchronised)
    XCTAssertFalse(client.isBusy, "a refusal needs no quiet time")
  }

  func testPositiveDeviceCodes() {
    var client = client()
    _ = client.begin(commands: Frame(), query: Frame(ascii: "*OPC?"), checksErrors: true, at: start)
    XCTAssertEqual(receive("1;1;550,\"Command not allowed in local\"\n", &client), .fault(.device(code: 550)))
  }

  /// Several queries in one message come back joined by semicolons and stay together.
  func testCompoundAnswer() {
    var client = client()
    _ = client.begin(commands: Frame(), query: Frame(ascii: "CAL:COUN?;CRC?"), checksErrors: true, at: start)
    XCTAssertEqual(receive("1;3;#H00000000;0,\"No error\"\n", &client), .reply)
    XCTAssertEqual(answer(client), "3;#H00000000")
  }

  func testNumbersOfExchangesCountUpAndWrap() {
    var client = client()
    for expected in Array(1...255) + [1, 2] {
      let frame = client.begin(commands: Frame(), query: Frame(ascii: "X?"), checksErrors: false, at: start)
      XCTAssertTrue(frame.text.contains("*ESE \(expected);"), "\(expected): \(frame.text)")
      client.lose()
    }
  }

  func testStrayBytesResynchronise() {
    var client = client()
    _ = client.begin(commands: Frame(), query: Frame(ascii: "X?"), checksErrors: false, at: start)
    XCTAssertEqual(receive("1;5\n", &client), .reply)
    XCTAssertEqual(receive("noise", &client), .none)
    let frame = client.begin(commands: Frame(), query: Frame(ascii: "X?"), checksErrors: false, at: start)
    XCTAssertEqual(frame.text, "\n*CLS\n*ESE 2;*ESE?;X?\n")
  }

  func testErrorEntries() {
    func code(_ text: String) -> Int32? {
      let frame = Frame(text)
      return SCPIClient.errorCode(frame, 0..<frame.count)
    }
    XCTAssertEqual(code("0,\"No error\""), 0)
    XCTAssertEqual(code("-350,\"Queue overflow\""), -350)
    XCTAssertEqual(code("-113,\"Undefined header, really\""), -113)
    for text in ["", "0", "0,", "0,No error", "0,\"", ",\"No error\"", "x,\"No error\"", "0,\"No\u{1}\"", "0,\"a\",1"] {
      XCTAssertNil(code(text), text)
    }
  }
}
