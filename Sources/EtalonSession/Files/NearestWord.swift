/// Finds the known word that a misspelt one was probably meant to be.
public enum NearestWord {
  /// The candidate with the fewest slips from `typed`, or nil where none is near: one slip in a word of up to four
  /// letters, two in one of up to eight, three in a longer one. Letter case and `-` for `_` do not count.
  public static func nearest(to typed: String, among candidates: some Sequence<String>) -> String? {
    let wanted = folded(typed)
    let allowed = wanted.count <= 4 ? 1 : wanted.count <= 8 ? 2 : 3
    var best: (distance: Int, word: String)?
    for candidate in candidates where candidate != typed {
      let letters = folded(candidate)
      guard abs(letters.count - wanted.count) <= allowed else { continue }
      let distance = editDistance(wanted, letters)
      // A word that has nothing in common with a short one is no help.
      guard distance <= allowed, distance < max(letters.count, wanted.count) else { continue }
      if distance < best?.distance ?? Int.max { best = (distance, candidate) }
    }
    return best?.word
  }

  /// Insertions, deletions, substitutions and exchanges of neighbours (Damerau and Levenshtein, optimal string alignment).
  static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    if a.isEmpty { return b.count }
    if b.isEmpty { return a.count }
    let width = b.count + 1
    var cost = [Int](repeating: 0, count: (a.count + 1) * width)
    for i in 0...a.count { cost[i * width] = i }
    for j in 0...b.count { cost[j] = j }
    for i in 1...a.count {
      for j in 1...b.count {
        var least = min(cost[(i - 1) * width + j], cost[i * width + j - 1]) + 1
        least = min(least, cost[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          least = min(least, cost[(i - 2) * width + j - 2] + 1)
        }
        cost[i * width + j] = least
      }
    }
    return cost[a.count * width + b.count]
  }

  private static func folded(_ word: String) -> [Unicode.Scalar] {
    // A word longer than any that is known needs no table of its size.
    word.lowercased().unicodeScalars.prefix(80).map { $0 == "-" ? "_" : $0 }
  }
}
