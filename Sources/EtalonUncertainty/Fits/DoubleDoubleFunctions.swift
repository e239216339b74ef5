import EtalonMetrology

/// Elementary functions in double-double, for residuals of nonlinear models that nearly vanish.
///
/// Relative error below about 2^−96 for arguments of ordinary size; each starts from the project's own `Double` function
/// and corrects it, or sums a Taylor series after reduction of the argument.
extension DoubleDouble {
  private static let ln2 = DoubleDouble(sumOf: 0.6931471805599453, 2.3190468138462996e-17)
  private static let halfPi = DoubleDouble(sumOf: 1.5707963267948966, 6.123233995736766e-17)

  /// e^self; nil where the result leaves the range.
  func exponential() -> DoubleDouble? {
    guard high > -600, high < 600 else {
      // Far below what any residual can show; 0 is exact to within the smallest numbers.
      return high <= -600 ? .zero : nil
    }
    let k = (high / DoubleDouble.ln2.high).rounded()
    let reduced = (self - DoubleDouble.ln2 * k) * (1.0 / 512)
    // e^r − 1 by its series for |r| < 0.0007, then (1 + z)² − 1 = 2 z + z² nine times.
    var term = reduced
    var sum = reduced
    for n in 2...9 {
      term = term * reduced / DoubleDouble(n)
      sum += term
    }
    for _ in 0..<9 { sum = sum * 2.0 + sum * sum }
    let scale = Double(sign: .plus, exponent: Int(k), significand: 1)
    return (sum + 1.0) * scale
  }

  /// Natural logarithm of a positive value.
  func logarithm() -> DoubleDouble? {
    guard high > 0 else { return nil }
    let first = DoubleDouble(Elementary.log(high))
    // One Newton step y + x e^−y − 1 squares the relative error of the start.
    guard let back = (-first).exponential() else { return nil }
    return first + (self * back - 1.0)
  }

  /// Sine and cosine for |self| below about 10^8.
  func sineAndCosine() -> (sine: DoubleDouble, cosine: DoubleDouble)? {
    guard high.magnitude < 1e8 else { return nil }
    let quarter = (high / DoubleDouble.halfPi.high).rounded()
    let reduced = (self - DoubleDouble.halfPi * quarter) * (1.0 / 64)
    let square = reduced * reduced
    var sine = reduced
    var term = reduced
    for n in 1...8 {
      term = -(term * square / DoubleDouble((2 * n) * (2 * n + 1)))
      sine += term
    }
    // 1 − cos in place of cos, because it doubles without loss: 1 − cos 2x = 2 sin² x.
    var cosineLess = DoubleDouble.zero
    term = DoubleDouble(1.0)
    for n in 1...8 {
      term = -(term * square / DoubleDouble((2 * n - 1) * (2 * n)))
      cosineLess -= term
    }
    for _ in 0..<6 {
      let cosine = DoubleDouble(1.0) - cosineLess
      let doubledSine = sine * cosine * 2.0
      cosineLess = sine * sine * 2.0
      sine = doubledSine
    }
    let cosine = DoubleDouble(1.0) - cosineLess
    switch Int(quarter) & 3 {
    case 0: return (sine, cosine)
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    default: return (-cosine, sine)
    }
  }

  /// Inverse tangent.
  func arcTangent() -> DoubleDouble? {
    let first = DoubleDouble(Elementary.atan(high))
    guard let (sine, cosine) = first.sineAndCosine() else { return nil }
    // tan(δ) for δ = atan(x) − y is (x cos y − sin y)/(cos y + x sin y), and δ is tiny.
    return first + (self * cosine - sine) / (cosine + self * sine)
  }

  /// self to a real power, self positive.
  func raised(to exponent: DoubleDouble) -> DoubleDouble? {
    guard let logarithm = logarithm() else { return nil }
    return (logarithm * exponent).exponential()
  }

  /// self to a whole power.
  func raised(to exponent: Int32) -> DoubleDouble {
    var result = DoubleDouble(1.0)
    var factor = self
    var left = exponent.magnitude
    while left > 0 {
      if left & 1 == 1 { result *= factor }
      left >>= 1
      if left > 0 { factor *= factor }
    }
    return exponent < 0 ? DoubleDouble(1.0) / result : result
  }
}

extension Tape {
  /// The value in double-double; nil where an operation has none in double-double or no finite value.
  func run(_ values: [DoubleDouble]) -> DoubleDouble? {
    var registers = [DoubleDouble](repeating: .zero, count: instructions.count)
    for (i, instruction) in instructions.enumerated() {
      guard let value = Self.value(of: instruction, values, registers), value.isFinite else { return nil }
      registers[i] = value
    }
    return registers[result]
  }

  private static func value(
    of instruction: Instruction, _ values: [DoubleDouble], _ registers: [DoubleDouble]
  ) -> DoubleDouble? {
    if instruction.operation == .constant { return DoubleDouble(instruction.constant) }
    if instruction.operation == .variable { return values[Int(instruction.a)] }
    let a = registers[Int(instruction.a)]
    if instruction.operation == .integerPower { return a.raised(to: instruction.b) }
    let b = isBinary(instruction.operation) ? registers[Int(instruction.b)] : .zero
    switch instruction.operation {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return a / b
    case .negate: return -a
    case .power: return a.raised(to: b)
    case .exp: return a.exponential()
    case .log: return a.logarithm()
    case .log10: return a.logarithm().map { $0 / DoubleDouble(sumOf: 2.302585092994046, -2.1707562233822494e-16) }
    case .sqrt: return a.high >= 0 ? a.squareRoot() : nil
    case .sin: return a.sineAndCosine()?.sine
    case .cos: return a.sineAndCosine()?.cosine
    case .tan: return a.sineAndCosine().map { $0.sine / $0.cosine }
    case .atan: return a.arcTangent()
    case .abs: return a.magnitude
    case .minimum: return a < b ? a : b
    case .maximum: return a > b ? a : b
    case .sinh, .cosh, .tanh, .asin, .acos, .atan2, .constant, .variable, .integerPower: return nil
    }
  }

  /// How the result depends on the variables marked: 0 not at all, 1 linearly with factors free of them, 2 otherwise.
  func degree(inMarked marked: [Bool]) -> Int {
    var degrees = [Int](repeating: 0, count: instructions.count)
    for (i, instruction) in instructions.enumerated() {
      let a = instruction.operation == .constant || instruction.operation == .variable ? 0 : degrees[Int(instruction.a)]
      let b = Self.isBinary(instruction.operation) ? degrees[Int(instruction.b)] : 0
      switch instruction.operation {
      case .constant: degrees[i] = 0
      case .variable: degrees[i] = marked[Int(instruction.a)] ? 1 : 0
      case .add, .subtract: degrees[i] = max(a, b)
      case .multiply: degrees[i] = min(2, a + b)
      case .divide: degrees[i] = b == 0 ? a : 2
      case .negate: degrees[i] = a
      default: degrees[i] = a == 0 && b == 0 ? 0 : 2
      }
    }
    return degrees[result]
  }
}
