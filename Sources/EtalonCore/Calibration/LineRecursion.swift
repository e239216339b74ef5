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

  /// Takes the value `x` at the scaled place `s`, with the given variance, above 0.
  /// - Returns: the innovation x − (θ₀ + θ₁ s).
  @inlinable @discardableResult
  public mutating func update(_ s: Scalar, _ x: Scalar, noiseVariance: Scalar) -> Scalar {
    let a = offsetVariance + s * covariance
    let b = covariance + s * gainVariance
    let variance = a + s * b + noiseVariance
    let scale = 1 / variance
    let innovation = x - (offset + s * gain)
    let first = a * scale
    let second = b * scale
    offset += first * innovation
    gain += second * innovation
    offsetVariance -= first * a
    covariance -= first * b
    gainVariance -= second * b
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
    for (index, part) in parts.enumerated() {
      (storage + index * laneCount).initialize(repeating: Lane(repeating: part), count: laneCount)
    }
  }

  deinit { storage.deallocate() }

  /// One channel.
  public subscript(channel: Int) -> LineRecursion<Scalar> {
    precondition(channel >= 0 && channel < count, "there is no such channel")
    func part(_ index: Int) -> Scalar { storage[index * laneCount + channel / 4][channel % 4] }
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
  @inlinable
  public mutating func update(
    places: UnsafePointer<Lane>, values: UnsafePointer<Lane>, noiseVariance: Scalar
  ) {
    let noise = Lane(repeating: noiseVariance)
    let one = Lane(repeating: 1)
    let offsets = storage
    let gains = storage + laneCount
    let offsetVariances = storage + 2 * laneCount
    let covariances = storage + 3 * laneCount
    let gainVariances = storage + 4 * laneCount
    for lane in 0..<laneCount {
      let s = places[lane]
      let c = covariances[lane]
      let a = offsetVariances[lane] + s * c
      let b = c + s * gainVariances[lane]
      let scale = one / (a + s * b + noise)
      let innovation = values[lane] - (offsets[lane] + s * gains[lane])
      let first = a * scale
      let second = b * scale
      offsets[lane] += first * innovation
      gains[lane] += second * innovation
      offsetVariances[lane] -= first * a
      covariances[lane] = c - first * b
      gainVariances[lane] -= second * b
    }
  }
}
