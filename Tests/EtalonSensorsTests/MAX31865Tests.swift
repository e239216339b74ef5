import EtalonCore
import EtalonSensors
import XCTest

@testable import EtalonSim

/// Literal frames: data sheet MAX31865 rev. 3. Reading the RTD registers of a Pt100 at 0 °C with 400 Ω gives code 2000h,
/// on the wire `01 FF FF` and `00 40 00`; writing the configuration C2 is `80 C2` (table 2).
final class MAX31865Tests: XCTestCase {
  private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  private func registers(_ configuration: UInt8, _ high: UInt8, _ low: UInt8, status: UInt8 = 0) -> Frame {
    Frame([0, configuration, high, low, 0xFF, 0xFF, 0, 0, status])
  }

  private func driver(_ options: SensorOptions = SensorOptions()) -> MAX31865 { MAX31865(options: options) }

  /// Starts a conversion and answers the burst with `reply`.
  private func read(_ driver: inout MAX31865, _ reply: Frame) -> DeviceReport? {
    XCTAssertEqual(driver.start(.read, at: at(0)).send, Frame([0x80, 0xA1]))
    XCTAssertNil(driver.receive(Frame([0, 0]), first: at(0), at: at(0)).report)
    XCTAssertEqual(driver.deadline, at(70))
    XCTAssertNil(driver.wake(at: at(69)).send)
    XCTAssertEqual(driver.wake(at: at(70)).send, Frame([0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
    return driver.receive(reply, first: at(70), at: at(71)).report
  }

  func testIdentify() throws {
    var driver = driver(SensorOptions(serial: Frame(ascii: "PT-1"), wires: 3))
    XCTAssertEqual(driver.start(.identify, at: at(0)).send, Frame([0x80, 0x93]))
    XCTAssertEqual(driver.receive(Frame([0, 0]), first: at(0), at: at(0)).send?.count, 9)
    let report = driver.receive(registers(0x91, 0, 0), first: at(0), at: at(1)).report
    XCTAssertEqual(report?.identity?.text, Frame(ascii: "MAX31865"))
    XCTAssertEqual(report?.identity?.serial, Frame(ascii: "PT-1"))
  }

  /// Code 2000h is 100 Ω, so 0 °C; IEC 60751 has 138.5055 Ω at 100 °C, code 11346.4: 2C52h is 138.501 Ω, 99.988 °C.
  func testReadings() throws {
    var driver = driver()
    let zero = try XCTUnwrap(read(&driver, registers(0x81, 0x40, 0x00))?.reading)
    XCTAssertEqual(zero.value, 0, accuracy: 1e-9)
    XCTAssertEqual(zero.raw, -0.5)
    XCTAssertEqual(zero.conversion, 1)
    XCTAssertEqual(zero.instant, Instant(nanoseconds: 31_250_000))
    XCTAssertEqual(zero.quality, [])
    let hundred = try XCTUnwrap(read(&driver, registers(0x81, 0x58, 0xA4))?.reading)
    XCTAssertEqual(hundred.value, 99.988, accuracy: 0.001)
    XCTAssertEqual(hundred.conversion, 2)
    let nothing = try XCTUnwrap(read(&driver, registers(0x81, 0x00, 0x00))?.reading)
    XCTAssertTrue(nothing.quality.contains(.overRange))
    XCTAssertTrue(nothing.value.isNaN)
  }

  /// A line that is stuck, a chip that was reset, a sensor that is open: faults, never readings.
  func testFaults() throws {
    var driver = driver()
    XCTAssertEqual(
      read(&driver, Frame([UInt8](repeating: 0xFF, count: 9)))?.fault,
      .readBack(index: 0, expected: 0x81, received: 0xFF))
    XCTAssertEqual(
      read(&driver, Frame([UInt8](repeating: 0, count: 9)))?.fault, .readBack(index: 0, expected: 0x81, received: 0))
    XCTAssertEqual(read(&driver, registers(0x81, 0xFF, 0xFF, status: 0x80))?.fault, .device(code: 0x80))
    XCTAssertEqual(read(&driver, Frame([0, 0x81]))?.fault, .malformed(received: 2))
    // The one-shot bit is still set: the driver asks again, and gives up in the end.
    XCTAssertNil(read(&driver, registers(0xA1, 0, 0)))
    XCTAssertEqual(driver.deadline, at(81))
    XCTAssertEqual(driver.wake(at: at(81)).send?.count, 9)
    XCTAssertEqual(driver.receive(registers(0xA1, 0, 0), first: at(400), at: at(400)).report?.fault, .timeout)
    XCTAssertFalse(driver.isBusy)
    _ = driver.start(.read, at: at(500))
    XCTAssertEqual(driver.lose(.vanished, at: at(500)).report?.fault, .port(.vanished))
    XCTAssertEqual(driver.start(.makeSafe, at: at(600)).report?.fault, .unsupported)
  }

  /// The twin under the driver's own transfer, bit by bit: every temperature comes out within half a step of the code.
  func testDriverAgainstTwin() throws {
    for celsius in stride(from: -50.0, through: 200, by: 12.5) {
      var configuration = SimConfiguration()
      configuration.instruments = [SimConfiguration.Instrument(model: .max31865, roles: ["dut"], serial: "1")]
      for prior in [
        \SimConfiguration.Device.offsetKelvin, \.gain, \.curvatureKelvin, \.cubicKelvin, \.noiseKelvin,
      ] { configuration.device[keyPath: prior] = .fixed(0) }
      configuration.gradientKelvin = .fixed(0)
      configuration.plant.initialCelsius = celsius
      configuration.plant.roomCelsius = celsius
      configuration.plant.sinkCelsius = celsius
      configuration.plant.roomWanderKelvin = 0
      configuration.plant.stirringNoiseKelvin = 0
      let bench = try VirtualBench(configuration, seed: 1)
      var driver = driver()
      var outbox = Outbox()
      var now = at(1000)
      var step = driver.start(.read, at: now)
      var report: DeviceReport?
      while report == nil {
        if let frame = step.send {
          var transfer = SPITransfer(sending: frame)
          var level = false
          loop: while true {
            switch transfer.next() {
            case .drive(let select, let clock, let data):
              level = bench.levels(of: 0, select: select, clock: clock, data: data, at: now, into: &outbox) ?? true
            case .sample: transfer.take(level)
            case .finished: break loop
            }
          }
          step = driver.receive(transfer.received, first: now, at: now)
        } else {
          now = try XCTUnwrap(driver.deadline)
          step = driver.wake(at: now)
        }
        report = step.report
      }
      // 400 Ω / 32768 is 12.2 mΩ; half of it over 0.376 Ω/K to 0.397 Ω/K.
      XCTAssertEqual(try XCTUnwrap(report?.reading).value, celsius, accuracy: 0.0061 / 0.366, "\(celsius) °C")
    }
  }
}
