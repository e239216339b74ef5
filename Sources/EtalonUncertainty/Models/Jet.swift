import EtalonMetrology

/// A truncated Taylor series in two directions: up to the second order along t, up to the first along e.
///
/// c + a t + b t² + e (p + q t + r t²). Arithmetic on it gives exact partial derivatives up to ∂³f/∂e∂t² (A. Griewank and
/// A. Walther, Evaluating Derivatives, 2nd edition, chapter 13).
struct Jet {
  var c = 0.0
  var t = 0.0
  var tt = 0.0
  var e = 0.0
  var et = 0.0
  var ett = 0.0

  static func + (x: Jet, y: Jet) -> Jet {
    Jet(c: x.c + y.c, t: x.t + y.t, tt: x.tt + y.tt, e: x.e + y.e, et: x.et + y.et, ett: x.ett + y.ett)
  }

  static func - (x: Jet, y: Jet) -> Jet { x + y.scaled(-1) }

  func scaled(_ k: Double) -> Jet { Jet(c: k * c, t: k * t, tt: k * tt, e: k * e, et: k * et, ett: k * ett) }

  static func * (x: Jet, y: Jet) -> Jet {
    Jet(
      c: x.c * y.c, t: x.c * y.t + x.t * y.c, tt: x.c * y.tt + x.t * y.t + x.tt * y.c, e: x.c * y.e + x.e * y.c,
      et: x.c * y.et + x.t * y.e + x.e * y.t + x.et * y.c,
      ett: x.c * y.ett + x.t * y.et + x.tt * y.e + x.e * y.tt + x.et * y.t + x.ett * y.c)
  }

  /// f(self) from the value and the first three derivatives of f at `c`.
  func mapped(_ f0: Double, _ f1: Double, _ f2: Double, _ f3: Double) -> Jet {
    var h = self
    h.c = 0
    let square = h * h
    let cube = square * h
    var result = h.scaled(f1) + square.scaled(f2 / 2) + cube.scaled(f3 / 6)
    result.c = f0
    return result
  }
}

extension Tape {
  /// Derivatives of a function of one argument at `a`, up to the third; `value` is the function's value there.
  static func derivatives(_ operation: Operation, _ a: Double, _ value: Double) -> (Double, Double, Double) {
    switch operation {
    case .exp: return (value, value, value)
    case .log: return (1 / a, -1 / (a * a), 2 / (a * a * a))
    case .log10:
      let k = 0.43429448190325182765
      return (k / a, -k / (a * a), 2 * k / (a * a * a))
    case .sqrt: return (0.5 / value, -0.25 / (value * a), 0.375 / (value * a * a))
    case .sin:
      let cosine = Elementary.cos(a)
      return (cosine, -value, -cosine)
    case .cos:
      let sine = Elementary.sin(a)
      return (-sine, -value, sine)
    case .tan:
      let s = 1 + value * value
      return (s, 2 * value * s, 2 * s * (s + 2 * value * value))
    case .asin, .acos:
      let w = (1 - a) * (1 + a)
      let root = w.squareRoot()
      let sign = operation == .asin ? 1.0 : -1.0
      return (sign / root, sign * a / (w * root), sign * (1 + 2 * a * a) / (w * w * root))
    case .atan:
      let w = 1 + a * a
      return (1 / w, -2 * a / (w * w), (6 * a * a - 2) / (w * w * w))
    case .sinh:
      let c = Elementary.cosh(a)
      return (c, value, c)
    case .cosh:
      let s = Elementary.sinh(a)
      return (s, value, s)
    case .tanh:
      let w = 1 - value * value
      return (w, -2 * value * w, w * (6 * value * value - 2))
    case .abs: return (a > 0 ? 1 : a < 0 ? -1 : .nan, 0, 0)
    default: return (.nan, .nan, .nan)
    }
  }

  /// Derivatives of x^k at `a` for a constant k, up to the third; factors that vanish do not meet infinite powers.
  static func powerDerivatives(_ a: Double, _ k: Double) -> (Double, Double, Double) {
    func term(_ factor: Double, _ exponent: Double) -> Double {
      if factor == 0 { return 0 }
      if let whole = Int32(exactly: exponent), Swift.abs(whole) <= 64 { return factor * integerPower(a, whole) }
      return factor * Elementary.pow(a, exponent)
    }
    return (term(k, k - 1), term(k * (k - 1), k - 2), term(k * (k - 1) * (k - 2), k - 3))
  }

  /// One pass back: adds ∂result/∂variable into `gradient`.
  func differentiate(
    _ registers: UnsafeMutablePointer<Double>, adjoints: UnsafeMutablePointer<Double>,
    into gradient: UnsafeMutableBufferPointer<Double>, variables: [String]
  ) -> ExpressionFault? {
    adjoints.initialize(repeating: 0, count: instructions.count)
    for i in gradient.indices { gradient[i] = 0 }
    adjoints[result] = 1
    var i = result
    while i >= 0 {
      defer { i -= 1 }
      let adjoint = adjoints[i]
      // An operation that nothing depends on, or only by factors of zero, adds nothing; its derivative may not exist.
      if adjoint == 0 { continue }
      let instruction = instructions[i]
      let a = Int(instruction.a)
      let b = Int(instruction.b)
      switch instruction.operation {
      case .constant: break
      case .variable: gradient[a] += adjoint
      case .add:
        adjoints[a] += adjoint
        adjoints[b] += adjoint
      case .subtract:
        adjoints[a] += adjoint
        adjoints[b] -= adjoint
      case .multiply:
        adjoints[a] += adjoint * registers[b]
        adjoints[b] += adjoint * registers[a]
      case .divide:
        adjoints[a] += adjoint / registers[b]
        adjoints[b] -= adjoint * registers[i] / registers[b]
      case .negate: adjoints[a] -= adjoint
      case .minimum, .maximum:
        if registers[a] == registers[b] && a != b {
          return .notDifferentiable(
            operation: text(of: Int32(i), variables: variables), arguments: [registers[a], registers[b]])
        }
        adjoints[registers[i] == registers[a] ? a : b] += adjoint
      case .atan2:
        let radius = registers[a] * registers[a] + registers[b] * registers[b]
        adjoints[a] += adjoint * registers[b] / radius
        adjoints[b] -= adjoint * registers[a] / radius
      case .power:
        if let exponent = constantValue(instruction.b) {
          adjoints[a] += adjoint * Self.powerDerivatives(registers[a], exponent).0
        } else {
          adjoints[a] += adjoint * registers[b] * Elementary.pow(registers[a], registers[b] - 1)
          adjoints[b] += adjoint * registers[i] * Elementary.log(registers[a])
        }
      case .integerPower:
        adjoints[a] += adjoint * Self.powerDerivatives(registers[a], Double(instruction.b)).0
      default: adjoints[a] += adjoint * Self.derivatives(instruction.operation, registers[a], registers[i]).0
      }
      if instruction.operation != .constant && instruction.operation != .variable {
        let second = Self.isBinary(instruction.operation) ? adjoints[b] : 0
        if !adjoints[a].isFinite || !second.isFinite {
          return .notDifferentiable(
            operation: text(of: Int32(i), variables: variables),
            arguments: Self.isBinary(instruction.operation) ? [registers[a], registers[b]] : [registers[a]])
        }
      }
    }
    for i in gradient.indices where !gradient[i].isFinite {
      return .notDifferentiable(operation: text(of: Int32(result), variables: variables), arguments: [])
    }
    return nil
  }

  /// Evaluates with t along variable `j` and e along variable `i`.
  func run(
    _ values: [Double], along j: Int, and i: Int, variables: [String]
  ) throws(ExpressionFault) -> Jet {
    var jets: [Jet] = []
    jets.reserveCapacity(instructions.count)
    for (position, instruction) in instructions.enumerated() {
      let a: Jet
      let b: Jet
      switch instruction.operation {
      case .constant, .variable:
        a = Jet()
        b = Jet()
      default:
        a = jets[Int(instruction.a)]
        b = Self.isBinary(instruction.operation) ? jets[Int(instruction.b)] : Jet()
      }
      let jet: Jet
      switch instruction.operation {
      case .constant: jet = Jet(c: instruction.constant)
      case .variable:
        let index = Int(instruction.a)
        jet = Jet(c: values[index], t: index == j ? 1 : 0, e: index == i ? 1 : 0)
      case .add: jet = a + b
      case .subtract: jet = a - b
      case .multiply: jet = a * b
      case .divide:
        let d = Self.powerDerivatives(b.c, -1)
        jet = a * b.mapped(1 / b.c, d.0, d.1, d.2)
      case .negate: jet = a.scaled(-1)
      case .minimum: jet = a.c < b.c ? a : b
      case .maximum: jet = a.c > b.c ? a : b
      case .atan2: jet = Self.angle(a, b)
      case .power:
        if let exponent = constantValue(instruction.b) {
          let d = Self.powerDerivatives(a.c, exponent)
          jet = a.mapped(Elementary.pow(a.c, exponent), d.0, d.1, d.2)
        } else {
          let logarithm = Elementary.log(a.c)
          let d = Self.derivatives(.log, a.c, logarithm)
          let product = b * a.mapped(logarithm, d.0, d.1, d.2)
          let value = Elementary.pow(a.c, b.c)
          jet = product.mapped(value, value, value, value)
        }
      case .integerPower:
        let d = Self.powerDerivatives(a.c, Double(instruction.b))
        jet = a.mapped(Self.integerPower(a.c, instruction.b), d.0, d.1, d.2)
      default:
        let value = Self.apply(instruction.operation, a.c, 0, exponent: 0)
        let d = Self.derivatives(instruction.operation, a.c, value)
        jet = a.mapped(value, d.0, d.1, d.2)
      }
      let sum = jet.c + jet.t + jet.tt + jet.e + jet.et + jet.ett
      if !sum.isFinite {
        throw .notDifferentiable(
          operation: text(of: Int32(position), variables: variables),
          arguments: Self.isBinary(instruction.operation) ? [a.c, b.c] : [a.c])
      }
      jets.append(jet)
    }
    return jets[result]
  }

  /// atan2(y, x): the derivatives are those of atan(y/x), or of −atan(x/y), whichever has the larger denominator.
  private static func angle(_ y: Jet, _ x: Jet) -> Jet {
    let swap = Swift.abs(y.c) > Swift.abs(x.c)
    let below = swap ? y : x
    let d = powerDerivatives(below.c, -1)
    let ratio = (swap ? x : y) * below.mapped(1 / below.c, d.0, d.1, d.2)
    let arctangent = Elementary.atan(ratio.c)
    let w = derivatives(.atan, ratio.c, arctangent)
    var result = ratio.mapped(arctangent, w.0, w.1, w.2)
    if swap { result = result.scaled(-1) }
    result.c = Elementary.atan2(y.c, x.c)
    return result
  }
}
