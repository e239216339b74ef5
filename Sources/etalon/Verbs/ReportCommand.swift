import ArgumentParser
import EtalonLedger
import EtalonSession
import Foundation

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the page of a run, made from its ledger alone.",
    discussion: """
      Without --out the page is report.html in the run folder. A page that is there already is never overwritten: it is \
      compared, and a difference is exit code 4.
      """)

  @Argument(help: "The run folder.")
  var folder: String

  @Option(name: .long, help: "Where to write the page; must not exist.")
  var out: String?

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func run() throws {
    let run = RunFolder(path: folder)
    let replay = try Fail.reporting { try Replay(path: run.ledgerPath) }
    if replay.clock != nil {
      throw Fail.with(
        .usage, "a run of a clock bench has no report.html; see clock.csv, phase.svg and sigma-tau.svg in it")
    }
    if let difference = replay.firstDifference {
      throw Fail.with(
        .verificationFailed,
        "record \(difference.sequence) does not replay (\(difference.reason)), so a page of it would show what never was"
      )
    }
    let verification = try Fail.reporting { try LedgerVerification(path: run.ledgerPath) }
    let page = try Self.page(
      run: run.name, header: replay.header, results: replay.results, records: verification.records,
      digest: verification.digest)
    let path = out ?? folder + "/" + Self.fileName
    var isNew = true
    if let present = FileManager.default.contents(atPath: path) {
      guard Array(present) == page else {
        throw Fail.with(
          .verificationFailed, "'\(path)' is there and is not what the ledger gives; name another file with --out")
      }
      isNew = false
    } else {
      let parent = (path as NSString).deletingLastPathComponent
      try Fail.reporting {
        try RunFolder(path: parent.isEmpty ? "." : parent).write(page, to: (path as NSString).lastPathComponent)
      }
    }
    if json {
      let object: [String: Any] = ["path": path, "bytes": page.count, "written": isNew]
      let data = try JSONSerialization.data(
        withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
      print(String(decoding: data, as: UTF8.self))
    } else {
      print(isNew ? path : "\(path) is there already, byte for byte the same")
    }
  }

  static let fileName = "report.html"

  /// The bytes of the page.
  static func page(
    run: String, header: RunHeader, results: SessionResults, records: UInt64, digest: String
  ) throws -> [UInt8] {
    let plan = try Fail.reporting {
      try SessionFile.load(
        SourceFile(name: "session.yaml", bytes: header.sessionText), overrides: header.overrides)
    }
    return Array(
      RunReport(
        run: run, header: header, results: results, plan: plan, ledgerRecords: records, ledgerDigest: digest
      ).html().utf8)
  }
}
