import EtalonCore

/// A session of a clock bench: what is declared, whether the clock is synchronised and steered, in which stages, and when the
/// result is accepted.
public struct ClockSession: Sendable {
  /// Name of the session.
  public var name: String
  /// What people call it.
  public var title: String
  /// What is done.
  public var plan: ClockRun.Plan
  /// Greatest magnitude of the phase that is accepted at the end, nanoseconds, uncertainty included; nil for no limit.
  public var phaseLimitNanoseconds: Double?
  /// The same for the frequency.
  public var frequencyLimit: Double?

  /// Reads and checks a session.
  /// - Throws: `FileFault` with everything that is wrong.
  public static func load(_ source: SourceFile) throws(FileFault) -> ClockSession {
    let tree = try StrictYAML.parse(source, kind: .session)
    let context = DecodingContext(file: source.name)
    let session = MappingReader.root(of: tree, context: context).flatMap(read)
    try context.finish(.session)
    guard let session else { throw FileFault(.session, context.diagnostics) }
    return session
  }

  private static func read(_ root: MappingReader) -> ClockSession? {
    let isVersion1 = SessionReader.checkVersion(root.required("etalon"))
    let name = root.required("session")?.identifier()
    let title = root.required("title")?.text()
    let declared = ClockDeclarations.read(root.required("clock"))
    let synchronises = root.optional("synchronise").map { $0.flag() } ?? false
    var steering: ClockSteering.Settings?
    if let reader = root.optional("steering"), let keys = reader.mapping() {
      let time = keys.required("time_constant")?.quantity(.time, .positive)
      let period = keys.required("period")?.quantity(.time, .positive)
      let limit = keys.required("limit")?.number(need: "a number above 0 up to 2e-6") { $0 > 0 && $0 <= 2e-6 }
      let rate = keys.required("rate_limit")?.number(need: "a number above 0") { $0 > 0 }
      let resolution = keys.optional("resolution").map { $0.number(need: "1e-15 or more") { $0 >= 1e-15 } } ?? 1e-12
      keys.finish()
      if let time, let period, let limit, let rate, let resolution {
        let settings = ClockSteering.Settings(
          timeConstantSeconds: time, periodSeconds: Int64(period), limit: limit, rateLimit: rate, resolution: resolution
        )
        do { _ = try ClockSteering(settings) } catch {
          reader.report(
            error.explanation,
            fix: "take a time constant of at least two periods, and a rate limit above the resolution")
        }
        steering = settings
      }
    }
    var stages: [ClockRun.Stage] = []
    for item in root.required("stages")?.list() ?? [] {
      guard let keys = item.mapping() else { continue }
      let name = keys.required("name")?.identifier()
      let seconds = keys.required("for")?.quantity(.time, .positive)
      let steers = keys.optional("steer").map { $0.flag() } ?? false
      keys.finish()
      if steers == true, steering == nil {
        item.report("the stage steers and there is no 'steering'", fix: "add 'steering:' to the session")
      }
      if let name, let seconds, let steers {
        stages.append(ClockRun.Stage(name: name, seconds: max(1, Int64(seconds)), isSteered: steers))
      }
    }
    var phaseLimit: Double?
    var frequencyLimit: Double?
    if let keys = root.optional("acceptance")?.mapping() {
      phaseLimit = keys.optional("phase")?.quantity(.time, .positive).map { $0 * 1e9 }
      frequencyLimit = keys.optional("frequency")?.number(need: "a number above 0") { $0 > 0 }
      keys.finish()
    }
    root.finish()
    guard isVersion1, let name, let title, let declared, let synchronises, !stages.isEmpty else { return nil }
    return ClockSession(
      name: name, title: title,
      plan: ClockRun.Plan(
        channel: declared.channel, steering: steering, synchronises: synchronises, stages: stages,
        leaps: declared.leaps), phaseLimitNanoseconds: phaseLimit, frequencyLimit: frequencyLimit)
  }

  /// The verdict on a run that ended, with the interval of 95 %.
  public func verdict(_ run: ClockRun) -> Verdict {
    if run.failure != nil { return .failed }
    if run.isStopped { return .stopped }
    guard let last = run.rows.last, last.state == .calibrated, !last.isHoldover else { return .inconclusive }
    func judge(_ value: Double, _ u: Double, _ limit: Double?) -> Verdict {
      guard let limit else { return .conforming }
      if value.magnitude + 1.96 * u <= limit { return .conforming }
      return value.magnitude - 1.96 * u > limit ? .nonconforming : .inconclusive
    }
    let verdicts = [
      judge(last.phase.value, last.phase.standardUncertainty, phaseLimitNanoseconds),
      judge(last.frequency.value, last.frequency.standardUncertainty, frequencyLimit),
    ]
    if verdicts.contains(.nonconforming) { return .nonconforming }
    return verdicts.contains(.inconclusive) ? .inconclusive : .conforming
  }
}
