import EtalonCore
import XCTest

@testable import EtalonSensors

final class Hart1502ATests: XCTestCase {
  /// Reading printed in the Fluke/Hart 1502A user's guide format: label, blank, eight columns, blank, unit.
  private let reading = "t:  125.745 C\r\n"
  private let identity = "HART,1502A,A12345,1.02\r\n"

  /// A dialogue whose driver has been identified, so that it is synchronised.
  private func identified() -> Dialogue<Hart1502A> {
    var dialogue = Dialogue(Hart1502A(configuration: Hart1502A.Configuration()))
    dialogue.run(.identify) { _ in identity }
    dialogue.reports.removeAll()
    dialogue.sent.removeAll()
    return dialogue
  }

  func testLiteralReading() throws {
    var dialogue = identified()
    let begun = dialogue.now
    XCTAssertEqual(dialogue.start(.read), "T\r")
    XCTAssertTrue(dialogue.driver.isBusy)
    XCTAssertEqual(dialogue.driver.deadline, begun + (2 * 1_041_666 + 600_000_000))
    dialogue.deliver(reading, afterMilliseconds: 50)
    let value = try XCTUnwrap(dialogue.last?.reading)
    XCTAssertEqual(value.value, 125.745)
    XCTAssertTrue(value.raw.isNaN)
    XCTAssertEqual(value.quality, [])
    // First byte of the answer less half of the one-second period.
    XCTAssertEqual(value.instant, begun + (50_000_000 - 500_000_000))
    XCTAssertFalse(dialogue.driver.isBusy)
    XCTAssertNil(dialogue.driver.deadline)
  }

  func testIdentityAndSerialNumber() throws {
    var dialogue = Dialogue(Hart1502A(options: SensorOptions(settings: SerialSettings(baud: 9600))))
    let report = dialogue.run(.identify) { message in
      XCTAssertEqual(message, "\r*IDN?\r")
      return identity
    }
    XCTAssertEqual(report?.identity?.text.text, "HART,1502A,A12345,1.02")
    XCTAssertEqual(report?.identity?.serial.text, "A12345")

    let second = dialogue.run(.identify) { $0.contains("IDN") ? "HART,1502A,0,1.02\r\n" : "sn: B777\r\n" }
    XCTAssertEqual(dialogue.sent.last?.text, "*SN\r")
    XCTAssertEqual(second?.identity?.serial.text, "B777")
  }

  func testEchoIsTolerated() throws {
    for echo in ["T\r", "T\r\n", "T\n"] {
      for size in [1, 2, 3, 256] {
        var dialogue = identified()
        dialogue.start(.read)
        dialogue.deliver(echo + reading, size: size)
        XCTAssertEqual(dialogue.last?.reading?.value, 125.745, "echo \(echo.debugDescription) in pieces of \(size)")
      }
    }
    // The same where the driver looks for a line of a certain form.
    for echo in ["\r*IDN?\r", "\r\n*IDN?\r\n", "*IDN?\r", "\n*IDN?\n"] {
      for size in [1, 2, 5, 256] {
        var dialogue = Dialogue(Hart1502A(options: SensorOptions()))
        dialogue.start(.read)
        XCTAssertEqual(dialogue.deliver(echo + identity, size: size), "T\r", echo.debugDescription)
        dialogue.deliver("T\r" + reading, size: size)
        XCTAssertEqual(dialogue.last?.reading?.value, 125.745, "echo \(echo.debugDescription) in pieces of \(size)")
      }
    }
    // The echo's own time is not that of the answer.
    var dialogue = identified()
    let begun = dialogue.now
    dialogue.start(.read)
    dialogue.deliver("T\r\n", afterMilliseconds: 10)
    dialogue.now = begun
    dialogue.deliver(reading, afterMilliseconds: 80)
    XCTAssertEqual(dialogue.last?.reading?.instant, begun + (80_000_000 - 500_000_000))
    // An echo alone is no answer.
    dialogue.start(.read)
    dialogue.deliver("T\r\n")
    dialogue.wake()
    XCTAssertEqual(dialogue.last?.fault, .timeout)
  }

  func testEverySplitGivesTheSameReading() {
    let bytes = Array(reading.utf8)
    for cut in 1..<bytes.count {
      var dialogue = identified()
      dialogue.start(.read)
      dialogue.deliver(bytes: Array(bytes[..<cut]))
      XCTAssertTrue(dialogue.reports.isEmpty)
      dialogue.deliver(bytes: Array(bytes[cut...]), afterMilliseconds: 1)
      XCTAssertEqual(dialogue.last?.reading?.value, 125.745, "cut after \(cut)")
    }
  }

  func testForms() {
    func celsius(_ text: String) -> Double? { Hart1502A.celsius(Frame(text)) }
    XCTAssertEqual(celsius("t:   25.000 C"), 25)
    XCTAssertEqual(celsius("t:   -0.125 C"), -0.125)
    XCTAssertEqual(celsius("t: 1234.567 C"), 1234.567)
    XCTAssertEqual(celsius("t:  125.745 C 15:49:15"), 125.745)
    for text in [
      "t:  125.745 F", "t:  398.895 K", "t:  147.950 O", "t: 125.745 C", "t:  125.745 C ", "t:  125.745 C 25:49:15",
      "t:  125.745 C 15-49-15", "T:  125.745 C", "t:  1a5.745 C", "t:  125,745 C", "t:         C", "t:     .745 C", "",
      "t:  125.745", "125.745", "t:  12 .745 C",
    ] {
      XCTAssertNil(celsius(text), "'\(text)' is no reading in °C")
    }
  }

  func testAnotherUnitIsMalformed() {
    var dialogue = identified()
    XCTAssertEqual(dialogue.run(.read) { _ in "t:  398.895 K\r\n" }?.fault, .malformed(received: 13))
  }

  func testSilenceAndHalfAnAnswer() {
    var dialogue = identified()
    XCTAssertEqual(dialogue.run(.read) { _ in nil }?.fault, .timeout)
    dialogue = identified()
    XCTAssertEqual(dialogue.run(.read) { _ in "t:  125" }?.fault, .truncated(received: 7))
  }

  func testGarbageAndOverlongLines() {
    var dialogue = identified()
    XCTAssertEqual(dialogue.run(.read) { _ in "\u{7}%&/()\r\n" }?.fault, .malformed(received: 6))
    dialogue = identified()
    dialogue.start(.read)
    dialogue.deliver(bytes: Array(repeating: 0x55, count: 300), size: 100)
    XCTAssertEqual(dialogue.last?.fault, .malformed(received: 256))
    dialogue.wakeUntilFree()
    XCTAssertEqual(dialogue.reports.count, 1)
  }

  func testLineErrorsAndHangUp() {
    var dialogue = identified()
    dialogue.start(.read)
    dialogue.deliver("t:  12")
    dialogue.deliver(errors: [.framing])
    XCTAssertEqual(dialogue.last?.fault, .line([.framing]))
    dialogue.wakeUntilFree()
    dialogue = identified()
    dialogue.start(.read)
    dialogue.lose(.hangUp)
    XCTAssertEqual(dialogue.last?.fault, .port(.hangUp))
    XCTAssertFalse(dialogue.driver.isBusy)
  }

  /// The answer to the read that timed out arrives when the next read is under way: it is skipped, not taken.
  func testLateReadingIsNotTakenForTheNext() throws {
    var dialogue = identified()
    dialogue.start(.read)
    dialogue.wakeUntilFree()
    XCTAssertEqual(dialogue.last?.fault, .timeout)
    XCTAssertEqual(dialogue.start(.read), "\r*IDN?\r", "the line is synchronised first")
    XCTAssertNil(dialogue.deliver("t:   11.111 C\r\n"))
    XCTAssertEqual(dialogue.reports.count, 1, "the late reading is not reported")
    XCTAssertEqual(dialogue.deliver(identity), "T\r")
    dialogue.deliver(reading)
    XCTAssertEqual(dialogue.last?.reading?.value, 125.745)
  }

  /// A fault is reported once, the driver stays busy while the tail arrives, and the tail is never read.
  func testTailOfABadAnswerIsDiscarded() {
    var dialogue = identified()
    dialogue.start(.read)
    dialogue.deliver("garbage\r\n")
    XCTAssertEqual(dialogue.last?.fault, .malformed(received: 7))
    XCTAssertTrue(dialogue.driver.isBusy)
    for _ in 0..<5 {
      dialogue.deliver(reading, afterMilliseconds: 40)
      XCTAssertTrue(dialogue.driver.isBusy)
    }
    XCTAssertEqual(dialogue.reports.count, 1)
    dialogue.wakeUntilFree()
    XCTAssertEqual(dialogue.reports.count, 1)
  }

  /// An instrument that sends by itself (`SA=`) makes the next read synchronise first.
  func testUnsolicitedLineIsNotAnAnswer() {
    var dialogue = identified()
    dialogue.deliver("t:   11.111 C\r\n")
    XCTAssertTrue(dialogue.reports.isEmpty)
    XCTAssertEqual(dialogue.start(.read), "\r*IDN?\r")
  }

  /// Two lines where one is due: nobody can say which is the answer.
  func testTwoLinesAtOnceAreMalformed() {
    var dialogue = identified()
    dialogue.start(.read)
    dialogue.deliver("t:   11.111 C\r\n" + reading)
    XCTAssertEqual(dialogue.last?.fault, .malformed(received: 13))
  }

  func testWhatItCanNotDo() {
    for request in [
      DeviceRequest.readEnvironment, .readAdjustment, .writeAdjustment(Coefficients(0, 1, 0, 0)), .drive(watts: 1),
      .makeSafe,
    ] {
      var dialogue = identified()
      XCTAssertNil(dialogue.start(request))
      XCTAssertEqual(dialogue.last?.fault, .unsupported)
      XCTAssertFalse(dialogue.driver.isBusy)
    }
  }
}
