/// Finds a key that stands twice in one object of a JSON text; parsers take one of the two and say nothing.
enum JSONDuplicates {
  /// The first such key and its line, counted from 1.
  /// - Parameter text: valid JSON.
  static func first(in text: String) -> (key: String, line: Int)? {
    // One set for each open object, nil for an open list.
    var open: [Set<String>?] = []
    var line = 1
    var last: (text: String, line: Int)?
    var scalars = text.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      switch scalar {
      case "\n": line += 1
      case "{": open.append([])
      case "[": open.append(nil)
      case "}", "]":
        if !open.isEmpty { open.removeLast() }
      case "\"":
        var view = String.UnicodeScalarView()
        while let inner = scalars.next(), inner != "\"" {
          view.append(inner)
          if inner == "\\", let escaped = scalars.next() { view.append(escaped) }
        }
        last = (String(view), line)
      case ":":
        // Only a key is followed by a colon outside of strings.
        guard let key = last, let keys = open.last, var seen = keys else { break }
        if !seen.insert(key.text).inserted { return (key.text, key.line) }
        open[open.count - 1] = seen
      default: break
      }
    }
    return nil
  }
}
