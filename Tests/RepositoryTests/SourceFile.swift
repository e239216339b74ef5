import Foundation

/// A file of the repository: its path from the root and its text.
struct SourceFile {
  var path: String
  var text: String

  /// The text with comments and the insides of string literals blanked out, line for line.
  var code: String {
    var code = ""
    var rest = text[...]
    var commentDepth = 0
    while let character = rest.first {
      if commentDepth > 0 {
        if rest.hasPrefix("*/") {
          commentDepth -= 1
          rest = rest.dropFirst(2)
        } else if rest.hasPrefix("/*") {
          commentDepth += 1
          rest = rest.dropFirst(2)
        } else {
          if character == "\n" { code.append("\n") }
          rest = rest.dropFirst()
        }
      } else if rest.hasPrefix("/*") {
        commentDepth = 1
        rest = rest.dropFirst(2)
      } else if rest.hasPrefix("//") {
        rest = rest.drop { $0 != "\n" }
      } else if rest.hasPrefix("\"\"\"") {
        rest = rest.dropFirst(3)
        while !rest.isEmpty && !rest.hasPrefix("\"\"\"") {
          if rest.first == "\n" { code.append("\n") }
          rest = rest.dropFirst(rest.first == "\\" ? 2 : 1)
        }
        rest = rest.dropFirst(3)
        code += "\"\""
      } else if character == "\"" {
        rest = rest.dropFirst()
        while let next = rest.first, next != "\"", next != "\n" { rest = rest.dropFirst(next == "\\" ? 2 : 1) }
        if rest.first == "\"" { rest = rest.dropFirst() }
        code += "\"\""
      } else {
        code.append(character)
        rest = rest.dropFirst()
      }
    }
    return code
  }

  /// The modules that the file imports.
  var imports: [String] {
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    var modules: [String] = []
    for line in code.split(separator: "\n") {
      let words = line.split { $0 == " " || $0 == "\t" || $0 == ";" }
      guard let keyword = words.firstIndex(of: "import"),
        words[..<keyword].allSatisfy({ $0.hasPrefix("@") || ["public", "package", "internal", "private"].contains($0) })
      else { continue }
      var named = words[(keyword + 1)...]
      if let kind = named.first, kinds.contains(kind) { named = named.dropFirst() }
      if let module = named.first { modules.append(String(module.prefix { $0 != "." })) }
    }
    return modules
  }
}

/// The working tree that this test was compiled from.
enum Repository {
  /// The root folder, found from the place of this file.
  static let root: URL = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All Swift files below a folder of the root, sorted by path.
  static func swiftFiles(below folder: String) throws -> [SourceFile] {
    let base = root.appendingPathComponent(folder)
    guard let paths = FileManager.default.enumerator(atPath: base.path) else { return [] }
    var files: [SourceFile] = []
    for case let path as String in paths where path.hasSuffix(".swift") {
      let text = try String(contentsOf: base.appendingPathComponent(path), encoding: .utf8)
      files.append(SourceFile(path: folder + "/" + path, text: text))
    }
    return files.sorted { $0.path < $1.path }
  }
}
