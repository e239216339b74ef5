/// Roles, environment and sampling.
extension SessionReader {
  static let quantities = ["temperature", "humidity", "pressure"]

  /// The roles, those with faults among them, so that others may refer to them; none where a role's kind is not known,
  /// because then no reference can be judged.
  func roles() -> [SessionPlan.RoleRequirement]? {
    guard let mapping = root.required("roles")?.mapping() else { return nil }
    let before = context.diagnostics.count
    var roles: [SessionPlan.RoleRequirement] = []
    var isJudgeable = true
    for (key, place, value) in mapping.others() {
      guard ValueReader.isIdentifier(key), !key.contains(".") else {
        context.report("'\(key)' is no name for a role", fix: "use letters, digits, '-' and '_'", at: place)
        isJudgeable = false
        continue
      }
      guard let role = role(key, value) else {
        isJudgeable = false
        continue
      }
      roles.append(role)
    }
    for kind in [SessionPlan.RoleRequirement.Kind.device, .standard] where context.diagnostics.count == before {
      let count = roles.filter { $0.kind == kind }.count
      if count != 1 {
        context.report(
          "a session needs exactly one role of kind '\(kind.rawValue)', and this has \(count)",
          fix: count == 0 ? "add one, such as {kind: \(kind.rawValue), quantity: temperature}" : "keep one of them",
          at: mapping.place)
      }
    }
    return isJudgeable ? roles : []
  }

  private func role(_ name: String, _ value: ValueReader) -> SessionPlan.RoleRequirement? {
    guard let mapping = value.mapping() else { return nil }
    mapping.notAvailable("firmware")
    let kind = mapping.required("kind")?.choice(SessionPlan.RoleRequirement.Kind.self)
    var role = SessionPlan.RoleRequirement(
      name: name, kind: kind ?? .device, quantities: [], resolutionKelvin: nil, rangeCelsius: nil,
      maximumExpandedUncertaintyKelvin: nil, certificateRequired: false, safeHeaterDisabled: false)
    if kind == .monitor {
      let items = mapping.required("quantities")?.list()
      role.quantities = items?.compactMap { $0.word(of: Self.quantities) } ?? []
    } else if let quantity = mapping.required("quantity")?.word(of: ["temperature"]) {
      role.quantities = [quantity]
    }
    if kind != .monitor {
      role.rangeCelsius = mapping.optional("range")?.range(.temperature)
    }
    if kind == .device {
      role.resolutionKelvin = mapping.optional("resolution")?.quantity(.temperatureDifference, .positive)
      if let value = mapping.optional("prior") {
        role.prior = value.mapping().flatMap { prior($0) }
        if role.rangeCelsius == nil, !mapping.has("range") {
          value.report(
            "a prior is about the middle of the device's range, which is not given",
            fix: "add range: [0 °C, 60 °C] with the limits of the device")
        }
      }
    }
    if kind == .standard {
      role.noiseKelvin = mapping.optional("noise")?.quantity(.temperatureDifference, .notNegative)
      role.maximumExpandedUncertaintyKelvin = mapping.optional("U_max")?.quantity(.temperatureDifference, .positive)
      role.certificateRequired = mapping.optional("certificate")?.word(of: ["required", "optional"]) == "required"
    }
    if kind == .actuator, let safe = mapping.required("safe")?.mapping() {
      safe.notAvailable("setpoint")
      role.safeHeaterDisabled = safe.required("heater")?.word(of: ["disabled"]) != nil
      safe.finish()
    }
    // Without its kind, a role's other keys can not be judged.
    if kind != nil { mapping.finish() } else if !mapping.has("kind") { mapping.finishMissing() }
    return kind == nil ? nil : role
  }

  func environment(_ roles: [SessionPlan.RoleRequirement]) -> [SessionPlan.EnvironmentLimit]? {
    guard let value = root.optional("environment") else { return [] }
    guard let mapping = value.mapping() else { return nil }
    let before = context.diagnostics.count
    var limits: [SessionPlan.EnvironmentLimit] = []
    for (key, place, value) in mapping.others() {
      let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let signals = SessionPlan.EnvironmentLimit.Signal.allCases.map(\.rawValue)
      guard parts.count == 2 else {
        context.report(
          "'\(key)' names no signal", fix: "write role.signal, as in room.temperature", at: place)
        continue
      }
      guard let signal = SessionPlan.EnvironmentLimit.Signal(rawValue: parts[1]) else {
        context.report(
          "'\(parts[1])' is no signal of the environment", fix: "use one of: \(signals.joined(separator: ", "))",
          at: place, nearest: NearestWord.nearest(to: parts[1], among: signals))
        continue
      }
      if let role = roles.first(where: { $0.name == parts[0] }) {
        if role.kind != .monitor || !role.quantities.contains(parts[1]) {
          context.report(
            "the role '\(parts[0])' does not watch \(parts[1])",
            fix: "name a monitor with \(parts[1]) among its quantities", at: place)
        }
      } else if !roles.isEmpty {
        let names = roles.map(\.name)
        context.report(
          "there is no role '\(parts[0])'", fix: "use one of: \(names.joined(separator: ", "))", at: place,
          nearest: NearestWord.nearest(to: parts[0], among: names))
      }
      guard let item = value.mapping() else { continue }
      let kind: QuantityKind
      switch signal {
      case .temperature: kind = .temperature
      case .humidity: kind = .relativeHumidity
      case .pressure: kind = .pressure
      }
      let within = item.required("within")?.range(kind)
      let elseValue = item.required("else")
      let otherwise = elseValue?.choice(SessionPlan.EnvironmentLimit.Otherwise.self)
      if otherwise == .pause, hasStep(["control", "monitor"]) {
        elseValue?.report(
          "a loop holds the process in the steps 'control' and 'monitor', and nothing of them can pause",
          fix: "write warn or stop")
      }
      var giveUp: Double?
      if otherwise == .pause { giveUp = item.required("give_up")?.quantity(.time, .positive) }
      if otherwise != nil { item.finish() } else if !item.has("else") { item.finishMissing() }
      guard let within, let otherwise else { continue }
      limits.append(
        SessionPlan.EnvironmentLimit(
          role: parts[0], signal: signal, within: within, otherwise: otherwise, giveUpSeconds: giveUp))
    }
    return context.diagnostics.count == before ? limits : nil
  }

  func sampling() -> SessionPlan.SamplingPlan? {
    guard let mapping = root.required("sampling")?.mapping() else { return nil }
    let before = context.diagnostics.count
    var plan = SessionPlan.SamplingPlan(
      rateHertz: 1, alignSeconds: 0, reject: nil, maximumGapSeconds: 0, maximumMissingFraction: 0)
    if let value = mapping.required("rate"), let rate = value.quantity(.frequency, .positive) {
      if rate > 10_000 || rate < 1e-4 {
        value.report("a rate of \(rate) Hz is out of range", fix: "write a rate from 0.0001 Hz to 10000 Hz")
      }
      plan.rateHertz = rate
    }
    if let align = mapping.required("align")?.mapping() {
      plan.alignSeconds = align.required("ref_to_dut")?.quantity(.time, .positive) ?? 0
      _ = align.required("method")?.word(of: ["linear"])
      align.finish()
    }
    if let reject = mapping.optional("reject")?.mapping() {
      _ = reject.required("method")?.word(of: ["hampel"])
      let windowValue = reject.required("window")
      let window = windowValue?.integer(3...1001)
      if let window, window.isMultiple(of: 2) {
        windowValue?.report("the window has \(window) samples, which have no middle one", fix: "write an odd number")
      }
      let k = reject.required("k")?.number(need: "a number above zero") { $0 > 0 }
      let fraction = fraction(reject.required("max_fraction"))
      reject.finish()
      if let window, let k, let fraction {
        plan.reject = SessionPlan.SamplingPlan.Rejection(window: window, k: k, maximumFraction: fraction)
      }
    }
    if let missing = mapping.required("missing")?.mapping() {
      plan.maximumGapSeconds = missing.required("max_gap")?.quantity(.time, .positive) ?? 0
      plan.maximumMissingFraction = fraction(missing.required("max_fraction")) ?? 0
      _ = missing.required("else")?.word(of: ["retry"])
      missing.finish()
    }
    mapping.finish()
    return context.diagnostics.count == before ? plan : nil
  }

  /// A share as 0...1.
  private func fraction(_ value: ValueReader?) -> Double? {
    guard let value, let percent = value.quantity(.share, .notNegative) else { return nil }
    if percent <= 100 { return percent / 100 }
    value.report("a share above 100 %", fix: "write a share from 0 % to 100 %")
    return nil
  }
}
