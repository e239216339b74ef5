/// Whether a device that is calibrated while it works still measures as it claims.
public enum AccuracyState: UInt8, Sendable, CaseIterable {
  /// Too little is known of the response for the declared accuracy, or too few blocks were seen.
  case learning = 0
  /// Device, reference and declared noises agree; the standard uncertainty is what it says.
  case calibrated = 1
  /// Something looks wrong; corrected values are to be used with care.
  case suspect = 2
  /// The device, or its reference, is not what was declared: corrected values must not be used.
  case lost = 3
}

/// What speaks against a device; several may hold at once.
@frozen public struct AccuracyReasons: OptionSet, Sendable, Hashable {
  /// The set as bits.
  public let rawValue: UInt16
  /// A set from its bits.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// The cumulative sum of the innovations: device and reference have moved against each other.
  public static let step = AccuracyReasons(rawValue: 1)
  /// The sum of squared innovations is above its chi-square band: errors larger than declared.
  public static let spread = AccuracyReasons(rawValue: 2)
  /// The indication repeats itself more often than its noise and resolution allow, or does not follow the reference.
  public static let stuck = AccuracyReasons(rawValue: 4)
  /// The indication is at a limit of its scale.
  public static let saturated = AccuracyReasons(rawValue: 8)
  /// The indication scatters more than declared.
  public static let noisy = AccuracyReasons(rawValue: 16)
  /// The standard uncertainty is above the declared limit.
  public static let uncertainty = AccuracyReasons(rawValue: 32)
  /// Several references disagree with each other by more than their certificates allow.
  public static let references = AccuracyReasons(rawValue: 64)
}

/// A change of the accuracy state.
@frozen public struct AccuracyTransition: Sendable, Equatable {
  /// State before.
  public var from: AccuracyState
  /// State after.
  public var to: AccuracyState
  /// What spoke for the change; empty for an improvement.
  public var reasons: AccuracyReasons
  /// When.
  public var instant: Instant

  @inlinable init(from: AccuracyState, to: AccuracyState, reasons: AccuracyReasons, instant: Instant) {
    self.from = from
    self.to = to
    self.reasons = reasons
    self.instant = instant
  }
}
