import EtalonCore
import EtalonMetrology

/// Asking every device who it is, and the device under test for its coefficients.
struct Identification: Sendable {
  static let attempts = 3
  var isRequested = false
  /// Answers still to come.
  var outstanding = 0
  var attempts: [Int] = []
  var identities: [Int: DeviceIdentity] = [:]
}

extension SessionEngine {
  mutating func advanceIdentification(
    _ identify: SessionPlan.SessionStep.Identify, _ number: Int, at instant: Instant, _ outbox: inout Outbox
  ) -> Bool {
    progress.activity = .identifying
    if !identification.isRequested {
      identification.isRequested = true
      identification.attempts = Array(repeating: 1, count: instruments.count)
      for index in instruments.indices {
        instruments[index].request(.identify, for: .identify)
        identification.outstanding += 1
      }
      instruments[device].request(.readAdjustment, for: .readAdjustment)
      identification.outstanding += 1
      return false
    }
    guard identification.outstanding == 0 else { return false }
    if let failure = refusal(identify) {
      fail(failure, at: instant, &outbox)
      return true
    }
    sampling.trying { sampling throws(SamplingFault) in try sampling.start(at: instant) }
    beginStep(number + 1, at: instant, &outbox)
    return true
  }

  mutating func identificationReport(
    _ report: DeviceReport, _ purpose: Instrument.Purpose, of index: Int, at instant: Instant, _ outbox: inout Outbox
  ) {
    let role = instruments[index].roles.first ?? ""
    switch report {
    case .identity(let identity):
      identification.identities[index] = identity
      outbox.record(identity: identity, port: index)
      let serial = String(ascii: identity.serial)
      if index == device { results.deviceSerial = serial }
      if index == reference { results.referenceSerial = serial }
    case .adjustment(let adjustment):
      results.before = adjustment
    case .fault(.unsupported) where purpose == .readAdjustment:
      // A device that holds no coefficients can be calibrated all the same, but not adjusted.
      if let reason = needForCoefficients(role) {
        fail(Failure(.badBench, role: role, reason), at: instant, &outbox)
        return
      }
    case .fault(let fault):
      identification.attempts[index] += 1
      // Who a device is and what it holds may be asked again safely.
      guard identification.attempts[index] <= Identification.attempts, instruments[index].lost == nil else {
        fail(
          Failure(fault.exitCode, role: role, "\(role) at \(instruments[index].portName): \(fault.explanation)"),
          at: instant, &outbox)
        return
      }
      instruments[index].request(purpose == .identify ? .identify : .readAdjustment, for: purpose)
      return
    default:
      fail(
        Failure(.badBench, role: role, "\(role): the driver answered an identification with something else"),
        at: instant, &outbox)
      return
    }
    identification.outstanding -= 1
  }

  /// Why the session can not do with a device that holds no coefficients; nil when it can.
  private func needForCoefficients(_ role: String) -> String? {
    for step in plan.steps {
      switch step {
      case .adjust:
        return "\(role) holds no coefficients that could be adjusted; leave the step 'adjust' out"
      case .identify(let identify)
      where identify.facts.contains(where: { $0.role == role && $0.facts.contains("coefficients") }):
        return "\(role) holds no coefficients; leave 'coefficients' out of the step 'identify'"
      default: break
      }
    }
    return nil
  }

  /// Why the devices found must not be used; nil when they may.
  private func refusal(_ identify: SessionPlan.SessionStep.Identify) -> Failure? {
    let role = instruments[reference].roles.first ?? ""
    if identify.refuseMismatch, results.referenceSerial != certificate.instrumentSerial {
      return Failure(
        .badBench, role: role,
        "the standard's serial number is '\(results.referenceSerial)', its certificate is for "
          + "'\(certificate.instrumentSerial)'; name the certificate of this instrument in the bench file")
    }
    if identify.refuseExpired {
      let today = UTCTimestamp(utcNanoseconds: utcNanosecondsAtStart).date
      if certificate.issued.text > today {
        return Failure(
          .badBench, role: role,
          "the standard's certificate is issued on \(certificate.issued.text), today is \(today); is the clock right?")
      }
      if certificate.due.text < today {
        return Failure(
          .badBench, role: role,
          "the standard's certificate was due on \(certificate.due.text), today is \(today); have it calibrated again")
      }
    }
    return nil
  }
}

extension String {
  /// The bytes as text; anything outside printable ASCII becomes a question mark.
  init(ascii frame: Frame) {
    self = String(decoding: frame.map { $0 >= 0x20 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self)
  }
}
