// Exact count of heap allocations for each sample in steady state. It ends with 1 when there is any, or when the counter
// does not see allocations that are there.
import CAllocationCounter
import Glibc

struct Count {
  var allocations: UInt64
  var pairs: Int
  var updates: Int
  var checksum: Double
}

/// Allocations of `samples` seconds of the sampling path, after a thousand that fill its buffers.
func count(samples: Int) throws -> Count {
  var path = try SamplingPath(seed: 1)
  for _ in 0..<1000 { path.step() }
  let before = etalon_allocation_count()
  for _ in 0..<samples { path.step() }
  let after = etalon_allocation_count()
  return Count(allocations: after - before, pairs: path.pairs, updates: path.updates, checksum: path.checksum)
}

/// Allocations of `samples` seconds of a calibration channel, after a thousand that fill its buffers.
func countOfChannel(samples: Int) throws -> (allocations: UInt64, path: ChannelPath) {
  var path = try ChannelPath(seed: 1)
  for _ in 0..<1000 { path.step() }
  let before = etalon_allocation_count()
  for _ in 0..<samples { path.step() }
  return (etalon_allocation_count() - before, path)
}

/// Negative control: a loop that makes an array that outlives it in each turn must be seen to do so.
func countOfKnownAllocations(_ arrays: Int) -> UInt64 {
  var kept: [[Int]] = []
  kept.reserveCapacity(arrays)
  let before = etalon_allocation_count()
  for index in 0..<arrays { kept.append([index, index + 1]) }
  let after = etalon_allocation_count()
  precondition(kept.reduce(0) { $0 + $1[0] } == arrays * (arrays - 1) / 2, "every array is used and none left out")
  return after - before
}

/// A row of a table, its cells right-aligned in columns of 20 characters.
func row(_ cells: [String]) -> String {
  cells.map { String(repeating: " ", count: max(1, 20 - $0.count)) + $0 }.joined()
}

/// `allocations metrology`: exact count for each evaluation of the embeddable parts of the metrology engine.
func countMetrology() throws -> Bool {
  let turns = 10_000
  var isClean = true
  print(row(["evaluations", "heap allocations", "checksum"]) + "  what is evaluated")
  for evaluation in try MetrologyEvaluation.all() {
    var checksum = 0.0
    for turn in 0..<100 { checksum += try evaluation.evaluate(turn) }
    let before = etalon_allocation_count()
    for turn in 0..<turns { checksum += try evaluation.evaluate(turn) }
    let made = etalon_allocation_count() - before
    print(row(["\(turns)", "\(made)", "\(Float(checksum))"]) + "  " + evaluation.name)
    if made != 0 || !checksum.isFinite { isClean = false }
  }
  return isClean
}

// The first use of a type allocates what the runtime must know about it; after that the count is exact.
_ = countOfKnownAllocations(1)
let control = countOfKnownAllocations(1000)
if CommandLine.arguments.dropFirst().first == "metrology" {
  let isClean = try countMetrology()
  print("control, 1000 arrays: \(control) heap allocations")
  guard control == 1000 else {
    print("FAIL: the count can not be trusted")
    exit(1)
  }
  if !isClean { print("FAIL: an evaluation allocates") }
  exit(isClean ? 0 : 1)
}
let short = try count(samples: 100_000)
let long = try count(samples: 200_000)
print(row(["samples", "heap allocations", "calibration updates", "checksum"]))
print(row(["100000", "\(short.allocations)", "\(short.updates)", "\(short.checksum)"]))
print(row(["200000", "\(long.allocations)", "\(long.updates)", "\(long.checksum)"]))
print("heap allocations per further sample: \(Double(Int64(long.allocations) - Int64(short.allocations)) / 1e5)")
print("control, 1000 arrays: \(control) heap allocations")
guard control == 1000, short.updates > 90_000, long.updates > 190_000 else {
  print("FAIL: the count can not be trusted")
  exit(1)
}
guard long.allocations == short.allocations, short.allocations == 0 else {
  print("FAIL: the sampling path allocates")
  exit(1)
}
_ = try countOfChannel(samples: 1)
let channel = try countOfChannel(samples: 1_000_000)
print(
  "calibration channel, 1000000 samples: \(channel.allocations) heap allocations, \(channel.path.updates) updates, "
    + "\(channel.path.refused) refused, \(channel.path.transitions) transitions, checksum \(channel.path.checksum)")
guard channel.allocations == 0, channel.path.updates > 50_000, channel.path.transitions > 0 else {
  print("FAIL: the calibration channel allocates, or did not run as it should")
  exit(1)
}
