/// What a run can ask of a device. A driver that can not do it answers with `.unsupported`.
@frozen public enum DeviceRequest: Sendable, Equatable {
  /// Who are you?
  case identify
  /// One reading of the measured quantity.
  case read
  /// The environment that the device watches (room temperature, humidity, pressure).
  case readEnvironment
  /// The coefficients in force, with the device's own evidence for them.
  case readAdjustment
  /// Unlock, write, read back, commit, lock, and read back what was committed.
  case writeAdjustment(Coefficients)
  /// The state of the actuator, without changing it.
  case readActuator
  /// Set the actuator's output in watts and keep its dead-man alive.
  case drive(watts: Double)
  /// Go to the safe state and confirm it by reading it back.
  case makeSafe
}

/// Up to four coefficients of a polynomial, lowest power first, in the unit of the indication.
@frozen public struct Coefficients: Sendable, Equatable {
  /// Coefficient of power 0.
  public var c0: Double
  /// Coefficient of power 1.
  public var c1: Double
  /// Coefficient of power 2.
  public var c2: Double
  /// Coefficient of power 3.
  public var c3: Double
  /// Coefficients, lowest power first.
  @inlinable public init(_ c0: Double, _ c1: Double, _ c2: Double, _ c3: Double) {
    self.c0 = c0
    self.c1 = c1
    self.c2 = c2
    self.c3 = c3
  }

  /// The polynomial at `s`, by Horner's rule.
  @inlinable public func value(at s: Double) -> Double { c0 + s * (c1 + s * (c2 + s * c3)) }
}

/// Who a device says it is: the reply as it came and its fields' places in it.
@frozen public struct DeviceIdentity: Sendable, Equatable {
  /// The reply without its terminator, for example `ETALON,DT100,0042,1.0`.
  public var text: Frame
  /// The serial number or other unique identifier, as ASCII.
  public var serial: Frame
  /// An identity from the reply and the serial number in it.
  public init(text: Frame, serial: Frame) {
    self.text = text
    self.serial = serial
  }
}

/// What is known about the worth of a reading. Empty means good.
@frozen public struct ReadingQuality: OptionSet, Sendable, Hashable {
  /// The set as bits.
  public let rawValue: UInt16
  /// A set from its bits.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// No reading came.
  public static let missing = ReadingQuality(rawValue: 1)
  /// The device repeated an old conversion.
  public static let stale = ReadingQuality(rawValue: 2)
  /// The device says that it is outside its range.
  public static let overRange = ReadingQuality(rawValue: 4)
  /// Reference and device disagree in time by more than the session allows.
  public static let skewed = ReadingQuality(rawValue: 8)
  /// The rejector found it too far from its neighbours.
  public static let outlier = ReadingQuality(rawValue: 16)
  /// Taken after an exchange that failed and was repeated.
  public static let retried = ReadingQuality(rawValue: 32)
}

/// One reading as the device showed it.
@frozen public struct Reading: Sendable, Equatable {
  /// The value shown, in the device's own unit (degrees Celsius for a thermometer).
  public var value: Double
  /// The raw converter value from which the device computed it, in the device's normalised scale (see the driver);
  /// NaN when the device does not tell.
  public var raw: Double
  /// Number of the conversion, counting up by 1 for each; 0 when the device does not count.
  public var conversion: UInt32
  /// When the quantity had this value, by the device's own rule (see the driver).
  public var instant: Instant
  /// What is known about its worth.
  public var quality: ReadingQuality
  /// A reading from its parts.
  @inlinable public init(value: Double, raw: Double, conversion: UInt32, instant: Instant, quality: ReadingQuality) {
    self.value = value
    self.raw = raw
    self.conversion = conversion
    self.instant = instant
    self.quality = quality
  }
}

/// The conditions around the bench.
@frozen public struct Environment: Sendable, Equatable {
  /// Air temperature in °C.
  public var celsius: Double
  /// Relative humidity, 0...100.
  public var relativeHumidityPercent: Double
  /// Air pressure in pascals.
  public var pascals: Double
  /// Conditions from their parts.
  public init(celsius: Double, relativeHumidityPercent: Double, pascals: Double) {
    self.celsius = celsius
    self.relativeHumidityPercent = relativeHumidityPercent
    self.pascals = pascals
  }
}

/// The coefficients that a device holds and its evidence for them.
@frozen public struct Adjustment: Sendable, Equatable {
  /// The coefficients in force.
  public var coefficients: Coefficients
  /// How many times a set was committed, as the device counts.
  public var count: UInt32
  /// The device's checksum over its stored set.
  public var checksum: UInt32
  /// An adjustment from its parts.
  public init(coefficients: Coefficients, count: UInt32, checksum: UInt32) {
    self.coefficients = coefficients
    self.count = count
    self.checksum = checksum
  }
}

/// What an actuator says about itself.
@frozen public struct ActuatorState: Sendable, Equatable {
  /// Whether the output is on.
  public var isOn: Bool
  /// Output that is set, in watts.
  public var watts: Double
  /// Seconds until the device switches off by itself unless it hears from us; 0 when it is off.
  public var deadManSeconds: Double
  /// Whether its dead-man switched it off.
  public var tripped: Bool
  /// A state from its parts.
  public init(isOn: Bool, watts: Double, deadManSeconds: Double, tripped: Bool) {
    self.isOn = isOn
    self.watts = watts
    self.deadManSeconds = deadManSeconds
    self.tripped = tripped
  }
}

/// Why an exchange with a device failed. Each bad exchange is exactly one of these.
@frozen public enum ExchangeFault: Error, Sendable, Equatable {
  /// Nothing came within the time-out.
  case timeout
  /// `received` bytes came, then silence before the terminator.
  case truncated(received: Int)
  case checksum(expected: UInt32, received: UInt32)
  /// The reply is not of the form that the request calls for; `received` is its length.
  case malformed(received: Int)
  /// The reply belongs to an older request.
  case stale
  case wrongAddress(UInt8)
  /// The device refused; `code` is its own error number (negative for SCPI).
  case device(code: Int32)
  case line(LineErrors)
  case port(PortFault)
  /// What the device stored is not what was sent; `index` is the first coefficient that differs.
  case readBack(index: Int, expected: Double, received: Double)
  /// The device's commit counter did not go up by exactly one.
  case commitCount(expected: UInt32, received: UInt32)
  /// The driver has no such request.
  case unsupported
}

/// What a driver reports when a request is done or something happened without one.
@frozen public enum DeviceReport: Sendable {
  case identity(DeviceIdentity)
  case reading(Reading)
  case environment(Environment)
  case adjustment(Adjustment)
  case actuator(ActuatorState)
  /// The request failed; the driver resynchronises before it starts another.
  case fault(ExchangeFault)
}

/// What a driver wants done after one event: at most one frame to send and at most one report.
@frozen public struct DriverStep: Sendable {
  /// Bytes to send; nil for none.
  public var send: Frame?
  /// Whether the frame holds an access code and must not be recorded.
  public var confidential: Bool
  /// What was learnt; nil for nothing.
  public var report: DeviceReport?
  /// A step from its parts; without arguments nothing is to be done.
  @inlinable public init(send: Frame? = nil, confidential: Bool = false, report: DeviceReport? = nil) {
    self.send = send
    self.confidential = confidential
    self.report = report
  }
}

/// A driver of one device on one port: a value that takes events and instants and says what to send and what was learnt.
///
/// One request is under way at a time. `start` while one is under way is a programming error.
public protocol Driver: Sendable {
  /// Whether a request is under way, or the driver is still resynchronising after a fault.
  var isBusy: Bool { get }
  /// When `wake` must be called at the latest; nil when only bytes can move the driver.
  var deadline: Instant? { get }
  /// Begins a request.
  mutating func start(_ request: DeviceRequest, at instant: Instant) -> DriverStep
  /// Takes bytes; `first` is the instant of the first, `instant` that of the last.
  mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> DriverStep
  /// Takes the errors that the receiver reported.
  mutating func receive(_ errors: LineErrors, at instant: Instant) -> DriverStep
  /// The deadline has come.
  mutating func wake(at instant: Instant) -> DriverStep
  /// The port is gone.
  mutating func lose(_ fault: PortFault, at instant: Instant) -> DriverStep
}
