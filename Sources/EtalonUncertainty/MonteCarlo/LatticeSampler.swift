import EtalonMetrology

/// Draws columns of inputs through the points of a lattice instead of independent random numbers.
///
/// Inputs that matter most get the first coordinates. Ensembles of correlated inputs, truncated normal inputs, t of a broken
/// number of degrees of freedom below three, and inputs beyond the last coordinate stay random; both kinds may stand side by
/// side without bias.
struct LatticeSampler: Sendable {
  private struct Entry: Sendable {
    var single: InputSampler.Single
    /// First coordinate; two follow one another where the distribution needs two.
    var coordinate: Int
    var quantile: QuantileTable
  }
  private var entries: [Entry] = []
  private var random: [InputSampler.Single] = []
  private let ensembles: [InputSampler.Ensemble]
  /// Coordinates in use.
  private(set) var dimensions = 0

  /// - Parameter importance: the first-order contribution of each input, by its column.
  init(_ sampler: InputSampler, importance: [Double]) throws(UncertaintyFault) {
    ensembles = sampler.ensembles
    let order = sampler.singles.sorted {
      (abs(importance[$0.column]), $1.column) > (abs(importance[$1.column]), $0.column)
    }
    for single in order {
      let needed: Int
      var dof = Double.infinity
      switch single.distribution {
      case .exact, .truncatedNormal: needed = 0
      case .curvilinearTrapezoidal, .trapezoidal: needed = 2
      case .studentT(_, let own):
        // Below three degrees of freedom the quantiles grow too fast for a table; 1 and 2 have formulas.
        needed = own >= 3 || own == 1 || own == 2 ? 1 : 0
        dof = own >= 3 ? own : .infinity
      default: needed = 1
      }
      guard needed > 0, dimensions + needed <= LatticeRule.dimensions else {
        random.append(single)
        continue
      }
      entries.append(
        Entry(single: single, coordinate: dimensions, quantile: try QuantileTable(degreesOfFreedom: dof)))
      dimensions += needed
    }
  }

  /// Fills `count` draws of all columns with the points from `first` on.
  func fill(
    _ columns: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>, count: Int, first: Int,
    _ lattice: LatticeRule, from stream: inout RandomStream
  ) {
    for entry in entries {
      let x = columns + entry.single.column * BatchTape.width
      let mean = entry.single.estimate
      let j = entry.coordinate
      switch entry.single.distribution {
      case .studentT(let u, 1):
        for i in 0..<count { x[i] = mean - u / Elementary.tan(Double.pi * lattice.coordinate(first + i, j)) }
      case .studentT(let u, 2):
        for i in 0..<count {
          let p = lattice.coordinate(first + i, j)
          x[i] = mean + u * (2 * p - 1) / (2 * p * (1 - p)).squareRoot()
        }
      case .normal(let u), .studentT(let u, _):
        for i in 0..<count { x[i] = mean + u * entry.quantile(lattice.coordinate(first + i, j)) }
      case .rectangular(let a): for i in 0..<count { x[i] = mean + a * (2 * lattice.coordinate(first + i, j) - 1) }
      case .triangular(let a):
        for i in 0..<count {
          let p = lattice.coordinate(first + i, j)
          x[i] = mean + a * (p < 0.5 ? (2 * p).squareRoot() - 1 : 1 - (2 * (1 - p)).squareRoot())
        }
      case .arcsine(let a):
        for i in 0..<count { x[i] = mean - a * Elementary.cos(Double.pi * lattice.coordinate(first + i, j)) }
      case .exponential(let scale):
        for i in 0..<count { x[i] = mean - scale - scale * Elementary.log(1 - lattice.coordinate(first + i, j)) }
      case .trapezoidal(let a, let beta):
        let wide = a * (1 + beta) / 2
        let narrow = a * (1 - beta) / 2
        for i in 0..<count {
          x[i] =
            mean + wide * (2 * lattice.coordinate(first + i, j) - 1)
            + narrow * (2 * lattice.coordinate(first + i, j + 1) - 1)
        }
      case .curvilinearTrapezoidal(let a, let d):
        for i in 0..<count {
          let limit = a - d + 2 * d * lattice.coordinate(first + i, j + 1)
          x[i] = mean + limit * (2 * lattice.coordinate(first + i, j) - 1)
        }
      case .exact, .truncatedNormal: preconditionFailure("these take no coordinate")
      }
    }
    for single in random {
      InputSampler.fill(
        UnsafeMutableBufferPointer(start: columns + single.column * BatchTape.width, count: count), single, scratch,
        &stream)
    }
    for ensemble in ensembles { InputSampler.fill(columns, ensemble, scratch, count, &stream) }
  }
}
