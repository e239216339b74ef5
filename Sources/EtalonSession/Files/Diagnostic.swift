/// A place in a file: line and column count from 1, columns in Unicode scalars.
public struct SourcePlace: Equatable, Hashable, Sendable, Comparable {
  /// Line, from 1.
  public var line: Int
  /// Column, from 1.
  public var column: Int

  /// A place from its line and column, both from 1.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Where a file begins.
  public static let start = SourcePlace(line: 1, column: 1)

  /// Reading order.
  public static func < (a: SourcePlace, b: SourcePlace) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// One thing that is wrong in a file: where, what, how to put it right, and the word that was probably meant.
public struct Diagnostic: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file as the user named it.
  public var file: String
  /// Where the fault lies.
  public var place: SourcePlace
  /// What is wrong.
  public var reason: String
  /// What to do about it.
  public var fix: String
  /// The known word nearest to an unknown one, where one is near.
  public var nearest: String?

  /// Line, from 1.
  public var line: Int { place.line }
  /// Column, from 1, in Unicode scalars.
  public var column: Int { place.column }

  /// A diagnostic from its parts.
  public init(file: String, place: SourcePlace, reason: String, fix: String, nearest: String? = nil) {
    self.file = file
    self.place = place
    self.reason = reason
    self.fix = fix
    self.nearest = nearest
  }

  /// As printed: `file:line:column: error: reason`, then the fix and the likely word on lines of their own.
  public var description: String {
    var text = "\(file):\(line):\(column): error: \(reason)\n  fix: \(fix)"
    if let nearest { text += "\n  did you mean '\(nearest)'?" }
    return text
  }
}
