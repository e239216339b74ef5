import EtalonMetrology
import EtalonUncertainty

/// One quantity of a case as an object: `{x, u, dof}`, `{x, U, k}`, `{x, u_percent}`, `{x, rect}`,
/// `{x, triangular, repeatability_u, temperature_rect}`, `{x, u, dof, dist}`, `{observations}`, or a sum of counted parts.
///
/// Every member is read or refused: an uncertainty under a name that is not known must not become none.
struct QuantityNotation {
  /// As the law of propagation takes it.
  let input: InputQuantity
  /// What a Monte Carlo draws from instead; nil where the input says it.
  private(set) var sampled: ProbabilityDistribution?

  /// Members that say something to people.
  private static let remarks: Set<String> = [
    "unit", "units", "note", "notes", "name", "symbol", "description", "comment", "remark", "source", "label",
  ]

  /// - Parameter group: Name under which quantities are listed together, which may be that of their distribution.
  init(_ name: String, _ value: JSONValue, group: String?) throws {
    let members = (value.members ?? []).filter { !Self.remarks.contains($0.name) }
    func first(_ names: [String]) -> JSONValue.Member? {
      names.lazy.compactMap { wanted in members.first { $0.name == wanted } }.first
    }
    func refused(_ member: JSONValue.Member) -> EvaluationFault {
      .malformed("\(name).\(member.name)", expected: "a member of a quantity that the checker knows")
    }
    guard let estimate = first(["x", "mean", "value", "estimate"]) else {
      if let observed = first(["observations", "values", "readings"]), let values = observed.value.doubles {
        if let other = members.first(where: { $0.name != observed.name }) { throw refused(other) }
        input = try InputQuantity.typeA(name: name, observations: values)
      } else {
        input = try Self.countedParts(name, members)
      }
      return
    }
    guard let x = estimate.value.double else { throw EvaluationFault.malformed(name, expected: "an estimate") }
    var consumed: Set<String> = [estimate.name]
    var dof = Double.infinity
    if let member = first(["dof", "nu", "df"]) {
      guard let value = member.value == .null ? Double.infinity : member.value.double else { throw refused(member) }
      dof = value
      consumed.insert(member.name)
    }
    var shape = group.flatMap(Shape.init)
    for member in members where ["dist", "distribution", "pdf", "shape", "type"].contains(member.name) {
      guard let text = member.value.text else { throw refused(member) }
      if member.name != "type" || !["a", "b"].contains(text.lowercased()) {
        guard let named = Shape(text) else { throw EvaluationFault.unsupported("the distribution \(text)") }
        shape = named
      }
      consumed.insert(member.name)
    }
    let factor = first(["k", "coverage_factor"])
    if let factor { consumed.insert(factor.name) }
    var parts: [ProbabilityDistribution] = []
    var studentT: ProbabilityDistribution?
    for member in members where !consumed.contains(member.name) {
      guard let size = Size(member.name), let number = member.value.double, number >= 0 else { throw refused(member) }
      guard number != 0 else { continue }
      let amount = number * size.scale(x)
      switch size.kind {
      case .shaped(let kind):
        parts += Array(repeating: kind.bounded(amount), count: size.count)
      case .halfWidth:
        let kind = shape ?? .rectangular
        guard kind.isBounded else { throw refused(member) }
        parts += Array(repeating: kind.bounded(amount), count: size.count)
      case .expanded:
        guard let k = factor == nil ? 2 : factor?.value.double, k > 0 else { throw refused(member) }
        parts.append(.expanded(amount, coverageFactor: k))
      case .standard:
        guard size.isWhole, let shape else {
          parts.append(.normal(amount))
          continue
        }
        parts.append(shape.deviating(amount))
        // The stated u is the standard deviation of the t distribution (NIST TN 1900, E13), not its scale.
        if shape == .studentT, dof.isFinite, dof > 2 {
          studentT = .studentT(scale: amount * ((dof - 2) / dof).squareRoot(), degreesOfFreedom: dof)
        } else if shape == .studentT, dof.isFinite {
          studentT = .studentT(scale: amount, degreesOfFreedom: dof)
        }
      }
    }
    guard let only = parts.first else {
      input = InputQuantity(name: name, estimate: x, distribution: .exact)
      return
    }
    if parts.count == 1 {
      input = InputQuantity(name: name, estimate: x, distribution: only, degreesOfFreedom: dof)
      sampled = studentT
      return
    }
    let sum = try MeasurementModel(
      parts.indices.map { "p\($0)" }.joined(separator: " + "),
      inputs: parts.enumerated().map { InputQuantity(name: "p\($0.offset)", estimate: 0, distribution: $0.element) }
    ).budget(coverage: 0.95)
    input = InputQuantity(
      name: name, estimate: x, distribution: .normal(sum.standardUncertainty), degreesOfFreedom: dof)
  }

  /// A molar mass: each member is [count, mass, rectangular half-width].
  private static func countedParts(_ name: String, _ members: [JSONValue.Member]) throws -> InputQuantity {
    var terms: [String] = []
    var inputs: [InputQuantity] = []
    for member in members {
      guard let numbers = member.value.doubles, numbers.count == 3 else {
        throw EvaluationFault.malformed("\(name).\(member.name)", expected: "[count, mass, rectangular half-width]")
      }
      terms.append("\(numbers[0])*\(member.name)")
      inputs.append(
        InputQuantity(name: member.name, estimate: numbers[1], distribution: .rectangular(halfWidth: numbers[2])))
    }
    guard !inputs.isEmpty else { throw EvaluationFault.malformed(name, expected: "a quantity with an estimate x") }
    let sum = try MeasurementModel(terms.joined(separator: " + "), inputs: inputs).budget(coverage: 0.95)
    return InputQuantity(name: name, estimate: sum.estimate, distribution: .normal(sum.standardUncertainty))
  }
}

extension QuantityNotation {
  /// A distribution by its name.
  enum Shape {
    case normal, rectangular, triangular, arcsine, studentT

    init?(_ text: String) {
      let name = text.lowercased()
      func begins(_ stems: [String]) -> Bool { stems.contains { name.hasPrefix($0) } }
      if name == "n" || begins(["norm", "gauss"]) {
        self = .normal
      } else if name == "r" || begins(["rect", "unif"]) {
        self = .rectangular
      } else if name == "tri" || begins(["triang"]) {
        self = .triangular
      } else if begins(["arcs", "u-shape", "ushape", "u_shape"]) {
        self = .arcsine
      } else if name == "t" || begins(["student", "t-dist", "t_dist", "t dist", "scaled t", "scaled-t"]) {
        self = .studentT
      } else {
        return nil
      }
    }

    var isBounded: Bool { self == .rectangular || self == .triangular || self == .arcsine }

    /// With a half-width; for a bounded shape.
    func bounded(_ halfWidth: Double) -> ProbabilityDistribution {
      switch self {
      case .triangular: return .triangular(halfWidth: halfWidth)
      case .arcsine: return .arcsine(halfWidth: halfWidth)
      default: return .rectangular(halfWidth: halfWidth)
      }
    }

    /// With a standard deviation; t enters a budget by its standard deviation and its degrees of freedom.
    func deviating(_ u: Double) -> ProbabilityDistribution {
      switch self {
      case .rectangular: return .rectangular(halfWidth: u * 3.0.squareRoot())
      case .triangular: return .triangular(halfWidth: u * 6.0.squareRoot())
      case .arcsine: return .arcsine(halfWidth: u * 2.0.squareRoot())
      case .normal, .studentT: return .normal(u)
      }
    }
  }

  /// What the name of a number says about it: `u_percent`, `repeatability_u`, `two_rect`, `temperature_rect`.
  struct Size {
    enum Kind {
      case standard, expanded, halfWidth
      case shaped(Shape)
    }

    let kind: Kind
    /// 2 for two of the same kind.
    let count: Int
    /// True where the name speaks of the quantity as a whole and not of one influence on it.
    let isWhole: Bool
    private let fraction: Double?

    init?(_ name: String) {
      var words = name.split(separator: "_").map(String.init)
      func take(_ wanted: [String]) -> Bool {
        guard let i = words.firstIndex(where: wanted.contains) else { return false }
        words.remove(at: i)
        return true
      }
      let isPercent = take(["percent", "pct", "%"])
      let isMillionth = take(["ppm"])
      let isRelative = take(["rel", "relative"])
      fraction = isPercent ? 0.01 : isMillionth ? 1e-6 : isRelative ? 1 : nil
      count = take(["two"]) ? 2 : 1
      if take(["rect", "rectangular", "uniform"]) {
        kind = .shaped(.rectangular)
      } else if take(["triangular", "tri"]) {
        kind = .shaped(.triangular)
      } else if take(["arcsine", "ushaped"]) {
        kind = .shaped(.arcsine)
      } else if take(["halfwidth", "hw"]) || (words.contains("half") && words.contains("width")) {
        kind = .halfWidth
        words.removeAll { $0 == "half" || $0 == "width" }
      } else if take(["U", "expanded"]) {
        kind = .expanded
        _ = take(["uncertainty"])
      } else if take(["u", "std", "stdev", "sd", "s", "sigma"]) {
        kind = .standard
        _ = take(["uncertainty"])
      } else if words.contains("standard") && (words.contains("uncertainty") || words.contains("deviation")) {
        kind = .standard
        words.removeAll { ["standard", "uncertainty", "deviation"].contains($0) }
      } else {
        return nil
      }
      // A shape goes with its half-width: `rect_halfwidth`.
      if case .shaped = kind { words.removeAll { ["halfwidth", "half", "width", "hw"].contains($0) } }
      isWhole = words.isEmpty
      // Words that would change the meaning are no label of an influence.
      let meaning = ["dof", "nu", "df", "full", "variance", "var", "k", "p", "ppb", "lower", "upper", "min", "max"]
      if count == 2, case .standard = kind { return nil }
      if words.contains(where: meaning.contains) { return nil }
    }

    /// What one unit of the number amounts to in the unit of the quantity with estimate x.
    func scale(_ x: Double) -> Double { fraction.map { $0 * abs(x) } ?? 1 }
  }
}
