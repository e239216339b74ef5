import Glibc

/// Numbers and times as people read them.
enum Text {
  /// Fixed-point with `decimals` digits after the point; an em dash for what is not finite.
  static func fixed(_ value: Double, _ decimals: Int, sign: Bool = false) -> String {
    guard value.isFinite else { return "—" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (value * scale).rounded(.toNearestOrEven)
    guard abs(scaled) < 9e15 else { return "\(value)" }
    let magnitude = Int64(abs(scaled))
    let whole = magnitude / Int64(scale)
    var text = String(whole)
    if decimals > 0 {
      let fraction = String(magnitude % Int64(scale))
      text += "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
    if scaled < 0 { return "-" + text }
    return sign ? "+" + text : text
  }

  /// `4 h 05 min`, `12 min 30 s`, `45 s`.
  static func duration(_ seconds: Double) -> String {
    let total = Int(seconds.rounded())
    let (hours, rest) = total.quotientAndRemainder(dividingBy: 3600)
    let (minutes, remaining) = rest.quotientAndRemainder(dividingBy: 60)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if hours > 0 { return "\(hours) h \(two(minutes)) min" }
    if minutes > 0 { return "\(minutes) min \(two(remaining)) s" }
    return "\(remaining) s"
  }

  /// Columns of text, right-aligned but for the first, separated by two spaces.
  static func table(_ rows: [[String]], leftAligned: Set<Int> = [0]) -> String {
    guard let columns = rows.map(\.count).max() else { return "" }
    var widths = [Int](repeating: 0, count: columns)
    for row in rows { for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) } }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += (column == 0 ? "" : "  ") + (leftAligned.contains(column) ? cell + padding : padding + cell)
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }

  static func toStandardError(_ text: String) {
    fputs(text, stderrStream)
  }

  /// Glibc's `stderr` is a mutable global that Swift 6 refuses; the same stream from its descriptor is not.
  private nonisolated(unsafe) static let stderrStream: UnsafeMutablePointer<FILE> = {
    let stream = fdopen(2, "w")!
    setvbuf(stream, nil, _IONBF, 0)
    return stream
  }()
}
