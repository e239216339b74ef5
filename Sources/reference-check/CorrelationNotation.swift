import EtalonUncertainty

/// Correlations between inputs in the ways that cases write them: `r_AB`, `r_A_B`, `cov_A_B`; an object of such names or of
/// objects; a list of ["A", "B", 0.5] or of objects with both names and one number; a matrix in the order of the inputs;
/// one number where there are two inputs; "none".
struct CorrelationNotation {
  private enum Pair {
    case joined(String)
    case names(String, String)
    case theOnlyTwo
    /// Positions in the order of the inputs, of a matrix with this many rows.
    case positions(Int, Int, Int)
  }

  private var entries: [(pair: Pair, value: Double, isCovariance: Bool)] = []

  /// Reads the member of `inputs` when it is one about correlations; false where it is not.
  mutating func read(_ name: String, _ value: JSONValue) throws -> Bool {
    let words = [
      "correlation", "correlations", "correlation_matrix", "correlation_coefficient", "correlation_coefficients",
    ]
    if words.contains(name) {
      try readAll(name, value, isCovariance: false)
    } else if ["covariance", "covariances", "covariance_matrix"].contains(name) {
      try readAll(name, value, isCovariance: true)
    } else if name.hasPrefix("r_"), let number = value.double {
      entries.append((.joined(String(name.dropFirst(2))), number, false))
    } else if name.hasPrefix("cov_"), let number = value.double {
      entries.append((.joined(String(name.dropFirst(4))), number, true))
    } else {
      return false
    }
    return true
  }

  private mutating func readAll(_ name: String, _ value: JSONValue, isCovariance: Bool) throws {
    let fault = EvaluationFault.malformed(name, expected: "correlations between inputs")
    if let number = value.double {
      entries.append((.theOnlyTwo, number, isCovariance))
    } else if let text = value.text {
      guard ["none", "independent", "uncorrelated"].contains(text.lowercased()) else { throw fault }
    } else if let rows = value.matrix, !rows.isEmpty {
      for (i, row) in rows.enumerated() {
        guard row.count == rows.count, isCovariance || row[i] == 1 else { throw fault }
        for j in 0..<i {
          guard row[j] == rows[j][i] else { throw fault }
          if row[j] != 0 { entries.append((.positions(j, i, rows.count), row[j], isCovariance)) }
        }
      }
    } else if let list = value.array {
      // One triple may stand without a list around it.
      let triples = list.first?.text == nil ? list : [value]
      for triple in triples {
        let parts = triple.array ?? (triple.members ?? []).flatMap { $0.value.array ?? [$0.value] }
        let names = parts.filter { $0.double == nil }.compactMap(\.text)
        let numbers = parts.compactMap(\.double)
        guard parts.count == 3, names.count == 2, numbers.count == 1 else { throw fault }
        entries.append((.names(names[0], names[1]), numbers[0], isCovariance))
      }
    } else {
      for member in value.members ?? [] {
        if let inner = member.value.members {
          for other in inner where other.name != member.name {
            guard let number = other.value.double else { throw fault }
            entries.append((.names(member.name, other.name), number, isCovariance))
          }
        } else {
          guard let number = member.value.double else { throw fault }
          entries.append((.joined(member.name), number, isCovariance))
        }
      }
    }
  }

  /// The correlations, each pair once.
  func correlations(between inputs: [InputQuantity]) throws -> [InputCorrelation] {
    var found: [InputCorrelation] = []
    for entry in entries {
      guard let (a, b) = match(entry.pair, inputs) else {
        throw EvaluationFault.malformed("\(entry.pair)", expected: "a correlation between two inputs of the model")
      }
      let scale = entry.isCovariance ? a.standardUncertainty * b.standardUncertainty : 1
      guard scale > 0 else { throw EvaluationFault.malformed("\(entry.pair)", expected: "two uncertain inputs") }
      let correlation = InputCorrelation(a.name, b.name, entry.value / scale)
      let same = found.first {
        ($0.first == a.name && $0.second == b.name) || ($0.first == b.name && $0.second == a.name)
      }
      guard let same else {
        found.append(correlation)
        continue
      }
      guard same.coefficient == correlation.coefficient else {
        throw EvaluationFault.malformed("\(entry.pair)", expected: "the same correlation both times")
      }
    }
    return found
  }

  private func match(_ pair: Pair, _ inputs: [InputQuantity]) -> (InputQuantity, InputQuantity)? {
    switch pair {
    case .theOnlyTwo: return inputs.count == 2 ? (inputs[0], inputs[1]) : nil
    case .positions(let i, let j, let count): return inputs.count == count ? (inputs[i], inputs[j]) : nil
    case .names(let first, let second):
      guard first != second, let a = inputs.first(where: { $0.name == first }),
        let b = inputs.first(where: { $0.name == second })
      else { return nil }
      return (a, b)
    case .joined(let text):
      let key = text.hasPrefix("r_") ? String(text.dropFirst(2)) : text
      for a in inputs {
        for b in inputs where a.name != b.name {
          if key == a.name + b.name { return (a, b) }
          for separator in ["_", ",", ", ", "-", ":", " "] where key == a.name + separator + b.name { return (a, b) }
        }
      }
      return nil
    }
  }
}
