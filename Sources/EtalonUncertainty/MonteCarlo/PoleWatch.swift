import EtalonMetrology

/// Finds out whether a divisor of a model passes through zero within the distributions of its inputs.
///
/// A quotient whose divisor has a density at zero has no variance, and often no expectation, so that every figure a Monte
/// Carlo prints for it depends on the draw that came nearest to zero. The evaluation of the draws only marks candidates: a
/// draw with the divisor on the other side of zero than at the estimates, or within a thousandth of it. A candidate counts
/// when the divisor reaches zero on the way from the estimates to that draw, or a tenth of the way beyond, and the
/// measurand grows there without bound; atan(y/x) or a parallel circuit 1/(1/a + 1/b) do not.
struct PoleWatch: Sendable {
  /// A divisor, a base of a negative power, or the argument of a tangent.
  struct Divisor: Sendable {
    /// Position of its function among the explicit ones.
    let output: Int
    /// Register of the divisor on the tape of that function.
    let register: Int
    /// The divisor is the cosine of the register.
    let isTangent: Bool
    /// Value at the estimates.
    let reference: Double
  }

  /// What the columns of one run showed of a divisor: the first draw that is a candidate, or -1.
  typealias Candidate = Int32

  let divisors: [Divisor]
  private let tapes: [Tape]
  private let estimates: [Double]
  private let names: [String]

  init(_ tapes: [Tape], estimates: [Double], names: [String]) {
    self.tapes = tapes
    self.estimates = estimates
    self.names = names
    var divisors: [Divisor] = []
    for (k, tape) in tapes.enumerated() {
      let registers = Self.registers(tape, estimates)
      for instruction in tape.instructions {
        guard let (register, isTangent) = Self.watched(instruction, tape) else { continue }
        let value = registers[register]
        divisors.append(
          Divisor(
            output: k, register: register, isTangent: isTangent,
            reference: isTangent ? Elementary.cos(value) : value))
      }
    }
    self.divisors = divisors
  }

  /// The register that must stay away from zero for this instruction; nil where there is none.
  static func watched(_ instruction: Tape.Instruction, _ tape: Tape) -> (register: Int, isTangent: Bool)? {
    func variable(_ register: Int32) -> Int? { tape.constantValue(register) == nil ? Int(register) : nil }
    switch instruction.operation {
    case .divide: return variable(instruction.b).map { ($0, false) }
    case .integerPower: return instruction.b < 0 ? variable(instruction.a).map { ($0, false) } : nil
    case .power:
      guard let exponent = tape.constantValue(instruction.b), exponent < 0 else { return nil }
      return variable(instruction.a).map { ($0, false) }
    case .tan: return variable(instruction.a).map { ($0, true) }
    default: return nil
    }
  }

  /// Share of the divisor's value at the estimates below which a draw is a candidate.
  static let nearness = 1e-3

  /// Throws where the divisor passes through zero on the way from the estimates to the draw.
  /// - Parameters:
  ///   - values: the inputs of the draw.
  ///   - column: values of the measurand in the same column of draws, which tell what is usual.
  func check(
    _ index: Int, draw values: [Double], column: UnsafeBufferPointer<Double>, output: String
  ) throws(UncertaintyFault) {
    let divisor = divisors[index]
    guard let point = zero(of: divisor, towards: values) else { return }
    let tape = tapes[divisor.output]
    let y = Self.registers(tape, point)[tape.result]
    if y.isFinite {
      let middle = Self.median(Array(column))
      let usual = Self.median(column.map { abs($0 - middle) })
      // At a millionth of the divisor's value a simple pole has grown a millionfold and that of a root a thousandfold.
      if abs(y - middle) <= 63 * usual { return }
    }
    let text = tape.text(of: Int32(divisor.register), variables: names)
    throw .divisorThroughZero(
      output: output, divisor: divisor.isTangent ? "cos(\(text))" : text, inputs: inputs(of: divisor))
  }

  /// Inputs on which a divisor depends, in the order of the model.
  private func inputs(of divisor: Divisor) -> [String] {
    let instructions = tapes[divisor.output].instructions
    var needed = [Bool](repeating: false, count: divisor.register + 1)
    needed[divisor.register] = true
    var found: Set<Int> = []
    for i in (0...divisor.register).reversed() where needed[i] {
      let instruction = instructions[i]
      switch instruction.operation {
      case .constant: break
      case .variable: found.insert(Int(instruction.a))
      default:
        needed[Int(instruction.a)] = true
        if Tape.isBinary(instruction.operation) { needed[Int(instruction.b)] = true }
      }
    }
    return found.sorted().map { names[$0] }
  }

  /// A point where the divisor is a millionth of its value at the estimates or less, on the line to a draw; nil where the
  /// line leads past zero, or the divisor jumps over it.
  private func zero(of divisor: Divisor, towards values: [Double]) -> [Double]? {
    let tape = tapes[divisor.output]
    func point(_ t: Double) -> [Double] { zip(estimates, values).map { $0 + t * ($1 - $0) } }
    func value(_ t: Double) -> Double {
      let x = Self.registers(tape, point(t))[divisor.register]
      return (divisor.isTangent ? Elementary.cos(x) : x) / divisor.reference
    }
    let small = 1e-6
    /// Bisection between a point on the side of the estimates and one on the other side.
    func crossing(_ inside: Double, _ outside: Double) -> [Double]? {
      var inside = inside
      var outside = outside
      for _ in 0..<200 {
        let middle = (inside + outside) / 2
        let ratio = value(middle)
        if abs(ratio) <= small { return point(middle) }
        if ratio > 0 { inside = middle } else { outside = middle }
      }
      return nil
    }
    var near = 1.0
    var b = value(near)
    if b < 0 { return crossing(0, near) }
    // Newton's iteration with a difference quotient, a tenth of the way beyond the draw at most. A divisor that is small at
    // the draw has to become a thousand times smaller still: exp(x) does not within that way.
    let target = min(small, 1e-3 * b)
    for _ in 0..<60 {
      if abs(b) <= target { return point(near) }
      let step = 1e-7
      let slope = (b - value(near - step)) / step
      guard slope < 0 else { return nil }
      let before = near
      near -= b / slope
      guard near <= 1.1 else { return nil }
      b = value(near)
      if b < -target { return crossing(before, near) }
      guard b.isFinite else { return nil }
    }
    return nil
  }

  private static func registers(_ tape: Tape, _ values: [Double]) -> [Double] {
    [Double](unsafeUninitializedCapacity: tape.instructions.count) { buffer, count in
      values.withUnsafeBufferPointer { values in
        // A model has inputs and its tape instructions.
        guard let from = values.baseAddress, let into = buffer.baseAddress else { return }
        tape.run(from, into: into)
      }
      count = tape.instructions.count
    }
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
