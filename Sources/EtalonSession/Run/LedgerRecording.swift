import EtalonCore
import EtalonLedger

/// Puts the records of a run into a ledger.
public struct LedgerRecording: Recorder {
  private let sink: any LedgerSink

  /// Begins a recording with its header.
  /// - Parameter instant: of the header; not later than the first input.
  public init(_ sink: any LedgerSink, header: RunHeader, at instant: Instant) {
    self.sink = sink
    append(kind: RecordKind.header.rawValue, instant: instant, payload: header.encoded())
  }

  /// Adds one record.
  public func append(kind: UInt8, instant: Instant, payload: [UInt8]) {
    payload.withUnsafeBytes { sink.append(kind: kind, instant: instant.nanoseconds, payload: $0) }
  }

  /// Adds the records that an automaton decided on, in order.
  public func append(_ outbox: borrowing Outbox, at instant: Instant) {
    guard !outbox.records.isEmpty else { return }
    outbox.payload.withUnsafeBytes { bytes in
      var start = 0
      for record in outbox.records {
        sink.append(
          kind: record.kind, instant: instant.nanoseconds,
          payload: UnsafeRawBufferPointer(rebasing: bytes[start..<record.end]))
        start = record.end
      }
    }
  }

  /// `.diskFull` or `.recordFailed` once the ledger can not be kept; nil while all is well.
  public var stopRequest: StopRequest? {
    switch sink.failure {
    case nil: nil
    case .diskFull: .diskFull
    default: .recordFailed
    }
  }

  /// Number of records on stable storage.
  public var acknowledged: UInt64 { sink.acknowledged }
}

extension LedgerFault {
  /// The exit code of a program that this fault ended.
  public var exitCode: ExitCode {
    switch self {
    case .exists, .readOnly, .inputOutput: .inputOutput
    case .missing: .missingFile
    case .permission: .permission
    case .diskFull: .diskFull
    case .damaged: .verificationFailed
    }
  }

  /// Reason and remedy, for people.
  public var explanation: String {
    switch self {
    case .exists(let path):
      "'\(path)' exists and is not empty, and nothing is ever overwritten; name another folder with --out"
    case .missing(let path): "there is no '\(path)'"
    case .permission(let path): "no permission for '\(path)'; name a folder of your own with --out"
    case .readOnly(let path): "'\(path)' is on a read-only file system; name another place with --out"
    case .diskFull(let path): "no space is left for '\(path)'; free some or name another place with --out"
    case .inputOutput(let path, let code): "'\(path)': the operating system reported error \(code)"
    case .damaged(let path, let offset, let damage): "'\(path)' is damaged at byte \(offset): \(damage)"
    }
  }
}
