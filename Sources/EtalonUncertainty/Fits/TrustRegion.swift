import EtalonMetrology

/// Levenberg-Marquardt iteration within a trust region scaled by the columns of the Jacobian
/// (J. J. Moré, Lecture Notes in Mathematics 630 (1978) 105; J. E. Dennis and R. B. Schnabel, chapter 6).
struct TrustRegion<Problem: ResidualFunction> {
  let problem: Problem
  /// First radius, as a multiple of the scaled length of the starting values.
  let firstRadius: Double
  /// True if scales may shrink again; false keeps the largest length that a column has had (Moré).
  let adaptsScales: Bool
  let iterationLimit: Int

  struct Outcome {
    var parameters: [Double]
    var sumOfSquares: Double
    var iterations: Int
    /// True if neither the sum nor the parameters could be changed any more; false where the limit stopped it.
    var settled: Bool
  }

  func run(from start: [Double]) -> Outcome? {
    guard var current = problem.evaluate(start) else { return nil }
    let m = problem.pointCount
    let n = problem.parameterCount
    var parameters = start
    var sum = Self.squares(current.residuals)
    guard sum.isFinite else { return nil }
    var scales = [Double](repeating: 0, count: n)
    var radius = 0.0
    for iteration in 1...iterationLimit {
      updateScales(&scales, current.jacobian)
      if iteration == 1 {
        let length = Self.scaledLength(parameters, scales)
        radius = length > 0 ? firstRadius * length : firstRadius
      }
      let reduced = Reduced(jacobian: current.jacobian, residuals: current.residuals, m: m, n: n)
      // The residuals are orthogonal to all columns to rounding: nothing is left to gain to first order.
      if reduced.projectionSquares <= 1e-30 * sum || sum == 0 {
        return Outcome(parameters: parameters, sumOfSquares: sum, iterations: iteration, settled: true)
      }
      var accepted = false
      while !accepted {
        let step = reduced.step(scales: scales, radius: radius)
        let trial = (0..<n).map { parameters[$0] + step.correction[$0] }
        let length = Self.scaledLength(step.correction, scales)
        if iteration == 1 { radius = min(radius, length) }
        let predicted = step.predictedReduction
        if let next = problem.evaluate(trial), case let nextSum = Self.squares(next.residuals), nextSum.isFinite {
          let ratio = predicted > 0 ? (sum - nextSum) / predicted : 0
          if ratio < 0.25 {
            radius = max(0.1, min(0.5, 1 / (2 * (2 - ratio)))) * min(radius, 10 * length)
          } else if ratio > 0.75 || step.damping == 0 {
            radius = 2 * length
          }
          if ratio >= 1e-4 && nextSum < sum {
            let small = (sum - nextSum) <= 1e-15 * sum && predicted <= 1e-15 * sum
            parameters = trial
            sum = nextSum
            current = next
            accepted = true
            if small {
              return Outcome(parameters: parameters, sumOfSquares: sum, iterations: iteration, settled: true)
            }
          }
        } else {
          radius = 0.25 * min(radius, length)
        }
        if !accepted && (radius <= 1e-15 * Self.scaledLength(parameters, scales) || predicted <= 1e-16 * sum) {
          return Outcome(parameters: parameters, sumOfSquares: sum, iterations: iteration, settled: true)
        }
        if !radius.isFinite || radius == 0 { return nil }
      }
    }
    return Outcome(parameters: parameters, sumOfSquares: sum, iterations: iterationLimit, settled: false)
  }

  private func updateScales(_ scales: inout [Double], _ jacobian: [Double]) {
    let m = problem.pointCount
    for c in scales.indices {
      let length = Self.squares(jacobian[c * m..<(c + 1) * m]).squareRoot()
      let usable = length > 0 && length.isFinite ? length : (scales[c] > 0 ? scales[c] : 1)
      scales[c] = adaptsScales ? usable : max(scales[c], usable)
    }
  }

  static func squares(_ values: some Sequence<Double>) -> Double {
    var sum = 0.0
    for value in values { sum += value * value }
    return sum
  }

  static func scaledLength(_ vector: [Double], _ scales: [Double]) -> Double {
    squares(vector.indices.map { vector[$0] * scales[$0] }).squareRoot()
  }
}

/// The Jacobian brought to triangular form once, for all damping factors of an iteration.
private struct Reduced {
  let n: Int
  /// R row by row and the first n elements of Qᵀ r.
  var triangle: [Double]
  var right: [Double]
  /// |Qᵀ r|²: what a full linear step would gain.
  let projectionSquares: Double

  init(jacobian: [Double], residuals: [Double], m: Int, n: Int) {
    self.n = n
    var columns = jacobian
    var vector = residuals
    Self.triangularise(&columns, rows: m, columns: n, &vector)
    triangle = [Double](repeating: 0, count: n * n)
    for c in 0..<n { for r in 0...min(c, m - 1) { triangle[r * n + c] = columns[c * m + r] } }
    right = (0..<n).map { $0 < m ? vector[$0] : 0 }
    projectionSquares = right.reduce(0) { $0 + $1 * $1 }
  }

  /// Householder's reflections, column by column; a zero column is passed over.
  static func triangularise(_ a: inout [Double], rows m: Int, columns n: Int, _ vector: inout [Double]) {
    for c in 0..<min(n, m) {
      var largest = 0.0
      for r in c..<m { largest = max(largest, a[c * m + r].magnitude) }
      guard largest > 0 else { continue }
      var squares = 0.0
      for r in c..<m {
        let part = a[c * m + r] / largest
        squares += part * part
      }
      let length = squares.squareRoot() * largest
      let pivot = a[c * m + c] < 0 ? length : -length
      a[c * m + c] -= pivot
      let half = -(pivot * a[c * m + c])
      if half > 0 {
        for other in (c + 1)..<max(n, c + 1) {
          var dot = 0.0
          for r in c..<m { dot += a[c * m + r] * a[other * m + r] }
          let factor = dot / half
          for r in c..<m { a[other * m + r] -= factor * a[c * m + r] }
        }
        var dot = 0.0
        for r in c..<m { dot += a[c * m + r] * vector[r] }
        let factor = dot / half
        for r in c..<m { vector[r] -= factor * a[c * m + r] }
      }
      a[c * m + c] = pivot
    }
  }

  struct Step {
    let correction: [Double]
    let damping: Double
    let predictedReduction: Double
  }

  /// The correction of least linearised residual within the radius: damping from a bracketed Newton iteration on
  /// 1/|D p| = 1/radius (Moré and Sorensen).
  func step(scales: [Double], radius: Double) -> Step {
    if let full = solve(damping: 0, scales: scales) {
      let length = TrustRegion<ExpressionResiduals>.scaledLength(full, scales)
      if length.isFinite, length <= 1.1 * radius { return finished(full, 0) }
    }
    var low = 0.0
    // Beyond this damping the step is certainly short enough: |D p| ≤ |D⁻¹ Jᵀ r| / λ.
    var gradient = [Double](repeating: 0, count: n)
    for c in 0..<n {
      for r in 0...c { gradient[c] += triangle[r * n + c] * right[r] }
      gradient[c] /= scales[c]
    }
    var high = TrustRegion<ExpressionResiduals>.squares(gradient).squareRoot() / radius
    if !(high > 0) { high = Double.leastNormalMagnitude }
    var damping = high * 1e-3
    var best = [Double](repeating: 0, count: n)
    for _ in 0..<60 {
      guard let correction = solve(damping: damping, scales: scales) else {
        low = damping
        damping = 0.5 * (low + high)
        continue
      }
      best = correction
      let length = TrustRegion<ExpressionResiduals>.scaledLength(correction, scales)
      if (length - radius).magnitude <= 0.1 * radius { break }
      if length > radius { low = max(low, damping) } else { high = min(high, damping) }
      // The length falls like 1/(shift + λ), so a step in log λ by the ratio of lengths, kept inside the bracket.
      var next = damping * length / radius
      if !(next > low && next < high) { next = low > 0 ? (low * high).squareRoot() : 0.01 * high }
      if next == damping { break }
      damping = next
    }
    return finished(best, damping)
  }

  private func finished(_ correction: [Double], _ damping: Double) -> Step {
    // |r|² − |r − J p|² from the triangular form.
    var reduction = 0.0
    for r in 0..<n {
      var product = 0.0
      for c in r..<n { product += triangle[r * n + c] * correction[c] }
      reduction += product * (2 * right[r] - product)
    }
    return Step(correction: correction, damping: damping, predictedReduction: reduction)
  }

  /// Minimises |R p − Qᵀr|² + λ |D p|²; nil where R is singular and nothing dampens it.
  private func solve(damping: Double, scales: [Double]) -> [Double]? {
    let rows = 2 * n
    var columns = [Double](repeating: 0, count: rows * n)
    var vector = [Double](repeating: 0, count: rows)
    let root = damping.squareRoot()
    for c in 0..<n {
      for r in 0...c { columns[c * rows + r] = triangle[r * n + c] / scales[c] }
      columns[c * rows + n + c] = root
      vector[c] = right[c]
    }
    if damping > 0 { Self.triangularise(&columns, rows: rows, columns: n, &vector) }
    var correction = [Double](repeating: 0, count: n)
    for c in stride(from: n - 1, through: 0, by: -1) {
      var sum = vector[c]
      for other in (c + 1)..<max(n, c + 1) { sum -= columns[other * rows + c] * correction[other] }
      let pivot = columns[c * rows + c]
      guard pivot.magnitude > 1e-300, case let value = sum / pivot, value.isFinite else { return nil }
      correction[c] = value
    }
    for c in 0..<n { correction[c] /= scales[c] }
    return correction
  }
}
