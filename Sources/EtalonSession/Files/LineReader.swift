import EtalonCore
import EtalonSensors

/// Reads `lines:` of a board or bench file: which lines there are and how they are set.
///
/// ```yaml
/// lines:
///   heater: {line: GPIO17, direction: output, bias: pull-down, safe: inactive}
///   select: {chip: pinctrl-rp1, offset: 8, direction: output, active: low}
///   door:   {line: GPIO5, direction: input, bias: pull-up, active: low, edges: both, debounce: 5 ms}
/// ```
struct LineReader {
  let context: DecodingContext

  func lines(_ value: ValueReader?) -> [BenchPlan.Line] {
    guard let mapping = value?.mapping() else { return [] }
    var lines: [BenchPlan.Line] = []
    for (name, place, value) in mapping.others() {
      guard ValueReader.isIdentifier(name), !name.contains(".") else {
        context.report("'\(name)' is no name for a line", fix: "use letters, digits, '-' and '_'", at: place)
        continue
      }
      guard let item = value.mapping() else { continue }
      if let specification = specification(item, value) {
        if let other = lines.first(where: { $0.specification.address == specification.address }) {
          context.report(
            "'\(name)' and '\(other.name)' are the same line", fix: "correct one of them, or use one name", at: place)
        }
        lines.append(BenchPlan.Line(name: name, specification: specification))
      }
      item.finish()
    }
    if lines.count > 64 {
      value?.report("there are \(lines.count) lines; a bench has at most 64", fix: "leave out those that nothing uses")
    }
    return lines
  }

  private func specification(_ item: MappingReader, _ value: ValueReader) -> LineSpecification? {
    let name = item.optional("line")?.text()
    let chip = item.optional("chip")?.text()
    let offset = item.optional("offset")?.integer(0...65_535)
    let direction = item.required("direction")?.word(of: ["input", "output"])
    let isActiveLow = item.optional("active")?.word(of: ["high", "low"]) == "low"
    let bias = item.optional("bias")?.word(of: ["as-is", "disabled", "pull-up", "pull-down"])
    let drive = item.optional("drive")?.word(of: ["push-pull", "open-drain", "open-source"])
    let edges = item.optional("edges")?.word(of: ["none", "rising", "falling", "both"])
    let debounce = item.optional("debounce")?.quantity(.time, .positive)
    let initial = item.optional("initial")?.word(of: ["active", "inactive"])
    let safe = item.optional("safe")?.word(of: ["active", "inactive"])
    guard let direction else { return nil }
    let isOutput = direction == "output"
    for (key, isGiven, isForOutput) in [
      ("drive", drive != nil, true), ("initial", initial != nil, true), ("safe", safe != nil, true),
      ("edges", edges != nil, false), ("debounce", debounce != nil, false),
    ] where isGiven && isForOutput != isOutput {
      context.report(
        "'\(key)' makes no sense for an \(direction)", fix: "leave it out, or correct 'direction'",
        at: item.place(of: key))
    }
    if let debounce, debounce > 10 {
      context.report(
        "a debounce time of \(debounce) s is out of range", fix: "write at most 10 s", at: item.place(of: "debounce"))
      return nil
    }
    let address: LineAddress
    switch (name, chip, offset) {
    case (let name?, nil, nil): address = .name(name)
    case (nil, let chip?, let offset?):
      guard !chip.hasPrefix("gpiochip") && !chip.hasPrefix("/dev/") else {
        context.report(
          "'\(chip)' is the number of a chip, and changes from one start to the next",
          fix: "write the chip's label, which 'gpiodetect' shows in brackets", at: item.place(of: "chip"))
        return nil
      }
      address = .offset(chip: chip, UInt32(offset))
    default:
      value.report(
        "a line is named either by 'line' or by 'chip' and 'offset'",
        fix: "write 'line: NAME', or 'chip: LABEL, offset: NUMBER'")
      return nil
    }
    func place(_ word: String?, _ words: [String]) -> UInt8 { UInt8(word.flatMap { words.firstIndex(of: $0) } ?? 0) }
    return LineSpecification(
      address,
      LineSettings(
        direction: isOutput ? .output : .input, isActiveLow: isActiveLow,
        bias: LineSettings.Bias(rawValue: place(bias, ["as-is", "disabled", "pull-up", "pull-down"])) ?? .asIs,
        drive: LineSettings.Drive(rawValue: place(drive, ["push-pull", "open-drain", "open-source"])) ?? .pushPull,
        edges: LineSettings.Edges(rawValue: place(edges, ["none", "rising", "falling", "both"])) ?? .none,
        debounceMicroseconds: UInt32(((debounce ?? 0) * 1e6).rounded()), initial: initial == "active",
        safe: safe == "active"))
  }

  /// The lines of one role: `lines: {output: heater}` for a level, `{select:, clock:, data_out:, data_in:}` for SPI.
  func port(
    _ connection: DeviceConnection, _ value: ValueReader?, among lines: [BenchPlan.Line], halfPeriodSeconds: Double?
  ) -> LinePort? {
    guard let item = value?.mapping() else { return nil }
    func place(_ key: String, _ direction: LineSettings.Direction) -> Int? {
      guard let value = item.required(key), let name = value.text() else { return nil }
      guard let place = lines.firstIndex(where: { $0.name == name }) else {
        value.report(
          "there is no line '\(name)'", fix: "add it under 'lines', or correct the name",
          nearest: NearestWord.nearest(to: name, among: lines.map(\.name)))
        return nil
      }
      if lines[place].specification.settings.direction != direction {
        value.report("the line '\(name)' must be an \(direction) here", fix: "correct its 'direction' under 'lines'")
        return nil
      }
      return place
    }
    defer { item.finish() }
    switch connection {
    case .serial: return nil
    case .level:
      return place("output", .output).map { .levels([$0]) }
    case .spi:
      let select = place("select", .output)
      let clock = place("clock", .output)
      let dataOut = place("data_out", .output)
      let dataIn = place("data_in", .input)
      guard let select, let clock, let dataOut, let dataIn else { return nil }
      return .spi(
        select: select, clock: clock, dataOut: dataOut, dataIn: dataIn,
        halfPeriodNanoseconds: UInt32(((halfPeriodSeconds ?? 1e-6) * 1e9).rounded()))
    }
  }
}
