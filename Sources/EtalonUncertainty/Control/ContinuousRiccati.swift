import EtalonMetrology

/// The continuous algebraic Riccati equation of linear-quadratic control, Aᵀ X + X A − X B R⁻¹ Bᵀ X + Q = 0.
///
/// A Cayley transform turns it into a discrete problem for the structure-preserving doubling algorithm (E. K.-W. Chu,
/// H.-Y. Fan and W.-W. Lin, Linear Algebra Appl. 396 (2005) 55); Newton's method (D. L. Kleinman, IEEE Trans. Autom. Control
/// 13 (1968) 114) gives the last digits.
public enum ContinuousRiccati {
  /// The stabilising solution.
  /// - Parameters:
  ///   - a: n by n state matrix.
  ///   - b: n by m input matrix.
  ///   - q: n by n symmetric weight of the state.
  ///   - r: m by m symmetric weight of the input, not singular.
  /// - Throws: `.extent`, `.notFinite`, `.notSymmetric`, `.singularWeight`, `.notStabilisable`, `.notSolved`.
  public static func solve(a: Matrix, b: Matrix, q: Matrix, r: Matrix) throws(RiccatiFault) -> RiccatiSolution {
    let n = a.rowCount
    let m = b.columnCount
    try a.check("A", n, n, symmetric: false)
    try b.check("B", n, m, symmetric: false)
    try q.check("Q", n, n, symmetric: true)
    try r.check("R", m, m, symmetric: true)
    guard let inner = r.solved(b.transposed) else { throw .singularWeight }
    let g = (b * inner).symmetrised
    var best: RiccatiSolution?
    // The shift must avoid the eigenvalues of A and of its closed loop; several orders of magnitude are tried.
    let size = max(a.largest, (g.largest * q.largest).squareRoot(), 1e-300)
    for factor in [1.3, 0.37, 5.1, 0.071, 23, 0.0093] {
      guard let start = doubling(a, g, q, shift: factor * size) else { continue }
      let solution = newton(a, g, q, inner, start: start, shift: factor * size)
      if solution.relativeResidual < best?.relativeResidual ?? .infinity { best = solution }
      if let best, best.relativeResidual < 1e-13 { break }
    }
    guard let best else { throw .notStabilisable }
    guard best.relativeResidual < 1e-9 else { throw .notSolved(relativeResidual: best.relativeResidual) }
    guard stein(a - g * best.cost, Matrix.identity(n), shift: 1.3 * size) != nil else { throw .notStabilisable }
    return best
  }

  private static func doubling(_ a: Matrix, _ g: Matrix, _ q: Matrix, shift: Double) -> Matrix? {
    let n = a.rowCount
    let identity = Matrix.identity(n)
    let shifted = a - identity.scaled(by: shift)
    // Chu, Fan and Lin, equations 10 to 12.
    guard let ag = shifted.solved(g), let aq = shifted.transposed.solved(q) else { return nil }
    let w = shifted.transposed + q * ag
    let v = shifted + g * aq
    guard let vInverse = v.solved(identity), let wInverse = w.solved(identity),
      let aInverse = shifted.solved(identity)
    else { return nil }
    var state = identity + vInverse.scaled(by: 2 * shift)
    var gk = (ag * wInverse).scaled(by: 2 * shift).symmetrised
    var hk = (wInverse * (q * aInverse)).scaled(by: 2 * shift).symmetrised
    for _ in 0..<60 {
      let inner = identity + gk * hk
      guard let wa = inner.solved(state), let wg = inner.solved(gk) else { return nil }
      let step = (state.transposed * (hk * wa)).symmetrised
      gk = (gk + state * wg * state.transposed).symmetrised
      hk = hk + step
      state = state * wa
      guard hk.largest.isFinite, gk.largest.isFinite, state.largest.isFinite else { return nil }
      if step.largest <= 1e-16 * max(hk.largest, 1e-300) { return hk }
    }
    return nil
  }

  private static func residual(_ a: Matrix, _ g: Matrix, _ q: Matrix, _ x: Matrix) -> Double {
    let xa = x * a
    let xgx = x * (g * x)
    let value = xa.transposed + xa - xgx + q
    return value.largest / max(xa.largest, xgx.largest, q.largest, 1e-300)
  }

  private static func newton(
    _ a: Matrix, _ g: Matrix, _ q: Matrix, _ inner: Matrix, start: Matrix, shift: Double
  ) -> RiccatiSolution {
    func solution(_ x: Matrix) -> RiccatiSolution {
      RiccatiSolution(cost: x, gain: inner * x, relativeResidual: residual(a, g, q, x))
    }
    var best = solution(start.symmetrised)
    var x = start
    for _ in 0..<6 {
      // (A − G X)ᵀ Y + Y (A − G X) + Q + X G X = 0.
      guard let next = stein(a - g * x, (q + x * (g * x)).symmetrised, shift: shift) else { break }
      let candidate = solution(next)
      let isBetter = candidate.relativeResidual < best.relativeResidual
      if isBetter { best = candidate }
      if !isBetter { break }
      x = next
    }
    return best
  }

  /// Cᵀ Y + Y C + W = 0 by a Cayley transform to a discrete equation; nil when C is not stable.
  private static func stein(_ c: Matrix, _ w: Matrix, shift: Double) -> Matrix? {
    let identity = Matrix.identity(c.rowCount)
    let minus = c - identity.scaled(by: shift)
    guard let u = minus.solved(c + identity.scaled(by: shift)), let left = minus.transposed.solved(w),
      let weight = minus.transposed.solved(left.transposed)
    else { return nil }
    return DiscreteRiccati.stein(u, weight.scaled(by: 2 * shift).symmetrised)
  }
}
