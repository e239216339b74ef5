import EtalonMetrology
import EtalonUncertainty
import XCTest

/// What the fits claim, against many simulated data sets whose truth is known: the error divided by the claimed standard
/// uncertainty must have a root mean square near 1, and a 95 % interval must hold the truth 95 % of the time.
///
/// 2000 data sets each, fixed seeds. The root mean square of 2000 standard normal values scatters by 1.6 % (0.94 … 1.06 is
/// nearly four standard deviations), a coverage of 95 % by 0.5 % (0.93 … 0.97 is four).
final class FitCoverageTests: XCTestCase {
  private let x = [0.0, 1, 2, 3, 4, 5, 6, 7]
  private let intercept = 3.0
  private let slope = 1.7
  private let count = 2000

  private struct Normal {
    var random: RandomStream
    /// The sum of twelve uniform numbers less 6 is close to normal and has unit variance.
    mutating func next() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + random.uniform() } }
  }

  private struct Tally {
    var squares = 0.0
    var covered = 0
    var count = 0
    mutating func add(error: Double, uncertainty: Double, factor: Double) {
      squares += (error / uncertainty) * (error / uncertainty)
      covered += error.magnitude <= factor * uncertainty ? 1 : 0
      count += 1
    }
    var rootMeanSquare: Double { (squares / Double(count)).squareRoot() }
    var coverage: Double { Double(covered) / Double(count) }
  }

  private func assertHonest(_ tally: Tally, _ what: String, checkingSpread: Bool = true, line: UInt = #line) {
    if checkingSpread { XCTAssertEqual(tally.rootMeanSquare, 1, accuracy: 0.06, what, line: line) }
    XCTAssertEqual(tally.coverage, 0.95, accuracy: 0.02, what, line: line)
  }

  func testStatedUncertaintiesOfOrdinates() throws {
    var normal = Normal(random: RandomStream(seed: 1))
    let u = [0.1, 0.2, 0.3, 0.1, 0.2, 0.5, 0.1, 0.4]
    var slopes = Tally()
    var values = Tally()
    var inverses = Tally()
    for _ in 0..<count {
      let y = x.indices.map { intercept + slope * x[$0] + u[$0] * normal.next() }
      let line = try LineFit.weighted(x: x, y: y, standardUncertainties: u)
      slopes.add(error: line.slope - slope, uncertainty: line.slopeStandardUncertainty, factor: 1.96)
      let value = try line.value(at: 5.5)
      values.add(error: value.value - (intercept + slope * 5.5), uncertainty: value.standardUncertainty, factor: 1.96)
      let indication = intercept + slope * 2.5 + 0.1 * normal.next()
      let inverse = try line.inverse(of: indication, standardUncertainty: 0.1)
      inverses.add(error: inverse.value - 2.5, uncertainty: inverse.standardUncertainty, factor: 1.96)
    }
    assertHonest(slopes, "slope")
    assertHonest(values, "value at 5.5")
    assertHonest(inverses, "inverse")
  }

  func testUnknownUncertaintyWithStudentFactor() throws {
    var normal = Normal(random: RandomStream(seed: 2))
    let t = try StudentT(degreesOfFreedom: 6).coverageFactor(probability: 0.95)
    var values = Tally()
    var predictions = Tally()
    for _ in 0..<count {
      let y = x.map { intercept + slope * $0 + 0.3 * normal.next() }
      let line = try LineFit.ordinary(x: x, y: y)
      let value = try line.value(at: 9)
      values.add(error: value.value - (intercept + slope * 9), uncertainty: value.standardUncertainty, factor: t)
      let further = intercept + slope * 4.5 + 0.3 * normal.next()
      predictions.add(
        error: further - (try line.value(at: 4.5)).value, uncertainty: try line.predictionStandardDeviation(at: 4.5),
        factor: t)
    }
    // Six degrees of freedom: the ratio has the variance 6/4 of Student's t, so only the coverage is asked.
    assertHonest(values, "value at 9", checkingSpread: false)
    assertHonest(predictions, "one more observation", checkingSpread: false)
    XCTAssertEqual(values.rootMeanSquare, (6.0 / 4).squareRoot(), accuracy: 0.1)
  }

  func testUncertainAbscissae() throws {
    var normal = Normal(random: RandomStream(seed: 3))
    let ux = [0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2]
    let uy = [0.3, 0.2, 0.1, 0.2, 0.3, 0.1, 0.2, 0.1]
    var slopes = Tally()
    var propagated = Tally()
    var chiSquared = 0
    var plain = 0.0
    var distance = 0.0
    for _ in 0..<count {
      let xs = x.indices.map { x[$0] + ux[$0] * normal.next() }
      let ys = x.indices.map { intercept + slope * x[$0] + uy[$0] * normal.next() }
      let line = try LineFit.generalisedDistance(x: xs, y: ys, xStandardUncertainties: ux, yStandardUncertainties: uy)
      slopes.add(error: line.slope - slope, uncertainty: line.slopeStandardUncertainty, factor: 1.96)
      let covariance = try XCTUnwrap(line.propagatedCovariance)
      propagated.add(error: line.slope - slope, uncertainty: covariance[1, 1].squareRoot(), factor: 1.96)
      if try line.consistency(probability: 0.95).isConsistent { chiSquared += 1 }
      distance += line.slope
      plain += try LineFit.ordinary(x: xs, y: ys).slope
    }
    assertHonest(slopes, "slope, normal matrix of ISO/TS 28037")
    assertHonest(propagated, "slope, propagated")
    XCTAssertEqual(Double(chiSquared) / Double(count), 0.95, accuracy: 0.02)
    // The regression of y on a noisy x is pulled towards zero; the distance regression is not.
    let n = Double(count)
    XCTAssertEqual(distance / n, slope, accuracy: 4 * 0.05 / n.squareRoot())
    XCTAssertLessThan(plain / n, slope - 0.005)
  }

  func testCorrelatedOrdinates() throws {
    // A common error of all ordinates, as one reference gives them, moves the intercept and not the slope.
    var normal = Normal(random: RandomStream(seed: 4))
    var covariance = Matrix(diagonal: x.map { _ in 0.01 + 0.04 })
    for r in x.indices { for c in x.indices where r != c { covariance[r, c] = 0.04 } }
    var intercepts = Tally()
    var naive = Tally()
    for _ in 0..<count {
      let common = 0.2 * normal.next()
      let y = x.map { intercept + slope * $0 + common + 0.1 * normal.next() }
      let line = try LineFit.gaussMarkov(x: x, y: y, covariance: covariance)
      intercepts.add(
        error: line.intercept - intercept, uncertainty: line.interceptStandardUncertainty, factor: 1.96)
      let independent = try LineFit.weighted(x: x, y: y, standardUncertainties: x.map { _ in 0.05.squareRoot() })
      naive.add(
        error: try independent.value(at: 3.5).value - (intercept + slope * 3.5),
        uncertainty: try independent.value(at: 3.5).standardUncertainty, factor: 1.96)
    }
    assertHonest(intercepts, "intercept")
    // Leaving the correlation out claims too little in the middle of the range.
    XCTAssertLessThan(naive.coverage, 0.75)
  }

  func testNonlinearModel() throws {
    var normal = Normal(random: RandomStream(seed: 5))
    let model = try RegressionModel(parsing: "y = a*(1 - exp(-b*x))", predictors: ["x"])
    let times = (1...20).map { Double($0) / 4 }
    var rates = Tally()
    for _ in 0..<400 {
      let y = times.map { 10 * (1 - Elementary.exp(-0.8 * $0)) + 0.1 * normal.next() }
      let fit = try NonlinearFit.fit(
        model, data: ["x": times, "y": y], start: [1, 1],
        weighting: .standardUncertainties(times.map { _ in 0.1 }))
      rates.add(error: fit.parameters[1] - 0.8, uncertainty: fit.standardUncertainties[1], factor: 1.96)
    }
    // 400 data sets: the root mean square scatters by 3.5 %, the coverage by 1.1 %.
    XCTAssertEqual(rates.rootMeanSquare, 1, accuracy: 0.13)
    XCTAssertEqual(rates.coverage, 0.95, accuracy: 0.04)
  }
}
