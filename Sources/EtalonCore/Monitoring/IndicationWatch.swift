import EtalonMetrology

/// Watches a device's indications for what no model of the process is needed for: stuck, saturated, noisier than declared.
///
/// - **Stuck by repetition.** A reading of noise σ before a display of step q repeats the value before with at most the
///   probability c = 2Φ(q/2σ) − 1 (the middle of a step). R repetitions have the probability cᴿ; the limit is the R at
///   which it falls below the declared one. Where c is 1 for practical purposes repetition says nothing.
/// - **Stuck by not following.** While the indication repeats, the reference (as the device would follow it) moves by more
///   than a step and six standard deviations.
/// - **Noisier.** The mean square of successive differences of indication minus reference, halved, estimates the variance
///   without the motion of the process (J. von Neumann, Ann. Math. Stat. 12 (1941) 367). Over n differences of independent
///   values its variance is 3σ⁴/n, that of a chi-square variable with 2n/3 degrees of freedom.
public struct IndicationWatch: Sendable {
  /// Noise of device and reference for one pair, in the unit of the indication.
  public struct Expectation: Sendable, Equatable {
    /// Noise of the device before its display.
    public var device: CorrelatedNoise
    /// Noise of the reference, divided by the response's slope.
    public var reference: CorrelatedNoise
    /// Step of the display.
    public var resolution: Double
    /// Time between pairs.
    public var periodSeconds: Double

    /// An expectation from its parts.
    public init(device: CorrelatedNoise, reference: CorrelatedNoise, resolution: Double, periodSeconds: Double) {
      self.device = device
      self.reference = reference
      self.resolution = resolution
      self.periodSeconds = periodSeconds
    }
  }

  /// Number of equal values in a row that no good device shows; nil where repetition says nothing.
  public let repetitionLimit: Int?
  /// Movement of the reference that no repeating indication of a good device leaves out.
  public let followingLimit: Double
  /// Expected half mean square of successive differences.
  public let expectedVariance: Double
  /// Limit of the sum of a full window, relative to the expected variance.
  public let noiseLimit: Double
  /// Number of differences in a window.
  public let noiseWindow: Int
  /// Ends of the scale.
  public let scale: ClosedRange<Double>?

  /// Number of equal values in a row at present.
  public private(set) var repetitions = 0
  /// Whether the device is stuck.
  public private(set) var isStuck = false
  /// Whether the latest indication is at a limit of its scale.
  public private(set) var isSaturated = false
  /// Whether the last full window was noisier than declared.
  public private(set) var isNoisy = false
  /// Ratio of the last full window's variance to the expected one; NaN before.
  public private(set) var varianceRatio = Double.nan

  private var lastIndication = Double.nan
  private var lastDifference = Double.nan
  private var lastInstant = Instant(nanoseconds: 0)
  private var lowestReference = Double.infinity
  private var highestReference = -Double.infinity
  private var sum = 0.0
  private var count = 0

  /// - Returns: nil for settings out of range.
  public init?(_ settings: MonitorSettings, expecting expectation: Expectation) {
    let window = settings.noiseWindow
    guard window >= 16, window <= 100_000, settings.noiseProbability > 0, settings.noiseProbability < 0.5,
      settings.stuckProbability > 0, settings.stuckProbability < 0.5
    else { return nil }
    noiseWindow = window
    scale = settings.scale
    let period = expectation.periodSeconds
    let step = expectation.resolution
    let sigma = expectation.device.standardDeviation
    // Of a correlated noise only what is new since the reading before can change the display.
    let rho = expectation.device.correlation(seconds: period)
    let fresh = sigma * max(0, 1 - rho * rho).squareRoot()
    if fresh > 0 {
      let repeated = 1 - Elementary.erfc(step / (2 * fresh) * 0.7071067811865476)
      if repeated < 1 - 1e-6 {
        let needed = repeated > 0 ? Elementary.log(settings.stuckProbability) / Elementary.log(repeated) : 0
        // Fewer than five may be one conversion that was read several times.
        repetitionLimit = max(5, Int(needed.rounded(.up)))
      } else {
        repetitionLimit = nil
      }
    } else {
      repetitionLimit = nil
    }
    let other = expectation.reference.standardDeviation
    followingLimit = step + 6 * (sigma * sigma + other * other).squareRoot()
    // A display coarser than the noise shows up to half a step where it toggles between two values.
    let display = step <= 2 * sigma ? step * step / 12 : step * step / 4
    func fluctuation(_ noise: CorrelatedNoise) -> Double {
      noise.standardDeviation * noise.standardDeviation * (1 - noise.correlation(seconds: period))
    }
    expectedVariance = fluctuation(expectation.device) + fluctuation(expectation.reference) + display
    do throws(DistributionFault) {
      let freedom = 2 * Double(window) / 3
      noiseLimit = try ChiSquare(degreesOfFreedom: freedom).quantile(1 - settings.noiseProbability) / freedom
    } catch { return nil }
  }

  /// Takes an indication, each once and in the order of time.
  public mutating func take(indication: Double, isOverRange: Bool) {
    isSaturated = isOverRange || (scale.map { indication <= $0.lowerBound || indication >= $0.upperBound } ?? false)
    if indication == lastIndication && !isSaturated {
      repetitions += 1
    } else {
      repetitions = 0
      lowestReference = .infinity
      highestReference = -.infinity
      isStuck = false
    }
    lastIndication = indication
    if let repetitionLimit, repetitions >= repetitionLimit { isStuck = true }
  }

  /// Takes the reference's reading that belongs to an indication; it may come later than the next indication.
  /// - Parameters:
  ///   - reference: as the device would follow it, divided by the response's slope.
  ///   - isContinuous: whether the pair follows the one before by about the declared period.
  public mutating func take(reference: Double, for indication: Double, isContinuous: Bool) {
    if indication == lastIndication, repetitions > 0 {
      lowestReference = min(lowestReference, reference)
      highestReference = max(highestReference, reference)
      if highestReference - lowestReference > followingLimit { isStuck = true }
    }
    let difference = indication - reference
    if difference.isFinite, lastDifference.isFinite, isContinuous, expectedVariance > 0, !isSaturated {
      let change = difference - lastDifference
      sum += change * change
      count += 1
      if count == noiseWindow {
        varianceRatio = sum / (2 * Double(count) * expectedVariance)
        isNoisy = varianceRatio > noiseLimit
        sum = 0
        count = 0
      }
    }
    // The way back from a limit of the scale is no noise.
    lastDifference = isSaturated ? .nan : difference
  }

  /// Another device, or the same after a pause: nothing is compared with what came before.
  public mutating func reset() {
    repetitions = 0
    isStuck = false
    isSaturated = false
    isNoisy = false
    lastIndication = .nan
    lastDifference = .nan
    lowestReference = .infinity
    highestReference = -.infinity
    sum = 0
    count = 0
  }
}
