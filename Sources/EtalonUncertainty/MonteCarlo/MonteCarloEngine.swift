import EtalonMetrology

/// Evaluates a model for blocks of draws.
///
/// A block has its own stream of random numbers, chosen by its number, so that it does not matter which thread
/// evaluates it or when.
struct MonteCarloEngine: Sendable {
  let model: MeasurementModel
  let seed: UInt64
  let sampler: InputSampler
  /// nil for independent random numbers.
  let lattice: LatticeSampler?
  /// The explicit functions as one program; nil where one is implicit.
  let program: BatchTape?
  /// For each measurand, whether all inputs that it uses have a variance; t with up to two degrees of freedom has none
  /// (JCGM 101, 6.4.9.5).
  let hasVariance: [Bool]
  /// Divisors of the explicit functions.
  let poles: PoleWatch
  /// Derivative of an implicit equation by its measurand at the estimates, where the equation is solved.
  private let slopes: [Double]
  /// Values at the estimates of the inputs: the origin of sums, and where implicit equations are solved from.
  let origins: [Double]

  /// Sums of deviations from the origin.
  struct Moments: Sendable {
    var sum = 0.0
    var squares = 0.0
    /// Smallest and largest value.
    var least = Double.infinity
    var greatest = -Double.infinity
  }

  init(_ model: MeasurementModel, seed: UInt64, sampling: MonteCarloSampling) throws(UncertaintyFault) {
    self.model = model
    self.seed = seed
    sampler = try InputSampler(model)
    switch sampling {
    case .random: lattice = nil
    case .lattice:
      lattice = try LatticeSampler(sampler, importance: Self.importance(model))
    }
    var origins: [Double] = []
    var tapes: [Tape] = []
    var slopes: [Double] = []
    for (i, function) in model.functions.enumerated() {
      do throws(ExpressionFault) {
        switch function {
        case .explicit(let expression):
          origins.append(try expression.evaluate(model.estimates))
          slopes.append(0)
          tapes.append(expression.tape)
        case .implicit(let expression):
          let (root, slope) = try expression.solve(model.estimates, from: expression.start)
          origins.append(root)
          slopes.append(slope[0])
        }
      } catch { throw .model(output: model.outputs[i], error) }
    }
    hasVariance = model.functions.map { function in
      model.inputs.indices.allSatisfy {
        model.inputs[$0].distribution.standardDeviation.isFinite || !function.uses($0)
      }
    }
    self.origins = origins
    self.slopes = slopes
    poles = PoleWatch(tapes, estimates: model.estimates, names: model.inputs.map(\.name))
    program = tapes.count == model.functions.count ? BatchTape(tapes, inputs: model.inputs.count) : nil
  }

  /// First-order contributions, by which the lattice orders its coordinates; where the model has no derivative, zeros,
  /// which leave the inputs in their order.
  private static func importance(_ model: MeasurementModel) -> [Double] {
    do throws(UncertaintyFault) {
      return zip(try model.gradient(0).gradient, model.inputs).map { $0 * $1.standardUncertainty }
    } catch { return [Double](repeating: 0, count: model.inputs.count) }
  }

  private var columnCount: Int { program?.columnCount ?? model.inputs.count + model.functions.count }

  /// Work space of one thread.
  func withWorkspace<R>(_ body: (UnsafeMutablePointer<Double>) throws(UncertaintyFault) -> R) throws(UncertaintyFault)
    -> R
  {
    let capacity = (columnCount + sampler.scratchColumns) * BatchTape.width
    let columns = UnsafeMutablePointer<Double>.allocate(capacity: capacity)
    defer { columns.deallocate() }
    columns.initialize(repeating: 0, count: capacity)
    program?.prepare(columns)
    return try body(columns)
  }

  /// Evaluates `count` draws of block `block`, output k from `targets[k]` on.
  func evaluate(
    block: Int, count: Int, into targets: [UnsafeMutablePointer<Double>], columns: UnsafeMutablePointer<Double>
  ) throws(UncertaintyFault) -> [Moments] {
    var stream = RandomStream(seed: seed, stream: UInt64(block) + 1)
    var moments = [Moments](repeating: Moments(), count: targets.count)
    let scratch = columns + columnCount * BatchTape.width
    // Candidates that were looked at and are no poles; a model that has many is not looked at for ever.
    var harmless = 0
    let candidates = UnsafeMutablePointer<PoleWatch.Candidate>.allocate(capacity: poles.divisors.count)
    defer { candidates.deallocate() }
    var done = 0
    var rule = LatticeRule(dimensions: lattice?.dimensions ?? 0, from: &stream)
    while done < count {
      let n = min(BatchTape.width, count - done)
      if let lattice {
        // Blocks longer than the lattice go on with the lattice shifted anew; its size is a multiple of the width.
        if done > 0 && done % LatticeRule.count == 0 {
          rule = LatticeRule(dimensions: lattice.dimensions, from: &stream)
        }
        lattice.fill(
          columns, scratch: scratch, count: n, first: done % LatticeRule.count, rule, from: &stream)
      } else {
        sampler.fill(columns, scratch: scratch, count: n, from: &stream)
      }
      if let program {
        let isSuspect = program.run(columns, count: n, divisors: poles.divisors, candidates: candidates)
        if isSuspect && harmless < 32 {
          try checkPoles(candidates, columns, program, count: n)
          harmless += 1
        }
      } else {
        try runOneByOne(columns, count: n)
      }
      for k in targets.indices {
        let column = program.map { Int($0.results[k]) } ?? model.inputs.count + k
        let y = columns + column * BatchTape.width
        let target = targets[k] + done
        let origin = origins[k]
        var sum = 0.0
        var squares = 0.0
        var least = Double.infinity
        var greatest = -Double.infinity
        for i in 0..<n {
          let value = y[i]
          let deviation = value - origin
          target[i] = value
          sum += deviation
          squares += deviation * deviation
          least = value < least ? value : least
          greatest = value > greatest ? value : greatest
        }
        if !squares.isFinite { throw undefined(output: k, columns, y, n) }
        moments[k].sum += sum
        moments[k].squares += squares
        moments[k].least = min(moments[k].least, least)
        moments[k].greatest = max(moments[k].greatest, greatest)
      }
      done += n
    }
    return moments
  }

  /// Throws where a candidate for a pole is one, of an output that has a value there.
  private func checkPoles(
    _ candidates: UnsafeMutablePointer<PoleWatch.Candidate>, _ columns: UnsafeMutablePointer<Double>,
    _ program: BatchTape, count: Int
  ) throws(UncertaintyFault) {
    for index in poles.divisors.indices where candidates[index] >= 0 {
      let output = poles.divisors[index].output
      let values = model.inputs.indices.map { columns[$0 * BatchTape.width + Int(candidates[index])] }
      let y = UnsafeBufferPointer(start: columns + Int(program.results[output]) * BatchTape.width, count: count)
      // A draw without a value is named by its own fault.
      guard y.allSatisfy(\.isFinite) else { continue }
      try poles.check(index, draw: values, column: y, output: model.outputs[output])
    }
  }

  private func runOneByOne(_ columns: UnsafeMutablePointer<Double>, count: Int) throws(UncertaintyFault) {
    var values = model.estimates
    for i in 0..<count {
      for j in values.indices { values[j] = columns[j * BatchTape.width + i] }
      var isSingular = false
      for (k, function) in model.functions.enumerated() {
        do throws(ExpressionFault) {
          let y: Double
          switch function {
          case .explicit(let expression): y = try expression.evaluate(values)
          case .implicit(let expression):
            let (root, slope) = try expression.solve(values, from: origins[k])
            // On the way to this draw the equation did not fix its measurand: the solution has a pole or an end there.
            isSingular = slope[0] == 0 || (slope[0] < 0) != (slopes[k] < 0)
            y = root
          }
          columns[(model.inputs.count + k) * BatchTape.width + i] = y
        } catch { throw .undefinedWithinDistribution(output: model.outputs[k], values: values, error) }
        if isSingular {
          throw .divisorThroughZero(
            output: model.outputs[k], divisor: "the derivative of the equation by \(model.outputs[k])",
            inputs: model.inputs.filter { $0.distribution != .exact }.map(\.name))
        }
      }
    }
  }

  /// Names the first draw that has no value.
  private func undefined(
    output k: Int, _ columns: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) -> UncertaintyFault {
    for i in 0..<count where !y[i].isFinite {
      let values = model.inputs.indices.map { columns[$0 * BatchTape.width + i] }
      do throws(ExpressionFault) { _ = try model.functions[k].evaluate(values) } catch {
        return .undefinedWithinDistribution(output: model.outputs[k], values: values, error)
      }
    }
    return .undefinedWithinDistribution(
      output: model.outputs[k], values: [], .undefined(operation: "the variance of the values", arguments: []))
  }

  /// Evaluates consecutive blocks on several threads, output k of the first block from `targets[k]` on.
  /// - Returns: moments of each block, in their order.
  func evaluate(
    blocks: Range<Int>, blockSize: Int, total: Int, into targets: [UnsafeMutablePointer<Double>], threads: Int
  ) throws(UncertaintyFault) -> [[Moments]] {
    let workers = min(threads, blocks.count)
    let shared = SharedOutcome(count: blocks.count, targets: targets)
    let work: @Sendable (Int) -> Void = { worker in
      do throws(UncertaintyFault) {
        try withWorkspace { columns throws(UncertaintyFault) in
          var block = blocks.lowerBound + worker
          while block < blocks.upperBound {
            let offset = (block - blocks.lowerBound) * blockSize
            let count = min(blockSize, total - block * blockSize)
            let moments = try evaluate(
              block: block, count: count, into: shared.targets.map { $0 + offset }, columns: columns)
            shared.moments[block - blocks.lowerBound] = moments
            block += workers
          }
        }
      } catch { shared.faults[worker] = error }
    }
    Parallel.run(workers, threads: workers, work)
    defer { shared.deallocate() }
    // The fault of the lowest worker, so that it is the same one each time.
    for worker in 0..<workers {
      if let fault = shared.faults[worker] { throw fault }
    }
    return (0..<blocks.count).map { shared.moments[$0] }
  }

  /// Where the workers leave their results: each writes only its own elements, and all are read after the last is done.
  private struct SharedOutcome: @unchecked Sendable {
    let count: Int
    let targets: [UnsafeMutablePointer<Double>]
    let moments: UnsafeMutablePointer<[Moments]>
    let faults: UnsafeMutablePointer<UncertaintyFault?>

    init(count: Int, targets: [UnsafeMutablePointer<Double>]) {
      self.count = count
      self.targets = targets
      moments = .allocate(capacity: count)
      moments.initialize(repeating: [], count: count)
      faults = .allocate(capacity: count)
      faults.initialize(repeating: nil, count: count)
    }

    func deallocate() {
      moments.deinitialize(count: count).deallocate()
      faults.deinitialize(count: count).deallocate()
    }
  }
}
