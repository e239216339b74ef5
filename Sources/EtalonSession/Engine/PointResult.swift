import EtalonCore

/// The result at one visit of one set point.
public struct PointResult: Sendable {
  /// Before or after the adjustment.
  public enum Phase: String, Sendable {
    case asFound = "as_found"
    case asLeft = "as_left"
  }
  /// When in the session it was measured.
  public var phase: Phase
  /// Whether the set point was approached in ascending or descending order.
  public var direction: SessionPlan.PointsPlan.Direction
  /// °C.
  public var setpoint: Double
  /// Mean of the reference's readings, °C, before its correction.
  public var referenceReading: Double
  /// Correction of the reference after its certificate, K.
  public var referenceCorrection: Double
  /// Mean of the device's indications, °C.
  public var indication: Double
  /// Mean of the device's normalised raw values; NaN when it tells none.
  public var raw: Double
  /// Pairs in the window that were used.
  public var samples: Int
  /// Pairs that the rejector flagged.
  public var rejected: Int
  /// Ticks without a pair.
  public var missing: Int
  /// Standard uncertainty of the mean difference from the block means, K, and its degrees of freedom.
  public var typeA: Double
  /// Degrees of freedom of `typeA`.
  public var typeADegreesOfFreedom: Double
  /// Lag-1 correlation of the block means.
  public var blockCorrelation: Double
  /// When the window opened and closed.
  public var opened: Instant
  /// When the window closed.
  public var closed: Instant

  // From the budget; set when the phase is complete, because the hysteresis needs both directions.
  /// Indication minus corrected reference, K.
  public var error = Double.nan
  /// Combined standard uncertainty, K.
  public var standardUncertainty = Double.nan
  /// Coverage factor k of the stated coverage probability.
  public var coverageFactor = Double.nan
  /// Effective degrees of freedom; infinity when there is no type A part to limit them.
  public var degreesOfFreedom = Double.nan
  /// Expanded uncertainty, K.
  public var expandedUncertainty = Double.nan
  /// Limit of |error|, K.
  public var limit = Double.nan
  /// Decision by the session's rule.
  public var decision = SessionPlan.Decision.inconclusive
  /// Whether Monte Carlo agrees with the first-order interval (JCGM 101:2008 clause 8); nil when it was not asked,
  /// or when its trials are too few to tell.
  public var monteCarloValidates: Bool?
  /// The budget's rows, sorted by contribution.
  public var budget: [BudgetRow] = []

  /// From a simulated world: the true error of the window, K.
  public var truth: Double?

  /// Whether the interval error ± U holds the true error; nil without truth.
  public var covered: Bool? {
    guard let truth, expandedUncertainty.isFinite else { return nil }
    return abs(error - truth) <= expandedUncertainty
  }

  /// One line of an uncertainty budget.
  public struct BudgetRow: Sendable, Equatable {
    /// Name of the input.
    public var name: String
    /// Estimate, in the input's unit.
    public var estimate: Double
    /// Standard uncertainty, in the input's unit.
    public var standardUncertainty: Double
    /// Derivative of the error by the input.
    public var sensitivity: Double
    /// |sensitivity| · standard uncertainty, K.
    public var contribution: Double
    /// Degrees of freedom; infinity where it is taken as known.
    public var degreesOfFreedom: Double
    /// A row from its parts.
    public init(
      name: String, estimate: Double, standardUncertainty: Double, sensitivity: Double, contribution: Double,
      degreesOfFreedom: Double
    ) {
      self.name = name
      self.estimate = estimate
      self.standardUncertainty = standardUncertainty
      self.sensitivity = sensitivity
      self.contribution = contribution
      self.degreesOfFreedom = degreesOfFreedom
    }
  }
}

/// Everything that a run found; the summary, the tables and the files are made of it.
public struct SessionResults: Sendable {
  /// All points that were evaluated, in order.
  public var points: [PointResult] = []
  /// Verdict on the as-found points; nil when they were not finished.
  public var asFound: Verdict?
  /// Verdict on the as-left points; nil when they were not finished.
  public var asLeft: Verdict?
  /// What the `control` steps found, in order.
  public var controls: [ControlResult] = []
  /// What the `monitor` steps found, in order.
  public var monitors: [MonitorResult] = []
  /// What the device held before the run.
  public var before: Adjustment?
  /// What the device holds after the adjustment; nil when nothing was written.
  public var after: Adjustment?
  /// Serial number of the device under test; empty before it is known.
  public var deviceSerial = ""
  /// Serial number of the reference; empty before it is known.
  public var referenceSerial = ""
  /// Good pairs.
  public var samples = 0
  /// Ticks that gave no pair.
  public var gaps = 0
  /// Edges of lines that are known to be lost: at least so many.
  public var edgesLost: UInt64 = 0
  /// How often the kernel's buffer of a line was full, so that more edges may have been lost.
  public var edgeOverflows = 0
  /// How well the loop kept its time.
  public var timing = LoopTiming()
  /// Exchanges that failed, by role and kind in order of first appearance.
  public var faults: [(role: String, kind: String, count: Int)] = []
  /// What a reader of the result should know, in order.
  public var remarks: [String] = []
  /// Why the run failed; nil when it did not.
  public var failure: Failure?
  /// How the run was asked to stop; nil when it was not.
  public var stop: StopRequest?
  /// Whether the actuator confirmed its safe state at the end; nil before the end.
  public var safeStateConfirmed: Bool?
  /// Whether this run switched an actuator on.
  public var energised = false
  /// Instant of the first input.
  public var started: Instant?
  /// Instant at which the run was over.
  public var ended: Instant?

  /// Number of exchanges that failed.
  public var faultCount: Int { faults.reduce(0) { $0 + $1.count } }

  /// Whether an actuator that this run switched on may still be on.
  public var isUnsafe: Bool { energised && safeStateConfirmed != true }

  /// The verdict: that of as-left where it ran, else of as-found, and the worst of it and of every loop and monitor.
  public var verdict: Verdict {
    if failure != nil { return .failed }
    if stop != nil { return .stopped }
    var verdict = asLeft ?? asFound
    for control in controls { verdict = .worse(verdict, control.verdict) }
    for monitor in monitors { verdict = .worse(verdict, monitor.verdict) }
    return verdict ?? .inconclusive
  }

  /// The exit code: an unconfirmed safe state before everything else, then the cause of a failure, then the verdict.
  public var exitCode: ExitCode {
    if isUnsafe { return .unsafe }
    if let failure { return failure.exitCode }
    switch stop {
    case .diskFull: return .diskFull
    case .recordFailed, .loopLate: return .inputOutput
    case .atCheckpoint, .now: return .stopped
    case nil: break
    }
    switch verdict {
    case .conforming: return .conforming
    case .nonconforming: return .nonconforming
    case .inconclusive: return .inconclusive
    case .stopped: return .stopped
    case .failed: return .internalError
    }
  }
}
