import EtalonCore
import XCTest

@testable import EtalonSession

/// Bench files: who serves what, and whether that is enough for a session.
final class BenchFileTests: XCTestCase {
  private let good = """
    roles:
      ref:  {device: hart_1502a, port: /dev/pts/1, baud: 9600, certificate: certificates/ref-1502a.yaml, update_period: 5 ms}
      dut:  {device: dt100, port: /dev/pts/2, baud: 19200, parity: even, data_bits: 7, stop_bits: 2, unlock_code: S3CRET}
      bath: {device: bc200, port: /dev/pts/3, dead_man: 10 s}
      room: {device: bc200, port: /dev/pts/3}
    plant: {heat_capacity: 105 J/K, delay: 80 ms}
    """

  private func load(_ text: String) throws(FileFault) -> BenchPlan {
    try BenchFile.load(SourceFile(name: SessionFixture.board + "/bench.yaml", bytes: Array(text.utf8)))
  }

  private func fault(_ old: String, _ new: String) -> FileFault? {
    XCTAssertTrue(good.contains(old), old)
    do throws(FileFault) {
      _ = try load(good.replacingOccurrences(of: old, with: new))
      return nil
    } catch { return error }
  }

  func testBench() throws {
    let bench = try load(good)
    XCTAssertEqual(bench.instruments.count, 3, "roles with the same port share one instrument")
    XCTAssertEqual(bench.instruments[2].roles, ["bath", "room"])
    XCTAssertEqual(bench.instrument(for: "room")?.index, 2)
    XCTAssertEqual(bench.instruments.map(\.port), ["/dev/pts/1", "/dev/pts/2", "/dev/pts/3"])
    XCTAssertEqual(
      bench.instruments[1].settings, SerialSettings(baud: 19200, dataBits: 7, parity: .even, stopBits: 2))
    XCTAssertEqual(bench.instruments[1].unlockCode, "S3CRET")
    XCTAssertEqual(bench.instruments[2].settings.baud, 19200, "the data sheet's, where the file says nothing")
    XCTAssertEqual(bench.instruments[2].deadManSeconds, 10)
    XCTAssertEqual(bench.instruments[0].updatePeriodSeconds, 0.005)
    XCTAssertEqual(bench.instruments[0].certificate?.identifier, "VB-2026-0815")
    XCTAssertEqual(bench.plant, BenchPlan.Plant(heatCapacityJoulesPerKelvin: 105, delaySeconds: 0.08))
  }

  func testExampleOfTheBoard() throws {
    let bench = try BenchFile.load(path: SessionFixture.board + "/bench.example.yaml")
    let session = try SessionFile.load(path: SessionFixture.session)
    XCTAssertNoThrow(try BenchFile.check(bench, serves: session))
  }

  func testFaults() {
    let cases: [(String, String, Int32, String)] = [
      ("device: dt100", "device: dt200", 78, "did you mean 'dt100'?"),
      ("device: dt100", "device: keysight", 78, "use one of: bc200, dt100, hart_1502a"),
      ("port: /dev/pts/2, ", "", 78, "lacks the key 'port'"),
      ("baud: 9600", "baud: fast", 78, "is not an integer"),
      ("baud: 9600", "baud: 0", 78, "out of range"),
      ("parity: even", "parity: evn", 78, "did you mean 'even'?"),
      ("dead_man: 10 s", "dead_man: 10", 78, "has no unit"),
      ("dead_man", "deadman", 78, "did you mean 'dead_man'?"),
      ("ref-1502a.yaml", "other.yaml", 66, "named as certificate in"),
      ("roles:", "rolls:", 78, "did you mean 'roles'?"),
      ("unlock_code: S3CRET", "unlock_code: \"S3CRET,1\"", 78, "access code"),
    ]
    for (old, new, exit, reason) in cases {
      let found = fault(old, new)
      XCTAssertEqual(found?.exitStatus, exit, new)
      XCTAssertTrue(found?.description.contains(reason) ?? false, "\(new): \(String(describing: found))")
    }
    // A message never repeats the code.
    XCTAssertFalse(fault("unlock_code: S3CRET", "unlock_code: \"S3CRET,1\"")?.description.contains("S3CRET") ?? true)
  }

  func testABenchMustServeTheSession() throws {
    let session = try SessionFile.load(path: SessionFixture.session)
    func check(_ old: String, _ new: String) throws -> FileFault? {
      XCTAssertTrue(good.contains(old), old)
      let bench = try load(good.replacingOccurrences(of: old, with: new))
      do throws(FileFault) {
        try BenchFile.check(bench, serves: session)
        return nil
      } catch { return error }
    }
    XCTAssertNil(try check("roles", "roles"), "the unspoilt bench is the control")
    let missing = try check("\n  dut: ", "\n  dot: ")
    XCTAssertEqual(missing?.exitStatus, 78)
    XCTAssertEqual(missing?.diagnostics.first?.nearest, "dot")
    let wrong = try check("device: dt100", "device: bc200")
    XCTAssertTrue(wrong?.description.contains("can not serve 'dut'") ?? false)
    XCTAssertEqual(wrong?.diagnostics.first?.place, SourcePlace(line: 3, column: 3))
    let bare = try check(", certificate: certificates/ref-1502a.yaml", "")
    XCTAssertTrue(bare?.description.contains("needs a certificate") ?? false)
  }

  func testTheCertificateMustReachEverySetPointAndBeGoodEnough() throws {
    let bench = try load(good)
    let text = try SessionFixture.text()
    func reason(_ old: String, _ new: String) throws -> String {
      XCTAssertTrue(text.contains(old), old)
      let session = try SessionFixture.load(text.replacingOccurrences(of: old, with: new))
      do throws(FileFault) {
        try BenchFile.check(bench, serves: session)
        return ""
      } catch { return error.description }
    }
    XCTAssertEqual(try reason("U_max: 0.10 K", "U_max: 0.10 K"), "")
    XCTAssertTrue(try reason("U_max: 0.10 K", "U_max: 0.02 K").contains("allows 0.02 K"))
    let hot = text.replacingOccurrences(of: "range: [0 °C, 60 °C]", with: "range: [0 °C, 70 °C]")
      .replacingOccurrences(of: "range: [8 °C, 55 °C]", with: "range: [8 °C, 70 °C]")
      .replacingOccurrences(of: "25 °C, 50 °C]", with: "25 °C, 63 °C]")
    let session = try SessionFixture.load(hot)
    XCTAssertThrowsError(try BenchFile.check(bench, serves: session)) {
      XCTAssertTrue("\($0)".contains("the session has a set point at 63.0 °C"), "\($0)")
    }
  }
}
