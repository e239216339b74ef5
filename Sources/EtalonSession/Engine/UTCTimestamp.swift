import EtalonMetrology

/// A moment in UTC, broken down from nanoseconds since 1970-01-01T00:00:00Z (leap seconds are not counted).
public struct UTCTimestamp: Sendable, Equatable {
  /// Year of the proleptic Gregorian calendar.
  public let year: Int
  /// Month, 1...12.
  public let month: Int
  /// Day of the month, 1...31.
  public let day: Int
  /// Seconds since midnight.
  public let secondOfDay: Int

  /// Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
  public init(utcNanoseconds: Int64) {
    let seconds = utcNanoseconds.flooredDivision(by: 1_000_000_000)
    let days = Int(seconds.flooredDivision(by: 86_400))
    secondOfDay = Int(seconds - Int64(days) * 86_400)
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// The day.
  public var date: String { "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))" }

  /// `2026-01-31T23:59:59Z`.
  public var text: String {
    let (hour, rest) = secondOfDay.quotientAndRemainder(dividingBy: 3600)
    let (minute, second) = rest.quotientAndRemainder(dividingBy: 60)
    return "\(date)T\(Self.padded(hour, 2)):\(Self.padded(minute, 2)):\(Self.padded(second, 2))Z"
  }

  /// `20260131T235959Z`, for names of folders.
  public var compact: String { text.filter { $0 != "-" && $0 != ":" } }

  /// Reads `2026-01-31T23:59:59Z`; nil for anything else.
  public static func nanoseconds(parsing text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 20, bytes[10] == UInt8(ascii: "T"), bytes[19] == UInt8(ascii: "Z"),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
    else { return nil }
    func number(_ at: Int) -> Int? {
      let high = Int(bytes[at]) - 48
      let low = Int(bytes[at + 1]) - 48
      guard (0...9).contains(high), (0...9).contains(low) else { return nil }
      return high * 10 + low
    }
    guard let hour = number(11), let minute = number(14), let second = number(17), hour < 24, minute < 60, second < 60
    else { return nil }
    let date: CalendarDate
    do { date = try CalendarDate(parsing: String(text.prefix(10))) } catch { return nil }
    return (Int64(date.daysSince1970) * 86_400 + Int64(hour * 3600 + minute * 60 + second)) * 1_000_000_000
  }

  static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Int64 {
  fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
