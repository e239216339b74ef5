import EtalonMetrology

/// Residuals and their derivatives, as the iteration needs them; already weighted.
protocol ResidualFunction {
  var pointCount: Int { get }
  var parameterCount: Int { get }
  /// Residuals y − f and the derivatives of f, column by column; nil where the model has no finite value or derivative.
  func evaluate(_ parameters: [Double]) -> (residuals: [Double], jacobian: [Double])?
}

/// A parsed model with its data.
struct ExpressionResiduals: ResidualFunction {
  let model: RegressionModel
  /// Predictors, point by point.
  let predictors: [[DoubleDouble]]
  let response: [DoubleDouble]
  let whitening: Weighting.Whitening
  private let predictorValues: [[Double]]

  init(model: RegressionModel, predictors: [[DoubleDouble]], response: [DoubleDouble], whitening: Weighting.Whitening) {
    self.model = model
    self.predictors = predictors
    self.response = response
    self.whitening = whitening
    predictorValues = predictors.map { $0.map(\.doubleValue) }
  }

  var pointCount: Int { response.count }
  var parameterCount: Int { model.parameters.count }

  func evaluate(_ parameters: [Double]) -> (residuals: [Double], jacobian: [Double])? {
    let m = pointCount
    let n = parameterCount
    let offset = model.predictors.count
    var residuals = [Double](repeating: 0, count: m)
    var jacobian = [Double](repeating: 0, count: m * n)
    var gradient = [Double](repeating: 0, count: offset + n)
    for r in 0..<m {
      let value: Double
      do {
        value = try model.right.gradient(predictorValues[r] + parameters, into: &gradient)
      } catch {
        // An undefined value is an answer here: the iteration takes a shorter step. At the starting values it is reported.
        return nil
      }
      residuals[r] = (response[r] - value).doubleValue
      for c in 0..<n {
        guard gradient[offset + c].isFinite else { return nil }
        jacobian[c * m + r] = gradient[offset + c]
      }
    }
    whitening.apply(to: &residuals, from: 0, count: m)
    for c in 0..<n { whitening.apply(to: &jacobian, from: c * m, count: m) }
    return (residuals, jacobian)
  }

  /// The first point at which the model has no finite value.
  func undefinedPoint(_ parameters: [Double]) -> Int? {
    for r in 0..<pointCount {
      do {
        _ = try model.right.gradient(predictorValues[r] + parameters)
      } catch {
        return r
      }
    }
    return nil
  }

  /// Unweighted residuals in double-double; nil where an operation of the model is only there in `Double`.
  func preciseResiduals(_ parameters: [DoubleDouble]) -> [DoubleDouble]? {
    var residuals: [DoubleDouble] = []
    residuals.reserveCapacity(pointCount)
    for r in 0..<pointCount {
      guard let value = model.right.tape.run(predictors[r] + parameters) else { return nil }
      residuals.append(response[r] - value)
    }
    return residuals
  }

  /// Unweighted residuals with the model in `Double`.
  func plainResiduals(_ parameters: [Double]) -> [DoubleDouble]? {
    var residuals: [DoubleDouble] = []
    for r in 0..<pointCount {
      do {
        residuals.append(response[r] - (try model.right.evaluate(predictorValues[r] + parameters)))
      } catch {
        return nil
      }
    }
    return residuals
  }

  /// Parameters that appear linearly together: with the others held, they follow from a linear problem.
  var linearParameters: [Int] {
    var marked = [Bool](repeating: false, count: model.right.variables.count)
    var chosen: [Int] = []
    for index in 0..<parameterCount {
      let position = model.predictors.count + index
      marked[position] = true
      if model.right.tape.degree(inMarked: marked) <= 1 {
        chosen.append(index)
      } else {
        marked[position] = false
      }
    }
    return chosen
  }
}

/// The same problem in its nonlinear parameters alone; the linear ones are the best for each trial.
///
/// Variable projection (G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413) with Kaufman's Jacobian
/// (BIT 15 (1975) 49). It takes out the directions along which a poor starting value of a factor would lead astray.
struct ProjectedResiduals: ResidualFunction {
  let full: ExpressionResiduals
  let linear: [Int]
  let nonlinear: [Int]
  /// Values of the linear parameters at which their factors are read off; any at which the model is defined.
  let start: [Double]

  init(full: ExpressionResiduals, linear: [Int], start: [Double]) {
    self.full = full
    self.linear = linear
    nonlinear = (0..<full.parameterCount).filter { !linear.contains($0) }
    self.start = start
  }

  var pointCount: Int { full.pointCount - linear.count }
  var parameterCount: Int { nonlinear.count }

  /// All parameters for values of the nonlinear ones.
  func complete(_ parameters: [Double]) -> [Double]? { solve(parameters)?.parameters }

  private func solve(
    _ parameters: [Double]
  ) -> (parameters: [Double], factorisation: HouseholderQR<Double>)? {
    var all = start
    for (index, value) in zip(nonlinear, parameters) { all[index] = value }
    guard let (residuals, jacobian) = full.evaluate(all) else { return nil }
    let m = full.pointCount
    let columns = linear.flatMap { Array(jacobian[$0 * m..<($0 + 1) * m]) }
    let factorisation: HouseholderQR<Double>
    do {
      factorisation = try HouseholderQR(columns: columns, rowCount: m, tolerance: 1e-13)
    } catch {
      // The factors coincide for these nonlinear parameters: no answer, the iteration takes a shorter step.
      return nil
    }
    // The model is linear in these: f = f(start) + Σ φ (β − β_start), so the residuals give the correction.
    for (index, value) in zip(linear, factorisation.solve(residuals)) { all[index] += value }
    return all.allSatisfy(\.isFinite) ? (all, factorisation) : nil
  }

  func evaluate(_ parameters: [Double]) -> (residuals: [Double], jacobian: [Double])? {
    guard let (all, factorisation) = solve(parameters), let (residuals, jacobian) = full.evaluate(all) else {
      return nil
    }
    let m = full.pointCount
    let k = linear.count
    func projected(_ vector: [Double]) -> [Double] {
      var result = vector
      factorisation.applyTransposed(to: &result)
      return Array(result[k...])
    }
    let columns = nonlinear.flatMap { projected(Array(jacobian[$0 * m..<($0 + 1) * m])) }
    return (projected(residuals), columns)
  }
}
