import EtalonMetrology

/// A value and its standard uncertainty with a sign between: `20.012 ± 0.005 °C`, `(20.012 ± 0.005) °C`, `10.5+-0.5`.
enum PlusMinus {
  /// - Returns: nil where the text has no such sign.
  /// - Throws: `NotationFault`.
  static func parse(_ text: String) throws(NotationFault) -> ConciseNotation? {
    var text = text.replacing("+-", with: "±").replacing("+/-", with: "±").trimmingSpaces()
    guard text.contains("±") else { return nil }
    func refuse() -> NotationFault {
      .syntax(text, expected: "value ± standard uncertainty, as in (20.012 ± 0.005) °C")
    }
    var outside: String?
    if text.hasPrefix("("), let close = text.firstIndex(of: ")") {
      outside = String(text[text.index(after: close)...]).trimmingSpaces()
      text = String(text[text.index(after: text.startIndex)..<close])
    }
    let parts = text.split(separator: "±", omittingEmptySubsequences: false).map { String($0).trimmingSpaces() }
    guard parts.count == 2, let value = Double(parts[0]) else { throw refuse() }
    let end = parts[1].firstIndex { !"0123456789.eE+-".contains($0) } ?? parts[1].endIndex
    var number = String(parts[1][..<end]).trimmingSpaces()
    var rest = String(parts[1][end...])
    // The e of eV is no exponent.
    if let last = number.last, "eE".contains(last) {
      number.removeLast()
      rest = String(last) + rest
    }
    guard let u = Double(number), outside == nil || rest.trimmingSpaces().isEmpty else { throw refuse() }
    let symbol = outside ?? rest.trimmingSpaces()
    let unit: EtalonMetrology.Unit
    do throws(UnitFault) { unit = symbol.isEmpty ? .one : try .parse(symbol) } catch { throw .unit(error) }
    return try ConciseNotation(value: value, standardUncertainty: u, unit: unit)
  }
}

extension String {
  fileprivate func trimmingSpaces() -> String {
    var slice = self[...]
    while let first = slice.first, first.isWhitespace { slice.removeFirst() }
    while let last = slice.last, last.isWhitespace { slice.removeLast() }
    return String(slice)
  }
}
