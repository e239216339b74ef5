import EtalonCore

// A device that goes away and comes back costs the samples between, and no more: a measurement goes on when the same
// instrument answers again. The world vouches for the port; who is behind it must say so itself.
extension SessionEngine {
  /// How often a device that came back is asked who it is.
  private static let askingAttempts = 3

  mutating func interrupted(_ index: Int, _ fault: PortFault, at instant: Instant, _ outbox: inout Outbox) {
    note(gap: "\(instruments[index].portName) was interrupted: \(fault.explanation)", of: index, &outbox)
    perform(instruments[index].interrupt(fault, at: instant), of: index, at: instant, &outbox)
  }

  mutating func resumed(_ index: Int, moved: Bool, at instant: Instant, _ outbox: inout Outbox) {
    returnAttempts[index] = 1
    let seconds = instruments[index].resume(asking: .identify, for: .reidentify, at: instant)
    let name = moved ? ", under another name" : ""
    note(
      gap: "\(instruments[index].portName) is back after \((seconds * 1e3).rounded() / 1e3) s\(name)", of: index,
      &outbox)
  }

  /// What a device that came back says about itself: anything but its former answer ends the run.
  mutating func returnReport(
    _ report: DeviceReport, of index: Int, at instant: Instant, _ outbox: inout Outbox
  ) {
    let role = instruments[index].roles.first ?? ""
    switch report {
    case .identity(let identity):
      // A device that was away before it was asked the first time has nothing to be compared with.
      guard let before = identification.identities[index] else { return }
      guard identity != before else { return }
      fail(
        Failure(
          .badBench, role: role,
          "\(role) at \(instruments[index].portName): after the interruption '\(String(ascii: identity.text))' answers, before it "
            + "was '\(String(ascii: before.text))'; plug in the instrument that the session began with"), at: instant,
        &outbox)
    case .fault(let fault):
      if instruments[index].interrupted != nil { return }
      returnAttempts[index, default: 1] += 1
      guard returnAttempts[index, default: 1] > Self.askingAttempts || instruments[index].lost != nil else {
        instruments[index].resume(asking: .identify, for: .reidentify)
        return
      }
      fail(
        Failure(
          fault.exitCode, role: role,
          "\(role) at \(instruments[index].portName) does not say who it is after the interruption: \(fault.explanation)"
        ),
        at: instant, &outbox)
    default:
      fail(
        Failure(.badBench, role: role, "\(role): the driver answered an identification with something else"),
        at: instant, &outbox)
    }
  }

  private mutating func note(gap text: String, of index: Int, _ outbox: inout Outbox) {
    let remark = "\(instruments[index].roles.first ?? "") at \(text)"
    results.remarks.append(remark)
    outbox.record(remark: remark)
  }
}
