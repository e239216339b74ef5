/// Finds the known unit that a misspelt one was probably meant to be.
enum UnitSpelling {
  /// Units that people use and that this table does not hold: no slips of other units.
  private static let foreign = ["cal", "rpm", "psi", "gal", "mil", "torr", "btu", "inch", "mph"]

  /// The nearest symbol, or nil where nothing is near.
  static func nearest(to typed: String) -> String? {
    let wanted = lowered(typed)
    // English names, singular or plural, first: "seconds", "Kelvin", "Celsius".
    let singular = wanted.last == 0x73 ? Array(wanted.dropLast()) : wanted
    for definition in UnitDefinition.all {
      let name = Array(definition.name.utf8)
      if name == wanted || name == singular { return definition.symbol }
    }
    if wanted == Array("celsius".utf8) || wanted == Array("c".utf8) { return "°C" }
    if wanted == Array("meter".utf8) || singular == Array("meter".utf8) { return "m" }
    if wanted == Array("sec".utf8) || wanted == Array("secs".utf8) { return "s" }
    var best: (distance: Int, symbol: String)?
    func consider(_ symbol: String) {
      let candidate = lowered(symbol)
      let distance = editDistance(wanted, candidate) * 2 + (Array(symbol.utf8) == Array(typed.utf8) ? 0 : 1)
      if distance < best?.distance ?? Int.max { best = (distance, symbol) }
    }
    for definition in UnitDefinition.all {
      // Letters of the wrong case are a slip; another letter in a short symbol is most often another unit: oz, lb, in.
      if lowered(definition.symbol) == wanted || wanted.count >= 3 { consider(definition.symbol) }
      // A misspelt name, as long as it is long enough to be meant.
      let distance = editDistance(wanted, Array(definition.name.utf8)) * 2
      if wanted.count >= 4, distance < best?.distance ?? Int.max { best = (distance, definition.symbol) }
    }
    for definition in UnitDefinition.all where definition.takesPrefix {
      for prefix in ["m", "k", "µ", "M", "c", "n", "h"] where lowered(prefix + definition.symbol) == wanted {
        consider(prefix + definition.symbol)
      }
    }
    guard let best else { return nil }
    // One slip in a symbol, two in a long name.
    let allowed = wanted.count >= 5 ? 5 : 3
    guard best.distance <= allowed, !foreign.contains(where: { Array($0.utf8) == wanted }) else { return nil }
    return best.symbol
  }

  /// The nearest name of the D-SI, with its backslash.
  static func nearestName(to typed: String) -> String? {
    let wanted = lowered(typed)
    var best: (distance: Int, name: String)?
    for definition in UnitDefinition.all {
      let distance = editDistance(wanted, Array(definition.name.utf8))
      if distance < best?.distance ?? Int.max { best = (distance, definition.name) }
    }
    guard let best, best.distance <= 2 else { return nil }
    return "\\" + best.name
  }

  private static func lowered(_ text: String) -> [UInt8] {
    text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
  }

  /// Insertions, deletions, substitutions and exchanges of neighbours, each counted once.
  static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty { return b.count }
    if b.isEmpty { return a.count }
    let width = b.count + 1
    var rows = [Int](repeating: 0, count: (a.count + 1) * width)
    for i in 0...a.count { rows[i * width] = i }
    for j in 0...b.count { rows[j] = j }
    for i in 1...a.count {
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        var least = min(rows[(i - 1) * width + j] + 1, rows[i * width + j - 1] + 1)
        least = min(least, rows[(i - 1) * width + j - 1] + cost)
        if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
          least = min(least, rows[(i - 2) * width + j - 2] + 1)
        }
        rows[i * width + j] = least
      }
    }
    return rows[a.count * width + b.count]
  }
}
