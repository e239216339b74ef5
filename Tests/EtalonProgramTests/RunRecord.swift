import EtalonLedger
import Foundation

/// What a test needs of a run's record: its records, by the kinds of Docs/reference/run-folder.md.
struct RunRecord {
  enum Kind {
    static let send: UInt8 = 32
    static let measurement: UInt8 = 45
    static let actuator: UInt8 = 49
  }

  let records: [LedgerRecord]

  init(runFolder: String) throws {
    var reader = try LedgerReader(path: runFolder + "/ledger/records.bin")
    var records: [LedgerRecord] = []
    while let record = try reader.next() { records.append(record) }
    self.records = records
  }

  func count(_ kind: UInt8) -> Int { records.count { $0.kind == kind } }

  /// Text of the frames sent, in order, with their ports.
  var sent: [(port: UInt8, text: String)] {
    records.filter { $0.kind == Kind.send && $0.payload.count > 2 }.map {
      ($0.payload[0], String(decoding: $0.payload.dropFirst(2).filter { (0x20..<0x7F).contains($0) }, as: UTF8.self))
    }
  }

  /// Whether the actuator said that it was on, in order.
  var actuatorStates: [Bool] {
    records.filter { $0.kind == Kind.actuator }.compactMap { $0.payload.first.map { $0 != 0 } }
  }
}
