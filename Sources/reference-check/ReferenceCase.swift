/// One published result: what goes in, what must come out, and how closely.
struct ReferenceCase {
  let id: String
  let category: String
  let inputs: JSONValue
  let expected: JSONValue
  /// The same quantities recomputed to more digits by the collectors of the case; may be absent.
  let computed: JSONValue?
  let tolerance: JSONValue?

  /// The case's values are kept back: it states no tolerance and names its results with null in place of values.
  var isBlind: Bool { tolerance == nil && expected.holdsNull }

  init(_ json: JSONValue) throws(EvaluationFault) {
    guard let id = json["id"]?.text else { throw .missing("id") }
    guard let category = json["category"]?.text else { throw .missing("category") }
    guard let inputs = json["inputs"], inputs.members != nil else { throw .missing("inputs") }
    guard let expected = json["expected"], expected.members != nil else { throw .missing("expected") }
    self.id = id
    self.category = category
    self.inputs = inputs
    self.expected = expected
    computed = json["computed"]
    tolerance = json["tolerance"]
  }

  /// An input that must be there.
  func input(_ name: String) throws(EvaluationFault) -> JSONValue {
    guard let value = inputs[name] else { throw .missing("inputs.\(name)") }
    return value
  }

  func double(_ name: String) throws(EvaluationFault) -> Double {
    guard let value = try input(name).double else { throw .malformed("inputs.\(name)", expected: "a number") }
    return value
  }

  func doubles(_ name: String) throws(EvaluationFault) -> [Double] {
    guard let value = try input(name).doubles else { throw .malformed("inputs.\(name)", expected: "a list of numbers") }
    return value
  }

  func matrix(_ name: String) throws(EvaluationFault) -> [[Double]] {
    guard let value = try input(name).matrix else { throw .malformed("inputs.\(name)", expected: "a matrix") }
    return value
  }

  func text(_ name: String) throws(EvaluationFault) -> String {
    guard let value = try input(name).text else { throw .malformed("inputs.\(name)", expected: "a text") }
    return value
  }

  /// True where the case asks for the result of this name.
  func asks(for name: String) -> Bool { expected[name] != nil }
}

/// Why a case could not be evaluated.
enum EvaluationFault: Error, CustomStringConvertible {
  case missing(String)
  case malformed(String, expected: String)
  case noAdapter(category: String)
  case unsupported(String)
  /// The public API refused; the text is that of its fault.
  case engine(String)

  var description: String {
    switch self {
    case .missing(let name): return "'\(name)' is missing"
    case .malformed(let name, let expected): return "'\(name)' is not \(expected)"
    case .noAdapter(let category): return "no adapter for the category '\(category)'"
    case .unsupported(let reason): return "not supported: \(reason)"
    case .engine(let reason): return reason
    }
  }
}
