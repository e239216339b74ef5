import Foundation

/// How closely one number must agree.
enum AgreementRule {
  case absolute(Double)
  case relative(Double)
  /// −log10 of the relative error must be at least this; where the published value is 0, the absolute error must be at
  /// most `whereZero`.
  case digits(Double, whereZero: Double = 1e-9)
  case equal
  /// One of several published values, each with its absolute tolerance.
  case oneOf([Double], absolute: Double)
  case within(ClosedRange<Double>)
}

/// How well one number did agree.
struct Agreement {
  let path: String
  let passes: Bool
  /// −log10 of the relative error, where digits are asked for.
  let digits: Double?
  /// Error divided by the tolerance, where a tolerance is asked for.
  let fraction: Double?
  let detail: String

  static func structure(_ path: [String], _ detail: String) -> Agreement {
    Agreement(path: path.joined(separator: "."), passes: false, digits: nil, fraction: .infinity, detail: detail)
  }

  /// Compares one number.
  static func compare(_ value: Double, with published: Double, by rule: AgreementRule, at path: [String]) -> Agreement {
    let name = path.joined(separator: ".")
    let detail = "\(name): \(value), published \(published)"
    func tolerance(_ error: Double, _ limit: Double) -> Agreement {
      let fraction = error == 0 ? 0 : error / limit
      // A limit of published decimals is itself rounded to binary; a few units of that rounding do not decide.
      return Agreement(path: name, passes: fraction <= 1 + 1e-9, digits: nil, fraction: fraction, detail: detail)
    }
    if value == published {
      switch rule {
      case .digits: return Agreement(path: name, passes: true, digits: 15, fraction: nil, detail: detail)
      default: return tolerance(0, 1)
      }
    }
    switch rule {
    case .equal: return Agreement(path: name, passes: false, digits: nil, fraction: .infinity, detail: detail)
    case .absolute(let limit): return tolerance(abs(value - published), limit)
    case .relative(let limit): return tolerance(abs(value - published), limit * abs(published))
    case .oneOf(let candidates, let limit):
      let error = candidates.map { abs(value - $0) }.min() ?? .infinity
      return tolerance(error, limit)
    case .within(let range):
      let middle = 0.5 * (range.lowerBound + range.upperBound)
      return tolerance(abs(value - middle), 0.5 * (range.upperBound - range.lowerBound))
    case .digits(let least, let whereZero):
      if published == 0 { return tolerance(abs(value), whereZero) }
      guard published.isFinite, value.isFinite else {
        return Agreement(path: name, passes: false, digits: 0, fraction: nil, detail: detail)
      }
      // Certified values are rounded to 15 digits, so more can not be claimed.
      let digits = min(15, -log10(abs(value - published) / abs(published)))
      return Agreement(path: name, passes: digits >= least, digits: digits, fraction: nil, detail: detail)
    }
  }
}

/// Walks the published results and ours side by side.
struct Comparison {
  let referenceCase: ReferenceCase
  /// Asked first for the rule of a leaf; nil where the case's own tolerances say all.
  let adapter: CategoryAdapter?
  private(set) var agreements: [Agreement] = []

  init(_ referenceCase: ReferenceCase, by adapter: CategoryAdapter? = nil) {
    self.referenceCase = referenceCase
    self.adapter = adapter
  }

  /// Compares all of `expected`; where it holds null, only the presence and the shape of our result are checked.
  mutating func compareExpected(with results: JSONValue) {
    compare(referenceCase.expected, with: results, at: [], needsAll: true, rule: nil)
  }

  /// Compares the keys of `computed` that the adapter returned.
  mutating func compareComputed(with results: JSONValue) {
    guard let computed = referenceCase.computed, let relative = referenceCase.tolerance?["computed_rel"]?.double else {
      return
    }
    for member in results.members ?? [] {
      guard let published = computed[member.name] else { continue }
      compare(published, with: member.value, at: ["computed", member.name], needsAll: false, rule: .relative(relative))
    }
  }

  private mutating func compare(
    _ published: JSONValue, with result: JSONValue, at path: [String], needsAll: Bool, rule: AgreementRule?
  ) {
    switch published {
    case .null:
      // Blind: a result must be there. Otherwise null stands for "infinite" and must be said the same way.
      if referenceCase.isBlind {
        if result == .null { agreements.append(.structure(path, "\(path.joined(separator: ".")): no result")) }
      } else if result != .null && result != .string("Infinity") {
        agreements.append(.structure(path, "\(path.joined(separator: ".")): expected null"))
      }
    case .object(let members):
      for member in members {
        guard let part = result[member.name] else {
          if needsAll { agreements.append(.structure(path + [member.name], "\(member.name): no result")) }
          continue
        }
        compare(member.value, with: part, at: path + [member.name], needsAll: needsAll, rule: rule)
      }
    case .array(let elements):
      guard let parts = result.array else {
        agreements.append(.structure(path, "\(path.joined(separator: ".")): expected a list"))
        return
      }
      if elements.isEmpty && referenceCase.isBlind { return }
      guard parts.count == elements.count else {
        agreements.append(
          .structure(path, "\(path.joined(separator: ".")): \(parts.count) results, published \(elements.count)"))
        return
      }
      for index in elements.indices {
        compare(elements[index], with: parts[index], at: path + ["\(index)"], needsAll: needsAll, rule: rule)
      }
    case .literal, .string, .bool:
      compareLeaf(published, with: result, at: path, rule: rule)
    }
  }

  private mutating func compareLeaf(
    _ published: JSONValue, with result: JSONValue, at path: [String], rule: AgreementRule?
  ) {
    guard let text = published.decimalText, let number = published.double else {
      let agrees = published == result
      let detail = "\(path.joined(separator: ".")): \(result.json), published \(published.json)"
      agreements.append(
        Agreement(
          path: path.joined(separator: "."), passes: agrees, digits: nil, fraction: agrees ? 0 : .infinity,
          detail: detail))
      return
    }
    guard let value = result.double else {
      agreements.append(.structure(path, "\(path.joined(separator: ".")): \(result.json) is not a number"))
      return
    }
    let chosen = rule ?? adapter?.rule(referenceCase, path) ?? self.rule(at: path, literal: text)
    agreements.append(Agreement.compare(value, with: number, by: chosen, at: path))
  }

  /// The rule that the case's `tolerance` object states for a leaf.
  func rule(at path: [String], literal: String) -> AgreementRule {
    let tolerance = referenceCase.tolerance
    let isCount = path.last.map { $0 == "dof" || $0 == "df" || $0.hasSuffix("_df") } ?? false
    if tolerance?["type"]?.text == "min_log_relative_error_digits" {
      if isCount { return .equal }
      for name in path.reversed() {
        if let digits = tolerance?[name]?.double { return .digits(digits) }
      }
      let listed = (tolerance?.members ?? [])
        .filter { !$0.name.hasPrefix("limit_") && !$0.name.hasPrefix("good_") }
        .compactMap(\.value.double)
      return .digits(listed.min() ?? 9)
    }
    for name in path.reversed() {
      if let limit = tolerance?[name]?.double { return .absolute(limit) }
      if let limit = tolerance?[name + "_rel"]?.double { return .relative(limit) }
      // Words that hold for "U99" hold for "U99_published".
      for member in tolerance?.members ?? [] where name == member.name || name.hasPrefix(member.name + "_") {
        if let text = member.value.text, let stated = StatedTolerance.rule(text) { return stated }
      }
    }
    if isCount { return .equal }
    if let limit = tolerance?["rel"]?.double { return .relative(limit) }
    if let limit = tolerance?["abs"]?.double { return .absolute(limit) }
    return .absolute(Self.halfUnit(of: literal))
  }

  /// Half a unit of the last digit of a decimal literal: what rounding for publication may have taken.
  static func halfUnit(of literal: String) -> Double {
    let parts = literal.lowercased().split(separator: "e", maxSplits: 1)
    let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
    let fraction = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let decimals = fraction.count == 2 ? fraction[1].count : 0
    return 0.5 * pow(10, Double(exponent - decimals))
  }
}
