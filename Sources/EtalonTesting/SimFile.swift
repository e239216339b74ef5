import EtalonMetrology
import EtalonSession
import EtalonSim

/// A `sim.yaml`: the twins' parameters, the distributions of what a run draws, and planned faults.
public struct SimFile: Sendable {
  /// Twins, plant, priors and host; its instruments are replaced by those of the board.
  public var configuration: SimConfiguration
  /// Faults that belong to this simulation.
  public var faults: FaultPlan
  /// UTC at which a simulated run starts, nanoseconds since 1970-01-01.
  public var utcNanoseconds: Int64
  /// Baud rates that differ from the board's, by twin; the bench is told of them.
  public var bauds: [TwinModel: Int] = [:]
  /// The distributions of the file: what a session on this simulation is told where the file takes the place of its own
  /// declarations.
  public var declared = OnlineDeclarations()
  /// What the file says of the device, in the order of reading.
  private var named: [@Sendable (inout DevicePrior) -> Void] = []
  /// Whether a session is told what the file declares; `false` lets the truth be drawn from something else than the
  /// session believes, to find out what that costs.
  public var isHonest = true
  /// Seed where the command line gives none.
  public var seed: UInt64

  /// Reads the file at `path`.
  /// - Throws: `FileFault`: `.missing`, or `.bench` with every fault of the file.
  public static func load(path: String) throws(FileFault) -> SimFile {
    try load(SourceFile(path: path, kind: .bench))
  }

  /// Reads a simulation file whose bytes are at hand.
  public static func load(_ source: SourceFile) throws(FileFault) -> SimFile {
    let tree = try StrictYAML.parse(source, kind: .bench)
    if try ClockSimFile.isOne(source) {
      throw FileFault(
        .bench,
        [
          Diagnostic(
            file: source.name, place: .start,
            reason: "this is the simulation of a clock bench, which has no twins of its own",
            fix: "use it with 'etalon simulate' and a session of a clock bench")
        ])
    }
    let context = DecodingContext(file: source.name)
    var file = SimFile(
      configuration: SimConfiguration(), faults: FaultPlan(), utcNanoseconds: 1_767_225_600_000_000_000, seed: 1)
    if let root = MappingReader.root(of: tree, context: context) { file.read(root) }
    try context.finish(.bench)
    return file
  }

  private mutating func read(_ root: MappingReader) {
    _ = root.required("etalon")?.integer(1...1)
    if let value = root.optional("utc"), let text = value.text() {
      if let nanoseconds = UTCTimestamp.nanoseconds(parsing: text) {
        utcNanoseconds = nanoseconds
      } else {
        value.report("'utc' \(text) is no moment", fix: "write it as 2026-01-01T00:00:00Z")
      }
    }
    if let value = root.optional("seed")?.integer(0...Int.max) { seed = UInt64(value) }
    if let value = root.optional("speed")?.number(need: "a number above zero", where: { $0 > 0 }) {
      configuration.speed = value
    }
    if let value = root.optional("honest")?.flag() { isHonest = value }
    if let priors = root.optional("priors")?.mapping() { read(priors: priors) }
    if let reference = root.optional("reference")?.mapping() {
      declared.referenceNoiseKelvin = reference.optional("noise")?.quantity(.temperatureDifference, .notNegative)
      set(&configuration.reference.resolutionKelvin, reference, "resolution", .temperatureDifference, .positive)
      set(&configuration.reference.periodSeconds, reference, "period", .time, .positive)
      set(&configuration.reference.filterSeconds, reference, "filter", .time, .notNegative)
      if let serial = reference.optional("serial")?.text() { setSerial(serial, of: .hart1502A) }
      reference.finish()
    }
    if let device = root.optional("device")?.mapping() {
      if let noise = device.optional("noise")?.quantity(.temperatureDifference, .notNegative) {
        name { $0.noiseKelvin = .fixed(noise) }
      }
      if let count = device.optional("store_count")?.integer(0...Int(UInt32.max)) {
        configuration.device.storeCount = UInt32(count)
      }
      set(&configuration.device.conversionSeconds, device, "conversion", .time, .positive)
      if let baud = device.optional("baud")?.integer(300...4_000_000) { setBaud(baud, of: .dt100) }
      if let serial = device.optional("serial")?.text() { setSerial(serial, of: .dt100) }
      device.finish()
    }
    if let bath = root.optional("bath")?.mapping() {
      set(&configuration.controller.deadManSeconds, bath, "dead_man", .time, .positive)
      if let baud = bath.optional("baud")?.integer(300...4_000_000) { setBaud(baud, of: .bc200) }
      if let serial = bath.optional("serial")?.text() { setSerial(serial, of: .bc200) }
      bath.finish()
    }
    if let plant = root.optional("plant")?.mapping() { read(plant: plant) }
    if let host = root.optional("host")?.mapping() {
      set(&configuration.host.latencySeconds, host, "latency", .time, .notNegative)
      set(&configuration.host.clockOffsetSeconds, host, "clock_offset", .time)
      if let ppm = host.optional("clock_drift")?.quantity(.share) { configuration.host.clockDriftPPM = ppm * 1e4 }
      host.finish()
    }
    if let rate = root.optional("bit_error_rate")?.number(need: "a number from 0 to 1", where: { (0...1).contains($0) })
    {
      configuration.bitErrorRate = rate
    }
    if let list = root.optional("faults")?.list() { faults = FaultFile.entries(list) }
    root.finish()
    declared.device = prior(over: nil)
    configuration.take(declared)
  }

  /// A prior that the file names, beside those it leaves as they are.
  private mutating func name(_ change: @escaping @Sendable (inout DevicePrior) -> Void) { named.append(change) }

  /// The device's prior where the file takes the place of a session's: what the file names, and for the rest what the
  /// session declares, or the simulator's own values where it declares nothing.
  func prior(over session: DevicePrior?) -> DevicePrior {
    var prior = session ?? Self.usualPrior
    for change in named { change(&prior) }
    return prior
  }

  /// The device of the virtual bench where nothing is said about it.
  private static let usualPrior: DevicePrior = {
    var prior = DevicePrior()
    prior.offsetKelvin = .normal(mean: 0, standardDeviation: 0.08)
    prior.gain = .normal(mean: 0, standardDeviation: 0.001)
    prior.curvatureKelvin = .normal(mean: 0, standardDeviation: 0.02)
    prior.cubicKelvin = .normal(mean: 0, standardDeviation: 0.003)
    prior.noiseKelvin = .fixed(0.003)
    return prior
  }()

  private mutating func read(priors: MappingReader) {
    var changes: [@Sendable (inout DevicePrior) -> Void] = []
    defer { named += changes }
    func name(_ change: @escaping @Sendable (inout DevicePrior) -> Void) { changes.append(change) }
    declared.referenceDriftKelvin = priors.distribution("reference_drift", .temperatureDifference)
    declared.gradientKelvin = priors.distribution("gradient", .temperatureDifference)
    func take(
      _ key: String, _ kind: QuantityKind, scale: Double = 1,
      _ set: @escaping @Sendable (inout DevicePrior, DeclaredDistribution) -> Void
    ) {
      guard let value = priors.distribution(key, kind, scale: scale) else { return }
      name { set(&$0, value) }
    }
    take("offset", .temperatureDifference) { $0.offsetKelvin = $1 }
    take("gain", .share, scale: 0.01) { $0.gain = $1 }
    take("curvature", .temperatureDifference) { $0.curvatureKelvin = $1 }
    take("cubic", .temperatureDifference) { $0.cubicKelvin = $1 }
    take("drift_per_hour", .temperatureDifference) { $0.driftKelvinPerHour = $1 }
    take("noise", .temperatureDifference) { $0.noiseKelvin = $1 }
    if let value = priors.optional("wander_per_root_hour")?.quantity(.temperatureDifference, .notNegative) {
      name { $0.wanderKelvinPerRootHour = value }
    }
    if let value = priors.distribution("lag", .time) { name { $0.lagSeconds = value } }
    if let hysteresis = priors.distribution("hysteresis", .temperatureDifference) {
      configuration.device.hysteresisKelvin = Prior(hysteresis)
    }
    priors.finish()
  }

  private mutating func read(plant: MappingReader) {
    set(&configuration.plant.blockJoulesPerKelvin, plant, "block", .heatCapacity, .positive)
    set(&configuration.plant.liquidJoulesPerKelvin, plant, "liquid", .heatCapacity, .positive)
    set(&configuration.plant.couplingWattsPerKelvin, plant, "coupling", .thermalConductance, .positive)
    set(&configuration.plant.lossWattsPerKelvin, plant, "loss", .thermalConductance, .notNegative)
    set(&configuration.plant.coolingWattsPerKelvin, plant, "cooling", .thermalConductance, .notNegative)
    set(&configuration.plant.sinkCelsius, plant, "sink", .temperature)
    set(&configuration.plant.referenceLagSeconds, plant, "reference_lag", .time, .positive)
    set(&configuration.plant.deviceLagSeconds, plant, "device_lag", .time, .positive)
    set(&configuration.plant.stirringNoiseKelvin, plant, "stirring_noise", .temperatureDifference, .notNegative)
    set(&configuration.plant.initialCelsius, plant, "initial", .temperature)
    set(&configuration.plant.roomCelsius, plant, "room", .temperature)
    set(&configuration.plant.roomWanderKelvin, plant, "room_wander", .temperatureDifference, .notNegative)
    plant.finish()
  }

  private func set(
    _ property: inout Double, _ mapping: MappingReader, _ key: String, _ kind: QuantityKind,
    _ sign: ValueReader.Sign = .any
  ) {
    if let value = mapping.optional(key)?.quantity(kind, sign) { property = value }
  }

  private mutating func setBaud(_ baud: Int, of model: TwinModel) {
    bauds[model] = baud
  }

  private mutating func setSerial(_ serial: String, of model: TwinModel) {
    for index in configuration.instruments.indices where configuration.instruments[index].model == model {
      configuration.instruments[index].serial = serial
    }
  }
}

extension Prior {
  /// The distribution that a file declares.
  init(_ distribution: DeclaredDistribution) {
    switch distribution {
    case .fixed(let value): self = .fixed(value)
    case .normal(let mean, let deviation): self = .normal(mean: mean, standardDeviation: deviation)
    case .rectangular(let mean, let halfWidth): self = .rectangular(mean: mean, halfWidth: halfWidth)
    case .triangular(let mean, let halfWidth): self = .triangular(mean: mean, halfWidth: halfWidth)
    }
  }
}

extension SimConfiguration {
  /// Takes over what is declared; what is not stays.
  mutating func take(_ declared: OnlineDeclarations) {
    if let drift = declared.referenceDriftKelvin { reference.driftKelvin = Prior(drift) }
    if let value = declared.gradientKelvin { gradientKelvin = Prior(value) }
    if let noise = declared.referenceNoiseKelvin { reference.noiseKelvin = noise }
    guard let prior = declared.device else { return }
    device.offsetKelvin = Prior(prior.offsetKelvin)
    device.gain = Prior(prior.gain)
    device.curvatureKelvin = Prior(prior.curvatureKelvin)
    device.cubicKelvin = Prior(prior.cubicKelvin)
    device.driftKelvinPerHour = Prior(prior.driftKelvinPerHour)
    device.wanderKelvinPerRootHour = prior.wanderKelvinPerRootHour
    device.noiseKelvin = Prior(prior.noiseKelvin)
    device.lagSeconds = prior.lagSeconds.map(Prior.init)
  }
}
