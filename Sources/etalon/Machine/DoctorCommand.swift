import ArgumentParser
import EtalonLinux

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at this machine and say what a bench lacks on it, with the command that mends it.",
    discussion: """
      Nothing is opened or changed. Exit codes: 0 all is usable (warnings included), 77 a right is missing, \
      69 a device or library is absent, 73 the disk is full.
      """)

  @Option(name: .long, help: "Folder where runs are written.")
  var runs = "runs"

  @Flag(name: .customLong("udev-rule"), help: "Print the udev rule of Etalon and do nothing else.")
  var udevRule = false

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func run() throws {
    if udevRule {
      print(UdevRule.text, terminator: "")
      return
    }
    var ports: [SerialPortFacts] = []
    var scanFault: PortScanFault?
    do throws(PortScanFault) { ports = try SerialPortFacts.all() } catch { scanFault = error }
    var facts = MachineProbe().facts(serialPorts: ports, runsFolder: runs)
    facts.portScanFault = scanFault
    let diagnosis = MachineDiagnosis(facts)
    print(json ? try DoctorReport.json(diagnosis, facts) : DoctorReport.text(diagnosis, facts))
    if diagnosis.exitStatus != 0 { throw ExitCode(diagnosis.exitStatus) }
  }
}

/// A diagnosis as a person and as a program reads it.
enum DoctorReport {
  static func text(_ diagnosis: MachineDiagnosis, _ facts: MachineFacts) -> String {
    var lines = ["machine: \(facts.model ?? "not told by the machine")", ""]
    let width = diagnosis.findings.map(\.name.count).max() ?? 0
    for finding in diagnosis.findings {
      let name = finding.name + String(repeating: " ", count: width - finding.name.count)
      let state = finding.state.rawValue
      lines.append("\(state)\(String(repeating: " ", count: 9 - state.count))\(name)  \(finding.found)")
      guard finding.state != .ok else { continue }
      let indent = String(repeating: " ", count: 9 + width + 2)
      if !finding.meaning.isEmpty { lines.append(indent + finding.meaning) }
      for command in finding.remedy { lines.append(indent + "$ " + command) }
    }
    let missing = diagnosis.findings.count { $0.state == .missing }
    let warnings = diagnosis.findings.count { $0.state == .warning }
    lines.append("")
    let end = missing == 0 ? "everything that a bench needs is there" : "\(missing) missing"
    lines.append(warnings == 0 ? end : end + ", \(warnings) \(warnings == 1 ? "warning" : "warnings")")
    return lines.joined(separator: "\n")
  }

  static func json(_ diagnosis: MachineDiagnosis, _ facts: MachineFacts) throws -> String {
    try ReportJSON.text(
      [
        "usable": diagnosis.isUsable, "exit": Int(diagnosis.exitStatus), "machine": ReportJSON.text(facts.model),
        "findings": diagnosis.findings.map { finding -> [String: Any] in
          [
            "name": finding.name, "state": finding.state.rawValue, "found": finding.found, "meaning": finding.meaning,
            "remedy": finding.remedy,
          ]
        },
      ] as [String: Any])
  }
}
