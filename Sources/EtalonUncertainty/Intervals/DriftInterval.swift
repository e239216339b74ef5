import EtalonMetrology

/// Calibration interval from measured drifts (variables data; NASA-HDBK-8739.19-5, chapter 7; H. Castrup, "Calibration
/// intervals from variables data", NCSLI 2005).
///
/// Differences δ between consecutive calibrations are fitted by δ(t) = b₁ t + … + b_m t^m without constant term. The
/// prediction of the value after t days has the variance u₀² + s² + tᵀ cov t, s being the scatter about the curve.
public struct DriftInterval: Sendable {
  /// Coefficients b₁ … b_m; unit of δ per day, per day², ….
  public let coefficients: [Double]
  /// Covariance matrix of the coefficients.
  public let covariance: Matrix
  /// Standard deviation of the residuals.
  public let residualStandardDeviation: Double
  /// Number of differences less the order.
  public let degreesOfFreedom: Int

  /// - Parameters:
  ///   - days: Times between calibrations, days, > 0.
  ///   - deltas: Changes of the value in that time.
  ///   - order: Highest power of the time, ≥ 1 and below the number of differences.
  public init(days: [Double], deltas: [Double], order: Int) throws(IntervalFault) {
    guard order >= 1 else {
      throw .parameter(name: "order of the drift curve", value: Double(order), allowed: "1 or more")
    }
    for value in days where !(value > 0) {
      throw .parameter(name: "time between calibrations in days", value: value, allowed: "above 0 and finite")
    }
    let columns = (1...order).map { power in days.map { Elementary.pow($0, Double(power)) } }
    do {
      let fit = try LinearFit.fit(columns: columns, y: deltas, constant: false)
      coefficients = fit.parameters
      covariance = fit.covariance
      degreesOfFreedom = fit.degreesOfFreedom
      residualStandardDeviation = fit.residualStandardDeviation ?? 0
    } catch {
      throw .fit(error)
    }
  }

  private func powers(_ t: Double) -> [Double] {
    var row: [Double] = []
    var power = 1.0
    for _ in coefficients {
      power *= t
      row.append(power)
    }
    return row
  }

  /// Expected drift after t days.
  public func drift(afterDays t: Double) -> Double {
    zip(powers(t), coefficients).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Standard uncertainty of a predicted value after t days, with u₀ at its calibration.
  public func standardUncertainty(afterDays t: Double, initial u0: Double) -> Double {
    let row = powers(t)
    let s = residualStandardDeviation
    return (u0 * u0 + s * s + max(0, covariance.bilinear(row, row))).squareRoot()
  }

  /// The first time at which a condition that holds at 0 stops holding: a growing search, then bisection to 1e-12.
  private func firstCrossing(_ excess: (Double) -> Double) throws(IntervalFault) -> Double {
    var low = 0.0
    // A hundredth of a day, then steps of 1 %, so that a curve that turns back is not stepped over.
    var high = 0.01
    while excess(high) <= 0 {
      low = high
      high *= 1.01
      guard high < 1e7 else { throw .unlimited }
    }
    while high - low > 1e-12 * high {
      let middle = 0.5 * (low + high)
      guard middle > low, middle < high else { break }
      if excess(middle) <= 0 { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }

  /// Days after which the standard uncertainty has grown to a target.
  /// - Throws: `.targetNotMet` when it is above the target at once, `.unlimited` when it never gets there.
  public func days(initial u0: Double, targetUncertainty target: Double) throws(IntervalFault) -> Double {
    guard u0 >= 0, u0.isFinite else {
      throw .parameter(name: "uncertainty after calibration", value: u0, allowed: "0 or more and finite")
    }
    guard target > 0, target.isFinite else {
      throw .parameter(name: "target uncertainty", value: target, allowed: "above 0 and finite")
    }
    let start = standardUncertainty(afterDays: 0, initial: u0)
    guard start < target else { throw .targetNotMet(atStart: start, target: target) }
    return try firstCrossing { standardUncertainty(afterDays: $0, initial: u0) - target }
  }

  /// Days after which the predicted value plus or minus its expanded uncertainty first touches a limit.
  /// - Parameters:
  ///   - y0: Value at the calibration.
  ///   - tolerance: The limits; with both of them the coverage is two-sided, with one of them one-sided.
  ///   - confidence: Level of confidence that the value is inside at the end of the interval.
  /// - Throws: `.outsideAtStart` when a limit is touched at once, `.unlimited` when it never is.
  public func days(
    startingAt y0: Double, initial u0: Double, tolerance: ToleranceInterval, confidence: Double
  ) throws(IntervalFault) -> Double {
    guard y0.isFinite else { throw .parameter(name: "value after calibration", value: y0, allowed: "finite") }
    guard u0 >= 0, u0.isFinite else {
      throw .parameter(name: "uncertainty after calibration", value: u0, allowed: "0 or more and finite")
    }
    guard confidence > 0, confidence < 1 else {
      throw .parameter(name: "confidence", value: confidence, allowed: "between 0 and 1")
    }
    let k: Double
    do {
      let student = try StudentT(degreesOfFreedom: Double(degreesOfFreedom))
      let isTwoSided = tolerance.lower.isFinite && tolerance.upper.isFinite
      k = isTwoSided ? try student.coverageFactor(probability: confidence) : try student.quantile(confidence)
    } catch {
      throw .distribution(error)
    }
    func excess(_ t: Double) -> Double {
      let value = y0 + drift(afterDays: t)
      let half = k * standardUncertainty(afterDays: t, initial: u0)
      return max(value + half - tolerance.upper, tolerance.lower - (value - half))
    }
    let start = excess(0)
    guard start < 0 else { throw .outsideAtStart(by: start) }
    return try firstCrossing(excess)
  }
}
