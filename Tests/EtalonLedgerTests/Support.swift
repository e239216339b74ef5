import EtalonLedger
import Foundation
import Glibc
import XCTest

/// A folder of its own for one test, removed at the end.
final class Scratch {
  let path: String

  init() {
    var template = Array((NSTemporaryDirectory() + "/etalon-ledger-XXXXXX").utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)!) }
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path) is left behind: \(error)") }
  }
}

/// The whole of a file.
func contents(_ path: String) throws -> [UInt8] {
  let descriptor = open(path, O_RDONLY)
  guard descriptor >= 0 else { throw LedgerFault(code: errno, path: path) }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    guard count >= 0 else { throw LedgerFault(code: errno, path: path) }
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
}

/// Payload of record number `index`: lengths from 0 to 40, contents that differ.
func payload(_ index: Int) -> [UInt8] {
  (0..<(index * 7 % 41)).map { UInt8(truncatingIfNeeded: $0 * 31 + index * 17) }
}

extension LedgerSink {
  /// Adds record number `index` of the tests' ledger.
  func appendSample(_ index: Int) {
    payload(index).withUnsafeBytes { append(kind: UInt8(index % 7), instant: Int64(index) * 1000 - 5, payload: $0) }
  }
}

/// A ledger of `count` records in memory, and the offsets at which its frames start, the end included.
func sampleLedger(_ count: Int) throws -> (bytes: [UInt8], starts: [Int], summary: LedgerSummary) {
  let digester = LedgerDigester(keepingBytes: true)
  var starts = [LedgerFormat.headerBytes]
  for index in 0..<count {
    digester.appendSample(index)
    starts.append(starts[index] + payload(index).count + LedgerFormat.overheadBytes)
  }
  return (digester.bytes, starts, try digester.close())
}

/// All records of a ledger.
func records(_ reader: consuming LedgerReader) throws -> [LedgerRecord] {
  var reader = reader
  var all: [LedgerRecord] = []
  while let record = try reader.next() { all.append(record) }
  return all
}

/// Nanoseconds of processor time that the calling thread has used.
func threadNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
