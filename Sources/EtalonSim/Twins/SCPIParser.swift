/// Takes a program message apart, unit by unit (IEEE 488.2, clause 7; SCPI-99, volume 1, clause 6).
struct SCPIParser {
  private let table: SCPIHeaderTable
  /// The message, without its terminator.
  var line: [UInt8] = []
  private var cursor = 0
  private var path: [UInt8] = []
  private var header: [UInt8] = []
  private var arguments: [Range<Int>] = []

  init(_ table: SCPIHeaderTable) {
    self.table = table
    line.reserveCapacity(SCPIInput.limit)
    path.reserveCapacity(64)
    header.reserveCapacity(128)
    arguments.reserveCapacity(8)
  }

  /// Starts with the message in `line`, at the root of the command tree.
  mutating func begin() {
    cursor = 0
    path.removeAll(keepingCapacity: true)
  }

  /// Passes over the rest of the message.
  mutating func abandon() { cursor = line.count }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

  /// The command of the next unit; nil at the end of the message.
  mutating func next() throws(SCPIError) -> Int? {
    while cursor < line.count, Self.isBlank(line[cursor]) || line[cursor] == 0x3B { cursor += 1 }
    guard cursor < line.count else { return nil }
    var index = cursor
    let isCommon = line[index] == 0x2A
    header.removeAll(keepingCapacity: true)
    if line[index] == 0x3A {
      index += 1
    } else if isCommon {
      header.append(0x2A)
      index += 1
    } else {
      for byte in path { header.append(byte) }
    }
    var mnemonicLength = 0
    while index < line.count {
      let byte = line[index]
      if TwinText.isLetter(byte) || (0x30...0x39).contains(byte) || byte == 0x5F {
        mnemonicLength += 1
        // IEEE 488.2, 7.6.1.4.1: a mnemonic has at most twelve characters.
        guard mnemonicLength <= 12 else { throw .mnemonicTooLong }
      } else if byte == 0x3A, !isCommon {
        guard mnemonicLength > 0 else { throw .syntax }
        mnemonicLength = 0
      } else {
        break
      }
      header.append(TwinText.uppercased(byte))
      index += 1
    }
    let isQuery = index < line.count && line[index] == 0x3F
    if isQuery { index += 1 }
    if index < line.count, !Self.isBlank(line[index]), line[index] != 0x3B {
      // Only white space may part a header from its data.
      throw (0x21...0x7E).contains(line[index]) ? .invalidSeparator : .invalidCharacter
    }
    guard mnemonicLength > 0 else { throw .syntax }
    try parseArguments(from: index)
    guard let command = table.command(header, isQuery: isQuery) else { throw .undefinedHeader }
    if !isCommon {
      var count = header.count
      while count > 0, header[count - 1] != 0x3A { count -= 1 }
      path.removeAll(keepingCapacity: true)
      for offset in 0..<count { path.append(header[offset]) }
    }
    return command
  }

  /// Splits what follows the header at commas; semicolons and commas within quotation marks belong to the text.
  private mutating func parseArguments(from start: Int) throws(SCPIError) {
    arguments.removeAll(keepingCapacity: true)
    var index = start
    while index < line.count, Self.isBlank(line[index]) { index += 1 }
    if index >= line.count || line[index] == 0x3B {
      cursor = index
      return
    }
    while true {
      while index < line.count, Self.isBlank(line[index]) { index += 1 }
      let first = index
      if index < line.count, line[index] == 0x22 || line[index] == 0x27 {
        let quote = line[index]
        index += 1
        while index < line.count, line[index] != quote { index += 1 }
        guard index < line.count else { throw .invalidString }
        index += 1
      } else {
        while index < line.count, line[index] != 0x2C, line[index] != 0x3B {
          guard (0x20...0x7E).contains(line[index]) || Self.isBlank(line[index]) else { throw .invalidCharacter }
          index += 1
        }
      }
      var last = index
      while last > first, Self.isBlank(line[last - 1]) { last -= 1 }
      guard last > first else { throw .syntax }
      arguments.append(first..<last)
      while index < line.count, Self.isBlank(line[index]) { index += 1 }
      if index >= line.count || line[index] == 0x3B { break }
      guard line[index] == 0x2C else { throw .invalidSeparator }
      index += 1
    }
    cursor = index
  }

  // MARK: Arguments of the unit that was taken last

  /// Checks the number of arguments.
  func expectArguments(_ range: ClosedRange<Int>) throws(SCPIError) {
    if arguments.count < range.lowerBound { throw .missingParameter }
    if arguments.count > range.upperBound { throw .parameterNotAllowed }
  }

  func number(_ index: Int) throws(SCPIError) -> Double {
    do {
      return try TwinText.number(line, arguments[index])
    } catch {
      switch error {
      case .notANumber: throw .dataType
      case .invalidCharacter: throw .invalidCharacterInNumber
      case .exponentTooLarge: throw .exponentTooLarge
      case .suffix: throw .suffixNotAllowed
      }
    }
  }

  /// `ON`, `OFF`, `1` or `0`.
  func boolean(_ index: Int) throws(SCPIError) -> Bool {
    let range = arguments[index]
    if TwinText.isLetter(line[range.lowerBound]) {
      if equals(range, "ON") { return true }
      if equals(range, "OFF") { return false }
      throw .illegalValue
    }
    let value = try number(index)
    guard value == 0 || value == 1 else { throw .illegalValue }
    return value == 1
  }

  /// A number that rounds to 0...255.
  func byte(_ index: Int) throws(SCPIError) -> UInt8 {
    let value = try number(index).rounded()
    guard (0...255).contains(value) else { throw .outOfRange }
    return UInt8(value)
  }

  /// Whether the argument is this text, with or without quotation marks; letter case counts.
  func isText(_ index: Int, _ text: StaticString) -> Bool {
    var range = arguments[index]
    let first = line[range.lowerBound]
    if range.count >= 2, first == 0x22 || first == 0x27 { range = range.lowerBound + 1..<range.upperBound - 1 }
    guard range.count == text.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count where line[range.lowerBound + offset] != text.utf8Start[offset] { return false }
    return true
  }

  private func equals(_ range: Range<Int>, _ capitals: StaticString) -> Bool {
    guard range.count == capitals.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count
    where TwinText.uppercased(line[range.lowerBound + offset]) != capitals.utf8Start[offset] {
      return false
    }
    return true
  }
}
