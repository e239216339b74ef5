/// Integrals by adaptive bisection with the 7-point Gauss and 15-point Kronrod pair (QUADPACK, R. Piessens and
/// co-workers, 1983).
public enum Quadrature {
  /// Why an integral has no value.
  public enum Fault: Error, Equatable, Sendable {
    /// Bounds that are not finite.
    case bounds(Double, Double)
    /// The integrand is not finite at an argument.
    case integrand(at: Double)
    /// The tolerance was not reached with 2000 intervals; the estimate of the error is given.
    case noConvergence(errorEstimate: Double)
  }

  /// ∫ f from a to b with a requested absolute error.
  /// - Parameters:
  ///   - breakpoints: Arguments between a and b where f has a kink or a narrow transition.
  ///   - absoluteError: Requested bound of the error; the estimate is a conservative one.
  public static func integrate(
    from a: Double, to b: Double, breakpoints: [Double] = [], absoluteError: Double = 1e-14,
    relativeError: Double = 1e-13, _ f: (Double) -> Double
  ) throws(Fault) -> Double {
    guard a.isFinite, b.isFinite else { throw .bounds(a, b) }
    if a >= b { return a == b ? 0 : -(try integrate(from: b, to: a, breakpoints: breakpoints, f)) }
    var edges = [a]
    for point in breakpoints.sorted() where point > edges[edges.count - 1] && point < b { edges.append(point) }
    edges.append(b)
    var pieces: [(low: Double, high: Double, value: Double, error: Double)] = []
    for index in 1..<edges.count { pieces.append(try piece(edges[index - 1], edges[index], f)) }
    while true {
      var value = 0.0
      var error = 0.0
      var worst = 0
      for index in pieces.indices {
        value += pieces[index].value
        error += pieces[index].error
        if pieces[index].error > pieces[worst].error { worst = index }
      }
      if error <= Swift.max(absoluteError, relativeError * Swift.abs(value)) { return value }
      guard pieces.count < 2000 else { throw .noConvergence(errorEstimate: error) }
      let (low, high, _, _) = pieces[worst]
      let middle = 0.5 * (low + high)
      // An interval of neighbouring doubles can not be split; its error is rounding.
      guard middle > low, middle < high else {
        pieces[worst].error = 0
        continue
      }
      pieces[worst] = try piece(low, middle, f)
      pieces.append(try piece(middle, high, f))
    }
  }

  private static func piece(_ low: Double, _ high: Double, _ f: (Double) -> Double) throws(Fault) -> (
    low: Double, high: Double, value: Double, error: Double
  ) {
    let nodes: InlineArray<8, Double> = [
      0.991455371120812639206854697526329, 0.949107912342758524526189684047851, 0.864864423359769072789712788640926,
      0.741531185599394439863864773280788, 0.586087235467691130294144691693013, 0.405845151377397166906606412076961,
      0.207784955007898467600689403773245, 0,
    ]
    let kronrod: InlineArray<8, Double> = [
      0.022935322010529224963732008058970, 0.063092092629978553290700663189204, 0.104790010322250183839876322541518,
      0.140653259715525918745189590510238, 0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
      0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
    ]
    let gauss: InlineArray<4, Double> = [
      0.129484966168869693270611432679082, 0.279705391489276667901467771423780, 0.381830050505118944950369775488975,
      0.417959183673469387755102040816327,
    ]
    let centre = 0.5 * (low + high)
    let half = 0.5 * (high - low)
    var fine = 0.0
    var coarse = 0.0
    for index in 0..<8 {
      let offset = half * nodes[index]
      var sum = f(centre - offset)
      if index < 7 { sum += f(centre + offset) }
      guard sum.isFinite else { throw .integrand(at: centre + offset) }
      fine += kronrod[index] * sum
      if index % 2 == 1 { coarse += gauss[index / 2] * sum }
    }
    let difference = Swift.abs(fine - coarse) * half
    // The Kronrod value is far better than its distance from the Gauss value; QUADPACK's scaling says so.
    let scaled = Swift.abs(fine) * half
    let ratio = scaled > 0 ? 200 * difference / scaled : 0
    let error = ratio < 1 ? scaled * ratio * ratio.squareRoot() : difference
    return (low, high, fine * half, error)
  }
}

extension Quadrature.Fault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .bounds(let a, let b): return "the integral from \(a) to \(b) has a bound that is not finite"
    case .integrand(let x): return "the integrand is not finite at \(x)"
    case .noConvergence(let error): return "the integral did not converge; its error is about \(error)"
    }
  }
}
