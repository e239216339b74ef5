import EtalonCore
import XCTest

@testable import EtalonSensors

final class DT100Tests: XCTestCase {
  private let factorySet = "+3.000000000000E+01,+3.000000000000E+01,+0.000000000000E+00,+0.000000000000E+00"
  private let newSet = "+2.998000000000E+01,+3.012345678901E+01,-4.000000000000E-03,+1.250000000000E-05"
  private let newCoefficients = Coefficients(29.98, 30.12345678901, -0.004, 1.25e-5)

  private func crc(_ text: String) -> UInt32 {
    let frame = Frame(text)
    return CRC32.checksum(frame, 0..<frame.count)
  }

  private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return "#H" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  private func driver(code: String = "DT100") -> DT100 {
    DT100(configuration: DT100.Configuration(unlockCode: Frame(code)))
  }

  /// A dialogue whose driver has been identified, so that it is synchronised.
  private func identified(code: String = "DT100") -> Dialogue<DT100> {
    var dialogue = Dialogue(driver(code: code))
    var stub = SCPIStub()
    dialogue.run(.identify) { stub.reply(to: $0) { _ in "ETALON,DT100,0042,1.0" } }
    dialogue.reports.removeAll()
    dialogue.sent.removeAll()
    return dialogue
  }

  // MARK: Identity and readings

  func testIdentity() {
    var dialogue = Dialogue(driver())
    XCTAssertEqual(dialogue.start(.identify), "\n*CLS\nCAL:SEC:STAT ON\n*ESE 1;*ESE?;*IDN?\n")
    dialogue.deliver("1;ETALON,DT100,0042,1.0\n")
    XCTAssertEqual(dialogue.last?.identity?.text.text, "ETALON,DT100,0042,1.0")
    XCTAssertEqual(dialogue.last?.identity?.serial.text, "0042")
  }

  /// The answer printed in the data sheet; s = (8 421 376 − 8 388 608) / 4 194 304 = 2⁻⁷.
  func testLiteralReading() throws {
    var dialogue = identified()
    let begun = dialogue.now
    XCTAssertEqual(dialogue.start(.read), "MEAS:ALL?\n")
    let requestEnd = begun + 10 * 1_041_666
    dialogue.deliver("17,8421376,+30.23,3\r\n", afterMilliseconds: 40)
    let reading = try XCTUnwrap(dialogue.last?.reading)
    XCTAssertEqual(reading.value, 30.23)
    XCTAssertEqual(reading.raw, 0x1p-7)
    XCTAssertEqual(reading.conversion, 17)
    XCTAssertEqual(reading.quality, [])
    // The middle between the end of the request and the start of the first character of the answer.
    let answerStart = begun + (40_000_000 - 1_041_666)
    XCTAssertEqual(reading.instant.nanoseconds, (requestEnd.nanoseconds + answerStart.nanoseconds + 1) / 2)
  }

  /// An answer sooner than wire time and conversion allow, as over a pseudo-terminal: 10 ms before it begins.
  func testInstantWithoutWireTime() {
    var dialogue = identified()
    let begun = dialogue.now
    dialogue.start(.read)
    dialogue.deliver("17,8421376,+30.23,3\n", afterMilliseconds: 21)
    XCTAssertEqual(dialogue.last?.reading?.instant, begun + (21_000_000 - 1_041_666 - 10_000_000))
  }

  func testOverRange() throws {
    var dialogue = identified()
    let reading = try XCTUnwrap(dialogue.run(.read) { _ in "18,16777215,+9.9E+37,3\n" }?.reading)
    XCTAssertEqual(reading.quality, .overRange)
    XCTAssertEqual(reading.value, 9.9e37)
    XCTAssertEqual(reading.raw, 16_777_215.0 / 4_194_304 - 2)
  }

  func testStaleConversions() {
    var dialogue = identified()
    func quality(_ conversion: UInt32) -> ReadingQuality? {
      dialogue.run(.read) { _ in "\(conversion),8421376,+30.23,3\n" }?.reading?.quality
    }
    XCTAssertEqual(quality(17), [])
    XCTAssertEqual(quality(18), [])
    XCTAssertEqual(quality(18), .stale)
    XCTAssertEqual(quality(17), .stale)
    XCTAssertEqual(quality(18), .stale, "a repetition stays one after an older number")
    XCTAssertEqual(quality(25), [])
    // Power-on: the numbers start at 1; the first is doubtful, from the second on they count.
    XCTAssertEqual(quality(1), .stale)
    XCTAssertEqual(quality(2), [])
    XCTAssertEqual(quality(3), [])
  }

  func testConversionNumberWraps() {
    var counter = ConversionCounter()
    XCTAssertTrue(counter.isNew(.max - 1))
    XCTAssertTrue(counter.isNew(.max))
    XCTAssertTrue(counter.isNew(0))
    XCTAssertFalse(counter.isNew(.max))
    XCTAssertTrue(counter.isNew(1))
  }

  func testMalformedReadings() {
    for answer in [
      "17,8421376,+30.23", "17,8421376,+30.23,3,4", "17,16777216,+30.23,3", "17,8421376,30.23,3", "17,8421376,+30.2,3",
      "17,8421376,+30.234,3", "-17,8421376,+30.23,3", "17,8421376,+30.23,", "17;8421376,+30.23,3",
      "4294967296,1,+1.00,3",
      "17,8421376,+3\u{1}.23,3", "17, 8421376,+30.23,3", "", "+30.23",
    ] {
      var dialogue = identified()
      XCTAssertEqual(dialogue.run(.read) { _ in answer + "\n" }?.fault, .malformed(received: answer.utf8.count), answer)
    }
  }

  func testEverySplitAndEveryPieceSize() {
    let bytes = Array("17,8421376,+30.23,3\n".utf8)
    for cut in 1..<bytes.count {
      var dialogue = identified()
      dialogue.start(.read)
      dialogue.deliver(bytes: Array(bytes[..<cut]))
      dialogue.deliver(bytes: Array(bytes[cut...]), afterMilliseconds: 50)
      XCTAssertEqual(dialogue.last?.reading?.value, 30.23, "cut after \(cut)")
      // The same cut with silence after it is a truncated answer.
      var silent = identified()
      silent.start(.read)
      silent.deliver(bytes: Array(bytes[..<cut]))
      silent.wake()
      XCTAssertEqual(silent.last?.fault, .truncated(received: cut))
    }
    for size in 1...bytes.count {
      var dialogue = identified()
      dialogue.start(.read)
      dialogue.deliver(bytes: bytes, size: size)
      XCTAssertEqual(dialogue.last?.reading?.conversion, 17)
    }
  }

  func testSilenceLineErrorAndHangUp() {
    var dialogue = identified()
    XCTAssertEqual(dialogue.run(.read) { _ in nil }?.fault, .timeout)
    dialogue = identified()
    dialogue.start(.read)
    dialogue.deliver(errors: .parity)
    XCTAssertEqual(dialogue.last?.fault, .line(.parity))
    dialogue.wakeUntilFree()
    dialogue = identified()
    dialogue.start(.read)
    dialogue.deliver("17,84")
    dialogue.lose(.hangUp)
    XCTAssertEqual(dialogue.last?.fault, .port(.hangUp))
    XCTAssertFalse(dialogue.driver.isBusy)
  }

  /// After a time-out the next answer is taken only with the number of its own exchange.
  func testLateAnswerIsNotTakenForTheNext() throws {
    var dialogue = identified()
    dialogue.start(.read)
    dialogue.wakeUntilFree()
    XCTAssertEqual(dialogue.last?.fault, .timeout)
    XCTAssertEqual(dialogue.start(.read), "\n*CLS\nCAL:SEC:STAT ON\n*ESE 2;*ESE?;MEAS:ALL?\n")
    dialogue.deliver("16,1,+11.11,3\n")
    XCTAssertEqual(dialogue.reports.count, 1, "the late answer is skipped")
    dialogue.deliver("2;17,8421376,+30.23,3\n")
    XCTAssertEqual(dialogue.last?.reading?.value, 30.23)
    // Synchronised again, reads are short again.
    XCTAssertEqual(dialogue.start(.read), "MEAS:ALL?\n")
  }

  func testOnlyLateAnswersAreAFault() {
    var dialogue = identified()
    dialogue.start(.read)
    dialogue.wakeUntilFree()
    XCTAssertEqual(dialogue.run(.read) { _ in "16,1,+11.11,3\n" }?.fault, .malformed(received: 13))
    XCTAssertEqual(dialogue.run(.read) { _ in "2;17,1,+11.11,3\n" }?.fault, .stale)
  }

  // MARK: Adjustment

  func testReadAdjustment() throws {
    let evidence = "\(factorySet);3;\(hexadecimal(crc(factorySet)))\n"
    var dialogue = identified()
    XCTAssertEqual(dialogue.start(.readAdjustment), "*ESE 2;*ESE?;CAL:DATA?;COUN?;CRC?\n")
    dialogue.deliver("2;" + evidence)
    let adjustment = try XCTUnwrap(dialogue.last?.adjustment)
    XCTAssertEqual(
      adjustment, Adjustment(coefficients: Coefficients(30, 30, 0, 0), count: 3, checksum: crc(factorySet)))
  }

  func testWrongChecksumIsDetected() {
    var dialogue = identified()
    let wrong = crc(factorySet) ^ 1
    XCTAssertEqual(
      dialogue.run(.readAdjustment) { numbered($0, "\(factorySet);3;\(hexadecimal(wrong))") }?.fault,
      .checksum(expected: crc(factorySet), received: wrong))
  }

  /// Somebody stores another set between two readings: its number no longer is the one read.
  func testReadingOfAnotherSetIsDetected() {
    var dialogue = identified()
    dialogue.run(.readAdjustment) { numbered($0, "\(factorySet);3;\(hexadecimal(crc(factorySet)))") }
    XCTAssertNotNil(dialogue.run(.read) { _ in "17,8421376,+30.23,3\n" }?.reading)
    XCTAssertEqual(
      dialogue.run(.read) { _ in "18,8421376,+30.23,4\n" }?.fault, .commitCount(expected: 3, received: 4))
  }

  /// What a stub of the device does wrong while a set is written.
  private struct Flaws {
    var unlockError: String?
    var held: String?
    var writeError: String?
    var countAfter = 4
    var countInEvidence: Int?
    var stored: String?
    var checksumOffByOne = false
    /// Queries of this text are not answered, from the n-th on.
    var silent: (query: String, times: Int)?
    var staysUnlocked = false
  }

  private func write(_ flaws: Flaws, code: String = "DT100") -> (
    report: DeviceReport?, dialogue: Dialogue<DT100>, stub: SCPIStub
  ) {
    var dialogue = identified(code: code)
    var stub = SCPIStub()
    var silentLeft = flaws.silent?.times ?? 0
    let held = flaws.held ?? newSet
    let stored = flaws.stored ?? newSet
    let report = dialogue.run(.writeAdjustment(newCoefficients)) { frame in
      stub.errorEntry = "0,\"No error\""
      if frame.contains("OFF,"), let error = flaws.unlockError { stub.errorEntry = error }
      if frame.contains("CAL:DATA +"), let error = flaws.writeError { stub.errorEntry = error }
      let isStored = stub.commands.contains("CAL:STOR") || frame.contains("CAL:STOR")
      return stub.reply(to: frame) { query in
        if let silent = flaws.silent, silent.query == query, silentLeft > 0, !frame.contains("*IDN?") {
          silentLeft -= 1
          return nil
        }
        switch query {
        case "CAL:COUN?": return isStored ? "\(flaws.countAfter)" : "3"
        case "CAL:SEC:STAT?": return frame.contains("OFF,") || flaws.staysUnlocked ? "0" : "1"
        case "CAL:DATA?": return held
        case "CAL:DATA?;COUN?;CRC?":
          let sum = crc(stored) ^ (flaws.checksumOffByOne ? 1 : 0)
          return "\(stored);\(flaws.countInEvidence ?? flaws.countAfter);\(hexadecimal(sum))"
        default: return nil
        }
      }
    }
    return (report, dialogue, stub)
  }

  func testWriteAdjustment() throws {
    let (report, dialogue, stub) = write(Flaws())
    XCTAssertEqual(
      report?.adjustment, Adjustment(coefficients: newCoefficients, count: 4, checksum: crc(newSet)))
    XCTAssertEqual(
      stub.commands, ["CAL:SEC:STAT OFF,DT100", "CAL:DATA \(newSet)", "CAL:STOR", "CAL:SEC:STAT ON"])
    XCTAssertEqual(
      stub.queries,
      ["CAL:COUN?", "CAL:SEC:STAT?", "CAL:DATA?", "CAL:COUN?", "CAL:SEC:STAT?", "CAL:DATA?;COUN?;CRC?"])
    XCTAssertEqual(dialogue.sent.map(\.isConfidential), [false, true, false, false, false, false])
    XCTAssertEqual(
      dialogue.sent[2].text, "CAL:DATA \(newSet)\n*ESE 4;*ESE?;CAL:DATA?;:SYST:ERR?\n",
      "commands and queries are messages of their own")
  }

  /// Coefficients with more digits than the wire carries: what is reported is what the sent text says.
  func testReportsWhatTheTextSays() throws {
    let set = "+3.333333333333E+01,+3.000000000000E+01,+0.000000000000E+00,+0.000000000000E+00"
    var dialogue = identified()
    var stub = SCPIStub()
    let report = dialogue.run(.writeAdjustment(Coefficients(100.0 / 3, 30, 0, 0))) { frame in
      let isStored = stub.commands.contains("CAL:STOR") || frame.contains("CAL:STOR")
      return stub.reply(to: frame) { query in
        switch query {
        case "CAL:COUN?": isStored ? "1" : "0"
        case "CAL:SEC:STAT?": frame.contains("OFF,") ? "0" : "1"
        case "CAL:DATA?": set
        default: "\(set);1;\(hexadecimal(crc(set)))"
        }
      }
    }
    XCTAssertTrue(stub.commands.contains("CAL:DATA \(set)"))
    XCTAssertEqual(report?.adjustment?.coefficients.c0, 33.33333333333)
  }

  /// Negative control of the read-back: one digit of one coefficient differs in the last place.
  func testWrongReadBackIsDetectedAndNothingIsStored() {
    for index in 0..<4 {
      var fields = newSet.split(separator: ",").map(String.init)
      fields[index] =
        ["+2.998000000001E+01", "+3.012345678902E+01", "-4.000000000001E-03", "+1.250000000001E-05"][index]
      let (report, _, stub) = write(Flaws(held: fields.joined(separator: ",")))
      guard case .readBack(index, let expected, let received)? = report?.fault else {
        XCTFail("coefficient \(index): \(String(describing: report))")
        continue
      }
      XCTAssertNotEqual(expected, received)
      XCTAssertFalse(stub.commands.contains("CAL:STOR"))
      XCTAssertEqual(stub.commands.last, "CAL:SEC:STAT ON")
    }
  }

  /// What was stored differs from what was read back before: the last evidence shows it.
  func testWrongStoredSetIsDetected() {
    let (report, _, _) = write(Flaws(stored: factorySet))
    XCTAssertEqual(report?.fault, .readBack(index: 0, expected: 29.98, received: 30))
  }

  func testCountMustGoUpByOne() {
    for count in [3, 5] {
      let (report, _, stub) = write(Flaws(countAfter: count))
      XCTAssertEqual(report?.fault, .commitCount(expected: 4, received: UInt32(count)))
      XCTAssertEqual(stub.commands.last, "CAL:SEC:STAT ON")
      XCTAssertEqual(stub.commands.filter { $0 == "CAL:STOR" }.count, 1)
      XCTAssertFalse(stub.queries.contains("CAL:DATA?;COUN?;CRC?"), "the store itself shows it")
    }
    // Somebody stores between our store and the last evidence.
    let (report, _, _) = write(Flaws(countInEvidence: 5))
    XCTAssertEqual(report?.fault, .commitCount(expected: 4, received: 5))
  }

  func testWrongChecksumAfterStoreIsDetected() {
    let (report, _, _) = write(Flaws(checksumOffByOne: true))
    XCTAssertEqual(report?.fault, .checksum(expected: crc(newSet), received: crc(newSet) ^ 1))
  }

  func testRefusalsCarryTheDevicesCodeAndLock() {
    var (report, _, stub) = write(Flaws(unlockError: "-221,\"Settings conflict\""))
    XCTAssertEqual(report?.fault, .device(code: -221))
    XCTAssertEqual(stub.commands.last, "CAL:SEC:STAT ON")
    XCTAssertFalse(stub.commands.contains { $0.hasPrefix("CAL:DATA") })
    (report, _, stub) = write(Flaws(writeError: "-203,\"Command protected;CAL:DATA\""))
    XCTAssertEqual(report?.fault, .device(code: -203))
    XCTAssertEqual(stub.commands.last, "CAL:SEC:STAT ON")
    XCTAssertFalse(stub.commands.contains("CAL:STOR"))
  }

  /// Silence at each stage: the fault is reported once, the store is never repeated, the lock is sent last.
  func testSilenceAtEachStage() {
    for stage in ["CAL:SEC:STAT?", "CAL:DATA?"] {
      let (report, _, stub) = write(Flaws(silent: (stage, 1)))
      XCTAssertEqual(report?.fault, .timeout, stage)
      XCTAssertEqual(stub.commands.last, "CAL:SEC:STAT ON", stage)
      XCTAssertFalse(stub.commands.contains("CAL:STOR"), stage)
    }
    // The second query of the count is that after the store.
    var dialogue = identified()
    var stub = SCPIStub()
    let report = dialogue.run(.writeAdjustment(newCoefficients)) { frame in
      stub.reply(to: frame) { query in
        switch query {
        case "CAL:COUN?": frame.contains("CAL:STOR") ? nil : "3"
        case "CAL:SEC:STAT?": frame.contains("OFF,") ? "0" : "1"
        default: newSet
        }
      }
    }
    XCTAssertEqual(report?.fault, .timeout)
    XCTAssertEqual(stub.commands.filter { $0 == "CAL:STOR" }.count, 1)
    XCTAssertEqual(stub.commands.last, "CAL:SEC:STAT ON")
  }

  /// A device that does not confirm the lock is asked three times, then the fault stands.
  func testLockIsTriedThreeTimes() {
    let (report, dialogue, stub) = write(Flaws(staysUnlocked: true))
    XCTAssertEqual(report?.fault, .malformed(received: 16))
    XCTAssertEqual(stub.commands.suffix(7).filter { $0 == "CAL:SEC:STAT ON" }.count, 5, "two more with each clearing")
    XCTAssertEqual(dialogue.sent.filter { $0.text.contains("CAL:SEC:STAT?") && !$0.isConfidential }.count, 3)
  }

  /// The port goes away while the device is unlocked: the first frame after that locks it.
  func testLockAfterALostPort() {
    var dialogue = identified()
    dialogue.start(.writeAdjustment(newCoefficients))
    dialogue.deliver("2;3\n")
    XCTAssertEqual(dialogue.sent.last?.isConfidential, true)
    dialogue.lose(.hangUp)
    XCTAssertEqual(dialogue.last?.fault, .port(.hangUp))
    XCTAssertEqual(dialogue.start(.identify), "\n*CLS\nCAL:SEC:STAT ON\n*ESE 4;*ESE?;*IDN?\n")
  }

  /// The access code stands in confidential frames and nowhere else, whatever goes wrong.
  func testCodeOnlyInConfidentialFrames() {
    let flaws = [
      Flaws(), Flaws(unlockError: "-221,\"Settings conflict\""), Flaws(held: factorySet), Flaws(countAfter: 9),
      Flaws(silent: ("CAL:SEC:STAT?", 9)), Flaws(silent: ("CAL:DATA?", 9)), Flaws(staysUnlocked: true),
    ]
    for flaw in flaws {
      let (_, dialogue, _) = write(flaw, code: "S3cret-Code")
      let withCode = dialogue.sent.filter { $0.text.contains("S3cret-Code") }
      XCTAssertEqual(withCode.count, 1)
      XCTAssertTrue(withCode.allSatisfy(\.isConfidential))
      XCTAssertEqual(dialogue.sent.filter(\.isConfidential).count, 1)
    }
  }

  func testWhatCanNotBeSent() {
    for coefficients in [
      Coefficients(.nan, 30, 0, 0), Coefficients(30, .infinity, 0, 0), Coefficients(30, 30, 1e-120, 0),
      Coefficients(30, 30, 0, 1e120),
    ] {
      var dialogue = identified()
      XCTAssertNil(dialogue.start(.writeAdjustment(coefficients)))
      XCTAssertEqual(dialogue.last?.fault, .unsupported)
    }
    for code in ["", "A;CAL:STOR", "A\nB", "A,B", String(repeating: "A", count: 33)] {
      var dialogue = identified(code: code)
      XCTAssertNil(dialogue.start(.writeAdjustment(newCoefficients)))
      XCTAssertEqual(dialogue.last?.fault, .unsupported, code)
    }
    for request in [DeviceRequest.readEnvironment, .readActuator, .drive(watts: 1), .makeSafe] {
      var dialogue = identified()
      XCTAssertNil(dialogue.start(request))
      XCTAssertEqual(dialogue.last?.fault, .unsupported)
    }
  }
}
