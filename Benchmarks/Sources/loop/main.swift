// The closed loop of many channels at 1 kHz beside a twin in C++, taking turns. Exact gates: both end with the same bits, and
// nothing allocates in steady state. Ratios are medians over the rounds.
import CAllocationCounter
import CLoopTwin
import EtalonCore
import Glibc

func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let n = sorted.count
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
}

func fixed(_ value: Double, _ decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let rounded = Int((value * scale).rounded())
  guard decimals > 0 else { return "\(rounded)" }
  let digits = String(abs(rounded) % Int(scale))
  return "\(rounded < 0 ? "-" : "")\(abs(rounded) / Int(scale))."
    + String(repeating: "0", count: decimals - digits.count) + digits
}

struct Outcome {
  var ratio: Double
  /// Nanoseconds for each channel and tick.
  var nanoseconds: Double
  var isEqual: Bool
  var allocations: UInt64
}

func measure<C: Controller>(
  _ setup: LoopSetup, channels: Int, ticks: Int, rounds: Int, control: C, isLQG: Bool
) throws -> Outcome where C.Scalar == Double {
  var ours = ClosedLoop(setup, channels: channels, control: control)
  var twinSetup = try setup.twin()
  guard let twin = loop_twin_create(&twinSetup, Int64(channels), isLQG ? 1 : 0) else {
    preconditionFailure("the twin has no memory")
  }
  defer { loop_twin_destroy(twin) }
  var isEqual = ours.run(ticks: 100).bitPattern == loop_twin_run(twin, 100).bitPattern
  var ratios: [Double] = []
  var times: [Double] = []
  var allocations: UInt64 = 0
  for _ in 0..<rounds {
    let start = processorSeconds()
    let before = etalon_allocation_count()
    let sum = ours.run(ticks: ticks)
    allocations += etalon_allocation_count() - before
    let middle = processorSeconds()
    let other = loop_twin_run(twin, Int64(ticks))
    let end = processorSeconds()
    isEqual = isEqual && sum.bitPattern == other.bitPattern
    ratios.append((middle - start) / (end - middle))
    times.append((middle - start) * 1e9 / Double(ticks * channels))
  }
  return Outcome(
    ratio: median(ratios), nanoseconds: median(times), isEqual: isEqual, allocations: allocations)
}

let rounds = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 0 : 7
guard rounds >= 5 else {
  print("usage: loop [ROUNDS]      5 rounds or more")
  exit(64)
}
let setup = LoopSetup()
let lqg = try LQGController<Double>(setup.design, initialOutput: setup.initial)
let pid = try PIDController(setup.pid, initialOutput: setup.initial)
var failed = false
func column(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }
print("control  channels  ns/channel  x real time  Swift/C++  same bits  allocations")
var each: [String: [Int: Double]] = [:]
for (name, isLQG) in [("pid", false), ("lqg", true)] {
  for channels in [8, 1024] {
    let ticks = channels == 8 ? 200_000 : 1_600
    let outcome =
      isLQG
      ? try measure(setup, channels: channels, ticks: ticks, rounds: rounds, control: lqg, isLQG: true)
      : try measure(setup, channels: channels, ticks: ticks, rounds: rounds, control: pid, isLQG: false)
    each[name, default: [:]][channels] = outcome.nanoseconds
    print(
      name + column("\(channels)", 14) + column(fixed(outcome.nanoseconds, 1), 12)
        + column(fixed(1e6 / (outcome.nanoseconds * Double(channels)), 0), 13) + column(fixed(outcome.ratio, 3), 11)
        + column(outcome.isEqual ? "yes" : "NO", 11) + column("\(outcome.allocations)", 13))
    if !outcome.isEqual || outcome.allocations != 0 { failed = true }
    if channels == 8 && outcome.ratio > 1.3 {
      print("FAIL: more than 1.3 times the twin")
      failed = true
    }
  }
}
for name in ["pid", "lqg"] {
  if let few = each[name]?[8], let many = each[name]?[1024] {
    print("\(name): cost for each channel with 1024 channels against 8: \(fixed(many / few, 3)) (goal 1.1)")
    if many / few > 1.1 { failed = true }
  }
}
exit(failed ? 1 : 0)
