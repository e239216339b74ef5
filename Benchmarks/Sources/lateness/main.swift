// How late the loop of a run is woken, with its recorder on:
// `lateness PERIOD_US SECONDS PRIORITY PROCESSOR SPIN_US FOLDER [BYTES]`, where BYTES is what each period
// records beside the wake-up.
// It prints one line of JSON: the wake-ups, quantiles in nanoseconds, missed periods, allocations, locks that the loop
// took, records that were lost, and what the ledger, read again, tells about them.
import CAllocationCounter
import CLockCounter
import EtalonCore
import EtalonLedger
import EtalonLinux
import EtalonSession
import Glibc

/// Asks to be woken each period and keeps how late that was. It decides something each time, so that the outbox, the
/// encoder and the ring have their part in the figure.
struct Metronome: Automaton {
  let periodNanoseconds: Int64
  let last: Instant
  private var next: Instant
  /// Each lateness in nanoseconds: a histogram, as runs keep it, is right to 3 % only.
  private(set) var lateness: [Int64] = []
  private(set) var missed: Int64 = 0
  private(set) var allocationsAtStart: UInt64 = 0
  private(set) var locksAtStart: UInt64 = 0
  private var turns = 0
  private let numbersPerPeriod: Int

  init(periodNanoseconds: Int64, start: Instant, last: Instant, bytesPerPeriod: Int) {
    self.periodNanoseconds = periodNanoseconds
    numbersPerPeriod = max(1, (bytesPerPeriod - 4) / 8)
    self.last = last
    next = start
    lateness.reserveCapacity(Int((last - start) / periodNanoseconds) + 2)
  }

  var nextWake: Instant? { next }
  private(set) var isFinished = false

  mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    guard case .wake = input else { return }
    turns += 1
    // The first thousand turns fill buffers and caches.
    if turns == 1000 {
      allocationsAtStart = etalon_allocation_count()
      locksAtStart = etalon_lock_count()
    }
    if turns > 1000 { lateness.append(instant - next) }
    let passed = (instant - next) / periodNanoseconds
    missed += passed
    next = next + (passed + 1) * periodNanoseconds
    outbox.record(RecordKind.pair.rawValue) {
      $0.append(UInt32(truncatingIfNeeded: turns))
      for number in 0..<numbersPerPeriod { $0.append(Double(turns + number) * 0.5) }
    }
    if next > last { isFinished = true }
  }
}

func complain(_ text: String) {
  let line = text + "\n"
  guard line.withCString({ write(STDERR_FILENO, $0, strlen($0)) }) >= 0 else { exit(74) }
}

let arguments = CommandLine.arguments
guard (7...8).contains(arguments.count), let bytes = arguments.count == 8 ? Int(arguments[7]) : 12,
  let period = Int64(arguments[1]), let seconds = Int64(arguments[2]), let priority = Int(arguments[3]),
  let processor = Int(arguments[4]),
  let spin = Int64(arguments[5])
else {
  print("usage: lateness PERIOD_US SECONDS PRIORITY PROCESSOR SPIN_US FOLDER [BYTES]")
  exit(64)
}

let writer = try LedgerWriter(
  runFolder: arguments[6], mode: .drop, ringBytes: RecordRate.ringBytes(rateHertz: 1e6 / Double(period)))
struct Recording: Recorder {
  let writer: LedgerWriter
  func append(kind: UInt8, instant: Instant, payload: [UInt8]) {
    payload.withUnsafeBytes { writer.append(kind: kind, instant: instant.nanoseconds, payload: $0) }
  }
  func append(_ outbox: borrowing Outbox, at instant: Instant) {
    outbox.payload.withUnsafeBytes { bytes in
      var start = 0
      for record in outbox.records {
        writer.append(
          kind: record.kind, instant: instant.nanoseconds,
          payload: UnsafeRawBufferPointer(rebasing: bytes[start..<record.end]))
        start = record.end
      }
    }
  }
  var stopRequest: StopRequest? { writer.failure == nil ? nil : .recordFailed }
}
var world = try LinuxWorld(ports: [], signals: .none)
world.spinNanoseconds = spin * 1000
let start = world.now() + 5_000_000
var metronome = Metronome(
  periodNanoseconds: period * 1000, start: start, last: start + 1000 * period * 1000 + seconds * 1_000_000_000,
  bytesPerPeriod: bytes)
var recorder = Recording(writer: writer)
var allocations: UInt64 = 0
var locks: UInt64 = 0
do {
  let granted = RealTime(.usual(priority: priority, processor: processor))
  for lack in granted.lacks { complain("warning: \(lack.explanation)") }
  world.isRealTime = granted.hasPriority
  runLoop(&metronome, in: &world, recorder: &recorder)
  allocations = etalon_allocation_count() - metronome.allocationsAtStart
  locks = etalon_lock_count() - metronome.locksAtStart
  _ = consume granted
}
let summary = try writer.close()
let verified = try LedgerVerification(
  path: writer.path, expectedRecords: summary.records, expectedDigest: summary.digest)
// What the record itself says was lost: the first eight bytes of a gap's payload, little-endian.
var told: UInt64 = 0
var gaps = 0
var reader = try LedgerReader(path: writer.path)
while let record = try reader.next() {
  guard record.kind == LedgerFormat.overflowKind else { continue }
  told += record.payload[..<8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  gaps += 1
}
let sorted = metronome.lateness.sorted()
let value = { (probability: Double) in
  sorted.isEmpty ? -1 : sorted[min(sorted.count - 1, Int(probability * Double(sorted.count)))]
}
print(
  "{\"wakes\": \(sorted.count), \"p50\": \(value(0.5)), \"p99\": \(value(0.99)), \"p999\": \(value(0.999)), "
    + "\"max\": \(sorted.last ?? -1), \"missed\": \(metronome.missed), "
    + "\"allocations\": \(allocations), \"locks\": \(locks), \"records\": \(summary.records), \"lost\": \(summary.lost), "
    + "\"told\": \(told), \"gaps\": \(gaps), \"sound\": \(verified.isSound)}")
