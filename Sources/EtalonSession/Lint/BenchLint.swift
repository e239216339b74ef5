import EtalonCore
import EtalonSensors

/// Physical checks of a bench: ports whose names do not stay, rates that a port can not make, actuators without a dead-man.
public enum BenchLint {
  /// What is physically wrong with `bench`, in the order of the file.
  /// - Parameter board: the board that the bench belongs to; nil when it is not known.
  public static func diagnostics(_ bench: BenchPlan, board: BoardPlan?) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    for instrument in bench.instruments {
      let role = instrument.roles.first ?? ""
      func report(_ reason: String, fix: String) {
        diagnostics.append(
          Diagnostic(file: bench.file, place: instrument.place, reason: "'\(role)': " + reason, fix: fix))
      }
      if let reason = unstable(instrument.port) {
        report(reason, fix: "name it by identity, as 'etalon ports' shows it, for example /dev/serial/by-id/...")
      }
      if isConsole(instrument.port) {
        report("\(instrument.port) is a console and never an instrument's port", fix: "name the port of the device")
      }
      let designed = board?.bench.instrument(for: role)?.instrument
      if DriverCatalogue.roles(of: instrument.device).contains(.actuator), instrument.deadManSeconds == nil {
        let fix =
          designed?.deadManSeconds.map { "add 'dead_man: \($0) s', as the board has it" }
          ?? "add 'dead_man: 30 s' with a time that its plant bears"
        report("an actuator without a dead-man time keeps its power when this host crashes", fix: fix)
      }
      for port in board?.hardware.ports ?? [] where port.path == instrument.port {
        if let reason = BoardLint.unreachable(instrument.settings.baud, at: port) {
          report(reason, fix: BoardLint.rateFix)
        }
        if port.isConsole {
          report(
            "the kernel writes its messages to \(instrument.port)", fix: "use another port, or take the console off it")
        }
      }
    }
    return diagnostics
  }

  /// Why the name of a port does not stay with its device; nil when it does.
  static func unstable(_ port: String) -> String? {
    let name = port.split(separator: "/").last.map(String.init) ?? ""
    func isNumbered(_ prefix: String) -> Bool {
      name.hasPrefix(prefix) && name.count > prefix.count && name.dropFirst(prefix.count).allSatisfy(\.isNumber)
    }
    if port.hasPrefix("/dev/"), isNumbered("ttyUSB") || isNumbered("ttyACM") {
      return "\(port) is a number in the order of plugging; after the next start it may be another device"
    }
    if port.hasPrefix("/dev/pts/") { return "\(port) is given out anew each time a terminal is opened" }
    return nil
  }

  /// Whether a path is a console of the system by its very name.
  static func isConsole(_ port: String) -> Bool {
    guard port.hasPrefix("/dev/") else { return false }
    let name = port.dropFirst("/dev/".count)
    return name == "console" || name == "tty"
      || (name.hasPrefix("tty") && name.count > 3 && name.dropFirst(3).allSatisfy(\.isNumber))
  }
}
