/// A time with the standard uncertainty of its knowledge, both in seconds.
@frozen public struct UncertainSeconds: Sendable, Equatable {
  /// Best estimate, 0 or more for a lag.
  public var value: Double
  /// Standard uncertainty, 0 or more.
  public var standardUncertainty: Double

  /// A time from its parts.
  @inlinable public init(_ value: Double, standardUncertainty: Double) {
    self.value = value
    self.standardUncertainty = standardUncertainty
  }
}

/// How reference and device follow the quantity: each with a first-order lag, the device also with a dead time.
///
/// A sensor with the lag τ shows the quantity x as τ ẏ + y = x: on a ramp it is late by τ. With no lags nothing is filtered and nothing is corrected. What is identified is how much later the
/// device is on a ramp than the reference, the first moment of the difference of their responses; a dead time that is
/// declared wrongly goes into the lag.
public struct DynamicsSettings: Sendable, Equatable {
  /// What the corrected value is a value of.
  public enum Measurand: UInt8, Sendable {
    /// The state of the device's own sensing element; the lags matter for the comparison with the reference only.
    case element = 0
    /// The quantity outside: the corrected value is moved on by the device's lag times the rate.
    case quantity = 1
  }

  /// First-order lag of the reference; it can not be told from data and keeps its uncertainty.
  public var referenceLag = UncertainSeconds(0, standardUncertainty: 0)
  /// First-order lag of the device; how much it exceeds the reference's is identified from their readings in motion.
  public var deviceLag = UncertainSeconds(0, standardUncertainty: 0)
  /// Dead time of the device beyond the instants of its readings, as declared, 0 or more.
  public var deadTimeSeconds = 0.0
  /// What the corrected value is a value of.
  public var measurand = Measurand.element
  /// Largest error that the uncertainty of the lags may put into a pair, in standard deviations of a block mean's noise,
  /// above 0: rate times uncertainty beyond it refuses the pair. The error has one sign for as long as a ramp lasts, so it
  /// has to be small against the noise of one block.
  public var refusalRatio = 0.2
  /// Whether the lag is identified; otherwise what is declared stays.
  public var identifies = true

  /// No lags.
  public init() {}

  /// First-order lags of both, as declared.
  public init(
    referenceLag: UncertainSeconds, deviceLag: UncertainSeconds, deadTimeSeconds: Double = 0,
    measurand: Measurand = .element
  ) {
    self.referenceLag = referenceLag
    self.deviceLag = deviceLag
    self.deadTimeSeconds = deadTimeSeconds
    self.measurand = measurand
  }

  var isSensible: Bool {
    func good(_ lag: UncertainSeconds) -> Bool {
      lag.value >= 0 && lag.value.isFinite && lag.standardUncertainty >= 0 && lag.standardUncertainty.isFinite
    }
    return good(referenceLag) && good(deviceLag) && deadTimeSeconds >= 0 && deadTimeSeconds.isFinite
      && refusalRatio > 0 && refusalRatio.isFinite
  }

  /// Whether there is anything to filter, to correct or to identify.
  public var isActive: Bool {
    referenceLag.value > 0 || deviceLag.value > 0 || referenceLag.standardUncertainty > 0
      || deviceLag.standardUncertainty > 0
  }
}
