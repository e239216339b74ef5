/// The discrete algebraic Riccati equation of a small control problem with one input, on a chip as on a host.
///
/// X = Aᵀ X A − Aᵀ X b (r + bᵀ X b)⁻¹ bᵀ X A + Q by the structure-preserving doubling algorithm (E. K.-W. Chu, H.-Y. Fan,
/// W.-W. Lin and C.-S. Wang, Int. J. Control 77 (2004) 767, algorithm SDA): with A₀ = A, G₀ = b bᵀ/r, H₀ = Q,
/// ```
/// W = I + Gₖ Hₖ,   Aₖ₊₁ = Aₖ W⁻¹ Aₖ,   Gₖ₊₁ = Gₖ + Aₖ W⁻¹ Gₖ Aₖᵀ,   Hₖ₊₁ = Hₖ + Aₖᵀ Hₖ W⁻¹ Aₖ
/// ```
/// Hₖ rises to X, and each step doubles the horizon, so that a dozen steps do. Storage is in place.
public struct RiccatiDoubling<let n: Int>: Sendable {
  /// A square matrix by rows.
  public typealias Square = InlineArray<n, InlineArray<n, Double>>
  /// A vector.
  public typealias Vector = InlineArray<n, Double>

  /// The stabilising solution X; x₀ᵀ X x₀ is the least cost from the state x₀ on.
  public let cost: Square
  /// The gain K = (r + bᵀ X b)⁻¹ bᵀ X A of u = −K x.
  public let gain: Vector
  /// Largest element of the equation's residual over that of X.
  public let relativeResidual: Double
  /// Number of doubling steps done.
  public let steps: Int

  /// Solves the equation.
  /// - Parameters:
  ///   - a: state matrix.
  ///   - b: input vector.
  ///   - q: weight of the state, symmetric and not negative.
  ///   - r: weight of the input, above 0.
  /// - Throws: `.notPositive` for r, `.outOfRange` for a value that is not finite, `.notStabilisable` where no stabilising
  ///   solution is found.
  public init(a: Square, b: Vector, q: Square, r: Double) throws(ControlFault) {
    try ControlFault.checkPositive(r)
    var state = a
    var g = Square(repeating: Vector(repeating: 0))
    var h = q
    for i in 0..<n {
      for j in 0..<n {
        guard a[i][j].isFinite else { throw .outOfRange(a[i][j]) }
        guard q[i][j].isFinite else { throw .outOfRange(q[i][j]) }
        g[i][j] = b[i] * b[j] / r
      }
      guard b[i].isFinite else { throw .outOfRange(b[i]) }
    }
    var count = 0
    var isSettled = false
    while count < 60, !isSettled {
      var w = SquareMatrix<n>.product(g, h)
      for i in 0..<n { w[i][i] += 1 }
      guard let wa = SquareMatrix<n>.solved(w, state), let wg = SquareMatrix<n>.solved(w, g) else {
        throw .notStabilisable
      }
      let step = SquareMatrix<n>.product(SquareMatrix<n>.transposed(state), SquareMatrix<n>.product(h, wa))
      let rise = SquareMatrix<n>.product(SquareMatrix<n>.product(state, wg), SquareMatrix<n>.transposed(state))
      state = SquareMatrix<n>.product(state, wa)
      for i in 0..<n {
        for j in 0..<n {
          // Symmetric to rounding; the mean of both halves keeps it exactly so.
          h[i][j] += 0.5 * (step[i][j] + step[j][i])
          g[i][j] += 0.5 * (rise[i][j] + rise[j][i])
        }
      }
      count += 1
      let size = SquareMatrix<n>.largest(h)
      guard size.isFinite, SquareMatrix<n>.largest(g).isFinite else { throw .notStabilisable }
      isSettled = SquareMatrix<n>.largest(step) <= 1e-16 * size
    }
    guard isSettled else { throw .notStabilisable }
    cost = h
    steps = count
    // K and the residual of the equation itself, which convergence alone does not promise.
    let hb = SquareMatrix<n>.product(h, b)
    var weight = r
    for i in 0..<n { weight += b[i] * hb[i] }
    var k = Vector(repeating: 0)
    for j in 0..<n {
      for i in 0..<n { k[j] += hb[i] * a[i][j] }
      k[j] /= weight
    }
    gain = k
    let around = SquareMatrix<n>.product(SquareMatrix<n>.transposed(a), SquareMatrix<n>.product(h, a))
    var residual = 0.0
    for i in 0..<n {
      for j in 0..<n {
        residual = max(residual, (around[i][j] - k[i] * weight * k[j] + q[i][j] - h[i][j]).magnitude)
      }
    }
    relativeResidual = residual / max(SquareMatrix<n>.largest(h), SquareMatrix<n>.largest(around), 1e-300)
    guard relativeResidual < 1e-8 else { throw .notStabilisable }
  }
}
