/// The bytes of a ledger file, format version 1. All integers are little-endian.
///
/// The file is a header of 16 bytes and then frames without gaps:
///
/// | header | bytes | frame | bytes |
/// |---|---|---|---|
/// | magic `89 45 54 4C 4E 0D 0A 1A` | 8 | length of the payload, at most 1 MiB | 4 |
/// | format version | 4 | kind | 1 |
/// | CRC-32C of the 12 bytes before | 4 | sequence number 0, 1, 2, ... | 8 |
/// | | | instant in nanoseconds, signed | 8 |
/// | | | payload | 0... |
/// | | | CRC-32C of all bytes of the frame before it | 4 |
///
/// A frame's bytes depend on the record and its number only, not on how the frames were grouped into writes; so the
/// digest over all frames, and any hash tree with the frames as leaves, is the same for every run with equal records.
/// The magic starts with a byte outside ASCII and holds both line endings and an end-of-file character, so that a copy
/// made in text mode is recognised as damaged (the idea of the PNG signature, RFC 2083 section 12.11).
public enum LedgerFormat {
  /// The version that this program writes.
  public static let version: UInt32 = 1
  /// The greatest number of bytes of one payload: 1 MiB.
  public static let maximumPayloadBytes = 1 << 20
  /// Bytes of a frame before its payload.
  public static let prefixBytes = 21
  /// Bytes of a frame beside its payload: prefix and checksum.
  public static let overheadBytes = 25
  /// Bytes of the file header.
  public static let headerBytes = 16
  /// The kind of the record that counts lost records: number of lost records (64 bits), instant of the first of them
  /// (64 bits, signed). Its own instant is that of the last. No other record may have this kind.
  public static let overflowKind: UInt8 = 255

  /// The header of a file.
  public static func header() -> [UInt8] {
    var bytes: [UInt8] = [0x89, 0x45, 0x54, 0x4C, 0x4E, 0x0D, 0x0A, 0x1A]
    for shift in stride(from: 0 as UInt32, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: version >> shift)) }
    let check = bytes.withUnsafeBytes { CRC32C.checksum($0) }
    for shift in stride(from: 0 as UInt32, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: check >> shift)) }
    return bytes
  }

  /// Writes a frame without its checksum to `target`, which must have room for it.
  @inline(__always)
  static func encode(
    kind: UInt8, sequence: UInt64, instant: Int64, payload: UnsafeRawBufferPointer, at target: UnsafeMutableRawPointer
  ) {
    target.storeBytes(of: UInt32(payload.count).littleEndian, as: UInt32.self)
    target.storeBytes(of: kind, toByteOffset: 4, as: UInt8.self)
    target.storeBytes(of: sequence.littleEndian, toByteOffset: 5, as: UInt64.self)
    target.storeBytes(of: instant.littleEndian, toByteOffset: 13, as: Int64.self)
    if let base = payload.baseAddress { (target + prefixBytes).copyMemory(from: base, byteCount: payload.count) }
  }

  /// Computes the checksum of the frame at `target` and writes it to its end.
  @inline(__always)
  static func seal(payloadBytes: Int, at target: UnsafeMutableRawPointer) {
    let covered = prefixBytes + payloadBytes
    let check = CRC32C.checksum(UnsafeRawBufferPointer(start: target, count: covered))
    target.storeBytes(of: check.littleEndian, toByteOffset: covered, as: UInt32.self)
  }
}

/// What a finished ledger holds.
public struct LedgerSummary: Equatable, Sendable {
  /// Number of records, those that count lost ones included.
  public var records: UInt64
  /// SHA-256 (FIPS 180-4) over the bytes of all frames, without the file header, as 64 lower-case hexadecimal digits.
  public var digest: String
  /// How many records were lost because the recorder did not keep up; always 0 in a mode that waits.
  public var lost: UInt64

  /// A summary with the given facts.
  public init(records: UInt64, digest: String, lost: UInt64) {
    self.records = records
    self.digest = digest
    self.lost = lost
  }
}

/// Where a run puts its records. Records get the sequence numbers 0, 1, 2, ... in the order of the calls.
public protocol LedgerSink: AnyObject {
  /// Adds a record; `payload` has at most 1 MiB, more is a programming error. Called by one thread only.
  func append(kind: UInt8, instant: Int64, payload: UnsafeRawBufferPointer)
  /// Why records can no longer be kept; nil while all is well. It costs one load.
  var failure: LedgerFault? { get }
  /// Number of records that are on stable storage, or as safe as this sink can make them.
  var acknowledged: UInt64 { get }
  /// Waits until all records so far are acknowledged.
  func flush() throws(LedgerFault)
  /// Ends the ledger. Nothing may be appended afterwards.
  func close() throws(LedgerFault) -> LedgerSummary
}

/// Lower-case hexadecimal digits of `bytes`.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
