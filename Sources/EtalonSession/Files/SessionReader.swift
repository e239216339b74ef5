/// Turns the tree of a session file into a plan. Each part reports what is wrong with it and gives nil; `plan` gives a
/// plan only when all parts are there.
final class SessionReader {
  let root: MappingReader
  let context: DecodingContext
  /// An override of a parameter that the file does not have.
  private(set) var usageFault: FileFault?
  private var parameterList: [SessionPlan.Parameter] = []

  init(root: MappingReader, context: DecodingContext) {
    self.root = root
    self.context = context
  }

  // MARK: Parameters

  func parameters(_ overrides: [Override]) {
    var table = ParameterTable()
    if let mapping = root.optional("parameters")?.mapping() {
      for (key, place, value) in mapping.others() {
        guard ValueReader.isIdentifier(key) else {
          context.report(
            "'\(key)' is no name for a parameter", fix: "use letters, digits, '-' and '_'", at: place)
          continue
        }
        guard let text = value.text() else { continue }
        if text.contains("${") {
          value.report("a parameter can not stand for another", fix: "write the value itself")
          continue
        }
        let override = overrides.first { $0.name == key }
        table.add(
          ParameterTable.Entry(
            name: key, text: override?.value ?? text, place: place, isOverridden: override != nil))
        parameterList.append(SessionPlan.Parameter(name: key, text: override?.value ?? text))
      }
    }
    let unknown = overrides.filter { override in !table.names.contains(override.name) }
    // A parameter whose own value is faulty is not unknown; that fault comes first.
    if !unknown.isEmpty && context.diagnostics.isEmpty {
      usageFault = FileFault(
        .usage,
        unknown.map { override in
          Diagnostic(
            file: context.file, place: .start,
            reason: "--set \(override.name): '\(context.file)' has no parameter '\(override.name)'",
            fix: table.names.isEmpty
              ? "the session has no parameters" : "use one of: \(table.names.joined(separator: ", "))",
            nearest: NearestWord.nearest(to: override.name, among: table.names))
        })
    }
    context.parameters = table
  }

  // MARK: The whole

  func plan() -> SessionPlan? {
    root.notAvailable("report", "faults")
    let version = root.required("etalon")
    let isVersion1 = Self.checkVersion(version)
    let name = root.required("session")?.identifier()
    let title = root.required("title")?.text()
    let roles = roles()
    let known = roles ?? []
    let environment = environment(known)
    let sampling = sampling()
    // A session that only holds and monitors visits no points and decides on none.
    let isOnlineOnly = hasStep(["control", "monitor"]) && !hasStep(["as_found", "adjust", "as_left"])
    let points = isOnlineOnly && !root.has("points") ? [] : points(known, rateHertz: sampling?.rateHertz)
    let model = model(known)
    let acceptance = isOnlineOnly && !root.has("acceptance") ? SessionPlan.AcceptancePlan.none : acceptance()
    let steps = steps(known, points ?? [], rateHertz: sampling?.rateHertz)
    let finally = finally(known)
    _ = root.optional("checkpoint")?.word(of: ["each-point"])
    if let interrupt = root.optional("interrupt")?.mapping() {
      _ = interrupt.required("once")?.word(of: ["stop-at-checkpoint"])
      _ = interrupt.required("twice")?.word(of: ["safe-state-now"])
      interrupt.finish()
    }
    root.finish()
    // Parts that could not be read may have used parameters; only a whole plan tells which are never used.
    guard isVersion1, let name, let title, let roles, let environment, let sampling, let points, let model,
      let acceptance, let steps, let finally, context.diagnostics.isEmpty
    else { return nil }
    for entry in context.parameters?.entries ?? [] where !entry.isUsed {
      context.report(
        "the parameter '\(entry.name)' is never used",
        fix: "write ${\(entry.name)} where its value belongs, or remove it",
        at: entry.place)
    }
    let plan = SessionPlan(
      name: name, title: title, parameters: parameterList, roles: roles, environment: environment, sampling: sampling,
      points: points, model: model, acceptance: acceptance, steps: steps, finally: finally, file: context.file)
    checkWhole(plan)
    return plan
  }

  /// Checks the version of a file's language.
  static func checkVersion(_ value: ValueReader?) -> Bool {
    guard let value, let number = value.integer(0...Int.max) else { return false }
    if number == 1 { return true }
    value.report("this file is of version \(number) of the language", fix: "this program reads version 1")
    return false
  }

  /// The place of a role's name, for faults about what it must or must not be.
  func findRole(_ name: String, in roles: [SessionPlan.RoleRequirement], _ value: ValueReader) -> Bool {
    if roles.contains(where: { $0.name == name }) { return true }
    // Where the roles could not be read, every name would be unknown.
    if roles.isEmpty { return false }
    let names = roles.map(\.name)
    value.report(
      "there is no role '\(name)'", fix: "use one of: \(names.joined(separator: ", "))",
      nearest: NearestWord.nearest(to: name, among: names))
    return false
  }
}
