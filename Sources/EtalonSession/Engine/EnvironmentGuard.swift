import EtalonCore

/// Watches the room and says when it leaves its limits.
struct EnvironmentGuard: Sendable {
  /// Seconds between two readings of the room.
  static let periodSeconds = 10.0
  let limits: [SessionPlan.EnvironmentLimit]
  /// When the next reading is due.
  var due: Instant?
  /// Since when a limit that pauses the run is exceeded.
  var outsideSince: Instant?
  /// Whether each limit's last reading was outside, so that a remark is made once per excursion.
  var isOutside: [Bool]
  /// Readings that did not come, one after the other.
  var missed = 0

  init(_ limits: [SessionPlan.EnvironmentLimit]) {
    self.limits = limits
    isOutside = Array(repeating: false, count: limits.count)
  }

  static func value(_ signal: SessionPlan.EnvironmentLimit.Signal, of environment: Environment) -> Double {
    switch signal {
    case .temperature: environment.celsius
    case .humidity: environment.relativeHumidityPercent
    case .pressure: environment.pascals
    }
  }
}

extension SessionEngine {
  /// Asks for the room's conditions when it is time.
  mutating func watchEnvironment(at instant: Instant) {
    guard let monitor, !guardian.limits.isEmpty else { return }
    if let due = guardian.due, instant < due { return }
    guardian.due = instant + Int64(EnvironmentGuard.periodSeconds * 1e9)
    instruments[monitor].request(.readEnvironment, for: .environment)
  }

  mutating func environmentReport(_ report: DeviceReport, at instant: Instant, _ outbox: inout Outbox) {
    guard case .environment(let environment) = report else {
      guardian.missed += 1
      if guardian.missed == 6 {
        let role = monitor.flatMap { instruments[$0].roles.last } ?? ""
        fail(
          Failure(.deviceAbsent, role: role, "\(role): the room has not been read for a minute; check the monitor"),
          at: instant, &outbox)
      }
      return
    }
    guardian.missed = 0
    outbox.record(environment: environment)
    var pausing = false
    for (index, limit) in guardian.limits.enumerated() {
      let value = EnvironmentGuard.value(limit.signal, of: environment)
      let outside = !limit.within.contains(value)
      if outside, !guardian.isOutside[index] {
        let remark =
          "\(limit.role).\(limit.signal.rawValue) is \(value), outside \(limit.within.lowerBound) to "
          + "\(limit.within.upperBound): \(limit.otherwise.rawValue)"
        results.remarks.append(remark)
        outbox.record(remark: remark)
        if limit.otherwise == .stop {
          fail(Failure(.inconclusive, role: limit.role, remark), at: instant, &outbox)
          return
        }
      }
      guardian.isOutside[index] = outside
      if outside, limit.otherwise == .pause {
        pausing = true
        if let since = guardian.outsideSince, let giveUp = limit.giveUpSeconds, instant.seconds(since: since) > giveUp {
          fail(
            Failure(
              .inconclusive, role: limit.role,
              "\(limit.role).\(limit.signal.rawValue) stayed outside its limits for longer than \(Int(giveUp)) s"),
            at: instant, &outbox)
          return
        }
      }
    }
    if pausing {
      if guardian.outsideSince == nil { guardian.outsideSince = instant }
      pauseVisit(at: instant, &outbox)
    } else if guardian.outsideSince != nil {
      guardian.outsideSince = nil
      resumeVisit(at: instant, &outbox)
    }
  }
}
