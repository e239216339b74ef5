import EtalonCore
import EtalonLedger
import EtalonLinux
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation
import XCTest

/// A whole calibration over a real kernel: the reference behind a USB serial port, the device on four GPIO lines, the heater
/// on a fifth. The twins stand on the far sides: `/dev/ttyGS0`, and the levels of the simulated chip.
final class GPIOSessionTests: XCTestCase {
  private enum Offset { static let select = 0, clock = 1, dataOut = 2, dataIn = 3, heater = 4 }

  /// The root of the repository, from the place of this file.
  private var root: String {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    // A package of links leads back to the repository.
    return url.resolvingSymlinksInPath().path
  }

  func testCalibrationOverUSBSerialAndLines() throws {
    let chip = try VirtualBoard.gpioSim(
      label: "line-bench", lineCount: 8, names: [0: "CS", 1: "SCK", 2: "MOSI", 3: "MISO", 4: "HEATER"])
    let cable = try VirtualBoard.usbSerial(serial: "1502A-0815")
    let folder = NSTemporaryDirectory() + "/gpio-session-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { XCTAssertNoThrow(try FileManager.default.removeItem(atPath: folder)) }

    let home = root + "/boards/line-bench"
    let board = try BoardFile.load(directory: home)
    let speed = 60.0
    let source = try SourceFile(path: home + "/sessions/thermometer.yaml", kind: .session)
    // The bath is 60 times quicker, and so are the waits; a converter reads in 70 ms.
    let overrides = [
      "soak=2 s", "hold=2 s", "rate=4 Hz", "samples=20", "slope=6 K/min", "steadiness=0.1 K",
      // A board that is emulated may stand still for some hundred milliseconds when its host is busy.
      "gaps=10 %",
    ]
    let plan = try SessionFile.load(source, overrides: overrides)
    let bench = try bench(board, port: try XCTUnwrap(try cable.hostPath()), speed: speed, in: folder, home)
    try BenchFile.check(bench, serves: plan)

    var simulation = try SimFile.load(path: home + "/sim.yaml")
    simulation.configuration.speed = speed
    simulation.configuration.device.noiseKelvin = .fixed(0.002)
    let twins = try SimulatedBench(board: board, simulation: simulation, session: plan)
    let clock = LinuxClock.mapping()
    let virtual = try VirtualBench(
      twins.configuration, seed: 11, startingAt: clock.instant, pacedReplies: false)

    let header = RunHeader(
      version: "test", session: plan.name, board: board.name, timebase: .monotonic,
      utcNanosecondsAtStart: simulation.utcNanoseconds, seed: 0, overrides: overrides, sessionText: source.bytes,
      boardPlan: board, bench: bench)
    var engine = try SessionEngine(
      plan: plan, board: board, bench: bench, utcNanosecondsAtStart: simulation.utcNanoseconds)
    let writer = try LedgerWriter(runFolder: folder + "/run", mode: .drop)
    var recorder = LedgerRecording(writer, header: header, at: clock.instant)
    var world = try BoardWorld(bench: bench, twins: virtual, chip: chip, farPath: cable.farPath)
    runLoop(&engine, in: &world, recorder: &recorder)
    let ledger = try writer.close()
    XCTAssertEqual(world.faults, [])

    let results = engine.results
    XCTAssertNil(results.failure?.reason)
    XCTAssertEqual(results.verdict, .conforming, "\(results.points)")
    XCTAssertEqual(results.exitCode, .conforming)
    XCTAssertEqual(results.points.count, 2)
    XCTAssertEqual(results.deviceSerial, "PT100-0007")
    XCTAssertEqual(results.referenceSerial, "1502A-0815")
    XCTAssertEqual(results.safeStateConfirmed, true)
    XCTAssertTrue(results.energised)
    XCTAssertFalse(try chip.level(Offset.heater), "the heater is off")
    XCTAssertGreaterThan(world.heaterSwitches, 20, "the power was given in pulses")
    XCTAssertEqual(world.truths.count, results.points.count)
    for (point, truth) in zip(results.points, world.truths) {
      print(
        "\(point.setpoint) °C: error \(point.error) K, U \(point.expandedUncertainty) K, "
          + "true \(truth) K, \(point.samples) samples")
      XCTAssertEqual(point.samples, 20)
      // U has k = 2, so a right result is outside of twice U once in 16 000 times.
      XCTAssertEqual(point.error, truth, accuracy: 2 * point.expandedUncertainty)
    }
    XCTAssertEqual(ledger.lost, 0)

    // The record is whole, and every decision comes out of it again.
    let path = folder + "/run/" + LedgerWriter.fileName
    XCTAssertTrue(try LedgerVerification(path: path).isSound)
    let replay = try Replay(path: path)
    XCTAssertTrue(replay.isIdentical, "\(String(describing: replay.firstDifference))")
    XCTAssertTrue(replay.isComplete)
    XCTAssertGreaterThan(replay.compared, 100)
    print(
      "libgpiod \(GPIOChips.libraryVersion): \(ledger.records) records, \(replay.compared) decisions replayed, "
        + "\(world.heaterSwitches) switches of the heater")
  }

  /// A bench file as a user writes it.
  private func bench(
    _ board: BoardPlan, port: String, speed: Double, in folder: String, _ home: String
  ) throws -> BenchPlan {
    let text = """
      etalon: 1
      lines:
        heater:   {line: HEATER, direction: output, bias: pull-down, safe: inactive}
        select:   {line: CS, direction: output, active: low}
        clock:    {chip: line-bench, offset: 1, direction: output}
        data_out: {line: MOSI, direction: output}
        data_in:  {line: MISO, direction: input}
      roles:
        ref: {device: hart_1502a, port: \(port), baud: 9600, certificate: \(home)/certificates/ref-1502a.yaml, update_period: \(1 / speed) s}
        dut:
          device: max31865
          serial: PT100-0007
          reference_resistor: 400 Ω
          lines: {select: select, clock: clock, data_out: data_out, data_in: data_in}
        bath: {device: line_heater, power: 1500 W, window: 0.1 s, dead_man: 5 s, lines: {output: heater}}
      plant: {heat_capacity: \(21000 / speed) J/K, delay: \(16 / speed) s}
      """
    let path = folder + "/bench.yaml"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try BenchFile.load(path: path)
  }

  /// The Linux world under test, with the twins on its far sides served between its turns: everything is in one thread,
  /// and nothing depends on how long a step takes.
  private struct BoardWorld: World, ~Copyable {
    private var near: LinuxWorld
    private var far: LinuxWorld
    private let twins: VirtualBench
    private let chip: SimulatedChip
    private let wires: Wires
    private var outbox = Outbox()
    private let reference: PortIndex = 0
    private var heaterWasOn = false
    private(set) var heaterSwitches = 0
    private(set) var truths: [Double] = []

    /// What the far side of the SPI lines shares with the pauses of the near side.
    private final class Wires {
      var faults: [String] = []
      var outbox = Outbox()
    }

    var faults: [String] { wires.faults }

    init(bench: BenchPlan, twins: VirtualBench, chip: SimulatedChip, farPath: String) throws {
      let wires = Wires()
      // Everything that can fail comes before the first property.
      let far = try LinuxWorld(ports: [.serial(path: farPath, settings: SerialSettings(baud: 9600))], signals: .none)
      var near = try LinuxWorld(
        ports: bench.instruments.map { instrument -> LinuxPortSpecification in
          func line(_ place: Int) -> LineSpecification { bench.lines[place].specification }
          switch instrument.lines {
          case nil: return .serial(path: instrument.port, settings: instrument.settings)
          case .levels(let places): return .lines(.levels(Array(places.indices)), places.map(line))
          case .spi(let select, let clock, let dataOut, let dataIn, _):
            return .lines(
              .spi(select: 0, clock: 1, dataOut: 2, dataIn: 3, halfPeriodNanoseconds: 0),
              [select, clock, dataOut, dataIn].map(line))
          }
        }, lines: bench.ownLines.map(\.specification), signals: .none)
      near.linePause = { _ in
        do {
          let level = twins.levels(
            of: 1, select: try !chip.level(Offset.select), clock: try chip.level(Offset.clock),
            data: try chip.level(Offset.dataOut), at: LinuxClock.now(), into: &wires.outbox)
          if let level { try chip.drive(Offset.dataIn, high: level) }
          wires.outbox.clear()
        } catch { wires.faults.append("\(error)") }
      }
      self.near = near
      self.far = far
      self.twins = twins
      self.chip = chip
      self.wires = wires
    }

    var kind: TimebaseKind { near.kind }
    func now() -> Instant { near.now() }

    mutating func nextInput(until deadline: Instant?) -> TimedInput {
      while true {
        serveTwins()
        let turn = near.now() + 1_000_000
        let timed = near.nextInput(until: deadline.map { min($0, turn) } ?? turn)
        guard case .wake = timed.input else { return timed }
        if let deadline, timed.instant >= deadline { return timed }
      }
    }

    mutating func perform(_ action: Action) {
      if case .window(let isOpen) = action {
        if isOpen {
          twins.openWindow(at: now(), into: &outbox)
        } else if let truth = twins.closeWindow(at: now(), into: &outbox) {
          truths.append(truth.error)
        }
        send()
      }
      near.perform(action)
    }

    /// The plant looks at the heater's line, the reference at its end of the cable.
    private mutating func serveTwins() {
      do {
        let isOn = try chip.level(Offset.heater)
        if isOn != heaterWasOn { heaterSwitches += 1 }
        heaterWasOn = isOn
        twins.heat(2, isOn: isOn, at: now(), into: &outbox)
      } catch { wires.faults.append("\(error)") }
      while true {
        let timed = far.nextInput(until: far.now())
        if case .wake = timed.input { break }
        if case .lost(_, let fault) = timed.input {
          wires.faults.append("the far side of the cable: \(fault)")
          break
        }
        twins.handle(timed.input, at: timed.instant, into: &outbox)
      }
      twins.handle(.wake, at: now(), into: &outbox)
      send()
    }

    private mutating func send() {
      for action in outbox.actions {
        if case .send(reference, _, _) = action { far.perform(action) }
      }
      outbox.clear()
    }
  }
}
