import EtalonMetrology

/// One value of a file about to be given a type. A method that can not do so reports why and gives nil.
public struct ValueReader {
  let node: YAMLNode
  /// What messages call it: the key, or `item 2 of 'setpoints'`.
  let name: String
  /// Where faults in it are shown; the key's place when there is no value.
  public let place: SourcePlace
  let context: DecodingContext

  /// A reader of `node`; `name` is what messages call it.
  public init(_ node: YAMLNode, name: String, context: DecodingContext) {
    self.node = node
    self.name = name
    self.context = context
    place = node.place
  }

  /// Notes that something is wrong with this value.
  public func report(_ reason: String, fix: String, nearest: String? = nil) {
    context.report(reason, fix: fix, at: place, nearest: nearest)
  }

  // MARK: Shapes

  /// The value as a mapping with its keys.
  public func mapping() -> MappingReader? {
    guard case .mapping(let entries) = node.content else {
      report(
        "\(name) takes a mapping of keys, not \(node.kindName)",
        fix: "write 'key: value' lines below it, or {key: value}")
      return nil
    }
    if entries.isEmpty {
      report("\(name) is an empty mapping", fix: "give it at least one key, or remove it")
      return nil
    }
    if entries.count > 1000 {
      report("\(name) has \(entries.count) keys; at most 1000 are read", fix: "split it")
      return nil
    }
    return MappingReader(entries, name: name, place: place, context: context)
  }

  /// The value as a list of at least one item.
  public func list() -> [ValueReader]? {
    guard case .sequence(let items) = node.content else {
      report("\(name) takes a list, not \(node.kindName)", fix: "write [first, second]")
      return nil
    }
    if items.isEmpty {
      report("\(name) is an empty list", fix: "give at least one item")
      return nil
    }
    if items.count > 1000 {
      report("\(name) has \(items.count) items; at most 1000 are read", fix: "split it")
      return nil
    }
    return items.enumerated().map { ValueReader($1, name: "item \($0 + 1) of \(name)", context: context) }
  }

  /// Whether the value is text and not a list or mapping; says nothing.
  public var isScalar: Bool {
    if case .scalar = node.content { return true }
    return false
  }

  // MARK: Text

  /// The text, with the parameter that it stands for put in, and where that came from (empty when from here).
  func resolved() -> (text: String, origin: String)? {
    guard case .scalar(let text, let isQuoted) = node.content else {
      report("\(name) takes a single value, not \(node.kindName)", fix: "write one value")
      return nil
    }
    if text.isEmpty && !isQuoted {
      report("\(name) has no value", fix: "write a value after the ':'")
      return nil
    }
    guard text.contains("${") else { return (text, "") }
    guard text.hasPrefix("${"), text.hasSuffix("}"), text.firstIndex(of: "}") == text.index(before: text.endIndex)
    else {
      report("a parameter stands for a whole value, not a part of '\(text)'", fix: "write ${name} alone")
      return nil
    }
    let parameter = String(text.dropFirst(2).dropLast())
    guard let found = context.parameters?.use(parameter) else {
      let known = context.parameters?.names ?? []
      report(
        context.parameters == nil ? "this file has no parameters" : "there is no parameter '\(parameter)'",
        fix: known.isEmpty ? "write the value itself" : "use one of: \(known.joined(separator: ", "))",
        nearest: NearestWord.nearest(to: parameter, among: known))
      return nil
    }
    return found
  }

  /// The value as text that is not empty.
  public func text() -> String? {
    guard let (text, origin) = resolved() else { return nil }
    if text.allSatisfy(\.isWhitespace) {
      report("\(name) is empty\(origin)", fix: "write some text")
      return nil
    }
    return text
  }

  /// The value as a name: letters, digits, `-`, `_` and `.`, at most 64, beginning with a letter.
  public func identifier() -> String? {
    guard let text = text() else { return nil }
    if Self.isIdentifier(text) { return text }
    report("\(name) '\(text)' is no name", fix: "use letters, digits, '-' and '_', at most 64, and begin with a letter")
    return nil
  }

  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
    func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }
    guard isLetter(first) else { return false }
    return text.utf8.allSatisfy { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
  }

  /// The value as one of `words`.
  public func word(of words: [String]) -> String? {
    guard let (text, origin) = resolved() else { return nil }
    if words.contains(text) { return text }
    report(
      "\(name) can not be '\(text)'\(origin)",
      fix: words.count == 1 ? "write \(words[0])" : "use one of: \(words.joined(separator: ", "))",
      nearest: words.count == 1 ? nil : NearestWord.nearest(to: text, among: words))
    return nil
  }

  /// The value as a case of an enumeration of words.
  public func choice<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) -> Word? where Word.RawValue == String {
    guard let word = word(of: Word.allCases.map(\.rawValue)) else { return nil }
    return Word(rawValue: word)
  }

  /// The value as `true` or `false`.
  public func flag() -> Bool? {
    guard let word = word(of: ["true", "false"]) else { return nil }
    return word == "true"
  }

  // MARK: Numbers

  /// The value as an integer within `range`.
  public func integer(_ range: ClosedRange<Int>) -> Int? {
    guard let (text, origin) = resolved() else { return nil }
    let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
      report(
        "\(name) '\(text)' is not an integer\(origin)", fix: "write digits only, such as \(max(range.lowerBound, 1))")
      return nil
    }
    guard let number = Int(text), range.contains(number) else {
      let fix: String
      if range.upperBound == .max {
        fix = "write \(range.lowerBound) or more"
      } else {
        fix = "write a number from \(range.lowerBound) to \(range.upperBound)"
      }
      report("\(name) \(text) is out of range\(origin)", fix: fix)
      return nil
    }
    return number
  }

  /// The value as a finite plain number (dimension one, without unit) that `isValid` accepts; `need` says which those are.
  public func number(need: String = "a number", where isValid: (Double) -> Bool = { _ in true }) -> Double? {
    guard let (text, origin) = resolved() else { return nil }
    let quantity: Quantity
    do throws(QuantityFault) { quantity = try Quantity.parse(text) } catch {
      report("\(name): \(reason(of: error))\(origin)", fix: error.fix, nearest: error.nearest)
      return nil
    }
    guard quantity.unit == .one else {
      report("\(name) is a plain number, but '\(text)' has a unit\(origin)", fix: "write the number alone")
      return nil
    }
    guard isValid(quantity.number) else {
      report("\(name) '\(text)' is not \(need)\(origin)", fix: "write \(need)")
      return nil
    }
    return quantity.number
  }

  /// Which numbers a quantity may have.
  public enum Sign: Sendable {
    /// Any finite number.
    case any
    /// Zero or more.
    case notNegative
    /// More than zero.
    case positive
  }

  /// The value as a quantity, in the unit of `kind`.
  public func quantity(_ kind: QuantityKind, _ sign: Sign = .any) -> Double? {
    guard let (text, origin) = resolved() else { return nil }
    let quantity: Quantity
    do throws(QuantityFault) { quantity = try Quantity.parse(text) } catch {
      let example = " (\(kind.name), as in \(kind.example))"
      report(
        "\(name): \(reason(of: error))\(origin)", fix: error.fix + example, nearest: error.nearest)
      return nil
    }
    if quantity.unit == .one && kind.unit != .one {
      report("\(name) '\(text)' has no unit\(origin)", fix: "write \(kind.name) with its unit, as in \(kind.example)")
      return nil
    }
    if quantity.unit.dimension == kind.unit.dimension && kind.isForeign(quantity.unit) {
      report("\(name) '\(text)' is not \(kind.name)\(origin)", fix: "write \(kind.name), as in \(kind.example)")
      return nil
    }
    let number: Double
    do throws(QuantityFault) { number = try quantity.value(in: kind.unit) } catch {
      mismatch(text, error, kind, origin)
      return nil
    }
    guard number.isFinite, number.magnitude <= kind.greatestMagnitude else {
      report("\(name) '\(text)' is out of range\(origin)", fix: "write \(kind.name) such as \(kind.example)")
      return nil
    }
    switch sign {
    case .any: return number
    case .notNegative:
      if number >= 0 { return number }
      report("\(name) '\(text)' is negative\(origin)", fix: "write \(kind.name) of zero or more")
    case .positive:
      if number > 0 { return number }
      report(
        "\(name) '\(text)' is not above zero\(origin)", fix: "write \(kind.name) above zero, as in \(kind.example)")
    }
    return nil
  }

  private func mismatch(_ text: String, _ fault: QuantityFault, _ kind: QuantityKind, _ origin: String) {
    let number = text.prefix { $0.isNumber || "+-−.eE".contains($0) }
    if case .kind(let expected, let received) = fault.reason {
      switch (expected, received) {
      case (.temperatureDifference, .thermodynamicTemperature):
        report("\(name) '\(text)': °C where a difference is due\(origin)", fix: "write \(number) K")
        return
      case (.thermodynamicTemperature, .temperatureDifference):
        report(
          "\(name) '\(text)': K names a difference, and a temperature is due\(origin)",
          fix: "write the temperature in °C, as in \(kind.example)")
        return
      default: break
      }
    }
    report(
      "\(name) '\(text)' is not \(kind.name)\(origin)", fix: "write \(kind.name), as in \(kind.example)")
  }

  /// The fault's words without its fix, which is printed beside them.
  private func reason(of fault: QuantityFault) -> String {
    let text = fault.description
    return text.hasSuffix("; \(fault.fix)") ? String(text.dropLast(fault.fix.count + 2)) : text
  }

  /// The value as `[low, high]`, in the unit of `kind`.
  public func range(_ kind: QuantityKind) -> ClosedRange<Double>? {
    guard let items = list() else { return nil }
    guard items.count == 2 else {
      report(
        "\(name) takes a lower and an upper limit, not \(items.count) items",
        fix: "write [\(kind.example), \(kind.example)] with your limits")
      return nil
    }
    let low = items[0].quantity(kind)
    let high = items[1].quantity(kind)
    guard let low, let high else { return nil }
    guard low < high else {
      let texts = items.compactMap { $0.resolved()?.text }
      report(
        low == high ? "the limits of \(name) are equal" : "the limits of \(name) are swapped",
        fix: low == high
          ? "write a lower and a higher limit" : "write [\(texts[1]), \(texts[0])]: the lower limit comes first")
      return nil
    }
    return low...high
  }
}
