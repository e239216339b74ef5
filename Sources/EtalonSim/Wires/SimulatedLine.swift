import EtalonCore

/// One digital line of a simulated board.
public struct LineConfiguration: Sendable, Equatable {
  /// Which way the line carries.
  public enum Direction: String, Sendable, CaseIterable { case input, output }
  /// What the line shows while nobody drives it.
  public enum Pull: String, Sendable, CaseIterable { case up, down }

  /// By which fault plans call it.
  public var name: String
  /// Which way it carries, seen from the host.
  public var direction: Direction
  /// What it shows while nobody drives it.
  public var pull: Pull
  /// For an input: the output that is wired to it; nil when the outside world drives it.
  public var follows: LineIndex?
  /// How long a change of an input bounces; 0 for a clean line.
  public var bounceSeconds: Double

  /// As a board states it.
  public init(
    name: String, direction: Direction, pull: Pull = .down, follows: LineIndex? = nil, bounceSeconds: Double = 0
  ) {
    self.name = name
    self.direction = direction
    self.pull = pull
    self.follows = follows
    self.bounceSeconds = bounceSeconds
  }
}

/// The state of a simulated line, with its faults.
public struct SimulatedLine: Line, Sendable {
  /// What the line was built from.
  public let configuration: LineConfiguration
  /// The level that somebody drives, nil while nobody does.
  var driven: Bool?
  private var forced: Bool?
  private var isInverted = false
  var faults = FaultState()
  /// The level that was last told to the rest of the world.
  var told: Bool

  /// As a board states it.
  public init(_ configuration: LineConfiguration) {
    self.configuration = configuration
    told = configuration.pull == .up
  }

  /// The level on the wire.
  public var level: Bool {
    let clean = forced ?? driven ?? (configuration.pull == .up)
    return isInverted ? !clean : clean
  }

  private func checkAccess() throws(PortFault) {
    if faults.isOn(.gone) { throw .missing }
    if faults.isOn(.busy) { throw .busy }
  }

  /// Drives an output; `.busy` and `.missing` while such a fault acts.
  public mutating func set(_ active: Bool) throws(PortFault) {
    try checkAccess()
    driven = active
  }

  /// Reads the level; `.busy` and `.missing` while such a fault acts.
  public mutating func read() throws(PortFault) -> Bool {
    try checkAccess()
    return level
  }

  /// Whether changes reach the host.
  var isHeard: Bool { !faults.isOn(.gone) && !faults.isOn(.busy) }

  mutating func apply(_ fault: TimedFault) {
    let before = level
    faults.apply(fault)
    switch fault.kind {
    case .stuck: forced = fault.begins ? fault.value.map { $0 >= 0.5 } ?? before : nil
    case .glitch: isInverted = fault.begins
    case .gone where fault.begins: driven = nil
    default: break
    }
  }

  mutating func endGlitch() { isInverted = false }

  /// How long a change bounces now.
  var bounceSeconds: Double { faults.isOn(.bounce) ? faults.value(.bounce) ?? 0.005 : configuration.bounceSeconds }
}
