import EtalonUncertainty
import XCTest

/// The local-level model on the flow of the Nile (J. Durbin and S. J. Koopman, Time Series Analysis by State Space Methods,
/// 2nd ed. 2012, chapter 2; annual volume at Aswan 1871 to 1970 in 10⁸ m³, public data).
final class LocalLevelTests: XCTestCase {
  private let nile: [Double] = [
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958,
    1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020,
    1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796,
    1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848,
    890, 744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
  ]

  /// Page 40: Q(9) = 8.84, N = 0.05, S = −0.03, K = 3.09, H(33) = 0.61; digits beyond the printed ones were recomputed
  /// independently.
  func testDiagnostics() throws {
    let model = try LocalLevelModel(observationVariance: 15099, driftVariance: 1469.1)
    let filtered = try model.filter(nile)
    XCTAssertEqual(filtered.standardisedInnovations.count, 99)
    XCTAssertEqual(filtered.logLikelihood, -632.5456251156736, accuracy: 1e-9)
    XCTAssertEqual(filtered.levels[99], 798.3702926083641, accuracy: 1e-9)
    XCTAssertEqual(filtered.variances[99], 4032.157941808477, accuracy: 1e-8)
    XCTAssertEqual(filtered.levels[1], 1140.927839934822, accuracy: 1e-9)
    let diagnostics = try InnovationDiagnostics(filtered.standardisedInnovations, lags: 9)
    XCTAssertEqual(diagnostics.ljungBox, 8.84, accuracy: 0.005)
    XCTAssertEqual(diagnostics.jarqueBera, 0.05, accuracy: 0.005)
    XCTAssertEqual(diagnostics.skewness, -0.03, accuracy: 0.005)
    XCTAssertEqual(diagnostics.kurtosis, 3.09, accuracy: 0.005)
    XCTAssertEqual(diagnostics.heteroscedasticity, 0.61, accuracy: 0.005)
  }

  /// Page 37: the maximum of the diffuse likelihood is at 15099 and 1469.1.
  func testLikelihoodEstimate() throws {
    let model = try LocalLevelModel.estimate(from: nile)
    XCTAssertEqual(model.observationVariance, 15099, accuracy: 1)
    XCTAssertEqual(model.driftVariance, 1469.1, accuracy: 0.5)
  }

  /// In a gap the level stays and its variance grows by the drift at each step (section 2.7).
  func testGap() throws {
    var series: [Double?] = nile
    for index in 20..<40 { series[index] = nil }
    let model = try LocalLevelModel(observationVariance: 15099, driftVariance: 1469.1)
    let filtered = try model.filter(series)
    XCTAssertEqual(filtered.levels[39], filtered.levels[19])
    XCTAssertEqual(filtered.variances[39], filtered.variances[19] + 20 * 1469.1, accuracy: 1e-8)
    XCTAssertLessThan(filtered.variances[40], 15099)
    XCTAssertEqual(filtered.standardisedInnovations.count, 79)
    var late: [Double?] = [nil, nil] + nile
    XCTAssertEqual(try model.filter(late).from, 2)
    XCTAssertEqual(try model.filter(late).logLikelihood, try model.filter(nile).logLikelihood)
    late[3] = .nan
    XCTAssertThrowsError(try model.filter(late)) { error in
      guard case .observation(_, index: 3)? = error as? LocalLevelModel.Fault else { return XCTFail("\(error)") }
    }
  }

  /// White noise about a constant has no drift to find.
  func testNoDrift() throws {
    let model = try LocalLevelModel.estimate(from: [1, -1, 1, -1, 1, -1, 1, -1])
    XCTAssertEqual(model.driftVariance, 0)
    XCTAssertEqual(model.steadyStateGain, 0)
  }

  func testFaults() throws {
    typealias Fault = LocalLevelModel.Fault
    XCTAssertThrowsError(try LocalLevelModel(observationVariance: 0, driftVariance: 1)) { error in
      XCTAssertEqual(error as? Fault, .variance(name: "observationVariance", value: 0))
    }
    XCTAssertThrowsError(try LocalLevelModel(observationVariance: 1, driftVariance: -1))
    let model = try LocalLevelModel(observationVariance: 1, driftVariance: 1)
    XCTAssertThrowsError(try model.filter([nil, nil])) { error in
      XCTAssertEqual(error as? Fault, .tooFew(needed: 1, received: 0))
    }
    XCTAssertThrowsError(try LocalLevelModel.estimate(from: [3, 3, 3, 3])) { error in
      XCTAssertEqual(error as? Fault, .constantSeries)
    }
    XCTAssertThrowsError(try LocalLevelModel.estimate(from: [1, 2]))
    XCTAssertThrowsError(try InnovationDiagnostics([1, 2, 3, 4], lags: 4))
    XCTAssertThrowsError(try InnovationDiagnostics([1, 1, 1, 1], lags: 1))
  }
}
