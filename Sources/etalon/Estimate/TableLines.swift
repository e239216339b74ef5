import EtalonSession
import Glibc

/// Lines of a text file one after the other, in constant memory.
final class TableLines {
  private let stream: UnsafeMutablePointer<FILE>
  private let closes: Bool
  private let path: String
  private var buffer: UnsafeMutablePointer<CChar>?
  private var capacity = 0
  /// Number of the line that was read last, counted from 1.
  private(set) var number = 0

  /// - Parameter path: `-` is standard input.
  init(path: String) throws {
    self.path = path
    if path == "-" {
      guard let input = fdopen(dup(0), "r") else { throw Fail.with(.inputOutput, "standard input can not be read") }
      stream = input
      closes = true
      return
    }
    guard let file = fopen(path, "r") else {
      let reason = String(cString: strerror(errno))
      throw Fail.with(errno == ENOENT ? .missingFile : .inputOutput, "\(path): \(reason)")
    }
    stream = file
    closes = true
  }

  deinit {
    free(buffer)
    if closes { fclose(stream) }
  }

  /// The next line without its end; nil after the last.
  func next() throws -> String? {
    let length = getline(&buffer, &capacity, stream)
    guard length >= 0, let buffer else {
      guard ferror(stream) == 0 else { throw Fail.with(.inputOutput, "\(path): \(String(cString: strerror(errno)))") }
      return nil
    }
    number += 1
    var bytes = UnsafeBufferPointer(start: buffer, count: length)[...]
    while let last = bytes.last, last == 0x0A || last == 0x0D { bytes = bytes.dropLast() }
    guard let text = String(validating: bytes.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
      throw DataFault(path: path, line: number, reason: "the line is not UTF-8 text")
    }
    // A byte order mark is part of the encoding, not of the first name.
    return number == 1 && text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
  }
}
