import EtalonCore

/// Reads `heartbeat:` of a bench file: what the loop of a run keeps alive, so that the bench falls into its safe state
/// without it.
///
/// ```yaml
/// heartbeat: {line: alive, every: 0.5 s, limit: 2 s}
/// heartbeat: {role: bath, modem_line: dtr, form: held, every: 0.5 s, limit: 2 s}
/// ```
struct HeartbeatReader {
  let context: DecodingContext

  /// - Parameter bench: with its instruments and lines.
  func deadMan(_ value: ValueReader?, of bench: BenchPlan) -> DeadMan? {
    guard let value, let item = value.mapping() else { return nil }
    let line = item.optional("line")
    let role = item.optional("role")
    let modemLine = item.optional("modem_line")?.word(of: ["dtr", "rts"])
    let isHeld = item.optional("form")?.word(of: ["toggled", "held"]) == "held"
    let every = item.required("every")?.quantity(.time, .positive)
    let limit = item.required("limit")?.quantity(.time, .positive)
    item.finish()
    var carrier: DeadMan.Carrier?
    switch (line, role, modemLine) {
    case (let line?, nil, nil): carrier = self.line(line, of: bench)
    case (nil, let role?, let modemLine?):
      carrier = port(role, of: bench).map { .modem($0, modemLine == "dtr" ? .dataTerminalReady : .requestToSend) }
    default:
      value.report(
        "a heartbeat is carried either by a line, or by a modem line of a role's port",
        fix: "write 'line: NAME', or 'role: ROLE, modem_line: dtr'")
    }
    guard let carrier, let every, let limit else { return nil }
    guard every >= 1e-3, limit <= 60, limit > every else {
      value.report(
        "a beat every \(every) s and a limit of \(limit) s do not fit",
        fix: "beat every 1 ms or more, and set the limit above that (four times is usual), to at most 60 s")
      return nil
    }
    func nanoseconds(_ seconds: Double) -> Int64 { Int64((seconds * 1e9).rounded()) }
    return DeadMan(
      carrier,
      Heartbeat(
        isHeld ? .held : .toggled, periodNanoseconds: nanoseconds(every), limitNanoseconds: nanoseconds(limit)))
  }

  private func line(_ value: ValueReader, of bench: BenchPlan) -> DeadMan.Carrier? {
    guard let name = value.text() else { return nil }
    guard let declared = bench.lines.first(where: { $0.name == name }) else {
      value.report(
        "there is no line '\(name)'", fix: "add it under 'lines', or correct the name",
        nearest: NearestWord.nearest(to: name, among: bench.lines.map(\.name)))
      return nil
    }
    guard declared.specification.settings.direction == .output else {
      value.report("the line '\(name)' must be an output here", fix: "correct its 'direction' under 'lines'")
      return nil
    }
    guard let place = bench.ownLines.firstIndex(where: { $0.name == name }) else {
      value.report("the line '\(name)' belongs to a device", fix: "give the heartbeat a line of its own")
      return nil
    }
    guard !declared.specification.settings.initial, !declared.specification.settings.safe else {
      value.report(
        "the line '\(name)' is active without a sign of life",
        fix: "leave out its 'initial' and 'safe' under 'lines', and turn the polarity with 'active: low' if need be")
      return nil
    }
    return .line(LineIndex(place))
  }

  private func port(_ value: ValueReader, of bench: BenchPlan) -> PortIndex? {
    guard let name = value.text() else { return nil }
    guard let (index, instrument) = bench.instrument(for: name) else {
      value.report(
        "there is no role '\(name)'", fix: "name a role of this bench",
        nearest: NearestWord.nearest(to: name, among: bench.instruments.flatMap(\.roles)))
      return nil
    }
    guard instrument.lines == nil else {
      value.report(
        "the role '\(name)' has no serial port, so it has no modem lines", fix: "name a role on a serial port")
      return nil
    }
    return PortIndex(index)
  }
}
