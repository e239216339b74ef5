/// A JSON value that keeps every number as the text of its decimal literal, so that the last published digit stays known
/// and a value is rounded to `Double` exactly once.
indirect enum JSONValue: Equatable {
  case null
  case bool(Bool)
  /// The literal as written.
  case literal(String)
  case string(String)
  case array([JSONValue])
  /// Members in the order of the file.
  case object([Member])

  struct Member: Equatable {
    let name: String
    let value: JSONValue
  }

  struct Fault: Error, CustomStringConvertible {
    let reason: String
    let byteOffset: Int
    var description: String { "JSON: \(reason) at byte \(byteOffset)" }
  }

  /// A number as a literal; an infinite one as text, because JSON has no literal for it.
  static func number(_ value: Double) -> JSONValue {
    precondition(!value.isNaN, "A result is never NaN; an adapter reports a fault instead.")
    if value.isInfinite { return .string(value > 0 ? "Infinity" : "-Infinity") }
    return .literal("\(value)")
  }

  static func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.number)) }

  static func integer(_ value: Int) -> JSONValue { .literal("\(value)") }

  static func dictionary(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { Member(name: $0.key, value: $0.value) })
  }

  /// Decimal literal of a number or of a number given as text; nil for anything else.
  var decimalText: String? {
    switch self {
    case .literal(let text): return text
    case .string(let text): return Double(text) == nil ? nil : text
    default: return nil
    }
  }

  /// Number, or number given as text, rounded to the nearest `Double`.
  var double: Double? { decimalText.flatMap { Double($0) } }

  var int: Int? {
    if case .literal(let text) = self { return Int(text) }
    return nil
  }

  var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  var array: [JSONValue]? {
    if case .array(let elements) = self { return elements }
    return nil
  }

  var members: [Member]? {
    if case .object(let members) = self { return members }
    return nil
  }

  subscript(name: String) -> JSONValue? { members?.first { $0.name == name }?.value }

  var doubles: [Double]? {
    guard let elements = array else { return nil }
    let numbers = elements.compactMap(\.double)
    return numbers.count == elements.count ? numbers : nil
  }

  var matrix: [[Double]]? {
    guard let rows = array else { return nil }
    let numbers = rows.compactMap(\.doubles)
    return numbers.count == rows.count ? numbers : nil
  }

  /// True where any leaf is null: the published value is kept back.
  var holdsNull: Bool {
    switch self {
    case .null: return true
    case .array(let elements): return elements.contains { $0.holdsNull }
    case .object(let members): return members.contains { $0.value.holdsNull }
    default: return false
    }
  }

  /// Compact JSON text.
  var json: String {
    switch self {
    case .null: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .literal(let text): return text
    case .string(let text): return JSONValue.quoted(text)
    case .array(let elements): return "[" + elements.map(\.json).joined(separator: ", ") + "]"
    case .object(let members):
      return "{" + members.map { JSONValue.quoted($0.name) + ": " + $0.value.json }.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }
}
