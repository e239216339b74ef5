import EtalonLedger
import Foundation

/// The folder of one run: the ledger in it is the evidence, everything else in it is made from the ledger.
public struct RunFolder: Sendable {
  /// Path of the folder.
  public private(set) var path: String

  /// A folder that the user named.
  public init(path: String) { self.path = path }

  /// `runs/<UTC>-<session>-<serial>-<id>` below `parent`; a number is added when it exists.
  public static func named(header: RunHeader, serial: String, in parent: String) -> RunFolder {
    let base = parent + "/" + name(header: header, serial: serial)
    var path = base
    var number = 2
    while FileManager.default.fileExists(atPath: path) {
      path = "\(base)-\(number)"
      number += 1
    }
    return RunFolder(path: path)
  }

  /// `<UTC>-<session>-<serial>-<id>`; the id is the beginning of the digest of the ledger's header.
  public static func name(header: RunHeader, serial: String) -> String {
    let digester = LedgerDigester()
    header.encoded().withUnsafeBytes { digester.append(kind: RecordKind.header.rawValue, instant: 0, payload: $0) }
    let identifier: String
    do { identifier = String(try digester.close().digest.prefix(8)) } catch {
      preconditionFailure("a ledger in memory can always be closed")
    }
    let utc = UTCTimestamp(utcNanoseconds: header.utcNanosecondsAtStart).compact
    let safe = serial.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" }
    return "\(utc)-\(header.session)-\(serial.isEmpty ? "unknown" : String(safe))-\(identifier)"
  }

  /// Path of the ledger's file.
  public var ledgerPath: String { path + "/" + LedgerWriter.fileName }
  /// Last component of the path.
  public var name: String { (path as NSString).lastPathComponent }

  /// Gives the folder its final name once the device is known; open files stay open.
  public mutating func rename(to other: RunFolder) throws(LedgerFault) {
    guard Foundation.rename(path, other.path) == 0 else { throw LedgerFault(code: errno, path: other.path) }
    path = other.path
  }

  /// Writes a file that must not exist yet, whole or not at all.
  public func write(_ bytes: [UInt8], to name: String) throws(LedgerFault) {
    let final = path + "/" + name
    let temporary = final + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw LedgerFault(code: errno, path: final) }
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
      if count < 0 {
        if errno == EINTR { continue }
        let code = errno
        close(descriptor)
        unlink(temporary)
        throw LedgerFault(code: code, path: final)
      }
      offset += count
    }
    let synced = fsync(descriptor)
    let code = errno
    close(descriptor)
    guard synced == 0, Foundation.rename(temporary, final) == 0 else {
      throw LedgerFault(code: synced == 0 ? errno : code, path: final)
    }
  }
}
