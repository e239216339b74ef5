import EtalonCore
import EtalonMetrology
import EtalonSensors

/// Reads bench files: which physical devices serve the roles.
///
/// ```yaml
/// roles:
///   ref: {device: hart_1502a, port: /dev/ttyUSB0, baud: 9600, certificate: ref-1502a.yaml}
///   dut: {device: dt100, port: /dev/ttyUSB1}
/// lines:                                         # for devices on GPIO lines, see LineReader
/// heartbeat:                                     # what a run keeps alive, see HeartbeatReader
/// plant: {heat_capacity: 21 kJ/K, delay: 16 s}   # only where it is not the board's
/// ```
public enum BenchFile {
  /// Reads and checks the bench at `path`, and the certificates that it names, relative to its folder.
  ///
  /// - Throws: `FileFault` of kind `.missing`, `.bench`, or `.data` for a bad certificate.
  public static func load(path: String) throws(FileFault) -> BenchPlan {
    try load(SourceFile(path: path, kind: .bench))
  }

  /// Reads and checks a bench whose bytes are at hand.
  public static func load(_ source: SourceFile) throws(FileFault) -> BenchPlan {
    let tree = try StrictYAML.parse(source, kind: .bench)
    let context = DecodingContext(file: source.name)
    var reader = InstrumentReader(context: context, portsAreRoles: false)
    var instruments: [BenchPlan.Instrument]?
    var plant: BenchPlan.Plant?
    var deadMan: DeadMan?
    if let root = MappingReader.root(of: tree, context: context) {
      if let version = root.optional("etalon") { _ = SessionReader.checkVersion(version) }
      reader.lines = LineReader(context: context).lines(root.optional("lines"))
      instruments = reader.instruments(root.required("roles"))
      var known = BenchPlan(instruments: instruments ?? [])
      known.lines = reader.lines
      deadMan = HeartbeatReader(context: context).deadMan(root.optional("heartbeat"), of: known)
      if let item = root.optional("plant")?.mapping() {
        let capacity = item.required("heat_capacity")?.quantity(.heatCapacity, .positive)
        let delay = item.required("delay")?.quantity(.time, .positive)
        item.finish()
        if let capacity, let delay {
          plant = BenchPlan.Plant(heatCapacityJoulesPerKelvin: capacity, delaySeconds: delay)
        }
      }
      root.finish()
    }
    try context.finish(.bench)
    if let fault = reader.certificateFault { throw fault }
    var bench = BenchPlan(instruments: instruments ?? [], plant: plant, file: source.name)
    bench.lines = reader.lines
    bench.deadMan = deadMan
    return bench
  }

  /// Checks that a bench offers what a session needs: every role, by a device that can serve it, and a certificate that is
  /// good enough at every set point.
  ///
  /// - Throws: `FileFault` of kind `.bench`.
  public static func check(_ bench: BenchPlan, serves session: SessionPlan) throws(FileFault) {
    var diagnostics: [Diagnostic] = []
    let file = bench.file
    let entries = InstrumentReader.catalogue()
    let offered = bench.instruments.flatMap(\.roles)
    for role in session.roles {
      guard let instrument = bench.instrument(for: role.name)?.instrument else {
        diagnostics.append(
          Diagnostic(
            file: file, place: .start,
            reason: "no device serves the role '\(role.name)' of the session '\(session.name)'",
            fix: "add '\(role.name): {device: ..., port: ...}' under 'roles'",
            nearest: NearestWord.nearest(to: role.name, among: offered)))
        continue
      }
      let needed: SensorRoles
      switch role.kind {
      case .device: needed = .device
      case .standard: needed = .standard
      case .actuator: needed = .actuator
      case .monitor: needed = .monitor
      }
      if let entry = entries.first(where: { $0.isNamed(instrument.device.utf8) }), !entry.roles.contains(needed) {
        let able = entries.filter { $0.roles.contains(needed) }.map(\.name.description)
        diagnostics.append(
          Diagnostic(
            file: file, place: instrument.place,
            reason: "a \(instrument.device) can not serve '\(role.name)', a role of kind \(role.kind.rawValue)",
            fix: "name one of: \(able.joined(separator: ", "))"))
      }
      if role.kind == .standard {
        check(instrument, role, session, file, &diagnostics)
      }
    }
    if !diagnostics.isEmpty { throw FileFault(.bench, diagnostics) }
  }

  private static func check(
    _ instrument: BenchPlan.Instrument, _ role: SessionPlan.RoleRequirement, _ session: SessionPlan, _ file: String,
    _ diagnostics: inout [Diagnostic]
  ) {
    func report(_ reason: String, _ fix: String) {
      diagnostics.append(Diagnostic(file: file, place: instrument.place, reason: reason, fix: fix))
    }
    guard let certificate = instrument.certificate else {
      if role.certificateRequired {
        report(
          "the role '\(role.name)' needs a certificate, and the bench names none", "add 'certificate: FILE' to the role"
        )
      }
      return
    }
    for celsius in Set(session.points.flatMap(\.setpointsCelsius)).sorted() {
      do throws(ReferenceCertificate.Fault) {
        // U of the certificate with k = 2, as certificates of standards state it.
        let expanded = 2 * (try certificate.standardUncertainty(at: celsius))
        if let limit = role.maximumExpandedUncertaintyKelvin, expanded > limit {
          report(
            "the certificate '\(certificate.identifier)' has U = \((expanded * 1e4).rounded() / 1e4) K at \(celsius) °C; "
              + "the role '\(role.name)' allows \(limit) K", "use a better standard, or raise U_max in the session")
          return
        }
      } catch {
        report(
          "the certificate '\(certificate.identifier)' is for \(certificate.lowerBound) °C to "
            + "\(certificate.upperBound) °C; the session has a set point at \(celsius) °C",
          "use a standard that is calibrated there, or move the set point")
        return
      }
    }
  }
}
