import EtalonCore
import EtalonSensors
import XCTest

final class LineHeaterTests: XCTestCase {
  private let second: Int64 = 1_000_000_000

  private func heater(deadMan: Double = 30) -> LineHeater {
    LineHeater(options: SensorOptions(deadManSeconds: deadMan, ratedWatts: 1000, windowNanoseconds: 10_000_000_000))
  }

  private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

  /// A quarter of the power is a quarter of the window, and each level is read back.
  func testPowerIsAShareOfTime() throws {
    var driver = heater()
    XCTAssertEqual(driver.start(.drive(watts: 250), at: at(0)).send, Frame([1]))
    XCTAssertTrue(driver.isBusy)
    let step = driver.receive(Frame([1]), first: at(0), at: at(0))
    let state = try XCTUnwrap(step.report?.actuator)
    XCTAssertTrue(state.isOn)
    XCTAssertEqual(state.watts, 250)
    XCTAssertEqual(state.deadManSeconds, 30, accuracy: 1e-9)
    XCTAssertFalse(state.tripped)
    XCTAssertEqual(driver.deadline, at(2.5))
    XCTAssertNil(driver.wake(at: at(2.4)).send)
    XCTAssertEqual(driver.wake(at: at(2.5)).send, Frame([0]))
    // A switch between two requests reports nothing.
    XCTAssertNil(driver.receive(Frame([0]), first: at(2.5), at: at(2.5)).report)
    XCTAssertEqual(driver.deadline, at(10))
    XCTAssertEqual(driver.wake(at: at(10)).send, Frame([1]))
  }

  /// Off is off at once, whatever the window owes, and only a level that is read back counts.
  func testSafeStateIsReadBack() throws {
    var driver = heater()
    _ = driver.start(.drive(watts: 1000), at: at(0))
    _ = driver.receive(Frame([1]), first: at(0), at: at(0))
    XCTAssertEqual(driver.start(.makeSafe, at: at(1)).send, Frame([0]))
    let stuck = driver.receive(Frame([1]), first: at(1), at: at(1))
    XCTAssertEqual(stuck.report?.fault, .readBack(index: 1, expected: 0, received: 1))
    XCTAssertEqual(driver.start(.makeSafe, at: at(1.1)).send, Frame([0]))
    let safe = driver.receive(Frame([0]), first: at(1.1), at: at(1.1))
    XCTAssertEqual(safe.report?.actuator, ActuatorState(isOn: false, watts: 0, deadManSeconds: 0, tripped: false))
    XCTAssertNil(driver.deadline)
  }

  /// Nobody asks for power any more: off after the dead-man time.
  func testDeadMan() throws {
    var driver = heater(deadMan: 4)
    _ = driver.start(.drive(watts: 1000), at: at(0))
    _ = driver.receive(Frame([1]), first: at(0), at: at(0))
    XCTAssertEqual(driver.deadline, at(4))
    XCTAssertEqual(driver.wake(at: at(4)).send, Frame([0]))
    _ = driver.receive(Frame([0]), first: at(4), at: at(4))
    XCTAssertEqual(driver.start(.readActuator, at: at(5)).send, Frame([2]))
    let state = driver.receive(Frame([0]), first: at(5), at: at(5)).report?.actuator
    XCTAssertEqual(state, ActuatorState(isOn: false, watts: 0, deadManSeconds: 0, tripped: true))
  }

  func testFaults() throws {
    var driver = heater()
    _ = driver.start(.drive(watts: 1000), at: at(0))
    XCTAssertEqual(driver.wake(at: at(0.5)).report?.fault, .timeout)
    _ = driver.start(.makeSafe, at: at(1))
    XCTAssertEqual(driver.receive(Frame([7]), first: at(1), at: at(1)).report?.fault, .malformed(received: 1))
    _ = driver.start(.makeSafe, at: at(2))
    XCTAssertEqual(driver.lose(.vanished, at: at(2)).report?.fault, .port(.vanished))
    XCTAssertEqual(driver.start(.drive(watts: .nan), at: at(3)).report?.fault, .unsupported)
    XCTAssertEqual(driver.start(.read, at: at(3)).report?.fault, .unsupported)
    var none = LineHeater(options: SensorOptions())
    XCTAssertEqual(none.start(.identify, at: at(0)).report?.fault, .unsupported)
    XCTAssertEqual(none.start(.drive(watts: 10), at: at(0)).report?.fault, .unsupported)
    // Also a heater that can not be used can be told to be off.
    XCTAssertEqual(none.start(.makeSafe, at: at(0)).send, Frame([0]))
  }
}
