import ArgumentParser
import EtalonCore
import EtalonLinux
import EtalonSession
import Foundation

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Bench files: which physical devices serve the roles.",
    subcommands: [BenchScanCommand.self])
}

struct BenchScanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "Ask what is connected who it is, and write a bench file from the answers.",
    discussion: """
      Only the drivers' identify requests are sent, and only to serial ports that nobody holds and that are no console. \
      The file goes to standard output or to --out. Exit codes: 0 a device for every role of the board (or any device \
      without a board), 69 none or not all, 77 no port may be opened.
      """)

  @Option(name: .long, help: "The board whose roles are to be served: a folder, or a name below boards/.")
  var board: String?

  @Option(
    name: .long, help: "Ask at this port only, also a pseudo-terminal; may be repeated. By default all serial ports.")
  var port: [String] = []

  @Option(name: .long, help: "Ask at this rate too, beside those of the data sheets and the board; may be repeated.")
  var baud: [Int] = []

  @Option(
    name: .long, help: "A certificate; the bench names it for the device with its serial number. May be repeated.")
  var certificate: [String] = []

  @Option(name: .long, help: "The bench file to write; must not be there yet.")
  var out: String?

  @Flag(name: .customLong("dry-run"), help: "Show which ports would be asked what, and open none.")
  var dryRun = false

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func validate() throws {
    for rate in baud where !(50...4_000_000).contains(rate) {
      throw ValidationError("--baud \(rate) is not 50 to 4000000")
    }
  }

  func run() throws {
    let plan = try board.map { name in
      try Fail.reporting { try BoardFile.load(directory: try Boards.directory(of: name)) }
    }
    let certificates = try Fail.reporting {
      try certificate.map { file in (file: path(file), serial: try CertificateFile.load(path: file).instrumentSerial) }
    }
    if let out, FileManager.default.fileExists(atPath: out) {
      throw Fail.with(.usage, "'\(out)' is there already; name another file with --out, or remove it")
    }
    let scan = ScanPlan(board: plan, bauds: baud)
    let candidates = try self.candidates()
    if dryRun {
      print(try ScanReport.dryRun(scan, candidates, json: json))
      return
    }
    guard candidates.contains(where: { $0.refusal == nil }) else {
      print(try ScanReport.result(candidates, draft: nil, file: nil, json: json))
      throw Fail.with(.deviceAbsent, "there is no port to ask; plug a device in, see 'etalon ports', or name a --port")
    }
    LinuxWorld.blockSignals()
    var ports = candidates
    for round in scan.rounds { guard try ask(&ports, round) else { break } }
    try finish(ports, board: plan, certificates: certificates)
  }

  /// A path that holds from the folder of the bench file: bench files name certificates relative to themselves.
  private func path(_ file: String) -> String { URL(fileURLWithPath: file).standardizedFileURL.path }

  /// The ports named, or all of the machine with the reason why some are not asked.
  private func candidates() throws -> [ScannedPort] {
    let known = try KnownPorts.all()
    if !port.isEmpty {
      return port.map { name in
        let facts = known.first { $0.path == name || $0.stablePath == name }
        return ScannedPort(
          path: name, name: name, naming: facts.flatMap(Self.naming), refusal: facts.flatMap(Self.refusal))
      }
    }
    return known.map { facts in
      ScannedPort(
        path: facts.path, name: facts.stablePath ?? facts.path, naming: Self.naming(facts),
        refusal: Self.refusal(facts))
    }
  }

  /// A device with a serial number is found by it wherever it is plugged in.
  private static func naming(_ facts: SerialPortFacts) -> PortNaming? {
    guard let usb = facts.entry.identity.usb, let serialNumber = usb.serialNumber else { return nil }
    return .usb(vendor: usb.vendor, product: usb.product, serialNumber: serialNumber, interface: usb.interface)
  }

  private static func refusal(_ facts: SerialPortFacts) -> String? {
    if facts.isConsole { return "the system's console" }
    let holders = facts.holders.filter { $0.process != Int(getpid()) }
    return holders.isEmpty
      ? nil : "open in " + holders.map { "\($0.name) (process \($0.process))" }.joined(separator: ", ")
  }

  /// One round at the ports without an identity; false when a stop was requested.
  private func ask(_ ports: inout [ScannedPort], _ round: ScanPlan.Round) throws -> Bool {
    let asked = ports.indices.filter { ports[$0].isOpen }
    guard !asked.isEmpty else { return true }
    Text.toStandardError(
      "asking at \(round.settings.baud) baud: \(asked.map { ports[$0].name }.joined(separator: ", "))\n")
    var automaton = try Fail.reporting { try IdentityRound(portCount: asked.count, round: round) }
    var world: LinuxWorld
    do throws(PortFault) {
      world = try LinuxWorld(
        ports: asked.map { .serial(path: ports[$0].path, settings: round.settings) }, signals: .immediate)
    } catch { throw Fail.with(error.exitCode, error.explanation) }
    var recorder = NoRecorder()
    runLoop(&automaton, in: &world, recorder: &recorder)
    for (place, answer) in zip(asked, automaton.answers) { ports[place].take(answer, round.settings) }
    if automaton.isStopped { throw Fail.with(.stopped, "stopped on request; nothing was written") }
    return true
  }

  private func finish(_ ports: [ScannedPort], board: BoardPlan?, certificates: [(file: String, serial: String)]) throws
  {
    let draft = BenchDraft(found: ports.compactMap(\.found), board: board, certificates: certificates)
    if let out, !draft.roles.isEmpty {
      do { try Data(draft.yaml().utf8).write(to: URL(fileURLWithPath: out), options: .withoutOverwriting) } catch {
        throw Fail.with(.inputOutput, "can not write '\(out)': \(error.localizedDescription)")
      }
    }
    print(
      try ScanReport.result(ports, draft: draft, file: draft.roles.isEmpty ? nil : out, json: json),
      terminator: out == nil && !json ? "" : "\n")
    if draft.roles.isEmpty {
      let permission = ports.contains { if case .lost(.permission) = $0.answer { true } else { false } }
      throw Fail.with(
        permission ? .permission : .deviceAbsent,
        "no device told who it is" + (permission ? "; a port may not be opened, see 'etalon doctor'" : ""))
    }
    if !draft.unserved.isEmpty {
      throw Fail.with(
        .deviceAbsent,
        "no device was found for \(draft.unserved.joined(separator: ", ")); check power and cable, or name its rate with --baud"
      )
    }
  }
}

/// A port of a scan and what became of it.
struct ScannedPort {
  /// Where it is opened.
  let path: String
  /// How the bench file names it.
  let name: String
  /// By what the bench file finds it; nil for its path.
  let naming: PortNaming?
  /// Why it is not asked; nil when it is.
  let refusal: String?
  private(set) var answer = IdentityRound.Answer.silence
  private(set) var settings: SerialSettings?

  init(path: String, name: String, naming: PortNaming?, refusal: String?) {
    self.path = path
    self.name = name
    self.naming = naming
    self.refusal = refusal
  }

  /// Whether asking goes on.
  var isOpen: Bool {
    guard refusal == nil else { return false }
    switch answer {
    case .silence, .noise: return true
    case .identity, .lost: return false
    }
  }

  mutating func take(_ new: IdentityRound.Answer, _ settings: SerialSettings) {
    // A later silence does not undo that something was heard.
    if case .silence = new, case .noise = answer { return }
    answer = new
    if case .silence = new { return }
    self.settings = settings
  }

  var found: BenchDraft.Found? {
    guard case .identity(let device?, let identity) = answer, let settings else { return nil }
    return BenchDraft.Found(
      port: name, naming: naming, device: device, settings: settings, identity: Self.ascii(identity.text),
      serial: Self.ascii(identity.serial))
  }

  /// A word for programs and a sentence for people.
  var outcome: (word: String, text: String) {
    if let refusal { return ("refused", "not asked: \(refusal)") }
    switch answer {
    case .silence: return ("silent", "no answer")
    case .noise:
      return (
        "noise", "bytes came that are no known answer: perhaps another rate or parity, or a device that talks by itself"
      )
    case .identity(let device?, let identity): return ("found", "\(device): \(Self.ascii(identity.text))")
    case .identity(nil, let identity): return ("unknown", "no driver for \(Self.ascii(identity.text))")
    case .lost(let fault): return ("unusable", fault.explanation)
    }
  }

  /// What the device told, with a question mark for anything that would not show.
  static func ascii(_ frame: Frame) -> String {
    String(decoding: frame.map { $0 >= 0x20 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self)
  }
}

/// What a scan did, as people and programs read it.
enum ScanReport {
  static func dryRun(_ plan: ScanPlan, _ ports: [ScannedPort], json: Bool) throws -> String {
    if json {
      return try ReportJSON.text(
        [
          "ports": ports.map { ["port": $0.name, "refused": ReportJSON.text($0.refusal)] as [String: Any] },
          "rounds": plan.rounds.map { ["baud": $0.settings.baud, "identify": $0.devices] as [String: Any] },
        ] as [String: Any])
    }
    var lines = ports.map { port in port.refusal.map { "\(port.name): not asked, \($0)" } ?? port.name }
    if lines.isEmpty { lines = ["no serial port"] }
    for round in plan.rounds {
      lines.append("  at \(round.settings.baud) baud: who are you? as \(round.devices.joined(separator: ", "))")
    }
    return lines.joined(separator: "\n")
  }

  /// The bench file is data and goes to standard output, unless it went to a file; what was heard is progress then.
  static func result(_ ports: [ScannedPort], draft: BenchDraft?, file: String?, json: Bool) throws -> String {
    if json {
      return try ReportJSON.text(
        [
          "ports": ports.map { port -> [String: Any] in
            var object: [String: Any] = ["port": port.name, "path": port.path, "state": port.outcome.word]
            if let found = port.found {
              object["device"] = found.device
              object["identity"] = found.identity
              object["serial"] = found.serial
              object["baud"] = found.settings.baud
            } else {
              object["reason"] = port.outcome.text
            }
            return object
          },
          "roles": draft?.roles.map { ["role": $0.name, "device": $0.found.device, "port": $0.found.port] } ?? [],
          "unserved": draft?.unserved ?? [], "file": ReportJSON.text(file),
          "bench": ReportJSON.text(draft?.roles.isEmpty == false ? draft?.yaml() : nil),
        ] as [String: Any])
    }
    let heard = ports.map { "\($0.name): \($0.outcome.text)" }
    if let file { return (heard + ["wrote \(file)"]).joined(separator: "\n") }
    for line in heard { Text.toStandardError(line + "\n") }
    return draft?.roles.isEmpty == false ? draft?.yaml() ?? "" : ""
  }
}
