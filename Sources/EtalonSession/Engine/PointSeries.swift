import EtalonCore

/// The visits of one list of points, one after the other.
struct PointSeries: Sendable {
  struct Visit: Sendable {
    let setpoint: Double
    let direction: SessionPlan.PointsPlan.Direction
  }

  enum State: Sendable, Equatable {
    case approaching
    case soaking(until: Instant)
    case settling
    case measuring
    case backingOff(until: Instant)
    case paused
    case complete

    var name: String {
      switch self {
      case .approaching: "approaching"
      case .soaking: "soaking"
      case .settling: "settling"
      case .measuring: "measuring"
      case .backingOff: "backing off"
      case .paused: "paused"
      case .complete: "complete"
      }
    }

    var activity: Progress.Activity {
      switch self {
      case .approaching: .approaching
      case .soaking: .soaking
      case .settling: .settling
      case .measuring: .measuring
      case .backingOff: .backingOff
      case .paused: .paused
      case .complete: .measuring
      }
    }
  }

  let phase: PointResult.Phase
  let plan: SessionPlan.PointsPlan
  let visits: [Visit]
  var index = 0
  /// Tries of the present visit before this one.
  var retries = 0
  var state = State.approaching
  /// When the set point was given.
  var began: Instant
  var measured: [PointResult] = []
  /// Windows that closed without a result, for which a truth may still come.
  var truthIsForNobody = false
  var windowOpened: Instant
  var rejected = 0
  var missing = 0
  /// Ticks without a pair, one after the other, in the window.
  var consecutiveMissing = 0

  init(phase: PointResult.Phase, plan: SessionPlan.PointsPlan, at instant: Instant) {
    self.phase = phase
    self.plan = plan
    var visits: [Visit] = []
    for direction in plan.order {
      let ordered = plan.setpointsCelsius.sorted { direction == .up ? $0 < $1 : $0 > $1 }
      for setpoint in ordered { visits.append(Visit(setpoint: setpoint, direction: direction)) }
    }
    self.visits = visits
    began = instant
    windowOpened = instant
  }

  var visit: Visit { visits[index] }
  var isMeasuring: Bool { state == .measuring }

  /// When time alone moves the series on.
  var deadline: Instant? {
    switch state {
    case .soaking(let until), .backingOff(let until): until
    default: nil
    }
  }
}
