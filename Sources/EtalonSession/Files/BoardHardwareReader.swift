import EtalonCore
import EtalonMetrology

/// Reads `machine:`, `voltage_domains:`, `ports:` and `lines:` of a board.
///
/// ```yaml
/// machine: [Raspberry Pi 5]
/// voltage_domains:
///   header: {level: 3.3 V}
///   rs232: {level: 12 V}
/// ports:
///   uart0: {path: /dev/ttyAMA0, domain: header, to: rs232, through: transceiver, clock: 50 MHz, divider: pl011}
/// lines:
///   heater: {line: GPIO17, pin: 11, domain: header, direction: output, use: heater, safe: inactive, dead_man: 2 s}
/// ```
struct BoardHardwareReader {
  let context: DecodingContext
  private(set) var hardware = BoardHardware()

  init(context: DecodingContext) { self.context = context }

  mutating func read(_ root: MappingReader) {
    if let machine = root.optional("machine") {
      hardware.machines = machine.list()?.compactMap { $0.text() } ?? []
    }
    for entry in entries(root.optional("voltage_domains")) { domain(entry) }
    for entry in entries(root.optional("ports")) { port(entry) }
    for entry in entries(root.optional("lines")) { line(entry) }
  }

  private struct Entry {
    let name: String
    let place: SourcePlace
    let item: MappingReader
  }

  private func entries(_ value: ValueReader?) -> [Entry] {
    guard let mapping = value?.mapping() else { return [] }
    return mapping.others().compactMap { name, place, value in
      guard ValueReader.isIdentifier(name) else {
        context.report("'\(name)' is no name", fix: "use letters, digits, '-' and '_'", at: place)
        return nil
      }
      return value.mapping().map { Entry(name: name, place: place, item: $0) }
    }
  }

  private mutating func domain(_ entry: Entry) {
    let level = entry.item.required("level")?.quantity(.voltage, .positive)
    let tolerated = entry.item.optional("tolerates").map { $0.quantity(.voltage, .positive) } ?? level
    entry.item.finish()
    guard let level, let tolerated else { return }
    hardware.domains.append(
      BoardHardware.VoltageDomain(name: entry.name, volts: level, toleratedVolts: tolerated, place: entry.place))
  }

  /// `domain`, and `to` with `through` where something of another domain is wired to it.
  private func wiring(_ item: MappingReader) -> BoardHardware.Wiring? {
    let names = hardware.domains.map(\.name)
    func known(_ value: ValueReader?) -> String? {
      guard let value, let name = value.text() else { return nil }
      if names.contains(name) { return name }
      value.report(
        "there is no voltage domain '\(name)'",
        fix: names.isEmpty ? "declare it under 'voltage_domains'" : "use one of: \(names.joined(separator: ", "))",
        nearest: NearestWord.nearest(to: name, among: names))
      return nil
    }
    let domain = known(item.required("domain"))
    let far = item.optional("to").flatMap { known($0) }
    let interface = item.optional("through")?.choice(BoardHardware.Wiring.Interface.self)
    guard let domain else { return nil }
    return BoardHardware.Wiring(
      domain: domain, domainPlace: item.place(of: "domain"), farDomain: far, interface: interface,
      farPlace: item.place(of: "to"))
  }

  private mutating func port(_ entry: Entry) {
    let item = entry.item
    let path = item.optional("path")?.text()
    let bus = item.optional("bus")?.word(of: ["usb"])
    let wiring = self.wiring(item)
    let clock = item.optional("clock")?.quantity(.frequency, .positive)
    let divider = item.optional("divider")?.choice(BoardHardware.RateDivider.self)
    let isConsole = item.optional("console")?.flag() ?? false
    if (path == nil) == (bus == nil) {
      context.report(
        "the port '\(entry.name)' needs either a path or a bus", fix: "add 'path: /dev/...', or 'bus: usb'",
        at: entry.place)
    }
    if (clock == nil) != (divider == nil) {
      context.report(
        "the port '\(entry.name)' has \(clock == nil ? "a divider without its clock" : "a clock without its divider")",
        fix: "give both 'clock' and 'divider', or none", at: entry.place)
    }
    item.finish()
    guard let wiring else { return }
    var port = BoardHardware.Port(
      name: entry.name, path: path, wiring: wiring, clock: nil, isConsole: isConsole, place: entry.place)
    if let clock, let divider { port.clock = (clock, divider) }
    hardware.ports.append(port)
  }

  private mutating func line(_ entry: Entry) {
    let item = entry.item
    let address = self.address(entry)
    let pin = item.optional("pin")?.text()
    let wiring = self.wiring(item)
    let direction = item.required("direction")?.word(of: ["input", "output"])
    let active = item.optional("active")?.word(of: ["high", "low"])
    let use = item.required("use")?.choice(BoardHardware.LineUse.self)
    let safe = item.optional("safe")?.word(of: ["inactive", "active"])
    let deadMan = item.optional("dead_man").flatMap { self.deadMan($0) }
    item.finish()
    guard let address, let wiring, let direction, let use else { return }
    hardware.lines.append(
      BoardHardware.Line(
        name: entry.name, address: address, pin: pin, isOutput: direction == "output",
        isActiveLow: active == "low", use: use, safe: safe.map { $0 == "active" }, deadMan: deadMan, wiring: wiring,
        place: entry.place))
  }

  /// `line: NAME`, or `chip: LABEL` with `offset: N`. A chip's number is no address: it changes from start to start.
  private func address(_ entry: Entry) -> LineAddress? {
    let item = entry.item
    if item.has("line") {
      guard let name = item.required("line")?.text() else { return nil }
      return .name(name)
    }
    item.requiredOne(of: "line", "chip")
    guard let value = item.optional("chip") else { return nil }
    let chip = value.text()
    let offset = item.required("offset")?.integer(0...4095)
    guard let chip, let offset else { return nil }
    if chip.hasPrefix("gpiochip") || chip.hasPrefix("/dev/") {
      value.report(
        "'\(chip)' is a chip's number, which can change from start to start",
        fix: "write the chip's label, as 'gpiodetect' shows it in brackets")
      return nil
    }
    return .offset(chip: chip, UInt32(offset))
  }

  /// A time, or the name of a watchdog line.
  private func deadMan(_ value: ValueReader) -> BoardHardware.DeadMan? {
    guard let text = value.text() else { return nil }
    if let first = text.unicodeScalars.first, !("0"..."9").contains(first) { return .watchdog(line: text) }
    return value.quantity(.time, .positive).map { .circuit(seconds: $0) }
  }
}
