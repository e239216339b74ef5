import EtalonCore
import EtalonLinux
import Glibc
import XCTest

final class LinuxWorldTests: XCTestCase {
  private let settings = SerialSettings(baud: 9600)

  /// Opened and lost ports are told first, in the order of the list.
  func testFirstInputsTellThePorts() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(
      ports: [
        .serial(path: "/dev/null", settings: settings), .serial(path: terminal.slavePath, settings: settings),
        .serial(path: terminal.slavePath, settings: settings), .serial(path: "/dev/absent", settings: settings),
      ], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).fault, .notATerminal)
    XCTAssertEqual(world.nextInput(until: nil).opened, 1)
    XCTAssertEqual(world.nextInput(until: nil).fault, .busy)
    let last = world.nextInput(until: nil)
    guard case .lost(3, .missing) = last.input else { return XCTFail("\(last)") }
    // A port that never opened takes actions without another report.
    world.perform(.send(0, Frame(ascii: "t?\r"), confidential: false))
    world.perform(.close(3))
    XCTAssertTrue(world.nextInput(until: world.now() + quietNanoseconds).isWake)
  }

  /// A deadline that stays in the past does not keep the ports from their turn.
  func testPastDeadlineAndPorts() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(ports: [.serial(path: terminal.slavePath, settings: settings)], signals: .none)
    let past = world.now()
    XCTAssertEqual(world.nextInput(until: past).opened, 0)
    terminal.send("t: 25.000 C")
    let end = world.now() + patienceNanoseconds
    var next = world.nextInput(until: past)
    while next.isWake && next.instant < end { next = world.nextInput(until: past) }
    XCTAssertEqual(next.text, "t: 25.000 C")
  }

  /// Wakes come at their deadlines and not before, in order, also when the deadline moves or is past.
  func testDeadlines() throws {
    var world = try LinuxWorld(ports: [], signals: .none)
    let start = world.now()
    var latest = start
    for milliseconds in [5, 1, 30, 30, 0, 12, 50] as [Int64] {
      let deadline = start + milliseconds * 1_000_000
      let next = world.nextInput(until: deadline)
      XCTAssertTrue(next.isWake)
      XCTAssertGreaterThanOrEqual(next.instant, deadline)
      XCTAssertGreaterThanOrEqual(next.instant, latest)
      latest = next.instant
    }
    XCTAssertTrue(world.nextInput(until: Instant(nanoseconds: 0)).isWake)
    XCTAssertTrue(world.nextInput(until: Instant(nanoseconds: -5)).isWake)
    // A deadline that is taken back does not wake.
    world.inject(.edge(0, active: true, at: world.now()))
    guard case .edge(0, true, _) = world.nextInput(until: world.now() + 1_000_000).input else { return XCTFail("edge") }
    let late = world.now() + quietNanoseconds
    XCTAssertGreaterThanOrEqual(world.nextInput(until: late).instant, late)
  }

  /// Bytes of two ports keep their ports and their order; a burst of many frames is whole.
  func testBursts() throws {
    let scratch = Scratch()
    var twin = try LinuxWorld(
      ports: [.pseudoTerminal(link: scratch.path + "/a"), .pseudoTerminal(link: scratch.path + "/b")], signals: .none)
    var bench = try LinuxWorld(
      ports: [
        .serial(path: scratch.path + "/a", settings: settings), .serial(path: scratch.path + "/b", settings: settings),
      ], signals: .none)
    for _ in 0..<2 { XCTAssertNotNil(twin.nextInput(until: nil).opened) }
    for _ in 0..<2 { XCTAssertNotNil(bench.nextInput(until: nil).opened) }
    var expected: [[UInt8]] = [[], []]
    for index in 0..<12 {
      let bytes = (0..<(index * 53 % 200 + 57)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index) }
      twin.perform(.send(PortIndex(index % 2), Frame(bytes), confidential: false))
      expected[index % 2] += bytes
    }
    var received: [[UInt8]] = [[], []]
    var latest = bench.now() + -patienceNanoseconds
    let deadline = bench.now() + patienceNanoseconds
    while received[0].count + received[1].count < expected[0].count + expected[1].count {
      let next = bench.nextInput(until: deadline)
      guard case .bytes(let port, let frame, let first) = next.input else { return XCTFail("\(next)") }
      XCTAssertLessThanOrEqual(first, next.instant)
      XCTAssertGreaterThanOrEqual(next.instant, latest)
      latest = next.instant
      received[Int(port)] += frame
    }
    XCTAssertEqual(received, expected)
  }

  /// More than the kernel takes at once: the rest goes out when there is room, in order, while the loop waits.
  func testShortWritesContinue() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(ports: [.serial(path: terminal.slavePath, settings: settings)], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    var expected: [UInt8] = []
    for index in 0..<250 {
      let bytes = (0..<256).map { UInt8(truncatingIfNeeded: $0 &* 3 &+ index) }
      expected += bytes
      world.perform(.send(0, Frame(bytes), confidential: false))
    }
    var received: [UInt8] = []
    let deadline = world.now() + patienceNanoseconds
    var waits = 0
    while received.count < expected.count && world.now() < deadline {
      let bytes = terminal.take()
      received += bytes
      if bytes.isEmpty {
        XCTAssertTrue(world.nextInput(until: world.now() + 1_000_000).isWake)
        waits += 1
      }
    }
    XCTAssertEqual(received, expected)
    XCTAssertGreaterThan(waits, 0, "the kernel took everything at once, so nothing was tested")
    expectRest(&world)
  }

  /// A device that takes nothing at all is a fault, not a queue without end.
  func testQueueIsBounded() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(ports: [.serial(path: terminal.slavePath, settings: settings)], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    let bytes = Frame([UInt8](repeating: 1, count: 256))
    for _ in 0..<1000 { world.perform(.send(0, bytes, confidential: false)) }
    XCTAssertEqual(world.nextInput(until: world.now() + patienceNanoseconds).fault, .inputOutput)
    XCTAssertTrue(world.nextInput(until: world.now() + quietNanoseconds).isWake)
  }

  /// The other side hangs up in the middle of a reply: the part comes, then the loss, once, and then the loop rests.
  func testHangUpInTheMiddleOfAReply() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(ports: [.serial(path: terminal.slavePath, settings: settings)], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    terminal.send("t: 25.0")
    XCTAssertEqual(collect(&world, 7).bytes, Array("t: 25.0".utf8))
    terminal.hangUp()
    XCTAssertEqual(world.nextInput(until: world.now() + patienceNanoseconds).fault, .hangUp)
    world.perform(.send(0, Frame(ascii: "t?\r"), confidential: false))
    expectRest(&world)
  }

  /// Nothing happens for 300 ms, and the loop uses no time of the processor meanwhile: one that turns in a circle would
  /// use all of it, one that waits uses some microseconds.
  private func expectRest(_ world: inout LinuxWorld) {
    var before = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
    XCTAssertTrue(world.nextInput(until: world.now() + 5 * quietNanoseconds).isWake)
    var after = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
    let used = (after.tv_sec - before.tv_sec) * 1_000_000_000 + after.tv_nsec - before.tv_nsec
    XCTAssertLessThan(used, 30_000_000)
  }

  /// A write that fails is told by a later input.
  func testSendingIntoAHangUp() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(ports: [.serial(path: terminal.slavePath, settings: settings)], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    terminal.hangUp()
    world.perform(.send(0, Frame(ascii: "t?\r"), confidential: false))
    XCTAssertEqual(world.nextInput(until: world.now() + patienceNanoseconds).fault, .hangUp)
    XCTAssertTrue(world.nextInput(until: world.now() + quietNanoseconds).isWake)
  }

  func testClosedPortIsSilent() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(ports: [.serial(path: terminal.slavePath, settings: settings)], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    world.perform(.close(0))
    XCTAssertNil(openingFault(terminal.slavePath), "the port is free for others")
    XCTAssertTrue(world.nextInput(until: world.now() + quietNanoseconds).isWake)
  }

  /// The first SIGINT asks for a checkpoint, the second for a stop now; both are told before a deadline that is past.
  func testSignals() throws {
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &before)
    LinuxWorld.blockSignals()
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let past = LinuxClock.now()
    do {
      var world = try LinuxWorld(ports: [], signals: .checkpointFirst)
      XCTAssertEqual(raise(SIGINT), 0)
      XCTAssertEqual(world.nextInput(until: past).stop, .atCheckpoint)
      XCTAssertTrue(world.nextInput(until: past).isWake)
      XCTAssertEqual(raise(SIGINT), 0)
      XCTAssertEqual(world.nextInput(until: nil).stop, .now)
      XCTAssertEqual(raise(SIGTERM), 0)
      XCTAssertEqual(world.nextInput(until: nil).stop, .now)
    }
    do {
      var world = try LinuxWorld(ports: [], signals: .immediate)
      XCTAssertEqual(raise(SIGTERM), 0)
      XCTAssertEqual(world.nextInput(until: nil).stop, .now)
    }
    do {
      var world = try LinuxWorld(ports: [], signals: .checkpointFirst)
      XCTAssertEqual(raise(SIGHUP), 0)
      XCTAssertEqual(world.nextInput(until: nil).stop, .now)
    }
  }

  /// A reader that goes away is an error of the write and not the end of the process.
  func testBrokenPipe() throws {
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &before)
    signal(SIGPIPE, SIG_DFL)
    LinuxWorld.blockSignals()
    var ends: [Int32] = [-1, -1]
    XCTAssertEqual(pipe(&ends), 0)
    close(ends[0])
    XCTAssertEqual(write(ends[1], ends, 4), -1)
    XCTAssertEqual(errno, EPIPE)
    close(ends[1])
    // Takes the signal that waits, so that it does not strike when the mask is put back.
    var waiting = sigset_t()
    sigemptyset(&waiting)
    sigaddset(&waiting, SIGPIPE)
    var none = timespec()
    XCTAssertEqual(sigtimedwait(&waiting, nil, &none), SIGPIPE)
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  /// A failure off the loop comes as an input, once, also while nothing else happens and no deadline is set.
  func testCheck() throws {
    var asked = 0
    var world = try LinuxWorld(
      ports: [], signals: .none,
      check: {
        asked += 1
        return asked == 3 ? .stop(.diskFull) : nil
      })
    XCTAssertEqual(world.nextInput(until: nil).stop, .diskFull)
    XCTAssertTrue(world.nextInput(until: world.now() + quietNanoseconds).isWake)
    XCTAssertEqual(asked, 3)
  }

  /// Whoever drives a line that is not there must not believe that it followed.
  func testActionsWithoutEffect() throws {
    var world = try LinuxWorld(ports: [], signals: .none)
    world.perform(.window(open: true))
    XCTAssertTrue(world.nextInput(until: world.now() + 1_000_000).isWake)
    world.perform(.set(0, active: false))
    guard case .lineLost(0, .missing) = world.nextInput(until: nil).input else { return XCTFail("the line followed") }
  }

  /// The mapping to the calendar clock lies between two readings of the monotonic one.
  func testClockMapping() {
    let before = LinuxClock.now()
    let mapping = LinuxClock.mapping()
    let after = LinuxClock.now()
    XCTAssertLessThanOrEqual(before, mapping.instant)
    XCTAssertLessThanOrEqual(mapping.instant, after)
    XCTAssertGreaterThanOrEqual(mapping.uncertaintyNanoseconds, 0)
    XCTAssertLessThanOrEqual(mapping.uncertaintyNanoseconds, after - before)
  }

  /// A world gives back all its descriptors.
  func testNoDescriptorIsLeft() throws {
    let scratch = Scratch()
    let before = open("/dev/null", O_RDONLY)
    close(before)
    for _ in 0..<50 {
      let world = try LinuxWorld(
        ports: [
          .pseudoTerminal(link: scratch.path + "/a"), .serial(path: "/dev/null", settings: settings),
          .serial(path: scratch.path + "/a", settings: settings),
          .serial(path: scratch.path + "/a", settings: settings),
        ], signals: .checkpointFirst)
      XCTAssertEqual(world.portCount, 4)
    }
    let after = open("/dev/null", O_RDONLY)
    close(after)
    XCTAssertEqual(before, after)
  }
}
