import EtalonCore
import Glibc

/// Why lines can not be requested or used.
public enum GPIOFault: Error, Equatable, Sendable {
  /// No chip has this label; `known` are the labels that there are.
  case noChip(label: String, known: [String])
  /// Several chips have this label.
  case ambiguousChip(label: String)
  /// No line has this name; `nearest` is one that differs by letter case only.
  case noLine(name: String, nearest: String?)
  /// Several lines have this name; `places` are their chips and offsets.
  case ambiguousLine(name: String, places: [String])
  /// The chip has `count` lines.
  case outOfRange(chip: String, offset: UInt32, count: UInt32)
  /// Somebody uses the line already: another program, or the kernel itself (a driver, or a line that is hogged).
  case busy(line: String, consumer: String)
  /// The lines of one request are on different chips.
  case severalChips([String])
  /// Two lines of a request are the same, or there are none or more than 64.
  case list
  /// The settings contradict each other, or the chip or the installed library does not offer them.
  case settings(line: String)
  /// The user may not open the chip.
  case permission(path: String)
  /// The chip is no longer there.
  case gone
  /// The operating system reported another error.
  case inputOutput(Int32)

  /// The same in terms of a port.
  public var portFault: PortFault {
    switch self {
    case .noChip, .ambiguousChip, .noLine, .ambiguousLine, .outOfRange: .missing
    case .busy: .busy
    case .severalChips, .list, .settings: .settingsRefused
    case .permission: .permission
    case .gone: .vanished
    case .inputOutput: .inputOutput
    }
  }

  /// Reason and remedy, for people.
  public var explanation: String {
    switch self {
    case .noChip(let label, let known):
      known.isEmpty
        ? "this machine has no GPIO chip, so none with the label '\(label)'; is its driver loaded?"
        : "no GPIO chip has the label '\(label)'; there are: \(known.joined(separator: ", "))"
    case .ambiguousChip(let label): "several GPIO chips have the label '\(label)'; name the line by its own name"
    case .noLine(let name, let nearest):
      "no GPIO line has the name '\(name)'" + (nearest.map { "; is '\($0)' meant?" } ?? "; 'gpioinfo' lists all names")
    case .ambiguousLine(let name, let places):
      "several GPIO lines have the name '\(name)': \(places.joined(separator: ", ")); name chip and offset"
    case .outOfRange(let chip, let offset, let count):
      "the GPIO chip '\(chip)' has the lines 0 to \(Int(count) - 1), so none with the offset \(offset)"
    case .busy(let line, let consumer):
      "the GPIO line '\(line)' is used by "
        + (consumer.isEmpty ? "somebody who gives no name" : "'\(consumer)'")
        + "; end it, or take it out of the device tree if it is the kernel's own"
    case .severalChips(let labels):
      "lines that are requested together must be on one chip; these are on \(labels.joined(separator: " and "))"
    case .list: "a request has 1 to 64 lines, each once"
    case .settings(let line):
      "the settings of the GPIO line '\(line)' contradict each other, or its chip does not offer them"
    case .permission(let path):
      "no permission for '\(path)'; add your user to its group (usually gpio) and log in again"
    case .gone: "the GPIO chip is gone; was its module unloaded or its device unplugged?"
    case .inputOutput(let code): "the operating system reported error \(code) for the GPIO chip; see dmesg"
    }
  }

  /// What an error number of a request under way means.
  init(code: Int32) {
    switch code {
    case ENODEV, ENXIO: self = .gone
    default: self = .inputOutput(code)
    }
  }
}
