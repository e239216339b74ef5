import EtalonMetrology
import EtalonUncertainty
import XCTest

/// Reference values of comparisons.
final class ComparisonTests: XCTestCase {
  /// CCQM-K25, PCB 105 in sediment (data in the documentation of R metRology, `dsl`): weighted mean, chi-squared test,
  /// DerSimonian-Laird and Paule-Mandel, recomputed independently (statsmodels `combine_effects` agrees); 1e-9 relative.
  func testPCB105() throws {
    let comparison = try InterlaboratoryComparison(
      values: [10.21, 10.9, 10.94, 10.58, 10.81, 9.62, 10.8],
      standardUncertainties: [0.381, 0.25, 0.13, 0.41, 0.445, 0.196, 0.093])
    let mean = comparison.weightedMean()
    XCTAssertEqual(mean.value, 10.688564584785597, accuracy: 1e-8)
    XCTAssertEqual(mean.standardUncertainty, 0.06527304858216201, accuracy: 1e-10)
    let test = try comparison.consistency()
    XCTAssertEqual(test.chiSquared, 37.33693552629088, accuracy: 1e-8)
    XCTAssertEqual(test.degreesOfFreedom, 6)
    XCTAssertEqual(test.probability, 1.51362999152003e-06, accuracy: 1e-14)
    XCTAssertFalse(test.isConsistent())
    XCTAssertEqual(test.birgeRatio, 2.494558595767024, accuracy: 1e-9)
    let dsl = try comparison.derSimonianLaird()
    XCTAssertEqual(dsl.value, 10.557083301959404, accuracy: 1e-8)
    XCTAssertEqual(dsl.standardUncertainty, 0.1970732132696261, accuracy: 1e-9)
    XCTAssertEqual(dsl.betweenVariance, 0.1978366355612136, accuracy: 1e-9)
    let mandelPaule = try comparison.mandelPaule()
    XCTAssertEqual(mandelPaule.value, 10.55773560399411, accuracy: 1e-8)
    XCTAssertEqual(mandelPaule.standardUncertainty, 0.19162457546356315, accuracy: 1e-9)
    XCTAssertEqual(mandelPaule.betweenVariance, 0.18385693987007443, accuracy: 1e-9)
    // Without the sixth laboratory the others agree.
    XCTAssertEqual(try comparison.largestConsistentSubset(), [0, 1, 2, 3, 4, 6])
  }

  private func laboratories(_ rows: [(String, Double, Double)]) throws -> InterlaboratoryComparison {
    try InterlaboratoryComparison(
      rows.map { InterlaboratoryComparison.Participant(name: $0.0, value: $0.1, standardUncertainty: $0.2) })
  }

  /// BIPM.RI(II)-K1.Ag-110m, Metrologia 58 (2021) 06002: KCRV 5980.8(64) kBq; the digits beyond and the degrees of
  /// equivalence recomputed independently.
  func testPowerModeratedMeanConsistent() throws {
    let comparison = try laboratories([
      ("BKFH", 5973, 17), ("LNE-LNHB", 5985, 7), ("NIST", 5971, 22), ("NPL", 6005, 48), ("PTB", 5974, 19),
    ])
    let reference = try comparison.powerModeratedMean()
    XCTAssertEqual(reference.value, 5980.760694396407, accuracy: 1e-8)
    XCTAssertEqual(reference.standardUncertainty, 6.438590294756666, accuracy: 1e-9)
    XCTAssertEqual(reference.betweenVariance, 0)
    XCTAssertEqual(reference.weights.reduce(0, +), 1, accuracy: 1e-14)
    let degrees = try comparison.degreesOfEquivalence(with: reference)
    XCTAssertEqual(degrees[1].deviation, 4.239305603592584, accuracy: 1e-8)
    XCTAssertEqual(degrees[1].expandedUncertainty, 12.025017443694525, accuracy: 1e-8)
    XCTAssertEqual(degrees[3].normalisedError, 0.25998864226357565, accuracy: 1e-9)
    XCTAssertEqual(degrees[3].name, "NPL")
  }

  /// BIPM.RI(II)-K1.Ge-68 (2023): KCRV 15770(30) kBq, with a variance between laboratories.
  func testPowerModeratedMeanInconsistent() throws {
    let comparison = try laboratories([
      ("IRA", 15797, 86), ("LNE-LNHB", 15855, 81), ("LNMRI-IRD", 15772, 36), ("NIM", 15663, 67), ("NIST", 15829, 98),
    ])
    let reference = try comparison.powerModeratedMean()
    XCTAssertEqual(reference.value, 15773.266950755577, accuracy: 1e-6)
    XCTAssertEqual(reference.standardUncertainty, 30.244697117207654, accuracy: 1e-7)
    XCTAssertEqual(reference.betweenVariance, 150.73021608342108, accuracy: 1e-5)
  }

  /// α = 2 gives the weights of Mandel and Paule, α = 0 equal weights.
  func testPowerLimits() throws {
    let comparison = try laboratories([("a", 10, 1), ("b", 12, 0.5), ("c", 17, 2)])
    let mandelPaule = try comparison.mandelPaule()
    let two = try comparison.powerModeratedMean(power: 2)
    XCTAssertEqual(two.value, mandelPaule.value, accuracy: 1e-12)
    XCTAssertEqual(two.standardUncertainty, mandelPaule.standardUncertainty, accuracy: 1e-12)
    XCTAssertEqual(try comparison.powerModeratedMean(power: 0).value, 13, accuracy: 1e-12)
    XCTAssertThrowsError(try comparison.powerModeratedMean(power: 2.5))
  }

  /// A large common part of the values costs no digits.
  func testOffsetIsHarmless() throws {
    let offset = 1e9
    let near = try laboratories([("a", 10, 1), ("b", 12, 0.5), ("c", 17, 2)])
    let far = try laboratories([("a", offset + 10, 1), ("b", offset + 12, 0.5), ("c", offset + 17, 2)])
    XCTAssertEqual(try far.consistency().chiSquared, try near.consistency().chiSquared, accuracy: 1e-10)
    XCTAssertEqual(try far.derSimonianLaird().value - offset, try near.derSimonianLaird().value, accuracy: 1e-6)
  }

  func testMedian() throws {
    let comparison = try laboratories([("a", 10, 1), ("b", 12, 0.5), ("c", 17, 2), ("d", 11, 1)])
    let median = try comparison.median()
    XCTAssertEqual(median.value, 11.5)
    // Deviations 1.5, 0.5, 5.5, 0.5: their median is 1.
    XCTAssertEqual(median.standardUncertainty, 1.858 / 3.0.squareRoot(), accuracy: 1e-15)
    XCTAssertEqual(median.weights, [0.25, 0.25, 0.25, 0.25])
  }

  /// The participant in the middle is compared like all others: U² = k² ((1 − 2/n) u² + u_ref²).
  func testDegreesOfEquivalenceWithTheMedian() throws {
    let comparison = try laboratories([
      ("A", 1, 0.1), ("B", 1.1, 0.1), ("C", 0.95, 0.1), ("D", 1.3, 0.1), ("E", 1.05, 0.1),
    ])
    let median = try comparison.median()
    XCTAssertEqual(median.value, 1.05)
    // Deviations 0.05, 0.05, 0.1, 0.25, 0: their median is 0.05.
    let variance = 1.858 * 0.05 * 1.858 * 0.05 / 4
    XCTAssertEqual(median.standardUncertainty, variance.squareRoot(), accuracy: 1e-14)
    for degree in try comparison.degreesOfEquivalence(with: median) {
      XCTAssertEqual(degree.expandedUncertainty, 2 * (0.6 * 0.01 + variance).squareRoot(), accuracy: 1e-13, degree.name)
    }
  }

  /// Three and four are the sides of a right triangle.
  func testScores() throws {
    XCTAssertEqual(
      try NormalisedError.en(value: 10, expandedUncertainty: 3, reference: 5, referenceExpandedUncertainty: 4), 1)
    XCTAssertEqual(
      try NormalisedError.zeta(value: 0, standardUncertainty: 3, reference: 10, referenceStandardUncertainty: 4), -2)
    XCTAssertThrowsError(
      try NormalisedError.en(value: 1, expandedUncertainty: 0, reference: 1, referenceExpandedUncertainty: 1)
    ) { error in
      XCTAssertEqual(error as? ComparisonFault, .uncertainty(0, participant: "result"))
    }
    XCTAssertThrowsError(
      try NormalisedError.en(value: .nan, expandedUncertainty: 1, reference: 1, referenceExpandedUncertainty: 1))
  }

  func testFaults() throws {
    XCTAssertThrowsError(try InterlaboratoryComparison([])) { error in
      XCTAssertEqual(error as? ComparisonFault, .tooFew(needed: 1, received: 0))
    }
    XCTAssertThrowsError(try laboratories([("a", 1, 0)])) { error in
      XCTAssertEqual(error as? ComparisonFault, .uncertainty(0, participant: "a"))
    }
    XCTAssertThrowsError(try laboratories([("a", .infinity, 1)]))
    XCTAssertThrowsError(try laboratories([("a", 1, 1), ("a", 2, 1)])) { error in
      XCTAssertEqual(error as? ComparisonFault, .duplicateName("a"))
    }
    XCTAssertThrowsError(try InterlaboratoryComparison(values: [1, 2], standardUncertainties: [1])) { error in
      XCTAssertEqual(
        error as? ComparisonFault, .lengthMismatch(input: "standardUncertainties", expected: 2, received: 1))
    }
    let single = try laboratories([("a", 1, 1)])
    for body in [single.consistencyFails, single.meanFails] { XCTAssertTrue(body()) }
    XCTAssertThrowsError(try single.degreesOfEquivalence(with: single.weightedMean()))
  }
}

extension InterlaboratoryComparison {
  fileprivate func consistencyFails() -> Bool { isTooFew { () throws(ComparisonFault) in _ = try consistency() } }
  fileprivate func meanFails() -> Bool { isTooFew { () throws(ComparisonFault) in _ = try powerModeratedMean() } }

  private func isTooFew(_ body: () throws(ComparisonFault) -> Void) -> Bool {
    do {
      try body()
      return false
    } catch {
      return error == .tooFew(needed: 2, received: 1)
    }
  }
}
