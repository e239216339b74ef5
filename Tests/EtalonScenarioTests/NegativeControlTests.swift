import EtalonCore
import EtalonLedger
import EtalonMetrology
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation
import XCTest

/// What happens without a defence: each control takes one away and shows that the numbers are wrong then.
///
/// The read-back has its controls in `AdjustmentFaultTests`; consider states, process state and the block means of the
/// on-line calibration have theirs in `OnlineCalibrationCoverageTests` (`testNegativeControlWithoutConsiderStates`,
/// `testNegativeControlWithoutProcessState`, `testNegativeControlWithoutBlockMeans`).
final class NegativeControlTests: XCTestCase {
  /// The scatter of the error between visits of one set point, against what type A claims from block means and from the
  /// single samples. The reference's filter makes its noise of 16 mK last for 0.1 s, four periods of the sampler; a block
  /// of 0.5 s is five times as long.
  func testTypeANeedsBlockMeans() throws {
    var betweenVisits = 0.0
    var degreesOfFreedom = 0.0
    var fromBlocks = 0.0
    var fromSamples = 0.0
    var visits = 0.0
    for seed in 1...6 as ClosedRange<UInt64> {
      var run = try Scenario.short(seed: seed)
      run.simulation.configuration.reference.noiseKelvin = 0.1
      run.simulation.configuration.reference.filterSeconds = 20
      run.plan.steps = Array(run.plan.steps.prefix(2))
      run.plan.points[0].setpointsCelsius = [24]
      run.plan.points[0].order = Array(repeating: .up, count: 12)
      run.plan.points[0].measure.samples = 240
      run.plan.points[0].measure.blocks = 12
      // The noise is the point here: it must not keep the run from settling.
      run.plan.points[0].settle.slopeKelvinPerSecond = 1
      run.plan.points[0].settle.standardDeviationKelvin = 1
      let observed = try Observed(run)
      let points = observed.results.points
      XCTAssertEqual(points.count, 12, "\(observed.outcome)")
      let errors = points.map { $0.indication - $0.referenceReading }
      let mean = errors.reduce(0, +) / Double(errors.count)
      betweenVisits += errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      degreesOfFreedom += Double(errors.count - 1)
      fromBlocks += points.reduce(0) { $0 + $1.typeA * $1.typeA }
      fromSamples += try singleSampleVariances(observed, points)
      visits += Double(points.count)
    }
    let truth = betweenVisits / degreesOfFreedom
    let blocks = truth / (fromBlocks / visits)
    let samples = truth / (fromSamples / visits)
    // 66 degrees of freedom between visits and some 800 within: the ratio of two equal variances is F distributed, between
    // 0.56 and 1.7 with 99.9 %. Blocks as short as the noise's memory are still correlated, and their variance is enlarged
    // for it, cautiously: so the lower limit leaves room for that.
    XCTAssertGreaterThan(blocks, 0.4, "variance between visits over that claimed from block means")
    XCTAssertLessThan(blocks, 2.1, "variance between visits over that claimed from block means")
    XCTAssertGreaterThan(samples, 2.5, "single samples claim far too little: \(samples), blocks \(blocks)")
  }

  /// s²/n of the single differences in each window, from the pairs in the ledger.
  private func singleSampleVariances(_ observed: Observed, _ points: [PointResult]) throws -> Double {
    var reader = try LedgerReader(bytes: observed.ledger)
    var pairs: [(instant: Instant, difference: Double)] = []
    while let record = try reader.next() {
      guard record.kind == RecordKind.pair.rawValue else { continue }
      var decoder = RecordDecoder(record.payload)
      _ = try decoder.uint32()
      let instant = try decoder.instant()
      let reference = try decoder.double()
      let indication = try decoder.double()
      _ = try decoder.double()
      if try decoder.uint16() == 0 { pairs.append((instant, indication - reference)) }
    }
    var sum = 0.0
    for point in points {
      let inside = pairs.filter { $0.instant >= point.opened && $0.instant <= point.closed }.map(\.difference)
      XCTAssertGreaterThan(inside.count, 200)
      let mean = inside.reduce(0, +) / Double(inside.count)
      let squares = inside.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      sum += squares / Double(inside.count - 1) / Double(inside.count)
    }
    return sum
  }

  /// A reference whose certificate says that it reads 0.2 K too low is used with and without it.
  func testTheCertificateIsNeeded() throws {
    func run(ignoringCertificate: Bool) throws -> SimulatedRun.Outcome {
      var run = try Scenario.short(seed: 3)
      let index = try XCTUnwrap(run.board.bench.instrument(for: "ref")).index
      let certificate = try XCTUnwrap(run.board.bench.instruments[index].certificate)
      run.board.bench.instruments[index].certificate = try ReferenceCertificate(
        identifier: certificate.identifier, instrumentSerial: certificate.instrumentSerial,
        issued: certificate.issued.text, due: certificate.due.text,
        range: certificate.lowerBound...certificate.upperBound,
        points: certificate.points.map {
          .init(at: $0.at, correction: 0.2, standardUncertainty: $0.standardUncertainty)
        }, correlation: certificate.correlation, degreesOfFreedom: certificate.degreesOfFreedom)
      if ignoringCertificate {
        run.plan.model.error = "dut - ref"
        run.plan.model.inputs.removeAll { $0.name == "ref.correction" }
      }
      run.plan.steps = Array(run.plan.steps.prefix(2))
      return try run.start()
    }
    let with = try run(ignoringCertificate: false)
    XCTAssertEqual(with.results.points.map(\.covered), [true, true, true], "\(with)")
    let without = try run(ignoringCertificate: true)
    XCTAssertEqual(without.results.points.map(\.covered), [false, false, false], "\(without)")
    for (good, bad) in zip(with.results.points, without.results.points) {
      XCTAssertEqual(bad.error - good.error, 0.2, accuracy: 0.005)
    }
  }

  /// Drift and gradient are drawn from what the budget declares; a budget that leaves them out claims too little.
  func testTheDeclaredInfluencesAreNeeded() throws {
    var with = 0.0
    var without = 0.0
    for seed in 1...6 as ClosedRange<UInt64> {
      var run = try Scenario.short(seed: seed)
      run.plan.steps = Array(run.plan.steps.prefix(2))
      for index in run.plan.model.inputs.indices where run.plan.model.inputs[index].name == "ref.drift" {
        run.plan.model.inputs[index].source = .normal(standardUncertainty: 0.1)
      }
      let declared = try run.start().results.points
      // The truth is drawn as before, from the simulation's own file; the budget knows nothing of it.
      run.plan.model.inputs.removeAll { $0.name == "ref.drift" }
      run.simulation.configuration.reference.driftKelvin = .normal(mean: 0, standardDeviation: 0.1)
      let concealed = try run.start().results.points
      let first = try XCTUnwrap(declared.first)
      let second = try XCTUnwrap(concealed.first)
      XCTAssertEqual(try XCTUnwrap(first.truth), try XCTUnwrap(second.truth), accuracy: 0.01, "seed \(seed)")
      with += pow((first.error - (first.truth ?? .nan)) / first.standardUncertainty, 2)
      without += pow((second.error - (second.truth ?? .nan)) / second.standardUncertainty, 2)
    }
    // Chi square with 6 degrees of freedom is below 22.5 with 99.9 %.
    XCTAssertLessThan(with, 22.5)
    XCTAssertGreaterThan(without, 22.5)
  }
}
