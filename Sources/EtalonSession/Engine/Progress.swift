import EtalonCore

/// Where a run is, for people who watch it.
public struct Progress: Sendable, Equatable {
  /// What is going on.
  public enum Activity: String, Sendable {
    case opening, identifying
    case approaching
    case soaking, settling, measuring
    case backingOff = "waiting before another try"
    case paused = "paused: room outside its limits"
    case adjusting
    case reaching = "reaching the set point"
    case holding, monitoring
    case holdover = "holdover: no reference"
    case safing = "going to the safe state"
    case finished
  }
  /// Number of the step, from 1; 0 before the first.
  public var stepNumber = 0
  /// Number of steps of the plan.
  public var stepCount: Int
  /// `identify`, `as_found`, `adjust`, `as_left`, `control`, `monitor`.
  public var stepName = ""
  /// What is going on now.
  public var activity = Activity.opening
  /// °C; nil when nothing is controlled.
  public var setpoint: Double?
  /// Number of the visit within its series, from 1.
  public var visit = 0
  /// Number of visits of the series.
  public var visitCount = 0
  /// Latest reading of the reference, °C.
  public var reference: Double?
  /// Latest indication of the device, °C.
  public var indication: Double?
  /// Latest corrected value of the device, °C; nil outside `control` and `monitor`.
  public var corrected: Double?
  /// Its expanded uncertainty, kelvin.
  public var expandedUncertainty: Double?
  /// State of the device's accuracy; nil outside `control` and `monitor`.
  public var accuracy: AccuracyState?
  /// Power of the actuator, watts; nil outside `control` and `monitor`.
  public var watts: Double?
  /// Slope of the settling signal, kelvin per second; nil until there are enough readings.
  public var slope: Double?
  /// Pairs in the window so far, and how many it needs.
  public var windowSamples = 0
  /// Pairs that the window needs.
  public var windowNeeded = 0
  /// Good pairs since the start.
  public var samples = 0
  /// Ticks without a pair since the start.
  public var gaps = 0
  /// Failed exchanges since the start.
  public var faults = 0
  /// Whether the run stops as soon as the measurement under way is finished.
  public var isStopping = false
  /// Seconds that the rest will take by the plan's own times.
  public var remainingSeconds: Double = 0

  init(plan: SessionPlan) { stepCount = plan.steps.count }
}
