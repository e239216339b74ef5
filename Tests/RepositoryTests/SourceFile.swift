import Foundation

/// A file of the repository: its path from the root and its text.
struct SourceFile {
  let path: String
  let text: String
  /// The text with comments and the insides of string literals blanked out, line for line.
  let code: String

  init(path: String, text: String) {
    self.path = path
    self.text = text
    code = Self.code(of: text)
  }

  private static func code(of text: String) -> String {
    let bytes = Array(text.utf8)
    var code: [UInt8] = []
    code.reserveCapacity(bytes.count)
    var index = 0
    func sees(_ literal: StaticString) -> Bool {
      let end = index + literal.utf8CodeUnitCount
      guard end <= bytes.count else { return false }
      for offset in 0..<literal.utf8CodeUnitCount where bytes[index + offset] != literal.utf8Start[offset] {
        return false
      }
      return true
    }
    /// Steps over text up to and with `end`, keeping its line ends.
    func skipString(to end: StaticString) {
      index += end.utf8CodeUnitCount
      while index < bytes.count && !sees(end) {
        if bytes[index] == UInt8(ascii: "\n") {
          if end.utf8CodeUnitCount == 1 { return }
          code.append(UInt8(ascii: "\n"))
        }
        index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
      }
      index += end.utf8CodeUnitCount
    }
    var commentDepth = 0
    while index < bytes.count {
      if commentDepth > 0 || sees("/*") {
        if sees("/*") {
          commentDepth += 1
          index += 2
        } else if sees("*/") {
          commentDepth -= 1
          index += 2
        } else {
          if bytes[index] == UInt8(ascii: "\n") { code.append(UInt8(ascii: "\n")) }
          index += 1
        }
      } else if sees("//") {
        while index < bytes.count && bytes[index] != UInt8(ascii: "\n") { index += 1 }
      } else if sees("\"\"\"") {
        skipString(to: "\"\"\"")
      } else if sees("\"") {
        skipString(to: "\"")
      } else {
        code.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: code, as: UTF8.self)
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
