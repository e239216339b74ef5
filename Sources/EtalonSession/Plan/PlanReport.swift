import Foundation

/// What a session will do on a board, step by step, and about how long it takes.
public struct PlanReport: Sendable, Equatable {
  /// One visit of a set point.
  public struct Visit: Sendable, Equatable {
    /// Set point in °C.
    public var setpointCelsius: Double
    /// Direction of the series.
    public var direction: SessionPlan.PointsPlan.Direction
    /// Least time to get there, in seconds.
    public var travelSeconds: Double
    /// Waiting before the settle criterion counts, in seconds.
    public var soakSeconds: Double
    /// Least time to settle, in seconds.
    public var settleSeconds: Double
    /// Time of the measurement, in seconds.
    public var measureSeconds: Double

    /// All of it, in seconds.
    public var seconds: Double { travelSeconds + soakSeconds + settleSeconds + measureSeconds }
  }

  /// One step of the session.
  public struct Step: Sendable, Equatable {
    /// Name in the session file.
    public var name: String
    /// What it does, for people.
    public var summary: String
    /// The set points that it visits, in order.
    public var visits: [Visit]
    /// Time that belongs to no visit of a set point, in seconds.
    public var otherSeconds = 0.0

    /// Estimated time in seconds.
    public var seconds: Double { visits.reduce(otherSeconds) { $0 + $1.seconds } }
  }

  /// Name of the session.
  public var session: String
  /// Name of the board.
  public var board: String
  /// The steps in order.
  public var steps: [Step]
  /// Range in °C that the plant can hold; nil where the board does not say.
  public var holdableCelsius: ClosedRange<Double>?

  /// Estimated time of the whole session in seconds; no less is possible, and retries come on top.
  public var seconds: Double { steps.reduce(0) { $0 + $1.seconds } }

  /// Works the session out on the board, beginning at the nominal temperature of the room.
  ///
  /// - Throws: `FileFault` of kind `.session` naming every set point that the plant can not hold, or can not reach before
  ///   the time-out.
  public init(session: SessionPlan, board: BoardPlan) throws(FileFault) {
    self.session = session.name
    self.board = board.name
    holdableCelsius = board.holdableCelsius
    steps = []
    var diagnostics: [Diagnostic] = []
    if let range = board.holdableCelsius {
      for points in session.points {
        for (index, celsius) in points.setpointsCelsius.enumerated() where !range.contains(celsius) {
          diagnostics.append(
            Diagnostic(
              file: session.file, place: points.place(of: index),
              reason: "the plant of board '\(board.name)' can not hold the set point \(Self.decimal(celsius)) °C of "
                + "'\(points.name)': it holds \(Self.decimal(range.lowerBound)) °C to \(Self.decimal(range.upperBound)) °C",
              fix: "move the set point into that range, or use a board whose plant reaches it"))
        }
      }
    }
    if !diagnostics.isEmpty { throw FileFault(.session, diagnostics) }
    var celsius = board.roomCelsius
    for step in session.steps {
      steps.append(Self.step(step, session, board, &celsius, &diagnostics))
    }
    if !diagnostics.isEmpty { throw FileFault(.session, diagnostics) }
  }

  private static func step(
    _ step: SessionPlan.SessionStep, _ session: SessionPlan, _ board: BoardPlan, _ celsius: inout Double,
    _ diagnostics: inout [Diagnostic]
  ) -> Step {
    switch step {
    case .identify(let identify):
      let facts = identify.facts.map { "\($0.role) (\($0.facts.joined(separator: ", ")))" }
      return Step(name: "identify", summary: "ask " + facts.joined(separator: "; "), visits: [])
    case .asFound(let name): return series("as_found", name, session, board, &celsius, &diagnostics)
    case .asLeft(let name): return series("as_left", name, session, board, &celsius, &diagnostics)
    case .adjust(let adjust):
      let condition = adjust.whenAboveShareOfLimit.map { "if any |error| + U is above \(decimal($0)) of the limit, " }
      return Step(
        name: "adjust",
        summary: "\(condition ?? "")fit a polynomial of degree \(adjust.degree), valid "
          + "\(decimal(adjust.validCelsius.lowerBound)) °C to \(decimal(adjust.validCelsius.upperBound)) °C, write it to "
          + "\(adjust.role) and read it back",
        visits: [])
    case .control(let control): return onlineStep(control, session, board, &celsius, &diagnostics)
    case .monitor(let monitor): return onlineStep(monitor, session, board, &celsius, &diagnostics)
    }
  }

  private static func onlineStep(
    _ control: SessionPlan.ControlStep, _ session: SessionPlan, _ board: BoardPlan, _ celsius: inout Double,
    _ diagnostics: inout [Diagnostic]
  ) -> Step {
    let target = control.setpointCelsius
    let travel = board.travelSeconds(from: celsius, to: target)
    hold(target, "control", session, board, &diagnostics)
    if let travel, travel > control.timeoutSeconds {
      diagnostics.append(
        Diagnostic(
          file: session.file, place: .start,
          reason: "from \(decimal(celsius)) °C the plant reaches \(decimal(target)) °C in \(duration(travel)) at best; "
            + "the timeout of 'control' is \(duration(control.timeoutSeconds))",
          fix: "raise 'timeout', or move the set point"))
    }
    celsius = target
    var demands: [String] = []
    if let error = control.maximumErrorKelvin { demands.append("|error| at most \(error) K") }
    if let misses = control.maximumDeadlineMisses { demands.append("at most \(misses) missed deadlines") }
    return Step(
      name: "control",
      summary: "reach \(decimal(target)) °C with \(describe(control.loop)) and hold it for "
        + duration(control.holdSeconds) + (demands.isEmpty ? "" : "; required: " + demands.joined(separator: ", ")),
      visits: [], otherSeconds: (travel ?? 0) + control.holdSeconds)
  }

  private static func onlineStep(
    _ monitor: SessionPlan.MonitorStep, _ session: SessionPlan, _ board: BoardPlan, _ celsius: inout Double,
    _ diagnostics: inout [Diagnostic]
  ) -> Step {
    var phases: [String] = []
    for phase in monitor.phases {
      var text = "\(phase.name) for \(duration(phase.seconds))"
      if let target = phase.setpointCelsius {
        hold(target, "phase '\(phase.name)' of 'monitor'", session, board, &diagnostics)
        text += " at \(decimal(target)) °C"
        celsius = target
      }
      if !phase.referencePresent { text += " without the reference" }
      phases.append(text)
    }
    let limit = monitor.maximumExpandedUncertaintyKelvin.map { "U above \($0) K or " } ?? ""
    return Step(
      name: "monitor",
      summary: "calibrate on line" + (monitor.loop.map { " while \(describe($0)) works" } ?? "") + ": "
        + phases.joined(separator: ", ") + "; on \(limit)loss of accuracy: \(monitor.onLoss.rawValue)",
      visits: [], otherSeconds: monitor.seconds)
  }

  private static func describe(_ loop: SessionPlan.ControlLoop) -> String {
    "\(loop.kind.rawValue) control of \(loop.input) through \(loop.output) every \(duration(loop.periodSeconds))"
  }

  private static func hold(
    _ celsius: Double, _ what: String, _ session: SessionPlan, _ board: BoardPlan, _ diagnostics: inout [Diagnostic]
  ) {
    guard let range = board.holdableCelsius, !range.contains(celsius) else { return }
    diagnostics.append(
      Diagnostic(
        file: session.file, place: .start,
        reason: "the plant of board '\(board.name)' can not hold the set point \(decimal(celsius)) °C of \(what): it "
          + "holds \(decimal(range.lowerBound)) °C to \(decimal(range.upperBound)) °C",
        fix: "move the set point into that range, or use a board whose plant reaches it"))
  }

  private static func series(
    _ step: String, _ name: String, _ session: SessionPlan, _ board: BoardPlan, _ celsius: inout Double,
    _ diagnostics: inout [Diagnostic]
  ) -> Step {
    guard let points = session.points.first(where: { $0.name == name }) else {
      preconditionFailure("a checked session has the points that its steps name")
    }
    var visits: [Visit] = []
    for direction in points.order {
      let order = points.setpointsCelsius.indices
      for index in direction == .up ? Array(order) : order.reversed() {
        let target = points.setpointsCelsius[index]
        let travel = board.travelSeconds(from: celsius, to: target)
        let needed = (travel ?? .infinity) + points.soakSeconds + points.settle.holdSeconds
        if needed > points.settle.timeoutSeconds {
          diagnostics.append(
            Diagnostic(
              file: session.file, place: points.place(of: index),
              reason: "from \(decimal(celsius)) °C the plant reaches \(decimal(target)) °C, soaks and settles in "
                + "\(duration(needed)) at best; the timeout of '\(name)' is \(duration(points.settle.timeoutSeconds))",
              fix: "raise 'timeout', shorten 'soak', or move the set point"))
        }
        visits.append(
          Visit(
            setpointCelsius: target, direction: direction, travelSeconds: travel ?? 0, soakSeconds: points.soakSeconds,
            settleSeconds: points.settle.holdSeconds,
            measureSeconds: Double(points.measure.samples) / session.sampling.rateHertz))
        celsius = target
      }
    }
    return Step(
      name: step,
      summary: "measure '\(name)': \(visits.count) set points, \(points.measure.samples) pairs in "
        + "\(points.measure.blocks) blocks at each",
      visits: visits)
  }

  // MARK: Printing

  /// The report as printed by `plan`.
  public func text() -> String {
    var lines = ["session \(session) on board \(board): about \(Self.duration(seconds))"]
    if let range = holdableCelsius {
      lines.append("plant holds \(Self.decimal(range.lowerBound)) °C to \(Self.decimal(range.upperBound)) °C")
    }
    for (index, step) in steps.enumerated() {
      let time = step.seconds == 0 ? "" : ", about \(Self.duration(step.seconds))"
      lines.append("\(index + 1). \(step.name): \(step.summary)\(time)")
      for visit in step.visits {
        let setpoint = String(repeating: " ", count: max(0, 7 - Self.decimal(visit.setpointCelsius).count))
        lines.append(
          "   \(setpoint)\(Self.decimal(visit.setpointCelsius)) °C \(visit.direction.rawValue == "up" ? "up  " : "down")"
            + "  travel \(Self.duration(visit.travelSeconds)), soak \(Self.duration(visit.soakSeconds)), settle "
            + "\(Self.duration(visit.settleSeconds)), measure \(Self.duration(visit.measureSeconds))")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The report as one JSON object with sorted keys: times in seconds, temperatures in °C.
  public func json() throws -> String {
    let object: [String: Any] = [
      "session": session, "board": board, "seconds": seconds,
      "holdable": holdableCelsius.map { [$0.lowerBound, $0.upperBound] as Any } ?? NSNull(),
      "steps": steps.map { step in
        [
          "name": step.name, "summary": step.summary, "seconds": step.seconds,
          "points": step.visits.map { visit in
            [
              "setpoint": visit.setpointCelsius, "direction": visit.direction.rawValue, "travel": visit.travelSeconds,
              "soak": visit.soakSeconds, "settle": visit.settleSeconds, "measure": visit.measureSeconds,
              "seconds": visit.seconds,
            ] as [String: Any]
          },
        ] as [String: Any]
      },
    ]
    let data = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }

  /// At most two decimals, none superfluous.
  static func decimal(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int(rounded)) : String(rounded)
  }

  /// `45 s`, `12 min`, `4 h 05 min`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "for ever" }
    if seconds < 99.5 { return "\(decimal((seconds * 10).rounded() / 10)) s" }
    let minutes = Int((seconds / 60).rounded())
    if minutes < 100 { return "\(minutes) min" }
    return "\(minutes / 60) h \(minutes % 60 < 10 ? "0" : "")\(minutes % 60) min"
  }
}

extension SessionPlan.PointsPlan {
  /// Where a set point stands in the file.
  func place(of index: Int) -> SourcePlace { index < setpointPlaces.count ? setpointPlaces[index] : .start }
}
