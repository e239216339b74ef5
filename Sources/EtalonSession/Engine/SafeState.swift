import EtalonCore

/// Bringing the actuators to their safe state and confirming it.
struct SafeStateSequence: Sendable {
  /// How often a request is repeated at least before the safe state counts as not confirmed.
  static let attempts = 5
  /// How often it is repeated at most, however quickly the refusals come.
  static let greatestAttempts = 500
  /// An actuator that this run switched on is asked until its dead-man must have acted, and so much longer: then it can
  /// confirm what it has done by itself.
  static let marginSeconds = 2.0
  /// Dead-man time of an actuator whose bench does not state one.
  static let usualDeadManSeconds = 30.0
  var attempt = 0
  /// When the first request was made.
  var began: Instant?
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
    // Every port is opened or refused in the end. A run that fails before that still waits for the actuator's: another
    // run may have left it on.
    guard instruments[actuator].isOpen else { return false }
    if !safety.isRequested {
      safety.isRequested = true
      if safety.began == nil { safety.began = instant }
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
    guard safety.attempt >= SafeStateSequence.attempts else { return }
    let seconds = safety.began.map { instant.seconds(since: $0) } ?? 0
    let deadMan = instruments[index].deadManSeconds ?? SafeStateSequence.usualDeadManSeconds
    let mayBeOn = results.energised && seconds < deadMan + SafeStateSequence.marginSeconds
    if !mayBeOn || safety.attempt >= SafeStateSequence.greatestAttempts { safety.hasGivenUp = true }
  }

  private mutating func endSafety(final: Bool, at instant: Instant, _ outbox: inout Outbox) -> Bool {
    if final {
      // A device that is being adjusted is brought to an end first: it must not stay unlocked or half written. The
      // driver's time-outs bound it.
      guard !instruments[device].isWriting else { return false }
      if let actuator { instruments[actuator].forgetWaiting() }
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
