import Foundation

/// `reference-check DIR [--json]`: evaluates every case file of a folder through the public API and compares the results
/// with the published ones.
///
/// Exit status: 0 all evaluated and none fails, 1 at least one fails, 64 wrong usage, 66 the folder can not be read.
@main
struct ReferenceCheck {
  static func main() {
    var folders: [String] = []
    var asJSON = false
    for argument in CommandLine.arguments.dropFirst() {
      if argument == "--json" {
        asJSON = true
      } else if argument.hasPrefix("-") {
        stop(64, "reference-check: unknown option '\(argument)'; usage: reference-check DIR [--json]")
      } else {
        folders.append(argument)
      }
    }
    guard folders.count == 1 else { stop(64, "usage: reference-check DIR [--json]") }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folders[0], isDirectory: &isFolder), isFolder.boolValue else {
      stop(66, "reference-check: \(folders[0]) is no folder; give the one that holds the case files")
    }
    let files: [URL]
    do {
      files = try CaseReport.caseFiles(in: folders[0])
    } catch {
      stop(66, "reference-check: \(folders[0]): \(error.localizedDescription)")
    }
    guard !files.isEmpty else { stop(66, "reference-check: \(folders[0]) holds no case file (*.json)") }
    var reports: [CaseReport] = []
    for file in files {
      let report = CaseReport(evaluating: file)
      if !asJSON { print(report.line) }
      reports.append(report)
    }
    if asJSON {
      print("[\n" + reports.map(\.json).joined(separator: ",\n") + "\n]")
    } else {
      let blind = reports.count { $0.status == .blind }
      if blind > 0 { print("blind: \(blind) evaluated") }
      print("\(reports.count { $0.status == .pass }) passed, \(reports.count { $0.status == .fail }) failed")
    }
    exit(reports.contains { $0.status == .fail } ? 1 : 0)
  }

  private static func stop(_ status: Int32, _ message: String) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(status)
  }
}

/// What became of one case file.
struct CaseReport {
  enum Status: String { case pass, fail, blind }

  let id: String
  let status: Status
  let results: JSONValue
  let summary: String

  /// Case files of a folder in the order of their names; the folder's index is not a case.
  static func caseFiles(in folder: String) throws -> [URL] {
    let url = URL(fileURLWithPath: folder, isDirectory: true)
    return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "json" && $0.lastPathComponent != "INDEX.json" }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
  }

  init(evaluating file: URL) {
    let name = file.deletingPathExtension().lastPathComponent
    do {
      let referenceCase = try ReferenceCase(JSONReader.read([UInt8](Data(contentsOf: file))))
      self.init(evaluating: referenceCase)
    } catch {
      self.init(id: name, status: .fail, results: .object([]), summary: "not evaluated: \(error)")
    }
  }

  init(evaluating referenceCase: ReferenceCase) {
    do {
      guard let adapter = CategoryAdapter.all.first(where: { $0.category == referenceCase.category }) else {
        throw EvaluationFault.noAdapter(category: referenceCase.category)
      }
      let evaluation = try adapter.evaluate(referenceCase)
      var comparison = Comparison(referenceCase, by: adapter)
      comparison.compareExpected(with: evaluation.results)
      if let computed = evaluation.computed { comparison.compareComputed(with: computed) }
      let agreements = comparison.agreements + evaluation.checks
      let failures = agreements.filter { !$0.passes }
      let asked = (referenceCase.expected.members ?? []).compactMap { member in
        evaluation.results[member.name].map { JSONValue.Member(name: member.name, value: $0) }
      }
      let status: Status = failures.isEmpty ? (referenceCase.isBlind ? .blind : .pass) : .fail
      self.init(
        id: referenceCase.id, status: status, results: .object(asked),
        summary: CaseReport.summary(agreements, failures: failures))
    } catch {
      self.init(id: referenceCase.id, status: .fail, results: .object([]), summary: "not evaluated: \(error)")
    }
  }

  private init(id: String, status: Status, results: JSONValue, summary: String) {
    self.id = id
    self.status = status
    self.results = results
    self.summary = summary
  }

  private static func summary(_ agreements: [Agreement], failures: [Agreement]) -> String {
    var parts: [String] = []
    if let worst = agreements.compactMap(\.digits).min() { parts.append("\(rounded(worst, decimals: 1)) digits") }
    if let worst = agreements.compactMap(\.fraction).max() {
      parts.append("\(rounded(worst, decimals: 3)) of the tolerance")
    }
    if let first = failures.first { parts.append("\(failures.count) disagree; \(first.detail)") }
    return parts.isEmpty ? "evaluated, nothing to compare with" : parts.joined(separator: ", ")
  }

  private static func rounded(_ value: Double, decimals: Int) -> String {
    let scale = pow(10, Double(decimals))
    return "\((value * scale).rounded() / scale)"
  }

  var line: String { "\(id) \(status.rawValue) \(summary)" }

  var json: String {
    JSONValue.dictionary([
      "id": .string(id), "status": .string(status.rawValue), "results": results,
    ]).json
  }
}
