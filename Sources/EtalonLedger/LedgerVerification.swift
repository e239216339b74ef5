import Crypto

/// What the check of a whole ledger found.
///
/// A ledger whose last frame was cut off is sound: the run ended in the middle of a write, and that record was never
/// acknowledged (`tornBytes`). It is not sound when the cut-off bytes hold a later frame, are a complete frame with
/// another length, or when the run's summary says that the ledger was finished.
///
/// Damage is found, not forgery: whoever can write the file can also write checksums. Only `expectedDigest` from a
/// trusted place shows more.
public struct LedgerVerification: Equatable, Sendable {
  /// The outcome of one check.
  public enum Check: String, Sendable {
    case pass, fail
    /// There was nothing to check or nothing to check against.
    case absent
  }

  /// The header is that of a ledger, and each frame leads to the next.
  public var framing = Check.absent
  /// Every frame's checksum fits its bytes.
  public var crc = Check.absent
  /// Frames are numbered 0, 1, 2, ... without gap, repetition or exchange.
  public var sequence = Check.absent
  /// There are as many records as expected and nothing after them.
  public var completeness = Check.absent
  /// The digest is the expected one.
  public var digestMatch = Check.absent
  /// Number of sound records: checksum and sequence number fit.
  public var records: UInt64 = 0
  /// SHA-256 over the bytes of the sound frames before the first damage, as hexadecimal digits.
  public var digest = ""
  /// The record at which the first damage was found: its due sequence number and its offset in the file.
  public var firstBad: Place?
  /// What the first damage is.
  public var damage: LedgerDamage?
  /// Bytes of a last frame that was never completed.
  public var tornBytes = 0

  /// A place in a ledger.
  public struct Place: Equatable, Sendable {
    /// Number of the record that is due there.
    public var sequence: UInt64
    /// Offset of the frame in the file, in bytes.
    public var offset: UInt64

    /// The place with the given number and offset.
    public init(sequence: UInt64, offset: UInt64) {
      self.sequence = sequence
      self.offset = offset
    }
  }

  /// Whether no check failed.
  public var isSound: Bool { checks.allSatisfy { $0.outcome != .fail } }

  /// All checks by name, in the order in which they are reported.
  public var checks: [(name: String, outcome: Check)] {
    [
      ("framing", framing), ("crc", crc), ("sequence", sequence), ("completeness", completeness),
      ("digest", digestMatch),
    ]
  }

  /// Checks a ledger's file. Throws only when the file can not be read; damage is part of the result.
  /// - Parameters:
  ///   - path: the file.
  ///   - expectedRecords: the number of records that the run's summary names; nil for a run that has none.
  ///   - expectedDigest: the digest that the run's summary names.
  public init(path: String, expectedRecords: UInt64? = nil, expectedDigest: String? = nil) throws(LedgerFault) {
    do throws(LedgerFault) {
      var stream = try FrameStream(path: path)
      try check(&stream)
    } catch {
      try take(error)
    }
    compare(expectedRecords, expectedDigest)
  }

  /// Checks a ledger in memory.
  public init(bytes: [UInt8], expectedRecords: UInt64? = nil, expectedDigest: String? = nil) {
    do throws(LedgerFault) {
      var stream = try FrameStream(bytes: bytes, name: "memory")
      try check(&stream)
    } catch {
      do throws(LedgerFault) { try take(error) } catch { preconditionFailure("memory can always be read") }
    }
    compare(expectedRecords, expectedDigest)
  }

  private mutating func take(_ fault: LedgerFault) throws(LedgerFault) {
    guard case .damaged(_, let offset, let damage) = fault else { throw fault }
    framing = .fail
    note(damage, due: 0, offset: offset)
  }

  private mutating func note(_ damage: LedgerDamage, due: UInt64, offset: UInt64) {
    if firstBad == nil {
      firstBad = Place(sequence: due, offset: offset)
      self.damage = damage
    }
  }

  private mutating func check(_ stream: inout FrameStream) throws(LedgerFault) {
    var hash = SHA256()
    var due: UInt64 = 0
    framing = .pass
    walk: while true {
      switch try stream.step(due: due) {
      case .frame(let bytes):
        if firstBad == nil { hash.update(bufferPointer: stream.view(bytes)) }
        if crc == .absent { crc = .pass }
        if sequence == .absent { sequence = .pass }
        stream.advance(bytes)
        records += 1
        due += 1
      case .end:
        break walk
      case .torn(let bytes):
        tornBytes = bytes
        break walk
      case .damaged(let damage, let skip):
        note(damage, due: due, offset: stream.offset)
        var next = due + 1
        switch damage {
        case .checksum: crc = .fail
        case .sequence(_, let received):
          sequence = .fail
          next = received &+ 1
        case .length, .header, .version: framing = .fail
        }
        guard let skip else {
          framing = .fail
          break walk
        }
        stream.advance(skip)
        due = next
      }
    }
    digest = hexadecimal(hash.finalize())
  }

  private mutating func compare(_ expectedRecords: UInt64?, _ expectedDigest: String?) {
    if let expectedRecords { completeness = records == expectedRecords && tornBytes == 0 ? .pass : .fail }
    if let expectedDigest { digestMatch = digest == expectedDigest ? .pass : .fail }
  }
}
