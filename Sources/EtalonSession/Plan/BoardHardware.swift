import EtalonCore

/// What the machine of a board offers: ports, lines and their voltages, by the names that its kernel gives them.
public struct BoardHardware: Sendable, Equatable {
  /// A group of connections with one logic level.
  public struct VoltageDomain: Sendable, Equatable {
    /// Name in the file.
    public var name: String
    /// Level of an active signal, volts.
    public var volts: Double
    /// Greatest voltage that an input of it stands, volts.
    public var toleratedVolts: Double
    /// Where the file names it.
    public var place: SourcePlace
  }

  /// What is at the other end of a port or line.
  public struct Wiring: Sendable, Equatable {
    /// What stands between two domains and keeps their voltages apart.
    public enum Interface: String, Sendable, CaseIterable {
      /// A level shifter.
      case levelShifter = "level-shifter"
      /// An optocoupler, or a relay whose coil has its own transistor.
      case optocoupler
      /// A digital isolator.
      case isolator
      /// A transistor as an open-collector switch.
      case transistor
      /// A driver and receiver of a bus, such as RS-232 or RS-485.
      case transceiver
      /// Two resistors; for inputs only.
      case divider
    }

    /// Domain of the port or line itself.
    public var domain: String
    /// Where the file names that domain.
    public var domainPlace: SourcePlace
    /// Domain of what is wired to it; nil where nothing else is named.
    public var farDomain: String?
    /// What stands between; nil for a plain wire.
    public var interface: Interface?
    /// Where the file names the other end.
    public var farPlace: SourcePlace
  }

  /// How a serial controller makes its rate from its clock.
  public enum RateDivider: String, Sendable, CaseIterable {
    /// Clock / (16 n): 16550 and its kin.
    case uart16550 = "16550"
    /// Clock / (16 n) or clock / (13 n): the UART of AM335x (SPRUH73, 19.3.8.1).
    case omap
    /// 4 clock / n: the PL011, whose divisor has 6 bits after the point (ARM DDI 0183, 3.3.6).
    case pl011
    /// Clock / (8 n): the mini UART of BCM283x and BCM2711 (BCM2711 ARM Peripherals, 2.2.1).
    case mini

    /// The rate nearest to `baud` that the controller can make from a clock of `clockHertz`.
    public func nearestRate(to baud: Double, clockHertz: Double) -> Double {
      func rate(_ numerator: Double, from least: Double, to greatest: Double) -> Double {
        let quotient = numerator / baud
        let low = min(max(quotient.rounded(.down), least), greatest)
        let high = min(low + 1, greatest)
        return abs(numerator / low - baud) <= abs(numerator / high - baud) ? numerator / low : numerator / high
      }
      switch self {
      case .uart16550: return rate(clockHertz / 16, from: 1, to: 65_535)
      case .omap:
        // The divisor has 14 bits here.
        let candidates = [rate(clockHertz / 16, from: 1, to: 16_383), rate(clockHertz / 13, from: 1, to: 16_383)]
        return abs(candidates[0] - baud) <= abs(candidates[1] - baud) ? candidates[0] : candidates[1]
      case .pl011:
        // The whole part is at least 1 and at most 65535.
        return rate(4 * clockHertz, from: 64, to: 65_535 * 64)
      case .mini: return rate(clockHertz / 8, from: 1, to: 65_536)
      }
    }
  }

  /// A serial port that is part of the machine.
  public struct Port: Sendable, Equatable {
    /// Name in the file.
    public var name: String
    /// Device path; nil for the sockets of a bus, where any adapter may be.
    public var path: String?
    /// Voltages at it.
    public var wiring: Wiring
    /// Clock of its controller in hertz and how the rate is made from it; nil where the file does not say.
    public var clock: (hertz: Double, divider: RateDivider)?
    /// Whether the kernel writes its messages there as delivered.
    public var isConsole: Bool
    /// Where the file names it.
    public var place: SourcePlace

    /// Whether all facts are equal.
    public static func == (a: Port, b: Port) -> Bool {
      a.name == b.name && a.path == b.path && a.wiring == b.wiring && a.clock?.hertz == b.clock?.hertz
        && a.clock?.divider == b.clock?.divider && a.isConsole == b.isConsole && a.place == b.place
    }
  }

  /// What an output line does to the world.
  public enum LineUse: String, Sendable, CaseIterable {
    /// Switches power: needs a safe state and a dead-man.
    case heater, relay, valve
    /// Resets or boots another device: needs a safe state.
    case reset, boot
    /// Is kept alive by the loop; what hangs on it falls into its safe state when it stands still.
    case watchdog
    /// A bus of lines, a clock or pulse to count, an indicator: harmless at any level.
    case bus, pulse, indicator

    /// Whether it switches power.
    public var isActuator: Bool { self == .heater || self == .relay || self == .valve }
    /// Whether any level of it is harmless.
    public var isHarmless: Bool { self == .bus || self == .pulse || self == .indicator || self == .watchdog }
  }

  /// What switches an actuator off when the host is gone.
  public enum DeadMan: Sendable, Equatable {
    /// A circuit of its own, after this time in seconds.
    case circuit(seconds: Double)
    /// A circuit that the watchdog line of this name feeds.
    case watchdog(line: String)
  }

  /// A GPIO line.
  public struct Line: Sendable, Equatable {
    /// Name in the file.
    public var name: String
    /// Which line of the machine.
    public var address: LineAddress
    /// Position on the header, for people: `11`, `P9_12`.
    public var pin: String?
    /// Whether the machine drives it; else it listens.
    public var isOutput: Bool
    /// Whether the low level is the active one.
    public var isActiveLow: Bool
    /// What it does.
    public var use: LineUse
    /// Level when nobody uses it; nil where the file does not say.
    public var safe: Bool?
    /// What switches it off when the host is gone; nil where the file does not say.
    public var deadMan: DeadMan?
    /// Voltages at it.
    public var wiring: Wiring
    /// Where the file names it.
    public var place: SourcePlace
  }

  /// Beginnings of what the machine calls itself (device tree, `model`); empty for a board that is no machine.
  public var machines: [String] = []
  /// Voltage domains in the order of the file.
  public var domains: [VoltageDomain] = []
  /// Ports in the order of the file.
  public var ports: [Port] = []
  /// Lines in the order of the file.
  public var lines: [Line] = []
  /// The port of the machine that a role's device is wired to, by role.
  public var attachments: [String: Attachment] = [:]

  /// The port that a role is wired to.
  public struct Attachment: Sendable, Equatable {
    /// Name of the port.
    public var port: String
    /// Where the file says so.
    public var place: SourcePlace
  }

  /// A board without a machine of its own.
  public init() {}

  /// Whether a machine that calls itself `model` is this board.
  public func isMachine(_ model: String) -> Bool { machines.contains { model.hasPrefix($0) } }
}
