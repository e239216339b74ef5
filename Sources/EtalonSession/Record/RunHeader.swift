import EtalonCore

/// The first record of a ledger: what was run, where and when. With it and the inputs alone the run can be replayed.
public struct RunHeader: Sendable {
  /// Latest layout of the header; a reader refuses what it does not know. Version 2 tells of lines, and is written only
  /// where a bench has some, so that all others can be read by earlier versions too.
  public static let formatVersion: UInt16 = 2

  /// Version of Etalon that ran.
  public var version: String
  /// Name of the session.
  public var session: String
  /// Name of the board.
  public var board: String
  /// Which clock gave the instants.
  public var timebase: TimebaseKind
  /// UTC of the first instant, nanoseconds since 1970-01-01.
  public var utcNanosecondsAtStart: Int64
  /// Seed of a simulated run; 0 otherwise.
  public var seed: UInt64
  /// `name=value` of every `--set`, in order.
  public var overrides: [String]
  /// The session file, byte for byte.
  public var sessionText: [UInt8]
  /// The board as it was used.
  public var boardPlan: BoardPlan
  /// The bench as it was used, access codes left out.
  public var bench: BenchPlan

  /// A header from its parts.
  public init(
    version: String, session: String, board: String, timebase: TimebaseKind, utcNanosecondsAtStart: Int64,
    seed: UInt64, overrides: [String], sessionText: [UInt8], boardPlan: BoardPlan, bench: BenchPlan
  ) {
    self.version = version
    self.session = session
    self.board = board
    self.timebase = timebase
    self.utcNanosecondsAtStart = utcNanosecondsAtStart
    self.seed = seed
    self.overrides = overrides
    self.sessionText = sessionText
    self.boardPlan = boardPlan
    self.bench = bench
  }

  /// A simulated run is marked so and can never become a certificate of a real instrument.
  public var isSimulated: Bool { timebase == .simulated }

  /// The payload of the header record.
  public func encoded() -> [UInt8] {
    var encoder = RecordEncoder()
    encoder.append(bench.saysMoreThanPorts ? Self.formatVersion : 1)
    encoder.append(text: version)
    encoder.append(text: session)
    encoder.append(text: board)
    encoder.append(timebase.rawValue)
    encoder.append(utcNanosecondsAtStart)
    encoder.append(seed)
    encoder.append(UInt16(overrides.count))
    for override in overrides { encoder.append(text: override) }
    encoder.append(text: String(decoding: sessionText, as: UTF8.self))
    encoder.append(bench: bench)
    encoder.append(board: boardPlan)
    if bench.saysMoreThanPorts { encoder.append(linesOf: bench) }
    if let declarations = bench.declarations { encoder.append(declarations: declarations) }
    return encoder.take()
  }

  /// Reads the payload of a header record.
  /// - Throws: `RecordFault` for a layout that this version does not know.
  public init(decoding payload: [UInt8]) throws(RecordFault) {
    var decoder = RecordDecoder(payload)
    let format = try decoder.uint16()
    guard (1...Self.formatVersion).contains(format) else { throw .unknownValue(offset: 0, UInt64(format)) }
    version = try decoder.text()
    session = try decoder.text()
    board = try decoder.text()
    let base = try decoder.uint8()
    guard let kind = TimebaseKind(rawValue: base) else {
      throw .unknownValue(offset: decoder.offset - 1, UInt64(base))
    }
    timebase = kind
    utcNanosecondsAtStart = try decoder.int64()
    seed = try decoder.uint64()
    var overrides: [String] = []
    for _ in 0..<(try decoder.uint16()) { overrides.append(try decoder.text()) }
    self.overrides = overrides
    sessionText = Array(try decoder.text().utf8)
    bench = try decoder.bench()
    boardPlan = try decoder.board(bench)
    if format >= 2 {
      try decoder.lines(of: &bench)
      boardPlan.bench = bench
    }
    if !decoder.isAtEnd { bench.declarations = try decoder.declarations() }
    try decoder.finish()
  }
}
