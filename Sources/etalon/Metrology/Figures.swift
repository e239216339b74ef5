import EtalonMetrology

/// Values beside their standard uncertainties, with no more digits than the uncertainty leaves meaning.
enum Figures {
  /// The uncertainty to three significant digits and the value to the same place; both with one power of ten where plain
  /// digits would be long.
  static func pair(_ value: Double, _ uncertainty: Double) -> (value: String, uncertainty: String) {
    guard uncertainty > 0, uncertainty.isFinite, value.isFinite else { return ("\(value)", "\(uncertainty)") }
    let place = exponent(uncertainty) - 2
    let largest = max(exponent(value), exponent(uncertainty))
    guard largest - place < 15 else { return ("\(value)", scientific(uncertainty, digits: 3)) }
    if largest < 7 && place > -9 {
      let decimals = max(0, -place)
      return (Text.fixed(value, decimals), Text.fixed(uncertainty, decimals))
    }
    let scale = power(largest)
    let decimals = max(0, largest - place)
    let suffix = "e\(largest)"
    return (Text.fixed(value / scale, decimals) + suffix, Text.fixed(uncertainty / scale, decimals) + suffix)
  }

  /// A number to so many significant digits.
  static func significant(_ value: Double, _ digits: Int = 4) -> String {
    guard value.isFinite else { return value > 0 ? "∞" : "—" }
    guard value != 0 else { return "0" }
    let largest = exponent(value)
    if largest < 7 && largest > -5 { return Text.fixed(value, max(0, digits - 1 - largest)) }
    return scientific(value, digits: digits)
  }

  private static func scientific(_ value: Double, digits: Int) -> String {
    let largest = exponent(value)
    let text = Text.fixed(value / power(largest), digits - 1)
    // 9.999999 rounds up to the next power of ten.
    guard text.hasPrefix("10") || text.hasPrefix("-10") else { return text + "e\(largest)" }
    return Text.fixed(value / power(largest + 1), digits - 1) + "e\(largest + 1)"
  }

  private static func exponent(_ value: Double) -> Int {
    value == 0 ? -400 : Int(Elementary.log10(value.magnitude).rounded(.down))
  }

  private static func power(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? 1 }
}
