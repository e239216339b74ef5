import EtalonMetrology

/// Reads a model text by recursive descent and writes its tape.
///
/// ```
/// sum     = product {("+" | "-") product}
/// product = unary {("*" | "·" | "×" | "/") unary | power}      a name or bracket may follow a number without a sign
/// unary   = ("-" | "+") unary | power
/// power   = atom [("^" | "**") unary]                           to the right: 2^3^2 is 2^9
/// atom    = number | name | function "(" sum {"," sum} ")" | "(" sum ")" | "[" sum "]"
/// ```
struct ExpressionParser {
  let text: String
  let scalars: [Unicode.Scalar]
  let constants: [String: Double]
  /// Whether names beyond those given are accepted as further variables.
  let isOpen: Bool
  var variables: [String]
  var tape = Tape()
  var position = 0
  var depth = 0

  init(_ text: String, variables: [String]?, constants: [String: Double]) {
    self.text = text
    scalars = Array(text.unicodeScalars)
    self.variables = variables ?? []
    isOpen = variables == nil
    self.constants = constants
  }

  static let unaryFunctions: [String: Tape.Operation] = [
    "exp": .exp, "log": .log, "ln": .log, "log10": .log10, "lg": .log10, "sqrt": .sqrt, "sin": .sin, "cos": .cos,
    "tan": .tan, "asin": .asin, "arcsin": .asin, "acos": .acos, "arccos": .acos, "atan": .atan, "arctan": .atan,
    "sinh": .sinh, "cosh": .cosh, "tanh": .tanh, "abs": .abs,
  ]
  static let binaryFunctions: [String: Tape.Operation] = [
    "atan2": .atan2, "min": .minimum, "max": .maximum, "pow": .power,
  ]

  func expected(_ what: String) -> ExpressionFault { .syntax(text: text, at: position, expected: what) }

  mutating func parse() throws(ExpressionFault) {
    guard scalars.count <= 20_000 else { throw .tooLarge }
    skipSpaces()
    if position == scalars.count { throw expected("an expression") }
    let register = try sum()
    if position < scalars.count { throw expected("an operator or the end") }
    tape.finish(register)
  }

  private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func skipSpaces() {
    while let scalar = current, scalar.properties.isWhitespace { position += 1 }
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard current == scalar else { return false }
    position += 1
    skipSpaces()
    return true
  }

  private mutating func sum() throws(ExpressionFault) -> Int32 {
    depth += 1
    if depth > 100 { throw .tooLarge }
    var left = try product()
    while true {
      if take("+") {
        let right = try product()
        left = tape.emit(.add, left, right)
      } else if take("-") || take("−") {
        let right = try product()
        left = tape.emit(.subtract, left, right)
      } else {
        depth -= 1
        return left
      }
    }
  }

  private mutating func product() throws(ExpressionFault) -> Int32 {
    var followsNumber = startsSignedNumber
    var left = try unary()
    while true {
      if current == "*" && position + 1 < scalars.count && scalars[position + 1] == "*" { return left }
      if take("*") || take("·") || take("×") || take("⋅") {
        followsNumber = startsSignedNumber
        let right = try unary()
        left = tape.emit(.multiply, left, right)
      } else if take("/") {
        followsNumber = startsSignedNumber
        let right = try unary()
        left = tape.emit(.divide, left, right)
      } else if followsNumber, let scalar = current, Self.startsName(scalar) || scalar == "(" {
        followsNumber = false
        let right = try power()
        left = tape.emit(.multiply, left, right)
      } else {
        return left
      }
    }
  }

  /// Whether a factor begins with a number; a sign may stand before it, as in -10 x.
  private var startsSignedNumber: Bool {
    var i = position
    while i < scalars.count, scalars[i] == "-" || scalars[i] == "−" || scalars[i] == "+" || scalars[i] == " " { i += 1 }
    return i < scalars.count && (("0"..."9").contains(scalars[i]) || scalars[i] == ".")
  }

  private var startsNumber: Bool {
    guard let scalar = current else { return false }
    return ("0"..."9").contains(scalar) || scalar == "."
  }

  private mutating func unary() throws(ExpressionFault) -> Int32 {
    depth += 1
    if depth > 100 { throw .tooLarge }
    defer { depth -= 1 }
    if take("-") || take("−") {
      let argument = try unary()
      return tape.emit(.negate, argument)
    }
    if take("+") { return try unary() }
    return try power()
  }

  private mutating func power() throws(ExpressionFault) -> Int32 {
    let base = try atom()
    var raised = false
    if current == "*", position + 1 < scalars.count, scalars[position + 1] == "*" {
      position += 2
      skipSpaces()
      raised = true
    } else {
      raised = take("^")
    }
    if raised {
      let exponent = try unary()
      return tape.emit(.power, base, exponent)
    }
    if let scalar = current, scalar == "²" || scalar == "³" {
      position += 1
      skipSpaces()
      return tape.emit(.power, base, tape.constant(scalar == "²" ? 2 : 3))
    }
    return base
  }

  private mutating func atom() throws(ExpressionFault) -> Int32 {
    guard let scalar = current else { throw expected("a number, a name or a bracket") }
    if startsNumber { return try number() }
    if Self.startsName(scalar) { return try name() }
    for (open, close) in [("(", ")"), ("[", "]")] as [(Unicode.Scalar, Unicode.Scalar)] where take(open) {
      let inner = try sum()
      guard take(close) else { throw expected("\"\(close)\"") }
      return inner
    }
    throw expected("a number, a name or a bracket")
  }

  private mutating func number() throws(ExpressionFault) -> Int32 {
    let start = position
    var view = String.UnicodeScalarView()
    func isDigit(_ i: Int) -> Bool { i < scalars.count && ("0"..."9").contains(scalars[i]) }
    while isDigit(position) || current == "." {
      view.append(scalars[position])
      position += 1
    }
    if current == "e" || current == "E" {
      let signed = position + 1 < scalars.count && (scalars[position + 1] == "-" || scalars[position + 1] == "+")
      if isDigit(position + (signed ? 2 : 1)) {
        view.append(contentsOf: scalars[position..<position + (signed ? 2 : 1)])
        position += signed ? 2 : 1
        while isDigit(position) {
          view.append(scalars[position])
          position += 1
        }
      }
    }
    var digits = String(view)
    if digits.hasSuffix(".") { digits += "0" }
    guard let value = Double(digits), value.isFinite else {
      position = start
      throw expected("a decimal number")
    }
    skipSpaces()
    return tape.constant(value)
  }

  static func startsName(_ scalar: Unicode.Scalar) -> Bool { scalar == "_" || scalar.properties.isAlphabetic }

  private mutating func name() throws(ExpressionFault) -> Int32 {
    let start = position
    var view = String.UnicodeScalarView()
    while let scalar = current {
      // A dot belongs to a name only where a letter follows, as in ref.correction.
      let isPart =
        Self.startsName(scalar) || ("0"..."9").contains(scalar) || scalar == "'"
        || (scalar == "." && position + 1 < scalars.count && Self.startsName(scalars[position + 1]))
      if !isPart { break }
      view.append(scalar)
      position += 1
    }
    let name = String(view)
    skipSpaces()
    if current == "(", !variables.contains(name), constants[name] == nil { return try call(name, at: start) }
    if let value = constants[name] { return tape.constant(value) }
    if let index = variables.firstIndex(of: name) {
      return tape.emit(Tape.Instruction(operation: .variable, a: Int32(index)))
    }
    if name == "pi" || name == "π" { return tape.constant(Double.pi) }
    guard isOpen else { throw .unknownVariable(name, nearest: Spelling.nearest(to: name, among: variables)) }
    variables.append(name)
    return tape.emit(Tape.Instruction(operation: .variable, a: Int32(variables.count - 1)))
  }

  private mutating func call(_ name: String, at start: Int) throws(ExpressionFault) -> Int32 {
    let lower = name.lowercased()
    let unary = Self.unaryFunctions[lower]
    let binary = Self.binaryFunctions[lower]
    if unary == nil && binary == nil {
      let names = Array(Self.unaryFunctions.keys.sorted()) + Array(Self.binaryFunctions.keys.sorted())
      throw .unknownFunction(name, nearest: Spelling.nearest(to: lower, among: names))
    }
    _ = take("(")
    var arguments: [Int32] = []
    if current != ")" {
      arguments.append(try sum())
      while take(",") { arguments.append(try sum()) }
    }
    guard take(")") else { throw expected("\")\"") }
    if let unary {
      guard arguments.count == 1 else {
        throw .argumentCount(function: name, expected: 1, received: arguments.count)
      }
      return tape.emit(unary, arguments[0])
    }
    guard let binary, arguments.count == 2 else {
      throw .argumentCount(function: name, expected: 2, received: arguments.count)
    }
    return tape.emit(binary, arguments[0], arguments[1])
  }
}

/// Finds the likely word for a misspelt one.
enum Spelling {
  static func nearest(to typed: String, among candidates: [String]) -> String? {
    let wanted = Array(typed.lowercased().utf8)
    let scored = candidates.map { ($0, distance(wanted, Array($0.lowercased().utf8))) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(1, wanted.count / 3) else { return nil }
    return best.0
  }

  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substituted = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
