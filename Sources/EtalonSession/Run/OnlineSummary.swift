import EtalonCore

/// The parts of `summary.json` that tell of the steps `control` and `monitor`; absent where there was no such step.
extension Summary {
  struct Control: Encodable {
    let result: ControlResult
    init(_ result: ControlResult) { self.result = result }

    struct Required: Encodable {
      let error: Double?
      let misses: Int?

      enum Key: String, CodingKey {
        case error = "max_abs_error"
        case misses = "deadline_misses"
      }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(error, forKey: .error)
        try container.encode(misses, forKey: .misses)
      }
    }

    enum Key: String, CodingKey {
      case setpoint, kind, reached, overshoot, held, decisions, energy, verdict, required
      case maximumError = "max_abs_error"
      case rms = "rms_error"
      case misses = "deadline_misses"
      case expanded = "U"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(result.step.setpointCelsius, forKey: .setpoint)
      try container.encode(result.step.loop.kind.rawValue, forKey: .kind)
      try container.encode(result.reachedAfterSeconds, forKey: .reached)
      try container.encode(result.overshootKelvin, forKey: .overshoot)
      try container.encode(result.heldSeconds, forKey: .held)
      try container.encode(result.greatestErrorKelvin, forKey: .maximumError)
      try container.encode(result.rmsErrorKelvin, forKey: .rms)
      try container.encode(result.greatestExpandedUncertainty, forKey: .expanded)
      try container.encode(result.decisions, forKey: .decisions)
      try container.encode(result.deadlineMisses, forKey: .misses)
      try container.encode(result.energyJoules, forKey: .energy)
      try container.encode(result.verdict.rawValue, forKey: .verdict)
      try container.encode(
        Required(error: result.step.maximumErrorKelvin, misses: result.step.maximumDeadlineMisses),
        forKey: .required)
    }
  }

  struct Monitor: Encodable {
    let result: MonitorResult
    let time: (Instant?) -> String?
    init(_ result: MonitorResult, time: @escaping (Instant?) -> String?) {
      self.result = result
      self.time = time
    }

    enum Key: String, CodingKey {
      case phases, alarms, states, verdict
      case misses = "deadline_misses"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(
        result.began.indices.map { number in
          Phase(
            phase: result.step.phases[number], began: time(result.began[number]),
            rows: result.rows.filter { $0.phase == number })
        }, forKey: .phases)
      try container.encode(
        result.alarms.map {
          Alarm(at: time($0.instant), state: "\($0.state)", reason: $0.reason, action: $0.action.rawValue)
        },
        forKey: .alarms)
      try container.encode(result.changes.map { Change(at: time($0.instant), state: "\($0.state)") }, forKey: .states)
      try container.encode(result.deadlineMisses, forKey: .misses)
      try container.encode(result.verdict.rawValue, forKey: .verdict)
    }

    struct Alarm: Encodable {
      let at: String?
      let state: String
      let reason: String
      let action: String
    }

    struct Change: Encodable {
      let at: String?
      let state: String
    }

    /// One phase, with its last row.
    struct Phase: Encodable {
      let phase: SessionPlan.MonitorStep.Phase
      let began: String?
      let rows: [MonitorRow]

      enum Key: String, CodingKey {
        case name, began, setpoint, reference, rows, indication, corrected, u, state, truth
        case expanded = "U"
      }

      struct Truth: Encodable {
        let error: Double
        let covered: Double
      }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(phase.name, forKey: .name)
        try container.encode(began, forKey: .began)
        try container.encode(rows.last?.setpoint, forKey: .setpoint)
        try container.encode(phase.referencePresent ? "present" : "away", forKey: .reference)
        try container.encode(rows.count, forKey: .rows)
        try container.encode(rows.last?.indication, forKey: .indication)
        try container.encode(rows.last?.corrected, forKey: .corrected)
        try container.encode(rows.last?.uncertainty.standard, forKey: .u)
        try container.encode(rows.last?.expandedUncertainty, forKey: .expanded)
        try container.encode(rows.last.map { "\($0.state)" }, forKey: .state)
        let known = rows.filter { $0.error != nil }
        if let last = known.last, let error = last.error {
          let covered = known.filter { abs($0.error ?? .infinity) <= $0.expandedUncertainty }.count
          try container.encode(
            Truth(error: error, covered: Double(covered) / Double(known.count)), forKey: .truth)
        }
      }
    }
  }
}
