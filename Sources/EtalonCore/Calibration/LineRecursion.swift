/// Recursive least squares of a straight line x = θ₀ + θ₁ s with drifting parameters: the smallest on-line calibration,
/// for a device whose noise is far below the spread of the process.
///
/// With known noise it is the Kalman filter of two random walks (A. H. Jazwinski, *Stochastic Processes and Filtering
/// Theory* (1970), 7.3). The full estimator with process state and consider parameters is `OnlineCalibrationFilter`. The
/// order of operations is fixed, so that every build gives the same bits.
@frozen
public struct LineRecursion<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Value at the middle of the range.
  public var offset: Scalar
  /// Change over one half span.
  public var gain: Scalar
  /// Variance of the offset.
  public var offsetVariance: Scalar
  /// Covariance of offset and gain.
  public var covariance: Scalar
  /// Variance of the gain.
  public var gainVariance: Scalar

  /// A line with an uncorrelated prior; variances are 0 or more.
  @inlinable
  public init(offset: Scalar, gain: Scalar, offsetVariance: Scalar, gainVariance: Scalar) {
    self.offset = offset
    self.gain = gain
    self.offsetVariance = offsetVariance
    covariance = 0
    self.gainVariance = gainVariance
  }

  /// Adds the drift of one interval: variances by which the two parameters may have moved.
  @inlinable
  public mutating func drift(offset: Scalar, gain: Scalar) {
    offsetVariance += offset
    gainVariance += gain
  }

  /// Takes the value `x` at the scaled place `s`, with the given variance, above 0, and then lets the parameters drift.
  ///
  /// One update waits for the covariance of the one before, so the operations are ordered for a short way from one to the
  /// next: the innovation's variance P₀₀ + 2 s P₀₁ + s² P₁₁ from three terms side by side, products beside the division,
  /// the drift beside both.
  /// - Parameters:
  ///   - driftOffset: variance by which the offset may move until the next update, 0 or more; so for the gain.
  /// - Returns: the innovation x − (θ₀ + θ₁ s).
  @inlinable @discardableResult
  public mutating func update(
    _ s: Scalar, _ x: Scalar, noiseVariance: Scalar, driftOffset: Scalar = 0, driftGain: Scalar = 0
  ) -> Scalar {
    let variance = (offsetVariance + noiseVariance) + (s + s) * covariance + (s * s) * gainVariance
    let scale = 1 / variance
    let a = offsetVariance + s * covariance
    let b = covariance + s * gainVariance
    let innovation = x - (offset + s * gain)
    let step = innovation * scale
    offset += a * step
    gain += b * step
    offsetVariance = (offsetVariance + driftOffset) - (a * a) * scale
    covariance -= (a * b) * scale
    gainVariance = (gainVariance + driftGain) - (b * b) * scale
    return innovation
  }
}

/// The same recursion for many channels side by side: each component of the state lies in memory of its own, so that one
/// instruction serves several channels. Memory is taken once; an update allocates nothing.
public struct LineRecursionBank<Scalar: BinaryFloatingPoint & SIMDScalar & Sendable>: ~Copyable {
  /// Channels that are updated together.
  public typealias Lane = SIMD4<Scalar>

  /// Number of channels.
  public let count: Int
  @usableFromInline let laneCount: Int
  /// The five components of one lane of channels, then those of the next: one stream of memory, whatever the number of
  /// channels. Five arrays with a power of two of channels would contend for the same places of the cache.
  @usableFromInline let storage: UnsafeMutablePointer<Lane>

  /// - Parameter count: number of channels, 1 or more; each begins with the same prior.
  public init(count: Int, prior: LineRecursion<Scalar>) {
    precondition(count >= 1, "a bank has at least one channel")
    self.count = count
    laneCount = (count + 3) / 4
    storage = .allocate(capacity: 5 * laneCount)
    let parts: [Scalar] = [
      prior.offset, prior.gain, prior.offsetVariance, prior.covariance, prior.gainVariance,
    ]
    for index in 0..<(5 * laneCount) { (storage + index).initialize(to: Lane(repeating: parts[index % 5])) }
  }

  deinit { storage.deallocate() }

  /// One channel.
  public subscript(channel: Int) -> LineRecursion<Scalar> {
    precondition(channel >= 0 && channel < count, "there is no such channel")
    func part(_ index: Int) -> Scalar { storage[5 * (channel / 4) + index][channel % 4] }
    var line = LineRecursion(offset: part(0), gain: part(1), offsetVariance: part(2), gainVariance: part(4))
    line.covariance = part(3)
    return line
  }
}

extension LineRecursionBank {
  /// Takes one value for each channel, four channels to a lane; lanes beyond the last channel are not looked at.
  /// - Parameters:
  ///   - places, values: at least (count + 3)/4 lanes.
  ///   - noiseVariance: of every channel, above 0.
  ///   - driftOffset: as for one line.
  @inlinable
  public mutating func update(
    places: UnsafePointer<Lane>, values: UnsafePointer<Lane>, noiseVariance: Scalar, driftOffset: Scalar = 0,
    driftGain: Scalar = 0
  ) {
    let noise = Lane(repeating: noiseVariance)
    let offsetDrift = Lane(repeating: driftOffset)
    let gainDrift = Lane(repeating: driftGain)
    let one = Lane(repeating: 1)
    var at = storage
    for lane in 0..<laneCount {
      let s = places[lane]
      let offset = at[0]
      let gain = at[1]
      let offsetVariance = at[2]
      let covariance = at[3]
      let gainVariance = at[4]
      let scale = one / ((offsetVariance + noise) + (s + s) * covariance + (s * s) * gainVariance)
      let a = offsetVariance + s * covariance
      let b = covariance + s * gainVariance
      let step = (values[lane] - (offset + s * gain)) * scale
      at[0] = offset + a * step
      at[1] = gain + b * step
      at[2] = (offsetVariance + offsetDrift) - (a * a) * scale
      at[3] = covariance - (a * b) * scale
      at[4] = (gainVariance + gainDrift) - (b * b) * scale
      at += 5
    }
  }
}
