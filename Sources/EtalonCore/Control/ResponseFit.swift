import EtalonMetrology

/// Least squares of a model of first or second order with delay to a recorded response.
///
/// ```
/// y(t) = y₀ + e (1 − exp(−t/τ₁)) + k Σⱼ Δuⱼ S(t − tⱼ − θ)
/// S(t) = 1 − (τ₁ exp(−t/τ₁) − τ₂ exp(−t/τ₂))/(τ₁ − τ₂)   for t > 0
/// ```
/// e is where the process was still going when the record began, so a test may start before the process is steady. y₀, e and
/// k are linear and solved for each trial of τ₁, τ₂, θ (variable projection: G. H. Golub and V. Pereyra, SIAM J. Numer.
/// Anal. 10 (1973) 413); these are searched on a grid and then by the method of Levenberg and Marquardt.
///
/// The variance of a bin of n samples is σ²(1 + φ)/(1 − φ)/n, σ the noise and φ the correlation of neighbours: exact for
/// what changes slowly against the correlation. Where the residuals are larger than that, the model is not the process, and
/// the uncertainties are enlarged by √(χ²/ν).
struct ResponseFit: Sendable {
  let record: ResponseRecord
  /// Variance of the mean of many samples times their number.
  let sampleVariance: Double
  /// Time in which the response shows: of the record after a step, a period of an oscillation.
  let scaleSeconds: Double

  /// Nonlinear parameters.
  struct Shape: Sendable {
    var lag: Double
    var second: Double
    var delay: Double
  }

  struct Solution: Sendable {
    var shape: Shape
    /// y₀ (minus the record's origin), e, k.
    var linear: (Double, Double, Double)
    var chiSquare: Double
  }

  struct Result: Sendable {
    var model: ProcessModel
    var chiSquare: Double
    var degreesOfFreedom: Double
    /// Root mean square of the residuals, each sample counted.
    var residual: Double
  }

  private func average(_ bin: ResponseRecord.Bin, _ seconds: Double, _ value: (Double) -> Double) -> Double {
    // Few samples, and those about the corner at the end of the delay, are averaged one by one.
    if bin.count <= 4 || (bin.first < seconds && seconds < bin.last) {
      if bin.count == 1 { return value(bin.first - seconds) }
      let spacing = (bin.last - bin.first) / (bin.count - 1)
      var sum = 0.0
      var t = bin.first
      for _ in 0..<Int(bin.count) {
        sum += value(t - seconds)
        t += spacing
      }
      return sum / bin.count
    }
    // Simpson's rule over five points of a stretch of a smooth curve.
    let first = bin.first - seconds
    let step = (bin.last - bin.first) / 4
    return
      (value(first) + 4 * value(first + step) + 2 * value(first + 2 * step) + 4 * value(first + 3 * step)
      + value(first + 4 * step)) / 12
  }

  private func basis(_ bin: ResponseRecord.Bin, _ shape: Shape) -> (Double, Double) {
    let way = average(bin, 0) { 1 - Elementary.exp(-$0 / shape.lag) }
    let difference = shape.lag - shape.second
    let isSecond = shape.second > 1e-6 * shape.lag
    var response = 0.0
    for index in 0..<record.switches {
      let start = record.switchSeconds[index] + shape.delay
      if bin.last <= start { continue }
      response +=
        record.switchChange[index]
        * average(bin, start) { t in
          guard t > 0 else { return 0 }
          let slow = Elementary.exp(-t / shape.lag)
          guard isSecond else { return 1 - slow }
          // Equal lags are a limit that no search needs to hit exactly.
          if difference.magnitude < 1e-6 * shape.lag { return 1 - slow * (1 + t / shape.lag) }
          return 1 - (shape.lag * slow - shape.second * Elementary.exp(-t / shape.second)) / difference
        }
    }
    return (way, response)
  }

  /// The best linear parameters for a shape; nil where they can not be told apart.
  func project(_ shape: Shape) -> Solution? {
    typealias M = SquareMatrix<3>
    var normal = M.Square(repeating: M.Vector(repeating: 0))
    var right = M.Square(repeating: M.Vector(repeating: 0))
    var squares = 0.0
    for index in 0..<record.count {
      let bin = record.bins[index]
      let weight = bin.count / sampleVariance
      let mean = bin.sum / bin.count
      let (way, response) = basis(bin, shape)
      let row: M.Vector = [1, way, response]
      for i in 0..<3 {
        for j in 0..<3 { normal[i][j] += weight * row[i] * row[j] }
        right[i][0] += weight * row[i] * mean
      }
      squares += weight * mean * mean
    }
    // Scaled to a unit diagonal, so that a pivot says what it is worth.
    var scale = M.Vector(repeating: 0)
    for i in 0..<3 {
      guard normal[i][i] > 0, normal[i][i].isFinite else { return nil }
      scale[i] = 1 / normal[i][i].squareRoot()
    }
    for i in 0..<3 {
      for j in 0..<3 { normal[i][j] *= scale[i] * scale[j] }
      right[i][0] *= scale[i]
    }
    guard let solved = M.solved(normal, right) else { return nil }
    let linear = (solved[0][0] * scale[0], solved[1][0] * scale[1], solved[2][0] * scale[2])
    var chiSquare = 0.0
    for index in 0..<record.count {
      let bin = record.bins[index]
      let (way, response) = basis(bin, shape)
      let residual = bin.sum / bin.count - linear.0 - linear.1 * way - linear.2 * response
      chiSquare += bin.count / sampleVariance * residual * residual
    }
    guard chiSquare.isFinite else { return nil }
    return Solution(shape: shape, linear: linear, chiSquare: chiSquare)
  }

  /// The best model of first order and, where the data ask for it, of second.
  ///
  /// The second lag is kept when it lowers χ²/max(1, χ²/ν) by more than ln n (the criterion of G. Schwarz, Ann. Statist. 6
  /// (1978) 461). Nil where nothing can be told apart.
  func best() -> Result? {
    var start: Solution?
    let lags: InlineArray<5, Double> = [0.1, 0.3, 1, 3, 10]
    let delays: InlineArray<5, Double> = [0, 0.02, 0.06, 0.15, 0.3]
    for i in 0..<5 {
      for j in 0..<5 {
        let shape = Shape(lag: lags[i] * scaleSeconds, second: 0, delay: delays[j] * scaleSeconds)
        if let found = project(shape), found.chiSquare < start?.chiSquare ?? .infinity { start = found }
      }
    }
    guard let start else { return nil }
    let first = refine(start, isSecondOrder: false)
    let firstResult = result(first, isSecondOrder: false)
    // The delay of the first order holds what becomes the second lag.
    var found: Solution?
    let shares: InlineArray<3, Double> = [0.15, 0.5, 0.85]
    for index in 0..<3 {
      let second = max(shares[index] * first.shape.delay, 0.2 * record.periodSeconds)
      // The first order may have taken the corners' rounding for a process that integrates.
      let shape = Shape(
        lag: min(first.shape.lag, 5 * scaleSeconds), second: second, delay: max(0, first.shape.delay - second))
      guard let guess = project(shape) else { continue }
      let trial = refine(guess, isSecondOrder: true)
      if trial.chiSquare < found?.chiSquare ?? .infinity { found = trial }
      // Residuals of the size of the noise can not be beaten from another start.
      if trial.chiSquare < 2 * Double(record.count) { break }
    }
    guard var second = found else { return firstResult }
    if second.shape.second > second.shape.lag {
      // The same response with the names exchanged.
      let shape = Shape(lag: second.shape.second, second: second.shape.lag, delay: second.shape.delay)
      if let exchanged = project(shape) { second = refine(exchanged, isSecondOrder: true) }
    }
    guard let secondResult = result(second, isSecondOrder: true) else { return firstResult }
    guard let firstResult else { return secondResult }
    let spread = max(1, secondResult.chiSquare / secondResult.degreesOfFreedom)
    let gain = (first.chiSquare - second.chiSquare) / spread
    return gain > Elementary.log(Double(record.count)) ? secondResult : firstResult
  }

  typealias Normal = SquareMatrix<6>

  /// Weighted normal equations at a solution: Jᵀ W J and Jᵀ W r for (y₀, e, k, ln τ₁, ln τ₂, θ).
  private func equations(_ at: Solution, isSecondOrder: Bool) -> (Normal.Square, Normal.Vector) {
    var normal = Normal.Square(repeating: Normal.Vector(repeating: 0))
    var right = Normal.Vector(repeating: 0)
    let step = 1e-4
    let delayStep = max(1e-3 * record.periodSeconds, 1e-4 * at.shape.delay)
    func moved(_ change: (inout Shape) -> Void) -> Shape {
      var shape = at.shape
      change(&shape)
      return shape
    }
    let lagUp = moved { $0.lag *= 1 + step }
    let lagDown = moved { $0.lag /= 1 + step }
    let secondUp = moved { $0.second *= 1 + step }
    let secondDown = moved { $0.second /= 1 + step }
    let delayUp = moved { $0.delay += delayStep }
    let delayDown = moved { $0.delay -= delayStep }
    for index in 0..<record.count {
      let bin = record.bins[index]
      func predicted(_ shape: Shape) -> Double {
        let (way, response) = basis(bin, shape)
        return at.linear.1 * way + at.linear.2 * response
      }
      let (way, response) = basis(bin, at.shape)
      var row: Normal.Vector = [1, way, response, 0, 0, 0]
      row[3] = (predicted(lagUp) - predicted(lagDown)) / (2 * step)
      if isSecondOrder { row[4] = (predicted(secondUp) - predicted(secondDown)) / (2 * step) }
      row[5] = (predicted(delayUp) - predicted(delayDown)) / (2 * delayStep)
      let weight = bin.count / sampleVariance
      let residual = bin.sum / bin.count - at.linear.0 - at.linear.1 * way - at.linear.2 * response
      for i in 0..<6 {
        for j in 0..<6 { normal[i][j] += weight * row[i] * row[j] }
        right[i] += weight * row[i] * residual
      }
    }
    if !isSecondOrder { normal[4][4] = 1 }
    return (normal, right)
  }

  private func refine(_ start: Solution, isSecondOrder: Bool) -> Solution {
    var best = start
    var damping = 1e-3
    for _ in 0..<40 {
      let (normal, right) = equations(best, isSecondOrder: isSecondOrder)
      var damped = normal
      var columns = Normal.Square(repeating: Normal.Vector(repeating: 0))
      for i in 0..<6 {
        damped[i][i] *= 1 + damping
        columns[i][0] = right[i]
      }
      guard let solved = Normal.solved(damped, columns) else { break }
      // A step that is too long is shortened as a whole: where the lag is hardly determined, its own change would be cut off
      // and leave changes of the others that only make sense together with it.
      let longest = max(solved[3][0].magnitude, solved[4][0].magnitude, 1e-300)
      let share = min(1, 0.7 / longest)
      var shape = best.shape
      // A lag far longer than the record is one that integrates; beyond that it says nothing and spoils the equations.
      shape.lag = min(shape.lag * Elementary.exp(share * solved[3][0]), 50 * scaleSeconds)
      if isSecondOrder {
        shape.second = max(shape.second * Elementary.exp(share * solved[4][0]), 0.02 * record.periodSeconds)
      }
      shape.delay = max(0, shape.delay + share * solved[5][0])
      if let trial = project(shape), trial.chiSquare <= best.chiSquare {
        let gained = best.chiSquare - trial.chiSquare
        best = trial
        damping = max(damping / 10, 1e-9)
        if gained < 1e-6 * max(1, trial.chiSquare / Double(record.count)) { break }
      } else {
        damping *= 10
        if damping > 1e6 { break }
      }
    }
    return best
  }

  private func result(_ at: Solution, isSecondOrder: Bool) -> Result? {
    let degreesOfFreedom = Double(record.count - (isSecondOrder ? 6 : 5))
    guard degreesOfFreedom >= 1 else { return nil }
    let (normal, _) = equations(at, isSecondOrder: isSecondOrder)
    var scaled = normal
    var scale = Normal.Vector(repeating: 0)
    for i in 0..<6 {
      guard normal[i][i] > 0, normal[i][i].isFinite else { return nil }
      scale[i] = 1 / normal[i][i].squareRoot()
    }
    for i in 0..<6 {
      for j in 0..<6 { scaled[i][j] *= scale[i] * scale[j] }
    }
    guard let inverse = Normal.solved(scaled, Normal.identity) else { return nil }
    let enlargement = max(1, at.chiSquare / degreesOfFreedom)
    func covariance(_ i: Int, _ j: Int) -> Double { inverse[i][j] * scale[i] * scale[j] * enlargement }
    for i in 0..<6 { guard covariance(i, i) >= 0 else { return nil } }
    let k = at.linear.2
    guard k != 0 else { return nil }
    let u0 = record.initialOutput
    var model = ProcessModel(
      gain: k, lagSeconds: at.shape.lag, secondLagSeconds: isSecondOrder ? at.shape.second : 0,
      delaySeconds: at.shape.delay, idle: record.origin + at.linear.0 + at.linear.1 - k * u0)
    let idle =
      covariance(0, 0) + covariance(1, 1) + u0 * u0 * covariance(2, 2) + 2 * covariance(0, 1) - 2 * u0
      * covariance(0, 2)
      - 2 * u0 * covariance(1, 2)
    let relativeRate = covariance(2, 2) / (k * k) + covariance(3, 3) - 2 * covariance(2, 3) / k
    let second = isSecondOrder ? at.shape.second : 0
    let apparent =
      covariance(5, 5) + (isSecondOrder ? second * second * covariance(4, 4) + 2 * second * covariance(4, 5) : 0)
    model.uncertainty = ProcessModel.Uncertainty(
      gain: covariance(2, 2).squareRoot(), lagSeconds: at.shape.lag * covariance(3, 3).squareRoot(),
      secondLagSeconds: isSecondOrder ? second * covariance(4, 4).squareRoot() : 0,
      delaySeconds: covariance(5, 5).squareRoot(), idle: max(0, idle).squareRoot(),
      rate: model.rate.magnitude * max(0, relativeRate).squareRoot(),
      apparentDelaySeconds: max(0, apparent).squareRoot())
    return Result(
      model: model, chiSquare: at.chiSquare, degreesOfFreedom: degreesOfFreedom,
      residual: (at.chiSquare * sampleVariance / Double(record.samples)).squareRoot())
  }
}
