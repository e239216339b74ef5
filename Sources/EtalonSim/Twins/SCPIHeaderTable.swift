/// The headers that a device knows, in the notation of SCPI-99: `SYSTem:ERRor[:NEXT]?` with capitals for the short form
/// and brackets for what may be left out.
struct SCPIHeaderTable {
  private struct Mnemonic {
    var start: Int
    var longCount: Int
    var shortCount: Int
    var optional: Bool
  }

  private struct Header {
    var first: Int
    var end: Int
    var isQuery: Bool
    var command: Int
  }

  private var text: [UInt8] = []
  private var mnemonics: [Mnemonic] = []
  private var headers: [Header] = []

  init(_ patterns: [(pattern: StaticString, command: Int)]) {
    for (pattern, command) in patterns { add(pattern, command) }
  }

  private mutating func add(_ pattern: StaticString, _ command: Int) {
    let first = mnemonics.count
    var isQuery = false
    var optional = false
    var start = text.count
    var short = 0
    func finished() -> Mnemonic? {
      text.count > start
        ? Mnemonic(start: start, longCount: text.count - start, shortCount: short, optional: optional) : nil
    }
    for index in 0..<pattern.utf8CodeUnitCount {
      let byte = pattern.utf8Start[index]
      switch byte {
      case 0x3F: isQuery = true
      case 0x5B, 0x5D, 0x3A:
        if let mnemonic = finished() { mnemonics.append(mnemonic) }
        start = text.count
        short = 0
        if byte == 0x5B { optional = true }
        if byte == 0x5D { optional = false }
      default:
        let upper = TwinText.uppercased(byte)
        if upper == byte { short += 1 }
        text.append(upper)
      }
    }
    if let mnemonic = finished() { mnemonics.append(mnemonic) }
    headers.append(Header(first: first, end: mnemonics.count, isQuery: isQuery, command: command))
  }

  /// The command that belongs to a header in capitals, without leading colon and question mark.
  func command(_ header: [UInt8], isQuery: Bool) -> Int? {
    for candidate in headers where candidate.isQuery == isQuery {
      if matches(candidate.first, candidate.end, header, 0) { return candidate.command }
    }
    return nil
  }

  private func matches(_ mnemonic: Int, _ end: Int, _ header: [UInt8], _ offset: Int) -> Bool {
    guard mnemonic < end else { return offset == header.count + 1 }
    let known = mnemonics[mnemonic]
    if offset < header.count {
      var next = offset
      while next < header.count, header[next] != 0x3A {
        // A letter beyond the known mnemonic, or another one, ends the comparison at once.
        if next - offset >= known.longCount || text[known.start + next - offset] != header[next] { break }
        next += 1
      }
      let atBoundary = next == header.count || header[next] == 0x3A
      let count = next - offset
      if atBoundary, count == known.longCount || count == known.shortCount,
        matches(mnemonic + 1, end, header, next + 1)
      {
        return true
      }
    }
    return known.optional && matches(mnemonic + 1, end, header, offset)
  }
}
