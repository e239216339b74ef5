/// A day of the Gregorian calendar, written "YYYY-MM-DD" (ISO 8601 calendar date, extended format).
@frozen
public struct CalendarDate: Comparable, Hashable, Sendable {
  /// Why a text is no date.
  public enum Fault: Error, Equatable, Sendable {
    /// Not of the form YYYY-MM-DD.
    case format(String)
    /// A month or day that does not exist, such as 2026-02-29.
    case noSuchDay(year: Int, month: Int, day: Int)
  }

  /// Year, 1 … 9999.
  public let year: Int
  /// Month, 1 … 12.
  public let month: Int
  /// Day of the month, 1 … 31.
  public let day: Int

  /// A day that must exist.
  public init(year: Int, month: Int, day: Int) throws(Fault) {
    guard year >= 1, year <= 9999, month >= 1, month <= 12, day >= 1, day <= Self.days(in: month, of: year) else {
      throw .noSuchDay(year: year, month: month, day: day)
    }
    self.year = year
    self.month = month
    self.day = day
  }

  /// Reads "YYYY-MM-DD", nothing before or after it.
  public init(parsing text: String) throws(Fault) {
    var fields = (0, 0, 0)
    var count = 0
    for byte in text.utf8 {
      let isDigit = byte >= 0x30 && byte <= 0x39
      switch count {
      case 4, 7:
        guard byte == 0x2d else { throw .format(text) }
      case 0..<4:
        guard isDigit else { throw .format(text) }
        fields.0 = fields.0 * 10 + Int(byte - 0x30)
      case 5, 6:
        guard isDigit else { throw .format(text) }
        fields.1 = fields.1 * 10 + Int(byte - 0x30)
      case 8, 9:
        guard isDigit else { throw .format(text) }
        fields.2 = fields.2 * 10 + Int(byte - 0x30)
      default: throw .format(text)
      }
      count += 1
    }
    guard count == 10 else { throw .format(text) }
    try self.init(year: fields.0, month: fields.1, day: fields.2)
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: return 30
    default: return 31
    }
  }

  /// Days since 1970-01-01, negative before it.
  public var daysSince1970: Int {
    // The year is counted from March, so that the leap day is its last.
    let y = month > 2 ? year : year - 1
    let m = month > 2 ? month - 3 : month + 9
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719_469
  }

  /// The earlier day is the smaller.
  public static func < (a: CalendarDate, b: CalendarDate) -> Bool {
    (a.year, a.month, a.day) < (b.year, b.month, b.day)
  }

  /// The date as "YYYY-MM-DD".
  public var text: String {
    func padded(_ value: Int, _ width: Int) -> String {
      var digits = ""
      var divisor = 1
      for _ in 1..<width { divisor *= 10 }
      var rest = value
      while divisor > 0 {
        digits.append(Character(Unicode.Scalar(UInt8(0x30 + rest / divisor))))
        rest %= divisor
        divisor /= 10
      }
      return digits
    }
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
  }
}

extension CalendarDate.Fault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .format(let text): return "'\(text)' is not a date of the form YYYY-MM-DD"
    case .noSuchDay(let year, let month, let day): return "there is no day \(day) of month \(month) in \(year)"
    }
  }
}
