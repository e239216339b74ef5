import EtalonMetrology

/// Two-sided tabular cumulative sum: s⁺ = max(0, s⁺ + x − (target + K)), s⁻ = max(0, s⁻ + (target − K) − x); a sum above H
/// is a signal (E. S. Page, Biometrika 41 (1954) 100; Montgomery, Introduction to Statistical Quality Control, 9.1).
@frozen
public struct TabularCusum: Equatable, Sendable {
  /// Value that the process should have.
  public let target: Double
  /// Reference value K, ≥ 0: half of the shift that is to be found soon, in the unit of the observations.
  public let reference: Double
  /// Decision interval H, > 0, in the unit of the observations.
  public let decision: Double
  /// Start of both sums, for a fast initial response; 0 or more and below the decision interval.
  public let headStart: Double
  /// Sum of excess above.
  public private(set) var high: Double
  /// Sum of excess below.
  public private(set) var low: Double

  /// - Parameter headStart: Start of both sums, for a fast initial response; below the decision interval.
  /// - Throws: `.parameter`.
  public init(target: Double, reference: Double, decision: Double, headStart: Double = 0) throws(MonitoringFault) {
    guard target.isFinite else { throw .parameter(name: "target", value: target) }
    guard reference >= 0, reference.isFinite else { throw .parameter(name: "reference", value: reference) }
    guard decision > 0, decision.isFinite else { throw .parameter(name: "decision", value: decision) }
    guard headStart >= 0, headStart < decision else { throw .parameter(name: "headStart", value: headStart) }
    self.target = target
    self.reference = reference
    self.decision = decision
    self.headStart = headStart
    high = headStart
    low = headStart
  }

  /// Whether a sum is above the decision interval.
  public var isSignalling: Bool { high > decision || low > decision }

  /// Takes one observation and tells whether the chart signals.
  /// - Throws: `.observation` for a value that is not finite; the sums stay as they were.
  public mutating func take(_ x: Double) throws(MonitoringFault) -> Bool {
    guard x.isFinite else { throw .observation(x, index: 0) }
    high = Swift.max(0, x - (target + reference) + high)
    low = Swift.max(0, (target - reference) - x + low)
    return isSignalling
  }

  /// Average run length of the two-sided chart from its start for normal observations with a constant mean and standard deviation.
  ///
  /// The integral equation of the one-sided sum is solved with Gauss and Legendre's rule (A. L. Goel and S. M. Wu,
  /// Technometrics 13 (1971) 221); 1/ARL = 1/ARL⁺ + 1/ARL⁻ (van Dobben de Bruyn 1968), and with a head start
  /// (ARL⁺ₛ ARL⁻ + ARL⁺ ARL⁻ₛ − ARL⁺ ARL⁻)/(ARL⁺ + ARL⁻), J. M. Lucas and R. B. Crosier, Technometrics 24 (1982) 199.
  /// - Throws: `.parameter` for a standard deviation that is not positive, `.runLengthNotResolved`, `.tooManyPoints` for a
  ///   decision interval of more than 260 standard deviations.
  public func averageRunLength(mean: Double, standardDeviation: Double) throws(MonitoringFault) -> Double {
    guard mean.isFinite else { throw .parameter(name: "mean", value: mean) }
    guard standardDeviation > 0, standardDeviation.isFinite else {
      throw .parameter(name: "standardDeviation", value: standardDeviation)
    }
    let shift = (mean - target) / standardDeviation
    let k = reference / standardDeviation
    let h = decision / standardDeviation
    let s = headStart / standardDeviation
    let up = try RunLength.cusum(drift: shift - k, decision: h, headStart: s)
    let down = try RunLength.cusum(drift: -shift - k, decision: h, headStart: s)
    guard up.fromZero.isFinite || down.fromZero.isFinite else { throw .runLengthNotResolved(estimate: .infinity) }
    // Divided by the product of the lengths from 0, of which one may be infinite.
    func share(_ side: (fromZero: Double, fromHeadStart: Double)) -> Double {
      side.fromZero.isFinite ? side.fromHeadStart / side.fromZero : 1
    }
    return (share(up) + share(down) - 1) / (1 / up.fromZero + 1 / down.fromZero)
  }
}
