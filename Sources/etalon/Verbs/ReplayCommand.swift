import ArgumentParser
import EtalonCore
import EtalonLedger
import EtalonSession
import Foundation

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Feed a recorded run through drivers, sampler and calibration again and compare every number.")

  @Argument(help: "The run folder.")
  var folder: String

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func run() throws {
    let run = RunFolder(path: folder)
    let replay = try Fail.reporting { try Replay(path: run.ledgerPath) }
    let differs = try summaryDiffers(run, replay)
    let identical = replay.isIdentical && !differs
    if json {
      var object: [String: Any] = [
        "identical": identical, "compared": replay.compared, "records": replay.records,
        "complete": replay.isComplete, "first_difference": NSNull(),
      ]
      if let difference = replay.firstDifference {
        object["first_difference"] = [
          "sequence": difference.sequence, "instant": difference.instant.nanoseconds, "kind": difference.kind,
          "reason": difference.reason,
        ]
      } else if differs {
        object["first_difference"] = ["kind": "summary", "reason": "summary.json is not what the ledger gives"]
      }
      let data = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
      print(String(decoding: data, as: UTF8.self))
    } else if let difference = replay.firstDifference {
      print(
        "NOT identical: record \(difference.sequence) (\(difference.kind)): \(difference.reason); "
          + "\(replay.compared) decisions before it agree")
    } else if differs {
      print("NOT identical: every decision agrees, but summary.json is not what the ledger gives")
    } else {
      let rest = replay.isComplete ? "" : "; the record breaks off before the end of the run"
      print("identical: \(replay.compared) decisions of \(replay.records) records agree bit for bit\(rest)")
    }
    if !identical { throw ArgumentParser.ExitCode(EtalonSession.ExitCode.verificationFailed.rawValue) }
  }

  /// Whether `summary.json` is there and is not, byte for byte, what the replayed run gives.
  private func summaryDiffers(_ run: RunFolder, _ replay: Replay) throws -> Bool {
    // The summary of a clock bench holds the truth of the simulation, which is no input of the run.
    guard replay.clock == nil else { return false }
    guard replay.isIdentical, let stored = FileManager.default.contents(atPath: run.path + "/summary.json") else {
      return false
    }
    let verification = try Fail.reporting { try LedgerVerification(path: run.ledgerPath) }
    let stated: Any
    // What is not JSON is not what was written here.
    do { stated = try JSONSerialization.jsonObject(with: stored) } catch { return true }
    let summary = Summary(
      run: (stated as? [String: Any])?["run"] as? String ?? "", header: replay.header, results: replay.results,
      ledgerRecords: verification.records, ledgerDigest: verification.digest)
    return try summary.json() != stored
  }
}

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check that the ledger of a run is whole: framing, checksums, sequence, digest.")

  @Argument(help: "The run folder.")
  var folder: String

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func run() throws {
    let run = RunFolder(path: folder)
    let stated = try statedLedger(run)
    let verification = try Fail.reporting {
      try LedgerVerification(path: run.ledgerPath, expectedRecords: stated?.records, expectedDigest: stated?.digest)
    }
    if json {
      var checks: [String: String] = [:]
      for check in verification.checks { checks[check.name] = check.outcome.rawValue }
      let object: [String: Any] = [
        "ok": verification.isSound, "records": verification.records,
        "first_bad": verification.firstBad.map { $0.sequence as Any } ?? NSNull(), "checks": checks,
        "torn_bytes": verification.tornBytes, "digest": verification.digest,
      ]
      let data = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
      print(String(decoding: data, as: UTF8.self))
    } else {
      for check in verification.checks { print("\(check.name): \(check.outcome.rawValue)") }
      print("records: \(verification.records)")
      print("digest: \(verification.digest)")
      if verification.tornBytes > 0 {
        print("\(verification.tornBytes) bytes of an unfinished last record follow: the run was cut off there")
      }
      if let bad = verification.firstBad {
        print("first bad: record \(bad.sequence) at byte \(bad.offset): \(verification.damage.map { "\($0)" } ?? "")")
      }
      print(verification.isSound ? "ok" : "NOT ok: this record can not be trusted from there on")
    }
    if !verification.isSound {
      throw ArgumentParser.ExitCode(EtalonSession.ExitCode.verificationFailed.rawValue)
    }
  }

  /// What `summary.json` says about the ledger; nil when there is no summary (a run that was cut off).
  private func statedLedger(_ run: RunFolder) throws -> (records: UInt64, digest: String)? {
    guard let bytes = FileManager.default.contents(atPath: run.path + "/summary.json") else { return nil }
    let object: Any
    do { object = try JSONSerialization.jsonObject(with: bytes) } catch {
      throw Fail.with(.verificationFailed, "'\(run.path)/summary.json' is not JSON: it was altered or cut off")
    }
    guard let ledger = (object as? [String: Any])?["ledger"] as? [String: Any],
      let records = ledger["records"] as? NSNumber, let digest = ledger["digest"] as? String
    else {
      throw Fail.with(.verificationFailed, "'\(run.path)/summary.json' does not name its ledger's records and digest")
    }
    return (records.uint64Value, digest)
  }
}
