import EtalonCore
import EtalonMetrology

/// Which devices serve the roles of a session, and through which ports. A session can not tell whether they are real.
public struct BenchPlan: Sendable {
  /// One device on one port; several roles may share it.
  public struct Instrument: Sendable {
    /// Name in the catalogue of drivers, for example `hart_1502a`.
    public var device: String
    /// Roles that it serves, in the order of the file.
    public var roles: [String]
    /// The port as the bench file names it; a simulated bench repeats the first role's name.
    public var port: String
    /// How the serial line is set.
    public var settings: SerialSettings
    /// The access code for adjustments; nil for the factory code of the data sheet.
    public var unlockCode: String?
    /// The dead-man time in seconds that the actuator is set to; nil for the device's own.
    public var deadManSeconds: Double?
    /// Time between new readings of an instrument that measures by itself, seconds; nil for the data sheet's.
    public var updatePeriodSeconds: Double?
    /// The certificate of a standard; nil where none is given.
    public var certificate: ReferenceCertificate?
    /// The lines that the device is reached over, by their places in the bench's list of lines; nil for a device on a
    /// serial port.
    public var lines: LinePort?
    /// What the file says about this device alone.
    public var details = Details()
    /// Where the file names the device.
    public var place: SourcePlace
    /// By what the port is found; `port` is its text.
    public var naming: PortNaming
    /// How long the device is waited for when it goes away, seconds; 0 ends the run at once.
    public var reconnectSeconds: Double

    /// An instrument from its facts.
    public init(
      device: String, roles: [String], port: String, settings: SerialSettings, unlockCode: String? = nil,
      deadManSeconds: Double? = nil, updatePeriodSeconds: Double? = nil, certificate: ReferenceCertificate? = nil,
      place: SourcePlace = .start, naming: PortNaming? = nil, reconnectSeconds: Double = 0
    ) {
      self.device = device
      self.roles = roles
      self.port = port
      self.settings = settings
      self.unlockCode = unlockCode
      self.deadManSeconds = deadManSeconds
      self.updatePeriodSeconds = updatePeriodSeconds
      self.certificate = certificate
      self.place = place
      self.naming = naming ?? .path(port)
      self.reconnectSeconds = reconnectSeconds
    }
  }

  /// What a file can say about one kind of device; nil leaves the data sheet's value.
  public struct Details: Sendable, Equatable {
    /// Serial number of a device that can not tell it.
    public var serial: String?
    /// Power of a heater that is only on or off, watts.
    public var ratedWatts: Double?
    /// Window of a heater that is only on or off, seconds.
    public var windowSeconds: Double?
    /// Reference resistor of a resistance converter, ohm.
    public var referenceOhm: Double?
    /// Wires to a resistance thermometer.
    public var wires: Int?
    /// Nothing is said.
    public init() {}
  }

  /// A digital line of the bench.
  public struct Line: Sendable, Equatable {
    /// Name by which roles call it.
    public var name: String
    /// Which line it is and how it is set.
    public var specification: LineSpecification
    /// A line from its parts.
    public init(name: String, specification: LineSpecification) {
      self.name = name
      self.specification = specification
    }
  }

  /// What is different about this bench's plant from the board's design.
  public struct Plant: Sendable, Equatable {
    /// Heat that warms the plant by one kelvin, joules per kelvin.
    public var heatCapacityJoulesPerKelvin: Double
    /// Delay from heater to reference, seconds.
    public var delaySeconds: Double
    /// A plant from its facts.
    public init(heatCapacityJoulesPerKelvin: Double, delaySeconds: Double) {
      self.heatCapacityJoulesPerKelvin = heatCapacityJoulesPerKelvin
      self.delaySeconds = delaySeconds
    }
  }

  /// The place in this list is the port index of inputs and actions.
  public var instruments: [Instrument]
  /// The digital lines, those of devices and others.
  public var lines: [Line] = []
  /// What the loop keeps alive, by its place in `ownLines` or `instruments`; nil for nothing. No decision depends on it.
  public var deadMan: DeadMan?
  /// nil when the plant is the one that the board declares.
  public var plant: Plant?
  /// What takes the place of the session's own declarations on this bench; nil for nothing.
  public var declarations: OnlineDeclarations?
  /// The file as the user named it, for messages; empty for a bench that no file gave.
  public var file: String

  /// Whether there are lines, or devices about which there is more to say than their port.
  var saysMoreThanPorts: Bool {
    !lines.isEmpty || instruments.contains { $0.lines != nil || $0.details != Details() }
  }

  /// The lines that no device is reached over: outputs are held at their initial level, edges of inputs are recorded. The
  /// place in this list is the line index of inputs and actions.
  public var ownLines: [Line] {
    var used = Set<Int>()
    for instrument in instruments {
      switch instrument.lines {
      case nil: break
      case .levels(let places): used.formUnion(places)
      case .spi(let select, let clock, let dataOut, let dataIn, _): used.formUnion([select, clock, dataOut, dataIn])
      }
    }
    return lines.indices.filter { !used.contains($0) }.map { lines[$0] }
  }

  /// The instrument that serves `role`, and its port index.
  public func instrument(for role: String) -> (index: Int, instrument: Instrument)? {
    for (index, instrument) in instruments.enumerated() where instrument.roles.contains(role) {
      return (index, instrument)
    }
    return nil
  }

  /// A bench from its instruments.
  public init(instruments: [Instrument], plant: Plant? = nil, file: String = "") {
    self.instruments = instruments
    self.plant = plant
    self.file = file
  }
}

/// What a board's design offers, from `board.yaml`.
public struct BoardPlan: Sendable {
  /// Short name, for example `virtual-bench`.
  public var name: String
  /// Title, for people.
  public var title: String
  /// Which device serves which role, without the physical unit: ports are role names here.
  public var bench: BenchPlan
  /// The range in °C that the plant can hold at the nominal room temperature; nil where the board does not say.
  public var holdableCelsius: ClosedRange<Double>?
  /// Greatest power of the actuator in watts.
  public var actuatorMaximumWatts: Double
  /// Heat that warms the plant by one kelvin, in joules per kelvin: the scale of the controller's gains.
  public var heatCapacityJoulesPerKelvin: Double
  /// Heat flow to the room for each kelvin, in watts per kelvin.
  public var lossWattsPerKelvin: Double
  /// Heat flow to the cooler for each kelvin above `sinkCelsius`, in watts per kelvin; 0 without a cooler.
  public var coolingWattsPerKelvin: Double
  /// Temperature of the cooler in °C.
  public var sinkCelsius: Double
  /// Nominal temperature of the room in °C.
  public var roomCelsius: Double
  /// Delay from heater to reference, in seconds, from which the controller's gains follow.
  public var delaySeconds: Double
  /// What the board's machine offers. A run does not depend on it, so no record holds it.
  public var hardware = BoardHardware()

  /// A board from its facts.
  public init(
    name: String, title: String, bench: BenchPlan, holdableCelsius: ClosedRange<Double>?,
    actuatorMaximumWatts: Double, heatCapacityJoulesPerKelvin: Double, lossWattsPerKelvin: Double,
    delaySeconds: Double, coolingWattsPerKelvin: Double = 0, sinkCelsius: Double = 0, roomCelsius: Double = 23
  ) {
    self.name = name
    self.title = title
    self.bench = bench
    self.holdableCelsius = holdableCelsius
    self.actuatorMaximumWatts = actuatorMaximumWatts
    self.heatCapacityJoulesPerKelvin = heatCapacityJoulesPerKelvin
    self.lossWattsPerKelvin = lossWattsPerKelvin
    self.coolingWattsPerKelvin = coolingWattsPerKelvin
    self.sinkCelsius = sinkCelsius
    self.roomCelsius = roomCelsius
    self.delaySeconds = delaySeconds
  }
}

extension BoardPlan {
  /// Temperature in °C that the plant reaches in the end with constant power: there heater, room and cooler balance.
  public func steadyCelsius(watts: Double) -> Double {
    (watts + lossWattsPerKelvin * roomCelsius + coolingWattsPerKelvin * sinkCelsius)
      / (lossWattsPerKelvin + coolingWattsPerKelvin)
  }

  /// Least time in seconds from one temperature to another with the heater full on or off, as one thermal mass that loses
  /// heat to room and cooler: τ ln((a − T∞)/(b − T∞)); nil when `end` is never reached.
  public func travelSeconds(from start: Double, to end: Double) -> Double? {
    if start == end { return 0 }
    let final = steadyCelsius(watts: end > start ? actuatorMaximumWatts : 0)
    let ratio = (start - final) / (end - final)
    guard ratio > 1, ratio.isFinite else { return nil }
    return heatCapacityJoulesPerKelvin / (lossWattsPerKelvin + coolingWattsPerKelvin) * Elementary.log(ratio)
  }
}
