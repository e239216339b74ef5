import Foundation

/// What can be checked of a page of the documentation, each a pure function of texts.
enum DocumentationRules {
  /// A link or picture of a page: where it leads, without the part after `#`, and that part.
  struct Link: Equatable {
    let path: String
    let heading: String
  }

  /// The relative links and pictures of a page, outside code.
  static func relativeLinks(in page: String) -> [Link] {
    var links: [Link] = []
    for match in prose(of: page).matches(of: #/\]\(([^()\s]+)\)/#) {
      let target = String(match.1)
      if target.contains("://") || target.hasPrefix("mailto:") { continue }
      let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      links.append(Link(path: String(parts[0]), heading: parts.count > 1 ? String(parts[1]) : ""))
    }
    return links
  }

  /// The names that a page's headings have in links: lower case, spaces as hyphens, punctuation left out.
  static func headings(of page: String) -> Set<String> {
    var names: Set<String> = []
    for line in prose(of: page).split(separator: "\n") where line.hasPrefix("#") {
      let title = line.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
      var name = ""
      for character in title {
        if character == " " { name.append("-") }
        if character.isLetter || character.isNumber || character == "-" || character == "_" { name.append(character) }
      }
      names.insert(name)
    }
    return names
  }

  /// The text of a page without its fenced blocks of code.
  static func prose(of page: String) -> String {
    var lines: [Substring] = []
    var isCode = false
    for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isCode.toggle()
      } else if !isCode {
        lines.append(line)
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The fenced blocks of code in a language.
  static func blocks(_ language: String, in page: String) -> [String] {
    var blocks: [String] = []
    var block: [Substring]?
    for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        if let lines = block {
          blocks.append(lines.joined(separator: "\n"))
          block = nil
        } else if line == "```" + language {
          block = []
        } else if line != "```" {
          continue
        }
      } else {
        block?.append(line)
      }
    }
    return blocks
  }

  /// The verbs of `etalon` that a page names, as a command (`etalon simulate`, also `scripts/etalon simulate`).
  static func verbs(in page: String) -> Set<String> {
    Set(page.matches(of: #/(?:scripts/|`|\$ )etalon ([a-z]+)/#).map { String($0.1) })
  }

  /// The verbs that the command line has, with those of its groups.
  static func verbs(inSources files: [SourceFile]) -> Set<String> {
    Set(
      files.flatMap { file in
        file.text.matches(of: #/commandName: "([a-z]+)"/#).map { String($0.1) }
      })
  }

  /// What stands between the lines `// README example` and `// end` of a file, if it has them.
  static func markedExample(in file: SourceFile) -> String? {
    let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let first = lines.firstIndex(where: { $0.trimmingCharacters(in: .whitespaces) == "// README example" }),
      let last = lines[first...].firstIndex(where: { $0.trimmingCharacters(in: .whitespaces) == "// end" })
    else { return nil }
    return lines[(first + 1)..<last].joined(separator: "\n")
  }
}
