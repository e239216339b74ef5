import EtalonCore

/// Which roles of a session a device can serve.
@frozen public struct SensorRoles: OptionSet, Sendable, Hashable {
  /// The set as bits.
  public let rawValue: UInt8
  /// The set with these bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// The reference that others are compared with.
  public static let standard = SensorRoles(rawValue: 1)
  /// The device under test.
  public static let device = SensorRoles(rawValue: 2)
  /// What moves the plant.
  public static let actuator = SensorRoles(rawValue: 4)
  /// What watches the room.
  public static let monitor = SensorRoles(rawValue: 8)
}

/// How a device is reached.
@frozen public enum DeviceConnection: UInt8, Sendable {
  /// Over a serial port.
  case serial
  /// Over a serial peripheral interface on plain lines: `select`, `clock`, `data_out`, `data_in`.
  case spi
  /// Over one output line: `output`.
  case level
}

/// What the catalogue says about a driver.
public struct CatalogueEntry: Sendable {
  /// Name in bench files, for example `hart_1502a`.
  public var name: StaticString
  /// What the second field of `*IDN?` contains when the right device is on the port, for example `DT100`.
  public var model: StaticString
  /// What the device can serve as.
  public var roles: SensorRoles
  /// The serial line as the data sheet has it; a bench file may change it.
  public var settings: SerialSettings
  /// How the device is reached.
  public var connection: DeviceConnection

  /// Puts the parts together.
  public init(
    name: StaticString, model: StaticString, roles: SensorRoles, settings: SerialSettings,
    connection: DeviceConnection = .serial
  ) {
    self.name = name
    self.model = model
    self.roles = roles
    self.settings = settings
    self.connection = connection
  }

  /// Whether `name` (UTF-8) is this entry's.
  public func isNamed(_ name: some Sequence<UInt8>) -> Bool {
    var index = 0
    for byte in name {
      guard index < self.name.utf8CodeUnitCount, self.name.utf8Start[index] == byte else { return false }
      index += 1
    }
    return index == self.name.utf8CodeUnitCount
  }
}

/// What a bench file can say about any device; nil leaves the data sheet's value. A driver ignores what its device lacks.
public struct SensorOptions: Sendable {
  /// How the serial line is set.
  public var settings: SerialSettings?
  /// Access code for adjustments, ASCII.
  public var unlockCode: Frame?
  /// Time in seconds after which an actuator switches off by itself; nil leaves the device's own.
  public var deadManSeconds: Double?
  /// Time from one reading to the next of a device that measures by itself.
  public var updatePeriodNanoseconds: Int64?
  /// Serial number of a device that can not tell it, ASCII.
  public var serial: Frame?
  /// Power of a heater that is only on or off, watts.
  public var ratedWatts: Double?
  /// Length of a window of a heater that is only on or off.
  public var windowNanoseconds: Int64?
  /// Reference resistor of a resistance converter, ohm.
  public var referenceOhm: Double?
  /// Wires to a resistance thermometer, 2 to 4.
  public var wires: Int?

  /// Puts the parts together.
  public init(
    settings: SerialSettings? = nil, unlockCode: Frame? = nil, deadManSeconds: Double? = nil,
    updatePeriodNanoseconds: Int64? = nil, serial: Frame? = nil, ratedWatts: Double? = nil,
    windowNanoseconds: Int64? = nil, referenceOhm: Double? = nil, wires: Int? = nil
  ) {
    self.settings = settings
    self.unlockCode = unlockCode
    self.deadManSeconds = deadManSeconds
    self.updatePeriodNanoseconds = updatePeriodNanoseconds
    self.serial = serial
    self.ratedWatts = ratedWatts
    self.windowNanoseconds = windowNanoseconds
    self.referenceOhm = referenceOhm
    self.wires = wires
  }
}

/// A driver that bench files can name.
public protocol CataloguedDriver: Driver {
  static var entry: CatalogueEntry { get }
  init(options: SensorOptions)
}

/// Sees every driver of the catalogue with its type, so that a host can make one by name without an existential.
public protocol SensorVisitor {
  mutating func visit<D: CataloguedDriver>(_ driver: D.Type)
}

/// All drivers, one line each.
///
/// A host turns a name into a driver with a visitor, which meets each type in turn and erases the one it looks for:
/// ```swift
/// struct InstrumentMaker: SensorVisitor {
///   let name: String
///   let options: SensorOptions
///   var instrument: Instrument?
///   mutating func visit<D: CataloguedDriver>(_ driver: D.Type) {
///     if D.entry.isNamed(name.utf8) { instrument = Instrument(D(options: options)) }
///   }
/// }
/// var maker = InstrumentMaker(name: "dt100", options: SensorOptions())
/// SensorCatalogue.visit(&maker)
/// ```
/// On a chip the driver's type is written down and no catalogue is needed.
public enum SensorCatalogue {
  /// Shows every driver to `visitor`, in the order of this list.
  public static func visit<V: SensorVisitor>(_ visitor: inout V) {
    visitor.visit(BC200.self)
    visitor.visit(DT100.self)
    visitor.visit(Hart1502A.self)
    visitor.visit(LineHeater.self)
    visitor.visit(MAX31865.self)
    visitor.visit(SA45s.self)
  }
}
