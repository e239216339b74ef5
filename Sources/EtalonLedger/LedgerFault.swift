import Glibc

/// What is wrong with the bytes of a ledger, found at a byte offset.
public enum LedgerDamage: Equatable, Sendable {
  /// The file does not start with the header of a ledger.
  case header
  /// The header is sound and names a format version that this program does not know.
  case version(UInt32)
  /// A frame's length is greater than the greatest possible, or does not lead to the frames that follow.
  case length(UInt32)
  /// The checksum over a frame does not fit its bytes.
  case checksum(expected: UInt32, received: UInt32)
  /// A sound frame has another sequence number than the next one.
  case sequence(expected: UInt64, received: UInt64)
}

/// Why a ledger can not be written or read. Every case carries the path.
public enum LedgerFault: Error, Equatable, Sendable {
  /// The run folder holds something already.
  case exists(path: String)
  /// No such file or folder.
  case missing(path: String)
  /// The user may not do this.
  case permission(path: String)
  /// The file system is mounted read-only.
  case readOnly(path: String)
  /// No space, quota, or allowed file size is left.
  case diskFull(path: String)
  /// Another error of the operating system, with its number.
  case inputOutput(path: String, code: Int32)
  /// The bytes from `offset` on are not what was written.
  case damaged(path: String, offset: UInt64, LedgerDamage)

  /// The class of an error number of the operating system.
  public init(code: Int32, path: String) {
    switch code {
    case EEXIST, ENOTEMPTY: self = .exists(path: path)
    case ENOENT, ENOTDIR: self = .missing(path: path)
    case EACCES, EPERM: self = .permission(path: path)
    case EROFS: self = .readOnly(path: path)
    case ENOSPC, EDQUOT, EFBIG: self = .diskFull(path: path)
    default: self = .inputOutput(path: path, code: code)
    }
  }

  /// The file or folder concerned.
  public var path: String {
    switch self {
    case .exists(let path), .missing(let path), .permission(let path), .readOnly(let path), .diskFull(let path),
      .inputOutput(let path, _), .damaged(let path, _, _):
      path
    }
  }
}
