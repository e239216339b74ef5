import EtalonMetrology
import EtalonUncertainty
import Foundation

/// A measurement as `etalon uncertainty` reads it: model, inputs, correlations and coverage from a JSON file.
struct UncertaintyFile {
  let model: MeasurementModel
  /// Units of the measurands; nil where an input has none.
  let units: [EtalonMetrology.Unit]?
  let coverage: Double
  /// Correlations of the inputs that are used, given and observed.
  let correlations: [InputCorrelation]
  /// Inputs without a unit beside others that have one: their units are not checked.
  let unitless: [String]

  private static let keys: Set<String> = [
    "model", "solve_for", "start", "inputs", "correlations", "constants", "coverage", "data", "title",
  ]
  private static let inputKeys: Set<String> = [
    "estimate", "unit", "dof", "u", "U", "k", "p", "rectangular", "triangular", "arcsine", "trapezoidal", "ctrap", "t",
    "exponential", "truncated", "observations", "column", "series",
  ]

  /// - Parameter directory: where the file lies; `data` is relative to it.
  init(json text: String, path: String, directory: String) throws {
    func fault(_ reason: String) -> DataFault { DataFault(path: path, line: nil, reason: reason) }
    guard text.contains(where: { !$0.isWhitespace }) else { throw fault("the file is empty") }
    let object: Any
    do {
      object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    } catch {
      throw fault("the file is not JSON: \(JSONReason.text(error))")
    }
    guard let members = object as? [String: Any] else { throw fault("the file holds no object") }
    if let (key, line) = JSONDuplicates.first(in: text) {
      throw DataFault(path: path, line: line, reason: "the key '\(key)' appears twice in one object; remove one")
    }
    for key in members.keys.sorted() where !Self.keys.contains(key) {
      throw fault("'\(key)' is no key; allowed are \(Self.keys.sorted().joined(separator: ", "))")
    }
    guard let texts = (members["model"] as? String).map({ [$0] }) ?? members["model"] as? [String], !texts.isEmpty
    else {
      throw fault("'model' must be a text such as \"y = a*b\", or a list of such texts")
    }
    guard let described = members["inputs"] as? [String: Any], !described.isEmpty else {
      throw fault("'inputs' must be an object with one member for each input")
    }
    coverage = try Self.number(members["coverage"], "coverage", fault) ?? 0.9545
    var table: DataTable?
    if let name = members["data"] {
      guard let name = name as? String else { throw fault("'data' must be the name of a CSV or JSON file") }
      table = try DataTable.read(name.hasPrefix("/") ? name : directory + "/" + name)
    }

    var inputs: [InputQuantity] = []
    var units: [String: EtalonMetrology.Unit] = [:]
    var observed: [(name: String, values: [Double])] = []
    for name in described.keys.sorted() {
      let place = "inputs.\(name)"
      if let concise = described[name] as? String {
        do {
          let value = try ConciseNotation.parse(concise)
          inputs.append(
            InputQuantity(name: name, estimate: value.value, distribution: .normal(value.standardUncertainty)))
          units[name] = value.unit
        } catch { throw fault("\(place): \(error)") }
        continue
      }
      if described[name] is NSNumber, let exact = try Self.number(described[name], place, fault) {
        inputs.append(InputQuantity(name: name, estimate: exact, distribution: .exact))
        continue
      }
      guard let members = described[name] as? [String: Any] else {
        throw fault("\(place) must be an object, a number or a text such as \"1.234(5) V\"")
      }
      for key in members.keys.sorted() where !Self.inputKeys.contains(key) {
        throw fault("\(place): '\(key)' is no key; allowed are \(Self.inputKeys.sorted().joined(separator: ", "))")
      }
      try Self.checkCompany(members, place, fault)
      if let unit = members["unit"] {
        guard let unit = unit as? String else { throw fault("\(place).unit must be a text") }
        do { units[name] = try EtalonMetrology.Unit.parse(unit) } catch { throw fault("\(place): \(error)") }
      }
      if let column = members["column"] {
        guard let column = column as? String, let table else {
          throw fault("\(place).column must be the name of a column of 'data'")
        }
        let found = try table.column(column, of: members["data"] as? String ?? path)
        observed.append((name, found.values))
        if units[name] == nil, let unit = found.unit {
          do { units[name] = try EtalonMetrology.Unit.parse(unit) } catch { throw fault("\(place): \(error)") }
        }
        continue
      }
      inputs.append(try Self.input(name, members, place, fault))
    }
    var correlations: [InputCorrelation] = []
    if observed.count == 1 {
      inputs.append(try .typeA(name: observed[0].name, observations: observed[0].values))
    } else if !observed.isEmpty {
      // Rows of one table were observed together.
      let together = try SimultaneousObservations(names: observed.map(\.name), series: observed.map(\.values))
      inputs += together.inputs
      correlations += together.correlations
    }
    if let given = members["correlations"] {
      let form = "'correlations' must be a list of [\"a\", \"b\", coefficient]"
      guard let pairs = given as? [Any] else { throw fault(form) }
      for pair in pairs {
        guard let pair = pair as? [Any], pair.count == 3, let a = pair[0] as? String, let b = pair[1] as? String,
          let r = try Self.number(pair[2], "correlations", fault)
        else { throw fault(form) }
        correlations.append(InputCorrelation(a, b, r))
      }
    }
    self.correlations = correlations.filter { $0.coefficient != 0 }
    let used = Set(texts.flatMap { $0.split(separator: "=") }.flatMap { Self.names(in: String($0)) })
    if let idle = inputs.map(\.name).first(where: { !used.contains($0) }) {
      throw fault("the input '\(idle)' does not appear in the model; remove it, or mend its name")
    }
    let plain = inputs.filter { units[$0.name] == nil && $0.distribution != .exact }.map(\.name)
    unitless = units.isEmpty ? [] : plain
    var constants: [String: Double] = [:]
    if let given = members["constants"] {
      guard let given = given as? [String: Any] else {
        throw fault("'constants' must be an object with one number for each name")
      }
      for name in given.keys.sorted() { constants[name] = try Self.number(given[name], "constants.\(name)", fault) }
    }
    if let unknown = members["solve_for"] {
      guard let unknown = unknown as? String, texts.count == 1, constants.isEmpty else {
        throw fault("'solve_for' must be a name, with one model and without constants")
      }
      model = try MeasurementModel(
        implicit: texts[0], solvingFor: unknown, from: try Self.number(members["start"], "start", fault) ?? 0,
        inputs: inputs, correlations: correlations)
      self.units = nil
    } else {
      model = try MeasurementModel(outputs: texts, inputs: inputs, correlations: correlations, constants: constants)
      // Units are checked where every input has one; exact numbers are plain.
      let all = inputs.map { units[$0.name] ?? ($0.distribution == .exact ? .one : nil) }
      self.units = units.isEmpty || all.contains(nil) ? nil : try model.units(of: all.compactMap { $0 })
    }
  }

  /// Every name that stands in an expression: letters, digits and underscores after a letter.
  private static func names(in text: String) -> [String] {
    text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "'") }.map(String.init)
  }

  /// A key that would say nothing beside the others is a fault, because whoever wrote it meant something.
  private static func checkCompany(
    _ members: [String: Any], _ place: String, _ fault: (String) -> DataFault
  ) throws {
    for data in ["observations", "series", "column"] where members[data] != nil {
      for key in members.keys.sorted() where ![data, "unit"].contains(key) {
        throw fault("\(place): '\(key)' has no meaning beside '\(data)', which gives estimate and uncertainty")
      }
    }
    for key in ["k", "p"] where members[key] != nil && members["U"] == nil {
      throw fault("\(place): '\(key)' belongs to an expanded uncertainty 'U'")
    }
    if members["k"] != nil, members["p"] != nil { throw fault("\(place): give 'k' or 'p' with 'U', not both") }
  }

  private static func number(_ value: Any?, _ place: String, _ fault: (String) -> DataFault) throws -> Double? {
    guard let value else { return nil }
    // A truth value is a number of one byte to Foundation, but none to us.
    guard let number = value as? NSNumber, String(cString: number.objCType) != "c" else {
      throw fault("\(place) must be a number")
    }
    return number.doubleValue
  }

  /// `[u, low, high]`, where an end that is not there is null.
  private static func truncated(
    _ given: Any, _ name: String, peak: Double, _ place: String, _ fault: (String) -> DataFault
  ) throws -> InputQuantity {
    guard let list = given as? [Any], list.count == 3, let u = try number(list[0], "\(place).truncated", fault) else {
      throw fault("\(place).truncated must be [standard deviation, lower end or null, upper end or null]")
    }
    func end(_ value: Any) throws -> Double? {
      value is NSNull ? nil : try number(value, "\(place).truncated", fault)
    }
    return try .truncatedNormal(
      name: name, peak: peak, standardDeviation: u, from: try end(list[1]) ?? -.infinity,
      to: try end(list[2]) ?? .infinity)
  }

  private static func input(
    _ name: String, _ members: [String: Any], _ place: String, _ fault: (String) -> DataFault
  ) throws -> InputQuantity {
    for (key, isSeries) in [("observations", false), ("series", true)] {
      guard let list = members[key] else { continue }
      guard let list = list as? [NSNumber] else { throw fault("\(place).\(key) must be a list of numbers") }
      let values = list.map(\.doubleValue)
      return try isSeries ? .typeA(name: name, series: values) : .typeA(name: name, observations: values)
    }
    func value(_ key: String) throws -> Double? { try number(members[key], "\(place).\(key)", fault) }
    guard let estimate = try value("estimate") else { throw fault("\(place).estimate is missing") }
    let dof = try value("dof")
    func pair(_ key: String) throws -> (Double, Double)? {
      guard let list = members[key] else { return nil }
      guard let list = list as? [NSNumber], list.count == 2 else { throw fault("\(place).\(key) must be two numbers") }
      return (list[0].doubleValue, list[1].doubleValue)
    }
    if let given = members["truncated"] {
      for key in members.keys.sorted() where !["truncated", "estimate", "unit"].contains(key) {
        throw fault("\(place): '\(key)' has no meaning beside 'truncated'")
      }
      return try truncated(given, name, peak: estimate, place, fault)
    }
    var distributions: [ProbabilityDistribution] = []
    if let u = try value("u") { distributions.append(.stated(u, degreesOfFreedom: dof ?? .infinity)) }
    if let expanded = try value("U") {
      if let k = try value("k") {
        guard k > 0 else { throw fault("\(place).k must be above 0") }
        // JCGM 101, 6.4.9.7, where the certificate gives degrees of freedom.
        distributions.append(.stated(expanded / k, degreesOfFreedom: dof ?? .infinity))
      } else if let p = try value("p") {
        distributions.append(try .expanded(expanded, coverageProbability: p, degreesOfFreedom: dof ?? .infinity))
      } else {
        throw fault("\(place): an expanded uncertainty U needs its coverage factor k or its probability p")
      }
    }
    if let a = try value("rectangular") { distributions.append(.rectangular(halfWidth: a)) }
    if let a = try value("triangular") { distributions.append(.triangular(halfWidth: a)) }
    if let a = try value("arcsine") { distributions.append(.arcsine(halfWidth: a)) }
    if let (a, beta) = try pair("trapezoidal") { distributions.append(.trapezoidal(halfWidth: a, topRatio: beta)) }
    if let (a, d) = try pair("ctrap") { distributions.append(.curvilinearTrapezoidal(halfWidth: a, inexactness: d)) }
    if let scale = try value("t") {
      guard let dof else { throw fault("\(place): a t distribution needs its degrees of freedom dof") }
      distributions.append(.studentT(scale: scale, degreesOfFreedom: dof))
    }
    if let mean = try value("exponential") { distributions.append(.exponential(mean: mean)) }
    guard distributions.count <= 1 else { throw fault("\(place) has more than one distribution") }
    return InputQuantity(
      name: name, estimate: estimate, distribution: distributions.first ?? .exact, degreesOfFreedom: dof)
  }
}
