import CLoopTwin
import EtalonCore
import EtalonMetrology

/// The numbers of the closed loop, for both programs.
struct LoopSetup {
  static let model = ProcessModel(gain: 2, lagSeconds: 0.5, secondLagSeconds: 0.02, delaySeconds: 0)
  let periodNanoseconds: Int64 = 1_000_000
  let gain = LoopSetup.model.gain
  let initial = 5.0
  let noise = 1e-3
  let referenceNoise = 5e-3
  let deviceNoise = 1e-2
  let motionNoise = 1e-10
  let initialVariances: InlineArray<2, Double> = [1e-2, 1e-4]
  let keep: Double
  let couple: Double
  let take: Double
  let lagKeep: Double
  let lagTake: Double

  init() {
    // The exact step, as in `ProcessObserver`.
    let m = Self.model
    let h = 1e-3
    keep = Elementary.exp(-h / m.lagSeconds)
    lagKeep = Elementary.exp(-h / m.secondLagSeconds)
    couple = (lagKeep - keep) * m.secondLagSeconds / (m.secondLagSeconds - m.lagSeconds)
    take = 1 - keep - couple
    lagTake = 1 - lagKeep
  }

  static let limits = 0.0...20

  var design: LQGDesign {
    LQGDesign(
      model: Self.model, periodSeconds: 1e-3, limits: Self.limits, nominalStandardUncertainty: 0.01,
      closedLoopSeconds: 0.05)
  }

  var pid: PIDController<Double>.Configuration {
    var configuration = PIDController<Double>.Configuration(gain: 1, integralSeconds: 0.2, limits: Self.limits)
    configuration.nominalStandardUncertainty = 0.01
    return configuration
  }

  /// The same numbers for the twin.
  func twin() throws(ControlFault) -> LoopTwinSetup {
    var t = LoopTwinSetup()
    (t.keep, t.couple, t.take, t.lagKeep, t.lagTake, t.noise) = (keep, couple, take, lagKeep, lagTake, noise)
    t.initialVariance = (initialVariances[0], initialVariances[1])
    (t.referenceNoise, t.deviceNoise, t.motionNoise) = (referenceNoise, deviceNoise, motionNoise)
    (t.pidGain, t.pidIntegral) = (pid.gain, pid.integralSeconds)
    (t.oKeep, t.oCouple, t.oTake, t.oLagKeep, t.oLagTake) = (keep, couple, take, lagKeep, lagTake)
    // Without delay the measurement is that of the state itself, and nothing is led on.
    (t.rKeep, t.rCouple, t.rTake) = (1, 0, 0)
    (t.aKeep, t.aCouple, t.aTake, t.aLagKeep, t.aLagTake) = (1, 0, 0, 1, 0)
    let design = design
    let step = Self.model.gain * design.disturbance.outputPerRootSecond
    t.disturbanceNoise = step * step * 1e-3
    t.quantityNoise = design.disturbance.quantityPerRootSecond * design.disturbance.quantityPerRootSecond * 1e-3
    t.lagNoise = 1e-4 * step * step * 1e-3
    let start = Self.model.gain * (0.1 * (Self.limits.upperBound - Self.limits.lowerBound))
    t.startVariance = start * start
    (t.gain, t.idle, t.lag, t.secondLag) = (gain, 0, Self.model.lagSeconds, Self.model.secondLagSeconds)
    (t.nominal, t.lower, t.upper, t.initial) = (0.01, Self.limits.lowerBound, Self.limits.upperBound, initial)
    (t.delay, t.periodNanoseconds) = (0, periodNanoseconds)
    var factor = 1.0
    var gains: [(Double, Double)] = []
    for _ in 0..<8 {
      let solution = try design.solve(slowdown: factor)
      gains.append((solution.gain[0], solution.gain[1]))
      factor *= 2
    }
    t.quantityGains = (
      gains[0].0, gains[1].0, gains[2].0, gains[3].0, gains[4].0, gains[5].0, gains[6].0, gains[7].0
    )
    t.lagGains = (gains[0].1, gains[1].1, gains[2].1, gains[3].1, gains[4].1, gains[5].1, gains[6].1, gains[7].1)
    return t
  }
}
