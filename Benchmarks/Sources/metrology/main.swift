// Times of the metrology engine, one task a run: `metrology draws|report|budget|deviation|adaptive`.
// Prints wall time and processor time of the best of several repetitions in seconds, and a check value that the peer's
// program must print too, so that both are known to compute the same.
import EtalonMetrology
import EtalonUncertainty
import Glibc

func now(_ source: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(source, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// The best wall and processor time of some repetitions.
func best(of repetitions: Int, _ body: () throws -> Void) rethrows -> (wall: Double, cpu: Double) {
  var result = (wall: Double.infinity, cpu: Double.infinity)
  for _ in 0..<repetitions {
    let cpu = now(CLOCK_PROCESS_CPUTIME_ID)
    let wall = now(CLOCK_MONOTONIC)
    try body()
    result.wall = min(result.wall, now(CLOCK_MONOTONIC) - wall)
    result.cpu = min(result.cpu, now(CLOCK_PROCESS_CPUTIME_ID) - cpu)
  }
  return result
}

func normal(_ name: String, _ x: Double, _ u: Double, _ dof: Double = .infinity) -> InputQuantity {
  InputQuantity(name: name, estimate: x, distribution: .normal(u), degreesOfFreedom: dof)
}

/// A product, a quotient, a sum and a square of five normal inputs.
func fiveInputs() throws -> MeasurementModel {
  try MeasurementModel(
    "a*b/c + d - e*e",
    inputs: [
      normal("a", 10, 0.1), normal("b", 5, 0.02), normal("c", 2, 0.01), normal("d", 3, 0.1), normal("e", 1, 0.05),
    ])
}

/// GUM H.1, its inputs and its model made from numbers and a function, as the peer makes them.
@inline(never)
func endGauge() throws -> MeasurementModel {
  try MeasurementModel(
    inputs: [
      normal("lS", 50_000_623, 25, 18), normal("d", 215, 9.7, 25.6), normal("dalpha", 0, 5.8e-7, 50),
      normal("theta", -0.1, 0.41), normal("alphaS", 1.15e-5, 1.2e-6), normal("dtheta", 0, 0.029, 2),
    ], output: "l"
  ) { x in x[0] + x[1] - x[0] * (x[2] * x[3] + x[4] * x[5]) }
}

/// JCGM 101, 9.5.
func gaugeBlock() throws -> MeasurementModel {
  func t(_ name: String, _ x: Double, _ scale: Double, _ dof: Double) -> InputQuantity {
    InputQuantity(name: name, estimate: x, distribution: .studentT(scale: scale, degreesOfFreedom: dof))
  }
  func other(_ name: String, _ x: Double, _ distribution: ProbabilityDistribution) -> InputQuantity {
    InputQuantity(name: name, estimate: x, distribution: distribution)
  }
  return try MeasurementModel(
    "Ls + D + d1 + d2 - Ls*(dalpha*(theta0 + Delta) + alphaS*dtheta) - Lnom",
    inputs: [
      t("Ls", 50_000_623, 25, 18), t("D", 215, 6, 24), t("d1", 0, 4, 5), t("d2", 0, 7, 8),
      other("alphaS", 11.5e-6, .rectangular(halfWidth: 2e-6)), normal("theta0", -0.1, 0.2),
      other("Delta", 0, .arcsine(halfWidth: 0.5)),
      other("dalpha", 0, .curvilinearTrapezoidal(halfWidth: 1e-6, inexactness: 0.1e-6)),
      other("dtheta", 0, .curvilinearTrapezoidal(halfWidth: 0.05, inexactness: 0.025)),
    ], constants: ["Lnom": 50_000_000])
}

func sum(_ distribution: ProbabilityDistribution) throws -> MeasurementModel {
  try MeasurementModel(
    "a + b + c + d",
    inputs: ["a", "b", "c", "d"].map { InputQuantity(name: $0, estimate: 0, distribution: distribution) })
}

func report(_ time: (wall: Double, cpu: Double), _ check: Double) {
  print(time.wall, time.cpu, check)
}

switch CommandLine.arguments.dropFirst().first {
case "draws":
  let model = try fiveInputs()
  var mean = 0.0
  let time = try best(of: 5) {
    let values = try model.monteCarloValues(trials: 1_000_000, seed: 1)[0]
    mean = values[0]
    precondition(values.count == 1_000_000)
  }
  precondition(mean.isFinite)
  report(time, try model.monteCarlo(coverage: 0.95, seed: 1, trials: .fixed(1_000_000)).estimate)
case "report":
  let model = try fiveInputs()
  var width = 0.0
  let time = try best(of: 5) {
    let result = try model.monteCarlo(coverage: 0.95, seed: 1, trials: .fixed(1_000_000), threads: 2)
    width = result.shortestInterval.upperBound - result.shortestInterval.lowerBound
  }
  report(time, width)
case "budget":
  // Both programs go from numbers to the expanded uncertainty each time: inputs, model, budget, coverage factor.
  var expanded = 0.0
  let count = 5000
  let time = try best(of: 5) {
    for _ in 0..<count { expanded = try endGauge().budget(coverage: 0.99).expandedUncertainty }
  }
  report((time.wall / Double(count), time.cpu / Double(count)), expanded)
case "deviation":
  // A linear congruence makes the same frequencies for both programs.
  var state: UInt32 = 12345
  var phase: [Double] = [0]
  for _ in 0..<1_000_000 {
    state = state &* 1_664_525 &+ 1_013_904_223
    phase.append(phase[phase.count - 1] + Double(state) / 4_294_967_296 - 0.5)
  }
  var check = 0.0
  let time = try best(of: 3) {
    let record = try PhaseRecord(phaseSeconds: phase, intervalSeconds: 1)
    check = 0
    var m = 1
    while m <= 262_144 {
      check += try record.deviation(.oadev, averagingFactor: m).value
      m *= 2
    }
  }
  report(time, check)
case "adaptive":
  for (name, model, p) in [
    ("JCGM 101, 9.2.2, 95 %", try sum(.normal(1)), 0.95),
    ("JCGM 101, 9.2.3, 95 %", try sum(.rectangular(halfWidth: 3.0.squareRoot())), 0.95),
    ("gauge block, 95 %", try gaugeBlock(), 0.95), ("gauge block, 99 %", try gaugeBlock(), 0.99),
  ] {
    // The middle of five seeds, for independent random numbers and as the procedure draws by default.
    var counts: [Int] = []
    for sampling in [MonteCarloSampling.random, nil] {
      let trials = try (1...5).map { try model.monteCarlo(coverage: p, seed: $0, sampling: sampling).trials }
      counts.append(trials.sorted()[2])
    }
    print("\(name)\t\(counts[0])\t\(counts[1])")
  }
default:
  print("usage: metrology draws|report|budget|deviation|adaptive")
  exit(64)
}
