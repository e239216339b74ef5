/// One reading of the reference and one of the device, brought to the same instant.
@frozen
public struct Pair: Sendable, Equatable {
  /// The device's instant; the tick's own where the device is missing.
  public var instant: Instant
  /// Value of the reference at `instant`; NaN where it is missing.
  public var reference: Double
  /// Value shown by the device; NaN where it is missing.
  public var indication: Double
  /// Raw converter value of the device; NaN where it is missing or the device does not tell.
  public var raw: Double
  /// What is known about the worth of the pair, from both sides.
  public var quality: ReadingQuality
  /// Number of the tick the pair belongs to, from 0.
  public var tick: UInt32

  /// A pair with the given parts.
  @inlinable
  public init(
    instant: Instant, reference: Double, indication: Double, raw: Double, quality: ReadingQuality, tick: UInt32
  ) {
    self.instant = instant
    self.reference = reference
    self.indication = indication
    self.raw = raw
    self.quality = quality
    self.tick = tick
  }

  /// Qualities that keep a pair out of every mean and estimate.
  public static let unusable: ReadingQuality = [.missing, .stale, .overRange, .skewed, .outlier]

  /// Whether the pair may enter a mean: both values are there, finite and good.
  @inlinable public var isUsable: Bool {
    quality.isDisjoint(with: Self.unusable) && reference.isFinite && indication.isFinite
  }

  /// Indication minus reference, in the unit of both.
  @inlinable public var difference: Double { indication - reference }
}
