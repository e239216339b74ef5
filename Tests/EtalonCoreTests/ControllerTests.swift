import EtalonCore
import XCTest

/// The process of `ProcessModel` itself, moved exactly in steps of 10 ms.
struct ModelProcess {
  let model: ProcessModel
  var value: Double
  var lag: Double
  var pipeline: [Double]
  var place = 0
  /// Load at the input.
  var load = 0.0

  init(_ model: ProcessModel, steadyAt value: Double) {
    self.model = model
    self.value = value
    lag = (value - model.idle) / model.gain
    pipeline = [Double](repeating: lag, count: max(1, Int((model.delaySeconds * 100).rounded())))
  }

  mutating func advance(seconds: Double, output: Double) {
    for _ in 0..<Int((seconds * 100).rounded()) {
      var input = output
      if model.delaySeconds > 0 {
        input = pipeline[place]
        pipeline[place] = output
        place = (place + 1) % pipeline.count
      }
      input += load
      // Midpoint rule; 10 ms is short against every lag.
      func rates(_ y: Double, _ v: Double) -> (Double, Double) {
        (
          (model.gain * (model.secondLagSeconds > 0 ? v : input) + model.idle - y) / model.lagSeconds,
          model.secondLagSeconds > 0 ? (input - v) / model.secondLagSeconds : 0
        )
      }
      let first = rates(value, lag)
      let middle = rates(value + 0.005 * first.0, lag + 0.005 * first.1)
      value += 0.01 * middle.0
      lag += 0.01 * middle.1
    }
  }
}

final class ControllerTests: XCTestCase {
  private let model = ProcessModel(gain: 0.04, lagSeconds: 800, secondLagSeconds: 10, delaySeconds: 4.3, idle: 7)

  private func instant(_ second: Int) -> Instant { Instant(nanoseconds: Int64(second) * 1_000_000_000) }

  private func lqg(_ design: (inout LQGDesign) -> Void = { _ in }) throws -> LQGController<Double> {
    var value = LQGDesign(model: model, periodSeconds: 1, limits: 0...1500, nominalStandardUncertainty: 0.002)
    design(&value)
    return try LQGController<Double>(value, initialOutput: model.holdingOutput(25))
  }

  /// Runs a loop; values once a second.
  private func run<C: Controller>(
    _ controller: inout C, _ process: inout ModelProcess, seconds: Range<Int>, setpoint: Double,
    uncertainty: Double = 0.002
  ) -> (values: [Double], outputs: [Double]) where C.Scalar == Double {
    var values: [Double] = []
    var outputs: [Double] = []
    for second in seconds {
      let output = controller.update(
        ControlInput(
          measured: process.value, standardUncertainty: uncertainty, setpoint: setpoint, at: instant(second)))
      XCTAssertTrue(controller.limits.contains(output))
      process.advance(seconds: 1, output: output)
      values.append(process.value)
      outputs.append(output)
    }
    return (values, outputs)
  }

  /// With its own model and no noise the observer's expectation is the process to rounding of the process's integration.
  func testObserverFollowsItsModelThroughADelayOfNoWholePeriods() throws {
    for delay in [0.0, 1, 4.3, 4.99] {
      var model = model
      model.delaySeconds = delay
      var observer = try ProcessObserver<Double>(
        model, periodSeconds: 1, disturbance: .init(outputPerRootSecond: 1), initialDisturbance: 0)
      var process = ModelProcess(model, steadyAt: 25)
      observer.start(measured: 25, standardUncertainty: 0.001, output: model.holdingOutput(25))
      var worst = 0.0
      for second in 0..<200 {
        let output = second % 40 < 20 ? 1400.0 : 100
        process.advance(seconds: 1, output: output)
        observer.advance(output: output)
        observer.measure(process.value, standardUncertainty: 0.001)
        worst = max(worst, observer.innovation.magnitude)
      }
      // The process moves by several kelvin; 10 ms grid and midpoint rule leave this much.
      XCTAssertLessThan(worst, 2e-5, "delay \(delay)")
      XCTAssertEqual(observer.disturbance, 0, accuracy: 0.2, "delay \(delay)")
    }
  }

  /// The closed loop is the Riccati optimum of the process without delay, that much later: the cost of a step is the one
  /// that nobody can avoid during the delay plus xᵀ X x.
  func testStepCostsTheRiccatiOptimum() throws {
    var controller = try lqg()
    var process = ModelProcess(model, steadyAt: 25)
    _ = run(&controller, &process, seconds: 0..<50, setpoint: 25)
    let design = LQGDesign(model: model, periodSeconds: 1, limits: 0...1500, nominalStandardUncertainty: 0.002)
    let step = 0.1
    // The state is counted at t + θ; sample the process there: θ = 4.3 s after each update.
    var cost = 0.0
    let scaled = design.outputWeight * model.gain * model.gain
    for second in 50..<400 {
      let output = controller.update(
        ControlInput(measured: process.value, standardUncertainty: 0.002, setpoint: 25 + step, at: instant(second)))
      var ahead = process
      ahead.advance(seconds: 4.3, output: output)
      let error = ahead.value - 25 - step
      let excess = output - model.holdingOutput(25 + step)
      cost += error * error + scaled * excess * excess
      process.advance(seconds: 1, output: output)
    }
    let x = try design.solve().cost
    let least = step * step * (x[0][0] + 2 * x[0][1] + x[1][1])
    XCTAssertEqual(cost, least, accuracy: 0.005 * least)
  }

  /// A constant load, a wrong gain and a wrong idle value leave no deviation.
  func testIntegralAction() throws {
    var wrong = model
    wrong.gain *= 1.3
    wrong.idle -= 3
    var controller = try LQGController<Double>(
      LQGDesign(model: wrong, periodSeconds: 1, limits: 0...1500, nominalStandardUncertainty: 0.002))
    var process = ModelProcess(model, steadyAt: 25)
    process.load = -120
    let result = run(&controller, &process, seconds: 0..<2400, setpoint: 26)
    XCTAssertEqual(result.values.last ?? 0, 26, accuracy: 2e-3)
    XCTAssertEqual(controller.status.kind, .lqg)
    XCTAssertFalse(controller.status.isLimited)
  }

  /// After minutes at a limit the loop comes back at once, because the observer knows what was given.
  func testNoWindUp() throws {
    var controller = try lqg()
    var process = ModelProcess(model, steadyAt: 25)
    let result = run(&controller, &process, seconds: 0..<1200, setpoint: 40)
    XCTAssertGreaterThan(result.outputs.filter { $0 == 1500 }.count, 200)
    XCTAssertLessThan((result.values.max() ?? .infinity) - 40, 0.15)
    XCTAssertEqual(result.values.last ?? 0, 40, accuracy: 1e-3)
    // Negative control: an observer that is told what was wanted, not what was given, runs away from the process.
    var blind = try lqg { $0.limits = -1e5...1e5 }
    var other = ModelProcess(model, steadyAt: 25)
    var highest = 0.0
    for second in 0..<1200 {
      let wanted = blind.update(
        ControlInput(measured: other.value, standardUncertainty: 0.002, setpoint: 40, at: instant(second)))
      other.advance(seconds: 1, output: min(max(wanted, 0), 1500))
      highest = max(highest, other.value)
    }
    XCTAssertGreaterThan(highest - 40, 0.5)
  }

  /// What a disturbance does within the loop is the slower the more uncertain the value is, for every controller.
  func testMoreUncertainMeansSlower() throws {
    func response(_ uncertainty: Double) throws -> (lqg: Double, pid: Double) {
      var controller = try lqg()
      var process = ModelProcess(model, steadyAt: 25)
      _ = run(&controller, &process, seconds: 0..<300, setpoint: 25, uncertainty: uncertainty)
      // The value jumps by 10 mK for one period: how far does the output move?
      let output = controller.update(
        ControlInput(measured: 25.01, standardUncertainty: uncertainty, setpoint: 25, at: instant(300)))
      var configuration = try PIDController<Double>.Configuration.simcPI(model, limits: 0...1500, periodSeconds: 1)
      configuration.nominalStandardUncertainty = 0.002
      var pid = try PIDController<Double>(configuration, initialOutput: model.holdingOutput(25))
      _ = pid.update(ControlInput(measured: 25, standardUncertainty: uncertainty, setpoint: 25, at: instant(0)))
      let other = pid.update(
        ControlInput(measured: 25.01, standardUncertainty: uncertainty, setpoint: 25, at: instant(1)))
      return (model.holdingOutput(25) - output, model.holdingOutput(25) - other)
    }
    let sure = try response(0.002)
    let unsure = try response(0.008)
    let worse = try response(0.032)
    XCTAssertGreaterThan(sure.lqg, 2 * unsure.lqg)
    XCTAssertGreaterThan(unsure.lqg, 2 * worse.lqg)
    XCTAssertGreaterThan(worse.lqg, 0)
    XCTAssertEqual(sure.pid, 4 * unsure.pid, accuracy: 0.01 * sure.pid)
    XCTAssertEqual(unsure.pid, 4 * worse.pid, accuracy: 0.01 * unsure.pid)
    // And the loop still arrives.
    var controller = try lqg()
    var process = ModelProcess(model, steadyAt: 25)
    let result = run(&controller, &process, seconds: 0..<3000, setpoint: 26, uncertainty: 0.032)
    XCTAssertEqual(result.values.last ?? 0, 26, accuracy: 2e-3)
    XCTAssertEqual(controller.status.slowdown, 16)
  }

  /// Time that does not advance, missing values and missing set points follow the rules of `Controller`.
  func testBadInput() throws {
    func check<C: Controller>(_ controller: C, predicts: Bool) where C.Scalar == Double {
      var controller = controller
      func input(_ measured: Double, _ uncertainty: Double, _ setpoint: Double, _ second: Int) -> ControlInput<Double> {
        ControlInput(measured: measured, standardUncertainty: uncertainty, setpoint: setpoint, at: instant(second))
      }
      XCTAssertEqual(controller.update(input(.nan, 0.002, 25, 0)), 0)
      XCTAssertEqual(controller.update(input(25, 0.002, .nan, 0)), 0)
      XCTAssertEqual(controller.update(input(25, -1, 25, 0)), 0)
      XCTAssertNil(controller.status.output)
      let first = controller.update(input(25, 0.002, 25.05, 1))
      XCTAssertEqual(controller.update(input(90, 0.002, 25, 1)), first, "the same instant")
      XCTAssertEqual(controller.update(input(90, 0.002, 25, 0)), first, "an earlier instant")
      XCTAssertEqual(controller.update(input(25, 0.002, .infinity, 2)), first, "no set point")
      let lost = controller.update(input(.nan, 0.002, 25.05, 3))
      XCTAssertTrue(controller.limits.contains(lost))
      if !predicts { XCTAssertEqual(lost, first) }
      XCTAssertTrue(controller.limits.contains(controller.update(input(1e9, .infinity, 25.05, 4))))
      XCTAssertTrue(controller.limits.contains(controller.update(input(-1e300, 0.002, 25.05, 5))))
      controller.reset()
      XCTAssertFalse(controller.status.isLimited && controller.status.kind != .onOff)
    }
    check(try lqg(), predicts: true)
    check(
      try PIDController(.simcPID(model, limits: 0...1500, periodSeconds: 1), initialOutput: 450), predicts: false)
    check(try OnOffController(limits: 0...1500.0, hysteresis: 0.01), predicts: false)
  }

  /// Ten minutes without a value are bridged by prediction; the loop then goes on from there.
  func testMissingValuesArePredicted() throws {
    var controller = try lqg()
    var process = ModelProcess(model, steadyAt: 25)
    _ = run(&controller, &process, seconds: 0..<100, setpoint: 25)
    for second in 100..<700 {
      let output = controller.update(
        ControlInput(measured: .nan, standardUncertainty: 0.002, setpoint: 26, at: instant(second)))
      process.advance(seconds: 1, output: output)
    }
    XCTAssertEqual(process.value, 26, accuracy: 0.01)
    XCTAssertEqual(controller.status.expected ?? 0, process.value, accuracy: 0.01)
  }

  /// SIMC of Skogestad 2003: half rule (equation 10), gains (23 to 25), parallel form (34).
  func testSIMCRules() throws {
    let model = ProcessModel(gain: 2, lagSeconds: 20, secondLagSeconds: 2, delaySeconds: 1)
    let pi = try PIDController<Double>.Configuration.simcPI(model, limits: 0...1, periodSeconds: 1e-9)
    XCTAssertEqual(pi.gain, 21.0 / (2 * 4), accuracy: 1e-6)
    XCTAssertEqual(pi.integralSeconds, 16, accuracy: 1e-6)
    let pid = try PIDController<Double>.Configuration.simcPID(model, limits: 0...1, periodSeconds: 1e-9)
    XCTAssertEqual(pid.gain, 20.0 / (2 * 2) * 1.25, accuracy: 1e-6)
    XCTAssertEqual(pid.integralSeconds, 8 * 1.25, accuracy: 1e-6)
    XCTAssertEqual(pid.derivativeSeconds, 2 / 1.25, accuracy: 1e-6)
  }

  /// PID and PI come to the set point without bump at the start and without wind-up at a limit.
  func testPIDArrives() throws {
    for derivative in [false, true] {
      var configuration = try PIDController<Double>.Configuration.simcPI(model, limits: 0...1500, periodSeconds: 1)
      if derivative { configuration = try .simcPID(model, limits: 0...1500, periodSeconds: 1) }
      var controller = try PIDController(configuration, initialOutput: model.holdingOutput(25))
      var process = ModelProcess(model, steadyAt: 25)
      let still = run(&controller, &process, seconds: 0..<20, setpoint: 25)
      XCTAssertEqual(still.outputs.last ?? 0, model.holdingOutput(25), accuracy: 1e-6)
      let result = run(&controller, &process, seconds: 20..<2000, setpoint: 35)
      XCTAssertEqual(result.values.last ?? 0, 35, accuracy: 5e-3)
      XCTAssertLessThan((result.values.max() ?? .infinity) - 35, 2)
    }
  }

  /// On-off control holds within its hysteresis and what the delay adds to it, and widens it for an uncertain value.
  func testOnOff() throws {
    var controller = try OnOffController(limits: 0...1500.0, hysteresis: 0.05)
    var process = ModelProcess(model, steadyAt: 25)
    let result = run(&controller, &process, seconds: 0..<1000, setpoint: 26)
    let late = result.values.suffix(500)
    XCTAssertLessThan(late.map { abs($0 - 26) }.max() ?? .infinity, 1)
    XCTAssertEqual(controller.status.slowdown, 1)
    _ = controller.update(ControlInput(measured: 26.2, standardUncertainty: 0.5, setpoint: 26, at: instant(1000)))
    XCTAssertEqual(controller.status.slowdown, 20)
  }

  func testRamp() throws {
    var ramp = try SetpointRamp(at: 20.0, maximumRate: 0.1, instant: instant(0))
    ramp.move(to: 25, at: instant(10))
    XCTAssertEqual(ramp.value(at: instant(5)), 20)
    XCTAssertEqual(ramp.value(at: instant(30)), 22, accuracy: 1e-12)
    XCTAssertEqual(ramp.rate(at: instant(30)), 0.1)
    ramp.move(to: 21, at: instant(30))
    XCTAssertEqual(ramp.value(at: instant(35)), 21.5, accuracy: 1e-12)
    XCTAssertEqual(ramp.rate(at: instant(35)), -0.1)
    XCTAssertEqual(ramp.value(at: instant(100)), 21)
    XCTAssertEqual(ramp.rate(at: instant(100)), 0)
    ramp.move(to: .nan, at: instant(101))
    XCTAssertEqual(ramp.target, 21)
    XCTAssertThrowsError(try SetpointRamp(at: 20.0, maximumRate: 0, instant: instant(0)))
    let step = try SetpointRamp(at: 20.0, maximumRate: .infinity, instant: instant(0))
    XCTAssertEqual(step.value(at: instant(0)), 20)
  }

  /// A ramp with its rate fed forward is followed with the delay as the only lag; without, far behind.
  func testRampIsFollowedByFeedForward() throws {
    func lag(feed: Bool) throws -> Double {
      var controller = try lqg { $0.outputWeight *= 100 }
      var process = ModelProcess(model, steadyAt: 25)
      var ramp = try SetpointRamp(at: 25.0, maximumRate: 0.01, instant: instant(0))
      ramp.move(to: 35, at: instant(20))
      for second in 0..<500 {
        let now = instant(second)
        let output = controller.update(
          ControlInput(
            measured: process.value, standardUncertainty: 0.002, setpoint: ramp.value(at: now),
            setpointRate: feed ? ramp.rate(at: now) : 0, at: now))
        process.advance(seconds: 1, output: output)
      }
      return (ramp.value(at: instant(500)) - process.value) / 0.01
    }
    XCTAssertEqual(try lag(feed: true), 4.3, accuracy: 1)
    XCTAssertGreaterThan(try lag(feed: false), 15)
  }

  /// A known load that is fed forward when it starts moves the process less than one that has to be found.
  func testKnownLoadIsFedForward() throws {
    func largest(known: Bool) throws -> Double {
      var controller = try lqg()
      var process = ModelProcess(model, steadyAt: 25)
      var worst = 0.0
      for second in 0..<400 {
        let load = second >= 100 ? 200.0 : 0
        process.load = -load
        let output = controller.update(
          ControlInput(
            measured: process.value, standardUncertainty: 0.002, setpoint: 25, feedForward: known ? load : 0,
            at: instant(second)))
        process.advance(seconds: 1, output: output)
        worst = max(worst, abs(process.value - 25))
      }
      return worst
    }
    XCTAssertLessThan(try largest(known: true), 0.7 * (try largest(known: false)))
  }

  /// Single precision holds the process as double precision does.
  func testSinglePrecision() throws {
    let design = LQGDesign(model: model, periodSeconds: 1, limits: 0...1500, nominalStandardUncertainty: 0.002)
    var single = try LQGController<Float>(design, initialOutput: Float(model.holdingOutput(25)))
    var double = try LQGController<Double>(design, initialOutput: model.holdingOutput(25))
    var one = ModelProcess(model, steadyAt: 25)
    var other = one
    for second in 0..<1500 {
      let setpoint = second < 50 ? 25.0 : 30
      let first = single.update(
        ControlInput(
          measured: Float(one.value), standardUncertainty: 0.002, setpoint: Float(setpoint), at: instant(second)))
      let second = double.update(
        ControlInput(measured: other.value, standardUncertainty: 0.002, setpoint: setpoint, at: instant(second)))
      one.advance(seconds: 1, output: Double(first))
      other.advance(seconds: 1, output: second)
      XCTAssertEqual(one.value, other.value, accuracy: 2e-4)
    }
  }

  /// Every part of a set-up that makes no sense is refused with its value.
  func testRefusedDesigns() throws {
    var slow = model
    slow.delaySeconds = 64
    XCTAssertThrowsError(
      try LQGController<Double>(
        LQGDesign(model: slow, periodSeconds: 1, limits: 0...1, nominalStandardUncertainty: 1))
    ) { XCTAssertEqual($0 as? ControlFault, .delayTooLong(periods: 64, atMost: 63)) }
    XCTAssertThrowsError(try lqg { $0.limits = 5...5 }) {
      XCTAssertEqual($0 as? ControlFault, .limits(lower: 5, upper: 5))
    }
    XCTAssertThrowsError(try lqg { $0.model.gain = 0 }) { XCTAssertEqual($0 as? ControlFault, .outOfRange(0)) }
    XCTAssertThrowsError(try lqg { $0.model.lagSeconds = -1 }) { XCTAssertEqual($0 as? ControlFault, .notPositive(-1)) }
    XCTAssertThrowsError(try lqg { $0.nominalStandardUncertainty = 0 })
    XCTAssertThrowsError(try lqg { $0.periodSeconds = 0 })
    XCTAssertThrowsError(try PIDController(.init(gain: 1.0, integralSeconds: 0, limits: 0...1)))
    XCTAssertThrowsError(try PIDController(.init(gain: 0.0, integralSeconds: 1, limits: 0...1)))
    XCTAssertThrowsError(try OnOffController(limits: 0...1.0, hysteresis: -1))
  }
}
