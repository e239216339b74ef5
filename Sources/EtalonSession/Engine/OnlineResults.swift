import EtalonCore

/// How a closed loop held its set point.
public struct ControlResult: Sendable, Equatable {
  /// What was asked for.
  public var step: SessionPlan.ControlStep
  /// Seconds from the beginning of the step until the set point counted as reached; nil when it never did.
  public var reachedAfterSeconds: Double?
  /// How far the input went beyond the set point on the way to it, kelvin, 0 or more.
  public var overshootKelvin = 0.0
  /// How long it was held, seconds.
  public var heldSeconds = 0.0
  /// Largest magnitude of input minus set point during the hold, kelvin; nil before the hold.
  public var greatestErrorKelvin: Double?
  /// Root mean square of input minus set point during the hold, kelvin; nil before the hold.
  public var rmsErrorKelvin: Double?
  /// Largest expanded uncertainty of the input during the hold, kelvin; nil where the input is not a corrected value.
  public var greatestExpandedUncertainty: Double?
  /// Decisions since the loop began, and those that came too late or not at all.
  public var decisions = 0
  /// Decisions that came too late or not at all.
  public var deadlineMisses = 0
  /// Energy given to the plant during the whole step, joules.
  public var energyJoules = 0.0
  /// Conforming when everything required was kept; inconclusive when the hold was not finished.
  public var verdict = Verdict.inconclusive
}

/// The uncertainty of a corrected value in parts, kelvin, each a standard uncertainty.
public struct CorrectedUncertainty: Sendable, Equatable {
  /// All together.
  public var standard: Double
  /// The part that is taken as normal.
  public var normal: Double
  /// Half-widths of the rectangular parts: drift and gradient of the reference where they are declared so, and the
  /// rounding of the display; 0 where there is none.
  public var halfWidths: InlineArray<4, Double>

  /// Whether both are equal in every part.
  public static func == (a: Self, b: Self) -> Bool {
    for index in 0..<4 where a.halfWidths[index] != b.halfWidths[index] { return false }
    return a.standard == b.standard && a.normal == b.normal
  }
}

/// What an on-line calibration knew at one instant: a row of the record.
public struct MonitorRow: Sendable {
  /// Instant of the device's reading.
  public var instant: Instant
  /// Number of the phase in the step, from 0.
  public var phase: Int
  /// °C; nil where nothing moves the process.
  public var setpoint: Double?
  /// Latest corrected reading of the reference, °C; nil while it is away.
  public var reference: Double?
  /// What the device showed, °C.
  public var indication: Double
  /// Corrected value, °C.
  public var corrected: Double
  /// Its uncertainty.
  public var uncertainty: CorrectedUncertainty
  /// Half the width of the interval of the session's coverage probability about the corrected value, kelvin.
  public var expandedUncertainty: Double
  /// State of the device's accuracy.
  public var state: AccuracyState
  /// Innovation of the last block with both sides over its standard deviation; nil when none came since the row before.
  public var innovation: Double?
  /// The two sums of the accuracy monitor, in standard deviations; nil where there is no sum.
  public var sums: (high: Double, low: Double)?
  /// Coefficients of the response and their standard uncertainties.
  public var coefficients: InlineArray<4, Double>
  /// Standard uncertainties of the coefficients.
  public var coefficientUncertainties: InlineArray<4, Double>
  /// Power of the actuator, watts; nil where nothing was given yet.
  public var watts: Double?
  /// From a simulated world: indication minus true value, kelvin.
  public var truth: Double?

  /// Corrected value minus true value, kelvin; nil without truth.
  public var error: Double? { truth.map { corrected - (indication - $0) } }
}

/// The device lost its accuracy, or came back.
public struct AccuracyAlarm: Sendable, Equatable {
  /// When.
  public var instant: Instant
  /// State that was entered.
  public var state: AccuracyState
  /// Why, in words.
  public var reason: String
  /// What was done.
  public var action: SessionPlan.MonitorStep.OnLoss
}

/// What a `monitor` step found.
public struct MonitorResult: Sendable {
  /// What was asked for.
  public var step: SessionPlan.MonitorStep
  /// One row for each interval of the step.
  public var rows: [MonitorRow] = []
  /// When each phase began.
  public var began: [Instant] = []
  /// Losses of accuracy.
  public var alarms: [AccuracyAlarm] = []
  /// Changes of the state, in order.
  public var changes: [(instant: Instant, state: AccuracyState)] = []
  /// Decisions of the loop that came too late or not at all.
  public var deadlineMisses = 0
  /// Nonconforming after an alarm, inconclusive when the step was not finished or the device never counted as calibrated.
  public var verdict = Verdict.inconclusive
}

extension Verdict {
  /// The worse of two; a measured nonconformity outweighs what could not be decided.
  static func worse(_ a: Verdict?, _ b: Verdict) -> Verdict {
    func rank(_ verdict: Verdict) -> Int {
      switch verdict {
      case .conforming: 0
      case .inconclusive: 1
      case .stopped: 2
      case .nonconforming: 3
      case .failed: 4
      }
    }
    guard let a else { return b }
    return rank(a) >= rank(b) ? a : b
  }
}
