/// Integrals by adaptive bisection with the 7-point Gauss and 15-point Kronrod pair (QUADPACK, R. Piessens and
/// co-workers, 1983).
public enum Quadrature {
  /// Why an integral has no value.
  public enum Fault: Error, Equatable, Sendable {
    /// Bounds that are not finite.
    case bounds(Double, Double)
    /// The integrand is not finite at an argument.
    case integrand(at: Double)
    /// The tolerance was not reached with 2000 bisections; the estimate of the error is given.
    case noConvergence(errorEstimate: Double)
  }

  /// A part of the range, its integral and the estimate of that one's error.
  private struct Piece {
    var low = 0.0
    var high = 0.0
    var value = 0.0
    var error = 0.0
  }

  /// ∫ f from a to b with a requested absolute or relative error, whichever is larger. Nothing is allocated.
  /// - Parameters:
  ///   - breakpoints: Arguments where f has a kink or a narrow transition, in any order; those that do not lie between a
  ///     and b are left out. At most 40.
  ///   - absoluteError: Requested bound of the error; the estimate is a conservative one.
  /// - Throws: `Fault`.
  public static func integrate(
    from a: Double, to b: Double, breakpoints: Span<Double> = Span(), absoluteError: Double = 1e-14,
    relativeError: Double = 1e-13, _ f: (Double) -> Double
  ) throws(Fault) -> Double {
    guard a.isFinite, b.isFinite else { throw .bounds(a, b) }
    precondition(breakpoints.count <= 40, "more breakpoints than there is room for")
    if a == b { return 0 }
    var left = 2000
    let whole = try integral(
      Swift.min(a, b), Swift.max(a, b), breakpoints, absoluteError, relativeError, bisectionsLeft: &left, f)
    return a < b ? whole : -whole
  }

  /// The intervals at work are on the stack. When there is no room for more, the worst one is a range of its own.
  private static func integral(
    _ a: Double, _ b: Double, _ breakpoints: Span<Double>, _ absoluteError: Double, _ relativeError: Double,
    bisectionsLeft left: inout Int, _ f: (Double) -> Double
  ) throws(Fault) -> Double {
    let capacity = 48
    var pieces = InlineArray<48, Piece>(repeating: Piece())
    var count = 0
    var edge = a
    while edge < b {
      var next = b
      for index in breakpoints.indices where breakpoints[index] > edge && breakpoints[index] < next {
        next = breakpoints[index]
      }
      pieces[count] = try piece(edge, next, f)
      count += 1
      edge = next
    }
    // Parts that were ranges of their own.
    var settled = 0.0
    var settledError = 0.0
    while true {
      var value = settled
      var error = settledError
      var worst = 0
      for index in 0..<count {
        value += pieces[index].value
        error += pieces[index].error
        if pieces[index].error > pieces[worst].error { worst = index }
      }
      let allowed = Swift.max(absoluteError, relativeError * Swift.abs(value))
      if error <= allowed { return value }
      let low = pieces[worst].low
      let high = pieces[worst].high
      let middle = 0.5 * (low + high)
      // An interval of neighbouring doubles can not be split; its error is rounding.
      guard middle > low, middle < high else {
        pieces[worst].error = 0
        continue
      }
      guard left > 0 else { throw .noConvergence(errorEstimate: error) }
      left -= 1
      if count == capacity {
        // Forty-eight such parts together take half of what is allowed.
        let share = allowed / Double(2 * capacity)
        settled += try integral(low, high, Span(), share, 0, bisectionsLeft: &left, f)
        settledError += share
        count -= 1
        pieces[worst] = pieces[count]
      } else {
        pieces[worst] = try piece(low, middle, f)
        pieces[count] = try piece(middle, high, f)
        count += 1
      }
    }
  }

  private static func piece(_ low: Double, _ high: Double, _ f: (Double) -> Double) throws(Fault) -> Piece {
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
    return Piece(low: low, high: high, value: fine * half, error: error)
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
