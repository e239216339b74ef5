import EtalonCore
import EtalonMetrology
import XCTest

@testable import EtalonSim

/// Wires, time, clocks and lines of the simulated world.
final class SimulatedWorldTests: XCTestCase {
  func testAllPortsOpenAtTheStart() throws {
    var world = try world()
    for port in 0..<3 as Range<PortIndex> {
      let timed = world.nextInput(until: nil)
      guard case .opened(port) = timed.input else { return XCTFail("\(timed)") }
      XCTAssertEqual(timed.instant, Instant(nanoseconds: 0))
    }
    XCTAssertEqual(world.kind, .simulated)
  }

  /// A character of 8N1 at 9600 baud takes 10/9600 s; 1502A answers of 15 bytes, DT100 messages of various length.
  func testCharactersTakeTheirTimeOnTheWire() throws {
    var configuration = SimConfiguration.ideal()
    configuration.host.latencySeconds = 0
    configuration.device.replyDelaySeconds = 0
    var world = try world(configuration)
    _ = ask(&world, "", within: 0)
    let start = world.now()
    // 6 bytes there, no conversion, 22 bytes back.
    let heard = ask(&world, "*IDN?\n")
    XCTAssertEqual(heard.text, "ETALON,DT100,0042,1.0\n")
    let character = 10.0 / 9600
    XCTAssertEqual(Double(heard.firstNanoseconds! - start.nanoseconds) * 1e-9, 7 * character, accuracy: 2e-9)
    XCTAssertEqual(Double(heard.lastNanoseconds! - start.nanoseconds) * 1e-9, 28 * character, accuracy: 2e-9)
    XCTAssertEqual(SimulatedWire.duration(of: 20, SerialSettings(baud: 9600)), 20_833_333)
    XCTAssertEqual(
      SimulatedWire.duration(of: 20, SerialSettings(baud: 9600, dataBits: 7, parity: .even, stopBits: 2)),
      22_916_666)
  }

  func testHostLatencyComesOnceEachWay() throws {
    var configuration = SimConfiguration.ideal()
    configuration.device.replyDelaySeconds = 0
    var instants: [Int64] = []
    for latency in [0.0, 0.003] {
      configuration.host.latencySeconds = latency
      var world = try world(configuration)
      instants.append(try XCTUnwrap(ask(&world, "*OPC?\n").lastNanoseconds))
    }
    XCTAssertEqual(instants[1] - instants[0], 6_000_000)
  }

  func testFramesQueueOnTheWire() throws {
    var configuration = SimConfiguration.ideal()
    configuration.host.latencySeconds = 0
    configuration.device.replyDelaySeconds = 0
    var world = try world(configuration)
    world.perform(.send(1, Frame(ascii: "*OPC?\n"), confidential: false))
    let heard = ask(&world, "*OPC?\n")
    XCTAssertEqual(heard.text, "1\n1\n")
    XCTAssertEqual(Double(heard.lastNanoseconds!) * 1e-9, 14 * 10.0 / 9600, accuracy: 2e-9)
  }

  func testWrongBaudRateIsGarbageWithFramingErrors() throws {
    var configuration = SimConfiguration.ideal()
    configuration.instruments[1].hostSettings = SerialSettings(baud: 19200)
    var world = try world(configuration)
    let heard = ask(&world, "*IDN?\n")
    XCTAssertEqual(heard.text, "", "the device understands nothing and says nothing")
    configuration.reference.duplexFull = false
    configuration.instruments[0].hostSettings = SerialSettings(baud: 2400)
    var other = try SimulatedWorld(configuration, seed: 1)
    other.bench.handle(
      .bytes(0, Frame(ascii: "SA=1\r"), first: Instant(nanoseconds: 0)), at: Instant(nanoseconds: 0),
      into: &outbox)
    let garbage = ask(&other, "", port: 0, within: 3)
    XCTAssertTrue(garbage.errors.contains(.framing))
    XCTAssertFalse(garbage.text.contains("t:"))
    XCTAssertFalse(garbage.text.isEmpty)
  }

  private var outbox = Outbox()

  func testEvenForOddParityIsAParityError() throws {
    var configuration = SimConfiguration.ideal()
    configuration.instruments[1].settings = SerialSettings(baud: 9600, parity: .even)
    configuration.instruments[1].hostSettings = SerialSettings(baud: 9600, parity: .odd)
    var world = try world(configuration)
    let heard = ask(&world, "*OPC?\n")
    XCTAssertEqual(heard.errors, .parity)
    XCTAssertEqual(heard.text, "1\n")
  }

  func testAFullReceiverOverruns() throws {
    var configuration = SimConfiguration.ideal()
    configuration.host.receiverBytes = 4
    configuration.host.latencySeconds = 0.010
    var world = try world(configuration)
    let heard = ask(&world, "*IDN?\n")
    XCTAssertEqual(heard.errors, .overrun)
    // 10 ms after the first of 22 characters of 1.04 ms the host is there; bytes 5 to 10 found no place.
    XCTAssertEqual(heard.text, "ETAL00,0042,1.0\n")
    configuration.host.latencySeconds = 0.001
    var quick = try SimulatedWorld(configuration, seed: 1)
    XCTAssertEqual(ask(&quick, "*IDN?\n").text, "ETALON,DT100,0042,1.0\n")
  }

  func testTimeMovesOnlyWhenNothingIsDue() throws {
    var world = try world()
    _ = ask(&world, "", within: 0)
    let timed = world.nextInput(until: Instant(nanoseconds: 3_600_000_000_000))
    guard case .wake = timed.input else { return XCTFail("\(timed)") }
    XCTAssertEqual(timed.instant.nanoseconds, 3_600_000_000_000)
    XCTAssertEqual(world.now().nanoseconds, 3_600_000_000_000)
    let again = world.nextInput(until: Instant(nanoseconds: 5))
    XCTAssertEqual(again.instant.nanoseconds, 3_600_000_000_000, "time never goes backwards")
  }

  /// A hash over every input of a run of 200 s with all noise and an eventful fault plan.
  private func transcript(seed: UInt64) throws -> UInt64 {
    var configuration = SimConfiguration()
    configuration.bitErrorRate = 1e-4
    let plan = FaultPlan.random(seed: 5, count: 12, durationSeconds: 200, configuration: configuration)
    var world = try SimulatedWorld(configuration, seed: seed, faults: plan)
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x100_0000_01B3 }
    for second in 1...200 as ClosedRange<Int64> {
      world.perform(.send(0, Frame(ascii: "T\r"), confidential: false))
      world.perform(.send(1, Frame(ascii: "MEAS:ALL?\n"), confidential: false))
      world.perform(.send(2, Frame(ascii: "HEAT:POW 800;STAT ON;ALL?\n"), confidential: false))
      while true {
        let timed = world.nextInput(until: Instant(nanoseconds: second * 1_000_000_000))
        mix(UInt64(bitPattern: timed.instant.nanoseconds))
        if case .wake = timed.input { break }
        switch timed.input {
        case .bytes(let port, let frame, let first):
          mix(UInt64(port))
          mix(UInt64(bitPattern: first.nanoseconds))
          for byte in frame { mix(UInt64(byte)) }
        case .lineErrors(let port, let errors): mix(UInt64(port) << 8 | UInt64(errors.rawValue))
        default: mix(1)
        }
      }
    }
    mix(world.bench.trueCelsius().device.bitPattern)
    return hash
  }

  func testOneSeedOneTranscript() throws {
    let first = try transcript(seed: 42)
    XCTAssertEqual(first, try transcript(seed: 42))
    XCTAssertNotEqual(first, try transcript(seed: 43))
  }

  // MARK: Clock

  func testClockOffsetAndDrift() throws {
    var configuration = SimConfiguration.ideal()
    configuration.host.clockOffsetSeconds = 100
    configuration.host.clockDriftPPM = 50
    var world = try world(configuration)
    XCTAssertEqual(world.now().nanoseconds, 100_000_000_000)
    _ = ask(&world, "", within: 0)
    _ = world.nextInput(until: Instant(nanoseconds: 1_100_000_000_000))
    // 1000 s shown at 1 + 50·10⁻⁶ are 999.950 002 5 s of true time.
    XCTAssertEqual(world.trueSeconds, 1000 / (1 + 50e-6), accuracy: 1e-8)
    XCTAssertEqual(world.now().nanoseconds, 1_100_000_000_000)
  }

  func testClockFaults() throws {
    var world = try world(faults: [
      FaultEntry(atSeconds: 10, layer: .clock, kind: .step, value: 5),
      FaultEntry(atSeconds: 20, layer: .clock, kind: .drift, forSeconds: 100, value: 1000),
      FaultEntry(atSeconds: 200, layer: .clock, kind: .step, value: -3),
    ])
    _ = ask(&world, "", within: 0)
    _ = world.nextInput(until: Instant(nanoseconds: 12_000_000_000))
    XCTAssertEqual(world.trueSeconds, 10, accuracy: 1e-9, "the jump at 10 s passes the deadline at once")
    XCTAssertEqual(world.now().nanoseconds, 15_000_000_000)
    _ = world.nextInput(until: Instant(nanoseconds: 155_100_000_000))
    XCTAssertEqual(world.trueSeconds, 150, accuracy: 1e-9, "100 s at 1000 ppm put 0.1 s on top")
    _ = world.nextInput(until: Instant(nanoseconds: 205_100_000_000))
    XCTAssertEqual(world.trueSeconds, 200, accuracy: 1e-9)
    // Set back by 3 s, the clock stands for the host until it has caught up.
    _ = world.nextInput(until: Instant(nanoseconds: 206_100_000_000))
    XCTAssertEqual(world.trueSeconds, 204, accuracy: 1e-9)
    XCTAssertEqual(world.now().nanoseconds, 206_100_000_000)
  }

  func testClockInversionIsExact() {
    for ppm in [-1234.5, -1, 0.001, 77, 100_000] {
      var clock = SimulatedClock(offsetNanoseconds: 17, driftPPM: ppm)
      clock.setDrift(ppm: ppm, at: 1_000_000_007)
      for shown in [1_000_000_100 as Int64, 5_000_000_000, 123_456_789_012_345] {
        let instant = clock.trueInstant(reaching: shown)
        XCTAssertGreaterThanOrEqual(clock.shown(at: instant), shown)
        XCTAssertLessThan(clock.shown(at: instant - 1), shown)
      }
    }
  }

  // MARK: Lines

  private func bench(lines: [LineConfiguration], heater: LineIndex? = nil) -> SimConfiguration {
    var configuration = SimConfiguration.ideal()
    configuration.lines = lines
    configuration.heaterLine = heater
    return configuration
  }

  /// A time-proportioned heater: 40 % of full power holds the bath where 600 W hold it.
  func testATimeProportionedHeaterOnALine() throws {
    var configuration = bench(lines: [LineConfiguration(name: "heater", direction: .output)], heater: 0)
    configuration.plant.coolingWattsPerKelvin = 20
    configuration.plant.initialCelsius = configuration.plant.steadyCelsius(watts: 600)
    var world = try world(configuration)
    _ = ask(&world, "", within: 0)
    var sum = 0.0
    for cycle in 0..<600 {
      world.perform(.set(0, active: true))
      XCTAssertEqual(world.bench.bath.heaterWatts, 1500)
      _ = ask(&world, "", within: 4)
      world.perform(.set(0, active: false))
      XCTAssertEqual(world.bench.bath.heaterWatts, 0)
      _ = ask(&world, "", within: 6)
      if cycle >= 500 { sum += world.bench.trueCelsius().device }
    }
    // The cycle of 10 s leaves a ripple of about 0.2 K whose phase at the end of a cycle is always the same.
    XCTAssertEqual(sum / 100, configuration.plant.steadyCelsius(watts: 600), accuracy: 0.2)
  }

  func testAnInputFollowsAnOutputAndBounces() throws {
    var world = try world(
      bench(lines: [
        LineConfiguration(name: "out", direction: .output),
        LineConfiguration(name: "in", direction: .input, follows: 0, bounceSeconds: 0.004),
      ]))
    _ = ask(&world, "", within: 0)
    world.perform(.set(0, active: true))
    var edges: [(Int64, Bool)] = []
    while true {
      let timed = world.nextInput(until: Instant(nanoseconds: 1_000_000_000))
      if case .wake = timed.input { break }
      if case .edge(1, let active, _) = timed.input { edges.append((timed.instant.nanoseconds, active)) }
    }
    XCTAssertEqual(edges.map(\.1), [true, false, true, false, true])
    XCTAssertEqual(edges.map(\.0), [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000])
    XCTAssertTrue(world.level(of: 1))
  }

  func testPullGlitchStuckBusyAndGone() throws {
    let lines = [
      LineConfiguration(name: "button", direction: .input, pull: .up),
      LineConfiguration(name: "relay", direction: .output),
    ]
    var world = try SimulatedWorld(
      bench(lines: lines, heater: 1), seed: 1,
      faults: FaultPlan([
        FaultEntry(atSeconds: 1, layer: .line, target: "button", kind: .glitch, value: 0.002),
        FaultEntry(atSeconds: 2, layer: .line, target: "button", kind: .stuck, forSeconds: 2),
        FaultEntry(atSeconds: 10, layer: .line, target: "relay", kind: .busy, forSeconds: 5),
        FaultEntry(atSeconds: 20, layer: .line, target: "relay", kind: .stuck, forSeconds: 5, value: 1),
        FaultEntry(atSeconds: 30, layer: .line, target: "relay", kind: .gone),
      ]))
    XCTAssertTrue(world.level(of: 0), "nobody drives it, so that the pull decides")
    world.drive(0, active: false, atSeconds: 3)
    var edges: [(Double, Bool)] = []
    func listen(until seconds: Double) {
      while true {
        let timed = world.nextInput(until: Instant(nanoseconds: Int64(seconds * 1e9)))
        if case .wake = timed.input { return }
        if case .edge(0, let active, _) = timed.input {
          edges.append((Double(timed.instant.nanoseconds) * 1e-9, active))
        }
      }
    }
    listen(until: 8)
    XCTAssertEqual(edges.map(\.1), [false, true, false])
    XCTAssertEqual(edges.map(\.0), [1, 1.002, 4], "the change at 3 s shows when the line is free again")
    listen(until: 11)
    world.perform(.set(1, active: true))
    XCTAssertEqual(world.refusedLineActions, 1)
    XCTAssertFalse(world.level(of: 1))
    listen(until: 16)
    world.perform(.set(1, active: true))
    world.perform(.set(1, active: false))
    XCTAssertEqual(world.refusedLineActions, 1)
    listen(until: 21)
    XCTAssertEqual(world.bench.bath.heaterWatts, 1500, "a welded contact heats")
    world.perform(.set(1, active: false))
    XCTAssertEqual(world.bench.bath.heaterWatts, 1500)
    listen(until: 26)
    XCTAssertEqual(world.bench.bath.heaterWatts, 0)
    world.perform(.set(1, active: true))
    listen(until: 31)
    XCTAssertEqual(world.bench.bath.heaterWatts, 0, "an unplugged line falls to its pull")
    var gone = SimulatedLine(lines[1]).faulted(.gone)
    XCTAssertThrowsError(try gone.set(true)) { XCTAssertEqual($0 as? PortFault, .missing) }
    var busy = SimulatedLine(lines[1]).faulted(.busy)
    XCTAssertThrowsError(try busy.read()) { XCTAssertEqual($0 as? PortFault, .busy) }
  }

  func testStopRequestsAndClosedPorts() throws {
    var world = try world()
    world.schedule(.atCheckpoint, atSeconds: 0.5)
    _ = ask(&world, "", within: 0)
    let timed = world.nextInput(until: nil)
    guard case .stop(.atCheckpoint) = timed.input else { return XCTFail("\(timed)") }
    XCTAssertEqual(timed.instant.nanoseconds, 500_000_000)
    world.perform(.close(1))
    XCTAssertEqual(ask(&world, "*IDN?\n"), Heard())
    XCTAssertEqual(ask(&world, "*IDN?\n", port: 2).text, "ETALON,BC200,0007,1.0\n")
  }

  /// Replies of a bench on ports without timing of their own are held back by their time on the wire.
  func testPacedReplies() throws {
    var plain = try BenchProbe(.ideal())
    var paced = try BenchProbe(.ideal(), pacedReplies: true)
    plain.ask("*IDN?\n")
    paced.ask("*IDN?\n")
    XCTAssertEqual(plain.answeredAt, 1_000_000)
    XCTAssertEqual(
      paced.answeredAt, 1_000_000 + 22 * SerialSettings(baud: 9600).characterNanoseconds)
  }

  /// A bench that is woken late still does everything at its own instant.
  func testLateWakeUpsChangeNothing() throws {
    var punctual = try BenchProbe(SimConfiguration(), seed: 3)
    punctual.ask("HEAT:DEAD 3;POW 1500;STAT ON\n", port: 2)
    punctual.pass(60)
    let late = try VirtualBench(SimConfiguration(), seed: 3)
    var outbox = Outbox()
    late.handle(
      .bytes(2, Frame(ascii: "HEAT:DEAD 3;POW 1500;STAT ON\n"), first: Instant(nanoseconds: 0)),
      at: Instant(nanoseconds: 0), into: &outbox)
    late.handle(.wake, at: Instant(nanoseconds: punctual.now), into: &outbox)
    XCTAssertEqual(late.trueCelsius().device, punctual.bench.trueCelsius().device)
    XCTAssertEqual(late.trueCelsius().reference, punctual.bench.trueCelsius().reference)
  }

  func testImpossibleConfigurationsAreRefused() {
    func fault(_ change: (inout SimConfiguration) -> Void) -> SimulationFault? {
      var configuration = SimConfiguration()
      change(&configuration)
      do {
        _ = try SimulatedWorld(configuration, seed: 1)
        return nil
      } catch {
        return error
      }
    }
    XCTAssertNil(fault { _ in })
    XCTAssertEqual(fault { $0.speed = 0 }, .parameter("speed", 0))
    XCTAssertEqual(fault { $0.plant.stepSeconds = 0 }, .parameter("plant.stepSeconds", 0))
    XCTAssertEqual(fault { $0.heaterLine = 2 }, .heaterLine(2))
    XCTAssertEqual(
      fault { $0.reference.certificate.points = [] }, .reference(.pointCount(0)))
  }
}

extension SimulatedLine {
  fileprivate func faulted(_ kind: FaultKind) -> SimulatedLine {
    var line = self
    line.apply(
      TimedFault(
        nanoseconds: 0, order: 0, begins: true, once: false, layer: .line, target: 0, kind: kind, value: nil,
        durationNanoseconds: nil))
    return line
  }
}
