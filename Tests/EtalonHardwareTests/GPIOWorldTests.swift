import EtalonCore
import EtalonLinux
import Foundation
import Glibc
import XCTest

/// Lines as a Linux world hands them out: every edge accounted for, every lost one told.
final class GPIOWorldTests: XCTestCase {
  private let patienceNanoseconds: Int64 = 20_000_000_000

  private func line(_ label: String, _ offset: UInt32, _ settings: LineSettings) -> LineSpecification {
    LineSpecification(.offset(chip: label, offset), settings)
  }

  /// What a world gives out until it has been quiet for a time.
  private func collect(_ world: inout LinuxWorld, quietMilliseconds: Int64 = 30) -> [TimedInput] {
    var inputs: [TimedInput] = []
    while true {
      let timed = world.nextInput(until: world.now() + quietMilliseconds * 1_000_000)
      if case .wake = timed.input { return inputs }
      inputs.append(timed)
    }
  }

  /// Drives an input and waits until the kernel has taken the interrupt. The simulated chip raises it from the timer's
  /// tick where the kernel has no other way (User-mode Linux: every 10 ms), and changes between two ticks are one.
  private func change(_ chip: SimulatedChip, _ line: Int, high: Bool) throws {
    let before = try Self.interrupts()
    try chip.drive(line, high: high)
    try VirtualBoard.wait("the interrupt of a line") { try Self.interrupts() > before }
  }

  /// Interrupts of all lines that worlds of this test have requested, as the kernel counts them.
  private static func interrupts() throws -> Int {
    var count = 0
    for line in try String(contentsOfFile: "/proc/interrupts", encoding: .utf8).split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields.last == "etalon", fields.count > 1 { count += Int(fields[1]) ?? 0 }
    }
    return count
  }

  private struct Tally {
    var edges: [(isActive: Bool, at: Instant, given: Instant)] = []
    var lost: [UInt32] = []
    var faults: [PortFault] = []

    init(_ inputs: [TimedInput]) {
      for timed in inputs {
        switch timed.input {
        case .edge(_, let isActive, let at): edges.append((isActive, at, timed.instant))
        case .edgesLost(_, let count): lost.append(count)
        case .lineLost(_, let fault): faults.append(fault)
        default: break
        }
      }
    }
  }

  func testLinesOpenInOrderWithTheirLevels() throws {
    let chip = try VirtualBoard.gpioSim(label: "open", lineCount: 4, names: [0: "alarm"])
    try chip.drive(1, high: true)
    var world = try LinuxWorld(
      ports: [],
      lines: [
        line("open", 1, .input()), line("open", 2, .output(initial: true)), line("open", 9, .input()),
        line("open", 1, .input()),
      ], consumer: "me", signals: .none)
    let inputs = collect(&world)
    XCTAssertEqual(inputs.count, 4)
    guard case .lineOpened(0, true) = inputs[0].input, case .lineOpened(1, true) = inputs[1].input,
      case .lineLost(2, .missing) = inputs[2].input, case .lineLost(3, .busy) = inputs[3].input
    else { return XCTFail("\(inputs)") }
    XCTAssertEqual(world.lineFault(of: 2), .outOfRange(chip: "open", offset: 9, count: 4))
    XCTAssertEqual(world.lineFault(of: 3), .busy(line: "open 1", consumer: "me"))
    world.perform(.set(1, active: false))
    XCTAssertFalse(try chip.level(2))
    XCTAssertTrue(collect(&world).isEmpty)
    // An input does not follow, and says so once.
    world.perform(.set(0, active: true))
    world.perform(.set(0, active: true))
    XCTAssertEqual(Tally(collect(&world)).faults, [.settingsRefused])
  }

  /// Pulses of 25 Hz, so 50 edges a second: each is there once, in order, with the kernel's own instant. `ETALON_FULL=1`
  /// takes 60 s of them.
  func testPulsesAreAccountedForEdgeByEdge() throws {
    let chip = try VirtualBoard.gpioSim(label: "pps", lineCount: 1)
    let isFull = ProcessInfo.processInfo.environment["ETALON_FULL"] == "1"
    let count = isFull ? 3000 : 200
    var world = try LinuxWorld(ports: [], lines: [line("pps", 0, .input(edges: .both))], signals: .none)
    XCTAssertEqual(collect(&world).count, 1)
    var driven: [(before: Instant, after: Instant)] = []
    var inputs: [TimedInput] = []
    var due = world.now()
    while driven.count < count {
      due = due + 20_000_000
      while true {
        let timed = world.nextInput(until: due)
        if case .wake = timed.input { break }
        inputs.append(timed)
      }
      let before = world.now()
      try change(chip, 0, high: driven.count % 2 == 0)
      driven.append((before, world.now()))
    }
    inputs += collect(&world)
    let tally = Tally(inputs)
    XCTAssertEqual(tally.edges.count, count)
    XCTAssertEqual(tally.lost, [])
    for (index, edge) in tally.edges.enumerated() where index < count {
      XCTAssertEqual(edge.isActive, index % 2 == 0, "edge \(index)")
      // The kernel's stamp lies between the cause and the end of the interrupt, and before the edge was given out.
      XCTAssertGreaterThanOrEqual(edge.at, driven[index].before, "edge \(index)")
      XCTAssertLessThanOrEqual(edge.at, driven[index].after, "edge \(index)")
      XCTAssertLessThanOrEqual(edge.at, edge.given, "edge \(index)")
    }
  }

  /// Forty edges that nobody takes. libgpiod 1.6: the kernel keeps 16 and the overflow is told; 2: all are there.
  func testFortyUnreadEdges() throws {
    let chip = try VirtualBoard.gpioSim(label: "forty", lineCount: 1)
    var world = try LinuxWorld(ports: [], lines: [line("forty", 0, .input(edges: .both))], signals: .none)
    _ = collect(&world)
    for index in 0..<40 { try change(chip, 0, high: index % 2 == 0) }
    let tally = Tally(collect(&world))
    if GPIOChips.countsLostEdges {
      XCTAssertEqual(tally.edges.count, 40)
      XCTAssertEqual(tally.lost, [])
    } else {
      XCTAssertEqual(tally.edges.count, 16)
      XCTAssertEqual(tally.lost, [0])
    }
    XCTAssertEqual(tally.edges.map(\.isActive), (0..<tally.edges.count).map { $0 % 2 == 0 })
    // An odd number of lost edges shows by the pairing rule as well: 16 of 41 are kept, the last of them a
    // falling one, and the next that comes is falling too.
    for index in 0..<41 { try change(chip, 0, high: index % 2 == 0) }
    _ = collect(&world)
    try change(chip, 0, high: false)
    XCTAssertEqual(Tally(collect(&world)).lost, GPIOChips.countsLostEdges ? [] : [1])
  }

  /// More unread edges than any buffer holds: with sequence numbers what is there and what is lost add up.
  func testLostEdgesAddUp() throws {
    let chip = try VirtualBoard.gpioSim(label: "many", lineCount: 1)
    var world = try LinuxWorld(ports: [], lines: [line("many", 0, .input(edges: .both))], signals: .none)
    _ = collect(&world)
    for index in 0..<100 { try change(chip, 0, high: index % 2 == 0) }
    let tally = Tally(collect(&world))
    guard GPIOChips.countsLostEdges else {
      XCTAssertEqual(tally.edges.count, 16)
      XCTAssertEqual(tally.lost, [0])
      return
    }
    XCTAssertEqual(tally.edges.count, GPIOLines.defaultEdgeCapacity)
    XCTAssertEqual(tally.edges.count + tally.lost.reduce(0) { $0 + Int($1) }, 100)
  }

  /// One direction only, active low.
  func testEdgesOfOneDirection() throws {
    let chip = try VirtualBoard.gpioSim(label: "single", lineCount: 1)
    try chip.drive(0, high: true)
    var world = try LinuxWorld(
      ports: [], lines: [line("single", 0, .input(isActiveLow: true, edges: .rising))], signals: .none)
    _ = collect(&world)
    // Both directions are driven, but only falling levels raise an interrupt.
    for index in 0..<6 {
      if index % 2 == 1 { try chip.drive(0, high: true) } else { try change(chip, 0, high: false) }
    }
    let tally = Tally(collect(&world))
    XCTAssertEqual(tally.edges.map(\.isActive), [true, true, true])
    XCTAssertEqual(tally.lost, [])
  }

  /// A contact that bounces for less than the time it must be quiet is one change; one that returns is none.
  func testDebouncing() throws {
    let chip = try VirtualBoard.gpioSim(label: "bounce", lineCount: 1)
    var world = try LinuxWorld(
      ports: [], lines: [line("bounce", 0, .input(edges: .both, debounceMicroseconds: 20_000))], signals: .none)
    _ = collect(&world)
    let begun = world.now()
    for index in 0..<7 { try chip.drive(0, high: index % 2 == 0) }
    let closed = Tally(collect(&world, quietMilliseconds: 60))
    XCTAssertEqual(closed.edges.map(\.isActive), [true])
    XCTAssertEqual(closed.lost, [])
    XCTAssertGreaterThanOrEqual(try XCTUnwrap(closed.edges.first).at, begun + 20_000_000)
    for index in 0..<8 { try chip.drive(0, high: index % 2 == 1) }
    XCTAssertEqual(Tally(collect(&world, quietMilliseconds: 60)).edges.count, 0)
    try chip.drive(0, high: false)
    XCTAssertEqual(Tally(collect(&world, quietMilliseconds: 60)).edges.map(\.isActive), [false])
  }

  /// The kernel does not wake those who wait for a line of a chip that goes away; the world finds out all the same.
  func testAChipThatGoesAwayIsReportedWithoutAnAction() throws {
    let chip = try VirtualBoard.gpioSim(label: "leaves", lineCount: 3)
    let stays = try VirtualBoard.gpioSim(label: "stays", lineCount: 1)
    var world = try LinuxWorld(
      ports: [.lines(.levels([0]), [line("leaves", 2, .output())])],
      lines: [
        line("leaves", 0, .input(edges: .both)), line("leaves", 1, .output()), line("stays", 0, .input(edges: .both)),
      ], signals: .none)
    XCTAssertEqual(collect(&world).count, 4)
    try chip.takeAway()
    var lost: [String] = []
    let deadline = world.now() + patienceNanoseconds
    while lost.count < 3 {
      let timed = world.nextInput(until: deadline)
      switch timed.input {
      case .lineLost(let line, let fault): lost.append("line \(line) \(fault)")
      case .lost(let port, let fault): lost.append("port \(port) \(fault)")
      default: return XCTFail("\(timed)")
      }
    }
    XCTAssertEqual(lost, ["line 0 vanished", "line 1 vanished", "port 0 vanished"])
    XCTAssertEqual(world.lineFault(ofPort: 0), .gone)
    // Nothing more of what is lost, the rest goes on, and the processor rests.
    world.perform(.set(1, active: true))
    world.perform(.send(0, Frame([1]), confidential: false))
    let before = Self.processorNanoseconds()
    XCTAssertTrue(collect(&world, quietMilliseconds: 300).isEmpty)
    XCTAssertLessThan(Self.processorNanoseconds() - before, 15_000_000)
    try stays.drive(0, high: true)
    XCTAssertEqual(Tally(collect(&world)).edges.count, 1)
  }

  private static func processorNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// One loop, 64 lines, edges on all of them.
  func testSixtyFourLines() throws {
    let chip = try VirtualBoard.gpioSim(label: "wide", lineCount: 64)
    var world = try LinuxWorld(
      ports: [], lines: (0..<64).map { line("wide", $0, .input(edges: .both)) }, signals: .none)
    XCTAssertEqual(collect(&world).count, 64)
    for round in 0..<4 {
      for offset in 0..<64 { try chip.drive(offset, high: round % 2 == 0) }
      var seen = Set<LineIndex>()
      for timed in collect(&world) {
        guard case .edge(let line, round % 2 == 0, _) = timed.input else { return XCTFail("\(timed)") }
        XCTAssertTrue(seen.insert(line).inserted, "line \(line)")
      }
      XCTAssertEqual(seen.count, 64)
    }
  }

  // MARK: Devices on lines

  /// Levels as a port: what is set comes back as the chip has it.
  func testLevelsAsAPort() throws {
    let chip = try VirtualBoard.gpioSim(label: "levels", lineCount: 3)
    var world = try LinuxWorld(
      ports: [
        .lines(.levels([0, 1]), [line("levels", 0, .output(isActiveLow: true)), line("levels", 1, .input())])
      ], signals: .none)
    guard case .opened(0) = world.nextInput(until: nil).input else { return XCTFail("not opened") }
    XCTAssertTrue(try chip.level(0))
    for (frame, driven, reply) in [([1, 2], true, [1, 1]), ([2, 2], false, [1, 0]), ([0, 2], false, [0, 0])]
      as [([UInt8], Bool, [UInt8])]
    {
      try chip.drive(1, high: driven)
      world.perform(.send(0, Frame(frame), confidential: false))
      guard case .bytes(0, let levels, _) = world.nextInput(until: nil).input else { return XCTFail("no answer") }
      XCTAssertEqual(Array(levels), reply)
      XCTAssertEqual(try chip.level(0), reply[0] == 0)
    }
  }

  /// SPI on plain lines, with a far side that works in the pauses of the clock: it answers each bit by the complement of
  /// the bit before, and everything it saw is what was sent.
  func testSPIOnLines() throws {
    let chip = try VirtualBoard.gpioSim(label: "spi", lineCount: 4)
    for isIdleHigh in [false, true] {
      var world = try LinuxWorld(
        ports: [
          .lines(
            .spi(select: 0, clock: 1, dataOut: 2, dataIn: 3, halfPeriodNanoseconds: 0),
            [
              line("spi", 0, .output(isActiveLow: true)), line("spi", 1, .output(isActiveLow: isIdleHigh)),
              line("spi", 2, .output()), line("spi", 3, .input()),
            ])
        ], signals: .none)
      guard case .opened(0) = world.nextInput(until: nil).input else { return XCTFail("not opened") }
      var far = FarSide(isIdleHigh: isIdleHigh)
      var faults: [String] = []
      world.linePause = { _ in
        do {
          let level = far.step(select: try !chip.level(0), clock: try chip.level(1), data: try chip.level(2))
          if let level { try chip.drive(3, high: level) }
        } catch { faults.append("\(error)") }
      }
      let frame = Frame([0x80, 0xC2, 0x00, 0xFF, 0x5A])
      world.perform(.send(0, frame, confidential: false))
      guard case .bytes(0, let reply, _) = world.nextInput(until: nil).input else { return XCTFail("no answer") }
      XCTAssertEqual(faults, [])
      XCTAssertEqual(far.received, Array(frame))
      let sent = Self.bits(frame)
      XCTAssertEqual(Self.bits(reply), [true] + sent.dropLast().map { !$0 })
      XCTAssertTrue(try chip.level(0), "no longer selected")
      XCTAssertEqual(try chip.level(1), isIdleHigh)
    }
  }

  private static func bits(_ frame: Frame) -> [Bool] {
    var bits: [Bool] = []
    for byte in frame { for bit in 0..<8 { bits.append(byte >> UInt8(7 - bit) & 1 == 1) } }
    return bits
  }

  /// A shift register that looks at levels only.
  private struct FarSide {
    let isIdleHigh: Bool
    var received: [UInt8] = []
    private var bits: [Bool] = []
    private var lastClock: Bool
    private var last: Bool?

    init(isIdleHigh: Bool) {
      self.isIdleHigh = isIdleHigh
      lastClock = isIdleHigh
    }

    mutating func step(select: Bool, clock: Bool, data: Bool) -> Bool? {
      defer { lastClock = clock }
      guard select, clock != lastClock else { return nil }
      if clock != isIdleHigh { return last.map { !$0 } ?? true }
      last = data
      bits.append(data)
      if bits.count % 8 == 0 { received.append(bits.suffix(8).reduce(0) { $0 << 1 | ($1 ? 1 : 0) }) }
      return nil
    }
  }
}
