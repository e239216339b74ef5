import EtalonMetrology

/// The evaluation with terms of the second order, for models whose curvature matters within the uncertainties.
public struct SecondOrderEvaluation: Equatable, Sendable {
  /// f(x) + ½ Σ f_ii u²(xᵢ), the expectation to the second order.
  public let expectation: Double
  /// √(first-order variance + Σᵢⱼ [½ f_ij² + f_i f_ijj] u²(xᵢ) u²(xⱼ)), GUM 5.1.2, note.
  public let standardUncertainty: Double
}

extension MeasurementModel {
  /// Second-order terms of the first, or only, measurand, for independent inputs.
  /// - Throws: `secondOrder` for an implicit model, correlated inputs, or terms that make the variance negative;
  ///   `model` where a derivative does not exist.
  public func secondOrder(output: Int = 0) throws(UncertaintyFault) -> SecondOrderEvaluation {
    guard case .explicit(let expression) = functions[output] else {
      throw .secondOrder("terms of the second order need an explicit model")
    }
    guard correlation.correlated.isEmpty else {
      throw .secondOrder("the formula for terms of the second order holds for uncorrelated inputs only")
    }
    do throws(ExpressionFault) {
      let (value, gradient, hessian) = try expression.hessian(estimates)
      let third = try expression.mixedThirdDerivatives(estimates)
      let n = inputs.count
      let variances = inputs.map { $0.standardUncertainty * $0.standardUncertainty }
      var expectation = value
      var variance = 0.0
      for i in 0..<n {
        expectation += 0.5 * hessian[i * n + i] * variances[i]
        variance += gradient[i] * gradient[i] * variances[i]
        for j in 0..<n {
          let second = hessian[i * n + j]
          variance += (0.5 * second * second + gradient[i] * third[i * n + j]) * variances[i] * variances[j]
        }
      }
      guard variance >= 0, variance.isFinite else {
        throw .undefined(operation: "variance to the second order", arguments: [variance])
      }
      return SecondOrderEvaluation(expectation: expectation, standardUncertainty: variance.squareRoot())
    } catch { throw .model(output: outputs[output], error) }
  }
}
