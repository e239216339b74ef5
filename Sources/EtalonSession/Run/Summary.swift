import EtalonCore
import Foundation

/// `summary.json`: what a run found, for machines. A pure function of the ledger: making it again gives the same bytes.
///
/// Temperatures in °C; errors, u, U and limits in K; `dof` is null for infinitely many.
public struct Summary: Encodable, Sendable {
  /// Identifier of the run.
  public let run: String
  /// What was run.
  public let header: RunHeader
  /// What came out.
  public let results: SessionResults
  /// Number of records in the ledger.
  public let ledgerRecords: UInt64
  /// SHA-256 of the ledger's frames, hexadecimal.
  public let ledgerDigest: String

  /// A summary of a finished run.
  public init(run: String, header: RunHeader, results: SessionResults, ledgerRecords: UInt64, ledgerDigest: String) {
    self.run = run
    self.header = header
    self.results = results
    self.ledgerRecords = ledgerRecords
    self.ledgerDigest = ledgerDigest
  }

  /// The file's bytes.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data([0x0A])
  }

  enum Key: String, CodingKey {
    case run, session, board, simulated, seed, version, verdict, exit, ended, started, points, coefficients, samples
    case gaps, timing, faults, ledger, device, reference, remarks, reason, overrides, control, monitor
    case asFound = "as_found"
    case asLeft = "as_left"
    case faultKinds = "fault_kinds"
    case safeState = "safe_state_confirmed"
    case edgesLost = "edges_lost"
    case edgeOverflows = "edge_overflows"
  }

  /// Writes the keys of the contract; see `Docs/reference/run-folder.md`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(run, forKey: .run)
    try container.encode(header.session, forKey: .session)
    try container.encode(header.board, forKey: .board)
    try container.encode(header.isSimulated, forKey: .simulated)
    try container.encode(header.isSimulated ? header.seed : nil, forKey: .seed)
    try container.encode(header.version, forKey: .version)
    try container.encode(results.verdict.rawValue, forKey: .verdict)
    try container.encode(results.asFound?.rawValue, forKey: .asFound)
    try container.encode(results.asLeft?.rawValue, forKey: .asLeft)
    try container.encode(results.exitCode.rawValue, forKey: .exit)
    try container.encode(time(results.started), forKey: .started)
    try container.encode(time(results.ended), forKey: .ended)
    try container.encode(results.points.map(Point.init), forKey: .points)
    if !results.controls.isEmpty { try container.encode(results.controls.map(Control.init), forKey: .control) }
    if !results.monitors.isEmpty {
      try container.encode(results.monitors.map { Monitor($0, time: time) }, forKey: .monitor)
    }
    try container.encode(
      Change(before: results.before.map(Set.init), after: results.after.map(Set.init)), forKey: .coefficients)
    try container.encode(results.samples, forKey: .samples)
    try container.encode(results.gaps, forKey: .gaps)
    try container.encode(Timing(results.timing), forKey: .timing)
    try container.encode(results.faultCount, forKey: .faults)
    try container.encode(
      results.faults.map { FaultKind(role: $0.role, kind: $0.kind, count: $0.count) }, forKey: .faultKinds)
    try container.encode(results.edgesLost, forKey: .edgesLost)
    try container.encode(results.edgeOverflows, forKey: .edgeOverflows)
    try container.encode(Ledger(records: ledgerRecords, digest: ledgerDigest), forKey: .ledger)
    try container.encode(results.deviceSerial, forKey: .device)
    try container.encode(results.referenceSerial, forKey: .reference)
    try container.encode(header.overrides, forKey: .overrides)
    try container.encode(results.remarks, forKey: .remarks)
    try container.encode(results.failure?.reason, forKey: .reason)
    try container.encode(results.safeStateConfirmed, forKey: .safeState)
  }

  private func time(_ instant: Instant?) -> String? {
    guard let instant, let started = results.started else { return nil }
    return UTCTimestamp(utcNanoseconds: header.utcNanosecondsAtStart + (instant - started)).text
  }

  /// Nanoseconds; nil where nothing was counted.
  struct Timing: Encodable {
    let wakes: UInt64
    let p50: Int64?
    let p99: Int64?
    let p999: Int64?
    let max: Int64
    let missedPeriods: Int
    let clockSteps: Int

    init(_ timing: LoopTiming) {
      wakes = timing.lateness.count
      p50 = timing.lateness.quantileNanoseconds(0.5)
      p99 = timing.lateness.quantileNanoseconds(0.99)
      p999 = timing.lateness.quantileNanoseconds(0.999)
      max = timing.lateness.maximumNanoseconds
      missedPeriods = timing.missedPeriods
      clockSteps = timing.clockSteps
    }

    enum CodingKeys: String, CodingKey {
      case wakes
      case p50 = "p50_ns"
      case p99 = "p99_ns"
      case p999 = "p999_ns"
      case max = "max_ns"
      case missedPeriods = "missed_periods"
      case clockSteps = "clock_steps"
    }
  }

  struct FaultKind: Encodable {
    let role: String
    let kind: String
    let count: Int
  }

  struct Ledger: Encodable {
    let records: UInt64
    let digest: String
  }

  struct Set: Encodable {
    let coefficients: [Double]
    let count: UInt32
    let checksum: String
    init(_ adjustment: Adjustment) {
      let c = adjustment.coefficients
      coefficients = [c.c0, c.c1, c.c2, c.c3]
      count = adjustment.count
      checksum = String(adjustment.checksum, radix: 16)
    }
  }

  struct Change: Encodable {
    let before: Set?
    let after: Set?
    enum Key: String, CodingKey { case before, after }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(before, forKey: .before)
      try container.encode(after, forKey: .after)
    }
  }

  struct Truth: Encodable {
    let error: Double
    let covered: Bool?
  }

  struct Row: Encodable {
    let name: String
    let estimate: Double
    let u: Double
    let sensitivity: Double
    let contribution: Double
    let dof: Double?
    enum Key: String, CodingKey { case name, estimate, u, sensitivity, contribution, dof }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(name, forKey: .name)
      try container.encode(estimate, forKey: .estimate)
      try container.encode(u, forKey: .u)
      try container.encode(sensitivity, forKey: .sensitivity)
      try container.encode(contribution, forKey: .contribution)
      try container.encode(dof, forKey: .dof)
    }
  }

  struct Point: Encodable {
    let point: PointResult
    init(_ point: PointResult) { self.point = point }

    enum Key: String, CodingKey {
      case phase, direction, setpoint, reference, indication, error, u, k, dof, limit, decision, truth, budget
      case samples, rejected, missing
      case expanded = "U"
      case monteCarlo = "monte_carlo_agrees"
      case blockCorrelation = "block_correlation"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      func number(_ value: Double) -> Double? { value.isFinite ? value : nil }
      try container.encode(point.phase.rawValue, forKey: .phase)
      try container.encode(point.direction.rawValue, forKey: .direction)
      try container.encode(point.setpoint, forKey: .setpoint)
      try container.encode(point.referenceReading + point.referenceCorrection, forKey: .reference)
      try container.encode(point.indication, forKey: .indication)
      try container.encode(number(point.error), forKey: .error)
      try container.encode(number(point.standardUncertainty), forKey: .u)
      try container.encode(number(point.coverageFactor), forKey: .k)
      try container.encode(number(point.degreesOfFreedom), forKey: .dof)
      try container.encode(number(point.expandedUncertainty), forKey: .expanded)
      try container.encode(number(point.limit), forKey: .limit)
      try container.encode(point.decision.rawValue, forKey: .decision)
      try container.encode(point.samples, forKey: .samples)
      try container.encode(point.rejected, forKey: .rejected)
      try container.encode(point.missing, forKey: .missing)
      try container.encode(number(point.blockCorrelation), forKey: .blockCorrelation)
      try container.encode(point.monteCarloValidates, forKey: .monteCarlo)
      try container.encode(
        point.budget.map {
          Row(
            name: $0.name, estimate: $0.estimate, u: $0.standardUncertainty, sensitivity: $0.sensitivity,
            contribution: $0.contribution, dof: number($0.degreesOfFreedom))
        }, forKey: .budget)
      if let truth = point.truth {
        try container.encode(Truth(error: truth, covered: point.covered), forKey: .truth)
      }
    }
  }
}
