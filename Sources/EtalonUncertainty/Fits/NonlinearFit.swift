import EtalonMetrology

/// Nonlinear least squares from starting values as people have them.
///
/// Several routes are tried from the same start (trust regions of different first size, with all parameters or with those
/// that appear linearly eliminated), each result is polished with residuals in double-double, and the lowest minimum wins.
/// Derivatives are exact. A result is given only where the residuals are orthogonal to every parameter's effect (the
/// criterion of D. M. Bates and D. G. Watts, Technometrics 23 (1981) 179), so a stalled iteration is a fault.
public struct NonlinearFit: Sendable {
  /// The fitted equation.
  public let model: RegressionModel
  /// Parameters at the minimum.
  public let parameters: [Double]
  /// Covariance matrix of the parameters from the linearised model at the minimum: s² (JᵀWJ)⁻¹ for `equal` and `relative`
  /// weighting, (JᵀWJ)⁻¹ for stated uncertainties.
  public let covariance: Matrix
  /// Response less fitted value, not weighted; of the transformed response if the model's left side is a function of it.
  public let residuals: [Double]
  /// Σ of the squared weighted residuals.
  public let residualSumOfSquares: Double
  /// Points less parameters.
  public let degreesOfFreedom: Int
  /// √(residual sum of squares / degrees of freedom); nil where no degree of freedom is left.
  public let residualStandardDeviation: Double?
  /// Iterations of all routes together.
  public let iterationCount: Int
  /// What was known about the responses.
  public let weighting: Weighting

  /// Names of the parameters, in their order.
  public var parameterNames: [String] { model.parameters }

  /// Standard uncertainties of the parameters.
  public var standardUncertainties: [Double] { covariance.diagonal.map { $0.squareRoot() } }

  /// Fits a model to data.
  /// - Parameters:
  ///   - model: the equation with its predictors and parameters.
  ///   - data: the response and every predictor by name, n values each.
  ///   - start: starting values of the parameters, in the model's order.
  ///   - weighting: what is known about the (transformed) responses.
  /// - Throws: `FitFault`; `modelUndefined` where the model has no value at the start, `noConvergence` where no route finds
  ///   a minimum, `undeterminedParameter` where the minimum leaves a parameter open.
  public static func fit(
    _ model: RegressionModel, data: [String: [Double]], start: [Double], weighting: Weighting = .equal
  ) throws(FitFault) -> NonlinearFit {
    var precise: [String: [DoubleDouble]] = [:]
    for (name, values) in data { precise[name] = values.map { DoubleDouble($0) } }
    return try fit(model, data: precise, start: start, weighting: weighting)
  }

  /// Fits a model to data in double-double, as decimal text gives them: for residuals near the rounding of a `Double`.
  public static func fit(
    _ model: RegressionModel, data: [String: [DoubleDouble]], start: [Double], weighting: Weighting = .equal
  ) throws(FitFault) -> NonlinearFit {
    let problem = try prepare(model, data: data, start: start, weighting: weighting)
    var best: Candidate?
    var iterations = 0
    var agreeing = 0
    var lowest = Double.infinity
    var undetermined: Int?
    for route in routes(problem, start: start) {
      guard let outcome = route() else { continue }
      iterations += outcome.iterations
      lowest = min(lowest, outcome.sumOfSquares)
      let candidate: Candidate
      switch polish(outcome.parameters, problem) {
      case .minimum(let minimum): candidate = minimum
      case .undetermined(let parameter):
        undetermined = undetermined ?? parameter
        continue
      case .noMinimum: continue
      }
      if let found = best {
        let scale = max(found.sumOfSquares.doubleValue, candidate.sumOfSquares.doubleValue)
        let difference = (found.sumOfSquares - candidate.sumOfSquares).doubleValue
        agreeing = difference.magnitude <= 1e-9 * scale ? agreeing + 1 : (difference > 0 ? 0 : agreeing)
        if candidate.sumOfSquares < found.sumOfSquares { best = candidate }
      } else {
        best = candidate
      }
      // Two routes that end at the same minimum settle the matter.
      if agreeing > 0 { break }
    }
    guard let best else {
      if let undetermined { throw .undeterminedParameter(name: model.parameters[undetermined]) }
      throw .noConvergence(iterations: iterations, residualSumOfSquares: lowest)
    }
    return try NonlinearFit(best, problem: problem, weighting: weighting, iterations: iterations)
  }

  /// The right side of the model at exactly known predictors, in the model's order, and the standard uncertainty it inherits
  /// from the parameters (GUM 5.2.2).
  /// - Throws: `modelUndefined` where the model has no finite value there.
  public func value(at predictors: [Double]) throws(FitFault) -> (value: Double, standardUncertainty: Double) {
    try Weighting.checkFinite(predictors, named: "predictors", count: model.predictors.count)
    do {
      let (value, gradient) = try model.right.gradient(predictors + parameters)
      let sensitivities = Array(gradient[predictors.count...])
      return (value, max(0, covariance.bilinear(sensitivities, sensitivities)).squareRoot())
    } catch {
      throw .modelUndefined(index: 0, parameters: parameters)
    }
  }

  private static func prepare(
    _ model: RegressionModel, data: [String: [DoubleDouble]], start: [Double], weighting: Weighting
  ) throws(FitFault) -> ExpressionResiduals {
    guard let raw = data[model.response] else { throw .invalidModel("there are no data named '\(model.response)'") }
    let m = raw.count
    let p = model.parameters.count
    try Weighting.checkFinite(start, named: "starting values", count: p)
    let needed = weighting.isAbsolute ? p : p + 1
    guard m >= needed else { throw .tooFewPoints(needed: needed, received: m) }
    try Weighting.checkFinite(raw.map(\.doubleValue), named: model.response, count: m)
    var predictors = [[DoubleDouble]](repeating: [], count: m)
    for name in model.predictors {
      guard let values = data[name] else { throw .invalidModel("there are no data named '\(name)'") }
      try Weighting.checkFinite(values.map(\.doubleValue), named: name, count: m)
      for r in 0..<m { predictors[r].append(values[r]) }
    }
    var response: [DoubleDouble] = []
    for r in 0..<m {
      if let value = model.left.tape.run([raw[r]]) {
        response.append(value)
      } else {
        do {
          response.append(DoubleDouble(try model.left.evaluate([raw[r].doubleValue])))
        } catch {
          throw .modelUndefined(index: r, parameters: [raw[r].doubleValue])
        }
      }
    }
    let problem = ExpressionResiduals(
      model: model, predictors: predictors, response: response, whitening: try weighting.whitening(count: m))
    if problem.evaluate(start) == nil {
      throw .modelUndefined(index: problem.undefinedPoint(start) ?? 0, parameters: start)
    }
    return problem
  }

  /// Ways to a minimum, most direct first.
  private static func routes(
    _ problem: ExpressionResiduals, start: [Double]
  ) -> [() -> TrustRegion<ExpressionResiduals>.Outcome?] {
    let linear = problem.linearParameters
    // Curved valleys take thousands of steps with a few points; with many points the cost of a route is kept to seconds.
    let limit = max(300, min(3000, 2_000_000 / problem.pointCount))
    func direct(_ radius: Double, _ adapts: Bool) -> () -> TrustRegion<ExpressionResiduals>.Outcome? {
      {
        TrustRegion(problem: problem, firstRadius: radius, adaptsScales: adapts, iterationLimit: limit).run(from: start)
      }
    }
    func projected(_ radius: Double, _ adapts: Bool) -> () -> TrustRegion<ExpressionResiduals>.Outcome? {
      {
        let reduced = ProjectedResiduals(full: problem, linear: linear, start: start)
        let first = reduced.nonlinear.map { start[$0] }
        guard
          let outcome = TrustRegion(
            problem: reduced, firstRadius: radius, adaptsScales: adapts, iterationLimit: limit
          ).run(from: first), let all = reduced.complete(outcome.parameters)
        else { return nil }
        return .init(
          parameters: all, sumOfSquares: outcome.sumOfSquares, iterations: outcome.iterations, settled: outcome.settled)
      }
    }
    let isSeparable = !linear.isEmpty && linear.count < problem.parameterCount
    var routes = [direct(100, false)]
    if isSeparable { routes += [projected(1, false), projected(0.1, true)] }
    routes += [direct(1, false), direct(0.1, true), direct(10, true), direct(0.01, false)]
    if isSeparable { routes += [projected(100, false), projected(0.01, false)] }
    return routes
  }
}
