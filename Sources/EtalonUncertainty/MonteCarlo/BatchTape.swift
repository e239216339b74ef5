import EtalonMetrology

/// A tape laid out for many draws at once: every operation runs over a short column before the next one begins.
///
/// Registers that are no longer needed are used again, so that all columns of a usual model stay in the nearest cache.
struct BatchTape: Sendable {
  /// Draws in a column.
  static let width = 256

  private struct Step: Sendable {
    var operation: Tape.Operation
    var a: Int32
    var b: Int32
    var target: Int32
    var exponent: Int32
    /// Number of the divisor that the step watches, or -1.
    var divisor: Int32
  }

  private var steps: [Step] = []
  /// Columns that hold one value throughout.
  private var constants: [(column: Int32, value: Double)] = []
  /// Number of divisors that are watched, in the order of `PoleWatch`.
  private var divisorCount: Int32 = 0
  /// Column of each result.
  private(set) var results: [Int32] = []
  /// All columns, those of the inputs first.
  private(set) var columnCount: Int

  /// - Parameter inputs: number of input columns, 0 … inputs − 1.
  init(_ tapes: [Tape], inputs: Int) {
    columnCount = inputs
    for tape in tapes { append(tape, inputs: inputs) }
  }

  private mutating func append(_ tape: Tape, inputs: Int) {
    let instructions = tape.instructions
    var lastUse = [Int](repeating: -1, count: instructions.count)
    for (i, instruction) in instructions.enumerated() {
      switch instruction.operation {
      case .constant, .variable: break
      default:
        lastUse[Int(instruction.a)] = i
        if Tape.isBinary(instruction.operation) { lastUse[Int(instruction.b)] = i }
      }
    }
    lastUse[tape.result] = Int.max
    var column = [Int32](repeating: -1, count: instructions.count)
    var free: [Int32] = []
    for (i, instruction) in instructions.enumerated() {
      switch instruction.operation {
      case .variable: column[i] = instruction.a
      case .constant:
        column[i] = Int32(columnCount)
        constants.append((Int32(columnCount), instruction.constant))
        columnCount += 1
      default:
        let a = Int(instruction.a)
        let binary = Tape.isBinary(instruction.operation)
        let b = binary ? Int(instruction.b) : a
        // Arguments that end here give their columns back first; writing over an argument is element by element.
        for argument in a == b ? [a] : [a, b] where lastUse[argument] == i && isTemporary(instructions[argument]) {
          free.append(column[argument])
        }
        let target: Int32
        if let reused = free.popLast() {
          target = reused
        } else {
          target = Int32(columnCount)
          columnCount += 1
        }
        column[i] = target
        let isWatched = PoleWatch.watched(instruction, tape) != nil
        steps.append(
          Step(
            operation: instruction.operation, a: column[a], b: column[b], target: target, exponent: instruction.b,
            divisor: isWatched ? divisorCount : -1))
        if isWatched { divisorCount += 1 }
      }
    }
    results.append(column[tape.result])
  }

  private func isTemporary(_ instruction: Tape.Instruction) -> Bool {
    instruction.operation != .variable && instruction.operation != .constant
  }

  /// Writes the constant columns, once before the first run.
  func prepare(_ columns: UnsafeMutablePointer<Double>) {
    for constant in constants {
      (columns + Int(constant.column) * Self.width).update(repeating: constant.value, count: Self.width)
    }
  }

  /// Evaluates the first `count` draws of all columns.
  /// - Parameters:
  ///   - divisors: those of the model.
  ///   - candidates: for each divisor, receives the first draw with the divisor on the other side of zero than at the
  ///     estimates or near zero, or -1.
  /// - Returns: whether there is such a draw.
  func run(
    _ columns: UnsafeMutablePointer<Double>, count: Int, divisors: [PoleWatch.Divisor],
    candidates: UnsafeMutablePointer<PoleWatch.Candidate>
  ) -> Bool {
    var isSuspect = false
    for step in steps {
      let a = UnsafePointer(columns + Int(step.a) * Self.width)
      let b = UnsafePointer(columns + Int(step.b) * Self.width)
      let y = columns + Int(step.target) * Self.width
      // Before the step, because its result may take the place of the divisor.
      if step.divisor >= 0 {
        let divisor = divisors[Int(step.divisor)]
        let candidate = Self.candidate(step.operation == .divide ? b : a, count, divisor)
        candidates[Int(step.divisor)] = candidate
        if candidate >= 0 { isSuspect = true }
      }
      switch step.operation {
      case .constant, .variable: break
      case .add: for i in 0..<count { y[i] = a[i] + b[i] }
      case .subtract: for i in 0..<count { y[i] = a[i] - b[i] }
      case .multiply: for i in 0..<count { y[i] = a[i] * b[i] }
      case .divide: for i in 0..<count { y[i] = a[i] / b[i] }
      case .negate: for i in 0..<count { y[i] = -a[i] }
      case .sqrt: for i in 0..<count { y[i] = a[i].squareRoot() }
      case .integerPower where step.exponent == 2: for i in 0..<count { y[i] = a[i] * a[i] }
      case .integerPower where step.exponent == -1: for i in 0..<count { y[i] = 1 / a[i] }
      case .integerPower: for i in 0..<count { y[i] = Tape.integerPower(a[i], step.exponent) }
      case .exp: for i in 0..<count { y[i] = Elementary.exp(a[i]) }
      case .log: for i in 0..<count { y[i] = Elementary.log(a[i]) }
      default:
        for i in 0..<count { y[i] = Tape.apply(step.operation, a[i], b[i], exponent: step.exponent) }
      }
    }
    return isSuspect
  }

  /// The first draw whose divisor is near zero or on the other side of it; -1 where all are well away.
  private static func candidate(
    _ x: UnsafePointer<Double>, _ count: Int, _ divisor: PoleWatch.Divisor
  ) -> PoleWatch.Candidate {
    let limit = PoleWatch.nearness * divisor.reference.magnitude
    if divisor.isTangent {
      for i in 0..<count where Elementary.cos(x[i]).magnitude < limit { return Int32(i) }
      return -1
    }
    // Signs and magnitudes by their bits: sums over whole numbers run over several columns at once.
    let sign = divisor.reference.bitPattern
    let least = limit.bitPattern
    var other: UInt64 = 0
    for i in 0..<count {
      let bits = x[i].bitPattern
      // The top bit: another sign, or a magnitude below the limit.
      other |= (bits ^ sign) | ((bits & ~(1 << 63)) &- least)
    }
    guard other >> 63 == 1 else { return -1 }
    for i in 0..<count where (x[i] < 0) != (divisor.reference < 0) || x[i].magnitude < limit { return Int32(i) }
    return -1
  }
}
