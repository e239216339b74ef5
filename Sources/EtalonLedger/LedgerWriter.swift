import Glibc
import Synchronization

/// Writes the ledger of one run to `RUNFOLDER/ledger/records.bin`.
///
/// `append` belongs to the loop: it encodes the record into a ring and returns; it takes no lock, makes no system call
/// but the one that wakes a sleeping recorder, and allocates nothing. A recorder thread does the rest. A record counts
/// as kept when it is acknowledged, that is after the `fdatasync` that covers it.
///
/// One thread may call `append`, `flush` and `close`; `acknowledged` and `failure` may be read from any.
public final class LedgerWriter: LedgerSink, @unchecked Sendable {
  /// What `append` does when the recorder does not keep up.
  public enum FullMode: Sendable {
    /// Wait: virtual time does not pass meanwhile.
    case wait
    /// Lose the record and count it; as soon as there is room a record says how many were lost.
    case drop
  }

  /// Place of the records in a run folder.
  public static let fileName = "ledger/records.bin"

  /// The file.
  public let path: String
  private let mode: FullMode
  private let ring: LedgerRing
  private let recorder: LedgerRecorder
  private var isOpen = true

  // The producer's side.
  private var position = 0
  private var knownTail = 0
  private var sequence: UInt64 = 0
  private var pendingLost: UInt64 = 0
  private var firstLostInstant: Int64 = 0
  private var lastLostInstant: Int64 = 0
  /// How many records were lost so far.
  public private(set) var lost: UInt64 = 0

  /// Makes the run folder, which must be absent or empty, and the file in it, and starts the recorder.
  ///
  /// The file appears under its name with its header complete and stable, so that whoever finds it finds a ledger.
  /// - Parameters:
  ///   - runFolder: folders above it are made where they are missing.
  ///   - mode: what happens when the recorder does not keep up.
  ///   - ringBytes: a power of two, at least 4 MiB to take the greatest records.
  public init(runFolder: String, mode: FullMode, ringBytes: Int = 1 << 22) throws(LedgerFault) {
    let descriptor = try RunFolder.create(runFolder)
    path = runFolder + "/" + Self.fileName
    self.mode = mode
    ring = LedgerRing(capacity: ringBytes)
    recorder = try LedgerRecorder(ring: ring, descriptor: descriptor, path: path)
  }

  deinit {
    if isOpen { _ = recorder.stop() }
  }

  /// Number of records on stable storage.
  public var acknowledged: UInt64 { UInt64(ring.acknowledged.pointee.load(ordering: .acquiring)) }

  /// The first error of the recorder; nothing is acknowledged after it.
  public var failure: LedgerFault? {
    let code = ring.failure.pointee.load(ordering: .acquiring)
    return code == 0 ? nil : LedgerFault(code: Int32(code), path: path)
  }

  /// Adds a record. A payload of more than 1 MiB, the reserved kind, and a closed ledger are programming errors.
  public func append(kind: UInt8, instant: Int64, payload: UnsafeRawBufferPointer) {
    precondition(isOpen && kind != LedgerFormat.overflowKind, "the ledger is closed or the kind is reserved")
    precondition(payload.count <= LedgerFormat.maximumPayloadBytes, "a payload has at most 1 MiB")
    if pendingLost > 0 && !putLost(needed: payload.count) { return lose(at: instant) }
    guard let offset = reserve(payload.count) else { return lose(at: instant) }
    put(kind: kind, instant: instant, payload: payload, at: offset)
  }

  /// Waits until all records so far are on stable storage.
  public func flush() throws(LedgerFault) {
    precondition(isOpen, "the ledger is closed")
    settleLost()
    recorder.ask(LedgerRing.flushRequest)
    if let failure { throw failure }
  }

  /// Makes all records stable and ends the recorder.
  public func close() throws(LedgerFault) -> LedgerSummary {
    precondition(isOpen, "the ledger is closed")
    settleLost()
    isOpen = false
    let (records, digest) = recorder.stop()
    if let failure { throw failure }
    try RunFolder.synchronise(path.dropLast("/records.bin".utf8.count))
    return LedgerSummary(records: UInt64(records), digest: digest, lost: lost)
  }

  private func put(kind: UInt8, instant: Int64, payload: UnsafeRawBufferPointer, at offset: Int) {
    LedgerFormat.encode(kind: kind, sequence: sequence, instant: instant, payload: payload, at: ring.base + offset)
    sequence += 1
    position += payload.count + LedgerFormat.overheadBytes
    ring.head.pointee.store(position, ordering: .sequentiallyConsistent)
    if position >= ring.wakeAt.pointee.load(ordering: .sequentiallyConsistent) {
      // The exchange lets one wake-up through.
      if ring.wakeAt.pointee.exchange(Int.max, ordering: .sequentiallyConsistent) != Int.max { recorder.wake() }
    }
  }

  /// Finds a contiguous place for a frame with `payloadBytes`; nil when the ring is full and the mode does not wait.
  private func reserve(_ payloadBytes: Int, mustWait: Bool = false) -> Int? {
    let bytes = payloadBytes + LedgerFormat.overheadBytes
    let offset = position & (ring.capacity - 1)
    let toEnd = ring.capacity - offset
    let fits = bytes <= toEnd
    let needed = fits ? bytes : toEnd + bytes
    if position + needed - knownTail > ring.capacity {
      knownTail = ring.tail.pointee.load(ordering: .acquiring)
      if position + needed - knownTail > ring.capacity {
        guard mustWait || mode == .wait else { return nil }
        waitForRoom(needed)
      }
    }
    if fits { return offset }
    if toEnd >= 4 { ring.base.storeBytes(of: LedgerRing.skipMark, toByteOffset: offset, as: UInt32.self) }
    position += toEnd
    return 0
  }

  private func waitForRoom(_ needed: Int) {
    if ring.wakeAt.pointee.exchange(Int.max, ordering: .sequentiallyConsistent) != Int.max { recorder.wake() }
    var tries = 0
    while position + needed - knownTail > ring.capacity {
      if tries < 16 {
        sched_yield()
        tries += 1
      } else {
        // The disk is the limit now; do not burn the core that the recorder may need.
        var pause = timespec(tv_sec: 0, tv_nsec: 50_000)
        nanosleep(&pause, nil)
      }
      knownTail = ring.tail.pointee.load(ordering: .acquiring)
    }
  }

  private func lose(at instant: Int64) {
    if pendingLost == 0 { firstLostInstant = instant }
    lastLostInstant = instant
    pendingLost += 1
    lost += 1
  }

  /// Writes the record about lost ones if there is room for it and for `needed` more bytes of payload; whether it did.
  private func putLost(needed: Int) -> Bool {
    // Twice, because either of the two frames may skip to the next lap.
    let bytes = 2 * (needed + 16 + 2 * LedgerFormat.overheadBytes)
    knownTail = ring.tail.pointee.load(ordering: .acquiring)
    guard position + bytes - knownTail <= ring.capacity else { return false }
    settleLost()
    return true
  }

  private func settleLost() {
    guard pendingLost > 0 else { return }
    guard let offset = reserve(16, mustWait: true) else { preconditionFailure("a wait for room ends with room") }
    let facts = (pendingLost.littleEndian, firstLostInstant.littleEndian)
    withUnsafeBytes(of: facts) {
      put(kind: LedgerFormat.overflowKind, instant: lastLostInstant, payload: $0, at: offset)
    }
    pendingLost = 0
  }
}
