import EtalonMetrology

/// A prior or process distribution of a conformity case, as text or as an object: "Gamma(shape 4, scale 1/4 um)",
/// "lognormal(mu=-2.325, sigma=0.434)", "normal(10, 0.5)", {"dist": "uniform", "low": 9, "high": 11}.
enum PriorNotation {
  case normal(NormalDistribution)
  case gamma(GammaDistribution)
  case logNormal(LogNormalDistribution)
  case rectangular(RectangularDistribution)

  init(_ value: JSONValue, named member: String) throws {
    var given: [(name: String?, value: Double)] = []
    var kind = ""
    if let text = value.text {
      guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else {
        throw EvaluationFault.malformed(text, expected: "a distribution with its parameters")
      }
      kind = String(text[..<open])
      for part in text[text.index(after: open)..<close].split(separator: ",") { given.append(try Self.parameter(part)) }
    } else {
      for part in value.members ?? [] {
        if let number = part.value.double {
          given.append((part.name.lowercased(), number))
        } else if ["dist", "distribution", "type", "kind"].contains(part.name), let name = part.value.text {
          kind = name
        } else if !["unit", "note"].contains(part.name) {
          throw EvaluationFault.malformed("\(member).\(part.name)", expected: "a parameter of a distribution")
        }
      }
    }
    func pair(_ first: Set<String>, _ second: Set<String>) throws -> (Double, Double) {
      let expected =
        "two parameters, \(first.sorted().joined(separator: "/")) and \(second.sorted().joined(separator: "/"))"
      guard given.count == 2 else { throw EvaluationFault.malformed(member, expected: expected) }
      if given.allSatisfy({ $0.name == nil }) { return (given[0].value, given[1].value) }
      let a = given.filter { $0.name.map(first.contains) ?? false }
      let b = given.filter { $0.name.map(second.contains) ?? false }
      guard a.count == 1, b.count == 1 else { throw EvaluationFault.malformed(member, expected: expected) }
      return (a[0].value, b[0].value)
    }
    let deviations: Set<String> = ["sigma", "s", "sd", "std", "u", "standard_deviation"]
    switch kind.lowercased().filter({ $0.isLetter }) {
    case "n", "normal", "gauss", "gaussian":
      let (mean, deviation) = try pair(["mu", "mean", "m", "x"], deviations)
      self = .normal(try NormalDistribution(mean: mean, standardDeviation: deviation))
    case "gamma":
      let (shape, scale) = try pair(["shape", "a", "k", "alpha"], ["scale", "theta"])
      self = .gamma(try GammaDistribution(shape: shape, scale: scale))
    case "lognormal", "logn", "ln":
      let (mean, deviation) = try pair(["mu", "logmean"], deviations)
      self = .logNormal(try LogNormalDistribution(logMean: mean, logStandardDeviation: deviation))
    case "r", "rect", "rectangular", "uniform":
      let (low, high) = try pair(["a", "low", "lower", "min", "from"], ["b", "high", "upper", "max", "to"])
      self = .rectangular(try RectangularDistribution(lower: low, upper: high))
    default: throw EvaluationFault.unsupported("the distribution '\(kind)' of \(member)")
    }
  }

  /// "shape 4", "scale 1/4 um", "mu=-2.325" or a number alone; a unit may follow.
  private static func parameter(_ text: Substring) throws -> (name: String?, value: Double) {
    let words = text.split { $0 == " " || $0 == "=" }.map(String.init)
    var name: String?
    for (i, word) in words.enumerated() {
      let parts = word.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
      if parts.count == 1, let number = parts[0] { return (name, number) }
      if parts.count == 2, let numerator = parts[0], let denominator = parts[1], denominator != 0 {
        return (name, numerator / denominator)
      }
      guard i == 0 else { break }
      name = word.lowercased()
    }
    throw EvaluationFault.malformed(String(text), expected: "a parameter and its number")
  }
}
