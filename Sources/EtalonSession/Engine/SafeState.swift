import EtalonCore

/// Bringing the actuators to their safe state and confirming it.
struct SafeStateSequence: Sendable {
  /// How often an unanswered request is repeated before the safe state counts as not confirmed.
  static let attempts = 5
  var attempt = 0
  var isRequested = false
  var isConfirmed = false
  /// The device answered that it is not safe, or did not answer, too often.
  var hasGivenUp = false
  var lastFault: ExchangeFault?
}

extension SessionEngine {
  mutating func advanceSafety(final: Bool, at instant: Instant, _ outbox: inout Outbox) -> Bool {
    guard let actuator else {
      return endSafety(final: final, at: instant, &outbox)
    }
    if safety.isConfirmed || safety.hasGivenUp { return endSafety(final: final, at: instant, &outbox) }
    if instruments[actuator].lost != nil {
      safety.hasGivenUp = true
      return true
    }
    // A port that never opened can not be reached; the run fails for that reason and the actuator was never switched on.
    if !instruments[actuator].isOpen {
      guard final else { return false }
      safety.hasGivenUp = true
      return true
    }
    if !safety.isRequested {
      safety.isRequested = true
      safety.attempt += 1
      instruments[actuator].request(.makeSafe, for: final ? .finalSafe : .initialSafe)
    }
    return false
  }

  mutating func safetyReport(
    _ report: DeviceReport, of index: Int, at instant: Instant, _ outbox: inout Outbox
  ) {
    safety.isRequested = false
    if case .actuator(let state) = report {
      outbox.record(actuator: state)
      if !state.isOn {
        safety.isConfirmed = true
        return
      }
    }
    if case .fault(let fault) = report { safety.lastFault = fault }
    if safety.attempt >= SafeStateSequence.attempts { safety.hasGivenUp = true }
  }

  private mutating func endSafety(final: Bool, at instant: Instant, _ outbox: inout Outbox) -> Bool {
    if final {
      results.safeStateConfirmed = actuator == nil ? true : safety.isConfirmed
      results.ended = instant
      stage = .finished
      progress.activity = .finished
      outbox.record(end: results)
      return false
    }
    if actuator != nil, !safety.isConfirmed {
      let role = actuator.flatMap { instruments[$0].roles.first } ?? ""
      let fault = safety.lastFault
      fail(
        Failure(
          fault?.exitCode ?? .unsafe, role: role,
          "\(role): the safe state could not be confirmed before the run: " + (fault?.explanation ?? "it stays on")),
        at: instant, &outbox)
      return true
    }
    beginStep(0, at: instant, &outbox)
    return true
  }
}
