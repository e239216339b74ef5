/// Which line of a machine is meant. Numbers of chips are not stable from one start to the next and name nothing.
public enum LineAddress: Hashable, Sendable {
  /// By the name that the kernel knows, for example `GPIO17`; it must be there once.
  case name(String)
  /// By the label of its chip, for example `pinctrl-rp1`, and its offset there.
  case offset(chip: String, UInt32)
}

/// How a digital line is set. Levels are logical everywhere: active or inactive, whatever the voltage.
@frozen public struct LineSettings: Equatable, Sendable {
  /// Which way the line carries, seen from the machine.
  @frozen public enum Direction: UInt8, Sendable { case input, output }
  /// What pulls at the line while nobody drives it.
  @frozen public enum Bias: UInt8, Sendable { case asIs, disabled, pullUp, pullDown }
  /// How an output drives.
  @frozen public enum Drive: UInt8, Sendable { case pushPull, openDrain, openSource }
  /// Which changes of an input are reported.
  @frozen public enum Edges: UInt8, Sendable { case none, rising, falling, both }

  /// Which way the line carries.
  public var direction: Direction
  /// Whether the low level is the active one.
  public var isActiveLow: Bool
  /// What pulls at the line while nobody drives it.
  public var bias: Bias
  /// How an output drives; an input has no drive.
  public var drive: Drive
  /// Which changes of an input are reported; rising is from inactive to active.
  public var edges: Edges
  /// How long an input must keep a new level before the change is reported, microseconds; 0 reports every change.
  public var debounceMicroseconds: UInt32
  /// First level of an output.
  public var initial: Bool
  /// Level that an output is given when it is no longer used, in whatever way the program ends.
  public var safe: Bool

  /// An input.
  public static func input(
    isActiveLow: Bool = false, bias: Bias = .asIs, edges: Edges = .none, debounceMicroseconds: UInt32 = 0
  ) -> LineSettings {
    LineSettings(
      direction: .input, isActiveLow: isActiveLow, bias: bias, drive: .pushPull, edges: edges,
      debounceMicroseconds: debounceMicroseconds, initial: false, safe: false)
  }

  /// An output.
  public static func output(
    isActiveLow: Bool = false, bias: Bias = .asIs, drive: Drive = .pushPull, initial: Bool = false, safe: Bool = false
  ) -> LineSettings {
    LineSettings(
      direction: .output, isActiveLow: isActiveLow, bias: bias, drive: drive, edges: .none, debounceMicroseconds: 0,
      initial: initial, safe: safe)
  }

  /// Settings from their parts.
  public init(
    direction: Direction, isActiveLow: Bool, bias: Bias, drive: Drive, edges: Edges, debounceMicroseconds: UInt32,
    initial: Bool, safe: Bool
  ) {
    self.direction = direction
    self.isActiveLow = isActiveLow
    self.bias = bias
    self.drive = drive
    self.edges = edges
    self.debounceMicroseconds = debounceMicroseconds
    self.initial = initial
    self.safe = safe
  }
}

/// A line and how it is set.
public struct LineSpecification: Equatable, Sendable {
  /// Which line.
  public var address: LineAddress
  /// How it is set.
  public var settings: LineSettings
  /// A line from its parts.
  public init(_ address: LineAddress, _ settings: LineSettings) {
    self.address = address
    self.settings = settings
  }
}

/// Several lines that are used as one connection to a device, as a port is: a frame goes out on them and a frame comes
/// back from them. The numbers are places in the list of lines.
public enum LinePort: Equatable, Sendable {
  /// A serial peripheral interface (SPI) without hardware of its own, most significant bit first: `select` (active while
  /// a frame is exchanged), `clock`, `dataOut` and `dataIn`. A frame that is sent comes back as the frame that was
  /// received at the same time, of the same length. Data change with the first edge of the clock and are taken with the
  /// second (clock phase 1); the clock line's inactive level is its idle one, so that an active-low clock line gives
  /// mode 3 and any other mode 1. No half of a clock period is shorter than `halfPeriodNanoseconds`; there is no limit
  /// to how long one may be.
  case spi(select: Int, clock: Int, dataOut: Int, dataIn: Int, halfPeriodNanoseconds: UInt32)
  /// Levels: a frame has one byte for each line, 0 (inactive), 1 (active) or 2 (leave it). The frame that comes back has
  /// the level of each line as it is afterwards, 0 or 1.
  case levels([Int])
}
