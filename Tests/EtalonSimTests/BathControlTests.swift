import EtalonCore
import EtalonMetrology
import EtalonSim
import XCTest

/// Control on the stirred bath against what is optimal for the true plant, computed here by other means: value iteration for
/// the quadratic cost, a search over switching times for the shortest time.
final class BathControlTests: XCTestCase {
  private static let isFull = ProcessInfo.processInfo.environment["ETALON_FULL"] == "1"
  private static let seeds: [UInt64] = isFull ? Array(1...40) : [1]

  private func comparison(_ seed: UInt64) -> ControlComparison {
    ControlComparison(plant: StirredBath.Parameters(), standardUncertainty: 0.003, seed: seed)
  }

  private func say(_ text: @autoclosure () -> String) {
    if Self.isFull { print(text()) }
  }

  /// The true plant, block, liquid and probe about a steady state, integrated by Runge and Kutta's method.
  private struct TruePlant {
    let p = StirredBath.Parameters()

    func rates(_ s: [Double], _ watts: Double) -> [Double] {
      let flow = p.couplingWattsPerKelvin * (s[0] - s[1])
      return [
        (watts - flow) / p.blockJoulesPerKelvin,
        (flow - (p.lossWattsPerKelvin + p.coolingWattsPerKelvin) * s[1]) / p.liquidJoulesPerKelvin,
        (s[1] - s[2]) / p.deviceLagSeconds,
      ]
    }

    func advance(_ s: [Double], _ watts: Double, _ h: Double) -> [Double] {
      func moved(_ k: [Double], _ f: Double) -> [Double] { (0..<3).map { s[$0] + f * k[$0] } }
      let a = rates(s, watts)
      let b = rates(moved(a, h / 2), watts)
      let c = rates(moved(b, h / 2), watts)
      let d = rates(moved(c, h), watts)
      return (0..<3).map { s[$0] + h / 6 * (a[$0] + 2 * b[$0] + 2 * c[$0] + d[$0]) }
    }

    /// Block, liquid and probe, kelvin above the state without power, that hold `kelvin`.
    func steady(_ kelvin: Double) -> (state: [Double], watts: Double) {
      let watts = (p.lossWattsPerKelvin + p.coolingWattsPerKelvin) * kelvin
      return ([kelvin + watts / p.couplingWattsPerKelvin, kelvin, kelvin], watts)
    }

    /// Least cost Σ y² + weight u² from a state on, with a period of 1 s, by value iteration.
    func leastCost(from start: [Double], weight: Double) -> Double {
      func period(_ s: [Double], _ watts: Double) -> [Double] {
        var state = s
        for _ in 0..<10 { state = advance(state, watts, 0.1) }
        return state
      }
      let columns = [period([1, 0, 0], 0), period([0, 1, 0], 0), period([0, 0, 1], 0)]
      let b = period([0, 0, 0], 1)
      func a(_ i: Int, _ j: Int) -> Double { columns[j][i] }
      var x = [[Double]](repeating: [0, 0, 0], count: 3)
      for _ in 0..<1500 {
        let xb = (0..<3).map { i in (0..<3).reduce(0) { $0 + x[i][$1] * b[$1] } }
        let total = weight + (0..<3).reduce(0) { $0 + b[$1] * xb[$1] }
        let axb = (0..<3).map { i in (0..<3).reduce(0) { $0 + a($1, i) * xb[$1] } }
        var next = x
        for i in 0..<3 {
          for j in i..<3 {
            var sum = -axb[i] * axb[j] / total
            for k in 0..<3 {
              for l in 0..<3 { sum += a(k, i) * x[k][l] * a(l, j) }
            }
            if i == 2 && j == 2 { sum += 1 }
            next[i][j] = sum
            next[j][i] = sum
          }
        }
        x = next
      }
      return (0..<3).reduce(0) { sum, i in sum + (0..<3).reduce(0) { $0 + start[i] * x[i][$1] * start[$1] } }
    }

    /// Shortest time in which the probe comes to stay within `band` of `to`, kelvin above the state without power: full
    /// power, then none, then the power that holds, over all switching times. Also the time of the first entry at full
    /// power, which nothing beats.
    func shortestTime(from: Double, to: Double, band: Double, searches: Bool) -> (settled: Double, entry: Double) {
      let h = 0.25
      var state = steady(from).state
      let holding = steady(to).watts
      var path = [state]
      while state[2] < to - band {
        state = advance(state, p.maximumHeaterWatts, h)
        path.append(state)
      }
      let entry = Double(path.count - 1) * h
      guard searches else { return (.infinity, entry) }
      var best = Double.infinity
      // The block still warms the liquid when the power goes off, so the switch comes before the entry.
      for on in stride(from: path.count - 1, to: max(0, path.count - 240), by: -2) {
        let begin = Double(on) * h
        if begin > best { continue }
        var off = path[on]
        var offCount = 0
        while offCount <= 160 {
          var tail = off
          var settled = Double(on + offCount) * h
          var time = settled
          // Outside the band so late that it is no better, or outside for good: no need to go on.
          for _ in 0..<320 {
            if abs(tail[2] - to) > band {
              settled = time + h
              if settled >= best { break }
            }
            tail = advance(tail, holding, h)
            time += h
          }
          if settled < best { best = settled }
          for _ in 0..<4 { off = advance(off, 0, h) }
          offCount += 4
        }
      }
      return (best, entry)
    }
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// Identification, cost, settling of small and large steps, overshoot and energy on the same seeds.
  func testStepsAgainstTheOptimumAndAgainstPI() throws {
    let plant = TruePlant()
    var ratio: [Double] = []
    var costOfPI: [Double] = []
    var settling: [ControlComparison.Kind: [Double]] = [:]
    var large: [Double] = []
    for seed in Self.seeds {
      let comparison = comparison(seed)
      let model = try comparison.identify()
      let u = try XCTUnwrap(model.uncertainty)
      // The true plant's rate at the time of the test: block and liquid together.
      XCTAssertEqual(model.rate, 1.0 / 21_000, accuracy: 0.12 / 21_000, "seed \(seed): \(model) \(u)")
      XCTAssertEqual(model.apparentDelaySeconds, 16, accuracy: 3, "seed \(seed): \(model)")
      let entries =
        Self.isFull
        ? try comparison.run(model) : try comparison.run(model, kinds: [.lqg, .pi], tasks: [.smallStep, .largeStep])
      func metrics(_ kind: ControlComparison.Kind, _ task: ControlComparison.Task) throws -> ResponseMetrics {
        try XCTUnwrap(entries.first { $0.kind == kind && $0.task == task }?.metrics)
      }
      let weight = comparison.design(model).outputWeight * model.gain * model.gain
      let step = comparison.smallStepKelvin
      let least = plant.leastCost(from: plant.steady(-step).state, weight: weight)
      // The metrics count the ends of periods; the cost counts the deviation at the beginning too.
      ratio.append((try metrics(.lqg, .smallStep).quadraticCost(outputWeight: weight) + step * step) / least)
      costOfPI.append((try metrics(.pi, .smallStep).quadraticCost(outputWeight: weight) + step * step) / least)
      for kind in [ControlComparison.Kind.lqg, .pi] {
        settling[kind, default: []].append(try metrics(kind, .smallStep).settlingSeconds ?? .infinity)
      }
      large.append(try metrics(.lqg, .largeStep).settlingSeconds ?? .infinity)
      if seed == Self.seeds[0] {
        say("\(model)")
        for entry in entries {
          say(
            "\(entry.kind) \(entry.task): overshoot \(entry.metrics.overshoot) settling "
              + "\(String(describing: entry.metrics.settlingSeconds)) rms \(entry.metrics.rms) energy \(entry.metrics.energy)"
          )
        }
      }
    }
    let setting = comparison(1)
    let idle = plant.p.steadyCelsius(watts: 0)
    let bound = plant.shortestTime(
      from: setting.startCelsius - idle, to: setting.startCelsius + setting.largeStepKelvin - idle,
      band: setting.bandKelvin(.largeStep), searches: Self.isFull)
    say("cost/optimum: LQG \(mean(ratio)), largest \(ratio.max() ?? 0); PI \(mean(costOfPI))")
    say("settling of the small step: \(settling.mapValues(mean))")
    say("settling of the large step \(mean(large)), largest \(large.max() ?? 0); shortest \(bound)")
    XCTAssertLessThanOrEqual(mean(ratio), 1.10)
    XCTAssertLessThan(mean(ratio), mean(costOfPI))
    XCTAssertLessThanOrEqual(mean(settling[.lqg] ?? []), 0.5 * mean(settling[.pi] ?? []))
    // Nothing beats the first entry at full power; the time to stay, found by the search, lies above it.
    XCTAssertLessThanOrEqual(mean(large), 1.15 * bound.entry)
    XCTAssertLessThanOrEqual(bound.entry, bound.settled)
  }

  /// Holding in noise: with the weight of the output chosen so that the actuator moves no more than under PI, the true
  /// temperature moves no more either.
  func testHoldingAtEqualActuatorVariance() throws {
    var ours: [Double] = []
    var theirs: [Double] = []
    for seed in Self.seeds {
      let comparison = comparison(seed)
      let model = try comparison.identify()
      let limits = 0...comparison.trial.plant.maximumHeaterWatts
      let holding = comparison.trial.plant.holdingWatts(celsius: comparison.startCelsius)
      func hold<C: Controller>(_ controller: C) -> (rms: Double, variance: Double) where C.Scalar == Double {
        var controller = controller
        var squares = 0.0
        var sum = 0.0
        var outputs = 0.0
        var count = 0.0
        comparison.trial.run(
          &controller, from: comparison.startCelsius, seconds: Self.isFull ? 3_600 : 900,
          setpoint: { _ in comparison.startCelsius }
        ) { period in
          guard period.seconds > 300 else { return }
          count += 1
          squares += (period.celsius - comparison.startCelsius) * (period.celsius - comparison.startCelsius)
          sum += period.watts - holding
          outputs += (period.watts - holding) * (period.watts - holding)
        }
        return ((squares / count).squareRoot(), outputs / count - sum / count * sum / count)
      }
      let pi = hold(
        try PIDController(.simcPI(model, limits: limits, periodSeconds: 1), initialOutput: holding))
      var design = comparison.design(model)
      var found = hold(try LQGController<Double>(design, initialOutput: holding))
      say("seed \(seed): PI \(pi), LQG default \(found)")
      // The variance falls with the weight: raise it in steps until it is no more than PI's.
      while found.variance > pi.variance {
        design.outputWeight *= Self.isFull ? 1.2 : 1.5
        found = hold(try LQGController<Double>(design, initialOutput: holding))
      }
      say("seed \(seed): LQG \(found)")
      ours.append(found.rms)
      theirs.append(pi.rms)
    }
    say("rms of the true temperature at equal actuator variance: LQG \(mean(ours)), PI \(mean(theirs))")
    XCTAssertLessThanOrEqual(mean(ours), mean(theirs))
  }

  /// A heater that is stuck is found within two minutes and the trial ends with the heater off; one that obeys is not accused
  /// during large steps.
  func testStuckActuator() throws {
    for seed in Self.seeds {
      let comparison = comparison(seed)
      let model = try comparison.identify()
      let holding = comparison.trial.plant.holdingWatts(celsius: comparison.startCelsius)
      let limits = 0...comparison.trial.plant.maximumHeaterWatts
      func run(_ actuator: ControlTrial.Actuator, step: Double) throws -> (fault: ActuatorFault?, seconds: Double) {
        var controller = try LQGController<Double>(comparison.design(model), initialOutput: holding)
        let monitor = try ActuatorMonitor(.init(model: model, periodSeconds: 1, limits: limits))
        var last = 0.0
        let fault = comparison.trial.run(
          &controller, from: comparison.startCelsius, seconds: 1_200,
          setpoint: { $0 < 200 ? comparison.startCelsius : comparison.startCelsius + step }, actuator: actuator,
          monitor: monitor
        ) { last = $0.seconds }
        return (fault, last)
      }
      let sound = try run(.obedient, step: comparison.largeStepKelvin)
      XCTAssertNil(sound.fault, "seed \(seed)")
      XCTAssertEqual(sound.seconds, 1_200)
      let off = try run(.stuck(watts: 0, fromSeconds: 400), step: 0)
      guard case .stuckOff = off.fault else { return XCTFail("seed \(seed): \(String(describing: off.fault))") }
      XCTAssertLessThan(off.seconds, 520, "seed \(seed)")
      let on = try run(.stuck(watts: 1_500, fromSeconds: 400), step: 0)
      guard case .stuckOn = on.fault else { return XCTFail("seed \(seed): \(String(describing: on.fault))") }
      XCTAssertLessThan(on.seconds, 520, "seed \(seed)")
      let half = try run(.stuck(watts: 0.5 * (holding + 1_500) + 100, fromSeconds: 400), step: -8)
      XCTAssertNotNil(half.fault, "seed \(seed)")
      if seed == 1 {
        say("stuck off: \(String(describing: off)), on: \(String(describing: on))")
        XCTAssertTrue(on.fault?.explanation(unit: "W").contains("stuck on") ?? false)
        XCTAssertTrue(off.fault?.explanation(unit: "W").contains("stuck off") ?? false)
      }
    }
  }
}
