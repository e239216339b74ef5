import EtalonMetrology

/// Draws columns of all inputs from their distributions (JCGM 101, 6.4 and Annex C).
struct InputSampler: Sendable {
  /// One input drawn by itself.
  struct Single: Sendable {
    var column: Int
    var estimate: Double
    var distribution: ProbabilityDistribution
  }
  /// Inputs drawn together: x = estimate + scale L z, divided by √(χ²/ν) for a joint t.
  struct Ensemble: Sendable {
    var columns: [Int]
    var estimates: [Double]
    /// Lower factor times the scales, by rows.
    var factor: [Double]
    /// Infinite for a joint normal.
    var degreesOfFreedom: Double
  }

  private(set) var singles: [Single] = []
  private(set) var ensembles: [Ensemble] = []
  private let inputCount: Int
  /// Columns of work space beyond those of the inputs.
  let scratchColumns: Int

  init(_ model: MeasurementModel) throws(UncertaintyFault) {
    inputCount = model.inputs.count
    let correlated = Set(model.correlation.correlated)
    for (i, input) in model.inputs.enumerated() where !correlated.contains(i) {
      singles.append(Single(column: i, estimate: input.estimate, distribution: input.distribution))
    }
    for group in model.correlation.ensembles {
      var scales: [Double] = []
      var common: Double?
      for i in group {
        let input = model.inputs[i]
        let dof: Double
        switch input.distribution {
        case .normal(let u):
          scales.append(u)
          dof = .infinity
        case .studentT(let scale, let own):
          scales.append(scale)
          dof = own
        default: throw .correlatedDistribution(input: input.name)
        }
        guard dof == common ?? dof else { throw .correlatedDistribution(input: input.name) }
        common = dof
      }
      var (factor, _) = CorrelationMatrix.factor(group.count) { model.correlation[group[$0], group[$1]] }
      for i in group.indices {
        for j in group.indices { factor[i * group.count + j] *= scales[i] }
      }
      ensembles.append(
        Ensemble(
          columns: group, estimates: group.map { model.inputs[$0].estimate }, factor: factor,
          degreesOfFreedom: common ?? .infinity))
    }
    scratchColumns = (ensembles.map(\.columns.count).max() ?? 0) + 1
  }

  /// Fills the first `count` draws of the columns of all inputs; `scratch` is work space of `scratchColumns` columns.
  func fill(
    _ columns: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>, count: Int,
    from stream: inout RandomStream
  ) {
    for single in singles {
      let x = UnsafeMutableBufferPointer(start: columns + single.column * BatchTape.width, count: count)
      Self.fill(x, single, scratch, &stream)
    }
    for ensemble in ensembles { Self.fill(columns, ensemble, scratch, count, &stream) }
  }

  static func fill(
    _ x: UnsafeMutableBufferPointer<Double>, _ single: Single, _ scratch: UnsafeMutablePointer<Double>,
    _ stream: inout RandomStream
  ) {
    let mean = single.estimate
    switch single.distribution {
    case .exact: x.update(repeating: mean)
    case .normal(let u): stream.fillNormal(x, mean: mean, standardDeviation: u)
    case .rectangular(let a): stream.fillUniform(x, mean - a, mean + a)
    case .triangular(let a): for i in x.indices { x[i] = mean + a * (stream.uniform() + stream.uniform() - 1) }
    case .trapezoidal(let a, let beta):
      // The sum of two rectangular numbers (JCGM 101, 6.4.4.4).
      let wide = a * (1 + beta) / 2
      let narrow = a * (1 - beta) / 2
      for i in x.indices { x[i] = mean + stream.uniform(-wide, wide) + stream.uniform(-narrow, narrow) }
    case .curvilinearTrapezoidal(let a, let d):
      // JCGM 101, 6.4.3.4: a limit within its inexactness, and the other one opposite.
      for i in x.indices {
        let limit = a - d + 2 * d * stream.uniform()
        x[i] = mean + limit * (2 * stream.uniform() - 1)
      }
    case .arcsine(let a):
      for i in x.indices { x[i] = mean + a * Elementary.cos(Double.pi * stream.uniform()) }
    case .studentT(let scale, let dof):
      stream.fillNormal(x, mean: 0, standardDeviation: scale)
      if dof.isFinite {
        fillRootOfChiSquareOverDof(scratch, x.count, dof, &stream)
        for i in x.indices { x[i] /= scratch[i] }
      }
      for i in x.indices { x[i] += mean }
    case .truncatedNormal(let s, let lower, let upper):
      let shift = mean - ProbabilityDistribution.truncatedMoments(s, lower, upper).mean
      for i in x.indices { x[i] = shift + s * truncated(lower / s, upper / s, &stream) }
    case .exponential(let scale):
      for i in x.indices { x[i] = mean - scale - scale * Elementary.log(1 - stream.uniform()) }
    }
  }

  /// √(χ²_ν/ν), with χ² = 2 Γ(ν/2) by G. Marsaglia and W. W. Tsang, ACM Trans. Math. Softw. 26 (2000) 363.
  private static func fillRootOfChiSquareOverDof(
    _ y: UnsafeMutablePointer<Double>, _ count: Int, _ dof: Double, _ stream: inout RandomStream
  ) {
    // The method needs a shape of 1 or more; below, Γ(a) = Γ(a + 1) U^(1/a), section 6 of the same paper.
    let isSmall = dof < 2
    let d = dof / 2 + (isSmall ? 1 : 0) - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    for i in 0..<count {
      while true {
        let z = stream.normal()
        let root = 1 + c * z
        if root <= 0 { continue }
        let v = root * root * root
        let u = 1 - stream.uniform()
        let square = z * z
        if u < 1 - 0.0331 * square * square
          || Elementary.log(u) < 0.5 * square + d * (1 - v + Elementary.log(v))
        {
          let boost = isSmall ? Elementary.pow(1 - stream.uniform(), 2 / dof) : 1
          y[i] = (2 * d * v * boost / dof).squareRoot()
          break
        }
      }
    }
  }

  /// A standard normal number between two limits.
  private static func truncated(_ lower: Double, _ upper: Double, _ stream: inout RandomStream) -> Double {
    if lower > 0.5 || upper < -0.5 {
      // In a tail: an exponential number from the nearer limit, accepted with the rest of the density.
      let sign = lower > 0.5 ? 1.0 : -1.0
      let near = lower > 0.5 ? lower : -upper
      let far = lower > 0.5 ? upper : -lower
      let span = 1 - Elementary.exp(-near * (far - near))
      while true {
        let beyond = -Elementary.log(1 - stream.uniform() * span) / near
        if stream.uniform() < Elementary.exp(-0.5 * beyond * beyond) { return sign * (near + beyond) }
      }
    }
    if upper - lower < 1 {
      // Around the peak but narrow: rectangular numbers under the density.
      while true {
        let x = stream.uniform(lower, upper)
        if stream.uniform() < Elementary.exp(-0.5 * x * x) { return x }
      }
    }
    while true {
      let x = stream.normal()
      if x >= lower && x <= upper { return x }
    }
  }

  static func fill(
    _ columns: UnsafeMutablePointer<Double>, _ ensemble: Ensemble, _ scratch: UnsafeMutablePointer<Double>,
    _ count: Int, _ stream: inout RandomStream
  ) {
    let n = ensemble.columns.count
    let width = BatchTape.width
    for j in 0..<n {
      stream.fillNormal(
        UnsafeMutableBufferPointer(start: scratch + j * width, count: count), mean: 0, standardDeviation: 1)
    }
    let root = scratch + n * width
    if ensemble.degreesOfFreedom.isFinite {
      fillRootOfChiSquareOverDof(root, count, ensemble.degreesOfFreedom, &stream)
    } else {
      root.update(repeating: 1, count: count)
    }
    for (row, column) in ensemble.columns.enumerated() {
      let x = columns + column * width
      x.update(repeating: 0, count: count)
      for j in 0...row {
        let factor = ensemble.factor[row * n + j]
        let z = scratch + j * width
        for i in 0..<count { x[i] += factor * z[i] }
      }
      let estimate = ensemble.estimates[row]
      for i in 0..<count { x[i] = estimate + x[i] / root[i] }
    }
  }
}
