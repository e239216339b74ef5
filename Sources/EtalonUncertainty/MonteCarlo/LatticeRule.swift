import EtalonMetrology

/// Points that fill the unit cube more evenly than random ones: a rank-1 lattice of 2¹⁵ points with a random shift.
///
/// Point k has the coordinates {k zⱼ/N + Δⱼ}. Every coordinate by itself is uniform on the unit interval and the estimates
/// stay unbiased; the shift Δ is drawn anew for each block, so that the spread between blocks tells the error as it does
/// for random numbers (J. Dick, F. Y. Kuo and I. H. Sloan, Acta Numerica 22 (2013) 133, sections 2.9 and 5).
/// The generating vector was made component by component for the weights 1/j² and the kernel of that review's section
/// 5.1; early coordinates fill best.
struct LatticeRule {
  /// Number of points.
  static let count = 32_768
  /// Number of coordinates.
  static let dimensions = 48

  private static let generator: [Int] = [
    1, 12545, 5323, 2171, 1239, 8245, 9957, 9343, 739, 12197, 8967, 6599, 10795, 6669, 10521, 3225, 13175, 3541, 669,
    4775, 13503, 15409, 7845, 1937, 6335, 1381, 3757, 6851, 7277, 7141, 7317, 11441, 16165, 2311, 705, 14535, 12805,
    6177, 7091, 3085, 2415, 10451, 3913, 8803, 12101, 287, 4147, 14175,
  ]

  private var shifts: [Double] = []

  /// Draws a shift for each of so many coordinates.
  init(dimensions: Int, from stream: inout RandomStream) {
    for _ in 0..<dimensions { shifts.append(stream.uniform()) }
  }

  /// Coordinate j of point k, above 0 and below 1.
  @inline(__always)
  func coordinate(_ k: Int, _ j: Int) -> Double {
    let x = Double((k &* Self.generator[j]) & (Self.count - 1)) / Double(Self.count) + shifts[j]
    return min(max(x < 1 ? x : x - 1, 0x1p-54), 1 - 0x1p-53)
  }
}

/// Quantiles of the normal and of t distributions, fast enough to be asked for at every draw.
struct QuantileTable: Sendable {
  private static let step = 1.0 / 16
  private static let nodes = 134
  /// Quantiles of t and their derivatives at the nodes of the normal quantile, 0 … 8.3; empty for the normal.
  private let values: [Double]
  private let slopes: [Double]

  /// - Parameter degreesOfFreedom: infinite for the normal distribution.
  init(degreesOfFreedom: Double) throws(UncertaintyFault) {
    guard degreesOfFreedom.isFinite else {
      values = []
      slopes = []
      return
    }
    var values: [Double] = []
    var slopes: [Double] = []
    do throws(DistributionFault) {
      let t = try StudentT(degreesOfFreedom: degreesOfFreedom)
      for node in 0..<Self.nodes {
        let z = Double(node) * Self.step
        let x = node == 0 ? 0 : -(try t.quantile(NormalDistribution.standard.cumulative(-z)))
        values.append(x)
        slopes.append(NormalDistribution.standard.density(z) / t.density(x))
      }
    } catch { throw .distribution(error) }
    self.values = values
    self.slopes = slopes
  }

  /// The quantile of probability p, 0 < p < 1; relative error below 10⁻⁵ for t, which no interval of 10⁷ draws shows.
  func callAsFunction(_ p: Double) -> Double {
    let z = Self.normal(p)
    if values.isEmpty { return z }
    let position = min(z.magnitude / Self.step, Double(Self.nodes) - 1.001)
    let i = Int(position)
    let s = position - Double(i)
    // Cubic Hermite interpolation between two nodes.
    let r = 1 - s
    let x =
      r * r * ((1 + 2 * s) * values[i] + s * Self.step * slopes[i])
      + s * s * ((1 + 2 * r) * values[i + 1] - r * Self.step * slopes[i + 1])
    return z < 0 ? -x : x
  }

  /// The normal quantile to about seven digits: M. J. Wichura, algorithm AS 241 (PPND7), Appl. Stat. 37 (1988) 477.
  static func normal(_ p: Double) -> Double {
    let q = p - 0.5
    if q.magnitude <= 0.425 {
      let r = 0.180625 - q * q
      return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)
        / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1)
    }
    var r = (-Elementary.log(q < 0 ? p : 1 - p)).squareRoot()
    let x: Double
    if r <= 5 {
      r -= 1.6
      x =
        (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777)
        / ((0.12021132975 * r + 0.73700164250) * r + 1)
    } else {
      r -= 5
      x =
        (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150)
        / ((0.012258202635 * r + 0.24197894225) * r + 1)
    }
    return q < 0 ? -x : x
  }
}
