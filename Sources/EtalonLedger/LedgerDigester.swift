import Crypto

/// A ledger without a file: it numbers, frames and hashes records as `LedgerWriter` does and so arrives at the same
/// digest. For tests and campaigns; on request it keeps the bytes, which a `LedgerReader` can read.
public final class LedgerDigester: LedgerSink {
  private let keepsBytes: Bool
  private var kept: [UInt8]
  private let buffer: UnsafeMutableRawPointer
  private var used = 0
  private var hash = SHA256()
  private var sequence: UInt64 = 0
  private var isOpen = true
  // One frame always fits.
  private static let bufferBytes = LedgerFormat.maximumPayloadBytes + LedgerFormat.overheadBytes
  // A piece that stays in the first levels of the cache.
  private static let hashBytes = 32 * 1024

  /// - Parameter keepingBytes: whether `bytes` is kept; memory then grows with the run.
  public init(keepingBytes: Bool = false) {
    keepsBytes = keepingBytes
    kept = keepingBytes ? LedgerFormat.header() : []
    buffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
  }

  deinit { buffer.deallocate() }

  /// The ledger as a file would hold it, header included; empty unless it was asked to keep them.
  public var bytes: [UInt8] {
    empty()
    return kept
  }

  /// Nothing here can fail.
  public var failure: LedgerFault? { nil }
  /// Every record is as safe as memory is.
  public var acknowledged: UInt64 { sequence }

  /// Adds a record. A payload of more than 1 MiB, the reserved kind, and a closed ledger are programming errors.
  public func append(kind: UInt8, instant: Int64, payload: UnsafeRawBufferPointer) {
    precondition(isOpen && kind != LedgerFormat.overflowKind, "the ledger is closed or the kind is reserved")
    precondition(payload.count <= LedgerFormat.maximumPayloadBytes, "a payload has at most 1 MiB")
    let bytes = payload.count + LedgerFormat.overheadBytes
    if used >= Self.hashBytes || used + bytes > Self.bufferBytes { empty() }
    LedgerFormat.encode(kind: kind, sequence: sequence, instant: instant, payload: payload, at: buffer + used)
    LedgerFormat.seal(payloadBytes: payload.count, at: buffer + used)
    used += bytes
    sequence += 1
  }

  /// Does nothing: there is no storage to wait for.
  public func flush() throws(LedgerFault) {}

  /// The number of records and their digest.
  public func close() throws(LedgerFault) -> LedgerSummary {
    precondition(isOpen, "the ledger is closed")
    empty()
    isOpen = false
    return LedgerSummary(records: sequence, digest: hexadecimal(hash.finalize()), lost: 0)
  }

  private func empty() {
    let bytes = UnsafeRawBufferPointer(start: buffer, count: used)
    hash.update(bufferPointer: bytes)
    if keepsBytes { kept.append(contentsOf: bytes) }
    used = 0
  }
}
