/// What a session says about on-line calibration and control: the device's prior and the steps `control` and `monitor`.
extension SessionReader {
  /// The keys of `prior:` of a device.
  func prior(_ mapping: MappingReader) -> DevicePrior? {
    let before = context.diagnostics.count
    var prior = DevicePrior()
    if let value = mapping.distribution("offset", .temperatureDifference) { prior.offsetKelvin = value }
    if let value = mapping.distribution("gain", .share, scale: 0.01) { prior.gain = value }
    if let value = mapping.distribution("curvature", .temperatureDifference) { prior.curvatureKelvin = value }
    if let value = mapping.distribution("cubic", .temperatureDifference) { prior.cubicKelvin = value }
    if let value = mapping.distribution("drift_per_hour", .temperatureDifference) { prior.driftKelvinPerHour = value }
    if let value = mapping.optional("wander_per_root_hour")?.quantity(.temperatureDifference, .notNegative) {
      prior.wanderKelvinPerRootHour = value
    }
    if let value = mapping.distribution("noise", .temperatureDifference) { prior.noiseKelvin = value }
    prior.lagSeconds = mapping.distribution("lag", .time)
    mapping.finish()
    return context.diagnostics.count == before ? prior : nil
  }

  // MARK: Loop

  /// - Parameter takesSetpoint: whether the loop itself names its set point.
  private func loop(
    _ mapping: MappingReader, _ roles: [SessionPlan.RoleRequirement], rateHertz: Double?, takesSetpoint: Bool
  ) -> (loop: SessionPlan.ControlLoop, setpoint: Double)? {
    let before = context.diagnostics.count
    var input = ""
    var isDevice = true
    if let value = mapping.required("input"), let name = value.identifier(), findRole(name, in: roles, value) {
      input = name
      switch roles.first(where: { $0.name == name })?.kind {
      case .device: isDevice = true
      case .standard: isDevice = false
      case let kind:
        value.report(
          "the role '\(name)' is \(kind == .actuator ? "an" : "a") \(kind?.rawValue ?? "") and measures nothing to hold",
          fix: "name the device under test or the standard")
      }
    }
    var output = ""
    var outputRange: ClosedRange<Double>?
    if let value = mapping.required("output"), let name = value.identifier(), findRole(name, in: roles, value) {
      output = name
      let role = roles.first { $0.name == name }
      outputRange = role?.rangeCelsius
      if role?.kind != .actuator {
        value.report("the role '\(name)' drives nothing", fix: "name a role of kind actuator")
      }
    }
    let kind = mapping.required("kind")?.choice(SessionPlan.ControlLoop.Kind.self)
    var band = 0.05
    if kind == .onOff, let value = mapping.optional("band")?.quantity(.temperatureDifference, .positive) {
      band = value
    }
    let period = periods(mapping.required("period"), rateHertz)
    let clampValue = mapping.required("clamp")
    let clamp = clampValue?.range(.temperature)
    if let clamp, let range = outputRange, clamp.lowerBound < range.lowerBound || clamp.upperBound > range.upperBound {
      clampValue?.report(
        "the clamp from \(clamp.lowerBound) °C to \(clamp.upperBound) °C is wider than the range of '\(output)', "
          + "\(range.lowerBound) °C to \(range.upperBound) °C",
        fix: "write clamp: [\(range.lowerBound) °C, \(range.upperBound) °C] or narrower")
    }
    var setpoint = 0.0
    if takesSetpoint, let value = mapping.required("setpoint"), let celsius = value.quantity(.temperature) {
      setpoint = celsius
      check(setpoint: celsius, value, clamp)
    }
    if kind != nil { mapping.finish() } else if !mapping.has("kind") { mapping.finishMissing() }
    guard context.diagnostics.count == before, let kind, let period, let clamp else { return nil }
    return (
      SessionPlan.ControlLoop(
        input: input, inputIsDevice: isDevice, output: output, kind: kind, periodSeconds: period, clampCelsius: clamp,
        bandKelvin: band), setpoint
    )
  }

  private func check(setpoint: Double, _ value: ValueReader, _ clamp: ClosedRange<Double>?) {
    guard let clamp, !clamp.contains(setpoint) else { return }
    value.report(
      "the set point \(setpoint) °C is outside the clamp, \(clamp.lowerBound) °C to \(clamp.upperBound) °C",
      fix: "move the set point, or widen 'clamp'")
  }

  /// A time that is a whole number of sampling periods.
  private func periods(_ value: ValueReader?, _ rateHertz: Double?) -> Double? {
    guard let value, let seconds = value.quantity(.time, .positive) else { return nil }
    guard let rateHertz else { return seconds }
    let count = (seconds * rateHertz).rounded()
    if count >= 1, abs(count - seconds * rateHertz) < 1e-6 * count { return seconds }
    value.report(
      "\(seconds) s is no whole number of sampling periods of \(1 / rateHertz) s",
      fix: "write a multiple of \(1 / rateHertz) s")
    return nil
  }

  // MARK: Steps

  func control(
    _ mapping: MappingReader, _ roles: [SessionPlan.RoleRequirement], rateHertz: Double?
  ) -> SessionPlan.SessionStep? {
    let before = context.diagnostics.count
    let loop = mapping.required("loop")?.mapping().flatMap {
      self.loop($0, roles, rateHertz: rateHertz, takesSetpoint: true)
    }
    let hold = mapping.required("hold")?.quantity(.time, .positive)
    let timeout = mapping.optional("timeout")?.quantity(.time, .positive) ?? 45 * 60
    var error: Double?
    var misses: Int?
    if let require = mapping.optional("require")?.mapping() {
      error = require.optional("max_abs_error")?.quantity(.temperatureDifference, .positive)
      misses = require.optional("deadline_misses")?.integer(0...1_000_000)
      require.finish()
    }
    mapping.finish()
    guard context.diagnostics.count == before, let loop, let hold else { return nil }
    return .control(
      SessionPlan.ControlStep(
        loop: loop.loop, setpointCelsius: loop.setpoint, holdSeconds: hold, timeoutSeconds: timeout,
        maximumErrorKelvin: error, maximumDeadlineMisses: misses))
  }

  func monitor(
    _ mapping: MappingReader, _ roles: [SessionPlan.RoleRequirement], rateHertz: Double?
  ) -> SessionPlan.SessionStep? {
    let before = context.diagnostics.count
    var loop: SessionPlan.ControlLoop?
    if let reader = mapping.optional("loop")?.mapping() {
      loop = self.loop(reader, roles, rateHertz: rateHertz, takesSetpoint: false)?.loop
    }
    let every = mapping.has("every") ? periods(mapping.optional("every"), rateHertz) : 10
    var greatest: Double?
    var onLoss = SessionPlan.MonitorStep.OnLoss.alarm
    var alarmLine: String?
    if let accuracy = mapping.required("accuracy")?.mapping() {
      greatest = accuracy.optional("U_max")?.quantity(.temperatureDifference, .positive)
      if let value = accuracy.required("else"), let word = value.choice(SessionPlan.MonitorStep.OnLoss.self) {
        onLoss = word
        if word == .replace, !mapping.has("loop") {
          value.report("without a loop there is nothing to replace the device in", fix: "write alarm or stop")
        }
      }
      alarmLine = accuracy.optional("line")?.identifier()
      accuracy.finish()
    }
    var phases: [SessionPlan.MonitorStep.Phase] = []
    for item in mapping.required("phases")?.list() ?? [] {
      guard let phase = item.mapping() else { continue }
      let nameValue = phase.required("name")
      let name = nameValue?.identifier()
      if let name, phases.contains(where: { $0.name == name }) {
        nameValue?.report("the phase '\(name)' stands twice", fix: "give each phase a name of its own")
      }
      let seconds = phase.required("for")?.quantity(.time, .positive)
      var setpoint: Double?
      if let value = phase.optional("setpoint"), let celsius = value.quantity(.temperature) {
        setpoint = celsius
        if mapping.has("loop") {
          check(setpoint: celsius, value, loop?.clampCelsius)
        } else {
          value.report("nothing moves the process to a set point", fix: "add 'loop: {...}' to the step")
        }
      } else if loop != nil, phases.isEmpty, !phase.has("setpoint") {
        item.report("the first phase has no set point", fix: "add 'setpoint:', for example setpoint: 30 °C")
      }
      let value = phase.optional("reference")
      let present = value.map { $0.word(of: ["present", "away"]) != "away" } ?? true
      if !present, phases.isEmpty {
        value?.report(
          "the reference is away from the beginning, so nothing can be learnt",
          fix: "let a phase with the reference come first")
      }
      phase.finish()
      if let name, let seconds {
        phases.append(
          SessionPlan.MonitorStep.Phase(
            name: name, seconds: seconds, setpointCelsius: setpoint, referencePresent: present))
      }
    }
    mapping.finish()
    guard context.diagnostics.count == before, let every else { return nil }
    return .monitor(
      SessionPlan.MonitorStep(
        loop: loop, phases: phases, everySeconds: every, maximumExpandedUncertaintyKelvin: greatest, onLoss: onLoss,
        alarmLine: alarmLine))
  }

  /// Whether the session has a step of one of these names; says nothing about faults in it.
  func hasStep(_ names: Set<String>) -> Bool {
    guard case .sequence(let items) = root.optional("steps")?.node.content else { return false }
    return items.contains { item in
      guard case .mapping(let entries) = item.content else { return false }
      return entries.contains { names.contains($0.key) }
    }
  }
}
