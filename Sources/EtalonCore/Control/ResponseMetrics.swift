/// How good a control was after a change of the set point: what is compared between controllers. Bounded memory.
///
/// Values are added at even spacing. The change starts with the first value.
public struct ResponseMetrics: Sendable, Equatable {
  /// Value before the change.
  public let from: Double
  /// Set point after it.
  public let to: Double
  /// Half width of the band about the set point within which the process counts as settled, above 0.
  public let band: Double
  /// Spacing of the values in seconds.
  public let periodSeconds: Double
  /// Number of values.
  public private(set) var count = 0
  /// Largest excess beyond the set point in the direction of the change, 0 or more, in the unit of the quantity.
  public private(set) var overshoot = 0.0
  /// Integral of the output over time: energy where the output is a power.
  public private(set) var energy = 0.0
  private var lastOutside = 0
  private var squares = 0.0
  private var weightedSquares = 0.0
  private var settledSquares = 0.0
  private var settledCount = 0
  private var settledOutput = 0.0
  private var settledOutputSquares = 0.0

  /// Metrics of a change that begins now.
  public init(from: Double, to: Double, band: Double, periodSeconds: Double) {
    precondition(band > 0 && periodSeconds > 0, "the band and the period are above 0")
    self.from = from
    self.to = to
    self.band = band
    self.periodSeconds = periodSeconds
  }

  /// Takes the true or corrected value at the end of a period in which `output` was given.
  /// - Parameter holding: output that would hold the set point, for the quadratic cost.
  public mutating func add(_ value: Double, output: Double, holding: Double = 0) {
    count += 1
    let error = value - to
    overshoot = max(overshoot, to >= from ? error : -error)
    if !(error.magnitude <= band) { lastOutside = count }
    squares += error * error
    weightedSquares += (output - holding) * (output - holding)
    energy += output * periodSeconds
    if count - lastOutside > 0 {
      settledSquares += error * error
      settledOutput += output - holding
      settledOutputSquares += (output - holding) * (output - holding)
      settledCount += 1
    } else {
      settledSquares = 0
      settledOutput = 0
      settledOutputSquares = 0
      settledCount = 0
    }
  }

  /// Seconds until the value stayed within the band; nil when it was outside at the end.
  public var settlingSeconds: Double? {
    count > lastOutside ? Double(lastOutside) * periodSeconds : nil
  }

  /// Root mean square of the deviation from the set point over everything.
  public var rms: Double { count > 0 ? (squares / Double(count)).squareRoot() : .nan }

  /// Root mean square of the deviation after settling; NaN before.
  public var settledRMS: Double {
    settledCount > 0 ? (settledSquares / Double(settledCount)).squareRoot() : .nan
  }

  /// Variance of the output after settling; NaN before.
  public var settledOutputVariance: Double {
    guard settledCount > 1 else { return .nan }
    let mean = settledOutput / Double(settledCount)
    return max(0, settledOutputSquares / Double(settledCount) - mean * mean)
  }

  /// Σ (deviation² + weight (output − holding)²): the cost that a linear-quadratic design minimises.
  public func quadraticCost(outputWeight: Double) -> Double { squares + outputWeight * weightedSquares }
}
