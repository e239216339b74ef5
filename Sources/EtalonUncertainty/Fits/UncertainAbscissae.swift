import EtalonMetrology

/// Straight lines through points whose abscissae are uncertain too.
extension LineFit {
  /// Stated standard uncertainties of x and y, each pair independent of the others: generalised distance regression
  /// (ISO/TS 28037 clauses 7 and 8), the weighted total least squares of York, Lybanon and others.
  /// - Parameters:
  ///   - xStandardUncertainties: not negative.
  ///   - yStandardUncertainties: not negative; at each point one of the two is positive.
  ///   - correlations: r(xᵢ, yᵢ) of each pair; nil for none (clause 8 where given).
  /// - Throws: `FitFault`; `noConvergence` if the iteration does not settle.
  public static func generalisedDistance(
    x: [Double], y: [Double], xStandardUncertainties ux: [Double], yStandardUncertainties uy: [Double],
    correlations: [Double]? = nil
  ) throws(FitFault) -> LineFit {
    let m = try check(x: x, y: y)
    try Weighting.checkNotNegative(ux, named: "standard uncertainties of x", count: m)
    try Weighting.checkNotNegative(uy, named: "standard uncertainties of y", count: m)
    let r = correlations ?? [Double](repeating: 0, count: m)
    try Weighting.checkFinite(r, named: "correlations", count: m)
    for index in 0..<m {
      guard r[index].magnitude < 1 else { throw .notPositiveDefinite(input: "correlations", index: index) }
      guard ux[index] > 0 || uy[index] > 0 else {
        throw .notPositive(input: "standard uncertainties of x and y", index: index, value: 0)
      }
    }
    let covariance = PairCovariance.independent(
      x: ux.map { $0 * $0 }, y: uy.map { $0 * $0 }, xy: (0..<m).map { r[$0] * ux[$0] * uy[$0] })
    return try fit(x: x, y: y, covariance: covariance, method: .generalisedDistance)
  }

  /// Stated covariance matrices among x, among y, and of x with y (ISO/TS 28037 clause 10).
  /// - Parameters:
  ///   - xy: covariance of xᵢ (row) with yⱼ (column); nil for none.
  /// - Throws: `FitFault`; `notPositiveDefinite` where the matrices contradict themselves.
  public static func generalisedGaussMarkov(
    x: [Double], y: [Double], xCovariance: Matrix, yCovariance: Matrix, xyCovariance: Matrix? = nil
  ) throws(FitFault) -> LineFit {
    let m = try check(x: x, y: y)
    try xCovariance.checkCovariance(named: "covariance of x", count: m)
    try yCovariance.checkCovariance(named: "covariance of y", count: m)
    let cross = xyCovariance ?? Matrix(rowCount: m, columnCount: m)
    guard cross.rowCount == m, cross.columnCount == m else {
      throw .lengthMismatch(input: "covariance of x with y", expected: m, received: cross.rowCount)
    }
    try checkJointly(x: xCovariance, y: yCovariance, xy: cross)
    return try fit(
      x: x, y: y, covariance: .full(x: xCovariance, y: yCovariance, xy: cross), method: .generalisedGaussMarkov)
  }

  private static func check(x: [Double], y: [Double]) throws(FitFault) -> Int {
    guard x.count >= 2 else { throw .tooFewPoints(needed: 2, received: x.count) }
    try Weighting.checkFinite(x, named: "x", count: x.count)
    try Weighting.checkFinite(y, named: "y", count: x.count)
    let different = Set(x).count
    guard different > 1 else { throw .duplicateAbscissae(different: different, needed: 2) }
    return x.count
  }

  /// No combination of the coordinates may have a negative variance; exactly known coordinates (zero variance) are allowed.
  private static func checkJointly(x: Matrix, y: Matrix, xy: Matrix) throws(FitFault) {
    let m = x.rowCount
    let blocks = (0..<2 * m).filter { ($0 < m ? x[$0, $0] : y[$0 - m, $0 - m]) != 0 }
    var elements: [Double] = []
    for r in blocks {
      for c in blocks {
        switch (r < m, c < m) {
        case (true, true): elements.append(x[r, c])
        case (false, false): elements.append(y[r - m, c - m])
        case (true, false): elements.append(xy[r, c - m])
        case (false, true): elements.append(xy[c, r - m])
        }
      }
    }
    do {
      _ = try Cholesky(elements, count: blocks.count)
    } catch {
      let index = blocks[error.pivot]
      throw .notPositiveDefinite(input: index < m ? "covariance of x" : "covariance of y", index: index % m)
    }
  }

  /// Gauss-Newton iteration on the line and all true abscissae, with the abscissae eliminated.
  ///
  /// For given a and b the best abscissae are x* = x − cov(x, e) V⁻¹ e with e = y − a − b x and V = cov(e). Eliminating
  /// their corrections from the normal equations of the whole problem (ISO/TS 28037 clauses 7.3 and 10.3) leaves the
  /// regression of e on (1, x*) with covariance V, whose normal matrix is that of the whole problem for (a, b).
  private static func fit(
    x: [Double], y: [Double], covariance: PairCovariance, method: Method
  ) throws(FitFault) -> LineFit {
    let m = x.count
    // About the middle of the data, a and b are nearly uncorrelated and nothing is lost to a large common offset.
    let xMiddle = mean(x)
    let yMiddle = mean(y)
    let xc = x.map { $0 - xMiddle }
    let yc = y.map { $0 - yMiddle }
    let start = try PolynomialFit.fit(
      x: xc, y: yc, weighting: .standardUncertainties([Double](repeating: 1, count: m)), degree: 1)
    var state = try State(a: start.coefficients[0], b: start.coefficients[1], x: xc, y: yc, covariance: covariance)
    let limit = 200
    var iteration = 0
    while true {
      iteration += 1
      guard iteration <= limit else {
        throw .noConvergence(iterations: limit, residualSumOfSquares: state.chiSquared)
      }
      let step = try state.step()
      // In units of the parameters' own uncertainties, far below what any use of the line can show.
      if step.relative < 1e-11 { break }
      var fraction = 1.0
      var next = try State(
        a: state.a + step.a, b: state.b + step.b, x: xc, y: yc, covariance: covariance)
      while next.chiSquared > state.chiSquared * (1 + 1e-12) && fraction > 1e-6 {
        fraction /= 2
        next = try State(
          a: state.a + fraction * step.a, b: state.b + fraction * step.b, x: xc, y: yc, covariance: covariance)
      }
      state = next
    }
    let normal = try state.normalInverse()
    let propagated = try state.propagated(covariance)
    // From the middle back to the origin: a = a_c + ȳ − b x̄.
    func moved(_ matrix: Matrix) -> Matrix {
      var transform = Matrix(diagonal: [1, 1])
      transform[0, 1] = -xMiddle
      return transform * matrix * transform.transposed
    }
    return try LineFit(
      method: method, intercept: state.a + yMiddle - state.b * xMiddle, slope: state.b, covariance: moved(normal),
      propagatedCovariance: moved(propagated), residualSumOfSquares: state.chiSquared, residuals: state.e,
      abscissae: state.estimated.map { $0 + xMiddle })
  }

  private static func mean(_ values: [Double]) -> Double {
    (values.reduce(DoubleDouble.zero) { $0 + $1 } / DoubleDouble(values.count)).doubleValue
  }
}

extension LineFit {
  /// Everything that follows from one pair of parameters.
  private struct State {
    let a: Double
    let b: Double
    let x: [Double]
    /// e = y − a − b x.
    let e: [Double]
    let divisor: PairCovariance.Divisor
    /// V⁻¹ e.
    let q: [Double]
    let chiSquared: Double
    /// x* = x − cov(x, e) V⁻¹ e.
    let estimated: [Double]

    init(a: Double, b: Double, x: [Double], y: [Double], covariance: PairCovariance) throws(FitFault) {
      self.a = a
      self.b = b
      self.x = x
      e = x.indices.map { y[$0] - a - b * x[$0] }
      divisor = try covariance.divisor(slope: b)
      q = divisor.divide(e)
      chiSquared = dot(e, q)
      let fromY = covariance.timesXY(q)
      let fromX = covariance.timesX(q)
      estimated = x.indices.map { x[$0] - (fromY[$0] - b * fromX[$0]) }
      guard chiSquared.isFinite else { throw .overflow("chi-squared of the line") }
    }

    func normal() -> (aa: Double, ab: Double, bb: Double, wa: [Double], wb: [Double]) {
      let one = [Double](repeating: 1, count: x.count)
      let wa = divisor.divide(one)
      let wb = divisor.divide(estimated)
      return (dot(one, wa), dot(one, wb), dot(estimated, wb), wa, wb)
    }

    func normalInverse() throws(FitFault) -> Matrix {
      let n = normal()
      return try inverse(n.aa, n.ab, n.bb)
    }

    func step() throws(FitFault) -> (a: Double, b: Double, relative: Double) {
      let n = normal()
      let covariance = try inverse(n.aa, n.ab, n.bb)
      let ra = dot(n.wa, e)
      let rb = dot(n.wb, e)
      let da = covariance[0, 0] * ra + covariance[0, 1] * rb
      let db = covariance[1, 0] * ra + covariance[1, 1] * rb
      let relative = max(da.magnitude / covariance[0, 0].squareRoot(), db.magnitude / covariance[1, 1].squareRoot())
      return (da, db, relative)
    }

    private func inverse(_ aa: Double, _ ab: Double, _ bb: Double) throws(FitFault) -> Matrix {
      let determinant = aa * bb - ab * ab
      guard aa > 0, bb > 0, determinant > 8 * Double.ulpOfOne * aa * bb, determinant.isFinite else {
        throw .undeterminedParameter(name: "slope")
      }
      var result = Matrix(diagonal: [bb / determinant, aa / determinant])
      result[0, 1] = -ab / determinant
      result[1, 0] = result[0, 1]
      return result
    }

    /// H⁻¹ (J U Jᵀ) H⁻¹ with the exact Hessian H of χ²/2 in (a, b) and the derivatives J of its gradient with respect to
    /// the data (implicit differentiation of the estimate's equations; GUM 5.1.2 and 5.2.2).
    func propagated(_ covariance: PairCovariance) throws(FitFault) -> Matrix {
      let one = [Double](repeating: 1, count: x.count)
      // dV/db · q = −(U_xy + U_yx) q + 2 b U_x q
      let qxy = covariance.timesXY(q)
      let qyx = covariance.timesYX(q)
      let qx = covariance.timesX(q)
      let vq = x.indices.map { 2 * b * qx[$0] - qxy[$0] - qyx[$0] }
      let wa = divisor.divide(one)
      let wb = divisor.divide(x.indices.map { x[$0] + vq[$0] })
      let hab = dot(one, wb)
      let hbb = dot(x, wb) + dot(vq, wb) - dot(q, qx)
      let inverseHessian = try inverse(dot(one, wa), hab, hbb)
      // Gradient derivatives: with respect to y they are −w, with respect to x they are b w (and −q more for b).
      let jaX = wa.map { b * $0 }
      let jbX = x.indices.map { b * wb[$0] - q[$0] }
      let jaY = wa.map { -$0 }
      let jbY = wb.map { -$0 }
      func form(_ leftX: [Double], _ leftY: [Double], _ rightX: [Double], _ rightY: [Double]) -> Double {
        dot(leftX, covariance.timesX(rightX)) + dot(leftY, covariance.timesY(rightY))
          + dot(leftX, covariance.timesXY(rightY)) + dot(leftY, covariance.timesYX(rightX))
      }
      var middle = Matrix(diagonal: [form(jaX, jaY, jaX, jaY), form(jbX, jbY, jbX, jbY)])
      middle[0, 1] = form(jaX, jaY, jbX, jbY)
      middle[1, 0] = middle[0, 1]
      return inverseHessian * middle * inverseHessian
    }
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for index in a.indices { sum += a[index] * b[index] }
  return sum
}
