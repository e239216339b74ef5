import EtalonSession
import Foundation

/// A CSV or JSON file with cells as text: columns may hold names, and a cell may be empty.
///
/// CSV as `CSVRecords` reads it; with semicolons or tabs a comma is a decimal comma. The first record holds names when one of
/// its cells is neither a number nor a gap; a unit may follow a name in brackets or parentheses. JSON: a list of numbers
/// (null is a gap), an object with a list for each name, or a list of objects.
struct TextTable: Equatable {
  let path: String
  let names: [String]
  /// What stood in brackets after each name; nil for none.
  let units: [String?]
  let rows: [[String]]
  /// Line of each row, for messages; nil where the file has no lines.
  private let lines: [Int]?

  /// Reads a file; `-` is standard input.
  static func read(_ path: String) throws -> TextTable {
    let data: Data
    if path == "-" {
      data = FileHandle.standardInput.readDataToEndOfFile()
    } else {
      guard FileManager.default.fileExists(atPath: path) else {
        throw Fail.with(.missingFile, "\(path): there is no such file")
      }
      do {
        data = try Data(contentsOf: URL(fileURLWithPath: path))
      } catch {
        throw Fail.with(.inputOutput, "\(path): \(error.localizedDescription)")
      }
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw DataFault(path: path, line: nil, reason: "the file is not UTF-8 text")
    }
    return try TextTable(text: text, path: path)
  }

  init(text: String, path: String) throws {
    self.path = path
    let start = text.unicodeScalars.first { !$0.properties.isWhitespace && $0 != "\u{FEFF}" }
    if start == "{" || start == "[" {
      (names, rows) = try Self.json(text, path)
      units = names.map { _ in nil }
      lines = nil
    } else {
      let table = try Self.csv(text, path)
      names = table.headings.map(\.name)
      units = table.headings.map(\.unit)
      rows = table.records.map(\.cells)
      lines = table.records.map(\.line)
    }
    guard !rows.isEmpty else { throw DataFault(path: path, line: nil, reason: "the file holds no data") }
  }

  /// Whether a cell stands for a missing value.
  static func isGap(_ cell: String) -> Bool { ["", "-", "nan", "na", "null"].contains(cell.lowercased()) }

  private typealias Heading = (name: String, unit: String?)

  private static func csv(
    _ text: String, _ path: String
  ) throws -> (headings: [Heading], records: [CSVRecords.Record]) {
    let file = try CSVRecords(text, path: path)
    let records = file.records.map { record in
      CSVRecords.Record(
        line: record.line, cells: file.separator == "," ? record.cells : record.cells.map(decimalPoint))
    }
    guard let first = records.first(where: { !$0.isBlank }) else {
      throw DataFault(path: path, line: nil, reason: "the file is empty")
    }
    let hasNames = first.cells.contains { Double($0) == nil && !isGap($0) }
    let headings: [Heading] =
      hasNames ? first.cells.map(heading) : first.cells.indices.map { (name: "\($0 + 1)", unit: nil) }
    for (index, heading) in headings.enumerated() {
      guard !heading.name.isEmpty else {
        throw DataFault(path: path, line: first.line, reason: "column \(index + 1) has no name")
      }
      guard headings.firstIndex(where: { $0.name == heading.name }) == index else {
        throw DataFault(path: path, line: first.line, reason: "the column name '\(heading.name)' appears twice")
      }
    }
    var rows: [CSVRecords.Record] = []
    for record in records where record.line > first.line || (record.line == first.line && !hasNames) {
      // An empty line is a gap where the file has one column, else it separates nothing.
      if record.isBlank && headings.count > 1 { continue }
      guard record.cells.count == headings.count else {
        throw DataFault(
          path: path, line: record.line, reason: "\(record.cells.count) cells where \(headings.count) are needed")
      }
      rows.append(record)
    }
    while headings.count == 1, rows.last?.isBlank == true { rows.removeLast() }
    return (headings, rows)
  }

  /// `t (°C)` and `t [°C]` are the name t with the unit °C.
  private static func heading(_ text: String) -> Heading {
    for (open, close) in [("[", "]"), ("(", ")")] where text.hasSuffix(close) {
      guard let start = text.firstIndex(of: Character(open)), start != text.startIndex else { continue }
      let unit = text[text.index(after: start)...].dropLast().trimmingCharacters(in: .whitespaces)
      return (text[..<start].trimmingCharacters(in: .whitespaces), unit.isEmpty ? nil : unit)
    }
    return (text, nil)
  }

  /// A comma inside a number becomes a point; other text keeps its commas.
  private static func decimalPoint(_ cell: String) -> String {
    let changed = cell.replacing(",", with: ".")
    return Double(changed) == nil ? cell : changed
  }

  private static func json(_ text: String, _ path: String) throws -> ([String], [[String]]) {
    let object: Any
    do {
      object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    } catch {
      throw DataFault(path: path, line: nil, reason: "the file is not JSON: \(JSONReason.text(error))")
    }
    func cell(_ value: Any?) throws -> String {
      switch value {
      case nil, is NSNull: return ""
      // A number given as text keeps its decimals; JSON's own numbers have been read as Double.
      case let text as String: return text
      case let number as NSNumber: return "\(number.doubleValue)"
      default: throw DataFault(path: path, line: nil, reason: "a value is neither number, text nor null")
      }
    }
    if let rows = object as? [[String: Any]] {
      let names = Set(rows.flatMap(\.keys)).sorted()
      return (names, try rows.map { row in try names.map { try cell(row[$0]) } })
    }
    if let list = object as? [Any] { return (["1"], try list.map { [try cell($0)] }) }
    guard let members = object as? [String: Any] else {
      throw DataFault(path: path, line: nil, reason: "expected a list or an object with lists")
    }
    let names = members.keys.filter { members[$0] is [Any] }.sorted()
    let columns = try names.map { name in try (members[name] as? [Any] ?? []).map { try cell($0) } }
    guard let count = columns.first?.count else {
      throw DataFault(path: path, line: nil, reason: "the object has no list of numbers")
    }
    for (name, column) in zip(names, columns) where column.count != count {
      throw DataFault(
        path: path, line: nil, reason: "'\(name)' has \(column.count) values, '\(names[0])' \(count)")
    }
    return (names, (0..<count).map { row in columns.map { $0[row] } })
  }

  /// The index of a column: the named one, or the first of the usual names that is there.
  func column(_ name: String?, usual: [String]) throws -> Int {
    for candidate in name.map({ [$0] }) ?? usual {
      if let index = names.firstIndex(of: candidate) { return index }
    }
    let wanted = name.map { "'\($0)'" } ?? usual.map { "'\($0)'" }.joined(separator: " or ")
    throw DataFault(
      path: path, line: nil, reason: "there is no column \(wanted); the file has \(names.joined(separator: ", "))")
  }

  private func fault(_ row: Int, _ reason: String) -> DataFault {
    guard let lines else { return DataFault(path: path, line: nil, reason: "\(reason) (record \(row + 1))") }
    return DataFault(path: path, line: lines[row], reason: reason)
  }

  /// A column of numbers, nil where a cell stands for a missing value.
  func numbers(_ index: Int) throws -> [Double?] {
    try rows.enumerated().map { number, row in
      if Self.isGap(row[index]) { return nil }
      guard let value = Double(row[index]), value.isFinite else {
        throw fault(number, "'\(row[index])' in column '\(names[index])' is not a finite number")
      }
      return value
    }
  }

  /// A column of numbers without gaps.
  func completeNumbers(_ index: Int) throws -> [Double] {
    try numbers(index).enumerated().map { number, value in
      let cell = rows[number][index]
      guard let value else {
        throw fault(
          number,
          cell.isEmpty
            ? "there is no value in column '\(names[index])'"
            : "'\(cell)' in column '\(names[index])' is not a finite number")
      }
      return value
    }
  }
}
