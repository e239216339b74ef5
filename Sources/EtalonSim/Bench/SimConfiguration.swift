import EtalonCore

/// The models of instruments that the simulator has a twin of.
public enum TwinModel: String, Sendable, CaseIterable {
  case hart1502A = "hart_1502a"
  case dt100
  case bc200
  case max31865
  case lineHeater = "line_heater"

  /// How the device's line is set when it leaves the factory.
  public var factorySettings: SerialSettings {
    switch self {
    case .hart1502A, .dt100: SerialSettings(baud: 9600)
    case .bc200: SerialSettings(baud: 19200)
    // Lines have no baud rate; a simulated board carries their frames at this one.
    case .max31865, .lineHeater: SerialSettings(baud: 115_200)
    }
  }
}

/// Everything that defines a simulated bench, in plain values: what stands on it, the parameters of its physics, and
/// the distributions of the true values that a run draws. Temperatures in °C, differences in kelvin, times in seconds.
public struct SimConfiguration: Sendable, Equatable {
  /// One instrument on one port; the place in the list is the port index.
  public struct Instrument: Sendable, Equatable {
    /// Which instrument it is.
    public var model: TwinModel
    /// Names by which fault plans call it, beside its model.
    public var roles: [String]
    /// How the instrument itself is set.
    public var settings: SerialSettings
    /// How the host opens the port; where it differs, both sides receive garbage.
    public var hostSettings: SerialSettings
    /// Serial number as it tells it.
    public var serial: String

    /// `hostSettings` nil means that the host opens the port as the instrument is set.
    public init(
      model: TwinModel, roles: [String], settings: SerialSettings? = nil, hostSettings: SerialSettings? = nil,
      serial: String
    ) {
      self.model = model
      self.roles = roles
      self.settings = settings ?? model.factorySettings
      self.hostSettings = hostSettings ?? self.settings
      self.serial = serial
    }
  }

  /// The reference thermometer.
  public struct Reference: Sendable, Equatable {
    /// What its certificate says; the true correction curve is drawn from it.
    public var certificate = ReferenceTruth.Points.standard
    /// What it reads too much since then, kelvin.
    public var driftKelvin = Prior.rectangular(mean: 0, halfWidth: 0.020)
    /// Standard deviation of the noise of one reading before the filter, kelvin.
    public var noiseKelvin = 0.001
    /// Last digit shown, kelvin.
    public var resolutionKelvin = 0.001
    /// Time between new readings.
    public var periodSeconds = 1.0
    /// Time constant of the exponential filter at power-on; `FI=` changes it. 0 is off.
    public var filterSeconds = 0.0
    /// Whether the command is echoed at power-on; `DU=` changes it.
    public var duplexFull = false
    /// From the end of a command to the start of its answer.
    public var replyDelaySeconds = 0.005
    /// Values of the virtual bench.
    public init() {}
  }

  /// The device under test. The meaning of the error terms is that of `BenchTruth`.
  public struct Device: Sendable, Equatable {
    /// Offset, kelvin.
    public var offsetKelvin = Prior.normal(mean: 0, standardDeviation: 0.08)
    /// Gain error, kelvin per kelvin.
    public var gain = Prior.normal(mean: 0, standardDeviation: 0.001)
    /// Curvature, kelvin at either end of the range.
    public var curvatureKelvin = Prior.normal(mean: 0, standardDeviation: 0.02)
    /// Cubic part, kelvin at the upper end of the range.
    public var cubicKelvin = Prior.normal(mean: 0, standardDeviation: 0.003)
    /// Half the difference between rising and falling temperature, kelvin.
    public var hysteresisKelvin = Prior.fixed(0)
    /// Drift, kelvin per hour of plant time.
    public var driftKelvinPerHour = Prior.fixed(0)
    /// Random walk of the offset: standard deviation after one hour of plant time, kelvin, 0 or more.
    public var wanderKelvinPerRootHour = 0.0
    /// Time constant of the device minus that of the reference, seconds; nil for the plant's own.
    public var lagSeconds: Prior?
    /// Standard deviation of the noise of one conversion, kelvin.
    public var noiseKelvin = Prior.fixed(0.003)
    /// Time of one conversion; the data sheet's is 20 ms.
    public var conversionSeconds = 0.020
    /// Number of stores in the device's life before this run.
    public var storeCount: UInt32 = 1
    /// From the end of a command to the start of an answer that needs no conversion.
    public var replyDelaySeconds = 0.001
    /// Values of the virtual bench.
    public init() {}
  }

  /// The bath controller.
  public struct Controller: Sendable, Equatable {
    /// Dead-man time at power-on, 0.5...600.
    public var deadManSeconds = 30.0
    /// From the end of a command to the start of its answer.
    public var replyDelaySeconds = 0.002
    /// Values of the virtual bench.
    public init() {}
  }

  /// The computer that runs the session.
  public struct Host: Sendable, Equatable {
    /// From the last byte on the wire to the program, and from the program to the wire.
    public var latencySeconds = 0.0002
    /// Depth of the receiver's buffer; what comes while it is full and the host is not there yet is lost.
    public var receiverBytes = 4096
    /// What the host's clock shows when the run starts, beyond 0.
    public var clockOffsetSeconds = 0.0
    /// Rate of the host's clock against true time, parts per million.
    public var clockDriftPPM = 0.0
    /// Values of the virtual bench.
    public init() {}
  }

  /// What stands on the bench; the place in the list is the port index.
  public var instruments: [Instrument]
  /// Digital lines; the place in the list is the line index.
  public var lines: [LineConfiguration] = []
  /// The line that switches the plant's heater at full power; nil when none does.
  public var heaterLine: LineIndex?
  /// The bath.
  public var plant = StirredBath.Parameters()
  /// The reference thermometer.
  public var reference = Reference()
  /// The device under test.
  public var device = Device()
  /// The bath controller.
  public var controller = Controller()
  /// The computer that runs the session.
  public var host = Host()
  /// Temperature at the device minus temperature at the reference, kelvin.
  public var gradientKelvin = Prior.rectangular(mean: 0, halfWidth: 0.015)
  /// Plant and reference run this many times quicker: their time constants, the reference's period and the device's
  /// drift. Conversions, dead-man, wires and fault plans keep their times.
  public var speed = 1.0
  /// Probability that noise on a line flips a bit, for all wires and both directions.
  public var bitErrorRate = 0.0

  /// The virtual bench: reference on port 0 (`ref`), device under test on port 1 (`dut`), bath controller on port 2
  /// (`bath` and `room`).
  public init() {
    instruments = [
      Instrument(model: .hart1502A, roles: ["ref"], serial: "1502A-0815"),
      Instrument(model: .dt100, roles: ["dut"], serial: "0042"),
      Instrument(model: .bc200, roles: ["bath", "room"], serial: "0007"),
    ]
  }

  /// The port of the instrument with the given role or model name.
  public func port(named name: String) -> PortIndex? {
    for (index, instrument) in instruments.enumerated()
    where instrument.roles.contains(name) || instrument.model.rawValue == name {
      return PortIndex(index)
    }
    return nil
  }

  /// The line with the given name.
  public func line(named name: String) -> LineIndex? {
    lines.firstIndex { $0.name == name }.map { LineIndex($0) }
  }
}

/// Why a simulated bench can not be built.
public enum SimulationFault: Error, Equatable, Sendable {
  case reference(ReferenceTruthFault)
  case faultPlan(FaultPlanFault)
  /// A parameter lies outside its range; the name is that of the property.
  case parameter(String, Double)
  /// `heaterLine` names no line of the configuration, or one that is an input.
  case heaterLine(LineIndex)
}
