import EtalonCore

/// Reads the key `clock` of a session or of a table's description: what is declared about an oscillator, the reference that
/// it is compared with and the pulses of both.
public enum ClockDeclarations {
  /// Whether a file is about a clock: it has the key `clock`.
  public static func isClock(_ source: SourceFile) throws(FileFault) -> Bool {
    let tree = try StrictYAML.parse(source, kind: .session)
    guard case .mapping(let entries) = tree.content else { return false }
    return entries.contains { $0.key == "clock" }
  }

  /// The channel's configuration; nil when something is wrong, which is reported.
  public static func read(_ reader: ValueReader?) -> (channel: ClockChannel.Configuration, leaps: [LeapSecond])? {
    guard let reader, let keys = reader.mapping() else { return nil }
    func notNegative(_ keys: MappingReader, _ key: String) -> Double? {
      keys.optional(key).map { $0.number(need: "0 or more") { $0 >= 0 } } ?? 0
    }
    func nanoseconds(_ value: ValueReader?) -> Double? {
      guard let value else { return 0 }
      return value.quantity(.time, .notNegative).map { $0 * 1e9 }
    }
    var noise: ClockNoise?
    var frequency: ClockConfiguration.Prior?
    var ageing: ClockConfiguration.Prior?
    if let keys = keys.required("oscillator")?.mapping() {
      let white = keys.required("white")?.number(need: "0 or more") { $0 >= 0 }
      let walk = notNegative(keys, "walk")
      let ageingWalk = notNegative(keys, "ageing_walk")
      let y = keys.optional("frequency").map { $0.number() } ?? 0
      let yu = keys.required("frequency_u")?.number(need: "0 or more") { $0 >= 0 }
      let d = keys.optional("ageing").map { $0.number() } ?? 0
      let du = keys.required("ageing_u")?.number(need: "0 or more") { $0 >= 0 }
      keys.finish()
      if let white, let walk, let ageingWalk {
        noise = ClockNoise(whiteFrequency: white, randomWalkFrequency: walk, ageingWalk: ageingWalk)
      }
      if let y, let yu { frequency = .init(value: y, standardUncertainty: yu) }
      if let d, let du { ageing = .init(value: d, standardUncertainty: du) }
    }
    var referencePhase: Double? = 0
    var referenceFrequency: Double? = 0
    if let keys = keys.optional("reference")?.mapping() {
      let white = notNegative(keys, "white")
      let walk = notNegative(keys, "walk")
      referencePhase = nanoseconds(keys.optional("phase_u"))
      referenceFrequency = notNegative(keys, "frequency_u")
      keys.finish()
      if let white, let walk {
        noise = noise?.combined(with: ClockNoise(whiteFrequency: white, randomWalkFrequency: walk))
      }
    }
    var pulses: (noise: Double, resolution: Double)?
    var lines = 2
    var expectation = PulseTracker.Expectation()
    var gate = 6.0
    var holdover: Double? = 3
    if let keys = keys.required("pulses")?.mapping() {
      let noise = nanoseconds(keys.required("noise"))
      let resolution = nanoseconds(keys.required("resolution"))
      lines = keys.optional("lines")?.integer(1...2) ?? 2
      if let window = keys.optional("window")?.quantity(.time, .positive) {
        expectation.windowNanoseconds = Int64(min(window, 1) * 1e9)
      }
      if let rate = keys.optional("rate_tolerance")?.number(need: "0 to 0.01", where: { $0 >= 0 && $0 <= 0.01 }) {
        expectation.rateTolerance = rate
      }
      if let value = keys.optional("gate")?.number(need: "3 to 100", where: { $0 >= 3 && $0 <= 100 }) { gate = value }
      holdover = keys.optional("holdover_after").map { $0.quantity(.time, .positive) } ?? 3
      keys.finish()
      if let noise, let resolution { pulses = (noise, resolution) }
    }
    var monitor = ClockChannel.usualMonitor
    if let keys = keys.optional("monitor")?.mapping() {
      if let limit = keys.optional("uncertainty_limit")?.quantity(.time, .positive) {
        monitor.uncertaintyLimit = limit * 1e9
      }
      if let length = keys.optional("run_length")?.number(need: "10 to 1e9", where: { $0 >= 10 && $0 <= 1e9 }) {
        monitor.averageRunLength = length
      }
      if let count = keys.optional("learning_pulses")?.integer(1...1_000_000) { monitor.learningBlocks = count }
      keys.finish()
    }
    var leaps: [LeapSecond] = []
    for item in keys.optional("leap_seconds")?.list() ?? [] {
      guard let keys = item.mapping() else { continue }
      let after = keys.required("after")?.integer(0...1_000_000_000)
      let jump = keys.required("jump")?.integer(-1...1)
      keys.finish()
      if jump == 0 { item.report("a leap second of 0", fix: "write jump: 1 or jump: -1") }
      if let after, let jump, jump != 0 { leaps.append(LeapSecond(afterSecond: Int64(after), jump: Int64(jump))) }
    }
    if leaps.count > 1 { reader.report("more than one leap second is announced", fix: "announce the next one alone") }
    keys.finish()
    guard let noise, let frequency, let ageing, let pulses, let referencePhase, let referenceFrequency, let holdover
    else { return nil }
    let clock = ClockConfiguration(
      noise: noise, frequency: frequency, ageing: ageing, pulseNoiseNanoseconds: pulses.noise,
      resolutionNanoseconds: pulses.resolution, stampsPerPhase: lines, gate: gate,
      holdoverAfterSeconds: max(1, Int64(holdover)), referencePhaseNanoseconds: referencePhase,
      referenceFrequency: referenceFrequency)
    if let fault = clock.fault {
      reader.report(Self.words(fault), fix: "see Docs/reference/clock-file.md for the ranges")
      return nil
    }
    return (ClockChannel.Configuration(clock: clock, pulses: expectation, monitor: monitor), leaps)
  }

  /// The reason in words.
  public static func words(_ fault: ClockFault) -> String {
    switch fault {
    case .noise: "a noise level of the clock is not possible"
    case .prior: "frequency or ageing, or their uncertainty, is not possible"
    case .pulses: "noise and resolution of the pulses are both 0, or one is 0.1 s or more"
    case .limits: "gate, window or another limit of the pulses is out of range"
    case .reference: "an uncertainty of the reference is not possible"
    }
  }
}
