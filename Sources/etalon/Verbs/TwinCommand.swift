import ArgumentParser
import EtalonCore
import EtalonLinux
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation

struct TwinCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "twin",
    abstract: "Run the twins of a board in real time, each behind a pseudo-terminal, until SIGTERM.")

  @Argument(help: "The board: a folder, or a name below boards/.")
  var board: String

  @Option(name: .long, help: "Folder for the pseudo-terminals and bench.yaml; made when it is missing.")
  var dir: String

  @Option(name: .long, help: "Simulation file; by default the board's sim.yaml.")
  var sim: String?

  @Option(name: .long, help: "Fault plan, beside the faults of the simulation file.")
  var faults: String?

  @Option(name: .long, help: "Seed of everything random; by default the simulation file's.")
  var seed: UInt64?

  func run() throws {
    let directory = try Boards.directory(of: board)
    let (bench, file, plan) = try Fail.reporting {
      let plan = try BoardFile.load(directory: directory)
      var file = try SimFile.load(path: sim ?? directory + "/sim.yaml")
      if let faults { file.faults.entries += try FaultFile.load(path: faults).entries }
      return (try SimulatedBench(board: plan, simulation: file), file, plan)
    }
    LinuxWorld.blockSignals()
    let folder = URL(fileURLWithPath: dir).standardizedFileURL.path
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch { throw Fail.with(.inputOutput, "can not make the folder '\(folder)': \(error.localizedDescription)") }
    let claim = try TwinBench.claim(folder)
    defer { close(claim) }
    var twins = try Fail.reporting { () throws -> TwinProcess in
      do throws(SimulationFault) {
        return TwinProcess(
          try VirtualBench(
            bench.configuration, seed: seed ?? file.seed, faults: file.faults, startingAt: LinuxClock.now(),
            pacedReplies: true))
      } catch { throw SimulatedBenchFault.simulation(error) }
    }
    let links = bench.bench.instruments.map { folder + "/" + ($0.roles.first ?? "port") }
    var world: LinuxWorld
    do throws(PortFault) {
      world = try LinuxWorld(ports: links.map { .pseudoTerminal(link: $0) }, signals: .immediate)
    } catch { throw Fail.with(error.exitCode, "no pseudo-terminal can be made in '\(folder)': \(error.explanation)") }
    let extra = try TwinBench.linkSharedRoles(bench.bench, in: folder)
    try TwinBench.write(bench.bench, board: plan, boardDirectory: directory, to: folder)
    print("ready \(folder)/bench.yaml")
    fflush(nil)
    var recorder = NoRecorder()
    runLoop(&twins, in: &world, recorder: &recorder)
    for path in extra + [folder + "/bench.yaml"] { unlink(path) }
  }
}

/// The twins as an automaton that ends when it is asked to stop.
private struct TwinProcess: Automaton {
  private let bench: VirtualBench
  private(set) var isFinished = false

  init(_ bench: VirtualBench) { self.bench = bench }

  var nextWake: Instant? { bench.nextWake }

  mutating func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    if case .stop = input {
      isFinished = true
      return
    }
    bench.handle(input, at: instant, into: &outbox)
  }
}

/// The files beside the pseudo-terminals.
enum TwinBench {
  /// Takes the folder for this process; the claim ends with the descriptor, also when the process is killed.
  static func claim(_ folder: String) throws -> Int32 {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw Fail.with(.inputOutput, "can not open the folder '\(folder)': \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw Fail.with(.busy, "other twins already serve '\(folder)'; end them or name another folder with --dir")
    }
    return descriptor
  }

  /// A role that shares its device's port with another gets a link of its own to it.
  static func linkSharedRoles(_ bench: BenchPlan, in folder: String) throws -> [String] {
    var links: [String] = []
    for instrument in bench.instruments {
      guard let first = instrument.roles.first else { continue }
      for role in instrument.roles.dropFirst() {
        let path = folder + "/" + role
        unlink(path)
        guard symlink(first, path) == 0 else {
          throw Fail.with(.inputOutput, "can not make the link '\(path)': \(String(cString: strerror(errno)))")
        }
        links.append(path)
      }
    }
    return links
  }

  /// `bench.yaml`, ready for `etalon run`.
  static func write(_ bench: BenchPlan, board: BoardPlan, boardDirectory: String, to folder: String) throws {
    var lines = ["# Made by 'etalon twin \(board.name)'; the ports live as long as that process.", "etalon: 1"]
    if let plant = bench.plant {
      lines.append(
        "plant: {heat_capacity: \(plant.heatCapacityJoulesPerKelvin) J/K, delay: \(plant.delaySeconds) s}")
    }
    lines.append("roles:")
    for instrument in bench.instruments {
      guard let first = instrument.roles.first else { continue }
      for role in instrument.roles {
        var fields = [
          "device: \(instrument.device)", "port: \(quoted(folder + "/" + first))", "baud: \(instrument.settings.baud)",
        ]
        if role == first {
          if let deadMan = instrument.deadManSeconds { fields.append("dead_man: \(deadMan) s") }
          if let period = instrument.updatePeriodSeconds { fields.append("update_period: \(period) s") }
          if let certificate = instrument.certificate {
            let name = "certificate-\(role).yaml"
            fields.append("certificate: \(name)")
            try put(CertificateText.yaml(certificate), folder + "/" + name)
          }
        }
        lines.append("  \(role): {\(fields.joined(separator: ", "))}")
      }
    }
    try put(lines.joined(separator: "\n") + "\n", folder + "/bench.yaml")
  }

  /// A path as a YAML scalar: quoted when it holds anything but letters, digits and `/ _ - .`.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || [0x2D, 0x2E, 0x2F, 0x5F].contains(byte)
    }
    if isPlain { return text }
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
    return "\"" + escaped + "\""
  }

  private static func put(_ text: String, _ path: String) throws {
    do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
      throw Fail.with(.inputOutput, "can not write '\(path)': \(error.localizedDescription)")
    }
  }
}
