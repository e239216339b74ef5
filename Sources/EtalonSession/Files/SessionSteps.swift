import Foundation

/// Steps, what is done at the end, and what only the whole session shows.
extension SessionReader {
  private static let unavailableSteps = ["prompt", "flash", "wait", "stop"]

  func steps(
    _ roles: [SessionPlan.RoleRequirement], _ points: [SessionPlan.PointsPlan], rateHertz: Double?
  ) -> [SessionPlan.SessionStep]? {
    guard let value = root.required("steps"), let items = value.list() else { return nil }
    let before = context.diagnostics.count
    var steps: [SessionPlan.SessionStep] = []
    var seen: [String] = []
    for item in items {
      guard let mapping = item.mapping() else { continue }
      let entries = mapping.others()
      if entries.count != 1 {
        item.report(
          "a step has one key, not \(entries.count)", fix: "begin each step with '- ' and indent what belongs to it")
        continue
      }
      let (key, place, value) = entries[0]
      if Self.unavailableSteps.contains(key) {
        context.report("the step '\(key)' is not available yet in this version", fix: "remove it for now", at: place)
        continue
      }
      if seen.contains(key), !["control", "monitor"].contains(key) {
        context.report("the step '\(key)' stands twice", fix: "keep one of the two", at: place)
        continue
      }
      if let step = step(key, place, value, seen, roles, points, rateHertz) { steps.append(step) }
      seen.append(key)
    }
    let measuring = ["as_found", "as_left", "control", "monitor"]
    if context.diagnostics.count == before && !seen.contains(where: measuring.contains) {
      value.report("no step measures anything", fix: "add '- as_found: {points: ...}'")
    }
    if context.diagnostics.count == before && !seen.contains("identify") {
      value.report(
        "no step identifies the devices", fix: "begin with '- identify: {...}': nothing is measured on strangers")
    }
    return context.diagnostics.count == before ? steps : nil
  }

  private func step(
    _ key: String, _ place: SourcePlace, _ value: ValueReader, _ seen: [String],
    _ roles: [SessionPlan.RoleRequirement], _ points: [SessionPlan.PointsPlan], _ rateHertz: Double?
  ) -> SessionPlan.SessionStep? {
    switch key {
    case "identify":
      if !seen.isEmpty { context.report("'identify' is not the first step", fix: "move it to the front", at: place) }
      return value.mapping().flatMap { identify($0, roles) }
    case "as_found":
      if seen.contains("adjust") || seen.contains("as_left") {
        context.report("'as_found' comes after '\(seen.last ?? "")'", fix: "move it before 'adjust'", at: place)
      }
      guard let mapping = value.mapping() else { return nil }
      let name = mapping.required("points").flatMap { self.points($0, points) }
      mapping.finish()
      return name.map { .asFound(points: $0) }
    case "adjust":
      if !seen.contains("as_found") {
        context.report(
          "'adjust' has no 'as_found' before it to fit", fix: "add '- as_found: {points: ...}' before it", at: place)
      }
      return value.mapping().flatMap { adjust($0, roles) }
    case "as_left":
      guard let mapping = value.mapping() else { return nil }
      let name = mapping.required("points").flatMap { self.points($0, points) }
      if let after = mapping.optional("after"), after.word(of: ["adjust"]) != nil, !seen.contains("adjust") {
        after.report("no 'adjust' comes before", fix: "move the step behind 'adjust', or remove 'after'")
      }
      mapping.finish()
      return name.map { .asLeft(points: $0) }
    case "control": return value.mapping().flatMap { control($0, roles, rateHertz: rateHertz) }
    case "monitor": return value.mapping().flatMap { monitor($0, roles, rateHertz: rateHertz) }
    default:
      let known = ["identify", "as_found", "adjust", "as_left", "control", "monitor"]
      context.report(
        "there is no step '\(key)'", fix: "use one of: \(known.joined(separator: ", "))", at: place,
        nearest: NearestWord.nearest(to: key, among: known + Self.unavailableSteps))
      return nil
    }
  }

  private func points(_ value: ValueReader, _ lists: [SessionPlan.PointsPlan]) -> String? {
    guard let name = value.identifier() else { return nil }
    if lists.contains(where: { $0.name == name }) { return name }
    // Where the lists could not be read, every name would be unknown.
    if lists.isEmpty { return nil }
    let names = lists.map(\.name)
    value.report(
      "there are no points '\(name)'", fix: "use one of: \(names.joined(separator: ", "))",
      nearest: NearestWord.nearest(to: name, among: names))
    return nil
  }

  private func identify(
    _ mapping: MappingReader, _ roles: [SessionPlan.RoleRequirement]
  ) -> SessionPlan.SessionStep? {
    let before = context.diagnostics.count
    var expired = false
    var mismatch = false
    for item in mapping.optional("refuse")?.list() ?? [] {
      switch item.word(of: ["expired", "uid-mismatch"]) {
      case "expired": expired = true
      case "uid-mismatch": mismatch = true
      default: break
      }
    }
    var facts: [(role: String, facts: [String])] = []
    for (key, place, value) in mapping.others() {
      guard let role = roles.first(where: { $0.name == key }) else {
        if !roles.isEmpty {
          let names = roles.map(\.name) + ["refuse"]
          context.report(
            "there is no role '\(key)'", fix: "use one of: \(names.joined(separator: ", "))", at: place,
            nearest: NearestWord.nearest(to: key, among: names))
        }
        continue
      }
      let words: [String]
      switch role.kind {
      case .device: words = ["uid", "firmware", "coefficients"]
      case .standard: words = ["uid", "firmware", "certificate"]
      case .actuator, .monitor: words = ["uid", "firmware"]
      }
      let items = value.list() ?? []
      facts.append((role: key, facts: items.compactMap { $0.word(of: words) }))
    }
    if facts.isEmpty && !roles.isEmpty && context.diagnostics.count == before {
      context.report(
        "'identify' asks no role anything", fix: "write, for example, dut: [uid, firmware]", at: mapping.place)
    }
    guard context.diagnostics.count == before else { return nil }
    return .identify(SessionPlan.SessionStep.Identify(facts: facts, refuseExpired: expired, refuseMismatch: mismatch))
  }

  private func adjust(_ mapping: MappingReader, _ roles: [SessionPlan.RoleRequirement]) -> SessionPlan.SessionStep? {
    let before = context.diagnostics.count
    let share = mapping.required("when").flatMap { condition($0) }
    var degree: Int?
    var residual: Double?
    var valid: ClosedRange<Double>?
    if let fit = mapping.required("fit")?.mapping() {
      _ = fit.required("form")?.word(of: ["polynomial"])
      degree = fit.required("degree")?.integer(0...3)
      _ = fit.required("weights")?.word(of: ["1/u^2"])
      residual = fit.required("max_residual")?.quantity(.temperatureDifference, .positive)
      valid = fit.required("valid")?.range(.temperature)
      fit.finish()
    }
    var role: String?
    if let write = mapping.required("write")?.mapping() {
      if let to = write.required("to"), let text = to.text() {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count != 2 || parts[1] != "coefficients" {
          to.report("nothing can be written to '\(text)'", fix: "write role.coefficients, as in dut.coefficients")
        } else if findRole(parts[0], in: roles, to) {
          role = parts[0]
          if let found = roles.first(where: { $0.name == parts[0] }), found.kind != .device {
            to.report(
              "the role '\(parts[0])' is a \(found.kind.rawValue); only the device under test is adjusted",
              fix: "name the role of kind device")
          }
        }
      }
      // Nothing weaker exists: a write that is not read back is not known to have happened.
      _ = write.required("atomic")?.word(of: ["required"])
      _ = write.required("read_back")?.word(of: ["required"])
      _ = write.required("keep_previous")?.integer(1...1)
      write.finish()
    }
    mapping.finish()
    guard context.diagnostics.count == before, let share, let degree, let residual, let valid, let role else {
      return nil
    }
    return .adjust(
      SessionPlan.SessionStep.Adjust(
        whenAboveShareOfLimit: share.value, degree: degree, maximumResidualKelvin: residual, validCelsius: valid,
        role: role))
  }

  /// Reads `always` or `any(abs(error) + U > 0.5 * limit)`; the share is nil for `always`.
  private func condition(_ value: ValueReader) -> (value: Double?, Void)? {
    guard let (text, origin) = value.resolved() else { return nil }
    let dense = text.filter { $0 != " " }
    if dense == "always" { return (nil, ()) }
    let head = "any(abs(error)+U>"
    let tail = "*limit)"
    if dense.hasPrefix(head), dense.hasSuffix(tail), dense.count > head.count + tail.count {
      let number = dense.dropFirst(head.count).dropLast(tail.count)
      if number.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2E }), let share = Double(number), share <= 1 {
        return (share, ())
      }
    }
    value.report(
      "'\(text)' is no condition of this version\(origin)",
      fix: "write 'always' or 'any(abs(error) + U > 0.5 * limit)' with a share from 0 to 1")
    return nil
  }

  func finally(_ roles: [SessionPlan.RoleRequirement]) -> [SessionPlan.FinalAction]? {
    guard let value = root.required("finally"), let items = value.list() else { return nil }
    let before = context.diagnostics.count
    var actions: [SessionPlan.FinalAction] = []
    for item in items {
      guard let text = item.text() else { continue }
      let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let words = SessionPlan.FinalAction.Kind.allCases.map(\.rawValue)
      guard parts.count == 2, let kind = SessionPlan.FinalAction.Kind(rawValue: parts[1]) else {
        item.report(
          "'\(text)' is nothing that can be done at the end", fix: "write role.safe or role.idle",
          nearest: parts.count == 2 ? NearestWord.nearest(to: parts[1], among: words).map { "\(parts[0]).\($0)" } : nil)
        continue
      }
      guard findRole(parts[0], in: roles, item) else { continue }
      if kind == .safe, let role = roles.first(where: { $0.name == parts[0] }), role.kind != .actuator {
        item.report("the role '\(parts[0])' is no actuator and has no safe state", fix: "write \(parts[0]).idle")
        continue
      }
      let action = SessionPlan.FinalAction(role: parts[0], kind: kind)
      if actions.contains(action) {
        item.report("'\(text)' stands twice", fix: "keep one of the two")
        continue
      }
      actions.append(action)
    }
    guard context.diagnostics.count == before else { return nil }
    for role in roles where role.kind == .actuator {
      if actions.contains(SessionPlan.FinalAction(role: role.name, kind: .safe)) { continue }
      value.report("the actuator '\(role.name)' would stay on", fix: "add \(role.name).safe")
    }
    return actions
  }

  // MARK: The whole

  /// What only the whole session shows: the fit against its points, and hysteresis against the directions.
  func checkWhole(_ plan: SessionPlan) {
    var found: SessionPlan.PointsPlan?
    var adjust: SessionPlan.SessionStep.Adjust?
    var visited: [SessionPlan.PointsPlan] = []
    for (number, step) in plan.steps.enumerated() {
      let place = stepPlace(number)
      switch step {
      case .identify: break
      case .control(let step): checkKnown(step.loop.inputIsDevice, "control", plan, place)
      case .monitor: checkKnown(true, "monitor", plan, place)
      case .asFound(let name):
        found = plan.points.first { $0.name == name }
        visited += plan.points.filter { $0.name == name }
      case .adjust(let step):
        adjust = step
        guard let points = found?.setpointsCelsius, let low = points.first, let high = points.last else { continue }
        if points.count <= step.degree {
          context.report(
            "a polynomial of degree \(step.degree) needs \(step.degree + 1) set points; as_found has \(points.count)",
            fix: "add set points, or lower the degree", at: place)
        }
        if step.validCelsius.lowerBound < low || step.validCelsius.upperBound > high {
          context.report(
            "the adjustment is declared valid from \(step.validCelsius.lowerBound) °C to "
              + "\(step.validCelsius.upperBound) °C, but the set points reach from \(low) °C to \(high) °C only",
            fix: "write valid: [\(low) °C, \(high) °C] or narrower", at: place)
        }
      case .asLeft(let name):
        guard let points = plan.points.first(where: { $0.name == name }) else { continue }
        visited.append(points)
        guard let valid = adjust?.validCelsius else { continue }
        for (index, celsius) in points.setpointsCelsius.enumerated() where !valid.contains(celsius) {
          context.report(
            "the set point \(celsius) °C of '\(name)' is outside the range in which the adjustment is valid, "
              + "\(valid.lowerBound) °C to \(valid.upperBound) °C",
            fix: "move the set point, or widen 'valid'", at: points.setpointPlaces[index])
        }
      }
    }
    for input in plan.model.inputs where input.source == .upDownDifference {
      if visited.contains(where: { $0.order.contains(.up) && $0.order.contains(.down) }) { continue }
      context.report(
        "'\(input.name)' needs points that are visited up and down, and no step has such",
        fix: "write order: [up, down] in the points of as_found", at: root.place(of: "model"))
    }
    for points in plan.points where !visited.contains(where: { $0.name == points.name }) {
      context.report(
        "no step visits the points '\(points.name)'", fix: "name them in as_found or as_left, or remove them",
        at: points.setpointPlaces.first ?? root.place(of: "points"))
    }
  }

  /// On-line calibration starts from what is known of the device beforehand.
  private func checkKnown(_ isDevice: Bool, _ step: String, _ plan: SessionPlan, _ place: SourcePlace) {
    guard isDevice, !root.has("acceptance"), let role = plan.roles.first(where: { $0.kind == .device }),
      role.prior == nil
    else { return }
    context.report(
      "'\(step)' uses the corrected value of '\(role.name)', and nothing says how wrong it may be",
      fix: "add to the role: prior: {offset: {normal: 0.1 K}, gain: {normal: 0.1 %}, noise: {fixed: 0.003 K}}",
      at: place)
  }

  private func stepPlace(_ number: Int) -> SourcePlace {
    guard case .sequence(let items) = root.optional("steps")?.node.content, number < items.count else {
      return root.place(of: "steps")
    }
    return items[number].place
  }
}
