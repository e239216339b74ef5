import EtalonCore
import XCTest

@testable import EtalonSensors

final class LineExchangeTests: XCTestCase {
  private let timing = LineExchange.Timing(
    replyNanoseconds: 500_000_000, gapNanoseconds: 100_000_000, quietNanoseconds: 50_000_000)
  private let start = Instant(nanoseconds: 7_000_000_000)
  /// 9600 baud, 8 data bits, no parity, one stop bit: 10 bits, 1.041666 ms.
  private let character: Int64 = 1_041_666

  private func exchange(echo: Bool = false) -> LineExchange {
    LineExchange(settings: SerialSettings(baud: 9600), timing: timing, toleratesEcho: echo)
  }

  private func milliseconds(_ count: Int64) -> Instant { start + count * 1_000_000 }

  /// The time-out runs from the last byte of the request on the wire, not from its sending.
  func testTimeoutStartsAfterTheRequest() {
    var exchange = exchange()
    exchange.begin(Frame(ascii: "MEAS?\n"), match: .any, at: start)
    XCTAssertEqual(exchange.requestEnd, start + 6 * character)
    XCTAssertEqual(exchange.deadline, start + (6 * character + 500_000_000))
    XCTAssertEqual(exchange.wake(at: milliseconds(506)), .none, "a wake before the deadline changes nothing")
    XCTAssertEqual(exchange.wake(at: milliseconds(507)), .fault(.timeout))
  }

  func testTimeStampOfTheFirstByte() {
    var exchange = exchange()
    exchange.begin(Frame(ascii: "MEAS?\n"), match: .any, at: start)
    XCTAssertEqual(exchange.receive(Frame(ascii: "+2"), first: milliseconds(30), at: milliseconds(31)), .none)
    XCTAssertEqual(exchange.deadline, milliseconds(131), "from the first byte on the gap counts")
    XCTAssertEqual(exchange.receive(Frame(ascii: "5.01\r\n"), first: milliseconds(32), at: milliseconds(38)), .reply)
    XCTAssertEqual(exchange.reply, Frame(ascii: "+25.01"))
    XCTAssertEqual(exchange.replyFirst, milliseconds(30))
    XCTAssertNil(exchange.deadline)
  }

  /// Behind a skipped line in the same piece, the first byte's time is interpolated between the piece's two instants.
  func testTimeStampBehindASkippedLine() {
    var exchange = exchange()
    exchange.begin(Frame(ascii: "*ESE 5;*ESE?;X?\n"), match: .tag(5), at: start)
    XCTAssertEqual(
      exchange.receive(Frame(ascii: "late\n5;ok\n"), first: milliseconds(30), at: milliseconds(39)), .reply)
    XCTAssertEqual(exchange.reply, Frame(ascii: "5;ok"))
    XCTAssertEqual(exchange.replyFirst, milliseconds(35))
  }

  func testGapMakesItTruncated() {
    var exchange = exchange()
    exchange.begin(Frame(ascii: "MEAS?\n"), match: .any, at: start)
    XCTAssertEqual(exchange.receive(Frame(ascii: "+25"), first: milliseconds(30), at: milliseconds(32)), .none)
    XCTAssertEqual(exchange.wake(at: milliseconds(132)), .fault(.truncated(received: 3)))
  }

  /// A device that sends one byte just before each gap ends can not hold the exchange for ever.
  func testTrickleEnds() {
    var exchange = exchange()
    exchange.begin(Frame(ascii: "MEAS?\n"), match: .any, at: start)
    let limit = start + (6 * character + 500_000_000 + 512 * character)
    var now = milliseconds(20)
    var event = LineExchange.Event.none
    while event == .none {
      now = now + 99_000_000
      if let deadline = exchange.deadline, deadline < now { now = deadline }
      event = exchange.wake(at: now)
      if event == .none { event = exchange.receive(Frame(ascii: "1"), first: now, at: now) }
      XCTAssertLessThanOrEqual(now, limit)
      guard now <= limit else { return }
    }
    XCTAssertEqual(event, .fault(.truncated(received: 10)))
  }

  func testDiscardingLastsUntilQuiet() {
    var exchange = exchange()
    exchange.begin(Frame(ascii: "MEAS?\n"), match: .any, at: start)
    XCTAssertEqual(exchange.wake(at: milliseconds(600)), .fault(.timeout))
    XCTAssertEqual(exchange.deadline, milliseconds(650))
    XCTAssertEqual(exchange.receive(Frame(ascii: "+25.01\n"), first: milliseconds(640), at: milliseconds(647)), .none)
    XCTAssertEqual(exchange.deadline, milliseconds(697))
    XCTAssertEqual(exchange.receive(.parity, at: milliseconds(660)), .none)
    XCTAssertEqual(exchange.wake(at: milliseconds(697)), .none, "the error extended it")
    XCTAssertEqual(exchange.wake(at: milliseconds(710)), .ready)
    XCTAssertFalse(exchange.isBusy)
  }

  /// 256 bytes fit a frame; the 257th without a terminator makes the line malformed.
  func testLongestLine() {
    var exchange = exchange()
    exchange.begin(Frame(ascii: "X?\n"), match: .any, at: start)
    let long = Frame(repeatElement(UInt8(ascii: "A"), count: 256))
    XCTAssertEqual(exchange.receive(long, first: start, at: milliseconds(266)), .none)
    XCTAssertEqual(exchange.receive(Frame(ascii: "\n"), first: milliseconds(267), at: milliseconds(267)), .reply)
    XCTAssertEqual(exchange.reply.count, 256)
    exchange.begin(Frame(ascii: "X?\n"), match: .any, at: start)
    XCTAssertEqual(exchange.receive(long, first: start, at: milliseconds(266)), .none)
    XCTAssertEqual(
      exchange.receive(Frame(ascii: "A\n"), first: milliseconds(267), at: milliseconds(268)),
      .fault(.malformed(received: 256)))
  }

  func testEchoOnlyWhereTolerated() {
    var tolerant = exchange(echo: true)
    tolerant.begin(Frame(ascii: "T\r"), match: .any, at: start)
    XCTAssertEqual(tolerant.receive(Frame(ascii: "T\r\nanswer\r\n"), first: start, at: milliseconds(12)), .reply)
    XCTAssertEqual(tolerant.reply, Frame(ascii: "answer"))
    var strict = exchange()
    strict.begin(Frame(ascii: "T\n"), match: .any, at: start)
    XCTAssertEqual(strict.receive(Frame(ascii: "T\n"), first: start, at: milliseconds(2)), .reply)
    XCTAssertEqual(strict.reply, Frame(ascii: "T"))
  }

  func testTags() {
    XCTAssertEqual(LineExchange.tag(of: Frame(ascii: "37;1,2")), 37)
    XCTAssertEqual(LineExchange.tag(of: Frame(ascii: "255;")), 255)
    for text in ["", ";", "37", "a;", "1234;", "3 ;", "+37;"] { XCTAssertNil(LineExchange.tag(of: Frame(text)), text) }
  }
}
