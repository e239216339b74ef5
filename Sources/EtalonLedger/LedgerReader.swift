/// One record as it was appended, with its number.
public struct LedgerRecord: Equatable, Sendable {
  /// What the payload means; the writer's own enumeration, except for `LedgerFormat.overflowKind`.
  public var kind: UInt8
  /// 0 for the first record of the ledger, then up by 1.
  public var sequence: UInt64
  /// Nanoseconds on the time base of the run.
  public var instant: Int64
  /// Meaning and coding belong to whoever wrote it; at most 1 MiB.
  public var payload: [UInt8]

  /// A record with the given facts.
  public init(kind: UInt8, sequence: UInt64, instant: Int64, payload: [UInt8]) {
    self.kind = kind
    self.sequence = sequence
    self.instant = instant
    self.payload = payload
  }
}

/// Reads the records of a ledger one by one; its memory does not depend on the ledger's size.
public struct LedgerReader: ~Copyable {
  private var stream: FrameStream
  private let path: String
  private var due: UInt64 = 0
  private var isAtEnd = false
  /// Bytes after the last record of a run that ended in the middle of a write; known after the last record.
  public private(set) var tornBytes = 0

  /// Opens a ledger's file.
  public init(path: String) throws(LedgerFault) {
    self.path = path
    stream = try FrameStream(path: path)
  }

  /// Reads a ledger in memory; `name` stands for the path in faults.
  public init(bytes: [UInt8], name: String = "memory") throws(LedgerFault) {
    path = name
    stream = try FrameStream(bytes: bytes, name: name)
  }

  /// The next record; nil after the last. A damaged ledger throws at the damage, and again whenever it is asked.
  public mutating func next() throws(LedgerFault) -> LedgerRecord? {
    if isAtEnd { return nil }
    switch try stream.step(due: due) {
    case .frame(let bytes):
      let view = stream.view(bytes)
      let record = LedgerRecord(
        kind: view[4], sequence: due,
        instant: Int64(littleEndian: view.loadUnaligned(fromByteOffset: 13, as: Int64.self)),
        payload: Array(view[LedgerFormat.prefixBytes..<bytes - 4]))
      stream.advance(bytes)
      due += 1
      return record
    case .end:
      isAtEnd = true
      return nil
    case .torn(let bytes):
      isAtEnd = true
      tornBytes = bytes
      return nil
    case .damaged(let damage, _):
      throw .damaged(path: path, offset: stream.offset, damage)
    }
  }
}
