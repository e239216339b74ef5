import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import XCTest

/// A program that is killed can not switch anything off: the controller's dead-man does, and the next program begins
/// with the safe state.
final class DeadManTests: XCTestCase {
  func testTheHeaterGoesOffByItselfAndTheNextRunBeginsWithTheSafeState() throws {
    let run = try Scenario.short(seed: 1)
    let simulated = try SimulatedBench(board: run.board, simulation: run.simulation, session: run.plan)
    var world = try SimulatedWorld(simulated.configuration, seed: 1)
    func engine() throws -> SessionEngine {
      try SessionEngine(
        plan: run.plan, board: run.board, bench: simulated.bench,
        utcNanosecondsAtStart: run.simulation.utcNanoseconds)
    }
    var first = try engine()
    var outbox = Outbox()
    // The first program runs until the heater has been on for a while, and is not there any more.
    var turns = 0
    while !(world.bench.isHeaterOn && world.trueSeconds > 3), turns < 100_000 {
      let timed = world.nextInput(until: first.nextWake)
      outbox.clear()
      first.handle(timed.input, at: timed.instant, into: &outbox)
      for action in outbox.actions { world.perform(action) }
      turns += 1
    }
    XCTAssertTrue(world.bench.isHeaterOn, "the heater is on in the middle of the run")

    // The board states a dead-man of 30 s, counted from the last command.
    let killed = world.now()
    outbox.clear()
    world.bench.handle(.wake, at: killed + 28_000_000_000, into: &outbox)
    XCTAssertTrue(world.bench.isHeaterOn)
    world.bench.handle(.wake, at: killed + 31_000_000_000, into: &outbox)
    XCTAssertFalse(world.bench.isHeaterOn)
    XCTAssertEqual(world.bench.heaterWatts, 0)

    // The next program: before anything else is sent to anybody, the bath is told to switch off.
    var second = try engine()
    outbox.clear()
    let start = killed + 60_000_000_000
    for port in simulated.bench.instruments.indices {
      second.handle(.opened(PortIndex(port)), at: start, into: &outbox)
    }
    var sent: [(port: PortIndex, text: String)] = []
    for action in outbox.actions {
      if case .send(let port, let frame, _) = action { sent.append((port, String(decoding: frame, as: UTF8.self))) }
    }
    let bath = try XCTUnwrap(simulated.bench.instrument(for: "bath")).index
    XCTAssertEqual(sent.map(\.port), [PortIndex(bath)])
    XCTAssertTrue(try XCTUnwrap(sent.first).text.contains("HEAT:STAT OFF"), "\(sent)")
  }
}
