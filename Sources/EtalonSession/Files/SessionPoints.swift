/// The named lists of points.
extension SessionReader {
  /// `rateHertz` is nil where it could not be read.
  func points(_ roles: [SessionPlan.RoleRequirement], rateHertz: Double?) -> [SessionPlan.PointsPlan]? {
    guard let mapping = root.required("points")?.mapping() else { return nil }
    let before = context.diagnostics.count
    var lists: [SessionPlan.PointsPlan] = []
    for (key, place, value) in mapping.others() {
      guard ValueReader.isIdentifier(key) else {
        context.report("'\(key)' is no name for points", fix: "use letters, digits, '-' and '_'", at: place)
        continue
      }
      if let list = list(key, value, roles, rateHertz) { lists.append(list) }
    }
    return context.diagnostics.count == before ? lists : nil
  }

  private func list(
    _ name: String, _ value: ValueReader, _ roles: [SessionPlan.RoleRequirement], _ rateHertz: Double?
  ) -> SessionPlan.PointsPlan? {
    guard let mapping = value.mapping() else { return nil }
    let (setpoints, places) = setpoints(mapping.required("setpoints"), roles)
    let order = order(mapping.required("order"))
    let soak = mapping.required("soak")?.quantity(.time, .notNegative)
    let settleValue = mapping.required("settle")
    let settle = settle(settleValue?.mapping(), roles)
    let measure = measure(mapping.required("measure")?.mapping(), rateHertz)
    var retries = 2
    var backoff = 60.0
    if let value = mapping.optional("retry") {
      guard let retry = value.mapping() else { return nil }
      retries = retry.required("max")?.integer(0...100) ?? 0
      backoff = retry.required("backoff")?.quantity(.time, .notNegative) ?? 0
      retry.finish()
    }
    mapping.finish()
    guard let setpoints, let order, let soak, let settle, let measure else { return nil }
    if settle.timeoutSeconds <= soak + settle.holdSeconds {
      settleValue?.report(
        "the timeout of \(Self.minutes(settle.timeoutSeconds)) ends before soak (\(Self.minutes(soak))) and hold "
          + "(\(Self.minutes(settle.holdSeconds))) are over",
        fix: "write a timeout that leaves time to reach the set point as well")
      return nil
    }
    return SessionPlan.PointsPlan(
      name: name, setpointsCelsius: setpoints, order: order, soakSeconds: soak, settle: settle, measure: measure,
      retries: retries, retryBackoffSeconds: backoff, setpointPlaces: places)
  }

  static func minutes(_ seconds: Double) -> String {
    let tenths = (seconds / 6).rounded() / 10
    return tenths < 1 ? "\(seconds) s" : "\(tenths) min"
  }

  private func setpoints(
    _ value: ValueReader?, _ roles: [SessionPlan.RoleRequirement]
  ) -> ([Double]?, [SourcePlace]) {
    guard let items = value?.list() else { return (nil, []) }
    var setpoints: [Double] = []
    for item in items {
      guard let celsius = item.quantity(.temperature) else { continue }
      if celsius < -273.15 {
        item.report("\(celsius) °C is below absolute zero", fix: "write a temperature of -273.15 °C or more")
      } else if let last = setpoints.last, celsius <= last {
        item.report(
          "the set point \(celsius) °C is not above the one before, \(last) °C",
          fix: "list each set point once, from low to high; 'order' decides the direction")
      } else if let role = roles.first(where: { $0.rangeCelsius.map { !$0.contains(celsius) } ?? false }),
        let range = role.rangeCelsius
      {
        item.report(
          "the set point \(celsius) °C is outside the range of the role '\(role.name)', "
            + "\(range.lowerBound) °C to \(range.upperBound) °C",
          fix: "move the set point, or widen the role's range if its device can serve it")
      }
      setpoints.append(celsius)
    }
    return (setpoints.count == items.count ? setpoints : nil, items.map(\.place))
  }

  private func order(_ value: ValueReader?) -> [SessionPlan.PointsPlan.Direction]? {
    guard let value, let items = value.list() else { return nil }
    let order = items.compactMap { $0.choice(SessionPlan.PointsPlan.Direction.self) }
    guard order.count == items.count else { return nil }
    if Set(order).count != order.count {
      value.report("a direction stands twice", fix: "write [up], [down], [up, down] or [down, up]")
      return nil
    }
    return order
  }

  private func settle(
    _ mapping: MappingReader?, _ roles: [SessionPlan.RoleRequirement]
  ) -> SessionPlan.PointsPlan.Settle? {
    guard let mapping else { return nil }
    var signal: String?
    if let value = mapping.required("signal"), let name = value.identifier(), findRole(name, in: roles, value) {
      if let role = roles.first(where: { $0.name == name }), role.kind == .standard {
        signal = name
      } else {
        value.report("the role '\(name)' gives no readings to settle on in this version", fix: "name the standard")
      }
    }
    let slope = mapping.required("slope")?.quantity(.temperatureSlope, .positive)
    let deviation = mapping.required("std")?.quantity(.temperatureDifference, .positive)
    let hold = mapping.required("hold")?.quantity(.time, .positive)
    let timeout = mapping.required("timeout")?.quantity(.time, .positive)
    let otherwise = mapping.required("else")?.word(of: ["retry"])
    mapping.finish()
    guard let signal, let slope, let deviation, let hold, let timeout, otherwise != nil else { return nil }
    return SessionPlan.PointsPlan.Settle(
      signal: signal, slopeKelvinPerSecond: slope, standardDeviationKelvin: deviation, holdSeconds: hold,
      timeoutSeconds: timeout)
  }

  private func measure(_ mapping: MappingReader?, _ rateHertz: Double?) -> SessionPlan.PointsPlan.Measure? {
    guard let mapping else { return nil }
    let samplesValue = mapping.required("samples")
    let samples = samplesValue?.integer(2...10_000_000)
    mapping.requiredOne(of: "blocks", "block")
    let blocksValue = mapping.optional("blocks")
    let blockValue = mapping.optional("block")
    var blocks: Int?
    if let blocksValue, let blockValue {
      _ = blocksValue.integer(2...10_000_000)
      _ = blockValue.quantity(.time, .positive)
      blockValue.report("both 'blocks' and 'block' are given", fix: "keep the number of blocks or their length")
    } else if let blocksValue {
      blocks = blocksValue.integer(2...10_000_000)
      if let samples, let count = blocks, !samples.isMultiple(of: count) {
        samplesValue?.report(
          "\(samples) samples do not make \(count) equal blocks",
          fix: "write a multiple of \(count), such as \(max(1, (samples + count / 2) / count) * count)")
        blocks = nil
      }
    } else if let blockValue {
      if let seconds = blockValue.quantity(.time, .positive), let samples, let rateHertz {
        blocks = count(of: seconds, samples, rateHertz, blockValue)
      }
    }
    mapping.finish()
    guard let samples, let blocks else { return nil }
    return SessionPlan.PointsPlan.Measure(samples: samples, blocks: blocks)
  }

  /// How many blocks of `seconds` the samples make.
  private func count(of seconds: Double, _ samples: Int, _ rateHertz: Double, _ value: ValueReader) -> Int? {
    let each = (seconds * rateHertz).rounded()
    // A block is a whole number of samples; the tolerance is that of the product of two decimals.
    guard each >= 1, each < 1e7, abs(seconds * rateHertz - each) <= 1e-9 * each else {
      value.report(
        "a block of \(seconds) s is no whole number of samples at \(rateHertz) Hz",
        fix: "write a multiple of \(1 / rateHertz) s")
      return nil
    }
    let size = Int(each)
    guard samples.isMultiple(of: size), samples / size >= 2 else {
      value.report(
        "\(samples) samples do not make at least two equal blocks of \(size)",
        fix: "write a number of samples that is a multiple of \(size), at least \(2 * size)")
      return nil
    }
    return samples / size
  }
}
