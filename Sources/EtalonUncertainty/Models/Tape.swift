import EtalonMetrology

/// A model as a list of operations, each writing the register of its own number.
///
/// An instruction refers only to earlier ones, so one pass from first to last evaluates, and one pass back gives all
/// first derivatives.
struct Tape: Sendable, Equatable {
  enum Operation: UInt8, Sendable {
    case constant, variable
    case add, subtract, multiply, divide, negate, power, integerPower
    case exp, log, log10, sqrt, sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, abs, minimum, maximum
  }

  struct Instruction: Sendable, Hashable {
    var operation: Operation
    /// Register of the first argument; for a variable, its position.
    var a: Int32 = 0
    /// Register of the second argument; for an integer power, the exponent.
    var b: Int32 = 0
    /// Value of a constant.
    var constant: Double = 0
  }

  private(set) var instructions: [Instruction] = []
  /// Registers of instructions, for long tapes; a short one is looked through.
  private var known: [Instruction: Int32] = [:]
  private static let shortTape = 32

  static func == (a: Tape, b: Tape) -> Bool { a.instructions == b.instructions }

  /// Register of the result: the last instruction.
  var result: Int { instructions.count - 1 }

  /// Whether a variable appears.
  func uses(_ variable: Int) -> Bool {
    instructions.contains { $0.operation == .variable && $0.a == Int32(variable) }
  }

  // MARK: Building

  /// Adds an instruction, or finds the equal one that is there; arguments that are all constant are evaluated at once.
  mutating func emit(_ instruction: Instruction) -> Int32 {
    if let folded = fold(instruction) { return emit(Instruction(operation: .constant, constant: folded)) }
    if let register = register(of: instruction) { return register }
    instructions.append(instruction)
    let register = Int32(instructions.count - 1)
    if instructions.count == Self.shortTape {
      for (i, instruction) in instructions.enumerated() { known[instruction] = Int32(i) }
    } else if instructions.count > Self.shortTape {
      known[instruction] = register
    }
    return register
  }

  private func register(of instruction: Instruction) -> Int32? {
    if instructions.count >= Self.shortTape { return known[instruction] }
    return instructions.lastIndex(of: instruction).map(Int32.init)
  }

  mutating func constant(_ value: Double) -> Int32 { emit(Instruction(operation: .constant, constant: value)) }

  mutating func emit(_ operation: Operation, _ a: Int32, _ b: Int32 = 0) -> Int32 {
    if operation == .power, let exponent = constantValue(b), let whole = Int32(exactly: exponent), abs(whole) <= 64 {
      if whole == 1 { return a }
      return emit(Instruction(operation: .integerPower, a: a, b: whole))
    }
    return emit(Instruction(operation: operation, a: a, b: b))
  }

  func constantValue(_ register: Int32) -> Double? {
    let instruction = instructions[Int(register)]
    return instruction.operation == .constant ? instruction.constant : nil
  }

  private func fold(_ instruction: Instruction) -> Double? {
    switch instruction.operation {
    case .constant, .variable: return nil
    default: break
    }
    guard let a = constantValue(instruction.a) else { return nil }
    let b: Double
    if Self.isBinary(instruction.operation) {
      guard let second = constantValue(instruction.b) else { return nil }
      b = second
    } else {
      b = 0
    }
    let value = Self.apply(instruction.operation, a, b, exponent: instruction.b)
    // What has no value stays on the tape, so that evaluation names it.
    return value.isFinite ? value : nil
  }

  static func isBinary(_ operation: Operation) -> Bool {
    switch operation {
    case .add, .subtract, .multiply, .divide, .power, .atan2, .minimum, .maximum: return true
    default: return false
    }
  }

  /// Makes `register` the last one, as the result must be.
  mutating func finish(_ register: Int32) {
    if Int(register) != instructions.count - 1 {
      // Adding zero keeps the value, and a result that is a bare variable or an earlier part gets its own place.
      instructions.append(Instruction(operation: .multiply, a: register, b: constantRegister(1)))
    }
    known = [:]
  }

  private mutating func constantRegister(_ value: Double) -> Int32 {
    let instruction = Instruction(operation: .constant, constant: value)
    if let register = register(of: instruction) { return register }
    instructions.append(instruction)
    return Int32(instructions.count - 1)
  }

  // MARK: Evaluating

  @inline(__always)
  static func integerPower(_ base: Double, _ exponent: Int32) -> Double {
    var result = 1.0
    var factor = base
    var left = exponent.magnitude
    while left > 0 {
      if left & 1 == 1 { result *= factor }
      left >>= 1
      if left > 0 { factor *= factor }
    }
    return exponent < 0 ? 1 / result : result
  }

  @inline(__always)
  static func apply(_ operation: Operation, _ a: Double, _ b: Double, exponent: Int32) -> Double {
    switch operation {
    case .constant, .variable: return .nan
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return a / b
    case .negate: return -a
    case .power: return Elementary.pow(a, b)
    case .integerPower: return integerPower(a, exponent)
    case .exp: return Elementary.exp(a)
    case .log: return Elementary.log(a)
    case .log10: return Elementary.log10(a)
    case .sqrt: return a.squareRoot()
    case .sin: return Elementary.sin(a)
    case .cos: return Elementary.cos(a)
    case .tan: return Elementary.tan(a)
    case .asin: return Elementary.asin(a)
    case .acos: return Elementary.acos(a)
    case .atan: return Elementary.atan(a)
    case .atan2: return Elementary.atan2(a, b)
    case .sinh: return Elementary.sinh(a)
    case .cosh: return Elementary.cosh(a)
    case .tanh: return Elementary.tanh(a)
    case .abs: return Swift.abs(a)
    // What is not a number passes through.
    case .minimum: return a < b || a.isNaN ? a : b
    case .maximum: return a > b || a.isNaN ? a : b
    }
  }

  /// Fills one register after another.
  func run(_ values: UnsafePointer<Double>, into registers: UnsafeMutablePointer<Double>) {
    instructions.withUnsafeBufferPointer { instructions in
      for i in 0..<instructions.count {
        let instruction = instructions[i]
        switch instruction.operation {
        case .constant: registers[i] = instruction.constant
        case .variable: registers[i] = values[Int(instruction.a)]
        default:
          let binary = Self.isBinary(instruction.operation)
          registers[i] = Self.apply(
            instruction.operation, registers[Int(instruction.a)], binary ? registers[Int(instruction.b)] : 0,
            exponent: instruction.b)
        }
      }
    }
  }

  /// The first operation whose result is not finite.
  func fault(_ registers: UnsafePointer<Double>, variables: [String]) -> ExpressionFault {
    for (i, instruction) in instructions.enumerated() where !registers[i].isFinite {
      var arguments: [Double] = []
      if instruction.operation == .variable {
        return .notFinite(variable: variables[Int(instruction.a)], value: registers[i])
      }
      arguments.append(registers[Int(instruction.a)])
      if Self.isBinary(instruction.operation) { arguments.append(registers[Int(instruction.b)]) }
      return .undefined(operation: text(of: Int32(i), variables: variables), arguments: arguments)
    }
    return .undefined(operation: text(of: Int32(result), variables: variables), arguments: [])
  }

  /// An operation as text for messages; what lies deeper than three levels becomes an ellipsis.
  func text(of register: Int32, variables: [String], depth: Int = 3) -> String {
    let instruction = instructions[Int(register)]
    func inner(_ r: Int32) -> String { depth == 0 ? "…" : text(of: r, variables: variables, depth: depth - 1) }
    func argument(_ r: Int32) -> String {
      let text = inner(r)
      switch instructions[Int(r)].operation {
      case .add, .subtract, .multiply, .divide, .negate, .power: return "(\(text))"
      default: return text
      }
    }
    switch instruction.operation {
    case .constant: return "\(instruction.constant)"
    case .variable: return variables[Int(instruction.a)]
    case .add: return "\(argument(instruction.a)) + \(argument(instruction.b))"
    case .subtract: return "\(argument(instruction.a)) - \(argument(instruction.b))"
    case .multiply: return "\(argument(instruction.a)) * \(argument(instruction.b))"
    case .divide: return "\(argument(instruction.a)) / \(argument(instruction.b))"
    case .negate: return "-\(argument(instruction.a))"
    case .power: return "\(argument(instruction.a))^\(argument(instruction.b))"
    case .integerPower: return "\(argument(instruction.a))^\(instruction.b)"
    case .atan2, .minimum, .maximum:
      let name =
        instruction.operation == .atan2 ? "atan2" : instruction.operation == .minimum ? "min" : "max"
      return "\(name)(\(inner(instruction.a)), \(inner(instruction.b)))"
    default: return "\(instruction.operation)(\(inner(instruction.a)))"
    }
  }
}
