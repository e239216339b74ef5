import EtalonCore

extension Input {
  /// The kind of record that keeps this input.
  var recordKind: RecordKind {
    switch self {
    case .opened: .opened
    case .bytes: .bytes
    case .lineErrors: .lineErrors
    case .lost: .lost
    case .interrupted: .interrupted
    case .resumed: .resumed
    case .edge: .edge
    case .edgesLost: .edgesLost
    case .lineOpened: .lineOpened
    case .lineLost: .lineLost
    case .wake: .wake
    case .stop: .stop
    case .truth: .truth
    case .clockStepped: .clockStepped
    }
  }

  /// Appends what is needed to make the input again.
  func encode(into encoder: inout RecordEncoder) {
    switch self {
    case .opened(let port): encoder.append(port)
    case .bytes(let port, let frame, let first):
      encoder.append(port)
      encoder.append(first)
      encoder.append(frame)
    case .lineErrors(let port, let errors):
      encoder.append(port)
      encoder.append(errors.rawValue)
    case .resumed(let port, let moved):
      encoder.append(port)
      encoder.append(moved)
    case .lost(let port, let fault), .interrupted(let port, let fault):
      encoder.append(port)
      encoder.append(fault.rawValue)
    case .edge(let line, let active, let at):
      encoder.append(line)
      encoder.append(active)
      encoder.append(at)
    case .edgesLost(let line, let count):
      encoder.append(line)
      encoder.append(count)
    case .lineOpened(let line, let active):
      encoder.append(line)
      encoder.append(active)
    case .lineLost(let line, let fault):
      encoder.append(line)
      encoder.append(fault.rawValue)
    case .wake: break
    case .stop(let request): encoder.append(request.rawValue)
    case .clockStepped(let utc): encoder.append(Instant(nanoseconds: utc))
    case .truth(let error, let readings):
      encoder.append(error)
      encoder.append(UInt32(readings))
    }
  }

  /// The input that a record keeps; nil when the kind is no input.
  static func decode(_ kind: RecordKind, _ payload: [UInt8]) throws(RecordFault) -> Input? {
    var decoder = RecordDecoder(payload)
    let input: Input
    switch kind {
    case .opened: input = .opened(try decoder.uint8())
    case .bytes:
      let port = try decoder.uint8()
      let first = try decoder.instant()
      input = .bytes(port, try decoder.frame(), first: first)
    case .lineErrors:
      let port = try decoder.uint8()
      input = .lineErrors(port, LineErrors(rawValue: try decoder.uint8()))
    case .resumed:
      let port = try decoder.uint8()
      input = .resumed(port, moved: try decoder.bool())
    case .lost, .interrupted:
      let port = try decoder.uint8()
      let raw = try decoder.uint8()
      guard let fault = PortFault(rawValue: raw) else { throw .unknownValue(offset: 1, UInt64(raw)) }
      input = kind == .lost ? .lost(port, fault) : .interrupted(port, fault)
    case .edge:
      let line = try decoder.uint8()
      let active = try decoder.bool()
      input = .edge(line, active: active, at: try decoder.instant())
    case .edgesLost:
      let line = try decoder.uint8()
      input = .edgesLost(line, count: try decoder.uint32())
    case .lineOpened:
      let line = try decoder.uint8()
      input = .lineOpened(line, active: try decoder.bool())
    case .lineLost:
      let line = try decoder.uint8()
      let raw = try decoder.uint8()
      guard let fault = PortFault(rawValue: raw) else { throw .unknownValue(offset: 1, UInt64(raw)) }
      input = .lineLost(line, fault)
    case .wake: input = .wake
    case .stop:
      let raw = try decoder.uint8()
      guard let request = StopRequest(rawValue: raw) else { throw .unknownValue(offset: 0, UInt64(raw)) }
      input = .stop(request)
    case .clockStepped: input = .clockStepped(utcNanoseconds: try decoder.instant().nanoseconds)
    case .truth:
      let error = try decoder.double()
      input = .truth(error: error, readings: Int(try decoder.uint32()))
    default: return nil
    }
    try decoder.finish()
    return input
  }
}
