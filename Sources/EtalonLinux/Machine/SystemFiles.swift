import Glibc

/// Small files of the system below a root folder; `/` on a real machine, another one in tests.
///
/// A file of `/proc` or `/sys` that is not there is a fact about the machine and no fault, so everything here answers nil
/// or an empty list for it.
struct SystemFiles {
  /// Without a `/` at its end.
  let root: String

  init(root: String) { self.root = root.hasSuffix("/") ? String(root.dropLast()) : root }

  /// The first 64 KiB of a file, without white space and zeros at its ends; nil when it can not be read.
  func text(_ path: String) -> String? {
    let descriptor = open(root + path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 65_536 {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 }
    while let last = bytes.last, isBlank(last) { bytes.removeLast() }
    return String(decoding: bytes.drop(while: isBlank), as: UTF8.self)
  }

  func lines(_ path: String) -> [String] {
    (text(path) ?? "").split(separator: "\n").map(String.init)
  }

  func number(_ path: String) -> Int? { text(path).flatMap { Int($0) } }

  /// Names in a folder, sorted so that numbers in them count as numbers; empty when there is none.
  func names(in path: String) -> [String] {
    guard let folder = opendir(root + path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted(by: Self.isBefore)
  }

  /// `ttyUSB2` before `ttyUSB10`.
  static func isBefore(_ a: String, _ b: String) -> Bool {
    func parts(_ text: String) -> (String, Int) {
      let digits = text.reversed().prefix { $0.isASCII && $0.isNumber }.count
      return (String(text.dropLast(digits)), Int(text.suffix(digits)) ?? -1)
    }
    let (x, y) = (parts(a), parts(b))
    return (x.0, x.1, a) < (y.0, y.1, b)
  }

  func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(root + path, &status) == 0
  }

  /// Where a symbolic link leads, as written in it.
  func link(_ path: String) -> String? {
    var target = [UInt8](repeating: 0, count: 4096)
    let count = target.withUnsafeMutableBytes {
      readlink(root + path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return count > 0 ? String(decoding: target[..<count], as: UTF8.self) : nil
  }

  /// Group names by number, and the members that the list names.
  func groups() -> [(name: String, number: UInt32, members: [String])] {
    lines("/etc/group").compactMap { line in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count >= 4, let number = UInt32(fields[2]) else { return nil }
      return (String(fields[0]), number, fields[3].split(separator: ",").map(String.init))
    }
  }
}
