import ArgumentParser
import EtalonLedger
import EtalonSession
import Foundation

/// The run folder of `simulate` and `run`: opened before the run; filled, and named after the device, at the end.
struct RunOutput {
  private let firstFolder: RunFolder
  let writer: LedgerWriter
  private let isNamedByUser: Bool

  init(out: String?, header: RunHeader, mode: LedgerWriter.FullMode, rateHertz: Double = 0) throws {
    isNamedByUser = out != nil
    let folder = out.map(RunFolder.init(path:)) ?? RunFolder.named(header: header, serial: "", in: "runs")
    firstFolder = folder
    guard header.encoded().count <= LedgerFormat.maximumPayloadBytes else {
      throw Fail.with(
        .badData, "the session is too long for a record of 1 MiB together with its bench; shorten its comments")
    }
    do throws(LedgerFault) {
      writer = try LedgerWriter(
        runFolder: folder.path, mode: mode, ringBytes: RecordRate.ringBytes(rateHertz: rateHertz))
      try folder.write(header.sessionText, to: "session.yaml")
    } catch {
      throw Fail.with(Self.exitCode(error), error.explanation)
    }
  }

  /// For an output folder everything but a full disk and a folder in use is an output that can not be written.
  static func exitCode(_ fault: LedgerFault) -> EtalonSession.ExitCode {
    switch fault {
    case .exists: .usage
    case .diskFull: .diskFull
    case .missing, .permission, .readOnly, .inputOutput, .damaged: .inputOutput
    }
  }

  /// Writes the files that are made from the ledger, prints the result, and ends with the run's exit code.
  func finish(results: SessionResults, header: RunHeader, ledger: LedgerSummary, json: Bool) throws {
    var folder = firstFolder
    if !isNamedByUser, !results.deviceSerial.isEmpty {
      // The device's serial number is known only now; the ledger is closed, so nothing refers to the first name.
      let final = RunFolder.named(header: header, serial: results.deviceSerial, in: "runs")
      try Fail.reporting { try folder.rename(to: final) }
    }
    let summary = Summary(
      run: isNamedByUser ? RunFolder.name(header: header, serial: results.deviceSerial) : folder.name, header: header,
      results: results, ledgerRecords: ledger.records, ledgerDigest: ledger.digest)
    let bytes = Array(try summary.json())
    // Records that were lost can not be replayed, and a page that can not be made again is no part of a run.
    let page =
      ledger.lost > 0
      ? nil
      : try ReportCommand.page(
        run: folder.name, header: header, results: results, records: ledger.records, digest: ledger.digest)
    try Fail.reporting {
      try folder.write(Array(PointsCSV.text(results).utf8), to: "points.csv")
      try folder.write(Array(JUnit.text(results, header: header).utf8), to: "junit.xml")
      if !results.monitors.isEmpty {
        try folder.write(Array(MonitorCSV.text(results).utf8), to: "monitor.csv")
      }
      if let page { try folder.write(page, to: ReportCommand.fileName) }
      try folder.write(bytes, to: "summary.json")
    }
    if json {
      print(String(decoding: bytes, as: UTF8.self), terminator: "")
    } else {
      print(ResultTable.text(results))
      print("run folder: \(folder.path)")
    }
    if ledger.lost > 0 {
      Text.toStandardError(
        "error: \(ledger.lost) records were lost because the disk did not keep up; this run can not be replayed\n")
    }
    if let failure = results.failure { Text.toStandardError("error: \(failure.reason)\n") }
    if results.isUnsafe {
      Text.toStandardError("error: the safe state was not confirmed; switch the actuator off by hand\n")
    }
    if ledger.lost > 0, !results.isUnsafe {
      throw ArgumentParser.ExitCode(EtalonSession.ExitCode.inputOutput.rawValue)
    }
    if results.exitCode != .conforming { throw ArgumentParser.ExitCode(results.exitCode.rawValue) }
  }
}
