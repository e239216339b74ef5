import EtalonCore
import XCTest

@testable import EtalonSession

/// Input that no engine can work with is refused where it comes in, and never brings it down.
final class EngineLimitsTests: XCTestCase {
  /// Every instant of a run is told in nanoseconds: a wait of a million years is a slip and no plan.
  func testTimesThatNoClockTellsAreRefused() throws {
    let text = try SessionFixture.text()
    for soak in ["1e9 h", "1e15 min", "1e300 s"] {
      let faults = SessionFixture.diagnostics(text, ["soak=\(soak)"])
      XCTAssertEqual(faults.count, 2, "\(soak) stands for the soak of two lists: \(faults)")
      XCTAssertTrue(faults.allSatisfy { $0.reason.contains("out of range") }, "\(faults)")
    }
    // What is merely too long is told for what it is.
    let long = SessionFixture.diagnostics(text, ["soak=1000 h"])
    XCTAssertFalse(long.contains { $0.reason.contains("out of range") }, "\(long)")
  }

  private func plans() throws -> (session: SessionPlan, board: BoardPlan) {
    (try SessionFixture.load(SessionFixture.text()), try BoardFile.load(directory: SessionFixture.board))
  }

  func testABenchWithoutARoleIsRefused() throws {
    let (session, board) = try plans()
    for role in ["ref", "dut", "bath", "room"] {
      var bench = board.bench
      for index in bench.instruments.indices { bench.instruments[index].roles.removeAll { $0 == role } }
      XCTAssertThrowsError(
        try SessionEngine(plan: session, board: board, bench: bench, utcNanosecondsAtStart: 0), role
      ) { error in
        XCTAssertEqual((error as? Failure)?.exitCode, .badBench)
        XCTAssertTrue((error as? Failure)?.reason.contains("'\(role)'") == true, "\(error)")
      }
    }
  }

  func testABenchWithoutCertificateOrDriverIsRefused() throws {
    let (session, board) = try plans()
    let reference = try XCTUnwrap(board.bench.instrument(for: "ref")).index
    var bench = board.bench
    bench.instruments[reference].certificate = nil
    XCTAssertThrowsError(try SessionEngine(plan: session, board: board, bench: bench, utcNanosecondsAtStart: 0)) {
      XCTAssertTrue("\($0)".contains("certificate"), "\($0)")
    }
    bench = board.bench
    bench.instruments[reference].device = "hart_1503b"
    XCTAssertThrowsError(try SessionEngine(plan: session, board: board, bench: bench, utcNanosecondsAtStart: 0)) {
      XCTAssertTrue("\($0)".contains("hart_1503b"), "\($0)")
    }
  }

  /// Inputs in an order that no world gives: bytes before the port is open, ports lost twice, truth of no window.
  func testInputsOutOfOrderAreSurvived() throws {
    let (session, board) = try plans()
    var engine = try SessionEngine(plan: session, board: board, bench: board.bench, utcNanosecondsAtStart: 0)
    var outbox = Outbox()
    var nanoseconds: Int64 = 0
    func feed(_ input: Input) {
      nanoseconds += 1_000_000
      outbox.clear()
      engine.handle(input, at: Instant(nanoseconds: nanoseconds), into: &outbox)
    }
    feed(.truth(error: 1, readings: 3))
    feed(.edge(3, active: true, at: Instant(nanoseconds: 0)))
    feed(.wake)
    for port in 0..<3 as Range<PortIndex> {
      feed(.bytes(port, Frame(ascii: "+25.00\r\n"), first: Instant(nanoseconds: 0)))
      feed(.lineErrors(port, [.framing, .breakCondition]))
      feed(.opened(port))
      feed(.opened(port))
      feed(.bytes(port, Frame(ascii: "1,2,3,4,5\n"), first: Instant(nanoseconds: 0)))
    }
    feed(.lost(1, .hangUp))
    feed(.lost(1, .inputOutput))
    feed(.opened(1))
    feed(.stop(.atCheckpoint))
    feed(.stop(.now))
    var turns = 0
    while !engine.isFinished, let wake = engine.nextWake, turns < 10_000 {
      nanoseconds = max(nanoseconds, wake.nanoseconds)
      outbox.clear()
      engine.handle(.wake, at: Instant(nanoseconds: nanoseconds), into: &outbox)
      turns += 1
    }
    XCTAssertTrue(engine.isFinished, "the run ends although nobody answers")
    XCTAssertEqual(engine.results.exitCode, .deviceAbsent)
    XCTAssertEqual(engine.results.points.count, 0)
    XCTAssertEqual(engine.results.energised, false)
  }
}
