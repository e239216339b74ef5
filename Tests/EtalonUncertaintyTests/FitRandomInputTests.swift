import EtalonMetrology
import EtalonUncertainty
import XCTest

/// Fits of hostile data: whatever comes in, there is a typed fault or a result whose every number is finite.
final class FitRandomInputTests: XCTestCase {
  private static let peculiar: [Double] = [
    0, -0.0, 1, -1, 1, 2, 2, 3, 1e-300, 1e300, -1e300, 1.7e308, .leastNonzeroMagnitude, 1e16, 1e16 + 2, .nan, .infinity,
    -.infinity,
    0.1,
    1e-8,
  ]

  private struct Source {
    var random: RandomStream
    mutating func value() -> Double {
      if random.uniform() < 0.6 { return (random.uniform() - 0.3) * 10 }
      return FitRandomInputTests.peculiar[Int(random.uniform() * Double(FitRandomInputTests.peculiar.count))]
    }
    mutating func list(_ count: Int) -> [Double] { (0..<count).map { _ in value() } }
    mutating func matrix(_ count: Int) -> Matrix {
      var result = Matrix(rowCount: count, columnCount: count)
      for r in 0..<count { for c in 0...r { result[r, c] = value() } }
      for r in 0..<count { for c in 0..<r { result[c, r] = result[r, c] } }
      return result
    }
  }

  private var results = 0
  private var faults = 0

  /// Runs a fit; anything but a `FitFault` or finite numbers fails.
  private func attempt(_ what: String, _ body: () throws -> [Double]) {
    do {
      let numbers = try body()
      XCTAssertTrue(numbers.allSatisfy(\.isFinite), "\(what): \(numbers)")
      results += 1
    } catch is FitFault {
      faults += 1
    } catch {
      XCTFail("\(what): \(error)")
    }
  }

  private func numbers(_ line: LineFit) throws -> [Double] {
    var numbers = [line.intercept, line.slope, line.residualSumOfSquares] + line.covariance.elements + line.residuals
    numbers += line.propagatedCovariance?.elements ?? []
    let value = try line.value(at: 1.5, standardUncertainty: 0.1)
    numbers += [value.value, value.standardUncertainty]
    let inverse = try line.inverse(of: 2, standardUncertainty: 0.1)
    return numbers + [inverse.value, inverse.standardUncertainty]
  }

  func testLinesAndPolynomials() {
    var source = Source(random: RandomStream(seed: 41))
    for trial in 0..<4000 {
      let count = Int(source.random.uniform() * 7)
      let x = source.list(count)
      let y = source.list(count)
      let u = source.list(count).map { trial % 2 == 0 ? $0.magnitude : $0 }
      attempt("ordinary \(x) \(y)") { try numbers(.ordinary(x: x, y: y)) }
      attempt("weighted \(x) \(y) \(u)") { try numbers(.weighted(x: x, y: y, standardUncertainties: u)) }
      attempt("distance \(x) \(y) \(u)") {
        try numbers(.generalisedDistance(x: x, y: y, xStandardUncertainties: u, yStandardUncertainties: u))
      }
      attempt("polynomial \(x) \(y)") {
        let fit = try PolynomialFit.fit(x: x, y: y, degree: trial % 4)
        return fit.coefficients + fit.covariance.elements + [fit.linearFit.rSquared ?? 0]
          + [try fit.value(at: 0.5).standardUncertainty]
      }
      if trial % 4 == 0 {
        let covariance = source.matrix(count)
        attempt("markov \(x) \(y) \(covariance)") { try numbers(.gaussMarkov(x: x, y: y, covariance: covariance)) }
        attempt("general markov \(x) \(y) \(covariance)") {
          try numbers(
            .generalisedGaussMarkov(
              x: x, y: y, xCovariance: covariance, yCovariance: Matrix(diagonal: u.map { $0 * $0 })))
        }
      }
      attempt("anova \(x) \(y)") {
        let anova = try OneWayAnova(groups: [x, y, u])
        return [
          anova.betweenSumOfSquares, anova.withinSumOfSquares, anova.betweenStandardDeviation, anova.rSquared ?? 0,
        ]
      }
    }
    // Both must happen often, or the test would say nothing.
    XCTAssertGreaterThan(results, 1000)
    XCTAssertGreaterThan(faults, 1000)
  }

  func testNonlinearModels() throws {
    var source = Source(random: RandomStream(seed: 42))
    let models = try ["y = a*exp(b*x)", "y = a/(x + b)", "y = a*x^b", "log(y) = a + b*x", "y = sin(a*x) + b"].map {
      try RegressionModel(parsing: $0, predictors: ["x"])
    }
    for trial in 0..<60 {
      let count = 3 + Int(source.random.uniform() * 4)
      let data = ["x": source.list(count), "y": source.list(count)]
      let start = [source.value(), source.value()]
      attempt("\(models[trial % models.count].text) \(data) \(start)") {
        let fit = try NonlinearFit.fit(models[trial % models.count], data: data, start: start)
        return fit.parameters + fit.covariance.elements + fit.residuals + [fit.residualSumOfSquares]
      }
    }
    for trial in 0..<60 {
      let x = (0..<6).map { Double($0) + source.random.uniform() }
      let y = (0..<6).map { _ in 0.1 + source.random.uniform() }
      attempt("\(models[trial % models.count].text) \(x) \(y)") {
        let fit = try NonlinearFit.fit(models[trial % models.count], data: ["x": x, "y": y], start: [1, 0.5])
        return fit.parameters + fit.covariance.elements + fit.residuals + [fit.residualSumOfSquares]
      }
    }
    XCTAssertGreaterThan(results, 20)
    XCTAssertGreaterThan(faults, 20)
  }
}
