import EtalonMetrology

/// The latest normalised innovations, the sum of their squares against its chi-square band, and their mean.
///
/// For N independent standard normal values the sum of squares has the chi-square distribution with N degrees of freedom
/// (Y. Bar-Shalom, X. R. Li and T. Kirubarajan, *Estimation with Applications to Tracking and Navigation* (2001), 5.4).
/// Storage is in place; nothing allocates.
public struct InnovationWindow: Sendable {
  static let capacity = 64
  /// Number of values in a full window, 4...64.
  public let size: Int
  /// Limits of the sum of squares of a full window.
  public let lower: Double
  /// See `lower`.
  public let upper: Double
  /// Number of values at present.
  public private(set) var count = 0
  /// Sum of the squares.
  public private(set) var sumOfSquares = 0.0
  private var sum = 0.0
  private var values = InlineArray<64, Double>(repeating: 0)
  private var next = 0

  /// - Parameter probability: of a sum above the upper limit, and of one below the lower, 0...0.5.
  /// - Returns: nil for a size or a probability out of range.
  public init?(size: Int, probability: Double) {
    guard size >= 4, size <= Self.capacity, probability > 0, probability < 0.5 else { return nil }
    do throws(DistributionFault) {
      let distribution = try ChiSquare(degreesOfFreedom: Double(size))
      lower = try distribution.quantile(probability)
      // The upper tail is a quantile of 1 − p only as far as rounding allows; p is never so small.
      upper = try distribution.quantile(1 - probability)
    } catch { return nil }
    self.size = size
  }

  /// Takes the next value.
  public mutating func take(_ x: Double) {
    values[next] = x
    next = (next + 1) % size
    count = min(count + 1, size)
    // Added up anew each time, so that no rounding piles up, and once, because it is asked for with every pair.
    sum = 0
    sumOfSquares = 0
    for index in 0..<count {
      sum += values[index]
      sumOfSquares += values[index] * values[index]
    }
  }

  /// Forgets all values.
  public mutating func reset() {
    count = 0
    next = 0
    sum = 0
    sumOfSquares = 0
  }

  /// Whether the window is full.
  public var isFull: Bool { count == size }

  /// Sum over the square root of their number: standard normal for a good device.
  public var normalisedMean: Double { count > 0 ? sum / Double(count).squareRoot() : 0 }

  /// Whether a full window scatters more than its band allows.
  public var isAbove: Bool { isFull && sumOfSquares > upper }
  /// Whether a full window scatters less than its band allows.
  public var isBelow: Bool { isFull && sumOfSquares < lower }
}
