/// A tolerance that a case states in words: "one of 0.29193 (…) or 0.29497 (…), each +-0.0002", "accept 91.9..93.5".
enum StatedTolerance {
  /// Nil where the text has neither form.
  static func rule(_ text: String) -> AgreementRule? {
    if let accept = text.firstRange(of: "accept ") {
      let rest = String(text[accept.upperBound...])
      guard let dots = rest.firstRange(of: ".."), let low = Double(rest[..<dots.lowerBound].filter { $0 != " " }),
        let high = number(rest[dots.upperBound...]), low <= high
      else { return nil }
      return .within(low...high)
    }
    guard let start = text.firstRange(of: "one of "), let each = text.firstRange(of: "each +-"),
      start.upperBound < each.lowerBound, let limit = number(text[each.upperBound...])
    else { return nil }
    let candidates = String(text[start.upperBound..<each.lowerBound]).split(separator: " or ").map { number($0[...]) }
    let values = candidates.compactMap { $0 }
    return values.count == candidates.count && values.count > 1 ? .oneOf(values, absolute: limit) : nil
  }

  /// The number that a text begins with.
  private static func number(_ text: Substring) -> Double? {
    let digits = text.drop { $0 == " " }.prefix { $0.isNumber || "+-.eE".contains($0) }
    return Double(digits)
  }
}
