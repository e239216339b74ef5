import EtalonCore
import EtalonSession
import Foundation

/// One row of a recorded table; NaN where there was no reading.
struct EstimateRow {
  var index: Int
  /// The time as it stands in the table.
  var time: String
  var instant: Instant
  var references: [Double]
  var device: Double
  var auxiliary: Double
}

/// The rows of a table, one after the other.
struct EstimateRows {
  private let lines: TableLines
  private let path: String
  private let separator: Character
  private let width: Int
  private let timeColumn: Int
  private let referenceColumns: [Int]
  private let deviceColumn: Int
  private let auxiliaryColumn: Int?
  private var index = 0

  /// Opens a table and reads its names.
  /// - Throws: `DataFault` when a column is missing or stands twice.
  init(path: String, columns: EstimateFile.Columns) throws {
    self.path = path
    let lines = try TableLines(path: path)
    var head: String?
    while let line = try lines.next() {
      if Self.isComment(line) { continue }
      head = line
      break
    }
    guard let head else { throw DataFault(path: path, line: nil, reason: "the table is empty") }
    let mark: Character = head.contains("\t") ? "\t" : head.contains(";") ? ";" : ","
    separator = mark
    let number = lines.number
    let names = Self.cells(head, mark).map { name in
      // A unit may follow in brackets.
      String(name.prefix { $0 != "[" && $0 != "(" }).trimmingCharacters(in: .whitespaces)
    }
    width = names.count
    func column(_ name: String) throws -> Int {
      let places = names.indices.filter { names[$0] == name }
      guard places.count == 1 else {
        let reason =
          places.isEmpty
          ? "there is no column '\(name)'; the table has \(names.joined(separator: ", "))"
          : "the column '\(name)' stands twice"
        throw DataFault(path: path, line: number, reason: reason)
      }
      return places[0]
    }
    timeColumn = try column(columns.time)
    referenceColumns = try columns.references.map(column)
    deviceColumn = try column(columns.device)
    auxiliaryColumn = try columns.auxiliary.map(column)
    self.lines = lines
  }

  private static func isComment(_ line: String) -> Bool {
    guard let first = line.first(where: { !$0.isWhitespace }) else { return true }
    return first == "#"
  }

  private static func cells(_ line: String, _ separator: Character) -> [Substring] {
    line.split(separator: separator, omittingEmptySubsequences: false)
  }

  /// The next row; nil after the last.
  /// - Throws: `DataFault` for a line of another width or a cell that is no number.
  mutating func next() throws -> EstimateRow? {
    while let line = try lines.next() {
      if Self.isComment(line) { continue }
      let cells = Self.cells(line, separator).map { String($0).trimmingCharacters(in: .whitespaces) }
      guard cells.count == width else {
        throw DataFault(path: path, line: lines.number, reason: "\(cells.count) cells where \(width) are needed")
      }
      let decimalComma = separator != ","
      func value(_ column: Int) throws -> Double {
        let text = decimalComma ? cells[column].replacing(",", with: ".") : cells[column]
        if text.isEmpty { return .nan }
        guard let number = Double(text) else {
          throw DataFault(
            path: path, line: lines.number,
            reason: "'\(cells[column])' in cell \(column + 1) is no number; leave it empty where there was no reading")
        }
        return number
      }
      let seconds = try value(timeColumn)
      // Nanoseconds in 64 bits reach 292 years.
      guard seconds.isFinite, seconds.magnitude < 9e9 else {
        throw DataFault(
          path: path, line: lines.number, reason: "the time '\(cells[timeColumn])' is no number of seconds")
      }
      defer { index += 1 }
      return EstimateRow(
        index: index, time: cells[timeColumn], instant: Instant(nanoseconds: Int64((seconds * 1e9).rounded())),
        references: try referenceColumns.map(value), device: try value(deviceColumn),
        auxiliary: try auxiliaryColumn.map(value) ?? .nan)
    }
    return nil
  }
}
