import EtalonCore
import EtalonMetrology
import EtalonSession

/// What `etalon estimate` is told about a recorded table: columns, response, noises, process, certificate, quantiser.
///
/// Strict as a session: unknown and duplicate keys, and values that do not fit, are faults with file, line and column.
/// Every number is in the unit of the columns. The keys: Docs/reference/estimate-file.md.
struct EstimateFile {
  /// Names of the table's columns.
  struct Columns: Equatable {
    var time = "t"
    var references = ["ref"]
    var device = "dut"
    var auxiliary: String?
  }

  let title: String?
  let columns: Columns
  let calibration: OnlineCalibrationConfiguration
  let monitor: MonitorSettings

  /// Reads a file.
  /// - Throws: `FileFault` with everything that is wrong.
  init(path: String) throws(FileFault) {
    let source = try SourceFile(path: path, kind: .data)
    try self.init(source)
  }

  init(_ source: SourceFile) throws(FileFault) {
    let tree = try StrictYAML.parse(source, kind: .data)
    let context = DecodingContext(file: source.name)
    guard let root = MappingReader.root(of: tree, context: context) else {
      try context.finish(.data)
      throw FileFault(.data, context.diagnostics)
    }
    _ = root.required("etalon")?.integer(1...1)
    title = root.optional("title")?.text()
    var columns = Columns()
    let response = root.required("response")?.mapping().flatMap { Self.response($0, &columns) }
    let second = root.optional("second_reference")?.mapping()
    let third = root.optional("third_reference")?.mapping()
    if second != nil { columns.references.append("ref2") }
    if third != nil { columns.references.append("ref3") }
    if let names = root.optional("columns")?.mapping() { Self.columns(names, &columns) }
    let noise = root.required("noise")?.mapping()
    let referenceNoise = Self.noise(noise?.required("ref"))
    let deviceNoise = Self.noise(noise?.required("dut"))
    let secondNoise = second == nil ? nil : Self.noise(noise?.required("ref2"))
    let thirdNoise = third == nil ? nil : Self.noise(noise?.required("ref3"))
    noise?.finish()
    let process = root.required("process")?.mapping().flatMap(Self.process)
    let centre = response?.centre ?? 0
    let reference = root.required("reference")?.mapping().flatMap { Self.reference($0, referenceNoise, centre) }
    let resolution = root.optional("quantiser").map { $0.number(need: "a step of 0 or more") { $0 >= 0 } } ?? 0
    let period = root.optional("period").map { $0.number(need: "a time in s above 0") { $0 > 0 } } ?? 1
    let block = root.optional("block").map { $0.integer(1...10_000) } ?? 1
    let range = root.optional("range").flatMap(Self.range)
    monitor = Self.monitor(root.optional("monitor")?.mapping())
    let twoReference = second.flatMap { Self.reference($0, secondNoise ?? nil, centre) }
    let threeReference = third.flatMap { Self.reference($0, thirdNoise ?? nil, centre) }
    root.finish()
    try context.finish(.data)
    self.columns = columns
    guard let response, let process, let reference, let deviceNoise, let resolution, let period, let block else {
      throw FileFault(.data, context.diagnostics)
    }
    var configuration = OnlineCalibrationConfiguration(
      response: response, process: process, reference: reference, deviceNoise: deviceNoise, resolution: resolution,
      periodSeconds: period, pairsPerBlock: block,
      validRange: range ?? (-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude))
    configuration.secondReference = twoReference
    configuration.thirdReference = threeReference
    calibration = configuration
  }

  private static func columns(_ names: MappingReader, _ columns: inout Columns) {
    columns.time = names.optional("t")?.text() ?? columns.time
    for index in columns.references.indices {
      let key = index == 0 ? "ref" : "ref\(index + 1)"
      columns.references[index] = names.optional(key)?.text() ?? columns.references[index]
    }
    columns.device = names.optional("dut")?.text() ?? columns.device
    if columns.auxiliary != nil { columns.auxiliary = names.optional("aux")?.text() ?? columns.auxiliary }
    names.finish()
  }

  private static func response(_ keys: MappingReader, _ columns: inout Columns) -> DeviceResponse? {
    let form = keys.required("form")?.word(of: ["indication", "correction", "callendar-van-dusen"])
    let centre = keys.required("centre")?.number()
    let halfSpan = keys.optional("half_span").map { $0.number(need: "a number above 0") { $0 > 0 } } ?? 1
    let isPlatinum = form == "callendar-van-dusen"
    let c = isPlatinum ? (keys.optional("c").map { $0.number() } ?? -4.183e-12) : nil
    var mean = Coefficients(0, 0, 0, 0)
    var uncertainty = mean
    var drift = mean
    var rate = mean
    var count: Int?
    if let reader = keys.required("coefficients"), let items = reader.list() {
      count = items.count
      if items.count < 2 || items.count > (isPlatinum ? 3 : 4) || (isPlatinum && items.count != 3) {
        reader.report(
          "the response has \(items.count) coefficients",
          fix: isPlatinum ? "give three: R0, A and B" : "give 2 to 4: offset, gain and what may follow")
        count = nil
      }
      for (power, item) in items.prefix(4).enumerated() {
        guard let term = item.mapping() else { continue }
        let value = term.required("value")?.number() ?? 0
        let u = term.required("u")?.number(need: "0 or more") { $0 >= 0 } ?? 0
        let walk = term.optional("drift")?.number(need: "0 or more") { $0 >= 0 } ?? 0
        let linear = term.optional("rate_u")?.number(need: "0 or more") { $0 >= 0 } ?? 0
        term.finish()
        set(&mean, power, value)
        set(&uncertainty, power, u)
        set(&drift, power, walk)
        set(&rate, power, linear)
        if power == 1 && value == 0 { item.report("the gain is 0", fix: "write the change for one half span") }
      }
    }
    func term(_ reader: ValueReader?) -> DeviceResponse.Term? {
      guard let reader, let keys = reader.mapping() else { return nil }
      let value = keys.optional("value").map { $0.number() } ?? 0
      let u = keys.required("u")?.number(need: "0 or more") { $0 >= 0 }
      keys.finish()
      guard let value, let u else { return nil }
      return DeviceResponse.Term(mean: value, standardUncertainty: u)
    }
    var auxiliary: DeviceResponse.Auxiliary?
    if let keys = keys.optional("auxiliary")?.mapping() {
      columns.auxiliary = "aux"
      let centre = keys.required("centre")?.number()
      let halfSpan = keys.required("half_span")?.number(need: "a number above 0") { $0 > 0 }
      let offset = term(keys.required("offset"))
      let gain = term(keys.required("gain"))
      keys.finish()
      if let centre, let halfSpan, let offset, let gain {
        auxiliary = DeviceResponse.Auxiliary(centre: centre, halfSpan: halfSpan, offset: offset, gain: gain)
      }
    }
    var creep: DeviceResponse.Creep?
    if let keys = keys.optional("creep")?.mapping() {
      let time = keys.required("time")?.number(need: "a time in s above 0") { $0 > 0 }
      let amount = term(keys.required("amount"))
      keys.finish()
      if let time, let amount { creep = DeviceResponse.Creep(timeSeconds: time, amount: amount) }
    }
    keys.finish()
    guard let form, let centre, let halfSpan, let count else { return nil }
    let kind: DeviceResponse.Form
    switch form {
    case "correction": kind = .correction
    case "indication": kind = .indication
    default:
      guard let c else { return nil }
      kind = .callendarVanDusen(c: c)
    }
    return DeviceResponse(
      form: kind, centre: centre, halfSpan: halfSpan, degree: count - 1, mean: mean, standardUncertainty: uncertainty,
      driftPerRootSecond: drift, rateStandardUncertainty: rate, auxiliary: auxiliary, creep: creep)
  }

  private static func set(_ coefficients: inout Coefficients, _ index: Int, _ value: Double) {
    switch index {
    case 0: coefficients.c0 = value
    case 1: coefficients.c1 = value
    case 2: coefficients.c2 = value
    default: coefficients.c3 = value
    }
  }

  private static func noise(_ reader: ValueReader?) -> CorrelatedNoise? {
    guard let reader, let keys = reader.mapping() else { return nil }
    let deviation = keys.required("u")?.number(need: "0 or more") { $0 >= 0 }
    let time = keys.optional("correlation_time").map { $0.number(need: "a time in s of 0 or more") { $0 >= 0 } } ?? 0
    keys.finish()
    guard let deviation, let time else { return nil }
    return CorrelatedNoise(standardDeviation: deviation, correlationTimeSeconds: time)
  }

  private static func process(_ keys: MappingReader) -> OnlineCalibrationConfiguration.Process? {
    let model = keys.required("model")?.word(of: ["held", "stationary", "random-walk"])
    let spread = keys.required("spread")?.number(need: "0 or more") { $0 >= 0 }
    let isWalk = model == "random-walk"
    let time =
      isWalk
      ? 0 : keys.optional("correlation_time").map { $0.number(need: "a time in s of 0 or more") { $0 >= 0 } } ?? 0
    let drift = isWalk ? 0 : keys.optional("level_drift").map { $0.number(need: "0 or more") { $0 >= 0 } } ?? 0
    keys.finish()
    guard let model, let spread, let time, let drift else { return nil }
    return OnlineCalibrationConfiguration.Process(
      motion: CorrelatedNoise(standardDeviation: isWalk ? 0 : spread, correlationTimeSeconds: time),
      levelDriftPerRootSecond: isWalk ? spread : drift, mayMove: model == "held")
  }

  private static func reference(
    _ keys: MappingReader, _ noise: CorrelatedNoise?, _ middle: Double
  ) -> OnlineCalibrationConfiguration.Reference? {
    let centre = keys.optional("centre").map { $0.number() } ?? middle
    let halfSpan = keys.optional("half_span").map { $0.number(need: "a number above 0") { $0 > 0 } } ?? 1
    var correction = Coefficients(0, 0, 0, 0)
    var deviations: [Double] = []
    if let reader = keys.optional("basis"), let items = reader.list() {
      if items.count > 4 { reader.report("the correction has \(items.count) terms", fix: "give at most four") }
      for (power, item) in items.prefix(4).enumerated() {
        guard let term = item.mapping() else { continue }
        let value = term.optional("value").map { $0.number() } ?? 0
        deviations.append(term.required("u")?.number(need: "0 or more") { $0 >= 0 } ?? 0)
        term.finish()
        set(&correction, power, value ?? 0)
      }
    }
    var covariance = InlineArray<4, InlineArray<4, Double>>(repeating: InlineArray(repeating: 0))
    for (index, deviation) in deviations.enumerated() { covariance[index][index] = deviation * deviation }
    for item in keys.optional("correlation")?.list() ?? [] {
      guard let pair = item.mapping() else { continue }
      let terms = pair.required("between")?.list() ?? []
      let first = terms.first?.integer(0...3)
      let other = terms.dropFirst().first?.integer(0...3)
      let r = pair.required("r")?.number(need: "a coefficient from -1 to 1") { $0 >= -1 && $0 <= 1 }
      pair.finish()
      guard let first, let other, let r else { continue }
      guard terms.count == 2, first != other, max(first, other) < deviations.count else {
        item.report("a correlation is between two different terms of 'basis'", fix: "write between: [0, 1]")
        continue
      }
      covariance[first][other] = r * deviations[first] * deviations[other]
      covariance[other][first] = covariance[first][other]
    }
    let drift = keys.optional("drift_u").map { $0.number(need: "0 or more") { $0 >= 0 } } ?? 0
    let growth = keys.optional("drift_u_per_second").map { $0.number(need: "0 or more") { $0 >= 0 } } ?? 0
    let gradient = keys.optional("gradient_u").map { $0.number(need: "0 or more") { $0 >= 0 } } ?? 0
    keys.finish()
    guard let centre, let halfSpan, let drift, let growth, let gradient, let noise else { return nil }
    var reference = OnlineCalibrationConfiguration.Reference(
      centre: centre, halfSpan: halfSpan, basisCount: deviations.count, correction: correction, covariance: covariance,
      driftStandardUncertainty: drift, gradientStandardUncertainty: gradient, noise: noise)
    reference.driftStandardUncertaintyPerSecond = growth
    return reference
  }

  private static func range(_ reader: ValueReader) -> ClosedRange<Double>? {
    guard let items = reader.list() else { return nil }
    guard items.count == 2, let low = items[0].number(), let high = items[1].number(), low < high else {
      reader.report("'range' takes a lower and an upper limit", fix: "write [lower, upper]")
      return nil
    }
    return low...high
  }

  private static func monitor(_ keys: MappingReader?) -> MonitorSettings {
    var settings = MonitorSettings()
    guard let keys else { return settings }
    if let u = keys.optional("uncertainty_limit")?.number(need: "a number above 0", where: { $0 > 0 }) {
      settings.uncertaintyLimit = u
    }
    if let shift = keys.optional("shift")?.number(need: "a number above 0", where: { $0 > 0 }) {
      settings.shift = shift
    }
    if let length = keys.optional("run_length")?.number(need: "10 to 1e9", where: { $0 >= 10 && $0 <= 1e9 }) {
      settings.averageRunLength = length
    }
    if let number = keys.optional("learning_rows")?.integer(1...1_000_000) { settings.learningBlocks = number }
    keys.finish()
    return settings
  }
}
