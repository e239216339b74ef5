import EtalonCore
import EtalonSensors

/// Physical checks of a board: what reads well and still would not work, or would break something.
public enum BoardLint {
  /// Largest error of a baud rate, as a share. A receiver that samples in the middle of a bit is off by half a bit after
  /// ten bits at 5 %; both ends may err, and edges take their time, so 2 % is left for one end.
  public static let largestRateError = 0.02

  /// What is physically wrong with `board`, in the order of the file.
  /// - Parameter file: as the user named it.
  public static func diagnostics(_ board: BoardPlan, file: String) -> [Diagnostic] {
    var lint = Lint(file: file, board: board)
    lint.linesUsedTwice()
    lint.domains()
    lint.safeStates()
    lint.ports()
    lint.roles()
    return lint.diagnostics.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
      .map(\.element)
  }

  private struct Lint {
    let file: String
    let board: BoardPlan
    var diagnostics: [Diagnostic] = []
    var hardware: BoardHardware { board.hardware }

    mutating func report(_ reason: String, fix: String, at place: SourcePlace, nearest: String? = nil) {
      diagnostics.append(Diagnostic(file: file, place: place, reason: reason, fix: fix, nearest: nearest))
    }

    mutating func linesUsedTwice() {
      for (index, line) in hardware.lines.enumerated() {
        for other in hardware.lines[..<index] {
          if other.address == line.address {
            report(
              "the line \(BoardLint.text(line.address)) is used twice: by '\(other.name)' in line \(other.place.line) and by "
                + "'\(line.name)'", fix: "give one of them another line", at: line.place)
          } else if let pin = line.pin, other.pin == pin {
            report(
              "pin \(pin) has two lines: \(BoardLint.text(other.address)) of '\(other.name)' and "
                + "\(BoardLint.text(line.address))", fix: "correct the pin or the line", at: line.place)
          }
        }
      }
    }

    mutating func domains() {
      for line in hardware.lines {
        domains(line.wiring, "the line '\(line.name)'", line.isOutput, !line.isOutput)
      }
      for port in hardware.ports { domains(port.wiring, "the port '\(port.name)'", true, true) }
    }

    private mutating func domains(_ wiring: BoardHardware.Wiring, _ what: String, _ drives: Bool, _ listens: Bool) {
      guard let name = wiring.farDomain, let near = hardware.domains.first(where: { $0.name == wiring.domain }),
        let far = hardware.domains.first(where: { $0.name == name })
      else { return }
      if wiring.interface == .divider && drives {
        report(
          "\(what) drives through a divider, which only protects an input", fix: "use a level shifter or an isolator",
          at: wiring.farPlace)
        return
      }
      guard wiring.interface == nil else { return }
      let remedy =
        "put a level-shifter, optocoupler, isolator, transistor or transceiver between, and say so with 'through'"
      if listens && far.volts > near.toleratedVolts {
        report(
          "\(what) joins two voltage domains: '\(far.name)' puts \(Self.volts(far.volts)) on '\(near.name)', which stands "
            + "\(Self.volts(near.toleratedVolts))", fix: remedy, at: wiring.farPlace)
      } else if drives && near.volts > far.toleratedVolts {
        report(
          "\(what) joins two voltage domains: '\(near.name)' puts \(Self.volts(near.volts)) on '\(far.name)', which stands "
            + "\(Self.volts(far.toleratedVolts))", fix: remedy, at: wiring.farPlace)
      } else if drives && near.volts < 0.9 * far.volts {
        report(
          "\(what) joins two voltage domains: \(Self.volts(near.volts)) of '\(near.name)' may not be a high level for "
            + "'\(far.name)' of \(Self.volts(far.volts)), whose pull-ups may feed back", fix: remedy,
          at: wiring.farPlace)
      }
    }

    private static func volts(_ value: Double) -> String {
      value == value.rounded() && value.magnitude < 1e6 ? "\(Int(value)) V" : "\(value) V"
    }

    mutating func safeStates() {
      for line in hardware.lines where line.isOutput {
        if line.safe == nil && !line.use.isHarmless {
          report(
            "the output '\(line.name)' (\(line.use.rawValue)) has no safe state",
            fix: "add 'safe: inactive' or 'safe: active'",
            at: line.place)
        }
        guard line.use.isActuator else { continue }
        switch line.deadMan {
        case nil:
          report(
            "the actuator '\(line.name)' has no dead-man: the line keeps its level when the host crashes",
            fix:
              "add a circuit that switches off by itself and write its time, as in 'dead_man: 2 s', or name the watchdog "
              + "line that feeds it", at: line.place)
        case .watchdog(let name):
          let watchdogs = hardware.lines.filter { $0.use == .watchdog && $0.isOutput }.map(\.name)
          if !watchdogs.contains(name) {
            report(
              "the dead-man '\(name)' of '\(line.name)' is no output line with 'use: watchdog'",
              fix: watchdogs.isEmpty ? "declare it under 'lines'" : "use one of: \(watchdogs.joined(separator: ", "))",
              at: line.place, nearest: NearestWord.nearest(to: name, among: watchdogs))
          }
        case .circuit: break
        }
      }
    }

    mutating func ports() {
      for port in hardware.ports {
        guard let path = port.path else { continue }
        if let reason = BenchLint.unstable(path) {
          report(
            "the port '\(port.name)': \(reason)", fix: "write 'bus: usb'; the bench file says which adapter",
            at: port.place)
        }
        for other in hardware.ports where other.path == path && other.place < port.place {
          report(
            "the ports '\(other.name)' and '\(port.name)' are the same device \(path)", fix: "keep one of them",
            at: port.place)
        }
      }
    }

    mutating func roles() {
      for instrument in board.bench.instruments {
        if DriverCatalogue.roles(of: instrument.device).contains(.actuator) && instrument.deadManSeconds == nil {
          report(
            "the actuator '\(instrument.roles[0])' has no dead-man time",
            fix: "add 'dead_man: 30 s' with a time that its plant bears",
            at: instrument.place)
        }
        for role in instrument.roles {
          guard let attachment = hardware.attachments[role] else { continue }
          attach(instrument, role, attachment)
        }
      }
    }

    private mutating func attach(
      _ instrument: BenchPlan.Instrument, _ role: String, _ attachment: BoardHardware.Attachment
    ) {
      let names = hardware.ports.map(\.name)
      guard let port = hardware.ports.first(where: { $0.name == attachment.port }) else {
        report(
          "the board has no port '\(attachment.port)'",
          fix: names.isEmpty ? "declare it under 'ports'" : "use one of: \(names.joined(separator: ", "))",
          at: attachment.place, nearest: NearestWord.nearest(to: attachment.port, among: names))
        return
      }
      if port.isConsole {
        report(
          "'\(role)' is at '\(port.name)', where the kernel writes its messages", fix: "use another port",
          at: attachment.place)
      }
      if port.path != nil,
        let other = board.bench.instruments.first(where: { candidate in
          candidate.port != instrument.port && candidate.place < instrument.place
            && candidate.roles.contains { hardware.attachments[$0]?.port == port.name }
        })
      {
        report(
          "'\(other.roles[0])' and '\(role)' are both at the port '\(port.name)'",
          fix: "a port has one device; move one of them",
          at: attachment.place)
      }
      if let reason = BoardLint.unreachable(instrument.settings.baud, at: port) {
        report("'\(role)': \(reason)", fix: BoardLint.rateFix, at: attachment.place)
      }
    }
  }

  static let rateFix = "set another rate at the device, or use another port or an adapter"

  /// Why a port can not make a rate closely enough; nil when it can, or when its clock is not known.
  static func unreachable(_ baud: Int, at port: BoardHardware.Port) -> String? {
    guard let clock = port.clock else { return nil }
    let nearest = clock.divider.nearestRate(to: Double(baud), clockHertz: clock.hertz)
    let error = abs(nearest - Double(baud)) / Double(baud)
    guard error > largestRateError else { return nil }
    let percent = (error * 1000).rounded() / 10
    return "\(baud) baud can not be reached at '\(port.name)': its clock of \(clock.hertz / 1e6) MHz makes "
      + "\(Int(nearest.rounded())) baud, \(percent) % away"
  }

  static func text(_ address: LineAddress) -> String {
    switch address {
    case .name(let name): name
    case .offset(let chip, let offset): "\(chip) offset \(offset)"
    }
  }
}
