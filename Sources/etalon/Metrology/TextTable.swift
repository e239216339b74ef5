import EtalonSession
import Foundation

/// A CSV or JSON file with cells as text: columns may hold names, and a cell may be empty.
///
/// CSV: cells separated by commas, semicolons or tabs (with the latter two a comma is a decimal comma), `#` begins a comment
/// line, the first line holds names when one of its cells is neither a number nor a gap. JSON: a list of numbers (null is a
/// gap), an object with a list for each name, or a list of objects.
struct TextTable: Equatable {
  let path: String
  let names: [String]
  let rows: [[String]]

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
    } else {
      (names, rows) = try Self.csv(text, path)
    }
    guard !rows.isEmpty else { throw DataFault(path: path, line: nil, reason: "the file holds no data") }
  }

  /// Whether a cell stands for a missing value.
  static func isGap(_ cell: String) -> Bool { ["", "-", "nan", "na", "null"].contains(cell.lowercased()) }

  private static func csv(_ text: String, _ path: String) throws -> ([String], [[String]]) {
    let body = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    let lines = body.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .map { (number: $0.offset + 1, text: String($0.element)) }
      .filter { !$0.text.hasPrefix("#") }
    guard let first = lines.first(where: { !$0.text.allSatisfy(\.isWhitespace) }) else {
      throw DataFault(path: path, line: nil, reason: "the file is empty")
    }
    let separator: Character = first.text.contains("\t") ? "\t" : first.text.contains(";") ? ";" : ","
    func cells(_ line: String) -> [String] {
      line.split(separator: separator, omittingEmptySubsequences: false).map {
        let cell = $0.trimmingCharacters(in: .whitespaces).trimmingCharacters(in: ["\""])
        return separator == "," ? cell : decimalPoint(cell)
      }
    }
    let head = cells(first.text)
    let hasNames = head.contains { Double($0) == nil && !isGap($0) }
    let names = hasNames ? head : head.indices.map { "\($0 + 1)" }
    for (index, name) in names.enumerated() where names.firstIndex(of: name) != index || name.isEmpty {
      throw DataFault(path: path, line: first.number, reason: "the column name '\(name)' is empty or appears twice")
    }
    var rows: [[String]] = []
    // An empty line is a gap where the file has one column, else it separates nothing.
    for line in lines where line.number > first.number || (line.number == first.number && !hasNames) {
      let row = cells(line.text)
      if line.text.allSatisfy(\.isWhitespace) && (names.count > 1 || line.number == lines.last?.number) { continue }
      guard row.count == names.count else {
        throw DataFault(path: path, line: line.number, reason: "\(row.count) cells where \(names.count) are needed")
      }
      rows.append(row)
    }
    return (names, rows)
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
      throw DataFault(path: path, line: nil, reason: "the file is not JSON: \(error.localizedDescription)")
    }
    func cell(_ value: Any?) throws -> String {
      switch value {
      case nil, is NSNull: return ""
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
    guard let count = columns.first?.count, columns.allSatisfy({ $0.count == count }) else {
      throw DataFault(path: path, line: nil, reason: "the lists \(names.joined(separator: ", ")) have unequal lengths")
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

  /// A column of numbers, nil where a cell stands for a missing value.
  func numbers(_ index: Int) throws -> [Double?] {
    try rows.enumerated().map { number, row in
      if Self.isGap(row[index]) { return nil }
      guard let value = Double(row[index]), value.isFinite else {
        throw DataFault(
          path: path, line: nil,
          reason: "'\(row[index])' in record \(number + 1) of column '\(names[index])' is not a finite number")
      }
      return value
    }
  }

  /// A column of numbers without gaps.
  func completeNumbers(_ index: Int) throws -> [Double] {
    try numbers(index).enumerated().map { number, value in
      guard let value else {
        throw DataFault(
          path: path, line: nil, reason: "record \(number + 1) has no value in column '\(names[index])'")
      }
      return value
    }
  }
}

/// JSON of a report; numbers without a finite value become null.
enum ReportJSON {
  static func number(_ value: Double?) -> Any {
    guard let value, value.isFinite else { return NSNull() }
    return value
  }

  static func text(_ object: Any) throws -> String {
    let data = try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
  }
}
