import Foundation

/// The bytes of a file that a user wrote, read with a bound on their number.
public struct SourceFile: Sendable {
  /// Largest size of any file of the strict profile, in bytes.
  public static let maximumBytes = 1 << 20

  /// The file as the user named it, for messages.
  public var name: String
  /// Its content.
  public var bytes: [UInt8]

  /// A file from bytes at hand.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// Reads the file at `path`; the size is looked at before anything is read.
  ///
  /// - Parameter kind: what a file that is too large is called a fault of.
  /// - Throws: `FileFault` of kind `.missing`, `.permission`, `.inputOutput`, or `kind` for a file over 1 MiB.
  public init(path: String, kind: FileFault.Kind) throws(FileFault) {
    func fault(_ kind: FileFault.Kind, _ reason: String, _ fix: String) -> FileFault {
      FileFault(kind, [Diagnostic(file: path, place: .start, reason: reason, fix: fix)])
    }
    var status = stat()
    guard stat(path, &status) == 0 else {
      switch errno {
      case ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP:
        throw fault(.missing, "there is no file '\(path)'", "check the path; it is relative to the present folder")
      case EACCES: throw fault(.permission, "'\(path)' may not be read", "ask its owner for the right to read it")
      default:
        throw fault(.inputOutput, "'\(path)': \(String(cString: strerror(errno)))", "check the disk and the path")
      }
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw fault(.missing, "'\(path)' is a folder, not a file", "name the YAML file inside it")
    default: throw fault(.missing, "'\(path)' is not a regular file", "name a YAML file")
    }
    guard status.st_size <= Self.maximumBytes else {
      throw FileFault(kind, [Self.tooLarge(name: path, bytes: Int(status.st_size))])
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == EACCES {
        throw fault(.permission, "'\(path)' may not be read", "ask its owner for the right to read it")
      }
      throw fault(.inputOutput, "'\(path)': \(String(cString: strerror(errno)))", "check the disk and the path")
    }
    defer { close(descriptor) }
    // One byte more than allowed, so that a file that grows meanwhile is noticed.
    var buffer = [UInt8](repeating: 0, count: Self.maximumBytes + 1)
    var count = 0
    while count < buffer.count {
      let taken = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + count, $0.count - count) }
      if taken < 0 && errno == EINTR { continue }
      guard taken >= 0 else {
        throw fault(.inputOutput, "'\(path)': \(String(cString: strerror(errno)))", "check the disk and the path")
      }
      if taken == 0 { break }
      count += taken
    }
    guard count <= Self.maximumBytes else { throw FileFault(kind, [Self.tooLarge(name: path, bytes: count)]) }
    name = path
    bytes = Array(buffer[0..<count])
  }

  static func tooLarge(name: String, bytes: Int) -> Diagnostic {
    Diagnostic(
      file: name, place: .start, reason: "the file has \(bytes) bytes; at most \(maximumBytes) (1 MiB) are read",
      fix: "name the right file, or keep data outside it")
  }
}
