import Foundation

/// Records of a CSV file after RFC 4180: cells between separators, a quoted cell may hold separators, line ends and doubled
/// quotes.
///
/// Beyond the RFC: semicolons or tabs separate where the first record has them, blanks around a cell are dropped unless it is
/// quoted, a line that begins with `#` is a comment, a byte order mark is skipped, and any kind of line end is taken.
struct CSVRecords: Equatable {
  struct Record: Equatable {
    /// Line of the file on which the record begins, counted from 1.
    let line: Int
    let cells: [String]
    /// An empty line.
    var isBlank: Bool { cells == [""] }
  }

  let separator: Character
  private(set) var records: [Record] = []

  init(_ text: String, path: String) throws {
    // Line ends as one character each; a byte order mark is part of the encoding.
    var body = Substring(text.replacing("\r\n", with: "\n").replacing("\r", with: "\n"))
    if body.hasPrefix("\u{FEFF}") { body = body.dropFirst() }
    separator = Self.separator(of: body)
    var cells: [String] = []
    var cell = ""
    var isQuoted = false
    var wasQuoted = false
    var line = 1
    var start = 1
    var position = body.startIndex
    var isLineStart = true
    func fault(_ line: Int, _ reason: String) -> DataFault { DataFault(path: path, line: line, reason: reason) }
    func endCell() {
      cells.append(wasQuoted ? cell : cell.trimmingCharacters(in: .whitespaces))
      cell = ""
      wasQuoted = false
    }
    while position < body.endIndex {
      let character = body[position]
      position = body.index(after: position)
      if isLineStart && character == "#" && !isQuoted {
        while position < body.endIndex, body[position] != "\n" { position = body.index(after: position) }
        if position < body.endIndex { position = body.index(after: position) }
        line += 1
        start = line
        continue
      }
      isLineStart = false
      if isQuoted {
        if character == "\n" { line += 1 }
        if character != "\"" {
          cell.append(character)
        } else if position < body.endIndex, body[position] == "\"" {
          cell.append(character)
          position = body.index(after: position)
        } else {
          isQuoted = false
          wasQuoted = true
        }
      } else if character == "\"" {
        guard cell.allSatisfy(\.isWhitespace), !wasQuoted else {
          throw fault(line, "a quote inside the cell '\(cell)'; quote the whole cell and double the quotes in it")
        }
        cell = ""
        isQuoted = true
      } else if character == separator {
        endCell()
      } else if character == "\n" {
        endCell()
        records.append(Record(line: start, cells: cells))
        cells = []
        line += 1
        start = line
        isLineStart = true
      } else if wasQuoted {
        guard character.isWhitespace else { throw fault(line, "text after the closing quote of '\(cell)'") }
      } else {
        cell.append(character)
      }
    }
    if isQuoted { throw fault(start, "the quote that begins in this record is never closed") }
    if !cells.isEmpty || !cell.isEmpty || wasQuoted {
      endCell()
      records.append(Record(line: start, cells: cells))
    }
  }

  /// The separator is the one outside quotes in the first line that is no comment.
  private static func separator(of text: Substring) -> Character {
    let first = text.split(separator: "\n").first { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) } ?? ""
    var isQuoted = false
    var found: Set<Character> = []
    for character in first {
      if character == "\"" { isQuoted.toggle() } else if !isQuoted { found.insert(character) }
    }
    return found.contains("\t") ? "\t" : found.contains(";") ? ";" : ","
  }
}

/// Writes a CSV table after RFC 4180, with commas, points and a line end of one character, as tools on Linux expect.
enum CSVText {
  /// - Parameters:
  ///   - columns: names for the first line.
  ///   - rows: one value for each column; numbers get the digits that read back the same, and what is absent an empty cell.
  static func table(_ columns: [String], _ rows: [[Any?]]) -> String {
    ([columns] + rows).map { $0.map(cell).joined(separator: ",") }.joined(separator: "\n")
  }

  /// A table of one row; several numbers in one cell have spaces between them.
  static func row(_ cells: [(name: String, value: Any?)]) -> String { table(cells.map(\.name), [cells.map(\.value)]) }

  private static func cell(_ value: Any?) -> String {
    switch value {
    case nil, is NSNull: return ""
    case let numbers as [Double]: return numbers.map { "\($0)" }.joined(separator: " ")
    case let number as Double: return number.isFinite ? "\(number)" : ""
    case let text?:
      let text = "\(text)"
      // A mark of comments at the beginning is text too.
      guard text.hasPrefix("#") || text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
      return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
  }
}
