/// The readings of one instant: up to three references, the device, and a second quantity that the response depends on.
/// What is missing is NaN.
@usableFromInline struct Readings: Sendable {
  @usableFromInline var references: InlineArray<3, Double>
  @usableFromInline var indication: Double
  @usableFromInline var auxiliary: Double

  @usableFromInline init(references: InlineArray<3, Double>, indication: Double, auxiliary: Double) {
    self.references = references
    self.indication = indication
    self.auxiliary = auxiliary
  }

  /// Which references are there, one bit for each.
  @usableFromInline var kind: UInt8 {
    (references[0].isFinite ? 1 : 0) | (references[1].isFinite ? 2 : 0) | (references[2].isFinite ? 4 : 0)
  }

  @usableFromInline var hasReference: Bool { kind != 0 }

  /// Channel 0...2 the references, 3 the device, 4 the second quantity.
  fileprivate subscript(channel: Int) -> Double {
    get {
      switch channel {
      case 3: indication
      case 4: auxiliary
      default: references[channel]
      }
    }
    set {
      switch channel {
      case 3: indication = newValue
      case 4: auxiliary = newValue
      default: references[channel] = newValue
      }
    }
  }
}

/// Running means of consecutive readings of one kind.
@usableFromInline struct PairBlock: Sendable {
  @usableFromInline private(set) var count = 0
  @usableFromInline private(set) var kind: UInt8 = 0
  @usableFromInline private(set) var last: Instant?
  private var origin = Readings(references: [.nan, .nan, .nan], indication: 0, auxiliary: .nan)
  private var sum = Readings(references: [0, 0, 0], indication: 0, auxiliary: 0)
  private var lowest = Double.infinity
  private var highest = -Double.infinity

  @usableFromInline init() {}

  /// Takes the readings of one instant in.
  @usableFromInline mutating func add(_ readings: Readings, at instant: Instant) {
    if count == 0 {
      // Sums of differences from the first value keep the digits that a large common offset would cost.
      origin = readings
      kind = readings.kind
    }
    count += 1
    last = instant
    for channel in 0..<5 { sum[channel] += readings[channel] - origin[channel] }
    lowest = min(lowest, readings.indication)
    highest = max(highest, readings.indication)
  }

  /// Means of what was taken in; NaN where there was nothing.
  @usableFromInline var mean: Readings {
    var mean = origin
    for channel in 0..<5 { mean[channel] += sum[channel] / Double(count) }
    return mean
  }

  @usableFromInline var spread: Double { highest - lowest }
}
