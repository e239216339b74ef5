import EtalonCore

/// Reaching a set point in a closed loop and holding it: the step `control`.
struct HoldStep: Sendable {
  /// The set point counts as reached when the input has stayed near it for so long.
  static let settleSeconds = 60.0
  /// Near means within this much, kelvin, or half of what the session requires, if that is more.
  static let nearKelvin = 0.05
  let began: Instant
  var result: ControlResult
  /// Since when the input is near the set point.
  var nearSince: Instant?
  var heldSince: Instant?
  var sumOfSquares = 0.0
  var count = 0
  /// Sign of the way to the set point: 1 upwards, −1 downwards.
  var direction: Double?

  init(_ step: SessionPlan.ControlStep, at instant: Instant) {
    began = instant
    result = ControlResult(step: step)
  }

  var near: Double { max(Self.nearKelvin, (result.step.maximumErrorKelvin ?? 0) / 2) }

  /// A decision of the loop.
  mutating func take(_ value: Double, expandedUncertainty: Double?, watts: Double, at instant: Instant) {
    let error = value - result.step.setpointCelsius
    result.energyJoules += watts * result.step.loop.periodSeconds
    if direction == nil { direction = error < 0 ? 1 : -1 }
    guard heldSince == nil else {
      let magnitude = abs(error)
      result.greatestErrorKelvin = max(result.greatestErrorKelvin ?? 0, magnitude)
      if let expandedUncertainty {
        result.greatestExpandedUncertainty = max(result.greatestExpandedUncertainty ?? 0, expandedUncertainty)
      }
      sumOfSquares += error * error
      count += 1
      result.rmsErrorKelvin = (sumOfSquares / Double(count)).squareRoot()
      return
    }
    result.overshootKelvin = max(result.overshootKelvin, error * (direction ?? 1))
    guard abs(error) <= near else {
      nearSince = nil
      return
    }
    let since = nearSince ?? instant
    nearSince = since
    if instant.seconds(since: since) >= Self.settleSeconds {
      heldSince = instant
      result.reachedAfterSeconds = instant.seconds(since: began)
    }
  }

  /// Whether everything that the session requires was kept.
  func verdict(misses: Int) -> Verdict {
    guard let greatest = result.greatestErrorKelvin else { return .inconclusive }
    if let limit = result.step.maximumErrorKelvin, greatest > limit { return .nonconforming }
    if let limit = result.step.maximumDeadlineMisses, misses > limit { return .nonconforming }
    return .conforming
  }
}

extension SessionEngine {
  mutating func beginHold(_ step: SessionPlan.ControlStep, at instant: Instant, _ outbox: inout Outbox) {
    holding = HoldStep(step, at: instant)
    progress.stepName = "control"
    progress.activity = .reaching
    progress.visitCount = 0
    visitEnds = instant + Int64(min(step.holdSeconds + HoldStep.settleSeconds, 1e9) * 1e9)
    beginLoop(step.loop, setpoint: step.setpointCelsius, at: instant, &outbox)
  }

  mutating func hold(_ value: Double, expandedUncertainty: Double?, watts: Double, at instant: Instant) {
    let wasHeld = holding?.heldSince != nil
    holding?.take(value, expandedUncertainty: expandedUncertainty, watts: watts, at: instant)
    if !wasHeld, let hold = holding, hold.heldSince != nil {
      progress.activity = .holding
      visitEnds = instant + Int64(min(hold.result.step.holdSeconds, 1e9) * 1e9)
    }
  }

  mutating func advanceHold(_ number: Int, at instant: Instant, _ outbox: inout Outbox) -> Bool {
    guard var hold = holding else { return false }
    let step = hold.result.step
    if let since = hold.heldSince {
      guard instant.seconds(since: since) >= step.holdSeconds else { return false }
      hold.result.heldSeconds = instant.seconds(since: since)
    } else {
      guard instant.seconds(since: hold.began) > step.timeoutSeconds else { return false }
      let remark = "control: \(step.setpointCelsius) °C was not reached and kept within \(step.timeoutSeconds) s"
      results.remarks.append(remark)
      outbox.record(remark: remark)
    }
    let misses = control.loop?.misses(until: sampling.sampler.nextNumber) ?? 0
    hold.result.decisions = control.loop?.decisions ?? 0
    hold.result.verdict = hold.verdict(misses: misses)
    holding = hold
    endOnlineSteps(&outbox)
    if let result = results.controls.last { outbox.record(control: result) }
    beginStep(number + 1, at: instant, &outbox)
    return true
  }
}
