import EtalonMetrology

extension MeasurementModel {
  /// Propagates the distributions of the inputs through the model, for the first, or only, measurand (JCGM 101).
  /// - Parameters:
  ///   - p: coverage probability between 0 and 1.
  ///   - seed: the same seed gives the same result, at any number of threads.
  ///   - trials: a fixed number or the adaptive procedure.
  ///   - sampling: nil for the lattice where the number of trials is adapted, which then stops after several times fewer,
  ///     and for independent random numbers where it is fixed, because they are made faster.
  ///   - threads: 1 to 64.
  /// - Throws: `undefinedWithinDistribution` where the model has no value for a draw, `divisorThroughZero`,
  ///   `correlatedDistribution`, `notStable`, `trials`, `coverage`.
  public func monteCarlo(
    coverage p: Double, seed: UInt64, trials: MonteCarloTrials = .adaptive(),
    sampling: MonteCarloSampling? = nil, threads: Int = 1
  ) throws(UncertaintyFault) -> MonteCarloResult {
    let single = outputs.count == 1 ? self : first
    return try single.jointMonteCarlo(coverage: p, seed: seed, trials: trials, sampling: sampling, threads: threads)
      .results[0]
  }

  /// Propagates the distributions of the inputs to all measurands together (JCGM 102, clause 7).
  ///
  /// The adaptive procedure goes on until each measurand is stable.
  public func jointMonteCarlo(
    coverage p: Double, seed: UInt64, trials: MonteCarloTrials = .adaptive(),
    sampling: MonteCarloSampling? = nil, threads: Int = 1
  ) throws(UncertaintyFault) -> JointMonteCarloResult {
    guard p > 0, p < 1 else { throw .coverage(p) }
    guard threads >= 1, threads <= 64 else { throw .trials(threads, range: "1 to 64 threads") }
    // 7.2.2: M ≫ 1/(1 − p); the factor 100 is that of 7.9.4.
    // The quotient is cut by a little more than its rounding, so that p = 0.99 asks for 10 000 and not for 10 001.
    let least = (100 / (1 - p) * (1 - 1e-12)).rounded(.up)
    guard least <= 2_000_000 else { throw .coverage(p) }
    let usual: MonteCarloSampling
    if case .fixed = trials { usual = .random } else { usual = .lattice }
    var run = try MonteCarloRun(
      engine: MonteCarloEngine(self, seed: seed, sampling: sampling ?? usual), coverage: p, least: Int(least),
      threads: threads)
    switch trials {
    case .fixed(let count):
      guard count >= 1000, count >= Int(least), count <= 20_000_000 else {
        throw .trials(count, range: "\(max(1000, Int(least))) to 20000000 trials")
      }
      try run.make(count)
    case .adaptive(let digits, let fraction, let maximum):
      guard digits >= 1, digits <= 4, fraction > 0, fraction <= 1, maximum <= 20_000_000 else {
        throw .trials(maximum, range: "up to 20000000 trials, for 1 to 4 significant digits")
      }
      try run.adapt(digits: digits, fraction: fraction, maximum: maximum)
    }
    return try run.result()
  }

  /// The values of so many trials, for each measurand in the order of the trials: what `jointMonteCarlo` summarises.
  /// - Throws: as `jointMonteCarlo`.
  public func monteCarloValues(
    trials count: Int, seed: UInt64, threads: Int = 1
  ) throws(UncertaintyFault) -> [[Double]] {
    guard threads >= 1, threads <= 64 else { throw .trials(threads, range: "1 to 64 threads") }
    guard count >= 1, count <= 20_000_000 else { throw .trials(count, range: "1 to 20000000 trials") }
    let engine = try MonteCarloEngine(self, seed: seed, sampling: .random)
    if outputs.count > 1 {
      var run = MonteCarloRun(engine: engine, coverage: 0.5, least: 1, threads: threads)
      try run.make(count)
      return run.values
    }
    // One measurand is drawn into its array at once.
    let blockSize = 10_000
    var fault: UncertaintyFault?
    let values = [Double](unsafeUninitializedCapacity: count) { buffer, initialised in
      guard let base = buffer.baseAddress else { return }
      do throws(UncertaintyFault) {
        _ = try engine.evaluate(
          blocks: 0..<(count + blockSize - 1) / blockSize, blockSize: blockSize, total: count, into: [base],
          threads: threads)
        initialised = count
      } catch { fault = error }
    }
    if let fault { throw fault }
    return [values]
  }

  /// Budget, Monte Carlo and the verdict of JCGM 101 clause 8 in one.
  /// - Parameters:
  ///   - digits: significant digits of the standard uncertainty that must agree, 1 or 2. The Monte Carlo is made stable
  ///     to a fifth of the tolerance that they mean (8.2), which for two digits takes 25 times as many trials as for
  ///     the result alone.
  ///   - seed: see `monteCarlo`.
  public func evaluate(
    coverage p: Double, seed: UInt64, significantDigits digits: Int = 1, threads: Int = 1
  ) throws(UncertaintyFault) -> ValidatedEvaluation {
    let budget = try budget(coverage: p)
    let result = try monteCarlo(
      coverage: p, seed: seed, trials: .adaptive(significantDigits: digits, fraction: 0.2, maximum: 20_000_000),
      threads: threads)
    return ValidatedEvaluation(
      budget: budget, monteCarlo: result, validity: result.validity(of: budget, significantDigits: digits))
  }
}

/// A budget with the Monte Carlo that tells whether it may be used.
public struct ValidatedEvaluation: Equatable, Sendable {
  /// First order, after the GUM.
  public let budget: UncertaintyBudget
  /// Propagation of distributions, after JCGM 101.
  public let monteCarlo: MonteCarloResult
  /// The verdict of JCGM 101, clause 8.
  public let validity: FirstOrderValidity
}

/// A Monte Carlo in progress: all values so far, and the moments of each block.
struct MonteCarloRun {
  let engine: MonteCarloEngine
  let coverage: Double
  let threads: Int
  /// Trials of a block: J or 10⁴ of JCGM 101, 7.9.4 a and b.
  let blockSize: Int
  private var samples: [SampleStorage]
  private var moments: [[MonteCarloEngine.Moments]] = []
  private var tolerance: [Double?]
  private var stability: [Double?]

  init(engine: MonteCarloEngine, coverage: Double, least: Int, threads: Int) {
    self.engine = engine
    self.coverage = coverage
    self.threads = threads
    if engine.lattice == nil {
      blockSize = max(10_000, least)
    } else {
      // Whole lattices, because part of one is no better than random numbers.
      blockSize = (max(10_000, least) + LatticeRule.count - 1) / LatticeRule.count * LatticeRule.count
    }
    samples = engine.origins.map { _ in SampleStorage() }
    tolerance = [Double?](repeating: nil, count: engine.origins.count)
    stability = tolerance
  }

  /// Evaluates further blocks and appends their values.
  private mutating func append(_ blocks: Range<Int>, total: Int) throws(UncertaintyFault) {
    let count = min(blocks.upperBound * blockSize, total) - blocks.lowerBound * blockSize
    let targets = samples.map { $0.extend(by: count) }
    moments += try engine.evaluate(
      blocks: blocks, blockSize: blockSize, total: total, into: targets, threads: threads)
  }

  mutating func make(_ count: Int) throws(UncertaintyFault) {
    try append(0..<(count + blockSize - 1) / blockSize, total: count)
  }

  mutating func adapt(digits: Int, fraction: Double, maximum: Int) throws(UncertaintyFault) {
    let fewest = 5
    // Averages over blocks of estimate, standard uncertainty and both ends, for each measurand.
    var averages = [[RunningMoments]](
      repeating: [RunningMoments](repeating: RunningMoments(), count: 4), count: samples.count)
    var done = 0
    var made = 0
    while true {
      if done == made {
        let wave = done == 0 ? max(fewest, threads) : threads
        guard (made + wave) * blockSize <= max(maximum, fewest * blockSize) else {
          throw .notStable(
            trials: made * blockSize, tolerance: tolerance.compactMap { $0 }.min() ?? 0,
            reached: stability.compactMap { $0 }.max() ?? .infinity)
        }
        try append(made..<made + wave, total: (made + wave) * blockSize)
        made += wave
      }
      for k in samples.indices {
        let block = moments[done][k]
        let part = UnsafeBufferPointer(rebasing: samples[k].values[done * blockSize..<(done + 1) * blockSize])
        let interval = CoverageIntervals(
          part, coverage: coverage, shortest: false, range: block.least...block.greatest
        ).symmetric
        if engine.hasVariance[k] {
          let n = Double(blockSize)
          let mean = block.sum / n
          averages[k][0].add(mean)
          averages[k][1].add(max(0, (block.squares - n * mean * mean) / (n - 1)).squareRoot())
        } else {
          // The median in place of averages that do not settle.
          averages[k][0].add(Self.median(part) - engine.origins[k])
          averages[k][1].add(0)
        }
        averages[k][2].add(interval.lowerBound - engine.origins[k])
        averages[k][3].add(interval.upperBound - engine.origins[k])
      }
      done += 1
      guard done >= fewest else { continue }
      var stable = true
      for k in samples.indices {
        let u =
          engine.hasVariance[k]
          ? summary(k, blocks: done).deviation
          : try scale(averages[k][2].average...averages[k][3].average)
        let allowed = fraction * MonteCarloResult.numericalTolerance(of: u, significantDigits: digits)
        let reached = 2 * (averages[k].map(\.standardDeviationOfMean).max() ?? 0)
        tolerance[k] = allowed
        stability[k] = reached
        if reached > allowed { stable = false }
      }
      if stable { break }
    }
    // Blocks that a wave made beyond the last one needed do not count, so that threads change nothing.
    moments.removeLast(made - done)
    for k in samples.indices { samples[k].removeLast((made - done) * blockSize) }
  }

  /// The standard uncertainty of the normal distribution with the same coverage interval, for the digits of what has none.
  private func scale(_ interval: ClosedRange<Double>) throws(UncertaintyFault) -> Double {
    do throws(DistributionFault) {
      return (interval.upperBound - interval.lowerBound) / 2
        / (try NormalDistribution.coverageFactor(probability: coverage))
    } catch { throw .distribution(error) }
  }

  private static func median(_ values: UnsafeBufferPointer<Double>) -> Double {
    OrderedTails.sorted(Array(values))[values.count / 2]
  }

  /// Mean (from the origin) and standard deviation of the values of the first blocks.
  private func summary(_ k: Int, blocks: Int) -> (mean: Double, deviation: Double) {
    var sum = 0.0
    var squares = 0.0
    for block in moments.prefix(blocks) {
      sum += block[k].sum
      squares += block[k].squares
    }
    let n = Double(min(blocks * blockSize, samples[k].count))
    let mean = sum / n
    return (mean, max(0, (squares - n * mean * mean) / (n - 1)).squareRoot())
  }

  func result() throws(UncertaintyFault) -> JointMonteCarloResult {
    var results: [MonteCarloResult] = []
    var means: [Double] = []
    for k in samples.indices {
      var (mean, deviation) = summary(k, blocks: moments.count)
      let values = samples[k].values
      if !engine.hasVariance[k] {
        mean = Self.median(values) - engine.origins[k]
        deviation = .infinity
      }
      means.append(mean + engine.origins[k])
      let least = moments.reduce(Double.infinity) { min($0, $1[k].least) }
      let greatest = moments.reduce(-Double.infinity) { max($0, $1[k].greatest) }
      let intervals = CoverageIntervals(
        values, coverage: coverage, shortest: true, range: least...greatest, threads: threads)
      let spread = deviation.isFinite ? deviation : try scale(intervals.symmetric)
      let histogram = Self.histogram(values, mean + engine.origins[k], spread, threads: threads)
      results.append(
        MonteCarloResult(
          measurand: engine.model.outputs[k], trials: samples[k].count, seed: engine.seed,
          coverageProbability: coverage, estimate: mean + engine.origins[k], standardUncertainty: deviation,
          symmetricInterval: intervals.symmetric, shortestInterval: intervals.shortest ?? intervals.symmetric,
          numericalTolerance: tolerance[k], stability: stability[k],
          endStandardError: endStandardError(k, intervals), histogram: histogram))
    }
    guard engine.hasVariance.allSatisfy(\.self) else {
      return JointMonteCarloResult(results: results, correlations: nil, ellipsoidalCoverageFactor: nil)
    }
    var correlations: [[Double]] = []
    for k in samples.indices {
      var row: [Double] = []
      for l in samples.indices {
        if k == l {
          row.append(1)
        } else if l < k {
          row.append(correlations[l][k])
        } else {
          row.append(correlation(k, l, means, results))
        }
      }
      correlations.append(row)
    }
    return JointMonteCarloResult(
      results: results, correlations: correlations,
      ellipsoidalCoverageFactor: ellipsoidalCoverageFactor(means, results, correlations))
  }

  /// Points of a lattice are not independent; there the averages of the adaptive procedure tell more than the ranks.
  private func endStandardError(_ k: Int, _ intervals: CoverageIntervals) -> Double {
    if engine.lattice != nil, let stability = stability[k] { return stability / 2 }
    return intervals.endStandardError ?? .infinity
  }

  /// The quantile of the distances from the estimate in the metric of the covariance matrix.
  private func ellipsoidalCoverageFactor(
    _ means: [Double], _ results: [MonteCarloResult], _ correlations: [[Double]]
  ) -> Double? {
    let n = samples.count
    guard n > 1, results.allSatisfy({ $0.standardUncertainty > 0 }) else { return nil }
    let (lower, bad) = CorrelationMatrix.factor(n) { correlations[$0][$1] }
    guard bad == nil, (0..<n).allSatisfy({ lower[$0 * n + $0] > 1e-6 }) else { return nil }
    var squares: [Double] = []
    squares.reserveCapacity(samples[0].count)
    var solved = [Double](repeating: 0, count: n)
    for trial in 0..<samples[0].count {
      var square = 0.0
      for i in 0..<n {
        // Forward substitution with the factor of the correlation matrix, in units of each standard uncertainty.
        var x = (samples[i].values[trial] - means[i]) / results[i].standardUncertainty
        for j in 0..<i { x -= lower[i * n + j] * solved[j] }
        x /= lower[i * n + i]
        solved[i] = x
        square += x * x
      }
      squares.append(square)
    }
    let outside = squares.count - CoverageIntervals.inside(squares.count, coverage)
    let tails = squares.withUnsafeBufferPointer { OrderedTails($0, count: outside + 1, threads: threads) }
    return tails.high[0].squareRoot()
  }

  private func correlation(_ k: Int, _ l: Int, _ means: [Double], _ results: [MonteCarloResult]) -> Double {
    let product = results[k].standardUncertainty * results[l].standardUncertainty
    guard product > 0 else { return 0 }
    var sum = 0.0
    for (a, b) in zip(samples[k].values, samples[l].values) { sum += (a - means[k]) * (b - means[l]) }
    return sum / Double(samples[k].count - 1) / product
  }

  /// The values in 96 classes of an eighth of the standard deviation.
  private static func histogram(
    _ sample: UnsafeBufferPointer<Double>, _ mean: Double, _ deviation: Double, threads: Int
  ) -> MonteCarloResult.Histogram {
    let classes = 96
    guard deviation > 0 else { return MonteCarloResult.Histogram(lower: mean, width: 0, counts: [sample.count]) }
    let lower = mean - 6 * deviation
    let width = 12 * deviation / Double(classes)
    let factor = 1 / width
    let parts = sample.count < 100_000 ? 1 : threads
    let counts = SharedParts<Int>(count: parts * classes, repeating: 0)
    defer { counts.deallocate() }
    let shared = SharedSample(values: sample)
    Parallel.run(parts, threads: parts) { part in
      let own = counts.base + part * classes
      for i in part * shared.values.count / parts..<(part + 1) * shared.values.count / parts {
        let position = (shared.values[i] - lower) * factor
        own[position <= 0 ? 0 : position >= Double(classes) ? classes - 1 : Int(position)] += 1
      }
    }
    let sums = (0..<classes).map { i in (0..<parts).reduce(0) { $0 + counts.base[$1 * classes + i] } }
    return MonteCarloResult.Histogram(lower: lower, width: width, counts: sums)
  }

  /// The values themselves, for each measurand in the order of the trials.
  var values: [[Double]] { samples.map { Array($0.values) } }
}

/// Mean and standard deviation of the mean of values that come one by one.
struct RunningMoments {
  private var count = 0.0
  private var mean = 0.0
  private var squares = 0.0

  mutating func add(_ x: Double) {
    count += 1
    let before = x - mean
    mean += before / count
    squares += before * (x - mean)
  }

  var average: Double { mean }

  /// JCGM 101, equation 22.
  var standardDeviationOfMean: Double { (squares / (count * (count - 1))).squareRoot() }
}
