import EtalonCore
import EtalonMetrology
import Foundation
import XCTest

@testable import EtalonSim

/// The example table of `etalon estimate` comes out of the simulated bath, byte for byte.
final class EstimateExampleTests: XCTestCase {
  static let seed: UInt64 = 7

  /// `boards/virtual-bench/estimate/bath.csv`: seed 7, truth from the priors of `bath.yaml` beside it.
  static func table() -> String {
    var parameters = StirredBath.Parameters()
    // Both probes follow the liquid alike: the table is about calibration, not about lags.
    parameters.deviceLagSeconds = parameters.referenceLagSeconds
    var bath = StirredBath(parameters, seed: seed)
    var random = RandomStream(seed: seed, stream: 41)
    let theta = Coefficients(
      30 + 0.12 * random.normal(), 25 + 0.10 * random.normal(), 0.02 * random.normal(), 0)
    let first = random.normal()
    let second = -0.5 * first + (1 - 0.25).squareRoot() * random.normal()
    let beta = (0.012 + 0.006 * first, -0.008 + 0.004 * second)
    let drift = 0.005 * random.normal()
    var text = "# Simulated: stirred bath, seed \(seed); truth from the priors of bath.yaml.\nt [s],ref [°C],dut [°C]\n"
    for row in 0..<750 {
      let seconds = 600 + 5 * row
      let nanoseconds = Int64(seconds) * 1_000_000_000
      let target = row < 200 ? 20.0 : row < 450 ? 33 : 28
      bath.advance(toNanoseconds: nanoseconds)
      let hold = parameters.holdingWatts(celsius: target)
      let watts = max(0, min(1500, hold + 1500 * (target - bath.bathCelsius)))
      bath.setHeater(watts: watts, atNanoseconds: nanoseconds)
      let x = bath.referenceCelsius(atNanoseconds: nanoseconds)
      // x = y + β₀ + β₁ (y − 30)/30 + drift, solved for y; readings with three decimals.
      let y = 30 + (x - 30 - beta.0 - drift) / (1 + beta.1 / 30) + 0.002 * random.normal()
      let s = (bath.deviceCelsius(atNanoseconds: nanoseconds) - 30) / 25
      let z = theta.value(at: s) + 0.005 * random.normal()
      let reference = row < 600 ? String(format: "%.4f", y) : ""
      text += "\(seconds - 600),\(reference),\(String(format: "%.2f", z))\n"
    }
    return text
  }

  func testTheTableIsTheSimulatorsOwn() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appendingPathComponent("boards/virtual-bench/estimate/bath.csv")
    if ProcessInfo.processInfo.environment["ETALON_WRITE_EXAMPLE"] == "1" {
      try Self.table().write(to: file, atomically: true, encoding: .utf8)
    }
    XCTAssertEqual(try String(contentsOf: file, encoding: .utf8), Self.table(), "seed \(Self.seed)")
  }
}
