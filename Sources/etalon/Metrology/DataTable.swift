import Foundation

/// A `TextTable` of which every cell is a finite number, as fits and budgets take it. Numbers keep their decimal text.
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
  static func read(_ path: String) throws -> DataTable { try DataTable(try TextTable.read(path)) }

  init(text: String, path: String) throws { try self.init(try TextTable(text: text, path: path)) }

  init(_ table: TextTable) throws {
    columns = try table.names.indices.map { index in
      Column(
        name: table.names[index], unit: table.units[index], literals: table.rows.map { $0[index] },
        values: try table.completeNumbers(index))
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
