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

  /// A port by what the device is: by its USB identity or by the socket it is plugged into.
  func testPortsByIdentity() throws {
    func instrument(_ port: String) throws(FileFault) -> BenchPlan.Instrument {
      try load(good.replacingOccurrences(of: "port: /dev/pts/2", with: "port: \(port)")).instruments[1]
    }
    let path = try instrument("/dev/pts/2")
    XCTAssertEqual(path.naming, .path("/dev/pts/2"))
    XCTAssertEqual(path.reconnectSeconds, 0, "what comes back at a path may be another device")
    let serial = try instrument("{usb: {serial: A50285BI}}")
    XCTAssertEqual(
      serial.naming, .usb(vendor: nil, product: nil, serialNumber: "A50285BI", interface: nil))
    XCTAssertEqual(serial.port, "usb serial A50285BI")
    XCTAssertEqual(serial.reconnectSeconds, 10)
    let whole = try instrument("{usb: {vendor: 0403, product: 0x6011, serial: FT4, interface: 2}, reconnect: 1 min}")
    XCTAssertEqual(whole.naming, .usb(vendor: 0x0403, product: 0x6011, serialNumber: "FT4", interface: 2))
    XCTAssertEqual(whole.port, "usb 0403:6011 serial FT4 interface 2")
    XCTAssertEqual(whole.reconnectSeconds, 60)
    let socket = try instrument("{physical_path: \"pci-0000:00:14.0-usb-0:2:1.0\", reconnect: 0 s}")
    XCTAssertEqual(socket.naming, .physicalPath("pci-0000:00:14.0-usb-0:2:1.0"))
    XCTAssertEqual(socket.reconnectSeconds, 0)
    let waiting = try instrument("{path: /dev/ttyUSB3, reconnect: 5 s}")
    XCTAssertEqual(waiting.naming, .path("/dev/ttyUSB3"))
    XCTAssertEqual(waiting.reconnectSeconds, 5)
    // Roles on the same device share it, however it is named.
    let shared = try load(
      good.replacingOccurrences(of: "port: /dev/pts/3", with: "port: {usb: {serial: BATH-7}}"))
    XCTAssertEqual(shared.instruments.count, 3)
  }

  func testPortsThatNameNoDevice() {
    let cases = [
      ("{usb: {vendor: 0403}}", "does not say which device"), ("{usb: {vendor: 04031, serial: A}}", "no USB number"),
      ("{usb: {vendor: usb, product: 1}}", "no USB number"), ("{usb: {serail: A}}", "did you mean 'serial'?"),
      ("{reconnect: 5 s}", "usb"), ("{path: /dev/ttyUSB0, usb: {serial: A}}", "named in 2 ways"),
      ("{usb: {serial: A}, reconnect: 5}", "has no unit"), ("{usb: {serial: A}, reconnect: 2 h}", "at most an hour"),
      ("[/dev/ttyUSB0]", "mapping"),
    ]
    for (port, reason) in cases {
      let found = fault("port: /dev/pts/2", "port: \(port)")
      XCTAssertEqual(found?.exitStatus, 78, port)
      XCTAssertTrue(found?.description.contains(reason) ?? false, "\(port): \(String(describing: found))")
    }
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
