import EtalonSession
import Foundation

/// Named columns of numbers from a CSV or JSON file, as the metrology verbs take them.
///
/// CSV: one record a line, separated by commas, semicolons or tabs; a first line that holds names (a unit may follow a name
/// in brackets or parentheses); lines that begin with `#` are comments. With semicolons or tabs a comma is a decimal comma.
/// JSON: an object with a list of numbers for each name, or a list of objects. Numbers keep their decimal text.
struct DataTable: Equatable {
  struct Column: Equatable {
    let name: String
    /// What stood in brackets after the name; nil for none.
    let unit: String?
    /// Decimal literals with a point.
    let literals: [String]
    let values: [Double]
  }

  let columns: [Column]

  var names: [String] { columns.map(\.name) }
  var rowCount: Int { columns.first?.values.count ?? 0 }

  subscript(name: String) -> Column? { columns.first { $0.name == name } }

  /// A column that must be there.
  func column(_ name: String, of path: String) throws -> Column {
    if let column = self[name] { return column }
    throw DataFault(
      path: path, line: nil, reason: "there is no column '\(name)'; the file has \(names.joined(separator: ", "))")
  }

  /// Reads a file; `-` is standard input.
  static func read(_ path: String) throws -> DataTable {
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
    return try DataTable(text: text, path: path)
  }

  init(text: String, path: String) throws {
    let start = text.unicodeScalars.first { !$0.properties.isWhitespace }
    if start == "{" || start == "[" {
      try self.init(json: text, path: path)
    } else {
      try self.init(csv: text, path: path)
    }
    guard rowCount > 0 else { throw DataFault(path: path, line: nil, reason: "the file holds no data") }
  }

  // MARK: - CSV

  private init(csv text: String, path: String) throws {
    // A byte order mark is part of the encoding, not of the first name.
    let body = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    let lines = body.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .map { (number: $0.offset + 1, text: $0.element.trimmingCharacters(in: .whitespaces)) }
      .filter { !$0.text.isEmpty && !$0.text.hasPrefix("#") }
    guard let first = lines.first else { throw DataFault(path: path, line: nil, reason: "the file is empty") }
    let separator: Character =
      first.text.contains("\t") ? "\t" : first.text.contains(";") ? ";" : ","
    func cells(_ line: String) -> [String] {
      line.split(separator: separator, omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces).trimmingCharacters(in: ["\""])
      }
    }
    func literal(_ cell: String) -> String { separator == "," ? cell : cell.replacing(",", with: ".") }
    let head = cells(first.text)
    let hasNames = head.contains { Double(literal($0)) == nil }
    let headings = hasNames ? head.map(Self.heading) : head.indices.map { (name: "\($0 + 1)", unit: nil) }
    for (index, heading) in headings.enumerated() {
      guard !heading.name.isEmpty else {
        throw DataFault(path: path, line: first.number, reason: "column \(index + 1) has no name")
      }
      guard headings.firstIndex(where: { $0.name == heading.name }) == index else {
        throw DataFault(path: path, line: first.number, reason: "the column name '\(heading.name)' appears twice")
      }
    }
    var literals = [[String]](repeating: [], count: headings.count)
    var values = [[Double]](repeating: [], count: headings.count)
    for line in hasNames ? Array(lines.dropFirst()) : lines {
      let row = cells(line.text)
      guard row.count == headings.count else {
        throw DataFault(path: path, line: line.number, reason: "\(row.count) cells where \(headings.count) are needed")
      }
      for (index, cell) in row.enumerated() {
        let text = literal(cell)
        guard let value = Double(text), value.isFinite else {
          throw DataFault(
            path: path, line: line.number,
            reason: "'\(cell)' in column '\(headings[index].name)' is not a finite number")
        }
        literals[index].append(text)
        values[index].append(value)
      }
    }
    columns = headings.indices.map {
      Column(name: headings[$0].name, unit: headings[$0].unit, literals: literals[$0], values: values[$0])
    }
  }

  /// `t (°C)` and `t [°C]` are the name t with the unit °C.
  private static func heading(_ text: String) -> (name: String, unit: String?) {
    for (open, close) in [("[", "]"), ("(", ")")] where text.hasSuffix(close) {
      guard let start = text.firstIndex(of: Character(open)), start != text.startIndex else { continue }
      let unit = text[text.index(after: start)...].dropLast().trimmingCharacters(in: .whitespaces)
      return (text[..<start].trimmingCharacters(in: .whitespaces), unit.isEmpty ? nil : unit)
    }
    return (text, nil)
  }

  // MARK: - JSON

  private init(json text: String, path: String) throws {
    let object: Any
    do {
      object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    } catch {
      throw DataFault(path: path, line: nil, reason: "the file is not JSON: \(error.localizedDescription)")
    }
    var lists: [(name: String, values: [Any])] = []
    if let members = object as? [String: Any] {
      for name in members.keys.sorted() {
        guard let list = members[name] as? [Any] else { continue }
        lists.append((name, list))
      }
    } else if let rows = object as? [[String: Any]] {
      for name in Set(rows.flatMap(\.keys)).sorted() {
        lists.append((name, rows.map { $0[name] ?? NSNull() }))
      }
    }
    guard !lists.isEmpty else {
      throw DataFault(
        path: path, line: nil, reason: "expected an object with a list of numbers for each name, or a list of objects")
    }
    columns = try lists.map { list in
      let literals = try list.values.enumerated().map { index, value in
        // A number given as text keeps its decimals; JSON's own numbers have been read as Double.
        let text = value as? String ?? (value as? NSNumber).map { "\($0.doubleValue)" } ?? ""
        guard let number = Double(text), number.isFinite else {
          throw DataFault(
            path: path, line: nil, reason: "value \(index) (counted from 0) of '\(list.name)' is not a finite number")
        }
        return text
      }
      return Column(name: list.name, unit: nil, literals: literals, values: literals.map { Double($0)! })
    }
    for column in columns where column.values.count != columns[0].values.count {
      throw DataFault(
        path: path, line: nil,
        reason: "'\(column.name)' has \(column.values.count) values, '\(columns[0].name)' \(columns[0].values.count)")
    }
  }
}

/// What is wrong with a data file; exit code 65.
struct DataFault: Error, Equatable, CustomStringConvertible {
  let path: String
  /// Line of the file, counted from 1.
  let line: Int?
  let reason: String

  var description: String { "\(path)\(line.map { ":\($0)" } ?? ""): \(reason)" }
}
