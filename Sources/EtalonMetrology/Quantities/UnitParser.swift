extension Unit {
  /// Reads a unit as people type it (`mK`, `°C`, `mV/V`, `1/s`, `kg·m^-3`, `W/(m²·K)`, `m s-1`) or in the D-SI notation of
  /// digital calibration certificates (`\milli\kelvin`, `\metre\tothe{2}`).
  ///
  /// `K` alone is a temperature difference and `°C` alone a temperature; within a product or quotient both mean the same.
  /// - Throws: `UnitFault` naming what is wrong, the fix and the nearest known unit.
  public static func parse(_ text: String) throws(UnitFault) -> Unit {
    var parser = UnitParser(text)
    return try parser.unit()
  }
}

/// A recursive-descent reader of unit texts over Unicode scalars.
struct UnitParser {
  let text: String
  let scalars: [Unicode.Scalar]
  var position = 0
  var depth = 0

  init(_ text: String) {
    self.text = text
    // Spaces of every width count as one kind; leading and trailing ones count for nothing.
    var scalars: [Unicode.Scalar] = []
    for scalar in text.unicodeScalars {
      scalars.append(Self.isSpace(scalar) ? " " : scalar)
    }
    while scalars.last == " " { scalars.removeLast() }
    var start = 0
    while start < scalars.count && scalars[start] == " " { start += 1 }
    self.scalars = Array(scalars[start...])
  }

  /// Whether it is a space of any width.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20, 0x09, 0xA0, 0x2009, 0x202F, 0x2006: return true
    default: return false
    }
  }

  func fault(_ reason: UnitFault.Reason, _ fix: String, nearest: String? = nil) -> UnitFault {
    UnitFault(reason: reason, text: text, fix: fix, nearest: nearest)
  }

  func rest() -> String {
    var view = String.UnicodeScalarView()
    for scalar in scalars[min(position, scalars.count)...] { view.append(scalar) }
    return String(view)
  }

  var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  mutating func unit() throws(UnitFault) -> Unit {
    if scalars.isEmpty { throw fault(.empty, "write one such as K, °C, s or %; a plain ratio has the unit 1") }
    if scalars.count > 120 { throw fault(.tooLarge, "write it with fewer factors") }
    let factors = current == "\\" ? try digitalSI() : try product()
    if position < scalars.count {
      throw fault(.syntax(at: rest()), "remove the part that is left over")
    }
    let unit = Unit(factors: factors)
    if !unit.isWithinLimits {
      throw fault(.tooLarge, "write it with at most 12 factors and exponents within ±9")
    }
    return unit
  }

  // MARK: As typed

  mutating func product() throws(UnitFault) -> [Unit.Factor] {
    var factors: [Unit.Factor] = []
    var dividing = false
    if current == "/" {
      dividing = true
      position += 1
      skipSpaces()
    }
    factors += try factor(inverted: dividing)
    while let scalar = current, scalar != ")" {
      let before = position
      skipSpaces()
      guard let mark = current else { break }
      if mark == "/" || mark == "∕" || mark == "÷" {
        position += 1
        skipSpaces()
        factors += try factor(inverted: true)
        dividing = true
        continue
      }
      if mark == "·" || mark == "⋅" || mark == "*" || mark == "." || mark == "×" {
        position += 1
        skipSpaces()
      } else if position == before {
        throw fault(.syntax(at: rest()), "put · between factors and / before a divisor")
      }
      if dividing {
        throw fault(.ambiguousQuotient, "put the divisor in brackets, as in W/(m²·K), or use negative exponents")
      }
      factors += try factor(inverted: false)
    }
    return factors
  }

  mutating func skipSpaces() {
    while current == " " { position += 1 }
  }

  mutating func factor(inverted: Bool) throws(UnitFault) -> [Unit.Factor] {
    var factors: [Unit.Factor]
    if current == "(" {
      depth += 1
      if depth > 4 { throw fault(.tooLarge, "use fewer brackets") }
      position += 1
      skipSpaces()
      factors = try product()
      skipSpaces()
      guard current == ")" else { throw fault(.syntax(at: rest()), "close the bracket") }
      position += 1
      depth -= 1
    } else if current == "1" {
      position += 1
      factors = []
    } else {
      factors = [try symbol()]
    }
    let exponent = try exponent()
    for i in factors.indices {
      let product = Int(factors[i].exponent) * exponent * (inverted ? -1 : 1)
      guard product.magnitude <= 9 else { throw fault(.tooLarge, "use exponents within ±9") }
      factors[i].exponent = Int8(product)
    }
    return factors
  }

  static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case " ", "/", "∕", "÷", "·", "⋅", "*", ".", "×", "(", ")", "^", "{", "}", "-", "−", "+", "\\": return false
    case "0"..."9", "⁻", "⁺", "¹", "²", "³", "⁰", "⁴"..."⁹": return false
    default: return true
    }
  }

  mutating func symbol() throws(UnitFault) -> Unit.Factor {
    var view = String.UnicodeScalarView()
    while let scalar = current, Self.isSymbol(scalar) {
      view.append(scalar)
      position += 1
    }
    let symbol = String(view)
    if symbol.utf8.isEmpty { throw fault(.syntax(at: rest()), "write a unit symbol there") }
    if UnitDefinition.sameBytes(symbol, "%"), position + 3 <= scalars.count, scalars[position] == " ",
      scalars[position + 1] == "R", scalars[position + 2] == "H"
    {
      position += 3
      return try Self.lookUp("%RH", in: self)
    }
    return try Self.lookUp(symbol, in: self)
  }

  static func lookUp(_ typed: String, in parser: UnitParser) throws(UnitFault) -> Unit.Factor {
    var symbol = typed
    for alias in UnitDefinition.aliases where UnitDefinition.sameBytes(alias.typed, typed) { symbol = alias.symbol }
    if let index = UnitDefinition.index(ofSymbol: symbol) { return Unit.Factor(prefix: -1, unit: index, exponent: 1) }
    var refused = false
    for (p, prefix) in UnitPrefix.all.enumerated() {
      guard symbol.utf8.starts(with: prefix.symbol.utf8) else { continue }
      var stem = String(decoding: Array(symbol.utf8.dropFirst(prefix.symbol.utf8.count)), as: UTF8.self)
      for alias in UnitDefinition.aliases where UnitDefinition.sameBytes(alias.typed, stem) { stem = alias.symbol }
      guard let index = UnitDefinition.index(ofSymbol: stem) else { continue }
      if UnitDefinition.all[index].takesPrefix {
        // Three ways to write micro are one prefix.
        let first = UnitPrefix.all.firstIndex { $0.exponent == prefix.exponent } ?? p
        return Unit.Factor(prefix: first, unit: index, exponent: 1)
      }
      refused = true
    }
    let nearest = UnitSpelling.nearest(to: typed)
    if refused {
      throw parser.fault(.prefixNotAllowed(typed), "write the unit without prefix", nearest: nearest)
    }
    let fix = nearest.map { "did you mean \($0)?" } ?? "write an SI unit such as K, °C, s, Pa, V or %"
    throw parser.fault(.unknownSymbol(typed), fix, nearest: nearest)
  }

  mutating func exponent() throws(UnitFault) -> Int {
    var closing: Unicode.Scalar?
    let caret = current == "^"
    if caret {
      position += 1
      if current == "(" || current == "{" {
        closing = current == "(" ? ")" : "}"
        position += 1
      }
    }
    var sign = 1
    var digits = 0
    var value = 0
    while let scalar = current {
      if let digit = Self.digit(scalar) {
        value = value * 10 + digit
        digits += 1
        if digits > 2 { throw fault(.tooLarge, "use exponents within ±9") }
      } else if digits == 0 && (scalar == "-" || scalar == "−" || scalar == "⁻") {
        sign = -1
      } else if digits == 0 && (scalar == "+" || scalar == "⁺") {
        sign = 1
      } else {
        break
      }
      position += 1
    }
    if let closing {
      guard current == closing else { throw fault(.syntax(at: rest()), "close the bracket of the exponent") }
      position += 1
    }
    if digits == 0 {
      if caret || sign < 0 { throw fault(.syntax(at: rest()), "write an integer exponent, as in m^2 or s^-1") }
      return 1
    }
    if value > 9 { throw fault(.tooLarge, "use exponents within ±9") }
    return sign * value
  }

  static func digit(_ scalar: Unicode.Scalar) -> Int? {
    switch scalar.value {
    case 0x30...0x39: return Int(scalar.value) - 0x30
    case 0x2070, 0x2074...0x2079: return Int(scalar.value) - 0x2070
    case 0xB9: return 1
    case 0xB2: return 2
    case 0xB3: return 3
    default: return nil
    }
  }

  // MARK: D-SI

  mutating func digitalSI() throws(UnitFault) -> [Unit.Factor] {
    var factors: [Unit.Factor] = []
    var prefix = -1
    var inverted = false
    while position < scalars.count {
      guard current == "\\" else {
        throw fault(.syntax(at: rest()), "begin every part of a D-SI unit with a backslash")
      }
      position += 1
      var view = String.UnicodeScalarView()
      while let scalar = current, ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) {
        view.append(scalar)
        position += 1
      }
      let word = String(view)
      if UnitDefinition.sameBytes(word, "per") {
        inverted = true
        continue
      }
      if UnitDefinition.sameBytes(word, "tothe") {
        guard current == "{", prefix < 0, let last = factors.indices.last else {
          throw fault(.syntax(at: rest()), "write an exponent after its unit, as in \\metre\\tothe{2}")
        }
        position += 1
        var digits = String.UnicodeScalarView()
        while let scalar = current, scalar != "}" {
          digits.append(scalar)
          position += 1
        }
        position += 1
        guard let power = Int(String(digits)), power.magnitude <= 9, power != 0 else {
          throw fault(.syntax(at: String(digits)), "write an integer exponent within ±9")
        }
        factors[last].exponent = factors[last].exponent < 0 ? Int8(-power) : Int8(power)
        continue
      }
      if let p = UnitPrefix.all.firstIndex(where: { UnitDefinition.sameBytes($0.name, word) }), prefix < 0 {
        prefix = p
        continue
      }
      let kilogram = UnitDefinition.sameBytes(word, "kilogram")
      if kilogram { prefix = UnitPrefix.all.firstIndex { $0.exponent == 3 } ?? -1 }
      // The bel takes this prefix only.
      let decibel = UnitDefinition.sameBytes(word, "bel") && prefix >= 0 && UnitPrefix.all[prefix].exponent == -1
      if decibel { prefix = -1 }
      let name = kilogram ? "gram" : decibel ? "decibel" : word
      guard let index = UnitDefinition.all.firstIndex(where: { UnitDefinition.sameBytes($0.name, name) }) else {
        throw fault(
          .unknownSymbol("\\" + word), "use the names of the D-SI, as in \\milli\\kelvin",
          nearest: UnitSpelling.nearestName(to: word))
      }
      if prefix >= 0 && !UnitDefinition.all[index].takesPrefix {
        throw fault(.prefixNotAllowed("\\" + word), "write the unit without prefix")
      }
      factors.append(Unit.Factor(prefix: prefix, unit: index, exponent: inverted ? -1 : 1))
      prefix = -1
      inverted = false
      if factors.count > 12 { throw fault(.tooLarge, "write it with fewer factors") }
    }
    if prefix >= 0 || inverted || factors.isEmpty {
      throw fault(.syntax(at: rest()), "end a D-SI unit with the name of a unit")
    }
    return factors
  }
}
