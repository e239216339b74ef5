import EtalonCore
import EtalonSession
import EtalonSim
import EtalonTesting
import XCTest

/// `bench scan` and `read` against the twins, in virtual time.
final class ScanAndReadTests: XCTestCase {
  private func simulated() throws -> SimulatedBench {
    try SimulatedBench(
      board: try BoardFile.load(directory: Scenario.board),
      simulation: try SimFile.load(path: Scenario.board + "/sim-fast.yaml"))
  }

  private func read(
    _ roles: [String], count: Int?, faults: FaultPlan = FaultPlan(), until seconds: Double = 60
  ) throws -> (items: [ReadingMonitor.Item], monitor: ReadingMonitor) {
    let simulated = try simulated()
    let plan = simulated.bench
    var world = try SimulatedWorld(simulated.configuration, seed: 3, faults: faults)
    var monitor = try ReadingMonitor(roles: roles, bench: plan, periodSeconds: 0.5, count: count)
    XCTAssertEqual(monitor.devices.count, plan.instruments.count, "ports of monitor and world agree")
    let end = world.now() + Int64(seconds * 1e9)
    var items: [ReadingMonitor.Item] = []
    var outbox = Outbox()
    while !monitor.isFinished {
      let wake = monitor.nextWake.map { min($0, end) } ?? end
      let timed = world.nextInput(until: wake)
      guard timed.instant < end else { break }
      outbox.clear()
      monitor.handle(timed.input, at: timed.instant, into: &outbox)
      for action in outbox.actions { world.perform(action) }
      items += monitor.takeItems()
    }
    return (items, monitor)
  }

  func testAllRolesAtOnce() throws {
    let (items, monitor) = try read([], count: 3)
    XCTAssertTrue(monitor.isFinished)
    XCTAssertNil(monitor.failure)
    for role in ["ref", "dut", "bath", "room"] {
      let own = items.filter { $0.role == role }
      let values = own.filter { if case .identity = $0.outcome { false } else { true } }
      XCTAssertEqual(values.count, 3, role)
      for item in values {
        switch (role, item.outcome) {
        case ("ref", .reading(let reading)), ("dut", .reading(let reading)):
          XCTAssertTrue((0...60).contains(reading.value), "\(reading)")
        case ("bath", .actuator(let state)): XCTAssertFalse(state.isOn)
        case ("room", .environment(let room)): XCTAssertTrue((15...30).contains(room.celsius), "\(room)")
        default: XCTFail("\(item)")
        }
      }
      // One period between readings of a role.
      let gaps = zip(values, values.dropFirst()).map { $1.instant.seconds(since: $0.instant) }
      for gap in gaps { XCTAssertEqual(gap, 0.5, accuracy: 0.2, role) }
    }
    // Devices with two roles tell once who they are.
    XCTAssertEqual(items.filter { if case .identity = $0.outcome { true } else { false } }.count, 3)
  }

  /// A device that falls silent gives faults for its role; the others go on.
  func testSilenceOfOneRoleLeavesTheOthersAlone() throws {
    let silent = FaultPlan([FaultEntry(atSeconds: 1.2, layer: .device, target: "ref", kind: .silent)])
    let (items, monitor) = try read(["ref", "dut", "bath"], count: 8, faults: silent)
    XCTAssertTrue(monitor.isFinished)
    func faults(_ role: String) -> Int {
      items.filter { item in
        guard item.role == role, case .fault(.timeout) = item.outcome else { return false }
        return true
      }.count
    }
    XCTAssertGreaterThan(faults("ref"), 1)
    XCTAssertEqual(faults("dut"), 0)
    XCTAssertEqual(faults("bath"), 0)
  }

  func testRolesThatCanNotBeRead() throws {
    let plan = try simulated().bench
    for (roles, exit) in [(["nobody"], ExitCode.badBench), (["ref", "ref"], .usage)] {
      do throws(Failure) {
        _ = try ReadingMonitor(roles: roles, bench: plan, periodSeconds: 1, count: nil)
        XCTFail("\(roles) were accepted")
      } catch { XCTAssertEqual(error.exitCode, exit) }
    }
  }

  /// Rounds as the program asks them, each at the settings at which the twins listen or not.
  func testScanFindsTheTwinsAndWritesABenchThatReads() throws {
    let board = try BoardFile.load(directory: Scenario.board)
    let simulated = try simulated()
    let plan = ScanPlan(board: board, bauds: [115_200])
    XCTAssertEqual(plan.rounds.prefix(2).map(\.settings.baud), [9600, 19200], "the board's devices come first")
    XCTAssertTrue(plan.rounds.contains { $0.settings.baud == 115_200 })
    var found: [BenchDraft.Found] = []
    var open = Array(simulated.configuration.instruments.indices)
    for round in plan.rounds {
      var configuration = simulated.configuration
      for index in configuration.instruments.indices { configuration.instruments[index].hostSettings = round.settings }
      var world = try SimulatedWorld(configuration, seed: 3, faults: FaultPlan())
      var automaton = try IdentityRound(portCount: configuration.instruments.count, round: round)
      var recorder = NoRecorder()
      runLoop(&automaton, in: &world, recorder: &recorder)
      for (index, answer) in automaton.answers.enumerated() where open.contains(index) {
        guard case .identity(let device?, let identity) = answer else { continue }
        open.removeAll { $0 == index }
        found.append(
          BenchDraft.Found(
            port: "/dev/serial/by-id/port-\(index)", device: device, settings: round.settings,
            identity: String(decoding: Array(identity.text), as: UTF8.self),
            serial: String(decoding: Array(identity.serial), as: UTF8.self)))
      }
    }
    XCTAssertEqual(Set(found.map(\.serial)), ["1502A-0815", "DT100-0042", "BC200-0007"])
    let draft = BenchDraft(
      found: found.sorted { $0.port < $1.port }, board: board,
      certificates: [(file: Scenario.board + "/certificates/ref-1502a.yaml", serial: "1502A-0815")])
    XCTAssertEqual(draft.roles.map(\.name), ["ref", "dut", "bath", "room"])
    XCTAssertEqual(draft.unserved, [])
    let bench = try BenchFile.load(SourceFile(name: "bench.yaml", bytes: Array(draft.yaml().utf8)))
    XCTAssertEqual(bench.instruments.map(\.device), ["hart_1502a", "dt100", "bc200"])
    XCTAssertEqual(bench.instruments[0].certificate?.instrumentSerial, "1502A-0815")
    XCTAssertEqual(bench.instruments[2].deadManSeconds, 30)
    let session = try SessionFile.load(path: Scenario.session)
    try BenchFile.check(bench, serves: session)
  }

  /// What a scan sends can not change a device: questions only.
  func testScanOnlyAsks() throws {
    let plan = ScanPlan(board: try BoardFile.load(directory: Scenario.board), bauds: [])
    for var round in plan.rounds {
      round.devices = round.devices.filter { ["hart_1502a", "dt100", "bc200"].contains($0) }
      guard !round.devices.isEmpty else { continue }
      var automaton = try IdentityRound(portCount: 1, round: round)
      var outbox = Outbox()
      automaton.handle(.opened(0), at: Instant(nanoseconds: 0), into: &outbox)
      var sent: [String] = []
      var turns = 0
      while !automaton.isFinished, turns < 100 {
        for action in outbox.actions {
          if case .send(_, let frame, let confidential) = action {
            XCTAssertFalse(confidential)
            sent.append(String(decoding: Array(frame), as: UTF8.self))
          }
        }
        outbox.clear()
        guard let wake = automaton.nextWake else { break }
        automaton.handle(.wake, at: wake, into: &outbox)
        turns += 1
      }
      XCTAssertTrue(automaton.isFinished)
      XCTAssertGreaterThanOrEqual(sent.count, round.devices.count)
      for text in sent { XCTAssertTrue(text.contains("*IDN?"), text) }
      guard case .silence = automaton.answers[0] else { return XCTFail("\(automaton.answers)") }
    }
  }

  func testScanToldOfAPortThatIsGone() throws {
    var automaton = try IdentityRound(portCount: 2, round: ScanPlan(board: nil, bauds: []).rounds[0])
    var outbox = Outbox()
    automaton.handle(.lost(0, .permission), at: Instant(nanoseconds: 0), into: &outbox)
    XCTAssertFalse(automaton.isFinished)
    automaton.handle(.lost(1, .hangUp), at: Instant(nanoseconds: 1), into: &outbox)
    XCTAssertTrue(automaton.isFinished)
    guard case .lost(.permission) = automaton.answers[0], case .lost(.hangUp) = automaton.answers[1] else {
      return XCTFail("\(automaton.answers)")
    }
  }

  /// Two devices of one kind and a role without a device are told, not guessed away.
  func testDraftTellsWhatIsLeftAndWhatLacks() throws {
    let board = try BoardFile.load(directory: Scenario.board)
    func device(_ name: String, _ port: String) -> BenchDraft.Found {
      BenchDraft.Found(
        port: port, device: name, settings: SerialSettings(baud: 9600, dataBits: 7, parity: .even, stopBits: 2),
        identity: "ETALON,\(name),\(port),1.0", serial: port)
    }
    let draft = BenchDraft(found: [device("dt100", "a"), device("dt100", "b c")], board: board, certificates: [])
    XCTAssertEqual(draft.unserved, ["ref", "bath", "room"])
    XCTAssertEqual(draft.spare.map(\.port), ["b c"])
    XCTAssertTrue(
      draft.yaml().contains("dut: {device: dt100, port: a, baud: 9600, data_bits: 7, parity: even, stop_bits: 2}"))
    XCTAssertTrue(draft.yaml().contains("# not used: dt100 at b c"))
    let free = BenchDraft(found: [device("dt100", "a"), device("dt100", "b c")], board: nil, certificates: [])
    XCTAssertEqual(free.roles.map(\.name), ["dut", "dut2"])
    XCTAssertTrue(free.yaml().contains("port: \"b c\""))
    // A device with a serial number is named by it, and the bench file reads it back.
    var usb = device("dt100", "/dev/serial/by-id/usb-x")
    usb.settings = SerialSettings(baud: 9600)
    usb.naming = .usb(vendor: 0x0403, product: 0x6001, serialNumber: "A 5/0", interface: 0)
    let named = BenchDraft(found: [usb], board: nil, certificates: [])
    let bench = try BenchFile.load(SourceFile(name: "bench.yaml", bytes: Array(named.yaml().utf8)))
    XCTAssertEqual(bench.instruments.map(\.naming), [usb.naming])
  }
}
