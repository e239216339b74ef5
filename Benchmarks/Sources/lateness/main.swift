// How late the loop of a run is woken, with its recorder on: `lateness PERIOD_US SECONDS PRIORITY PROCESSOR SPIN_US FOLDER`.
// It prints one line of JSON: the wake-ups, quantiles in nanoseconds, missed periods, allocations and lost records.
import CAllocationCounter
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
  private(set) var lateness = LatenessHistogram()
  private(set) var missed: Int64 = 0
  private(set) var allocationsAtStart: UInt64 = 0
  private var turns = 0

  init(periodNanoseconds: Int64, start: Instant, last: Instant) {
    self.periodNanoseconds = periodNanoseconds
    self.last = last
    next = start
  }

  var nextWake: Instant? { next }
  private(set) var isFinished = false

  mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    guard case .wake = input else { return }
    turns += 1
    // The first thousand turns fill buffers and caches.
    if turns == 1000 { allocationsAtStart = etalon_allocation_count() }
    if turns > 1000 { lateness.add(nanoseconds: instant - next) }
    let passed = (instant - next) / periodNanoseconds
    missed += passed
    next = next + (passed + 1) * periodNanoseconds
    outbox.record(RecordKind.pair.rawValue) {
      $0.append(UInt32(truncatingIfNeeded: turns))
      $0.append(Double(turns) * 0.5)
    }
    if next > last { isFinished = true }
  }
}

let arguments = CommandLine.arguments
guard arguments.count == 7, let period = Int64(arguments[1]), let seconds = Int64(arguments[2]),
  let priority = Int(arguments[3]), let processor = Int(arguments[4]), let spin = Int64(arguments[5])
else {
  print("usage: lateness PERIOD_US SECONDS PRIORITY PROCESSOR SPIN_US FOLDER")
  exit(64)
}

let writer = try LedgerWriter(runFolder: arguments[6], mode: .drop)
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
  periodNanoseconds: period * 1000, start: start, last: start + 1000 * period * 1000 + seconds * 1_000_000_000)
var recorder = Recording(writer: writer)
let granted = RealTime(.usual(priority: priority, processor: processor))
for lack in granted.lacks { fputs("warning: \(lack.explanation)\n", stderr) }
runLoop(&metronome, in: &world, recorder: &recorder)
let allocations = etalon_allocation_count() - metronome.allocationsAtStart
_ = consume granted
let summary = try writer.close()
func value(_ probability: Double) -> Int64 { metronome.lateness.quantileNanoseconds(probability) ?? -1 }
print(
  "{\"wakes\": \(metronome.lateness.count), \"p50\": \(value(0.5)), \"p99\": \(value(0.99)), \"p999\": \(value(0.999)), "
    + "\"max\": \(metronome.lateness.maximumNanoseconds), \"missed\": \(metronome.missed), "
    + "\"allocations\": \(allocations), \"lost\": \(summary.lost)}")
