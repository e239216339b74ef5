/// Rate of a quantity at the latest of its readings, from a short window of them.
///
/// The window holds up to sixteen means of equal numbers of readings. A straight line gives the rate with the least noise;
/// where its curvature is more than three of its standard deviations a parabola is taken, which follows a change of the
/// rate. What a line leaves out is the observed curvature, which counts as an uncertainty in full; of a parabola half of it,
/// for a heater's own lag bends a ramp within such a window.
/// Orthogonal polynomials on the readings' own instants (J. O. Rawlings, S. G. Pantula and D. A. Dickey, *Applied
/// Regression Analysis* (1998)). Storage is in place; nothing allocates.
public struct RateFit: Sendable {
  /// The rate at the latest reading.
  public struct Rate: Sendable, Equatable {
    /// Per second.
    public var value: Double
    /// Its variance from the noise of the readings and from the curvature.
    public var variance: Double
    /// Its covariance with the latest reading, whose noise is in both.
    public var covarianceWithReading: Double
  }

  static let capacity = 16
  private let readingsPerMean: Int
  private let size: Int
  private let noiseVariance: Double
  private let gapSeconds: Double
  private var times = InlineArray<16, Double>(repeating: 0)
  private var values = InlineArray<16, Double>(repeating: 0)
  private var next = 0
  private var count = 0
  private var origin: Instant?
  private var last: Instant?
  private var timeSum = 0.0
  private var valueSum = 0.0
  private var inMean = 0

  /// - Parameters:
  ///   - windowSeconds: length of the window; it holds five readings at least.
  ///   - noiseVariance: of one reading.
  public init(windowSeconds: Double, periodSeconds: Double, noiseVariance: Double) {
    let readings = max(5, windowSeconds / periodSeconds)
    readingsPerMean = max(1, Int((min(readings, 1e9) / Double(Self.capacity)).rounded(.up)))
    size = min(Self.capacity, max(5, Int((min(readings, 1e9) / Double(readingsPerMean)).rounded(.up))))
    self.noiseVariance = noiseVariance
    gapSeconds = max(2.5 * periodSeconds, windowSeconds / 4)
  }

  /// Takes the next reading; one that is not later, or comes after a gap, starts anew.
  public mutating func take(_ value: Double, at instant: Instant) {
    if let last, instant <= last || instant.seconds(since: last) > gapSeconds { reset() }
    last = instant
    let origin = self.origin ?? instant
    self.origin = origin
    timeSum += instant.seconds(since: origin)
    valueSum += value
    inMean += 1
    guard inMean == readingsPerMean else { return }
    times[next] = timeSum / Double(inMean)
    values[next] = valueSum / Double(inMean)
    next = (next + 1) % size
    count = min(count + 1, size)
    timeSum = 0
    valueSum = 0
    inMean = 0
  }

  /// Forgets everything.
  public mutating func reset() {
    count = 0
    next = 0
    origin = nil
    last = nil
    timeSum = 0
    valueSum = 0
    inMean = 0
  }

  /// The rate at the latest reading; nil for fewer than five means.
  public var rate: Rate? {
    guard count >= 5, let origin, let last else { return nil }
    let n = Double(count)
    var meanTime = 0.0
    var mean = 0.0
    for index in 0..<count {
      meanTime += times[index]
      mean += values[index]
    }
    meanTime /= n
    mean /= n
    var squares = 0.0
    var cubes = 0.0
    var products = 0.0
    for index in 0..<count {
      let p = times[index] - meanTime
      squares += p * p
      cubes += p * p * p
      products += p * (values[index] - mean)
    }
    let slope = products / squares
    let skew = cubes / squares
    var secondSquares = 0.0
    var secondProducts = 0.0
    for index in 0..<count {
      let p = times[index] - meanTime
      let q = p * p - skew * p - squares / n
      secondSquares += q * q
      secondProducts += q * (values[index] - mean)
    }
    let bend = secondProducts / secondSquares
    let noise = noiseVariance / Double(readingsPerMean)
    let now = last.seconds(since: origin) - meanTime
    let lever = 2 * now - skew
    let lineVariance = noise / squares
    let bendVariance = noise / secondSquares
    // The newest mean's weight in the line and in the parabola; only its share of the latest reading counts.
    let newest = times[(next + size - 1) % size] - meanTime
    let lineWeight = newest / squares / Double(readingsPerMean)
    let q = newest * newest - skew * newest - squares / n
    let bendWeight = lever * q / secondSquares / Double(readingsPerMean)
    let shared = inMean == 0 ? noiseVariance : 0
    let curved = lever * bend
    if bend * bend > 9 * bendVariance {
      return Rate(
        value: slope + curved, variance: lineVariance + lever * lever * bendVariance + curved * curved / 4,
        covarianceWithReading: (lineWeight + bendWeight) * shared)
    }
    return Rate(
      value: slope, variance: lineVariance + curved * curved, covarianceWithReading: lineWeight * shared)
  }
}
