/// Why a text is not a unit, with what to write instead.
public struct UnitFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Equatable, Sendable {
    /// There is no text.
    case empty
    /// No unit has this symbol.
    case unknownSymbol(String)
    /// The unit takes no prefix (as in `mmin` or `k%`).
    case prefixNotAllowed(String)
    /// A sign, bracket or exponent is out of place; the text from there on is given.
    case syntax(at: String)
    /// More than one quotient without brackets, which reads two ways.
    case ambiguousQuotient
    /// An exponent beyond ±9, or a unit with more than 12 factors.
    case tooLarge
  }
  /// What is wrong.
  public let reason: Reason
  /// The text as received.
  public let text: String
  /// What to write instead, as a sentence.
  public let fix: String
  /// The known unit nearest to the unknown one, if there is one near.
  public let nearest: String?

  /// Reason and fix in one line.
  public var description: String {
    let what: String
    switch reason {
    case .empty: what = "the unit is missing"
    case .unknownSymbol(let symbol): what = "there is no unit \"\(symbol)\""
    case .prefixNotAllowed(let symbol): what = "\"\(symbol)\" has a prefix that its unit does not take"
    case .syntax(let place): what = "the unit \"\(text)\" cannot be read from \"\(place)\" on"
    case .ambiguousQuotient: what = "the unit \"\(text)\" has a product after a quotient, which reads two ways"
    case .tooLarge: what = "the unit \"\(text)\" has too many factors or too large an exponent"
    }
    return "\(what); \(fix)"
  }
}
