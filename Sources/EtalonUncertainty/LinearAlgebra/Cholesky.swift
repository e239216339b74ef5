import EtalonMetrology

/// Lower triangular factor of a symmetric positive definite matrix: A = L Lᵀ.
struct Cholesky<Scalar: LinearScalar> {
  let count: Int
  /// Row by row, zero above the diagonal.
  private(set) var factor: [Scalar]

  struct NotPositiveDefinite: Error {
    /// Order of the first leading minor that is not positive, counted from 0.
    let pivot: Int
  }

  /// Factorises the lower triangle of `elements`, given row by row.
  ///
  /// A pivot counts as positive if it keeps more than 2^−44 of its diagonal element: what is below can not be told from
  /// zero when the elements are rounded to a `Double`.
  init(_ elements: [Scalar], count: Int) throws(NotPositiveDefinite) {
    precondition(elements.count == count * count, "The elements do not fill the matrix.")
    self.count = count
    factor = [Scalar](repeating: .zero, count: count * count)
    for r in 0..<count {
      for c in 0...r {
        var sum = elements[r * count + c]
        for k in 0..<c { sum -= factor[r * count + k] * factor[c * count + k] }
        if r == c {
          let least = elements[r * count + r] * Scalar(5.7e-14)
          guard sum > least, sum > .zero, sum.isFinite else { throw NotPositiveDefinite(pivot: r) }
          factor[r * count + r] = sum.squareRoot()
        } else {
          factor[r * count + c] = sum / factor[c * count + c]
        }
      }
    }
  }

  /// L⁻¹ v in place: makes observations with covariance A uncorrelated with unit variance.
  func whiten(_ vector: inout [Scalar], from start: Int = 0) {
    for r in 0..<count {
      var sum = vector[start + r]
      for k in 0..<r { sum -= factor[r * count + k] * vector[start + k] }
      vector[start + r] = sum / factor[r * count + r]
    }
  }

  /// L⁻ᵀ v in place; after `whiten`, v has become A⁻¹ v.
  func solveTransposed(_ vector: inout [Scalar]) {
    for r in stride(from: count - 1, through: 0, by: -1) {
      var sum = vector[r]
      for k in (r + 1)..<max(count, r + 1) { sum -= factor[k * count + r] * vector[k] }
      vector[r] = sum / factor[r * count + r]
    }
  }
}
