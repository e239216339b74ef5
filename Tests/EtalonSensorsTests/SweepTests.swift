import EtalonCore
import EtalonSensors
import EtalonSim
import XCTest

/// One driver on one port of a simulated world; the test asks and gets the report.
struct SimulatedPort<D: Driver>: ~Copyable {
  var world: SimulatedWorld
  var driver: D
  let port: PortIndex
  var instantOfReport = Instant(nanoseconds: 0)

  init(_ configuration: SimConfiguration, seed: UInt64 = 1, faults: FaultPlan = FaultPlan(), role: String, _ driver: D)
    throws
  {
    let port = try XCTUnwrap(configuration.port(named: role))
    world = try SimulatedWorld(configuration, seed: seed, faults: faults)
    self.driver = driver
    self.port = port
  }

  /// Lets time pass while nothing is asked.
  mutating func wait(seconds: Double) {
    let end = world.now() + Int64(seconds * 1e9)
    while true {
      let timed = world.nextInput(until: end)
      if case .wake = timed.input, timed.instant >= end { return }
      _ = handle(timed)
    }
  }

  /// Runs one request to its report and until the driver is free.
  mutating func run(_ request: DeviceRequest) -> DeviceReport? {
    var report: DeviceReport?
    var rounds = 0
    perform(driver.start(request, at: world.now()), &report)
    while driver.isBusy, rounds < 10_000 {
      rounds += 1
      let timed = world.nextInput(until: driver.deadline)
      if let step = handle(timed) { perform(step, &report) }
    }
    XCTAssertLessThan(rounds, 10_000, "the driver does not come to rest")
    return report
  }

  private mutating func handle(_ timed: TimedInput) -> DriverStep? {
    switch timed.input {
    case .bytes(port, let frame, let first): driver.receive(frame, first: first, at: timed.instant)
    case .lineErrors(port, let errors): driver.receive(errors, at: timed.instant)
    case .lost(port, let fault): driver.lose(fault, at: timed.instant)
    case .wake: driver.wake(at: timed.instant)
    default: nil
    }
  }

  private mutating func perform(_ step: DriverStep, _ report: inout DeviceReport?) {
    if let frame = step.send { world.perform(.send(port, frame, confidential: step.confidential)) }
    if let new = step.report {
      XCTAssertNil(report, "one request, one report")
      report = new
      instantOfReport = world.now()
    }
  }
}

/// Driver against twin over the range of each device. Both are written from the data sheet and neither from the other,
/// so a mistake of one shows.
final class SweepTests: XCTestCase {
  /// A bench whose bath rests at a temperature, without noise.
  private func bench(celsius: Double) -> SimConfiguration {
    var configuration = SimConfiguration()
    configuration.plant.initialCelsius = celsius
    configuration.plant.roomCelsius = celsius
    configuration.plant.sinkCelsius = celsius
    configuration.plant.stirringNoiseKelvin = 0
    configuration.plant.roomWanderKelvin = 0
    configuration.plant.humidityWanderPercent = 0
    configuration.plant.pressureWanderPascals = 0
    configuration.gradientKelvin = .fixed(0)
    configuration.reference.noiseKelvin = 0
    configuration.reference.driftKelvin = .fixed(0.004)
    configuration.device.noiseKelvin = .fixed(0)
    configuration.device.offsetKelvin = .fixed(0.12)
    configuration.device.gain = .fixed(-0.002)
    configuration.device.curvatureKelvin = .fixed(0.05)
    configuration.device.cubicKelvin = .fixed(-0.03)
    return configuration
  }

  /// Temperatures from end to end of the range of the thermometers under test, with both ends.
  private let temperatures = Array(stride(from: 0.0, through: 60, by: 2.5))

  func testReferenceOverTheRange() throws {
    for celsius in temperatures + [-12.5, 99.5] {
      for echo in [false, true] {
        var configuration = bench(celsius: celsius)
        configuration.reference.duplexFull = echo
        var port = try SimulatedPort(configuration, role: "ref", Hart1502A(options: SensorOptions()))
        port.wait(seconds: 3)
        let report = port.run(.read)
        let reading = try XCTUnwrap(report?.reading, "\(celsius) °C: \(String(describing: report))")
        // What the twin's truth says that a reference shows, within half its last digit.
        let truth = port.world.bench.truth
        let shown = truth.reference.indication(at: celsius) + truth.referenceDriftKelvin
        XCTAssertEqual(reading.value, shown, accuracy: 0.000_501, "\(celsius) °C, echo \(echo)")
        XCTAssertEqual(reading.quality, [])
        XCTAssertLessThan(reading.instant, port.instantOfReport)
      }
    }
  }

  func testDeviceOverTheRange() throws {
    for celsius in temperatures {
      var port = try SimulatedPort(bench(celsius: celsius), role: "dut", DT100(options: SensorOptions()))
      port.wait(seconds: 1)
      XCTAssertEqual(port.run(.identify)?.identity?.serial.text, "0042")
      for round in 0..<3 {
        let begun = port.world.now()
        let report = port.run(.read)
        let reading = try XCTUnwrap(report?.reading, "\(celsius) °C: \(String(describing: report))")
        // The response that `BenchTruth` states: offset + gain (t − 30 °C) + curvature s² + cubic s³.
        let s = (celsius - 30) / 30
        let shown = celsius + 0.12 - 0.002 * (celsius - 30) + 0.05 * s * s - 0.03 * s * s * s
        XCTAssertEqual(reading.value, shown, accuracy: 0.005_1, "\(celsius) °C")
        // The factory set is 30 + 30 s, and the indication is rounded to 0.01 °C; a count is 7 µK.
        XCTAssertEqual(30 + 30 * reading.raw, shown, accuracy: 1e-5)
        XCTAssertEqual(reading.conversion, UInt32(round + 1))
        XCTAssertEqual(reading.quality, [])
        XCTAssertGreaterThan(reading.instant, begun)
        XCTAssertLessThan(reading.instant, port.instantOfReport)
      }
    }
  }

  func testDeviceBeyondTheRange() throws {
    let fault = FaultEntry(atSeconds: 0.5, layer: .device, target: "dut", kind: .saturate)
    var port = try SimulatedPort(
      bench(celsius: 25), faults: FaultPlan([fault]), role: "dut", DT100(options: SensorOptions()))
    port.wait(seconds: 1)
    XCTAssertEqual(port.run(.read)?.reading?.quality, .overRange)
  }

  func testControllerOverTheRange() throws {
    var port = try SimulatedPort(bench(celsius: 25), role: "bath", BC200(options: SensorOptions(deadManSeconds: 12.5)))
    XCTAssertEqual(port.run(.identify)?.identity?.serial.text, "0007")
    for watts in stride(from: 0.0, through: 1500, by: 62.375) {
      let report = port.run(.drive(watts: watts))
      let state = try XCTUnwrap(report?.actuator, "\(watts) W: \(String(describing: report))")
      XCTAssertTrue(state.isOn)
      XCTAssertEqual(state.watts, watts, accuracy: 0.005_000_1)
      XCTAssertEqual(state.deadManSeconds, 12.5, accuracy: 0.1)
      XCTAssertFalse(state.tripped)
    }
    XCTAssertEqual(port.run(.drive(watts: 1500.01))?.fault, .device(code: -222))
    XCTAssertEqual(port.run(.drive(watts: -1))?.fault, .device(code: -222))
    port.wait(seconds: 13)
    let tripped = port.run(.makeSafe)?.actuator
    XCTAssertEqual(tripped?.isOn, false)
    XCTAssertEqual(tripped?.tripped, true, "the dead-man had switched the heater off")
    XCTAssertEqual(port.run(.drive(watts: 10))?.actuator?.isOn, true)
    XCTAssertEqual(port.run(.makeSafe)?.actuator?.isOn, false)
    for celsius in [-5.0, 0, 18.25, 23, 40] {
      var other = try SimulatedPort(bench(celsius: celsius), role: "room", BC200(options: SensorOptions()))
      let environment = try XCTUnwrap(other.run(.readEnvironment)?.environment)
      XCTAssertEqual(environment.celsius, celsius, accuracy: 0.005_1)
      XCTAssertEqual(environment.relativeHumidityPercent, 45, accuracy: 0.051)
      XCTAssertEqual(environment.pascals, 101_325, accuracy: 0.51)
    }
  }

  private let set = Coefficients(29.912345678, 30.0456, -0.0123, 0.00345)

  func testAdjustment() throws {
    var port = try SimulatedPort(bench(celsius: 25), role: "dut", DT100(options: SensorOptions()))
    let before = try XCTUnwrap(port.run(.readAdjustment)?.adjustment)
    XCTAssertEqual(before.coefficients, Coefficients(30, 30, 0, 0))
    let report = port.run(.writeAdjustment(set))
    let after = try XCTUnwrap(report?.adjustment, String(describing: report))
    XCTAssertEqual(after.coefficients, set)
    XCTAssertEqual(after.count, before.count + 1)
    XCTAssertEqual(port.run(.readAdjustment)?.adjustment, after)
    let reading = try XCTUnwrap(port.run(.read)?.reading)
    XCTAssertEqual(reading.value, set.value(at: reading.raw), accuracy: 0.005_1)
  }

  /// What goes wrong in the device while a set is written is reported as what it is.
  func testAdjustmentFaults() throws {
    func write(_ kind: FaultKind, value: Double? = nil, code: String = "DT100") throws -> ExchangeFault? {
      let fault = FaultEntry(atSeconds: 0.01, layer: .device, target: "dut", kind: kind, value: value)
      var port = try SimulatedPort(
        bench(celsius: 25), faults: FaultPlan([fault]), role: "dut",
        DT100(options: SensorOptions(unlockCode: Frame(code))))
      port.wait(seconds: 0.1)
      return port.run(.writeAdjustment(set))?.fault
    }
    for index in 0..<4 {
      guard case .readBack(index, _, _)? = try write(.writeCorrupt, value: Double(index)) else {
        XCTFail("a coefficient altered on arrival must be found: \(index)")
        continue
      }
      // The device tells its working set, which is good, and the checksum of its stored set, which is not.
      guard case .checksum? = try write(.storeCorrupt, value: Double(index)) else {
        XCTFail("a coefficient altered in the store must be found: \(index)")
        continue
      }
    }
    XCTAssertEqual(try write(.refuseStore), .device(code: -311))
    XCTAssertEqual(try write(.stuck, code: "WRONG"), .device(code: -221))
  }

  /// Every fault of the wire, then good readings again without help.
  func testWireFaultsAndRecovery() throws {
    for kind in [FaultKind.drop, .garbage, .half, .framing, .parity, .stale, .silent, .delay, .echo] {
      let isLasting = [.silent, .delay, .echo].contains(kind)
      let fault = FaultEntry(
        atSeconds: 5, layer: .wire, target: "dut", kind: kind, forSeconds: isLasting ? 3 : nil,
        value: kind == .delay ? 0.8 : nil)
      var port = try SimulatedPort(
        bench(celsius: 25), faults: FaultPlan([fault]), role: "dut", DT100(options: SensorOptions()))
      var values: [Double] = []
      var conversions: Set<UInt32> = []
      var spoilt = 0
      for _ in 0..<15 {
        let report = port.run(.read)
        if let reading = report?.reading, reading.quality == [] {
          values.append(reading.value)
          XCTAssertTrue(conversions.insert(reading.conversion).inserted, "\(kind): a conversion counted twice")
        } else {
          spoilt += 1
        }
        port.wait(seconds: 1)
      }
      XCTAssertTrue(values.allSatisfy { $0 == values[0] }, "\(kind): \(values)")
      XCTAssertGreaterThanOrEqual(values.count, 10, "\(kind)")
      if kind != .echo { XCTAssertGreaterThan(spoilt, 0, "\(kind) must show") }
    }
  }
}
