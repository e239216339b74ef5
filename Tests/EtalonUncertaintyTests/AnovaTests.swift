import EtalonMetrology
import EtalonUncertainty
import XCTest

final class AnovaTests: XCTestCase {
  func testZenerStandardOfGUMH5() throws {
    // GUM H.5.2, table H.9: ten days of five observations; s(V̄ⱼ) = 57 µV, pooled s = 85 µV, F = 2.25 from these rounded
    // figures, s_B = 43 µV, s(V̄) = 18 µV with nine and 13 µV with 49 degrees of freedom. Offset 10 V, unit µV.
    let means = [172.0, 116, 13, 144, 106, 31, 60, 125, 163, 41]
    let deviations = [60.0, 77, 111, 101, 67, 93, 80, 73, 88, 86]
    let anova = try OneWayAnova(
      groupMeans: means, groupStandardDeviations: deviations, groupSizes: [Int](repeating: 5, count: 10))
    XCTAssertEqual(anova.grandMean, 97, accuracy: 0.5)
    XCTAssertEqual((anova.betweenMeanSquare / 5).squareRoot(), 57, accuracy: 0.5)
    XCTAssertEqual(anova.withinStandardDeviation, 85, accuracy: 0.5)
    XCTAssertEqual(try XCTUnwrap(anova.fStatistic), 2.25, accuracy: 0.02)
    XCTAssertEqual(anova.betweenStandardDeviation, 43, accuracy: 0.5)
    XCTAssertEqual(anova.standardUncertaintyOfGrandMean, 18, accuracy: 0.5)
    XCTAssertEqual(anova.pooledStandardUncertaintyOfGrandMean, 13, accuracy: 0.5)
    XCTAssertEqual(anova.betweenDegreesOfFreedom, 9)
    XCTAssertEqual(anova.withinDegreesOfFreedom, 40)
  }

  func testSiliconResistivityOfNIST() throws {
    // NIST StRD, SiRstv: certified to fifteen digits; three constant leading digits.
    let groups = [
      ["196.3052", "196.1240", "196.1890", "196.2569", "196.3403"],
      ["196.3042", "196.3825", "196.1669", "196.3257", "196.0422"],
      ["196.1303", "196.2005", "196.2889", "196.0343", "196.1811"],
      ["196.2795", "196.1748", "196.1494", "196.1485", "195.9885"],
      ["196.2119", "196.1051", "196.1850", "196.0052", "196.2090"],
    ]
    let exact = try OneWayAnova(
      groups: groups.map { group in try group.map { try XCTUnwrap(DoubleDouble(decimal: $0.utf8)) } })
    XCTAssertEqual(try XCTUnwrap(exact.fStatistic) / 1.18046237440255, 1, accuracy: 1e-14)
    XCTAssertEqual(exact.betweenSumOfSquares / 5.11462616000000E-02, 1, accuracy: 1e-14)
    XCTAssertEqual(exact.withinStandardDeviation / 1.04076068334656E-01, 1, accuracy: 1e-14)
    XCTAssertEqual(try XCTUnwrap(exact.rSquared) / 1.90999039051129E-01, 1, accuracy: 1e-14)
    let rounded = try OneWayAnova(groups: groups.map { group in try group.map { try XCTUnwrap(Double($0)) } })
    // The data keep 12.7 digits after the constant ones when rounded to Double.
    XCTAssertEqual(try XCTUnwrap(rounded.fStatistic) / 1.18046237440255, 1, accuracy: 1e-12)
  }

  func testThirteenConstantDigitsReachTheLimitOfDoubles() throws {
    // NIST StRD, SmLs07 to SmLs09 (n = 21 here): values 10¹² + 0.4 …; F = 21, r² = 0.482758620689655, s = 0.1.
    let firsts = ["4", "3", "5", "3", "5", "3", "5", "4", "4"]
    func group(_ tenth: Int) -> [String] {
      (0..<21).map { "1000000000000.\($0 == 0 ? tenth : ($0 % 2 == 1 ? tenth - 1 : tenth + 1))" }
    }
    let groups = firsts.map { group(Int($0)!) }
    let exact = try OneWayAnova(
      groups: groups.map { group in try group.map { try XCTUnwrap(DoubleDouble(decimal: $0.utf8)) } })
    XCTAssertEqual(exact.withinStandardDeviation, 0.1, accuracy: 1e-14)
    XCTAssertEqual(exact.withinSumOfSquares, 1.8, accuracy: 1e-13)
    // Rounded to Double, a value near 10¹² keeps steps of 0.00012; s is then right to four digits and no more.
    let rounded = try OneWayAnova(groups: groups.map { group in try group.map { try XCTUnwrap(Double($0)) } })
    XCTAssertEqual(rounded.withinStandardDeviation, 0.1, accuracy: 1e-4)
  }

  func testNoEffectBetweenGroupsIsSaidAsZero() throws {
    // Group means closer together than chance: MS_b < MS_w, the between component is 0 and the hidden one is stated.
    let anova = try OneWayAnova(groups: [[1, 3, 5], [1.1, 3.1, 4.8], [0.9, 2.9, 5.3]])
    XCTAssertLessThan(anova.betweenMeanSquare, anova.withinMeanSquare)
    XCTAssertEqual(anova.betweenStandardDeviation, 0)
    XCTAssertEqual(
      anova.hiddenBetweenStandardDeviation,
      (anova.withinMeanSquare / 3).squareRoot() * (2.0 / 6).squareRoot().squareRoot(), accuracy: 1e-14)
  }

  func testUnequalGroups() throws {
    // n₀ = (N − Σn²/N)/(J − 1) = (9 − 29/9)/2 (ISO Guide 35:2017, 7.7.3).
    let anova = try OneWayAnova(groups: [[1, 2], [4, 5, 6], [8, 9, 7, 8]])
    XCTAssertEqual(anova.effectiveGroupSize, (9 - 29.0 / 9) / 2, accuracy: 1e-14)
    XCTAssertEqual(anova.groupSizes, [2, 3, 4])
  }

  func testBadInputIsNamed() {
    func assertFault(_ expected: FitFault, line: UInt = #line, _ body: () throws -> Void) {
      XCTAssertThrowsError(try body(), line: line) { XCTAssertEqual($0 as? FitFault, expected, line: line) }
    }
    let none: [[Double]] = []
    assertFault(.tooFewPoints(needed: 2, received: 0)) { _ = try OneWayAnova(groups: none) }
    assertFault(.tooFewPoints(needed: 2, received: 1)) { _ = try OneWayAnova(groups: [[1.0, 2]]) }
    assertFault(.tooFewPoints(needed: 3, received: 2)) { _ = try OneWayAnova(groups: [[1.0], [2]]) }
    assertFault(.notPositive(input: "size of group", index: 1, value: 0)) {
      _ = try OneWayAnova(groups: [[1.0, 2], [], [3]])
    }
    assertFault(.notFinite(input: "group", index: 1)) { _ = try OneWayAnova(groups: [[1.0, 2], [.nan, 3]]) }
    assertFault(.notPositive(input: "group standard deviations", index: 0, value: -1)) {
      _ = try OneWayAnova(groupMeans: [1, 2], groupStandardDeviations: [-1, 1], groupSizes: [3, 3])
    }
    assertFault(.lengthMismatch(input: "group sizes", expected: 2, received: 1)) {
      _ = try OneWayAnova(groupMeans: [1, 2], groupStandardDeviations: [1, 1], groupSizes: [3])
    }
  }

  func testNoScatterAtAllHasNoRatio() throws {
    let anova = try OneWayAnova(groups: [[2.0, 2], [2, 2]])
    XCTAssertNil(anova.fStatistic)
    XCTAssertNil(anova.rSquared)
    XCTAssertEqual(try OneWayAnova(groups: [[2.0, 2], [3, 3]]).fStatistic, .infinity)
  }
}
