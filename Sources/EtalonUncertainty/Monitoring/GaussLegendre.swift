import EtalonMetrology

/// Nodes and weights of Gauss and Legendre's rule, by Newton's method on the Legendre polynomial.
struct GaussLegendre {
  private(set) var nodes: [Double] = []
  private(set) var weights: [Double] = []

  init(order n: Int, from a: Double, to b: Double) {
    for index in 0..<n {
      var x = Elementary.cos(3.141592653589793 * (Double(index) + 0.75) / (Double(n) + 0.5))
      var slope = 1.0
      for _ in 0..<20 {
        var p0 = 1.0
        var p1 = x
        for k in 2...n {
          let p2 = (Double(2 * k - 1) * x * p1 - Double(k - 1) * p0) / Double(k)
          p0 = p1
          p1 = p2
        }
        slope = Double(n) * (x * p1 - p0) / (x * x - 1)
        let step = p1 / slope
        x -= step
        if abs(step) < 1e-16 { break }
      }
      nodes.append(0.5 * (a + b) - 0.5 * (b - a) * x)
      weights.append((b - a) / ((1 - x * x) * slope * slope))
    }
  }
}
