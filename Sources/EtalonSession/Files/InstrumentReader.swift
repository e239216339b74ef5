import EtalonCore
import EtalonMetrology
import EtalonSensors

/// Reads `roles:` of a board or bench file: which device serves which role, through which port.
struct InstrumentReader {
  let context: DecodingContext
  /// Folder of the file, with a `/` at its end unless it is the present one.
  let folder: String
  /// Whether a role may leave out its port, which then has the role's name.
  let portsAreRoles: Bool
  /// The first certificate that could not be read.
  private(set) var certificateFault: FileFault?
  /// The port of the machine that a role's device is wired to, where a board says so.
  private(set) var attachments: [String: BoardHardware.Attachment] = [:]
  /// The lines of the file, for devices that are reached over some.
  var lines: [BenchPlan.Line] = []

  init(context: DecodingContext, portsAreRoles: Bool) {
    self.context = context
    self.portsAreRoles = portsAreRoles
    folder = context.file.lastIndex(of: "/").map { String(context.file[...$0]) } ?? ""
  }

  private struct Port {
    var instrument: BenchPlan.Instrument
    /// Keys that some role has set, so that a second one may repeat and not contradict them.
    var baud: Int?
  }

  mutating func instruments(_ value: ValueReader?) -> [BenchPlan.Instrument]? {
    guard let mapping = value?.mapping() else { return nil }
    let before = context.diagnostics.count
    var ports: [Port] = []
    let entries = mapping.others()
    for (role, place, value) in entries {
      guard ValueReader.isIdentifier(role), !role.contains(".") else {
        context.report("'\(role)' is no name for a role", fix: "use letters, digits, '-' and '_'", at: place)
        continue
      }
      guard let item = value.mapping() else { continue }
      add(role, place, item, to: &ports)
      item.finish()
    }
    if portsAreRoles {
      for port in ports where port.instrument.roles.first != port.instrument.port {
        context.report(
          "the port '\(port.instrument.port)' is not the name of the first role on it, '\(port.instrument.roles[0])'",
          fix: "name the first role, or leave 'port' out", at: port.instrument.place)
      }
    }
    return context.diagnostics.count == before ? ports.map(\.instrument) : nil
  }

  private mutating func add(_ role: String, _ place: SourcePlace, _ item: MappingReader, to ports: inout [Port]) {
    let entry = device(item.required("device"))
    let isOnLines = entry.map { $0.connection != .serial } ?? false
    // On a board a port is a name of the design; on a bench it is a real one. A device on lines has none.
    let portReader = portsAreRoles || isOnLines ? nil : PortReader(item.required("port"))
    let portName =
      if isOnLines { role } else if portsAreRoles { item.optional("port").map { $0.text() } ?? role } else {
        portReader?.naming.text
      }
    if portsAreRoles, let wired = item.optional("at")?.text() {
      attachments[role] = BoardHardware.Attachment(port: wired, place: item.place(of: "at"))
    }
    // Which lines these are is a matter of the machine: a bench says so.
    let linePort = isOnLines && !portsAreRoles ? self.linePort(item, entry) : nil
    let details = details(item, entry)
    let baudValue = item.optional("baud")
    let baud = baudValue?.integer(50...4_000_000)
    let dataBits = item.optional("data_bits")?.integer(7...8)
    let parity = item.optional("parity")?.word(of: ["none", "even", "odd"])
    let stopBits = item.optional("stop_bits")?.integer(1...2)
    let code = unlockCode(item.optional("unlock_code"))
    let deadMan = deadMan(item.optional("dead_man"))
    let period = item.optional("update_period")?.quantity(.time, .positive)
    let certificate = item.optional("certificate").flatMap { self.certificate($0) }
    guard let entry, let portName, !isOnLines || portsAreRoles || linePort != nil else { return }
    let name = entry.name.description
    var settings = entry.settings
    if let baud { settings.baud = baud }
    if let dataBits { settings.dataBits = dataBits }
    if let stopBits { settings.stopBits = stopBits }
    switch parity {
    case "even": settings.parity = .even
    case "odd": settings.parity = .odd
    case "none": settings.parity = .none
    default: break
    }
    guard let index = ports.firstIndex(where: { $0.instrument.port == portName }) else {
      ports.append(
        Port(
          instrument: BenchPlan.Instrument(
            device: name, roles: [role], port: portName, settings: settings, unlockCode: code, deadManSeconds: deadMan,
            updatePeriodSeconds: period, certificate: certificate, place: place, naming: portReader?.naming,
            reconnectSeconds: portReader?.reconnectSeconds ?? 0),
          baud: baud))
      ports[ports.count - 1].instrument.lines = linePort
      ports[ports.count - 1].instrument.details = details
      return
    }
    let shared = ports[index].instrument
    if shared.device != name {
      context.report(
        "the port '\(portName)' already has a \(shared.device), for the role '\(shared.roles[0])'",
        fix: "one port has one device; correct the port or the device", at: item.place(of: "device"))
      return
    }
    if let baud, let other = ports[index].baud, baud != other {
      baudValue?.report(
        "the port '\(portName)' is set to \(other) baud by the role '\(shared.roles[0])'", fix: "write the same number")
      return
    }
    ports[index].instrument.roles.append(role)
    if let baud {
      ports[index].baud = baud
      ports[index].instrument.settings.baud = baud
    }
    if dataBits != nil { ports[index].instrument.settings.dataBits = settings.dataBits }
    if parity != nil { ports[index].instrument.settings.parity = settings.parity }
    if stopBits != nil { ports[index].instrument.settings.stopBits = settings.stopBits }
    if let code { ports[index].instrument.unlockCode = code }
    if let deadMan { ports[index].instrument.deadManSeconds = deadMan }
    if let period { ports[index].instrument.updatePeriodSeconds = period }
    if let certificate { ports[index].instrument.certificate = certificate }
  }

  /// The lines that a device is reached over.
  private func linePort(_ item: MappingReader, _ entry: CatalogueEntry?) -> LinePort? {
    let half = entry?.connection == .spi ? item.optional("half_period")?.quantity(.time, .positive) : nil
    if let half, half > 0.01 {
      context.report(
        "half a clock period of \(half) s is too long: the loop waits meanwhile", fix: "write at most 10 ms",
        at: item.place(of: "half_period"))
      return nil
    }
    guard let entry, let value = item.required("lines") else { return nil }
    return LineReader(context: context).port(entry.connection, value, among: lines, halfPeriodSeconds: half)
  }

  /// What only this kind of device has.
  private func details(_ item: MappingReader, _ entry: CatalogueEntry?) -> BenchPlan.Details {
    var details = BenchPlan.Details()
    switch entry?.connection {
    case .spi:
      details.serial = item.optional("serial")?.text()
      details.referenceOhm = item.optional("reference_resistor")?.quantity(.resistance, .positive)
      details.wires = item.optional("wires")?.integer(2...4)
    case .level:
      details.serial = item.optional("serial")?.text()
      details.ratedWatts = item.required("power")?.quantity(.power, .positive)
      details.windowSeconds = item.optional("window")?.quantity(.time, .positive)
    case .serial, nil: break
    }
    return details
  }

  private func device(_ value: ValueReader?) -> CatalogueEntry? {
    guard let value, let name = value.text() else { return nil }
    let entries = Self.catalogue()
    if let entry = entries.first(where: { $0.isNamed(name.utf8) }) { return entry }
    let names = entries.map(\.name.description)
    value.report(
      "there is no driver for the device '\(name)'", fix: "use one of: \(names.joined(separator: ", "))",
      nearest: NearestWord.nearest(to: name, among: names))
    return nil
  }

  /// What the catalogue says about every driver.
  static func catalogue() -> [CatalogueEntry] {
    struct Collector: SensorVisitor {
      var entries: [CatalogueEntry] = []
      mutating func visit<D: CataloguedDriver>(_ driver: D.Type) { entries.append(D.entry) }
    }
    var collector = Collector()
    SensorCatalogue.visit(&collector)
    return collector.entries
  }

  private func unlockCode(_ value: ValueReader?) -> String? {
    guard let value, let text = value.text() else { return nil }
    let isPlain = text.utf8.allSatisfy { byte in
      (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A) || byte == 0x2D || byte == 0x5F
    }
    if isPlain && text.utf8.count <= 32 { return text }
    // The code itself is no business of a message.
    value.report(
      "the access code has other characters than letters, digits, '-' and '_', or more than 32", fix: "correct it")
    return nil
  }

  private func deadMan(_ value: ValueReader?) -> Double? {
    guard let value, let seconds = value.quantity(.time, .positive) else { return nil }
    if seconds >= 0.5 && seconds <= 600 { return seconds }
    value.report("a dead-man time of \(seconds) s is out of range", fix: "write 0.5 s to 10 min")
    return nil
  }

  private mutating func certificate(_ value: ValueReader) -> ReferenceCertificate? {
    guard let name = value.text() else { return nil }
    let path = name.hasPrefix("/") ? name : folder + name
    do throws(FileFault) { return try CertificateFile.load(path: path) } catch {
      var fault = error
      if fault.kind != .data {
        for index in fault.diagnostics.indices {
          fault.diagnostics[index].reason +=
            ", named as certificate in \(context.file):\(value.place.line):\(value.place.column)"
          fault.diagnostics[index].fix = "correct the path; it is relative to the folder of that file"
        }
      }
      if certificateFault == nil { certificateFault = fault }
      return nil
    }
  }
}
