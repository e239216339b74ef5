import EtalonCore

/// How well the loop of a run kept its time, from the instants of its wake-ups alone, so that a replay finds it again.
public struct LoopTiming: Sendable {
  /// Instant of each wake-up minus the instant that was asked for. In simulation all are 0.
  public var lateness = LatenessHistogram()
  /// Periods of the sampling that passed without a turn of the loop. They are never made up for.
  public var missedPeriods = 0
  /// How often the calendar clock was stepped.
  public var clockSteps = 0

  /// Timing of a loop that has not begun.
  public init() {}

  /// For people: how late the wake-ups were, and what was missed.
  public var text: String {
    guard let half = lateness.quantileNanoseconds(0.5), let most = lateness.quantileNanoseconds(0.99) else {
      return "no wake-ups"
    }
    func microseconds(_ nanoseconds: Int64) -> String { "\(Double(nanoseconds / 100) / 10) µs" }
    return "\(lateness.count) wake-ups, late by \(microseconds(half)) (half of them), \(microseconds(most)) (99 %), "
      + "\(microseconds(lateness.maximumNanoseconds)) (largest); \(missedPeriods) periods missed"
  }
}

extension SessionEngine {
  /// The spacing of samples does not depend on the calendar clock; whoever reads its times must know of the step.
  mutating func note(clockStep utc: Int64, at instant: Instant, _ outbox: inout Outbox) {
    results.timing.clockSteps += 1
    let started = results.started ?? instant
    let step = Double(utc - utcNanosecondsAtStart - (instant - started)) * 1e-9
    let seconds = Double((step * 1000).rounded()) / 1000
    let remark =
      "the calendar clock was stepped and is now \(seconds) s from where this run's clock has it; samples keep "
      + "their spacing, and all times of this run follow its start"
    results.remarks.append(remark)
    outbox.record(remark: remark)
  }
}
