import EtalonMetrology

/// A level that drifts as a random walk, observed with white noise: y_t = μ_t + ε_t, μ_{t+1} = μ_t + η_t
/// (J. Durbin and S. J. Koopman, Time Series Analysis by State Space Methods, 2nd ed. 2012, chapter 2).
@frozen
public struct LocalLevelModel: Equatable, Sendable {
  /// Variance of one observation about the level, > 0.
  public let observationVariance: Double
  /// Variance of the level's step from one observation time to the next, ≥ 0.
  public let driftVariance: Double

  /// Why a level has no estimate.
  public enum Fault: Error, Equatable, Sendable {
    /// A variance that is negative or not finite.
    case variance(name: String, value: Double)
    /// An observation that is not finite, with its index.
    case observation(Double, index: Int)
    /// Fewer observations than needed.
    case tooFew(needed: Int, received: Int)
    /// Observations that are all equal have no likelihood maximum.
    case constantSeries
    /// The diagnostics need more lags or parts than there are innovations.
    case diagnostics(name: String, value: Int, innovations: Int)
  }

  /// - Throws: `.variance`.
  public init(observationVariance: Double, driftVariance: Double) throws(Fault) {
    guard observationVariance > 0, observationVariance.isFinite else {
      throw .variance(name: "observationVariance", value: observationVariance)
    }
    guard driftVariance >= 0, driftVariance.isFinite else {
      throw .variance(name: "driftVariance", value: driftVariance)
    }
    self.observationVariance = observationVariance
    self.driftVariance = driftVariance
  }

  /// The steady-state gain of the filter, the positive root of the scalar Riccati equation.
  public var steadyStateGain: Double {
    let q = driftVariance / observationVariance
    let p = 0.5 * (q + (q * q + 4 * q).squareRoot())
    return p / (1 + p)
  }

  /// What the filter knows after a series.
  public struct Filtered: Equatable, Sendable {
    /// Estimate of the level at each time, given the observations up to it; the prediction in a gap. NaN never occurs:
    /// times before the first observation are left out of `from`.
    public var levels: [Double] = []
    /// Variances of `levels`.
    public var variances: [Double] = []
    /// Index of the first observation, at which the levels begin.
    public var from = 0
    /// One-step prediction errors divided by their standard deviations, of all observations but the first.
    public var standardisedInnovations: [Double] = []
    /// Log-likelihood of all observations but the first (diffuse start, Durbin and Koopman 2.9).
    public var logLikelihood = 0.0
  }

  /// Runs the filter from a diffuse start: the first observation is the level with its own variance.
  /// - Parameter series: One observation for each time, nil where it is missing.
  /// - Throws: `.observation`, `.tooFew` when everything is missing.
  public func filter(_ series: [Double?]) throws(Fault) -> Filtered {
    var result = Filtered()
    var level = 0.0
    var variance = -1.0
    for (index, observation) in series.enumerated() {
      if let observation, !observation.isFinite { throw .observation(observation, index: index) }
      if variance < 0 {
        guard let observation else { continue }
        level = observation
        variance = observationVariance
        result.from = index
      } else {
        let predicted = variance + driftVariance
        if let observation {
          let innovation = observation - level
          let total = predicted + observationVariance
          let gain = predicted / total
          level += gain * innovation
          variance = predicted * observationVariance / total
          result.standardisedInnovations.append(innovation / total.squareRoot())
          result.logLikelihood -= 0.5 * (1.8378770664093453 + Elementary.log(total) + innovation * innovation / total)
        } else {
          variance = predicted
        }
      }
      result.levels.append(level)
      result.variances.append(variance)
    }
    guard variance >= 0 else { throw .tooFew(needed: 1, received: 0) }
    return result
  }

  /// The variances with the largest diffuse likelihood (Durbin and Koopman 2.10, concentrated on the ratio
  /// q = drift variance / observation variance).
  /// - Throws: `.tooFew` for fewer than three observations, `.constantSeries`, `.observation`.
  public static func estimate(from series: [Double?]) throws(Fault) -> LocalLevelModel {
    let known = series.compactMap { $0 }
    guard known.count >= 3 else { throw .tooFew(needed: 3, received: known.count) }
    guard let low = known.min(), let high = known.max(), high > low else { throw .constantSeries }
    /// Concentrated variance and log-likelihood of a ratio.
    func profile(_ q: Double) throws(Fault) -> (variance: Double, logLikelihood: Double) {
      let unit = try LocalLevelModel(observationVariance: 1, driftVariance: q).filter(series)
      let n = Double(unit.standardisedInnovations.count)
      let squares = unit.standardisedInnovations.reduce(0) { $0 + $1 * $1 }
      let variance = squares / n
      // logLikelihood of the unit model without its quadratic part, then with the variance put in.
      let constant = unit.logLikelihood + 0.5 * squares
      return (variance, constant - 0.5 * n * Elementary.log(variance) - 0.5 * n)
    }
    // The likelihood can have a maximum at q = 0; a grid over all orders of magnitude finds the right hill.
    var best = (exponent: -30.0, value: -Double.infinity)
    for step in 0...240 {
      let exponent = -20 + 0.125 * Double(step)
      let value = try profile(Elementary.exp(exponent)).logLikelihood
      if value > best.value { best = (exponent, value) }
    }
    let atZero = try profile(0)
    if atZero.logLikelihood >= best.value {
      return try LocalLevelModel(observationVariance: atZero.variance, driftVariance: 0)
    }
    var a = best.exponent - 0.125
    var b = best.exponent + 0.125
    let golden = 0.6180339887498949
    var c = b - golden * (b - a)
    var d = a + golden * (b - a)
    var fc = try profile(Elementary.exp(c)).logLikelihood
    var fd = try profile(Elementary.exp(d)).logLikelihood
    while b - a > 1e-9 {
      if fc > fd {
        b = d
        d = c
        fd = fc
        c = b - golden * (b - a)
        fc = try profile(Elementary.exp(c)).logLikelihood
      } else {
        a = c
        c = d
        fc = fd
        d = a + golden * (b - a)
        fd = try profile(Elementary.exp(d)).logLikelihood
      }
    }
    let q = Elementary.exp(0.5 * (a + b))
    let variance = try profile(q).variance
    return try LocalLevelModel(observationVariance: variance, driftVariance: q * variance)
  }
}

/// Diagnostics of standardised innovations, which should be independent, normal and of constant variance
/// (Durbin and Koopman 2.12).
public struct InnovationDiagnostics: Equatable, Sendable {
  /// m₃ / m₂^1.5, about 0 for normal innovations.
  public let skewness: Double
  /// m₄ / m₂², about 3 for normal innovations.
  public let kurtosis: Double
  /// n (S²/6 + (K − 3)²/24), about chi-squared with 2 degrees of freedom.
  public let jarqueBera: Double
  /// Ljung and Box's n (n + 2) Σ r_k² / (n − k) over the lags 1 to the given one.
  public let ljungBox: Double
  /// Sum of squares of the last h innovations over that of the first h; about F(h, h).
  public let heteroscedasticity: Double

  /// - Parameters:
  ///   - lags: Number of autocorrelations in the Ljung-Box statistic.
  ///   - part: h, the number of innovations at either end; the third part of them without.
  /// - Throws: `.tooFew`, `.diagnostics`, `.constantSeries` for innovations that are all equal.
  public init(_ innovations: [Double], lags: Int, part: Int? = nil) throws(LocalLevelModel.Fault) {
    let n = innovations.count
    guard n >= 4 else { throw .tooFew(needed: 4, received: n) }
    guard lags >= 1, lags < n else { throw .diagnostics(name: "lags", value: lags, innovations: n) }
    let h = part ?? Int((Double(n) / 3).rounded())
    guard h >= 1, 2 * h <= n else { throw .diagnostics(name: "part", value: h, innovations: n) }
    for (index, value) in innovations.enumerated() where !value.isFinite {
      throw .observation(value, index: index)
    }
    let count = Double(n)
    let mean = innovations.reduce(0, +) / count
    var m2 = 0.0
    var m3 = 0.0
    var m4 = 0.0
    for value in innovations {
      let d = value - mean
      m2 += d * d
      m3 += d * d * d
      m4 += d * d * d * d
    }
    guard m2 > 0 else { throw .constantSeries }
    var sum = 0.0
    for lag in 1...lags {
      var product = 0.0
      for index in lag..<n { product += (innovations[index] - mean) * (innovations[index - lag] - mean) }
      let r = product / m2
      sum += r * r / Double(n - lag)
    }
    ljungBox = count * (count + 2) * sum
    m2 /= count
    m3 /= count
    m4 /= count
    skewness = m3 / (m2 * m2.squareRoot())
    kurtosis = m4 / (m2 * m2)
    jarqueBera = count * (skewness * skewness / 6 + (kurtosis - 3) * (kurtosis - 3) / 24)
    let first = innovations.prefix(h).reduce(0) { $0 + $1 * $1 }
    let last = innovations.suffix(h).reduce(0) { $0 + $1 * $1 }
    guard first > 0 else { throw .constantSeries }
    heteroscedasticity = last / first
  }
}

extension LocalLevelModel.Fault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .variance(let name, let value): return "\(name) can not be \(value)"
    case .observation(let x, let index): return "observation \(index) (counted from 0) is \(x)"
    case .tooFew(let needed, let received): return "\(received) observations, at least \(needed) are needed"
    case .constantSeries: return "all observations are equal"
    case .diagnostics(let name, let value, let innovations):
      return "\(name) can not be \(value) with \(innovations) innovations"
    }
  }
}
