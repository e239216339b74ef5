import EtalonMetrology

/// What lies between a pulse and its time stamp: jitter, the kernel's delay, the step of its counter, and what spoils pulses.
public struct PulsePath: Sendable {
  /// What a path is like.
  public struct Parameters: Sendable, Equatable {
    /// Standard deviation of the jitter of pulse and stamp, seconds.
    public var jitterSeconds = 50e-9
    /// Constant delay from pulse to stamp, seconds.
    public var delaySeconds = 5e-6
    /// Step of the counter in seconds, whole nanoseconds; 0 for none beyond the nanosecond.
    public var resolutionSeconds = 0.0
    /// Probability that a pulse is missing.
    public var missing = 0.0
    /// Probability that a pulse has a second edge, up to 10 ms after it.
    public var doubled = 0.0
    /// Probability that a disturbance makes an edge somewhere in a second.
    public var stray = 0.0

    /// A line of a small computer.
    public init() {}
  }

  /// What the path is like.
  public let parameters: Parameters
  private var random: RandomStream

  /// - Parameter random: decides jitter and what is spoilt.
  public init(_ parameters: Parameters, random: RandomStream) {
    self.parameters = parameters
    self.random = random
  }

  /// The edges that a pulse leads to, in order, as the counter would stamp them.
  /// - Parameters:
  ///   - nanoseconds: whole part of the pulse's instant.
  ///   - fraction: rest of it in nanoseconds, of any size.
  public mutating func stamps(ofPulseAt nanoseconds: Int64, fraction: Double) -> [Int64] {
    let isMissing = parameters.missing > 0 && random.uniform() < parameters.missing
    let isDoubled = parameters.doubled > 0 && random.uniform() < parameters.doubled
    let isDisturbed = parameters.stray > 0 && random.uniform() < parameters.stray
    let late = 1e9 * (parameters.delaySeconds + parameters.jitterSeconds * random.normal())
    let stamp = rounded(nanoseconds, fraction + late)
    var stamps = isMissing ? [] : [stamp]
    if isDoubled && !isMissing { stamps.append(rounded(nanoseconds, fraction + late + 1e7 * random.uniform())) }
    if isDisturbed { stamps.append(rounded(nanoseconds, fraction + 1e9 * random.uniform())) }
    return stamps.sorted()
  }

  private func rounded(_ nanoseconds: Int64, _ rest: Double) -> Int64 {
    let step = Int64((parameters.resolutionSeconds * 1e9).rounded())
    guard step > 1 else { return nanoseconds + Int64(rest.rounded()) }
    let base = nanoseconds / step * step
    return base + Int64(((Double(nanoseconds - base) + rest) / Double(step)).rounded()) * step
  }
}
