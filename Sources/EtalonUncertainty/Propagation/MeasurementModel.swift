import EtalonMetrology

/// A measurement model: one or several measurands as functions of input quantities with their knowledge (GUM 4.1).
public struct MeasurementModel: Sendable {
  enum Function: Sendable {
    case explicit(Expression)
    case implicit(ImplicitExpression)

    func evaluate(_ values: [Double]) throws(ExpressionFault) -> Double {
      switch self {
      case .explicit(let expression): return try expression.evaluate(values)
      case .implicit(let expression): return try expression.evaluate(values)
      }
    }

    /// Whether input `i` appears in the function.
    func uses(_ i: Int) -> Bool {
      switch self {
      case .explicit(let expression): return expression.tape.uses(i)
      case .implicit(let expression): return expression.equation.tape.uses(i + 1)
      }
    }

    func gradient(_ values: [Double]) throws(ExpressionFault) -> (value: Double, gradient: [Double]) {
      switch self {
      case .explicit(let expression): return try expression.gradient(values)
      case .implicit(let expression): return try expression.gradient(values)
      }
    }
  }

  /// Names of the measurands.
  public let outputs: [String]
  /// The input quantities, in the order of every list of derivatives.
  public let inputs: [InputQuantity]
  let functions: [Function]
  let correlation: CorrelationMatrix

  /// A model of one measurand read from text, `y = f(…)` or only `f(…)`; the measurand is then called `y`.
  /// - Parameters:
  ///   - inputs: every name that the text uses; one that it does not use has sensitivity 0.
  ///   - correlations: between estimates of inputs; pairs left out are 0.
  ///   - constants: further names with a fixed value.
  /// - Throws: `UncertaintyFault` naming the input and the reason.
  public init(
    _ text: String, inputs: [InputQuantity], correlations: [InputCorrelation] = [], constants: [String: Double] = [:]
  ) throws(UncertaintyFault) {
    try self.init(outputs: [text], inputs: inputs, correlations: correlations, constants: constants)
  }

  /// A model of several measurands that share inputs (JCGM 102), each `name = f(…)`.
  public init(
    outputs texts: [String], inputs: [InputQuantity], correlations: [InputCorrelation] = [],
    constants: [String: Double] = [:]
  ) throws(UncertaintyFault) {
    let variables = inputs.map(\.name)
    var names: [String] = []
    var functions: [Function] = []
    for (i, text) in texts.enumerated() {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      var name = texts.count == 1 ? "y" : "y\(i + 1)"
      if parts.count == 2, let given = parts[0].split(whereSeparator: \.isWhitespace).first { name = String(given) }
      do throws(ExpressionFault) {
        guard parts.count <= 2 else { throw ExpressionFault.syntax(text: text, at: 0, expected: "at most one =") }
        functions.append(
          .explicit(
            try Expression(parsing: String(parts[parts.count - 1]), variables: variables, constants: constants)))
      } catch { throw .model(output: name, error) }
      names.append(name)
    }
    try self.init(names: names, functions: functions, inputs: inputs, correlations: correlations)
  }

  /// A model of one measurand given by an equation, `R0*(1 + A*t + B*t^2) - W*RS = 0` solved for `t`.
  /// - Parameters:
  ///   - measurand: the name to solve for.
  ///   - start: near the root meant.
  public init(
    implicit equation: String, solvingFor measurand: String, from start: Double = 0, inputs: [InputQuantity],
    correlations: [InputCorrelation] = []
  ) throws(UncertaintyFault) {
    let function: Function
    do throws(ExpressionFault) {
      function = .implicit(
        try ImplicitExpression(
          parsing: equation, solvingFor: measurand, from: start, variables: inputs.map(\.name)))
    } catch { throw .model(output: measurand, error) }
    try self.init(names: [measurand], functions: [function], inputs: inputs, correlations: correlations)
  }

  /// A model written in Swift.
  public init(
    inputs: [InputQuantity], correlations: [InputCorrelation] = [], output: String = "y", _ function: ([Term]) -> Term
  ) throws(UncertaintyFault) {
    let expression = Expression(variables: inputs.map(\.name), function)
    try self.init(names: [output], functions: [.explicit(expression)], inputs: inputs, correlations: correlations)
  }

  /// A model between complex quantities; its measurands are `name.real` and `name.imaginary` (JCGM 102, 6.4).
  /// - Parameters:
  ///   - text: `name = f(…)` of the complex quantities.
  ///   - forms: the complex quantities, each known by magnitude and phase or by its parts.
  ///   - inputs: two for each complex quantity, named as `ComplexForm` says, in any order.
  public init(
    complex text: String, forms: [(name: String, form: ComplexForm)], inputs: [InputQuantity],
    correlations: [InputCorrelation] = []
  ) throws(UncertaintyFault) {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    var name = "y"
    if parts.count == 2, let given = parts[0].split(whereSeparator: \.isWhitespace).first { name = String(given) }
    var functions: [Function] = []
    var ordered: [InputQuantity] = []
    do throws(ExpressionFault) {
      let model = try ComplexExpression(parsing: String(parts[parts.count - 1]), inputs: forms)
      functions = [.explicit(model.real), .explicit(model.imaginary)]
      for variable in model.variables {
        guard let input = inputs.first(where: { $0.name == variable }) else {
          throw .unknownVariable(variable, nearest: Spelling.nearest(to: variable, among: inputs.map(\.name)))
        }
        ordered.append(input)
      }
    } catch { throw .model(output: name, error) }
    try self.init(
      names: ["\(name).real", "\(name).imaginary"], functions: functions, inputs: ordered, correlations: correlations)
  }

  private init(
    names: [String], functions: [Function], inputs: [InputQuantity], correlations: [InputCorrelation]
  ) throws(UncertaintyFault) {
    guard !inputs.isEmpty, inputs.count <= 200, !functions.isEmpty else {
      throw .modelSize(inputs: inputs.count, outputs: functions.count)
    }
    for (i, name) in names.enumerated() where names[..<i].contains(name) { throw .duplicateName(name) }
    for (i, input) in inputs.enumerated() {
      if inputs[..<i].contains(where: { $0.name == input.name }) { throw .duplicateName(input.name) }
      try input.check()
    }
    outputs = names
    self.functions = functions
    self.inputs = inputs
    correlation = try CorrelationMatrix(inputs, correlations)
  }

  /// Units of the measurands from those of the inputs, by `Expression.unit(of:)`.
  /// - Parameter units: one for each input, in their order.
  /// - Throws: `model` with the operation that does not fit; an implicit model has no unit of its own and is refused.
  public func units(of units: [Unit]) throws(UncertaintyFault) -> [Unit] {
    var results: [Unit] = []
    for (i, function) in functions.enumerated() {
      do throws(ExpressionFault) {
        guard case .explicit(let expression) = function else {
          throw .units(operation: outputs[i], reason: "an implicit model does not tell the unit of its measurand")
        }
        results.append(try expression.unit(of: units))
      } catch { throw .model(output: outputs[i], error) }
    }
    return results
  }

  private init(firstOf model: MeasurementModel) {
    outputs = [model.outputs[0]]
    functions = [model.functions[0]]
    inputs = model.inputs
    correlation = model.correlation
  }

  /// The same model with its first measurand only.
  var first: MeasurementModel { MeasurementModel(firstOf: self) }

  /// Estimates of the inputs, in their order.
  var estimates: [Double] { inputs.map(\.estimate) }

  func gradient(_ output: Int) throws(UncertaintyFault) -> (value: Double, gradient: [Double]) {
    do throws(ExpressionFault) { return try functions[output].gradient(estimates) } catch {
      throw .model(output: outputs[output], error)
    }
  }
}
