import EtalonCore
import EtalonLedger
import EtalonSession
import EtalonSim
import EtalonTesting
import XCTest

/// The session of the virtual bench from identify to verdict, as its file says, in virtual time.
final class ThermometerSessionTests: XCTestCase {
  /// One run at the plant's own speed, shared by the tests that only look at it.
  // Made once, when it is first asked for; nobody changes it.
  nonisolated(unsafe) private static let fullRun = Result { try Observed(Scenario.full(seed: 2)) }
  private func fullRun() throws -> Observed { try Self.fullRun.get() }

  func testEveryVisitIsThereInOrderAndAtItsSetPoint() throws {
    let run = try fullRun()
    XCTAssertEqual(run.results.verdict, .conforming, "\(run.outcome)")
    XCTAssertEqual(run.exit, 0, "\(run.outcome)")
    XCTAssertFalse(run.ranAway)
    let asFound = run.results.points.filter { $0.phase == .asFound }
    XCTAssertEqual(asFound.map(\.setpoint), [10, 25, 50, 50, 25, 10])
    XCTAssertEqual(asFound.map(\.direction), [.up, .up, .up, .down, .down, .down])
    let asLeft = run.results.points.filter { $0.phase == .asLeft }
    XCTAssertEqual(asLeft.map(\.setpoint), [12, 17.5, 37.5, 48])
    for point in run.results.points {
      XCTAssertEqual(point.samples, 240)
      XCTAssertEqual(
        point.referenceReading, point.setpoint, accuracy: 0.2, "the set point was not reached: \(run.outcome)")
      // 240 pairs at 1 Hz are 239 s from the first to the last; the rejector gives a pair back 10 samples late.
      XCTAssertEqual(point.closed.seconds(since: point.opened), 250, accuracy: 15)
      XCTAssertGreaterThan(point.typeADegreesOfFreedom, 0)
      XCTAssertLessThanOrEqual(point.typeADegreesOfFreedom, 19)
      XCTAssertGreaterThan(point.expandedUncertainty, 0)
    }
    // Design: a three-point session takes 4 to 6 hours; as found and as left together are ten visits.
    let hours = try XCTUnwrap(run.results.ended).seconds(since: XCTUnwrap(run.results.started)) / 3600
    XCTAssertGreaterThan(hours, 3)
    XCTAssertLessThan(hours, 8)
  }

  func testAdjustmentIsWrittenReadBackCountedAndThePreviousSetKept() throws {
    let run = try fullRun()
    let before = try XCTUnwrap(run.results.before)
    let after = try XCTUnwrap(run.results.after)
    XCTAssertEqual(after.count, before.count + 1)
    XCTAssertNotEqual(after.coefficients, before.coefficients)
    let memory = try XCTUnwrap(run.bench.deviceMemory)
    XCTAssertEqual(memory.stored, after.coefficients, "what was read back is what the device holds")
    XCTAssertEqual(memory.working, after.coefficients)
    XCTAssertEqual(memory.previous, before.coefficients)
    XCTAssertEqual(memory.storeCount, after.count)
    XCTAssertTrue(memory.isLocked)
    // The device's fourth coefficient belongs to a cubic part, and the session fits degree 2.
    XCTAssertEqual(after.coefficients.c3, before.coefficients.c3)
  }

  func testTheAdjustmentMakesTheDeviceBetter() throws {
    let run = try fullRun()
    func worst(_ phase: PointResult.Phase) throws -> Double {
      try XCTUnwrap(run.results.points.filter { $0.phase == phase }.compactMap { $0.truth.map(abs) }.max())
    }
    // The fit takes away offset, gain and curvature, whose standard deviations are 120, 30 and 20 mK; what is left is a
    // cubic part of some mK and the error common to reference and adjustment, whose standard uncertainty is some 20 mK.
    XCTAssertLessThan(try worst(.asLeft), 0.1, "\(run.outcome)")
    XCTAssertLessThan(try worst(.asLeft), try worst(.asFound), "\(run.outcome)")
  }

  func testEveryPointHasItsTruthAndItsBudget() throws {
    let run = try fullRun()
    for point in run.results.points {
      let truth = try XCTUnwrap(point.truth, "\(point.phase) \(point.setpoint): \(run.outcome)")
      XCTAssertLessThan(abs(point.error - truth), 4 * point.standardUncertainty, "\(point.setpoint): \(run.outcome)")
      XCTAssertEqual(
        point.budget.reduce(0) { $0 + $1.contribution * $1.contribution }.squareRoot(), point.standardUncertainty,
        accuracy: 1e-12, "the model is linear, so the contributions add up in squares (GUM 5.1.2)")
      XCTAssertEqual(point.expandedUncertainty, point.coverageFactor * point.standardUncertainty, accuracy: 1e-12)
      let names = Set(point.budget.map(\.name))
      XCTAssertTrue(
        names.isSuperset(of: ["ref.correction", "ref.drift", "bath.gradient", "dut.resolution"]), "\(names)")
    }
  }

  func testNothingIsLostOrInvented() throws {
    let run = try fullRun()
    XCTAssertEqual(run.results.gaps, 0, "\(run.outcome)")
    XCTAssertEqual(run.results.faultCount, 0, "\(run.outcome)")
    let verification = LedgerVerification(
      bytes: run.ledger, expectedRecords: run.outcome.ledger.records, expectedDigest: run.outcome.ledger.digest)
    XCTAssertTrue(verification.isSound, "\(verification)")
    XCTAssertEqual(verification.records, run.outcome.ledger.records)
    XCTAssertEqual(run.results.safeStateConfirmed, true)
    XCTAssertFalse(run.bench.isHeaterOn)
  }

  func testSeedDecidesEveryByteOfTheLedger() throws {
    let first = try Scenario.short(seed: 3).start()
    let second = try Scenario.short(seed: 3).start()
    let other = try Scenario.short(seed: 4).start()
    XCTAssertEqual(first.ledger, second.ledger, "seed 3")
    XCTAssertNotEqual(first.ledger.digest, other.ledger.digest)
    XCTAssertNotEqual(first.results.points.map(\.truth), other.results.points.map(\.truth))
  }

  func testAnOverrideChangesWhatIsDoneAndIsRecorded() throws {
    var run = try Scenario.quick(seed: 2, overrides: ["samples=40"])
    XCTAssertEqual(run.plan.points.map(\.measure.samples), [40, 40])
    run.plan.steps = Array(run.plan.steps.prefix(2))
    let outcome = try run.start()
    XCTAssertEqual(Set(outcome.results.points.map(\.samples)), [40], "\(outcome)")
    XCTAssertTrue(outcome.header.overrides.contains("samples=40"))
    XCTAssertThrowsError(try Scenario.quick(overrides: ["sample=40"]), "a slip of the name") { error in
      XCTAssertTrue("\(error)".contains("samples"), "the nearest word is named: \(error)")
    }
    XCTAssertThrowsError(try Scenario.quick(overrides: ["samples=41"]), "41 samples are not 20 equal blocks")
  }

  /// The adjustment is a polynomial of degree 2, so a cubic error stays; at the fitted points a parabola through three
  /// of them hides it, at the others it shows.
  func testACubicErrorIsFoundAtTheAsLeftPoints() throws {
    func run(cubicKelvin: Double) throws -> SimulatedRun.Outcome {
      var run = try Scenario.quick(seed: 5)
      run.simulation.configuration.device.cubicKelvin = .fixed(cubicKelvin)
      run.simulation.configuration.device.offsetKelvin = .fixed(0.15)
      return try run.start()
    }
    let straight = try run(cubicKelvin: 0)
    XCTAssertEqual(straight.results.verdict, .conforming, "\(straight)")

    let bent = try run(cubicKelvin: 2)
    let asLeft = bent.results.points.filter { $0.phase == .asLeft }
    XCTAssertEqual(asLeft.count, 4, "\(bent)")
    XCTAssertEqual(bent.results.asLeft, .nonconforming, "\(bent)")
    // A parabola through s = −2/3, −1/6 and 2/3 leaves (s + 2/3)(s + 1/6)(s − 2/3) of s³: −0.159 at 37.5 °C.
    let middle = try XCTUnwrap(asLeft.first { $0.setpoint == 37.5 })
    XCTAssertEqual(middle.error, 2 * -0.159, accuracy: 2 * middle.expandedUncertainty, "\(bent)")
    XCTAssertEqual(middle.decision, .fail)
    let worst = try XCTUnwrap(asLeft.map { abs($0.error) / $0.expandedUncertainty }.max())
    XCTAssertGreaterThan(worst, 1, "the error must be larger than its uncertainty would hide: \(bent)")
    for point in asLeft { XCTAssertEqual(point.covered, true, "\(point.setpoint): \(bent)") }
  }

  func testAGoodDeviceIsNotAdjusted() throws {
    var run = try Scenario.quick(seed: 6)
    run.simulation.configuration.device.offsetKelvin = .fixed(0)
    run.simulation.configuration.device.gain = .fixed(0)
    run.simulation.configuration.device.curvatureKelvin = .fixed(0)
    run.simulation.configuration.device.cubicKelvin = .fixed(0)
    let observed = try Observed(run)
    XCTAssertNil(observed.results.after, "\(observed.outcome)")
    XCTAssertEqual(observed.results.verdict, .conforming, "\(observed.outcome)")
    XCTAssertEqual(observed.bench.deviceMemory?.storeCount, 1)
    XCTAssertTrue(observed.results.remarks.contains { $0.contains("no adjustment") }, "\(observed.outcome)")
  }

  func testHysteresisWidensTheUncertainty() throws {
    func uncertainties(_ hysteresisKelvin: Double) throws -> [Double] {
      var run = try Scenario.quick(seed: 8)
      run.plan.steps = Array(run.plan.steps.prefix(2))
      run.simulation.configuration.device.hysteresisKelvin = .fixed(hysteresisKelvin)
      return try run.start().results.points.map(\.standardUncertainty)
    }
    let without = try uncertainties(0)
    let with = try uncertainties(0.05)
    // Half the up-down difference is the hysteresis of 50 mK itself, as a rectangular half width (GUM 4.3.7).
    for (small, large) in zip(without, with) {
      XCTAssertEqual((large * large - small * small).squareRoot(), 0.05 / 3.0.squareRoot(), accuracy: 0.008)
    }
  }
}
