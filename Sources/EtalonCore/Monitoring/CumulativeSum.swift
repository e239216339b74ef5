/// Two-sided cumulative sum of normalised innovations: S⁺ = max(0, S⁺ + x − k), S⁻ = max(0, S⁻ − x − k); a sum above h is
/// an alarm (E. S. Page, Biometrika 41 (1954) 100).
///
/// k is half the shift that is to be found soonest; h follows from the declared average run length (`CusumRunLength`).
/// After an alarm both sums start at 0 again, as the run length assumes.
@frozen
public struct CumulativeSum: Sendable, Equatable {
  /// Reference value k in standard deviations.
  public let reference: Double
  /// Limit h in standard deviations.
  public let limit: Double
  /// Sum of the excess above.
  public private(set) var high = 0.0
  /// Sum of the excess below.
  public private(set) var low = 0.0

  /// - Parameters:
  ///   - shift: to be found soonest, in standard deviations, above 0.
  ///   - averageRunLength: number of values between false alarms.
  /// - Returns: nil when no limit gives that run length.
  public init?(shift: Double, averageRunLength: Double) {
    guard shift > 0, shift.isFinite,
      let limit = CusumRunLength.limit(reference: shift / 2, averageRunLength: averageRunLength)
    else { return nil }
    reference = shift / 2
    self.limit = limit
  }

  /// The larger sum after one more value, without taking it.
  @inlinable
  public func sum(with x: Double) -> Double { max(0, high + x - reference, low - x - reference) }

  /// The larger sum.
  @inlinable public var sum: Double { max(high, low) }

  /// Whether a sum is above half its limit.
  @inlinable public var isAboveHalf: Bool { sum > limit / 2 }

  /// Starts both sums at 0 again.
  public mutating func reset() {
    high = 0
    low = 0
  }

  /// Whether a sum is above three quarters of its limit.
  @inlinable public var isSuspicious: Bool { sum > 0.75 * limit }

  /// Takes one value; true for an alarm, after which the sums are 0.
  public mutating func take(_ x: Double) -> Bool {
    high = max(0, high + x - reference)
    low = max(0, low - x - reference)
    guard sum > limit else { return false }
    high = 0
    low = 0
    return true
  }
}
