import EtalonMetrology

/// A measurement function read from text, with exact derivatives.
///
/// `dut - (ref + ref.correction)`, `V/I*cos(phi)`, `12 H + 6 C + 6 O`. Operators + − * / ^ (or **), brackets, `pi`, and
/// the functions exp, log (= ln, natural), log10, sqrt, sin, cos, tan, asin, acos, atan (also arcsin …), atan2(y, x),
/// sinh, cosh, tanh, abs, min, max, pow. Angles are in radians. A name starts with a letter and may hold digits, `_` and
/// dots before letters. Every elementary function is the project's own, so that results agree bit for bit everywhere.
public struct Expression: Sendable, Equatable {
  /// The text as given; the names of the variables for a function written in Swift.
  public var text: String { givenText ?? "f(\(variables.joined(separator: ", ")))" }
  private let givenText: String?
  /// Names of the variables, in the order of first appearance, or as given.
  public let variables: [String]
  let tape: Tape

  /// Reads a model; its variables are the names that appear in it.
  /// - Throws: `syntax`, `unknownFunction`, `argumentCount`, `tooLarge`.
  public init(parsing text: String) throws(ExpressionFault) {
    try self.init(parsing: text, variables: nil, constants: [:])
  }

  /// Reads a model whose variables are given, in the order in which values will be handed in.
  /// - Parameters:
  ///   - variables: all allowed names; those that do not appear have derivative 0.
  ///   - constants: names with a fixed value.
  /// - Throws: as `init(parsing:)`, and `unknownVariable` for any other name.
  public init(
    parsing text: String, variables: [String]?, constants: [String: Double] = [:]
  ) throws(ExpressionFault) {
    var parser = ExpressionParser(text, variables: variables, constants: constants)
    try parser.parse()
    givenText = text
    self.variables = parser.variables
    tape = parser.tape
  }

  init(text: String?, variables: [String], tape: Tape) {
    givenText = text
    self.variables = variables
    self.tape = tape
  }

  private func check(_ values: [Double]) throws(ExpressionFault) {
    guard values.count == variables.count else {
      throw .valueCount(expected: variables.count, received: values.count)
    }
    for i in values.indices where !values[i].isFinite {
      throw .notFinite(variable: variables[i], value: values[i])
    }
  }

  /// The value at the given values of the variables.
  /// - Throws: `valueCount`, `notFinite`, `undefined` where an operation has no finite value.
  public func evaluate(_ values: [Double]) throws(ExpressionFault) -> Double {
    try check(values)
    let (value, fault) = values.withUnsafeBufferPointer { values in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: tape.instructions.count) {
        registers -> (Double, ExpressionFault?) in
        let base = registers.baseAddress!
        // A model without variables has no values, and reads none.
        var none = 0.0
        withUnsafePointer(to: &none) { tape.run(values.baseAddress ?? $0, into: base) }
        let value = base[tape.result]
        return (value, value.isFinite ? nil : tape.fault(base, variables: variables))
      }
    }
    if let fault { throw fault }
    return value
  }

  /// The value, or nil where it is not defined; for searches that step back from such points.
  func valueIfDefined(_ values: [Double]) -> Double? {
    values.withUnsafeBufferPointer { values in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: tape.instructions.count) { registers in
        let base = registers.baseAddress!
        var none = 0.0
        withUnsafePointer(to: &none) { tape.run(values.baseAddress ?? $0, into: base) }
        let value = base[tape.result]
        return value.isFinite ? value : nil
      }
    }
  }

  /// Value and first derivatives, by one pass back over the operations.
  /// - Returns: the derivatives in the order of `variables`.
  /// - Throws: as `evaluate`, and `notDifferentiable`.
  public func gradient(_ values: [Double]) throws(ExpressionFault) -> (value: Double, gradient: [Double]) {
    var gradient = [Double](repeating: 0, count: variables.count)
    let value = try self.gradient(values, into: &gradient)
    return (value, gradient)
  }

  /// As `gradient(_:)`, into storage that is there; `gradient` has the length of `variables`.
  public func gradient(_ values: [Double], into gradient: inout [Double]) throws(ExpressionFault) -> Double {
    try check(values)
    guard gradient.count == variables.count else {
      throw .valueCount(expected: variables.count, received: gradient.count)
    }
    let count = tape.instructions.count
    let (value, fault) = values.withUnsafeBufferPointer { values in
      gradient.withUnsafeMutableBufferPointer { gradient in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * count) {
          storage -> (Double, ExpressionFault?) in
          let registers = storage.baseAddress!
          var none = 0.0
          withUnsafePointer(to: &none) { tape.run(values.baseAddress ?? $0, into: registers) }
          let value = registers[tape.result]
          guard value.isFinite else { return (value, tape.fault(registers, variables: variables)) }
          let fault = tape.differentiate(registers, adjoints: registers + count, into: gradient, variables: variables)
          return (value, fault)
        }
      }
    }
    if let fault { throw fault }
    return value
  }

  /// Value, first and second derivatives.
  /// - Returns: the second derivatives as a full symmetric matrix by rows, in the order of `variables`.
  /// - Throws: as `gradient(_:)`.
  public func hessian(
    _ values: [Double]
  ) throws(ExpressionFault) -> (value: Double, gradient: [Double], hessian: [Double]) {
    let n = variables.count
    let (value, gradient) = try gradient(values)
    var hessian = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        let second = try jet(values, along: j, and: i).et
        hessian[i * n + j] = second
        hessian[j * n + i] = second
      }
    }
    return (value, gradient, hessian)
  }

  /// Third derivatives ∂³f/∂xᵢ∂xⱼ² as a matrix by rows (row i, column j), as the second-order formula of GUM 5.1.2 needs.
  /// - Throws: as `gradient(_:)`.
  public func mixedThirdDerivatives(_ values: [Double]) throws(ExpressionFault) -> [Double] {
    let n = variables.count
    try check(values)
    var third = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n { third[i * n + j] = 2 * (try jet(values, along: j, and: i).ett) }
    }
    return third
  }

  private func jet(_ values: [Double], along j: Int, and i: Int) throws(ExpressionFault) -> Jet {
    try tape.run(values, along: j, and: i, variables: variables)
  }
}
