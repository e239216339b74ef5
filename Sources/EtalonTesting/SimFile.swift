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
    if let priors = root.optional("priors")?.mapping() { read(priors: priors) }
    if let reference = root.optional("reference")?.mapping() {
      set(&configuration.reference.noiseKelvin, reference, "noise", .temperatureDifference, .notNegative)
      set(&configuration.reference.resolutionKelvin, reference, "resolution", .temperatureDifference, .positive)
      set(&configuration.reference.periodSeconds, reference, "period", .time, .positive)
      set(&configuration.reference.filterSeconds, reference, "filter", .time, .notNegative)
      if let serial = reference.optional("serial")?.text() { setSerial(serial, of: .hart1502A) }
      reference.finish()
    }
    if let device = root.optional("device")?.mapping() {
      if let noise = device.optional("noise")?.quantity(.temperatureDifference, .notNegative) {
        configuration.device.noiseKelvin = .fixed(noise)
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
  }

  private mutating func read(priors: MappingReader) {
    prior(&configuration.reference.driftKelvin, priors, "reference_drift", .temperatureDifference)
    prior(&configuration.gradientKelvin, priors, "gradient", .temperatureDifference)
    prior(&configuration.device.offsetKelvin, priors, "offset", .temperatureDifference)
    prior(&configuration.device.curvatureKelvin, priors, "curvature", .temperatureDifference)
    prior(&configuration.device.cubicKelvin, priors, "cubic", .temperatureDifference)
    prior(&configuration.device.hysteresisKelvin, priors, "hysteresis", .temperatureDifference)
    prior(&configuration.device.driftKelvinPerHour, priors, "drift_per_hour", .temperatureDifference)
    prior(&configuration.device.gain, priors, "gain", .share, scale: 0.01)
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

  /// `{normal: SD}`, `{rectangular: HALF_WIDTH}`, `{triangular: HALF_WIDTH}` or `{fixed: VALUE}`, with an optional `mean`.
  private func prior(
    _ property: inout Prior, _ mapping: MappingReader, _ key: String, _ kind: QuantityKind, scale: Double = 1
  ) {
    guard let distribution = mapping.optional(key)?.mapping() else { return }
    let mean = (distribution.optional("mean")?.quantity(kind) ?? 0) * scale
    if let value = distribution.optional("fixed")?.quantity(kind) {
      property = .fixed(value * scale)
    } else if let value = distribution.optional("normal")?.quantity(kind, .notNegative) {
      property = .normal(mean: mean, standardDeviation: value * scale)
    } else if let value = distribution.optional("rectangular")?.quantity(kind, .notNegative) {
      property = .rectangular(mean: mean, halfWidth: value * scale)
    } else {
      if let value = distribution.required("triangular")?.quantity(kind, .notNegative) {
        property = .triangular(mean: mean, halfWidth: value * scale)
      }
    }
    distribution.finish()
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
