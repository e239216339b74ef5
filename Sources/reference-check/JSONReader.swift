/// Reads RFC 8259 text; depth is limited so that a hostile file can not exhaust the stack.
struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0
  private static let depthLimit = 64

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  static func read(_ bytes: [UInt8]) throws(JSONValue.Fault) -> JSONValue {
    var reader = JSONReader(bytes)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.fault("text after the value") }
    return value
  }

  private func fault(_ reason: String) -> JSONValue.Fault { JSONValue.Fault(reason: reason, byteOffset: position) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONValue.Fault) -> JSONValue {
    guard depth < Self.depthLimit else { throw fault("nested deeper than \(Self.depthLimit)") }
    skipSpace()
    guard let first = next else { throw fault("the text ends where a value is expected") }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try literal()
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONValue.Fault) -> JSONValue {
    for index in 0..<text.utf8CodeUnitCount {
      guard next == text.utf8Start[index] else { throw fault("unknown word") }
      position += 1
    }
    return value
  }

  private mutating func literal() throws(JSONValue.Fault) -> JSONValue {
    let start = position
    while let byte = next {
      let isDigit = byte >= 0x30 && byte <= 0x39
      guard isDigit || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) else { break }
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      position = start
      throw fault("not a number: '\(text)'")
    }
    return .literal(text)
  }

  private mutating func list(depth: Int) throws(JSONValue.Fault) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw fault("expected ',' or ']'") }
      return .array(elements)
    }
  }

  private mutating func object(depth: Int) throws(JSONValue.Fault) -> JSONValue {
    position += 1
    var members: [JSONValue.Member] = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw fault("expected a member's name") }
      let name = try string()
      guard !members.contains(where: { $0.name == name }) else { throw fault("'\(name)' appears twice") }
      guard take(UInt8(ascii: ":")) else { throw fault("expected ':' after '\(name)'") }
      members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw fault("expected ',' or '}'") }
      return .object(members)
    }
  }

  private mutating func string() throws(JSONValue.Fault) -> String {
    position += 1
    var out: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
      case UInt8(ascii: "\\"): out.append(contentsOf: Array(String(try escape()).utf8))
      case 0..<0x20: throw fault("control character in a string")
      default: out.append(byte)
      }
    }
    throw fault("unterminated string")
  }

  private mutating func escape() throws(JSONValue.Fault) -> Character {
    guard let byte = next else { throw fault("unterminated escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if code >= 0xD800 && code < 0xDC00 {
        guard next == UInt8(ascii: "\\") else { throw fault("lone surrogate") }
        position += 1
        guard next == UInt8(ascii: "u") else { throw fault("lone surrogate") }
        position += 1
        let low = try codeUnit()
        guard low >= 0xDC00 && low < 0xE000 else { throw fault("lone surrogate") }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("not a character") }
      return Character(scalar)
    default: throw fault("unknown escape")
    }
  }

  private mutating func codeUnit() throws(JSONValue.Fault) -> UInt32 {
    guard position + 4 <= bytes.count,
      let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw fault("expected four hexadecimal digits") }
    position += 4
    return code
  }
}
