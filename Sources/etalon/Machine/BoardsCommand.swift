import ArgumentParser
import EtalonCore
import EtalonLinux
import EtalonSession
import Foundation

struct BoardsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boards",
    abstract: "List the boards that are known here, their roles, and which of them this machine is.",
    discussion: "Boards are folders with a board.yaml below boards/, here or above, and those of the installed package."
  )

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func run() throws {
    let model = MachineProbe().model
    let boards = KnownBoard.all()
    print(json ? try BoardsReport.json(boards, model: model) : BoardsReport.text(boards, model: model))
    if boards.isEmpty {
      throw Fail.with(.missingFile, "no boards: there is no folder boards/ here or above, and none is installed")
    }
  }
}

/// A board that was found, or why it can not be read.
struct KnownBoard {
  let name: String
  let directory: String
  let plan: Result<BoardPlan, FileFault>

  /// Boards below `boards/` here or in the nearest folder above, then installed ones of other names; by name.
  static func all() -> [KnownBoard] {
    var found: [KnownBoard] = []
    for folder in Boards.folders() {
      let names: [String]
      do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch { continue }
      for name in names.sorted() where !found.contains(where: { $0.name == name }) {
        let directory = folder + "/" + name
        guard FileManager.default.fileExists(atPath: directory + "/board.yaml") else { continue }
        do throws(FileFault) {
          found.append(
            KnownBoard(name: name, directory: directory, plan: .success(try BoardFile.load(directory: directory))))
        } catch { found.append(KnownBoard(name: name, directory: directory, plan: .failure(error))) }
      }
    }
    return found.sorted { $0.name < $1.name }
  }
}

/// Boards as a person and as a program reads them.
enum BoardsReport {
  static func text(_ boards: [KnownBoard], model: String?) -> String {
    var lines: [String] = []
    for board in boards {
      switch board.plan {
      case .success(let plan):
        let isThis = model.map { plan.hardware.isMachine($0) } ?? false
        lines.append("\(board.name)\(isThis ? "  (this machine)" : "")")
        lines.append("  \(plan.title)")
        let roles = plan.bench.instruments.flatMap { instrument in
          instrument.roles.map { "\($0) (\(instrument.device))" }
        }
        lines.append("  roles   \(roles.joined(separator: ", "))")
        if !plan.hardware.ports.isEmpty {
          lines.append(
            "  ports   \(plan.hardware.ports.map { "\($0.name) \($0.path ?? "usb")" }.joined(separator: ", "))")
        }
        if !plan.hardware.lines.isEmpty {
          lines.append(
            "  lines   \(plan.hardware.lines.map { "\($0.name) \(BoardsReport.text($0))" }.joined(separator: ", "))")
        }
      case .failure(let fault):
        lines.append("\(board.name)  (can not be read: \(fault.diagnostics[0].reason))")
      }
      lines.append("  folder  \(board.directory)")
    }
    lines.append("this machine: \(model ?? "does not say what it is")")
    return lines.joined(separator: "\n")
  }

  private static func text(_ line: BoardHardware.Line) -> String {
    switch line.address {
    case .name(let name): name
    case .offset(let chip, let offset): "\(chip)/\(offset)"
    }
  }

  static func json(_ boards: [KnownBoard], model: String?) throws -> String {
    try ReportJSON.text(
      [
        "machine": ReportJSON.text(model),
        "boards": boards.map { board -> [String: Any] in
          var object: [String: Any] = ["name": board.name, "directory": board.directory]
          switch board.plan {
          case .success(let plan):
            object["title"] = plan.title
            object["this_machine"] = model.map { plan.hardware.isMachine($0) } ?? false
            object["machines"] = plan.hardware.machines
            object["roles"] = plan.bench.instruments.flatMap { instrument in
              instrument.roles.map { ["role": $0, "device": instrument.device] }
            }
            object["ports"] = plan.hardware.ports.map {
              ["name": $0.name, "path": ReportJSON.text($0.path)] as [String: Any]
            }
            object["lines"] = plan.hardware.lines.map { line -> [String: Any] in
              [
                "name": line.name, "line": text(line), "pin": ReportJSON.text(line.pin),
                "direction": line.isOutput ? "output" : "input", "use": line.use.rawValue,
              ]
            }
          case .failure(let fault): object["fault"] = fault.description
          }
          return object
        },
      ] as [String: Any])
  }
}
