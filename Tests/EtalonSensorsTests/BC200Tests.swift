import EtalonCore
import XCTest

@testable import EtalonSensors

final class BC200Tests: XCTestCase {
  private func identified(deadMan: Double? = nil) -> Dialogue<BC200> {
    var dialogue = Dialogue(BC200(configuration: BC200.Configuration(deadManSeconds: deadMan)))
    var stub = SCPIStub()
    dialogue.run(.identify) { stub.reply(to: $0) { $0 == "*IDN?" ? "ETALON,BC200,0007,1.0" : "30.0" } }
    dialogue.reports.removeAll()
    dialogue.sent.removeAll()
    return dialogue
  }

  func testIdentityWithoutDeadMan() {
    var dialogue = Dialogue(BC200(options: SensorOptions()))
    XCTAssertEqual(dialogue.start(.identify), "\n*CLS\n*ESE 1;*ESE?;*IDN?\n")
    dialogue.deliver("1;ETALON,BC200,0007,1.0\n")
    XCTAssertEqual(dialogue.last?.identity?.serial.text, "0007")
  }

  /// The dead-man is set when the controller is identified, and read back.
  func testDeadMan() {
    var dialogue = Dialogue(BC200(options: SensorOptions(deadManSeconds: 30)))
    dialogue.start(.identify)
    XCTAssertEqual(
      dialogue.deliver("1;ETALON,BC200,0007,1.0\n"), "HEAT:DEAD 30.0\n*ESE 2;*ESE?;HEAT:DEAD?;:SYST:ERR?\n")
    XCTAssertTrue(dialogue.reports.isEmpty)
    dialogue.deliver("2;30.0;0,\"No error\"\n")
    XCTAssertNotNil(dialogue.last?.identity)

    dialogue.start(.identify)
    dialogue.deliver("3;ETALON,BC200,0007,1.0\n")
    dialogue.deliver("4;60.0;0,\"No error\"\n")
    XCTAssertEqual(dialogue.last?.fault, .readBack(index: 0, expected: 30, received: 60))

    dialogue.start(.identify)
    dialogue.deliver("5;ETALON,BC200,0007,1.0\n")
    dialogue.deliver("6;60.0;-222,\"Data out of range\"\n")
    XCTAssertEqual(dialogue.last?.fault, .device(code: -222))
  }

  /// The answer printed in the data sheet.
  func testDrive() {
    var dialogue = identified()
    XCTAssertEqual(
      dialogue.start(.drive(watts: 345.6)), "HEAT:POW 345.60;STAT ON\n*ESE 2;*ESE?;HEAT:ALL?;:SYST:ERR?\n",
      "the power stands before the switch")
    dialogue.deliver("2;1,345.60,29.8,0;0,\"No error\"\n")
    XCTAssertEqual(
      dialogue.last?.actuator, ActuatorState(isOn: true, watts: 345.6, deadManSeconds: 29.8, tripped: false))
  }

  /// Powers between two hundredths of a watt: compared is what the sent text says.
  func testDriveRoundsToTheText() {
    var dialogue = identified()
    XCTAssertNotNil(
      dialogue.run(.drive(watts: 1000.0 / 3)) { numbered($0, "1,333.33,30.0,0;0,\"No error\"") }?.actuator)
    XCTAssertEqual(dialogue.sent.last?.text.hasPrefix("HEAT:POW 333.33;"), true)
  }

  func testDriveRefusedOrNotObeyed() {
    var dialogue = identified()
    XCTAssertEqual(
      dialogue.run(.drive(watts: 2000)) { numbered($0, "0,0.00,0.0,0;-222,\"Data out of range\"") }?.fault,
      .device(code: -222)
    )
    // The queue is cleared with the next exchange.
    XCTAssertEqual(
      dialogue.start(.drive(watts: 10)), "\n*CLS\nHEAT:POW 10.00;STAT ON\n*ESE 3;*ESE?;HEAT:ALL?;:SYST:ERR?\n")
    dialogue.deliver("3;1,20.00,30.0,0;0,\"No error\"\n")
    XCTAssertEqual(dialogue.last?.fault, .readBack(index: 0, expected: 10, received: 20))
    XCTAssertEqual(
      dialogue.run(.drive(watts: 10)) { numbered($0, "0,10.00,0.0,0;0,\"No error\"") }?.fault,
      .readBack(index: 1, expected: 1, received: 0))
    for watts in [Double.nan, .infinity, 1e9, -1e12] {
      XCTAssertNil(dialogue.start(.drive(watts: watts)))
      XCTAssertEqual(dialogue.last?.fault, .unsupported)
    }
  }

  func testReadActuator() {
    var dialogue = identified()
    XCTAssertEqual(dialogue.start(.readActuator), "*ESE 2;*ESE?;HEAT:ALL?\n")
    dialogue.deliver("2;0,345.60,0.0,1\n")
    XCTAssertEqual(
      dialogue.last?.actuator, ActuatorState(isOn: false, watts: 345.6, deadManSeconds: 0, tripped: true))
  }

  func testMakeSafe() {
    var dialogue = identified()
    XCTAssertEqual(dialogue.start(.makeSafe), "HEAT:STAT OFF\n*ESE 2;*ESE?;HEAT:ALL?\n")
    dialogue.deliver("2;0,345.60,0.0,1\n")
    XCTAssertEqual(
      dialogue.last?.actuator, ActuatorState(isOn: false, watts: 345.6, deadManSeconds: 0, tripped: true))
    XCTAssertEqual(
      dialogue.run(.makeSafe) { numbered($0, "1,345.60,29.8,0") }?.fault, .readBack(index: 1, expected: 0, received: 1))
  }

  /// The command to switch off goes out with the very first frame, also when nothing is known about the line.
  func testMakeSafeNeedsNoAnswerBefore() {
    var dialogue = Dialogue(BC200(options: SensorOptions()))
    XCTAssertEqual(dialogue.start(.makeSafe), "\n*CLS\nHEAT:STAT OFF\n*ESE 1;*ESE?;HEAT:ALL?\n")
    dialogue.wakeUntilFree()
    XCTAssertEqual(dialogue.last?.fault, .timeout)
    XCTAssertEqual(dialogue.start(.makeSafe), "\n*CLS\nHEAT:STAT OFF\n*ESE 2;*ESE?;HEAT:ALL?\n")
    dialogue.deliver("2;0,0.00,0.0,0\n")
    XCTAssertEqual(dialogue.last?.actuator?.isOn, false)
  }

  /// A controller that babbles without end keeps the driver from the safe state for 20 quiet times and no longer.
  func testBabbleDoesNotBlockTheSafeState() {
    var dialogue = identified()
    dialogue.start(.readEnvironment)
    let begun = dialogue.now
    var rounds = 0
    while dialogue.driver.isBusy && rounds < 1000 {
      dialogue.deliver(bytes: [0xFF, 0xFE], afterMilliseconds: 5)
      if let deadline = dialogue.driver.deadline, deadline <= dialogue.now { dialogue.wake() }
      rounds += 1
    }
    XCTAssertFalse(dialogue.driver.isBusy)
    XCTAssertLessThan(dialogue.now.seconds(since: begun), 3.5)
    XCTAssertEqual(dialogue.start(.makeSafe)?.contains("\nHEAT:STAT OFF\n"), true)
  }

  /// The answer printed in the data sheet.
  func testEnvironment() {
    var dialogue = identified()
    XCTAssertEqual(dialogue.start(.readEnvironment), "*ESE 2;*ESE?;MEAS:ROOM?\n")
    dialogue.deliver("2;+23.05,45.2,101325\n")
    XCTAssertEqual(
      dialogue.last?.environment, Environment(celsius: 23.05, relativeHumidityPercent: 45.2, pascals: 101_325))
    XCTAssertEqual(dialogue.run(.readEnvironment) { numbered($0, "-3.50,45.2,101325") }?.environment?.celsius, -3.5)
  }

  func testMalformedAnswers() {
    for answer in [
      "23.05,45.2,101325", "+23.05,45.2", "+23.05,145.2,101325", "+23.05,45.2,0", "+23.05,45.2,-101325",
      "+2305,45.2,101325",
      "+,45.2,101325", ",45.2,101325", "++3.05,45.2,101325", "+23.05,4x.2,101325", "",
    ] {
      var dialogue = identified()
      XCTAssertEqual(
        dialogue.run(.readEnvironment) { numbered($0, answer) }?.fault, .malformed(received: 2 + answer.utf8.count),
        answer)
    }
    for answer in [
      "2,0.00,0.0,0", "0,0.00,5.0,0", "0,0.00,0.0", "0,0.0,0.0,0", "0,0.00,0.0,", "0;0.00,0.0,0", "00,0.00,0.0,0",
    ] {
      var dialogue = identified()
      XCTAssertEqual(
        dialogue.run(.makeSafe) { numbered($0, answer) }?.fault, .malformed(received: 2 + answer.utf8.count), answer)
    }
    // An answer that lacks the error entry or has a broken one.
    for answer in [
      "1,345.60,29.8,0", "1,345.60,29.8,0;0,\"No error", "1,345.60,29.8,0;0", "1,345.60,29.8,0;x,\"No error\"",
    ] {
      var dialogue = identified()
      XCTAssertEqual(
        dialogue.run(.drive(watts: 345.6)) { numbered($0, answer) }?.fault, .malformed(received: 2 + answer.utf8.count),
        answer)
    }
  }

  func testEverySplit() {
    let bytes = Array("2;1,345.60,29.8,0;0,\"No error\"\n".utf8)
    for cut in 1..<bytes.count {
      var dialogue = identified()
      dialogue.start(.drive(watts: 345.6))
      dialogue.deliver(bytes: Array(bytes[..<cut]))
      dialogue.deliver(bytes: Array(bytes[cut...]), afterMilliseconds: 50)
      XCTAssertNotNil(dialogue.last?.actuator, "cut after \(cut)")
      var silent = identified()
      silent.start(.drive(watts: 345.6))
      silent.deliver(bytes: Array(bytes[..<cut]))
      silent.wake()
      XCTAssertEqual(silent.last?.fault, .truncated(received: cut))
    }
  }

  func testSilenceGarbageLineErrorAndHangUp() {
    var dialogue = identified()
    XCTAssertEqual(dialogue.run(.readEnvironment) { _ in nil }?.fault, .timeout)
    dialogue = identified()
    dialogue.start(.readEnvironment)
    dialogue.deliver(bytes: Array(repeating: 0xAA, count: 257))
    XCTAssertEqual(dialogue.last?.fault, .malformed(received: 256))
    dialogue.wakeUntilFree()
    dialogue = identified()
    dialogue.start(.readEnvironment)
    dialogue.deliver(errors: [.overrun, .framing])
    XCTAssertEqual(dialogue.last?.fault, .line([.overrun, .framing]))
    dialogue.wakeUntilFree()
    dialogue = identified()
    dialogue.start(.makeSafe)
    dialogue.lose(.hangUp)
    XCTAssertEqual(dialogue.last?.fault, .port(.hangUp))
    dialogue.lose(.hangUp)
    XCTAssertEqual(dialogue.reports.count, 1, "a port lost without a request is no fault of a request")
  }

  func testWhatItCanNotDo() {
    for request in [DeviceRequest.read, .readAdjustment, .writeAdjustment(Coefficients(0, 1, 0, 0))] {
      var dialogue = identified()
      XCTAssertNil(dialogue.start(request))
      XCTAssertEqual(dialogue.last?.fault, .unsupported)
    }
  }
}
