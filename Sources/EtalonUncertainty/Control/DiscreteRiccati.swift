import EtalonMetrology

/// The discrete algebraic Riccati equation of linear-quadratic control,
/// X = Aᵀ X A − Aᵀ X B (R + Bᵀ X B)⁻¹ Bᵀ X A + Q.
///
/// The structure-preserving doubling algorithm (E. K.-W. Chu, H.-Y. Fan, W.-W. Lin and C.-S. Wang, Int. J. Control 77 (2004)
/// 767) gives a stabilising gain, and Newton's method (G. A. Hewer, IEEE Trans. Autom. Control 16 (1971) 382) the last
/// digits. Newton's method needs no inverse of R, so a singular R (a deadbeat problem) is only perturbed for the start.
public enum DiscreteRiccati {
  /// The stabilising solution.
  /// - Parameters:
  ///   - a: n by n state matrix.
  ///   - b: n by m input matrix.
  ///   - q: n by n symmetric weight of the state.
  ///   - r: m by m symmetric weight of the input.
  /// - Throws: `.extent`, `.notFinite`, `.notSymmetric`, `.notStabilisable`, `.notSolved`.
  public static func solve(a: Matrix, b: Matrix, q: Matrix, r: Matrix) throws(RiccatiFault) -> RiccatiSolution {
    let n = a.rowCount
    let m = b.columnCount
    try a.check("A", n, n, symmetric: false)
    try b.check("B", n, m, symmetric: false)
    try q.check("Q", n, n, symmetric: true)
    try r.check("R", m, m, symmetric: true)
    var best: RiccatiSolution?
    // 0 first; then a weight that grows until the start is stabilising.
    for perturbation in [0, 1e-8, 1e-5, 1e-2, 1] {
      var weight = r
      let scale = max(r.largest, q.largest * b.largest * b.largest, 1e-300)
      for index in 0..<m { weight[index, index] += perturbation * scale }
      guard let start = doubling(a, b, q, weight) else { continue }
      if let solution = newton(a, b, q, r, start: start),
        solution.relativeResidual < best?.relativeResidual ?? .infinity
      {
        best = solution
      }
      if let best, best.relativeResidual < 1e-12 { return best }
    }
    guard let best else { throw .notStabilisable }
    guard best.relativeResidual < 1e-9 else { throw .notSolved(relativeResidual: best.relativeResidual) }
    return best
  }

  /// X by doubling, or nil where R is singular or the iteration does not settle.
  private static func doubling(_ a: Matrix, _ b: Matrix, _ q: Matrix, _ r: Matrix) -> Matrix? {
    let n = a.rowCount
    guard let inner = r.solved(b.transposed) else { return nil }
    var state = a
    var g = (b * inner).symmetrised
    var h = q
    for _ in 0..<60 {
      let w = Matrix.identity(n) + g * h
      guard let wa = w.solved(state), let wg = w.solved(g) else { return nil }
      let step = (state.transposed * (h * wa)).symmetrised
      g = (g + state * wg * state.transposed).symmetrised
      h = h + step
      state = state * wa
      guard h.largest.isFinite, g.largest.isFinite, state.largest.isFinite else { return nil }
      if step.largest <= 1e-16 * max(h.largest, 1e-300) { return h }
    }
    return nil
  }

  private static func gain(_ a: Matrix, _ b: Matrix, _ r: Matrix, _ x: Matrix) -> Matrix? {
    let bx = b.transposed * x
    return (r + bx * b).solved(bx * a)
  }

  private static func residual(_ a: Matrix, _ b: Matrix, _ q: Matrix, _ x: Matrix, _ gain: Matrix) -> Double {
    let ax = a.transposed * x
    let control = (ax * b) * gain
    let value = (ax * a) - x - control + q
    return value.largest / max((ax * a).largest, x.largest, q.largest, 1e-300)
  }

  /// Hewer's iteration; each step solves X = Cᵀ X C + Q + Kᵀ R K for the closed loop C = A − B K.
  private static func newton(
    _ a: Matrix, _ b: Matrix, _ q: Matrix, _ r: Matrix, start: Matrix
  ) -> RiccatiSolution? {
    guard var k = gain(a, b, r, start) else { return nil }
    var best: RiccatiSolution?
    for _ in 0..<60 {
      let closed = a - b * k
      guard let x = stein(closed, (q + k.transposed * (r * k)).symmetrised), let next = gain(a, b, r, x) else { break }
      let error = residual(a, b, q, x, next)
      let isBetter = error < best?.relativeResidual ?? .infinity
      if isBetter { best = RiccatiSolution(cost: x, gain: next, relativeResidual: error) }
      if error < 1e-16 || (!isBetter && error < 1e-9) { break }
      k = next
    }
    return best
  }

  /// X = Cᵀ X C + W by doubling (R. A. Smith 1968); nil when C is not stable.
  static func stein(_ c: Matrix, _ w: Matrix) -> Matrix? {
    var power = c
    var x = w
    for _ in 0..<60 {
      let step = power.transposed * (x * power)
      x = (x + step).symmetrised
      power = power * power
      guard x.largest.isFinite, power.largest.isFinite else { return nil }
      if step.largest <= 1e-17 * x.largest && power.largest < 1 || power.largest == 0 { return x }
    }
    return nil
  }
}
