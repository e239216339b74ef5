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
    public var settings: SerialSettings
    /// The access code for adjustments; nil for the factory code of the data sheet.
    public var unlockCode: String?
    /// The dead-man time in seconds that the actuator is set to; nil for the device's own.
    public var deadManSeconds: Double?
    /// Time between new readings of an instrument that measures by itself, seconds; nil for the data sheet's.
    public var updatePeriodSeconds: Double?
    /// The certificate of a standard; nil where none is given.
    public var certificate: ReferenceCertificate?

    public init(
      device: String, roles: [String], port: String, settings: SerialSettings, unlockCode: String? = nil,
      deadManSeconds: Double? = nil, updatePeriodSeconds: Double? = nil, certificate: ReferenceCertificate? = nil
    ) {
      self.device = device
      self.roles = roles
      self.port = port
      self.settings = settings
      self.unlockCode = unlockCode
      self.deadManSeconds = deadManSeconds
      self.updatePeriodSeconds = updatePeriodSeconds
      self.certificate = certificate
    }
  }

  /// What is different about this bench's plant from the board's design.
  public struct Plant: Sendable, Equatable {
    /// Heat that warms the plant by one kelvin, joules per kelvin.
    public var heatCapacityJoulesPerKelvin: Double
    /// Delay from heater to reference, seconds.
    public var delaySeconds: Double
    public init(heatCapacityJoulesPerKelvin: Double, delaySeconds: Double) {
      self.heatCapacityJoulesPerKelvin = heatCapacityJoulesPerKelvin
      self.delaySeconds = delaySeconds
    }
  }

  /// The place in this list is the port index of inputs and actions.
  public var instruments: [Instrument]
  /// nil when the plant is the one that the board declares.
  public var plant: Plant?

  /// The instrument that serves `role`, and its port index.
  public func instrument(for role: String) -> (index: Int, instrument: Instrument)? {
    for (index, instrument) in instruments.enumerated() where instrument.roles.contains(role) {
      return (index, instrument)
    }
    return nil
  }

  public init(instruments: [Instrument], plant: Plant? = nil) {
    self.instruments = instruments
    self.plant = plant
  }
}

/// What a board's design offers, from `board.yaml`.
public struct BoardPlan: Sendable {
  public var name: String
  public var title: String
  /// Which device serves which role, without the physical unit: ports are role names here.
  public var bench: BenchPlan
  /// The range in °C that the plant can hold at the nominal room temperature; nil where the board does not say.
  public var holdableCelsius: ClosedRange<Double>?
  /// Greatest power of the actuator in watts.
  public var actuatorMaximumWatts: Double
  /// Heat that warms the plant by one kelvin, in joules per kelvin: the scale of the controller's gains.
  public var heatCapacityJoulesPerKelvin: Double
  /// Heat flow to the surroundings for each kelvin, in watts per kelvin.
  public var lossWattsPerKelvin: Double
  /// Delay from heater to reference, in seconds, from which the controller's gains follow.
  public var delaySeconds: Double

  public init(
    name: String, title: String, bench: BenchPlan, holdableCelsius: ClosedRange<Double>?,
    actuatorMaximumWatts: Double, heatCapacityJoulesPerKelvin: Double, lossWattsPerKelvin: Double, delaySeconds: Double
  ) {
    self.name = name
    self.title = title
    self.bench = bench
    self.holdableCelsius = holdableCelsius
    self.actuatorMaximumWatts = actuatorMaximumWatts
    self.heatCapacityJoulesPerKelvin = heatCapacityJoulesPerKelvin
    self.lossWattsPerKelvin = lossWattsPerKelvin
    self.delaySeconds = delaySeconds
  }
}
