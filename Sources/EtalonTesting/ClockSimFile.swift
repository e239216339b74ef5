import EtalonSession
import EtalonSim

/// A `sim.yaml` of a clock bench: the oscillator, the paths of the pulses, the reference's truth, outages.
public struct ClockSimFile: Sendable {
  /// What stands on the bench.
  public var configuration = ClockBenchConfiguration()
  /// UTC at which a simulated run starts, nanoseconds since 1970-01-01.
  public var utcNanoseconds: Int64 = 1_767_225_600_000_000_000
  /// Seed where the command line gives none.
  public var seed: UInt64 = 1

  /// Whether a simulation file is that of a clock bench: it has the key `oscillator`.
  public static func isOne(_ source: SourceFile) throws(FileFault) -> Bool {
    let tree = try StrictYAML.parse(source, kind: .bench)
    guard case .mapping(let entries) = tree.content else { return false }
    return entries.contains { $0.key == "oscillator" }
  }

  /// Reads a simulation file.
  /// - Throws: `FileFault` with everything that is wrong.
  public static func load(_ source: SourceFile) throws(FileFault) -> ClockSimFile {
    let tree = try StrictYAML.parse(source, kind: .bench)
    let context = DecodingContext(file: source.name)
    var file = ClockSimFile()
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
    if let keys = root.required("oscillator")?.mapping() {
      func number(_ key: String, _ set: (Double) -> Void) {
        if let value = keys.optional(key)?.number(need: "0 or more", where: { $0 >= 0 }) { set(value) }
      }
      number("white") { configuration.oscillator.whiteFrequency = $0 }
      number("flicker") { configuration.oscillator.flickerFloor = $0 }
      number("walk") { configuration.oscillator.randomWalkFrequency = $0 }
      number("frequency_u") { configuration.oscillator.frequency = .normal(mean: 0, standardDeviation: $0) }
      number("ageing_u") { configuration.oscillator.ageingPerSecond = .normal(mean: 0, standardDeviation: $0) }
      if let value = keys.optional("per_kelvin")?.number() { configuration.oscillator.perKelvin = .fixed(value) }
      if let value = keys.optional("temperature_swing")?.quantity(.temperatureDifference, .notNegative) {
        configuration.oscillator.temperatureSwingKelvin = value
      }
      if let value = keys.optional("temperature_period")?.quantity(.time, .positive) {
        configuration.oscillator.temperaturePeriodSeconds = value
      }
      if let value = keys.optional("serial")?.text() { configuration.serial = value }
      if let value = keys.optional("warm_up")?.quantity(.time, .notNegative) {
        configuration.warmUpSeconds = Int64(value)
      }
      keys.finish()
    }
    if let keys = root.optional("reference")?.mapping() {
      if let value = keys.optional("phase_u")?.quantity(.time, .notNegative) {
        configuration.referencePhaseSeconds = .normal(mean: 0, standardDeviation: value)
      }
      if let value = keys.optional("frequency_u")?.number(need: "0 or more", where: { $0 >= 0 }) {
        configuration.referenceFrequency = .normal(mean: 0, standardDeviation: value)
      }
      for item in keys.optional("outages")?.list() ?? [] {
        guard let outage = item.mapping() else { continue }
        let at = outage.required("at")?.quantity(.time, .notNegative)
        let length = outage.required("for")?.quantity(.time, .positive)
        outage.finish()
        if let at, let length { configuration.outages.append(at...at + length) }
      }
      keys.finish()
    }
    if let keys = root.optional("host")?.mapping() {
      if let value = keys.optional("rate_u")?.number(need: "0 to 1e-3", where: { $0 >= 0 && $0 <= 1e-3 }) {
        configuration.hostRate = .normal(mean: 0, standardDeviation: value)
      }
      keys.finish()
    }
    if let keys = root.optional("reference_line")?.mapping() { Self.read(keys, &configuration.referencePath) }
    if let keys = root.optional("oscillator_line")?.mapping() { Self.read(keys, &configuration.oscillatorPath) }
    root.finish()
  }

  private static func read(_ keys: MappingReader, _ path: inout PulsePath.Parameters) {
    if let value = keys.optional("jitter")?.quantity(.time, .notNegative) { path.jitterSeconds = value }
    if let value = keys.optional("delay")?.quantity(.time, .notNegative) { path.delaySeconds = value }
    if let value = keys.optional("resolution")?.quantity(.time, .notNegative) { path.resolutionSeconds = value }
    func probability(_ key: String, _ set: (Double) -> Void) {
      if let value = keys.optional(key)?.number(need: "a number from 0 to 1", where: { (0...1).contains($0) }) {
        set(value)
      }
    }
    probability("missing") { path.missing = $0 }
    probability("doubled") { path.doubled = $0 }
    probability("stray") { path.stray = $0 }
    keys.finish()
  }
}
