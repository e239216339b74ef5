import Foundation
import Glibc
import XCTest

/// The twins of the virtual bench in a process of their own, each behind a pseudo-terminal.
final class RunningTwins {
  let program: EtalonProgram
  let folder: String
  let process: ChildProcess

  /// Starts them and waits until they are ready.
  init(_ program: EtalonProgram, seed: Int = 3, faults: String? = nil) throws {
    self.program = program
    folder = program.scratch.next("bench")
    var arguments = [
      "twin", EtalonProgram.board, "--dir", folder, "--sim", EtalonProgram.fastSimulation, "--seed", "\(seed)",
    ]
    if let faults { arguments += ["--faults", faults] }
    process = try program.start(arguments)
    let ready = "ready \(folder)/bench.yaml\n"
    guard waitUntil(limit: 30, { process.output == ready || !process.isRunning }), process.output == ready else {
      throw CommandFailure("the twins are not ready: \(process.output)\(process.errors)")
    }
  }

  /// Tells of twins that were gone before the test was done with them.
  deinit {
    if let status = process.endStatus { print("the twins ended with status \(status): \(process.errors)") }
  }

  var bench: String { folder + "/bench.yaml" }

  /// A bench file beside the twins' own with every `old` replaced.
  func bench(replacing old: String, with new: String) throws -> String {
    let text = try String(contentsOfFile: bench, encoding: .utf8)
    guard text.contains(old) else { throw CommandFailure("'\(old)' is not in \(text)") }
    let path = folder + "/bench-\(UUID().uuidString).yaml"
    try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Starts the shortened session on them.
  func session(out: String, bench: String? = nil, json: Bool = false) throws -> ChildProcess {
    try program.start(
      ["run", EtalonProgram.session, "--bench", bench ?? self.bench, "--out", out] + (json ? ["--json"] : [])
        + EtalonProgram.shortened)
  }

  struct Heater {
    let isOn: Bool
    let isTripped: Bool
  }

  /// The heater's state, as the bath controller tells it to a program that was not part of the run.
  func heater(bench: String? = nil) throws -> Heater {
    let result = try program.run(["read", "bath", "--bench", bench ?? self.bench, "--count", "1", "--json"])
    for line in result.output.split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      if let isOn = object?["on"] as? Bool, let isTripped = object?["tripped"] as? Bool {
        return Heater(isOn: isOn, isTripped: isTripped)
      }
    }
    throw CommandFailure("the bath controller did not tell its heater's state: \(result.output)\(result.errors)")
  }
}

/// What a run's progress says.
struct ProgressText {
  let lines: [String]

  init(_ process: ChildProcess) {
    // A line that is being written does not count.
    lines = process.errors.components(separatedBy: "\n").dropLast().map { $0 }
  }

  func contains(_ activity: String) -> Bool { lines.contains { $0.contains("| \(activity)") } }

  /// The greatest number of records that was promised to be safe.
  var recordsSafe: Int {
    lines.compactMap { line in
      line.components(separatedBy: " | ").first { $0.hasSuffix(" records safe") }
        .flatMap { Int($0.prefix { $0.isNumber }) }
    }.max() ?? 0
  }
}

extension ChildProcess {
  /// Waits until the progress has a line with `activity`, at least `count` of them.
  func waitFor(_ activity: String, count: Int = 1, limit: Double = 40) throws {
    let found = waitUntil(limit: limit) {
      !isRunning || ProgressText(self).lines.count { $0.contains("| \(activity)") } >= count
    }
    guard found, isRunning else {
      throw CommandFailure("the run did not come to '\(activity)':\n\(errors)\n\(output)")
    }
  }
}

extension EtalonProgram {
  /// The same session with its first set point above the bath's temperature at rest, so that the heater is on at once.
  /// - Parameter gap: the longest gap that the sampling allows; a device counts as lost after ten of them.
  func warmSession(gap: String = "3 s") throws -> String {
    var text = try String(contentsOfFile: Self.session, encoding: .utf8)
    for (old, new) in [
      ("setpoints: [10 °C, 25 °C, 50 °C]", "setpoints: [30 °C, 40 °C, 50 °C]"),
      ("setpoints: [12 °C, 17.5 °C, 37.5 °C, 48 °C]", "setpoints: [37.5 °C, 48 °C]"),
      ("valid: [10 °C, 50 °C]", "valid: [30 °C, 50 °C]"), ("max_gap: 3 s", "max_gap: \(gap)"),
    ] {
      guard text.contains(old) else { throw CommandFailure("'\(old)' is not in the session") }
      text = text.replacingOccurrences(of: old, with: new)
    }
    return try scratch.write(text, to: "warm.yaml")
  }
}
