/// Uncertainties of points (x, y): of each pair by itself, or of all coordinates together.
enum PairCovariance {
  /// Variances of x and y and their covariance, point by point.
  case independent(x: [Double], y: [Double], xy: [Double])
  /// Covariance matrices among the x, among the y, and of x (rows) with y (columns).
  case full(x: Matrix, y: Matrix, xy: Matrix)

  /// Covariance of e = y − a − b x for a slope, ready to be divided by.
  enum Divisor {
    case diagonal([Double])
    case triangular(Cholesky<Double>)

    /// V⁻¹ v.
    func divide(_ vector: [Double]) -> [Double] {
      switch self {
      case .diagonal(let variances): return vector.indices.map { vector[$0] / variances[$0] }
      case .triangular(let cholesky):
        var result = vector
        cholesky.whiten(&result)
        cholesky.solveTransposed(&result)
        return result
      }
    }
  }

  func divisor(slope b: Double) throws(FitFault) -> Divisor {
    switch self {
    case .independent(let x, let y, let xy):
      let variances = x.indices.map { y[$0] - 2 * b * xy[$0] + b * b * x[$0] }
      for (index, variance) in variances.enumerated() {
        guard variance > 0 else { throw .notPositiveDefinite(input: "uncertainty of the points", index: index) }
      }
      return .diagonal(variances)
    case .full(let x, let y, let xy):
      let m = x.rowCount
      var elements = [Double](repeating: 0, count: m * m)
      for r in 0..<m {
        for c in 0..<m {
          elements[r * m + c] = y[r, c] - b * (xy[r, c] + xy[c, r]) + b * b * x[r, c]
        }
      }
      do {
        return .triangular(try Cholesky(elements, count: m))
      } catch {
        throw .notPositiveDefinite(input: "covariance of the points", index: error.pivot)
      }
    }
  }

  /// U_x v.
  func timesX(_ vector: [Double]) -> [Double] {
    switch self {
    case .independent(let x, _, _): return vector.indices.map { x[$0] * vector[$0] }
    case .full(let x, _, _): return Self.times(x, vector)
    }
  }

  /// U_y v.
  func timesY(_ vector: [Double]) -> [Double] {
    switch self {
    case .independent(_, let y, _): return vector.indices.map { y[$0] * vector[$0] }
    case .full(_, let y, _): return Self.times(y, vector)
    }
  }

  /// U_xy v (covariance of x with what v combines of y).
  func timesXY(_ vector: [Double]) -> [Double] {
    switch self {
    case .independent(_, _, let xy): return vector.indices.map { xy[$0] * vector[$0] }
    case .full(_, _, let xy): return Self.times(xy, vector)
    }
  }

  /// U_xyᵀ v.
  func timesYX(_ vector: [Double]) -> [Double] {
    switch self {
    case .independent(_, _, let xy): return vector.indices.map { xy[$0] * vector[$0] }
    case .full(_, _, let xy): return Self.times(xy.transposed, vector)
    }
  }

  private static func times(_ matrix: Matrix, _ vector: [Double]) -> [Double] {
    (0..<matrix.rowCount).map { r in
      var sum = 0.0
      for c in vector.indices { sum += matrix[r, c] * vector[c] }
      return sum
    }
  }
}
