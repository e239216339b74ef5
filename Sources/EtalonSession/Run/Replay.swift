import EtalonCore
import EtalonLedger

/// Feeds the recorded inputs of a run to a new engine and compares every decision, bit for bit.
public struct Replay: Sendable {
  /// Where the recorded run and the replayed one part.
  public struct Difference: Sendable, Equatable {
    /// Sequence number of the record where the two first differ.
    public var sequence: UInt64
    /// The record's instant.
    public var instant: Instant
    /// Kind of the recorded decision, or of the one that replay made.
    public var kind: String
    /// What differs, for people.
    public var reason: String
  }

  /// Decisions that were found again.
  public private(set) var compared: UInt64 = 0
  /// Records read.
  public private(set) var records: UInt64 = 0
  /// nil when every decision was found again.
  public private(set) var firstDifference: Difference?
  /// Whether the run was recorded to its end.
  public private(set) var isComplete = false
  /// What the ledger says about the run.
  public private(set) var header: RunHeader
  /// What the replayed engine found; nothing for a run of a clock bench.
  public private(set) var results: SessionResults
  /// The replayed run of a clock bench; nil for any other run.
  public private(set) var clock: ClockRun?

  /// Whether every recorded decision was found again, bit for bit.
  public var isIdentical: Bool { firstDifference == nil }

  /// Why a run can not be replayed.
  public enum Fault: Error, Sendable {
    case ledger(LedgerFault)
    case record(sequence: UInt64, RecordFault)
    case session(FileFault)
    case bench(Failure)
    /// The ledger does not begin with a header.
    case noHeader
    /// A record of a kind that this version does not know.
    case unknownKind(sequence: UInt64, UInt8)

    /// The exit code of a program that this fault ended.
    public var exitCode: ExitCode {
      switch self {
      case .ledger(let fault): fault.exitCode
      case .record, .noHeader, .unknownKind: .verificationFailed
      case .session: .badData
      case .bench(let failure): failure.exitCode
      }
    }

    /// Reason, for people.
    public var explanation: String {
      switch self {
      case .ledger(let fault): fault.explanation
      case .record(let sequence, let fault): "record \(sequence) can not be read: \(fault)"
      case .session(let fault): "the recorded session is not valid: \(fault)"
      case .bench(let failure): failure.reason
      case .noHeader: "the ledger does not begin with the header of a run"
      case .unknownKind(let sequence, let kind):
        "record \(sequence) is of kind \(kind), which this version does not know"
      }
    }
  }

  /// Replays the ledger at `path`.
  /// - Parameter observe: called for every record, for people who watch.
  public init(path: String, observe: (UInt64) -> Void = { _ in }) throws(Fault) {
    do {
      var reader = try LedgerReader(path: path)
      try self.init(&reader, observe: observe)
    } catch let fault as LedgerFault {
      throw .ledger(fault)
    } catch let fault as Fault {
      throw fault
    } catch {
      preconditionFailure("replay throws only its own faults")
    }
  }

  /// Replays a ledger in memory.
  public init(bytes: [UInt8]) throws(Fault) {
    do {
      var reader = try LedgerReader(bytes: bytes)
      try self.init(&reader, observe: { _ in })
    } catch let fault as LedgerFault {
      throw .ledger(fault)
    } catch let fault as Fault {
      throw fault
    } catch {
      preconditionFailure("replay throws only its own faults")
    }
  }

  private init(_ reader: inout LedgerReader, observe: (UInt64) -> Void) throws {
    guard let first = try reader.next(), first.kind == RecordKind.header.rawValue else { throw Fault.noHeader }
    do throws(RecordFault) { header = try RunHeader(decoding: first.payload) } catch {
      throw Fault.record(sequence: first.sequence, error)
    }
    var engine = try Self.engine(header)
    results = engine.results
    clock = engine.clock
    records = 1
    var outbox = Outbox()
    var next = 0
    var latest = Instant(nanoseconds: first.instant)
    try Self.check(latest, after: latest, sequence: first.sequence)
    while let record = try reader.next() {
      records += 1
      observe(records)
      guard let kind = RecordKind(rawValue: record.kind) else {
        throw Fault.unknownKind(sequence: record.sequence, record.kind)
      }
      let instant = Instant(nanoseconds: record.instant)
      try Self.check(instant, after: latest, sequence: record.sequence)
      latest = instant
      if kind.isInput {
        if next < outbox.records.count {
          differ(record, "the record lacks a decision that replay makes: \(Self.name(outbox.records[next].kind))")
          break
        }
        let input: Input?
        do throws(RecordFault) { input = try Input.decode(kind, record.payload) } catch {
          throw Fault.record(sequence: record.sequence, error)
        }
        if let input { try Self.check(input, ports: header.bench.instruments.count, sequence: record.sequence) }
        guard let input, !engine.isFinished else {
          differ(record, "the run goes on after its end")
          break
        }
        outbox.clear()
        next = 0
        engine.handle(input, at: instant, into: &outbox)
      } else if kind.isDecision || kind == .end {
        guard next < outbox.records.count else {
          differ(record, "replay does not make this decision")
          break
        }
        let start = next == 0 ? 0 : outbox.records[next - 1].end
        let mine = outbox.records[next]
        guard mine.kind == record.kind, outbox.payload[start..<mine.end].elementsEqual(record.payload) else {
          differ(
            record,
            mine.kind == record.kind
              ? "the bytes differ" : "replay decides \(Self.name(mine.kind)) here")
          break
        }
        next += 1
        compared += 1
        if kind == .end { isComplete = true }
      }
    }
    results = engine.results
    clock = engine.clock
  }

  /// No world gives instants that go backwards or lie decades away: they would be no measurement of time.
  private static func check(_ instant: Instant, after latest: Instant, sequence: UInt64) throws {
    guard instant >= latest, instant.nanoseconds.magnitude < 1 << 61 else {
      throw Fault.record(sequence: sequence, .unknownValue(offset: 0, UInt64(bitPattern: instant.nanoseconds)))
    }
  }

  /// No world tells of a port that its bench does not have.
  private static func check(_ input: Input, ports: Int, sequence: UInt64) throws {
    switch input {
    case .opened(let port), .lineErrors(let port, _), .lost(let port, _), .interrupted(let port, _),
      .resumed(let port, _):
      guard Int(port) < ports else { throw Fault.record(sequence: sequence, .unknownValue(offset: 0, UInt64(port))) }
    case .bytes(let port, _, let first):
      guard Int(port) < ports else { throw Fault.record(sequence: sequence, .unknownValue(offset: 0, UInt64(port))) }
      guard first.nanoseconds.magnitude < 1 << 61 else {
        throw Fault.record(sequence: sequence, .unknownValue(offset: 1, UInt64(bitPattern: first.nanoseconds)))
      }
    case .edge(_, _, let at):
      guard at.nanoseconds.magnitude < 1 << 61 else {
        throw Fault.record(sequence: sequence, .unknownValue(offset: 2, UInt64(bitPattern: at.nanoseconds)))
      }
    case .edgesLost, .lineOpened, .lineLost, .wake, .stop, .truth: break
    case .clockStepped(let utc):
      guard utc.magnitude < 1 << 62 else {
        throw Fault.record(sequence: sequence, .unknownValue(offset: 0, UInt64(bitPattern: utc)))
      }
    }
  }

  private static func engine(_ header: RunHeader) throws -> Replayed {
    let source = SourceFile(name: "session.yaml", bytes: header.sessionText)
    do throws(FileFault) {
      if try ClockDeclarations.isClock(source) {
        return .clock(try clockRun(try ClockSession.load(source)))
      }
    } catch { throw Fault.session(error) }
    let plan: SessionPlan
    do throws(FileFault) {
      plan = try SessionFile.load(source, overrides: header.overrides)
    } catch { throw Fault.session(error) }
    do throws(Failure) {
      return .session(
        try SessionEngine(
          plan: plan, board: header.boardPlan, bench: header.bench,
          utcNanosecondsAtStart: header.utcNanosecondsAtStart))
    } catch { throw Fault.bench(error) }
  }

  private static func clockRun(_ session: ClockSession) throws(FileFault) -> ClockRun {
    do { return try ClockRun(session.plan) } catch {
      throw FileFault(
        .session,
        [
          Diagnostic(
            file: "session.yaml", place: .start, reason: "the clock's declarations make no sense: \(error)",
            fix: "replay the ledger with the version that recorded it")
        ])
    }
  }

  private static func name(_ kind: UInt8) -> String { RecordKind(rawValue: kind).map { "\($0)" } ?? "kind \(kind)" }

  private mutating func differ(_ record: LedgerRecord, _ reason: String) {
    firstDifference = Difference(
      sequence: record.sequence, instant: Instant(nanoseconds: record.instant), kind: Self.name(record.kind),
      reason: reason)
  }
}

/// What is replayed: a session of readings or a run of a clock bench.
private enum Replayed {
  case session(SessionEngine)
  case clock(ClockRun)

  var results: SessionResults {
    switch self {
    case .session(let engine): engine.results
    case .clock: SessionResults()
    }
  }

  var clock: ClockRun? {
    switch self {
    case .session: nil
    case .clock(let run): run
    }
  }

  var isFinished: Bool {
    switch self {
    case .session(let engine): engine.isFinished
    case .clock(let run): run.isFinished
    }
  }

  /// Takes one input. The value is moved out and back, so that nothing is copied.
  mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    switch consume self {
    case .session(var engine):
      engine.handle(input, at: instant, into: &outbox)
      self = .session(engine)
    case .clock(var run):
      run.handle(input, at: instant, into: &outbox)
      self = .clock(run)
    }
  }
}
